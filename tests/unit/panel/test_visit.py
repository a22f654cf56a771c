"""Who is let through, and where the others are sent."""

from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse, Response

from gateway.panel.form import Form
from gateway.panel.visit import Visit, form, local_path, owner, reader
from tests.support.browser import Browser
from tests.support.panel import serving

GOOD = "seven green kettles"
router = APIRouter()


@router.get("/try/read")
@router.get("/api/try/read")
def read(visit: Annotated[Visit, Depends(reader)]) -> Response:
    return PlainTextResponse(visit._("Log in"))


@router.get("/try/own")
@router.get("/api/try/own")
def own(visit: Annotated[Visit, Depends(owner)]) -> Response:
    return PlainTextResponse("yours")


@router.post("/try/throw")
def throw(visit: Annotated[Visit, Depends(owner)], filled: Annotated[Form, Depends(form)]) -> Response:
    return PlainTextResponse(f"thrown {filled.line('what')}")


@pytest.fixture
def browser(tmp_path: Path):  # type: ignore[no-untyped-def]
    with serving(tmp_path) as served:
        served.app.include_router(router)
        served.panel.access.accounts.add("household", "owner", GOOD)
        served.panel.access.add_reader("bea", "eleven odd umbrellas")
        yield Browser(served.app)


def log_in(browser: Browser, name: str = "household", password: str = GOOD) -> None:
    browser.open("/login")
    browser.press("/login", password=password, name=name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"), ("/devices/x?day=1", "/devices/x?day=1"), ("", "/"), ("//evil.example.net", "/"),
        ("/\\evil.example.net", "/"),
        ("http://evil.example.net/", "/"), ("javascript:alert(1)", "/"), ("/a\nb", "/"), ("/a\tb", "/"), ("/ü", "/"),
        ("relative", "/"),
        ("/" + "x" * 600, "/"), ("/%0d%0aset-cookie:x", "/%0d%0aset-cookie:x"),
    ],
)  # fmt: skip
def test_only_paths_of_the_panel_are_gone_to(path: str, expected: str) -> None:
    assert local_path(path) == expected


@given(st.text(max_size=60))
def test_no_text_leads_elsewhere(text: str) -> None:
    found = local_path(text)
    assert found.startswith("/") and not found.startswith(("//", "/\\"))
    assert local_path("/" + text).startswith("/") and not local_path("/" + text).startswith("//")


def test_a_stranger_is_sent_to_the_login_and_back(browser: Browser) -> None:
    browser.open("/try/read?day=2")
    assert (browser.status, browser.path) == (200, "/login")
    browser.press("/login", password=GOOD)
    assert str(browser.response.url).endswith("/try/read?day=2")
    assert browser.response.text == "Log in"


@pytest.mark.parametrize(("name", "password", "status"), [("household", GOOD, 200), ("bea", "eleven odd umbrellas", 403)])
def test_who_may_only_look_changes_nothing(browser: Browser, name: str, password: str, status: int) -> None:
    log_in(browser, name, password)
    assert browser.open("/try/read").status_code == 200
    assert browser.open("/try/own").status_code == status
    assert (browser.response.text == "yours") is (status == 200)
    browser.open("/settings")
    token = browser.forms[0].values["csrf"]
    assert browser.send("POST", "/try/throw", data={"csrf": token, "what": "it"}).status_code == status


def test_programs_are_told_by_numbers(browser: Browser) -> None:
    assert browser.open("/api/try/read").status_code == 401
    assert browser.path == "/api/try/read"
    log_in(browser, "bea", "eleven odd umbrellas")
    assert browser.open("/api/try/read").status_code == 200
    assert browser.open("/api/try/own").status_code == 403


def test_a_form_needs_its_token(browser: Browser) -> None:
    log_in(browser)
    browser.open("/settings")
    token = browser.forms[0].values["csrf"]
    assert browser.send("POST", "/try/throw", data={"csrf": token, "what": " it "}).text == "thrown it"
    for wrong in ({"what": "it"}, {"csrf": ""}, {"csrf": token[:-1] + "x"}, {"csrf": "é"}):
        assert browser.send("POST", "/try/throw", data=wrong).status_code == 403
        assert "too old" in browser.text


def test_a_token_of_another_browser_is_none(browser: Browser) -> None:
    other = Browser(browser.client._transport.app)  # type: ignore[attr-defined]
    other.open("/login")
    token = other.forms[0].values["csrf"]
    browser.open("/login")
    assert browser.send("POST", "/login", data={"csrf": token, "password": GOOD}).status_code == 403
    assert browser.open("/try/read").url.path == "/login"


def test_logging_in_makes_older_forms_void(browser: Browser) -> None:
    browser.open("/login")
    before = browser.forms[0].values["csrf"]
    log_in(browser)
    assert browser.send("POST", "/try/throw", data={"csrf": before}).status_code == 403


def test_a_page_that_was_opened_from_elsewhere_may_be_sent(browser: Browser) -> None:
    """A link from elsewhere brings no strict cookie along, so the page is a stranger's; what it sends has the session."""
    log_in(browser)
    session = {cookie.name: cookie.value for cookie in browser.client.cookies.jar}
    browser.client.cookies.clear()
    browser.open("/login")
    browser.client.cookies.update(session)
    browser.press("/login", password=GOOD)
    assert browser.status == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"a=%FF", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 100), 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * 70_000, 413),
    ],
)
def test_what_is_no_form_is_told_so(browser: Browser, content_type: str, body: bytes, status: int) -> None:
    log_in(browser)
    assert browser.send("POST", "/try/throw", content=body, headers={"content-type": content_type}).status_code == status


def test_an_unclaimed_box_leads_to_its_first_run(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        browser = Browser(served.app)
        for path in ("/", "/settings", "/login"):
            assert browser.open(path).url.path == "/welcome"
