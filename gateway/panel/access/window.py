"""The time in which anybody on the home's side may claim a box that has no owner: once after each power-on.

It begins with the panel's first start since the machine was switched on, and is kept in a file with the number of that start
(``boot_id``): who makes the panel crash gains no time by it, and switching the box off and on begins it anew."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LENGTH_S = 900.0
BOOT = Path("/proc/sys/kernel/random/boot_id")


class Window:
    """One machine's."""

    def __init__(
        self, path: Path, *, length_s: float = LENGTH_S, mono: Callable[[], float] = time.monotonic, boot: Path = BOOT
    ) -> None:
        """``length_s`` 0: only a link claims it. Where ``path`` cannot be written, the window begins with each start."""
        self._path = path
        self._length_s = length_s
        self._mono = mono
        self._boot = boot.read_text(encoding="ascii").strip() if boot.exists() else ""
        self._began = self._read()

    @property
    def left_s(self) -> float:
        """How long it is still open."""
        return max(0.0, self._began + self._length_s - self._mono())

    def _read(self) -> float:
        now = self._mono()
        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(self._path.read_text(encoding="ascii"))
            if self._boot and isinstance(kept, dict) and kept["boot"] == self._boot:
                return min(float(kept["began"]), now)
        with suppress(OSError):
            self._path.write_text(json.dumps({"boot": self._boot, "began": now}), encoding="ascii")
        return now
