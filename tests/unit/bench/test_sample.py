"""What is sent and parsed is what real clients send: our parsers and Scapy's agree on it."""

from socket import inet_aton

from scapy.layers.dns import DNS
from scapy.layers.inet import IP, TCP, UDP

from gateway.bench.sample import DATAGRAM_BYTES, NAME, client_hello, dns_query, quic_initial, tcp4, udp4
from gateway.model import packet as model
from gateway.policy import load
from gateway.purpose.lookup import find
from gateway.wire import FlowReader, decode_ip, parse_dns

WHO, WHERE = inet_aton("10.77.0.20"), inet_aton("203.0.113.10")


def test_the_name_is_one_of_the_catalogue() -> None:
    policy = load().policy
    assert policy is not None and {row.purpose for row in find(policy.catalogue, NAME)} == {"control"}


def test_hello_over_tcp() -> None:
    data = tcp4(WHO, WHERE, ports=(40_000, 443), seq=7, payload=client_hello())
    packet = decode_ip(data)
    assert packet is not None and (packet.sport, packet.dport, packet.seq) == (40_000, 443, 7)
    facts = FlowReader(model.TCP, 443).feed(packet, 0)
    assert facts is not None and facts.hello and [name.text for name in facts.names] == [NAME]
    assert facts.alpn == ("h2", "http/1.1")
    assert IP(data)[TCP].flags == "PA"


def test_syn() -> None:
    data = tcp4(WHO, WHERE, ports=(40_000, 443), seq=7)
    packet = decode_ip(data)
    assert packet is not None and packet.flags == model.SYN and not packet.payload
    assert IP(data)[TCP].flags == "S"


def test_initial_over_quic() -> None:
    initial = quic_initial()
    assert len(initial) == DATAGRAM_BYTES
    packet = decode_ip(udp4(WHO, WHERE, ports=(40_000, 443), payload=initial))
    assert packet is not None
    facts = FlowReader(model.UDP, 443).feed(packet, 0)
    assert facts is not None and facts.app_proto == "quic" and [name.text for name in facts.names] == [NAME]
    assert facts.alpn == ("h3",)


def test_query() -> None:
    data = udp4(WHO, WHERE, ports=(40_000, 53), payload=dns_query())
    packet = decode_ip(data)
    assert packet is not None and parse_dns(packet.payload) is not None
    assert DNS(bytes(IP(data)[UDP].payload)).qd[0].qname == f"{NAME}.".encode()
