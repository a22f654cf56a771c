import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.other_text import may_become_text, read_text

SEARCH = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"
NOTIFY = b"NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nSERVER: Linux UPnP/1.0 bell/2\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n"
FOUND = b"HTTP/1.1 200 OK\r\nst: upnp:rootdevice\r\nusn: uuid:1\r\nserver: bell/2\r\n\r\n"
REGISTER = b"REGISTER sip:example.net SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.2\r\nCall-ID: 1\r\nUser-Agent: bell/1.0\r\n\r\n"
COMPACT = b"INVITE sip:door@example.net SIP/2.0\r\ni: 1\r\nv: SIP/2.0/UDP 10.0.0.2\r\n\r\nv=0\r\n"
RINGING = b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 10.0.0.2\r\nServer: proxy\r\n\r\n"
DESCRIBE = b"DESCRIBE rtsp://10.0.0.9/live RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: viewer\r\n\r\n"
ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nServer: camera\r\n\r\n"

FOUND_IN = {
    "SSDP search": (SEARCH, True, ("ssdp", "M-SEARCH, target ssdp:all")),
    "SSDP notice": (NOTIFY, True, (
        "ssdp", "NOTIFY, target upnp:rootdevice, server Linux UPnP/1.0 bell/2, usn uuid:1::upnp:rootdevice")),
    "SSDP answer": (FOUND, True, ("ssdp", "response, target upnp:rootdevice, server bell/2, usn uuid:1")),
    "SIP registration": (REGISTER, True, ("sip", "REGISTER, target sip:example.net, agent bell/1.0")),
    "SIP in compact form": (COMPACT, False, ("sip", "INVITE, target sip:door@example.net")),
    "SIP answer": (RINGING, True, ("sip", "response, agent proxy")),
    "RTSP request": (DESCRIBE, False, ("rtsp", "DESCRIBE, target rtsp://10.0.0.9/live, agent viewer")),
    "RTSP answer": (ANSWER, False, ("rtsp", "response, agent camera")),
    "RTSP, only its head so far": (DESCRIBE[:-2], False, ("rtsp", "DESCRIBE, target rtsp://10.0.0.9/live, agent viewer")),
    "nothing": (b"", True, None),
    "another text": (b"EHLO example.net\r\n", False, None),
    "HTTP over TCP": (b"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n", False, None),
    "HTTP answer over TCP": (FOUND, False, None),
    "HTTP of another method over UDP": (b"GET / HTTP/1.1\r\nST: x\r\n\r\n", True, None),
    "SSDP, its end cut off": (b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-C", True, ("ssdp", "NOTIFY")),
    "HTTP without a target": (b"NOTIFY * HTTP/1.1\r\nHOST: x\r\n\r\n", True, None),
    "SIP without a call": (b"OPTIONS sip:x SIP/2.0\r\nUser-Agent: scanner\r\n\r\n", True, None),
    "RTSP without a number": (b"OPTIONS * RTSP/1.0\r\nUser-Agent: scanner\r\n\r\n", False, None),
    "no end of line": (b"OPTIONS * RTSP/1.0", False, None),
}  # fmt: skip


@pytest.mark.parametrize(("data", "datagram", "found"), FOUND_IN.values(), ids=FOUND_IN)
def test_read_text(data, datagram, found):
    assert read_text(data, datagram=datagram) == found


@pytest.mark.parametrize("data", [DESCRIBE, REGISTER, ANSWER], ids=["RTSP", "SIP", "RTSP answer"])
def test_a_first_line_may_come_in_pieces(data):
    line = data.index(b"\r\n") + 2
    assert all(may_become_text(data[:size]) for size in range(9, line - 1))
    assert not may_become_text(data[:line])


@pytest.mark.parametrize("data", [b"lower case", b"\x16\x03\x01", b"A" * 4000], ids=["words", "TLS", "no blank"])
def test_what_will_never_be_text(data):
    assert not may_become_text(data)


@given(st.sampled_from([b"", NOTIFY[:19], b"BYE x SIP/2.0\r\n", ANSWER[:17]]), st.binary(), st.booleans())
def test_any_bytes(start, data, datagram):
    found = read_text(start + data, datagram=datagram)
    assert found is None or found[1].isprintable()
    may_become_text(start + data)
