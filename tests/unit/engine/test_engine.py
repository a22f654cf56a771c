"""The engine as a whole: how it starts, and that it is total."""

from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.engine import Engine
from gateway.engine.exported import line_of, main_purpose
from gateway.model.command import LoadRuleset, SaveState, SetVerdict
from gateway.model.control import VERBS, Request
from gateway.model.device import Mac
from gateway.model.event import (
    Asked,
    Counter,
    CountersRead,
    Event,
    Hook,
    LeaseGiven,
    NameResolved,
    Now,
    PacketSeen,
    PacketUndecodable,
    PolicyChanged,
    PolicyRefused,
    Ticked,
    Tried,
    TriesRead,
)
from gateway.model.mark import ASK, EPOCHS, FlowClass, pack
from gateway.model.packet import ICMP, ICMPV6, TCP, UDP, FlowKey, Packet
from gateway.model.purpose import Purpose
from gateway.model.record import FlowRecord
from gateway.purpose import classify, read_line, write_line
from gateway.wire import decode_ip
from tests.support.dns import answer, query
from tests.support.home import NOON, Watched, marks, policy, records, verdicts
from tests.support.packets import BELL, CLOUD, GATEWAY, HOME, OTHER_CLOUD, PHONE, PHONE_ADDRESS, client_hello, syn, tcp, udp
from tests.support.quic_builder import crypto, hello, initial, padded

NOW = Now(1_000.0, NOON)


def saved_by(home: Watched) -> dict[str, object]:
    """What a clean stop leaves behind."""
    return next(command.state for command in home.engine.stop(home.now) if isinstance(command, SaveState))


def test_start_without_a_ruleset_begins_the_first_epoch() -> None:
    engine = Engine(policy())
    ruleset, saved = engine.start({}, NOW)
    assert isinstance(saved, SaveState)
    assert isinstance(ruleset, LoadRuleset)
    assert (ruleset.epoch, ruleset.digest) == (1, policy().digest)
    assert ruleset.free == (), "under IPv4 a phone is free at the address that was leased to it"
    assert ruleset.free6 == ("02:00:5e:10:00:aa", "02:00:5e:10:00:bb")


def test_start_beside_a_ruleset_of_another_policy_begins_a_new_epoch() -> None:
    engine = Engine(policy(), epoch=41)
    engine.start({}, NOW)
    assert engine.epoch == 42


def test_start_with_the_same_policy_goes_on_in_its_epoch() -> None:
    before = Watched()
    engine = Engine(policy(), epoch=before.engine.epoch)
    ruleset, _ = engine.start(saved_by(before), NOW, resume=True)
    assert isinstance(ruleset, LoadRuleset)
    assert (engine.epoch, ruleset.epoch) == (1, 1)


def test_start_beside_a_ruleset_that_nobody_saved_the_term_of_judges_anew() -> None:
    engine = Engine(policy(), epoch=41)
    engine.start(saved_by(Watched()), NOW, resume=True)
    assert engine.epoch == 42


def test_start_after_a_clean_stop_takes_no_mark_of_before_for_current() -> None:
    before = Watched()
    successor = Engine(policy())
    successor.start(saved_by(before), NOW)
    assert successor.epoch == before.engine.epoch + 1


def test_start_after_a_schedule_flipped_judges_anew() -> None:
    before = Watched()
    engine = Engine(policy(), epoch=before.engine.epoch)
    engine.start(saved_by(before), Now(5.0, NOON + 86_400.0), resume=True)
    assert engine.epoch == 2


def test_epochs_never_become_nothing() -> None:
    engine = Engine(policy(), epoch=EPOCHS - 1)
    engine.start({}, NOW)
    assert engine.epoch == 1


def test_successor_knows_devices_and_bindings() -> None:
    home = Watched()
    home.bind("video.example.com", CLOUD)
    successor = Watched()
    successor.engine = Engine(policy(), epoch=home.engine.epoch)
    successor.engine.start(saved_by(home), successor.now, resume=True)
    mark = marks(successor.see(syn()))[0]
    assert (mark.device, mark.purpose) == (1, Purpose.VIDEO.number)  # refused at the SYN, by the name that DNS gave before


def test_what_cannot_be_decoded_is_refused_but_answers_pass() -> None:
    home = Watched()
    forward = home.do(PacketUndecodable(queue_id=1, mac=None, hook=Hook.FORWARD))
    answer = home.do(PacketUndecodable(queue_id=2, mac=None, hook=Hook.ANSWER))
    assert [verdict.accept for verdict in verdicts(forward + answer)] == [False, True]


