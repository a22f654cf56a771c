"""What a client says when it asks for an address. Scapy is the oracle."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from gateway.wire.dhcp import MAX_OPTION_BYTES, MAX_OPTIONS, DhcpRequest, parse_dhcp

CLIENT = bytes.fromhex("02005e100001")
HEAD = bytes(BOOTP(op=1, chaddr=CLIENT))


def message(*options: Any, **fields: Any) -> bytes:
    return bytes(BOOTP(**{"op": 1, "chaddr": CLIENT, **fields}) / DHCP(options=[*options, "end"]))


@pytest.mark.parametrize(
    "options, expected",
    [
        pytest.param([("message-type", "discover")], {"type": 1}, id="type"),
        pytest.param([("hostname", b"bell-1")], {"host_name": b"bell-1"}, id="host name"),
        pytest.param([("hostname", b"bell-1\0")], {"host_name": b"bell-1"}, id="as a C string"),
        pytest.param([("vendor_class_id", b"udhcp 1.22.1")], {"vendor_class": b"udhcp 1.22.1"}, id="vendor class"),
        pytest.param([("param_req_list", [6, 1, 3, 252])], {"parameters": (6, 1, 3, 252)}, id="parameters in their order"),
        pytest.param([("param_req_list", [])], {}, id="no parameters"),
        pytest.param(["pad", "pad", ("hostname", b"a"), "pad"], {"host_name": b"a"}, id="padding"),
        pytest.param([("hostname", b"be"), ("lease_time", 9), ("hostname", b"ll")], {"host_name": b"bell"}, id="in two parts"),
    ],
)
def test_requests(options: list[Any], expected: dict[str, Any]) -> None:
    wanted = DhcpRequest(client="02:00:5e:10:00:01", type=0)._replace(**expected)
    assert parse_dhcp(message(*options)) == wanted


def test_options_go_on_in_the_spare_fields() -> None:
    spare = message(("hostname", b"a"), (52, b"\3"), file=b"\x0c\x01b\xff", sname=b"\x3c\x02xy\xff")
    found = parse_dhcp(spare)
    assert found is not None and (found.host_name, found.vendor_class) == (b"ab", b"xy")
    only_file = parse_dhcp(message((52, b"\1"), file=b"\x0c\x01b\xff", sname=b"\x3c\x02xy\xff"))
    assert only_file is not None and (only_file.host_name, only_file.vendor_class) == (b"b", b"")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(message(("message-type", "offer"), op=2), id="a reply"),
        pytest.param(message(("message-type", "discover"), htype=6), id="no Ethernet"),
        pytest.param(HEAD[:235], id="cut in its head"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HTTP/1.1\r\n" * 40, id="something else"),
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    assert parse_dhcp(data) is None


def test_a_request_without_options() -> None:
    assert parse_dhcp(HEAD) == DhcpRequest(client="02:00:5e:10:00:01", type=0)


def test_bounds() -> None:
    head = message()[:240]
    long = parse_dhcp(head + b"\x0c\xff" + b"a" * 255 + (b"\x0c\xff" + b"b" * 255) * 9)
    assert long is not None and len(long.host_name) == MAX_OPTION_BYTES
    late = parse_dhcp(head + b"\x0d\x00" * MAX_OPTIONS + b"\x0c\x01a")
    assert late is not None and late.host_name == b""


@given(st.binary(max_size=300))
def test_arbitrary_bytes_behind_a_head(rest: bytes) -> None:
    found = parse_dhcp(message()[:240] + rest)
    assert found is not None and len(found.host_name) <= MAX_OPTION_BYTES


@given(st.binary(max_size=600))
def test_arbitrary_bytes(data: bytes) -> None:
    parse_dhcp(data)


TEXT = st.binary(min_size=1, max_size=60).filter(lambda raw: not raw.endswith(b"\0"))


@given(TEXT, TEXT, st.lists(st.integers(0, 255), min_size=1, max_size=40), st.integers(0, 3))
def test_scapy_reads_the_same(name: bytes, vendor: bytes, parameters: list[int], cut: int) -> None:
    data = message(("message-type", 3), ("hostname", name), ("vendor_class_id", vendor), ("param_req_list", parameters))
    options = dict(option for option in BOOTP(data)[DHCP].options if isinstance(option, tuple) and len(option) == 2)
    found = parse_dhcp(data + bytes(cut))
    assert found is not None
    assert (found.type, found.host_name, found.vendor_class) == (3, options["hostname"], options["vendor_class_id"])
    assert list(found.parameters) == options["param_req_list"]
