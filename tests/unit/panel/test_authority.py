"""What goes over plain HTTP, and an authority whose certificates come from a child process."""

import hashlib
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest

from gateway.edge.apart import apart
from gateway.panel.authority import SEEN, Authority, instead_of_plain, is_private, may_be_plain, secure_url


def test_a_child_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.authority.apart", apart)
    authority = Authority(tmp_path / "tls", [ip_address("10.77.0.1")])
    assert authority.pem in (tmp_path / "tls/authority.pem").read_text()
    assert authority.fingerprint.replace(":", "").lower() == hashlib.sha256(authority.der).hexdigest()
    assert isinstance(authority.context, ssl.SSLContext) and not authority.renew()


def test_what_cannot_be_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.authority.apart", apart)
    (tmp_path / "tls").write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        Authority(tmp_path / "tls")


PLAIN = {
    "loopback": ("127.0.0.1", "/", True, True),
    "loopback by IPv6": ("::1", "/settings", True, True),
    "the home's side": ("10.77.0.1", "/", True, False),
    "the home's side by IPv6": ("fd77:77::1", "/login", True, False),
    "link-local, with its scope": ("fe80::1%br0", "/", True, False),
    "first contact": ("10.77.0.1", "/welcome", False, True),
    "the authority's page": ("10.77.0.1", "/certificate", True, True),
    "the authority itself": ("10.77.0.1", "/certificate/netcurtain.crt", True, True),
    "what pages are drawn with": ("10.77.0.1", "/static/style.css", True, True),
    "a page that only sounds like it": ("10.77.0.1", "/certificates", True, False),
    "no address at all": ("", "/", True, False),
    "a name": ("netcurtain.lan", "/", True, False),
}


@pytest.mark.parametrize(("host", "path", "is_claimed", "plain"), PLAIN.values(), ids=PLAIN)
def test_plain_http(host: str, path: str, is_claimed: bool, plain: bool) -> None:
    assert may_be_plain(host, path, is_claimed) is plain


def test_a_browser_that_has_seen_https_goes_there() -> None:
    assert instead_of_plain("10.77.0.1", "/devices?x=1", [SEEN], 80) == "https://10.77.0.1/devices?x=1"
    assert instead_of_plain("10.77.0.1", "/devices?x=1", ["other"], 80) == "/certificate"
    assert secure_url("[fd77:77::1]", "/", 8080) == "https://[fd77:77::1]:8443/"


@pytest.mark.parametrize(
    ("address", "private"),
    [("10.1.2.3", True), ("172.32.0.1", False), ("fd00::1", True), ("2001:db8::1", False), ("8.8.8.8", False), ("::1", True)],
)
def test_private_addresses(address: str, private: bool) -> None:
    assert is_private(ip_address(address)) is private
