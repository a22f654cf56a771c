"""A private test CA and the certificates of the lab's servers: real TLS, believed by nobody outside."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFETIME = datetime.timedelta(days=2)


class Authority:
    """The CA; one key for all leaves keeps issuing at a millisecond."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Netcurtain lab CA")])
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "ca.pem"
        self.file.write_bytes(_pem(self._root()))
        self._leaf_key_pem = self._leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def issue(self, *names: str) -> Path:
        """A file with certificate and key for these names, the first of them its file's name."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = self._builder(subject, self._leaf_key.public_key()).add_extension(alternatives, critical=False)
        file = self._folder / f"{names[0]}.pem"
        fresh = file.with_suffix(".new")
        fresh.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())) + self._leaf_key_pem)
        return fresh.rename(file)  # whole or not there: other servers wait for it

    def _root(self) -> x509.Certificate:
        basic = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key.public_key()).add_extension(basic, critical=True)
        return builder.sign(self._key, hashes.SHA256())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + LIFETIME)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
