from gateway.engine.roster import FORGOTTEN_AFTER_S, MAX_ADDRESSES, MAX_DEVICES, Roster
from gateway.model.device import Mac
from tests.support.home import policy
from tests.support.packets import BELL


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
        assert roster.join(mac(number), at=float(number)) is not None
    assert roster.join(mac(999), at=1_000.0) is None
    later = roster.join(mac(999), at=FORGOTTEN_AFTER_S + 1.0)
    assert later is not None
    assert later.number == 1
    assert roster.get(mac(0)) is None
    assert len({member.number for member in roster.members.values()}) == MAX_DEVICES


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
