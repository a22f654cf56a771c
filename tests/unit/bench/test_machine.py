"""What the figures were taken on."""

import platform

from gateway.bench.machine import describe


def test_facts_of_this_machine() -> None:
    facts = describe()
    assert facts["cores"] >= 1 and facts["memory_mib"] > 64
    assert facts["kernel"] == platform.release() and facts["cpu"]
    assert facts["load_before"] >= 0
