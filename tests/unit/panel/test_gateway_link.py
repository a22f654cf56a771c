"""The link against a real control socket: few questions for many who ask, and events that outlive the gateway."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.edge.control_client import ControlError
from gateway.panel.gateway_link import MAX_IDLE, GatewayLink, Ring
from tests.support.scripted_gateway import Refusal, ScriptedGateway, scripted


def wait_for(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.002)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def gateway(path: Path) -> Iterator[ScriptedGateway]:
    answers = {"status": lambda _: {"epoch": 1}, "devices": lambda _: [{"mac": "a"}]}
    with scripted(path, **answers, pause=lambda args: {"kind": "pause", **args}, explain=refuse) as gateway:
        yield gateway


@pytest.fixture
def link(path: Path) -> Iterator[GatewayLink]:
    link = GatewayLink(path)
    yield link
    link.close()


def refuse(_: object) -> None:
    raise Refusal("unknown-flow", "flow 7 is not among the last flows")


def test_many_who_ask_at_once_share_an_answer(gateway: ScriptedGateway, link: GatewayLink) -> None:
    def slow(_: object) -> dict[str, int]:
        time.sleep(0.05)
        return {"epoch": 1}

    gateway.answers["status"] = slow
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(link.status())) for _ in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == [{"epoch": 1}] * 20
    assert gateway.verbs() == ["status"]


def test_an_answer_is_a_second_old_at_most(gateway: ScriptedGateway, path: Path) -> None:
    clock = [0.0]
    link = GatewayLink(path, mono=lambda: clock[0])
    for mono, asked in ((0.0, 1), (0.9, 1), (1.0, 2), (1.5, 2), (2.1, 3)):
        clock[0] = mono
        assert link.devices() == [{"mac": "a"}]
        assert len(gateway.asked) == asked
    link.forget()
    link.devices()
    assert len(gateway.asked) == 4
    link.close()


def test_after_a_change_nothing_known_counts(gateway: ScriptedGateway, link: GatewayLink) -> None:
    link.status()
    assert link.change("pause", device="bell", seconds=60, purpose=None) == {"kind": "pause", "device": "bell", "seconds": 60}
    link.status()
    assert gateway.verbs() == ["status", "pause", "status"]


def test_a_refusal_is_told_and_its_connection_kept(gateway: ScriptedGateway, link: GatewayLink) -> None:
    for _ in range(3):
        with pytest.raises(ControlError) as told:
            link.ask("explain", flow=7)
        assert (told.value.code, told.value.message) == ("unknown-flow", "flow 7 is not among the last flows")
    with pytest.raises(ControlError, match="'explain' lacks arguments"):
        link.ask("explain")
    assert len(link._idle) == 1


def test_connections_that_are_kept_are_few(gateway: ScriptedGateway, link: GatewayLink) -> None:
    met = threading.Barrier(MAX_IDLE + 3)
    threads = [
        threading.Thread(target=lambda: (met.wait(), link.ask("pause", device="x", seconds=1))) for _ in range(met.parties)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert 1 <= len(link._idle) <= MAX_IDLE
    link.close()
    assert link._idle == []


def test_no_gateway_says_so_each_time(link: GatewayLink) -> None:
    for ask in (link.status, link.devices, lambda: link.change("pause", device="x", seconds=1)):
        with pytest.raises(ControlError) as told:
            ask()
        assert told.value.code == "not-running"


def test_a_gateway_that_was_away_is_asked_again(path: Path, link: GatewayLink) -> None:
    for epoch in (1, 2):
        with scripted(path, status=lambda _, epoch=epoch: {"epoch": epoch}):
            link.forget()
            assert link.status() == {"epoch": epoch}
        link.forget()
        with pytest.raises(ControlError):
            link.status()


def test_events_and_that_the_gateway_went_and_came(path: Path, link: GatewayLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.gateway_link.RETRY_S", 0.02)
    with scripted(path, status=lambda _: {"epoch": 1}) as gateway:
        link.start()
        wait_for(lambda: gateway.listeners)
        link.status()
        gateway.tell("flow", flow_id=7)
        wait_for(lambda: link.events.last == 1)
        link.status()
        assert gateway.verbs() == ["status"], "a flow changes nothing that is known"
        gateway.tell("device", mac="a")
        wait_for(lambda: link.events.last == 2)
        link.status()
        assert gateway.verbs() == ["status", "status"]
    wait_for(lambda: link.events.last == 3)
    with scripted(path, status=lambda _: {"epoch": 2}) as gateway:
        wait_for(lambda: gateway.listeners and link.events.last == 4)
        assert link.status() == {"epoch": 2}
        link.close()
    told, lost = link.events.after(0)
    assert not lost
    assert [(event.kind, event.data) for event in told] == [
        ("flow", {"flow_id": 7}), ("device", {"mac": "a"}), ("gateway", {"there": False}), ("gateway", {"there": True}),
    ]  # fmt: skip


def test_a_gateway_that_was_never_there_is_told_once(link: GatewayLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.panel.gateway_link.RETRY_S", 0.005)
    link.start()
    wait_for(lambda: link.events.last)
    time.sleep(0.05)
    assert [event.data for event in link.events.after(0)[0]] == [{"there": False}]


def ring_of(count: int, size: int = 4) -> Ring:
    ring = Ring(size)
    for number in range(count):
        ring.push("flow", {"number": number})
    return ring


@pytest.mark.parametrize(
    ("count", "after", "numbers", "lost"),
    [
        pytest.param(0, 0, [], False, id="nothing yet"),
        pytest.param(3, 0, [1, 2, 3], False, id="all of it"),
        pytest.param(3, 3, [], False, id="up to date"),
        pytest.param(3, 2, [3], False, id="one behind"),
        pytest.param(9, 5, [6, 7, 8, 9], False, id="just in time"),
        pytest.param(9, 4, [6, 7, 8, 9], True, id="one too late"),
        pytest.param(9, -1, [6, 7, 8, 9], True, id="from another life"),
        pytest.param(3, 8, [1, 2, 3], True, id="from the future"),
        pytest.param(0, -1, [], True, id="from another life, and nothing since"),
    ],
)
def test_the_ring(count: int, after: int, numbers: list[int], lost: bool) -> None:
    events, is_lost = ring_of(count).after(after)
    assert ([event.number for event in events], is_lost) == (numbers, lost)


def test_those_who_wait_are_woken_while_they_do() -> None:
    ring, woken = Ring(), []
    with ring.waking(lambda: woken.append(ring.last)):
        ring.push("flow", {})
        ring.push("flow", {})
    ring.push("flow", {})
    assert woken == [1, 2]
