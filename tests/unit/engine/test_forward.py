from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.held import MAX_PACKETS_OF_DEVICE
from gateway.model.command import LoadRuleset, Publish, SetVerdict
from gateway.model.device import Mac
from gateway.model.event import Hook, PacketUndecodable, PolicyChanged, Ticked
from gateway.model.mark import LET_OUT, FlowClass, pack, unpack
from gateway.model.packet import ACK, RST, SYN, TCP, UDP, URG, Packet, key_of
from gateway.model.policy import Policy
from gateway.model.purpose import Purpose
from gateway.policy import load
from tests.support.home import FOLDER, Watched, marks, policy, records, verdicts
from tests.support.packets import CLOUD, HOME, OTHER_CLOUD, PHONE, PHONE_ADDRESS, client_hello, syn, tcp, udp

PASS, REFUSE, DROP, UNDECIDED = FlowClass.LOOK_64K, FlowClass.REFUSE, FlowClass.DROP, FlowClass.UNDECIDED
"""What is let out is let out until the next look."""
REMEMBER, WELCOME = FlowClass.REMEMBER, FlowClass.WELCOME
GUEST = Mac("02:00:5e:10:00:bb")

NAMED = [
    pytest.param("bell.example.com", PASS, Purpose.CONTROL, id="control-passes"),
    pytest.param("metrics.example.com", REFUSE, Purpose.TELEMETRY, id="telemetry-is-refused"),
    pytest.param("motion.example.com", REFUSE, Purpose.MOTION_EVENT, id="motion-is-refused"),
    pytest.param("quiet.example.com", DROP, Purpose.ADVERTISING, id="advertising-meets-silence"),
    pytest.param("video.example.com", REFUSE, Purpose.VIDEO, id="video-without-a-viewing"),
    pytest.param("update.example.com", REFUSE, Purpose.UPDATE, id="update-outside-its-hours"),
    pytest.param("doh.example.com", REFUSE, Purpose.DNS_ESCAPE, id="known-doh"),
    pytest.param("nobody.example.net", PASS, Purpose.UNKNOWN, id="unknown-is-limited"),
    pytest.param(None, REFUSE, Purpose.DIRECT_ADDRESS, id="no-name-is-asked-about"),
]


@pytest.mark.parametrize(("name", "flow_class", "purpose"), NAMED)
def test_hello_decides(name: str | None, flow_class: FlowClass, purpose: Purpose) -> None:
    home = Watched()
    assert marks(home.see(syn()))[0].flow_class == UNDECIDED
    mark = marks(home.see(tcp(client_hello(name))))[0]
    assert (mark.flow_class, mark.purpose, mark.device, mark.epoch) == (flow_class, purpose.number, 1, home.engine.epoch)


@pytest.mark.parametrize("size", [1, 20, 100], ids=lambda size: f"{size}-bytes")
def test_pieces_are_held_until_the_hello_is_whole(size: int) -> None:
    home = Watched()
    home.see(syn())
    hello = client_hello("bell.example.com")[:]
    pieces = [tcp(hello[at : at + size], seq=1 + at) for at in range(0, len(hello), size)]
    if len(pieces) > 60:
        pieces = [tcp(hello[: len(hello) - 40], seq=1)] + [
            tcp(hello[at : at + size], seq=1 + at) for at in range(len(hello) - 40, len(hello), size)
        ]
    seen = [home.see(piece) for piece in pieces]
    assert all(verdicts(commands) == [] for commands in seen[:-1])
    released = verdicts(seen[-1])
    assert len(released) == len(pieces)
    assert len({verdict.mark for verdict in released}) == 1
    assert [verdict.queue_id for verdict in released] == sorted(verdict.queue_id for verdict in released)


def _tiny(at: int) -> Packet:
    return tcp(b"a", seq=5 + at) if at else tcp(b"\x16\x03\x01\x40\x00", seq=1)


def _large(at: int) -> Packet:
    start = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" if at == 0 else b""
    return tcp(start.ljust(1_400, b"\0"), seq=1 + 1_400 * at)


ENDLESS = [pytest.param(_tiny, 66, id="tiny-segments"), pytest.param(_large, 20, id="more-than-16-kB")]


