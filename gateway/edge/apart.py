"""A function, run in a child process that ends with it: what it loads and fills is gone afterwards.

Question and answer go through pipes as pickles: both ends are this program, and nobody else writes there.
"""

import logging
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
T = TypeVar("T")


def apart(function: Callable[Given, T], /, *given: Given.args, **named: Given.kwargs) -> T:
    """What it returns, or raises; it is found by its name, all else is copied. OSError where the child breaks down."""
    child = subprocess.run(
        [sys.executable, "-I", "-m", __name__],
        input=pickle.dumps(partial(function, *given, **named)),
        stdout=subprocess.PIPE,
        check=False,
    )
    if child.returncode != 0:
        raise OSError(f"a child process ended without an answer (status {child.returncode})")
    answer, fault = pickle.loads(child.stdout)
    if fault is not None:
        raise fault
    return answer  # type: ignore[no-any-return]


def main() -> None:
    """The child's side."""
    logging.basicConfig(level=logging.INFO, format="netcurtain: %(message)s", stream=sys.stderr)
    work = pickle.load(sys.stdin.buffer)
    try:
        said = pickle.dumps((work(), None))
    except Exception as err:  # whatever it is, it is the asker's
        said = pickle.dumps((None, err))
    with suppress(BrokenPipeError), open(1, "wb", closefd=False) as answer:  # whoever asked may have left meanwhile
        answer.write(said)


if __name__ == "__main__":
    main()
