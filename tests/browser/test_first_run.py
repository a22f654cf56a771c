"""From a login link on a new box to a switch that stops real packets: at most nine clicks and four fields."""

from collections.abc import Callable

import pytest

from .harness import PASSWORD, PHONE, HomeProcess, Person

SPEAKER = "02:00:5e:10:00:03"
VOICE = "avs-alexa-14-na.amazon.com"


def test_a_new_box_is_set_up_and_a_switch_stops_real_packets(person: Callable[..., Person], home: HomeProcess) -> None:
    home.do("new_box")
    assert home.sends("speaker", "utter", VOICE, wanted=passes) > 50_000
    somebody = person(viewport=PHONE)
    somebody.go(home.do("link"))
    somebody.click("Set up this box")
    somebody.fill("A password for your household", PASSWORD)
    somebody.click("This box is mine")
    if somebody.page.locator("select[name=phone]").count():
        somebody.fields += 1  # whoever comes by the loopback address cannot be told from the others: it is chosen
    if somebody.page.locator("input[name=phone], select[name=phone]").count():
        somebody.fill("Your first name", "Anna")
        somebody.click("Yes, it is mine")
    else:
        somebody.click("Skip this")
    while "/welcome/camera/" in somebody.page.url:
        if (alike := somebody.page.get_by_role("checkbox")).count():
            alike.check()
            somebody.clicks += 1
        somebody.click("Only while I am at home")
    somebody.click("Go to the start page", role="link")
    somebody.throw(SPEAKER, "voice", "block")
    assert somebody.clicks <= 9 and somebody.fields <= 4, (somebody.clicks, somebody.fields)
    assert "What you say to it" in somebody.page.locator("#changes .change").first.inner_text(), "it can be undone"
    assert home.sends("speaker", "utter", VOICE, wanted=lambda sent: sent == 0) == 0
    somebody.click("Undo")
    assert home.sends("speaker", "utter", VOICE, wanted=passes) > 50_000


def passes(sent: int) -> bool:
    return sent > 50_000


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en-GB", "de-DE", "ar-EG"])
def test_axe_finds_nothing_on_the_way(home: HomeProcess, person: Callable[..., Person], language: str, scheme: str) -> None:
    home.do("new_box")
    somebody = person(locale=language, color_scheme=scheme, bypass_csp=True, viewport=PHONE)
    somebody.go(home.do("link"))
    found = look(somebody)
    somebody.press(somebody.page.locator("form[action^='/enter/'] button").first)
    found += look(somebody)
    somebody.page.locator("input[name=password]").fill("password12")
    somebody.press(somebody.page.locator("form[action='/welcome'] button.main"))
    assert somebody.page.get_by_role("alert").count() == 1, "too weak, and it is said so"
    found += look(somebody)
    somebody.complaints.clear()  # the browser calls the status an error
    somebody.page.locator("input[name=password]").fill(PASSWORD)
    somebody.press(somebody.page.locator("form[action='/welcome'] button.main"))
    found += look(somebody)
    somebody.press(somebody.page.locator("button[name=do][value=skip]"))
    while "/welcome/camera/" in somebody.page.url:
        found += look(somebody)
        somebody.press(somebody.page.locator("button[name=viewing]").nth(1))
    found += look(somebody)
    assert somebody.page.url.endswith("/welcome/done") and found == []


def look(person: Person) -> list[str]:
    told = person.violations()
    return [f"{person.page.url}: {one}" for one in (*told, *(["wider than the window"] if person.is_sideways() else []))]