@pytest.mark.parametrize(("piece", "most"), ENDLESS)
def test_hello_without_end_is_refused_within_bounds(piece: Callable[[int], Packet], most: int) -> None:
    home = Watched()
    home.see(syn())
    for at in range(most):
        commands = home.see(piece(at))
        if verdicts(commands):
            break
    assert {mark.flow_class for mark in marks(commands)} == {REFUSE}
    assert len(verdicts(commands)) == at + 1


def test_hello_that_stops_is_refused_after_three_seconds() -> None:
    home = Watched()
    home.see(syn())
    assert verdicts(home.see(tcp(client_hello("bell.example.com")[:50]))) == []
    home.wait(2.9)
    assert verdicts(home.do(Ticked())) == []
    home.wait(0.2)
    assert [mark.flow_class for mark in marks(home.do(Ticked()))] == [REFUSE]


def test_one_device_holds_no_more_than_its_share() -> None:
    home = Watched()
    refused = []
    for flow in range(6):
        sport = 41_000 + flow
        home.see(syn(sport=sport))
        for at in range(50):
            refused += verdicts(
                home.see(tcp(b"\x16\x03\x01\x40\x00" if at == 0 else b"a", seq=1 + (at + 4 if at else 0), sport=sport))
            )
    assert 300 - len(refused) <= MAX_PACKETS_OF_DEVICE
    assert {mark.flow_class for mark in marks(list(refused))} == {REFUSE, REMEMBER}


def test_contradicting_segments_are_refused() -> None:
    home = Watched()
    home.see(syn())
    good, evil = client_hello("bell.example.com"), client_hello("metrics.example.com")
    home.see(tcp(good[:90], seq=1))
    commands = home.see(tcp(evil[60:], seq=61))
    assert {mark.flow_class for mark in marks(commands)} == {REFUSE}


BOUND = [
    pytest.param("metrics.example.com", REMEMBER, id="refused-at-the-syn"),
    pytest.param("bell.example.com", WELCOME, id="an-allowed-name-still-has-to-say-hello"),
    pytest.param("video.example.com", REMEMBER, id="owner-only-resolves-and-is-refused-at-the-syn"),
]


@pytest.mark.parametrize(("name", "flow_class"), BOUND)
def test_address_decides_only_where_every_name_is_refused(name: str, flow_class: FlowClass) -> None:
    home = Watched()
    home.engine._state.bindings.add("02:00:5e:10:00:01", (CLOUD,), name, at=home.mono)
    assert marks(home.see(syn()))[0].flow_class == flow_class


def test_shared_address_is_not_refused_at_the_syn() -> None:
    home = Watched()
    for name in ("metrics.example.com", "bell.example.com"):
        home.engine._state.bindings.add("02:00:5e:10:00:01", (CLOUD,), name, at=home.mono)
    assert marks(home.see(syn()))[0].flow_class == WELCOME
    assert marks(home.see(tcp(client_hello("metrics.example.com"))))[0].flow_class == REFUSE


def test_nameless_hello_is_judged_by_its_dns_answer() -> None:
    home = Watched()
    home.bind("bell.example.com")
    home.see(syn())
    commands = home.see(tcp(client_hello(None)))
    assert marks(commands)[0].flow_class == PASS
    record = records(commands)[0]
    assert (record.server_name, record.name_source, record.purpose) == ("bell.example.com", "dns", "control")


def test_new_epoch_judges_a_live_flow_again_from_what_is_known(tmp_path: Path) -> None:
    home = Watched()
    home.see(syn())
    before = marks(home.see(tcp(client_hello("bell.example.com"))))[0]
    commands = home.do(PolicyChanged(policy=_with_control_blocked(tmp_path)))
    assert any(isinstance(command, LoadRuleset) for command in commands)
    after = marks(home.see(tcp(b"later", seq=9_000), mark=pack(*before)))[0]
    assert (before.flow_class, after.flow_class) == (PASS, REFUSE)
    assert after.epoch == before.epoch + 1


def _with_control_blocked(folder: Path) -> Policy:
    household = (FOLDER / "household.yaml").read_text(encoding="utf-8")
    (folder / "household.yaml").write_text(household.replace("confirmed: true", "confirmed: true, rules: {control: block}"))
    changed = load(folder, shipped=FOLDER).policy
    assert changed is not None
    return changed


