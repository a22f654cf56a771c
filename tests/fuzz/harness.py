"""One target in a process of its own: ``python -m tests.fuzz.harness TARGET RUNS FOLDER [LIBFUZZER OPTION …]``.

Mutates the inputs in FOLDER/seeds, and leaves FOLDER/report.json: how many inputs there were, and the slowest of them. An
exception ends the process, and the input that made it stays in FOLDER.
"""

import heapq
import json
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gateway"]):
    from tests.fuzz.target import TARGETS, Target

from tests.fuzz.timing import best, slowest_packet

KEPT = 10
"""Slowest inputs that are reported."""


class Harness:
    """Counts inputs, and times every packet in them."""

    def __init__(self, target: Target, runs: int, report: Path) -> None:
        self._target = target
        self._runs = runs
        self._report = report
        self._inputs = self._packets = 0
        self._slowest: list[tuple[float, bytes]] = []
        self._began = time.process_time()

    def take(self, data: bytes) -> None:
        """One input."""
        took, packets = slowest_packet(self._target, data)
        self._inputs += 1
        self._packets += packets
        if len(self._slowest) < KEPT or took > self._slowest[0][0]:
            self._remember(data)
        if self._inputs == self._runs:  # libFuzzer ends the process without a word to Python
            self._write()

    def _remember(self, data: bytes) -> None:
        """Once more: the first time it may have waited for something else."""
        if any(data == known for _, known in self._slowest):
            return
        heapq.heappush(self._slowest, (best(self._target, data), data))
        if len(self._slowest) > KEPT:
            heapq.heappop(self._slowest)

    def _write(self) -> None:
        assert not any(name.partition(".")[0] == "scapy" for name in sys.modules), "Scapy is in this process"
        report = {
            "inputs": self._inputs,
            "packets": self._packets,
            "cpu_s": time.process_time() - self._began,
            "slowest": [data.hex() for _, data in sorted(self._slowest, reverse=True)],
        }
        self._report.write_text(json.dumps(report))


def main() -> None:
    name, runs, folder, *options = sys.argv[1:]
    harness = Harness(TARGETS[name], int(runs), Path(folder) / "report.json")
    limits = [f"-runs={runs}", "-timeout=20", "-rss_limit_mb=1024", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *limits, *options, f"{folder}/seeds"], harness.take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
