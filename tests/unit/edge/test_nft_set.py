"""Elements of sets: as the kernel lays them out, and read from and added to a kernel that counts real packets."""

import errno
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.netlink import attribute
from gateway.edge.nft import run
from gateway.edge.nft_set import Element, Sets, _read, _tries
from gateway.lab.namespace import inside
from gateway.model.command import AnswerHere, ForgetRefused, OpenPanel
from gateway.model.event import Tried, TriesRead
from gateway.model.packet import TCP, UDP
from tests.support.datapath import BELL, CLOUD4, Home, wait_for

CLOUD_4, CLOUD_6 = bytes((203, 0, 113, 10)), bytes.fromhex("20010db8") + bytes(11) + b"\x10"
MAC = bytes.fromhex(BELL.replace(":", ""))
KEY4 = MAC + b"\0\0" + CLOUD_4 + b"\x11\0\0\0" + b"\x17\x70\0\0"
KEY6 = MAC + b"\0\0" + CLOUD_6 + b"\x06\0\0\0" + b"\x01\xbb\0\0"


def counter(packets: int) -> bytes:
    numbers = attribute(1, pack("!Q", 100 * packets)) + attribute(2, pack("!Q", packets))
    return attribute(1, b"counter\0") + attribute(0x8002, numbers)


def quota() -> bytes:
    return attribute(1, b"quota\0") + attribute(0x8002, attribute(1, pack("!Q", 7)))


def element(key: bytes, *more: bytes) -> bytes:
    return attribute(0x8001, attribute(0x8001, attribute(1, key)) + b"".join(more))


def chunk(*elements: bytes) -> bytes:
    return b"\1\0\0\0" + attribute(1, b"netcurtain\0") + attribute(2, b"refused4\0") + attribute(0x8003, b"".join(elements))


EXPIRES = attribute(5, pack("!Q", 30_000))
CASES = {
    "counted": (chunk(element(KEY4, attribute(0x8007, counter(3)), EXPIRES)), [Element(KEY4, 3)]),
    "two": (
        chunk(element(KEY4, attribute(0x8007, counter(3))), element(KEY4[::-1], attribute(0x8007, counter(4)), EXPIRES)),
        [Element(KEY4, 3), Element(KEY4[::-1], 4)],
    ),
    "in a list": (chunk(element(KEY6, attribute(0x800B, attribute(0x8001, counter(9))))), [Element(KEY6, 9)]),
    "another expression": (chunk(element(KEY6, attribute(0x8007, quota()))), [Element(KEY6, 0)]),
    "uncounted": (chunk(element(MAC, EXPIRES)), [Element(MAC, 0)]),
    "without a key": (chunk(attribute(0x8001, EXPIRES)), []),
    "empty": (chunk(), []),
    "shorter than the first": (chunk(element(KEY6, attribute(0x8007, counter(1))), element(MAC)), [Element(KEY6, 1)]),
    "no list": (b"\1\0\0\0" + attribute(1, b"netcurtain\0"), []),
}


@pytest.mark.parametrize(("data", "expected"), CASES.values(), ids=CASES)
def test_a_chunk(data: bytes, expected: list[Element]) -> None:
    assert list(_read(data, 0, len(data))) == expected


@given(st.sampled_from([data for data, _ in CASES.values()]), st.data())
def test_any_bytes_give_elements_or_nothing(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    broken = data[:at] + draw.draw(st.binary(min_size=1, max_size=8)) + data[at + 1 :]
    _tries(_read(broken, 0, draw.draw(st.integers(4, len(broken)))))


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (
            [Element(bytes.fromhex("02005e1000010000") + b"p-rogue".ljust(16, b"\0"), 4)],
            TriesRead(contested=((BELL, "p-rogue", 4),)),
        ),
        ([Element(KEY4, 3)], TriesRead(tried=(Tried(BELL, CLOUD_4, UDP, 6000, 3),))),
        ([Element(KEY6, 1), Element(MAC, 8)], TriesRead(tried=(Tried(BELL, CLOUD_6, TCP, 443, 1),), flooded=((BELL, 8),))),
        ([Element(MAC + b"\0\0" + bytes((TCP, 0, 0, 0)), 7)], TriesRead(knocked=((BELL, TCP, 7),))),
        ([Element(CLOUD_4, 3)], None),
        ([], None),
    ],
    ids=["another port", "IPv4", "IPv6 and a flood", "knocks", "some other set", "nothing"],
)
def test_what_elements_say(elements: list[Element], expected: TriesRead | None) -> None:
    assert _tries(elements) == expected


