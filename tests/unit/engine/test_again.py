"""Records judged again: under the same policy what was written down, under another what it says; never a guess."""


import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine import again as again_module
from gateway.engine.again import AT_HOME, NO_MAIN, OTHER_KNOWLEDGE, UNDECIDED, Again, Twice
from gateway.model.action import Action
from gateway.model.packet import TCP, UDP
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from tests.support.policies import BELL, FILES, PHONE, PLUG, berlin, make_policy, small_policy
from tests.support.records import GADGET_AT, device_of, judged_record, make_flow, make_record

NIGHT, NOON = berlin("2026-11-23T03:00"), berlin("2026-11-22T12:00")
STRANGER = "02:00:00:00:00:99"


def household(old: str, new: str) -> Policy:
    """The small policy, with another word in the household's file."""
    assert old in FILES["household.yaml"]
    return make_policy({"household.yaml": FILES["household.yaml"].replace(old, new)})


def with_rules(rules: str) -> Policy:
    """The small policy, with other rules of the bell's own."""
    return household("{media-streaming: allow}", rules)


def judged(draft: Policy, record: FlowRecord, present: Policy | None = None) -> Twice | str:
    return Again(present or small_policy(), draft).judge(record)


def words(found: Twice | str) -> str:
    """``limit pass -> block refuse``, or why not."""
    if isinstance(found, str):
        return found
    return " -> ".join(f"{one.action} {one.effect}" for one in found)


FLOWS = st.builds(
    make_flow,
    st.sampled_from(
        ["", "bell.example.com", "a-metrics.example.com", "x.partner.example.org", "api.example.com", "who.example.net"]
    ),
    source=st.sampled_from(["sni", "dns", "http"]),
    app=st.sampled_from(["tls", "http", "unknown", "stun", "ntp", "mqtt"]),
    port=st.sampled_from([443, 80, 123, 7_076]),
    proto=st.sampled_from([TCP, UDP, 1]),
    bytes_out=st.sampled_from([0, 900, 65_000, 400_000]),
    bytes_in=st.sampled_from([0, 900, 65_000]),
)


@given(FLOWS, st.sampled_from([BELL, PLUG, PHONE]), st.sampled_from([NOON, NIGHT]), st.booleans())
def test_under_the_same_policy_it_is_what_was_written_down(flow, mac, at: float, viewing: bool) -> None:
    policy = small_policy()
    record = judged_record(policy, flow, device=device_of(policy, mac), at=at, viewing=viewing)
    found = judged(policy, record)
    assert isinstance(found, Twice)
    assert found.before == found.after
    assert (found.before.purpose, found.before.action, found.before.effect, found.before.rule) == (
        record.purpose, record.action, record.effect, record.rule,
    )  # fmt: skip


METRICS = make_flow("a-metrics.example.com")
RULES = {
    "blocked from now on": ("{control: block}", make_flow("bell.example.com"), NOON, "limit pass -> block refuse"),
    "answered, not blocked": ("{telemetry: answer}", METRICS, NOON, "block refuse -> answer refuse"),
    "let out": ("{telemetry: allow}", METRICS, NOON, "block refuse -> allow pass"),
    "in the draft's hours": ('{telemetry: {action: allow, when: "02:00-05:00"}}', METRICS, NIGHT, "block refuse -> allow pass"),
    "outside them": ('{telemetry: {action: allow, when: "02:00-05:00"}}', METRICS, NOON, "block refuse -> block refuse"),
    "no name that could be judged": ("{direct-address: allow}", make_flow("", proto=1), NOON, "block refuse -> allow pass"),
}


@pytest.mark.parametrize(("rules", "flow", "at", "wanted"), RULES.values(), ids=RULES)
def test_another_word(rules: str, flow, at: float, wanted: str) -> None:
    record = judged_record(small_policy(), flow, device=device_of(small_policy()), at=at)
    assert words(judged(with_rules(rules), record)) == wanted


def test_exceptions_hold_until_they_end() -> None:
    draft = household("action: allow, until: 2026-12-24T18:00", "action: block, until: 2026-12-01T00:00")
    before, after = (
        make_record("unknown", "pass", action="allow", name="api.example.com", started=berlin(day))
        for day in ("2026-11-22T12:00", "2026-12-02T12:00")
    )
    assert words(judged(draft, before)) == "allow pass -> block refuse"
    assert words(judged(draft, after)) == "allow pass -> ask refuse"


def test_an_address_counts_where_an_exception_names_one() -> None:
    draft = household('{to: "203.0.113.0/24", action: drop}', '{to: "203.0.113.77", action: allow}')
    again = Again(small_policy(), draft)
    here, there = (make_record("direct-address", name="", dst=bytes([203, 0, 113, last])) for last in (77, 9))
    assert words(again.judge(here)) == "drop drop -> allow pass"
    assert words(again.judge(there)) == "drop drop -> limit pass"