def test_the_same_events_give_the_same_commands() -> None:
    first, second = Watched(), Watched()
    for packet in (syn(), tcp(client_hello("bell.example.com")), syn(sport=41_000)):
        assert first.see(packet) == second.see(packet)


MACS = [BELL, PHONE, Mac("02:00:5e:10:00:77"), Mac("ff:ff:ff:ff:ff:ff"), None]
ADDRESSES = [HOME, PHONE_ADDRESS, CLOUD, OTHER_CLOUD, GATEWAY, bytes(4), b"\xff" * 4, bytes((224, 0, 0, 251))]
ADDRESSES6 = [bytes(16), bytes(15) + b"\1", bytes.fromhex("fd77") + bytes(13) + b"\x20", b"\xff\2" + bytes(13) + b"\xfb"]
PORTS = st.sampled_from([0, 22, 53, 80, 123, 443, 853, 1900, 3478, 5353, 8883, 40_000, 65_535]) | st.integers(0, 65_535)
PAYLOADS = [
    b"", b"\0", client_hello("bell.example.com"), client_hello("metrics.example.com"), client_hello(None),
    b"\x16\3\1\x40\0" + bytes(60_000),
    query("video.example.com").payload, query("metrics.example.com", kind="HTTPS").payload,
    answer("video.example.com", (CLOUD, HOME)).payload,
    initial(padded(crypto(0, hello("video.example.com")))),
    b"GET / HTTP/1.1\r\nHost: bell.example.com\r\n\r\n", b"\x23" + bytes(47),
    b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12), b"\x16\xfe\xfd" + bytes(60), bytes(65_000),
]  # fmt: skip


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Something real, cut, with something else in it – or anything."""
    real = draw(st.sampled_from(PAYLOADS))
    start, end = sorted((draw(st.integers(0, len(real))), draw(st.integers(0, len(real)))))
    broken = [real, real[:end], real[start:], real[:start] + b"\xff" + real[start + 1 :]]
    return draw(st.sampled_from(broken) | st.binary(max_size=200))


@st.composite
def packets(draw: st.DrawFn) -> Packet | None:
    """A packet of any protocol; None where the bytes are none."""
    if draw(st.booleans()):
        return decode_ip(draw(st.sampled_from([b"\x45\0", b"\x60\0", b""])) + draw(st.binary(max_size=200)))
    version = draw(st.sampled_from([4, 4, 4, 6]))
    src, dst = (draw(st.sampled_from(ADDRESSES if version == 4 else ADDRESSES6)) for _ in range(2))
    proto = draw(st.sampled_from([TCP, UDP, UDP, ICMP, ICMPV6, 132, 47, 50]) | st.integers(0, 255))
    sport, dport = draw(PORTS), draw(PORTS)
    payload = draw(payloads())
    said = draw(st.sampled_from([len(payload), 0, 65_535]))
    fragment = draw(st.none() | st.tuples(st.integers(0, 65_535), st.integers(0, 65_528), st.booleans()))
    flags, seq = draw(st.integers(0, 255)), draw(st.sampled_from([0, 1, 2**32 - 1]) | st.integers(0, 2**32 - 1))
    return Packet(version, src, dst, proto, sport, dport, flags, seq, payload, 40 + said, said, fragment)


@st.composite
def happenings(draw: st.DrawFn) -> Event:
    """Anything but a packet."""
    mac, number = draw(st.sampled_from(MACS[:4])), draw(st.integers(0, 2**63))
    address = draw(st.sampled_from(ADDRESSES + ADDRESSES6) | st.binary(min_size=4, max_size=4))
    key = FlowKey(draw(st.sampled_from([TCP, UDP, ICMP])), HOME, draw(PORTS), draw(st.sampled_from(ADDRESSES)), draw(PORTS))
    out, into = (draw(st.integers(0, 2**59) | st.sampled_from([0, 70_000, 400_000])) for _ in range(2))
    opened = FlowKey(key.proto, HOME, draw(st.integers(40_000, 40_003)), CLOUD, draw(st.sampled_from([443, 80])))
    counter = Counter(draw(st.sampled_from([key, opened])), draw(st.integers(0, 2**32 - 1)), out, into, 3, 2)
    everything = {"device": "front-door", "purpose": "video", "seconds": 60, "flow": number % 40}
    args = {key: value for key, value in everything.items() if draw(st.booleans())}
    asked = Request(id=1, do=draw(st.sampled_from(VERBS)), args=args)
    return draw(
        st.sampled_from(
            [
                Ticked(),
                LeaseGiven(mac=mac or BELL, address=address, hostname=draw(st.text(max_size=9))),
                CountersRead(counters=(counter,), complete=draw(st.booleans())),
                TriesRead(tried=(Tried(mac or BELL, address, key.proto, key.dport, number),), flooded=((mac or BELL, number),)),
                NameResolved(name=draw(st.sampled_from(["bell.example.com", "video.example.com", ""])), addresses=(address,)),
                PolicyChanged(policy=policy()),
                PolicyRefused(faults=("no",)),
                Asked(request=asked, client=1),
            ]
        )
    )


SEEN = st.tuples(
    packets(), st.sampled_from([Hook.FORWARD, Hook.FORWARD, Hook.QUERY, Hook.ANSWER]), st.sampled_from(MACS),
    st.sampled_from([0, 1, 0xFFFFFFFF, 0x01001043]) | st.integers(0, 2**32 - 1), st.booleans(),
)  # fmt: skip
BEGUN, WELCOME = (pack(1, 1, 0, kind) | ASK for kind in (FlowClass.BEGUN, FlowClass.WELCOME))
"""What the kernel says where it let a handshake pass."""
NAMES = ["bell.example.com", "video.example.com", "metrics.example.com", "nobody.example"]


@st.composite
def flows(draw: st.DrawFn) -> list[tuple[Packet, Hook, Mac | None, int, bool]]:
    """A flow as a gadget opens it, its hello in segments; some lost, some again, some out of order."""
    sport, dport = draw(st.integers(40_000, 40_003)), draw(st.sampled_from([443, 443, 80]))
    dst = draw(st.sampled_from([CLOUD, CLOUD, OTHER_CLOUD]))
    said = draw(st.sampled_from(PAYLOADS[2:14]))[:2_000]
    size = draw(st.sampled_from([40, 200, 3_000]))
    opened = [syn(sport=sport, dst=dst, dport=dport)]
    segments = [tcp(said[at : at + size], seq=1 + at, sport=sport, dst=dst, dport=dport) for at in range(0, len(said), size)]
    datagrams = [udp(said, sport=sport, dst=dst, dport=dport)] * 2
    orders = [opened + segments, segments[::-1], opened + segments[1:] + segments, datagrams, segments, segments[:1]]
    order = draw(st.sampled_from(orders))
    asked = [draw(st.sampled_from([0, 0, BEGUN, WELCOME])), *[0] * (len(order) - 1)]
    mac, to_lan = draw(st.sampled_from(MACS[:2])), draw(st.sampled_from([False, False, True]))
    return [(packet, Hook.FORWARD, mac, mark, to_lan) for packet, mark in zip(order, asked, strict=True)]


@given(st.lists(SEEN | flows() | happenings() | st.floats(-1e9, 1e9) | st.sampled_from(NAMES), max_size=40))
def test_whatever_happens_every_packet_gets_one_verdict(life: list[Any]) -> None:
    home, ids = Watched(), count(1)
    waiting: list[int] = []
    answered: list[SetVerdict] = []
    written: list[FlowRecord] = []

    def do(event: Event) -> list[SetVerdict]:
        commands = home.do(event)
        written.extend(records(commands))
        return verdicts(commands)

    def see(packet: Packet | None, hook: Hook, mac: Mac | None, mark: int, to_lan: bool) -> int:
        """The mark of the verdict, if there is one already."""
        waiting.append(next(ids))
        if packet is None:
            given = do(PacketUndecodable(queue_id=waiting[-1], mac=mac, hook=hook))
        else:
            mac = None if hook is Hook.ANSWER else mac
            given = do(PacketSeen(packet, hook, mac, mark, waiting[-1], to_lan))
        answered.extend(given)
        return given[-1].mark if given else 0

    for happening in life:
        match happening:
            case float():  # the wall clock jumps, the other one never
                home.mono, home.wall = home.mono + abs(happening) % 40, home.wall + happening
            case str():
                mark = see(query(happening), Hook.QUERY, BELL, 0, False)
                see(answer(happening, (CLOUD,)), Hook.ANSWER, None, mark, False)
            case tuple():
                see(*happening)
            case list():
                for seen in happening:
                    see(*seen)
            case _:
                answered += do(happening)
    for _ in range(12):
        home.wait(1)
        answered += do(Ticked())
    assert sorted(verdict.queue_id for verdict in answered) == waiting
    for verdict in answered:
        assert 0 <= verdict.mark < 2**32 and not (verdict.accept and verdict.mark & ASK)
    for record in written:  # and the ledger knows what each was judged by
        assert classify(policy().catalogue, read_line(write_line(line_of(record))).evidence).purpose == main_purpose(record)
