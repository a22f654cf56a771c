"""The stream's door, and undoing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.action import Action
from gateway.model.purpose import Purpose
from gateway.panel.live import Live
from tests.support.browser import Browser
from tests.support.lived import lived, logged_in
from tests.support.panel import DOOR, Served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with lived(tmp_path) as served:
        yield served


@pytest.mark.parametrize("name", ["household", "bea"])
def test_whoever_is_in_is_told_what_happens(served: Served, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = logged_in(served, name)
    monkeypatch.setattr("gateway.panel.live.GATHER_S", 0.0)
    stream = Live._stream

    async def first_piece(self: Live, place: int):  # type: ignore[no-untyped-def]
        async for piece in stream(self, place):
            yield piece
            self.close()

    monkeypatch.setattr(Live, "_stream", first_piece)
    answer = browser.open("/live")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("retry: ")


def test_a_stranger_is_told_nothing(served: Served) -> None:
    browser = Browser(served.app)
    browser.open("/live")
    assert browser.path == "/login"


@pytest.fixture
def browser(served: Served) -> Browser:
    served.panel.changes.set_rule(DOOR, Purpose.UPDATE, Action.BLOCK)
    browser = logged_in(served)
    browser.open("/week")
    return browser


def test_what_was_done_is_undone_from_any_page(served: Served, browser: Browser) -> None:
    browser.press("/undo")
    assert (browser.status, browser.path) == (200, "/week")
    assert served.panel.changes.recent() == ()


def test_the_same_once_more_is_too_late(browser: Browser) -> None:
    form = next(form for form in browser.forms if form.action == "/undo")
    for status in (200, 409):
        browser.send("POST", "/undo", data=form.values)
        assert browser.status == status
    assert "too late" in browser.text and "/week" in browser.links


@pytest.mark.parametrize("code", ["en", "de", "ar"])
def test_a_file_that_is_another_by_now_is_left(served: Served, browser: Browser, code: str) -> None:
    served.household.write_text(served.household.read_text() + "# by hand\n")
    form = next(form for form in browser.forms if form.action == "/undo")
    page = browser.send("POST", "/undo", data=form.values, headers={"accept-language": code})
    assert page.status_code == 409 and "household.yaml was changed meanwhile" in page.text
    assert served.household.read_text().endswith("# by hand\n")


def test_who_only_looks_undoes_nothing(served: Served, browser: Browser) -> None:
    token = next(form for form in browser.forms if form.action == "/undo").values["token"]
    bea = logged_in(served, "bea")
    bea.open("/week")
    assert "/undo" not in [form.action for form in bea.forms]
    bea.send("POST", "/undo", data={**bea.forms[0].values, "token": token})
    assert bea.status == 403 and len(served.panel.changes.recent()) == 1


def test_a_form_without_its_token_changes_nothing(served: Served, browser: Browser) -> None:
    form = next(form for form in browser.forms if form.action == "/undo")
    browser.send("POST", "/undo", data={"token": form.values["token"]})
    assert browser.status == 403 and len(served.panel.changes.recent()) == 1


@pytest.mark.parametrize("where", ["//evil.example.net", "https://evil.example.net/", "", "/\\evil.example.net"])
def test_nobody_is_sent_elsewhere(browser: Browser, where: str) -> None:
    form = next(form for form in browser.forms if form.action == "/undo")
    browser.send("POST", "/undo", data=form.values | {"next": where})
    assert (browser.status, browser.path) == (200, "/")
