import time

from ..scenario import PACE, Stage, outcomes

PROMISE = "Telemetry over QUIC is stopped, and its fall-back over TCP too."
ACTORS = ("stick",)
NAME, PLAY = "insights.video.a2z.com", "atv-ps.amazon.com"


def play(stage: Stage) -> None:
    stick = stage.home["stick"]
    report = stick.do("report")
    stage.check("report and fall-back are both refused", len(report) == 2 and not _any_ok(report), outcomes(report))
    quic = [stick.one(quic=NAME, cached=True, ip=family, up=2600, timeout_s=0.7) for family in (4, 6)]
    stage.check("QUIC to an address it remembers goes nowhere", not _any_ok(quic), outcomes(quic))
    tls = [stick.one(tls=NAME, cached=True, ip=family, up=2600, timeout_s=0.7) for family in (4, 6)]
    stage.check("nor does TLS", not _any_ok(tls), outcomes(tls))
    left = stage.left(NAME)
    stage.check("not one byte of it left the home", left == 0, f"{left} bytes")
    flows = [flow for flow in stage.flows("living-room-stick", name=NAME) if flow["app_proto"] == "quic"]
    named = [flow for flow in flows if flow["netcurtain"]["name_source"] == "quic"]
    stage.check("the name was read in the QUIC hello itself", bool(named), f"{len(named)} of {len(flows)} QUIC flows")
    film = stick.one(tls=PLAY, up=900, down=3000)
    stage.check("films go on", film.result == "ok", outcomes([film]))
    stage.home.ask("allow", device="living-room-stick", purpose="telemetry", seconds=30)
    allowed = stick.one(quic=NAME, up=2600, timeout_s=2.0)
    stage.check("it was the policy, not the protocol: allowed, QUIC works", allowed.result == "ok", outcomes([allowed]))
    left = stage.left(NAME)
    stage.check("and is seen outside", left >= 2600, f"{left} bytes")
    moved(stage)


def moved(stage: Stage) -> None:
    """A connection that goes on from another port, to the same server, says no name there: the one that DNS gave decides."""
    stick, step = stage.home["stick"], {"quic": NAME, "cached": True, "up": 2600, "timeout_s": 1.2 * PACE}
    began = time.time()
    allowed = stick.one(**step, move_after_s=0.1)
    ports = {flow.key.sport for flow in stage.truth().of("stick") if flow.started >= began and flow.payload_bytes > 1_000}
    seen = f"{outcomes([allowed])}, from {len(ports)} ports"
    stage.check("while it is allowed, it may move to another port", allowed.result == "ok" and len(ports) == 2, seen)
    moving = stick.begin([{**step, "move_after_s": 0.4 * PACE}])
    time.sleep(0.2 * PACE)
    stage.home.ask("stop", device="living-room-stick")
    ended = time.time()
    refused = moving.wait()[-1]
    left = stage.left(NAME, since=ended)
    stage.check("once it is not, the other port does not help", refused.result != "ok" and left == 0, f"{left} bytes left")


def _any_ok(results: list) -> bool:  # type: ignore[type-arg]
    return any(one.result == "ok" for one in results)
