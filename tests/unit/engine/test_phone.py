"""What shows of an owner's phone: that it opened a live view, and nothing else."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from gateway.engine.phone import ASK_AGAIN_S, ASK_EVERY_S, KEPT_S, MAX_ADDRESSES, MAX_CALLS, Phones, places_of
from gateway.engine.roster import Roster
from gateway.model.event import Counter, Now
from gateway.model.packet import TCP, FlowKey
from tests.support.packets import PHONE, PHONE_ADDRESS
from tests.support.viewed import GUEST, GUEST_ADDRESS, LIVE, LIVE_ADDRESS, viewed_policy

POLICY = viewed_policy("panel+home")
HERE = frozenset({"example"})
ALIEN = bytes.fromhex("fd770077") + bytes(11) + b"\x30"


class Table:
    """The kernel's table, and somebody who reads it once a second."""

    def __init__(self) -> None:
        self.roster = Roster(POLICY)
        self.phones = Phones(self.roster)
        self.phones.adopt(POLICY.catalogue)
        self.mono = 1_000.0
        for mac, address in ((PHONE, PHONE_ADDRESS), (GUEST, GUEST_ADDRESS)):
            member = self.roster.join(mac, at=0.0)
            assert member is not None
            self.roster.lease(member, address, at=0.0)

    @property
    def now(self) -> Now:
        return Now(self.mono, self.mono)

    def learn(self, *addresses: bytes, name: str = LIVE) -> None:
        self.phones.learn(name, addresses or (LIVE_ADDRESS,), self.now)

    def walk(self, *counters: Counter, after_s: float = 1.0) -> list[tuple[float, float, int]]:
        """(Age, silence, size) of the calls after one look at the table."""
        self.mono += after_s
        for counter in counters:
            self.phones.see(counter, self.now)
        self.phones.walked(self.now)
        return [(self.mono - call.began, self.mono - call.used, call.size) for call in self.phones.calls("example")]


def counter(
    src: bytes = PHONE_ADDRESS, dst: bytes = LIVE_ADDRESS, *, size: int = 100, mark: int = 0, sport: int = 1
) -> Counter:
    return Counter(FlowKey(TCP, src, sport, dst, 443), mark, size, 0, 1, 1)


def watching() -> Table:
    """It knows where the live view is, and has looked twice."""
    table = Table()
    table.learn()
    table.walk()
    table.walk()
    return table


NEW = float("inf")
SEEN = [
    pytest.param([counter()], [(0.0, 0.0, 100)], id="an owner's phone"),
    pytest.param([counter(GUEST_ADDRESS)], [], id="a guest's"),
    pytest.param([counter(mark=1 << 12)], [], id="whoever was asked about"),
    pytest.param([counter(dst=bytes(4))], [], id="elsewhere"),
    pytest.param([counter(bytes((10, 77, 0, 99)))], [], id="an address that nobody was leased"),
    pytest.param([counter(ALIEN)], [], id="IPv6"),
    pytest.param([counter(), counter(sport=2, size=50)], [(0.0, 0.0, 100), (0.0, 0.0, 50)], id="two of them"),
]


@pytest.mark.parametrize(("counters", "wanted"), SEEN)
def test_whose_connections_count(counters: list[Counter], wanted: list[tuple[float, float, int]]) -> None:
    assert watching().walk(*counters) == wanted


def test_how_long_it_is_used() -> None:
    table = watching()
    assert table.walk(counter(size=100)) == [(0.0, 0.0, 100)]
    assert table.walk(counter(size=100)) == [(1.0, 1.0, 100)]
    assert table.walk(counter(size=300)) == [(2.0, 0.0, 300)]
    assert table.walk(counter(size=60)) == [(0.0, 0.0, 60)], "the ports are used again"
    assert table.walk() == []


UNKNOWN_AGE = [
    pytest.param(0, 1.0, NEW, id="the address was not looked for yet"),
    pytest.param(1, 1.0, NEW, id="a walk was under way when it was learnt"),
    pytest.param(2, 1.0, 0.0, id="the last walk would have shown it"),
    pytest.param(2, 6.0, NEW, id="the last walk is long ago"),
]


@pytest.mark.parametrize(("walks", "after_s", "age"), UNKNOWN_AGE)
def test_what_may_have_been_there_for_long_is_not_new(walks: int, after_s: float, age: float) -> None:
    table = Table()
    table.walk()
    table.mono += 0.5
    table.learn()
    for _ in range(walks):
        table.walk()
    assert [call[0] for call in table.walk(counter(), after_s=after_s)] == [age]


def test_an_address_that_is_named_again_is_known_on() -> None:
    table = watching()
    for _ in range(3):
        table.walk(after_s=KEPT_S * 0.9)
        table.learn()
    table.walk()
    assert table.walk(counter()) == [(0.0, 0.0, 100)]


def test_an_address_that_was_not_named_for_long_leads_nowhere() -> None:
    table = watching()
    table.walk(after_s=KEPT_S + 1)
    table.walk()
    assert table.walk(counter()) == []
    table.learn()
    assert [call[0] for call in table.walk(counter())] == [NEW], "it has to be looked for anew"


ASKED = [
    pytest.param(HERE, frozenset(), ASK_EVERY_S, id="now and then"),
    pytest.param(HERE, HERE, ASK_AGAIN_S, id="more often while a camera wants to send"),
]


@pytest.mark.parametrize(("vendors", "eager", "every_s"), ASKED)
def test_our_resolver_is_asked(vendors: frozenset[str], eager: frozenset[str], every_s: float) -> None:
    table = Table()
    assert table.phones.due(frozenset(), eager, table.now) == (), "no such camera is here"
    assert table.phones.due(vendors, eager, table.now) == (LIVE,)
    table.mono += every_s - 0.1
    assert table.phones.due(vendors, eager, table.now) == ()
    table.mono += 0.1
    assert table.phones.due(vendors, eager, table.now) == (LIVE,)


def test_names_that_nobody_asked_for_are_not_learnt() -> None:
    table = Table()
    table.learn(name="other.example.com")
    table.walk()
    table.walk()
    assert table.walk(counter()) == []


def test_a_policy_without_the_name_forgets_it() -> None:
    table = watching()
    table.phones.adopt(replace(POLICY.catalogue, names={}))
    assert table.walk(counter()) == []
    assert list(places_of(replace(POLICY.catalogue, names={}))) == []


def _addresses(number: int) -> Iterable[bytes]:
    return (one.to_bytes(4, "big") for one in range(1, number + 1))


def test_bounds() -> None:
    table = Table()
    table.learn(*_addresses(MAX_ADDRESSES + 5))
    assert len(table.phones.looked_for) == MAX_ADDRESSES
    table.learn()
    calls = table.walk(*(counter(sport=sport) for sport in range(1, MAX_CALLS + 9)))
    assert len(calls) == MAX_CALLS
