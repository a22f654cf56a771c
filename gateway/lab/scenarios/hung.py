import signal
import time

from ..pulse import Pulse, describe
from ..scenario import PACE, Stage, outcomes

PROMISE = "A gateway that hangs is noticed, ended and started again; until then it is closed, and afterwards all is as before."
LONG = True
ACTORS = ("speaker", "annas-phone")
VOICE, MESH, APP = "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com", "api.amazon.com"
WATCHDOG_S = 1.0
NOTICED_S, BACK_S = 1.0, 3.0


def play(stage: Stage) -> None:
    curtain, speaker = stage.home.curtain, stage.home["speaker"]
    curtain.stop()
    curtain.start(watchdog_s=WATCHDOG_S)
    curtain.await_ready()
    supervision = curtain.supervise()
    before = speaker.one(tls=VOICE, up=300)
    stage.check("a gadget speaks", before.result == "ok", outcomes([before]))
    steady = stage.until(lambda: supervision.beats >= 3, timeout_s=4)
    stage.check("the gateway says that it lives", steady < 4 and not supervision.restarts, f"3 beats in {steady:.1f} s")
    pulse = Pulse.begin(stage.home["annas-phone"], APP, exchanges=30)
    hung = time.monotonic()
    curtain.signal(signal.SIGSTOP)
    held = [speaker.one(tls=name, cached=True, up=300, timeout_s=0.4) for name in (VOICE, MESH)]
    stage.check("while it hangs nothing new gets out", all(one.result != "ok" for one in held), outcomes(held))
    stage.until(lambda: len(supervision.restarts) == 1 and "epoch" in ask(stage), timeout_s=15)
    noticed_s = supervision.restarts[0][0] - hung if supervision.restarts else float("inf")
    why = supervision.restarts[0][1] if supervision.restarts else "not at all"
    allowed_s = WATCHDOG_S + NOTICED_S
    stage.check("its silence is noticed", why == "silent" and noticed_s <= allowed_s * PACE, f"after {noticed_s:.1f} s: {why}")
    stage.check("it is back within 3 s", curtain.start_s <= BACK_S * PACE, f"{curtain.start_s:.2f} s")
    voice = speaker.one(tls=VOICE, cached=True, up=300)
    mesh = speaker.one(tls=MESH, cached=True, up=300, timeout_s=0.5)
    stage.check("and judges as before", voice.result == "ok" and mesh.result == "refused", outcomes([voice, mesh]))
    left = stage.left(MESH)
    stage.check("not one byte of the mesh left", left == 0, f"{left} bytes")
    came, lost = pulse.end()
    stage.check("the phone never noticed", not lost and len(came) >= 25, describe(came, lost))
    stage.check("it was needed once", len(supervision.restarts) == 1, supervision.restarts)
    supervision.close()


def ask(stage: Stage) -> dict[str, object]:
    """The status, or nothing where nobody answers."""
    from gateway.edge.control import ControlError

    try:
        return dict(stage.home.ask("status"))
    except ControlError:
        return {}
