"""The fast way of settled flows, under a kernel that has it: ``tests/e2e/test_guest.py`` runs this inside the guest."""

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from gateway.edge.conntrack import Conntrack
from gateway.edge.nft import Nft
from gateway.lab.namespace import inside
from gateway.model.command import SetVerdict
from gateway.model.event import PacketSeen
from gateway.model.mark import FlowClass
from gateway.model.packet import TCP, FlowKey
from gateway.ruleset import render
from tests.support.datapath import BELL4, BELL6, BELL_NUMBER, CLOUD4, CLOUD6, Home, payloads, tcp4, verdict, wait_for

pytestmark = pytest.mark.net
FAST = ("br0", "wan0")
FAMILIES = pytest.mark.parametrize("cloud", [CLOUD4, CLOUD6], ids=["ipv4", "ipv6"])


@pytest.fixture(autouse=True, scope="module")
def fast() -> None:
    if not inside(lambda: Nft(queue=7, lan=("br0",)).flowtables):
        pytest.skip("this kernel has no flowtables")


class Talk:
    """One connection from the bell to the cloud, and both its ends."""

    def __init__(self, home: Home, cloud: str) -> None:
        with home.server(443) as listener:
            self.device = home.connect(home.bell, (cloud, 443))
            self.server, _ = listener.accept()
        self.server.settimeout(2)

    def say(self, data: bytes) -> bytes:
        """What of it arrives."""
        self.device.sendall(data)
        return self.server.recv(len(data))


def offloaded(home: Home) -> int:
    """Connections that the kernel carries past the chains."""
    tables = (home.gateway.run("conntrack", "-L", "-f", family) for family in ("ipv4", "ipv6"))
    return sum(table.count("[OFFLOAD]") for table in tables)


def settle(home: Home, talk: Talk) -> None:
    """Speak until the flow has gone over to the fast way."""
    for _ in range(5):
        assert talk.say(b"hello") == b"hello"
    assert offloaded(home) == 1


def judge_as(flow_class: FlowClass, epoch: int = 1) -> Callable[[PacketSeen], list[SetVerdict]]:
    """The same verdict for everything."""
    return lambda seen: [verdict(seen, flow_class, epoch=epoch, device=BELL_NUMBER)]


@FAMILIES
def test_a_new_epoch_asks_about_an_offloaded_flow_at_its_next_packet(cloud: str) -> None:
    def scene() -> None:
        with Home(flowtable=FAST) as home:
            talk = Talk(home, cloud)
            settle(home, talk)
            home.wan()
            home.seen.clear()
            home.judge = judge_as(FlowClass.REFUSE, 2)
            home.reload(epoch=2, digest="beef")
            talk.device.sendall(b"not any more")
            with pytest.raises(ConnectionResetError):
                talk.device.recv(1)
            assert [seen.packet.payload for seen in home.seen] == [b"not any more"]
            assert payloads(home.wan()) == b""

    inside(scene)


@FAMILIES
def test_one_flow_that_is_to_be_asked_about_again_is(cloud: str) -> None:
    def scene() -> None:
        with Home(flowtable=FAST) as home:
            talk = Talk(home, cloud)
            settle(home, talk)
            other = Talk(home, cloud)
            assert other.say(b"me too") == b"me too"
            home.wan()
            home.seen.clear()
            home.judge = judge_as(FlowClass.REFUSE)
            with home.gateway.entered():
                table = Conntrack()
                assert table.ask_again(key_of(talk))
                table.close()
                home.nft.empty_flowtable()
            talk.device.sendall(b"not any more")
            with pytest.raises(ConnectionResetError):
                talk.device.recv(1)
            assert other.say(b"still here") == b"still here"
            assert [seen.packet.payload for seen in home.seen] == [b"not any more"]
            assert payloads(home.wan()) == b"still here"

    inside(scene)


def key_of(talk: Talk) -> FlowKey:
    (src, sport), (dst, dport) = talk.device.getsockname()[:2], talk.device.getpeername()[:2]
    return FlowKey(TCP, ip_address(src).packed, sport, ip_address(dst).packed, dport)


