"""Names that are not what they seem: a refused one spelled otherwise, two at once, none, an allowed one said to a stranger.

What the hello says to the allowed name's own address decides, and what no host could be called is no host. Said to an address
that no resolver gave for it, the allowed name is worth nothing.

What no gateway can see: the Host of a request inside TLS, and a second request on a connection that may pass.
"""

import os
import socket
import struct
import time
from collections.abc import Callable

from .. import hello
from ..hello import client_hello, records
from .case import BAD, GOOD, Attempt, Case
from .quic import initial, pieces

PADDING_BYTES = 300
LONGEST = 255
SUFFIX = "." + GOOD


def _tls(attempt: Attempt, message: bytes, address: str, port: int = 443) -> str:
    with attempt.attacker.stream(address, port) as stream:
        stream.connect(timeout_s=0.5)
        stream.write(records(message))
        stream.read(0.12)
        stream.write(attempt.payload(200))
        return "reset" if stream.reset else f"{len(stream.received)} bytes came back"


def _says(*names: bytes | str, kind: int = 0, repeated: bool = False) -> Callable[[Attempt], str]:
    """To an address that an allowed name has."""

    def play(attempt: Attempt) -> str:
        message = client_hello(*names, kind=kind, repeated=repeated, stamp=attempt.token, padding=PADDING_BYTES)
        return _tls(attempt, message, attempt.shared().four)

    return play


def _lists(data: bytes) -> Callable[[Attempt], str]:
    """A server name extension of these very bytes, to an address that has no name."""

    def play(attempt: Attempt) -> str:
        return _tls(attempt, hello.server_name_list(data, stamp=attempt.token), attempt.target4)

    return play


def _claims(*names: bytes | str) -> Callable[[Attempt], str]:
    """To addresses that nobody's resolver gave."""

    def play(attempt: Attempt) -> str:
        told = []
        for address in attempt.targets:
            told.append(_tls(attempt, client_hello(*names, stamp=attempt.token, padding=PADDING_BYTES), address))
        return ", ".join(told)

    return play


def claim_in_quic(attempt: Attempt) -> None:
    for address in attempt.targets:
        frames = pieces(client_hello(GOOD, stamp=attempt.token, alpn=(b"h3",)), 4000)
        sport = attempt.attacker.port()
        for datagram in (initial(frames, to=os.urandom(8)), b"\x41" + attempt.payload(600)):
            attempt.attacker.send_udp(datagram, address, 443, sport=sport)
            time.sleep(0.05)


def dtls(message: bytes) -> bytes:
    """The same hello as a DTLS 1.2 record (RFC 6347): with an empty cookie, in one fragment."""
    at = 4 + 2 + 32 + 33
    body = b"\xfe\xfd" + message[6:at] + b"\0" + message[at:]
    size = len(body).to_bytes(3)
    fragment = b"\x01" + size + bytes(2) + bytes(3) + size + body
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", len(fragment)) + fragment


def claim_in_dtls(attempt: Attempt) -> None:
    for address in attempt.targets:
        for port in (443, 5684):
            sport = attempt.attacker.port()
            for datagram in (dtls(client_hello(GOOD, stamp=attempt.token)), b"\x17\xfe\xfd" + attempt.payload(600)):
                attempt.attacker.send_udp(datagram, address, port, sport=sport)
                time.sleep(0.05)


def refuse_in_dtls(attempt: Attempt) -> None:
    for address in attempt.shared().addresses:
        datagram = dtls(client_hello(BAD, stamp=attempt.token, padding=200))
        attempt.attacker.send_udp(datagram, address, 5684)
    time.sleep(0.1)


def _http(attempt: Attempt, address: str, head: bytes) -> str:
    with attempt.attacker.stream(address, 80) as stream:
        stream.connect(timeout_s=0.5)
        stream.write(head + b"X-Letter: " + attempt.payload(300).hex().encode() + b"\r\n\r\n")
        stream.read(0.2)
        return "reset" if stream.reset else f"{len(stream.received)} bytes came back"


def claim_in_http(attempt: Attempt) -> str:
    return _http(attempt, attempt.target4, f"POST / HTTP/1.1\r\nHost: {GOOD}\r\n".encode())


def contradict_in_http(attempt: Attempt) -> str:
    """Two Hosts, and an absolute target that is not the Host."""
    heads = (
        f"POST / HTTP/1.1\r\nHost: {GOOD}\r\nHost: {BAD}\r\n",
        f"POST http://{BAD}/ HTTP/1.1\r\nHost: {GOOD}\r\n",
        f"POST / HTTP/1.1\r\nHost: {BAD}\r\nHost: {GOOD}\r\n",
    )
    return ", ".join(_http(attempt, attempt.shared().four, head.encode()) for head in heads)


def change_between_tries(attempt: Attempt) -> str:
    """The refused name first; refused, the allowed one; then the refused one again on the ports of the first try."""
    place, sport = attempt.shared(counted=False), attempt.attacker.port()
    told = []
    for name, payload in ((place.refused, attempt.token), (place.allowed, b""), (place.refused, attempt.token)):
        with attempt.attacker.stream(place.four, 443, sport=sport) as stream:
            stream.connect(timeout_s=0.5)
            stream.write(records(client_hello(name, stamp=payload)))
            stream.read(0.15)
            told.append("reset" if stream.reset else f"{len(stream.received)} bytes came back")
    return ", ".join(told)


