"""Settings that all tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


HERE = Path(__file__).parent
APART = (HERE / "browser", HERE / "unit" / "panel")
APACHE_ONLY = ("opentelemetry", "playwright", "requests", "schemathesis", "tenacity")
"""What the web framework, the browser's driver and the API's tester bring along."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The panel's tests run only where they are named: they load libraries that must not meet Scapy in one process."""
    if collection_path in APART:
        named = (Path(str(word).partition("::")[0]).absolute() for word in config.invocation_params.args)
        return not any(path == collection_path or collection_path in path.parents for path in named)
    return None


@pytest.fixture(autouse=True, scope="session")
def licences_apart() -> Iterator[None]:
    """Scapy is GPL-2.0-only: no process of the tests loads it beside a library that is Apache-2.0-only."""
    yield
    loaded = [name for name in APACHE_ONLY if name in sys.modules]
    assert not loaded or "scapy" not in sys.modules, f"this process has loaded Scapy beside {', '.join(loaded)}"
