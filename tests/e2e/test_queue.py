"""What becomes of a packet whose verdict is late, broken, or finds no room: it stays."""

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.edge import nfqueue
from gateway.edge.netlink import attribute, message
from gateway.edge.nfqueue import PacketQueue
from gateway.lab.namespace import inside
from gateway.model.command import SetVerdict
from gateway.model.event import PacketSeen
from gateway.model.mark import ASK, FlowClass
from gateway.model.packet import TCP, UDP
from tests.support.datapath import BELL, CLOUD4, CLOUD6, PHONE, PHONE4, QUEUE, Home, mark, payloads, verdict, wait_for

pytestmark = pytest.mark.net
FREE = ((PHONE, PHONE4),)
FAMILIES = pytest.mark.parametrize(
    "cloud", [pytest.param(CLOUD4, id="ipv4"), pytest.param(CLOUD6, id="ipv6", marks=pytest.mark.slow)]
)
SECRET = b"what the bell has to say"
VERDICT, VERDICT_HEADER, MARK = 3 << 8 | 1, 2, 3
DROP, ACCEPT, STOLEN, TO_A_QUEUE, REPEAT, STOP = range(6)
ROOM, MORE = 8, 40


def hold(seen: PacketSeen) -> list[SetVerdict]:
    """A judge that never comes to a conclusion."""
    return []


def head(kind: int, number: int) -> bytes:
    """The one attribute that a verdict has to have."""
    return attribute(VERDICT_HEADER, struct.pack("!II", kind, number))


def marked(value: int) -> bytes:
    """Its mark."""
    return attribute(MARK, struct.pack("!I", value))


GOOD_MARK = marked(mark(FlowClass.PASS))
KEPT: dict[str, Callable[[int], bytes]] = {
    "no-attribute": lambda number: b"",
    "mark-alone": lambda number: GOOD_MARK,
    "header-of-four-bytes": lambda number: attribute(VERDICT_HEADER, struct.pack("!I", ACCEPT)) + GOOD_MARK,
    "mark-of-two-bytes": lambda number: head(ACCEPT, number) + attribute(MARK, b"\x01\x00"),
    "cut-attribute": lambda number: head(ACCEPT, number)[:-4],
    "long-attribute": lambda number: struct.pack("=HH", 200, VERDICT_HEADER) + struct.pack("!II", ACCEPT, number),
    "unknown-verdict": lambda number: head(99, number) + GOOD_MARK,
    "stolen": lambda number: head(STOLEN, number) + GOOD_MARK,
    "another-packets-number": lambda number: head(ACCEPT, number + 1000) + GOOD_MARK,
}
"""No verdicts: the packet goes on waiting."""
SPENT: dict[str, Callable[[int], bytes]] = {
    "no-mark": lambda number: head(ACCEPT, number),
    "mark-that-asks": lambda number: head(ACCEPT, number) + marked(mark(FlowClass.PASS) | ASK),
    "empty-mark": lambda number: head(ACCEPT, number) + marked(0),
    "no-class": lambda number: head(ACCEPT, number) + marked(mark(FlowClass.NONE)),
    "unheard-class": lambda number: head(ACCEPT, number) + marked(mark(FlowClass.NONE) | 0x1E),
    "earlier-epoch": lambda number: head(ACCEPT, number) + marked(mark(FlowClass.PASS, epoch=4095)),
    "to-a-queue-that-nobody-reads": lambda number: head(TO_A_QUEUE | 99 << 16, number) + GOOD_MARK,
}
"""Verdicts that say nothing, or the wrong thing: the packet is lost."""


def said_wrongly(forms: dict[str, Callable[[int], bytes]], cloud: str) -> dict[str, tuple[bytes, bytes]]:
    """Form -> what left after such a verdict, and what left after an honest one for the same packet."""
    left = {}
    with Home(hold) as home:
        for name, build in forms.items():
            home.seen.clear()
            home.datagrams(home.bell, v6=":" in cloud).sendto(SECRET, (cloud, 9_999))
            (seen,) = wait_for(lambda: list(home.seen))
            home.queue._socket.send(message(VERDICT, build(seen.queue_id), resource=QUEUE))
            time.sleep(0.05)
            early = payloads(home.wan(UDP))
            home.queue.send(verdict(seen, FlowClass.PASS))
            time.sleep(0.05)
            left[name] = (early, payloads(home.wan(UDP)))
        home.judge = lambda seen: [verdict(seen, FlowClass.PASS)]
        home.datagrams(home.bell, v6=":" in cloud).sendto(b"and then", (cloud, 9_999))
        assert wait_for(lambda: payloads(home.wan(UDP))) == b"and then", "the queue lives"
    return left


@FAMILIES
def test_what_is_no_verdict_lets_nothing_go_and_loses_nothing(cloud: str) -> None:
    assert inside(lambda: said_wrongly(KEPT, cloud)) == dict.fromkeys(KEPT, (b"", SECRET))


