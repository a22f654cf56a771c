"""Interfaces of a namespace of our own: gone, down, without a carrier, and another one under the same name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MAY_UNSHARE = subprocess.run(["unshare", "-Urn", "true"], capture_output=True, check=False).returncode == 0
pytestmark = [pytest.mark.net, pytest.mark.skipif(not MAY_UNSHARE, reason="needs user namespaces")]
TOP = Path(__file__).resolve().parents[3]
SCRIPT = """
import json, subprocess
from gateway.edge.link import Links, is_there, own_addresses, private_networks, read_link

def ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\\n".join(lines).encode(), check=True)

seen = []
def look():
    seen.append([list(links.troubles().values()), links.renewed()])

ip("link add home0 type veth peer name gadget0", "link add up0 type veth peer name isp0")
links = Links(["home0"], ["up0"])
look()
ip("link set home0 up", "link set up0 up")
look()
old = [private_networks(["up0"])]
ip("addr add 203.0.113.9/24 dev up0")
old.append(private_networks(["up0"]))
ip("addr add 192.168.178.2/24 dev up0", "addr add fd00:1::2/64 dev up0 nodad", "addr del 203.0.113.9/24 dev up0")
old.append(private_networks(["up0", "gone0"]))
upstream = [links.upstream(), Links(["home0"], []).upstream()]
ip("link set isp0 up", "link set gadget0 up", "addr add 10.9.8.1/24 dev home0")
look()
found = [str(read_link("home0").ipv4), bytes([10, 9, 8, 1]) in own_addresses(["home0"]), is_there("home0")]
ip("link del home0")
look()
ip("link add home0 type veth peer name gadget0", "link set home0 up")
look()
look()
gone = [is_there("nothing0"), read_link("nothing0").ipv4]
print(json.dumps({"seen": seen, "found": found, "old": old, "upstream": upstream, "gone": gone}))
"""


def test_interfaces_go_and_come() -> None:
    done = subprocess.run(
        ["unshare", "-Urn", sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, cwd=TOP, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"] == ["10.9.8.1/24", True, True] and told["gone"] == [False, None]
    assert told["old"] == [[], [], ["192.168.178.0/24", "fd00:1::/64", "fe80::/10"]]
    named, others = told["upstream"]
    assert named == ["up0"] and "up0" in others and not {"lo", "home0"} & set(others)
    assert told["seen"] == [
        [["home0 is down: nothing passes there", "up0 is down: nothing passes there"], False],
        [["", "up0 has no carrier: nothing passes there"], False],
        [["", ""], False],
        [["home0 is gone: nothing passes there until it is back", ""], False],
        [["", ""], True],
        [["", ""], False],
    ]
