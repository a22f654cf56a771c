"""The box's own authority, as OpenSSL sees it."""

import datetime
import os
import socket
import ssl
import stat
import threading
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.panel.authority import Authority
from gateway.panel.signing import LEAF_DAYS

TODAY = 1_790_000_000.0
DAY = 86_400.0
HERE = (ip_address("10.77.0.1"), ip_address("fd77:77::1"), ip_address("127.0.0.1"))


def handshake(server: ssl.SSLContext, trusted: str, name: str) -> x509.Certificate:
    """What a client that trusts this authority is shown under this name. SSLError where it does not believe it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def serve() -> None:
            try:
                with server.wrap_socket(theirs, server_side=True):
                    pass
            except OSError:
                theirs.close()

        thread = threading.Thread(target=serve)
        thread.start()
        client = ssl.create_default_context(cadata=trusted)
        try:
            with client.wrap_socket(ours, server_hostname=name) as secure:
                raw = secure.getpeercert(binary_form=True)
        finally:
            ours.close()
            thread.join()
    assert raw is not None
    return x509.load_der_x509_certificate(raw)


@pytest.mark.parametrize("name", ["10.77.0.1", "fd77:77::1", "127.0.0.1", "netcurtain.local", "curtain.example", "localhost"])
def test_who_trusts_it_trusts_the_server(tmp_path: Path, name: str) -> None:
    authority = Authority(tmp_path, HERE, hosts=["curtain.example"])
    assert handshake(authority.context, authority.pem, name)


@pytest.mark.parametrize("name", ["10.77.0.2", "netcurtain.example", "x.curtain.example"])
def test_under_other_names_it_is_nobody(tmp_path: Path, name: str) -> None:
    authority = Authority(tmp_path, HERE, hosts=["curtain.example"])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority.context, authority.pem, name)


@pytest.mark.parametrize(
    "subject",
    [
        x509.DNSName("bank.example"),
        x509.DNSName("lan"),
        x509.IPAddress(ip_address("9.9.9.9")),
        x509.IPAddress(ip_address("2620:fe::fe")),
    ],
    ids=lambda subject: str(subject.value),
)
def test_a_stolen_key_signs_for_no_other_site(tmp_path: Path, subject: x509.GeneralName) -> None:
    authority = Authority(tmp_path)
    stolen = serialization.load_pem_private_key((tmp_path / "authority.pem").read_bytes(), None)
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(own_certificate(authority).subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=True)
        .sign(stolen, hashes.SHA256())
    )
    file = tmp_path / "forged.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(context, authority.pem, str(subject.value))


def test_it_is_the_same_after_a_restart_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "panel"
    first = Authority(folder, HERE)
    kept = {file: (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) for file in folder.iterdir()}
    assert {file.name for file in kept} == {"authority.pem", "server.pem"}
    assert {mode for _, mode in kept.values()} == {0o600}
    again = Authority(folder, HERE)
    assert again.fingerprint == first.fingerprint and len(again.fingerprint) == 95
    assert {file: file.read_bytes() for file in folder.iterdir()} == {file: raw for file, (raw, _) in kept.items()}


def own_certificate(authority: Authority) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.pem.encode())


def server_certificate(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())


@pytest.mark.parametrize(
    ("days", "renewed"),
    [(0, False), (LEAF_DAYS - 40, False), (LEAF_DAYS - 20, True), (LEAF_DAYS + 100, True), (-3_000, True)],
    ids=["at once", "forty days before", "twenty days before", "long after", "the clock was ahead"],
)
def test_the_servers_certificate_is_renewed_in_time(tmp_path: Path, days: int, renewed: bool) -> None:
    now = [TODAY]
    authority = Authority(tmp_path, HERE, wall=lambda: now[0])
    own, before = authority.fingerprint, server_certificate(tmp_path)
    now[0] += days * DAY
    assert authority.renew() is renewed
    after = server_certificate(tmp_path)
    assert (after != before) is renewed and authority.fingerprint == own
    assert after.not_valid_before_utc.timestamp() <= now[0] < after.not_valid_after_utc.timestamp()


def test_a_new_address_is_signed_for(tmp_path: Path) -> None:
    Authority(tmp_path, HERE[:1])
    before = server_certificate(tmp_path)
    Authority(tmp_path, HERE[:1])
    assert server_certificate(tmp_path) == before
    Authority(tmp_path, HERE)
    assert server_certificate(tmp_path) != before


def test_what_it_may_not_sign_for_is_left_out(tmp_path: Path) -> None:
    authority = Authority(tmp_path, [*HERE, ip_address("9.9.9.9")])
    later = Authority(tmp_path, [*HERE, ip_address("9.9.9.9")], hosts=["added.example"])
    shown = server_certificate(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "added.example" not in shown.get_values_for_type(x509.DNSName)
    assert ip_address("9.9.9.9") not in shown.get_values_for_type(x509.IPAddress)
    assert later.fingerprint == authority.fingerprint


def test_made_without_a_clock_it_is_valid_once_there_is_one(tmp_path: Path) -> None:
    now = [60.0]
    authority = Authority(tmp_path, HERE, wall=lambda: now[0])
    own = authority.fingerprint
    now[0] = TODAY
    assert authority.renew() and authority.fingerprint == own
    assert own_certificate(authority).not_valid_after_utc.timestamp() > TODAY + 5 * 365 * DAY


def test_a_restart_without_a_clock_keeps_it(tmp_path: Path) -> None:
    own = Authority(tmp_path, wall=lambda: TODAY).fingerprint
    assert Authority(tmp_path, wall=lambda: 60.0).fingerprint == own


def test_after_ten_years_there_is_another(tmp_path: Path) -> None:
    own = Authority(tmp_path, wall=lambda: TODAY).fingerprint
    later = TODAY + 4_000 * DAY
    authority = Authority(tmp_path, wall=lambda: later)
    assert authority.fingerprint != own
    assert own_certificate(authority).not_valid_after_utc.timestamp() > later


@pytest.mark.parametrize("raw", [b"", b"\0" * 400, b"-----BEGIN CERTIFICATE-----\nAAAA\n"], ids=["empty", "zeros", "cut"])
@pytest.mark.parametrize("name", ["authority.pem", "server.pem"])
def test_damaged_files_are_made_anew(tmp_path: Path, name: str, raw: bytes) -> None:
    authority = Authority(tmp_path, HERE)
    (tmp_path / name).write_bytes(raw)
    after = Authority(tmp_path, HERE)
    assert (after.fingerprint == authority.fingerprint) is (name == "server.pem")
    assert handshake(after.context, after.pem, "10.77.0.1")


def test_half_of_a_write_is_none(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "authority.new").write_bytes(b"-----BEG")
    assert Authority(tmp_path).fingerprint == authority.fingerprint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_it_cannot_be_kept_it_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        Authority(tmp_path / "panel")
