import pytest

from gateway.model.action import Action, Effect
from gateway.model.purpose import Purpose
from gateway.policy import what_if
from gateway.policy.treatment import Treatment
from gateway.policy.what_if import OTHERS, SPENT, Change, Cost, Kind, WhatIf, far_end, label
from tests.support.policies import NOON
from tests.support.records import make_record

ALLOW = Treatment(Purpose.CONTROL, Action.ALLOW, Effect.PASS, "profiles/bell.yaml:8")
BLOCK = Treatment(Purpose.CONTROL, Action.BLOCK, Effect.REFUSE, "household.yaml:3")
DROP = BLOCK._replace(action=Action.DROP, effect=Effect.DROP)
ANSWER = BLOCK._replace(action=Action.ANSWER, effect=Effect.REDIRECT)
LIMIT = ALLOW._replace(action=Action.LIMIT, budget_bytes=10_000, budget_window_s=600.0)
MORE, LESS = LIMIT._replace(budget_bytes=20_000), LIMIT._replace(budget_bytes=5_000)
LONGER = LIMIT._replace(budget_window_s=3_600.0)
ELSEWHERE = ALLOW._replace(rule="household.yaml:9")

KINDS = {
    "nothing": (ALLOW, ALLOW, None),
    "the same by another rule": (ALLOW, ELSEWHERE, None),
    "refused": (ALLOW, BLOCK, "stopped"),
    "answered here": (LIMIT, ANSWER, "stopped"),
    "let out": (DROP, LIMIT, "passes"),
    "no more answered here": (ANSWER, ALLOW, "passes"),
    "another manner": (BLOCK, DROP, "manner"),
    "answered, not refused": (BLOCK, ANSWER, "manner"),
    "a larger budget": (LIMIT, MORE, "manner"),
    "a smaller one, with room": (LIMIT, LESS, "manner"),
    "a budget where there was none": (ALLOW, LIMIT, "manner"),
    "asked when it is spent": (LIMIT, LIMIT._replace(then_ask=True), "manner"),
    "another purpose, treated alike": (ALLOW, ALLOW._replace(purpose=Purpose.CDN), "manner"),
}


@pytest.mark.parametrize(("before", "after", "kind"), KINDS.values(), ids=KINDS)
def test_what_changes(before: Treatment, after: Treatment, kind: str | None) -> None:
    found = WhatIf()
    found.add(make_record(bytes_toserver=400), before, after)
    assert [change.kind for change in found.changes()] == ([kind] if kind else [])
    assert (found.flows, found.unchanged) == (1, 0 if kind else 1)


def test_flows_that_change_alike_are_one_line() -> None:
    found = WhatIf()
    for tries in (1, 3):
        found.add(make_record(bytes_toserver=100, bytes_toclient=50, held_bytes=7, attempts=tries), ALLOW, BLOCK)
    (change,) = found.changes()
    assert change.json() | {"before": 0, "after": 0} == {
        "change": "stopped", "device": "front-door", "mac": "02:00:5e:10:00:01", "purpose": "control",
        "name": "bell.example.com", "flows": 2, "tries": 4, "bytes_out": 200, "bytes_in": 100, "held_bytes": 14, "before": 0,
        "after": 0, "cut": False, "cost": "", "breaks": "", "advice": "",
    }  # fmt: skip
    assert change.json()["after"] == {
        "purpose": "control", "action": "block", "effect": "refuse", "rule": "household.yaml:3", "says": "block",
    }  # fmt: skip


def test_a_smaller_budget_cuts_what_has_no_room_in_it() -> None:
    found = WhatIf()
    for second in range(4):
        found.add(make_record(bytes_toserver=2_000, bytes_toclient=9_000, started=NOON.wall + second), LIMIT, LESS)
    stopped, manner = found.changes()
    assert (stopped.kind, stopped.cut, stopped.flows, stopped.bytes_out, stopped.bytes_in) == ("stopped", True, 2, 3_000, 0)
    assert (manner.kind, manner.flows) == ("manner", 2)


