"""JA4, held to the worked example of its description."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.ja4 import ja4
from gateway.wire.tls import ClientHello, parse_client_hello
from tests.support.packets import client_hello


def words(text: str) -> bytes:
    return bytes.fromhex(text.replace(",", ""))


EXAMPLE = ClientHello(
    version=0x0303,
    server_names=(b"example.com",),
    alpn=(b"h2", b"http/1.1"),
    ciphers=words("2a2a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"),
    extensions=tuple(
        int(kind, 16)
        for kind in "0a0a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015,fafa".split(",")
    ),
    signature_algorithms=words("0403,0804,0401,0503,0805,0501,0806,0601"),
    supported_versions=words("3a3a,0304,0303"),
)


@pytest.mark.parametrize(
    "changes, transport, expected",
    [
        pytest.param({}, "t", "t13d1516h2_8daaf6152771_e5627efa2ab1", id="the worked example"),
        pytest.param({"signature_algorithms": b""}, "t", "t13d1516h2_8daaf6152771_6d807ffa2a79", id="no algorithms"),
        pytest.param({}, "q", "q13d1516h2_8daaf6152771_e5627efa2ab1", id="quic"),
        pytest.param({"alpn": ()}, "t", "t13d151600_8daaf6152771_e5627efa2ab1", id="no protocol"),
        pytest.param({"alpn": (b"",)}, "t", "t13d151600_8daaf6152771_e5627efa2ab1", id="an empty protocol"),
        pytest.param({"alpn": (b"http/1.1",)}, "t", "t13d1516h1_8daaf6152771_e5627efa2ab1", id="first and last"),
        pytest.param({"alpn": (b"x",)}, "t", "t13d1516xx_8daaf6152771_e5627efa2ab1", id="one character"),
        pytest.param({"alpn": (b"\x30\xab\xcd\x31",)}, "t", "t13d151601_8daaf6152771_e5627efa2ab1", id="letters at its ends"),
        pytest.param({"alpn": (b"\x30\x31\xab\xcd",)}, "t", "t13d15163d_8daaf6152771_e5627efa2ab1", id="else its digits"),
        pytest.param({"ciphers": b""}, "t", "t13d0016h2_000000000000_e5627efa2ab1", id="no ciphers"),
        pytest.param(
            {"extensions": (0, 16), "signature_algorithms": b""}, "t",
            "t13d1502h2_8daaf6152771_000000000000", id="no extension that counts",
        ),
        pytest.param(
            {"extensions": (), "signature_algorithms": b"", "supported_versions": b"", "alpn": ()}, "t",
            "t12i150000_8daaf6152771_000000000000", id="nothing but ciphers",
        ),
        pytest.param({"supported_versions": b"", "version": 0x0300}, "t", "ts3d1516h2_8daaf6152771_e5627efa2ab1", id="SSL 3"),
        pytest.param({"supported_versions": words("7f1c")}, "t", "t00d1516h2_8daaf6152771_e5627efa2ab1", id="a draft"),
        pytest.param(
            {"supported_versions": words("fefd,fefc")}, "d", "dd3d1516h2_8daaf6152771_e5627efa2ab1", id="DTLS counts down"
        ),
    ],
)  # fmt: skip
def test_fingerprints(changes: dict[str, object], transport: str, expected: str) -> None:
    assert ja4(EXAMPLE._replace(**changes), transport) == expected


def test_more_than_two_digits_hold() -> None:
    hello = EXAMPLE._replace(ciphers=words("1301") * 120, extensions=(5,) * 120)
    assert ja4(hello).startswith("t13i9999h2_")


def test_a_clients_order_does_not_matter_but_that_of_algorithms_does() -> None:
    ciphers = words("1303") + EXAMPLE.ciphers.replace(b"\x13\3", b"")
    assert ja4(EXAMPLE._replace(extensions=EXAMPLE.extensions[::-1], ciphers=ciphers)) == ja4(EXAMPLE)
    assert ja4(EXAMPLE._replace(signature_algorithms=words("0804,0403"))) != ja4(EXAMPLE)


def test_a_real_client() -> None:
    named, nameless = (parse_client_hello(client_hello(name)) for name in ("example.com", None))
    assert named is not None and nameless is not None
    first, second = ja4(named), ja4(nameless)
    assert (first[:4], second[:4]) == ("t13d", "t13i") and first[10:] == second[10:]


@given(
    st.builds(
        ClientHello, version=st.integers(0, 0xFFFF), alpn=st.lists(st.binary(max_size=4), max_size=2).map(tuple),
        ciphers=st.binary(max_size=9), extensions=st.lists(st.integers(0, 0xFFFF), max_size=4).map(tuple),
        signature_algorithms=st.binary(max_size=5), supported_versions=st.binary(max_size=5),
    )
)  # fmt: skip
def test_its_form_holds_for_any_hello(hello: ClientHello) -> None:
    assert [len(part) for part in ja4(hello).split("_")] == [10, 12, 12]
    assert ja4(hello).isalnum() or "_" in ja4(hello)
