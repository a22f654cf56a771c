from ipaddress import ip_address, ip_network

from gateway.lab.evasions.place import PLACES, addresses, place
from gateway.lab.zone import load_zone


def test_the_zone_knows_both_names_of_every_place() -> None:
    zone = load_zone()
    for number, variant in ((1, 0), (1, 1), (99, 2 * PLACES - 1)):
        one = place(number, variant)
        for name in (one.allowed, one.refused):
            found = zone.find(name)
            assert found is not None and (found.address4, found.address6) == one.addresses


def test_places_are_distinct_routed_and_open() -> None:
    zone = load_zone()
    every = [address for number in range(1, 251) for address in addresses(number, counted=False)]
    assert len(set(every)) == len(every) == 250 * 4 * PLACES
    networks = [ip_network(network) for network in zone.numbered_networks]
    routed = [ip_network(prefix) for prefix in zone.routed]
    for address in every[:: 4 * PLACES + 1]:
        assert any(ip_address(address) in network for network in networks)
        assert any(ip_address(address) in network for network in routed)


def test_what_is_not_counted_lies_behind_what_is() -> None:
    counted, every = addresses(7), addresses(7, counted=False)
    assert every[: len(counted)] == counted
    assert place(7, PLACES).four not in counted