def test_what_a_flow_did_under_its_own_budget_is_no_change() -> None:
    """All it sent counts from its beginning: a connection of days looks as if it had run over, then as now."""
    found = WhatIf()
    found.add(make_record(bytes_toserver=10**6), LIMIT, LIMIT)
    found.add(make_record(bytes_toserver=10**6, started=NOON.wall + 700), LIMIT, MORE)
    assert [(change.kind, change.cut) for change in found.changes()] == [(Kind.MANNER, False)]


SPENDING = {
    "the same budget": (LIMIT, None, False),
    "a smaller one": (LESS, "manner", False),
    "refused instead": (BLOCK, "manner", False),
    "allowed outright": (ALLOW, "passes", False),
    "a larger one": (MORE, None, True),
    "another window": (LONGER, None, True),
}


@pytest.mark.parametrize(("after", "kind", "unjudged"), SPENDING.values(), ids=SPENDING)
def test_what_was_stopped_by_a_spent_budget(after: Treatment, kind: str | None, unjudged: bool) -> None:
    found = WhatIf()
    found.add(make_record(effect="refuse", action="limit", attempts=5), LIMIT, after)
    assert [change.kind for change in found.changes()] == ([kind] if kind else [])
    assert [(one.why, one.flows, one.tries) for one in found.unjudged()] == ([(SPENT, 1, 5)] if unjudged else [])


def test_the_most_consequential_comes_first() -> None:
    found = WhatIf()
    found.add(make_record(name="manner.example.com"), BLOCK, DROP)
    found.add(make_record(name="passes.example.com"), BLOCK, ALLOW)
    found.add(make_record(name="small.example.com", bytes_toserver=1), ALLOW, BLOCK)
    unknown = (treatment._replace(purpose=Purpose.UNKNOWN) for treatment in (ALLOW, BLOCK))
    found.add(make_record("unknown", name="large-unknown.example.com", bytes_toserver=10**9), *unknown)
    found.add(make_record(name="large.example.com", bytes_toserver=10**6), ALLOW, BLOCK)
    found.add(make_record(name="dear.example.com"), ALLOW, BLOCK)

    def cost_of(change: Change) -> Cost:
        return Cost("the bell falls silent", "") if change.name.startswith("dear") else Cost()

    names = [change.name.partition(".")[0] for change in found.changes(cost_of)]
    assert names == ["dear", "large", "small", "large-unknown", "passes", "manner"]
    assert found.changes(cost_of)[0].json()["cost"] == "the bell falls silent"


def test_a_change_goes_by_the_purpose_that_stops_it() -> None:
    found = WhatIf()
    found.add(make_record(), ALLOW, BLOCK._replace(purpose=Purpose.MOTION_EVENT))
    found.add(make_record(), BLOCK._replace(purpose=Purpose.MOTION_EVENT), ALLOW)
    assert [change.purpose for change in found.changes()] == [Purpose.MOTION_EVENT, Purpose.MOTION_EVENT]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "MAX_CHANGES", 2)
    monkeypatch.setattr(what_if, "MAX_REASONS", 2)
    found = WhatIf()
    for number in range(5):
        found.add(make_record(name=f"{number}.example.com"), ALLOW, BLOCK)
        found.leave(make_record(device_id=f"d{number}"), "nobody knows")
    assert [(change.name, change.flows) for change in found.changes()] == [
        (OTHERS, 3), ("0.example.com", 1), ("1.example.com", 1),
    ]  # fmt: skip
    assert [(one.device, one.flows) for one in found.unjudged()] == [(OTHERS, 3), ("d0", 1), ("d1", 1)]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        pytest.param({}, "198.51.100.77:443/tcp", id="IPv4"),
        pytest.param({"dst": bytes.fromhex("20010db8000000000000000000000001")}, "[2001:db8::1]:443/tcp", id="IPv6"),
        pytest.param({"proto": 1, "dport": 0}, "198.51.100.77/icmp", id="no port"),
        pytest.param({"proto": 99, "dport": 0}, "198.51.100.77/99", id="no name"),
    ],
)
def test_where_it_went(where: dict[str, object], text: str) -> None:
    assert far_end(make_record(**where)) == text


def test_whose_it_was() -> None:
    assert label(make_record()) == "front-door"
    assert label(make_record(device_id="")) == "02:00:5e:10:00:01"
    assert label(make_record(device_id="", device="")) == "192.168.50.4"
