from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.roster import (
    FORGOTTEN_AFTER_S,
    HERE_S,
    JOIN_BURST,
    JOINS_PER_HOUR,
    LEAVE_TOGETHER,
    MAX_ADDRESSES,
    MAX_CONFLICTS,
    MAX_DEVICES,
    MAX_LEASES,
    PASSED_BY_AFTER_S,
    PASSED_BY_S,
    TOLD_AGAIN_AFTER_S,
    Conflict,
    Member,
    Roster,
)
from gateway.model.device import Mac
from gateway.model.mark import Mark
from gateway.model.policy import Policy
from tests.support.home import policy
from tests.support.packets import BELL

PHONE = Mac("02:00:5e:10:00:aa")
"""A trusted one."""
ONE, TWO, SIX = b"\x0a\x4d\0\x65", b"\x0a\x4d\0\x66", bytes(15) + b"\1"


def joined(roster: Roster, *macs: Mac) -> list[Member]:
    pause = 3_600.0 if len(macs) > JOIN_BURST else 0.0
    members = [roster.join(one, at=pause * number) for number, one in enumerate(macs, -len(macs))]
    assert None not in members
    return [member for member in members if member is not None]


def mac(number: int) -> Mac:
    return Mac(f"02:00:5e:20:{number >> 8:02x}:{number & 255:02x}")


def test_device_is_what_the_policy_says() -> None:
    roster = Roster(policy())
    member = roster.join(BELL, at=0.0)
    assert member is not None
    assert (member.device.id, member.device.profile, member.device.family) == ("front-door", "bell", "doorbell")


def test_newcomer_is_careful_and_named_by_its_mac() -> None:
    device = Roster(policy()).describe(mac(1))
    assert (device.id, device.profile, device.trusted) == (mac(1), "careful", False)


def test_address_belongs_to_whoever_used_it_last() -> None:
    roster = Roster(policy())
    first, second = roster.join(mac(1), at=0.0), roster.join(mac(2), at=0.0)
    assert first is not None and second is not None
    roster.uses(first, b"addr", at=1.0)
    roster.uses(second, b"addr", at=2.0)
    assert roster.by_address(b"addr") is second
    assert first.addresses == {}


def test_addresses_are_bounded() -> None:
    roster = Roster(policy())
    member = roster.join(mac(1), at=0.0)
    assert member is not None
    for number in range(MAX_ADDRESSES + 5):
        roster.uses(member, bytes([number]), at=float(number))
    assert len(member.addresses) == MAX_ADDRESSES
    assert roster.by_address(bytes([0])) is None


def full(*, named: Iterable[Mac] = (BELL,), at: float = 0.0) -> tuple[Roster, list[Member]]:
    """A roster in which all numbers are taken that are not kept for somebody; everybody was here for long, and until ``at``."""
    roster = Roster(naming(*named))
    room = MAX_DEVICES - len(tuple(named))
    members = [roster.join(mac(number), at=at - 3_600.0 * (room - number)) for number in range(room)]
    strangers = [member for member in members if member is not None]
    for member in strangers:
        member.last_seen = at
    assert len(strangers) == room
    return roster, strangers


def naming(*macs: Mac) -> Policy:
    """The home's policy, where the files name these."""
    known = policy()
    entry = known.devices[BELL]
    return replace(known, devices={one: replace(entry, device=replace(entry.device, mac=one, id=one)) for one in macs})


def test_numbers_are_kept_for_all_that_the_files_name() -> None:
    named = [mac(1_000 + number) for number in range(100)]
    roster, strangers = full(named=named)
    assert all(roster.join(one, at=0.0) for one in named)
    assert len({member.number for member in roster.members.values()}) == len(roster.members) == MAX_DEVICES
    assert roster.take_left() == []


