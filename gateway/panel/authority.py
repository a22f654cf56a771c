"""The box's own certificate authority, what may go over plain HTTP, and when a browser is sent to HTTPS.

Nobody vouches for a box in a home: public authorities sign no private addresses, and asking one would tell it of this home.
So the box signs for itself, and who wants no warnings lets a browser trust its authority, once.

Plain HTTP serves (``may_be_plain``):

- everything at loopback addresses: it never leaves the machine, so nobody is on the way who could read or change it, and
  browsers count those addresses as a secure context as well;
- an unclaimed box: there is no password yet that could be heard, and a warning in the first minute teaches to click
  warnings away. The password that claims it goes over the setup Wi-Fi or the home's cable: residual, who listens there in
  that minute hears it;
- the authority's own pages (``CERTIFICATE``) and what they are drawn with: they have to be readable before anybody trusts
  it. A stranger in the middle could give out another certificate there; the fingerprint, which ``netcurtain panel`` says on
  the box, tells them apart.

Everything else is sent there, or, for a browser that has seen a page over HTTPS (``SEEN``), to HTTPS. That is a cookie of
the browser and no ``Strict-Transport-Security``: that header means nothing for addresses, and would lock out by name
whoever resets the box, which makes another authority.

What is signed, ``signing`` signs, in a child process.
"""

import hashlib
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

from gateway.edge.apart import apart
from gateway.panel.access.guard import NAMES

CERTIFICATE = "/certificate"
STATIC = "/static/"
SEEN = "netcurtain_https"
"""The cookie of a browser that has seen a page over HTTPS."""
SEEN_S = 365 * 86_400
PORTS_APART = 363
"""HTTPS is served so many ports above plain HTTP: 80 and 443, 8080 and 8443."""
PRIVATE = (
    IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"), IPv4Network("169.254.0.0/16"),
    IPv4Network("127.0.0.0/8"), IPv6Network("fc00::/7"), IPv6Network("fe80::/10"), IPv6Network("::1/128"),
)  # fmt: skip
OWN_FILE, SERVER_FILE = "authority.pem", "server.pem"

Address = IPv4Address | IPv6Address


def may_be_plain(host: str, path: str, is_claimed: bool) -> bool:
    """May a request that came in at this address of ours, for this path, be served over plain HTTP?"""
    return not is_claimed or is_loopback(host) or is_open(path)


def is_open(path: str) -> bool:
    """The authority's own pages, and what pages are drawn with."""
    return path == CERTIFICATE or path.startswith((f"{CERTIFICATE}/", STATIC))


def instead_of_plain(host: str, path: str, cookies: Iterable[str], port: int) -> str:
    """Where a plain request goes that may not be served: HTTPS, or the page that says how to get there.

    ``host``: the name or address asked for (brackets around IPv6), ``path`` with its query, ``port``: where plain HTTP came in.
    """
    return secure_url(host, path, port) if SEEN in cookies else CERTIFICATE


def secure_url(host: str, path: str, port: int) -> str:
    """The same page over HTTPS; 443 goes without saying."""
    secure = port + PORTS_APART
    return f"https://{host}{'' if secure == 443 else f':{secure}'}{path}"


def is_loopback(host: str) -> bool:
    """What comes there never leaves the machine."""
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be signed for, and where it lies."""

    folder: Path
    names: tuple[str, ...]
    addresses: tuple[Address, ...]
    """Of the server; where it has none, there is nothing but the authority."""


class Authority:
    """The box's authority, and what the HTTPS server shows."""

    def __init__(
        self,
        folder: Path,
        addresses: Iterable[Address] = (),
        *,
        hosts: Iterable[str] = (),
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``addresses``: of the server; ``hosts``: more names that the authority may sign for. OSError: nothing can be kept."""
        names = tuple(dict.fromkeys((*NAMES, *hosts)))
        ordered = tuple(sorted(set(addresses), key=lambda one: (one.version, int(one))))
        self._order = Order(folder=folder, names=names, addresses=ordered)
        self._wall = wall
        self.pem = ""
        """Its certificate, as text."""
        self.renew()

    @property
    def der(self) -> bytes:
        """The certificate as phones and computers install it."""
        return ssl.PEM_cert_to_DER_cert(self.pem)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in pairs of figures as browsers show it."""
        return hashlib.sha256(self.der).digest().hex(":").upper()

    def renew(self) -> bool:
        """Sign what runs out, or what the clock that was put right makes invalid. True: the server has another to ``show``."""
        self.pem, is_new = apart(_sign, self._order, self._wall())
        return is_new

    @cached_property
    def context(self) -> ssl.SSLContext:
        """What an HTTPS server needs."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(self._order.folder / SERVER_FILE)
        return context

    def show(self) -> None:
        """From now on the server shows what was signed last."""
        self.context.load_cert_chain(self._order.folder / SERVER_FILE)


def _sign(order: Order, now: float) -> tuple[str, bool]:
    """In the child."""
    from .signing import sign  # cryptography: eight megabytes

    return sign(order, now)


def is_private(address: Address) -> bool:
    """Of a home's own networks: nobody has it on the internet."""
    return any(address.version == network.version and address in network for network in PRIVATE)
