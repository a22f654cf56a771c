"""The panel as its unit starts it: a user of its own, who can do what the panel needs and nothing else.

``games`` stands for that user: Debian always has it, and here it has nothing of its own.
"""

import json
import os
import pwd
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.edge.share import PANEL_GROUP
from gateway.lab.home import Home
from gateway.lab.namespace import MS_BIND, _mount, inside, privileged
from gateway.lab.panel import LabPanel, open_outside
from gateway.lab.topology import CURTAIN4

USER = "games"
BIND = "+net_bind_service"
RIGHTS = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs", "--bounding-set", f"-all,{BIND}",
          "--inh-caps", f"-all,{BIND}", "--ambient-caps", f"-all,{BIND}")  # fmt: skip
"""``User=``, ``NoNewPrivileges=``, ``CapabilityBoundingSet=`` and ``AmbientCapabilities=`` of ``netcurtain-panel.service``."""
GATEWAY = "net_admin,net_raw,net_bind_service,setuid,setgid,chown,kill,sys_nice"
"""``CapabilityBoundingSet=`` of ``netcurtain.service``."""
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = ("netcurtain", "netcurtain-panel")
NET_BIND_SERVICE = 1 << 10
TRIES = """\
import json, os, sqlite3, subprocess, sys, time
from pathlib import Path
from gateway.edge.control_client import ControlClient
from gateway.edge.ledger_reader import LedgerReader
from gateway.household import Household

control, policies, state = map(Path, sys.argv[1:4])

def flows():
    with LedgerReader(state / "ledger.db") as reader:
        return reader.last_flow_id()

def write_ledger():
    database = sqlite3.connect(state / "ledger.db")
    database.execute("DELETE FROM flow")
    database.commit()

def edit():
    file = policies / "household.yaml"
    from gateway.edge.document import replace_text
    before = file.read_text()
    replace_text(file, before, before + "# seen by the panel\\n")

def ask():
    with ControlClient(control) as client:
        return client.ask("status")["epoch"]

def rules():
    subprocess.run(["nft", "list", "ruleset"], check=True, capture_output=True)

tries = {
    "ask the gateway": ask,
    "read the ledger": flows,
    "edit the household's file": edit,
    "write its own state": lambda: (state / "panel" / "probe").write_text("x"),
    "write the ledger": write_ledger,
    "remove the ledger": lambda: (state / "ledger.db").unlink(),
    "write the shared memory": lambda: open(state / "ledger.db-shm", "r+b"),
    "read the gateway's state": lambda: (state / "state.json").read_text(),
    "list its folder": lambda: os.listdir(state),
    "write there": lambda: (state / "probe").write_text("x"),
    "read the packet filter": rules,
    "read passwords": lambda: Path("/etc/shadow").read_text(),
    "signal the gateway": lambda: os.kill(int(sys.argv[4]), 0),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(json.dumps([name, "done"]), flush=True)
    except Exception as err:
        print(json.dumps([name, type(err).__name__ + ": " + str(err)]), flush=True)
"""
NEEDED = ("ask the gateway", "read the ledger", "edit the household's file", "write its own state")


def let_through(program: Path) -> None:
    """In this world everybody gets to it: where it is in somebody's home, that holds nothing else from now on."""
    for folder in reversed(program.parents):
        if folder.stat().st_mode & 0o001:
            continue
        inner = folder / program.relative_to(folder).parts[0]
        kept = os.open(inner, os.O_PATH)
        _mount("tmpfs", str(folder), "tmpfs")
        folder.chmod(0o755)
        inner.mkdir()
        _mount(f"/proc/self/fd/{kept}", str(inner), "", MS_BIND)
        os.close(kept)


