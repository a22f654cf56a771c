"""Names leave sentences, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.mention import INSTEAD, without


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        pytest.param(("door",), "door opened it", f"{INSTEAD} opened it", id="a name"),
        pytest.param(("door",), "front-door, doorbell and door_2", "front-door, doorbell and door_2", id="part of another"),
        pytest.param(("door", "door-2"), "door-2 and door", f"{INSTEAD} and {INSTEAD}", id="the longer one first"),
        pytest.param(("02:00:5e:10:00:01",), "(02:00:5e:10:00:01)", f"({INSTEAD})", id="an address"),
        pytest.param(("a.b",), "axb a.b", f"axb {INSTEAD}", id="as it is written"),
        pytest.param((), "door", "door", id="nobody"),
        pytest.param(("",), "door", "door", id="no name"),
    ],
)
def test_mentions(names: tuple[str, ...], text: str, expected: str) -> None:
    assert without(names)(text) == expected


@given(st.text(), st.lists(st.text()))
def test_any_text_whatever(text: str, names: list[str]) -> None:
    assert isinstance(without(names)(text), str)
