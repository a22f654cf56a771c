"""Residual: whoever has the phone's hardware address *and* its leased address, while the phone is away, is the phone; over
IPv6, which has no leases, the hardware address alone is. So it is, for up to a second, before a first lease is known. Only the
radio knows better: a key of its own for every device. A new hardware address is a new device, with a newcomer's small budgets.
"""

import os
import struct
import time
from dataclasses import dataclass

from gateway.model.device import mac_to_bytes

from .. import frame
from ..attacker import Attacker
from ..carried import Mark, count
from ..dhcp import COOKIE
from ..evasions.case import BAD, GOOD
from ..evasions.quic import initial, pieces
from ..hello import client_hello, records
from ..pulse import Pulse, describe
from ..scenario import Stage, outcomes
from ..topology import CURTAIN6, GATEWAY_WAN_MAC
from ..trial import ROGUE, prepare

PROMISE = "A device that borrows another's hardware address or IP address gets none of its rights, and is reported."
ACTORS = ("rogue", "annas-phone")
PHONE, ANYWHERE = "annas-phone", "api.amazon.com"
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]
FRESH_MAC, FRESH4, FRESH6 = "02:00:5e:10:00:67", "10.77.0.67", CURTAIN6.format(0x67)
FAR6 = "fd77:77::abcd:1234"
ELSEWHERE4, STRANGER6 = "10.77.0.150", "2001:db8:cafe::bad:199"
NEWCOMERS = 64
"""A whole home may come at once."""
DISCOVER, REQUEST, RELEASE = 1, 3, 7
DHCP_WANTED, DHCP_KIND, DHCP_SERVER = 50, 53, 54
TELEMETRY = "device-metrics-us-2.amazon.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guise:
    """Who the rogue says it is."""

    it: str
    mac: str
    addresses: tuple[str, ...]
    name: str = BAD
    bare: bool = True
    """Datagrams without a name too: a newcomer may send a few of those, the others none."""


def play(stage: Stage) -> None:
    rogue, phone = stage.home[ROGUE], stage.home[PHONE]
    took = stage.until(lambda: _leases_known(stage), timeout_s=5.0)
    stage.check("their leases are known", took < 5, f"after {took:.1f} s")
    first = [phone.one(tls=ANYWHERE, up=300), rogue.one(tls=GOOD, up=300)]
    stage.check("the phone and the rogue are what they are", all(one.result == "ok" for one in first), outcomes(first))
    own, phones = stage.home.behaviours[ROGUE], stage.home.behaviours[PHONE]
    own6, phones6 = (one.plug(dhcp=True).address6 for one in (own, phones))
    guises = (
        Guise(it="its own address, the phone's hardware address", mac=phones.mac, addresses=(rogue.address,)),
        Guise(it="a free address, the phone's hardware address", mac=phones.mac, addresses=(FRESH4,)),
        Guise(it="the phone's addresses, its own hardware address", mac=own.mac, addresses=(phone.address, phones6)),
        Guise(it="its own address, a new hardware address", mac=FRESH_MAC, addresses=(rogue.address,)),
        Guise(it="a refused name over IPv6, a new MAC", mac=FRESH_MAC, addresses=(own6,), name=TELEMETRY, bare=False),
        Guise(it="a refused name, all addresses new", mac=FRESH_MAC, addresses=(FRESH4, FRESH6), name=TELEMETRY, bare=False),
    )
    with rogue.machine.entered():
        attacker = Attacker()
        for number, guise in enumerate(guises, start=100):
            _try(stage, attacker, guise, number)
        beside_the_phone(stage, attacker)
        steal_lease(stage, attacker)
    time.sleep(1.5)  # until a lease that moved would be known
    phone_goes_on(stage)
    reported(stage)
    always_new(stage, attacker)


