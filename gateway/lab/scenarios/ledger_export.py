"""A busy home whose cameras stream under their own names, without any, and hidden in what else they say, while somebody is
viewing and while nobody is. What left before a stream was named is counted upstream."""

import csv
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from gateway.edge.control_client import ControlClient

from ..behaviour import load_behaviours
from ..life import live
from ..scenario import PACE, Stage
from ..truth import Truth

PROMISE = "The ledger comes out as a table in which `classify` finds what was found live; pictures are named before 64 kB left."
EVERYDAY = ("doorbell", "chime", "speaker", "reader", "stick", "gizmo")
CAMERAS = ("ring-camera", "tapo-camera", "wyze-cam", "blink-camera", "nest-camera")
LONG = True
ACTORS = (*EVERYDAY, *CAMERAS)
DEVICES = {"doorbell": "front-door", "chime": "back-door", **{name: name for name in CAMERAS}}
"""As the household calls those with a camera."""
DAY_S = 8.0
NAMED_WITHIN_BYTES, LEAST_SHARE = 64_000, 0.95
SETTLED_SHARE = 0.1
"""No more rows may rest on what no column shows: else there would be little to classify."""
RELAY = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"
OWN: Mapping[str, Mapping[str, Any]] = {
    "doorbell": {"media": RELAY, "packets": 150, "rate": 200},
    "ring-camera": {"media": RELAY, "packets": 150, "size": 1273, "rate": 200},
    "tapo-camera": {"media": "stun.tplinkcloud.com", "port": 3478, "packets": 150, "size": 1000, "rate": 200},
    "wyze-cam": {"media": "r-5ed42e69.kinesisvideo.us-west-2.amazonaws.com", "packets": 150, "rate": 200},
    "blink-camera": {"tls": "vs-cam.prde.immedia-semi.com", "up": 80_000, "timeout_s": 2.0},
    "nest-camera": {"tls": "nexusapi-us1.camera.home.nest.com", "up": 80_000, "timeout_s": 2.0},
}
"""Pictures as each sends them: by name."""
PEER = {"media": "198.51.100.77", "port": 36_000, "stun": False, "packets": 150, "size": 1000, "rate": 200}
"""To somebody without one."""
CHANNELS = {
    "doorbell": ("rss-dpd-service.ring.com", 9998),
    "ring-camera": ("cocoa.ring.com", 443),
    "tapo-camera": ("security.iot.i.tplinknbu.com", 443),
    "wyze-cam": ("api.wyzecam.com", 443),
    "blink-camera": ("rest-prod.immedia-semi.com", 443),
    "nest-camera": ("smartdevicemanagement.googleapis.com", 443),
}
"""Where each hears its commands."""
HIDDEN = {"again": "channel", "up": 800, "for_s": 1.5, "every_s": 0.01, "timeout_s": 2.0}
MASKED = {"media": "bell.doorstep.example", "packets": 120, "rate": 100}
"""Pictures in what is open for commands, and on the ports of something else: some 80 kB a second."""
TOLD_S = 0.02 * PACE
"""A verdict is told of after it was given: as long it takes to be heard where a whole home shares two cores."""
LIE = {"tls": "fw.ring.com", "address": "198.51.100.77", "up": 300, "timeout_s": 1.0}
"""A name that nobody gave for that address: no column shows why it does not count."""
ALLOWANCE_BYTES = (len(CHANNELS) + 1) * 80_000
"""Of those that are hidden, while nobody is viewing, until they are found."""
LEAST_ROWS, LEAST_PURPOSES = 60, 8
LEDGER_S = 15.0
"""The ledger is written in batches."""


class Stream(NamedTuple):
    """Pictures that were to be sent: their flow, as it looks inside the home."""

    actor: str
    what: str
    sport: int
    target: str
    port: int


def prepare(policies: Path) -> None:
    """The household knows its cameras."""
    known = load_behaviours(CAMERAS)
    entries = (f'  {name}: {{mac: "{one.mac}", profile: {one.profile}, confirmed: true}}\n' for name, one in known.items())
    file = policies / "household.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("owners:\n", f"{''.join(entries)}owners:\n"), encoding="utf-8")


def play(stage: Stage) -> None:
    heard = Heard(stage.home.curtain.control)
    a_day(stage)
    streams = list(pictures(stage, "nobody viewing"))
    for device in DEVICES.values():
        stage.home.ask("view", device=device, seconds=60)
    streams += pictures(stage, "a viewing")
    stage.home.ask("stop", device="all")
    heard.close()
    judge_streams(stage, streams, heard)
    judge_rows(stage)


def a_day(stage: Stage) -> None:
    """Everybody lives; the makers' cameras do once whatever they do without pictures."""
    behaviours = stage.home.behaviours
    calm = [(name, trigger) for name in CAMERAS for trigger, met in behaviours[name].expects.items() if "video" not in met]
    begun = [stage.home[name].begin(trigger) for name, trigger in calm]
    end = time.monotonic() + DAY_S * PACE
    live({name: stage.home[name] for name in EVERYDAY}, going=lambda: time.monotonic() < end)
    begun.append(stage.home["doorbell"].begin([LIE]))
    for pending in begun:
        pending.wait(30 * PACE)


