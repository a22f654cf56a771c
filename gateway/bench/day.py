"""What a home of thirty devices writes in a day: ``python -m gateway.bench.day FOLDER DAYS``, on that folder's file system.

The model (``HOME``): how many devices of which kind there are, how many flows each opens a day, how many names it knows, how
many connections it keeps open all day, which say something every minute. A quarter of the flows is refused. Each is written
when it is judged and again with its bytes, a live one whenever it said something. The flows are spread evenly over the day,
which costs the most commits; a day's rows are there before it begins and grow too old in its course, so that what leaves is
written too. The state is saved as often as the engine does, and whenever one of ``GRANTS`` viewings begins or ends.

The real ledger and the real store write it, only the waiting between commits is left out: the ledger's own budget says how long
it would be.
"""

import heapq
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.edge.ledger import BURST_BYTES, PRUNE_EVERY_S, Ledger, WriteBudget
from gateway.edge.store import Store
from gateway.engine import Engine
from gateway.engine.upkeep import SAVE_EVERY_S
from gateway.model.command import SaveState
from gateway.model.device import Mac
from gateway.model.event import Hook, LeaseGiven, Now, PacketSeen
from gateway.model.mark import pack
from gateway.model.packet import TCP
from gateway.model.record import FlowRecord
from gateway.policy import load
from gateway.wire import decode_ip

from . import gadget
from .sample import dns_query, name_of, udp4
from .server import answer

