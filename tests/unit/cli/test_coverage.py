import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.cli.coverage import MAX_NAMES, Coverage, is_ledger, read_ledger
from gateway.model.record import FlowRecord
from tests.support.seen_flows import CLOUD, FAR, HOME, MIXED, flow, write_ledger


def tally(records: Iterable[FlowRecord]) -> Coverage:
    coverage = Coverage()
    for record in records:
        coverage.add(record)
    return coverage


def test_shares_of_flows_bytes_and_names() -> None:
    found = tally(MIXED)
    assert found.flows.json() == {"explained": 2, "total": 6, "share": 0.3333}
    assert found.bytes_out.json() == {"explained": 400, "total": 958, "share": 0.4175}
    assert found.bytes_in.total == 60
    assert found.names().json() == {"explained": 0, "total": 2, "share": 0.0}, "a name counts where every flow to it does"
    assert found.at_home == 2
    assert found.json()["purposes"] == {"control": 2, "unknown": 2, "direct-address": 2}


def test_the_unexplained_come_first_and_the_largest_of_them_first() -> None:
    found = tally(MIXED).json()
    assert list(found)[0] == "unexplained"
    assert [(line["name"], line["flows"], line["bytes_out"], line["why"]) for line in found["unexplained"]] == [
        ("203.0.113.7:443/tcp", 2, 501, "no name"), ("b.example.com", 1, 50, "because"), ("a.example.com", 1, 7, "because"),
    ]  # fmt: skip
    assert found["unexplained"][0]["profiles"] == ["bell", "careful"]


@pytest.mark.parametrize("dst, text", [(CLOUD, "203.0.113.7:443/tcp"), (FAR, "[2001:db8::7]:443/tcp")])
def test_addresses_without_a_name(dst: bytes, text: str) -> None:
    (line,) = tally([flow(name=None, purpose="unknown", dst=dst)]).unexplained()
    assert (line.name, line.named) == (text, False)


def test_what_the_internet_opened_is_named_by_the_far_end() -> None:
    record = flow(name=None, purpose="unknown")._replace(src=CLOUD, dst=HOME)
    assert tally([record]).unexplained()[0].name == "203.0.113.7:443/tcp"


def test_the_share_of_nothing_is_unknown() -> None:
    assert Coverage().json()["flows"] == {"explained": 0, "total": 0, "share": None}


def test_names_without_end_become_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.coverage.MAX_NAMES", 2)
    found = tally(flow(number, name=f"n{number}.example.com", purpose="unknown") for number in range(1, 6))
    assert [line.name for line in found.unexplained()] == ["all others", "n1.example.com", "n2.example.com"]
    assert MAX_NAMES > 2


def test_a_ledger_is_read_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.coverage.PAGE_ROWS", 2)
    path = write_ledger(tmp_path / "ledger.db")
    assert is_ledger(path)
    assert [record.flow_id for record in read_ledger(path)] == list(range(1, 9))


def test_what_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(b"\xd4\xc3\xb2\xa1")
    assert not is_ledger(tmp_path / "a.pcap")
    with pytest.raises(OSError):
        is_ledger(tmp_path / "gone")
    with pytest.raises(OSError):
        list(read_ledger(tmp_path / "a.pcap"))


def test_a_damaged_ledger_is_told_after_what_could_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.coverage.PAGE_ROWS", 1)
    path = write_ledger(tmp_path / "ledger.db")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE flow SET src = x'00' WHERE flow_id = 3")
    read = []
    with pytest.raises(OSError, match="damaged"):
        for record in read_ledger(path):
            read.append(record.flow_id)
    assert read == [1, 2]
