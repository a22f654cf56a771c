import pytest

from gateway.engine.tunnel import CODED_BYTES, REPEATS
from gateway.model.command import AnswerHere, Command, SendPacket, SetVerdict
from gateway.model.event import Hook
from gateway.model.packet import ICMP
from gateway.wire import decode_ip, parse_dns
from tests.support.dns import answer, query
from tests.support.home import Watched, marks, records, verdicts
from tests.support.packets import CLOUD, OTHER_CLOUD, udp

FOREIGN = bytes((8, 8, 8, 8))

NAMES = [
    pytest.param("bell.example.com", "A", None, id="an-allowed-name-is-asked"),
    pytest.param("video.example.com", "A", None, id="owner-only-resolves"),
    pytest.param("nobody.example.net", "AAAA", None, id="an-unknown-name-is-asked"),
    pytest.param("metrics.example.com", "A", 0, id="block-is-an-empty-answer"),
    pytest.param("quiet.example.com", "A", 3, id="drop-is-nxdomain"),
    pytest.param("doh.example.com", "A", 0, id="known-doh-has-no-address"),
    pytest.param("bell.example.com", "HTTPS", 0, id="no-key-for-an-encrypted-hello"),
]


@pytest.mark.parametrize(("name", "kind", "rcode"), NAMES)
def test_query(name: str, kind: str, rcode: int | None) -> None:
    commands = Watched().see(query(name, kind=kind), hook=Hook.QUERY)
    sent = [command.data for command in commands if isinstance(command, SendPacket)]
    assert [verdict.accept for verdict in verdicts(commands)] == [rcode is None]
    assert len(sent) == (rcode is not None)
    for data in sent:
        packet = decode_ip(data)
        assert packet is not None
        message = parse_dns(packet.payload)
        assert message is not None and message.question is not None
        assert (message.is_response, message.rcode, message.question.name, message.answers) == (True, rcode, name, ())


def test_answer_comes_from_the_server_that_was_asked() -> None:
    commands = Watched().see(query("metrics.example.com", server=FOREIGN), hook=Hook.QUERY)
    data = next(command.data for command in commands if isinstance(command, SendPacket))
    packet = decode_ip(data)
    assert packet is not None
    assert (packet.src, packet.sport, packet.dport) == (FOREIGN, 53, 50_000)


def test_foreign_resolver_is_redirected_and_counted_in_one_line() -> None:
    home = Watched()
    seen = [home.see(query("bell.example.com", server=FOREIGN, sport=50_000 + at), hook=Hook.QUERY) for at in range(5)]
    assert all(verdict.accept for commands in seen for verdict in verdicts(commands))
    lines = [record for commands in seen for record in records(commands)]
    assert {record.flow_id for record in lines} == {lines[0].flow_id}
    assert (lines[-1].attempts, lines[-1].purpose, lines[-1].effect) == (5, "dns-escape", "redirect")


def test_tries_after_a_minute_of_silence_are_a_new_line() -> None:
    home = Watched()
    first = records(home.see(query("metrics.example.com"), hook=Hook.QUERY))[0]
    home.wait(61)
    later = records(home.see(query("metrics.example.com"), hook=Hook.QUERY))[0]
    assert later.flow_id != first.flow_id
    assert later.attempts == 1


def test_answer_binds_its_addresses_for_the_device_of_the_mark() -> None:
    home = Watched()
    home.bind("bell.example.com", CLOUD)
    assert home.engine._state.bindings.names("02:00:5e:10:00:01", CLOUD, at=home.mono) == ("bell.example.com",)
    assert home.engine._state.bindings.names("02:00:5e:10:00:aa", CLOUD, at=home.mono) == ()


NOISE = [
    pytest.param(b"", id="empty"),
    pytest.param(b"not dns at all, but on its port", id="noise"),
    pytest.param(bytes(12), id="no-question"),
    pytest.param(b"\x00\x07\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01", id="a-response"),
]


def test_a_question_that_no_resolver_could_hear_is_refused() -> None:
    """The kernel queues datagrams only; whatever else may come is no lookup that a line should tell of."""
    home = Watched()
    commands = home.see(query("metrics.example.com")._replace(proto=ICMP), hook=Hook.QUERY)
    assert [verdict.accept for verdict in verdicts(commands)] == [False] and records(commands) == []


