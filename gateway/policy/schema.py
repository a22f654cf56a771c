"""JSON Schema of the policy files, for editors: committed as ``policies/schema.json``."""

import json
import re
from typing import Any

from pydantic.json_schema import models_json_schema

from .document import DOCUMENTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_schema() -> dict[str, Any]:
    """One schema for every kind of file; ``$defs`` holds each by the name of its document."""
    references, plain = models_json_schema([(document, "validation") for document in DOCUMENTS.values()])
    definitions = plain["$defs"]
    roots = [reference["$ref"].rpartition("/")[2] for reference in references.values()]
    bare_cases = {"type": "array", "items": {"$ref": "#/$defs/CaseDocument"}}
    return {
        "$schema": DIALECT,
        "title": "Netcurtain policy files",
        "anyOf": [*references.values(), bare_cases],
        "$defs": {name: definitions[name] for name in sorted(_reachable(definitions, [*roots, "CaseDocument"]))},
    }


def _reachable(definitions: dict[str, Any], names: list[str]) -> set[str]:
    """Without the types that people write as text."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names.extend(re.findall(r'"#/\$defs/([A-Za-z]+)"', json.dumps(definitions[name])))
    return found


def render_schema() -> str:
    """As it is committed."""
    return json.dumps(build_schema(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
