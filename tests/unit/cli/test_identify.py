"""Captures and lines of clues -> one line per device."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.l2 import ARP, Ether
from scapy.utils import wrpcap

from gateway.cli.identify import MAX_LINE_BYTES, identify

MAKER, PHONE = "00:17:88:01:02:03", "02:00:5e:10:00:aa"
ROW = """version: 1
vendor: chimes
kinds: {chimes-door: doorbell}
rows:
  - {signal: hostname-pattern, device: chimes-door, value: "chimer-*", evidence: some/source of names, confidence: high}
  - {signal: dns-name, device: chimes-door, value: "*.chimer.example", evidence: other/source, confidence: high}
"""
MADE = """version: 1
vendor: routers
rows: [{signal: oui-maker, value: "Cisco*", evidence: its name, confidence: high}]
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    (folder / "identity").mkdir()
    (folder / "identity/chimes.yaml").write_text(ROW)
    (folder / "identity/routers.yaml").write_text(MADE)
    return folder


def run(source: Path, *args: object) -> Result:
    return CliRunner().invoke(identify, [str(source), *(str(arg) for arg in args)])


def told(result: Result) -> dict[str, dict[str, Any]]:
    return {line["device"]: line for line in map(json.loads, result.stdout.splitlines())}


def clues(folder: Path, *lines: object) -> Path:
    path = folder / "clues.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def clue(device: str, signal: str, value: str, t: float = 0.0) -> dict[str, object]:
    return {"device": device, "signal": signal, "value": value, "t": t}


def capture(folder: Path, *packets: Ether) -> Path:
    path = folder / "a.pcap"
    wrpcap(str(path), list(packets))
    return path


def asks_for_address(mac: str, name: str) -> Ether:
    head = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    return head / BOOTP(op=1, chaddr=bytes.fromhex(mac.replace(":", ""))) / DHCP(options=[("hostname", name), "end"])


def asks_for_name(mac: str, name: str, **fields: str) -> Ether:
    return Ether(src=mac) / IP(src="192.168.1.9", **fields) / UDP(sport=4_000, dport=53) / DNS(qd=DNSQR(qname=name))


def test_a_capture(tmp_path: Path, rows: Path) -> None:
    question = asks_for_name(PHONE, "a.chimer.example")
    pieces = fragment(question, fragsize=24)
    assert len(pieces) > 1
    path = capture(tmp_path, asks_for_address(PHONE, "chimer-1"), *pieces, Ether(src=MAKER) / ARP())
    result = run(path, "--json", "--policies", rows)
    assert result.exit_code == 0, result.output
    found = told(result)
    assert list(found) == [PHONE, MAKER]
    assert list(found[PHONE]) == ["device", "vendor", "profile", "confidence", "because"]
    assert (found[PHONE]["vendor"], found[PHONE]["profile"]) == ("chimes", "doorbell") and found[PHONE]["confidence"] >= 0.8
    assert [part.partition(":")[0] for part in found[PHONE]["because"]] == [
        "calls itself “chimer-1”", "asks for a.chimer.example", "its address is made up by itself",
    ]  # fmt: skip
    assert found[MAKER]["vendor"] == "philips-hue"


def test_a_damaged_capture_loses_nothing_before_the_damage(tmp_path: Path, rows: Path) -> None:
    path = capture(tmp_path, asks_for_address(PHONE, "chimer-1"), asks_for_name(PHONE, "a.chimer.example"))
    path.write_bytes(path.read_bytes()[:-9])
    result = run(path, "--json", "--policies", rows)
    assert result.exit_code == 1 and told(result)[PHONE]["vendor"] == "chimes"
    assert result.stderr == f"{path}: truncated: ends inside packet 2\n"


def test_lines_of_clues(tmp_path: Path, rows: Path) -> None:
    path = clues(
        tmp_path,
        clue("d1", "hostname-pattern", "Chimer-7"),
        clue("d2", "oui", "00-17-88"),
        clue("d3", "oui", "DA:A1:19:00:00:01"),
        "",
        clue("d4", "dns-name", "nobody.example"),
        clue("d5", "oui", "0000.0c12.3456"),
    )
    result = run(path, "--json", "--policies", rows)
    assert result.exit_code == 0, result.output
    found = told(result)
    assert [(line["device"], line["vendor"]) for line in found.values()] == [
        ("d1", "chimes"), ("d2", "philips-hue"), ("d3", ""), ("d4", ""), ("d5", "routers"),
    ]  # fmt: skip
    assert "made up by itself" in found["d3"]["because"][-1]


