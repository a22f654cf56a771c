"""A lane's ends are processes: none of them outlives what it was started for."""

import os
import signal
import subprocess
import sys

import pytest

from gateway.bench.lane import _end

FORKS = "import os, time; os.fork(); os.write(1, b'.'); time.sleep(60)"


@pytest.mark.parametrize("alive", [True, False], ids=["at-work", "dead-already"])
def test_an_end_takes_what_it_forked_with_it(alive: bool) -> None:
    process = subprocess.Popen([sys.executable, "-c", FORKS], stdout=subprocess.PIPE, process_group=0)
    assert process.stdout is not None
    with process.stdout as said:
        assert said.read(2) == b".."
        if not alive:
            os.kill(process.pid, signal.SIGKILL)
        _end(process)
        assert said.read() == b"", "whoever holds the other end of the pipe is gone"
    assert process.returncode == -signal.SIGKILL
