"""How fast the panel is with 30 devices and a million flows of a week. By hand: ``python -m tests.panel_load [FLOWS]``.

Writes a ledger, starts the real panel (``netcurtain panel``) on loopback before a gateway that only talks, reads every page
many times as one browser would, and prints what it found beside its goal. Ends with 1 where a goal was missed.
"""

import argparse
import gzip
import http.client
import os
import random
import re
import selectors
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gateway.edge.control import ControlServer
from gateway.edge.ledger import open_ledger
from gateway.edge.ledger_schema import ADD_TOTAL, PUT_FLOW, PUT_JUDGEMENT, rows_of
from gateway.model.command import Reply
from gateway.model.control import Request, Response
from gateway.model.record import FlowRecord
from gateway.panel.access import Access, Keep
from gateway.policy import load

WEEK_S = 7 * 86_400
DEVICES = 30
RARE, RARE_PURPOSE, RARE_EVERY = 29, "dns-escape", 40_000
"""A device and a purpose that hardly anything happens with."""
GOAL_MS, GOAL_BYTES, GOAL_REQUESTS, GOAL_MIB = 100.0, 100_000, 12, 70.0
TURNS = 40
WARM_S = 5.0
"""The ledger is read when the panel starts; who comes within it waits for that."""
STALE_S = 2.1
"""After it nothing that the panel keeps for a moment is left: every page is asked for both ways."""
PASSWORD = "seven green kettles"
KINDS = ("ring-doorbell", "wyze-cam", "echo", "fire-tv", "hue-bridge", "kasa", "kindle", "sonos-speaker", "roku-tv", "shelly")
DOES = (
    ("control", "pass", "limit"), ("telemetry", "refuse", "block"), ("update", "pass", "allow"), ("unknown", "refuse", "block"),
    ("advertising", "refuse", "block"), ("time", "redirect", "answer"), ("cdn", "pass", "limit"), ("video", "refuse", "block"),
)  # fmt: skip
HEAD = re.compile(rb'(?:href|src)="(/static/[^"]+)"')
Pages = dict[str, str]


def mac_of(number: int) -> str:
    """Of a device."""
    return f"02:00:5e:20:00:{number:02x}"


def write_household(folder: Path) -> None:
    """Files that name all devices."""
    folder.mkdir(parents=True)
    entries = [
        f'  thing-{number}: {{mac: "{mac_of(number)}", profile: {KINDS[number % len(KINDS)]}, confirmed: true}}\n'
        for number in range(DEVICES)
    ]  # fmt: skip
    text = "version: 1\ntimezone: Europe/Berlin\ndevices:\n" + "".join(entries)
    (folder / "household.yaml").write_text(text, encoding="utf-8")


