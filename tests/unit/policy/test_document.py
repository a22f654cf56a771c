import pytest
from pydantic import ValidationError

from gateway.policy.document import DOCUMENTS, OPTIONS, CatalogueDocument, HouseholdDocument, RuleDocument

DEVICE = {"mac": "02:00:5e:10:00:01"}


def household(**keys: object) -> HouseholdDocument:
    return HouseholdDocument.model_validate({"version": 1, **keys})


def test_defaults() -> None:
    document = household()
    assert (document.timezone, document.preset, document.new_devices) == ("UTC", "recommended", "guided")


def test_a_bare_action_is_a_rule() -> None:
    rules = household(defaults={"video": "block", "cdn": {"action": "block"}}).defaults
    assert [rule.action for rule in rules.values()] == ["block", "block"]


def test_a_single_target_is_a_list() -> None:
    devices = {"a": {**DEVICE, "exceptions": [{"to": "a.example.com", "action": "allow"}]}}
    assert [target.text for target in household(devices=devices).devices["a"].exceptions[0].to] == ["a.example.com"]


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=lambda document: document.__name__)
def test_unknown_keys_are_refused(document: type) -> None:
    with pytest.raises(ValidationError) as err:
        document.model_validate({"nonsense": 1})
    assert "extra_forbidden" in {error["type"] for error in err.value.errors()}


@pytest.mark.parametrize(
    "keys",
    [
        {"version": 2}, {"timezone": "Nowhere"}, {"timezone": 1}, {"new_devices": "any"}, {"defaults": ["video"]},
        {"devices": {"a b": DEVICE}}, {"devices": {"all": DEVICE}}, {"devices": {"": DEVICE}}, {"devices": {"a": {}}},
        {"devices": {"a": {**DEVICE, "trusted": "yes"}}}, {"devices": {"a": {**DEVICE, "title": " "}}},
        {"devices": {"a": {**DEVICE, "exceptions": [{"to": ["a..b"], "action": "allow"}]}}},
        {"devices": {"a": {**DEVICE, "exceptions": [{"to": {"a": 1}, "action": "allow"}]}}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        household(**keys)


VALUES = {
    "when": "02:00-05:00", "budget": "64kB", "rate": "1kB/s", "then": "ask", "viewing": "panel", "for": "10m", "shadow": True,
}  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("action", ["allow", "block", "drop", "answer", "owner-only", "limit", "ask"])
def test_options_go_with_actions(option: str, action: str) -> None:
    rule = {"action": action, option: VALUES[option]}
    if action in OPTIONS[option]:
        assert RuleDocument.model_validate(rule).action == action
    else:
        with pytest.raises(ValidationError, match="does not go with"):
            RuleDocument.model_validate(rule)


def test_a_rule_is_in_shadow_or_on_trial() -> None:
    assert RuleDocument.model_validate({"action": "limit", "trial": "3d"}).trial == 3 * 86_400
    assert RuleDocument.model_validate({"action": "block", "trial": "3d", "shadow": False}).trial == 3 * 86_400
    for wrong in ({"shadow": True, "trial": "3d"}, {"trial": "soon"}, {"trial": True}, {"shadow": "yes"}):
        with pytest.raises(ValidationError):
            RuleDocument.model_validate({"action": "block", **wrong})


def test_a_row_needs_evidence() -> None:
    row = {"match": "a.example.com", "purpose": "control", "confidence": "high"}
    with pytest.raises(ValidationError, match="evidence"):
        CatalogueDocument.model_validate({"version": 1, "vendor": "v", "rows": [row]})


REPLY = {"host": "a.example.com", "path": "/ok", "status": 200, "evidence": "seen", "confidence": "high"}


@pytest.mark.parametrize(
    "change",
    [
        {"host": "a b"}, {"host": "*.example.com"}, {"path": "ok"}, {"path": "/a b"}, {"path": "/a?b"},
        {"path": "/" + "a" * 200}, {"status": 302}, {"status": 404}, {"body": 1}, {"body": "x" * 2_001}, {"evidence": ""},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_reply(change: dict[str, object]) -> None:
    CatalogueDocument.model_validate({"version": 1, "vendor": "v", "replies": [REPLY]})
    with pytest.raises(ValidationError):
        CatalogueDocument.model_validate({"version": 1, "vendor": "v", "replies": [{**REPLY, **change}]})


def test_the_body_of_a_reply_is_kept_to_the_letter() -> None:
    document = CatalogueDocument.model_validate({"version": 1, "vendor": "v", "replies": [{**REPLY, "body": " a  b\n"}]})
    assert document.replies[0].body == " a  b\n"
