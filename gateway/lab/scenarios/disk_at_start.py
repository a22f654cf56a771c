import subprocess

from ..scenario import PACE, Stage, outcomes
from .disk_full import fill, mount_small, speak

PROMISE = "A gateway starts and judges on a disk that is full, and on one that is read-only, and tells of it."
ACTORS = ("speaker",)
LONG = True
VOICE, MESH = "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"


def play(stage: Stage) -> None:
    curtain = stage.home.curtain
    curtain.stop(kill=True)
    mount_small(curtain.state)
    fill(curtain.state / "filler")
    start_and_judge(stage, "full")
    stage.witness.catch_up()
    curtain.stop()
    subprocess.run(["mount", "-o", "remount,ro", str(curtain.state)], check=True, capture_output=True)
    start_and_judge(stage, "read-only")
    left = stage.left(MESH)
    stage.check("nothing of the mesh left at any time", left == 0, f"{left} bytes")


def start_and_judge(stage: Stage, kind: str) -> None:
    curtain, speaker = stage.home.curtain, stage.home["speaker"]
    curtain.start()
    curtain.await_ready()
    stage.check(f"it starts on a disk that is {kind}", True, f"{curtain.start_s:.2f} s")
    judged = [speaker.one(tls=VOICE, up=200), speaker.one(tls=MESH, cached=True, up=200, timeout_s=0.6)]
    stage.check("names resolve, and it judges as ever", [one.result for one in judged] == ["ok", "refused"], outcomes(judged))
    stage.until(lambda: speak(stage, every_s=0.1) and bool(stage.troubles("ledger", now=True)), timeout_s=8 * PACE)
    told = stage.troubles("ledger", now=True)
    stage.check("that flows are not written down is told", bool(told), told)
