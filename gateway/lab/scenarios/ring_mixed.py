import time

from ..scenario import Stage, outcomes

PROMISE = "Where bell and motion share a name, the shipped choice keeps the bell and counts; the strict choice silences both."
ACTORS = ("doorbell",)
SHARED = "fw.ring.com"
ENTRY = "profile: ring-doorbell, confirmed: true"


def play(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    press, motion = doorbell.do("press")[0], doorbell.do("motion")[0]
    stage.check("as shipped a press is reported", press.result == "ok", outcomes([press]))
    stage.check("motion cannot be told from it and passes too", motion.result == "ok", outcomes([motion]))
    flows = [flow["netcurtain"] for flow in stage.flows("front-door", name=SHARED)]
    mixed = [flow for flow in flows if flow["mixed"] and "motion-event" in flow["also"] and flow["effect"] == "pass"]
    stage.check("both are counted as not to be told apart", len(mixed) >= 2, f"{len(mixed)} of {len(flows)} flows, {mixed[:1]}")
    before = stage.digest()
    stage.edit("household.yaml", ENTRY, f"{ENTRY}, mixed: {{{SHARED}: drop}}")
    took = stage.await_policy(before)
    stage.check("the strict choice is taken up", took < 3, f"{took:.2f} s")
    since = time.time()
    press = doorbell.do("press")[0]
    stage.check("the strict choice silences the bell", press.result != "ok", outcomes([press]))
    remembered = doorbell.one(tls=SHARED, cached=True, up=1400, timeout_s=0.8)
    stage.check("also at an address it remembers", remembered.result != "ok", outcomes([remembered]))
    left = stage.left(SHARED, since=since)
    stage.check("not one byte left for that name after the strict choice", left == 0, f"{left} bytes")
