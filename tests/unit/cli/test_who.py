"""A device is found by whatever people call it, and nobody is taken for somebody else."""

from typing import Any

import pytest

from gateway.cli.who import NotSo, find
from gateway.model.device import Mac
from tests.support.home import policy
from tests.support.packets import BELL

NEW, TWIN = Mac("02:00:5e:10:00:51"), Mac("02:00:5e:10:00:52")
NAMED = policy().devices[BELL].device.id


def _row(mac: str, hostname: str, name: str = "") -> dict[str, Any]:
    return {"mac": mac, "id": name or mac, "hostname": hostname}


SEEN = [_row(BELL, "Ring-abc", NAMED), _row(NEW, "Plug"), _row(TWIN, "Camera"), _row("02:00:5e:10:00:53", "Camera")]
FOUND = [
    pytest.param(NAMED, SEEN, BELL, True, True, id="name in a file"),
    pytest.param(BELL.upper(), SEEN, BELL, True, True, id="address in a file"),
    pytest.param("Ring-abc", SEEN, BELL, True, True, id="calls itself so, and stands in a file"),
    pytest.param(NAMED, [], BELL, True, False, id="in a file, and never seen"),
    pytest.param(NEW, SEEN, NEW, False, True, id="address that was seen"),
    pytest.param("Plug", SEEN, NEW, False, True, id="calls itself so"),
    pytest.param("02:00:5E:10:00:99", SEEN, "02:00:5e:10:00:99", False, False, id="address that nobody has seen"),
]


@pytest.mark.parametrize(("named", "seen", "mac", "in_a_file", "was_seen"), FOUND)
def test_found(named: str, seen: list[dict[str, Any]], mac: str, in_a_file: bool, was_seen: bool) -> None:
    found = find(policy(), named, seen)
    assert (found.mac, found.entry is not None, bool(found.row)) == (mac, in_a_file, was_seen)


def test_a_name_in_a_file_is_nobody_elses() -> None:
    """A device may call itself what it likes."""
    assert find(policy(), NAMED, [_row(NEW, NAMED)]).mac == BELL


@pytest.mark.parametrize(
    ("named", "says"),
    [
        pytest.param("Camera", f"2 devices call themselves 'Camera': {TWIN}, 02:00:5e:10:00:53; take an address", id="two"),
        pytest.param("plug", "no device is called 'plug'; there are: ", id="nobody"),
    ],
)
def test_not_found(named: str, says: str) -> None:
    with pytest.raises(NotSo) as error:
        find(policy(), named, SEEN)
    assert says in str(error.value)