@FAMILIES
def test_a_flow_that_passes_again_is_asked_about_once_and_is_fast_again(cloud: str) -> None:
    def scene() -> None:
        with Home(flowtable=FAST) as home:
            talk = Talk(home, cloud)
            settle(home, talk)
            for epoch in range(2, 5):
                home.seen.clear()
                home.judge = judge_as(FlowClass.PASS, epoch)
                home.reload(epoch=epoch)
                assert talk.say(b"still here") == b"still here"
                wait_for(lambda: offloaded(home) == 0, timeout_s=3)  # the kernel sweeps once a second
                for _ in range(5):
                    talk.say(b"and on")
                assert len(home.seen) == 1
                assert wait_for(lambda: offloaded(home) == 1)

    inside(scene)


def test_what_is_held_outlives_reloads_of_the_flowtable() -> None:
    def scene() -> None:
        held: list[PacketSeen] = []

        def judge(seen: PacketSeen) -> list[SetVerdict]:
            if not seen.packet.payload:
                return [verdict(seen, FlowClass.UNDECIDED)]
            held.append(seen)
            return []

        with Home(judge, flowtable=FAST) as home:
            talk = Talk(home, CLOUD4)
            talk.device.sendall(b"hello")
            assert wait_for(lambda: len(held) == 1)
            for epoch in range(2, 7):
                home.reload(epoch=epoch)
            home.queue.send(verdict(held[0], FlowClass.PASS, epoch=6))
            assert talk.server.recv(5) == b"hello"
            assert home.queue.errors == 0, "the kernel still held it"

    inside(scene)


@FAMILIES
def test_an_offloaded_flow_belongs_to_the_hardware_address_it_was_judged_for(cloud: str) -> None:
    def scene() -> None:
        v6 = ":" in cloud
        with Home(flowtable=FAST) as home:
            talk = Talk(home, cloud)
            settle(home, talk)
            port = talk.device.getsockname()[1]
            home.phone.ip(f"addr add {BELL6 if v6 else BELL4}/{64 if v6 else 24} dev eth0 {'nodad' if v6 else ''}")
            home.wan()
            steal(home, cloud, port)
            assert talk.say(b"mine") == b"mine"
            assert payloads(home.wan()) == b"mine"

    inside(scene)


def steal(home: Home, cloud: str, port: int) -> None:
    """Segments of the bell's connection, sent by the phone."""
    with home.phone.entered():
        if ":" in cloud:
            thief = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP)
            thief.setsockopt(socket.IPPROTO_IPV6, 7, 16)  # IPV6_CHECKSUM: the kernel fills it in
            thief.bind((BELL6, 0))
            segment, where = tcp4(b"stolen", src=BELL4, dst=CLOUD4, ports=(port, 443), flags=0x18)[20:], (cloud, 0)
        else:
            thief = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            segment, where = tcp4(b"stolen", src=BELL4, dst=cloud, ports=(port, 443), flags=0x18), (cloud, 0)
    with thief:
        for _ in range(3):
            thief.sendto(segment, where)
    time.sleep(0.1)


def test_only_tcp_without_bounds_goes_the_fast_way() -> None:
    def scene() -> None:
        with Home(judge_as(FlowClass.LIMIT), flowtable=FAST) as home:
            talk = Talk(home, CLOUD4)
            device = home.datagrams(home.bell)
            for _ in range(5):
                assert talk.say(b"hello") == b"hello"
                device.sendto(b"ping", (CLOUD4, 9999))
            assert offloaded(home) == 0

    inside(scene)


def test_bytes_of_offloaded_flows_are_counted() -> None:
    def scene() -> None:
        with Home(flowtable=FAST) as home:
            talk = Talk(home, CLOUD4)
            settle(home, talk)
            for _ in range(50):
                talk.say(b"x" * 1000)
            line = next(line for line in home.gateway.run("conntrack", "-L").splitlines() if "[OFFLOAD]" in line)
            assert int(line.split("bytes=")[1].split()[0]) > 50_000

    inside(scene)


def test_an_interface_that_vanishes_costs_the_fast_way_and_not_the_generation() -> None:
    def scene() -> None:
        with Home(flowtable=FAST) as home:
            talk = Talk(home, CLOUD4)
            settle(home, talk)
            home.gateway.ip("link del wan0")
            with home.gateway.entered():
                assert home.nft.fast_interfaces(FAST) == ("br0",)
                late = replace(home.plan, epoch=2, digest="beef")  # it was still there when this was written
                home.nft.load(render(late), otherwise=render(replace(late, flowtable=())))
                assert home.nft.adopt() == (2, "beef")
                home.nft.load(render(replace(late, epoch=3, flowtable=("br0",))))
                assert home.nft.adopt() == (3, "beef")

    inside(scene)
