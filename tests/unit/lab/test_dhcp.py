from scapy.layers.dhcp import BOOTP, DHCP

from gateway.lab import dhcp

CLIENT = dhcp.Client(interface="eth0", mac=bytes.fromhex("02005e100001"), hostname="Ring-8a21f0", vendor_class="udhcp 1.24.1")


def test_messages_are_what_scapy_reads() -> None:
    data = CLIENT._message(dhcp.DISCOVER, b"abcd", {dhcp.REQUESTED: bytes((10, 77, 0, 11))})
    bootp = BOOTP(data)
    options = {option[0]: option[1] for option in bootp[DHCP].options if isinstance(option, tuple)}
    assert (bootp.op, bootp.xid, bootp.flags, bootp.chaddr[:6]) == (1, int.from_bytes(b"abcd"), 0x8000, CLIENT.mac)
    assert options["message-type"] == dhcp.DISCOVER
    assert options["requested_addr"] == "10.77.0.11"
    assert options["hostname"] == b"Ring-8a21f0"
    assert options["vendor_class_id"] == b"udhcp 1.24.1"


def test_a_lease_is_read() -> None:
    options = bytes(DHCP(options=[("message-type", "ack"), ("subnet_mask", "255.255.255.0"), ("router", "10.77.0.1"), "end"]))
    read = dhcp._options(options)
    assert read[dhcp.KIND] == bytes([dhcp.ACK])
    lease = dhcp._lease("10.77.0.11", read)
    assert lease == dhcp.Lease(address="10.77.0.11", prefix=24, router="10.77.0.1", resolver="10.77.0.1")


def test_cut_options_end_quietly() -> None:
    assert dhcp._options(b"\x35\x01\x05\x03\x04\x0a") == {53: b"\x05", 3: b"\x0a"}