DAY_S = 86_400.0
BEGAN = 1_795_345_200.0
"""Wall time: 2026-11-22, so that every run writes the same."""
SPEAKS_EVERY_S = 60.0
REFUSED = 0.25
GRANTS = 20
FLUSH_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Devices that are alike."""

    profile: str
    devices: int
    flows: int
    """Opened by one of them in a day."""
    names: int
    live: int
    """Connections it keeps open."""


HOME = (
    Kind(profile="ring-doorbell", devices=4, flows=400, names=12, live=1),
    Kind(profile="echo", devices=6, flows=1_200, names=40, live=2),
    Kind(profile="fire-tv", devices=3, flows=2_500, names=80, live=1),
    Kind(profile="plug", devices=12, flows=60, names=3, live=1),
    Kind(profile="hub", devices=2, flows=300, names=6, live=2),
    Kind(profile="careful", devices=3, flows=120, names=6, live=1),
)
Put = tuple[float, FlowRecord]
"""When, in seconds of the day; what."""


def devices() -> Iterator[tuple[int, Kind]]:
    """(Host, kind) of each."""
    return zip(gadget.HOSTS, (kind for kind in HOME for _ in range(kind.devices)), strict=False)


def flows(chance: random.Random, *, since: float, until: float, first_id: int) -> list[Put]:
    """Everything that is given to the ledger between two times, in order. Ids rise with time, as the engine gives them."""
    found: list[Put] = []
    for number, (began, host, kind, live) in enumerate(sorted(_began(chance, since, until), key=lambda one: one[0])):
        record = _record(chance, host, kind, at=began, flow_id=first_id + number, refused=0.0 if live else REFUSED)
        found.append((began, record))
        if not live:
            size = chance.randrange(500, 20_000)
            ended = record._replace(bytes_toserver=size, bytes_toclient=3 * size, pkts_toserver=12, pkts_toclient=18)
            found.append((began + chance.uniform(2, 30), ended))
        for turn in range(1, round((until - since) / SPEAKS_EVERY_S) if live else 0):
            at = began + (turn + chance.random()) * SPEAKS_EVERY_S
            found.append((at, record._replace(bytes_toserver=90 * turn, bytes_toclient=90 * turn, pkts_toserver=turn)))
    return sorted(found, key=lambda put: put[0])


def _began(chance: random.Random, since: float, until: float) -> Iterator[tuple[float, int, Kind, bool]]:
    """(When, host, kind, whether it stays open) of every flow."""
    for host, kind in devices():
        for _ in range(round(kind.flows * (until - since) / DAY_S)):
            yield chance.uniform(since, until), host, kind, False
        for _ in range(kind.live):
            yield since, host, kind, True


def _record(
    chance: random.Random, host: int, kind: Kind, *, at: float, flow_id: int, refused: float
) -> FlowRecord:
    server = gadget.HOSTS[chance.randrange(kind.names)]
    is_refused = chance.random() < refused
    action, effect, purpose = ("block", "refuse", "telemetry") if is_refused else ("allow", "pass", "control")
    return FlowRecord(
        flow_id=flow_id, started=BEGAN + at, proto=TCP, src=bytes((10, 77, 0, host)), sport=chance.randrange(32_768, 61_000),
        dst=bytes((203, 0, 113, server)), dport=443, device=gadget.mac(host), device_id=f"bench-{host}", profile=kind.profile,
        app_proto="tls", server_name=name_of(server), name_source="sni", names=(name_of(server),), dissector="fast",
        purpose=purpose, confidence=0.9, action=action, effect=effect, rule=f"profiles/{kind.profile}.yaml:12",
        reason=f"its profile says {action} for {purpose}",
    )  # fmt: skip


def state() -> dict[str, object]:
    """What the engine saves for such a home: leases, and the names that DNS gave each device."""
    policy = load().policy
    if policy is None:
        raise ValueError("the shipped policy holds faults")
    engine, now = Engine(policy, epoch=1), Now(1_000.0, BEGAN)
    engine.start({}, now)
    for number, (host, kind) in enumerate(devices(), start=1):
        here = bytes((10, 77, 0, host))
        engine.handle(LeaseGiven(mac=Mac(gadget.mac(host)), address=here, hostname=f"bench-{host}"), now)
        for server in gadget.HOSTS[: kind.names]:
            data = udp4(bytes((10, 77, 0, 1)), here, ports=(53, 40_000), payload=answer(dns_query(name_of(server))))
            packet = decode_ip(data)
            assert packet is not None
            engine.handle(PacketSeen(packet, Hook.ANSWER, None, pack(number, engine.epoch, 1, 1)), now)
    saved = next(command for command in engine.stop(now) if isinstance(command, SaveState))
    return saved.state


class Books:
    """The ledger and the store of a day, on a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.db"
        self._store, self._state = Store(folder / "state.json"), state()
        self._now = 0.0
        self._burst = 0
        self.commits = self.saves = 0

    def fill(self, puts: list[Put]) -> None:
        """What was there before."""
        ledger = self._ledger()
        for turn, (_, record) in enumerate(puts):
            ledger.put(record)
            if turn % 2_000 == 1_999:
                ledger.flush(FLUSH_S)
        ledger.flush(FLUSH_S)
        ledger.close()

    def write(self, puts: list[Put], *, days: float) -> None:
        """A day, or a part of it: as many commits as there would be, pruning as often as there would be."""
        budget = WriteBudget(self._now, written=self._written)
        self._burst = BURST_BYTES  # the bucket is empty, as on any day but the first
        pending, saves = iter(puts), self._save_times(days)
        put = next(pending, None)
        ledger, opened_at = self._ledger(), 0.0
        while self._now < days * DAY_S:
            self._now += budget.wait_s(self._now)
            while put is not None and put[0] <= self._now:
                ledger.put(put[1])
                put = next(pending, None)
            self._flush(ledger)
            while saves and saves[0] <= self._now:
                self._save(heapq.heappop(saves))
            if self._now - opened_at >= PRUNE_EVERY_S:
                ledger.close()
                ledger, opened_at = self._ledger(), self._now  # a new one prunes at once
        ledger.close()

    def _ledger(self) -> Ledger:
        return Ledger(self._path, days=1, wall=lambda: BEGAN + self._now, batch_s=2 * DAY_S)

    def _flush(self, ledger: Ledger) -> None:
        self.commits += 1
        if not ledger.flush(FLUSH_S) or ledger.dropped:
            raise OSError(ledger.last_error or f"the ledger lost {ledger.dropped} rows")

    def _save_times(self, days: float) -> list[float]:
        end = days * DAY_S
        grants = round(2 * GRANTS * days)
        times = [SAVE_EVERY_S * turn for turn in range(1, int(end / SAVE_EVERY_S) + 1)]
        times += [end * (turn + 0.5) / grants for turn in range(grants)]
        heapq.heapify(times)
        return times

    def _save(self, at: float) -> None:
        self.saves += 1
        self._state["saved_at"] = at
        self._store.write(self._state)

    def _written(self) -> int:
        """By the ledger: all that this process made the disk write, but for its main thread."""
        return counter("/proc/self/io", "write_bytes") - counter("/proc/thread-self/io", "write_bytes") + self._burst


def counter(file: str, name: str) -> int:
    """One of the kernel's counters of what was read and written."""
    fields = dict(line.split(": ") for line in Path(file).read_text().splitlines())
    return int(fields[name])


def main(folder: Path, days: float) -> dict[str, float]:
    """Write it; what that came to."""
    chance = random.Random(7)
    before = flows(chance, since=-DAY_S, until=0.0, first_id=1)
    puts = flows(chance, since=0.0, until=days * DAY_S, first_id=1 + len(before))
    books = Books(folder)
    books.fill(before)
    began = time.monotonic()
    at_first = counter("/proc/self/io", "write_bytes")
    books.write(puts, days=days)
    written = counter("/proc/self/io", "write_bytes") - at_first
    return {
        "write_bytes": written, "puts": len(puts), "commits": books.commits, "saves": books.saves,
        "seconds": time.monotonic() - began,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), float(sys.argv[2]))))
