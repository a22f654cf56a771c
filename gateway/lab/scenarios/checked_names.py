import os
import signal
from statistics import median

from ..scenario import PACE, Stage, outcomes

PROMISE = "An allowed name counts only at an address that the home's resolver gave for it."
ACTORS = ("speaker", "stick")
GOOD, NEEDED, SPOKEN, LATE = (
    "api.amazonalexa.com", "avs-alexa-14-na.amazon.com", "tinytts.amazon.com", "alexa.na.gateway.devices.a2z.com",
)  # fmt: skip
REPORTS, PICTURES = "fls-na.amazon.com", "m.media-amazon.com"
"""Two tenants of one address."""
FILMS, STORE = "atv-ps.amazon.com", "s3.ll.videorolls.row.aiv-cdn.net"
WAIT_MS, SLACK_MS = 300, 200
"""How long a hello waits for our resolver; and what a busy machine takes for all the rest."""
ELSEWHERE = "198.51.100.77"
"""Nobody resolves to it."""


def play(stage: Stage) -> None:
    speaker = stage.home["speaker"]
    own = speaker.one(tls=GOOD, up=500)
    stage.check("an allowed name at its own address passes", own.result == "ok", outcomes([own]))
    lied = [speaker.one(tls=GOOD, address=ELSEWHERE, up=500, timeout_s=1.0) for _ in range(2)]
    stage.check("the same name said to another address does not", all(one.result != "ok" for one in lied), outcomes(lied))
    flows = [flow["netcurtain"] for flow in stage.flows("kitchen-speaker", name=GOOD, purpose="direct-address")]
    told = [flow for flow in flows if flow["effect"] == "refuse" and GOOD in flow["reason"]]
    stage.check("it is shown as a direct address that claims the name", bool(told), told[:1] or flows)
    left = stage.truth().bytes_to(ELSEWHERE)
    stage.check("not one byte left for that address", left == 0, f"{left} bytes")
    hard_coded(stage)
    siblings(stage)
    two_names(stage)
    silent_resolver(stage)


def hard_coded(stage: Stage) -> None:
    """Addresses that are right, and that no DNS answer gave to anybody."""
    speaker = stage.home["speaker"]
    asked, known = [], []
    for name, family in ((NEEDED, 4), (NEEDED, 6), (SPOKEN, 4), (SPOKEN, 6)):
        steps = [{"tls": name, "cached": True, "ip": family, "up": 500}] * 4
        first, *others = speaker.do(steps)
        asked.append(first)
        known += others
    stage.check("hard-coded addresses that are right pass", all(one.result == "ok" for one in asked), outcomes(asked))
    added_ms = median(one.ms for one in asked) - median(one.ms for one in known)
    stage.check("asking the resolver takes less than 0.3 s", added_ms < 300, f"{added_ms:.1f} ms added to {len(asked)} hellos")


def siblings(stage: Stage) -> None:
    """A name at the address of another one, that another device was told."""
    speaker, stick, hosts = stage.home["speaker"], stage.home["stick"], stage.home.zone.hosts
    told = [stick.one(dns=FILMS), stick.one(dns=STORE)]
    stage.check("another device is told two addresses", all(one.result == "ok" for one in told), outcomes(told))
    near = speaker.one(tls=SPOKEN, address=hosts[FILMS].address4, up=500)
    stage.check("where a name of the same owner leads, it passes", near.result == "ok", outcomes([near]))
    far = speaker.one(tls=SPOKEN, address=hosts[STORE].address4, up=500, timeout_s=1.0)
    stage.check("where somebody else's name leads, it does not", far.result != "ok", outcomes([far]))


def two_names(stage: Stage) -> None:
    """The name that was asked for counts beside the one that is said."""
    speaker = stage.home["speaker"]
    stage.home.ask("allow", device="kitchen-speaker", purpose="telemetry", seconds=30)
    told = [speaker.one(dns=REPORTS)]
    stage.home.ask("stop", device="kitchen-speaker")
    told.append(speaker.one(dns=PICTURES))
    stage.check("two names of one address were asked for", all(one.result == "ok" for one in told), outcomes(told))
    address = stage.home.zone.hosts[REPORTS].address4
    lied = [speaker.one(tls=NEEDED, address=address, up=500, timeout_s=1.0) for _ in range(2)]
    stage.check("an allowed name that was not is refused there", all(one.result != "ok" for one in lied), outcomes(lied))
    flows = [flow["netcurtain"] for flow in stage.flows("kitchen-speaker", name=NEEDED, purpose="telemetry")]
    stage.check("both names are told", any(REPORTS in flow["reason"] for flow in flows), flows[:1])
    left = stage.truth().bytes_to(address)
    stage.check("not one byte left for it", left == 0, f"{left} bytes")
    neighbour = speaker.one(tls=PICTURES, cached=True, up=500)
    stage.check("an allowed neighbour that was asked for is not hurt", neighbour.result == "ok", outcomes([neighbour]))


def silent_resolver(stage: Stage) -> None:
    """A resolver that hangs holds nobody up for long, and what it says late is learnt."""
    speaker = stage.home["speaker"]
    resolver = int((stage.home.curtain.state / "dnsmasq.pid").read_text())
    os.kill(resolver, signal.SIGSTOP)
    try:
        silent = speaker.one(tls=LATE, cached=True, up=500, timeout_s=2.0)
    finally:
        os.kill(resolver, signal.SIGCONT)
    seen = f"{outcomes([silent])} after {silent.ms:.0f} ms"
    held = silent.result != "ok" and silent.ms < (WAIT_MS + SLACK_MS) * PACE
    stage.check("while the resolver hangs nobody is let out, nor kept waiting", held, seen)
    took_s = stage.until(lambda: speaker.one(tls=LATE, cached=True, up=500, timeout_s=1.0).result == "ok", every_s=0.3)
    stage.check("its late answer is learnt", took_s < 3, f"{took_s:.2f} s")