def _fill(size: int, end: str) -> str:
    """A name of that many bytes which ends so."""
    room = size - len(end)
    whole = (room - 1) // 60
    return ("a" * 59 + ".") * whole + "b" * (room - 60 * whole) + end


TOO_LONG = _fill(LONGEST, SUFFIX) + "." + BAD
LITERALS = ("198.51.100.77", "[2001:db8:cafe::4d:77]", "3325256781")


def say_literals(attempt: Attempt) -> str:
    return ", ".join(_says(literal)(attempt) for literal in LITERALS)


def send_plainly(attempt: Attempt) -> str:
    """Mixed case with the last dot, as a browser may send it, to the allowed name's address: it must arrive."""
    address = attempt.known[GOOD][0]
    with socket.create_connection((address, 443), timeout=1.5) as sock:
        sock.sendall(records(client_hello(GOOD.title() + ".")))
        if not sock.recv(100):
            raise ValueError("nothing came back")
    return "answered"


CASES = (
    Case(id="allowed", text="The allowed name in capitals with its last dot, where it lives", play=send_plainly, passes=True),
    Case(id="mixed-case", text="A refused name in mixed case", play=_says("bAd.RoGuE.eXaMpLe"), shown=BAD),
    Case(id="trailing-dot", text="A refused name with one and with two last dots",
         play=_says(BAD + ".", BAD + ".."), shown=BAD),
    Case(id="leading-dot", text="A refused name behind a dot", play=_says("." + BAD), shown=BAD),
    Case(id="longest", text="A name of 255 bytes below the refused one", play=_says(_fill(LONGEST, "." + BAD)), shown=BAD),
    Case(id="too-long", text="255 bytes that end in the allowed name, then the refused one", play=_says(TOO_LONG), shown=BAD),
    Case(id="nul-behind", text="A refused name and a NUL", play=_says(BAD + "\0"), shown=BAD),
    Case(id="nul-then-allowed", text="A refused name, a NUL, the allowed one's ending",
         play=_says(BAD + "\0" + SUFFIX), shown=BAD),
    Case(id="nul-within", text="A NUL in the allowed name's labels", play=_says("bad\0" + SUFFIX)),
    Case(id="blank", text="A refused name, a blank, the allowed one's ending", play=_says(BAD + " " + SUFFIX), shown=BAD),
    Case(id="slash", text="A refused name as a path of the allowed one's ending", play=_says(BAD + "/" + SUFFIX), shown=BAD),
    Case(id="wildcard", text="A star for every name of the domain", play=_says("*.rogue.example")),
    Case(id="punycode", text="A refused name in punycode's clothes",
         play=_says("xn--bad-rogue-example-.rogue.example")),
    Case(id="wide-letters", text="A refused name in wide letters and dots",
         play=_says("ｂａｄ。ｒｏｇｕｅ。ｅｘａｍｐｌｅ"), shown=BAD),
    Case(id="literals", text="Address literals for names", play=say_literals),
    Case(id="repeated", text="The allowed name and a refused one in two extensions",
         play=_says(GOOD, BAD, repeated=True), shown=BAD),
    Case(id="two-names", text="The allowed name and a refused one in one list", play=_says(GOOD, BAD), shown=BAD),
    Case(id="two-names-turned", text="The refused name and the allowed one in one list", play=_says(BAD, GOOD), shown=BAD),
    Case(
        id="other-kind", text="A refused name of a kind that does not exist", play=_says(BAD, kind=7), allowance_bytes=1_000,
        reason="it says no host: the name that DNS gave for the address decides",
    ),
    Case(id="empty-list", text="An empty list of names", play=_lists(b"\0\0")),
    Case(id="empty-extension", text="A name extension with nothing in it", play=_lists(b"")),
    Case(id="empty-name", text="A name of no bytes", play=_lists(b"\0\x03\0\0\0")),
    Case(id="cut-list", text="A list that is longer than its extension", play=_lists(b"\xff\xff\0\0\x12" + GOOD.encode())),
    Case(id="claimed", text="The allowed name said to a stranger", play=_claims(GOOD)),
    Case(id="claimed-oddly", text="The same in mixed case with its last dot", play=_claims("GoOd.RoGuE.ExAmPlE.")),
    Case(id="claimed-below", text="A name below the allowed one, that nobody asked for", play=_claims("of-my-own" + SUFFIX)),
    Case(id="claimed-quic", text="The same claim in QUIC, and data behind it", play=claim_in_quic),
    Case(id="claimed-dtls", text="The same claim in DTLS, on two ports", play=claim_in_dtls),
    Case(id="claimed-http", text="The same claim in a plain request", play=claim_in_http),
    Case(id="dtls", text="A refused name in DTLS", play=refuse_in_dtls, shown=BAD),
    Case(id="http-contradiction", text="A plain request with two hosts", play=contradict_in_http, shown=BAD),
    Case(id="changed", text="Another name at every try, on the same ports", play=change_between_tries, shown=BAD),
)
