"""Who is plugged in where. Addresses: the home private (RFC 1918, ULA), the internet from the documentation prefixes.

gadgets, phones -- br0 [gateway] wan0 -- lan0 [router] inet0 -- isp0 [internet]
(isolated ports)  10.77.0.0/24      192.168.178.0/24     192.0.2.0/30
                  fd77:77::/64      2001:db8:178::/64    2001:db8:ffff::/64
"""

import ctypes
import fcntl
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .namespace import Namespace
from .zone import Zone

LAN, WAN = "br0", "wan0"
GATEWAY_LAN_MAC, GATEWAY_WAN_MAC = "02:00:5e:77:00:01", "02:00:5e:77:00:02"
CURTAIN4, CURTAIN6 = "10.77.0.{}", "fd77:77::{:x}"
OLD4, OLD6 = "192.168.178.{}", "2001:db8:178::{:x}"
GATEWAY_HOST, ROUTER_HOST = 20, 1
IFNAME_CHARS = 15
"""Linux: IFNAMSIZ less its final zero."""
FRAGMENT_S = 1
"""How long the gateway's kernel waits for the rest of a packet: half a minute elsewhere."""
SERVED_PORTS, SWALLOWING_PORT = (53, 80, 443, 853, 9998, 9999), 9
SIOCETHTOOL, ETHTOOL_STXCSUM, ETHTOOL_SGSO = 0x8946, 0x17, 0x24


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug:
    """One thing with a cable (or a radio, which for the network is the same)."""

    name: str
    mac: str
    host: int
    """Last part of its addresses."""
    curtain: bool = True
    """False: on the old network."""
    dhcp: bool = False
    """It finds its IPv4 address by itself."""

    @property
    def port(self) -> str:
        """The other end of its cable, as long as an interface's name may be."""
        return f"p-{self.name}"[:IFNAME_CHARS]

    @property
    def address4(self) -> str:
        """Where it lives if nobody tells it otherwise."""
        return (CURTAIN4 if self.curtain else OLD4).format(self.host)

    @property
    def address6(self) -> str:
        """The same for IPv6."""
        return (CURTAIN6 if self.curtain else OLD6).format(self.host)


