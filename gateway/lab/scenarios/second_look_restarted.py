"""As ``second_look``: payload, seen upstream; the slack is one look's."""

import time

from ..scenario import PACE, Stage, outcomes
from .second_look import BUDGET_BYTES, CONTROL, SLACK_BYTES, VIDEO_BYTES, is_video, message, told

PROMISE = "A connection that outlives its gateway is looked at by the next one: pictures in it are cut as before."
ACTORS = ("doorbell",)
LONG = True
ALLOWANCE_BYTES = BUDGET_BYTES + SLACK_BYTES
"""Until they are found, they are what they were let out as."""


def play(stage: Stage) -> None:
    doorbell, curtain = stage.home["doorbell"], stage.home.curtain
    opened = message(doorbell, keep="control")
    stage.check("a message passes", opened.result == "ok", outcomes([opened]))
    stage.witness.catch_up()
    curtain.stop(kill=True)
    curtain.start()
    curtain.await_ready()
    again = doorbell.one(again="control", up=160, timeout_s=2.0 * PACE)
    stage.check("its connection outlives the gateway", again.result == "ok", outcomes([again]))
    since = time.time()
    video = doorbell.one(again="control", up=VIDEO_BYTES, timeout_s=2.0 * PACE)
    left = stage.left(CONTROL, since=since)
    cut = video.result != "ok" and left <= BUDGET_BYTES + SLACK_BYTES
    stage.check(f"pictures in it are cut at {BUDGET_BYTES // 1000} kB", cut, f"{left} of {VIDEO_BYTES} bytes left")
    lines = told(stage, "front-door", opened.sport)
    seen = [(line["purpose"], line["effect"], line["reason"]) for line in lines]
    stage.check("they are recorded as video", is_video(lines[-1:]), seen)
