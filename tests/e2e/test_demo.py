"""``deploy/demo``, as a newcomer starts it: in the kernel with and without rights, and as a replay; nothing of it remains."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ORDINARY = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
"""Prefix of a command that is to run as somebody without any rights."""
FORBID = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
NOWHERE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", FORBID, "-")
"""Prefix of a command that is to meet a kernel in which it may make no namespaces."""

pytestmark = pytest.mark.net


def command(*words: str) -> list[str]:
    """The demo with the interpreter that runs the tests, which has all that ``deploy/setup.sh`` would install."""
    return [sys.executable, "-m", "gateway", "lab", "demo", *words]


def run(*words: str, prefix: Sequence[str] = ()) -> tuple[list[list[str]], str]:
    """Its lines, and what it said beside them."""
    done = subprocess.run([*prefix, *command(*words)], capture_output=True, text=True, timeout=60, cwd=TOP, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()], done.stderr


def seen(rows: list[list[str]]) -> set[tuple[str, str, str]]:
    """(device, purpose, verdict) of every flow shown."""
    return {(row[2], row[3], row[5]) for row in rows if row[1:2] == ["flow"]}


def processes(marker: str) -> dict[str, str]:
    """Processes whose environment carries this marker: (command, network namespace)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in folder.joinpath("environ").read_bytes():
                found[folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()] = os.readlink(folder / "ns/net")
        except OSError:
            continue
    return found


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Whatever the demo starts carries a marker in its environment; afterwards nothing that does may be left. (A network
    namespace without a name goes with its last process.)"""
    marker = f"demo-{os.getpid()}-{time.monotonic_ns()}"
    files = _files()
    monkeypatch.setenv("NETCURTAIN_TEST_MARK", marker)
    yield marker
    end = time.monotonic() + 3
    while (left := processes(marker)) and time.monotonic() < end:
        time.sleep(0.05)
    assert left == {}
    assert _files() == files


def _files() -> set[Path]:
    return {path for folder in ("/run", "/tmp") for path in Path(folder).glob("netcurtain*")}


@pytest.mark.parametrize(
    "prefix",
    [pytest.param((), id="as we are", marks=pytest.mark.slow), pytest.param(ORDINARY, id="without rights")],
)
def test_a_home_in_the_kernel(prefix: Sequence[str], traces: str) -> None:
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespace here in which to be somebody else")
    rows, said = run("--plain", "--for", "10s", prefix=prefix)
    assert "it stands after" in said and "replay" not in said.lower(), said
    flows = seen(rows)
    assert flows >= {
        ("kitchen-speaker", "voice", "passes"),
        ("kitchen-speaker", "telemetry", "refused"),
        ("kitchen-speaker", "mesh-sharing", "refused"),
        ("back-door", "motion-event", "silent"),
        ("front-door", "video", "refused"),
        ("02:00:5e:10:00:06", "dns-escape", "answered here"),
    }
    totals = {row[1]: dict(cell.split("=") for cell in row[2:]) for row in rows if row[0] == "total"}
    assert int(totals["telemetry"]["stopped"]) > 3 and totals["telemetry"]["passed"] == "0"
    assert int(totals["voice"]["passed"]) > 0 and totals["voice"]["stopped"] == "0"
    assert rows[-1][0] == "kept at home" and "tries stopped" in rows[-1][1]


@pytest.mark.parametrize(
    "prefix",
    [pytest.param((), id="as we are"), pytest.param(ORDINARY, id="without rights", marks=pytest.mark.slow)],
)
def test_its_panel_is_out_here_while_it_lasts(prefix: Sequence[str], traces: str) -> None:
    """The link is valid once, leads into the first run, and needs nothing of this machine but a loopback address."""
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespace here in which to be somebody else")
    words = [*prefix, *command("--plain", "--for", "12s")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=TOP) as process:
        assert process.stdout is not None
        link = next(
            found[1] for line in process.stdout if (found := re.search(r"panel: (http://127\.0\.0\.1:\d+/enter/\S+)", line))
        )
        with urllib.request.urlopen(link, timeout=10) as answer:
            page = answer.read().decode()
        assert answer.status == 200 and "Set up this box" in page
        assert process.stdout.read() and process.wait(10) == 0
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(link, timeout=2)


@pytest.mark.slow
def test_a_recording_of_the_same_home(traces: object) -> None:
    rows, said = run("--plain", "--replay", "--for", "8s")
    assert "a recording of" in said and rows[0][1] == "note" and rows[0][6].startswith("REPLAY")
    assert seen(rows) >= {
        ("kitchen-speaker", "voice", "passes"),
        ("kitchen-speaker", "telemetry", "refused"),
        ("kitchen-speaker", "mesh-sharing", "refused"),
        ("back-door", "motion-event", "silent"),
        ("02:00:5e:10:00:06", "dns-escape", "answered here"),
    }
    assert rows[-1][0] == "kept at home"
    assert any("a recording has no panel" in row[-1] for row in rows)


def test_where_no_home_can_be_built_it_says_why_and_replays(traces: object) -> None:
    if subprocess.run([*NOWHERE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespace here in which to forbid them")
    rows, said = run("--plain", "--for", "3s", prefix=NOWHERE)
    assert "no virtual home can be built here: cannot make namespaces here" in said
    assert rows[0][6].startswith("REPLAY") and seen(rows)


def test_the_replay_needs_nothing_of_linux() -> None:
    """Its imports: no packet queue, no netlink, no namespaces."""
    code = (
        "import sys\n"
        "from gateway.cli.demo import demo\n"
        "assert demo(plain=True, seconds=0.1, replay=True) == 0\n"
        "print(*[name for name in sys.modules if name.startswith(('gateway.lab.', 'gateway.edge.'))], sep=',')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, cwd=TOP, check=True)
    loaded = set(done.stdout.splitlines()[-1].split(","))
    assert loaded == {"gateway.edge.pcap", "gateway.edge.control_client", "gateway.edge.control_line"}


def test_its_script_sets_up_what_is_missing(traces: str) -> None:
    done = subprocess.run(
        [TOP / "deploy/demo", "--replay", "--plain", "--for", "1s"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "\tREPLAY of a recorded home" in done.stdout


@pytest.mark.slow
def test_keys_change_what_happens(traces: str) -> None:
    ours, process = _on_a_terminal()
    _read_until(ours, "device-metrics")
    os.write(ours, b"t")
    said = _read_until(ours, "a new policy is in force")
    assert "household.yaml now says: kitchen-speaker: telemetry: allow" in said
    os.write(ours, b"v")
    _read_until(ours, "open: viewing front-door video")
    _read_until(ours, "viewing ended", timeout_s=20.0)
    os.write(ours, b"q")
    said = _read_until(ours, "\0")
    os.close(ours)
    assert process.wait(10) == 0
    assert "kept at home:" in said[said.rindex("\x1b[?1049l") :], "the last word stays in the terminal"


@pytest.mark.slow
def test_a_day_can_be_recorded_anew(tmp_path: Path, traces: str) -> None:
    file = tmp_path / "day.pcap.gz"
    record = [sys.executable, "-m", "gateway", "lab", "record", str(file), "--for", "6s"]
    subprocess.run(record, check=True, cwd=TOP, timeout=60)
    household = TOP / "gateway/lab/household"
    inspect = [sys.executable, "-m", "gateway", "inspect", "--json", "--policies", str(household), str(file)]
    done = subprocess.run(inspect, check=True, cwd=TOP, capture_output=True, text=True, timeout=60)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    judged = {(row["netcurtain"]["device_id"], row["netcurtain"]["purpose"], row["netcurtain"]["effect"]) for row in told}
    assert judged >= {("kitchen-speaker", "mesh-sharing", "refuse"), ("kitchen-speaker", "voice", "pass")}
    sent = [row["bytes_toclient"] for row in told if row["netcurtain"]["purpose"] == "mesh-sharing" and row["dest_port"] == 443]
    assert max(sent) > 1_000, "nobody stood in its way while it was recorded"


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_ended_early_it_leaves_nothing(end: signal.Signals, traces: str) -> None:
    ours, process = _on_a_terminal()
    said = _read_until(ours, "kitchen-speaker")
    assert len(set(processes(traces).values())) > 8, "a namespace for each gadget, the gateway and the internet"
    os.killpg(process.pid, end) if end is signal.SIGINT else process.terminate()
    said += _read_until(ours, "\0")
    assert process.wait(10) in (0, 143)
    os.close(ours)
    assert "Traceback" not in said
    assert said.rindex("\x1b[?1049l") > said.rindex("\x1b[?1049h"), "the terminal is given back"


def _on_a_terminal() -> tuple[int, "subprocess.Popen[bytes]"]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(
        command(), stdin=theirs, stdout=theirs, stderr=theirs, cwd=TOP, env=environment, start_new_session=True
    )
    os.close(theirs)
    return ours, process


def _read_until(terminal: int, text: str, timeout_s: float = 15.0) -> str:
    """What a terminal shows, until this came or the other end closed."""
    shown, end = "", time.monotonic() + timeout_s
    while text not in shown and time.monotonic() < end:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            shown += os.read(terminal, 65_536).decode(errors="replace")
        except OSError:
            break
    return shown
