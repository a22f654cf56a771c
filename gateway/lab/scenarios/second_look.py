"""A budget counts packets as they stand on the wire, headers included; what is measured here is payload, seen upstream. The
slack is one look's: what was on its way while the judge was asked."""

import time
from pathlib import Path

from ..gadget import Gadget
from ..outcome import Outcome
from ..scenario import PACE, Stage, outcomes
from ..witness import Record

PROMISE = "What turns out to be pictures is cut at its budget, whatever it was let out as; ordinary messages and requests pass."
ACTORS = ("doorbell", "chime", "speaker")
CONTROL, CONTROL_PORT, BELL = "rss-dpd-service.ring.com", 9998, "bell.doorstep.example"
VOICE, REQUEST_BYTES = "avs-alexa-14-na.amazon.com", 92_000
BUDGET_BYTES, SLACK_BYTES = 64_000, 16_000
WINDOW_BYTES, WINDOW_S = 160_000, 60
MESSAGE_BYTES = 3_000
DOWNLOAD_BYTES, SLOW_BYTES, SLOW_PAUSE_S, FOUND_S = 4_000_000, 4_000, 0.05, 1.3
LATE_BYTES = round(BUDGET_BYTES + SLACK_BYTES + FOUND_S * PACE * SLOW_BYTES / SLOW_PAUSE_S)
"""Where only the counters show it, they are read every second, and what is on its way meanwhile leaves."""
ALLOWANCE_BYTES = 2 * (BUDGET_BYTES + SLACK_BYTES) + LATE_BYTES + 4 * MESSAGE_BYTES
"""Pictures in three flows until they are found, and messages that were begun within a budget and did not end in it."""
VIDEO_BYTES = 600_000
ENTRY = "profile: doorstep, confirmed: true"


def prepare(policies: Path) -> None:
    """A smaller budget than a household's, so that it is soon spent."""
    file = policies / "household.yaml"
    rules = f"rules: {{control: {{action: limit, budget: {WINDOW_BYTES // 1000}kB/{WINDOW_S // 60}m}}}}"
    file.write_text(file.read_text(encoding="utf-8").replace(ENTRY, f"{ENTRY}, {rules}"), encoding="utf-8")


def play(stage: Stage) -> None:
    pictures_in_tls(stage)
    after_a_download(stage)
    within_a_viewing(stage)
    same_ports(stage)
    many_messages(stage)
    spoken_request(stage)


def pictures_in_tls(stage: Stage) -> None:
    """An allowed connection, to an allowed name at its own address, that turns into an upload."""
    doorbell = stage.home["doorbell"]
    opened = message(doorbell, keep="control")
    ordinary = [doorbell.one(again="control", up=160, timeout_s=2.0) for _ in range(20)]
    stage.check("ordinary messages pass", all_ok([opened, *ordinary]), f"{len(ordinary) + 1} of 160 bytes")
    before = stage.left(CONTROL)
    video = doorbell.one(again="control", up=VIDEO_BYTES, timeout_s=2.0)
    left = stage.left(CONTROL)
    cut = video.result != "ok" and left <= BUDGET_BYTES + SLACK_BYTES
    stage.check(f"pictures in it are cut at {BUDGET_BYTES // 1000} kB", cut, f"{left} bytes, {left - before} of them pictures")
    lines = told(stage, "front-door", opened.sport)
    seen = [(line["purpose"], line["action"], line["effect"], line["reason"]) for line in lines]
    stage.check("they are recorded as video, with the reason", is_video(lines), seen)
    again = message(doorbell)
    stage.check("the next message passes", again.result == "ok", outcomes([again]))


