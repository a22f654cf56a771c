import time
from dataclasses import replace

import pytest
from hypothesis import given

from gateway.model.action import Action, Effect
from gateway.model.decision import Decision
from gateway.model.moment import Grant, Moment
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy import decide
from tests.support.policies import (
    BELL,
    FILES,
    MOMENTS,
    NOON,
    PHONE,
    PLUG,
    POLICIES,
    SUBJECTS,
    TABLET,
    berlin,
    make_policy,
    make_subject,
    small_policy,
)

VIEWING = Grant(kind="viewing", mac=BELL, purpose=Purpose.VIDEO, until=1e9)
PAUSE = Grant(kind="pause", mac=BELL, purpose=None, until=1e9)
PAUSE_ALL = Grant(kind="pause", mac=None, purpose=None, until=1e9)
NIGHT = Moment(wall=berlin("2026-11-23T03:00"))
UNSET = replace(NIGHT, wall_trusted=False)


def granted(*grants: Grant) -> Moment:
    return replace(NOON, grants=grants)


def decided(subject: object, moment: Moment = NOON) -> Decision:
    return decide(small_policy(), subject, moment)


@pytest.mark.parametrize(
    "purpose, moment, action, effect",
    [
        pytest.param("media-streaming", NOON, "allow", "pass", id="allow"),
        pytest.param("control", NOON, "limit", "pass", id="limit passes, counted"),
        pytest.param("telemetry", NOON, "block", "refuse", id="block"),
        pytest.param("motion-event", NOON, "drop", "drop", id="drop"),
        pytest.param("video", NOON, "owner-only", "refuse", id="owner-only without a viewing"),
        pytest.param("video", granted(VIEWING), "owner-only", "pass", id="owner-only in a viewing"),
        pytest.param("voice", granted(VIEWING), "owner-only", "pass", id="a viewing opens sound too"),
        pytest.param("telemetry", granted(VIEWING), "block", "refuse", id="a viewing opens nothing else"),
        pytest.param("unknown", NOON, "ask", "refuse", id="ask"),
        pytest.param("time", NOON, "answer", "pass", id="a clock over HTTPS cannot be answered"),
        pytest.param("account", NOON, "answer", "refuse", id="answer without an answer"),
        pytest.param("update", NIGHT, "allow", "pass", id="schedule open"),
        pytest.param("update", NOON, "block", "refuse", id="schedule closed"),
        pytest.param("update", UNSET, "block", "refuse", id="no clock: schedule closed"),
        pytest.param("advertising", NOON, "drop", "drop", id="family before preset"),
        pytest.param("mesh-sharing", NOON, "block", "refuse", id="preset"),
        pytest.param("cdn", NOON, "block", "refuse", id="household defaults"),
        pytest.param("connectivity-check", NOON, "limit", "pass", id="last resort"),
        pytest.param("telemetry", granted(PAUSE), "allow", "pass", id="pause"),
        pytest.param("telemetry", granted(PAUSE_ALL), "allow", "pass", id="pause of all devices"),
        pytest.param("update", granted(PAUSE), "allow", "pass", id="pause opens a closed schedule"),
        pytest.param("video", granted(PAUSE), "allow", "pass", id="pause opens owner-only"),
        pytest.param("unknown", granted(PAUSE), "allow", "pass", id="pause spares the question"),
        pytest.param("telemetry", granted(replace(PAUSE, mac=PLUG)), "block", "refuse", id="somebody else's pause"),
        pytest.param("telemetry", granted(replace(PAUSE, purpose=Purpose.VIDEO)), "block", "refuse", id="other purpose"),
        pytest.param(
            "telemetry",
            granted(Grant(kind="allowance", mac=BELL, purpose=Purpose.TELEMETRY, until=1e9)),
            "allow",
            "pass",
            id="allowance",
        ),
        pytest.param(
            "telemetry",
            granted(Grant(kind="allowance", mac=BELL, purpose=None, until=1e9)),
            "block",
            "refuse",
            id="an allowance names its purpose",
        ),
    ],
)
def test_one_purpose(purpose: str, moment: Moment, action: str, effect: str) -> None:
    decision = decided(make_subject(purpose=purpose), moment)
    assert (decision.action, decision.effect, decision.purpose) == (action, effect, purpose)
    assert bool(decision.would_pass_if) is (effect in ("refuse", "drop"))
    assert decision.confidence == 0.5


@pytest.mark.parametrize(
    "purpose, question", [("unknown", True), ("control", False), ("telemetry", False)], ids=["ask", "limit", "block"]
)
def test_only_ask_asks(purpose: str, question: bool) -> None:
    assert decided(make_subject(purpose=purpose)).question is question