def test_flow_is_nobody_elses_even_while_it_is_judged_anew() -> None:
    home = Watched()
    home.see(syn())
    mark = marks(home.see(tcp(client_hello("bell.example.com"))))[0]
    home.engine._state.bump(home.now)
    other = home.see(tcp(b"smuggled", seq=9_000), mac=GUEST, mark=pack(*mark))
    assert [verdict.accept for verdict in verdicts(other)] == [False]
    assert marks(home.see(tcp(b"own", seq=9_000), mark=pack(*mark)))[0].flow_class == PASS


def test_many_hellos_leave_scapy_for_those_who_need_it() -> None:
    home = Watched()
    for sport in range(10_000, 10_300):
        home.see(syn(sport=sport))
        home.see(tcp(client_hello("bell.example.com"), sport=sport))
    home.bind("nobody.example.net")
    connect = bytes.fromhex("101000044d5154540402003c000462656c6c")
    home.see(syn(sport=11_000, dport=1_883))
    record = records(home.see(tcp(connect, sport=11_000, dport=1_883)))[0]
    assert (record.app_proto, record.dissector) == ("mqtt", "scapy")


CARRIED = [
    pytest.param(Purpose.CONTROL, PASS, id="its-mark-says-control"),
    pytest.param(Purpose.TELEMETRY, REFUSE, id="its-mark-says-telemetry"),
]


@pytest.mark.parametrize(("purpose", "flow_class"), CARRIED)
def test_flow_of_an_earlier_process_is_judged_by_its_mark(purpose: Purpose, flow_class: FlowClass) -> None:
    home = Watched()
    mark = pack(1, 7, purpose.number, PASS)
    assert marks(home.see(tcp(b"middle of something", seq=77_777), mark=mark))[0].flow_class == flow_class


def test_mark_of_another_device_says_nothing_about_a_connection() -> None:
    home = Watched()
    home.see(syn(sport=41_000))
    home.see(syn(sport=41_000, src=PHONE_ADDRESS), mac=GUEST)
    other = next(member.number for member in home.engine._state.roster.members.values() if member.device.mac == GUEST)
    mark = pack(other, 7, Purpose.CONTROL.number, PASS)
    assert marks(home.see(tcp(b"middle of something", seq=77_777), mark=mark))[0].flow_class == REFUSE


def test_within_the_home_the_mark_may_be_of_whom_it_answers() -> None:
    home = Watched()
    home.see(syn(src=PHONE_ADDRESS), mac=GUEST)
    mark = pack(1, 7, Purpose.LOCAL.number, PASS)
    for dst, carried in ((PHONE_ADDRESS, Purpose.LOCAL.number), (CLOUD, 0)):
        packet = tcp(b"middle of something", seq=77_777, dst=dst)
        home.see(packet, mark=mark, to_lan=True)
        flow = home.engine._state.flows.get(key_of(packet))
        assert flow is not None and flow.carried == carried


def test_flow_that_began_unseen_is_reset_once() -> None:
    home = Watched()
    assert marks(home.see(tcp(b"middle of something", seq=77_777)))[0].flow_class == REFUSE


def test_same_ports_again_are_a_new_flow() -> None:
    home = Watched()
    home.see(syn(seq=100))
    home.see(tcp(client_hello("bell.example.com"), seq=101))
    assert marks(home.see(syn(seq=5_000)))[0].flow_class == UNDECIDED
    assert marks(home.see(tcp(client_hello("metrics.example.com"), seq=5_001)))[0].flow_class == REFUSE


NAMELESS = [
    pytest.param(1, id="icmp"),
    pytest.param(47, id="gre"),
    pytest.param(50, id="esp"),
    pytest.param(132, id="sctp"),
]


@pytest.mark.parametrize("proto", NAMELESS)
def test_protocols_without_names_are_refused_at_their_first_packet(proto: int) -> None:
    home = Watched()
    home.bind("nobody.example.net")
    packet = Packet(4, HOME, CLOUD, proto, 0, 0, 0, 0, b"x" * 30, 50, 30)
    assert marks(home.see(packet))[0].flow_class in (REFUSE, DROP)


AT_HOME = [
    pytest.param(PHONE, FlowClass.PASS, id="the-owners-phone"),
    pytest.param(GUEST, REFUSE, id="a-guests-phone"),
]


