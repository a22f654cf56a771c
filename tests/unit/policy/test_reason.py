from dataclasses import replace

import pytest

from gateway.model.device import Device, Mac
from gateway.model.moment import Grant
from gateway.model.purpose import Purpose
from gateway.policy import decide
from gateway.policy.reason import label
from tests.support.policies import BELL, NOON, PHONE, PLUG, TABLET, make_policy, make_subject, small_policy

PAUSED = replace(NOON, grants=(Grant(kind="pause", mac=BELL, purpose=None, until=9.0),))
ALLOWED = replace(NOON, grants=(Grant(kind="allowance", mac=BELL, purpose=Purpose.VIDEO, until=9.0),))
VIEWED = replace(NOON, grants=(Grant(kind="viewing", mac=BELL, purpose=Purpose.VIDEO, until=9.0),))
SEEN = replace(NOON, grants=(replace(VIEWED.grants[0], by="home", because="a phone opened it"),))


@pytest.mark.parametrize(
    "flow, moment, reason, would_pass_if",
    [
        ({"purpose": "media-streaming"}, NOON, "media-streaming is allowed for front-door (household.yaml:8)", ""),
        (
            {"purpose": "telemetry"},
            NOON,
            "telemetry is blocked for front-door (profiles/bell.yaml:10)",
            "telemetry were allowed for front-door, or for an hour with `netcurtain allow front-door telemetry --for 1h`",
        ),
        (
            {"purpose": "motion-event"},
            NOON,
            "motion-event is dropped for front-door (profiles/bell.yaml:8)",
            "motion-event were allowed for front-door, or for an hour with `netcurtain allow front-door motion-event --for 1h`",
        ),
        (
            {"purpose": "control"},
            NOON,
            "control is limited for front-door: let through within its budget (profiles/bell.yaml:11)",
            "",
        ),
        (
            {"purpose": "video"},
            NOON,
            "video of front-door is for its owner only, and nobody is viewing (profiles/bell.yaml:9)",
            "a viewing were open: `netcurtain view front-door --for 15m`",
        ),
        (
            {"purpose": "video"},
            VIEWED,
            "video of front-door is for its owner only, and a viewing is open (profiles/bell.yaml:9)",
            "",
        ),
        (
            {"purpose": "video"},
            SEEN,
            "video of front-door is for its owner only, and a viewing is open: a phone opened it (profiles/bell.yaml:9)",
            "",
        ),
        (
            {"purpose": "update"},
            NOON,
            "update of front-door passes only at 02:00-05:00 (profiles/bell.yaml:12)",
            "it were 02:00-05:00, or for an hour with `netcurtain allow front-door update --for 1h`",
        ),
        (
            {"purpose": "unknown"},
            NOON,
            "unknown of front-door waits for the household's answer (presets/recommended.yaml:4)",
            "the household said yes, or for an hour with `netcurtain allow front-door unknown --for 1h`",
        ),
        (
            {"purpose": "time"},
            NOON,
            "time of front-door is let through: the gateway's clock speaks NTP, not HTTP (profiles/bell.yaml:13)",
            "",
        ),
        (
            {"purpose": "time", "port": 123, "proto": 17},
            NOON,
            "time of front-door is answered by the gateway itself (profiles/bell.yaml:13)",
            "",
        ),
        (
            {"purpose": "time", "dns": True},
            NOON,
            "time of front-door is answered here where that is possible, so the name resolves (profiles/bell.yaml:13)",
            "",
        ),
        (
            {"purpose": "dns-escape", "port": 53},
            NOON,
            "dns-escape of front-door is answered by the gateway itself (profiles/bell.yaml:14)",
            "",
        ),
        (
            {"purpose": "account"},
            NOON,
            "account of front-door is to be answered by the gateway, which has no answer for it: refused "
            "(profiles/bell.yaml:15)",
            "account were allowed for front-door, or for an hour with `netcurtain allow front-door account --for 1h`",
        ),
        (
            {"purpose": "control", "name": "x.partner.example.org"},
            NOON,
            "an exception blocks *.partner.example.org for front-door (profiles/bell.yaml:17)",
            "the exception at profiles/bell.yaml:17 were removed, or for an hour with "
            "`netcurtain allow front-door control --for 1h`",
        ),
        (
            {"purpose": "control", "also": ("motion-event",), "name": "bell.example.com", "match": "bell.example.com"},
            NOON,
            "control is limited for front-door: let through within its budget; "
            "bell.example.com also serves motion-event, which could not be told apart (profiles/bell.yaml:11)",
            "",
        ),
        (
            {"purpose": "telemetry"},
            PAUSED,
            "a pause lets telemetry of front-door pass, which is else blocked (profiles/bell.yaml:10)",
            "",
        ),
        (
            {"purpose": "update"},
            PAUSED,
            "a pause lets update of front-door pass, which is else not in its hours (profiles/bell.yaml:12)",
            "",
        ),
        (
            {"purpose": "video"},
            ALLOWED,
            "an allowance lets video of front-door pass, which is else the owner's only (profiles/bell.yaml:9)",
            "",
        ),
        (
            {"mac": PHONE, "purpose": "telemetry"},
            NOON,
            "annas-phone is a trusted household device: what it sends is not judged (household.yaml:13)",
            "",
        ),
        (
            {"mac": PHONE, "purpose": "video", "peer": BELL},
            NOON,
            "video between annas-phone and front-door stays with its owner in the home (profiles/bell.yaml:9)",
            "",
        ),
        (
            {"mac": TABLET, "purpose": "video", "peer": BELL},
            NOON,
            "video may not go between guests-tablet and front-door: neither is an owner's (profiles/bell.yaml:9)",
            "guests-tablet were an owner's device (owners: in household.yaml), or for an hour with "
            "`netcurtain allow front-door video --for 1h`",
        ),
        (
            {"mac": BELL, "purpose": "video", "peer": PLUG},
            NOON,
            "video may not go between front-door and plug: neither is an owner's (profiles/bell.yaml:9)",
            "plug were an owner's device (owners: in household.yaml), or for an hour with "
            "`netcurtain allow front-door video --for 1h`",
        ),
        (
            {"mac": BELL, "purpose": "local", "peer": TABLET},
            NOON,
            "front-door may not reach guests-tablet in the home (built-in)",
            "local were allowed for front-door, or for an hour with `netcurtain allow front-door local --for 1h`",
        ),
    ],
)
def test_sentences(flow: dict[str, object], moment: object, reason: str, would_pass_if: str) -> None:
    decision = decide(small_policy(), make_subject(**flow), moment)
    assert (decision.reason, decision.would_pass_if) == (reason, would_pass_if)


def test_a_mixed_name_that_is_dropped() -> None:
    profile = {
        "household.yaml": """version: 1
devices: {front-door: {mac: "02:00:5e:10:00:01", profile: bell, mixed: {bell.example.com: drop}}}
"""
    }
    policy = make_policy(profile)
    subject = make_subject(name="bell.example.com", match="bell.example.com", also=("motion-event",), policy=policy)
    decision = decide(policy, subject, NOON)
    assert decision.reason == (
        "motion-event is dropped for front-door, and bell.example.com serves it among other things (profiles/bell.yaml:8)"
    )
    assert decision.would_pass_if.startswith("`mixed: {bell.example.com: keep}` stood with front-door, or for an hour")


@pytest.mark.parametrize(
    "mac, name, wanted", [(BELL, "front-door", "front-door"), (BELL, "", BELL), (Mac(""), "", "the device")]
)
def test_labels(mac: Mac, name: str, wanted: str) -> None:
    assert label(Device(mac=mac, id=name, profile="")) == wanted
