from gateway.engine.state import MAX_QUESTIONS, RECENT_FLOWS, SCAPY_PER_S, State
from gateway.model.event import Now
from tests.support.home import NOON, Watched, policy
from tests.support.packets import client_hello, syn, tcp


def test_scapy_is_rationed() -> None:
    state = State(policy(), epoch=1, first_id=0)
    assert sum(state.may_use_scapy(Now(10.0, NOON)) for _ in range(1_000)) == SCAPY_PER_S
    assert sum(state.may_use_scapy(Now(10.5, NOON)) for _ in range(1_000)) == SCAPY_PER_S / 2


def test_moment_is_kept_for_a_moment_only() -> None:
    state = State(policy(), epoch=1, first_id=0)
    first = state.moment(Now(10.0, NOON))
    assert state.moment(Now(10.1, NOON + 0.1)) is first
    assert state.moment(Now(10.3, NOON + 0.3)) is not first


def test_moment_ends_with_the_trust_in_its_clock() -> None:
    state = State(policy(), epoch=1, first_id=0)
    assert state.moment(Now(10.0, NOON)).wall_trusted
    assert not state.moment(Now(10.0, NOON, False)).wall_trusted


def test_questions_are_asked_once_and_bounded() -> None:
    home = Watched()
    for sport in range(1_000, 1_003):
        home.see(syn(sport=sport))
        home.see(tcp(client_hello(None), sport=sport))
    assert len(home.engine._state.questions) == 1
    assert MAX_QUESTIONS >= 1


def test_recent_flows_are_bounded() -> None:
    home = Watched()
    for number in range(RECENT_FLOWS + 20):
        home.see(syn(sport=1 + number % 60_000, seq=number * 3))
        home.see(tcp(client_hello("bell.example.com"), sport=1 + number % 60_000, seq=number * 3 + 1))
    assert len(home.engine._state.recent) == RECENT_FLOWS
