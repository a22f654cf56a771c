"""Where the panel is served, and as whom.

At private addresses of this machine: the curtain's, and those that it has on the home's old network. The sockets are ours, or
come from a service manager (``LISTEN_FDS``, sd_listen_fds(3)), so that an unprivileged process can have the ports 80 and 443.
Beside each plain one, loopback aside, there is one for HTTPS, ``PORTS_APART`` above it. Who may come there is the ruleset's
business: gadgets may not, and nobody from the internet.
"""

import errno
import os
import pwd
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from gateway.edge.link import Links, own_addresses
from gateway.settings import Settings

from .authority import PORTS_APART, is_private

HTTP = 80
FIRST_FD = 3
"""sd_listen_fds(3): SD_LISTEN_FDS_START."""
BACKLOG = 128

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address and a port for plain HTTP."""

    address: Address
    port: int = HTTP

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"

    @property
    def secure(self) -> "Place | None":
        """Where HTTPS is served beside it; what does not leave the machine needs none."""
        return None if self.address.is_loopback else Place(address=self.address, port=self.port + PORTS_APART)

    @property
    def url(self) -> str:
        """How a browser gets there, without a path."""
        return f"http://{self}".removesuffix(f":{HTTP}")


def parse_place(text: str) -> Place:
    """``ADDRESS``, ``ADDRESS:PORT``, ``[IPV6]:PORT``. ValueError where nobody could or should listen there."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text.strip(), str(HTTP)
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError as err:
        raise ValueError(f"{text!r} is no address; write 10.77.0.1, 10.77.0.1:8080 or [fd00::1]:8080") from err
    if not port.isdecimal() or not 0 < int(port) <= 65_535 - PORTS_APART:
        raise ValueError(f"{text!r} has a port that is none, or none above which HTTPS has room")
    _check_side(address)
    return Place(address=address, port=int(port))


def _check_side(address: Address) -> None:
    """ValueError for what is not the home's side alone."""
    if address.is_unspecified:
        raise ValueError(f"{address} is every side, the internet's too: name an address of the home's side")
    if not is_private(address):
        raise ValueError(f"{address} is a public address: the panel is for the home alone")
    if address.version == 6 and address.is_link_local:
        raise ValueError(f"{address} is an address of every interface: name one that is this machine's alone")


def home_places(settings: Settings) -> tuple[Place, ...]:
    """This machine's private addresses: the curtain's first, then those on the home's old network. Public ones are left out."""
    lan = settings.lan
    found = (*sorted(own_addresses(lan)), *sorted(own_addresses(Links(lan, settings.wan).upstream())))
    addresses = dict.fromkeys(ip_address(packed) for packed in found)
    return tuple(Place(address=one) for one in addresses if is_private(one) and not one.is_loopback and not one.is_link_local)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Sockets that browsers come to."""

    plain: tuple[socket.socket, ...] = ()
    secure: tuple[socket.socket, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """Where plain HTTP comes to."""
        return tuple(place_of(one) for one in self.plain)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """What a certificate has to name."""
        return tuple(dict.fromkeys(place_of(one).address for one in (*self.plain, *self.secure)))


def place_of(bound: socket.socket) -> Place:
    """Where a socket listens."""
    host, port, *_ = bound.getsockname()
    return Place(address=ip_address(host.partition("%")[0]), port=port)


def listen(places: Iterable[Place], inherited: Listening | None = None) -> Listening:
    """Sockets at these places besides the inherited ones. OSError with what to do about it."""
    inherited = inherited or Listening()
    plain, secure = list(inherited.plain), list(inherited.secure)
    try:
        for place in places:
            plain.append(_bind(place))
            if place.secure:
                secure.append(_bind(place.secure))
    except OSError:
        for one in (*plain, *secure):
            one.close()
        raise
    return Listening(plain=tuple(plain), secure=tuple(secure))


def _bind(place: Place) -> socket.socket:
    family = socket.AF_INET6 if place.address.version == 6 else socket.AF_INET
    # The protocol by its number: asyncio lets a packet leave at once (TCP_NODELAY) only where it is told that this is TCP.
    # Without it, a second answer on the same connection waits 40 ms for the other side to acknowledge its head.
    bound = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((str(place.address), place.port))
        bound.listen(BACKLOG)
    except OSError as err:
        bound.close()
        number = err.errno or 0
        raise OSError(number, f"cannot listen at {place}: {_WHY.get(number, err.strerror or str(err))}") from err
    return bound


_WHY = {
    errno.EADDRINUSE: "another program does, perhaps a panel that runs already",
    errno.EACCES: "ports below 1024 need root, a service manager that passes the socket, or --listen ADDRESS:8080",
    errno.EADDRNOTAVAIL: "no interface of this machine has this address",
}


def inherited_sockets(environment: Mapping[str, str]) -> Listening:
    """What a service manager opened for us. ValueError where those are no sockets for a panel."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return Listening()
    count = int(environment.get("LISTEN_FDS", "0"))
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, list[socket.socket]] = {"http": [], "https": []}
    for number in range(count):
        name = names[number] if number < len(names) else ""
        if name not in found:
            raise ValueError(f"a socket is called {name!r}: its unit has to say FileDescriptorName=http or https")
        found[name].append(_adopt(FIRST_FD + number))
    return Listening(plain=tuple(found["http"]), secure=tuple(found["https"]))


def _adopt(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    try:
        adopted = socket.socket(fileno=descriptor)
    except OSError as err:
        raise ValueError(f"descriptor {descriptor} is no socket") from err
    if adopted.family not in (socket.AF_INET, socket.AF_INET6) or adopted.type != socket.SOCK_STREAM:
        raise ValueError(f"descriptor {descriptor} is no TCP socket")
    try:
        _check_side(place_of(adopted).address)
    except ValueError as err:
        raise ValueError(f"{err} (ListenStream=ADDRESS:PORT and FreeBind=yes in its unit)") from err
    return adopted


def become(name: str) -> None:
    """Go on as this user, with its groups, for good. ValueError where there is no such user; does nothing without root."""
    if os.geteuid() != 0 or not name:
        return
    user = find_user(name)
    os.setgroups(os.getgrouplist(name, user.pw_gid))
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)


def find_user(name: str) -> pwd.struct_passwd:
    """A user of this machine. ValueError where there is none."""
    try:
        return pwd.getpwnam(name)
    except KeyError as err:
        raise ValueError(f"panel.user: there is no user '{name}' on this machine") from err
