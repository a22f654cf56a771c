"""What TCP connections say, packet by packet: given segments, the facts after each of them."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.facts import NOTHING, Facts
from gateway.model.packet import ACK, SYN, URG
from gateway.wire.stream import MAX_KEPT_HELLO_BYTES, WATCHED_SEGMENTS, StreamReader
from gateway.wire.tls import parse_client_hello
from tests.support.hello import extension, named, tls_hello
from tests.support.packets import client_hello, tcp

HELLO = named(b"a.example")
SMTP = [
    (1, b"220 mail.example ESMTP\r\n"),
    (0, b"EHLO camera\r\n"),
    (1, b"250 STARTTLS\r\n"),
    (0, b"STARTTLS\r\n"),
    (1, b"220 go\r\n"),
]
REQUEST, ANSWER = b"GET / HTTP/1.1\r\nHost: h.example\r\n\r\n", b"HTTP/1.1 200 OK\r\n"
QUERY = bytes.fromhex("001d123401000001000000000000076578616d706c6503636f6d0000010001")
POSTGRESQL = bytes.fromhex("0000000804d2162f")
BEFORE_PROXY = ("a.example", "proxy.example")


class Talk:
    """Feeds a reader, and counts both directions' sequence numbers."""

    def __init__(self, *, port: int = 443, limit_packets: int = 64, limit_bytes: int = 16_384) -> None:
        self.reader = StreamReader(port, limit_bytes=limit_bytes, limit_packets=limit_packets)
        self.port = port
        self.next = [0xFFFFFFF0, 5_000]

    def open(self) -> "Talk":
        for direction, flags in ((0, SYN), (1, SYN | ACK)):
            assert self.reader.feed(tcp(flags=flags, seq=self.next[direction], dport=self.port), direction) is None
            self.next[direction] += 1
        return self

    def send(self, payload: bytes, direction: int = 0, *, skip: int = 0) -> Facts | None:
        seq = (self.next[direction] + skip) & 0xFFFFFFFF
        if not skip:
            self.next[direction] += len(payload)
        return self.reader.feed(tcp(payload, seq=seq, dport=self.port), direction)

    def all(self, speech: Sequence[tuple[int, bytes]]) -> list[str | None]:
        told = [self.send(payload, direction) for direction, payload in speech]
        return [facts.app_proto if facts else None for facts in told]


def _names(facts: Facts | None) -> tuple[str, ...]:
    return tuple(name.text for name in facts.names) if facts else ()


class Case(NamedTuple):
    speech: list[tuple[int, bytes]]
    told: list[str | None]
    names: tuple[str, ...] = ()
    done: bool = True
    port: int = 443
    unreadable: bool = False
    """It is TLS from its first byte, and nobody can tell what its server reads."""


