"""Small policies for tests: files as text, and what they compile to; any policy at all, for hypothesis."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from gateway.model.action import Action
from gateway.model.assessment import Assessment, FixedReply, Hint, Row
from gateway.model.decision import Subject
from gateway.model.device import Device, Mac
from gateway.model.identity import Confidence, Identification, Signal, Trait
from gateway.model.moment import Grant, Moment
from gateway.model.name import Name, NameSource
from gateway.model.policy import Advice, DevicePolicy, Exemption, Level, Policy, Regime, Rule, RuleRef, Schedule, Target
from gateway.model.purpose import Purpose
from gateway.policy.assembly import assemble
from gateway.policy.catalogue import build_catalogue
from gateway.policy.compiler import compile_file

BELL, PHONE, TABLET, PLUG = (Mac(f"02:00:5e:10:00:{last}") for last in ("01", "aa", "ab", "02"))
BERLIN = ZoneInfo("Europe/Berlin")

FILES = {
    "catalogue/maker.yaml": """version: 1
vendor: maker
rows:
  - {match: bell.example.com, purpose: control, also: [motion-event], evidence: made up, confidence: high}
  - {match: live.example.com, purpose: control, devices: [app], tells: viewing, evidence: made up, confidence: high}
  - {match: "*-metrics.example.com", purpose: telemetry, evidence: made up, confidence: low}
  - {match: "tcp,udp/7076-7077", purpose: video, devices: [bell], evidence: made up, confidence: medium}
  - {match: "app:stun", purpose: video, devices: [bell], evidence: made up, confidence: medium}
ports:
  - {match: udp/16500-65000, purpose: video, devices: [bell], alone: too wide, evidence: made up, confidence: high}
  - {match: tcp/9999, where: home, purpose: control, alone: stays, evidence: made up, confidence: high, date: 2026-11-22}
shapes:
  - {shape: a small exchange every five seconds, kind: beat, every: 5s, purpose: control, alone: many have one,
     evidence: made up, confidence: low}
  - {shape: no faster than this, kind: ceiling, rate: 10kB/s, budget: 500MB/30d, purpose: mesh-sharing, alone: a promise,
     evidence: made up, confidence: low}
replies:
  - {host: check.example.com, path: /generate_204, status: 204, evidence: made up, confidence: high}
  - {host: check.example.com, path: /ok, status: 200, type: text/plain, body: "fine\n", evidence: made up, confidence: high}
""",
    "identity/maker.yaml": """version: 1
vendor: maker
house: mother
brands: [bellringer]
kinds: {bell: doorbell, chime: chime}
rows:
  - {signal: oui, values: ["00:00:5e", "00:00:5f"], evidence: made up, confidence: high}
  - {signal: hostname-pattern, device: bell, value: "bell-*", evidence: made up, confidence: medium, note: n, alone: false}
""",
    "profiles/bell.yaml": """version: 1
profile: bell
title: {en: Bell, de: Klingel}
vendor: maker
family: doorbell
# how it gives itself away stands in identity/
rules:
  motion-event: drop
  video: {action: owner-only, viewing: panel, for: 10m, budget: 64kB}
  telemetry: block
  control: {action: limit, budget: 512kB/10m}
  update: {action: allow, when: "02:00-05:00"}
  time: answer
  dns-escape: answer
  account: answer
exceptions:
  - {to: "*.partner.example.org", action: block, why: never needed}
mixed: {bell.example.com: keep}
advice:
  update: {how: refuse, never: silence, en: It looks for it for ever., evidence: made up, confidence: low}
costs:
  motion-event: {en: No more motion reports., evidence: made up, confidence: low}
""",
    "presets/recommended.yaml": """version: 1
preset: recommended
title: {en: Recommended}
rules: {advertising: block, mesh-sharing: block, unknown: ask}
families: {doorbell: {voice: owner-only, advertising: drop}}
""",
    "household.yaml": """version: 1
timezone: Europe/Berlin
defaults: {cdn: block}
devices:
  front-door:
    mac: "02:00:5e:10:00:01"
    profile: bell
    rules: {media-streaming: allow}
    exceptions:
      - {to: "api.example.com:443", action: allow, until: 2026-12-24T18:00}
      - {to: "203.0.113.0/24", action: drop}
  plug: {mac: "02:00:5e:10:00:02"}
  annas-phone: {mac: "02:00:5e:10:00:aa", trusted: true}
  guests-tablet: {mac: "02:00:5e:10:00:ab", trusted: true}
