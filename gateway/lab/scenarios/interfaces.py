import os
import time

from ..attacker import Attacker
from ..carried import Mark, count
from ..evasions.place import place
from ..pulse import without_pause
from ..scenario import PACE, Stage, outcomes
from ..topology import CURTAIN4, CURTAIN6, GATEWAY_LAN_MAC, LAN, OLD4, ROUTER_HOST, WAN

PROMISE = "Interfaces may vanish and come back, on either side: it is told, nothing slips out, and all works again by itself."
LONG = True
ACTORS = ("speaker", "annas-phone")
VOICE, MESH = "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"
NEW_HOST = 21
STRANGERS, EVERY_S = place(1, 0).addresses, 0.02
TOLD_S, BACK_S = 3.0, 8.0


def play(stage: Stage) -> None:
    first = stage.home["speaker"].one(tls=VOICE, up=200)
    stage.check("a gadget speaks", first.result == "ok", outcomes([first]))
    token = os.urandom(8)
    with stage.home["speaker"].machine.entered():
        attacker = Attacker()
    with without_pause(lambda: blast(attacker, token, stage), EVERY_S) as sent:
        bridge_anew(stage)
        link_down_and_up(stage)
        upstream_moves(stage)
    stage.home.settle()
    marks = {"it": Mark(addresses=(), token=token)}
    offered, out = (count(file, marks)["it"] for file in (stage.home.lan_capture("speaker"), stage.home.wan_capture))
    seen = f"{out} of {offered} bytes left, said {len(sent)} times over both families"
    stage.check("nor one of what it said to strangers all the while", 0 == out < offered and len(sent) > 100, seen)
    left = stage.left(MESH)
    stage.check("not one byte of the refused name left at any time", left == 0, f"{left} bytes")


def blast(attacker: Attacker, token: bytes, stage: Stage) -> None:
    """Datagrams to strangers, and to the refused name's address: any moment without a judge lets some of them out."""
    mesh = stage.home.zone.hosts[MESH]
    for target in (*STRANGERS, mesh.address4, mesh.address6):
        attacker.send_udp(token * 10, target, 9_999, sport=61_999)


def ports() -> list[str]:
    """The gadgets are plugged in again."""
    lines = [f"link set p-{name} master {LAN} up" for name in ACTORS]
    return lines + [f"link set p-{name} type bridge_slave isolated on" for name in ACTORS]


def bridge_anew(stage: Stage) -> None:
    gateway, speaker = stage.home.machines["gateway"], stage.home["speaker"]
    gateway.ip(f"link del {LAN}")
    lost(stage, f"interface {LAN}", "that the curtain's bridge is gone")
    speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.3)
    gateway.ip(
        f"link add {LAN} address {GATEWAY_LAN_MAC} type bridge mcast_snooping 0",
        f"link set {LAN} up",
        *ports(),
        f"addr add {CURTAIN4.format(1)}/24 dev {LAN}",
        f"addr add {CURTAIN6.format(1)}/64 dev {LAN} nodad",
    )
    speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.3)
    back(stage, f"interface {LAN}", "with another bridge of that name")
    setting = gateway.run("sysctl", "-n", f"net.ipv4.conf.{LAN}.proxy_arp_pvlan").strip()
    stage.check("the new bridge has the settings of the old one", setting == "1", f"proxy_arp_pvlan = {setting}")


def link_down_and_up(stage: Stage) -> None:
    gateway, speaker = stage.home.machines["gateway"], stage.home["speaker"]
    gateway.ip(f"link set {LAN} down", f"link set {LAN} name away0", "link set away0 up")
    lost(stage, f"interface {LAN}", "that the bridge is somewhere else")
    speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.3)
    gateway.ip(
        "link set away0 down",
        f"link set away0 name {LAN}",
        f"link set {LAN} up",
        f"addr replace {CURTAIN6.format(1)}/64 dev {LAN} nodad",
    )
    back(stage, f"interface {LAN}", "with the bridge renamed back")


def upstream_moves(stage: Stage) -> None:
    gateway, speaker = stage.home.machines["gateway"], stage.home["speaker"]
    gateway.ip(f"link set {WAN} down")
    lost(stage, f"interface {WAN}", "that there is no upstream")
    gateway.ip(
        f"addr flush dev {WAN}",
        f"addr add {OLD4.format(NEW_HOST)}/24 dev {WAN}",
        f"link set {WAN} up",
        f"route replace default via {OLD4.format(ROUTER_HOST)}",
    )
    speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.3)
    back(stage, f"interface {WAN}", "from another address upstream")


def lost(stage: Stage, what: str, it: str) -> None:
    took = stage.until(lambda: bool(stage.troubles(what, now=True)), timeout_s=TOLD_S * PACE)
    told = [trouble["message"] for trouble in stage.troubles(what, now=True)]
    stage.check(f"{it} is told", took <= TOLD_S * PACE, told)


def back(stage: Stage, what: str, how: str) -> None:
    """Names resolve, flows are judged, and the trouble is over."""
    speaker, phone = stage.home["speaker"], stage.home["annas-phone"]
    began = time.monotonic()
    step = {"tls": VOICE, "up": 200, "timeout_s": 0.5, "resolve_s": 0.5}
    stage.until(lambda: speaker.one(**step).result == "ok", timeout_s=BACK_S * PACE, every_s=0.1)
    took = time.monotonic() - began
    stage.check(f"{how} names resolve and flows pass", took <= BACK_S * PACE, f"after {took:.1f} s")
    judged = [speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.5), phone.one(tls=VOICE, up=100)]
    seen = outcomes(judged)
    stage.check("and others are refused as before", [one.result for one in judged] == ["refused", "ok"], seen)
    over = stage.until(lambda: not stage.troubles(what, now=True), timeout_s=TOLD_S * PACE)
    stage.check("that it is over is told", over <= TOLD_S * PACE, stage.troubles(what)[-1:])
