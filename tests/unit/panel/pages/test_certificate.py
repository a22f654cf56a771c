"""How a browser learns to trust the box: the certificate's page, and the way to HTTPS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from gateway.panel.authority import SEEN, Authority
from tests.support.browser import Browser
from tests.support.panel import Served, serving

HOST, PATH = "192.168.50.1", "/certificate"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as served:
        served.panel.access.accounts.add("household", "owner", "seven green kettles")
        served.app.state.authority = Authority(tmp_path / "tls")
        yield served


class Client(Browser):
    """Goes where it is told, and stays there."""

    def __init__(self, served: Served, base: str) -> None:
        super().__init__(served.app, url=base)
        self.client.follow_redirects = False
        self.get = self.open


def client(served: Served, base: str) -> Client:
    return Client(served, base)


def test_its_page_is_open_over_plain_http_and_nothing_else_is(served: Served) -> None:
    browser = client(served, f"http://{HOST}")
    page = browser.get(PATH)
    assert page.status_code == 200
    assert (
        f'href="https://{HOST}/certificate/works"' in page.text
        and f'data-probe="https://{HOST}/certificate/probe"' in page.text
    )
    assert "<svg" in page.text and "style=" not in page.text
    fingerprint = served.app.state.authority.fingerprint
    assert fingerprint.replace(":", "") in "".join(page.text.split()).replace(":", "")
    assert browser.get("/login").headers["location"] == PATH


def test_at_other_ports_https_is_as_far_above(served: Served) -> None:
    assert 'href="https://192.168.50.1:8443/certificate/works"' in client(served, f"http://{HOST}:8080").get(PATH).text


@pytest.mark.parametrize(
    ("name", "kind"), [("netcurtain.crt", "application/x-x509-ca-cert"), ("netcurtain.pem", "application/x-pem-file")]
)
def test_the_certificate_is_given_without_its_key(served: Served, name: str, kind: str) -> None:
    given = client(served, f"http://{HOST}").get(f"{PATH}/{name}")
    assert given.status_code == 200 and given.headers["content-type"] == kind
    assert name in given.headers["content-disposition"] and b"PRIVATE" not in given.content
    read = x509.load_der_x509_certificate if name.endswith("crt") else x509.load_pem_x509_certificate
    assert read(given.content) == x509.load_der_x509_certificate(served.app.state.authority.der)


def test_only_over_https_does_a_browser_show_that_it_trusts_us(served: Served) -> None:
    assert client(served, f"http://{HOST}").get(f"{PATH}/works").headers["location"] == PATH
    browser = client(served, f"https://{HOST}")
    assert browser.get(f"{PATH}/probe").headers["access-control-allow-origin"] == "*"
    proof = browser.get(f"{PATH}/works")
    assert proof.headers["location"] == "/" and SEEN in proof.cookies
    plain = client(served, f"http://{HOST}")
    plain.client.cookies.set(SEEN, proof.cookies[SEEN])
    assert plain.get("/week?x=1").headers["location"] == f"https://{HOST}/week?x=1"


def test_on_the_machine_itself_there_is_nothing_to_trust(served: Served) -> None:
    page = client(served, "http://127.0.0.1:8480").get(PATH)
    assert page.status_code == 200 and "data-probe" not in page.text and "you see travels over no network" in page.text
    served.app.state.authority = None
    browser = client(served, "http://127.0.0.1:8480")
    assert "served on this machine itself" in browser.get(PATH).text
    assert browser.get(f"{PATH}/netcurtain.crt").status_code == 404