def write_ledger(path: Path, flows: int, now: float) -> None:
    """A week of them, as the gateway writes them: rows, texts that are shared, sums by the minute."""
    chance = random.Random(4)
    texts = _texts(now)
    busy = [number for number in range(DEVICES) if number != RARE]
    weights = [1 + number % 7 for number in busy]
    sums: dict[tuple[int, str, str, str], list[int]] = {}
    with closing(open_ledger(path)) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        database.executemany(PUT_JUDGEMENT, [judgement for rows in texts.values() for _, _, judgement in rows])
        database.executemany(PUT_FLOW, _flows(flows, now, texts, chance, busy, weights, sums))
        database.executemany(ADD_TOTAL, [(*key, *line) for key, line in sums.items()])
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _flows(
    flows: int, now: float, texts: Any, chance: random.Random, busy: list[int], weights: list[int], sums: Any
) -> Iterator[tuple[Any, ...]]:
    for number in range(1, flows + 1):
        started = now - WEEK_S + (WEEK_S - 60) * number / flows
        who = RARE if number % RARE_EVERY == 0 else chance.choices(busy, weights)[0]
        record, row, judgement = texts[who][0 if number % RARE_EVERY == 1 else chance.randrange(1, len(texts[who]))]
        sent = 0 if record.effect != "pass" else chance.randrange(100, 20_000)
        key = (int(started // 60), record.device, record.purpose, record.effect)
        line = sums.setdefault(key, [0, 0, 0, 0, 0])
        for place, more in enumerate((1, 1, sent, 3 * sent, 0 if sent else 517)):
            line[place] += more
        yield (number, round(started * 1e6), *row[2:7], sent, 3 * sent, 4, 6, 0 if sent else 517, 1, None, None, judgement[0])


def _texts(now: float) -> dict[int, list[tuple[FlowRecord, tuple[Any, ...], tuple[Any, ...]]]]:
    """Device -> what its flows can be: each with its row of numbers and of texts; the first is rare."""
    plain = FlowRecord(
        flow_id=1, started=now, proto=6, src=ip_address("192.168.50.4").packed, sport=40_000,
        dst=ip_address("198.51.100.77").packed, dport=443, device="", device_id="", profile="", app_proto="tls",
        name_source="sni", confidence=0.9,
    )  # fmt: skip
    found = {}
    for number in range(DEVICES):
        rows = []
        for place, (purpose, effect, action) in enumerate(((RARE_PURPOSE, "refuse", "block"), *DOES)):
            for name in (f"{purpose}-{host}.maker-{number}.example.com" for host in range(1 if place == 0 else 6)):
                record = plain._replace(
                    device=mac_of(number), device_id=f"thing-{number}", profile=KINDS[number % len(KINDS)],
                    server_name=name, names=(name,), purpose=purpose, effect=effect, action=action,
                    rule=f"profiles/{KINDS[number % len(KINDS)]}.yaml:12", reason=f"{purpose}: as its profile says",
                )  # fmt: skip
                rows.append((record, *rows_of(record)))
        found[number] = rows
    return found


class Gateway:
    """The gateway's end of the control socket, in a thread: everybody is there, and all is well."""

    def __init__(self, path: Path, digest: str) -> None:
        self._selector = selectors.DefaultSelector()
        self._server = ControlServer(path, self._selector)
        self._over = threading.Event()
        self._answers: dict[str, Any] = {"devices": [_row(number) for number in range(DEVICES)], "status": _status(digest)}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave."""
        self._over.set()
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            for key, mask in self._selector.select(0.05):
                for asked in self._server.handle(key, mask):
                    self._server.reply(Reply(client=asked.client, response=self._answer(asked.request)))

    def _answer(self, request: Request) -> Response:
        if request.do in self._answers:
            return Response(id=request.id, data=self._answers[request.do])
        return Response(id=request.id, error_code="unknown-flow", message="not among the last flows")


def _row(number: int) -> dict[str, Any]:
    return {
        "mac": mac_of(number), "id": f"thing-{number}", "profile": KINDS[number % len(KINDS)], "family": "", "trusted": False,
        "owner": "", "confirmed": True, "hostname": f"thing-{number}", "first_seen": time.time() - WEEK_S,
        "last_seen": time.time(), "addresses": [f"192.168.50.{number + 10}", f"fd00::{number + 10:x}"], "manner": None,
        "named": True, "guess": None, "set_up_s": 0,
    }  # fmt: skip


def _status(digest: str) -> dict[str, Any]:
    return {
        "policy": digest, "policy_faults": [], "grants": [], "questions": [], "problems": [], "clock_trusted": True,
        "totals": [], "trials": [], "shadows": [], "devices": DEVICES, "live_flows": 40, "epoch": 1,
    }  # fmt: skip


class Visitor:
    """One browser, logged in; counts nothing but bytes."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> tuple[int, bytes, float]:
        """(status, body, seconds until it was there)."""
        return self._ask("GET", path, None, headers)

    def log_in(self) -> None:
        """As the household."""
        _, page, _ = self.get("/login")
        token = re.search(rb'name="([^"]+)" value="([^"]+)">', page)
        assert token is not None
        fields = {token[1].decode(): token[2].decode(), "password": PASSWORD, "name": "", "next": "/"}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        status, _, _ = self._ask("POST", "/login", urlencode(fields), headers)
        assert status == 303, f"logging in was answered with {status}"

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes, float]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        began = time.perf_counter()
        self._connection.request(method, path, body, {"cookie": cookie, **headers})
        answer = self._connection.getresponse()
        found = answer.read()
        took = time.perf_counter() - began
        for text in answer.headers.get_all("set-cookie") or ():
            name, _, value = text.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, found, took


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure beside its goal."""

    what: str
    shown: str
    goal: str
    is_met: bool


@contextmanager
def running_panel(folder: Path, port: int, *, before: tuple[str, ...] = ()) -> Iterator[int]:
    """The real process; its id. ``before``: what starts it."""
    command = [
        *before, sys.executable, "-m", "gateway", "panel", "--listen", f"127.0.0.1:{port}",
        "--control", str(folder / "control.sock"), "--policies", str(folder / "policies"), "--state", str(folder / "state"),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            for _ in range(400):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def memory_mib(pid: int, key: str = "VmRSS") -> float:
    """Of a process: resident now, or at most so far (``VmHWM``)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"{key}:\s+(\d+)", text)[1]) / 1024  # type: ignore[index]


def pages(newest: int) -> Pages:
    """Name -> path."""
    rare = urlencode({"device": mac_of(RARE)})
    return {
        "home": "/",
        "device": f"/devices/{mac_of(5)}",
        "device, rare": f"/devices/{mac_of(RARE)}",
        "activity": "/activity",
        "activity, a week back": f"/activity?before={newest // 50}",
        "activity, one device": f"/activity?device={mac_of(5)}",
        "activity, rare device": f"/activity?{rare}",
        "activity, rare purpose": f"/activity?purpose={RARE_PURPOSE}",
        "activity, rare of one": f"/activity?device={mac_of(5)}&purpose={RARE_PURPOSE}",
        "activity, never": f"/activity?device={mac_of(5)}&purpose=voice",
        "activity, stopped": "/activity?effect=stopped",
        "flow": f"/activity/{newest - 10}",
        "week": "/week",
        "week as CSV": "/week.csv",
        "API, devices": "/api/v1/devices",
        "API, flows": "/api/v1/flows",
    }