@pytest.mark.parametrize(("phone", "flow_class"), AT_HOME)
def test_rtsp_of_a_camera_is_for_its_owner(phone: Mac, flow_class: FlowClass) -> None:
    home = Watched()
    home.see(syn())  # the bell shows its address
    options = b"OPTIONS rtsp://10.77.0.20:554/live RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: viewer\r\n\r\n"
    ends = {"src": PHONE_ADDRESS, "dst": HOME, "dport": 554}
    assert marks(home.see(syn(**ends), mac=phone, to_lan=True))[0].flow_class == UNDECIDED  # type: ignore[arg-type]
    commands = home.see(tcp(options, **ends), mac=phone, to_lan=True)  # type: ignore[arg-type]
    record = records(commands)[0]
    assert (record.app_proto, record.dissector, record.purpose) == ("rtsp", "scapy", "video")
    assert (marks(commands)[0].flow_class, record.device_id) == (flow_class, "front-door")


UNANSWERABLE = [
    pytest.param({"mac": None}, id="no-hardware-address"),
    pytest.param({"fragment": (1, 0, True)}, id="a-fragment"),
]


@pytest.mark.parametrize("how", UNANSWERABLE)
def test_packets_that_name_nobody_are_refused_outright(how: dict[str, object]) -> None:
    home = Watched()
    packet = syn()._replace(fragment=how.get("fragment"))
    event = home.queue.seen(packet)
    event = event._replace(mac=how["mac"]) if "mac" in how else event  # type: ignore[arg-type]
    assert home.do(event) == [SetVerdict(event.queue_id, False)]


def test_undecodable_packets_are_refused() -> None:
    home = Watched()
    assert home.do(PacketUndecodable(queue_id=9, mac=None, hook=Hook.FORWARD)) == [SetVerdict(9, False)]


def test_newcomer_is_announced_and_known_to_the_kernel_before_its_verdict() -> None:
    home = Watched()
    commands = home.see(syn(), mac=Mac("02:00:5e:10:00:77"))
    kinds = [type(command) for command in commands]
    assert kinds.index(LoadRuleset) < kinds.index(SetVerdict)
    ruleset = next(command for command in commands if isinstance(command, LoadRuleset))
    assert ("02:00:5e:10:00:77", 1) in ruleset.owners
    assert any(isinstance(command, Publish) and command.kind == "device" for command in commands)


def test_refusal_tells_what_was_held() -> None:
    home = Watched()
    home.see(syn())
    hello = client_hello("metrics.example.com")
    home.see(tcp(hello[:100], seq=1))
    record = records(home.see(tcp(hello[100:], seq=101)))[0]
    assert record.held_bytes == len(hello)
    assert (record.action, record.effect) == ("block", "refuse")
    assert record.rule.startswith("profiles/bell.yaml:")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([TCP, UDP, 1, 58, 132]),
            st.sampled_from([0, 0x02, 0x12, ACK, RST]),
            st.integers(0, 2**32 - 1),
            st.binary(max_size=400),
            st.sampled_from([HOME, OTHER_CLOUD]),
            st.booleans(),
            st.integers(0, 2**32 - 1),
        ),
        max_size=25,
    )
)
def test_every_packet_gets_one_verdict_whatever_it_holds(
    packets: list[tuple[int, int, int, bytes, bytes, bool, int]],
) -> None:
    home = Watched()
    ids, answered = [], []
    for proto, flags, seq, payload, dst, to_lan, mark in packets:
        packet = Packet(4, HOME, dst, proto, 40_000, 443, flags, seq, payload, 40 + len(payload), len(payload))
        event = home.queue.seen(packet, mark=mark, to_lan=to_lan)
        ids.append(event.queue_id)
        answered += [verdict.queue_id for verdict in verdicts(home.do(event))]
    home.wait(4)
    answered += [verdict.queue_id for verdict in verdicts(home.do(Ticked()))]
    assert sorted(answered) == ids


def test_udp_without_a_name_is_judged_by_its_binding() -> None:
    home = Watched()
    home.bind("bell.example.com")
    assert marks(home.see(udp(b"\x00\x01hello", dport=9_998)))[0].flow_class == PASS


def test_policy_is_the_one_of_the_test_home() -> None:
    assert policy().devices[Mac("02:00:5e:10:00:01")].device.id == "front-door"


