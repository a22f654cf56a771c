"""The lease file is read when it changes, and never believed to be whole."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.leases import Leases, Row, parse_leases, strike
from gateway.model.device import Mac
from gateway.model.event import LeaseGiven

BELL = LeaseGiven(mac=Mac("02:00:5e:10:00:01"), address=bytes([192, 168, 50, 40]), hostname="Ring-abc")
QUIET = LeaseGiven(mac=Mac("02:00:5e:10:00:02"), address=bytes([192, 168, 50, 41]))
LINES = """\
1790000000 02:00:5E:10:00:01 192.168.50.40 Ring-abc 01:02:00:5e:10:00:01
1790000001 02:00:5e:10:00:02 192.168.50.41 * *
duid 00:01:00:01:2f:00:00:00:02:00:5e:10:00:00
1790000002 6299664 fd12:3456:789a:1::1234 Ring-abc 00:01:00:01
1790000003 02:00:5e:10:00:03 192.168.50
"""


def test_lines() -> None:
    assert parse_leases(LINES) == [Row(1790000000, BELL), Row(1790000001, QUIET)]


@given(text=st.one_of(st.text(), st.from_regex(r"\d+ [0-9a-f:]{15,18} [0-9.]{6,16} \S+ \S+\n", fullmatch=True)))
def test_any_text_gives_leases_or_none(text: str) -> None:
    for _, lease in parse_leases(text):
        assert len(lease.address) == 4 and len(lease.mac) == 17


def test_a_lease_is_told_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    leases = Leases(path)
    assert leases.read() == []
    path.write_text(LINES)
    assert leases.read() == [BELL, QUIET]
    assert leases.read() == []
    path.write_text(LINES.replace("1790000000", "1790009999"))
    assert leases.read() == [], "only renewed"
    path.write_text(LINES.replace("192.168.50.41 *", "192.168.50.99 echo"))
    (changed,) = leases.read()
    assert (changed.address[3], changed.hostname) == (99, "echo")
    path.unlink()
    assert leases.read() == []


@pytest.mark.parametrize(
    ("renewed_after_s", "restarted"),
    [(30, True), (3_600, True), (21_600, False), (-50, False)],
    ids=["at once", "after an hour", "at half its time", "clock set back"],
)
def test_who_renews_long_before_it_has_to_was_switched_on(tmp_path: Path, renewed_after_s: int, restarted: bool) -> None:
    path, lasts_s = tmp_path / "leases", 43_200
    given = int(time.time()) - renewed_after_s
    leases = Leases(path)
    path.write_text(f"{given + lasts_s} {BELL.mac} 192.168.50.40 Ring-abc *\n")
    assert leases.read() == [BELL]
    path.write_text(f"{given + renewed_after_s + lasts_s} {BELL.mac} 192.168.50.40 Ring-abc * \n")
    assert leases.read() == ([replace(BELL, restarted=True)] if restarted else [])


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"\0" * 50], ids=["no text", "empty", "zeros"])
def test_a_damaged_file_holds_no_leases(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "leases").write_bytes(raw)
    assert Leases(tmp_path / "leases").read() == []


def test_a_device_is_struck_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    mine, other = "02:00:5e:10:00:01", "02:00:5e:10:00:02"
    lines = [f"1790000000 {mac} 192.168.50.{number} name-{number} *\n" for number, mac in enumerate((mine, other, mine))]
    assert not strike(path, mine) and not path.exists()
    path.write_text("".join([*lines, "duid 00:01\n", "half a li"]))
    assert strike(path, mine) and not strike(path, mine)
    assert path.read_text() == "".join([lines[1], "duid 00:01\n", "half a li"])
