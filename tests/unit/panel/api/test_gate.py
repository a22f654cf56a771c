"""Nobody gets to a route past the gate."""

import pytest
from starlette.routing import Route

from gateway.panel.api.routes import ROUTERS
from tests.support.api import Program, ServedApi

PUT = ("PUT", "/api/v1/devices/front-door/rules/telemetry")
FILLED = {"named": "front-door", "purpose": "telemetry", "token": "aaaaaaaaaaaa", "flow_id": "999"}
EVERY = sorted(
    (method, route.path.format(**FILLED))
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Route) and route.path != "/api/docs"
    for method in route.methods or ()
)
CHANGING = [one for one in EVERY if one[0] != "GET"]


def test_all_routes_are_tried() -> None:
    assert len(EVERY) >= 20 and len(CHANGING) >= 8
    assert {path.split("/")[1] for _, path in EVERY} == {"api"}


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_a_stranger_gets_nothing(served: ServedApi, method: str, path: str) -> None:
    found = served.stranger.send(method, path, content=b"{", headers={"content-type": "text/plain"})
    assert found.status_code == 401
    assert found.headers["content-type"] == "application/problem+json"
    assert found.headers["www-authenticate"].startswith("Cookie")
    assert found.json() == {
        "type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Nobody is logged in.", "instance": path,
        "hint": "log in with a browser",
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_who_may_only_look_changes_nothing(served: ServedApi, method: str, path: str) -> None:
    found = served.reader.send(method, path, json={})
    assert (found.status_code, found.json()["detail"]) == (403, "This account may only look.")


@pytest.mark.parametrize(("method", "path"), CHANGING)
@pytest.mark.parametrize("token", ["", "x", b"\xe9", "another session's"])
def test_a_change_needs_this_sessions_token(served: ServedApi, method: str, path: str, token: str | bytes) -> None:
    sent = served.owner.token if token == "another session's" else token
    found = served.owner.send(method, path, headers={"x-csrf-token": sent}, json={})
    assert (found.status_code, found.json()["type"]) == (403, "/api/docs#token")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415), ("", 415), ("application/problem+json", 415), ("multipart/form-data; boundary=x", 415),
    ],
)  # fmt: skip
def test_bodies_are_json(fresh: ServedApi, content_type: str, status: int) -> None:
    found = fresh.owner.send(*PUT, content=b'{"action": "allow"}', headers={"content-type": content_type})
    assert found.status_code == status, found.text
    assert ("action" in found.text) is False


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"origin": "http://evil.example"}, 403, id="from another site"),
        pytest.param({"sec-fetch-site": "cross-site"}, 403, id="as the browser says"),
        pytest.param({"host": "evil.example"}, 421, id="by another name"),
    ],
)
def test_what_the_guard_turns_away_is_a_problem_too(served: ServedApi, headers: dict[str, str], status: int) -> None:
    found = served.owner.send(*PUT, json={"action": "allow"}, headers=headers)
    assert (found.status_code, found.json()["status"]) == (status, status)
    assert found.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large(served: ServedApi) -> None:
    found = served.owner.send(*PUT, content=b" " * 70_000, headers={"content-type": "application/json"})
    assert (found.status_code, found.json()["title"]) == (413, "Request Entity Too Large")


def test_an_unclaimed_box_says_so(fresh: ServedApi) -> None:
    fresh.panel.access.keep.put("accounts", [])
    fresh.panel.access.accounts.__init__(fresh.panel.access.keep, lambda: 0.0)  # type: ignore[misc]
    assert "nobody owns this box" in fresh.stranger.send("GET", "/api/v1/status").json()["hint"]


def test_an_ended_session_opens_nothing(fresh: ServedApi) -> None:
    owner = fresh.owner
    assert owner.send("GET", "/api/v1/status").status_code == 200
    fresh.panel.access.sessions.revoke_all("household")
    assert owner.send("GET", "/api/v1/status").status_code == 401


def test_pages_stay_pages(served: ServedApi) -> None:
    stranger = Program(app=served.app)
    for path in ("/", "/api/docs", "/activity?before=x", "/nowhere"):
        found = stranger.send("GET", path)
        assert found.headers.get("content-type", "text/html").startswith("text/html"), path
    assert stranger.send("GET", "/api/docs").headers["location"] == "/login?next=%2Fapi%2Fdocs"
    owner = served.owner
    assert owner.send("GET", "/activity?before=x").status_code == 400
    assert owner.send("GET", "/activity?before=x").headers["content-type"].startswith("text/html")