def test_stream_begins_behind_its_syn_whatever_comes_first() -> None:
    """A whole allowed hello behind a gap says nothing: the first bytes do, when they come."""
    home = Watched()
    home.see(syn(seq=1000))
    refused = client_hello("metrics.example.com")
    assert verdicts(home.see(tcp(client_hello("bell.example.com"), seq=1001 + len(refused)))) == []
    assert {mark.flow_class for mark in marks(home.see(tcp(refused, seq=1001)))} == {REFUSE}


def test_bytes_before_the_first_one_say_nothing() -> None:
    home = Watched()
    home.see(syn(seq=1000))
    early = client_hello("bell.example.com")
    assert verdicts(home.see(tcp(early, seq=1001 - len(early)))) == []
    assert marks(home.see(tcp(client_hello("metrics.example.com"), seq=1001)))[0].flow_class == REFUSE


def test_ports_that_are_used_again_are_another_connection_even_with_the_same_number() -> None:
    home = Watched()
    home.see(syn(seq=7))
    assert marks(home.see(tcp(client_hello("bell.example.com"), seq=8)))[0].flow_class == PASS
    assert marks(home.see(syn(seq=7)))[0].flow_class == UNDECIDED
    assert marks(home.see(tcp(client_hello("metrics.example.com"), seq=8)))[0].flow_class == REFUSE


def begun(home: Watched) -> int:
    """The mark of a packet that the kernel knows to be the first of its connection."""
    return pack(1, home.engine.epoch, 0, FlowClass.BEGUN)


def test_handshake_that_the_kernel_let_pass_is_not_missed() -> None:
    home = Watched()
    assert marks(home.see(tcp(client_hello("bell.example.com"), seq=99), mark=begun(home)))[0].flow_class == PASS
    assert marks(home.see(tcp(client_hello("metrics.example.com"), seq=99), mark=begun(home)))[0].flow_class == REFUSE


def test_where_a_connection_begins_its_server_says() -> None:
    """A SYN that never arrived says nothing, nor does what stands before the first byte."""
    home = Watched()
    home.see(syn(seq=5_000))
    hello = client_hello("bell.example.com")
    assert verdicts(home.see(tcp(hello[:100], seq=99), mark=begun(home))) == []
    early = tcp(client_hello("metrics.example.com")[:80], seq=19)
    assert verdicts(home.see(early, mark=pack(1, home.engine.epoch, 0, UNDECIDED))) == []
    assert {mark.flow_class for mark in marks(home.see(tcp(hello[100:], seq=199)))} == {PASS}


def test_side_that_answers_may_speak_first() -> None:
    home = Watched()
    home.see(tcp(src=PHONE_ADDRESS, dst=HOME, flags=SYN, seq=5, sport=50_000, dport=554), mac=PHONE, to_lan=True)
    greeting = tcp(b"220 welcome\r\n", src=HOME, dst=PHONE_ADDRESS, seq=7_000_000, sport=554, dport=50_000)
    assert marks(home.see(greeting, to_lan=True))[0].flow_class in LET_OUT


@pytest.mark.parametrize("later", [0, 1], ids=["earlier-gateway", "new-epoch"])
@pytest.mark.parametrize("kind", [UNDECIDED, FlowClass.WELCOME], ids=lambda kind: kind.name)
def test_handshake_that_nobody_remembers_is_reset(later: int, kind: FlowClass) -> None:
    """Nobody knows any more where its first byte is. An empty segment decides nothing: neither by what its address is called,
    nor against what follows."""
    home = Watched()
    home.bind("bell.example.com")
    mark = pack(1, home.engine.epoch, 0, kind)
    for _ in range(later):
        home.do(PolicyChanged(policy=replace(policy(), digest="f" * 16)))
    assert bool(later) is (unpack(mark).epoch != home.engine.epoch)
    assert [verdict.accept for verdict in verdicts(home.see(tcp(b"", seq=99), mark=mark))] == [False]
    assert marks(home.see(tcp(client_hello("bell.example.com"), seq=99), mark=mark))[0].flow_class == REFUSE


