"""`netcurtain run` as an operator meets it: what happens at its edges, on the real kernel."""

import subprocess
import time
from pathlib import Path

import pytest

from gateway.lab.home import Home
from gateway.lab.namespace import inside
from tests.support.datapath import wait_for

pytestmark = pytest.mark.net
VOICE, METRICS = "avs-alexa-14-na.amazon.com", "unagi-na.amazon.com"


def _shell(home: Home, command: str) -> str:
    with home.machines["gateway"].entered():
        return subprocess.run(command, shell=True, capture_output=True, text=True, check=False).stdout


def test_second_gateway_ends_and_undoes_nothing_of_the_first(tmp_path: Path) -> None:
    def play() -> tuple[int, str, str, str, str]:
        with Home(actors=["speaker"], captured=False) as home:
            own = ["--state", str(tmp_path / "state"), "--control", str(tmp_path / "control.sock")]
            second = home.cli("run", "--lan", "br0", "--wan", "wan0", *own)
            speaker = home["speaker"]
            voice, metrics = speaker.one(tls=VOICE, up=500).result, speaker.one(tls=METRICS, up=500).result
            return second.returncode, second.stderr, voice, metrics, _shell(home, "nft list tables; sysctl net.ipv4.ip_forward")

    status, said, voice, metrics, kernel = inside(play)
    assert (status, voice, metrics) == (1, "ok", "unresolved")
    assert "another gateway" in said
    assert "table inet netcurtain" in kernel and "ip_forward = 1" in kernel


def test_policy_that_is_broken_at_the_start_leaves_the_shipped_one_in_force_and_says_so() -> None:
    def damage(policies: Path) -> None:
        household = policies / "household.yaml"
        household.write_text(household.read_text().replace("preset: recommended", "preset: recomended"))

    def play() -> tuple[list[str], str, str]:
        with Home(actors=["speaker"], captured=False, prepare=damage) as home:
            home["speaker"].one(tls=METRICS, up=500)
            flows = home.ask("flows", limit=5)
            return home.ask("status")["policy_faults"], flows[-1]["netcurtain"]["effect"], home.curtain.log_tail()

    faults, effect, log = inside(play)
    assert any("household.yaml" in fault and "recomended" in fault for fault in faults)
    assert effect == "refuse"
    assert "the shipped policy is in force" in log


def test_clean_stop_is_quick_and_puts_everything_back() -> None:
    def play() -> tuple[float, str, str, str]:
        with Home(actors=["speaker"], captured=False) as home:
            during = _shell(home, "sysctl -n net.netfilter.nf_conntrack_tcp_loose")
            took = home.curtain.stop()
            rules = _shell(home, "nft list table inet netcurtain; iptables-save -t mangle | grep NFQUEUE")
            return took, during, rules, _shell(home, "sysctl -n net.netfilter.nf_conntrack_tcp_loose")

    took, during, rules, after = inside(play)
    assert took < 2.0
    assert (during.strip(), rules, after.strip()) == ("0", "", "1")


def test_viewing_survives_a_kill_with_what_remains_of_it() -> None:
    def play() -> tuple[float, float]:
        with Home(actors=["doorbell"], captured=False) as home:
            home.ask("view", device="front-door", seconds=600)
            time.sleep(0.3)
            before = home.ask("status")["grants"][0]["remaining_s"]
            home.curtain.stop(kill=True)
            home.curtain.start()
            home.curtain.await_ready()
            return before, home.ask("status")["grants"][0]["remaining_s"]

    before, after = inside(play)
    assert 0 < after <= 600
    assert abs(before - after) < 5.0


def test_connection_that_outlived_a_clean_stop_is_judged_by_the_policy_of_the_start() -> None:
    def play() -> tuple[int, int, str]:
        with Home(actors=["speaker"], captured=False) as home:
            stream = home["speaker"].begin([{"tls": VOICE, "up": 1500, "for_s": 20, "every_s": 0.05, "timeout_s": 15}])
            assert wait_for(lambda: [flow for flow in home.ask("flows", limit=5) if flow["bytes_toserver"]], timeout_s=10.0)
            before = home.ask("status")["epoch"]
            home.curtain.stop()
            household = home.policies / "household.yaml"
            entry = "profile: echo, confirmed: true"
            household.write_text(household.read_text().replace(entry, f"{entry}, rules: {{voice: block}}"))
            home.curtain.start()
            home.curtain.await_ready()
            return before, home.ask("status")["epoch"], stream.wait()[0].result

    before, after, result = inside(play)
    assert after == before + 1
    assert result == "refused"
