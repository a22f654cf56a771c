"""Types in a few words."""

from typing import Any

import pytest

from gateway.panel.api.page import drawn, words

REF = {"$ref": "#/components/schemas/Flow"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (REF, "Flow"),
        ({"type": "array", "items": REF}, "list of Flow"),
        ({"type": "array"}, "list of anything"),
        ({"anyOf": [REF, {"type": "null"}]}, "Flow or null"),
        ({"type": "string", "enum": ["a", "b"]}, "one of: a, b"),
        ({"const": "a"}, "a"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer, at least 1, at most 9"),
        ({"type": "number", "exclusiveMinimum": 0}, "number, more than 0"),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"type": "string", "pattern": "^a$"}, "string, like ^a$"),
        ({"type": "string", "minLength": 1, "maxLength": 40}, "string, at least 1 letters, at most 40 letters"),
        ({}, "anything"),
    ],
)
def test_words(schema: dict[str, Any], expected: str) -> None:
    assert words(schema) == expected


def test_an_operation() -> None:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}}
    operation = {
        "operationId": "put_x", "summary": "Do it", "tags": ["Things"], "requestBody": body,
        "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}, "description": "how many"}],
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {"schema": REF}}},
            "204": {"description": "No"}, "404": {"$ref": "#/components/responses/404"},
        },
    }  # fmt: skip
    other = operation | {"tags": ["Others"], "responses": {"404": {"$ref": "#/components/responses/404"}}}
    told = {
        "info": {"description": "About"},
        "paths": {"/x": {"put": operation, "get": other}},
        "components": {
            "schemas": {"In": {"properties": {"a": {"type": "string"}}, "required": ["a"]}, "Flow": {}, "One": {"enum": ["x"]}},
            "responses": {"404": {"description": "Gone"}},
        },
    }  # fmt: skip
    shown = drawn(told, {"kind": "words"})
    (one,) = shown["groups"]["Things"]
    assert (one.method, one.path, one.about, one.id) == ("PUT", "/x", "", "put_x")
    assert [tuple(row) for row in one.parameters] == [("n", "integer", "", False, "how many")]
    assert [tuple(row) for row in one.body] == [("a", "string", "", True, "")]
    assert [tuple(row) for row in one.answers] == [("200", "Done", "Flow", "Flow"), ("204", "No", "", "")]
    assert [tuple(row) for row in shown["common"]] == [("404", "Gone", "", "")], "said once"
    assert [(name, len(rows)) for name, _, rows in shown["types"]] == [("Flow", 0), ("In", 1), ("One", 1)]