@pytest.mark.parametrize(
    "flow, effect",
    [
        pytest.param({"port": 53, "proto": 17}, "redirect", id="plain DNS"),
        pytest.param({"port": 853}, "refuse", id="DNS over TLS"),
        pytest.param({"port": 443, "name": "dns.example.org"}, "refuse", id="DNS over HTTPS"),
        pytest.param({"port": 53, "proto": 17, "dns": True}, "refuse", id="a query about its name"),
    ],
)
def test_dns_escape(flow: dict[str, object], effect: str) -> None:
    assert decided(make_subject(purpose="dns-escape", **flow)).effect == effect


REPORTS_ANSWERED = "telemetry: answer\n  connectivity-check: answer"
ANSWERING = make_policy({"profiles/bell.yaml": FILES["profiles/bell.yaml"].replace("telemetry: block", REPORTS_ANSWERED)})
KNOWN, UNKNOWN = "check.example.com", "other.example.com"


@pytest.mark.parametrize(
    "purpose, flow, effect",
    [
        pytest.param("time", {"port": 123, "proto": 17}, "redirect", id="NTP"),
        pytest.param("time", {"port": 123, "proto": 17, "name": "time.example.org"}, "redirect", id="NTP of a name"),
        pytest.param("time", {"port": 123, "proto": 6}, "refuse", id="NTP is UDP"),
        pytest.param("time", {"port": 4460}, "refuse", id="NTS falls back to NTP"),
        pytest.param("time", {"port": 80, "name": "time.example.org"}, "pass", id="a clock over HTTP"),
        pytest.param("time", {"port": 443, "proto": 17}, "pass", id="a clock over QUIC"),
        pytest.param("time", {"dns": True, "name": "time.example.org"}, "pass", id="clocks resolve"),
        pytest.param("connectivity-check", {"port": 80, "name": KNOWN}, "redirect", id="a known check"),
        pytest.param("connectivity-check", {"port": 80, "proto": 17, "name": KNOWN}, "pass", id="HTTP is TCP"),
        pytest.param("connectivity-check", {"port": 443, "name": KNOWN}, "pass", id="over TLS nobody can answer it"),
        pytest.param("connectivity-check", {"port": 80, "name": UNKNOWN}, "pass", id="a check nobody described"),
        pytest.param("connectivity-check", {"port": 80}, "pass", id="a check without a name"),
        pytest.param("connectivity-check", {"dns": True, "name": UNKNOWN}, "pass", id="checks resolve"),
        pytest.param("telemetry", {"port": 80, "name": KNOWN}, "redirect", id="reports with a known reply"),
        pytest.param("telemetry", {"port": 443, "name": KNOWN}, "refuse", id="reports over TLS"),
        pytest.param("telemetry", {"dns": True, "name": KNOWN}, "pass", id="reports with a known reply resolve"),
        pytest.param("telemetry", {"dns": True, "name": UNKNOWN}, "refuse", id="others do not"),
        pytest.param("telemetry", {"port": 80, "name": UNKNOWN}, "refuse", id="reports without one"),
    ],
)
def test_answer(purpose: str, flow: dict[str, object], effect: str) -> None:
    decision = decide(ANSWERING, make_subject(purpose=purpose, policy=ANSWERING, **flow), NOON)
    assert (decision.action, decision.effect) == ("answer", effect)


def test_a_pause_leaves_redirects_alone_unless_it_names_them() -> None:
    flow = make_subject(purpose="dns-escape", port=53, proto=17)
    assert decided(flow, granted(PAUSE)).effect is Effect.REDIRECT
    assert decided(flow, granted(replace(PAUSE, purpose=Purpose.DNS_ESCAPE))).effect is Effect.PASS


