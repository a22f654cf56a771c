"""What rules in shadow would have stopped."""


from gateway.engine.shadow import MAX_RULES, NAMES_SHOWN, Shadows
from tests.unit.engine.test_habit import flow

WOULD = {"would": "block", "would_rule": "household.yaml:8", "bytes_toserver": 100, "bytes_toclient": 10}


def test_flows_are_counted_once_however_often_they_are_told() -> None:
    shadows, first = Shadows(), flow(1, **WOULD)
    shadows.add(first, None)
    shadows.add(first._replace(bytes_toserver=300), first)
    shadows.add(flow(2), None)
    (row,) = shadows.rows()
    assert (row["flows"], row["bytes_out"], row["bytes_in"], row["names"]) == (1, 300, 10, ["beat.example.com"])
    assert (row["would"], row["rule"]) == ("block", "household.yaml:8")
    shadows.add(first._replace(would=""), first._replace(bytes_toserver=300))
    assert list(shadows.rows()) == []


def test_it_is_bounded() -> None:
    shadows = Shadows()
    for number in range(MAX_RULES + 9):
        shadows.add(flow(1, **{**WOULD, "would_rule": f"x:{number}"}), None)
    for number in range(NAMES_SHOWN + 9):
        shadows.add(flow(1, name=f"{number}.example.com", **{**WOULD, "would_rule": "x:0"}), None)
    rows = list(shadows.rows())
    assert len(rows) == MAX_RULES
    assert max(len(row["names"]) for row in rows) == NAMES_SHOWN
