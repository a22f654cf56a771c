"""The real dnsmasq in a namespace without any rights: it answers, gives addresses, is started again, and ends."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DNSMASQ = shutil.which("dnsmasq", path="/usr/sbin:/usr/bin:/sbin")
MAY_UNSHARE = subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, check=False).returncode == 0
pytestmark = [
    pytest.mark.net,
    pytest.mark.skipif(DNSMASQ is None or not MAY_UNSHARE, reason="needs dnsmasq and user namespaces"),
]
TOP = Path(__file__).resolve().parents[3]

PREPARE = """
import json, os, select, signal, socket, struct, subprocess, sys, time
from pathlib import Path
from gateway.edge.dnsmasq import Dnsmasq
from gateway.edge.leases import Leases
from gateway.edge.link import read_link
from gateway.ruleset.dnsmasq import render_dnsmasq
from gateway.settings import Settings

def sh(line):
    subprocess.run(line.split(), check=True)

def until(true, timeout_s=6.0):
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True

state = Path(sys.argv[1])
for line in ("ip link set lo up", "ip link add home0 type veth peer name gadget0", "ip addr add 192.168.77.1/24 dev home0",
             "ip link set gadget0 address 02:00:5e:10:00:01", "ip link set gadget0 up", "ip link set home0 up"):
    sh(line)
settings = Settings(lan=("home0",), dnsmasq_upstreams=("192.0.2.53",), dnsmasq_prefix6="fd12:3456:789a:1::/64")
dnsmasq = Dnsmasq(render_dnsmasq, settings, state)
seen = {}
"""
FINISH = """
dnsmasq.stop()
print(json.dumps(seen))
"""


def in_namespace(script: str, state: Path) -> dict[str, Any]:
    """Run a script in network and user namespaces of its own; what it put into ``seen``."""
    done = subprocess.run(
        ["unshare", "-Urnm", "--kill-child", sys.executable, "-c", PREPARE + script + FINISH, str(state)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=TOP,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_answers_gives_addresses_and_announces_the_prefix(tmp_path: Path) -> None:
    seen = in_namespace(
        """
started = time.monotonic()
listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
listener.bind(("gadget0", 0))
dnsmasq.start()
seen["ready"], seen["ready_s"] = dnsmasq.ready, time.monotonic() - started
seen["prefix"] = [str(address) for address in read_link("home0").ipv6]

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptPrefixInfo, IPv6
from scapy.layers.l2 import Ether

mac = "02:00:5e:10:00:01"
def send(*options):
    head = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    body = BOOTP(chaddr=bytes.fromhex(mac.replace(":", "")), xid=7, flags=0x8000)
    said = DHCP(options=[*options, ("hostname", b"Ring-abc"), ("param_req_list", [1, 3, 6, 42]), "end"])
    listener.send(bytes(head / body / said))
def receive(layer):
    end = time.monotonic() + 8
    while time.monotonic() < end:
        if select.select([listener], [], [], 0.2)[0]:
            frame = Ether(listener.recv(2048))
            if layer in frame and frame.src != mac:
                return frame
send(("message-type", "discover"))
offer = receive(DHCP)
send(("message-type", "request"), ("requested_addr", offer[BOOTP].yiaddr), ("server_id", "192.168.77.1"))
options = dict(option[:2] for option in receive(DHCP)[DHCP].options if isinstance(option, tuple))
seen["options"] = {name: options.get(name) for name in ("message-type", "router", "name_server", "NTP_server")}
leases = Leases(state / "dnsmasq.leases")
given = []
until(lambda: given.extend(leases.read()) or given)
seen["lease"] = [given[0].mac, given[0].hostname, socket.inet_ntoa(given[0].address) == offer[BOOTP].yiaddr]
solicit = Ether(src=mac, dst="33:33:00:00:00:02") / IPv6(src="fe80::5eff:fe10:1", dst="ff02::2", hlim=255) / ICMPv6ND_RS()
listener.send(bytes(solicit))
ra = receive(ICMPv6ND_RA)
seen["announced"] = ra and ra[ICMPv6NDOptPrefixInfo].prefix

ask = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ask.settimeout(3)
version = bytes.fromhex("123401000001000000000000") + b"\\x07version\\x04bind\\x00" + bytes.fromhex("00100003")
ask.sendto(version, ("192.168.77.1", 53))
seen["answer"] = b"dnsmasq-" in ask.recv(512)
seen["problems"] = dnsmasq.watch()
""",
        tmp_path,
    )
    assert seen["ready"] and seen["ready_s"] < 2.0
    assert seen["prefix"] == ["fd12:3456:789a:1::1/64"]
    assert seen["options"] == {
        "message-type": 5, "router": "192.168.77.1", "name_server": "192.168.77.1", "NTP_server": "192.168.77.1",
    }  # fmt: skip
    assert seen["lease"] == ["02:00:5e:10:00:01", "Ring-abc", True]
    assert seen["announced"] == "fd12:3456:789a:1::"
    assert seen["answer"] and seen["problems"] == []


def test_it_is_started_again_and_ends(tmp_path: Path) -> None:
    seen = in_namespace(
        """