@pytest.mark.parametrize(
    "flow, moment, action, rule",
    [
        pytest.param({"name": "api.example.com"}, NOON, "allow", "household.yaml:10", id="allowed by name and port"),
        pytest.param({"name": "v2.api.example.com"}, NOON, "allow", "household.yaml:10", id="and what is below it"),
        pytest.param({"name": "api.example.com", "port": 80}, NOON, "block", "profiles/bell.yaml:10", id="other port"),
        pytest.param({"name": "napi.example.com"}, NOON, "block", "profiles/bell.yaml:10", id="other name"),
        pytest.param(
            {"name": "api.example.com"}, Moment(wall=berlin("2026-12-24T17:59")), "allow", "household.yaml:10", id="just before"
        ),
        pytest.param(
            {"name": "api.example.com"}, Moment(wall=berlin("2026-12-24T18:00")), "block", "profiles/bell.yaml:10", id="over"
        ),
        pytest.param(
            {"name": "api.example.com"}, UNSET, "block", "profiles/bell.yaml:10", id="no clock: what loosens does not apply"
        ),
        pytest.param({"address": b"\xcb\x00\x71\x09"}, NOON, "drop", "household.yaml:11", id="network"),
        pytest.param(
            {"name": "api.example.com", "dns": True, "port": 53},
            NOON,
            "allow",
            "household.yaml:10",
            id="DNS, whatever the port",
        ),
        pytest.param(
            {"name": "api.example.com", "dns": True, "port": 0}, NOON, "allow", "household.yaml:10", id="DNS without a port"
        ),
        pytest.param({"name": "x.partner.example.org"}, NOON, "block", "profiles/bell.yaml:17", id="of the profile"),
    ],
)
def test_exceptions(flow: dict[str, object], moment: Moment, action: str, rule: str) -> None:
    decision = decided(make_subject(purpose="telemetry", **flow), moment)
    assert (decision.action, str(decision.rule)) == (action, rule)


def test_levels_are_asked_from_near_to_far() -> None:
    partner = {"name": "x.partner.example.org"}
    assert decided(make_subject(purpose="media-streaming", **partner)).action is Action.ALLOW  # the device's rule
    assert decided(make_subject(purpose="control", **partner)).action is Action.BLOCK  # the profile's exception
    assert decided(make_subject(purpose="control")).action is Action.LIMIT  # the profile's rule


def test_a_blocking_exception_for_one_port_does_not_close_the_name() -> None:
    policy = make_policy(
        {
            "household.yaml": """version: 1
devices:
  front-door: {mac: "02:00:5e:10:00:01", profile: bell, exceptions: [{to: "x.example.com:80", action: block}]}
"""
        }
    )
    query = make_subject(name="x.example.com", dns=True, port=53, policy=policy)
    assert decide(policy, query, NOON).effect is Effect.PASS
    assert decide(policy, make_subject(name="x.example.com", port=80, policy=policy), NOON).effect is Effect.REFUSE


@pytest.mark.parametrize(
    "also, mixed, purpose, action, could_not_tell",
    [
        pytest.param(("motion-event",), "keep", "control", "limit", True, id="keep"),
        pytest.param(("motion-event",), "drop", "motion-event", "drop", True, id="drop"),
        pytest.param(("media-streaming",), "drop", "control", "limit", False, id="the other is no stricter than limit"),
        pytest.param(("video",), "drop", "video", "owner-only", True, id="owner-only is stricter than limit"),
        pytest.param(("video", "motion-event"), "drop", "motion-event", "drop", True, id="the strictest judges"),
        pytest.param(("control",), "drop", "control", "limit", False, id="itself"),
    ],
)
def test_mixed_names(also: tuple[str, ...], mixed: str, purpose: str, action: str, could_not_tell: bool) -> None:
    policy = make_policy(
        {
            "household.yaml": f"""version: 1
devices:
  front-door: {{mac: "02:00:5e:10:00:01", profile: bell, mixed: {{bell.example.com: {mixed}}}}}
"""
        }
    )
    subject = make_subject(name="eu.bell.example.com", match="bell.example.com", also=also, policy=policy)
    decision = decide(policy, subject, NOON)
    assert (decision.purpose, decision.action, decision.mixed) == (purpose, action, could_not_tell)


def test_a_main_purpose_that_is_as_strict_judges_alone() -> None:
    decision = decided(make_subject(purpose="telemetry", also=("motion-event",), match="bell.example.com"))
    assert (decision.purpose, decision.mixed) == ("telemetry", False)


@pytest.mark.parametrize(
    "purpose, effect",
    [
        ("telemetry", "refuse"),
        ("motion-event", "drop"),
        ("account", "refuse"),
        ("update", "refuse"),
        ("unknown", "pass"),
        ("video", "pass"),
        ("time", "pass"),
        ("control", "pass"),
    ],
)
def test_names_resolve_unless_every_flow_would_be_refused(purpose: str, effect: str) -> None:
    decision = decided(make_subject(purpose=purpose, dns=True, port=53, proto=17))
    assert (decision.effect, decision.question) == (effect, False)


def test_a_trusted_device_is_not_judged() -> None:
    decision = decided(make_subject(PHONE, "telemetry"))
    assert (decision.action, decision.effect, str(decision.rule)) == ("allow", "pass", "household.yaml:13")


