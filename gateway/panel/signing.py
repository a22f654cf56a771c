"""What the box's own authority signs, with ``cryptography``: run in a child process, since that costs eight megabytes.

The authority may only sign for the box's own names and private addresses (name constraints, RFC 5280 section 4.2.1.10):
against other sites its key is worth nothing, also where it is stolen, to everybody who looks at the constraints of a root.
"""

import datetime
import logging
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.edge.disk import Disk

from .access.keep import PrivateDisk
from .authority import OWN_FILE, PRIVATE, SERVER_FILE, Address, Order, is_private

log = logging.getLogger("netcurtain.panel")
AUTHORITY_DAYS = 3_650
LEAF_DAYS = 397
"""What browsers took of public authorities for years; of private ones Apple's take 825 days."""
RENEW_DAYS = 30
LONG_AGO = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
"""A board without a battery does not know the time when it starts first: the authority counts from here at the latest."""


def sign(order: Order, now: float) -> tuple[str, bool]:
    """Make what is not there, damaged, or soon over. (The authority's certificate, was the server's made anew?)

    OSError where it cannot be kept.
    """
    order.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = _Signer(order, now)
    is_new = bool(order.addresses) and signer.renew()
    return _pem(signer.certificate).decode(), is_new


class _Signer:
    """The authority's key and certificate at one moment; its folder holds both, and the server's, with mode 0600."""

    def __init__(self, order: Order, now: float) -> None:
        self._folder = order.folder
        self._names = order.names
        self._subjects: tuple[str | Address, ...] = (*order.names, *order.addresses)
        self._now = datetime.datetime.fromtimestamp(now, datetime.UTC)
        self._disk: Disk = PrivateDisk()
        self._key, self.certificate = self._own()

    def renew(self) -> bool:
        """Sign for the server anew where its time runs out, or the clock was put right; True where that was done."""
        if self._leaf_fits():
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        self._write(self._leaf_file, _pem(self._sign_leaf(key.public_key())) + _key_pem(key))
        return True

    @property
    def _leaf_file(self) -> Path:
        return self._folder / SERVER_FILE

    def _own(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """From the file; anew where there is none, it is damaged, or its time is over."""
        file = self._folder / OWN_FILE
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
        began = min(self._now - datetime.timedelta(days=1), LONG_AGO)
        ends = max(self._now, LONG_AGO) + datetime.timedelta(days=AUTHORITY_DAYS)
        usage = _usage(digital_signature=False, key_cert_sign=True, crl_sign=True)
        certificate = (
            _builder(name, name, key.public_key(), began, ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_constraints(self._names), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self._write(self._folder / OWN_FILE, _pem(certificate) + _key_pem(key))
        return key, certificate

    def _sign_leaf(self, public: ec.EllipticCurvePublicKey) -> x509.Certificate:
        began = self._now - datetime.timedelta(days=1)
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
        now = self._now
        began, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return began <= max(now, LONG_AGO) and now + datetime.timedelta(days=days) < ends

    def _write(self, file: Path, data: bytes) -> None:
        """All of it or nothing, whenever the power goes."""
        fresh = file.with_suffix(".new")
        self._disk.write(fresh, data)
        self._disk.sync(fresh)
        self._disk.rename(fresh, file)
        self._disk.sync(self._folder)


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
