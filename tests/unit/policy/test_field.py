import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.policy import field
from gateway.policy.value import Budget


@pytest.mark.parametrize(
    "kind, given, value",
    [
        (field.PortsField, "udp/16500-65000", "udp/16500-65000"), (field.ShapeField, "beat", "beat"),
        (field.WhereField, "home", "home"), (field.FamilyField, "chime", "chime"), (field.BudgetField, "64kB", Budget(64_000)),
        (field.TextField, " a\n  b ", "a b"), (field.BodyField, " a\n", " a\n"), (field.IdField, "front-door", "front-door"),
        (field.SwitchField, True, True), (field.ConfidenceField, "high", "high"),
    ],
)  # fmt: skip
def test_values(kind: object, given: object, value: object) -> None:
    assert TypeAdapter(kind).validate_python(given) == value


@pytest.mark.parametrize(
    "kind, given, said",
    [
        (field.PortsField, "443", "is no port"), (field.PortsField, ["tcp/443"], "has to be text"),
        (field.ShapeField, "rumour", "is not a kind of shape"), (field.WhereField, "space", "is not a place"),
        (field.TextField, "  ", "has to be text"), (field.BodyField, "x" * 2_001, "at most 2000 bytes"),
        (field.IdField, "all", "is taken"), (field.IdField, "a b", "letters, digits and hyphens"),
        (field.SwitchField, "yes", "neither true nor false"), (field.FamilyField, 1, "is not a family"),
    ],
)  # fmt: skip
def test_what_is_none(kind: object, given: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(kind).validate_python(given)


def test_short_forms() -> None:
    assert field.listed("a") == ["a"] and field.listed(["a"]) == ["a"]
    assert field.rule_mapping("block") == {"action": "block"} and field.rule_mapping({"action": "ask"}) == {"action": "ask"}
