"""The gateway's process with a wall clock of its own: ``python -m gateway.lab.clock FILE run …`` is ``netcurtain run …``.

FILE holds two words: by how many seconds its wall clock is wrong, and whether it may be believed (``true``). It may change at
any time. No namespace of the kernel's does that: a time namespace moves the monotonic clocks only.
"""

import os
import runpy
import sys
import time
from pathlib import Path

_true_time = time.time


class WrongClock:
    """Stands in the place of ``time.time``, and of the question whether it is right."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        self._words = ("0", "true")

    def time(self) -> float:
        """As wrong as the file says."""
        return _true_time() + float(self._read()[0])

    def is_trusted(self) -> bool:
        """As the file says."""
        return self._read()[1] == "true"

    def _read(self) -> tuple[str, str]:
        words = os.pread(self._descriptor, 64, 0).decode().split()
        if len(words) == 2:  # else it is just being written
            self._words = (words[0], words[1])
        return self._words


def set_clock(file: Path, *, wrong_by_s: float, trusted: bool) -> None:
    """From now on the clock that reads this file is so wrong."""
    file.write_text(f"{wrong_by_s} {str(trusted).lower()}")


def main() -> None:
    """Everything else is imported afterwards, and sees the wrong clock."""
    clock = WrongClock(Path(sys.argv.pop(1)))
    time.time = clock.time
    from gateway.edge import clock as edge

    edge.is_trusted = clock.is_trusted
    runpy.run_module("gateway", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
