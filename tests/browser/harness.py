"""People with browsers, and the other end of the virtual home's process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

TOP = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
PASSWORD = "wool anchor drizzle"
FIRST_PORT = 8500
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}


class HomeError(RuntimeError):
    """The home could not do what it was told."""


class HomeProcess:
    """The virtual home; ``home.sent(name="…")`` tells it to do something (``tests.browser.home``)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.home", str(FIRST_PORT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TOP,
        )  # fmt: skip
        self._read()
        self.url: str = self.do("url")

    def do(self, command: str, /, **args: Any) -> Any:
        """One command and its value."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **args}) + "\n")
        self._process.stdin.flush()
        return self._read()

    @property
    def is_claimed(self) -> bool:
        """Somebody owns the box."""
        return bool(self.do("claimed"))

    def sends(self, gadget: str, what: Any, name: str, *, wanted: Callable[[int], bool], timeout_s: float = 12.0) -> int:
        """Let a gadget do something again and again, until as many bytes leave for a name as wanted; how many left at last."""
        end = time.monotonic() + timeout_s
        while True:
            began = time.time()
            self.do("run", gadget=gadget, what=what)
            sent = int(self.do("sent", name=name, since=began))
            if wanted(sent) or time.monotonic() > end:
                return sent

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise HomeError(f"the home ended with {self._process.wait()}")
        answer = json.loads(line)
        if not answer["ok"]:
            raise HomeError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser that Debian ships."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody with a browser of their own; everything that went wrong in it is remembered in ``complaints``."""

    def __init__(self, browser: Browser, home: HomeProcess, **options: Any) -> None:
        options.setdefault("viewport", DESKTOP)
        options.setdefault("locale", "en-GB")
        self.context: BrowserContext = browser.new_context(base_url=home.url, **options)
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.home = home
        self.clicks = 0
        self.fields = 0
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def go(self, path: str) -> int:
        """Open a page of the panel; its status."""
        response = self.page.goto(path)
        return response.status if response else 0

    def press(self, what: Locator) -> None:
        """Press it, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            what.click()

    def click(self, name: str, *, role: Any = "button", exact: bool = False) -> None:
        """Press what bears this name; counted."""
        self.clicks += 1
        self.press(self.page.get_by_role(role, name=name, exact=exact).first)

    def throw(self, mac: str, purpose: str, action: str) -> None:
        """Open a switch of a device and choose; two clicks."""
        switch = self.page.locator(f"#switch-{mac.replace(':', '')}-{purpose}")
        switch.locator("summary").click()
        self.press(switch.locator(f"button[name=action][value={action}]"))
        self.clicks += 2

    def fill(self, label: str, text: str) -> None:
        """Write into the field of this label; counted."""
        self.fields += 1
        self.page.get_by_label(label).first.fill(text)

    def enter(self) -> None:
        """In by a login link; on a new box that claims it."""
        self.go(self.home.do("link"))
        self.press(self.page.locator("form[action^='/enter/'] button").first)
        if self.page.url.endswith("/welcome"):
            self.page.locator("input[name=password]").fill(PASSWORD)
            self.press(self.page.locator("form[action='/welcome'] button.main"))
        self.go("/")

    def changes(self) -> str:
        """What can be undone, in words."""
        return self.page.locator("#changes").inner_text()

    def focused(self) -> str:
        """Where the keyboard's focus leads or stands: a link's target, a button's value, or the id of what it is in."""
        return str(
            self.page.evaluate(
                "(one => one.getAttribute('href') || one.value || one.closest('[id]')?.id || '')(document.activeElement)"
            )
        )

    def tab_to(self, wanted: str, *, tag: str, within: str = "body", presses: int = 200) -> None:
        """Press Tab until the focus is on such a thing. HomeError where it never is."""
        script = "([tag, within]) => document.activeElement.tagName === tag && !!document.activeElement.closest(within)"
        for _ in range(presses):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(script, [tag, within]) and wanted in self.focused():
                return
        raise HomeError(f"{presses} presses of Tab lead to no {tag} {wanted!r}")

    def has_visible_focus(self) -> bool:
        """What has the focus shows it."""
        script = "(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)"
        return bool(self.page.evaluate(f"{script}(getComputedStyle(document.activeElement))"))

    def open_all(self) -> None:
        """Unfold every part of the page."""
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")

    def violations(self) -> list[str]:
        """What axe-core finds on the page as it stands, unfolded; the browser has to ``bypass_csp`` for it."""
        self.open_all()
        self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate("rules => axe.run({runOnly: rules})", RULES)
        return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]

    def is_sideways(self) -> bool:
        """The page, unfolded, is wider than its window."""
        self.open_all()
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def close(self) -> None:
        """Shut the browser."""
        self.context.close()
