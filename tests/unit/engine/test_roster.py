import pytest

from gateway.engine.roster import (
    FORGOTTEN_AFTER_S,
    HERE_S,
    JOIN_BURST,
    JOINS_PER_HOUR,
    MAX_ADDRESSES,
    MAX_CONFLICTS,
    MAX_DEVICES,
    MAX_LEASES,
    TOLD_AGAIN_AFTER_S,
    Conflict,
    Member,
    Roster,
)
from gateway.model.device import Mac
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


def test_numbers_are_bounded_and_given_again_when_a_device_is_long_gone() -> None:
    roster = Roster(policy())
    for number in range(MAX_DEVICES):
        assert roster.join(mac(number), at=3_600.0 * number) is not None
    assert roster.join(mac(999), at=3_600.0 * MAX_DEVICES) is None
    later = roster.join(mac(999), at=FORGOTTEN_AFTER_S + 1.0)
    assert later is not None
    assert later.number == 1
    assert roster.get(mac(0)) is None
    assert len({member.number for member in roster.members.values()}) == MAX_DEVICES


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
    roster = Roster(policy())
    (first, *_) = joined(roster, *(mac(number) for number in range(MAX_DEVICES)))
    roster.lease(first, ONE, at=0.0)
    newcomer = roster.join(mac(999), at=FORGOTTEN_AFTER_S + 1.0)
    assert newcomer is not None
    assert roster.by_address(ONE) is None
    assert roster.uses(newcomer, ONE, at=FORGOTTEN_AFTER_S + 2.0)
