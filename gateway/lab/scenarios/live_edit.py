import time

from ..scenario import PACE, Stage, outcomes

PROMISE = "An edit of a policy file takes hold on connections that live, within a second."
ACTORS = ("speaker",)
VOICE = "avs-alexa-14-na.amazon.com"
ENTRY = "profile: echo, confirmed: true"
STRICT = f"{ENTRY}, rules: {{voice: block}}"
WITHIN_S = 1.0 * PACE
ALLOWANCE_BYTES = round(80_000 * WITHIN_S)
"""What the conversation says in that time: 50 requests a second of 1,500 bytes, and their heads."""


def play(stage: Stage) -> None:
    speaker = stage.home["speaker"]
    stream = speaker.begin([{"tls": VOICE, "up": 1500, "for_s": 8, "every_s": 0.02}])
    time.sleep(0.8)
    flowing = stage.left(VOICE)
    stage.check("a conversation is under way", flowing > 10_000, f"{flowing} bytes")
    edited = stage.edit("household.yaml", ENTRY, STRICT)
    cut = stream.wait()[0]
    stage.check("the live connection is cut, not left hanging", cut.result == "refused", outcomes([cut]))
    truth = stage.truth()
    last = max((at for flow in truth.of("speaker") for at, _ in flow.sent if flow.key.dport == 443), default=edited)
    stage.check("its last byte left within a second of the edit", last - edited <= WITHIN_S, f"{max(last - edited, 0):.3f} s")
    refused = speaker.one(tls=VOICE, cached=True, up=1500, timeout_s=1.0)
    stage.check("a new connection is refused", refused.result != "ok", outcomes([refused]))
    edited = stage.edit("household.yaml", STRICT, ENTRY)
    took = stage.until(lambda: speaker.one(tls=VOICE, cached=True, up=1500, timeout_s=0.3).result == "ok", every_s=0.05)
    stage.check("taken back, it works within a second", took <= WITHIN_S, f"{took:.3f} s")