def pictures(stage: Stage, when: str) -> Iterator[Stream]:
    """Every camera streams in every way that it knows, all at the same time."""
    begun = [(name, "by name", stage.home[name].begin([step])) for name, step in OWN.items()]
    begun += [(name, "without a name", stage.home[name].begin([PEER])) for name in OWN]
    for name, (host, port) in CHANNELS.items():
        channel = {"tls": host, "port": port, "up": 160, "keep": "channel", "timeout_s": 2.0 * PACE}
        begun.append((name, "hidden", stage.home[name].begin([channel, HIDDEN])))
    begun.append(("chime", "masked", stage.home["chime"].begin([MASKED])))
    for name, how, pending in begun:
        opened = pending.wait(30 * PACE)[0]
        yield Stream(name, f"{how}, {when}", opened.sport, opened.address, opened.port)


class Heard:
    """When the gateway said of which flow that it sends pictures."""

    def __init__(self, control: Path) -> None:
        self._named: dict[tuple[str, int, str, int], float] = {}
        """(Source, its port, target, its port) -> wall time."""
        self._client = ControlClient(control)
        self._client.__enter__()
        self._client.start()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join(3)
        self._client.__exit__(None, None, None)

    def when(self, source: str, stream: Stream) -> float | None:
        """None: never. Tries of one destination are told of as one flow, the first of them."""
        found = self._named.get((source, stream.sport, stream.target, stream.port))
        tries = (at for key, at in self._named.items() if (key[0], *key[2:]) == (source, stream.target, stream.port))
        return min(tries, default=None) if found is None else found

    def _listen(self) -> None:
        while not self._over.is_set():
            for event in self._client.receive(0.1):
                if event["event"] == "flow" and event["data"]["netcurtain"]["purpose"] == "video":
                    flow = event["data"]
                    key = flow["src_ip"], flow["src_port"], flow["dest_ip"], flow["dest_port"]
                    self._named.setdefault(key, time.time())


def judge_streams(stage: Stage, streams: list[Stream], heard: Heard) -> None:
    truth, late, before = stage.truth(), [], []
    for stream in streams:
        named_at = heard.when(stage.home[stream.actor].address, stream)
        before.append(left(truth, stream, until=float("inf") if named_at is None else named_at - TOLD_S))
        if named_at is None or before[-1] > NAMED_WITHIN_BYTES:
            late.append(f"{stream.actor}, {stream.what}: {before[-1]} bytes{'' if named_at else ', never named'}")
    sent = [left(truth, stream, until=float("inf")) for stream in streams]
    passed = sum(size > NAMED_WITHIN_BYTES for size in sent)
    stage.check("pictures pass while somebody is viewing", passed >= len(streams) // 3, f"{passed} of {len(streams)} streams")
    seen = f"{len(streams) - len(late)} of {len(streams)} streams, the latest after {max(before)} bytes {late or ''}"
    enough = len(streams) - len(late) >= LEAST_SHARE * len(streams)
    stage.check("they are named before 64 kB have left, in 95 % of streams", enough, seen)


def left(truth: Truth, stream: Stream, *, until: float) -> int:
    """Payload of a stream that was seen upstream."""
    target = ip_address(stream.target).packed
    flows = (flow for flow in truth.of(stream.actor) if flow.sender is not None and flow.sender.key.sport == stream.sport)
    return sum(flow.bytes_between(0.0, until) for flow in flows if (flow.key.dst, flow.key.dport) == (target, stream.port))


def judge_rows(stage: Stage) -> None:
    """Once the ledger holds all that was said live."""
    file = stage.home.work / "flows.csv"
    stage.until(lambda: not export(stage, file).keys() ^ verdicts(stage).keys(), timeout_s=LEDGER_S * PACE, every_s=1.0)
    rows, said = export(stage, file), verdicts(stage)
    missing = said.keys() - rows.keys()
    stage.check(
        "the table has a row for every flow",
        not missing and len(rows) >= LEAST_ROWS,
        f"{len(rows)} rows, {len(missing)} missing",
    )
    told = stage.home.cli("classify", str(file), "--policies", str(stage.home.policies), "--json")
    found = {answer["id"]: answer["purpose"] for answer in map(json.loads, told.stdout.splitlines())}
    stage.check(
        "classify reads every row", told.returncode == 0 and found.keys() == rows.keys(), told.stderr or f"{len(found)}"
    )
    wrong = [
        f"{row['domain']}: {row['purpose']} live, {found[key]} now"
        for key, row in rows.items()
        if found.get(key) != row["purpose"]
    ]
    kinds = Counter(found.values())
    stage.check(
        "and finds in each what was found live", not wrong and len(kinds) >= LEAST_PURPOSES, wrong or dict(kinds.most_common())
    )
    other = [key for key, (purpose, also) in said.items() if found.get(key) not in (purpose, *also)]
    stage.check("which is what the gateway said", not other, f"{len(said) - len(other)} of {len(said)}")
    settled = Counter(row["settled"] for row in rows.values() if row["settled"])
    stage.check("by what the columns show", settled.total() <= SETTLED_SHARE * len(rows), f"settled otherwise: {dict(settled)}")


def export(stage: Stage, file: Path) -> dict[str, dict[str, str]]:
    """The rows of the table, by id."""
    stage.home.cli("flows", "--export", str(file), "--state", str(stage.home.curtain.state))
    if not file.exists():
        return {}
    with file.open(encoding="utf-8", newline="") as table:
        return {row["id"]: row for row in csv.DictReader(table)}


def verdicts(stage: Stage) -> dict[str, tuple[str, list[str]]]:
    """Of every flow, the purpose it was judged by, and those that it could not be told from."""
    stage.witness.catch_up()
    own = ((record["flow_id"], record["netcurtain"]) for record in stage.witness.final())
    return {str(number): (said["purpose"], said["also"] if said["mixed"] else []) for number, said in own}
