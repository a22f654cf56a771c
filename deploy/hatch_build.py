"""Compiles the shipped policy files into one table when the package is built, so that no gateway has to parse them.

``python deploy/hatch_build.py`` does the same for a checkout, after an edit of ``policies/``.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TOP = Path(__file__).resolve().parent.parent


class CompilePolicies(BuildHookInterface):  # type: ignore[type-arg]
    """Runs for wheels and for editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """A wheel carries the table beside the YAML; an editable install finds it in the checkout."""
        if self.target_name != "wheel":
            return
        path = compile_policies(TOP)
        if version == "standard":
            build_data["force_include"][str(path)] = "gateway/_policies/compiled.json"


def compile_policies(top: Path) -> Path:
    """Write ``gateway/_policies/compiled.json``; ``SystemExit`` where the files hold faults."""
    sys.path.insert(0, str(top))
    from gateway.policy.layout import compile_shipped

    data, faults = compile_shipped(top / "policies")
    if faults:
        raise SystemExit("\n".join(str(fault) for fault in faults))
    path = top / "gateway" / "_policies" / "compiled.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    print(compile_policies(TOP))
