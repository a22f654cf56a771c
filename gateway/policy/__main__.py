"""``python -m gateway.policy DIR…``: the compiled policy on standard output, or its faults on standard error and status 1.

The gateway runs this as a child, so that no YAML is read in the process that judges packets.
"""

import sys
from pathlib import Path

from . import dump, load


def main(directories: list[str]) -> int:
    """Compile the shipped files and those of the directories."""
    loaded = load(*(Path(directory) for directory in directories))
    for fault in loaded.faults:
        print(fault, file=sys.stderr)
    if loaded.policy is None:
        return 1
    sys.stdout.buffer.write(dump(loaded.policy))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
