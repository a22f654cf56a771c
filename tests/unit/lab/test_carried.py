import struct
from pathlib import Path

import pytest

from gateway.lab import frame
from gateway.lab.capture import pcap_header
from gateway.lab.carried import Mark, carried, count

MAC, OTHER = "02:00:5e:10:00:66", "02:00:5e:77:00:01"
V4 = {"src": "10.77.0.66", "dst": "198.51.100.100"}
V6 = {"src": "fd77:77::42", "dst": "2001:db8:cafe::bad:64"}
TOKEN = b"TOKEN\xff\x00\x0a"


def on_cable(packet: bytes, tail: bytes = b"", **fields: object) -> bytes:
    kind = frame.ETH_IPV6 if packet[0] >> 4 == 6 else frame.ETH_IPV4
    return frame.ethernet(packet + tail, dst=OTHER, src=MAC, kind=kind, **fields)  # type: ignore[arg-type]


def segment(data: bytes = b"", ends: dict[str, str] = V4, **fields: object) -> bytes:
    fields = {"seq": 1, "flags": frame.ACK, **fields}
    return frame.tcp(data, **ends, sport=1, dport=2, **fields)  # type: ignore[arg-type]


def datagram(data: bytes, ends: dict[str, str] = V4, **fields: object) -> bytes:
    return frame.udp(data, **ends, sport=1, dport=2, **fields)  # type: ignore[arg-type]


def four(body: bytes, proto: int, **fields: object) -> bytes:
    return frame.ipv4(body, **V4, proto=proto, **fields)  # type: ignore[arg-type]


def six(body: bytes, proto: int) -> bytes:
    return frame.ipv6(body, **V6, proto=proto)


LINUX = bytes.fromhex("020405b4" "0402080a0000000100000000" "01030307")
CASES = {
    "an empty segment": (on_cable(four(segment(), 6)), 0),
    "a usual SYN": (on_cable(four(segment(options=LINUX), 6)), 0),
    "payload": (on_cable(four(segment(b"x" * 10, options=LINUX), 6)), 10),
    "an option of another kind": (on_cable(four(segment(options=b"\xfd\x0a12345678"), 6)), 10),
    "bytes behind the options' end": (on_cable(four(segment(options=b"\0\0\0\0abcd"), 6)), 8),
    "an option that is cut": (on_cable(four(segment(options=b"\x02\x04\x05\xb4\x08\x0aab"), 6)), 4),
    "a header longer than the segment": (on_cable(four(segment()[:12] + b"\xf0" + segment()[13:], 6)), 20),
    "a datagram": (on_cable(four(datagram(b"x" * 10), 17)), 10),
    "bytes behind a datagram": (on_cable(four(datagram(b"x" * 10, length=8), 17)), 10),
    "IPv4 options": (on_cable(four(segment(), 6, options=b"\x1e\x08abcdef")), 8),
    "a first fragment": (on_cable(four(b"x" * 24, 17, flags=1)), 24),
    "a last fragment": (on_cable(four(b"x" * 24, 17, offset=64)), 24),
    "a ping": (on_cable(four(frame.icmp(8, 0, bytes(4), b"x" * 10), 1)), 10),
    "an unknown protocol": (on_cable(four(b"x" * 10, 253)), 10),
    "padding of zeros": (on_cable(four(segment(), 6), b"\0" * 6), 0),
    "padding of something": (on_cable(four(segment(), 6), b"secret"), 6),
    "a tag": (on_cable(four(datagram(b"x" * 10), 17), tags=[(frame.ETH_VLAN, 5)]), 10),
    "IPv6": (on_cable(six(segment(b"x" * 10, V6), 6)), 10),
    "an IPv6 header": (on_cable(six(frame.options_header(6, (0x1E, b"abcd")) + segment(ends=V6), 60)), 8),
    "a whole fragment": (on_cable(six(frame.fragment_header(6, offset=0, more=False, ident=1) + segment(ends=V6), 44)), 8),
    "a true IPv6 fragment": (on_cable(six(frame.fragment_header(17, offset=8, more=True, ident=1) + b"x" * 16, 44)), 24),
    "an authentication header": (
        on_cable(six(frame.authentication_header(6, b"12345678", unit=8) + segment(ends=V6), 51)), 24,
    ),
    "no IP": (frame.ethernet(b"x" * 50, dst=OTHER, src=MAC, kind=0x88B5), 0),
    "half a header": (frame.ethernet(b"\x45" * 8, dst=OTHER, src=MAC, kind=0x0800), 0),
}  # fmt: skip


@pytest.mark.parametrize(("data", "size"), CASES.values(), ids=CASES)
def test_everything_beyond_the_headers_counts(data: bytes, size: int) -> None:
    assert carried(data)[1] == size


def test_bytes_are_told_by_where_they_go_and_by_what_they_are(tmp_path: Path) -> None:
    marks = {"mine": Mark(addresses=(V4["dst"], V6["dst"]), token=TOKEN), "other": Mark(addresses=(), token=b"12345678")}
    sent = [
        on_cable(four(datagram(b"x" * 100), 17)),
        on_cable(six(datagram(TOKEN + b"x" * 12, V6), 17)),
        on_cable(frame.ipv4(datagram(TOKEN * 3), src=V4["src"], dst="203.0.113.1", proto=17)),
        on_cable(frame.ipv4(datagram(TOKEN.hex().upper().encode()), src=V4["src"], dst="203.0.113.1", proto=17)),
        frame.ethernet(b"12345678", dst=OTHER, src=OTHER, kind=0x88B5),
        frame.ethernet(four(datagram(b"x" * 7), 17), dst=MAC, src=OTHER, kind=0x0800),
    ]
    file = tmp_path / "one.pcap"
    file.write_bytes(pcap_header() + b"".join(struct.pack("<IIII", 1, 0, len(one), len(one)) + one for one in sent))
    assert count(file, marks, source=MAC) == {"mine": 100 + 20 + 24 + 8, "other": 8}
    assert count(file, marks) == {"mine": 100 + 20 + 24 + 8 + 7, "other": 8}
