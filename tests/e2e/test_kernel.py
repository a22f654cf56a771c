"""What the kernel does by itself between two looks: it counts, refuses, keeps floods out, and turns plain HTTP round."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address

import pytest

from gateway.edge.conntrack import Conntrack
from gateway.edge.listener import Listener
from gateway.edge.nft_set import Sets
from gateway.lab import frame
from gateway.lab.namespace import inside
from gateway.lab.topology import GATEWAY_LAN_MAC
from gateway.model.command import AnswerHere, Budget, SetVerdict
from gateway.model.device import Mac
from gateway.model.event import PacketSeen, Tried
from gateway.model.mark import FlowClass, unpack
from gateway.model.packet import ACK, TCP, UDP
from tests.support.datapath import (
    BELL,
    BELL4,
    BELL_NUMBER,
    CLOUD4,
    CLOUD6,
    GATEWAY4,
    PHONE,
    PHONE_NUMBER,
    Home,
    pass_all,
    payloads,
    tcp4,
    verdict,
    wait_for,
)  # fmt: skip

pytestmark = pytest.mark.net
CLOUDS = pytest.mark.parametrize("cloud", [CLOUD4, CLOUD6], ids=["ipv4", "ipv6"])
LETTER = b"l" * 1_000
LETTER_ON_THE_WIRE = len(LETTER) + 28


def judge_as(flow_class: FlowClass, then: FlowClass = FlowClass.REFUSE) -> "Judge":
    """Every flow gets a class, and another one when the kernel asks about its budget or its size."""
    return Judge(flow_class, then)


class Judge:
    """Remembers why it was asked."""

    def __init__(self, first: FlowClass, then: FlowClass) -> None:
        self.first, self.then = first, then
        self.asked: list[int] = []
        """Classes in the marks of packets that were asked about again."""

    def __call__(self, seen: PacketSeen) -> list[SetVerdict]:
        if seen.mac == PHONE:
            return pass_all(seen)
        kind = unpack(seen.mark).flow_class
        if kind:
            self.asked.append(kind)
        return [verdict(seen, self.then if kind else self.first)]


def letters(home: Home) -> int:
    """How many arrived upstream since the last look."""
    time.sleep(0.1)
    return sum(packet.payload == LETTER for packet in home.wan(UDP))


def test_budget_of_a_window_holds_over_many_connections() -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.LIMIT)
        with Home(judge, budgets=(Budget(BELL_NUMBER, 1, 20 * LETTER_ON_THE_WIRE, 3),)) as home:
            for number in range(40):
                home.datagrams(home.bell, port=5_000 + number).sendto(LETTER, (CLOUD4, 9_999))
            assert letters(home) == 20, "to the last byte"
            assert judge.asked == [], "first datagrams that do not fit are lost, and nobody was told yet"
            device = home.datagrams(home.bell, port=5_000)
            device.sendto(LETTER, (CLOUD4, 9_999))
            assert wait_for(lambda: judge.asked == [FlowClass.SPENT])
            time.sleep(3.2)
            home.datagrams(home.bell, port=6_000).sendto(LETTER, (CLOUD4, 9_999))
            assert letters(home) == 1, "the next window has room again"

    inside(scene)


def test_budget_outlives_a_reload_and_is_each_devices_own() -> None:
    def scene() -> None:
        budgets = tuple(Budget(number, 1, 5 * LETTER_ON_THE_WIRE, 60) for number in (BELL_NUMBER, PHONE_NUMBER))

        def judge(seen: PacketSeen) -> list[SetVerdict]:
            return [verdict(seen, FlowClass.LIMIT, device=1 + (seen.mac == PHONE), epoch=home.plan.epoch)]

        with Home(judge, budgets=budgets) as home:
            send_letters(home, 4)
            assert letters(home) == 4
            home.reload(epoch=2)
            send_letters(home, 4)
            assert letters(home) == 1
            for number in range(5):
                home.datagrams(home.phone, port=5_000 + number).sendto(LETTER, (CLOUD4, 9_999))
            assert letters(home) == 5

    inside(scene)


def test_newcomers_share() -> None:
    """Twenty devices that nobody named, behind one port of the bridge: eight budgets are theirs together."""
    macs = [Mac(f"02:00:5e:10:01:{number:02x}") for number in range(1, 21)]

    def scene() -> None:
        budgets = tuple(Budget(number, 1, 5 * LETTER_ON_THE_WIRE, 60, 0, True) for number in range(1, 21))

        def judge(seen: PacketSeen) -> list[SetVerdict]:
            assert seen.mac is not None
            spent = unpack(seen.mark).flow_class
            return [verdict(seen, FlowClass.REFUSE if spent else FlowClass.LIMIT, device=1 + macs.index(seen.mac))]

        with Home(judge, budgets=budgets, owners=tuple((mac, number) for number, mac in enumerate(macs, 1))) as home:
            with home.bell.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as cable:
                cable.bind(("eth0", 0))
                for number, mac in enumerate(macs):
                    cable.send(letter_from(mac, number))
                    time.sleep(0.01)
                    for _ in range(5):
                        cable.send(letter_from(mac, number))
            assert letters(home) == 8 * 5

    inside(scene)


def letter_from(mac: Mac, number: int) -> bytes:
    """A frame of that device, always of the same flow."""
    ends = frame.between(src=f"10.77.0.{100 + number}", dst=CLOUD4)
    datagram = frame.udp(LETTER, **ends, sport=5_000 + number, dport=9_999)
    packet = frame.ipv4(datagram, **ends, proto=UDP)
    return frame.ethernet(packet, dst=GATEWAY_LAN_MAC, src=mac, kind=frame.ETH_IPV4)


def send_letters(home: Home, count: int) -> None:
    """One datagram each from new sockets of the bell."""
    for _ in range(count):
        home.datagrams(home.bell).sendto(LETTER, (CLOUD4, 9_999))


def test_download_costs_no_budget() -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.LIMIT)
        with Home(judge, budgets=(Budget(BELL_NUMBER, 1, 4_000, 60),)) as home, home.server(443) as listener:
            with home.connect(home.bell, (CLOUD4, 443)) as client:
                client.sendall(b"please")
                served, _ = listener.accept()
                with served:
                    served.settimeout(3)
                    served.recv(100)
                    client.setblocking(False)
                    pump(served, client, 3_000_000)
            assert judge.asked == [FlowClass.LIMIT] or judge.asked == []

    inside(scene)


def pump(sender: socket.socket, receiver: socket.socket, size: int) -> None:
    """Move so many bytes; whoever does not read lets the other wait."""
    sent = got = 0
    deadline = time.monotonic() + 10
    sender.setblocking(False)
    while got < size and time.monotonic() < deadline:
        try:
            sent += sender.send(bytes(min(65_536, size - sent))) if sent < size else 0
        except BlockingIOError:
            pass
        try:
            got += len(receiver.recv(1 << 20))
        except BlockingIOError:
            time.sleep(0.001)
    assert got == size


@CLOUDS
def test_budget_of_a_flow_stops_its_upload(cloud: str) -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.LIMIT)
        with Home(judge, budgets=(Budget(BELL_NUMBER, 1, 30_000, 0),)) as home, home.server(443):
            with home.connect(home.bell, (cloud, 443)) as client:
                with pytest.raises(OSError, match="reset|Broken pipe"):
                    for _ in range(200):
                        client.sendall(LETTER)
                        time.sleep(0.001)
            arrived = len(payloads([packet for packet in home.wan(TCP) if packet.payload]))
            assert 20_000 < arrived <= 30_000
            assert FlowClass.SPENT in judge.asked

    inside(scene)


@CLOUDS
def test_who_listens_on_the_bridge_keeps_no_first_packet_from_being_asked_about(cloud: str) -> None:
    def scene() -> None:
        with Home() as home, home.server(443):
            with home.gateway.entered(), closing(Listener(["br0"])):
                home.connect(home.bell, (cloud, 443)).close()
            assert home.seen

    inside(scene)


FLOWS_TO_ASK_AGAIN = pytest.mark.parametrize("then", [FlowClass.PASS, FlowClass.REFUSE, FlowClass.DROP])


@CLOUDS
@FLOWS_TO_ASK_AGAIN
def test_datagrams_that_are_to_be_asked_about_again_are(cloud: str, then: FlowClass) -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.PASS, then=then)
        with Home(judge) as home:
            device = home.datagrams(home.bell, v6=":" in cloud, port=5_000)
            say(device, cloud, times=3)
            assert (letters(home), judge.asked) == (3, [])
            ask_again(home)
            say(device, cloud, times=3)
            assert letters(home) == (3 if then is FlowClass.PASS else 0)
            assert judge.asked == [FlowClass.PASS], "once, and with what was known of it"

    inside(scene)


@CLOUDS
def test_an_upload_that_is_to_be_asked_about_again_is(cloud: str) -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.PASS, then=FlowClass.REFUSE)
        with Home(judge) as home, home.server(443) as listener, home.connect(home.bell, (cloud, 443)) as client:
            served, _ = listener.accept()
            with served:
                pump(client, served, 300_000)
                assert judge.asked == []
                ask_again(home)
                home.wan()
                with pytest.raises(OSError, match="reset|Broken pipe"):
                    for _ in range(100):
                        client.sendall(LETTER)
                        time.sleep(0.001)
                assert judge.asked == [FlowClass.PASS]
                assert payloads(home.wan(TCP)) == b"", "not one byte more"

    inside(scene)


def test_where_nobody_is_asked_it_is_refused() -> None:
    """Never does it pass without a look: not if the judge died, nor if its policy lets new flows pass unjudged by then."""

    def scene() -> None:
        with Home(judge_as(FlowClass.PASS)) as home:
            device = home.datagrams(home.bell, port=5_000)
            say(device, CLOUD4, times=1)
            assert letters(home) == 1
            home.deafen()
            say(device, CLOUD4, times=1)
            assert letters(home) == 1, "judged flows go on"
            ask_again(home)
            say(device, CLOUD4, times=3)
            assert letters(home) == 0

    inside(scene)


def test_a_refused_flow_that_is_asked_about_again_is_asked_about() -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.LOOK_16K, then=FlowClass.REFUSE)
        with Home(judge) as home:
            device = home.datagrams(home.bell, port=5_000)
            say(device, CLOUD4, times=20)
            assert letters(home) == 15 and set(judge.asked) == {FlowClass.LOOK_16K}
            judge.asked.clear()
            ask_again(home)
            say(device, CLOUD4, times=3)
            assert (letters(home), judge.asked) == (0, [FlowClass.REFUSE])

    inside(scene)


def say(device: socket.socket, cloud: str, *, times: int) -> None:
    """So many letters; what is refused comes back as an error, and is no matter here."""
    for _ in range(times):
        with suppress(OSError):
            device.sendto(LETTER, (cloud, 9_999))
        time.sleep(0.005)


def ask_again(home: Home) -> None:
    """Every flow of the table."""
    with home.gateway.entered():
        table = Conntrack()
        table.request()
        keys = []
        while table.reading:
            read = table.receive()
            keys += [counter.key for counter in read.counters] if read else []
        assert keys and all([table.ask_again(key) for key in keys])
        table.close()


def test_look_comes_after_so_many_bytes_and_only_once() -> None:
    def scene() -> None:
        judge = judge_as(FlowClass.LOOK_16K, then=FlowClass.PASS)
        with Home(judge) as home:
            device = home.datagrams(home.bell, port=5_000)
            for number in range(40):
                device.sendto(LETTER, (CLOUD4, 9_999))
                time.sleep(0.001)
                if number == 14:
                    assert judge.asked == []
            assert letters(home) == 40
            assert set(judge.asked) == {FlowClass.LOOK_16K} and len(judge.asked) <= 3

    inside(scene)


def test_rate_holds_a_flow_back() -> None:
    def scene() -> None:
        with Home(judge_as(FlowClass.LIMIT), budgets=(Budget(BELL_NUMBER, 1, 0, 600, 1_000),)) as home:
            send_letters(home, 60)
            assert 8 <= letters(home) <= 20, "a burst of 16 kB, then a kB a second"

    inside(scene)


@contextmanager
def counted(home: Home) -> Iterator[Sets]:
    """The kernel's own counts, read on the gateway."""
    with home.gateway.entered():
        sets = Sets()
    try:
        yield sets
    finally:
        sets.close()


