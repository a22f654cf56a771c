"""The core promises under Debian's own kernel, with its own queue: the same text, where the kernel of this machine may lack it.

Everything is emulated, some thirty times slower than this machine; two guests run side by side, then the next two.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import IO, Any, Self

import pytest

pytestmark = [pytest.mark.net, pytest.mark.slow]
TOP = Path(__file__).resolve().parents[2]
NO_GUEST = 77
LANES = (
    ("restart", "live-edit", "mesh-sharing", "motion-dropped"),
    ("video-owner-only", "quic-telemetry", "ipv6", "dns-escape"),
    ("second-look", "refused-stays-in-kernel", "killed"),
    ("hostile-hello", "hostile-segment"),
)
AT_ONCE = 2
PYTEST = "-p no:cacheprovider tests/e2e/test_datapath.py tests/e2e/test_kernel.py tests/e2e/test_queue.py tests/guest"
LOADED = 'for file in tests/data/ruleset/*.nft; do nft --check -f "$file" && echo "$file"; done'


class Guest:
    """One guest, running a command."""

    def __init__(self, *command: str) -> None:
        self._output: IO[str] = tempfile.TemporaryFile("w+")
        self._complaints: IO[str] = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [TOP / "tests/guest/run", *command], cwd=TOP, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._complaints
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._output.close()
        self._complaints.close()

    def output(self) -> str:
        """What the command wrote, once the guest has ended; without one the test is skipped, or fails where one must be."""
        status = self._process.wait()
        for stream in (self._output, self._complaints):
            stream.seek(0)
        complaints = self._complaints.read()
        if status == NO_GUEST and os.environ.get("NETCURTAIN_GUEST") == "required":
            pytest.fail(complaints.strip())
        if status == NO_GUEST:
            pytest.skip(complaints.strip())
        assert status == 0, complaints
        return self._output.read()


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Any]]:
    played = [json.loads(line) for first in range(0, len(LANES), AT_ONCE) for line in _played(LANES[first : first + AT_ONCE])]
    return {result["name"]: result for result in played}


def _played(lanes: Sequence[tuple[str, ...]]) -> list[str]:
    """What some guests tell, each playing a lane."""
    with ExitStack() as running:
        guests = [running.enter_context(Guest(sys.executable, "-m", "tests.guest.play", *lane)) for lane in lanes]
        return [line for guest in guests for line in guest.output().splitlines()]


@pytest.fixture(scope="module")
def gain() -> dict[str, dict[str, list[float]]]:
    with Guest(sys.executable, "-m", "tests.guest.gain") as guest:
        return json.loads(guest.output())  # type: ignore[no-any-return]


def test_the_doctor_finds_the_native_queue_and_the_kernel_takes_the_golden_rulesets() -> None:
    with Guest("bash", "-c", f"{sys.executable} -m gateway doctor; {LOADED}") as guest:
        told = guest.output().splitlines()
    golden = sorted(str(file.relative_to(TOP)) for file in (TOP / "tests/data/ruleset").glob("*.nft"))
    assert "ok    packet queue: native (nft_queue)" in told
    assert told[-len(golden) :] == golden


def test_the_datapath_and_its_fast_way() -> None:
    with Guest("bash", "-c", f"modprobe br_netfilter && {sys.executable} -m pytest {PYTEST}") as guest:
        told = guest.output()
    assert " passed" in told and " skipped" not in told, told


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_fast_way_is_faster(family: str, gain: dict[str, dict[str, list[float]]]) -> None:
    plain, chains, flowtable = (median(gain[family][lane]) for lane in ("plain", "chains", "flowtable"))
    assert flowtable > 1.2 * chains and flowtable > plain


@pytest.mark.parametrize("name", [name for lane in LANES for name in lane])
def test_promise_with_the_native_queue(name: str, results: dict[str, dict[str, Any]]) -> None:
    result = results[name]
    broken = [f"{check['it']}: {check['seen']}" for check in result["checks"] if not check["ok"]]
    assert result["ok"], "\n".join(broken)
