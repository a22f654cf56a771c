import os
import signal
import time

from ..scenario import PACE, Stage, outcomes

PROMISE = "A resolver that dies is started again within seconds and told of; refused names stay refused meanwhile."
ACTORS = ("speaker", "annas-phone")
VOICE, MESH = "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"
BACK_S = 6.0


def play(stage: Stage) -> None:
    speaker, phone = stage.home["speaker"], stage.home["annas-phone"]
    asked = speaker.one(dns=VOICE)
    stage.check("names resolve", asked.result == "ok", outcomes([asked]))
    pid_file = stage.home.curtain.state / "dnsmasq.pid"
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGKILL)
    died = time.monotonic()
    refused = [speaker.one(dns=MESH, timeout_s=0.3) for _ in range(3)]
    stage.check(
        "while it is dead a refused name is refused at once",
        all(one.result == "unresolved" and one.ms < 300 for one in refused),
        outcomes(refused),
    )
    nobody = phone.one(dns=VOICE, timeout_s=0.3)
    stage.check("and nobody answers the others", nobody.result != "ok", outcomes([nobody]))
    judged = speaker.one(tls=VOICE, cached=True, up=200)
    stage.check("judging goes on", judged.result == "ok", outcomes([judged]))
    told = stage.until(lambda: bool(stage.troubles("resolver")), timeout_s=4)
    stage.check("it is told of", told < 4, stage.troubles("resolver"))
    stage.until(lambda: speaker.one(dns=VOICE, timeout_s=0.3).result == "ok", timeout_s=10, every_s=0.1)
    back_s = time.monotonic() - died
    stage.check("it is started again, and names resolve", back_s < BACK_S * PACE, f"{back_s:.1f} s after its end")
    stage.check("it is another process", int(pid_file.read_text()) != pid, f"{pid}, then {pid_file.read_text()}")
    over = stage.until(lambda: not stage.troubles("resolver", now=True), timeout_s=6)
    stage.check("and it is told that all is well again", over < 6, stage.troubles("resolver"))
    served = [gadget.one(tls=VOICE, up=200) for gadget in (speaker, phone)]
    stage.check("everybody is served", all(one.result == "ok" for one in served), outcomes(served))
    left = stage.left(MESH)
    stage.check("not one byte of the refused name left", left == 0, f"{left} bytes")