def read(sets: Sets) -> tuple[tuple[Tried, ...], dict[str, int]]:
    """Everything that it counts."""
    tried: tuple[Tried, ...] = ()
    flooded: dict[str, int] = {}
    sets.request()
    while sets.reading:
        found = sets.receive()
        if found is not None:
            tried += found.tried
            flooded |= dict(found.flooded)
    return tried, flooded


@CLOUDS
@pytest.mark.parametrize("kind", [FlowClass.REMEMBER, FlowClass.SILENCE], ids=["refused", "silenced"])
def test_what_is_refused_stays_in_the_kernel(kind: FlowClass, cloud: str) -> None:
    def scene() -> None:
        with Home(judge_as(kind)) as home, home.server(443):
            sent = 500
            for number in range(sent):
                device = home.datagrams(home.bell, v6=":" in cloud, port=5_000 + number)
                device.sendto(LETTER, (cloud, 9_999))
                if number == 0:
                    assert wait_for(lambda: home.seen)
                    time.sleep(0.05)  # until the verdict is in the kernel
            time.sleep(0.1)
            assert len(home.seen) == 1
            with counted(home) as sets:
                tried, _ = read(sets)
            packed = ip_address(cloud).packed
            assert tried == (Tried(BELL, packed, UDP, 9_999, sent),)
            assert letters(home) == 0
            home.connect(home.phone, (cloud, 443)).close()
            home.judge = lambda seen: [verdict(seen, FlowClass.PASS, epoch=2)]
            home.reload(epoch=2)
            home.datagrams(home.bell, v6=":" in cloud, port=7_000).sendto(LETTER, (cloud, 9_999))
            assert letters(home) == 1, "another policy may let it pass"

    inside(scene)


