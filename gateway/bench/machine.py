"""What the figures were taken on."""

import os
import platform
from pathlib import Path
from typing import Any

from gateway import __version__


def describe() -> dict[str, Any]:
    """Cores, kernel, Python, load before the run: without them no figure means anything."""
    return {
        "netcurtain": __version__,
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu(Path("/proc/cpuinfo")),
        "memory_mib": _memory_mib(Path("/proc/meminfo")),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cpu(path: Path) -> str:
    """The processor's name; Arm boards tell it under another key."""
    fields = _fields(path)
    return fields.get("model name") or fields.get("Model") or fields.get("Hardware") or platform.machine()


def _memory_mib(path: Path) -> int:
    return int(_fields(path).get("MemTotal", "0").split()[0]) // 1024


def _fields(path: Path) -> dict[str, str]:
    """``key : value`` lines; the first of a key counts."""
    found: dict[str, str] = {}
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), value.strip())
    return found
