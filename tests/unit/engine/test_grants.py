from dataclasses import replace

import pytest

from gateway.engine.grants import MAX_GRANTS, Grants
from gateway.model.device import Mac
from gateway.model.moment import Grant
from gateway.model.purpose import Purpose

ONE, TWO = Mac("02:00:00:00:00:01"), Mac("02:00:00:00:00:02")


def grant(mac: Mac | None = ONE, *, until: float = 10.0, purpose: Purpose | None = None, since: float = 0.0) -> Grant:
    return Grant(kind="pause", mac=mac, purpose=purpose, until=until, since=since)


def test_same_thing_again_replaces_it() -> None:
    grants = Grants()
    grants.open(grant(until=10.0))
    grants.open(grant(until=20.0))
    assert [known.until for known in grants.in_force] == [20.0]


def test_a_viewing_is_found_renewed_and_replaced_whoever_opened_it() -> None:
    grants = Grants()
    found = replace(grant(until=10.0), kind="viewing", by="home", because="a phone")
    grants.open(grant())
    assert grants.viewing(ONE) is None
    grants.open(found)
    assert (grants.viewing(ONE), grants.viewing(TWO)) == (found, None)
    grants.renew(found, 12.0)
    assert [known.until for known in grants.in_force] == [10.0, 12.0]
    grants.renew(found, 99.0)  # it is another one by now
    assert [known.until for known in grants.in_force] == [10.0, 12.0]
    grants.open(replace(found, by="panel", until=20.0))
    assert [(known.by, known.until) for known in grants.in_force] == [("", 10.0), ("panel", 20.0)]


def test_expire_ends_what_has_run_out() -> None:
    grants = Grants()
    grants.open(grant(ONE, until=10.0))
    grants.open(grant(TWO, until=20.0))
    assert grants.expire(9.9) == ()
    assert [known.mac for known in grants.expire(10.0)] == [ONE]
    assert [known.mac for known in grants.in_force] == [TWO]


def test_stop_ends_one_of_several() -> None:
    grants = Grants()
    for kind, purpose in (("pause", None), ("allowance", Purpose.TELEMETRY), ("allowance", Purpose.UPDATE)):
        grants.open(Grant(kind=kind, mac=ONE, purpose=purpose, until=100.0))
    assert [one.purpose for one in grants.stop(ONE, kind="allowance", purpose=Purpose.UPDATE)] == [Purpose.UPDATE]
    assert [one.kind for one in grants.stop(ONE, kind="pause")] == ["pause"]
    assert len(grants.in_force) == 1


def test_stop_ends_those_of_one_device_or_all() -> None:
    grants = Grants()
    for mac in (ONE, TWO, None):
        grants.open(grant(mac))
    assert [known.mac for known in grants.stop(ONE)] == [ONE]
    assert len(grants.stop(None)) == 2


def test_what_remains_is_saved_not_when_it_ends() -> None:
    grants, again = Grants(), Grants()
    grants.open(grant(until=110.0, purpose=Purpose.VIDEO))
    again.restore(grants.dump(100.0), mono=5.0)
    assert again.in_force == (grant(until=15.0, purpose=Purpose.VIDEO, since=-95.0),)


def test_what_opened_it_is_saved_too() -> None:
    grants, again = Grants(), Grants()
    opened = replace(grant(until=110.0, since=90.0), kind="viewing", by="evidence", because="a command", confidence=0.6)
    grants.open(opened)
    again.restore(grants.dump(100.0), mono=103.0)
    assert again.in_force == (opened,)


def test_what_an_earlier_process_saved_is_read() -> None:
    grants = Grants()
    grants.restore([{"kind": "pause", "mac": None, "purpose": None, "remaining_s": 5.0, "mono": 1.0}], mono=1.0)
    assert grants.in_force == (Grant(kind="pause", mac=None, purpose=None, until=6.0, since=1.0),)


def test_what_ran_out_while_no_gateway_ran_is_told() -> None:
    grants, again = Grants(), Grants()
    grants.open(grant(ONE, until=110.0))
    grants.open(grant(TWO, until=150.0))
    dumped = grants.dump(100.0)
    assert again.restore(dumped, mono=120.0) is True
    assert again.in_force == (grant(TWO, until=150.0),)
    assert again.in_force[0].since == 0.0
    assert Grants().restore(dumped, mono=5.0) is False, "the machine started anew"


def test_bound() -> None:
    grants = Grants()
    for number in range(MAX_GRANTS):
        grants.open(grant(Mac(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")))
    with pytest.raises(ValueError, match="in force already"):
        grants.open(grant(TWO, purpose=Purpose.VIDEO))
