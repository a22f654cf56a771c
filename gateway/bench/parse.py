"""What one packet costs in the parsers and in the engine: in this process, without a kernel."""

import itertools
import socket
import time
from collections.abc import Callable, Iterator

from gateway.engine import Engine
from gateway.model.device import Mac
from gateway.model.event import Hook, Now, PacketSeen
from gateway.model.packet import TCP, UDP
from gateway.policy import load
from gateway.wire import FlowReader, decode_ip, parse_dns

from .figure import Figure, spread
from .lane import ADDRESSES, GADGET4, MAC
from .sample import client_hello, dns_query, quic_initial, tcp4, udp4

WHO, WHERE = socket.inet_aton(GADGET4), socket.inet_aton(ADDRESSES[0])
RESOLVER = socket.inet_aton("10.77.0.1")
_PORTS = 40_000


def measure(*, repetitions: int, seconds: float) -> list[Figure]:
    """Microseconds each."""
    rows: tuple[tuple[str, str, Callable[[], object]], ...] = (
        ("wire_hello_us", "ClientHello: packet read, name found", _read_hello()),
        ("wire_dns_us", "DNS query: packet read, name found", _read_query()),
        ("wire_quic_us", "QUIC Initial: packet read, decrypted, name found", _read_initial()),
        ("engine_flow_us", "TLS flow through the engine: SYN and hello to two verdicts", _judge_flow()),
        ("engine_dns_us", "DNS query through the engine", _judge_query()),
        ("engine_quic_us", "QUIC flow through the engine: one Initial to its verdict", _judge_initial()),
    )
    return [_figure(name, title, work, repetitions, seconds) for name, title, work in rows]


def _figure(name: str, title: str, work: Callable[[], object], repetitions: int, seconds: float) -> Figure:
    each = seconds / repetitions
    return Figure(name=name, title=title, unit="us", curtain=spread(_time_us(work, each) for _ in range(repetitions)))


def _time_us(work: Callable[[], object], seconds: float) -> float:
    """Mean over as many calls as fit."""
    clock, calls = time.perf_counter, 0
    began = clock()
    while (now := clock()) - began < seconds:
        for _ in range(20):
            work()
        calls += 20
    return 1e6 * (now - began) / calls


def _read_hello() -> Callable[[], object]:
    data = tcp4(WHO, WHERE, ports=(_PORTS, 443), seq=1001, payload=client_hello())

    def work() -> None:
        packet = decode_ip(data)
        assert packet is not None
        facts = FlowReader(TCP, 443).feed(packet, 0)
        assert facts is not None and facts.names

    return work


def _read_query() -> Callable[[], object]:
    data = udp4(WHO, RESOLVER, ports=(_PORTS, 53), payload=dns_query())

    def work() -> None:
        packet = decode_ip(data)
        assert packet is not None
        assert parse_dns(packet.payload) is not None

    return work


def _read_initial() -> Callable[[], object]:
    data = udp4(WHO, WHERE, ports=(_PORTS, 443), payload=quic_initial())

    def work() -> None:
        packet = decode_ip(data)
        assert packet is not None
        facts = FlowReader(UDP, 443).feed(packet, 0)
        assert facts is not None and facts.names

    return work


def _engine() -> tuple[Engine, Callable[[bytes, Hook], None]]:
    """An engine with the shipped policy, and how a queued packet is given to it."""
    policy = load().policy
    if policy is None:
        raise ValueError("the shipped policy holds faults")
    engine = Engine(policy, epoch=1, own_addresses=frozenset((RESOLVER,)), profiles={Mac(MAC): "echo"})
    now = Now(1_000.0, 1_795_345_200.0)
    engine.start({}, now, resume=True)
    numbers = itertools.count(1)

    def see(data: bytes, hook: Hook) -> None:
        packet = decode_ip(data)
        assert packet is not None
        commands = engine.handle(PacketSeen(packet, hook, Mac(MAC), 1, next(numbers)), now)
        assert commands

    return engine, see


def _ports() -> Iterator[int]:
    """Each flow is a new one, until the flow table forgets the first."""
    return itertools.cycle(range(1_024, 65_536))


def _with_port(data: bytes, port: int) -> bytes:
    return data[:20] + port.to_bytes(2) + data[22:]


def _judge_flow() -> Callable[[], object]:
    _, see = _engine()
    syn = tcp4(WHO, WHERE, ports=(0, 443), seq=1000)
    hello = tcp4(WHO, WHERE, ports=(0, 443), seq=1001, payload=client_hello())
    ports = _ports()

    def work() -> None:
        port = next(ports)
        see(_with_port(syn, port), Hook.FORWARD)
        see(_with_port(hello, port), Hook.FORWARD)

    return work


def _judge_query() -> Callable[[], object]:
    _, see = _engine()
    query = udp4(WHO, RESOLVER, ports=(0, 53), payload=dns_query())
    ports = _ports()
    return lambda: see(_with_port(query, next(ports)), Hook.QUERY)


def _judge_initial() -> Callable[[], object]:
    _, see = _engine()
    initial = udp4(WHO, WHERE, ports=(0, 443), payload=quic_initial())
    ports = _ports()
    return lambda: see(_with_port(initial, next(ports)), Hook.FORWARD)
