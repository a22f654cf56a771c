"""Residual: the ports on which a DHCP client hears its server (UDP 68 and 546), and echo, panel and shell for the old network
upstream. A listener with a raw socket needs no port; nothing here has one.
"""

import os
import socket
import time
from collections.abc import Iterator

from .. import frame
from ..carried import Mark, count
from ..evasions.case import RELAY, RELAY_PORT
from ..scenario import Stage, outcomes
from ..topology import CURTAIN4, CURTAIN6, GATEWAY_HOST, OLD4, OLD6
from ..trial import ROGUE, prepare

PROMISE = "From the internet nothing reaches gadgets, phones or the gateway's services, in no family and by no protocol."
ACTORS = ("rogue", "annas-phone", "doorbell")
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]
WAN4, WAN6 = OLD4.format(GATEWAY_HOST), OLD6.format(GATEWAY_HOST)
GATEWAY4, GATEWAY6 = CURTAIN4.format(1), CURTAIN6.format(1)
SERVER4, SERVER6, OTHER4, OTHER6 = "203.0.113.200", "2001:db8:cafe::c8", "198.51.100.200", "2001:db8:cafe::c9"
SOURCES = {
    "a server": (SERVER4, SERVER6),
    "somebody else's private network": ("10.99.0.7", "fd99:1::7"),
    "a provider's own network": ("172.20.1.7", "fc00::7"),
}
"""Only the gateway's own old network is upstream and trusted; other private addresses come from strangers too."""
TCP_PORTS = (22, 53, 80, 443, 554, 853, 1883, 5000, 8080)
UDP_PORTS = (53, 67, 69, 123, 161, 443, 547, 1900, 5353, 5683, 17000)
SPORT = 40_700


def play(stage: Stage) -> None:
    _route_home(stage)
    flood(stage)
    answers(stage)
    ordinary(stage)


def _route_home(stage: Stage) -> None:
    """The worst case: the routers upstream know the way to the home's private networks."""
    stage.home.machines["router"].ip(
        f"route add {CURTAIN4.format(0)}/24 via {WAN4}", f"route add {CURTAIN6.format(0)}/64 via {WAN6}"
    )
    stage.home.machines["internet"].ip(
        f"route add {CURTAIN4.format(0)}/24 via 192.0.2.2", f"route add {CURTAIN6.format(0)}/64 via 2001:db8:ffff::2",
        f"route add {OLD4.format(0)}/24 via 192.0.2.2",
    )


def flood(stage: Stage) -> None:
    """Everything to everybody; whoever answers is a leak as much as whoever hears."""
    for it, (four, six) in SOURCES.items():
        knock(stage, it, four, six)


def knock(stage: Stage, it: str, four: str, six: str) -> None:
    token = os.urandom(8)
    inside = [stage.home[name].address for name in ACTORS]
    inside += [stage.home.behaviours[name].plug(dhcp=True).address6 for name in ACTORS]
    packets = list(_packets(token, [WAN4, WAN6, GATEWAY4, GATEWAY6, *inside], (four, six)))
    began = time.time()
    _inject(stage, packets)
    time.sleep(0.4)
    stage.home.settle()
    mark = {"flood": Mark(addresses=(), token=token)}
    arrived = count(stage.home.wan_capture, mark)["flood"]
    heard = {name: count(stage.home.lan_capture(name), {"flood": Mark(addresses=(), token=token)})["flood"] for name in ACTORS}
    seen = f"{arrived} bytes of {len(packets)} packets"
    stage.check(f"packets of {it} came as far as the gateway", arrived > len(packets) * len(token), seen)
    stage.check(f"{it}: no gadget and no phone heard any of them", not any(heard.values()), heard)
    answered = [flow for flow in stage.truth().flows if flow.started >= began and flow.key.dst in _packed(four, six)]
    told = [f"{flow.key.proto}/{flow.key.sport}" for flow in answered]
    stage.check(f"{it}: nobody answered", not answered, told or "silence")


def _packed(*addresses: str) -> set[bytes]:
    return {frame.packed(address) for address in addresses}


def _packets(token: bytes, targets: list[str], sources: tuple[str, str]) -> Iterator[bytes]:
    letter = token * 8
    for target in targets:
        src = sources[":" in target]
        for port in TCP_PORTS:
            for flags in (frame.SYN, frame.SYN | frame.ACK, frame.ACK, frame.RST | frame.ACK):
                body = frame.tcp(letter, src=src, dst=target, sport=443, dport=port, seq=7, ack=9, flags=flags)
                yield frame.ip(body, src=src, dst=target, proto=frame.TCP)
        for port in UDP_PORTS:
            for sport in (53, 443, 40_000):
                body = frame.udp(letter, src=src, dst=target, sport=sport, dport=port)
                yield frame.ip(body, src=src, dst=target, proto=frame.UDP)
        if ":" in target:
            body = frame.icmp6(128, 0, b"\0\7\0\1", letter, src=src, dst=target)
            yield frame.ipv6(body, src=src, dst=target, proto=frame.ICMPV6)
        else:
            yield frame.ipv4(frame.icmp(8, 0, b"\0\7\0\1", letter), src=src, dst=target, proto=frame.ICMP)
        for proto in (4, 41, 47, 50, 132):
            yield frame.ip(letter, src=src, dst=target, proto=proto)


def _inject(stage: Stage, packets: list[bytes]) -> None:
    """From a server on the internet, whatever the source says."""
    with stage.home.machines["internet"].entered():
        four = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    with four, six:
        for packet in packets:
            if packet[0] >> 4 == 4:
                four.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))
            else:
                six.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))


def answers(stage: Stage) -> None:
    """To a live flow of the rogue: answers from another server, from another port, and to another port of ours."""
    rogue = stage.home[ROGUE]
    relay = stage.home.zone.hosts[RELAY]
    stream = rogue.begin([{"media": RELAY, "port": RELAY_PORT, "sport": SPORT, "packets": 400, "rate": 200, "size": 200}])
    stage.until(lambda: stage.left(RELAY, actor=ROGUE) > 2_000)
    token = os.urandom(8)
    packets = []
    for src, sport, dport in (
        (OTHER4, RELAY_PORT, SPORT), (relay.address4, RELAY_PORT + 1, SPORT), (relay.address4, RELAY_PORT, SPORT + 1),
        (OTHER4, 53, SPORT), (SERVER4, 53, 53),
    ):  # fmt: skip
        for target in (WAN4, rogue.address):
            body = frame.udp(token * 20, src=src, dst=target, sport=sport, dport=dport)
            packets.append(frame.ipv4(body, src=src, dst=target, proto=frame.UDP))
    _inject(stage, packets * 3)
    time.sleep(0.3)
    stage.home.settle()
    heard = count(stage.home.lan_capture(ROGUE), {"answers": Mark(addresses=(), token=token)})["answers"]
    arrived = count(stage.home.wan_capture, {"answers": Mark(addresses=(), token=token)})["answers"]
    stage.check("answers that nobody asked for do not ride on a live flow", heard == 0 < arrived, f"{heard} of {arrived} bytes")
    rogue.stop()
    stream.wait()


def ordinary(stage: Stage) -> None:
    """The old network still reaches what it may, and the home goes on."""
    phone = stage.home["annas-phone"].one(tls="api.amazon.com", up=300)
    stage.check("the home notices nothing", phone.result == "ok", outcomes([phone]))