def test_live_flow_to_a_refused_destination_goes_on() -> None:
    def scene() -> None:
        first: list[int] = []

        def judge(seen: PacketSeen) -> list[SetVerdict]:
            first.append(seen.packet.sport)
            allowed = seen.packet.sport == first[0]
            return [verdict(seen, FlowClass.PASS if allowed else FlowClass.REMEMBER)]

        with Home(judge) as home, home.server(443) as listener:
            with home.connect(home.bell, (CLOUD4, 443)) as client:
                served, _ = listener.accept()
                with served:
                    for _ in range(3):
                        with pytest.raises(ConnectionRefusedError):
                            home.connect(home.bell, (CLOUD4, 443))
                    client.sendall(b"still here")
                    served.settimeout(3)
                    assert served.recv(100) == b"still here"

    inside(scene)


def test_flood_costs_its_sender() -> None:
    def scene() -> None:
        with Home() as home, home.server(443):
            home.connect(home.phone, (CLOUD4, 443)).close()
            flood = home.datagrams(home.bell)
            began = time.monotonic()
            for number in range(3_000):
                flood.sendto(LETTER, (CLOUD4, 10_000 + number))
            home.connect(home.phone, (CLOUD4, 443)).close()
            took_s = time.monotonic() - began
            asked = sum(seen.mac == BELL for seen in home.seen)
            assert asked <= 200 + 100 * took_s + 10
            with counted(home) as sets:
                _, flooded = read(sets)
            assert flooded == {BELL: 3_000 - asked}

    inside(scene)


