"""QUIC flows: hellos in one packet or many, real flights, and what is no client's first flight."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.wire.quic import MAX_CRYPTO_BYTES, MAX_DATAGRAMS, MAX_KEYS, QuicReader, looks_like_quic_initial
from tests.support.quic_builder import SALTS, V1, V2, crypto, hello, initial, padded

FLIGHTS = json.loads((Path(__file__).parents[2] / "data/quic/flights.json").read_text())
HELLO = hello()
NAMED = (Name("example.com", NameSource.QUIC),)
TLS_VERSIONS = [version for version in SALTS if version != b"Q050"]
SERVER_PACKETS = {
    "v1": "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c"
          "3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d06edbb7aaf2f5889"
          "1850abbdca3d20398c276456cbc42158407dd074ee",
    "v2": "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf87263017915358230035f7fd"
          "3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5a6881eaf21ceda98"
          "f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140",
}  # fmt: skip
"""Appendix A.3 of RFC 9001 and RFC 9369."""


def test_a_whole_hello() -> None:
    facts = QuicReader().feed(initial(padded(crypto(0, hello("Camera.Example.", alpn=("h3", "hq"))))))
    assert facts == Facts(app_proto="quic", names=(Name("camera.example", NameSource.QUIC),), alpn=("h3", "hq"), hello=True,
                          dissector="fast")  # fmt: skip


@pytest.mark.parametrize("version", TLS_VERSIONS, ids=bytes.hex)
def test_every_version(version: bytes) -> None:
    google = version[:1] == b"T"
    datagram = initial(padded(crypto(0, HELLO, google=google)), version=version)
    assert looks_like_quic_initial(datagram)
    assert _names(QuicReader().feed(datagram)) == NAMED


@pytest.mark.parametrize("flight", FLIGHTS)
@pytest.mark.parametrize("listening", ["to the client", "to both"])
def test_real_flights(flight: str, listening: str) -> None:
    reader = QuicReader()
    seen = [sender for sender, _ in FLIGHTS[flight] if sender == "client" or listening == "to both"]
    facts = [_feed(reader, raw) for sender, raw in FLIGHTS[flight] if sender in seen]
    assert _names(facts[-1]) == (Name("camera.example.net", NameSource.QUIC),)
    assert not reader.contradiction


@pytest.mark.parametrize("flight", FLIGHTS)
def test_real_servers_say_nothing(flight: str) -> None:
    reader = QuicReader()
    assert {_feed(reader, raw) for sender, raw in FLIGHTS[flight] if sender == "server"} == {None}


@pytest.mark.parametrize("version", SERVER_PACKETS)
@pytest.mark.parametrize("after_client", [False, True], ids=["alone", "after the client's"])
def test_server_initials_are_refused(version: str, after_client: bool) -> None:
    reader = QuicReader()
    number = V1 if version == "v1" else V2
    if after_client:
        assert reader.feed(initial(padded(crypto(0, HELLO[:50])), version=number)) is None
    with pytest.raises(ValueError):
        reader.feed(bytes.fromhex(SERVER_PACKETS[version]))
    rest = initial(padded(crypto(0, HELLO)), version=number, number=1)
    assert _names(reader.feed(rest)) == NAMED


@given(seed=st.integers(0, 1 << 32), extra=st.sampled_from([0, 900, 4000]), data=st.data())
def test_split_and_shuffled_hellos(seed: int, extra: int, data: st.DataObject) -> None:
    message = hello(extra=extra)
    cuts = sorted({0, len(message), *data.draw(st.lists(st.integers(0, len(message)), max_size=30))})
    overlap = data.draw(st.integers(0, 3))
    begins = [max(0, cut - overlap) for cut in cuts]
    frames = [crypto(begin, message[begin:end]) for begin, end in zip(begins, cuts[1:], strict=False)]
    chance = random.Random(seed)
    chance.shuffle(frames)
    frames += chance.sample(frames, len(frames) // 3)
    between = [b"\x01", bytes(5), b"\x02\x05\x10\0\0", b""]
    reader, number, facts = QuicReader(), 0, None
    while frames:
        take = chance.randint(1, 4)
        payload = b"".join(chance.choice(between) + frame for frame in frames[:take])
        frames = frames[take:]
        facts = reader.feed(initial(padded(payload, 40), number=number, number_bytes=chance.randint(1, 4)))
        number += 1
    assert _names(facts) == NAMED
    assert not reader.contradiction


def test_coalesced_and_joined_datagrams() -> None:
    first, second = initial(padded(crypto(0, HELLO[:50]))), initial(padded(crypto(50, HELLO[50:])), number=1)
    assert _names(QuicReader().feed(first + second)) == NAMED


def test_early_data_before_the_hello_means_more_is_needed() -> None:
    early = b"\xd0" + V1 + b"\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\0" + b"\x40\x64" + bytes(100)
    reader = QuicReader()
    assert looks_like_quic_initial(early)
    assert reader.feed(early) is None
    assert _names(reader.feed(initial(padded(crypto(0, HELLO))))) == NAMED


@pytest.mark.parametrize("size", [0, 1, 8, 20])
def test_the_servers_own_connection_id(size: int) -> None:
    """After the server's first answer the client writes to the id the server chose, under the same keys."""
    reader = QuicReader()
    assert reader.feed(initial(padded(crypto(0, HELLO[:50])), sender=b"client")) is None
    later = initial(padded(crypto(50, HELLO[50:])), to=b"S" * size, number=1, keyed_by=bytes.fromhex("8394c8f03e515708"))
    assert _names(reader.feed(later)) == NAMED


