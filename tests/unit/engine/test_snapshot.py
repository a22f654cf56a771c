import json

from gateway.engine.snapshot import restore, snapshot
from gateway.engine.state import State
from gateway.model.control import Request
from gateway.model.event import Asked, Now
from tests.support.home import NOON, Watched, policy
from tests.support.packets import CLOUD, client_hello, syn, tcp


def lived() -> Watched:
    """A home in which a little happened."""
    home = Watched()
    home.bind("bell.example.com", CLOUD)
    home.see(syn(sport=2_000))
    home.see(tcp(client_hello(None), sport=2_000, dport=444))
    home.do(Asked(request=Request(id=1, do="pause", args={"device": "front-door", "seconds": 100}), client=1))
    return home


def test_snapshot_is_plain_and_comes_back_whole() -> None:
    home = lived()
    home.wait(40)
    home.engine._state.roster.numbers.pass_on([9], epoch=1)
    saved = json.loads(json.dumps(snapshot(home.engine._state, home.now).state))
    state = State(policy(), epoch=1, first_id=0)
    assert restore(state, saved, Now(9.0, NOON)) is False
    assert state.roster.owners() == home.engine._state.roster.owners()
    assert state.roster.numbers.dump() == {"9": 1}
    assert state.bindings.dump(at=9.0) == home.engine._state.bindings.dump(at=home.mono)
    assert [grant.until for grant in state.grants.in_force] == [69.0]
    assert list(state.questions) == list(home.engine._state.questions)


def test_another_version_is_left_alone() -> None:
    state = State(policy(), epoch=1, first_id=0)
    assert restore(state, {"version": 999, "devices": 5}, Now(9.0, NOON)) is False
    assert state.roster.members == {}