owners: {anna: {devices: [annas-phone]}}
""",
}


def make_policy(changes: Mapping[str, str | None] | None = None) -> Policy:
    """``FILES`` with some replaced (None: taken away), compiled; the test fails where they hold a fault."""
    parts = []
    for name, text in sorted({**FILES, **(changes or {})}.items()):
        if text is not None:
            compiled = compile_file(name, text.encode(), zone="Europe/Berlin")
            assert compiled.part is not None, compiled.faults
            parts.append(compiled.part)
    return assemble(parts)


@cache
def small_policy() -> Policy:
    """``FILES``, compiled."""
    return make_policy()


def berlin(text: str) -> float:
    """Wall time of a local time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


NOON = Moment(wall=berlin("2026-11-22T12:00"))


def make_subject(
    mac: Mac = BELL,
    purpose: str = "control",
    *,
    name: str = "",
    also: tuple[str, ...] = (),
    match: str = "",
    peer: Mac | None = None,
    policy: Policy | None = None,
    **where: object,
) -> Subject:
    """A flow of one of the devices of ``FILES``."""
    policy = policy or small_policy()
    assessment = Assessment(
        purpose=Purpose(purpose),
        also=tuple(Purpose(other) for other in also),
        confidence=0.5,
        name=Name(name, NameSource.SNI) if name else None,
        match=match,
    )
    flow = {"address": bytes(4), "port": 443, "proto": 6, **where}
    other = policy.devices[peer].device if peer else None
    return Subject(device=policy.devices[mac].device, assessment=assessment, peer=other, **flow)


# Any policy at all.

