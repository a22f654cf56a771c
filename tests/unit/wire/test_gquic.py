"""Google QUIC: CHLOs in clear and under public keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource
from gateway.wire.gquic import MAX_TAGS, parse_gquic
from tests.support.quic_builder import crypto, initial, padded

NAMELESS = Facts(app_proto="gquic", dissector="fast")
NAMED = Facts(app_proto="gquic", names=(Name("mail.example.com", NameSource.QUIC),), hello=True, dissector="fast",
              detail="beta Chrome/49.0 Linux x86_64")  # fmt: skip
ID, HASH = b"idofflow", b"twelve bytes"
AGENT = b"beta Chrome/49.0 Linux x86_64"
TAGS = ((b"PAD\0", b"-" * 300), (b"SNI\0", b"Mail.example.com"), (b"VER\0", b"Q035"), (b"UAID", AGENT))


def chlo(tags: tuple[tuple[bytes, bytes], ...] = TAGS, kind: bytes = b"CHLO") -> bytes:
    table, values = b"", b""
    for tag, value in tags:
        values += value
        table += tag + len(values).to_bytes(4, "little")
    return kind + len(tags).to_bytes(2, "little") + b"\0\0" + table + values


def stream(
    data: bytes, *, order: str = "big", number: int = 1, id_bytes: int = 1, offset: bytes = b"", size: bool = True
) -> bytes:
    kind = 0x80 | 0x20 * size | (len(offset) - 1 << 2 if offset else 0) | id_bytes - 1
    head = bytes((kind,)) + number.to_bytes(id_bytes, order) + offset  # type: ignore[arg-type]
    return head + (len(data).to_bytes(2, order) if size else b"") + data  # type: ignore[arg-type]


def public(version: bytes, frames: bytes, *, number_code: int = 0) -> bytes:
    flags = 0x08 | bool(version) | number_code << 4
    return bytes((flags,)) + ID + version + b"\x01" * (1, 2, 4, 6)[number_code] + HASH + frames


def long(version: bytes, frames: bytes, *, ids: int = 0x50, number_bytes: int = 4) -> bytes:
    return bytes((0xC0 | number_bytes - 1,)) + version + bytes((ids,)) + ID + b"\1" * number_bytes + HASH + frames


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(public(b"Q024", b"\0" + stream(chlo(), order="little")), id="Q024, private flags"),
        pytest.param(public(b"Q033", b"\1" + stream(chlo(), order="little")), id="Q033, private flags"),
        pytest.param(public(b"Q035", stream(chlo(), order="little")), id="Q035"),
        pytest.param(public(b"Q039", stream(chlo())), id="Q039, the other byte order"),
        pytest.param(public(b"Q043", stream(chlo())), id="Q043"),
        pytest.param(public(b"Q043", stream(chlo(), size=False)), id="to the end of the packet"),
        pytest.param(public(b"Q043", stream(chlo(), id_bytes=4)), id="long stream id"),
        pytest.param(public(b"Q043", stream(chlo(), offset=b"\4\0")), id="a second CHLO"),
        pytest.param(public(b"Q043", stream(chlo()) + bytes(200)), id="padded"),
        pytest.param(public(b"Q043", stream(chlo()), number_code=3), id="six bytes of packet number"),
        pytest.param(public(b"", stream(chlo())), id="version left out"),
        pytest.param(public(b"", stream(chlo(), order="little")), id="version left out, the other byte order"),
        pytest.param(public(b"", b"\0" + stream(chlo(), order="little")), id="version left out, private flags"),
        pytest.param(long(b"Q044", stream(chlo())), id="Q044"),
        pytest.param(long(b"Q046", stream(chlo())), id="Q046"),
        pytest.param(long(b"Q046", stream(chlo()), number_bytes=1), id="Q046, one byte of packet number"),
        pytest.param(long(b"Q046", stream(chlo()), ids=0x05), id="Q046, the id of the other side"),
        pytest.param(initial(padded(crypto(0, chlo(), google=True)), version=b"Q050"), id="Q050"),
        pytest.param(initial(b"\x07" + padded(crypto(0, chlo(), google=True)), version=b"Q050"), id="Q050 after a ping"),
    ],
)
def test_names(payload: bytes) -> None:
    assert parse_gquic(payload) == NAMED


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        pytest.param((), (), id="no tags"),
        pytest.param(((b"VER\0", b"Q043"),), (), id="no name"),
        pytest.param(((b"SNI\0", b""),), (), id="an empty name"),
        pytest.param(((b"SNI\0", b"a.example."),), ("a.example",), id="a trailing dot"),
        pytest.param(((b"SNI\0", b"a b"),), (r'"a\x20b"', "a", "b", "ab"), id="odd bytes"),
    ],
)
def test_hellos_with_other_tags(tags: tuple[tuple[bytes, bytes], ...], names: tuple[str, ...]) -> None:
    facts = parse_gquic(public(b"Q043", stream(chlo(tags))))
    assert facts is not None
    assert ([name.text for name in facts.names], facts.hello) == ([*names], True)


def test_a_cut_hello_gives_what_is_whole_in_it() -> None:
    whole = public(b"Q043", stream(chlo()))
    assert parse_gquic(whole[:-5]) == Facts(app_proto="gquic", names=NAMED.names, hello=True, dissector="fast")
    cut = parse_gquic(whole[:-40])
    assert cut is not None
    assert cut.names == ()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(public(b"Q043", b"\x40" + bytes(60)), id="an acknowledgement"),
        pytest.param(public(b"Q043", stream(chlo(kind=b"REJ\0"))), id="a server's message"),
        pytest.param(public(b"Q043", stream(chlo(), number=3)), id="another stream"),
        pytest.param(public(b"Q043", b""), id="nothing after the hash"),
        pytest.param(long(b"Q046", b"\x40" + bytes(60)), id="Q046 acknowledgement"),
        pytest.param(initial(padded(crypto(0, chlo(kind=b"REJ\0"), google=True)), version=b"Q050"), id="Q050, no CHLO"),
        pytest.param(initial(padded(crypto(9, chlo(), google=True)), version=b"Q050"), id="Q050, later bytes"),
        pytest.param(initial(padded(crypto(0, chlo(), google=True)), version=b"Q050", role=b"server in"), id="Q050, server"),
    ],
)
def test_google_quic_without_a_hello(payload: bytes) -> None:
    assert parse_gquic(payload) == NAMELESS


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(public(b"Q043", stream(chlo()))[:12], id="cut before the version"),
        pytest.param(public(b"Q023", stream(chlo())), id="too old"),
        pytest.param(public(b"Q047", stream(chlo())), id="never was"),
        pytest.param(public(b"", b"\x40" + bytes(60)), id="no version, no hello"),
        pytest.param(b"\x0a" + public(b"Q043", stream(chlo()))[1:], id="a reset"),
        pytest.param(b"\x01" + public(b"Q043", stream(chlo()))[1:], id="no connection id"),
        pytest.param(long(b"Q043", stream(chlo())), id="a long header of an old version"),
        pytest.param(initial(padded(crypto(0, chlo()))), id="QUIC v1"),
        pytest.param(b"\xe0Q050" + b"\x08toserver\0\x40\x64" + bytes(100), id="Q050 handshake"),
        pytest.param(public(b"Q043", stream(b"CHLO\xff\xff\0\0" + bytes(8 * (MAX_TAGS + 1)))), id="too many tags"),
        pytest.param(public(b"Q043", stream(chlo()[:13])), id="half a table"),
        pytest.param(b"\x12\x34\x01\0" + bytes(40), id="DNS"),
    ],
)
def test_not_google_quic(payload: bytes) -> None:
    assert parse_gquic(payload) is None


HEADS = (b"", public(b"Q043", b""), public(b"Q030", b"\0"), public(b"", b""), long(b"Q046", b""), b"\xc0Q050")


@given(
    head=st.sampled_from(HEADS),
    tail=st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda junk: stream(b"CHLO" + junk))),
)
def test_any_bytes(head: bytes, tail: bytes) -> None:
    facts = parse_gquic(head + tail)
    assert facts is None or (facts.app_proto == "gquic" and facts.detail.isprintable() and len(facts.detail) <= 120)


@given(message=st.binary(max_size=200))
def test_any_message_under_public_keys(message: bytes) -> None:
    parse_gquic(initial(padded(crypto(0, b"CHLO" + message, google=True), 40), version=b"Q050"))