@pytest.mark.parametrize(
    ("here_s", "unseen_s", "leaves"),
    [
        pytest.param(0.0, PASSED_BY_AFTER_S - 1.0, False, id="passed-by-just-now"),
        pytest.param(0.0, PASSED_BY_AFTER_S, True, id="passed-by"),
        pytest.param(PASSED_BY_S, PASSED_BY_AFTER_S, True, id="was-here-for-minutes"),
        pytest.param(PASSED_BY_S + 1.0, PASSED_BY_AFTER_S, False, id="was-here-for-longer"),
        pytest.param(PASSED_BY_S + 1.0, FORGOTTEN_AFTER_S - 1.0, False, id="unseen-for-hours"),
        pytest.param(PASSED_BY_S + 1.0, FORGOTTEN_AFTER_S, True, id="unseen-for-a-day"),
    ],
)
def test_who_was_unseen_for_long_makes_room(here_s: float, unseen_s: float, leaves: bool) -> None:
    roster, strangers = full(at=100.0 * 86_400.0)
    one = strangers[77]
    one.last_seen -= unseen_s
    one.first_seen = one.last_seen - here_s
    newcomer = roster.join(mac(999), at=100.0 * 86_400.0)
    assert (newcomer is not None) is leaves
    assert roster.take_left() == ([one] if leaves else [])
    assert (roster.get(one.device.mac) is None) is leaves
    if newcomer is not None:
        assert newcomer.number == one.number and roster.by_number(one.number) is newcomer


def test_who_was_unseen_longest_goes_first_whoever_else_is_older() -> None:
    at = 100.0 * 86_400.0
    roster, strangers = full(named=(BELL, PHONE), at=at)
    phone = roster.join(PHONE, at=0.0)
    for number, member in enumerate(strangers):
        member.last_seen -= FORGOTTEN_AFTER_S + number
    assert phone is not None and roster.join(mac(999), at=at) is not None
    left = roster.take_left()
    assert left == strangers[: -LEAVE_TOGETHER - 1 : -1], "a few together, since each time begins a new epoch"
    assert roster.get(PHONE) is phone, "whom a file names does not leave, and does not stand in the way"
    assert all(roster.join(mac(1_000 + number), at=at) for number in range(LEAVE_TOGETHER - 1))
    assert roster.take_left() == [], "and then there is room"


def test_whom_a_new_policy_names_can_join_at_once() -> None:
    roster, strangers = full(named=())
    roster.adopt(naming(PHONE))
    strangers[9].last_seen -= 1.0
    phone = roster.join(PHONE, at=0.0)
    assert phone is not None and phone.number == strangers[9].number
    assert roster.take_left() == [strangers[9]]
    assert roster.join(mac(999), at=0.0) is None, "nobody else can"


def test_more_than_there_are_numbers_for_cannot_join() -> None:
    roster = Roster(naming(*(mac(number) for number in range(MAX_DEVICES + 1))))
    joined = [roster.join(mac(number), at=0.0) for number in range(MAX_DEVICES + 1)]
    assert [member is None for member in joined] == [False] * MAX_DEVICES + [True]
    assert roster.join(mac(999), at=0.0) is None


def test_whom_a_file_names_gets_a_number_that_nobody_had() -> None:
    at = 100.0 * 86_400.0
    roster, strangers = full(named=[mac(1_000)], at=at)
    strangers[0].last_seen = strangers[1].last_seen = 0.0
    newcomer = roster.join(mac(999), at=at)
    roster.numbers.pass_on([member.number for member in roster.take_left()], epoch=7)
    named = roster.join(mac(1_000), at=at)
    assert newcomer is not None and named is not None
    assert (newcomer.number, named.number) == (1, MAX_DEVICES)


def test_a_gadget_that_is_somebody_new_all_the_time_keeps_nobody_out_for_long() -> None:
    """It takes every place it can get for a week; then it is quiet for as long as a newcomer needs to be admitted."""
    roster = Roster(naming(BELL, PHONE))
    at, count = 0.0, 10_000
    while at < 7 * 86_400.0:
        roster.join(mac(count), at=at)
        at, count = at + 60.0, count + 1
    assert roster.join(PHONE, at=at) is not None and roster.join(BELL, at=at) is not None
    assert roster.join(mac(1), at=at + 3_600.0 / JOINS_PER_HOUR) is not None


def test_mark_of_before_is_nobodys() -> None:
    roster, strangers = full(at=100.0 * 86_400.0)
    strangers[3].last_seen = 0.0
    newcomer = roster.join(mac(999), at=100.0 * 86_400.0)
    assert newcomer is not None
    roster.numbers.pass_on([member.number for member in roster.take_left()], epoch=8)
    assert roster.by_mark(Mark(newcomer.number, 7, 1, 1), epoch=8) is None
    assert roster.by_mark(Mark(newcomer.number, 8, 1, 1), epoch=8) is newcomer
    assert roster.by_mark(Mark(1, 7, 1, 1), epoch=8) is strangers[0]


