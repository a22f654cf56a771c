"""Problem details."""

import json

import pytest
from starlette.responses import Response

from gateway.panel.api.problem import KINDS, is_api, problem, problems


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/status", True), ("/api/openapi.json", True), ("/api/", True), ("/api/docs/x", True), ("/api/docs", False),
        ("/api", False), ("/", False), ("/apis/x", False), ("/static/api/x", False),
    ],
)  # fmt: skip
def test_what_is_answered_with_json(path: str, expected: bool) -> None:
    assert is_api(path) is expected


BASE = {"type": "about:blank", "instance": "/api/x"}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        pytest.param(
            problem("/api/x", 404), {"title": "Not Found", "status": 404, "detail": "Nothing matches the given URI"},
            id="a status, and no more",
        ),
        pytest.param(
            problem("/api/x", 409, "No.", kind="not-done", hint="Yes?"),
            {"type": "/api/docs#not-done", "title": "Conflict", "status": 409, "detail": "No.", "hint": "Yes?"},
            id="a kind, a reason and a hint",
        ),
        pytest.param(
            problem("/api/x", 409, errors=[{"at": "a", "what": "b"}]),
            {"title": "Conflict", "status": 409, "detail": "Request conflict", "errors": [{"at": "a", "what": "b"}]},
            id="faults",
        ),
        pytest.param(
            problem("/api/x", 421),
            {"title": "Misdirected Request", "status": 421, "detail": "Server is not able to produce a response"},
            id="turned away",
        ),
    ],
)  # fmt: skip
def test_a_problem(response: Response, expected: dict[str, object]) -> None:
    assert json.loads(response.body) == BASE | expected
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == expected["status"]


def test_headers_go_along() -> None:
    assert problem("/api/x", 503, headers={"retry-after": "5"}).headers["retry-after"] == "5"


def test_a_lone_surrogate_is_no_harm() -> None:
    assert json.loads(problem("/api/\ud800", 404).body)["instance"] == "/api/\ud800"


def test_kinds_have_their_words() -> None:
    assert all(text.endswith(".") for text in KINDS.values())
    assert problems(404, 503)[404] == {"$ref": "#/components/responses/404"}
