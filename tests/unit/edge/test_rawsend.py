"""Packets of our own making, on the wire as they were made."""

import socket
from struct import pack

import pytest

from gateway.edge.rawsend import RawSender
from gateway.lab.namespace import inside
from gateway.wire.datagram import build_datagram
from tests.support.datapath import BELL4, BELL6, CLOUD4, CLOUD6, Home

pytestmark = pytest.mark.net


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


@pytest.mark.parametrize(("cloud", "bell"), [(CLOUD4, BELL4), (CLOUD6, BELL6)], ids=["ipv4", "ipv6"])
def test_a_packet_in_the_name_of_a_server_reaches_the_device_and_no_connection_is_made_of_it(cloud: str, bell: str) -> None:
    def scene() -> None:
        with Home() as home:
            device = home.datagrams(home.bell, v6=":" in cloud, port=5000)
            assert home.raw.send(build_datagram((packed(cloud), 53), (packed(bell), 5000), b"forged"))
            data, sender = device.recvfrom(100)
            assert (data, sender[:2]) == (b"forged", (cloud, 53))
            with home.gateway.entered():
                assert " dport=5000 " not in home.gateway.run("conntrack", "-L", "-p", "udp")

    inside(scene)


def test_a_link_local_device_is_reached_through_its_interface() -> None:
    def scene() -> None:
        with Home() as home:
            home.bell.ip("addr add fe80::20/64 dev eth0 nodad")
            with home.bell.entered():
                device = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
                device.bind(("::", 5000))
            device.settimeout(1)
            packet = build_datagram((packed("fe80::1"), 53), (packed("fe80::20"), 5000), b"near")
            with home.gateway.entered():
                raw = RawSender(lan=("br0", "gone0"))
                assert raw.send(packet)
                raw.close()
            assert device.recv(100) == b"near"

    inside(scene)


@pytest.mark.parametrize(
    "data", [b"", b"\x45", b"\x60" + bytes(20), b"\x45" + pack("!19B", *range(19))], ids=["empty", "cut", "cut6", "nowhere"]
)
def test_what_cannot_be_sent_is_counted(data: bytes) -> None:
    def scene() -> None:
        raw = RawSender()
        assert not raw.send(data) and raw.errors == 1
        raw.close()

    inside(scene)
