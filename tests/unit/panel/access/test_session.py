"""Sessions: kept by their hashes, for a time, in bounded number."""

from pathlib import Path

import pytest

from gateway.panel.access.keep import Keep
from gateway.panel.access.session import ABSOLUTE_S, FRESH_LINK_S, IDLE_S, MAX_SESSIONS, Session, Sessions
from tests.support.clocks import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Keep(tmp_path / "panel.json")


def opened(sessions: Sessions, account: str = "household", **more: str) -> tuple[Session, str]:
    given = {"address": "192.168.50.7", "agent": "Firefox", "by": "password"} | more
    return sessions.open(account=account, role="owner", **given)  # type: ignore[arg-type]


def test_the_token_is_not_on_the_disk(keep: Keep, clock: Clock) -> None:
    session, token = opened(Sessions(keep, clock))
    written = keep.path.read_text()
    assert token not in written
    assert session.id in written
    assert len(token) == 43


def test_a_session_outlives_a_restart(keep: Keep, clock: Clock) -> None:
    session, token = opened(Sessions(keep, clock))
    assert Sessions(Keep(keep.path), clock).find(token) == session


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 43])
def test_another_token_opens_nothing(keep: Keep, clock: Clock, token: str) -> None:
    sessions = Sessions(keep, clock)
    session, _ = opened(sessions)
    assert sessions.find(token) is None
    assert sessions.find(session.id) is None


def test_who_does_not_come_back_is_out(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    _, token = opened(sessions)
    clock.pass_by(IDLE_S)
    assert sessions.find(token)
    clock.pass_by(IDLE_S + 1)
    assert sessions.find(token) is None
    assert sessions.listed() == ()


def test_nobody_stays_in_for_ever(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    _, token = opened(sessions)
    days = 0
    while sessions.find(token) is not None:
        clock.pass_by(86_400.0)
        days += 1
    assert days == ABSOLUTE_S / 86_400.0 + 1


def test_the_session_not_used_for_longest_makes_room(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    tokens = []
    for _ in range(MAX_SESSIONS):
        tokens.append(opened(sessions)[1])
        clock.pass_by(1.0)
    assert sessions.find(tokens[0])
    opened(sessions)
    assert len(sessions.listed()) == MAX_SESSIONS
    assert sessions.find(tokens[0])
    assert sessions.find(tokens[1]) is None


def test_ending_one_ends_no_other(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    first, first_token = opened(sessions)
    _, second_token = opened(sessions)
    assert sessions.revoke(first.id)
    assert not sessions.revoke(first.id)
    assert sessions.find(first_token) is None
    assert Sessions(Keep(keep.path), clock).find(second_token)


def test_all_of_an_account_end_but_one(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    mine, _ = opened(sessions)
    opened(sessions)
    other, _ = opened(sessions, "bea")
    assert sessions.revoke_all("household", but=mine.id) == 1
    assert {one.id for one in sessions.listed()} == {mine.id, other.id}
    assert sessions.revoke_all("nobody") == 0


def test_looking_does_not_wear_the_card(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    _, token = opened(sessions)
    before = keep.path.stat().st_mtime_ns
    for _ in range(50):
        clock.pass_by(10.0)
        sessions.find(token, "192.168.50.8")
    assert keep.path.stat().st_mtime_ns == before
    clock.pass_by(200.0)
    sessions.find(token)
    assert keep.path.stat().st_mtime_ns > before
    assert Sessions(Keep(keep.path), clock).listed()[0].address == "192.168.50.8"


def test_a_clock_that_was_set_back_throws_nobody_out(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    _, token = opened(sessions)
    clock.now = 0.0
    assert sessions.find(token)


def test_who_came_by_a_link_is_fresh_for_a_while(keep: Keep, clock: Clock) -> None:
    sessions = Sessions(keep, clock)
    by_link, _ = opened(sessions, by="link")
    by_password, _ = opened(sessions)
    assert sessions.is_fresh_link(by_link)
    assert not sessions.is_fresh_link(by_password)
    clock.pass_by(FRESH_LINK_S + 1)
    assert not sessions.is_fresh_link(by_link)


def test_what_a_browser_says_of_itself_is_bounded(keep: Keep, clock: Clock) -> None:
    session, _ = opened(Sessions(keep, clock), agent="Fire\x1b[31mfox\n" + "x" * 10_000)
    assert len(session.agent) == 160
    assert session.agent.isprintable()


def test_rows_of_another_version_are_logged_out(keep: Keep, clock: Clock) -> None:
    keep.put("sessions", [{"id": "1", "odd": True}])
    assert Sessions(keep, clock).listed() == ()
