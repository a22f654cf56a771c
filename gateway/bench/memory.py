"""Resident memory of the gateway, after the load."""

from pathlib import Path

from .figure import Figure, Goal, spread

GOAL_MIB = 80.0


def measure(pid: int, proc: Path = Path("/proc")) -> Figure:
    """MiB of the process that judges; its children are told beside it."""
    own = _resident_mib(proc / str(pid))
    children = [f"{name} {mib:.1f} MiB" for name, mib in _children(pid, proc)]
    note = f"beside it: {', '.join(children)}" if children else ""
    return Figure(
        name="memory_mib",
        title="resident memory of the gateway",
        unit="MiB",
        curtain=None if own is None else spread([own]),
        goal=Goal(of="value", bound=GOAL_MIB),
        note="this /proc does not show the gateway" if own is None else note,
    )


def _children(pid: int, proc: Path) -> list[tuple[str, float]]:
    found = []
    for folder in proc.glob("[0-9]*"):
        fields = _status(folder)
        mib = _resident_mib(folder)
        if fields.get("PPid") == str(pid) and mib is not None:
            found.append((fields["Name"], mib))
    return sorted(found)


def _resident_mib(folder: Path) -> float | None:
    """None for a process that is gone, or has no memory of its own."""
    size = _status(folder).get("VmRSS")
    return int(size.split()[0]) / 1024 if size else None


def _status(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
