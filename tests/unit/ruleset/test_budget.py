"""Budgets as text; what the kernel does with them is in the datapath's own tests."""

import pytest

from gateway.model.command import Budget
from gateway.ruleset.budget import budget_chains, budget_elements, budget_sets

FLOW, WINDOW = Budget(1, 17, 64_000), Budget(2, 1, 512_000, 600)


@pytest.mark.parametrize(
    ("budget", "rules"),
    [
        (FLOW, ["ct original bytes > 64000 goto overspent"]),
        (WINDOW, ["add @sent_512000_in_600s { ct mark & $BUDGET_MASK quota over 512000 bytes } goto spend", "accept"]),
        (
            Budget(1, 1, 0, 0, 1_000),
            ["update @rate_1000 { ct mark & $BUDGET_MASK limit rate over 1000 bytes/second burst 16384 bytes } drop"],
        ),
    ],
    ids=["flow", "window", "rate"],
)
def test_rules_of_a_budget(budget: Budget, rules: list[str]) -> None:
    (chain,) = budget_chains([budget])
    assert [line.strip() for line in chain.splitlines()[1:-1]] == rules


def test_devices_of_one_budget_share_its_chain_and_not_its_count() -> None:
    both = (WINDOW, WINDOW._replace(device=3))
    assert len(list(budget_chains(both))) == budget_sets(both).count("set ") == 1
    assert budget_elements(both)["purpose_budget"] == (
        "0x02000020 : goto window_600s_512000",
        "0x03000020 : goto window_600s_512000",
    )


def test_set_of_a_window_lives_as_long_as_the_window() -> None:
    assert "set sent_512000_in_600s { type mark; size 8192; flags dynamic,timeout; timeout 600s; }" in budget_sets([WINDOW])


def test_newcomers_share_some_budgets_of_a_purpose_however_many_they_are() -> None:
    newcomer = WINDOW._replace(newcomer=True)
    (chain,) = budget_chains([newcomer, newcomer._replace(device=9)])
    assert "{ ct mark & $BUDGET_MASK quota over 512000 bytes } goto spend" in chain
    assert "_by_newcomers { ct mark & $PURPOSE_MASK quota over 4096000 bytes } goto spend" in chain
    assert budget_sets([newcomer]).count("set ") == 2 and "newcomer" not in budget_sets([WINDOW])


def test_budget_of_a_flow_needs_no_set() -> None:
    assert budget_sets([FLOW]) == "" and budget_elements([FLOW])["flow_budget"] == ("0x01000220 : goto flow_64000",)