TEXTS = st.text(max_size=12)
MACS = st.sampled_from([BELL, PHONE, Mac(""), Mac("02:00:00:00:00:99")])
PURPOSES = st.sampled_from(list(Purpose))
ACTIONS = st.sampled_from(list(Action))
NAMES = st.sampled_from(["example.com", "a.example.com", "b.example.org", "x", ""])
ADDRESSES = st.sampled_from([b"", bytes(4), b"\xcb\x00\x71\x09", bytes(15) + b"\x01"]) | st.binary(max_size=20)
PORTS = st.sampled_from([0, 53, 80, 443, 70_000])
WALLS = st.sampled_from([0.0, -1.0, 1.8e9, 1e18, float("inf"), float("nan")]) | st.floats(0, 4e9)
REFS = st.builds(RuleRef, file=TEXTS, line=st.integers(0, 999))
SPANS = st.builds(Schedule, start_minute=st.integers(0, 1440), end_minute=st.integers(0, 1440))
RULES = st.builds(
    Rule,
    action=ACTIONS,
    ref=REFS,
    when=st.none() | SPANS,
    budget_bytes=st.integers(0, 10**9),
    budget_window_s=st.floats(0, 1e5),
    rate_bytes_s=st.integers(0, 10**6),
    then_ask=st.booleans(),
    viewing=TEXTS,
    viewing_s=st.floats(0, 1e5),
    shadow=st.booleans(),
    trial_s=st.sampled_from([0.0, 60.0]),
)
TARGETS = st.builds(
    Target,
    text=TEXTS,
    suffix=NAMES,
    wildcard=st.booleans(),
    port=PORTS,
    proto=st.sampled_from([0, 6, 17]),
    network=st.none() | st.tuples(ADDRESSES, st.integers(0, 200)),
)
EXEMPTIONS = st.builds(
    Exemption,
    to=st.lists(TARGETS, max_size=2).map(tuple),
    action=ACTIONS,
    ref=REFS,
    why=TEXTS,
    until=st.none() | st.floats(0, 4e9),
)
LEVELS = st.builds(
    Level, exemptions=st.lists(EXEMPTIONS, max_size=2).map(tuple), rules=st.dictionaries(PURPOSES, RULES, max_size=4)
)
DEVICES = st.builds(
    Device,
    mac=MACS,
    id=TEXTS,
    profile=st.sampled_from(["careful", "bell", "nothing"]),
    vendor=TEXTS,
    family=TEXTS,
    trusted=st.booleans(),
    owner=st.sampled_from(["", "anna"]),
    confirmed=st.booleans(),
)
ADVICE = st.builds(
    Advice,
    how=st.sampled_from(["answer", "refuse", "silence"]),
    never_silence=st.booleans(),
    why=TEXTS,
    evidence=TEXTS,
    confidence=st.sampled_from(["high", "medium", "low"]),
)
ENTRIES = st.builds(
    DevicePolicy,
    device=DEVICES,
    levels=st.lists(LEVELS, max_size=3).map(tuple),
    on_fault_open=st.booleans(),
    mesh_bridge=st.booleans(),
    ref=REFS,
    mixed=st.dictionaries(NAMES, st.sampled_from(["keep", "drop"]), max_size=2),
    costs=st.dictionaries(PURPOSES, TEXTS, max_size=2),
    advice=st.dictionaries(PURPOSES, ADVICE, max_size=2),
)
REPLIES = st.builds(
    FixedReply,
    host=st.sampled_from(["check.example.com", "b.example"]),
    path=st.sampled_from(["/", "/ok"]),
    status=st.sampled_from([200, 204]),
    content_type=st.sampled_from(["", "text/plain"]),
    body=TEXTS,
    evidence=TEXTS,
    source=TEXTS,
)
ROWS = st.builds(
    Row,
    match=st.sampled_from(["example.com", "*.example.com", "x-*.y.example.org", "udp/123", "app:stun"]),
    purpose=PURPOSES,
    also=st.lists(PURPOSES, max_size=2).map(tuple),
    vendor=TEXTS,
    devices=st.lists(TEXTS, max_size=2).map(tuple),
    alpn=TEXTS,
    tells=TEXTS,
    evidence=TEXTS,
    confidence=st.floats(0, 1),
    breaks=TEXTS,
    conflict=TEXTS,
    date=TEXTS,
    source=TEXTS,
)
HINTS = st.builds(
    Hint,
    kind=st.sampled_from(["port", "beat", "ceiling"]),
    says=TEXTS,
    purpose=PURPOSES,
    alone=TEXTS,
    ports=st.lists(st.tuples(st.sampled_from([6, 17]), st.just(1), st.integers(1, 65_535)), max_size=2).map(tuple),
    home=st.booleans(),
    every_s=st.floats(0, 1e6),
    rate_bytes_s=st.integers(0, 10**6),
    budget_bytes=st.integers(0, 10**9),
    budget_window_s=st.floats(0, 1e7),
    vendor=TEXTS,
    devices=st.lists(TEXTS, max_size=2).map(tuple),
    breaks=TEXTS,
    evidence=TEXTS,
    confidence=st.floats(0, 1),
    date=TEXTS,
    source=TEXTS,
)
TRAITS = st.builds(
    Trait,
    vendor=TEXTS,
    signal=st.sampled_from(list(Signal)),
    values=st.lists(TEXTS, max_size=3).map(tuple),
    device=TEXTS,
    confidence=st.sampled_from(list(Confidence)),
    evidence=TEXTS,
    note=TEXTS,
    alone=st.booleans(),
    source=TEXTS,
)
IDENTIFICATIONS = st.builds(
    Identification,
    traits=st.lists(TRAITS, max_size=3).map(tuple),
    brands=st.dictionaries(TEXTS, TEXTS, max_size=2),
    houses=st.dictionaries(TEXTS, TEXTS, max_size=2),
    platforms=st.frozensets(TEXTS, max_size=2),
    profiles=st.dictionaries(st.tuples(TEXTS, TEXTS), TEXTS, max_size=2),
)
POLICIES = st.builds(
    Policy,
    digest=TEXTS,
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "No/Where", "../x", ""]),
    devices=st.dictionaries(MACS, ENTRIES, max_size=2),
    profiles=st.dictionaries(st.sampled_from(["careful", "bell"]), ENTRIES, max_size=2),
    newcomer_profile=st.sampled_from(["careful", "gone"]),
    new_devices=st.sampled_from(Regime),
    catalogue=st.builds(
        build_catalogue, st.lists(ROWS, max_size=4), st.lists(REPLIES, max_size=4), st.lists(HINTS, max_size=3)
    ),
    identity=IDENTIFICATIONS,
)
ASSESSMENTS = st.builds(
    Assessment,
    purpose=PURPOSES,
    also=st.lists(PURPOSES, max_size=3).map(tuple),
    confidence=st.floats(0, 1),
    match=NAMES,
    name=st.none() | st.builds(Name, NAMES, st.sampled_from(list(NameSource))),
)
SUBJECTS = st.builds(
    Subject,
    device=DEVICES,
    assessment=ASSESSMENTS,
    address=ADDRESSES,
    port=PORTS,
    proto=st.sampled_from([0, 1, 6, 17]),
    peer=st.none() | DEVICES,
    inbound=st.booleans(),
    dns=st.booleans(),
)
GRANTS = st.builds(
    Grant,
    kind=st.sampled_from(["pause", "allowance", "viewing", "?"]),
    mac=st.none() | MACS,
    purpose=st.none() | PURPOSES,
    until=st.floats(0, 1e9),
)
MOMENTS = st.builds(Moment, wall=WALLS, wall_trusted=st.booleans(), grants=st.lists(GRANTS, max_size=2).map(tuple))
