import pytest

from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy import observed as observed_module
from gateway.policy.observed import OTHERS, Observed, biggest_first
from tests.support.policies import BELL, FILES, NOON, make_policy, small_policy
from tests.support.records import device_of, make_record

HOUR = dict.fromkeys(Purpose, 3_600.0)
DAY_S = 86_400.0


def watch(*records, policy: Policy | None = None, at_home: bool = False) -> Observed:
    policy = policy or small_policy()
    found = Observed(policy, device_of(policy), HOUR)
    for record in records:
        found.add(record, at_home=at_home)
    return found


def test_counts() -> None:
    found = watch(
        make_record(bytes_toserver=700, bytes_toclient=90),
        make_record(bytes_toserver=300, started=NOON.wall + 2 * DAY_S, confidence=0.4),
        make_record(effect="refuse", action="limit", attempts=4),
        make_record("time", "redirect", action="answer", name="clock.example.net"),
    )
    seen = found.purposes[Purpose.CONTROL]
    assert (seen.flows, seen.tries, seen.passed, seen.spent, seen.answered) == (3, 6, 2, 1, 0)
    assert (seen.bytes_out, seen.bytes_in, seen.largest_bytes, seen.highest.most_bytes) == (1_000, 90, 700, 700)
    assert seen.names["bell.example.com"].json() == {
        "flows": 3, "tries": 6, "bytes_out": 1_000, "bytes_in": 90, "confidence": 0.9,
    }  # fmt: skip
    assert found.purposes[Purpose.TIME].answered == 1
    assert (found.flows, len(found.days), found.first, found.last) == (4, 2, NOON.wall, NOON.wall + 2 * DAY_S)


def test_what_passed_at_home_is_told_apart() -> None:
    assert watch(make_record("video"), at_home=True).purposes[Purpose.VIDEO].passed_at_home == 1
    assert watch(make_record("video", "refuse"), at_home=True).purposes[Purpose.VIDEO].passed_at_home == 0


def test_what_carries_no_name_is_told_apart() -> None:
    found = watch(make_record(proto=1), make_record(proto=17), make_record("cdn", "refuse", proto=1))
    assert [seen.passed_nameless for seen in found.purposes.values()] == [1, 0]


def test_what_names_that_passed_serve_too() -> None:
    found = watch(
        make_record(also=("motion-event", "brewing")), make_record("telemetry", "refuse", action="block", also=("update",))
    )
    assert found.beside == {Purpose.MOTION_EVENT}


def test_a_purpose_of_another_time_is_unknown() -> None:
    assert set(watch(make_record("brewing")).purposes) == {Purpose.UNKNOWN}


TARGETS = {
    "a name and its port": ({}, "bell.example.com:443"),
    "an address": ({"name": ""}, "198.51.100.77:443/tcp"),
    "a name that was asked for": ({"app_proto": "dns", "dport": 53}, "bell.example.com"),
}


@pytest.mark.parametrize(("given", "target"), TARGETS.values(), ids=TARGETS)
def test_how_an_exception_would_name_it(given: dict[str, object], target: str) -> None:
    (place,) = watch(make_record("unknown", **given)).purposes[Purpose.UNKNOWN].names.values()
    assert place.target == target


def test_doubtful_names_passed_for_a_purpose_that_is_thinly_evidenced() -> None:
    found = watch(
        make_record(name="sure.example.com", confidence=0.9),
        make_record(name="thin.example.com", confidence=0.3),
        make_record("unknown", name="who.example.com", confidence=0.2),
        make_record("telemetry", "refuse", action="block", name="gone.example.com", confidence=0.2),
    )
    assert found.doubtful(0.5) == ["thin.example.com"]


PARTNER = "x.partner.example.org"
BLOCKED = "*.partner.example.org"


def outer(action: str, *records) -> list[str]:
    """The profile's exceptions that are carried, where the one there is has this action."""
    text = FILES["profiles/bell.yaml"].replace(f'"{BLOCKED}", action: block', f'"{BLOCKED}", action: {action}')
    policy = make_policy({"profiles/bell.yaml": text})
    return [exemption.to[0].text for exemption in watch(*records, policy=policy).carried()]


def by_exception(policy: Policy) -> str:
    return str(policy.devices[BELL].levels[1].exemptions[0].ref)


@pytest.mark.parametrize(
    ("action", "given", "carried"),
    [
        pytest.param("block", {}, [BLOCKED], id="what it refuses stays refused"),
        pytest.param("block", {"name": PARTNER}, [], id="a nearer rule let it pass"),
        pytest.param("block", {"name": PARTNER, "effect": "refuse"}, [BLOCKED], id="it was refused"),
        pytest.param("allow", {}, [], id="what it let pass was never used"),
        pytest.param("allow", {"name": PARTNER}, [], id="what passed by another rule"),
        pytest.param("allow", {"name": PARTNER, "rule": by_exception(small_policy())}, [BLOCKED], id="what passed by it"),
    ],
)
def test_exceptions_of_the_profile(action: str, given: dict[str, str], carried: list[str]) -> None:
    assert outer(action, make_record(**given)) == carried


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed_module, "MAX_NAMES", 2)
    monkeypatch.setattr(observed_module, "MAX_DAYS", 3)
    found = watch(*(make_record(name=f"{n}.example.com", started=n * DAY_S, bytes_toserver=n) for n in range(6)))
    assert [name for name, _ in biggest_first(found.purposes[Purpose.CONTROL].names)] == [
        OTHERS, "1.example.com", "0.example.com",
    ]  # fmt: skip
    assert found.purposes[Purpose.CONTROL].names[OTHERS].target == ""
    assert len(found.days) == 3
