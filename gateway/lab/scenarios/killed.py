import time
from pathlib import Path

from ..pulse import Pulse, describe, longest_gap
from ..scenario import PACE, Stage, outcomes
from ..topology import GATEWAY_HOST, OLD4

PROMISE = "A killed gateway closes for gadgets, judged flows go on, nobody else notices, and it judges afterwards as before."
ACTORS = ("speaker", "reader", "annas-phone", "old-phone")
VOICE, MESH = "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"
PAGES, TELEMETRY, APP = "cde-g7g.amazon.com", "det-g7g.amazon.com", "api.amazon.com"
BACK_S, GAP_S = 3.0, 0.5
TABLE = {("speaker", VOICE): "pass", ("speaker", MESH): "refuse", ("reader", PAGES): "pass", ("reader", TELEMETRY): "refuse"}


def prepare(policies: Path) -> None:
    """The reader shall go on reading, whatever becomes of the gateway."""
    file = policies / "household.yaml"
    entry = "profile: kindle, confirmed: true"
    file.write_text(file.read_text(encoding="utf-8").replace(entry, f"{entry}, on_fault: open"), encoding="utf-8")


def play(stage: Stage) -> None:
    home, curtain = stage.home, stage.home.curtain
    before = judge_all(stage)
    stage.check("each flow is judged as the policy says", before == TABLE, before)
    across(stage)
    pulses = {name: Pulse.begin(home[name], APP) for name in ("annas-phone", "old-phone")}
    stream = home["speaker"].begin([{"tls": VOICE, "cached": True, "up": 10, "for_s": 40, "every_s": 0.04, "keep": "talk"}])
    time.sleep(0.7)
    epoch = home.ask("status")["epoch"]
    killed = time.time()
    curtain.stop(kill=True)
    sport = while_dead(stage)
    started = time.time()
    curtain.start()
    curtain.await_ready()
    stage.check("it is back within 3 s", curtain.start_s <= BACK_S * PACE, f"{curtain.start_s:.2f} s")
    stage.check("in the epoch in which it was", home.ask("status")["epoch"] == epoch, f"{epoch}, {home.ask('status')['epoch']}")
    afterwards(stage, before, sport)
    home["speaker"].stop()
    lived = stream.wait()
    ended = time.time()
    again = home["speaker"].one(again="talk", up=200)
    went_on = lived[0].result == again.result == "ok"
    stage.check("the judged conversation goes on through it all", went_on, outcomes([*lived, again]))
    addresses = (home.zone.hosts[VOICE].address4,)
    gap = longest_gap(stage.truth(), "speaker", addresses, since=killed - 0.5, until=ended)
    when = f"{gap.at - killed:.2f} s after the kill, {gap.at - started:.2f} s after the start"
    seen = f"longest {gap.seconds * 1000:.0f} ms of {gap.packets} packets on the WAN, {when}"
    stage.check("without a gap worth naming", gap.seconds < GAP_S * PACE, seen)
    for name, pulse in pulses.items():
        came, lost = pulse.end()
        stage.check(f"{name} never notices", not lost and len(came) >= 50, describe(came, lost))
    crossed = len({flow.key.sport for flow in stage.truth().of("old-phone") if flow.started >= killed})
    stage.check("and the old network's phone did cross the gateway", crossed > 20, f"{crossed} flows of it since the kill")


def across(stage: Stage) -> None:
    """The old network's phone takes the gateway for its router: its packets come in and go out by the same cable."""
    old = stage.home.machines["old-phone"]
    old.sysctl(net__ipv4__conf__all__accept_redirects=0, net__ipv4__conf__eth0__accept_redirects=0)
    old.ip(f"route replace default via {OLD4.format(GATEWAY_HOST)}")


def judge_all(stage: Stage) -> dict[tuple[str, str], str]:
    """A new connection for each line of the table, and what the gateway wrote down about it."""
    stage.home["reader"].one(tls=PAGES, up=100)
    for actor, name in TABLE:
        stage.home[actor].one(tls=name, cached=True, up=200, timeout_s=1.5)
    stage.witness.catch_up()
    told = {}
    for actor, name in TABLE:
        flows = stage.flows(stage.home.behaviours[actor].mac, name=name)
        told[actor, name] = flows[-1]["netcurtain"]["effect"] if flows else "nothing"
    return told


def while_dead(stage: Stage) -> int:
    speaker, reader = stage.home["speaker"], stage.home["reader"]
    new = [speaker.one(tls=name, cached=True, ip=family, up=300, timeout_s=0.5) for name in (VOICE, MESH) for family in (4, 6)]
    stage.check("new flows of a gadget stay closed", all(one.result == "refused" for one in new), outcomes(new))
    asked = speaker.one(dns=VOICE, timeout_s=0.3)
    stage.check("so do its questions", asked.result != "ok", outcomes([asked]))
    since = time.time()
    opened = [reader.one(tls=PAGES, up=300, timeout_s=2.0), reader.one(tls=PAGES, cached=True, up=300, keep="unjudged")]
    stage.excuse("reader", since=since, until=time.time())
    stage.check("a gadget whose policy says so gets through", all(one.result == "ok" for one in opened), outcomes(opened))
    return opened[1].sport


def afterwards(stage: Stage, before: dict[tuple[str, str], str], sport: int) -> None:
    after = judge_all(stage)
    stage.check("afterwards every flow is judged as before", after == before, after)
    unjudged = stage.home["reader"].one(again="unjudged", up=200, timeout_s=1.0)
    told = [flow for flow in stage.flows("reading-chair", port=443) if flow["src_port"] == sport]
    effects = [flow["netcurtain"]["effect"] for flow in told]
    stage.check("what nobody judged is judged now", len(told) == 1, f"{effects}, {outcomes([unjudged])}")
