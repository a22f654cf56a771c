"""What stands around the gateway: the old network and its router, the gateway's own addresses, other gadgets.

Relaying over a phone that plays along is not among these: within the home it is a flow to a household device, and what the
phone then sends is the phone's. No gateway can tell.
"""

import socket
import struct
import time
from collections.abc import Callable

from .. import frame
from ..hello import client_hello, records
from ..topology import CURTAIN4, CURTAIN6, GATEWAY_HOST, OLD4, OLD6, ROUTER_HOST
from .case import BAD, GOOD, Attempt, Case
from .dns import labels, query

ROUTER4, ROUTER6 = OLD4.format(ROUTER_HOST), OLD6.format(ROUTER_HOST)
UPLINK4, UPLINK6 = OLD4.format(GATEWAY_HOST), OLD6.format(GATEWAY_HOST)
OLD_PHONE4, OLD_PHONE6 = OLD4.format(50), OLD6.format(50)
ISP4, ISP6 = "192.0.2.1", "2001:db8:ffff::1"
NEIGHBOUR_HOST = 46
PORTS = (53, 67, 69, 80, 123, 161, 443, 1900, 5351, 5353, 49152)
"""Where routers listen: names, addresses, files, panels, clocks, port mappings."""
ITSELF = "it is said to the router itself"
NEIGHBOURS = "it takes a neighbour that plays along"


def _datagrams(*targets: str) -> Callable[[Attempt], None]:
    def play(attempt: Attempt) -> None:
        for target in targets:
            for port in PORTS:
                attempt.attacker.send_udp(attempt.payload(200), target, port)
        time.sleep(0.2)

    return play


def _streams(*targets: str) -> Callable[[Attempt], str]:
    def play(attempt: Attempt) -> str:
        told = []
        for target in targets:
            for port in (80, 443, 8080):
                with attempt.attacker.stream(target, port) as stream:
                    stream.connect(timeout_s=0.15)
                    stream.write(records(client_hello(GOOD, stamp=attempt.token, padding=300)))
                    stream.write(attempt.payload(300))
                    stream.read(0.05)
                    told.append("reset" if stream.reset else "open" if stream.ack else "silence")
        return ", ".join(told)

    return play


def ask_upstream(attempt: Attempt) -> str:
    """The old network's router and the provider's resolver: their port 53 leads to ours, their names to nobody."""
    question = query(labels(BAD))
    told = []
    for server in (ROUTER4, ROUTER6, ISP4, ISP6):
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.4)
            sock.connect((server, 53))
            try:
                sock.send(question + attempt.payload(200))
                told.append(f"code {sock.recv(4096)[3] & 15}")
            except OSError as err:
                told.append(type(err).__name__)
    return ", ".join(told)


def proxy_by_gateway(attempt: Attempt) -> str:
    """CONNECT and an absolute target, to all that listens on the gateway, and SOCKS."""
    told = []
    says = (
        f"CONNECT {attempt.target4}:443 HTTP/1.1\r\nHost: {GOOD}\r\n\r\n".encode() + attempt.payload(200),
        f"GET http://{attempt.target4}/{attempt.token.hex()} HTTP/1.1\r\nHost: {GOOD}\r\n\r\n".encode(),
        b"\x05\x01\x00\x05\x01\x00\x01" + frame.packed(attempt.target4) + b"\x01\xbb" + attempt.payload(100),
    )
    for target in (attempt.attacker.gateway4, UPLINK4, attempt.attacker.gateway6):
        for port, said in zip((80, 8080, 1080), says, strict=True):
            with attempt.attacker.stream(target, port) as stream:
                stream.connect(timeout_s=0.15)
                stream.write(said)
                stream.read(0.1)
                told.append("reset" if stream.reset else "open" if stream.ack else "silence")
    return ", ".join(told)


def ping_gateway(attempt: Attempt) -> None:
    """It answers, and to nobody else."""
    attacker = attempt.attacker
    for target in (attacker.gateway4, UPLINK4):
        body = frame.icmp(8, 0, b"\0\1\0\1", attempt.payload(600))
        attacker.send_ip(frame.ipv4(body, src=attacker.address4, dst=target, proto=frame.ICMP))
    for target in (attacker.gateway6, UPLINK6):
        body = frame.icmp6(128, 0, b"\0\1\0\1", attempt.payload(600), src=attacker.address6, dst=target)
        attacker.send_ip(frame.ipv6(body, src=attacker.address6, dst=target, proto=frame.ICMPV6))
    time.sleep(0.2)


def map_ports(attempt: Attempt) -> None:
    """NAT-PMP, PCP and UPnP: requests to be reachable from outside, to every router on the way."""
    pmp = struct.pack("!BBHHHI", 0, 1, 0, 61000, 61000, 3600)
    own = bytes(10) + b"\xff\xff" + frame.packed(attempt.attacker.address4)
    pcp = struct.pack("!BBHI", 2, 1, 0, 3600) + own + attempt.payload(36)
    search = b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: urn:x:" + attempt.token.hex().encode() + b"\r\n\r\n"
    for target in (attempt.attacker.gateway4, UPLINK4, ROUTER4, ISP4):
        for port, said in ((5351, pmp), (5351, pcp), (1900, search)):
            attempt.attacker.send_udp(said, target, port)
    time.sleep(0.2)


def hop_over_neighbour(attempt: Attempt) -> None:
    """Datagrams to a neighbour that hold packets for a server: a neighbour that plays along would send them as its own."""
    neighbours = CURTAIN4.format(NEIGHBOUR_HOST), CURTAIN6.format(NEIGHBOUR_HOST)
    for neighbour, target in zip(neighbours, attempt.targets, strict=True):
        inner = frame.udp(attempt.payload(200), src=neighbour, dst=target, sport=40_000, dport=443)
        attempt.attacker.send_udp(frame.ip(inner, src=neighbour, dst=target, proto=frame.UDP), neighbour, 4789)
    time.sleep(0.1)


CASES = (
    Case(id="router", text="Datagrams to the old network's router", play=_datagrams(ROUTER4, ROUTER6)),
    Case(id="provider", text="Datagrams to the provider's router", play=_datagrams(ISP4, ISP6)),
    Case(id="old-network", text="Datagrams to a phone on the old network", play=_datagrams(OLD_PHONE4, OLD_PHONE6)),
    Case(id="uplink", text="Datagrams to the gateway's address on the old network",
         play=_datagrams(UPLINK4, UPLINK6), stays=ITSELF),
    Case(id="router-tcp", text="The allowed name, said to the old network's router", play=_streams(ROUTER4, ROUTER6)),
    Case(id="old-network-tcp", text="The allowed name, said to the old network's phone", play=_streams(OLD_PHONE4, OLD_PHONE6)),
    Case(id="uplink-tcp", text="The allowed name, said to the gateway's own address outside",
         play=_streams(UPLINK4, UPLINK6), stays=ITSELF),
    Case(id="dns", text="The resolvers of the old network and the provider", play=ask_upstream),
    Case(id="proxy", text="The gateway as a proxy", play=proxy_by_gateway, stays=ITSELF),
    Case(id="echo", text="The gateway's echo, inside and outside", play=ping_gateway, stays=ITSELF),
    Case(id="port-mapping", text="Port mappings asked of every router on the way", play=map_ports),
    Case(id="neighbour", text="Another gadget as the next hop", play=hop_over_neighbour, stays=NEIGHBOURS),
)
