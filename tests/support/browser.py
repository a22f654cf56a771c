"""A browser without JavaScript, for the panel's tests: keeps cookies, reads forms, presses buttons, counts what that costs."""

import asyncio
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from httpx import ASGITransport, AsyncClient, Response

TYPED = ("text", "password", "")


@dataclass(slots=True)
class FormSeen:
    """One form of a page: what it would send, and with which buttons."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    """Fields that somebody fills in or chooses from."""
    boxes: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def has(self, button: str | None) -> bool:
        """One of its buttons has this value; None: whichever."""
        return button is None or button in [value for _, value in self.buttons]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FormSeen] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        form = self.forms[-1] if self.forms else None
        if tag == "form":
            self.forms.append(FormSeen(action=given.get("action", ""), method=given.get("method", "get")))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif form and tag == "input":
            self._input(form, given)
        elif form and tag == "select":
            self._select = given.get("name", "")
            form.typed.append(self._select)
        elif form and tag == "option" and self._select not in form.values:
            form.values[self._select] = given.get("value", "")
        elif form and tag == "button":
            form.buttons.append((given.get("name", ""), given.get("value", "")))

    def _input(self, form: FormSeen, given: dict[str, str]) -> None:
        kind, name = given.get("type", ""), given.get("name", "")
        if kind == "checkbox":
            form.boxes[name] = given.get("value", "on")
            return
        form.values[name] = given.get("value", "")
        if kind in TYPED:
            form.typed.append(name)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append(" ".join(data.split()))


class Browser:
    """Somebody who looks at the panel."""

    def __init__(self, app: Any, *, url: str = "http://127.0.0.1", address: str = "127.0.0.1", language: str = "en") -> None:
        transport = ASGITransport(app=app, client=(address, 50_000), raise_app_exceptions=False)
        said = {"accept-language": language, "user-agent": "Test/1.0"}
        self.client = AsyncClient(transport=transport, base_url=url, headers=said, follow_redirects=True)
        self.clicks = 0
        self.fields = 0
        self.response: Response = Response(0)

    def open(self, path: str, **headers: str) -> Response:
        """Go to an address, and wherever it leads."""
        return self.send("GET", path, headers=headers)

    def send(self, method: str, path: str, **more: Any) -> Response:
        """Any request, by hand."""
        self.response = asyncio.run(self.client.request(method, path, **more))
        return self.response

    def press(self, action: str, button: str | None = None, *, tick: tuple[str, ...] = (), **typed: str) -> Response:
        """Fill in the form that goes to ``action`` and press a button by its value; AssertionError where there is none."""
        form = next((one for one in self.forms if one.action == action and one.has(button)), None)
        assert form is not None, f"no form to {action} with {button!r}: {[(one.action, one.buttons) for one in self.forms]}"
        assert set(typed) <= {*form.typed}, f"{set(typed) - set(form.typed)} cannot be typed"
        sent = form.values | typed | {name: form.boxes[name] for name in tick}
        if button is not None:
            name = next(name for name, value in form.buttons if value == button)
            sent[name] = button
        self.clicks += 1 + len(tick)
        self.fields += len(typed)
        return self.send("POST", action, data=sent)

    def follow(self, href: str) -> Response:
        """Click a link that is there."""
        assert href in self.links, f"no link to {href}: {self.links}"
        self.clicks += 1
        return self.open(href)

    @property
    def path(self) -> str:
        """Where it is."""
        return self.response.url.path

    @property
    def status(self) -> int:
        """Of the last answer."""
        return self.response.status_code

    @property
    def forms(self) -> list[FormSeen]:
        """Of the page."""
        return self._read().forms

    @property
    def links(self) -> list[str]:
        """Of the page."""
        return self._read().links

    @property
    def text(self) -> str:
        """What the page says."""
        return " ".join(self._read().text)

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.response.text)
        return reader
