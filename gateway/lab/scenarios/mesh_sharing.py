from ..scenario import Stage, outcomes

PROMISE = "The neighbours' gadgets do not ride along, while the speaker answers as ever."
ACTORS = ("speaker",)
MESH = "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"
VOICE = "avs-alexa-14-na.amazon.com"


def play(stage: Stage) -> None:
    speaker = stage.home["speaker"]
    voice = speaker.do("utter")[0]
    stage.check("a spoken request is sent and answered", voice.result == "ok", outcomes([voice]))
    refused = speaker.do("neighbour")
    stage.check("the mesh bridge's name is refused", refused[0].result != "ok", outcomes(refused))
    step = {"tls": MESH, "cached": True, "up": 1800, "timeout_s": 1.0}
    remembered = [speaker.one(**step), speaker.one(**step, ip=6)]
    stage.check("an address it remembers helps it no more", all(one.result != "ok" for one in remembered), outcomes(remembered))
    hidden = speaker.one(**step, sni=False)
    stage.check("nor does keeping silent about the name", hidden.result != "ok", outcomes([hidden]))
    again = speaker.one(tls=VOICE, up=92000, down=24000)
    stage.check("the next spoken request works too", again.result == "ok", outcomes([again]))
    left = stage.left(MESH)
    stage.check("not one byte of the mesh left the home", left == 0, f"{left} bytes")
    left = stage.left(VOICE)
    stage.check("both recordings left", left >= 2 * 92_000, f"{left} bytes")
