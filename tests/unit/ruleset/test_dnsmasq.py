"""What dnsmasq is told: golden text, and dnsmasq's own opinion of it."""

import shutil
import subprocess
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from gateway.model.resolver import Link, ResolverPlan
from gateway.ruleset.dnsmasq import pool_of, render_dnsmasq

DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin")
HOME = Link(
    name="wlan0",
    ipv4=IPv4Interface("192.168.50.1/24"),
    ipv6=(IPv6Interface("fd12:3456:789a:1::1/64"),),
)
PLAN = ResolverPlan(links=(HOME,), lease_file="/var/lib/netcurtain/dnsmasq.leases", upstreams=("9.9.9.9", "149.112.112.112#53"))
GOLDEN = """\
# Rendered by Netcurtain. What is changed here is lost.
port=53
bind-dynamic
except-interface=lo
no-hosts
domain-needed
bogus-priv
dns-forward-max=300
# Answers that fit every path without fragments (DNS flag day 2020).
edns-packet-max=1232
interface=wlan0
# Nothing is given up that a user namespace could not give up: no user is switched to, no group list is set.
user=root
group=
pid-file=
log-facility=-
no-resolv
server=9.9.9.9
server=149.112.112.112#53
cache-size=2000
min-cache-ttl=60
neg-ttl=60
stop-dns-rebind
dhcp-authoritative
# An address is given at once: the lease file says which are taken, and devices look for themselves (RFC 5227).
no-ping
quiet-dhcp
quiet-dhcp6
quiet-ra
# The gateway is the clock (its own address is 0.0.0.0 here).
dhcp-option=option:ntp-server,0.0.0.0
# No gadget becomes the home's proxy by calling itself so.
dhcp-name-match=set:no-name,wpad
dhcp-name-match=set:no-name,isatap
dhcp-ignore-names=tag:no-name
dhcp-leasefile=/var/lib/netcurtain/dnsmasq.leases
dhcp-range=192.168.50.32,192.168.50.254,255.255.255.0,12h
enable-ra
dhcp-range=::,constructor:wlan0,ra-stateless,64,12h
"""


def test_golden_text() -> None:
    assert render_dnsmasq(PLAN) == GOLDEN


CASES = {
    "the system's resolvers": (replace(PLAN, upstreams=()), ["resolv-file=/etc/resolv.conf"], ["server=", "no-resolv"]),
    "run by systemd": (replace(PLAN, as_child=False), [], ["user=", "log-facility", "pid-file"]),
    "no DHCP": (replace(PLAN, dhcp=False), ["interface=wlan0"], ["dhcp", "enable-ra"]),
    "a home that answers itself": (replace(PLAN, stop_rebind=False), [], ["stop-dns-rebind"]),
    "a domain in the home": (replace(PLAN, rebind_ok=("plex.direct",)), ["rebind-domain-ok=plex.direct"], []),
    "an interface without addresses": (replace(PLAN, links=(Link(name="eth1"),)), ["interface=eth1"], ["dhcp-range"]),
    "IPv4 only": (replace(PLAN, links=(replace(HOME, ipv6=()),)), ["dhcp-range=192.168.50.32"], ["enable-ra"]),
    "a prefix that is no 64": (
        replace(PLAN, links=(replace(HOME, ipv6=(IPv6Interface("fd12::1/48"),)),)),
        [],
        ["enable-ra"],
    ),
}


@pytest.mark.parametrize(("plan", "present", "absent"), CASES.values(), ids=CASES)
def test_what_is_asked_for_stands_there(plan: ResolverPlan, present: list[str], absent: list[str]) -> None:
    text = render_dnsmasq(plan)
    lines = text.splitlines()
    for start in present:
        assert any(line.startswith(start) for line in lines), start
    for start in absent:
        assert not any(line.startswith(start) for line in lines), start


def test_two_interfaces() -> None:
    second = Link(name="eth1", ipv4=IPv4Interface("10.0.0.1/8"), ipv6=HOME.ipv6)
    lines = render_dnsmasq(replace(PLAN, links=(HOME, second))).splitlines()
    assert [line for line in lines if line.startswith("interface=")] == ["interface=wlan0", "interface=eth1"]
    assert lines.count("enable-ra") == 1
    assert "dhcp-range=10.32.0.0,10.32.15.255,255.0.0.0,12h" in lines


@pytest.mark.parametrize(
    ("own", "pool"),
    [
        pytest.param("192.168.50.1/24", ("192.168.50.32", "192.168.50.254"), id="24"),
        pytest.param("10.0.0.1/29", ("10.0.0.2", "10.0.0.6"), id="29"),
        pytest.param("10.0.0.1/30", ("10.0.0.2", "10.0.0.2"), id="30"),
        pytest.param("10.0.0.1/31", None, id="31"),
        pytest.param("10.0.0.1/32", None, id="32"),
        pytest.param("172.16.0.1/16", ("172.16.32.0", "172.16.47.255"), id="16, bounded"),
    ],
)
def test_pool(own: str, pool: tuple[str, str] | None) -> None:
    assert pool_of(IPv4Interface(own)) == pool


@pytest.mark.skipif(DNSMASQ is None, reason="dnsmasq is not installed")
@pytest.mark.parametrize("plan", [PLAN, *(case[0] for case in CASES.values())], ids=["golden", *CASES])
def test_dnsmasq_takes_it(plan: ResolverPlan, tmp_path: Path) -> None:
    path = tmp_path / "dnsmasq.conf"
    path.write_text(render_dnsmasq(replace(plan, lease_file=str(tmp_path / "leases"))))
    assert DNSMASQ is not None
    done = subprocess.run([DNSMASQ, "--test", f"--conf-file={path}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