@pytest.mark.parametrize("payload", NOISE)
def test_what_is_no_question_does_not_pass_port_53(payload: bytes) -> None:
    commands = Watched().see(udp(payload, dport=53), hook=Hook.QUERY)
    assert [command.accept for command in commands if isinstance(command, SetVerdict)] == [False]


def test_query_passes_with_a_mark_that_names_the_device() -> None:
    home = Watched()
    mark = marks(home.see(query("bell.example.com"), hook=Hook.QUERY))[0]
    assert (mark.device, mark.epoch) == (1, home.engine.epoch)


def told(commands: list[Command]) -> list[tuple[bytes, bool]]:
    return [(command.address, command.here) for command in commands if isinstance(command, AnswerHere)]


def hear(home: Watched, name: str, *addresses: bytes) -> list[Command]:
    mark = next(verdict.mark for verdict in verdicts(home.see(query(name), hook=Hook.QUERY)))
    return home.see(answer(name, addresses), hook=Hook.ANSWER, mark=mark)


def test_the_kernel_hears_of_an_address_that_is_answered_here_before_the_device_does() -> None:
    commands = hear(Watched(), "check.example.com", CLOUD, OTHER_CLOUD)
    assert told(commands) == [(CLOUD, True), (OTHER_CLOUD, True)]
    assert [type(command) for command in commands[:3]] == [AnswerHere, AnswerHere, SetVerdict]
    [first, second] = records(commands)
    assert (first.purpose, first.effect, first.dport, first.dst, first.server_name) == (
        "connectivity-check", "redirect", 80, CLOUD, "check.example.com",
    )  # fmt: skip
    assert (second.flow_id, second.attempts) == (first.flow_id, 2)


def test_a_check_that_nobody_described_and_other_names_are_not_answered_here() -> None:
    home = Watched()
    assert told(hear(home, "other-check.example.com", CLOUD)) == []
    assert told(hear(home, "bell.example.com", OTHER_CLOUD)) == []


def test_a_shared_address_is_not_answered_here_whichever_name_came_first() -> None:
    home = Watched()
    assert told(hear(home, "check.example.com", CLOUD)) == [(CLOUD, True)]
    assert told(hear(home, "bell.example.com", CLOUD)) == [(CLOUD, False)]
    assert told(hear(home, "check.example.com", CLOUD)) == [(CLOUD, False)]


def test_what_passes_says_nothing_but_its_question() -> None:
    packet = query("bell.example.com")
    longer = packet.payload[:-4] + packet.payload[-4:] + b"and a letter"
    home = Watched()
    [as_it_was] = verdicts(home.see(packet, hook=Hook.QUERY))
    [restated] = verdicts(home.see(packet._replace(payload=longer, payload_length=len(longer)), hook=Hook.QUERY))
    assert as_it_was.payload is None
    assert restated.accept and restated.payload is not None
    again = decode_ip(restated.payload)
    assert again is not None
    assert (again.payload, again.src, again.sport, again.dst, again.dport) == (
        packet.payload, packet.src, packet.sport, packet.dst, packet.dport,
    )  # fmt: skip


def test_a_letter_in_names_is_cut_in_one_line() -> None:
    home = Watched()
    seen = [home.see(query(f"{number:040x}.nobody.example.net"), hook=Hook.QUERY) for number in range(1_000, 1_100)]
    passed = [verdicts(commands)[0].accept for commands in seen]
    assert sum(passed) == CODED_BYTES // len(f"{0:040x}.nobody")
    lines = {record.flow_id: record for commands in seen for record in records(commands)}
    [line] = lines.values()
    assert (line.purpose, line.effect, line.action, line.attempts) == ("dns-escape", "drop", "block", 100 - sum(passed))
    assert "tunnel" in line.reason
    message = parse_dns(next(command.data for command in seen[-1] if isinstance(command, SendPacket))[28:])
    assert message is not None and message.rcode == 3


def test_a_question_without_an_answer_goes_on_once_a_second_only() -> None:
    home = Watched()
    ask = query("bell.example.com")
    passed = [verdicts(home.see(ask, hook=Hook.QUERY))[0].accept for _ in range(200)]
    assert passed == [True] * (1 + int(REPEATS)) + [False] * (199 - int(REPEATS))
    home.wait(REPEATS)
    home.bind("bell.example.com", CLOUD)
    assert all(verdicts(home.see(ask, hook=Hook.QUERY))[0].accept for _ in range(500)), "our resolver remembers the answer"
