from typing import Any

import pytest

from gateway.edge.health import Health


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over() -> None:
    told: list[tuple[dict[str, Any], bool]] = []
    clock = iter([100.0, 160.0, 200.0])
    health = Health(lambda trouble, is_new: told.append((dict(trouble), is_new)), wall=lambda: next(clock))
    health.set("ledger", "")
    assert told == []
    for rows in (1, 2):
        health.set("ledger", "the disk is full", rows_lost=rows)
    assert told == [({"what": "ledger", "message": "the disk is full", "at": 100.0, "rows_lost": 1}, True)]
    health.set("ledger", "", rows_lost=3)
    health.set("ledger", "", rows_lost=3)
    over = {"what": "ledger", "message": "the disk is full", "at": 100.0, "rows_lost": 3, "over_at": 160.0}
    assert told[1:] == [(over, False)]
    health.set("ledger", "the disk is full")
    assert told[2] == ({"what": "ledger", "message": "the disk is full", "at": 200.0}, True), "it may come again"


def test_what_was_told_shows_how_it_stands_now() -> None:
    told: list[dict[str, Any]] = []
    health = Health(lambda trouble, is_new: told.append(trouble), wall=lambda: 5.0)
    health.set("resolver", "it ended")
    health.set("resolver", "it does not start")
    health.set("interface br0", "br0 is gone")
    assert [trouble["message"] for trouble in told] == ["it does not start", "br0 is gone"]


def test_what_fails_in_a_block_is_a_trouble_until_it_works_again() -> None:
    told: list[tuple[str, bool]] = []
    health = Health(lambda trouble, is_new: told.append((trouble["message"], is_new)), wall=lambda: 5.0)
    with health.watch("sets", "cannot be read"):
        raise OSError("no room")
    with health.watch("sets", "cannot be read"):
        pass
    assert told == [("cannot be read: no room", True), ("cannot be read: no room", False)]
    with pytest.raises(ValueError), health.watch("sets", "cannot be read"):
        raise ValueError("a mistake of ours is none of its business")
