"""Every test file under tests/unit mirrors a module of gateway/, and every core module has one."""

import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
ASIDE = ("docs", "policies")
"""Tests of what is no module: the README, the shipped policies."""
CORE = ("wire", "purpose", "identity", "policy", "ruleset", "engine")


def main() -> int:
    """Print what is amiss; 1 if anything is."""
    amiss = []
    for test in sorted((TOP / "tests/unit").rglob("test_*.py")):
        room = test.parent.relative_to(TOP / "tests/unit")
        if str(room) in ASIDE:
            continue
        module = TOP / "gateway" / room / (test.stem.removeprefix("test_") + ".py")
        if not module.exists() and not module.with_suffix("").is_dir():
            amiss.append(f"{test.relative_to(TOP)} mirrors no module of gateway/{room}")
    for room in CORE:
        for module in sorted((TOP / "gateway" / room).glob("[!_]*.py")):
            test = TOP / "tests/unit" / room / f"test_{module.name}"
            if not test.exists():
                amiss.append(f"gateway/{room}/{module.name} has no {test.relative_to(TOP)}")
    print("\n".join(amiss), file=sys.stderr)
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