def test_what_passed_in_a_viewing_passes_in_one_again() -> None:
    record = make_record("video", "pass", action="owner-only")
    assert words(judged(small_policy(), record)) == "owner-only pass -> owner-only pass"
    assert words(judged(with_rules("{video: block}"), record)) == "owner-only pass -> block refuse"


def test_a_question_is_asked_again() -> None:
    asked = {"app_proto": "dns", "dport": 53, "proto": UDP, "name_source": "dns", "dst": GADGET_AT[:3] + b"\x01"}
    record = make_record("telemetry", "refuse", action="block", name="a-metrics.example.com", **asked)
    assert words(judged(with_rules("{telemetry: owner-only}"), record)) == "block refuse -> owner-only pass", "names resolve"
    tunnel = make_record("dns-escape", "drop", action="block", name="aa.x.example", **asked)
    assert words(judged(with_rules("{dns-escape: allow}"), tunnel)) == "answer refuse -> allow pass"


def test_what_could_not_be_read_stays_refused() -> None:
    record = make_record("unknown", "refuse", action="block", rule="built-in", name="")
    found = judged(with_rules("{unknown: allow}"), record)
    assert words(found) == "block refuse -> block refuse"
    preset = FILES["presets/recommended.yaml"].replace("unknown: ask", "cdn: block")
    unspoken = make_policy({"presets/recommended.yaml": preset})
    assert words(judged(with_rules("{unknown: allow}"), record, unspoken)) == "block refuse -> block refuse"


def test_a_budget_that_was_spent_is_no_protection() -> None:
    record = make_record("account", "refuse", action="limit", rule="built-in", device=PLUG, profile="careful")
    draft = household('plug: {mac: "02:00:5e:10:00:02"}', 'plug: {mac: "02:00:5e:10:00:02", rules: {account: block}}')
    assert words(judged(draft, record)) == "limit pass -> block refuse"


def test_a_rule_in_shadow_changes_nothing_and_says_what_it_would() -> None:
    record = make_record("media-streaming", "pass", action="allow", name="films.example.net")
    found = judged(with_rules("{media-streaming: {action: block, shadow: true}, telemetry: block}"), record)
    assert isinstance(found, Twice)
    assert (str(found.before), found.after.passes, found.after.would) == ("allow", True, Action.BLOCK)


# What the two policies know differently.


def with_row(row: str) -> Policy:
    """The small policy, with a row more in its catalogue."""
    text = FILES["catalogue/maker.yaml"].replace("rows:\n", f"rows:\n  - {row}\n")
    return make_policy({"catalogue/maker.yaml": text})


NEWS = with_row("{match: who.example.net, purpose: telemetry, evidence: made up, confidence: high}")


def test_a_new_row_says_what_it_is_for() -> None:
    record = make_record("unknown", "refuse", action="ask", name="who.example.net")
    found = judged(NEWS, record)
    assert words(found) == "ask refuse -> block refuse"
    assert isinstance(found, Twice) and (found.before.purpose, found.after.purpose) == (Purpose.UNKNOWN, Purpose.TELEMETRY)


def test_but_not_where_it_was_judged_by_something_else() -> None:
    record = make_record("control", "pass", name="who.example.net")
    assert judged(NEWS, record) == OTHER_KNOWLEDGE


def test_a_new_row_about_something_else_changes_nothing() -> None:
    record = make_record("control", "pass", name="bell.example.com", also=("motion-event",), mixed=True)
    assert words(judged(NEWS, record)) == "limit pass -> limit pass"


def test_the_alpn_is_in_the_record_too() -> None:
    draft = with_row("{match: who.example.net, purpose: telemetry, alpn: h9, evidence: made up, confidence: high}")
    record = make_record("unknown", "refuse", action="ask", name="who.example.net")
    assert words(judged(draft, record)) == "ask refuse -> ask refuse"
    assert words(judged(draft, record._replace(alpn=("h9",)))) == "ask refuse -> block refuse"


def test_that_it_may_have_been_mesh_sharing_is_no_other_knowledge() -> None:
    record = make_record("unknown", "refuse", action="ask", name="who.example.net", also=("mesh-sharing",))
    assert words(judged(NEWS, record)) == "ask refuse -> block refuse"
    assert judged(NEWS, record._replace(also=("update",))) == OTHER_KNOWLEDGE


def test_what_a_device_is_counts_too() -> None:
    draft = household("    profile: bell\n", "")
    record = make_record("video", "refuse", action="owner-only", name="", app_proto="stun", dport=3_478)
    found = judged(draft, record)
    assert isinstance(found, Twice) and found.after.purpose is Purpose.DIRECT_ADDRESS, "a row for bells says nothing of others"


