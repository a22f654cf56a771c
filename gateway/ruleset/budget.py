"""Budgets: how much one purpose of one device may send, counted by the kernel.

A budget for one flow is compared with the connection's own counter, before the packet is let out. A budget for a window counts
in a set whose elements (device and purpose, as in the mark) live as long as the window: the packet that does not fit any more
is dropped, and when it comes again it is asked about. The sets say in their names what they count, so that they go on counting
when the ruleset is loaded anew.
"""

from collections.abc import Iterable, Iterator, Sequence

from gateway.model.command import Budget
from gateway.model.mark import pack

SIZE = 8_192
"""Elements of one set: more than devices times purposes."""
LEAST_BURST_BYTES = 16_384
NEWCOMERS = 8
"""So many times the budget of one device, all that nobody has named share: to be somebody new all the time gains little."""


def budget_sets(budgets: Iterable[Budget]) -> str:
    """The sets that count."""
    budgets = tuple(budgets)
    windows = [budget for budget in budgets if budget.window_s and budget.size_bytes]
    counted = {(_sent(budget), budget.window_s) for budget in windows}
    counted |= {(_sent_by_newcomers(budget), budget.window_s) for budget in windows if budget.newcomer}
    paced = {(_rate(budget), 60) for budget in budgets if budget.rate_bytes_s}
    sets = sorted(counted) + sorted(paced)
    return "".join(f"  set {name} {{ type mark; size {SIZE}; flags dynamic,timeout; timeout {s}s; }}\n" for name, s in sets)


def budget_chains(budgets: Iterable[Budget]) -> Iterator[str]:
    """One chain for each budget that somebody has."""
    for name, budget in sorted({_chain(budget): budget for budget in budgets}.items()):
        yield f"  chain {name} {{\n" + "".join(f"    {rule}\n" for rule in _rules(budget)) + "  }"


def budget_elements(budgets: Sequence[Budget]) -> dict[str, tuple[str, ...]]:
    """Map -> elements: which chain a device and purpose go to."""
    return {
        "flow_budget": tuple(_element(budget) for budget in budgets if not budget.window_s),
        "purpose_budget": tuple(_element(budget) for budget in budgets if budget.window_s),
    }


def _rules(budget: Budget) -> Iterator[str]:
    if rate := budget.rate_bytes_s:
        over = f"limit rate over {rate} bytes/second burst {max(rate, LEAST_BURST_BYTES)} bytes"
        yield f"update @{_rate(budget)} {{ ct mark & $BUDGET_MASK {over} }} drop"
    if budget.window_s and budget.size_bytes:
        yield f"add @{_sent(budget)} {{ ct mark & $BUDGET_MASK quota over {budget.size_bytes} bytes }} goto spend"
        if budget.newcomer:
            over = f"quota over {NEWCOMERS * budget.size_bytes} bytes"
            yield f"add @{_sent_by_newcomers(budget)} {{ ct mark & $PURPOSE_MASK {over} }} goto spend"
    elif budget.size_bytes:
        yield f"ct original bytes > {budget.size_bytes} goto overspent"
    if budget.window_s:
        yield "accept"


def _element(budget: Budget) -> str:
    return f"{pack(budget.device, 0, budget.purpose, 0):#010x} : goto {_chain(budget)}"


def _chain(budget: Budget) -> str:
    kind = f"window_{budget.window_s}s" if budget.window_s else "flow"
    rate = f"_at_{budget.rate_bytes_s}" if budget.rate_bytes_s else ""
    return f"{kind}_{budget.size_bytes}{rate}" + ("_newcomer" if budget.newcomer else "")


def _sent(budget: Budget) -> str:
    return f"sent_{budget.size_bytes}_in_{budget.window_s}s"


def _sent_by_newcomers(budget: Budget) -> str:
    return f"{_sent(budget)}_by_newcomers"


def _rate(budget: Budget) -> str:
    return f"rate_{budget.rate_bytes_s}"