@pytest.mark.parametrize(
    "mac, peer, purpose, effect",
    [
        pytest.param(PHONE, BELL, "video", "pass", id="the owner's phone views"),
        pytest.param(TABLET, BELL, "video", "refuse", id="a guest's tablet does not"),
        pytest.param(BELL, PHONE, "video", "pass", id="the camera sends to the owner's phone"),
        pytest.param(BELL, TABLET, "video", "refuse", id="but not to a guest's"),
        pytest.param(BELL, PLUG, "video", "refuse", id="nor to a gadget"),
        pytest.param(PHONE, BELL, "local", "pass", id="the owner's phone reaches a gadget"),
        pytest.param(TABLET, BELL, "local", "pass", id="so does a guest's, unless the policy says otherwise"),
        pytest.param(BELL, PHONE, "local", "refuse", id="a gadget does not open flows to a phone"),
        pytest.param(BELL, PHONE, "dns-escape", "refuse", id="whatever it is for"),
        pytest.param(BELL, PLUG, "local", "pass", id="gadgets among themselves"),
        pytest.param(PHONE, TABLET, "local", "pass", id="household devices among themselves"),
    ],
)
def test_within_the_home(mac: str, peer: str, purpose: str, effect: str) -> None:
    decision = decided(make_subject(mac, purpose, peer=peer))
    assert decision.effect == effect
    assert (decision.action is Action.ALLOW or decision.action is Action.LIMIT) is (effect == "pass")


def test_the_side_that_opened_a_flow_counts() -> None:
    assert decided(make_subject(BELL, "local", peer=PHONE, inbound=True)).effect is Effect.PASS


@pytest.mark.parametrize(
    "action, tablet, plug, phone",
    [
        ("allow", "pass", "pass", "pass"),
        ("block", "refuse", "refuse", "pass"),
        ("drop", "drop", "drop", "pass"),
        ("ask", "refuse", "refuse", "pass"),
    ],
)
def test_local_by_rule(action: str, tablet: str, plug: str, phone: str) -> None:
    household = small_files_with(f"local: {action}")
    for opener, effect in ((TABLET, tablet), (PLUG, plug), (PHONE, phone)):
        assert decide(household, make_subject(opener, "local", peer=BELL, policy=household), NOON).effect == effect
    reached = decide(household, make_subject(BELL, "local", peer=TABLET, policy=household), NOON)
    assert reached.effect == ("pass" if action == "allow" else tablet)


def test_an_exception_opens_the_way_to_a_household_device() -> None:
    policy = small_files_with("local: block", "exceptions: [{to: 192.168.1.9, action: allow}]")
    there = make_subject(BELL, "local", peer=TABLET, address=b"\xc0\xa8\x01\x09", policy=policy)
    assert decide(policy, there, NOON).effect is Effect.PASS
    assert decide(policy, replace(there, address=b"\xc0\xa8\x01\x0a"), NOON).effect is Effect.REFUSE


def test_video_that_a_policy_allows_to_all_goes_to_all() -> None:
    policy = small_files_with("video: allow")
    assert decide(policy, make_subject(TABLET, "video", peer=BELL, policy=policy), NOON).effect is Effect.PASS


def test_a_pause_opens_the_home_too() -> None:
    decision = decided(make_subject(TABLET, "video", peer=BELL), granted(PAUSE))
    assert (decision.effect, decision.grant) == ("pass", "pause")


def small_files_with(rule: str, more: str = "") -> object:
    return make_policy(
        {
            "household.yaml": f"""version: 1
devices:
  front-door: {{mac: "02:00:5e:10:00:01", profile: bell, rules: {{{rule}}}{", " + more if more else ""}}}
  plug: {{mac: "02:00:5e:10:00:02", rules: {{{rule}}}}}
  annas-phone: {{mac: "02:00:5e:10:00:aa", trusted: true}}
  guests-tablet: {{mac: "02:00:5e:10:00:ab", trusted: true}}
owners: {{anna: {{devices: [annas-phone]}}}}
"""
        }
    )


def test_budgets_go_with_what_passes() -> None:
    assert decided(make_subject(purpose="control")).budget_bytes == 512_000
    assert decided(make_subject(purpose="telemetry")).budget_bytes == 0


SHADOWS = {
    "block": ("telemetry: {action: block, shadow: true}", "telemetry", ("limit", "block")),
    "drop": ("telemetry: {action: drop, shadow: true}", "telemetry", ("limit", "drop")),
    "answered here": ("time: {action: answer, shadow: true}", "time", ("limit", "answer")),
    "not in its hours": ('update: {action: allow, when: "02:00-05:00", shadow: true}', "update", ("limit", "block")),
    "as the level below": ("advertising: {action: drop, shadow: true}", "advertising", ("drop", None)),
    "milder than the level below": ("advertising: {action: allow, shadow: true}", "advertising", ("drop", None)),
    "another purpose": ("telemetry: {action: block, shadow: true}", "update", ("limit", None)),
}
"""The bell's own rule -> what is in force (where the profile says nothing), and what the shadow would have done."""
QUIET_BELL = FILES["profiles/bell.yaml"].replace("  telemetry: block\n", "").replace("  time: answer\n", "")
QUIET_BELL = QUIET_BELL.replace('  update: {action: allow, when: "02:00-05:00"}\n', "")


