"""What is announced over SSDP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.ssdp import MAX_HEAD_BYTES, SsdpNotice, parse_ssdp


def head(first: str, *lines: str) -> bytes:
    return "\r\n".join([first, *lines, "", ""]).encode()


NOTIFY, ANSWER = "NOTIFY * HTTP/1.1", "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "data, expected",
    [
        pytest.param(
            head(NOTIFY, "HOST: 239.255.255.250:1900", "NT: roku:ecp", "USN: uuid:1::roku:ecp", "SERVER: Roku/1 UPnP/1.0"),
            SsdpNotice("roku:ecp", "Roku/1 UPnP/1.0", "uuid:1::roku:ecp"), id="a notice",
        ),
        pytest.param(
            head(ANSWER, "st:upnp:rootdevice", "usn: uuid:1"), SsdpNotice("upnp:rootdevice", "", "uuid:1"), id="an answer"
        ),
        pytest.param(
            head(NOTIFY, "NT: a:b", "USN: u", "SERVER: Linux,    UPnP/1.0\tDCS/1.0"),
            SsdpNotice("a:b", "Linux, UPnP/1.0 DCS/1.0", "u"), id="blanks",
        ),
        pytest.param(head(NOTIFY, "NT: a:b", "NT: c:d", "USN: u"), SsdpNotice("a:b", "", "u"), id="the first counts"),
        pytest.param(b"NOTIFY * HTTP/1.1\nNT: a:b\nUSN: u\n\nNT: x", SsdpNotice("a:b", "", "u"), id="bare line ends"),
        pytest.param(head(NOTIFY, "NT: a:b", "USN: u")[:-12] + b"USN", None, id="cut before its name"),
        pytest.param(head("M-SEARCH * HTTP/1.1", "ST: roku:ecp", "USN: u"), None, id="a search speaks of others"),
        pytest.param(head("HTTP/1.1 404 Not Found", "ST: a", "USN: u"), None, id="a refusal"),
        pytest.param(head(NOTIFY, "USN: u"), None, id="no target"),
        pytest.param(head(NOTIFY, "no field"), None, id="no field"),
        pytest.param(b"", None, id="nothing"),
    ],
)  # fmt: skip
def test_notices(data: bytes, expected: SsdpNotice | None) -> None:
    assert parse_ssdp(data) == expected


def test_a_long_head_is_read_to_its_bound() -> None:
    assert parse_ssdp(head(NOTIFY, "X: " + "x" * MAX_HEAD_BYTES, "NT: a:b", "USN: u")) is None


@given(st.binary(max_size=300))
def test_arbitrary_bytes(data: bytes) -> None:
    parse_ssdp(data)
    found = parse_ssdp(b"NOTIFY * HTTP/1.1\r\nNT: " + data)
    assert found is None or all(text.isprintable() for text in found)