SETS = """
table inet netcurtain {
  set refused4 {
    type ether_addr . ipv4_addr . inet_proto . inet_service; size 8192; flags dynamic,timeout; timeout 30s; counter;
  }
  set refused6 {
    type ether_addr . ipv6_addr . inet_proto . inet_service; size 8192; flags dynamic,timeout; timeout 30s; counter;
  }
  set flooded { type ether_addr; flags dynamic; size 64; counter; }
  set answered4 { type ether_addr . ipv4_addr; size 64; flags dynamic,timeout; timeout 30s; }
  set answered6 { type ether_addr . ipv6_addr; size 64; flags dynamic,timeout; timeout 30s; }
}
"""
FIRST_CONTACT = """
table inet netcurtain {
  set first_contact { type inet_service; flags timeout; }
  set claimant { type ether_addr; flags timeout; }
}
"""
COUNTING = """
table inet netcurtain {
  chain counting {
    type filter hook prerouting priority raw - 10; policy accept;
    ether saddr . ip daddr . meta l4proto . th dport @refused4 drop
    udp dport 6000 add @refused4 { ether saddr . ip daddr . meta l4proto . th dport }
    udp dport 6000 drop
    udp dport 7000 add @flooded { ether saddr }
  }
}
"""


def walk(sets: Sets, *names: str) -> list[TriesRead]:
    sets.request(names) if names else sets.request()
    events = []
    while sets.reading:
        if (event := sets.receive()) is not None:
            events.append(event)
    return events


def elements(sets: Sets, name: str) -> list[Element]:
    sets.request((name,))
    found = []
    while sets.reading:
        found += sets.elements()
    return found


@pytest.mark.net
def test_the_kernel_counts_what_it_refuses_by_itself() -> None:
    def scene() -> list[TriesRead]:
        with Home(judge=None) as home, home.gateway.entered():
            run("nft", "-f", "-", text="delete table inet netcurtain" + SETS + COUNTING)
            device = home.datagrams(home.bell, port=5000)
            sets = Sets()
            for port, times in ((6000, 3), (7000, 2)):
                for _ in range(times):
                    device.sendto(b"x", (CLOUD4, port))
            wait_for(lambda: walk(sets, "flooded") == [TriesRead(flooded=((BELL, 2),))])
            found = walk(sets)
            sets.close()
            return found

    assert inside(scene) == [
        TriesRead(tried=(Tried(BELL, CLOUD_4, UDP, 6000, 3),)),
        TriesRead(flooded=((BELL, 2),)),
    ]


@pytest.mark.net
def test_many_elements_come_in_parts() -> None:
    def scene() -> tuple[list[int], int, bool]:
        run("nft", "-f", "-", text=SETS)
        sets = Sets()
        for at in range(1000):
            sets.add("refused4", KEY4[:-4] + pack("!H2x", at), timeout_s=60)
        parts = walk(sets)
        sets.request()
        sets.request()  # while one is under way: it goes on
        while sets.reading:
            sets.receive()
        return [len(part.tried) for part in parts], len({tried.port for part in parts for tried in part.tried}), sets.reading

    parts, ports, reading = inside(scene)
    assert ports == sum(parts) == 1000 and not reading
    assert max(parts) <= 250


@pytest.mark.net
def test_where_nothing_is_there_is_nothing_to_read() -> None:
    def scene() -> tuple[list[TriesRead], list[TriesRead]]:
        sets = Sets()
        without_a_table = walk(sets)
        run("nft", "-f", "-", text=SETS)
        return without_a_table, walk(sets, "nosuch", "refused6")

    assert inside(scene) == ([], [])


