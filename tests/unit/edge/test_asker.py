"""Questions to a resolver: dnsmasq itself, and others that answer as no resolver should."""

import select
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.edge.asker import GIVE_UP_S, LATE_S, MAX_OUTSTANDING, Asker, _Question
from gateway.lab.namespace import inside
from gateway.model.event import NameResolved
from gateway.model.resolver import Link, ResolverPlan
from gateway.ruleset import render_dnsmasq
from gateway.wire import parse_dns

DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin")
LOOPBACK = socket.inet_aton("127.0.0.1")
NAME = "fw.ring.com"
V4, V6 = ip_address("203.0.113.5").packed, ip_address("2001:db8::5").packed


def answer(query: bytes, *addresses: bytes, flags: int = 0x8180) -> bytes:
    """What a resolver says to a query (its EDNS record of 11 bytes is left out)."""
    records = [
        b"\xc0\x0c" + struct.pack("!HHIH", 1 if len(one) == 4 else 28, 1, 60, len(one)) + one for one in addresses
    ]
    return query[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + query[12:-11] + b"".join(records)


def kind(query: bytes) -> int:
    message = parse_dns(query)
    assert message is not None and message.question is not None
    return message.question.type


def fitting(query: bytes) -> bytes:
    return answer(query, V4 if kind(query) == 1 else V6)


class Resolver:
    """Takes questions on loopback, and says what it is told to say."""

    def __init__(self) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(5)
        self.queries: list[tuple[bytes, tuple[str, int]]] = []

    def take(self, count: int = 2) -> None:
        self.queries = [self.sock.recvfrom(4_096) for _ in range(count)]

    def say(self, reply: Callable[[bytes], bytes] = fitting) -> None:
        for query, client in self.queries:
            self.sock.sendto(reply(query), client)


@contextmanager
def scene() -> Iterator[tuple[Asker, Resolver]]:
    resolver = Resolver()
    asker = Asker(port=resolver.sock.getsockname()[1])
    asker.use([LOOPBACK])
    try:
        yield asker, resolver
    finally:
        asker.close()
        resolver.sock.close()


def told(asker: Asker, *, timeout_s: float = 5.0) -> list[NameResolved]:
    """What the asker tells when its descriptor rings."""
    found: list[NameResolved] = []
    end = time.monotonic() + timeout_s
    while not found and time.monotonic() < end:
        if select.select([asker], [], [], end - time.monotonic())[0]:
            found = asker.receive()
    return found


def test_both_families_are_one_answer() -> None:
    with scene() as (asker, resolver):
        asker.ask(NAME)
        resolver.take()
        assert {kind(query) for query, _ in resolver.queries} == {1, 28}
        resolver.say()
        assert told(asker) == [NameResolved(name=NAME, addresses=(V4, V6))]
        assert len(asker) == 0 and asker.due == float("inf")


def test_ids_and_ports_are_random() -> None:
    with scene() as (asker, resolver):
        for number in range(20):
            asker.ask(f"n{number}.ring.com")
        resolver.take(40)
        ids = {query[:2] for query, _ in resolver.queries}
        ports = {client[1] for _, client in resolver.queries}
        assert len(ids) > 30 and len(ports) == 20
        assert max(ports) - min(ports) > 20


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(lambda query: answer(query, flags=0x8183), (), id="no-such-name"),
        pytest.param(lambda query: answer(query, V4, flags=0x8182), (), id="server-failure"),
        pytest.param(lambda query: answer(query), (), id="no-data"),
        pytest.param(lambda query: answer(query, V4, V4), (V4,), id="twice"),
    ],
)
def test_what_a_resolver_may_say(reply: Callable[[bytes], bytes], expected: tuple[bytes, ...]) -> None:
    with scene() as (asker, resolver):
        asker.ask(NAME)
        resolver.take()
        resolver.say(reply)
        assert told(asker) == [NameResolved(name=NAME, addresses=expected)]


FOREIGN = {
    "another-id": lambda query: bytes((query[0] ^ 1,)) + answer(query, V4)[1:],
    "another-name": lambda query: answer(query, V4).replace(b"ring", b"rong"),
    "a-query": lambda query: query,
    "no-question": lambda query: query[:2] + struct.pack("!5H", 0x8182, 0, 0, 0, 0),
    "two-questions": lambda query: query[:2] + struct.pack("!5H", 0x8180, 2, 0, 0, 0) + query[12:-11] * 2,
    "another-type": lambda query: answer(query[:-15] + b"\0\x0c" + query[-13:], V4),
    "cut": lambda query: answer(query, V4, flags=0x8380),
    "empty": lambda query: b"",
}


@pytest.mark.parametrize("reply", FOREIGN.values(), ids=FOREIGN)
def test_what_answers_something_else_is_no_answer(reply: Callable[[bytes], bytes]) -> None:
    with scene() as (asker, resolver):
        asker.ask(NAME)
        resolver.take()
        resolver.say(reply)
        resolver.say(fitting)
        assert told(asker) == [NameResolved(name=NAME, addresses=(V4, V6))]


def test_answers_from_elsewhere_never_arrive() -> None:
    with scene() as (asker, resolver):
        asker.ask(NAME)
        resolver.take()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for query, client in resolver.queries:
                stranger.sendto(answer(query, V4), client)
        assert told(asker) == [NameResolved(name=NAME)]


