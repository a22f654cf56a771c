from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.command import LoadRuleset, OpenPanel, ReloadPolicy, Reply, SaveState
from gateway.model.control import VERBS, Request
from gateway.model.event import Asked, Ticked
from gateway.model.mark import FlowClass
from tests.support.home import Watched, marks, records
from tests.support.packets import BELL, client_hello, syn, tcp


def ask(home: Watched, do: str, **args: Any) -> tuple[Any, str]:
    """(data, error code) of a request."""
    commands = home.do(Asked(request=Request(id=1, do=do, args=args), client=3))
    reply = next(command for command in commands if isinstance(command, Reply))
    assert reply.client == 3
    return reply.response.data, reply.response.error_code


def known() -> Watched:
    """A home whose bell was seen."""
    home = Watched()
    home.see(syn())
    return home


def test_status_names_what_is_in_force() -> None:
    home = known()
    ask(home, "view", device="front-door", seconds=60)
    home.wait(10)
    status, _ = ask(home, "status")
    assert status["devices"] == 1
    assert status["grants"] == [
        {
            "kind": "viewing", "device": "front-door", "purpose": "video", "remaining_s": 50.0, "open_s": 10.0, "by": "panel",
            "because": "", "confidence": 1.0,
        }
    ]  # fmt: skip


def test_viewing_opens_video_and_its_end_closes_it() -> None:
    home = known()
    before = home.engine.epoch
    ask(home, "view", device="front-door", seconds=60)
    home.see(syn(sport=1_111))
    hello = tcp(client_hello("video.example.com"), sport=1_111)
    mark = marks(home.see(hello))[0]
    assert mark.flow_class == FlowClass.PASS
    home.wait(61)
    commands = home.do(Ticked())
    assert any(isinstance(command, LoadRuleset) for command in commands)
    assert home.engine.epoch == before + 2
    assert marks(home.see(tcp(b"frame", seq=9_000, sport=1_111)))[0].flow_class == FlowClass.REFUSE


GRANTS = [
    pytest.param("pause", {"device": "front-door"}, "metrics.example.com", True, id="a-pause-lets-refused-things-pass"),
    pytest.param("pause", {"device": "all"}, "metrics.example.com", True, id="a-pause-of-all"),
    pytest.param("pause", {"device": "front-door", "purpose": "update"}, "metrics.example.com", False, id="of-another-purpose"),
    pytest.param("allow", {"device": "front-door", "purpose": "telemetry"}, "metrics.example.com", True, id="an-allowance"),
    pytest.param("allow", {"device": "front-door", "purpose": "video"}, "metrics.example.com", False, id="of-another"),
]


@pytest.mark.parametrize(("do", "args", "name", "passes"), GRANTS)
def test_grant(do: str, args: dict[str, Any], name: str, passes: bool) -> None:
    home = known()
    _, error = ask(home, do, seconds=60, **args)
    assert not error
    home.see(syn(sport=1_111))
    mark = marks(home.see(tcp(client_hello(name), sport=1_111)))[0]
    assert (mark.flow_class == FlowClass.PASS) is passes


def test_stop_ends_it_at_once() -> None:
    home = known()
    ask(home, "pause", device="front-door", seconds=600)
    ended, _ = ask(home, "stop", device="front-door")
    assert [view["kind"] for view in ended] == ["pause"]
    assert ask(home, "status")[0]["grants"] == []


def test_allow_takes_a_flow() -> None:
    home = known()
    record = records(home.see(tcp(client_hello("metrics.example.com"))))[0]
    view, _ = ask(home, "allow", flow=record.flow_id, seconds=60)
    assert (view["device"], view["purpose"]) == ("front-door", "telemetry")


def test_explain_tells_what_would_let_it_pass() -> None:
    home = known()
    record = records(home.see(tcp(client_hello("metrics.example.com"))))[0]
    data, _ = ask(home, "explain", flow=record.flow_id)
    assert "telemetry" in data["would_pass_if"]
    assert data["flow"]["netcurtain"]["rule"].startswith("profiles/bell.yaml:")


def test_device_may_be_named_before_it_was_seen() -> None:
    view, error = ask(Watched(), "view", device="front-door", seconds=60)
    assert (error, view["kind"]) == ("", "viewing")


def test_grants_are_saved_the_moment_they_are_given() -> None:
    home = known()
    commands = home.do(Asked(request=Request(id=1, do="pause", args={"device": "all", "seconds": 60}), client=3))
    assert any(isinstance(command, SaveState) for command in commands)


def test_reload_compiles_anew() -> None:
    commands = known().do(Asked(request=Request(id=1, do="reload"), client=3))
    assert any(isinstance(command, ReloadPolicy) for command in commands)


def opened(home: Watched, **args: Any) -> list[tuple[float, str]]:
    """What the kernel is told of who reaches the panel."""
    commands = home.do(Asked(request=Request(id=1, do="contact", args=args), client=3))
    return [(command.seconds, command.mac) for command in commands if isinstance(command, OpenPanel)]


def test_first_contact_ends_at_the_time_at_which_it_was_to_end_at_first() -> None:
    home = known()
    assert opened(home, seconds=900) == [(900.0, "")]
    home.wait(600)
    assert opened(home, seconds=900) == [(300.0, "")], "whoever asks again gets no more"
    home.wait(301)
    assert opened(home, seconds=900) == [(0.0, "")]


def test_who_has_claimed_the_box_goes_on_alone() -> None:
    home = known()
    opened(home, seconds=900)
    assert opened(home, seconds=600, device="front-door") == [(600.0, BELL)]
    assert opened(home, seconds=0) == [(0.0, "")]


WRONG = [
    pytest.param("contact", {"seconds": 901}, "bad-number", id="first-contact-for-ever"),
    pytest.param("contact", {"seconds": 9, "device": "nobody"}, "unknown-device", id="first-contact-of-nobody"),
    pytest.param("view", {"device": "nobody"}, "unknown-device", id="device"),
    pytest.param("allow", {"device": "front-door", "purpose": "fun"}, "unknown-purpose", id="purpose"),
    pytest.param("pause", {"device": "all", "seconds": -3}, "bad-duration", id="no-time"),
    pytest.param("pause", {"device": "all", "seconds": "long"}, "bad-number", id="not-a-number"),
    pytest.param("pause", {"device": "all", "seconds": 1e30}, "bad-number", id="for-ever"),
    pytest.param("explain", {"flow": 999}, "unknown-flow", id="flow"),
    pytest.param("flows", {"device": "nobody"}, "unknown-device", id="flows-of-nobody"),
    pytest.param("confirm", {}, "not-here", id="a-verb-of-another-time"),
]


@pytest.mark.parametrize(("do", "args", "code"), WRONG)
def test_wrong_requests_say_what_is_wrong(do: str, args: dict[str, Any], code: str) -> None:
    assert ask(known(), do, **args)[1] == code


@given(
    st.sampled_from(VERBS),
    st.dictionaries(
        st.sampled_from(["device", "purpose", "seconds", "flow", "limit", "since"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
        ),
    ),
)
def test_every_request_is_answered(do: str, args: dict[str, Any]) -> None:
    ask(known(), do, **args)