def after_a_download(stage: Stage) -> None:
    """Of all its bytes, most came down: only in its last stretch is it an upload, and no look is due."""
    doorbell, since = stage.home["doorbell"], time.time()
    opened = message(doorbell, keep="loaded")
    loaded = doorbell.one(again="loaded", up=160, down=DOWNLOAD_BYTES, timeout_s=20.0)
    stage.check("a download passes", all_ok([opened, loaded]), outcomes([opened, loaded]))
    time.sleep(1.5)  # until the counters were read
    before = stage.left(CONTROL, since=since)
    video = doorbell.one(again="loaded", up=SLOW_BYTES, for_s=6, every_s=SLOW_PAUSE_S, timeout_s=2.0)
    left = stage.left(CONTROL, since=since) - before
    seen = f"{left} bytes of {video.sent_bytes} that were sent, after {loaded.received_bytes} had come"
    stage.check("pictures after it are cut within a second of 64 kB", video.result != "ok" and left <= LATE_BYTES, seen)
    lines = told(stage, "front-door", opened.sport)
    stage.check("and recorded as video", is_video(lines), [(line["purpose"], line["reason"]) for line in lines])


def within_a_viewing(stage: Stage) -> None:
    stage.home.ask("view", device="front-door", seconds=60)
    since = time.time()
    opened = message(stage.home["doorbell"], keep="viewed")
    video = stage.home["doorbell"].one(again="viewed", up=VIDEO_BYTES, timeout_s=5.0)
    left = stage.left(CONTROL, since=since)
    stage.check("during a viewing the same upload passes", all_ok([opened, video]) and left > VIDEO_BYTES, f"{left} bytes")
    stage.home.ask("stop", device="front-door")


def same_ports(stage: Stage) -> None:
    """One flow of datagrams: a question first, pictures later."""
    since = time.time()
    sent = stage.home["chime"].one(media=BELL, packets=300, size=856, rate=300)
    left = stage.left(BELL, since=since)
    seen = f"{left} of {sent.sent_bytes} bytes left"
    stage.check("RTP on the ports of a STUN exchange is looked at again", 0 < left <= BUDGET_BYTES + SLACK_BYTES, seen)
    lines = told(stage, "back-door", sent.sport)
    stage.check("and recorded as video", is_video(lines), [(line["purpose"], line["reason"]) for line in lines])


def many_messages(stage: Stage) -> None:
    """None of them is much; together they are. The datagrams before count too."""
    chime = stage.home["chime"]
    began = time.monotonic()
    sent: list[Outcome] = []
    while len(sent) < 60 and (not sent or sent[-1].result == "ok"):
        sent.append(chime.one(tls=BELL, up=MESSAGE_BYTES, timeout_s=1.0))
    sent += [chime.one(tls=BELL, up=MESSAGE_BYTES, timeout_s=1.0) for _ in range(3)]
    passed = sum(one.result == "ok" for one in sent)
    left = stage.left(BELL)
    seen = f"{passed} of {len(sent)} passed, {left} bytes in all, in {time.monotonic() - began:.1f} s"
    stage.check("small messages pass at first", all_ok(sent[:3]), outcomes(sent[:3]))
    stage.check(f"many together stop at {WINDOW_BYTES // 1000} kB", passed < len(sent) and left <= WINDOW_BYTES, seen)
    lines = [line for line in told(stage, "back-door") if "has sent all it may" in line["reason"]]
    stage.check("the ledger says that the budget is spent", bool(lines), lines[-1:] and lines[-1]["reason"])


def spoken_request(stage: Stage) -> None:
    speaker = stage.home["speaker"]
    spoken = [speaker.one(tls=VOICE, up=REQUEST_BYTES, down=24_000, timeout_s=5.0) for _ in range(2)]
    left = stage.left(VOICE)
    whole = all_ok(spoken) and left > 2 * REQUEST_BYTES
    stage.check("a spoken request is not cut, twice in a row", whole, f"{outcomes(spoken)}, {left} bytes")


def message(doorbell: Gadget, **more: object) -> Outcome:
    return doorbell.one(tls=CONTROL, port=CONTROL_PORT, up=160, timeout_s=2.0 * PACE, **more)


def told(stage: Stage, device: str, sport: int = 0) -> list[Record]:
    """What the gateway says of a flow, or of all flows of a device."""
    return [record["netcurtain"] for record in stage.flows(device) if sport in (0, record["src_port"])]


def is_video(lines: list[Record]) -> bool:
    return [(line["purpose"], line["effect"]) for line in lines] == [("video", "refuse")] and "kB went up" in lines[0]["reason"]


def all_ok(results: list[Outcome]) -> bool:
    return all(one.result == "ok" for one in results)
