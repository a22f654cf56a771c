from pkgutil import iter_modules

import pytest

from gateway.lab import evasions
from gateway.lab.evasions import cases, find
from gateway.lab.evasions.case import Case
from tests.e2e.test_evasions import QUICK, SLOW

FAMILIES = sorted({module.name for module in iter_modules(evasions.__path__)} - {"case", "place"})
EVERY = [pytest.param(family, case, id=f"{family}-{case.id}") for family in FAMILIES for case in cases(family)]


@pytest.mark.parametrize("family", FAMILIES)
def test_names_are_distinct_and_addresses_suffice(family: str) -> None:
    names = [case.id for case in cases(family)]
    assert len(set(names)) == len(names) <= 250


@pytest.mark.parametrize(("family", "case"), EVERY)
def test_a_case_is_found_and_what_it_may_is_reasoned(family: str, case: Case) -> None:
    assert find(f"{family}/{case.id}") is case
    assert bool(case.allowance_bytes) == bool(case.reason)


def test_the_control_plays_every_family() -> None:
    assert {*QUICK, *SLOW} == set(FAMILIES)