def beside_the_phone(stage: Stage, attacker: Attacker) -> None:
    """All that the phone is, from another port of the bridge, while the phone itself is here and speaks."""
    phone, phones = stage.home[PHONE], stage.home.behaviours[PHONE]
    pulse = Pulse.begin(phone, ANYWHERE, exchanges=30)
    stage.until(lambda: stage.truth().bytes_to(stage.home.zone.hosts[ANYWHERE].address4, actor=PHONE) > 1_000)
    guises = (
        Guise(it="the phone's hardware address and its leased address", mac=phones.mac, addresses=(phone.address,)),
        Guise(it="both of the phone's over IPv6", mac=phones.mac, addresses=(phones.plug(dhcp=True).address6,)),
        Guise(it="the phone's hardware address, another one over IPv6", mac=phones.mac, addresses=(FRESH6, FAR6)),
    )
    for number, guise in enumerate(guises, start=120):
        _try(stage, attacker, guise, number, when=" while the phone speaks")
    came, lost = pulse.end()
    stage.check("the phone itself never notices", not lost and len(came) >= 25, describe(came, lost))
    told = [one["message"] for one in stage.troubles("identity")]
    stage.check("the conflict is told", any(text.startswith(PHONE) and "two places" in text for text in told), told)


def always_new(stage: Stage, attacker: Attacker) -> None:
    """A new hardware address for every datagram: each would have a newcomer's budget of its own."""
    before, tries = len(stage.home.ask("devices")), 200
    hello = initial(pieces(client_hello(TELEMETRY), 4000), to=os.urandom(8))
    for number in range(tries):
        source = CURTAIN6.format(0x1000 + number)
        body = frame.udp(hello, src=source, dst=STRANGER6, sport=61_600, dport=443)
        packet = frame.ipv6(body, src=source, dst=STRANGER6, proto=frame.UDP)
        attacker.send_ethernet(packet, frame.ETH_IPV6, src=f"02:00:5e:21:00:{number:02x}")
        time.sleep(0.008)
    time.sleep(0.3)
    met = len(stage.home.ask("devices")) - before
    seen = f"{met} devices of {tries} hardware addresses"
    stage.check("who is somebody new all the time is so for a while only", 0 < met <= NEWCOMERS, seen)


def _leases_known(stage: Stage) -> bool:
    wanted = {stage.home[name].address for name in ACTORS}
    return wanted <= {address for device in stage.home.ask("devices") for address in device["addresses"]}


def _try(stage: Stage, attacker: Attacker, guise: Guise, number: int, *, when: str = "") -> None:
    """TLS with a refused name and plain datagrams, from every address of the guise."""
    token, targets = os.urandom(8), {4: f"198.51.100.{number}", 6: f"2001:db8:cafe::bad:{number:x}"}
    for source in guise.addresses:
        target = targets[6 if ":" in source else 4]
        for packet in _packets(token, source, target, guise.name)[: None if guise.bare else 2]:
            kind = frame.ETH_IPV6 if packet[0] >> 4 == 6 else frame.ETH_IPV4
            attacker.send_ethernet(packet, kind, src=guise.mac)
            time.sleep(0.03)
    time.sleep(0.15)
    stage.home.settle()
    mark = {"guise": Mark(addresses=tuple(targets.values()), token=token)}
    left = count(stage.home.wan_capture, mark, source=GATEWAY_WAN_MAC)["guise"]
    offered = count(stage.home.lan_capture(ROGUE), mark)["guise"]
    stage.check(f"{guise.it}{when}: nothing leaves", 0 == left < offered, f"{left} of {offered} bytes left")


