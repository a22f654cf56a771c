"""Forms: what strangers may send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.form import MAX_BODY_BYTES, MAX_FIELDS, MAX_VALUE_CHARS, Form, is_form, parse_form

READ = [
    pytest.param(b"", {}, id="nothing"),
    pytest.param(b"a=1&b=2", {"a": "1", "b": "2"}, id="two fields"),
    pytest.param(b"a=1&a=2", {"a": "2"}, id="the last one counts"),
    pytest.param(b"a=&b", {"a": "", "b": ""}, id="empty values stay"),
    pytest.param(b"a=gr%C3%BCn+und+blau", {"a": "grün und blau"}, id="letters of any kind"),
    pytest.param(b"a=%D8%A8%D9%8A%D8%AA", {"a": "بيت"}, id="Arabic letters"),
    pytest.param(b"a=%26%3D%2B", {"a": "&=+"}, id="signs of the encoding itself"),
    pytest.param(b"a;b=1", {"a;b": "1"}, id="a semicolon separates nothing"),
]
REFUSED = [
    pytest.param(b"a=" + b"x" * MAX_BODY_BYTES, id="too large"),
    pytest.param(b"&".join(b"a%d=1" % number for number in range(MAX_FIELDS + 1)), id="too many fields"),
    pytest.param(b"a=" + b"x" * MAX_VALUE_CHARS, id="a field too long"),
    pytest.param(b"a=%FF", id="no UTF-8"),
    pytest.param("a=ü".encode(), id="bytes that no browser sends unencoded"),
    pytest.param(b"a=%00", id="a NUL"),
]


@pytest.mark.parametrize(("raw", "expected"), READ)
def test_what_a_browser_sends_is_read(raw: bytes, expected: dict[str, str]) -> None:
    assert dict(parse_form(raw)) == expected


@pytest.mark.parametrize("raw", REFUSED)
def test_what_no_form_of_ours_holds_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        parse_form(raw)


def test_boxes_that_share_a_name_are_all_told() -> None:
    form = parse_form(b"phone=a&phone=b&name=+Anna+")
    assert form.all("phone") == ("a", "b")
    assert form.line("name") == "Anna"
    assert form.line("nothing") == ""
    assert len(form) == 2


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_form_or_refused(raw: bytes) -> None:
    try:
        form = parse_form(raw)
    except ValueError:
        return
    assert isinstance(form, Form)
    assert all("\0" not in name + value for name, value in form.pairs)
    assert set(form) == {name for name, _ in form.pairs}


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=60)), max_size=20))
def test_what_is_encoded_comes_back(pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    clean = [(name.replace("\0", ""), value.replace("\0", "")) for name, value in pairs]
    assert parse_form(urlencode(clean).encode()).pairs == tuple(clean)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", True),
        ("multipart/form-data; boundary=x", False),
        ("text/plain", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_a_form_says_that_it_is_one(said: str, expected: bool) -> None:
    assert is_form(said) is expected
