"""The gadgets of the bench: many, since each alone is held to its share of the gateway.

All of them live in one network namespace, as macvlan devices on one cable: own hardware address, own IPv4 address. Which one
opens a flow is a matter of routing alone: gadget N talks to server N, so neither lane pays a system call for it.

    g20  02:00:5e:be:00:14  10.77.0.20  ->  203.0.113.20  "n020.api.amazonalexa.com"
"""

from collections.abc import Iterator, Sequence

from .sample import name_of

HOSTS = range(4, 254)
"""Last bytes of the addresses of gadgets and of their servers: 250, as many as the roster has room for, but four."""
HOME = HOSTS[:30]
"""A home of ordinary size: for what depends on the number of devices, and needs no load."""
GATEWAY4, GATEWAY_MAC = "10.77.0.1", "02:00:5e:be:77:01"
CABLE_MAC = "02:00:5e:be:00:00"
SERVERS = "203.0.113.0/24"
_HEAD = """\
version: 1
timezone: UTC
preset: recommended
new_devices: careful
devices:
"""
_DEVICE = """\
  bench-{host}:
    mac: "{mac}"
    profile: echo
    confirmed: true
    rules: {{control: {control}, telemetry: {telemetry}}}
"""


def mac(host: int) -> str:
    """Its hardware address."""
    return f"02:00:5e:be:00:{host:02x}"


def address(host: int) -> str:
    """Where it lives."""
    return f"10.77.0.{host}"


def server(host: int) -> str:
    """Whom it talks to."""
    return f"203.0.113.{host}"


def device(host: int) -> str:
    """Its network device."""
    return f"g{host}"


def household(hosts: Sequence[int] = HOSTS, *, control: str = "allow", telemetry: str = "block") -> str:
    """``household.yaml``: all of them are known."""
    return _HEAD + "".join(
        _DEVICE.format(host=host, mac=mac(host), control=control, telemetry=telemetry) for host in hosts
    )


def leases() -> str:
    """dnsmasq's lease file: they got their addresses before the run, for ever (0)."""
    return "".join(f"0 {mac(host)} {address(host)} bench-{host} *\n" for host in HOSTS)


def plug_in() -> Iterator[str]:
    """Lines for ``ip`` in the gadgets' namespace, where ``eth0`` is the cable. Neighbours are known: no lane asks for them."""
    yield "link set eth0 up"
    for host in HOSTS:
        own = device(host)
        yield f"link add link eth0 name {own} address {mac(host)} type macvlan mode private"
        yield f"link set {own} up"
        yield f"addr add {address(host)}/32 dev {own}"
        yield f"neigh add {GATEWAY4} lladdr {GATEWAY_MAC} dev {own} nud permanent"
        yield f"route add {GATEWAY4} dev {own} metric {host} src {address(host)}"
        yield f"route add {server(host)} via {GATEWAY4} dev {own} onlink src {address(host)}"


def neighbours(interface: str) -> Iterator[str]:
    """Lines for ``ip`` at the gateway."""
    for host in HOSTS:
        yield f"neigh add {address(host)} lladdr {mac(host)} dev {interface} nud permanent"


def names() -> dict[str, str]:
    """Name -> address, as the internet's resolver tells them."""
    return {name_of(host): server(host) for host in HOSTS}