def with_rule(rule: str) -> Policy:
    household = FILES["household.yaml"].replace("media-streaming: allow", rule)
    return make_policy({"profiles/bell.yaml": QUIET_BELL, "household.yaml": household})


@pytest.mark.parametrize("name", SHADOWS)
def test_a_rule_in_shadow_decides_nothing_and_is_told_of(name: str) -> None:
    rule, purpose, (action, would) = SHADOWS[name]
    policy = with_rule(rule)
    where = {"port": 123, "proto": 17} if purpose == "time" else {}
    decision = decide(policy, make_subject(purpose=purpose, policy=policy, **where), NOON)
    assert (decision.action, decision.would) == (action, would)
    assert str(decision.would_rule) == ("household.yaml:8" if would else "None")
    assert ("a rule in shadow would have" in decision.reason) is bool(would)


def test_a_shadow_over_a_name_that_serves_more() -> None:
    policy = with_rule("telemetry: {action: block, shadow: true}")
    subject = make_subject(purpose="control", also=("telemetry",), name="x.example.com", policy=policy)
    assert (decide(policy, subject, NOON).mixed, decide(policy, subject, NOON).would) == (False, None)  # kept, if it came to it


def test_what_a_shadow_foresees_a_pause_would_let_pass() -> None:
    policy = with_rule("telemetry: {action: block, shadow: true}")
    pause = replace(NOON, grants=(Grant(kind="pause", mac=None, purpose=None, until=9e9),))
    assert decide(policy, make_subject(purpose="telemetry", policy=policy), pause).would is None


def test_what_was_taken_back_holds_no_longer_for_its_device() -> None:
    policy = with_rule("telemetry: {action: block, trial: 3d}")
    entry = policy.devices[BELL]
    assert [(str(purpose), rule.trial_s) for purpose, rule in entry.trials] == [("telemetry", 3 * 86_400.0)]
    subject = make_subject(purpose="telemetry", policy=policy)
    assert decide(policy, subject, NOON).action is Action.BLOCK
    milder = replace(policy, taken_back={BELL: replace(entry, levels=entry.levels[1:])})
    assert decide(milder, subject, NOON).action is Action.LIMIT


@given(policy=POLICIES, subject=SUBJECTS, moment=MOMENTS)
def test_any_arguments_give_a_decision(policy, subject, moment) -> None:
    decision = decide(policy, subject, moment)
    assert decision.reason
    assert decision == decide(policy, subject, moment)
    assert isinstance(decision.purpose, Purpose) and isinstance(decision.action, Action)
    if decision.effect in (Effect.REFUSE, Effect.DROP):
        assert decision.would_pass_if and not decision.grant
    if decision.grant:
        assert decision.effect is Effect.PASS and moment.grants


def test_a_decision_is_quick() -> None:
    policy, subject = small_policy(), make_subject(purpose="telemetry", name="v.example.com")
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(200):
            decide(policy, subject, NOON)
        best = min(best, (time.perf_counter() - began) / 200)
    assert best < 60e-6  # about 7 us where nothing else runs


BRIDGE = make_policy({"profiles/bell.yaml": FILES["profiles/bell.yaml"].replace("family:", "mesh_bridge: true\nfamily:")})


@pytest.mark.parametrize(
    "purpose, moment, possible",
    [
        pytest.param("unknown", NOON, True, id="nobody knows it"),
        pytest.param("direct-address", NOON, False, id="let through within its budget"),
        pytest.param("telemetry", NOON, False, id="known and refused"),
        pytest.param("mesh-sharing", NOON, False, id="known to be it"),
        pytest.param("unknown", granted(PAUSE), False, id="let through by a pause"),
    ],
)
def test_what_a_bridge_sends_without_a_purpose_is_possibly_strangers(purpose: str, moment: Moment, possible: bool) -> None:
    decision = decide(BRIDGE, make_subject(purpose=purpose, policy=BRIDGE), moment)
    assert decision.possible == (Purpose.MESH_SHARING if possible else None)
    assert ("possible mesh sharing" in decision.reason) is possible
    assert decision.purpose == purpose
    assert decided(make_subject(purpose=purpose), moment).possible is None, "no bridge"