def test_clues_count_in_the_order_of_their_times(tmp_path: Path, rows: Path) -> None:
    others = [clue("d1", "dns-name", f"{number}.other{number}.example", t=number) for number in range(8)]
    first, last = (clue("d1", "dns-name", "a.chimer.example", t=t) for t in (-1.0, 99.0))
    early, late = (told(run(clues(tmp_path, *others, own), "--json", "--policies", rows))["d1"] for own in (first, last))
    assert early["confidence"] > late["confidence"]


@pytest.mark.parametrize(
    "line, fault",
    [
        pytest.param("nonsense", "not JSON", id="not JSON"),
        pytest.param("[1]", "not an object", id="a list"),
        pytest.param("[" * 20_000, "not JSON", id="deep"),
        pytest.param({"signal": "oui", "value": "a"}, '"device" is missing', id="no device"),
        pytest.param({"device": 7, "signal": "oui", "value": "a"}, '"device" is not text', id="a number"),
        pytest.param(clue("d", "", "a"), '"signal" is not text', id="empty"),
        pytest.param(clue("d", "smell", "a"), '"smell" is not a signal; one of: oui, oui-maker, ', id="signal"),
        pytest.param({**clue("d", "oui", "a"), "t": "now"}, '"t" is not a time', id="no time"),
        pytest.param({**clue("d", "oui", "a"), "t": True}, '"t" is not a time', id="a truth"),
        pytest.param('{"device": "d", "signal": "oui", "value": "a", "t": NaN}', '"t" is not a time', id="not a number"),
        pytest.param('{"device": "d", "signal": "oui", "value": "a", "t": 1' + "0" * 999 + "}", '"t" is not a time', id="far"),
        pytest.param(clue("d", "oui", "a" * MAX_LINE_BYTES * 3), "longer than 64 kB", id="long"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_told_and_costs_no_other(
    tmp_path: Path, rows: Path, line: object, fault: str
) -> None:
    path = clues(tmp_path, clue("d1", "hostname-pattern", "chimer-7"), line, clue("d2", "hostname-pattern", "chimer-8"))
    result = run(path, "--json", "--policies", rows)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}: line 2: {fault}") and result.stderr.count("\n") == 1
    assert [found["vendor"] for found in told(result).values()] == ["chimes", "chimes"]


def test_odd_characters_harm_nobody(tmp_path: Path, rows: Path) -> None:
    path = clues(tmp_path, '{"device": "\\ud800\\u001b[2J", "signal": "hostname-pattern", "value": "chimer-\\u001b[2J"}')
    for args in (["--json"], []):
        result = run(path, *args, "--policies", rows)
        assert result.exit_code == 0 and "\x1b" not in result.stdout


def test_for_people(tmp_path: Path, rows: Path) -> None:
    path = clues(tmp_path, clue("d1", "hostname-pattern", "chimer-7"), clue("d2", "dns-name", "x.chimer.example"))
    lines = run(path, "--policies", rows).stdout.splitlines()
    assert lines[0].startswith("d1  chimes (doorbell)  0.8")
    assert lines[1] == "    calls itself “chimer-7”: chimes chimes-door (some/source of names)"
    assert lines[2].startswith("d2  not sure  0.6") and lines[3] == "    not sure: looks like chimes"


def test_without_a_source(tmp_path: Path, rows: Path) -> None:
    path = clues(tmp_path, clue("d1", "hostname-pattern", "chimer-7"), clue("d1", "dns-name", "x.chimer.example"))
    full, less = (run(path, "--json", "--policies", rows, *args) for args in ([], ["--without", "some/source"]))
    assert "chimer-7" in str(told(full)["d1"]["because"]) and "chimer-7" not in str(told(less)["d1"]["because"])


@pytest.mark.parametrize("name, fault", [("gone.jsonl", "No such file"), ("empty.pcap", "empty file"), (".", "Is a directory")])
def test_what_is_no_file_of_either_kind(tmp_path: Path, name: str, fault: str) -> None:
    (tmp_path / "empty.pcap").touch()
    result = run(tmp_path / name)
    assert (result.exit_code, result.stdout) == (1, "") and fault in result.stderr


def test_rows_with_faults(tmp_path: Path) -> None:
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity/a.yaml").write_text("version: 1\nvendor: a\nrows: [{signal: smell}]\n")
    result = run(clues(tmp_path, clue("d", "oui", "a")), "--policies", tmp_path)
    assert result.exit_code == 1 and 'identity/a.yaml:3:17: rows.0.signal: "smell" is not a signal' in result.stderr


def test_wrong_usage() -> None:
    assert CliRunner().invoke(identify, []).exit_code == 2
