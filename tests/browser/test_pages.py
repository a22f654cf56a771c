"""Every page, for everybody: axe finds nothing in any language and colour scheme, a phone is wide enough, keys are enough."""

from collections.abc import Callable, Iterator

import pytest

from .harness import PHONE, HomeProcess, Person

SPEAKER, CAMERA, PHONE_OF_ANNA = "02:00:5e:10:00:03", "02:00:5e:10:00:01", "02:00:5e:10:00:aa"
INSIDE = (
    "/", "/activity", f"/devices/{SPEAKER}", f"/devices/{CAMERA}", f"/devices/{PHONE_OF_ANNA}/forget", "/week", "/settings",
    "/settings/password",
)  # fmt: skip
OUTSIDE = ("/login", "/enter/nothing", "/certificate")
ODD = ("/no-such-page", "/activity?device=02:00:00:00:00:99")
LANGUAGES = ("en-GB", "de-DE", "ar-EG")


def pages(person: Person) -> Iterator[str]:
    """Every page in turn, from outside and inside; those of a flow of today, too."""
    for path in OUTSIDE:
        person.go(path)
        yield path
    person.enter()
    for path in (*INSIDE, *ODD):
        person.go(path)
        yield path
    person.go("/activity")
    if (line := person.page.locator("li.line a")).count():
        person.press(line.first)
        person.page.wait_for_load_state()
        yield "/activity/…"
    person.complaints.clear()  # pages that are not there are meant to be


@pytest.fixture
def lively(home: HomeProcess) -> HomeProcess:
    """Something has happened on every page."""
    for what in ("report", "neighbour", "utter"):
        home.do("run", gadget="speaker", what=what)
    return home


def test_axe_finds_nothing_where_people_are_most(lively: HomeProcess, person: Callable[..., Person]) -> None:
    somebody = person(bypass_csp=True, viewport=PHONE)
    somebody.enter()
    found = {}
    for path in ("/", f"/devices/{SPEAKER}"):
        somebody.go(path)
        if told := somebody.violations():
            found[path] = told
    assert found == {}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(lively: HomeProcess, person: Callable[..., Person], language: str, scheme: str) -> None:
    somebody = person(locale=language, color_scheme=scheme, bypass_csp=True, viewport=PHONE)
    found = {path: told for path in pages(somebody) if (told := somebody.violations())}
    assert found == {}


def test_axe_finds_what_is_wrong(person: Callable[..., Person]) -> None:
    somebody = person(bypass_csp=True)
    somebody.page.set_content("<html><body><main><h1>x</h1><p style='color:#eee;background:#fff'>pale</p><input></main>")
    found = " ".join(somebody.violations())
    assert "color-contrast" in found and "label" in found and "html-has-lang" in found


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_while_the_gateway_is_down(
    home: HomeProcess, person: Callable[..., Person], language: str, scheme: str
) -> None:
    somebody = person(locale=language, color_scheme=scheme, bypass_csp=True, viewport=PHONE)
    somebody.enter()
    home.do("kill_gateway")
    try:
        found = {}
        for path in ("/", f"/devices/{SPEAKER}", "/activity", "/week", "/settings"):
            somebody.go(path)
            if (told := somebody.violations()) or somebody.is_sideways():
                found[path] = told
    finally:
        home.do("start_gateway")
    somebody.complaints.clear()  # the browser calls it an error
    assert found == {}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_is_wider_than_a_phone(lively: HomeProcess, person: Callable[..., Person], language: str) -> None:
    somebody = person(locale=language, viewport=PHONE)
    wide = []
    for path in pages(somebody):
        if somebody.is_sideways():
            wide.append(path)
    assert wide == []


def test_arabic_runs_from_right_to_left(lively: HomeProcess, person: Callable[..., Person]) -> None:
    somebody = person(locale="ar-EG", viewport=PHONE)
    somebody.enter()
    somebody.go(f"/devices/{SPEAKER}")
    assert somebody.page.locator("html").get_attribute("dir") == "rtl"
    assert somebody.page.locator("html").get_attribute("lang") == "ar"
    title, pill = (
        somebody.page.locator(f"#switch-{SPEAKER.replace(':', '')}-telemetry summary > {one}").bounding_box()
        for one in (".what", ".pill")
    )
    assert title and pill and title["x"] > pill["x"], "what it is stands on the right, what holds on its left"
    assert any(digit in somebody.page.locator("main").inner_text() for digit in "٠١٢٣٤٥٦٧٨٩"), "its own figures"


def test_the_language_is_changed_on_every_page(person: Callable[..., Person]) -> None:
    somebody = person(locale="fr-FR")
    somebody.go("/login")
    assert somebody.page.locator("html").get_attribute("lang") == "en"
    somebody.press(somebody.page.locator("footer button[value=de]"))
    assert somebody.page.locator("html").get_attribute("lang") == "de" and somebody.page.url.endswith("/login")


def test_keys_are_enough(lively: HomeProcess, person: Callable[..., Person]) -> None:
    somebody = person()
    somebody.enter()
    somebody.go(f"/devices/{SPEAKER}")
    keyboard = somebody.page.keyboard
    keyboard.press("Tab")
    assert somebody.focused() == "#main", "to the content at once"
    somebody.tab_to(f"switch-{SPEAKER.replace(':', '')}-telemetry", tag="SUMMARY")
    keyboard.press("Enter")
    somebody.tab_to("allow", tag="BUTTON")
    assert somebody.has_visible_focus()
    keyboard.press("Space")
    somebody.page.locator("#changes .change", has_text="Usage reports").wait_for()
    somebody.tab_to("", tag="BUTTON", within="#changes")
    with somebody.page.expect_navigation():
        keyboard.press("Enter")
    assert "Usage reports" not in somebody.changes()


def test_without_scripts_everything_but_what_is_live_works(lively: HomeProcess, person: Callable[..., Person]) -> None:
    somebody = person(java_script_enabled=False)
    somebody.enter()
    somebody.go(f"/devices/{SPEAKER}")
    somebody.throw(SPEAKER, "telemetry", "allow")
    assert "Usage reports" in somebody.changes()
    somebody.press(somebody.page.locator("#changes button").first)
    assert "Usage reports" not in somebody.changes()
    somebody.go("/")
    somebody.press(somebody.page.locator(f"#card-{SPEAKER.replace(':', '')} form[action$='/pause'] button"))
    assert somebody.page.locator(".grant.pause").count() == 1
    somebody.press(somebody.page.locator(".grant.pause button"))
    assert somebody.page.locator(".grant.pause").count() == 0
    somebody.press(somebody.page.locator("footer button[value=de]"))
    assert somebody.page.locator("html").get_attribute("lang") == "de"


def test_the_first_page_is_small(lively: HomeProcess, person: Callable[..., Person]) -> None:
    somebody = person()
    somebody.enter()
    sizes: list[int] = []
    somebody.page.on("requestfinished", lambda one: sizes.append(sum(one.sizes()[key] for key in BODIES)))
    somebody.context.clear_cookies(name="netcurtain-language")
    somebody.go("/")
    somebody.page.wait_for_timeout(500)
    assert 0 < len(sizes) <= 12 and sum(sizes) < 100_000, (len(sizes), sum(sizes))


BODIES = ("requestBodySize", "requestHeadersSize", "responseBodySize", "responseHeadersSize")
