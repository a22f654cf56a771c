"""What the tests of several commands share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_gateway import running


@pytest.fixture(scope="module")
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The control socket of a gateway that answers every verb."""
    path = tmp_path_factory.mktemp("run") / "control.sock"
    with running(path):
        yield path
