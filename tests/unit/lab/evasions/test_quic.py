"""The gateway's reader reads what was made without it; aioquic, which shares nothing with either, reads it too."""

import os

import pytest
from aioquic.buffer import Buffer
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicPacketType, QuicProtocolVersion, pull_quic_header

from gateway.lab.evasions.quic import INITIAL, V1, V2, ZERO_RTT, crypto, initial, pieces, protected, varint
from gateway.lab.hello import client_hello
from gateway.wire.quic import QuicReader

NAME = "bad.rogue.example"
AIOQUIC = {V1: QuicProtocolVersion.VERSION_1, V2: QuicProtocolVersion.VERSION_2}


@pytest.mark.parametrize("version", [V1, V2], ids=["v1", "v2"])
@pytest.mark.parametrize("size", [4_000, 100], ids=["one-frame", "many-frames"])
def test_initial_names_its_server(version: bytes, size: int) -> None:
    facts = QuicReader().feed(initial(pieces(client_hello(NAME), size), to=os.urandom(8), version=version))
    assert facts is not None
    assert [name.text for name in facts.names] == [NAME]


@pytest.mark.parametrize("version", [V1, V2], ids=["v1", "v2"])
def test_server_opens_it(version: bytes) -> None:
    to, message = os.urandom(8), client_hello(NAME)
    datagram = initial([(0, message)], to=to, number=3, version=version)
    buffer = Buffer(data=datagram)
    header = pull_quic_header(buffer)
    assert (header.packet_type, header.destination_cid) == (QuicPacketType.INITIAL, to)
    pair = CryptoPair()
    pair.setup_initial(cid=to, is_client=False, version=AIOQUIC[version])
    _, payload, number = pair.decrypt_packet(datagram, buffer.tell(), 0)
    assert number == 3
    assert payload.startswith(crypto(0, message))


def test_frames_come_in_any_order() -> None:
    to, reader = os.urandom(8), QuicReader()
    frames = pieces(client_hello(NAME, padding=900), 200)
    told = [reader.feed(initial([frame], to=to, number=number)) for number, frame in enumerate(reversed(frames))]
    assert told[:-1] == [None] * (len(frames) - 1)
    assert told[-1] is not None and told[-1].names[0].text == NAME


@pytest.mark.parametrize("kind", [INITIAL, ZERO_RTT], ids=["initial", "early"])
def test_packet_length_covers_the_packet(kind: int) -> None:
    packet = protected(bytes(50), to=b"12345678", kind=kind, token=b"t" * 100 if kind == INITIAL else b"")
    header = pull_quic_header(Buffer(data=packet))
    assert header.packet_length == len(packet)
    assert (header.packet_type is QuicPacketType.INITIAL) == (kind == INITIAL)


@pytest.mark.parametrize(("number", "size"), [(0, 2), (0x3FFF, 2), (0x4000, 4), (1 << 20, 4)])
def test_varint(number: int, size: int) -> None:
    raw = varint(number)
    assert len(raw) == size
    assert Buffer(data=raw).pull_uint_var() == number
