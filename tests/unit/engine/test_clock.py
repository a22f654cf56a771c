"""The gateway's clock in place of the internet's."""

from dataclasses import replace

import pytest

from gateway.engine.clock import PAUSE_S, UNSET, Clock
from gateway.model.command import Command, SendPacket, SetVerdict
from gateway.model.device import Mac
from gateway.model.event import Hook, Now
from gateway.model.packet import Packet
from gateway.wire import decode_ip
from tests.support.home import NOON, Watched, verdicts
from tests.support.packets import BELL, GATEWAY, PHONE, udp

REQUEST = bytes([0b00_100_011]) + bytes(39) + b"asked at"
SERVER = bytes((203, 0, 113, 123))


class Answering(Watched):
    """A home whose clock is asked directly."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(self.engine._state)

    def ask(self, packet: Packet, *, trusted: bool = True, **how: object) -> list[Command] | None:
        event = self.queue.seen(packet, **how)  # type: ignore[arg-type]
        assert event.mac is not None
        member, _ = self.engine._state.member(event.mac, self.now)
        assert member is not None
        return self.clock.answer(event, member, Now(self.mono, self.wall, trusted))

    def lines(self) -> list[tuple[int, int, str]]:
        return [(flow.id, flow.attempts, flow.decision.reason) for flow in self.engine._state.unreported if flow.decision]


def request(payload: bytes = REQUEST, *, sport: int = 40_000, dport: int = 123, dst: bytes = SERVER) -> Packet:
    return udp(payload, sport=sport, dport=dport, dst=dst)


def test_a_request_is_answered_and_does_not_leave() -> None:
    home = Answering()
    commands = home.ask(request())
    assert commands is not None
    sent = [decode_ip(command.data) for command in commands if isinstance(command, SendPacket)]
    assert [(packet.src, packet.sport, packet.dport, packet.payload[24:32]) for packet in sent if packet] == [
        (SERVER, 123, 40_000, b"asked at")
    ]
    assert [(verdict.accept, verdict.mark) for verdict in verdicts(commands)] == [(False, 0)]
    [(_, attempts, reason)] = home.lines()
    assert (attempts, reason) == (1, "time of front-door is answered by the gateway itself (profiles/bell.yaml:15)")


def test_one_line_for_all_clocks_of_a_device() -> None:
    home = Answering()
    for last in range(5):
        home.wait(64)
        home.ask(request(sport=40_000 + last, dst=bytes((203, 0, 113, last))))
    lines = home.lines()
    assert ({line[0] for line in lines}, lines[-1][1]) == ({lines[0][0]}, 5)
    home.wait(PAUSE_S + 1)
    home.ask(request())
    assert home.lines()[-1][:2] == (lines[0][0] + 1, 1)


def test_a_clock_that_nobody_set_says_so() -> None:
    home = Answering()
    commands = home.ask(request(), trusted=False)
    assert commands is not None
    sent = next(command.data for command in commands if isinstance(command, SendPacket))
    assert (sent[28] >> 6, sent[29]) == (3, 0)
    assert home.lines()[0][2].endswith(UNSET)


@pytest.mark.parametrize(
    ("packet", "how"),
    [
        pytest.param(request(dport=124), {}, id="another port"),
        pytest.param(request(b"pictures, perhaps"), {}, id="no request"),
        pytest.param(request(bytes([0b00_100_110]) + bytes(47)), {}, id="a control message"),
        pytest.param(request(), {"to_lan": True}, id="a clock in the home"),
        pytest.param(request(), {"mac": PHONE}, id="a trusted device"),
    ],
)
def test_what_goes_the_ordinary_way(packet: Packet, how: dict[str, object]) -> None:
    home = Answering()
    assert home.ask(packet, **how) is None
    assert home.lines() == []


@pytest.mark.parametrize(("payload", "answers"), [(REQUEST, 1), (b"anything else", 0)], ids=["a request", "no request"])
@pytest.mark.parametrize("mac", [BELL, PHONE], ids=["managed", "trusted"])
def test_the_gateway_itself_is_asked(payload: bytes, answers: int, mac: Mac) -> None:
    commands = Watched().see(udp(payload, dst=GATEWAY, dport=123), hook=Hook.QUERY, mac=mac)
    assert [type(command) for command in commands] == [SendPacket] * answers + [SetVerdict]
    assert not verdicts(commands)[0].accept


def test_where_the_policy_lets_time_pass_it_passes() -> None:
    home = Answering()
    policy = home.engine._state.policy
    entry = policy.devices[BELL]
    allowed = replace(entry, levels=entry.levels[-1:])
    home.engine._state.policy = replace(policy, devices={**policy.devices, BELL: allowed})
    assert home.ask(request()) is None
    assert home.wall == NOON


def test_the_verdict_comes_after_the_answer() -> None:
    commands = Answering().ask(request())
    assert commands is not None
    assert [type(command) for command in commands] == [SendPacket, SetVerdict]
