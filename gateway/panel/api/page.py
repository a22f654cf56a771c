"""What the page of the API shows, drawn from the OpenAPI document: tables of plain texts."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Schema = Mapping[str, Any]
BOUNDS = (
    ("exclusiveMinimum", "more than {}"), ("minimum", "at least {}"), ("maximum", "at most {}"),
    ("minLength", "at least {} letters"), ("maxLength", "at most {} letters"), ("pattern", "like {}"),
)  # fmt: skip


class Row(NamedTuple):
    """A parameter, or a key of a type."""

    name: str
    kind: str
    link: str
    """The type that it is of; empty: none of ours."""
    needed: bool
    about: str


class Answer(NamedTuple):
    """What may come back."""

    status: str
    about: str
    kind: str
    link: str


class Operation(NamedTuple):
    """One method at one path."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Row, ...]
    body: tuple[Row, ...]
    answers: tuple[Answer, ...]


def drawn(told: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """For the template: introduction, operations by group, what all of them may answer, types, kinds of problems."""
    schemas = told["components"]["schemas"]
    operations = [
        (operation["tags"][0], _operation(told, path, method, operation))
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    ]
    common = frozenset.intersection(*(frozenset(one.answers) for _, one in operations))
    groups: dict[str, list[Operation]] = {}
    for group, one in operations:
        own = tuple(answer for answer in one.answers if answer not in common)
        groups.setdefault(group, []).append(one._replace(answers=own))
    return {
        "about": told["info"]["description"],
        "groups": groups,
        "common": sorted(common),
        "types": [(name, schema.get("description", ""), tuple(_rows(schema))) for name, schema in sorted(schemas.items())],
        "kinds": kinds,
    }


def _operation(told: Mapping[str, Any], path: str, method: str, operation: Schema) -> Operation:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        about=operation.get("description", ""),
        parameters=tuple(_parameter(one) for one in operation.get("parameters", ())),
        body=tuple(_rows(told["components"]["schemas"].get(_link(body), {}))),
        answers=tuple(_answer(told, status, one) for status, one in operation["responses"].items()),
    )


def _parameter(one: Schema) -> Row:
    about = one.get("description", "") or one["schema"].get("description", "")
    return Row(one["name"], words(one["schema"]), _link(one["schema"]), one.get("required", False), about)


def _answer(told: Mapping[str, Any], status: str, response: Schema) -> Answer:
    if "$ref" in response:
        response = told["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content: Schema = next((one["schema"] for one in response.get("content", {}).values()), {})
    return Answer(status, response["description"], words(content) if content else "", _link(content))


def _rows(schema: Schema) -> Iterator[Row]:
    """The keys of an object; of a list of words these."""
    needed = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        yield Row(name, words(one), _link(one), name in needed, one.get("description", ""))
    if "enum" in schema:
        yield Row("", words(schema), "", True, "")


def words(schema: Schema) -> str:
    """A type in a few words: ``list of Flow``, ``integer, at least 1``."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(words(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of: " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {words(schema.get('items', {}))}"
    bounds = (text.format(schema[key]) for key, text in BOUNDS if key in schema)
    return ", ".join((schema.get("format") or schema.get("type", "anything"), *bounds))


def _link(schema: Schema) -> str:
    """The name of the first type of ours in it."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    within = (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else []))
    return next((name for one in within if (name := _link(one))), "")