def test_strangers_share_one_allowance() -> None:
    def scene() -> None:
        with Home(owners=()) as home:
            device = home.datagrams(home.bell)
            for number in range(1_000):
                device.sendto(LETTER, (CLOUD4, 10_000 + number))
            time.sleep(0.1)
            assert 50 <= len(home.seen) <= 200

    inside(scene)


def test_plain_http_is_answered_here_where_it_was_said() -> None:
    def scene() -> None:
        with Home(answer_port=8453) as home, home.server(8453, machine=home.gateway) as here, home.server(80) as there:
            with counted(home) as sets:
                sets.add_answer(AnswerHere(BELL, ip_address(CLOUD4).packed), timeout_s=60)
            home.connect(home.bell, (CLOUD4, 80)).close()
            here.accept()[0].close()
            assert home.wan() == [] and home.seen == []
            home.connect(home.phone, (CLOUD4, 80)).close()
            there.accept()[0].close()
            with pytest.raises(ConnectionRefusedError):
                home.connect(home.bell, (GATEWAY4, 8453))

    inside(scene)


def test_channel_of_packets_without_payload_ends() -> None:
    def scene() -> None:
        with Home(judge_as(FlowClass.UNDECIDED)) as home, home.server(443), home.connect(home.bell, (CLOUD4, 443)) as client:
            ports = (client.getsockname()[1], 443)
            home.wan()
            with home.bell.entered():
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            with raw:
                for _ in range(1_000):
                    raw.sendto(tcp4(b"", src=BELL4, dst=CLOUD4, ports=ports, flags=ACK), (CLOUD4, 0))
            time.sleep(0.2)
            assert 0 < len(home.wan(TCP)) <= 128

    inside(scene)
