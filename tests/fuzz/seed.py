"""Where mutation begins: for each target some inputs that take it deep, all of our own making."""

from collections.abc import Iterable, Iterator

from gateway.model.packet import ICMP, TCP, UDP
from gateway.wire.datagram import build_datagram
from tests.fuzz.target import CLOUD, FAR, HOME, IS_SYN, LINK_TYPES, REPLY, piece
from tests.support import quic_builder as builder
from tests.support.hello import alpn, dtls_fragments, dtls_record, extension, hello_body, named, server_name, tls_hello
from tests.support.packets import client_hello

HOME6, CLOUD6 = bytes.fromhex("fd77") + bytes(13) + b"\x20", bytes.fromhex("20010db8") + bytes(11) + b"\x10"
NAME = b"video.example.com"


def ip4(proto: int, payload: bytes, *, offset: int = 0, more: bool = False, options: bytes = b"") -> bytes:
    head = bytes((0x45 + len(options) // 4, 0)) + (20 + len(options) + len(payload)).to_bytes(2)
    place = (offset // 8 | 0x2000 * more).to_bytes(2)
    return head + b"\0\7" + place + bytes((64, proto, 0, 0)) + HOME + CLOUD + options + payload


def ip6(proto: int, payload: bytes) -> bytes:
    return b"\x60\0\0\0" + len(payload).to_bytes(2) + bytes((proto, 64)) + HOME6 + CLOUD6 + payload


def tcp_segment(payload: bytes, *, options: bytes = b"") -> bytes:
    ports = (40_000).to_bytes(2) + (443).to_bytes(2)
    return (
        ports
        + bytes(3)
        + b"\1"
        + bytes(4)
        + bytes((0x50 + 4 * len(options), 0x18))
        + b"\xff\xff"
        + bytes(4)
        + options
        + payload
    )


def datagram(payload: bytes, dport: int = 443) -> bytes:
    return build_datagram((HOME, 40_000), (CLOUD, dport), payload)[20:]


def dns_message(
    *sections: Iterable[bytes], flags: int = 0x0100, name: bytes = b"\5video\7example\3com\0", kind: int = 1
) -> bytes:
    """A question, then the records of up to three sections."""
    counts = [len(list(section)) for section in sections] + [0] * (3 - len(sections))
    head = b"\0\7" + flags.to_bytes(2) + b"\0\1" + b"".join(count.to_bytes(2) for count in counts)
    return head + name + kind.to_bytes(2) + b"\0\1" + b"".join(record for section in sections for record in section)


def record(kind: int, data: bytes, *, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + kind.to_bytes(2) + b"\0\1" + bytes(3) + b"\x3c" + len(data).to_bytes(2) + data


OPT = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0"
ADDRESSES = [record(5, b"\3cdn\xc0\x0c"), record(1, CLOUD), record(28, CLOUD6)]
SERVICE = record(65, b"\0\1\0" + b"\0\1\0\3\2h3" + b"\0\4\0\4" + CLOUD + b"\0\5\0\4abcd")
DNS = [
    dns_message(),
    dns_message([], [], [OPT]),
    dns_message(kind=65),
    dns_message(ADDRESSES, flags=0x8180),
    dns_message([record(1, CLOUD)] * 60, flags=0x8180),
    dns_message([SERVICE], [record(2, b"\2ns\xc0\x12")], [OPT], flags=0x8180),
    dns_message(name=b"\x3f" + b"a" * 63 + b"\x3f" + b"b" * 63 + b"\x3f" + b"c" * 63 + b"\0"),
]
HTTP = [
    b"GET /check HTTP/1.1\r\nHost: video.example.com:8080\r\nUser-Agent: x\r\n\r\n",
    b"POST http://user@video.example.com/up HTTP/1.0\r\n\r\n",
    b"CONNECT video.example.com:443 HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\nhost : [2001:db8::1]:80\n\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    b"NOTIFY * HTTP/1.1\r\n" + b"X: y\r\n" * 50,
]
HELLOS = [
    named(NAME),
    client_hello("video.example.com"),
    tls_hello(server_name(NAME), alpn(b"h2", b"http/1.1"), extension(0xFE0D, bytes(40)), records=5),
    tls_hello(server_name(b"a", b"b"), server_name(b"c")),
    tls_hello(extension(21, bytes(3_000)), server_name(NAME)),
    tls_hello(),
]
PREAMBLES = [
    b"PROXY TCP4 10.77.0.20 203.0.113.10 40000 443\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + HOME + CLOUD + b"\x9c\x40\1\xbb",
    b"EHLO camera\r\nSTARTTLS\r\n",
    b"\x05\1\0",
    bytes.fromhex("0000000804d2162f"),
    b"<?xml version='1.0'?><stream:stream to='x'>",
    b"SSH-2.0-x\r\n",
]
QUIC = builder.hello("video.example.com", extra=700)
INITIALS = [
    [builder.initial(builder.padded(builder.crypto(0, builder.hello("video.example.com"))))],
    [builder.initial(builder.padded(builder.crypto(0, builder.hello("video.example.com"))), version=builder.V2)],
    [
        builder.initial(builder.crypto(400, QUIC[400:]) + b"\1" + bytes(300)),
        builder.initial(builder.crypto(0, QUIC[:400]), number=1),
    ],
    [builder.initial(b"".join(builder.crypto(at, QUIC[at : at + 50]) for at in range(0, len(QUIC), 50)))],
    [b"\x80\0\0\0\0\x08" + builder.SERVER_ID + b"\0" + builder.V1 + builder.V2],
    [b"\xf0" + builder.V1 + b"\0\x08" + builder.SERVER_ID + b"token" + bytes(16)],
]
FRAMES = [
    builder.padded(builder.crypto(0, builder.hello("video.example.com")), 300),
    b"".join(builder.crypto(at, QUIC[at : at + 60]) for at in reversed(range(0, len(QUIC), 60))),
    b"\2\x05\0\0\x05" + builder.crypto(0, QUIC[:300]) + b"\3\x05\0\0\x05\1\1\1" + builder.crypto(200, QUIC[200:]),
    builder.crypto(0, QUIC) + builder.crypto(0, QUIC),
]
BODY = hello_body(server_name(NAME), alpn(b"webrtc"), cookie=b"")
DTLS = [
    [next(iter(dtls_fragments(BODY, 4_000)))],
    list(dtls_fragments(BODY, 40)),
    list(dtls_fragments(hello_body(server_name(NAME), cookie=bytes(32)), 60, sequence=1))[::-1],
    [dtls_record(bytes(20), kind=23, epoch=1)],
]
NTP = [bytes((0x23,)) + bytes(47), bytes((0x1B,)) + bytes(39) + b"\xec\xca\0\0\0\0\0\1", bytes((0x21,)) + bytes(67)]
STUN = b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12)
CONTROL = [
    b'{"v":1,"id":1,"do":"status"}',
    b'{"v":1,"id":2,"do":"flows","limit":20,"device":"front-door","purpose":"video","since":1795345200.5}',
    b'{"v":1,"id":3,"do":"allow","device":"front-door","purpose":"telemetry","seconds":3600}',
    b'{"v":1,"id":4,"do":"answer","device":"a","purpose":"video","name":"x.example","choice":"allow"}',
    b'{"v":1,"id":5,"do":"view","device":"\\u00e9\\ud83d\\ude00","seconds":1e2}',
    b'{"v":1,"id":6,"do":"subscribe"}' + b" " * 40,
    b"[" * 200 + b"]" * 200,
    b'{"a":' * 100 + b"1" + b"}" * 100,
]


def chlo(order: str = "big") -> bytes:
    tags, values = b"", b""
    for tag, value in ((b"PAD\0", b"-" * 100), (b"SNI\0", NAME), (b"UAID", b"agent")):
        values += value
        tags += tag + len(values).to_bytes(4, "little")
    message = b"CHLO\3\0\0\0" + tags + values
    return b"\xa0\1" + len(message).to_bytes(2, "little" if order == "little" else "big") + message


GQUIC = [
    b"\x09idofflowQ043\1" + bytes(12) + chlo(),
    b"\x09idofflowQ035\1" + bytes(12) + chlo("little"),
    b"\x08idofflow\1" + bytes(12) + b"\0" + chlo("little"),
    b"\xc3Q046\x50idofflow\0\0\0\1" + bytes(12) + chlo(),
    builder.initial(builder.padded(builder.crypto(0, chlo()[4:], google=True)), version=b"Q050"),
]
GRE = b"\x30\0\x65\x58" + bytes(8)
INNER = ip4(UDP, datagram(DNS[0], 53))
ETHERNET = bytes.fromhex("02005e77000102005e100001")
IP = [
    ip4(TCP, tcp_segment(named(NAME))),
    ip4(TCP, tcp_segment(b"x", options=b"\1" * 8), options=b"\x94\4\0\0"),
    ip4(UDP, datagram(DNS[0], 53)),
    ip4(ICMP, b"\3\1\0\0" + bytes(4) + INNER[:28]),
    ip4(UDP, datagram(bytes(80))[:40], more=True),
    ip6(TCP, tcp_segment(named(NAME))),
    ip6(0, b"".join(bytes((kind, 0)) + bytes(6) for kind in (60, 43, 44)) + b"\x11\0\0\1" + bytes(4) + datagram(b"x")),
    ip6(51, bytes((6, 4)) + bytes(22) + tcp_segment(b"x")),
    ip4(47, GRE + ETHERNET + b"\x08\0" + INNER),
    ip4(UDP, datagram(b"\x08" + bytes(7) + ETHERNET + b"\x81\0\0\1\x08\0" + INNER, 4789)),
    ip4(UDP, datagram(b"\x30\xff\0\x54" + bytes(4) + INNER, 2152)),
    ip4(4, ip4(41, ip6(UDP, datagram(b"x")))),
]  # fmt: skip
HEADERS = {1: ETHERNET + b"\x08\0", 113: b"\0\0\0\1\0\6" + ETHERNET[6:] + bytes(2) + b"\x08\0", 0: b"\2\0\0\0",
           105: b"\x88\1" + bytes(22) + bytes(2) + b"\xaa\xaa\3\0\0\0\x08\0", 9: b"\xff\3\0\x21"}  # fmt: skip


def frames() -> Iterator[bytes]:
    """Link headers of the kinds that homes know, tags and labels, before a packet."""
    for link_type in LINK_TYPES:
        yield bytes((LINK_TYPES.index(link_type),)) + HEADERS.get(link_type, b"") + IP[8]
    for tags in (b"\x81\0\0\1\x88\xa8\0\2\x08\0", b"\x88\x47" + bytes(4) + b"\0\0\1\x40", b"\x88\x64\x11\0\0\1\0\0\0\x21"):
        yield bytes((LINK_TYPES.index(1),)) + ETHERNET + tags + IP[0]


def streams() -> Iterator[bytes]:
    """TCP as it comes, and as an attacker would send it."""
    for hello in HELLOS:
        yield piece(b"", IS_SYN) + piece(hello)
        yield b"".join(piece(hello[at : at + 100]) for at in range(0, len(hello), 100))
        yield piece(hello[200:], 0, 100) + piece(hello[:200], 0, -128) + piece(hello[:100], 0, -100)
    for words in PREAMBLES:
        yield piece(words) + piece(b"220 ready\r\n", REPLY) + piece(HELLOS[0])
    for request in HTTP:
        yield piece(request[:20]) + piece(request[20:]) + piece(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", REPLY)
    yield piece(DNS[0], FAR, 5)


def flows(*kinds: list[list[bytes]]) -> Iterator[bytes]:
    for kind in kinds:
        for datagrams in kind:
            yield b"".join(map(piece, datagrams))


def unsealed() -> Iterator[bytes]:
    """Initials whose frames stand in clear, for keys that open everything."""
    for inside in FRAMES:
        for version in (builder.V1, builder.V2):
            first = 0xD0 if version == builder.V2 else 0xC0
            size = builder.varint(len(inside) + 4)
            packet = bytes((first,)) + version + b"\x08" + builder.SERVER_ID + b"\0" + b"\0" + size + bytes(4) + inside
            yield piece(packet) + piece(packet)


_CLIENT = b"\1\1\6" + bytes(233) + b"\x63\x82\x53\x63"
_SERVICE = b"\4_hap\4_tcp\5local\0"
CLUES = [
    b"\0" + _CLIENT + b"\x0c\4bell\x3c\5udhcp\x37\3\1\3\6\xff",
    b"\0" + _CLIENT[:-4 - 128] + b"\x0c\4bell\xff".ljust(128, b"\0") + _CLIENT[-4:] + b"\x34\1\3\xff",
    b"\1\0\0\x84\0\0\0\0\2\0\0\0\0" + _SERVICE + b"\0\x0c\0\1\0\0\0\x78\0\7\4Lamp\xc0\x0c"
    + b"\xc0\x2a\0\x10\x80\1\0\0\0\x78\0\x0a\5md=B2\3a=b",
    b"\1\0\0\0\0\0\1\0\1\0\1\0\0" + _SERVICE + b"\0\x0c\0\1" + 2 * (b"\xc0\x0c\0\x0c\0\1\0\0\0\x78\0\2\xc0\x0c"),
    b"\2NOTIFY * HTTP/1.1\r\nNT: urn:a:device:b:1\r\nUSN: uuid:1\r\nSERVER: Linux UPnP/1.0 Bell/1.0\r\n\r\n",
    *(b"\3" + message for message in DNS),
]


SEEDS: dict[str, list[bytes]] = {
    "ip": IP,
    "frame": list(frames()),
    "fragment": [
        piece(ip4(UDP, datagram(bytes(90))[:40], more=True)) + piece(ip4(UDP, datagram(bytes(90))[40:], offset=40), 1),
        piece(ip4(TCP, tcp_segment(named(NAME))[:48], more=True)) + piece(ip4(TCP, tcp_segment(named(NAME))[32:], offset=32)),
    ],
    "dns": [*DNS, *(len(message).to_bytes(2) + message for message in DNS)],
    "http": HTTP,
    "tls": HELLOS,
    "tcp": list(streams()),
    "udp": [*flows(INITIALS, DTLS), *(piece(payload) for payload in (*GQUIC, *DNS, STUN))],
    "quic_sealed": list(flows(INITIALS)),
    "quic_open": list(unsealed()),
    "dtls": list(flows(DTLS)),
    "gquic": GQUIC,
    "ntp": NTP,
    "clue": CLUES,
    "answer": [
        *HTTP,
        b"GET /204 HTTP/1.1\r\nHost: check.example\r\n\r\n",
        b"HEAD http://check.example/ HTTP/1.0\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: check.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1\r\nExpect: 100-continue\r\nUpgrade: h2c\r\n\r\n",
    ],
    "control": CONTROL,
}


def crowded_dns(records: int, *, flags: int = 0x8180) -> bytes:
    """As many names as fit, each of as many labels as a name may have."""
    name = b"\1a" * 120 + b"\0"
    return dns_message([record(5, b"\xc0\x0c")] * records, flags=flags, name=name)


def crowded_questions(questions: int) -> bytes:
    head = b"\0\7\1\0" + (questions + 1).to_bytes(2) + bytes(6)
    return head + b"\1a" * 120 + b"\0\0\1\0\1" + b"\xc0\x0c\0\1\0\1" * questions


def crowded_names(records: int, name: bytes) -> bytes:
    """Names written out, each a different one to who looks for ends that are shared."""
    return dns_message([record(5, name, owner=name)] * records, flags=0x8180, name=name)


def crowded(part: bytes, size: int = 64_000) -> bytes:
    """One part again and again."""
    return part * (size // len(part))


HANDSHAKE = b"\xe0" + builder.V1 + b"\0\0\1x"
UNOPENED = b"\xc0" + builder.V1 + b"\x08" + builder.SERVER_ID + b"\0\0" + builder.varint(21) + bytes(21)
OPENED = builder.initial(builder.crypto(9, b"x"))
EMPTY_FRAGMENT = bytes((1,)) + (3_000).to_bytes(3) + bytes(8)
UNSEALED = b"\xc0" + builder.V1 + b"\0\0\0" + builder.varint(20_004) + bytes(4)
TINY_RECORDS = tls_hello(extension(21, bytes(800)), records=800)
LARGE: dict[str, list[bytes]] = {
    "ip": [ip4(UDP, datagram(bytes(60_000)))],
    "dns": [
        *(crowded_dns(80), crowded_questions(180), crowded_dns(498), crowded_questions(498)),
        *(
            crowded_names(count, name)
            for count in (2, 120)
            for name in (b"\1a" * 120 + b"\0", (b"\x3f" + bytes(63)) * 3 + b"\0")
        ),
    ],
    "http": [b"GET /" + b"a" * 8_000, b"GET / HTTP/1.1\r\n" + b"\nhost  " * 1_100],
    "tls": [tls_hello(extension(21, bytes(2_000)), records=2_000), tls_hello(extension(21, bytes(15_000)))],
    "tcp": [b"".join(piece(TINY_RECORDS[at : at + 250]) for at in range(0, 6_000, 250))],
    "udp": [piece(crowded(part, size)) for part in (HANDSHAKE, UNOPENED, OPENED) for size in (1_400, 64_000)],
    "quic_sealed": [piece(crowded(part, size)) for part in (HANDSHAKE, UNOPENED, OPENED) for size in (1_400, 64_000)],
    "quic_open": [piece(crowded(HANDSHAKE)), piece(UNSEALED + builder.crypto(0, bytes(9_000)) * 2 + bytes(1_990))],
    "dtls": [piece(dtls_record(crowded(EMPTY_FRAGMENT, size))) for size in (1_400, 64_000)],
    "gquic": [crowded(b"\xe0Q050" + HANDSHAKE[5:])],
    "control": [b'{"do":"status","x":"' + b"\\u00e9" * 9_000 + b'"}', b"[" * 60_000, b'{"do":' * 9_000],
}
"""What was made to cost much, and inputs larger than a packet."""
