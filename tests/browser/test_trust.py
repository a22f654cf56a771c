"""A browser that was given the box's authority opens the panel over HTTPS without a warning; it is none for other names."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.panel.authority import Authority

from .harness import TOP
from .trusting import PLAIN, SECURE

OWN_NETWORK = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


def test_chromium_trusts_the_box_once_it_has_its_certificate(tmp_path: Path) -> None:
    told = subprocess.run(
        [*OWN_NETWORK, sys.executable, "-m", "tests.browser.trusting", str(tmp_path)], cwd=TOP, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr[-3_000:]
    seen = json.loads(told.stdout)
    assert "ERR_CERT_AUTHORITY_INVALID" in seen["a browser that was given nothing"]
    assert seen["with its certificate"] == f"200 {SECURE}/welcome"
    assert seen["plain HTTP, before it was seen to work"] == f"200 {PLAIN}/certificate"
    assert seen["the proof"].startswith("200 ")
    assert seen["plain HTTP, afterwards"] == f"200 {SECURE}/settings"


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        pytest.param(x509.DNSName("example.com"), "permitted subtree violation", id="a site"),
        pytest.param(x509.IPAddress(IPv4Address("8.8.8.8")), "permitted subtree violation", id="a public address"),
        pytest.param(x509.DNSName("netcurtain.local"), "OK", id="the box"),
    ],
)
def test_it_cannot_vouch_for_others(tmp_path: Path, name: x509.GeneralName, verdict: str) -> None:
    Authority(tmp_path / "tls")
    kept = (tmp_path / "tls" / "authority.pem").read_bytes()
    authority = x509.load_pem_x509_certificate(kept)
    key = serialization.load_pem_private_key(kept, None)
    own = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")]))
        .issuer_name(authority.subject)
        .public_key(own.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", str(tmp_path / "authority.pem"), str(tmp_path / "leaf.pem")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert verdict in done.stdout + done.stderr
    assert (done.returncode == 0) == (verdict == "OK")
