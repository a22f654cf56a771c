"""The doctor in namespaces that are well, and in some that are not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main, symptom
from gateway.cli.symptom import Level, Patient, examine
from gateway.settings import Settings
from tests.support.fake_gateway import TOP, running

MAY_UNSHARE = subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, check=False).returncode == 0
in_a_namespace = pytest.mark.skipif(not MAY_UNSHARE, reason="needs user namespaces")
HOME = """
ip link set lo up
ip link add home0 type veth peer name gadget0; ip link set home0 up; ip link set gadget0 up
ip address add 192.168.77.1/24 dev home0; ip address add fd12:3456:789a:1::1/64 dev home0 nodad
ip link add wan0 type veth peer name cloud0; ip link set wan0 up; ip link set cloud0 up
ip address add 203.0.113.2/24 dev wan0; ip route add default via 203.0.113.1
"""


def doctor(prepare: str, *words: str, control: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """(exit code, findings by what they are about) within a namespace that ``prepare`` made."""
    call = " ".join([sys.executable, "-m", "gateway", "doctor", "--json", "--control", str(control), *words])
    command = ["unshare", "-Urnm", "bash", "-ec", f"{HOME}\n{prepare}\n{call}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=TOP, check=False)
    assert done.stdout, done.stderr
    return done.returncode, {row["what"]: row for row in json.loads(done.stdout)["findings"]}


@in_a_namespace
def test_a_machine_that_is_well(tmp_path: Path) -> None:
    status, found = doctor("", "--lan home0 --wan wan0", control=tmp_path / "none.sock")
    assert status == 0, found
    for what in ("rights", "nftables", "packet queue", "curtain", "upstream", "leftovers"):
        assert found[what]["level"] == "ok"
    assert found["gateway"]["found"] == "not running"


ILL = {
    "no interface named": ("", "", "curtain", "fail", "home0"),
    "an interface that is not there": ("", "--lan wlan9", "curtain", "fail", "home0"),
    "an interface without address": ("ip address flush dev home0", "--lan home0", "curtain", "fail", "ip address add"),
    "no IPv6": ("ip -6 address flush dev home0", "--lan home0", "curtain", "warn", "prefix6"),
    "no way out": ("ip route del default", "--lan home0", "upstream", "warn", "internet"),
    "the way out on the curtain's side": (
        "ip route replace default via 192.168.77.9 dev home0", "--lan home0", "upstream", "fail", "own",
    ),
    "an upstream that is not there": ("", "--lan home0 --wan eth9", "upstream", "fail", "present"),
    "another resolver": (
        f"{sys.executable} -c 'import socket, time; s = socket.socket(2, 2); s.bind((\"192.168.77.1\", 53)); time.sleep(20)' & "
        "sleep 0.5; trap 'kill $!' EXIT", "--lan home0", "resolver", "fail", "ss -lunp",
    ),
    "a table left behind": ("nft add table inet netcurtain", "--lan home0", "leftovers", "warn", "nft delete table"),
}  # fmt: skip


@in_a_namespace
@pytest.mark.parametrize(("prepare", "words", "what", "level", "advice"), ILL.values(), ids=ILL)
def test_what_ails_it(tmp_path: Path, prepare: str, words: str, what: str, level: str, advice: str) -> None:
    status, found = doctor(prepare, words, control=tmp_path / "none.sock")
    if what == "upstream" and "eth9" in words:
        assert status == 1
    else:
        assert (found[what]["level"], advice in found[what]["advice"]) == (level, True), found[what]
    assert status == (1 if level == "fail" else 0)


def test_without_rights_it_says_so(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/status").write_text("Name:\tx\nCapEff:\t0000000000002000\n")
    (finding, _) = symptom.rights(Patient(Settings(), proc=tmp_path))
    assert finding.level is Level.FAIL and finding.found == "no CAP_NET_ADMIN" and "sudo" in finding.advice


def test_without_programs_it_names_the_packages(tmp_path: Path) -> None:
    patient = Patient(Settings(lan=("lo",)), path=str(tmp_path))
    advice = " ".join(finding.advice for finding in [*symptom.programs(patient), *symptom.resolver(patient)])
    assert {"nftables", "iproute2", "dnsmasq-base"} <= set(advice.split())


def test_a_check_that_fails_is_a_finding(tmp_path: Path) -> None:
    found = {finding.what: finding for finding in examine(Patient(Settings(), proc=tmp_path, path=""))}
    assert found["rights"].level is Level.WARN and "could not be looked at" in found["rights"].found


def test_a_gateway_that_runs_is_no_leftover(tmp_path: Path) -> None:
    with running(tmp_path / "control.sock"):
        patient = Patient(Settings(control=tmp_path / "control.sock"))
        (finding,) = symptom.leftovers(patient)
    assert "running" in finding.found


def test_people_read_it_too(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", "--lan", "nosuch9", "--control", str(tmp_path / "none.sock")])
    assert result.exit_code == 1
    assert "fail  curtain: nosuch9 is not there" in result.output and "-> " in result.output


def test_wrong_settings_are_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("lann = 1\n")
    result = CliRunner().invoke(main, ["doctor", "--config", str(tmp_path / "bad.toml")])
    assert result.exit_code == 2 and "lann" in result.stderr