def _packets(token: bytes, source: str, target: str, name: str) -> list[bytes]:
    hello = records(client_hello(name, stamp=token, padding=300))
    segments = [(frame.SYN, 1000, b""), (frame.ACK | frame.PSH, 1001, hello)]
    built = [
        frame.tcp(data, src=source, dst=target, sport=61_500, dport=443, seq=seq, ack=1 if data else 0, flags=flags)
        for flags, seq, data in segments
    ]
    packets = [frame.ip(segment, src=source, dst=target, proto=frame.TCP) for segment in built]
    for port in (53, 443, 9999):
        body = frame.udp(token * 40, src=source, dst=target, sport=61_501, dport=port)
        packets.append(frame.ip(body, src=source, dst=target, proto=frame.UDP))
    return packets


def steal_lease(stage: Stage, attacker: Attacker) -> None:
    """DHCP believes the hardware address within the message: the phone's lease is given back in its name, and asked for; then
    the phone is moved elsewhere. Under the rogue's hardware address, and under one that nobody knows."""
    phone, wanted = stage.home.behaviours[PHONE].mac, frame.packed(stage.home[PHONE].address)
    server = {DHCP_SERVER: frame.packed(attacker.gateway4)}
    for sender in (attacker.mac, "02:00:5e:10:00:68"):
        release = _dhcp(RELEASE, phone, server, own=wanted)
        body = frame.udp(release, src=stage.home[PHONE].address, dst=attacker.gateway4, sport=68, dport=67)
        packet = frame.ipv4(body, src=stage.home[PHONE].address, dst=attacker.gateway4, proto=frame.UDP)
        attacker.send_ethernet(packet, frame.ETH_IPV4, src=sender)
        for station, address in ((sender, wanted), (phone, frame.packed(ELSEWHERE4))):
            for kind, options in ((DISCOVER, {}), (REQUEST, server)):
                said = _dhcp(kind, station, {DHCP_WANTED: address, **options})
                body = frame.udp(said, src="0.0.0.0", dst="255.255.255.255", sport=68, dport=67)
                packet = frame.ipv4(body, src="0.0.0.0", dst="255.255.255.255", proto=frame.UDP)
                attacker.send_ethernet(packet, frame.ETH_IPV4, dst=frame.BROADCAST, src=sender)
                time.sleep(0.15)


def _dhcp(kind: int, station: str, options: dict[int, bytes], *, own: bytes = bytes(4)) -> bytes:
    head = struct.pack("!BBBB4sHH4s12x6s10x192x4s", 1, 1, 6, 0, os.urandom(4), 0, 0x8000, own, mac_to_bytes(station), COOKIE)
    said = {DHCP_KIND: bytes([kind]), **options}
    return head + b"".join(bytes([code, len(value)]) + value for code, value in said.items()) + b"\xff"


def phone_goes_on(stage: Stage) -> None:
    step = {"tls": ANYWHERE, "up": 300, "timeout_s": 1.5}
    after = stage.home[PHONE].do([step, {**step, "cached": True, "ip": 6}])
    stage.check("the phone notices nothing", all(one.result == "ok" for one in after), outcomes(after))
    leases = (stage.home.curtain.state / "dnsmasq.leases").read_text()
    kept = f"{stage.home.behaviours[PHONE].mac} {stage.home[PHONE].address} "
    stage.check("and keeps its lease, whatever was asked for in its name", kept in leases, leases.splitlines())


def reported(stage: Stage) -> None:
    problems = [one for one in stage.home.ask("status")["problems"] if one["what"] == "identity"]
    told = [one["message"] for one in problems]
    pairs = ((PHONE, ""), (ROGUE, PHONE), (FRESH_MAC, ROGUE))
    missing = [pair for pair in pairs if not any(text.startswith(pair[0]) and text.endswith(pair[1]) for text in told)]
    stage.check("each borrowed identity is reported", not missing, f"{missing} not in {told}" if missing else told)
    known = {device["mac"]: device for device in stage.home.ask("devices")}
    fresh = known.get(FRESH_MAC, {})
    shown = f"{fresh.get('profile')}, trusted: {fresh.get('trusted')}"
    stage.check("a new hardware address is a new device, under the careful profile", fresh.get("profile") == "careful", shown)
