"""The description is whole, and so is its page."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.support.api import ServedApi


@pytest.fixture(scope="module")
def told(served: ServedApi) -> dict[str, Any]:
    found: dict[str, Any] = served.reader.get("/api/openapi.json")
    return found


def operations(told: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in told["paths"].items() for method, one in methods.items()]


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_every_route_is_described(told: dict[str, Any]) -> None:
    assert len(operations(told)) >= 19
    assert {path for path, _, _ in operations(told) if not path.startswith("/api/v1/")} == set()
    for path, method, one in operations(told):
        assert one["summary"] and one["description"] and one["tags"], (path, method)
        assert {"401", "403", "421", "500"} <= set(one["responses"])
        assert ("415" in one["responses"]) is (method != "get")
        assert all(("token" in way) is (method != "get") for way in one["security"])
        assert ("409" in one["responses"]) is (method != "get")


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    for reference in references(told):
        at: Any = told
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]
        assert at


def test_problems_are_no_plain_json(told: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in str(told)
    assert all(list(one["content"]) == ["application/problem+json"] for one in told["components"]["responses"].values())


def test_bodies_take_no_unknown_keys(told: dict[str, Any]) -> None:
    bodies = [one["requestBody"] for _, _, one in operations(told) if "requestBody" in one]
    names = {reference.rpartition("/")[2] for reference in references(bodies)}
    assert names == {"RuleIn", "PauseIn", "AllowIn", "ProfileIn"}
    assert all(told["components"]["schemas"][name]["additionalProperties"] is False for name in names)


class Page(HTMLParser):
    """What an attribute may not do, and where links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.odd: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.odd += [key for key in given if key == "style" or key.startswith("on")]
        self.odd += [given["src"]] if not given.get("src", "/").startswith("/") else []
        self.odd += ["inline script"] if tag == "script" and "src" not in given else []


def test_the_page_is_ours_alone(served: ServedApi, told: dict[str, Any]) -> None:
    text = served.reader.send("GET", "/api/docs").text
    page = Page(text)
    assert page.odd == []
    assert len(page.ids) == len(set(page.ids))
    assert {link for link in page.links if link.startswith("#")} <= {f"#{one}" for one in page.ids}
    assert all(link.startswith(("/", "#")) for link in page.links)
    for path, _, _ in operations(told):
        assert path in text
    assert not re.search(r"https?://", text.replace("http://www.w3.org", ""))
    assert len(text) < 100_000


@pytest.mark.parametrize("kind", ["invalid", "not-done", "gateway-down", "refused", "token"])
def test_kinds_of_problems_have_their_place(served: ServedApi, kind: str) -> None:
    assert kind in Page(served.reader.send("GET", "/api/docs").text).ids