def test_so_much_goes_up_that_it_may_be_pictures() -> None:
    draft = with_rules("{media-streaming: allow, video: {action: owner-only, viewing: panel, budget: 200kB}}")
    sent = {"bytes_toserver": 100_000, "bytes_toclient": 1_000}
    pictures = make_record("video", "refuse", action="owner-only", also=("motion-event",), **sent)
    assert words(judged(draft, pictures)) == "owner-only refuse -> limit pass", "within the draft's bounds it is a command"
    later = pictures._replace(bytes_toserver=900_000, judged_toserver=100_000, judged_toclient=1_000)
    assert words(judged(draft, later)) == "owner-only refuse -> limit pass", "what it was judged by counts, not what came later"
    few = pictures._replace(bytes_toserver=900, purpose="control", action="limit", effect="pass", mixed=True)
    assert words(judged(draft, few)) == "limit pass -> limit pass"


MIXED = "mixed: {bell.example.com: drop}"


def test_of_several_purposes_the_main_one_is_found_again() -> None:
    present = household("    profile: bell\n", f"    profile: bell\n    {MIXED}\n")
    record = judged_record(present, make_flow("bell.example.com"), device=device_of(present), at=NOON)
    assert (record.purpose, record.mixed) == ("motion-event", True)
    assert words(judged(small_policy(), record, present)) == "drop drop -> limit pass"
    older = record._replace(main="")
    assert words(judged(small_policy(), older, present)) == "drop drop -> limit pass", "an earlier version did not keep it"
    assert judged(small_policy(), older._replace(server_name="who.example.net", names=()), present) == NO_MAIN


# Who it was.


def test_a_device_that_no_file_names_keeps_the_profile_it_was_judged_by() -> None:
    record = make_record("telemetry", "refuse", action="block", device=STRANGER, device_id=STRANGER, profile="bell")
    found = judged(small_policy(), record)
    assert isinstance(found, Twice) and found.before.rule.startswith("profiles/bell.yaml")


def test_a_newcomer_gets_what_newcomers_get() -> None:
    record = make_record("unknown", "refuse", action="ask", device=STRANGER, device_id=STRANGER, profile="careful")
    draft = household("version: 1\n", "version: 1\nnew_devices: observe\n")
    assert words(judged(draft, record)) == "ask refuse -> allow pass"


def test_a_device_that_is_named_no_more_is_a_newcomer() -> None:
    draft = household('  front-door:\n    mac: "02:00:5e:10:00:01"\n', '  back-door:\n    mac: "02:00:5e:10:00:0f"\n')
    record = make_record("media-streaming", "pass", action="allow")
    found = judged(draft, record)
    assert isinstance(found, Twice) and found.after.rule == "built-in"


def test_within_the_home_it_may_not_be_known_who_it_was() -> None:
    record = make_record("local", "pass", action="allow", name="", dst=GADGET_AT[:3] + b"\x09")
    unchanged = judged(small_policy(), record)
    assert isinstance(unchanged, Twice) and unchanged.before == unchanged.after, "whoever it was"
    assert judged(with_rules("{local: block}"), record) == AT_HOME
    phone = record._replace(device=PHONE, device_id="annas-phone")
    assert isinstance(judged(with_rules("{local: block}"), phone), Twice), "it may go everywhere, under both"


def test_what_is_not_in_the_ledger_is_not_guessed() -> None:
    assert judged(small_policy(), make_record(action="")) == UNDECIDED


# At once.


@given(st.lists(st.tuples(FLOWS, st.sampled_from([NOON, NIGHT, NOON + 86_400.0])), max_size=3))
def test_what_came_before_changes_nothing(several) -> None:
    present, draft = small_policy(), with_rules('{control: {action: allow, when: "02:00-05:00"}, telemetry: answer}')
    records = [judged_record(present, flow, device=device_of(present), at=at) for flow, at in several]
    again = Again(present, draft)
    assert [again.judge(record) for record in records] == [judged(draft, record) for record in records]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again_module, "MAX_KEPT", 3)
    again = Again(small_policy(), with_rules("{control: block}"))
    for number in range(9):
        record = make_record(device=f"02:00:00:00:01:{number:02x}", purpose="cdn", name=f"{number}.example.net")
        assert isinstance(again.judge(record), Twice)
    for table in (again._known, again._present._devices, again._draft._treatments):
        assert len(table) <= 3


def test_what_breaks_is_told_by_the_row_that_decides() -> None:
    draft = with_row("{match: who.example.net, purpose: telemetry, evidence: made up, confidence: high, breaks: the weather}")
    again = Again(small_policy(), draft)
    record = make_record("telemetry", name="who.example.net")
    assert again.breaks(record, Purpose.TELEMETRY) == "the weather"
    assert again.breaks(record, Purpose.CONTROL) == "", "it says nothing of that"
    assert again.breaks(make_record(name="no.example.net"), Purpose.TELEMETRY) == ""
