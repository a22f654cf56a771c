"""The panel's pictures for README.md, from the virtual home: phone and desktop, light and dark; and every page, to look at.

    .venv/bin/python deploy/screenshots.py                       # deploy/panel-*.png
    .venv/bin/python deploy/screenshots.py --sheet DIR           # DIR/*.png: every page in every guise; DIR/sheet-*.png: all

Needs what `tests/run browser` needs.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))
from tests.browser.harness import DESKTOP, PHONE, HomeProcess, Person, chromium  # noqa: E402

LIVE_S = 45.0
"""So long everybody lives before the pictures are taken."""
SCHEMES = ("light", "dark")
SIZES = {"phone": PHONE, "desktop": DESKTOP}
LANGUAGES = {"en": "en-GB", "de": "de-DE", "ar": "ar-EG"}
CAMERA, SPEAKER = "02:00:5e:10:00:01", "02:00:5e:10:00:03"
PAGES = {
    "home": "/", "device": f"/devices/{SPEAKER}", "camera": f"/devices/{CAMERA}", "activity": "/activity", "week": "/week",
    "settings": "/settings", "password": "/settings/password", "missing": "/nothing",
}  # fmt: skip
STRANGERS = {"login": "/login", "late": "/enter/nothing", "certificate": "/certificate"}
FIRST_RUN = ("link", "welcome", "phone", "camera", "done")
SHOWN = {"phone": {"home": "/", "device": f"/devices/{SPEAKER}"}, "desktop": {"home": "/"}}


def main() -> int:
    """Take them."""
    wanted = argparse.ArgumentParser(description="Pictures of the panel in the virtual home.")
    wanted.add_argument("--sheet", type=Path, help="a folder for every page in every guise, and one picture of them all")
    sheet: Path | None = wanted.parse_args().sheet
    home = HomeProcess()
    try:
        with chromium() as browser:
            if sheet:
                sheet.mkdir(parents=True, exist_ok=True)
                walk = Person(browser, home, viewport=PHONE)
                first_run(walk, sheet)
                walk.close()
            home.do("live")
            time.sleep(LIVE_S)
            for size, scheme in itertools.product(SIZES, SCHEMES):
                person = Person(
                    browser, home, viewport=SIZES[size], color_scheme=scheme, device_scale_factor=1.5 if size == "phone" else 1
                )
                person.enter()
                for name, path in SHOWN[size].items() if not sheet else ():
                    person.go(path)
                    person.page.screenshot(path=str(TOP / f"deploy/panel-{name}-{size}-{scheme}.png"))
                person.close()
            if sheet:
                everything(browser, home, sheet)
    finally:
        home.close()
    return 0


def first_run(person: Person, folder: Path) -> None:
    """The pages that are seen once."""
    person.go(person.home.do("link"))
    for name in FIRST_RUN:
        person.page.screenshot(path=str(folder / f"first-run-{name}.png"), full_page=True)
        if name == "welcome":
            person.page.locator("input[name=password]").fill("wool anchor drizzle")
        if name == "done":
            return
        main = person.page.locator("main form:not([action='/language']) button").first
        person.press(main if name != "camera" else person.page.locator("button[name=viewing][value='']"))
        if name == "camera" and "/camera/" in person.page.url:
            person.press(person.page.locator("button[name=viewing][value='']"))


def everything(browser: object, home: HomeProcess, folder: Path) -> None:
    """Every page in every guise, and one picture of them all."""
    for language, size, scheme in itertools.product(LANGUAGES, SIZES, SCHEMES):
        person = Person(browser, home, locale=LANGUAGES[language], viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
        for name, path in STRANGERS.items():
            take(person, path, folder / f"{name}-{language}-{size}-{scheme}.png")
        person.enter()
        for name, path in PAGES.items():
            take(person, path, folder / f"{name}-{language}-{size}-{scheme}.png")
        person.go("/activity")
        if (line := person.page.locator("li.line a")).count():
            take(person, line.first.get_attribute("href") or "/", folder / f"flow-{language}-{size}-{scheme}.png")
        person.close()
    home.do("kill_gateway")
    person = Person(browser, home, viewport=PHONE)  # type: ignore[arg-type]
    person.enter()
    for name, path in {"down-home": "/", "down-device": f"/devices/{SPEAKER}", "down-activity": "/activity"}.items():
        take(person, path, folder / f"{name}-en-phone-light.png")
    person.close()
    for size in SIZES:
        contact_sheet(browser, folder, size)


def take(person: Person, path: str, file: Path) -> None:
    """One page, as long as it is."""
    person.go(path)
    person.page.screenshot(path=str(file), full_page=True)


def contact_sheet(browser: object, folder: Path, size: str) -> None:
    """All pictures of a size, side by side."""
    page = browser.new_page(viewport={"width": 2400, "height": 1200})  # type: ignore[attr-defined]
    page.goto("about:blank")
    file = folder / f"sheet-{size}.html"
    file.write_text("".join(cells(folder, size)), encoding="utf-8")
    page.goto(file.as_uri())
    page.screenshot(path=str(folder / f"sheet-{size}.png"), full_page=True)
    page.close()


def cells(folder: Path, size: str) -> Iterator[str]:
    """The sheet as HTML."""
    width, height = (220, 620) if size == "phone" else (460, 460)
    yield "<style>body{display:flex;flex-wrap:wrap;gap:12px;font:14px sans-serif;background:#888}figure{margin:0}"
    yield f"img{{width:{width}px;height:{height}px;object-fit:cover;object-position:top}}</style>"
    others = ("first-run-",) if size == "phone" else ()
    for picture in sorted(folder.glob("*.png")):
        if f"-{size}-" in picture.name or picture.name.startswith(others):
            yield f"<figure><img src='{picture.name}'><figcaption>{picture.stem}</figcaption></figure>"


if __name__ == "__main__":
    sys.exit(main())