KNOWN = [mac(number) for number in range(600)]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "join", "join", "see", "name", "restart"]),
        st.integers(0, len(KNOWN) - 1),
        st.integers(1, 250),
        st.sampled_from([0.0, 60.0, 3_600.0, 40_000.0, 90_000.0]),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_lives_of_a_roster(steps: list[tuple[str, int, int, float]]) -> None:
    """Whom the files name can always join and never leaves; others leave only when unseen, or for whom the files name."""
    known, at = naming(BELL), 0.0
    roster = Roster(known)
    for what, first, count, pause in steps:
        at += pause
        macs = KNOWN[first : first + count]
        if what == "name":
            known = naming(*macs)
            roster.adopt(known)
        elif what == "see":
            for member in filter(None, map(roster.get, macs)):
                member.last_seen = at
        elif what == "restart":
            dumped, numbers, roster = roster.dump(), roster.numbers.dump(), Roster(known)
            roster.restore(dumped)
            roster.numbers.restore(numbers)
        else:
            for one in macs:
                _join(roster, one, at)
        assert len({member.number for member in roster.members.values()}) == len(roster.members)
        assert all(roster.by_number(member.number) is member for member in roster.members.values())
        assert all(1 <= member.number <= MAX_DEVICES for member in roster.members.values())


def _join(roster: Roster, one: Mac, at: float) -> None:
    """One joins, and what must be true of it."""
    if roster.get(one) is not None:
        return
    member, left = roster.join(one, at=at), roster.take_left()
    named = roster.is_named(one)
    assert member is not None or not (named or left)
    assert not any(roster.is_named(gone.device.mac) for gone in left)
    unseen = [at - gone.last_seen for gone in left]
    assert named or all(pause >= PASSED_BY_AFTER_S for pause in unseen)
    if member is not None and not named:
        strangers = sum(not roster.is_named(other) for other in roster.members)
        assert strangers <= MAX_DEVICES - len(roster._policy.devices)
    if left:
        roster.numbers.pass_on([gone.number for gone in left], epoch=1)


def test_somebody_new_all_the_time_is_soon_nobody() -> None:
    roster = Roster(policy())
    joined = [roster.join(mac(number), at=number / 10) for number in range(1_000)]
    assert sum(member is not None for member in joined) == JOIN_BURST
    assert roster.join(BELL, at=100.0) is not None, "whom a file names is no stranger"
    assert roster.join(mac(2_000), at=100.0 + 3_600.0 / JOINS_PER_HOUR) is not None


def test_a_clock_that_is_set_makes_nobody_old() -> None:
    roster = Roster(policy())
    member, older = roster.join(mac(1), at=100.0), roster.join(mac(2), at=1e9)
    assert member is not None and older is not None
    roster.uses(member, b"addr", at=150.0)
    roster.shift(2e9, until=200.0)
    assert (member.first_seen, member.last_seen, member.addresses) == (2e9 + 100.0, 2e9 + 100.0, {b"addr": 2e9 + 150.0})
    assert older.last_seen == 1e9, "seen in an earlier life, whose clock was right"


def test_dump_and_restore_keep_the_numbers() -> None:
    roster, again = Roster(policy()), Roster(policy())
    roster.join(mac(1), at=0.0)
    member = roster.join(BELL, at=0.0)
    assert member is not None
    roster.uses(member, b"addr", at=5.0)
    again.restore(roster.dump())
    assert again.owners() == roster.owners()
    found = again.by_address(b"addr")
    assert found is not None and found.device.id == "front-door"


def test_leased_address_is_nobody_elses() -> None:
    roster = Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    roster.lease(phone, ONE, at=1.0)
    assert roster.uses(phone, ONE, at=2.0)
    assert not roster.uses(gadget, ONE, at=3.0)
    assert roster.by_address(ONE) is phone
    assert ONE in phone.addresses and ONE not in gadget.addresses
    assert roster.take_conflicts() == [Conflict(address=ONE, claimant=mac(1), holder=PHONE)]


def test_lease_takes_an_address_from_whoever_used_it() -> None:
    roster = Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    assert roster.uses(gadget, ONE, at=1.0)
    roster.lease(phone, ONE, at=2.0)
    assert gadget.addresses == {}
    assert not roster.uses(gadget, ONE, at=3.0)


