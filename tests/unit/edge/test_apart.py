"""A function in a child process: its answer, its faults, its end."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.edge.apart import apart
from gateway.policy.value import parse_duration


def test_it_runs_in_a_child_that_knows_our_modules_by_their_names() -> None:
    assert apart(os.getppid) == os.getpid()
    assert apart(int, "12", base=3) == 5
    assert apart(parse_duration, "15m") == 900.0


FAULTS: dict[str, tuple[Callable[..., Any], tuple[Any, ...], type[Exception]]] = {
    "what it raised": (int, ("x",), ValueError),
    "with what it knows": (Path.read_text, (Path("/nowhere/at-all"),), FileNotFoundError),
    "an end without a word": (os._exit, (3,), OSError),
    "an answer that cannot be copied": (open, ("/dev/null",), TypeError),
}


@pytest.mark.parametrize(("function", "given", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_goes_wrong_is_the_askers(function: Callable[..., Any], given: tuple[Any, ...], fault: type[Exception]) -> None:
    with pytest.raises(fault):
        apart(function, *given)


def test_who_asked_may_have_left_meanwhile() -> None:
    command = [sys.executable, "-I", "-m", "gateway.edge.apart"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None
    child.stdout.close()
    child.stdin.write(pickle.dumps(partial(bytes, 1_000_000)))
    child.stdin.close()
    assert child.stderr.read() == b"" and child.wait(20) == 0
    child.stderr.close()
