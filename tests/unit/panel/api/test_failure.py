"""Everything that goes wrong has its status, its words and its kind."""

import json
import logging
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.control_client import ControlError
from gateway.model.control import Response
from gateway.panel.api.failure import AWAY, gateway
from tests.support.api import Program, ServedApi
from tests.support.browser import Browser

DEVICE = "/api/v1/devices/front-door"


def refused(code: str) -> Response:
    return Response(id=0, error_code=code, message="it cannot be", hint="try less")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unknown-device", 404), ("too-many", 409), ("not-here", 409), ("bad-duration", 422), ("bad-argument", 422),
        ("anything", 422),
    ],
)  # fmt: skip
def test_the_gateway_refuses(fresh: ServedApi, code: str, status: int) -> None:
    fresh.gateway.answers["pause"] = refused(code)
    found = fresh.owner.send("POST", DEVICE + "/pause", json={"seconds": 60})
    assert found.status_code == status
    told = found.json()
    assert (told["type"], told["detail"], told["hint"]) == ("/api/docs#refused", "it cannot be", "try less")
    assert fresh.panel.changes.recent() == ()


def test_the_gateway_is_down(fresh: ServedApi) -> None:
    owner = fresh.owner
    fresh.panel.link.close()
    fresh.gateway.stop()
    found = owner.send("POST", DEVICE + "/pause", json={"seconds": 60})
    assert found.status_code == 503 and found.headers["retry-after"] == "5"
    assert found.json()["type"] == "/api/docs#gateway-down" and found.json()["hint"]
    assert owner.get("/api/v1/status")["gateway"]["running"] is False
    assert [one["id"] for one in owner.get("/api/v1/devices")["devices"]] == ["front-door", "yard"], "as the files say"
    assert owner.send("GET", "/api/v1/devices/nobody").status_code == 503, "it may be one that only the gateway knows"
    assert owner.send("GET", DEVICE).status_code == 200
    assert owner.send("PUT", DEVICE + "/rules/telemetry", json={"action": "allow"}).status_code == 200, "files are ours"


@pytest.mark.parametrize("code", sorted(AWAY))
def test_every_way_to_be_away(code: str) -> None:
    class Asked:
        class url:
            path = "/api/x"

    assert gateway(Asked, ControlError(code, "no")).status_code == 503  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "allowed"),
    [
        pytest.param("POST", "DELETE, PUT", id="two routes at one path"),
        pytest.param("GET", "DELETE, PUT", id="looked at"),
        pytest.param("PATCH", "DELETE, PUT", id="never"),
    ],
)
def test_a_method_that_is_not_there(served: ServedApi, method: str, allowed: str) -> None:
    found = served.owner.send(method, DEVICE + "/rules/telemetry")
    assert (found.status_code, found.headers["allow"]) == (405, allowed)
    assert found.json()["hint"] == f"here: {allowed}"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/status", "/api/", "/api/v1/devices/a/b/c"])
def test_an_address_that_is_not_there(served: ServedApi, path: str) -> None:
    found = served.owner.send("GET", path)
    assert (found.status_code, found.json()["instance"]) == (404, path)


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"\xff\xfe", b"nonsense", b"[" * 20_000, b'{"seconds": ' + b"9" * 5_000 + b"}", b"{}{}",
        b'"\xc3"',
    ],
    ids=["cut", "no UTF-8", "no JSON", "too deep", "too long a number", "two", "cut letter"],
)  # fmt: skip
def test_a_body_that_cannot_be_read(served: ServedApi, body: bytes) -> None:
    found = served.owner.send("POST", DEVICE + "/pause", content=body, headers={"content-type": "application/json"})
    assert (found.status_code, found.json()["detail"]) == (400, "The body is not JSON that can be read.")


