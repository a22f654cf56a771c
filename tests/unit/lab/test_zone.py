from ipaddress import ip_address, ip_network

import pytest

from gateway.lab.zone import compile_zone, load_zone

FRAME = {"resolver": ["203.0.113.53", "2001:db8::35"], "public_resolvers": [], "routed": []}


def test_every_shipped_address_is_routed() -> None:
    zone = load_zone()
    routed = [ip_network(prefix) for prefix in zone.routed]
    for host in zone.hosts.values():
        for address in (host.address4, host.address6):
            assert any(ip_address(address) in network for network in routed), host


def test_addresses_are_distinct_unless_shared_on_purpose() -> None:
    zone = load_zone()
    shared = {host.address4 for host in zone.hosts.values() if len(zone.names_at(host.address4)) > 1}
    assert {zone.names_at(address) for address in shared} == {
        ("fls-na.amazon.com", "m.media-amazon.com"),
        ("one.one.one.one", "cloudflare-dns.com"),
        ("bad.rogue.example", "also.good.rogue.example"),
        ("api.gadgetcloud.example", "clients3.google.com"),
    }


def test_sharing_and_fixed_addresses() -> None:
    names = {"a.example": None, "b.example": {"shares": "a.example"}, "c.example": {"address4": "198.51.100.9"}}
    zone = compile_zone({**FRAME, "names": names})
    assert zone.names_at(zone.hosts["a.example"].address6) == ("a.example", "b.example")
    assert zone.hosts["c.example"].address4 == "198.51.100.9"


def test_odd_answers() -> None:
    names = {"a.example": None, "b.example": {"beside": "a.example", "more": 300, "ttl_s": 0}}
    zone = compile_zone({**FRAME, "names": names})
    first, second = zone.hosts["a.example"], zone.hosts["b.example"]
    assert zone.answer(first, six=False) == (first.address4,)
    for six, own in ((False, (second.address4, first.address4)), (True, (second.address6, first.address6))):
        answer = zone.answer(second, six=six)
        assert answer[:2] == own
        assert len({ip_address(address) for address in answer}) == 302


def test_numbered_names_lead_where_their_numbers_say() -> None:
    pair = ["198.19.{}.{}", "2001:db8::{:x}:{:x}"]
    zone = compile_zone({**FRAME, "names": {"a.example": None}, "numbered": {"at.a.example": pair, "at.b.example": pair}})
    for domain in ("at.a.example", "at.b.example"):
        found = zone.find(f"7-31.{domain}")
        assert found is not None and (found.address4, found.address6) == ("198.19.7.31", "2001:db8::7:1f")
    assert zone.find("a.example") is zone.hosts["a.example"]
    strangers = "at.a.example", "7.at.a.example", "x-1.at.a.example", "1-1.at.c.example", "1-1234.at.a.example"
    assert not any(map(zone.find, strangers))


def test_too_many_names_are_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        compile_zone({**FRAME, "names": {f"n{number}.example": None for number in range(300)}})