TOO_LONG = b"\x16\x03\x01\x40\x00\x01\x01\x11\x70\x03\x03" + bytes(1_389)
AS_LONG_AS_SERVERS_TAKE_IT = b"\x16\x03\x01\x40\x00\x01\x02\x01\x40\x03\x03" + bytes(1_389)
CONNECT = b"CONNECT proxy.example:443 HTTP/1.1\r\n\r\n"
CASES = {
    "tls": Case([(0, HELLO)], ["tls"], ("a.example",)),
    "tls-without-name": Case([(0, client_hello(None))], ["tls"]),
    "tls-in-two": Case([(0, HELLO[:30]), (0, HELLO[30:])], [None, "tls"], ("a.example",)),
    "tls-from-the-other-side": Case([(1, HELLO)], ["tls"], ("a.example",)),
    "old-tls": Case([(0, b"\x80\x1c\x01\x03\x01\0\3\0\0\0\x10\0\0\x2f" + bytes(16))], ["tls"]),
    "server-speaks-first": Case([(1, b"\x16\x03\x03\0\x20\x02" + bytes(31)), (0, HELLO)], ["tls", "tls"], ("a.example",)),
    "middle-of-tls": Case([(0, b"\x17\x03\x03\0\x20" + bytes(32))], ["tls"], done=False, unreadable=True),
    "http": Case([(0, REQUEST), (1, ANSWER)], ["http", "http"],
                 ("h.example",), done=False),
    "http-answer-first": Case([(1, ANSWER), (0, REQUEST)], ["http", "http"],
                              ("h.example",), done=False),
    "http-one-byte-each": Case([(0, bytes((byte,))) for byte in b"GET / HTTP/1.1\r\nHost: h\r\n"], [None] * 24 + ["http"],
                               ("h",), done=False),
    "proxy": Case([(0, CONNECT), (1, b"HTTP/1.1 200 OK\r\n\r\n"), (0, HELLO)], ["http", "http", "tls"],
                  ("a.example", "proxy.example")),
    "proxy-tls-at-once": Case([(0, CONNECT + HELLO)], ["tls"], ("a.example", "proxy.example")),
    "proxy-tls-at-once-in-two": Case([(0, CONNECT + HELLO[:20]), (0, HELLO[20:])], [None, "tls"], BEFORE_PROXY),
    "smtp": Case([*SMTP, (0, HELLO)], ["smtp"] * 5 + ["tls"], ("a.example",)),
    "smtp-hello-in-three": Case([*SMTP, (0, HELLO[:1]), (0, HELLO[1:9]), (0, HELLO[9:])], ["smtp"] * 5 + [None, None, "tls"],
                                ("a.example",)),
    "smtp-something-like-a-hello": Case([*SMTP, (0, b"\x16\x03\x01"), (0, b"\x01\x01\x07"), (0, HELLO)],
                                        ["smtp"] * 5 + [None, "smtp", "tls"], ("a.example",)),
    "socks5": Case([(0, b"\5\1\0"), (1, b"\5\0"), (0, b"\5\1\0\3\1x\1\xbb"), (1, b"\5\0\0\1\0\0\0\0\0\0"), (0, HELLO)],
                   ["socks", "socks", "socks", "socks", "tls"], ("a.example",)),
    "proxy-protocol": Case([(0, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n"), (0, HELLO)], [None, "tls"], ("a.example",)),
    "proxy-protocol-2": Case([(0, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\0" + HELLO)], ["tls"], ("a.example",)),
    "postgresql": Case([(0, POSTGRESQL), (1, b"S"), (0, HELLO)], ["postgresql", "postgresql", "tls"], ("a.example",)),
    "remote-desktop": Case([(0, b"\3\0\0\x0b\6\xe0\0\0\0\0\0"), (1, b"\3\0\0\x0b\6\xd0\0\0\0\0\0"), (0, HELLO)],
                           ["rdp", "rdp", "tls"], ("a.example",)),
    "hello-right-after-one-odd-byte": Case([(0, b"\0"), (0, HELLO)], [None, "tls"], ("a.example",)),
    "unknown": Case([(0, b"\x10\x0c\0\4MQTT\4\2\0\0\0"), (1, b"\x20\2\0\0"), (0, b"\xc0\0")], ["unknown"] * 3, done=False),
    "hello-broken": Case([(0, tls_hello(body=b"\xff" * 60) + HELLO)], ["tls"], done=False, unreadable=True),
    "hello-of-70-kB": Case([(0, TOO_LONG)], ["tls"], done=False, unreadable=True),
    "hello-of-131-kB": Case([(0, AS_LONG_AS_SERVERS_TAKE_IT)], ["tls"], done=False, unreadable=True),
    "hello-behind-an-alert": Case([(0, b"\x15\x03\x01\0\2\1\0" + HELLO)], ["tls"], done=False, unreadable=True),
    "hello-behind-an-empty-record": Case([(0, b"\x16\x03\x01\0\0" + HELLO)], ["unknown"], done=False, unreadable=True),
    "hello-of-a-version-to-come": Case([(0, b"\x16\x03\x09" + HELLO[3:])], ["unknown"], done=False, unreadable=True),
    "alert-in-two": Case([(0, b"\x15"), (0, b"\x03\x01\0\2\1\0")], [None, "tls"], done=False, unreadable=True),
    "dns": Case([(0, QUERY)], ["dns"], done=False, port=53),
    "dns-in-two": Case([(0, QUERY[:2]), (0, QUERY[2:])],
                       [None, "dns"], done=False, port=53),
    "not-dns": Case([(0, b"\0\x1d" + b"\xff" * 40)], ["unknown"], done=False, port=53),
}  # fmt: skip


@pytest.mark.parametrize("opened", [True, False], ids=["from-the-start", "capture-begins-later"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_speech(case: Case, opened: bool) -> None:
    talk = Talk(port=case.port)
    if opened:
        talk.open()
    assert talk.all(case.speech) == case.told
    assert _names(talk.reader.facts) == case.names
    assert talk.reader.done is case.done
    assert (talk.reader.hello_from is not None) is talk.reader.facts.hello
    assert not talk.reader.contradiction
    assert talk.reader.exhausted is (opened and case.unreadable)


@pytest.mark.parametrize("at", [0, 1], ids=["first-piece", "second-piece"])
def test_an_urgent_byte_makes_two_readings(at: int) -> None:
    talk = Talk().open()
    for number, piece in enumerate((HELLO[:40], HELLO[40:])):
        packet = tcp(piece, seq=talk.next[0] & 0xFFFFFFFF, flags=ACK | (URG if number == at else 0))
        talk.reader.feed(packet, 0)
        talk.next[0] += len(piece)
    assert talk.reader.contradiction and talk.reader.done


def test_direction_of_the_hello() -> None:
    talk = Talk()
    assert talk.send(HELLO[:20], 1) is None
    assert talk.reader.hello_from == 1 and talk.reader.facts.app_proto == "tls" and not talk.reader.facts.hello
    assert talk.reader.held_bytes == 20
    talk.send(HELLO[20:], 1)
    assert talk.reader.held_bytes == 0 and talk.reader.facts.hello


@pytest.mark.parametrize(
    "padding, kept",
    [
        pytest.param(0, True, id="a gadget's"),
        pytest.param(1_700, True, id="with keys of another kind"),
        pytest.param(MAX_KEPT_HELLO_BYTES, False, id="longer than what is kept"),
    ],
)
def test_a_hello_is_kept_for_its_fingerprint(padding: int, kept: bool) -> None:
    data = tls_hello(extension(21, bytes(padding)))
    talk = Talk(limit_packets=80)
    assert talk.reader.hello is None
    for at in range(0, len(data), 600):
        talk.send(data[at : at + 600])
    assert talk.reader.hello == (parse_client_hello(data) if kept else None) and talk.reader.done


def test_packets_without_payload_wait_only_while_all_does() -> None:
    talk = Talk().open()
    assert talk.send(b"") is None
    talk.send(b"\xff\xff\xff\xff")
    assert talk.send(b"") is NOTHING


def test_the_same_facts_again_are_the_same_object() -> None:
    talk = Talk()
    first = talk.send(b"GET / HTTP/1.1\r\nHost: h.example\r\n\r\n")
    assert talk.send(b"GET / HTTP/1.1\r\nHost: i.example\r\n\r\n") is first


def test_the_second_half_comes_first() -> None:
    for talk in (Talk().open(), Talk()):
        early = talk.send(HELLO[30:], skip=30)
        assert early is (None if talk.reader._sides[0].head else NOTHING)
        assert _names(talk.send(HELLO[:30])) == ("a.example",)


def test_a_new_first_number_before_any_data() -> None:
    talk = Talk().open()
    talk.next[0] = 700
    talk.reader.feed(tcp(flags=SYN, seq=700), 0)
    talk.next[0] = 701
    assert _names(talk.send(HELLO)) == ("a.example",)


def test_data_in_the_syn() -> None:
    talk = Talk()
    facts = talk.reader.feed(tcp(HELLO, flags=SYN, seq=9), 0)
    assert _names(facts) == ("a.example",)


def test_contradiction() -> None:
    talk = Talk().open()
    talk.send(HELLO[:60])
    talk.reader.feed(tcp(b"\xff" * 10, seq=(talk.next[0] - 10) & 0xFFFFFFFF), 0)
    assert talk.reader.contradiction
    talk.send(HELLO[60:])
    assert talk.reader.done and talk.reader.contradiction


def test_too_many_packets() -> None:
    talk = Talk(limit_packets=8).open()
    told = [talk.send(HELLO[at : at + 1]) for at in range(8)]
    assert told[:7] == [None] * 7 and told[7] is talk.reader.facts
    assert talk.reader.exhausted and talk.reader.done and talk.reader.facts.app_proto == "tls"


def test_too_many_bytes() -> None:
    talk = Talk(limit_bytes=1_000).open()
    long = b"\x16\x03\x01\x40\x00\x01\x00\x3f\x00" + bytes(400)
    assert talk.send(long) is None and talk.send(bytes(800)) is talk.reader.facts
    assert talk.reader.exhausted and talk.reader.held_bytes == 0


def test_a_text_that_never_ends() -> None:
    talk = Talk(limit_bytes=1_000).open()
    assert talk.send(b"GET /" + b"x" * 2_000) is NOTHING
    assert talk.reader.exhausted and not talk.reader.done


def test_a_hello_cut_by_the_capture() -> None:
    talk = Talk().open()
    cut = tcp(HELLO[:50], seq=talk.next[0] & 0xFFFFFFFF)._replace(payload_length=len(HELLO))
    facts = talk.reader.feed(cut, 0)
    assert facts is not None and facts.app_proto == "tls" and not facts.hello and not facts.names
    assert talk.reader.hello_from == 0 and talk.reader.done and not talk.reader.exhausted


def test_a_gap_that_is_never_filled() -> None:
    talk = Talk(limit_packets=16).open()
    told = [talk.send(b"plain text", skip=100 + 10 * at) for at in range(16)]
    assert told == [None] * 15 + [NOTHING]
    assert talk.reader.exhausted and talk.reader.held_bytes == 0 and not talk.reader.done
    assert _names(talk.send(HELLO, skip=1_000)) == ("a.example",)


def test_a_hello_among_what_waited_beyond_a_gap() -> None:
    talk = Talk(limit_packets=3).open()
    assert talk.send(b"plain text", skip=100) is None and talk.send(HELLO, skip=110) is None
    assert _names(talk.send(b"more", skip=110 + len(HELLO))) == ("a.example",)
    assert talk.reader.exhausted


def test_a_hello_far_beyond_a_gap() -> None:
    talk = Talk().open()
    assert talk.send(b"plain text", skip=100) is None
    assert _names(talk.send(HELLO, skip=50_000)) == ("a.example",)


def test_a_long_talk_in_clear_before_the_hello() -> None:
    talk = Talk().open()
    for number in range(400):
        assert talk.send(b"plain words, again and again" * 50, number % 2) is NOTHING
        assert talk.reader.held_bytes == 0
    assert _names(talk.send(HELLO)) == ("a.example",)


def test_a_later_hello_in_the_wrong_order() -> None:
    talk = Talk().open()
    talk.send(b"plain words")
    assert talk.send(HELLO[40:], skip=40) is NOTHING
    assert _names(talk.send(HELLO[:40])) == ("a.example",)


def test_watching_ends() -> None:
    talk = Talk()
    for _ in range(WATCHED_SEGMENTS + 2):
        assert not talk.reader.done
        talk.send(b"plain")
        talk.send(b"plain", 1)
    assert talk.reader.done
    assert talk.send(HELLO) is NOTHING


Step = tuple[int, int, bytes, int, int]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 300),
        st.one_of(st.binary(max_size=60), st.sampled_from([HELLO, HELLO[:40], HELLO[40:], CONNECT, b"PROXY ", HELLO[:3]])),
        st.sampled_from([0, SYN, SYN | ACK, ACK]),
        st.integers(0, 9),
    ),
    max_size=30,
)


@given(STEPS)
def test_any_segments(steps: list[Step]) -> None:
    reader = StreamReader(0, limit_bytes=256, limit_packets=8)
    for direction, seq, payload, flags, missing in steps:
        packet = tcp(payload, seq=seq, flags=flags)._replace(payload_length=len(payload) + missing)
        facts = reader.feed(packet, direction)
        assert facts is None or facts is reader.facts
        assert reader.held_bytes <= 4 * 256
