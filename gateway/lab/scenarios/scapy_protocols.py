from typing import Any

from ..scenario import Stage, outcomes

PROMISE = "What our own parsers do not speak, Scapy recognises in live traffic: MQTT, STUN and RTP, RTSP."
ACTORS = ("gizmo", "doorbell", "annas-phone")
MEDIA, BROKER = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com", "broker.gadgetcloud.example"


def play(stage: Stage) -> None:
    mqtt(stage)
    media(stage)
    rtsp(stage)


def mqtt(stage: Stage) -> None:
    said = stage.home["gizmo"].one(mqtt=BROKER, client_id="gizmo-4f1e22", up=120)
    _await(stage, "02:00:5e:10:00:06", 1883, ("mqtt",), f"a plain MQTT CONNECT ({outcomes([said])})")


def media(stage: Stage) -> None:
    stage.home["doorbell"].do("clock")  # the gateway knows a device once it has spoken
    stage.home.ask("view", device="front-door", seconds=30)
    stream = stage.home["doorbell"].one(media=MEDIA, packets=120, rate=400)
    stage.check("a stream runs in a viewing", stream.result == "ok", outcomes([stream]))
    _await(stage, "front-door", 17000, ("stun", "rtp"), "STUN, then RTP,")


def rtsp(stage: Stage) -> None:
    watched = stage.home["annas-phone"].one(rtsp=stage.home["doorbell"].address)
    stage.check("the owner's phone watches over RTSP", watched.result == "ok", outcomes([watched]))
    _await(stage, "front-door", 554, ("rtsp",), "RTSP")


def _await(stage: Stage, device: str, port: int, protocols: tuple[str, ...], what: str) -> None:
    seen: list[tuple[Any, ...]] = []

    def found() -> bool:
        flows = [flow for flow in stage.flows(device) if port in (flow["dest_port"], flow["src_port"])]
        seen[:] = [(flow["app_proto"], flow["netcurtain"]["dissector"]) for flow in flows]
        return any(app in protocols and dissector == "scapy" for app, dissector in seen)

    stage.until(found, timeout_s=2.0)
    ok = any(app in protocols and dissector == "scapy" for app, dissector in seen)
    stage.check(f"{what} is recognised, and its record says by Scapy", ok, seen)
