import pytest

from gateway.engine import Engine
from gateway.model.device import Mac
from gateway.model.event import Hook, Now, PacketSeen, Ticked
from gateway.model.packet import ACK, SYN, Packet
from gateway.model.record import FlowRecord
from tests.support.dns import answer, query
from tests.support.home import policy, records
from tests.support.packets import BELL, CLOUD, HOME, client_hello, syn, tcp, udp

CLOUD_MAC = Mac("02:00:5e:00:00:fe")


def play(*packets: Packet, profiles: dict[Mac, str] | None = None, decides: bool = True) -> list[FlowRecord]:
    """The records of a capture with these packets, a second apart."""
    engine = Engine(policy(), replay=True, profiles=profiles, decides=decides)
    seen = []
    for at, packet in enumerate(packets):
        ours = packet.src == HOME
        event = PacketSeen(packet, Hook.REPLAY, BELL if ours else CLOUD_MAC, peer_mac=CLOUD_MAC if ours else BELL)
        seen += records(engine.handle(event, Now(float(at), float(at))))
    return seen + records(engine.finish_replay())


def back(packet: Packet, payload: bytes, flags: int = ACK) -> Packet:
    """An answer to a packet."""
    length = packet.length - packet.payload_length + len(payload)
    return packet._replace(
        src=packet.dst, dst=packet.src, sport=packet.dport, dport=packet.sport, payload=payload, flags=flags,
        length=length, payload_length=len(payload),
    )  # fmt: skip


HELLO = tcp(client_hello("metrics.example.com"), seq=1)
INITIATORS = [
    pytest.param((syn(), back(syn(), b"", SYN | ACK), HELLO), id="syn"),
    pytest.param((back(syn(), b"", SYN | ACK), HELLO), id="syn-ack-only"),
    pytest.param((back(HELLO, b""), HELLO), id="sender-of-the-hello"),
    pytest.param((HELLO._replace(sport=443, dport=40_000),), id="hello-from-the-lower-port"),
]


@pytest.mark.parametrize("packets", INITIATORS)
def test_initiator(packets: tuple[Packet, ...]) -> None:
    (record,) = play(*packets)
    assert (record.src, record.dst) == (HOME, CLOUD)
    assert (record.server_name, record.name_source, record.device) == ("metrics.example.com", "sni", BELL)


def test_policy_judges_a_capture_as_it_judges_the_wire() -> None:
    (record,) = play(syn(), HELLO)
    assert (record.device_id, record.purpose, record.action, record.effect) == ("front-door", "telemetry", "block", "refuse")
    assert record.rule.startswith("profiles/bell.yaml:")


def test_purposes_alone() -> None:
    (record,) = play(syn(), HELLO, decides=False)
    assert (record.purpose, record.action, record.rule) == ("telemetry", "", "")


def test_nameless_flow_takes_the_name_that_dns_bound() -> None:
    last = play(query("bell.example.com"), answer("bell.example.com", (CLOUD,)), syn(), tcp(client_hello(None), seq=1))[-1]
    assert (last.server_name, last.name_source) == ("bell.example.com", "dns")


def test_same_ports_again_are_two_flows() -> None:
    first, second = play(syn(seq=100), tcp(client_hello("bell.example.com"), seq=101), syn(seq=9_000),
                         tcp(client_hello("metrics.example.com"), seq=9_001))  # fmt: skip
    assert (first.server_name, second.server_name) == ("bell.example.com", "metrics.example.com")


def test_sender_to_a_group_began_whatever_the_ports() -> None:
    engine = Engine(policy(), replay=True)
    packet = udp(b"x" * 20, dst=bytes((10, 77, 0, 255)), sport=68, dport=6_667)
    engine.handle(PacketSeen(packet, Hook.REPLAY, BELL, peer_mac=Mac("ff:ff:ff:ff:ff:ff")), Now(0.0, 0.0))
    (record,) = records(engine.finish_replay())
    assert (record.src, record.sport, record.device) == (HOME, 68, BELL)


def test_both_directions_are_counted_from_the_initiator() -> None:
    (record,) = play(back(HELLO, b"x" * 60), HELLO)
    assert (record.pkts_toserver, record.pkts_toclient) == (1, 1)
    assert record.bytes_toclient == 100
    assert record.bytes_toserver == HELLO.length


def test_idle_flows_leave_in_the_captures_own_time() -> None:
    engine = Engine(policy(), replay=True)
    engine.handle(PacketSeen(udp(b"x"), Hook.REPLAY, BELL), Now(0.0, 0.0))
    assert records(engine.handle(Ticked(), Now(299.0, 299.0))) == []
    assert len(records(engine.handle(Ticked(), Now(301.0, 301.0)))) == 1
    assert engine.finish_replay() == []


PICTURES = tuple(udp(b"\x17" * 1_000, sport=40_000, dport=13_099) for _ in range(300))
"""An upload that nothing names."""


@pytest.mark.parametrize(
    ("packets", "purpose", "judged"),
    [(PICTURES, "video", 64_000), (tuple(back(packet, packet.payload) for packet in PICTURES), "direct-address", None)],
    ids=["up", "down"],
)
def test_upload_is_judged_by_what_had_left_when_it_was_recognised(
    packets: tuple[Packet, ...], purpose: str, judged: int | None
) -> None:
    record = play(PICTURES[0], *packets)[-1]
    assert (record.purpose, record.judged_toserver) == (purpose, judged)


def test_upload_is_recognised_from_its_answering_side_too() -> None:
    """The capture shows an answer first, so its flow stands the other way round in the table."""
    hello = tcp(client_hello(None), seq=1)
    pictures = tuple(tcp(b"\x17" * 1_000, seq=1_000 + 1_000 * n) for n in range(300))
    (record,) = play(back(syn(), b"", SYN | ACK), hello, *pictures, profiles={BELL: "bell"})
    assert (record.src, record.purpose, record.judged_toserver) == (HOME, "video", 64_000)


@pytest.mark.parametrize(("profile", "purpose"), [("bell", "telemetry"), ("careful", "telemetry")], ids=["told", "not-told"])
def test_device_may_be_told(profile: str, purpose: str) -> None:
    stranger = Mac("02:00:5e:10:00:99")
    engine = Engine(policy(), replay=True, profiles={stranger: profile})
    engine.handle(PacketSeen(HELLO, Hook.REPLAY, stranger), Now(0.0, 0.0))
    (record,) = records(engine.finish_replay())
    assert (record.profile, record.purpose) == (profile, purpose)
