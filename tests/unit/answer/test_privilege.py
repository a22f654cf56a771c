"""What the process gives up, looked at from inside a process that did."""

import json
import os
import subprocess
import sys

import pytest

LOOK = """
import json, os, resource, socket
from gateway.answer.privilege import drop_privileges
drop_privileges()
seen = {"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups()}
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
seen["caps"] = status["CapEff"].strip().strip("0")
seen["no_new_privs"] = status["NoNewPrivs"].strip()
for name, act in {
    "fork": lambda: os.fork() or os._exit(0),
    "write": lambda: os.write(os.open("/tmp", os.O_TMPFILE | os.O_WRONLY), b"x"),
    "back": lambda: os.setuid(0),
    "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "memory": lambda: bytearray(1 << 30),
}.items():
    try:
        act()
        seen[name] = "done"
    except (OSError, MemoryError) as err:
        seen[name] = type(err).__name__
print(json.dumps(seen))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give something up")
def test_nothing_is_left() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=30, check=True)
    seen = json.loads(done.stdout)
    assert (seen["uid"], seen["gid"], seen["groups"]) == ([65_534] * 3, [65_534] * 3, [])
    assert (seen["caps"], seen["no_new_privs"]) == ("", "1")
    assert {seen[name] for name in ("back", "raw")} == {"PermissionError"}
    assert (seen["fork"], seen["memory"]) == ("BlockingIOError", "MemoryError")
    assert seen["write"] == "OSError"


def test_where_there_is_nobody_else_to_be_the_bounds_remain() -> None:
    unshare = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespaces here")
    done = subprocess.run([*unshare, sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=30, check=True)
    seen = json.loads(done.stdout)
    assert (seen["uid"], seen["no_new_privs"], seen["write"], seen["memory"]) == ([0] * 3, "1", "OSError", "MemoryError")
