"""DNS packets as Scapy writes them."""

from scapy.layers.dns import DNS, DNSQR, DNSRR

from gateway.model.packet import Packet
from tests.support.packets import GATEWAY, HOME, udp

TYPES = {"A": 1, "AAAA": 28, "HTTPS": 65}


def query(name: str, *, kind: str = "A", server: bytes = GATEWAY, sport: int = 50_000) -> Packet:
    """A question of the device to a resolver."""
    payload = bytes(DNS(id=7, rd=1, qd=DNSQR(qname=name, qtype=TYPES[kind])))
    return udp(payload, src=HOME, dst=server, sport=sport, dport=53)


def answer(name: str, addresses: tuple[bytes, ...]) -> Packet:
    """What our resolver says to it."""
    answers = [DNSRR(rrname=name, type="A", ttl=60, rdata=".".join(map(str, address))) for address in addresses]
    payload = bytes(DNS(id=7, qr=1, rd=1, ra=1, qd=DNSQR(qname=name), an=answers))
    return udp(payload, src=GATEWAY, dst=HOME, sport=53, dport=50_000)