class Topology:
    """The cables of one home; ``machines`` are its namespaces by name."""

    def __init__(self, plugs: Sequence[Plug], zone: Zone) -> None:
        self.plugs: Mapping[str, Plug] = {plug.name: plug for plug in plugs}
        self.machines = {name: Namespace(name) for name in ("gateway", "router", "internet", *self.plugs)}
        for machine in self.machines.values():
            machine.sysctl(
                net__ipv6__conf__all__accept_dad=0, net__ipv6__conf__default__accept_dad=0,
                net__ipv4__conf__default__rp_filter=0, net__ipv4__conf__all__rp_filter=0,
            )  # fmt: skip
        self._cable()
        self._internet(zone)
        self._router()
        self._gateway()
        for plug in plugs:
            self._plug(plug)

    def _cable(self) -> None:
        gateway, router, internet = (self.machines[name] for name in ("gateway", "router", "internet"))
        gateway.ip(
            f"link add {LAN} address {GATEWAY_LAN_MAC} type bridge mcast_snooping 0",
            f"link set {LAN} up",
            f"link add {WAN} address {GATEWAY_WAN_MAC} type veth peer name p-gateway netns {router.path}",
            *(self._port(plug) for plug in self.plugs.values() if plug.curtain),
            *(f"link set {plug.port} master {LAN} up" for plug in self.plugs.values() if plug.curtain),
            *(f"link set {plug.port} type bridge_slave isolated on" for plug in self.plugs.values() if plug.curtain),
            peers=[router, *(self.machines[name] for name in self.plugs)],
        )
        outside = [plug for plug in self.plugs.values() if not plug.curtain]
        router.ip(
            "link add lan0 type bridge mcast_snooping 0",
            "link set lan0 up",
            f"link add inet0 type veth peer name isp0 netns {internet.path}",
            "link set p-gateway master lan0 up",
            *(self._port(plug) for plug in outside),
            *(f"link set {plug.port} master lan0 up" for plug in outside),
            peers=[internet, *(self.machines[plug.name] for plug in outside)],
        )

    def _port(self, plug: Plug) -> str:
        peer = self.machines[plug.name]
        return f"link add {plug.port} type veth peer name eth0 address {plug.mac} netns {peer.path}"

    def _internet(self, zone: Zone) -> None:
        self.machines["internet"].sysctl(net__ipv6__ip_nonlocal_bind=1)  # local routes are enough to answer, not to bind
        self.machines["internet"].run("nft", "-f", "-", text=every_port(zone))
        self.machines["internet"].ip(
            "addr add 192.0.2.1/30 dev isp0",
            "addr add 2001:db8:ffff::1/64 dev isp0 nodad",
            "link set isp0 up",
            *(f"route add local {prefix} dev lo" for prefix in zone.routed),
            "route add 2001:db8:178::/64 via 2001:db8:ffff::2",
        )

    def _router(self) -> None:
        router = self.machines["router"]
        router.ip(
            f"addr add {OLD4.format(ROUTER_HOST)}/24 dev lan0",
            f"addr add {OLD6.format(ROUTER_HOST)}/64 dev lan0 nodad",
            "addr add 192.0.2.2/30 dev inet0",
            "addr add 2001:db8:ffff::2/64 dev inet0 nodad",
            "link set inet0 up",
            "route add default via 192.0.2.1",
            "route add default via 2001:db8:ffff::1",
        )
        router.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        router.run("nft", "-f", "-", text=masquerade("inet0", family="ip"))

    def _gateway(self) -> None:
        self.machines["gateway"].sysctl(net__ipv4__ipfrag_time=FRAGMENT_S, net__ipv6__ip6frag_time=FRAGMENT_S)
        self.machines["gateway"].ip(
            f"addr add {CURTAIN4.format(1)}/24 dev {LAN}",
            f"addr add {CURTAIN6.format(1)}/64 dev {LAN} nodad",
            f"addr add {OLD4.format(GATEWAY_HOST)}/24 dev {WAN}",
            f"addr add {OLD6.format(GATEWAY_HOST)}/64 dev {WAN} nodad",
            f"link set {WAN} up",
            f"route add default via {OLD4.format(ROUTER_HOST)}",
            f"route add default via {OLD6.format(ROUTER_HOST)}",
        )

    def _plug(self, plug: Plug) -> None:
        machine = self.machines[plug.name]
        net4, net6 = (CURTAIN4, CURTAIN6) if plug.curtain else (OLD4, OLD6)
        lines = [
            "link set eth0 up",
            f"addr add {plug.address6}/64 dev eth0 nodad",
            f"route add default via {net6.format(1)}",
        ]
        if not plug.dhcp:
            lines += [f"addr add {plug.address4}/24 dev eth0", f"route add default via {net4.format(1)}"]
        machine.ip(*lines)

    def segment_in_software(self) -> None:
        """Let every frame leave a gadget as it will look on the air, so that both ends of the gateway can be compared."""
        for name in self.plugs:
            with self.machines[name].entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
                for command in (ETHTOOL_STXCSUM, ETHTOOL_SGSO):
                    value = ctypes.create_string_buffer(struct.pack("II", command, 0))
                    fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP16x", b"eth0", ctypes.addressof(value)))

    def close(self) -> None:
        """Unplug everything."""
        for machine in self.machines.values():
            machine.close()


def every_port(zone: Zone) -> str:
    """Where numbered names lead, every port has somebody who listens, if only to take what comes."""
    four, six = (f"{network}" for network in zone.numbered_networks)
    rule = f"tcp dport != {{ {', '.join(map(str, SERVED_PORTS))} }} redirect to :{SWALLOWING_PORT}"
    return (
        "table inet ports { chain ports { type nat hook prerouting priority dstnat; "
        f"ip daddr {four} {rule}; ip6 daddr {six} {rule}; }}; }}\n"
    )


def masquerade(interface: str, *, family: str) -> str:
    """A plain NAT router's rule."""
    return (
        f"table {family} lab {{ chain nat {{ type nat hook postrouting priority srcnat; "
        f'oifname "{interface}" masquerade; }}; }}\n'
    )
