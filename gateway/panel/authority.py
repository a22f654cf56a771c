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

The authority may only sign for the box's own names and private addresses (name constraints, RFC 5280 section 4.2.1.10):
against other sites its key is worth nothing, also where it is stolen, to everybody who looks at the constraints of a root.
"""

import datetime
import logging
import ssl
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.edge.disk import Disk
from gateway.panel.access.guard import NAMES
from gateway.panel.access.keep import PrivateDisk

log = logging.getLogger("netcurtain.panel")
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
AUTHORITY_DAYS = 3_650
LEAF_DAYS = 397
"""What browsers took of public authorities for years; of private ones Apple's take 825 days."""
RENEW_DAYS = 30
LONG_AGO = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
"""A board without a battery does not know the time when it starts first: the authority counts from here at the latest."""

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


class Authority:
    """The authority's key and certificate, and those that the server shows; ``folder`` holds both, with mode 0600."""

    def __init__(
        self, folder: Path, *, hosts: Iterable[str] = (), wall: Callable[[], float] = time.time, disk: Disk | None = None
    ) -> None:
        """Read them, or make them; ``hosts``: more names that the authority may sign for. OSError where they cannot be kept."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._wall = wall
        self._disk: Disk = disk or PrivateDisk()
        self._names = tuple(dict.fromkeys((*NAMES, *hosts)))
        self._subjects: tuple[str | Address, ...] = ()
        self._context: ssl.SSLContext | None = None
        self._key, self.certificate = self._own()

    @property
    def der(self) -> bytes:
        """The certificate as phones and computers install it."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The same as text."""
        return _pem(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in pairs of figures as browsers show it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def context(self, addresses: Iterable[Address]) -> ssl.SSLContext:
        """What an HTTPS server at these addresses needs; ``renew`` keeps it fresh."""
        self._subjects = (*self._names, *sorted(set(addresses), key=lambda one: (one.version, int(one))))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._context = context
        if not self.renew():
            context.load_cert_chain(self._leaf_file)
        return context

    def renew(self) -> bool:
        """Sign for the server anew where its time runs out, or the clock was put right; True where that was done."""
        if self._context is None or self._leaf_fits():
            return False
        if not self._is_valid(self.certificate):
            self._key, self.certificate = self._make_own()
        key = ec.generate_private_key(ec.SECP256R1())
        self._write(self._leaf_file, _pem(self._sign_leaf(key.public_key())) + _key_pem(key))
        self._context.load_cert_chain(self._leaf_file)
        return True

    @property
    def _leaf_file(self) -> Path:
        return self._folder / "server.pem"

    def _now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._wall(), datetime.UTC)

    def _own(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """From the file; anew where there is none, it is damaged, or its time is over."""
        file = self._folder / "authority.pem"
        raw = self._disk.read(file)
        if raw is None:
            return self._make_own()
        try:
            key, certificate = serialization.load_pem_private_key(raw, None), x509.load_pem_x509_certificate(raw)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
                raise ValueError("its key and its certificate do not belong together")
        except ValueError as err:
            log.warning("%s is damaged (%s): browsers have to trust a new one", file, err)
            return self._make_own()
        return (key, certificate) if self._is_valid(certificate) else self._make_own()

    def _make_own(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Netcurtain"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Netcurtain at home {x509.random_serial_number() & 0xFFFF:04x}"),
            ]
        )
        began = min(self._now() - datetime.timedelta(days=1), LONG_AGO)
        ends = max(self._now(), LONG_AGO) + datetime.timedelta(days=AUTHORITY_DAYS)
        usage = _usage(digital_signature=False, key_cert_sign=True, crl_sign=True)
        certificate = (
            _builder(name, name, key.public_key(), began, ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_constraints(self._names), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self._write(self._folder / "authority.pem", _pem(certificate) + _key_pem(key))
        return key, certificate

    def _sign_leaf(self, public: ec.EllipticCurvePublicKey) -> x509.Certificate:
        began = self._now() - datetime.timedelta(days=1)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Netcurtain")])
        return (
            _builder(subject, self.certificate.subject, public, began, began + datetime.timedelta(days=LEAF_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general(one) for one in self._permitted()]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _permitted(self) -> tuple[str | Address, ...]:
        """What the authority may sign for, of what the server is asked for: one name too many would spoil the certificate."""
        may = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ()
        names = {one.value for one in may if isinstance(one, x509.DNSName)}
        return tuple(one for one in self._subjects if (one in names if isinstance(one, str) else is_private(one)))

    def _leaf_fits(self) -> bool:
        raw = self._disk.read(self._leaf_file)
        if raw is None:
            return False
        try:
            leaf, key = x509.load_pem_x509_certificate(raw), serialization.load_pem_private_key(raw, None)
            leaf.verify_directly_issued_by(self.certificate)
            shown = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except Exception:  # whatever is wrong with it (an invalid signature is no ValueError): another is made
            return False
        wanted = {_general(one) for one in self._permitted()}
        return key.public_key() == leaf.public_key() and wanted <= set(shown) and self._is_valid(leaf, days=RENEW_DAYS)

    def _is_valid(self, certificate: x509.Certificate, days: int = 0) -> bool:
        now = self._now()
        began, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return began <= max(now, LONG_AGO) and now + datetime.timedelta(days=days) < ends

    def _write(self, file: Path, data: bytes) -> None:
        """All of it or nothing, whenever the power goes."""
        fresh = file.with_suffix(".new")
        self._disk.write(fresh, data)
        self._disk.sync(fresh)
        self._disk.rename(fresh, file)
        self._disk.sync(self._folder)


def is_private(address: Address) -> bool:
    """Of a home's own networks: nobody has it on the internet."""
    return any(address.version == network.version and address in network for network in PRIVATE)


def _constraints(names: Iterable[str]) -> x509.NameConstraints:
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [x509.IPAddress(network) for network in PRIVATE]
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _general(subject: str | IPv4Address | IPv6Address | IPv4Network | IPv6Network) -> x509.GeneralName:
    return x509.DNSName(subject) if isinstance(subject, str) else x509.IPAddress(subject)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    began: datetime.datetime,
    ends: datetime.datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(began).not_valid_after(ends)


def _usage(*, digital_signature: bool, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature, key_cert_sign=key_cert_sign, crl_sign=crl_sign, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
