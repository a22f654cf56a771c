"""The panel's tests know what the usual policy files mean, and make languages and templates once."""

from collections.abc import Iterator
from functools import cache

import pytest

from gateway.panel.language import Languages
from gateway.panel.render import Renderer
from tests.support.loading import load_known


@pytest.fixture(autouse=True, scope="module")
def made_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in ("gateway.panel.house", "gateway.household"):
            patch.setattr(f"{module}.load", load_known)
        patch.setattr("gateway.panel.panel.Languages", languages)
        patch.setattr("gateway.panel.panel.Renderer", renderer)
        yield


@cache
def languages() -> Languages:
    return Languages()


@cache
def renderer(languages: Languages) -> Renderer:
    return Renderer(languages)
