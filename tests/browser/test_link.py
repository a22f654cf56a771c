"""The login link, which is valid once."""

from collections.abc import Callable

from .harness import HomeProcess, Person


def test_a_link_opens_the_panel_once(person: Callable[..., Person], home: HomeProcess) -> None:
    link = home.do("link")
    somebody = person()
    assert somebody.go(link) == 200
    somebody.press(somebody.page.locator("form[action^='/enter/'] button").first)
    assert somebody.page.locator("h1").inner_text()
    other = person()
    assert other.go(link) == 410
    other.complaints.clear()  # the browser calls the status an error
