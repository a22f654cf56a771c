"""Inside the guest: plays scenarios, looks each time at the rules that judged, and prints one JSON object per scenario.

    python -m tests.guest.play SCENARIO…
"""

import json
import re
import sys
import time
from collections.abc import Callable

from gateway.lab.scenario import Stage, available, play

HOOKS = {"queue_prerouting", "queue_forward", "queue_output"}
OURS = {"table inet netcurtain", "table arp netcurtain", "table bridge netcurtain"}
_CHAIN = re.compile(r"\tchain (\w+) \{\n(.*?)\n\t\}", re.DOTALL)


def main(names: list[str]) -> None:
    """Play them one after another."""
    for name in names:
        module = available()[name]
        module.play = watched(module.play)
        began = time.monotonic()
        result = play(name)
        print(json.dumps({**result.view(), "guest_s": round(time.monotonic() - began, 1)}), flush=True)


def watched(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """The same, and at its end a look at the gateway's packet filter."""

    def watch(stage: Stage) -> None:
        play(stage)
        gateway = stage.home.machines["gateway"]
        listed = gateway.run("nft", "list", "table", "inet", "netcurtain")
        queues = {name for name, rules in _CHAIN.findall(listed) if "queue flags bypass to 0" in rules}
        stage.check("the kernel's own queue takes the packets, at each of three hooks", queues == HOOKS, sorted(queues))
        tables = set(gateway.run("nft", "list", "tables").splitlines())
        stage.check("and nothing of iptables stands beside our own tables", tables <= OURS, sorted(tables))

    return watch


if __name__ == "__main__":
    main(sys.argv[1:])
