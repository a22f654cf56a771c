"""All targets, two at a time: ``python -m tests.fuzz [--runs N] [TARGET …]``; exit status 1 if one of them raised."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.seed import LARGE, SEEDS
from tests.fuzz.target import TARGETS
from tests.fuzz.timing import best

RUNS = 10_000_000
PACKET_BYTES, LARGEST_BYTES = 1_500, 65_535
"""What a link carries at once, and what arrives in fragments or as one super-packet."""
SHARES = {
    "ip": 14, "frame": 12, "fragment": 6, "dns": 12, "http": 8, "tls": 10, "tcp": 8, "udp": 8, "quic_sealed": 4, "quic_open": 4,
    "dtls": 6, "gquic": 6, "ntp": 4, "clue": 6, "answer": 2, "control": 6,
}  # fmt: skip
"""Of all inputs."""
LARGE_SHARE = 0.02
"""Of a target's inputs: so many are of any size, where it has seeds for it."""


class Job(NamedTuple):
    """One run of the harness."""

    target: str
    runs: int
    max_bytes: int
    seeds: list[bytes]


class Result(NamedTuple):
    """What came of it."""

    job: Job
    inputs: int = 0
    cpu_s: float = 0.0
    slowest: tuple[bytes, ...] = ()
    complaint: str = ""


def plan(runs: int, targets: list[str]) -> Iterator[Job]:
    """The longest first."""
    whole = sum(SHARES[target] for target in targets)
    for target in sorted(targets, key=lambda target: -SHARES[target]):
        share = -(-runs * SHARES[target] // whole)
        large = int(share * LARGE_SHARE) if target in LARGE else 0
        yield Job(target, share - large, PACKET_BYTES, SEEDS[target])
        if large:
            yield Job(target, large, LARGEST_BYTES, [*SEEDS[target], *LARGE[target]])


def run(job: Job) -> Result:
    """One process, in a folder that goes with it – unless there is something to see in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"netcurtain-fuzz-{job.target}-"))
    (folder / "seeds").mkdir()
    for at, seed in enumerate(job.seeds):
        (folder / "seeds" / str(at)).write_bytes(seed)
    command = [sys.executable, "-m", "tests.fuzz.harness", job.target, str(job.runs), str(folder)]
    options = [f"-max_len={job.max_bytes}", "-verbosity=0"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, errors="replace", check=False)
    report = folder / "report.json"
    if done.returncode or not report.exists():
        return Result(
            job, complaint=f"{job.target} (what it was given lies in {folder}):\n{(done.stdout + done.stderr)[-4_000:]}"
        )
    told = json.loads(report.read_text())
    shutil.rmtree(folder)
    return Result(job, told["inputs"], told["cpu_s"], tuple(map(bytes.fromhex, told["slowest"])))


def show(results: list[Result]) -> None:
    """The table. The slowest inputs are timed again without atheris, now that nothing else of ours runs."""
    print(f"{'target':<12} {'up to':>6} {'inputs':>10} {'per CPU s':>9} {'slowest packet':>15}  its input")
    for result in results:
        job = result.job
        took, data = max((best(TARGETS[job.target], data), data) for data in result.slowest)
        rate = result.inputs / result.cpu_s
        shown = data.hex() if len(data) <= 48 else f"{data[:40].hex()}… ({len(data)} bytes)"
        print(f"{job.target:<12} {job.max_bytes:>6} {result.inputs:>10,} {rate:>9,.0f} {took * 1e3:>12.3f} ms  {shown}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="inputs in all (%(default)s)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(SHARES)}")
    options = parser.parse_args()
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(run, plan(options.runs, options.targets or list(SHARES))))
    done = [result for result in results if not result.complaint]
    show(done)
    inputs = sum(result.inputs for result in done)
    print(f"{inputs:,} inputs in {time.monotonic() - began:,.0f} s; {len(results) - len(done)} of {len(results)} runs raised")
    for result in results:
        if result.complaint:
            print(f"\n{result.complaint}")
    return 0 if len(done) == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