dnsmasq.start()
pid = int((state / "dnsmasq.pid").read_text())
os.kill(pid, signal.SIGKILL)
problems = []
until(lambda: problems.extend(dnsmasq.watch()) or problems)
seen["problem"] = problems[0]
seen["again"] = until(lambda: (dnsmasq.watch(), dnsmasq.ready)[1])
sh("ip addr del 192.168.77.1/24 dev home0"); sh("ip addr add 10.9.8.1/24 dev home0")
seen["moved"] = until(lambda: (dnsmasq.watch(), "dhcp-range=10.9.8.32," in (state / "dnsmasq.conf").read_text())[1])
seen["bound"] = until(lambda: (dnsmasq.watch(), dnsmasq.ready)[1])
started = time.monotonic()
dnsmasq.stop()
seen["stop_s"] = time.monotonic() - started
seen["left"] = [dnsmasq.ready, (state / "dnsmasq.pid").exists(), [str(address) for address in read_link("home0").ipv6]]
""",
        tmp_path,
    )
    assert "ended (status -9)" in seen["problem"]
    assert seen["again"] and seen["moved"] and seen["bound"]
    assert seen["stop_s"] < 1.5
    assert seen["left"] == [False, False, []]


def test_one_that_a_killed_gateway_left_is_replaced(tmp_path: Path) -> None:
    seen = in_namespace(
        """
dnsmasq.start()
left = int((state / "dnsmasq.pid").read_text())
os.close(dnsmasq._trace.pipe)  # nobody listens any more
dnsmasq._trace.pipe = -1
second = Dnsmasq(render_dnsmasq, settings, state)
second.start()
now = int((state / "dnsmasq.pid").read_text())
seen["ready"], seen["other"], seen["problems"] = second.ready, now != left, second.watch()
seen["ended"] = dnsmasq._child.wait(2)
dnsmasq._child = None
second.stop()
""",
        tmp_path,
    )
    assert seen.pop("ended") in (0, 5), "5: it was asked to end while it still started"
    assert seen == {"ready": True, "other": True, "problems": []}


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    seen = in_namespace(
        """
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind(("192.168.77.1", 53))
dnsmasq.start()
problems = []
until(lambda: problems.extend(dnsmasq.watch()) or problems)
seen["problem"] = problems[0]
taken.close()
seen["again"] = until(lambda: (dnsmasq.watch(), dnsmasq._child and dnsmasq.ready)[1] is True)
""",
        tmp_path,
    )
    assert "in use" in seen["problem"]
    assert seen["again"]


def test_left_to_systemd_only_the_file_is_written(tmp_path: Path) -> None:
    seen = in_namespace(
        """
import dataclasses
left = Dnsmasq(render_dnsmasq, dataclasses.replace(settings, dnsmasq_managed=False), state)
left.start()
seen["file"] = (state / "dnsmasq.conf").read_text().startswith("# Rendered")
seen["started"] = (state / "dnsmasq.pid").exists()
seen["problems"] = left.watch()
left.stop()
""",
        tmp_path,
    )
    assert seen == {"file": True, "started": False, "problems": []}


def test_its_end_is_a_trouble_until_it_answers_again(tmp_path: Path) -> None:
    seen = in_namespace(
        """
dnsmasq.start()
seen["before"] = dnsmasq.trouble
os.kill(int((state / "dnsmasq.pid").read_text()), signal.SIGKILL)
seen["told"] = until(lambda: (dnsmasq.watch(), dnsmasq.trouble)[1])
seen["trouble"] = dnsmasq.trouble
dnsmasq.watch()
seen["lasts"] = dnsmasq.trouble == seen["trouble"]
seen["over"] = until(lambda: (dnsmasq.watch(), not dnsmasq.trouble)[1])
seen["answers"] = dnsmasq.ready
""",
        tmp_path,
    )
    assert "ended (status -9)" in seen.pop("trouble")
    assert seen == {"before": "", "told": True, "lasts": True, "over": True, "answers": True}


def test_on_a_read_only_disk_it_has_a_folder_in_memory(tmp_path: Path) -> None:
    seen = in_namespace(
        """
disk = state / "disk"
disk.mkdir()
sh(f"mount -t tmpfs -o size=1m tmpfs {disk}")
(disk / "dnsmasq.leases").write_text(f"{int(time.time()) + 3600} 02:00:5e:10:00:01 192.168.77.40 bell *\\n")
sh(f"mount -o remount,ro {disk}")
late = Dnsmasq(render_dnsmasq, settings, disk)
late.start()
seen["ready"], seen["trouble"] = late.ready, late.trouble
leases, given = Leases(late.lease_file), []
until(lambda: given.extend(leases.read()) or given)  # it writes its file anew when it starts
seen["leases"] = [lease.mac for lease in given]
late.stop()
""",
        tmp_path,
    )
    assert seen == {"ready": True, "trouble": "", "leases": ["02:00:5e:10:00:01"]}


def test_it_forgets_a_device_and_answers_again(tmp_path: Path) -> None:
    seen = in_namespace(
        """
mine, other = "02:00:5e:10:00:03", "02:00:5e:10:00:04"
ends = int(time.time()) + 3_600
lines = "".join(f"{ends} {mac} 192.168.77.{50 + at} name-{at} *\\n" for at, mac in enumerate((mine, other)))
dnsmasq.lease_file.write_text(lines)
dnsmasq.start()
until(lambda: dnsmasq.ready)
before = (state / "dnsmasq.pid").read_text()
dnsmasq.forget("02:00:5e:10:00:99")
seen["for nobody"] = (state / "dnsmasq.pid").read_text() == before
began = time.monotonic()
dnsmasq.forget(mine)
seen["took_s"] = time.monotonic() - began
seen["again"], seen["problems"] = until(lambda: dnsmasq.ready), dnsmasq.watch()
seen["left"] = dnsmasq.lease_file.read_text().count("192.168.77."), mine in dnsmasq.lease_file.read_text()
""",
        tmp_path,
    )
    assert seen["for nobody"] and seen["again"] and seen["problems"] == []
    assert seen["left"] == [1, False]
    assert seen["took_s"] < 0.5, "packets wait meanwhile"