@pytest.mark.net
def test_an_address_is_answered_here_until_its_time_is_over() -> None:
    def scene() -> tuple[list[Element], list[Element], str]:
        run("nft", "-f", "-", text=SETS)
        sets = Sets()
        for address in (CLOUD_4, CLOUD_4, CLOUD_6):  # once more does no harm
            sets.add_answer(AnswerHere(BELL, address), timeout_s=60)
        listed = run("nft", "list", "set", "inet", "netcurtain", "answered4")
        four = elements(sets, "answered4")
        six = elements(sets, "answered6")
        sets.add_answer(AnswerHere(BELL, bytes(4)), timeout_s=0.05)
        assert wait_for(lambda: elements(sets, "answered4") == four)
        return four, six, listed

    four, six, listed = inside(scene)
    assert four == [Element(MAC + b"\0\0" + CLOUD_4, 0)] and six == [Element(MAC + b"\0\0" + CLOUD_6, 0)]
    assert f"{BELL} . {CLOUD4} timeout 1m expires" in listed


@pytest.mark.net
def test_an_address_is_answered_here_no_longer() -> None:
    def scene() -> list[Element]:
        run("nft", "-f", "-", text=SETS)
        sets = Sets()
        for address in (CLOUD_4, bytes(4)):
            sets.add_answer(AnswerHere(BELL, address), timeout_s=60)
        for _ in range(2):  # once more does no harm
            sets.add_answer(AnswerHere(BELL, bytes(4), here=False), timeout_s=60)
        return elements(sets, "answered4")

    assert inside(scene) == [Element(MAC + b"\0\0" + CLOUD_4, 0)]


@pytest.mark.net
def test_the_panel_is_open_to_everybody_then_to_who_claimed_it_then_to_nobody() -> None:
    def scene() -> list[tuple[int, int]]:
        run("nft", "-f", "-", text=FIRST_CONTACT)
        sets, seen = Sets(), []
        steps = (OpenPanel(60), OpenPanel(60), OpenPanel(60, BELL), OpenPanel(0), OpenPanel(0.0001))
        for command in steps:
            sets.open_panel(command)
            seen.append((len(elements(sets, "first_contact")), len(elements(sets, "claimant"))))
        assert wait_for(lambda: not elements(sets, "first_contact")), "so short a time ends, too"
        return seen[:-1]

    assert inside(scene) == [(2, 0), (2, 0), (0, 1), (0, 1)]


@pytest.mark.net
@pytest.mark.parametrize(("kind", "address"), [("refused", CLOUD_4), ("silenced", CLOUD_4), ("refused", CLOUD_6)])
def test_one_destination_is_forgotten_and_no_other(kind: str, address: bytes) -> None:
    def scene() -> list[Element]:
        run("nft", "-f", "-", text=SETS.replace("refused", kind))
        sets, name = Sets(), f"{kind}{4 if len(address) == 4 else 6}"
        keys = [MAC + b"\0\0" + address + bytes((TCP, 0, 0, 0)) + port.to_bytes(2) + b"\0\0" for port in (443, 9_998)]
        for key in keys:
            sets.add(name, key, timeout_s=60)
        for _ in range(2):  # once more does no harm
            sets.forget_refused(ForgetRefused(BELL, address, TCP, 443))
        left = elements(sets, name)
        assert [element.key for element in left] == keys[1:]
        return left

    assert inside(scene)


@pytest.mark.net
@pytest.mark.parametrize(
    ("name", "key", "code"),
    [("nosuch", MAC, errno.ENOENT), ("answered4", MAC, errno.EINVAL)],
    ids=["no such set", "a key of another length"],
)
def test_a_refused_element_is_an_error(name: str, key: bytes, code: int) -> None:
    def scene() -> tuple[int | None, list[Element]]:
        run("nft", "-f", "-", text=SETS)
        sets = Sets()
        refused = None
        try:
            sets.add(name, key, timeout_s=60)
        except OSError as err:
            refused = err.errno
        sets.add_answer(AnswerHere(BELL, CLOUD_4), timeout_s=60)  # the socket is as good as before
        return refused, elements(sets, "answered4")

    assert inside(scene) == (code, [Element(MAC + b"\0\0" + CLOUD_4, 0)])