def test_a_retry_begins_anew() -> None:
    """Other keys, and nothing of the first attempt counts: half a hello there and half here are no hello."""
    reader = QuicReader()
    assert reader.feed(initial(padded(crypto(0, HELLO[:50])))) is None
    after = {"to": b"retry-id", "token": b"token"}
    assert reader.feed(initial(padded(crypto(50, HELLO[50:])), **after)) is None
    assert _names(reader.feed(initial(padded(crypto(0, HELLO[:50])), number=1, **after))) == NAMED


@pytest.mark.parametrize(
    ("second", "contradiction"),
    [
        pytest.param(crypto(0, HELLO[:60]), False, id="the same again"),
        pytest.param(crypto(40, HELLO[40:]), False, id="overlapping, agreeing"),
        pytest.param(crypto(0, hello("evil.example")[:60]), True, id="other bytes for the same place"),
        pytest.param(crypto(59, b"?" + HELLO[60:]), True, id="overlapping, one byte differs"),
    ],
)
def test_contradictions_are_told(second: bytes, contradiction: bool) -> None:
    reader = QuicReader()
    assert reader.feed(initial(padded(crypto(0, HELLO[:60])))) is None
    reader.feed(initial(padded(second), number=1))
    assert reader.contradiction is contradiction
    assert _names(reader.feed(initial(padded(crypto(0, HELLO)), number=2))) == NAMED


