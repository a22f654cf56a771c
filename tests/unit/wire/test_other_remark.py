import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.other_remark import MAX_REMARK, remark, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [(b"bell", "bell"), ("bell", "bell"), (7, "7"), (b"\xff\x00\n", "�.."), (b" bell ", "bell"), ("für", "für")],
    ids=["bytes", "text", "number", "not printable", "blanks", "letters beyond ASCII"],
)
def test_text(value, text):
    assert text_of(value) == text


def test_empty_values_are_left_out():
    assert remark("offer", hostname=None, vendor=b"", parameters="1,3") == "offer, parameters 1,3"


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)), st.one_of(st.none(), st.binary(max_size=400)))
def test_any_values(head, value):
    line = remark(head, value=value)
    assert len(line) <= MAX_REMARK and (not line or line.isprintable())