def test_silence_is_an_empty_answer_and_a_late_one_is_told() -> None:
    with scene() as (asker, resolver):
        asker.ask(NAME)
        began = time.monotonic()
        assert told(asker) == [NameResolved(name=NAME)]
        assert time.monotonic() - began >= GIVE_UP_S - 0.01
        resolver.take()
        resolver.say()
        assert told(asker) == [NameResolved(name=NAME, addresses=(V4, V6))]
        assert len(asker) == 0


def test_half_an_answer_counts_when_time_is_up() -> None:
    with scene() as (asker, resolver):
        asker.ask(NAME)
        resolver.take()
        resolver.queries = [pair for pair in resolver.queries if kind(pair[0]) == 1]
        resolver.say()
        assert told(asker) == [NameResolved(name=NAME, addresses=(V4,))]


def test_a_question_that_nobody_ever_answers_ends() -> None:
    with scene() as (asker, _):
        asker.ask(NAME)
        began = asker.due - GIVE_UP_S
        assert asker.expire(began + GIVE_UP_S - 0.01) == []
        assert asker.expire(began + GIVE_UP_S + 0.01) == [NameResolved(name=NAME)]
        assert asker.due == pytest.approx(began + LATE_S)
        assert asker.expire(began + LATE_S + 0.01) == [] and len(asker) == 0
        assert asker.due == float("inf")


def test_questions_are_bounded() -> None:
    with scene() as (asker, _):
        for number in range(MAX_OUTSTANDING):
            asker.ask(f"n{number}.ring.com")
        asker.ask(NAME)
        assert told(asker) == [NameResolved(name=NAME)]
        assert len(asker.expire(asker.due + 1.0)) == MAX_OUTSTANDING
        asker.ask(NAME)  # one that was given up makes room
        assert len(asker) == MAX_OUTSTANDING and asker.due < float("inf")


@pytest.mark.parametrize("name", ["", "a..b", "*.ring.com", "a" * 64, "bücher.example"])
def test_what_cannot_be_asked_is_answered_at_once(name: str) -> None:
    with scene() as (asker, _):
        asker.ask(name)
        assert told(asker) == [NameResolved(name=name)] and len(asker) == 0


def test_nobody_listens() -> None:
    with scene() as (asker, resolver):
        resolver.sock.close()
        asker.ask(NAME)
        assert told(asker) == [NameResolved(name=NAME)] and len(asker) == 0


def test_no_address_no_question() -> None:
    with scene() as (asker, _):
        asker.use([ip_address("fe80::1").packed])
        asker.ask(NAME)
        assert told(asker) == [NameResolved(name=NAME)]


@pytest.mark.parametrize(
    ("addresses", "server"),
    [
        (("192.168.77.1", "fd00::1", "fe80::1"), "192.168.77.1"),
        (("fe80::1", "fd00::1"), "fd00::1"),
        (("10.77.0.1", "10.66.0.1"), "10.66.0.1"),
    ],
)
def test_which_address_is_asked(addresses: tuple[str, ...], server: str) -> None:
    asker = Asker()
    asker.use([ip_address(address).packed for address in addresses])
    assert asker._server == server
    asker.close()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes(data: bytes, after_the_id: bool) -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        question = _Question(NAME, left, 0.0)
        question.ask()
        query = right.recv(4_096)
        taken = question.take(query[:2] + data if after_the_id else data)
        assert len(question.pending) == 2 - taken
        assert question.take(answer(query, V4)) or taken


@pytest.mark.net
@pytest.mark.skipif(DNSMASQ is None, reason="needs dnsmasq")
def test_the_real_resolver_as_the_gateway_runs_it(tmp_path: Path) -> None:
    def work() -> tuple[NameResolved, float]:
        for line in (
            "ip link set lo up", "ip link add home0 type veth peer name gadget0", "ip address add 192.168.77.1/24 dev home0",
            "ip link set gadget0 up", "ip link set home0 up",
        ):  # fmt: skip
            subprocess.run(line.split(), check=True)
        plan = ResolverPlan(
            links=(Link(name="home0"),), lease_file=str(tmp_path / "leases"), upstreams=("127.0.0.1#9",), dhcp=False
        )
        config = tmp_path / "dnsmasq.conf"
        config.write_text(render_dnsmasq(plan) + f"address=/{NAME}/203.0.113.5\naddress=/{NAME}/2001:db8::5\n")
        process = subprocess.Popen([str(DNSMASQ), "--keep-in-foreground", f"--conf-file={config}"], stderr=subprocess.DEVNULL)
        asker = Asker()
        asker.use([ip_address("192.168.77.1").packed])
        try:
            return ask_until_it_listens(asker)
        finally:
            asker.close()
            process.terminate()
            process.wait()

    found, took_s = inside(work)
    assert found == NameResolved(name=NAME, addresses=(V4, V6))
    assert took_s < GIVE_UP_S


def ask_until_it_listens(asker: Asker) -> tuple[NameResolved, float]:
    for _ in range(200):
        began = time.monotonic()
        asker.ask(NAME)
        found = told(asker)
        took_s = time.monotonic() - began
        if found[0].addresses:
            break
        time.sleep(0.02)
    return found[0], took_s