def test_lease_given_to_another_device_moves() -> None:
    roster = Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    roster.lease(gadget, ONE, at=1.0)
    roster.lease(phone, ONE, at=2.0)
    assert (gadget.leases, gadget.addresses) == ({}, {})
    assert roster.uses(phone, ONE, at=3.0)
    assert roster.take_conflicts() == []


@pytest.mark.parametrize(
    ("who", "address", "may"),
    [(PHONE, TWO, False), (PHONE, SIX, True), (PHONE, ONE, True), (BELL, TWO, True)],
    ids=["trusted-elsewhere", "trusted-other-family", "trusted-at-home", "managed-elsewhere"],
)
def test_trusted_device_speaks_from_its_lease(who: Mac, address: bytes, may: bool) -> None:
    roster = Roster(policy())
    (member,) = joined(roster, who)
    roster.lease(member, ONE, at=1.0)
    assert roster.uses(member, address, at=2.0) is may
    assert roster.take_conflicts() == ([] if may else [Conflict(address=address, claimant=who, holder=who)])


def test_trusted_device_without_a_lease_speaks_from_anywhere() -> None:
    roster = Roster(policy())
    (phone,) = joined(roster, PHONE)
    assert roster.uses(phone, ONE, at=1.0)
    assert roster.uses(phone, TWO, at=2.0)
    assert roster.take_conflicts() == []


def test_lease_in_its_name_does_not_cost_a_device_the_one_it_uses() -> None:
    roster = Roster(policy())
    (phone,) = joined(roster, PHONE)
    for number, address in enumerate((ONE, TWO), start=1):
        roster.lease(phone, address, at=float(number))
    assert roster.uses(phone, ONE, at=3.0)
    for number in range(MAX_LEASES):
        roster.lease(phone, bytes((10, 78, 0, number)), at=4.0)
    assert len(phone.leases) == MAX_LEASES


@pytest.mark.parametrize(("later", "told"), [(HERE_S / 2, True), (HERE_S * 2, False)], ids=["here", "gone"])
def test_two_devices_at_an_unleased_address_are_told(later: float, told: bool) -> None:
    roster = Roster(policy())
    first, second = joined(roster, mac(1), mac(2))
    assert roster.uses(first, SIX, at=1.0)
    assert roster.uses(second, SIX, at=first.last_seen + later)
    assert roster.by_address(SIX) is second
    assert bool(roster.take_conflicts()) is told


def test_conflict_is_told_once_an_hour() -> None:
    roster = Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    roster.lease(phone, ONE, at=1.0)
    told = 0
    for at in (2.0, 3.0, 4.0, 3.0 + TOLD_AGAIN_AFTER_S):
        roster.uses(gadget, ONE, at=at)
        told += len(roster.take_conflicts())
    assert told == 2


def test_clock_that_jumps_back_tells_again() -> None:
    roster = Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    roster.lease(phone, ONE, at=1.0)
    for at in (1_000_000.0, 10.0):
        roster.uses(gadget, ONE, at=at)
        assert len(roster.take_conflicts()) == 1


def test_flood_of_claims_stays_small() -> None:
    roster = Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    for number in range(3_000):
        address = number.to_bytes(4)
        roster.lease(phone, address, at=1.0)
        roster.uses(gadget, address, at=2.0)
    assert len(roster.take_conflicts()) <= MAX_CONFLICTS


def test_leases_outlive_a_restart() -> None:
    roster, again = Roster(policy()), Roster(policy())
    phone, gadget = joined(roster, PHONE, mac(1))
    roster.lease(phone, ONE, at=1.0)
    roster.uses(gadget, TWO, at=1.0)
    again.restore(roster.dump())
    other = again.get(mac(1))
    assert other is not None
    assert not again.uses(other, ONE, at=2.0)
    found = again.by_address(ONE)
    assert found is not None and found.device.mac == PHONE
    assert set(found.leases) == {ONE}


def test_device_that_left_holds_no_lease() -> None:
    roster, (first, *_) = full()
    roster.lease(first, ONE, at=0.0)
    first.last_seen = -FORGOTTEN_AFTER_S
    newcomer = roster.join(mac(999), at=1.0)
    assert newcomer is not None
    assert roster.by_address(ONE) is None
    assert roster.uses(newcomer, ONE, at=2.0)
