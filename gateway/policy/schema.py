"""JSON Schema of the policy files, for editors: committed as ``policies/schema.json``."""

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from .document import DOCUMENTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_schema() -> dict[str, Any]:
    """One schema for every kind of file; ``$defs`` holds each by the name of its document."""
    references, plain = models_json_schema([(document, "validation") for document in DOCUMENTS.values()])
    bare_cases = {"type": "array", "items": {"$ref": "#/$defs/CaseDocument"}}
    return {
        "$schema": DIALECT,
        "title": "Netcurtain policy files",
        "anyOf": [*references.values(), bare_cases],
        "$defs": plain["$defs"],
    }


def render_schema() -> str:
    """As it is committed."""
    return json.dumps(build_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
