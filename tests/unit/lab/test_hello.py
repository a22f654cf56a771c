import pytest
from scapy.layers.tls.extensions import TLS_Ext_ServerName
from scapy.layers.tls.handshake import TLSClientHello
from scapy.layers.tls.record import TLS

from gateway.lab.hello import client_hello, records, server_name_list

STAMP = b"12345678"


def names_in(message: bytes) -> list[bytes]:
    read = TLSClientHello(message)
    return [name.servername for one in read.ext if isinstance(one, TLS_Ext_ServerName) for name in one.servernames]


@pytest.mark.parametrize("names", [(), ("a.example",), ("a.example", b"b\0.example")], ids=["none", "one", "two"])
def test_names(names: tuple[str | bytes, ...]) -> None:
    wanted = [name.encode() if isinstance(name, str) else name for name in names]
    assert names_in(client_hello(*names)) == wanted
    assert names_in(client_hello(*names, repeated=True)) == wanted


def test_names_may_be_any_bytes() -> None:
    listed = b"\0\x06\0\0\x03a.b"
    assert names_in(server_name_list(listed, stamp=STAMP)) == [b"a.b"]
    assert STAMP in server_name_list(b"", stamp=STAMP)


def test_stamp_and_padding() -> None:
    hello = client_hello("a.example", stamp=STAMP, padding=1000)
    assert TLSClientHello(hello).random_bytes.startswith(STAMP[4:])  # the first four bytes count as a time there
    assert hello.count(STAMP) == 1 + 125
    assert int.from_bytes(hello[1:4]) == len(hello) - 4


def test_records_hold_the_message_whole() -> None:
    hello = client_hello("a.example", padding=20_000)
    stream, message = records(hello, 5, 1), b""
    sizes = []
    while stream:
        assert stream[:3] == b"\x16\x03\x01"
        sizes.append(int.from_bytes(stream[3:5]))
        message += stream[5 : 5 + sizes[-1]]
        stream = stream[5 + sizes[-1] :]
    assert message == hello and sizes[:3] == [5, 1, 16384]


def test_scapy_reads_a_whole_record() -> None:
    read = TLS(records(client_hello("a.example", alpn=[b"h2"])))
    assert isinstance(read.msg[0], TLSClientHello)
