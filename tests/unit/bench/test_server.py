"""The resolver of the bench's internet, with Scapy as its reader."""

import pytest
from scapy.layers.dns import DNS

from gateway.bench.sample import dns_query, name_of
from gateway.bench.server import answer


@pytest.mark.parametrize("host", [4, 20, 253])
def test_every_server_has_its_name(host: int) -> None:
    read = DNS(answer(dns_query(name_of(host), number=77)))
    assert (read.id, read.qr, read.rcode, read.ancount) == (77, 1, 0, 1)
    assert read.qd[0].qname == f"{name_of(host)}.".encode()
    assert read.an[0].rdata == f"203.0.113.{host}" and read.an[0].ttl > 600


def test_others_have_no_address() -> None:
    read = DNS(answer(dns_query("refused.example")))
    assert (read.qr, read.rcode, read.ancount) == (1, 0, 0)


def test_there_is_no_ipv6() -> None:
    question = dns_query(name_of(20))[:-4] + b"\0\x1c\0\1"
    assert DNS(answer(question)).ancount == 0
