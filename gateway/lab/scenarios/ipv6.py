from ..scenario import Stage, outcomes

PROMISE = "IPv6 is judged like IPv4."
ACTORS = ("speaker", "chime", "stick")
MESH, VOICE = "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com", "avs-alexa-14-na.amazon.com"
MOTION, BELL, QUIC = "motion.doorstep.example", "bell.doorstep.example", "insights.video.a2z.com"


def play(stage: Stage) -> None:
    speaker, chime, stick = (stage.home[name] for name in ACTORS)
    passing = [speaker.one(tls=VOICE, ip=6, up=92000, down=24000), chime.one(tls=BELL, ip=6, up=700)]
    stage.check("voice and bell work over IPv6", all(one.result == "ok" for one in passing), outcomes(passing))
    refused = [
        speaker.one(tls=MESH, ip=6, up=1800, timeout_s=0.8),
        speaker.one(tls=MESH, ip=6, up=1800, cached=True, timeout_s=0.8),
        chime.one(tls=MOTION, ip=6, up=900, cached=True, timeout_s=0.8),
        stick.one(quic=QUIC, ip=6, up=2600, cached=True, timeout_s=0.8),
        stick.one(udp="bare", address=stage.home.zone.lonely["bare6"], packets=5, port=36000, answer=True),
    ]
    stage.check("mesh, motion and telemetry do not", all(one.result != "ok" for one in refused[:4]), outcomes(refused))
    left = stage.left(MESH, MOTION, QUIC)
    stage.check("not one byte of them left", left == 0, f"{left} bytes")
    left = stage.truth().bytes_to(stage.home.zone.hosts[VOICE].address6)
    stage.check("the recording left over IPv6", left >= 92_000, f"{left} bytes")
    sources = {flow["src_ip"] for flow in stage.flows("kitchen-speaker", name=VOICE)}
    stage.check("the speaker's IPv6 flows are the speaker's", any(":" in source for source in sources), sorted(sources))