def cpu_s(pid: int) -> float:
    """What a process has used of processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(visitor: Visitor, pid: int, asked: Pages, say: Callable[[str], None]) -> Iterator[Line]:
    """Each page as often as ``TURNS``, now and then when all that is kept for a moment is old."""
    for name, path in asked.items():
        status, body, first = visitor.get(path)
        if status == 404 and path.startswith("/api/"):
            say(f"{name}: not there yet")
            continue
        assert status == 200, f"{path} was answered with {status}"
        used = cpu_s(pid)
        took = sorted(_timed(visitor, path, turn) for turn in range(TURNS))
        used = (cpu_s(pid) - used) / TURNS * 1_000
        middle, high = took[TURNS // 2], took[int(TURNS * 0.95)]
        shown = f"p50 {middle:.0f} ms, p95 {high:.0f} ms, CPU {used:.0f} ms, first {first * 1_000:.0f} ms"
        shown += f", {len(body) / 1_000:.0f} kB"
        yield Line(what=name, shown=shown, goal=f"p95 {GOAL_MS:.0f} ms", is_met=high <= GOAL_MS)


def _timed(visitor: Visitor, path: str, turn: int) -> float:
    if turn % 14 == 0:
        time.sleep(STALE_S)
    return visitor.get(path)[2] * 1_000


def first_page(visitor: Visitor) -> Iterator[Line]:
    """What a browser that was never here fetches."""
    _, page, _ = visitor.get("/")
    bodies = [page, *(visitor.get(path.decode())[1] for path in dict.fromkeys(HEAD.findall(page)))]
    requests = len(bodies) + 1  # and the stream
    plain, packed = sum(map(len, bodies)), sum(len(gzip.compress(body, 6)) for body in bodies)
    shown = f"{plain / 1_000:.0f} kB ({len(page) / 1_000:.0f} of them the page), {packed / 1_000:.0f} if packed"
    _, sent, _ = visitor.get("/", **{"accept-encoding": "gzip"})
    left = plain - len(page) + len(sent)
    yield Line(what="first page", shown=f"{shown}; sent {left / 1_000:.0f} kB", goal="100 kB", is_met=left <= GOAL_BYTES)
    yield Line(what="its requests", shown=str(requests), goal=str(GOAL_REQUESTS), is_met=requests <= GOAL_REQUESTS)


def free_port() -> int:
    """One that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(folder: Path, flows: int, say: Callable[[str], None]) -> None:
    """Files, account and ledger, unless they are there from an earlier run."""
    if (folder / "state").exists():
        return
    write_household(folder / "policies")
    own = folder / "state" / "panel"
    own.mkdir(parents=True)
    Access(Keep(own / "panel.json")).accounts.add("household", "owner", PASSWORD)
    began = time.monotonic()
    write_ledger(folder / "state" / "ledger.db", flows, time.time())
    size = (folder / "state" / "ledger.db").stat().st_size / 1e6
    say(f"a ledger of {flows} flows, {size:.0f} MB, written within {time.monotonic() - began:.0f} s")


def newest_of(path: Path) -> int:
    """The last flow's id."""
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT max(flow_id) FROM flow").fetchone()[0])


def run(folder: Path, flows: int, only: str, say: Callable[[str], None]) -> list[Line]:
    """All figures."""
    prepare(folder, flows, say)
    policy = load(folder / "policies").policy
    assert policy is not None
    gateway, port = Gateway(folder / "control.sock", policy.digest), free_port()
    asked = {name: path for name, path in pages(newest_of(folder / "state" / "ledger.db")).items() if only in name}
    lines: list[Line] = []
    try:
        with running_panel(folder, port) as pid:
            visitor = Visitor(port)
            visitor.log_in()
            time.sleep(WARM_S)
            say(f"resident before the first page: {memory_mib(pid):.1f} MiB")
            for line in chain(measure(visitor, pid, asked, say), first_page(visitor)):
                lines.append(line)
                say(f"{line.what}: {line.shown}")
            now, most = memory_mib(pid), memory_mib(pid, "VmHWM")
            shown = f"{now:.1f} MiB, at most {most:.1f}"
            lines.append(Line(what="resident memory", shown=shown, goal="70 MiB", is_met=now <= GOAL_MIB))
    finally:
        gateway.close()
    return lines


def main() -> int:
    """0 where every goal was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("flows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="where the ledger is kept, or was kept by an earlier run")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netcurtain-load-") as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        lines = run(folder, given.flows, given.only, lambda text: print(text, file=sys.stderr, flush=True))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for line in lines:
        print(f"{'ok  ' if line.is_met else 'MISS'} {line.what:24} {line.shown:64} goal {line.goal}")
    return 0 if all(line.is_met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
