import time
from typing import Any

from ..audience import CONTROL, CONTROL_PORT, DOOR, MEDIA, RELAY, RELAY_PORT, described, left
from ..evasions.name import dtls
from ..hello import client_hello
from ..scenario import Stage

PROMISE = (
    "Pictures and talk are recognised by name, by what is spoken (STUN, DTLS-SRTP, RTP, RTSP, SIP) and by volume: without a "
    "viewing they stay in the home, within one they pass."
)
LONG = True
ACTORS = ("doorbell",)
BUDGET_BYTES, SLACK_BYTES = 64_000, 16_000
ALLOWANCE_BYTES = BUDGET_BYTES + SLACK_BYTES
"""An upload in an allowed connection, until it is found to be pictures."""
TEXT_PORT = 9
"""Where the relay takes whatever is said."""
RTSP = f"ANNOUNCE rtsp://{RELAY}/live RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 0\r\n\r\n"
SIP = (
    f"INVITE sip:owner@{RELAY} SIP/2.0\r\nVia: SIP/2.0/UDP 10.77.0.41;branch=z9hG4bK77\r\nFrom: <sip:door@{RELAY}>;tag=1\r\n"
    f"To: <sip:owner@{RELAY}>\r\nCall-ID: 7\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
HELLO = dtls(client_hello(for_media=True)).hex()
SPOKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "STUN": ("stun", {"media": RELAY, "port": 3478, "packets": 5}),
    "RTP": ("rtp", {"media": RELAY, "port": RELAY_PORT, "stun": False, "packets": 40, "rate": 200}),
    "DTLS-SRTP": ("dtls-srtp", {"udp": RELAY, "port": 40_000, "hex": HELLO}),
    "RTSP": ("rtsp", {"tcp": RELAY, "port": TEXT_PORT, "data": RTSP, "timeout_s": 0.5}),
    "SIP": ("sip", {"udp": RELAY, "port": 5060, "hex": SIP.encode().hex()}),
}
"""What it is called -> (as records call it, the step that speaks it). Ports of their own: tries of one place are one record."""


def play(stage: Stage) -> None:
    without_a_viewing(stage)
    by_volume(stage)
    within_a_viewing(stage)


def without_a_viewing(stage: Stage) -> None:
    doorbell = stage.home["doorbell"]
    for name, (app, step) in SPOKEN.items():
        since = time.time()
        outcome = doorbell.one(**step)
        found = [one for one in described(stage, RELAY) if one["app_proto"] == app]
        said = [(one["purpose"], one["action"], one["effect"], one["reason"]) for one in found]
        is_video = bool(said) and all(one[:2] == ("video", "owner-only") and one[2] != "pass" for one in said)
        sent = left(stage, RELAY, since=since)
        ok = is_video and sent == 0
        stage.check(f"{name} to an address without a name is video, and stays", ok, f"{outcome.result}: {said}")
    doorbell.one(media=MEDIA, packets=40)
    by_name = [one["purpose"] for one in described(stage, stage.home.zone.hosts[MEDIA].address4)]
    sent = stage.left(MEDIA)
    stage.check("what goes to a media server's name is video, and stays", set(by_name) == {"video"} and sent == 0, by_name)


def by_volume(stage: Stage) -> None:
    """An allowed connection to an allowed name."""
    doorbell = stage.home["doorbell"]
    upload = doorbell.one(tls=CONTROL, port=CONTROL_PORT, up=400_000, timeout_s=2.0)
    sent = stage.left(CONTROL)
    flows = [flow["netcurtain"] for flow in stage.flows(DOOR, name=CONTROL)]
    said = [(one["purpose"], one["reason"]) for one in flows if one["purpose"] == "video"]
    is_cut = upload.result != "ok" and sent <= ALLOWANCE_BYTES
    stage.check("an upload among commands is video by its volume, and cut", is_cut and bool(said), f"{sent} bytes left; {said}")


def within_a_viewing(stage: Stage) -> None:
    stage.home.ask("view", device=DOOR, seconds=30)
    for name, (_, step) in SPOKEN.items():
        since = time.time()
        stage.home["doorbell"].one(**step)
        sent = left(stage, RELAY, since=since)
        stage.check(f"within a viewing {name} passes", sent > 0, f"{sent} bytes")
    stage.home.ask("stop", device=DOOR)
