"""What a home writes to its disk in a day, by the model that ``day`` states, as the kernel counts it (``write_bytes``)."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from gateway.lab.namespace import LabError

from .plan import Lanes, Plan
from .row import OURS, Sample, Spec

TITLE = "a day's writing"
FOLDER = Path("/var/tmp")
"""On a disk where ``/tmp`` may be memory."""
ROWS = (Spec(id="disk_mb_per_day", title="written in a day by a home of 30 devices", unit="MB", goal=20),)


def measure(plan: Plan, lanes: Lanes) -> dict[str, Sample]:
    """One day, or a part of it, scaled up."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        argv = [sys.executable, "-m", "gateway.bench.day", folder, str(plan.days)]
        done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"the day could not be written: {done.stderr.strip()[-500:]}")
    return {"disk_mb_per_day": _sample(json.loads(done.stdout), days=plan.days)}


def _sample(told: dict[str, float], *, days: float) -> Sample:
    if not told["write_bytes"]:
        return Sample(note=f"could not be measured: {FOLDER} is no disk, or the kernel does not count what is written to it")
    note = (
        f"in {24 * days:g} hours {told['puts']:.0f} rows in {told['commits']:.0f} commits of the ledger,"
        f" {told['saves']:.0f} of the state"
    )
    return Sample(values={OURS: [told["write_bytes"] / days / 1e6]}, note=note)