@pytest.mark.parametrize(
    ("method", "path", "body", "at"),
    [
        pytest.param("POST", "/pause", {}, "body.seconds", id="lacking"),
        pytest.param("POST", "/pause", None, "body", id="no body"),
        pytest.param("POST", "/pause", [], "body", id="a list"),
        pytest.param("POST", "/pause", {"seconds": "60"}, "body.seconds", id="a text for a number"),
        pytest.param("POST", "/pause", {"seconds": True}, "body.seconds", id="a truth for a number"),
        pytest.param("POST", "/pause", {"seconds": 0}, "body.seconds", id="no time"),
        pytest.param("POST", "/pause", {"seconds": float("nan")}, "body.seconds", id="not a number"),
        pytest.param("POST", "/pause", {"seconds": float("inf")}, "body.seconds", id="for ever"),
        pytest.param("POST", "/pause", {"seconds": 86_401}, "body.seconds", id="more than a day"),
        pytest.param("POST", "/pause", {"seconds": 60, "for": "ever"}, "body.for", id="an unknown key"),
        pytest.param("POST", "/pause", {"seconds": 60, "purpose": "fun"}, "body.purpose", id="no purpose"),
        pytest.param("POST", "/allow", {"seconds": 60}, "body.purpose", id="allow what"),
        pytest.param("PUT", "/rules/telemetry", {"action": "fun"}, "body.action", id="no action"),
        pytest.param("PUT", "/rules/video", {"action": "allow", "viewing": "panel"}, "body", id="viewing without owner-only"),
        pytest.param("PUT", "/rules/fun", {"action": "allow"}, "path.purpose", id="no purpose in the path"),
        pytest.param("PUT", "/profile", {"profile": "a b"}, "body.profile", id="no profile's name"),
        pytest.param("PUT", "/profile", {"profile": "echo", "name": "x" * 41}, "body.name", id="too long a name"),
        pytest.param("PUT", "/profile", {"profile": "echo", "name": "a\nb"}, "body.name", id="a name of two lines"),
        pytest.param("PUT", "/profile", {"profile": "echo", "name": "a\ud800b"}, "body.name", id="a lone surrogate"),
        pytest.param("DELETE", "/grants?kind=fun", None, "query.kind", id="no kind"),
        pytest.param("DELETE", "/grants?knd=pause", None, "query.knd", id="a filter that is none ends nothing"),
        pytest.param("PUT", "/rules/video", {"action": "owner-only", "viewing": None}, "body", id="viewing of nothing"),
        pytest.param("GET", "/hours?last=0", None, "query.last", id="no hours"),
        pytest.param("GET", "/hours?last=169", None, "query.last", id="more than a week"),
    ],
)
def test_what_is_not_as_documented(served: ServedApi, method: str, path: str, body: object, at: str) -> None:
    said = {} if body is None else {"content": json.dumps(body), "headers": {"content-type": "application/json"}}
    found = served.owner.send(method, DEVICE + path, **said)
    assert found.status_code == 422
    told = found.json()
    assert told["type"] == "/api/docs#invalid"
    assert [one["at"] for one in told["errors"]] == [at]
    assert at in told["detail"]


@given(body=st.binary(max_size=120) | st.text('[]{}":,.0e-tfn\\u', max_size=60).map(str.encode))
def test_whatever_is_sent_is_answered(served: ServedApi, body: bytes) -> None:
    found = served.owner.send("POST", DEVICE + "/pause", content=body, headers={"content-type": "application/json"})
    assert found.status_code in (400, 422) and found.json()["status"] == found.status_code


@given(
    where=st.sampled_from(("v1/devices/{}", "v1/devices/{}/hours", "v1/flows/{}", "{}", "v1/flows?before={}", "v1/flows?{}")),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_whatever_is_asked_is_answered(served: ServedApi, where: str, text: str) -> None:
    found = served.reader.send("GET", "/api/" + where.format(quote(text)))
    assert found.status_code in (200, 307, 404, 422)  # 307: a slash too many


def test_made_up_keys_fill_no_answer(served: ServedApi) -> None:
    found = served.owner.send("POST", DEVICE + "/pause", json={"x" * 500 + str(number): 1 for number in range(60)})
    assert found.status_code == 422 and len(found.json()["errors"]) == 20 and len(found.content) < 8_000


def test_what_fails_says_that_it_failed(fresh: ServedApi, caplog: pytest.LogCaptureFixture) -> None:
    owner = fresh.owner
    fresh.panel.house.view = lambda: 1 / 0  # type: ignore[assignment]
    with caplog.at_level(logging.CRITICAL):
        found = owner.send("GET", "/api/v1/status")
    assert (found.status_code, found.headers["content-type"]) == (500, "application/problem+json")
    assert "ZeroDivision" not in found.text and found.json()["instance"] == "/api/v1/status"


def test_a_change_that_cannot_be_made_says_why_in_the_visitors_language(served: ServedApi) -> None:
    owner: Program = served.owner
    owner.language = "de"
    found = owner.send("PUT", "/api/v1/devices/02:00:5e:10:00:05/rules/telemetry", json={"action": "allow"})
    assert (found.status_code, found.json()["type"]) == (409, "/api/docs#not-done")
    assert "02:00:5e:10:00:05" in found.json()["detail"]


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "does not answer"), ("de-AT,de;q=0.9", "antwortet diese Box nicht"), ("ar", "هذا الصندوق"), ("fr", "This box")],
)
def test_who_is_turned_away_can_read_why(fresh: ServedApi, language: str, said: str) -> None:
    stranger = Browser(fresh.app, url="http://evil.example.net", language=language)
    stranger.open("/login")
    assert stranger.status == 421 and said in stranger.text
    assert stranger.response.headers["content-language"] == language[:2].replace("fr", "en")
