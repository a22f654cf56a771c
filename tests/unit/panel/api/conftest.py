"""One panel for those who only look, one of its own for each who changes something."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api import ServedApi, serving_api


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    with serving_api(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ServedApi]:
    with serving_api(tmp_path) as served:
        yield served
