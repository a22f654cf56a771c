from ..scenario import Stage, outcomes

PROMISE = "Motion stays at home and the bell rings, where a doorbell has a name for each."
ACTORS = ("chime",)
MOTION, BELL = "motion.doorstep.example", "bell.doorstep.example"


def play(stage: Stage) -> None:
    chime = stage.home["chime"]
    press = chime.do("press")
    stage.check("a press is reported", press[0].result == "ok", outcomes(press))
    motion = chime.do("motion")
    stage.check("motion is not", motion[0].result != "ok", outcomes(motion))
    remembered = [chime.one(tls=MOTION, cached=True, ip=family, up=900, timeout_s=0.8) for family in (4, 6)]
    stage.check("nor to an address it remembers", all(one.result != "ok" for one in remembered), outcomes(remembered))
    shape = [one.result for one in remembered]
    stage.check("it meets silence, as `drop` says", shape == ["timeout", "timeout"], shape)
    again = chime.do("press")
    stage.check("the bell still rings", again[0].result == "ok", outcomes(again))
    left = stage.left(MOTION)
    stage.check("not one byte of motion left the home", left == 0, f"{left} bytes")
    left = stage.left(BELL)
    stage.check("both presses left", left >= 1400, f"{left} bytes")
