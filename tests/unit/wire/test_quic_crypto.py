"""Keys and protection of Initials: the vectors of RFC 9001 and RFC 9369, appendix A."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.quic_crypto import VERSIONS, ClientKeys, derive_keys
from tests.support.quic_builder import SALTS, SERVER_ID, V1, V2, initial, padded

FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff"
)
"""The CRYPTO frame of both appendices: a ClientHello for example.com."""


@pytest.mark.parametrize(
    ("version", "key", "iv", "hp"),
    [
        pytest.param(V1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
                     "9f50449e04a0e810283a1e9933adedd2", id="RFC 9001 A.1"),
        pytest.param(V2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
                     "45b95e15235d6f45a6b19cbcb0294ba9", id="RFC 9369 A.1"),
    ],
)  # fmt: skip
def test_keys_follow_the_rfc(version: bytes, key: str, iv: str, hp: str) -> None:
    assert [part.hex() for part in derive_keys(VERSIONS[version], SERVER_ID)] == [key, iv, hp]


@pytest.mark.parametrize(
    ("version", "begin", "end"),
    [
        pytest.param(V1, "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b",
                     "e221af44860018ab0856972e194cd934", id="RFC 9001 A.2"),
        pytest.param(V2, "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071",
                     "a18b2faa745b6fe189cf772a9f84cbfc", id="RFC 9369 A.2"),
    ],
)  # fmt: skip
def test_client_initial_of_the_rfc(version: bytes, begin: str, end: str) -> None:
    packet = initial(padded(FRAME), version=version, number=2)
    assert (packet.hex()[: len(begin)], packet.hex()[-len(end) :], len(packet)) == (begin, end, 1200)
    assert ClientKeys(VERSIONS[version], SERVER_ID).unprotect(packet, 18) == padded(FRAME)


@pytest.mark.parametrize("version", SALTS, ids=bytes.hex)
@pytest.mark.parametrize("number_bytes", [1, 2, 3, 4])
def test_every_version_opens(version: bytes, number_bytes: int) -> None:
    number = 0x01020304 & (1 << 8 * number_bytes) - 1
    packet = initial(padded(FRAME, 300), version=version, number=number, number_bytes=number_bytes)
    assert ClientKeys(VERSIONS[version], SERVER_ID).unprotect(packet, 18) == padded(FRAME, 300)


def test_versions_do_not_open_each_other() -> None:
    distinct = {VERSIONS[version]: version for version in SALTS}
    for mine, version in distinct.items():
        packet = initial(padded(FRAME, 300), version=version)
        opened = [other for other in distinct if _opens(packet, ClientKeys(other, SERVER_ID))]
        assert opened == [mine]


@pytest.mark.parametrize("size", [18, 22, 37], ids=["no number", "no sample", "a byte short"])
def test_too_short_for_a_sample(size: int) -> None:
    with pytest.raises(ValueError, match="too short"):
        ClientKeys(VERSIONS[V1], SERVER_ID).unprotect(initial(padded(FRAME))[:size], 18)


@given(flip=st.integers(0, 1200 * 8 - 1))
def test_one_changed_bit_is_noticed(flip: int) -> None:
    packet = bytearray(initial(padded(FRAME), number=2))
    packet[flip // 8] ^= 1 << flip % 8
    assert not _opens(bytes(packet), ClientKeys(VERSIONS[V1], SERVER_ID))


def _opens(packet: bytes, keys: ClientKeys) -> bool:
    try:
        keys.unprotect(packet, 18)
    except ValueError:
        return False
    return True
