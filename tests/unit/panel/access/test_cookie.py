"""Cookies: what is set, and what is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous.encoding import base64_decode
from starlette.requests import Request
from starlette.responses import Response

from gateway.panel.access.cookie import SESSION, VISITOR, Cookie, Cookies

COOKIES = Cookies(b"s" * 32)


def request(header: bytes = b"", *, scheme: str = "http") -> Request:
    headers = [(b"host", b"192.168.50.1"), (b"cookie", header)]
    return Request({"type": "http", "scheme": scheme, "method": "GET", "path": "/", "query_string": b"", "headers": headers})


def written(cookie: Cookie, *, scheme: str = "http") -> str:
    response = Response()
    COOKIES.write(request(scheme=scheme), response, cookie)
    return response.headers["set-cookie"]


def sent_back(cookie: Cookie, *, scheme: str = "http") -> bytes:
    return written(cookie, scheme=scheme).partition(";")[0].encode()


@pytest.mark.parametrize(
    ("scheme", "start", "is_secure"), [("http", "netcurtain-session=", False), ("https", "__Host-netcurtain-session=", True)]
)
def test_a_cookie_is_for_this_box_only(scheme: str, start: str, is_secure: bool) -> None:
    header = written(Cookie(name=SESSION, value="token", max_age_s=60), scheme=scheme)
    parts = {part.strip().lower() for part in header.split(";")}
    assert header.startswith(start)
    assert {"httponly", "samesite=strict", "path=/", "max-age=60"} <= parts
    assert ("secure" in parts) is is_secure
    assert not any(part.startswith("domain") for part in parts)
    assert (
        COOKIES.read(request(sent_back(Cookie(name=SESSION, value="token"), scheme=scheme), scheme=scheme), SESSION) == "token"
    )


def test_a_cookie_that_is_taken_back_is_empty_and_over() -> None:
    header = written(Cookie(name=SESSION, value=""))
    assert header.startswith('netcurtain-session=""')
    assert "Max-Age=0" in header


def test_what_came_over_plain_http_does_not_count_over_https() -> None:
    plain = sent_back(Cookie(name=SESSION, value="token"))
    assert COOKIES.read(request(plain, scheme="https"), SESSION) == ""


def test_one_cookie_does_not_pass_for_another() -> None:
    visitor = sent_back(Cookie(name=VISITOR, value="token")).replace(VISITOR.encode(), SESSION.encode())
    assert COOKIES.read(request(visitor), SESSION) == ""


def test_another_boxs_cookie_is_none() -> None:
    assert Cookies(b"t" * 32).read(request(sent_back(Cookie(name=SESSION, value="token"))), SESSION) == ""


@given(st.binary(max_size=700))
def test_arbitrary_bytes_are_nobodys_cookie(raw: bytes) -> None:
    assert COOKIES.read(request(b"netcurtain-session=" + raw), SESSION) == ""
    assert COOKIES.read(request(raw), SESSION) == ""


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_cookie_with_one_byte_changed_is_none(place: int, change: int) -> None:
    good = sent_back(Cookie(name=SESSION, value="token"))
    start = good.index(b"=") + 1
    at = start + place % (len(good) - start)
    bad = good[:at] + bytes([good[at] ^ change]) + good[at + 1 :]
    found = COOKIES.read(request(bad), SESSION)
    assert found == "" or (found == "token" and signature(bad) == signature(good)), "one may be spelled in other letters"


def signature(cookie: bytes) -> bytes:
    return base64_decode(cookie.rpartition(b".")[2])
