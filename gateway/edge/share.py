"""What the gateway lets the panel's group do with its files: use the control socket, read the ledger.

The household's habits are nobody else's business on this machine, so what is shared is shared with one group, by name.
"""

import grp
import logging
import os
from pathlib import Path

log = logging.getLogger("netcurtain")
PANEL_GROUP = "netcurtain-panel"
"""Shared with where nobody says otherwise, if this machine has such a group."""
READABLE = 0o640


def group_number(name: str) -> int:
    """A group's number; -1 where none is named and there is no ``PANEL_GROUP`` that this process may give files to.

    ValueError where there is no such group.
    """
    try:
        number = grp.getgrnam(name or PANEL_GROUP).gr_gid
    except KeyError as err:
        if not name:
            return -1
        raise ValueError(f"control_group: there is no group '{name}' on this machine") from err
    return number if name or _may_give(number) else -1


def share(path: Path, group: int) -> None:
    """Let this group (-1: the one that it has) read a file, and nobody else but its owner; made where it is not there.

    By its name: to open and close a database would end the locks that this process has on it (fcntl(2)).
    """
    try:
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READABLE))
        os.chmod(path, READABLE)
        if group >= 0:
            os.chown(path, -1, group)
    except OSError as err:
        log.warning("%s cannot be shared with the panel: %s", path, err.strerror or err)


def _may_give(number: int) -> bool:
    """Root may, where its namespace has that group; others what they belong to."""
    if os.geteuid() != 0:
        return number in (*os.getgroups(), os.getegid())
    spans = (tuple(map(int, line.split())) for line in Path("/proc/self/gid_map").read_text(encoding="ascii").splitlines())
    return any(first <= number < first + count for first, _, count in spans)