def scene() -> dict[str, Any]:
    """The gateway with what its unit leaves it, the panel as its user, and what else that user gets at."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for program in (Path(sys.executable).resolve(), Path(sys.executable), Path(__file__)):
        let_through(program)
    owner = pwd.getpwnam(USER)
    seen: dict[str, Any] = {}
    with open_outside() as outside, Home(actors=("speaker",), settings={"NETCURTAIN_CONTROL_GROUP": USER}) as home:
        curtain = home.curtain
        curtain.stop()
        curtain.rights = ("setpriv", "--bounding-set", "-all," + ",".join(f"+{one}" for one in GATEWAY.split(",")))
        curtain.start()
        curtain.await_ready()
        seen["gateway"] = _capabilities(curtain.pid)
        seen["problems"] = home.ask("status")["problems"]
        own = curtain.state / "panel"
        own.mkdir(mode=0o700)
        os.chown(own, owner.pw_uid, owner.pw_gid)
        for path in (curtain.policies, *curtain.policies.rglob("*")):
            os.chown(path, 0, owner.pw_gid)
            path.chmod(0o2775 if path.is_dir() else 0o664)
        panel = LabPanel(
            home.machines["gateway"], control=curtain.control, policies=curtain.policies, state=curtain.state,
            outside=outside, rights=RIGHTS,
        )  # fmt: skip
        panel.start()
        home["speaker"].one(tls="api.amazon.com", up=200)
        time.sleep(3.0)  # the ledger has it
        seen["panel"] = _capabilities(panel.pid) if not panel.trouble else panel.trouble
        seen["log"] = panel.log.read_text(errors="replace")
        with home.machines["gateway"].entered():
            ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{CURTAIN4.format(1)}/login"]
            seen["serves"] = subprocess.run(ask, capture_output=True, text=True).stdout
        seen["tries"] = _try(home, curtain)
        curtain.stop(kill=True)
        seen["killed"] = _try(home, curtain)
        curtain.start()
        curtain.await_ready()
        curtain.stop()
        seen["stopped"] = _try(home, curtain)
        panel.stop()
    return seen


def _try(home: Home, curtain: Any) -> dict[str, str]:
    machine = home.machines["gateway"]
    paths = [str(path) for path in (curtain.control, curtain.policies, curtain.state)]
    done = machine.spawn(
        [*RIGHTS, sys.executable, "-c", TRIES, *paths, str(curtain.pid)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).communicate(timeout=30)[0]
    return dict(json.loads(line) for line in done.decode().splitlines() if line.startswith("["))


def _capabilities(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))


@pytest.mark.net
@pytest.mark.slow
@pytest.mark.skipif(not privileged(), reason="somebody without rights has nobody else to be")
def test_the_panels_user_can_do_what_it_needs_and_nothing_else() -> None:
    seen = inside(scene)
    assert seen["panel"] == NET_BIND_SERVICE, seen
    assert seen["gateway"].bit_count() == len(GATEWAY.split(",")) and not seen["problems"], seen
    assert seen["serves"] in ("200", "303"), seen
    tries = seen["tries"]
    assert {name: tries[name] for name in NEEDED} == dict.fromkeys(NEEDED, "done")
    assert {name for name, came in tries.items() if came == "done"} == set(NEEDED), tries
    for after in ("killed", "stopped"):
        assert seen[after]["read the ledger"] == "done", seen[after]
        assert {name for name, came in seen[after].items() if came == "done"} < set(NEEDED), seen[after]


def test_the_units_give_what_was_tried_here() -> None:
    units = {name: (DEPLOY / f"{name}.service").read_text(encoding="utf-8").splitlines() for name in UNITS}
    gateway = " ".join(f"CAP_{one.upper()}" for one in GATEWAY.split(","))
    assert sorted(_value(units["netcurtain"], "CapabilityBoundingSet").split()) == sorted(gateway.split())
    for key in ("CapabilityBoundingSet", "AmbientCapabilities"):
        assert _value(units["netcurtain-panel"], key) == "CAP_NET_BIND_SERVICE"
    assert _value(units["netcurtain-panel"], "User") == _value(units["netcurtain"], "SupplementaryGroups") == PANEL_GROUP
    for lines in units.values():
        assert _value(lines, "NoNewPrivileges") == "yes" and _value(lines, "ProtectSystem") == "strict"


def _value(lines: list[str], key: str) -> str:
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{key}="))


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    files = []
    for name in UNITS:
        text = (DEPLOY / f"{name}.service").read_text(encoding="utf-8")
        files.append(tmp_path / f"{name}.service")
        files[-1].write_text(text.replace("/opt/netcurtain/.venv/bin/netcurtain", "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", *map(str, files)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
