"""The panel's tests know what the usual policy files mean, and make languages and templates once."""

import pickle
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from gateway.panel.language import Languages
from gateway.panel.render import Renderer
from tests.support.loading import load_known


@pytest.fixture(autouse=True, scope="module")
def made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("gateway.panel.files", "gateway.household"):
            patch.setattr(f"{module}.load", load_known)
        for module in ("gateway.panel.files", "gateway.panel.authority"):
            patch.setattr(f"{module}.apart", beside)
        patch.setattr("gateway.panel.panel.Languages", languages)
        patch.setattr("gateway.panel.panel.Renderer", renderer)
        yield


def beside(function: Callable[..., Any], *given: Any) -> Any:
    """``apart`` without a process of its own: what cannot be copied fails here too."""
    work, told = pickle.loads(pickle.dumps((function, given)))
    return work(*told)


@cache
def languages() -> Languages:
    return Languages()


@cache
def renderer(languages: Languages) -> Renderer:
    return Renderer(languages)
