from pathlib import Path

import pytest

from gateway.policy.document import DOCUMENTS
from gateway.policy.schema import build_schema, render_schema

COMMITTED = Path(__file__).parents[3] / "policies" / "schema.json"


def test_the_committed_schema_is_the_current_one() -> None:
    assert COMMITTED.read_text() == render_schema(), "write it anew: netcurtain schema > policies/schema.json"


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=lambda document: document.__name__)
def test_every_document_is_closed(document: type) -> None:
    schema = build_schema()
    found = schema["$defs"][document.__name__]
    assert found["additionalProperties"] is False
    assert {"$ref": f"#/$defs/{document.__name__}"} in schema["anyOf"]


def test_what_people_write_as_text_is_text() -> None:
    definitions = build_schema()["$defs"]
    assert "Budget" not in definitions and "Target" not in definitions
    budget = definitions["RuleDocument"]["properties"]["budget"]
    assert {"examples": ["64kB", "512kB/10m"], "type": "string"} in budget["anyOf"]
