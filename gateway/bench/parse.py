"""What one packet costs in the parsers and in the engine: in this process, without a kernel."""

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

from gateway.engine import Engine
from gateway.model.action import Action
from gateway.model.device import Mac
from gateway.model.event import Hook, LeaseGiven, Now, PacketSeen
from gateway.model.mark import ASK, FlowClass, pack
from gateway.model.packet import TCP, UDP
from gateway.model.policy import Level, Policy, Rule, RuleRef
from gateway.model.purpose import Purpose
from gateway.policy import load
from gateway.wire import FlowReader, decode_ip, parse_dns

from . import gadget
from .plan import Lanes, Plan
from .row import OURS, Sample, Spec
from .sample import client_hello, dns_query, name_of, quic_initial, tcp4, udp4
from .server import answer

TITLE = "in this process: parsers and engine"
TURNS = 5
ROWS = (
    Spec(id="wire_hello_us", title="ClientHello: packet read, name found", unit="us"),
    Spec(id="wire_dns_us", title="DNS query: packet read, name found", unit="us"),
    Spec(id="wire_quic_us", title="QUIC Initial: packet read, decrypted, name found", unit="us"),
    Spec(id="engine_flow_us", title="TLS flow through the engine: its hello to a verdict", unit="us"),
    Spec(id="engine_flow_shadow_us", title="… where a rule in shadow would stop it", unit="us"),
    Spec(id="engine_dns_us", title="DNS query through the engine", unit="us"),
    Spec(id="engine_quic_us", title="QUIC flow through the engine: one Initial to its verdict", unit="us"),
)
HOST = gadget.HOSTS[0]
PROFILE = "echo"
MAC, NAME = Mac(gadget.mac(HOST)), name_of(HOST)
WHO, WHERE = socket.inet_aton(gadget.address(HOST)), socket.inet_aton(gadget.server(HOST))
RESOLVER = socket.inet_aton(gadget.GATEWAY4)
_PORTS = 40_000


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """Microseconds each."""
    each = plan.parse_s / TURNS
    shadowed = _judge_flow(in_shadow(shipped()))
    works = (_read_hello(), _read_query(), _read_initial(), _judge_flow(shipped()), shadowed, _judge_query(), _judge_initial())
    turns = [[_time_us(work, each) for work in works] for _ in range(TURNS)]
    values = {spec.id: [turn[at] for turn in turns] for at, spec in enumerate(ROWS)}
    pairs = zip(values["engine_flow_shadow_us"], values["engine_flow_us"], strict=True)
    note = f"{median(shadow / plain for shadow, plain in pairs):.2f} times the row above, by turns"
    return {
        name: Sample(values={OURS: taken}, note=note if name == "engine_flow_shadow_us" else "")
        for name, taken in values.items()
    }


def shipped() -> Policy:
    """The policy in force here."""
    policy = load().policy
    if policy is None:
        raise ValueError("the shipped policy holds faults")
    return policy


def in_shadow(policy: Policy) -> Policy:
    """The same, where a rule in shadow refuses what the bench's gadgets want."""
    entry = policy.profiles[PROFILE]
    rules = {purpose: Rule(action=Action.BLOCK, ref=RuleRef(file="shadow.yaml"), shadow=True) for purpose in Purpose}
    shadowed = replace(entry, levels=(Level(rules=rules), *entry.levels))
    return replace(policy, profiles={**policy.profiles, PROFILE: shadowed})


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
    data = tcp4(WHO, WHERE, ports=(_PORTS, 443), seq=1001, payload=client_hello(NAME))

    def work() -> None:
        packet = decode_ip(data)
        assert packet is not None
        facts = FlowReader(TCP, 443).feed(packet, 0)
        assert facts is not None and facts.names

    return work


def _read_query() -> Callable[[], object]:
    data = udp4(WHO, RESOLVER, ports=(_PORTS, 53), payload=dns_query(NAME))

    def work() -> None:
        packet = decode_ip(data)
        assert packet is not None
        assert parse_dns(packet.payload) is not None

    return work


def _read_initial() -> Callable[[], object]:
    data = udp4(WHO, WHERE, ports=(_PORTS, 443), payload=quic_initial(NAME))

    def work() -> None:
        packet = decode_ip(data)
        assert packet is not None
        facts = FlowReader(UDP, 443).feed(packet, 0)
        assert facts is not None and facts.names

    return work


def _engine(policy: Policy) -> tuple[Engine, Callable[[bytes, Hook], None]]:
    """An engine, and how a queued packet is given to it."""
    engine = Engine(policy, epoch=1, own_addresses=frozenset((RESOLVER,)), profiles={MAC: PROFILE})
    now = Now(1_000.0, 1_795_345_200.0)
    engine.start({}, now, resume=True)
    engine.handle(LeaseGiven(mac=MAC, address=WHO), now)
    answered = decode_ip(udp4(RESOLVER, WHO, ports=(53, _PORTS), payload=answer(dns_query(NAME))))
    assert answered is not None
    engine.handle(PacketSeen(answered, Hook.ANSWER, None, pack(1, 1, 1, 1)), now)  # so the name is vouched for
    numbers = itertools.count(1)
    begun = pack(1, 1, 0, FlowClass.BEGUN) | ASK
    """The kernel let the handshake pass, since a name led there."""

    def see(data: bytes, hook: Hook) -> None:
        packet = decode_ip(data)
        assert packet is not None
        commands = engine.handle(PacketSeen(packet, hook, MAC, begun, next(numbers)), now)
        assert commands

    return engine, see


def _ports() -> Iterator[int]:
    """Each flow is a new one, until the flow table forgets the first."""
    return itertools.cycle(range(1_024, 65_536))


def _with_port(data: bytes, port: int) -> bytes:
    return data[:20] + port.to_bytes(2) + data[22:]


def _judge_flow(policy: Policy) -> Callable[[], object]:
    _, see = _engine(policy)
    hello = tcp4(WHO, WHERE, ports=(0, 443), seq=1001, payload=client_hello(NAME))
    ports = _ports()

    def work() -> None:
        see(_with_port(hello, next(ports)), Hook.FORWARD)

    return work


def _judge_query() -> Callable[[], object]:
    _, see = _engine(shipped())
    query = udp4(WHO, RESOLVER, ports=(0, 53), payload=dns_query(NAME))
    ports = _ports()
    return lambda: see(_with_port(query, next(ports)), Hook.QUERY)


def _judge_initial() -> Callable[[], object]:
    _, see = _engine(shipped())
    initial = udp4(WHO, WHERE, ports=(0, 443), payload=quic_initial(NAME))
    ports = _ports()
    return lambda: see(_with_port(initial, next(ports)), Hook.FORWARD)
