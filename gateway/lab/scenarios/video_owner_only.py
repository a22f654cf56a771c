import time

from ..scenario import PACE, Stage, outcomes

PROMISE = "Pictures of the door leave only while somebody who may is watching; at home the owner sees them, a guest does not."
ACTORS = ("doorbell", "annas-phone", "guests-phone")
MEDIA = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"
CUT_S = 2.0
PICTURES_PER_S, PICTURE_BYTES = 120, 856
ALLOWANCE_BYTES = round(2 * PACE * PICTURES_PER_S * PICTURE_BYTES)
"""Two viewings end; of each a second's pictures may be on their way."""


def play(stage: Stage) -> None:
    without_viewing(stage)
    stopped_viewing(stage)
    ended_viewing(stage)


def without_viewing(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    asked = doorbell.one(media=MEDIA, packets=20)
    blind = [doorbell.one(media=MEDIA, cached=True, ip=family, stun=False, packets=60, rate=400) for family in (4, 6)]
    spoken = doorbell.one(tls=MEDIA, cached=True, up=20_000, timeout_s=0.8)
    stage.check("without a viewing no stream comes up", asked.result != "ok", outcomes([asked]))
    stage.check("nor over TLS", spoken.result != "ok", outcomes([spoken]))
    left = stage.left(MEDIA)
    stage.check("without a viewing not one byte of video leaves", left == 0, f"{left} bytes; tried blindly: {outcomes(blind)}")


def stopped_viewing(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    stage.home.ask("view", device="front-door", seconds=60)
    opened = time.time()
    stream = doorbell.begin([{"media": MEDIA, "packets": 4000, "rate": PICTURES_PER_S, "size": PICTURE_BYTES}])
    time.sleep(0.8)
    flowing = stage.left(MEDIA, since=opened)
    stage.check("within a viewing video flows", flowing > 50_000, f"{flowing} bytes in 0.8 s")
    stage.home.ask("stop", device="front-door")
    ended = time.time()
    at_home(stage)  # in the time that the camera has to fall silent
    _judge_cut(stage, ended, "after the viewing was ended")
    doorbell.stop()
    stream.wait()


def ended_viewing(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    stage.home.ask("view", device="front-door", seconds=0.8)
    ended = time.time() + 0.8
    stream = doorbell.begin([{"media": MEDIA, "packets": 4000, "rate": PICTURES_PER_S, "size": PICTURE_BYTES}])
    time.sleep(0.8)
    _judge_cut(stage, ended, "after a viewing ran out by itself")
    doorbell.stop()
    stream.wait()


def _judge_cut(stage: Stage, ended: float, when: str) -> None:
    """The camera goes on sending: its packets must stop coming through."""
    time.sleep(max(ended + CUT_S + 0.3 - time.time(), 0))
    media, truth = stage.home.zone.hosts[MEDIA], stage.truth()
    within, late = (truth.bytes_to(media.address4, media.address6, since=ended + after) for after in (0.0, CUT_S))
    stage.check(f"{when} video is cut within 2 s", late == 0, f"{within} bytes after its end, {late} after 2 s")


def at_home(stage: Stage) -> None:
    camera = stage.home["doorbell"].address
    owner = stage.home["annas-phone"].one(rtsp=camera)
    stage.check("the owner's phone sees the camera in the home", owner.received_bytes > 30_000, outcomes([owner]))
    guest = stage.home["guests-phone"].one(rtsp=camera, timeout_s=1.0)
    seen = f"{outcomes([guest])}, {guest.received_bytes} bytes"
    stage.check("the guest's phone does not", guest.result != "ok" and guest.received_bytes == 0, seen)
