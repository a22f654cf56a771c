import time

from ..scenario import Stage, outcomes

PROMISE = "A broken policy file changes nothing and is reported."
ACTORS = ("speaker",)
MESH, VOICE = "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com", "avs-alexa-14-na.amazon.com"
ENTRY = "profile: echo, confirmed: true"
BROKEN = f"{ENTRY}, rules: {{mesh-sharing: alow}}"


def play(stage: Stage) -> None:
    speaker = stage.home["speaker"]
    before = stage.home.ask("status")
    stage.edit("household.yaml", ENTRY, BROKEN)
    took = stage.until(lambda: bool(stage.home.ask("status")["policy_faults"]))
    status = stage.home.ask("status")
    stage.check("the fault is reported", took < 3, f"after {took:.2f} s: {status['policy_faults']}")
    told = " ".join(map(str, status["policy_faults"]))
    stage.check("with its place and its value", "household.yaml:" in told and "alow" in told, told)
    stage.check("the policy in force is the one from before", status["policy"] == before["policy"], status["policy"])
    voice = speaker.one(tls=VOICE, up=5000)
    stage.check("what passed goes on passing", voice.result == "ok", outcomes([voice]))
    mesh = speaker.one(tls=MESH, cached=True, up=1800, timeout_s=0.8)
    stage.check("what was refused stays refused", mesh.result != "ok", outcomes([mesh]))
    left = stage.left(MESH)
    stage.check("not one byte of it left", left == 0, f"{left} bytes")
    stage.edit("household.yaml", BROKEN, f"{ENTRY}, rules: {{voice: block}}")
    took = stage.await_policy(before["policy"])
    status = stage.home.ask("status")
    repaired = took < 3 and not status["policy_faults"]
    stage.check("once repaired it takes hold", repaired, f"{took:.2f} s, {status['policy_faults']}")
    time.sleep(0.1)
    voice = speaker.one(tls=VOICE, cached=True, up=5000, timeout_s=0.8)
    stage.check("and says what it says", voice.result != "ok", outcomes([voice]))