@FAMILIES
def test_a_verdict_that_says_nothing_lets_nothing_go(cloud: str) -> None:
    assert inside(lambda: said_wrongly(SPENT, cloud)) == dict.fromkeys(SPENT, (b"", b""))


@FAMILIES
def test_a_verdict_of_an_earlier_generation_lets_nothing_go(cloud: str) -> None:
    """It was given in good faith, and came when the policy was another one already."""

    def scene() -> None:
        with Home(hold) as home, home.server(443):
            home.datagrams(home.bell, v6=":" in cloud).sendto(SECRET, (cloud, 9_999))
            (datagram,) = wait_for(lambda: list(home.seen))
            home.judge = lambda seen: [] if seen.packet.payload else [verdict(seen, FlowClass.UNDECIDED)]
            stream = home.connect(home.bell, (cloud, 443))
            stream.sendall(SECRET)
            segment = wait_for(lambda: [seen for seen in home.seen if seen.packet.proto == TCP and seen.packet.payload])[0]
            home.reload(epoch=2)
            for seen in (datagram, segment):
                home.queue.send(verdict(seen, FlowClass.PASS))
            time.sleep(0.15)
            assert payloads(home.wan()) == b""
            home.judge = lambda seen: [verdict(seen, FlowClass.PASS, epoch=2)]
            assert wait_for(lambda: SECRET in payloads(home.wan(TCP)), timeout_s=3), "its repetition is asked about, and passes"

    inside(scene)


@contextmanager
def full(home: Home) -> Iterator[PacketQueue]:
    """A queue that nobody reads, with room for a few packets, and as many in it."""
    with home.gateway.entered():
        queue = PacketQueue(QUEUE, lan=("br0",))
    try:
        for number in range(ROOM):
            home.datagrams(home.bell, port=5_000 + number).sendto(SECRET, (CLOUD4, 9_999))
        time.sleep(0.1)
        yield queue
    finally:
        queue.close()


def waiting(home: Home) -> int | None:
    """How many packets the queue holds, as the kernel counts; None where nobody may know."""
    with home.gateway.entered():
        try:
            lines = Path("/proc/thread-self/net/netfilter/nfnetlink_queue").read_text().splitlines()
        except OSError:  # a user namespace
            return None
    return next(int(fields[2]) for fields in map(str.split, lines) if int(fields[0]) == QUEUE)


def test_a_full_queue_is_a_closed_door_for_managed_devices_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nfqueue, "QUEUE_PACKETS", ROOM)

    def scene() -> None:
        with Home(None, free=FREE, free6=(PHONE,)) as home, home.server(443), full(home) as queue:
            assert waiting(home) in (ROOM, None)
            for number in range(MORE):
                home.datagrams(home.bell, port=6_000 + number).sendto(SECRET, (CLOUD4, 9_999))
            began = time.monotonic()
            for cloud in (CLOUD4, CLOUD6):
                with pytest.raises(ConnectionRefusedError):
                    home.connect(home.bell, (cloud, 443))
            assert time.monotonic() - began < 0.2
            assert waiting(home) in (ROOM, None), "not one of them found room"
            assert home.wan() == []
            for cloud in (CLOUD4, CLOUD6):
                home.connect(home.phone, (cloud, 443)).close()
            home.reload(fault_open=(BELL,))
            home.connect(home.bell, (CLOUD4, 443)).close()
            home.wan()
            with home.gateway.entered():
                for event in queue.receive():
                    assert isinstance(event, PacketSeen)
                    queue.send(verdict(event, FlowClass.PASS))
            time.sleep(0.1)
            assert payloads(home.wan(UDP)) == SECRET * ROOM, "those that were held are judged in the end"

    inside(scene)


@pytest.mark.parametrize("kind", [FlowClass.REMEMBER, FlowClass.SILENCE], ids=["refused", "silenced"])
def test_a_full_memory_refuses_all_the_same(kind: FlowClass) -> None:
    """Whoever was refused at eight thousand places fills the memory of all; then each try is asked about, and none gets out."""
    name = "refused4" if kind == FlowClass.REMEMBER else "silenced4"
    full_up = [f"02:00:5e:10:00:77 . 198.18.{number >> 8}.{number & 255} . udp . 9999" for number in range(8_192)]

    def scene() -> None:
        with Home(lambda seen: [verdict(seen, kind)], owners=((BELL, 1), (PHONE, 2))) as home, home.server(443):
            home.gateway.run("nft", "-f", "-", text=f"add element inet netcurtain {name} {{ {', '.join(full_up)} }}\n")
            tries = 30
            for number in range(tries):
                home.datagrams(home.bell, port=5_000 + number).sendto(SECRET, (CLOUD4, 9_999))
                time.sleep(0.01)
            time.sleep(0.1)
            assert home.wan() == []
            assert len(home.seen) == tries, "nothing is remembered, so each of them is asked about"
            home.judge = lambda seen: [verdict(seen, FlowClass.PASS, device=2)]
            home.connect(home.phone, (CLOUD4, 443)).close()

    inside(scene)