def test_ech_and_a_hello_without_a_name() -> None:
    message = bytearray(hello("", extra=4))
    at = message.index(b"\x4a\x4a\0\x04")
    message[at : at + 2] = b"\xfe\x0d"
    facts = QuicReader().feed(initial(padded(crypto(0, bytes(message)))))
    assert facts is not None
    assert (facts.names, facts.ech, facts.hello) == ((), True, True)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        pytest.param(crypto(0, b"\x02" + HELLO[1:]), "no ClientHello", id="a ServerHello under the client's keys"),
        pytest.param(crypto(0, b"\x01\x00\x40\x00"), "too long", id="announces more than 16 kB"),
        pytest.param(crypto(MAX_CRYPTO_BYTES, b"x"), "more handshake", id="offset beyond 16 kB"),
        pytest.param(crypto(0, b"\x01\0\0\x02ab"), "short", id="a hello without a body"),
        pytest.param(b"\x08\0\0", "frame type", id="frames that do not belong there"),
    ],
)
def test_hellos_that_are_none(frames: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        QuicReader().feed(initial(padded(frames)))


def test_other_versions_are_waited_through() -> None:
    """The server refuses them, and the client then says the same in a version that exists."""
    other = (b"\xc0\x1a\x2a\x3a\x4a\x08toserver\0" + bytes(1200))[:1200]
    reader = QuicReader()
    assert looks_like_quic_initial(other)
    assert (reader.feed(other), reader.feed(other)) == (None, None)
    assert reader.feed(other) == Facts(app_proto="quic", dissector="fast")
    reader = QuicReader()
    assert reader.feed(other) is None
    assert _names(reader.feed(initial(padded(crypto(0, HELLO))))) == NAMED


def test_handshake_memory_is_bounded_over_all_attempts() -> None:
    reader = QuicReader()
    assert reader.feed(initial(padded(crypto(9_000, b"x")))) is None
    with pytest.raises(ValueError, match="more handshake"):
        reader.feed(initial(padded(crypto(9_000, b"x")), to=b"another id"))


def test_datagrams_are_bounded() -> None:
    reader = QuicReader()
    for number in range(MAX_DATAGRAMS):
        assert reader.feed(initial(b"\x01" + bytes(30), number=number)) is None
    with pytest.raises(ValueError, match="too many datagrams"):
        reader.feed(initial(b"\x01" + bytes(30), number=99))


def test_keys_are_bounded() -> None:
    reader = QuicReader()
    for number in range(MAX_KEYS):
        assert reader.feed(initial(b"\x01" + bytes(30), to=b"server %d" % number)) is None
    with pytest.raises(ValueError, match="too many connection ids"):
        reader.feed(initial(b"\x01" + bytes(30), to=b"one more"))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x40" + bytes(50), id="short header"),
        pytest.param(b"\x16\xfe\xfd" + bytes(50), id="DTLS"),
        pytest.param(b"\x80" * 100, id="RTP-like"),
        pytest.param(b"\xe0" + V1 + b"\x08toserver\0\x40\x64" + bytes(100), id="handshake only"),
        pytest.param(initial(padded(crypto(0, HELLO)), keyed_by=b"something else"), id="keys of another id"),
        pytest.param(initial(padded(crypto(0, HELLO)), role=b"server in"), id="a server's keys"),
        pytest.param(initial(padded(crypto(0, HELLO)))[:-1], id="cut"),
        pytest.param(initial(padded(b""), version=b"Q050"), id="Google's handshake"),
    ],
)
def test_not_a_clients_first_flight(payload: bytes) -> None:
    reader = QuicReader()
    for _ in range(2):
        with pytest.raises(ValueError):
            reader.feed(payload)
    assert _names(reader.feed(initial(padded(crypto(0, HELLO))))) == NAMED


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(initial(padded(b"")), True, id="initial"),
        pytest.param(initial(padded(b""), version=V2), True, id="initial of v2"),
        pytest.param(b"\xe0" + V1 + bytes(50), False, id="handshake"),
        pytest.param(b"\xf0" + V1 + bytes(50), False, id="retry"),
        pytest.param(b"\xc0" + V1, False, id="cut"),
        pytest.param(b"\xc0abcd" + bytes(1300), False, id="unknown version"),
        pytest.param(b"\x45" + bytes(60), False, id="no long header"),
        pytest.param(initial(padded(b""), version=b"Q050"), False, id="Google's handshake"),
    ],
)
def test_looks_like_quic_initial(payload: bytes, expected: bool) -> None:
    assert looks_like_quic_initial(payload) is expected


@given(payloads=st.lists(st.binary(max_size=200), max_size=5), version=st.sampled_from([*SALTS, bytes(4)]))
def test_any_bytes_raise_nothing_but_value_error(payloads: list[bytes], version: bytes) -> None:
    reader = QuicReader()
    for payload in payloads:
        for datagram in (payload, b"\xc0" + version + payload):
            looks_like_quic_initial(datagram)
            try:
                facts = reader.feed(datagram)
            except ValueError:
                continue
            assert facts is None or facts.app_proto == "quic"


@given(frames=st.lists(st.binary(max_size=100), max_size=6))
def test_any_frames_under_the_right_keys(frames: list[bytes]) -> None:
    reader = QuicReader()
    for number, junk in enumerate(frames):
        try:
            reader.feed(initial(padded(junk, 30), number=number))
        except ValueError:
            continue


def _feed(reader: QuicReader, raw: str) -> Facts | None:
    try:
        return reader.feed(bytes.fromhex(raw))
    except ValueError:
        return None


def _names(facts: Facts | None) -> tuple[Name, ...] | None:
    return facts.names if facts else None