def test_first_byte_is_the_first_in_a_new_epoch_too() -> None:
    """It waited in the queue meanwhile; what stands before it, the server does not take."""
    home = Watched()
    home.bind("bell.example.com")
    mark = begun(home)
    home.do(PolicyChanged(policy=replace(policy(), digest="f" * 16)))
    assert unpack(mark).epoch != home.engine.epoch
    hello = client_hello("metrics.example.com")
    assert verdicts(home.see(tcp(hello[:100], seq=999), mark=mark)) == []
    good = client_hello("bell.example.com")
    assert verdicts(home.see(tcp(good, seq=999 - len(good)), mark=pack(1, home.engine.epoch, 0, UNDECIDED))) == []
    assert {mark.flow_class for mark in marks(home.see(tcp(hello[100:], seq=1_099)))} == {REFUSE}


def test_connection_goes_on_over_a_new_epoch_where_the_kernel_knows_its_first_byte() -> None:
    home = Watched()
    home.bind("bell.example.com")
    silent, speaks = pack(1, home.engine.epoch, 0, FlowClass.WELCOME), begun(home)
    home.do(PolicyChanged(policy=replace(policy(), digest="f" * 16)))
    home.see(tcp(b"", seq=99), mark=silent)
    first = home.see(tcp(client_hello("bell.example.com"), seq=99), mark=speaks)
    assert marks(first)[0].flow_class == PASS


def test_answer_within_the_home_has_a_number_of_its_own() -> None:
    home = Watched()
    home.see(tcp(src=PHONE_ADDRESS, dst=HOME, flags=SYN, seq=5, sport=50_000, dport=554), mac=PHONE, to_lan=True)
    answer = tcp(src=HOME, dst=PHONE_ADDRESS, flags=SYN | ACK, seq=77, sport=554, dport=50_000)
    assert marks(home.see(answer, to_lan=True))[0].flow_class == UNDECIDED


@pytest.mark.parametrize("flags", [SYN | URG, ACK | URG], ids=["syn", "handshake"])
def test_urgent_byte_is_not_called_before_anything_was_said(flags: int) -> None:
    """The server takes it out of what comes later."""
    home = Watched()
    home.bind("bell.example.com")
    home.see(syn())
    assert marks(home.see(tcp(b"", flags=flags, seq=1_001 if flags & ACK else 1_000)))[0].flow_class == FlowClass.REFUSE


def test_hello_that_is_longer_than_what_is_read_is_refused() -> None:
    home = Watched()
    home.bind("bell.example.com")
    home.see(syn())
    long = b"\x16\x03\x01\x40\x00\x01\x02\x00\x00\x03\x03" + bytes(1_389)
    commands = home.see(tcp(long))
    assert marks(commands)[-1].flow_class == FlowClass.REFUSE
    assert "its hello did not become whole within the bounds" in records(commands)[0].reason


def test_what_may_carry_anything_is_not_judged_as_what_was_the_same_without() -> None:
    """Judgements are remembered: a request that asks to become something else is another one, to the same name or not."""
    home = Watched()
    home.bind("bell.example.com")
    plain, upgrade = (
        b"GET / HTTP/1.1\r\nHost: bell.example.com\r\n" + more + b"\r\n"
        for more in (b"", b"Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n")
    )
    found = []
    for sport, request in ((40_001, plain), (40_002, upgrade), (40_003, plain)):
        home.see(syn(sport=sport, dport=80))
        found.append(marks(home.see(tcp(request, sport=sport, dport=80)))[0].flow_class)
    assert found == [PASS, REFUSE, PASS]


def test_a_flow_that_lost_its_beginning_gives_back_what_it_held() -> None:
    """A verdict that never comes would cost a place in the kernel's queue for good."""
    home = Watched()
    assert verdicts(home.see(tcp(b"\x16"))) == [], "held: it may begin a hello"
    seen = home.see(tcp(b"\x16", seq=9), mark=pack(1, 0, 0, WELCOME))
    assert [verdict.queue_id for verdict in verdicts(seen)] == [1, 2]
    assert {mark.flow_class for mark in marks(seen)} == {REFUSE}


def test_what_a_flow_held_is_answered_although_its_ports_are_used_again() -> None:
    home = Watched()
    home.bind("bell.example.com")
    begun = pack(1, home.engine.epoch, 0, FlowClass.BEGUN)
    held = [home.queue.seen(tcp(b"\x16", seq=seq), mark=begun) for seq in (5, 99)]
    assert [verdict for event in held for verdict in verdicts(home.do(event))] == []
    home.wait(4)
    assert [verdict.queue_id for verdict in verdicts(home.do(Ticked()))] == [event.queue_id for event in held]
