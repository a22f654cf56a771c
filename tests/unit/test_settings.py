"""Settings from file, environment and options; every fault at once."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings, SettingsError, keys, load_settings

FILE = """
lan = ["wlan0", "eth1"]
wan = ["eth0"]
policies = ["/data/policies"]
state = "/data/state"
control = "/run/n.sock"
control_group = "netcurtain"
queue = 3
trust_clock = true
[dnsmasq]
managed = false
upstreams = ["9.9.9.9", "2620:fe::fe#5353"]
cache = 100
dhcp = false
prefix6 = "fd12:3456:789a:1::/64"
stop_rebind = false
rebind_ok = ["plex.direct"]
[names]
grace_s = 60
[ledger]
days = 3
months = 6
[panel]
listen = ["10.0.0.1", "[fd00::1]:8080"]
hosts = ["curtain.example"]
user = "panel"
"""
ALL = Settings(
    lan=("wlan0", "eth1"),
    wan=("eth0",),
    policies=(Path("/data/policies"),),
    state_dir=Path("/data/state"),
    control=Path("/run/n.sock"),
    control_group="netcurtain",
    queue=3,
    trust_clock=True,
    dnsmasq_managed=False,
    dnsmasq_upstreams=("9.9.9.9", "2620:fe::fe#5353"),
    dnsmasq_cache=100,
    dnsmasq_dhcp=False,
    dnsmasq_prefix6="fd12:3456:789a:1::/64",
    dnsmasq_stop_rebind=False,
    dnsmasq_rebind_ok=("plex.direct",),
    names_grace_s=60.0,
    ledger_days=3,
    ledger_months=6,
    panel_listen=("10.0.0.1", "[fd00::1]:8080"),
    panel_hosts=("curtain.example",),
    panel_user="panel",
)
ENVIRONMENT = {
    "NETCURTAIN_LAN": "wlan0, eth1",
    "NETCURTAIN_WAN": "eth0",
    "NETCURTAIN_POLICIES": "/data/policies",
    "NETCURTAIN_STATE": "/data/state",
    "NETCURTAIN_CONTROL": "/run/n.sock",
    "NETCURTAIN_CONTROL_GROUP": "netcurtain",
    "NETCURTAIN_QUEUE": "3",
    "NETCURTAIN_TRUST_CLOCK": "yes",
    "NETCURTAIN_DNSMASQ_MANAGED": "false",
    "NETCURTAIN_DNSMASQ_UPSTREAMS": "9.9.9.9,2620:fe::fe#5353",
    "NETCURTAIN_DNSMASQ_CACHE": "100",
    "NETCURTAIN_DNSMASQ_DHCP": "0",
    "NETCURTAIN_DNSMASQ_PREFIX6": "fd12:3456:789a:1::/64",
    "NETCURTAIN_DNSMASQ_STOP_REBIND": "no",
    "NETCURTAIN_DNSMASQ_REBIND_OK": "plex.direct",
    "NETCURTAIN_NAMES_GRACE_S": "60",
    "NETCURTAIN_LEDGER_DAYS": "3",
    "NETCURTAIN_LEDGER_MONTHS": "6",
    "NETCURTAIN_PANEL_LISTEN": "10.0.0.1, [fd00::1]:8080",
    "NETCURTAIN_PANEL_HOSTS": "curtain.example",
    "NETCURTAIN_PANEL_USER": "panel",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "netcurtain.toml"
    path.write_text(FILE)
    return path


def test_a_file_sets_everything(config: Path) -> None:
    assert load_settings(config, environment={}) == ALL
    assert len(list(keys())) == len(fields(Settings))


def test_the_environment_sets_everything() -> None:
    assert load_settings(environment={**ENVIRONMENT, "NETCURTAIN_VENV": "/x", "PATH": "/bin"}) == ALL


def test_nothing_is_fine() -> None:
    assert load_settings(environment={}) == Settings()


def test_options_win_over_the_environment_and_that_over_the_file(config: Path) -> None:
    found = load_settings(
        config,
        environment={"NETCURTAIN_LAN": "lan1", "NETCURTAIN_WAN": "wan1"},
        lan=("lan2",),
        wan=(),
        state=Path("/tmp/s"),
        control=None,
        policies=(Path("a"), Path("b")),
    )
    assert (found.lan, found.wan, found.state_dir, found.control) == (("lan2",), ("wan1",), Path("/tmp/s"), ALL.control)
    assert found.policies == (Path("a"), Path("b"))


FAULTS: dict[str, tuple[str, list[str]]] = {
    "an unknown key": ("lann = 1", ["no setting 'lann'", "trust_clock", "dnsmasq.managed"]),
    "an unknown key of a section": ("[dnsmasq]\nmanage = 1", ["'dnsmasq.manage'", "dnsmasq.managed"]),
    "an unknown section": ("[dns]\nx = 1", ["no setting 'dns'"]),
    "a section that is none": ("dnsmasq = 1", ["no setting 'dnsmasq'"]),
    "a text for a list": ('lan = "wlan0"', ["lan: must be a list"]),
    "an interface that can be none": ('lan = ["wlan0; reboot"]', ["interface names"]),
    "a number for a text": ("state = 5", ["state: must be a path"]),
    "a number too large": ("queue = 70000", ["from 0 to 65535", "70000"]),
    "a truth for a number": ("queue = true", ["queue: must be a whole number"]),
    "a text for a truth": ('trust_clock = "yes"', ["true or false"]),
    "an upstream that is no address": ('[dnsmasq]\nupstreams = ["dns.example"]', ["ADDRESS#PORT"]),
    "an upstream with a port that is none": ('[dnsmasq]\nupstreams = ["9.9.9.9#0"]', ["ADDRESS#PORT"]),
    "a prefix of another length": ('[dnsmasq]\nprefix6 = "fd12::/48"', ["64 bits"]),
    "a domain that is none": ('[dnsmasq]\nrebind_ok = ["a\\nuser=x"]', ["list of domains"]),
    "a group that can be none": ('control_group = "a b"', ["name of a user or group"]),
    "no TOML": ("lan = [", ["is no TOML"]),
    "many at once": ('queue = "x"\nlann = 1\n[ledger]\ndays = 0', ["queue", "lann", "ledger.days"]),
}


@pytest.mark.parametrize(("text", "told"), FAULTS.values(), ids=FAULTS)
def test_faults_are_told_all_at_once(tmp_path: Path, text: str, told: list[str]) -> None:
    path = tmp_path / "netcurtain.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, environment={})
    for part in [*told, str(path)]:
        assert part in str(caught.value)


def test_a_file_that_is_missing_is_a_fault_only_where_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml", environment={})


@pytest.mark.parametrize(("key", "value"), [("NETCURTAIN_QUEUE", "many"), ("NETCURTAIN_TRUST_CLOCK", "maybe")])
def test_faults_of_the_environment_name_the_variable(key: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=key):
        load_settings(environment={key: value})


def test_faults_of_options_name_the_option() -> None:
    with pytest.raises(SettingsError, match="--lan"):
        load_settings(environment={}, lan=("not an interface",))
