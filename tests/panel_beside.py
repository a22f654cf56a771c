"""What browsers at the panel cost the gateway: ``python -m tests.panel_beside [BROWSERS [NICE]]``, by hand and as root.

Flows through the bench's curtain, one after another, by turns while nobody looks and while so many browsers each fetch Home as
often as its script does. The panel is a process of its own beside the gateway, with the gateway's ledger and control socket;
NICE is its own priority, the browsers have the lowest. A busy machine spoils the figures.
"""

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from statistics import median
from typing import Any

from gateway.bench import gadget
from gateway.bench.lane import Lane
from gateway.bench.router import Curtain
from gateway.bench.row import OURS, percentile
from gateway.bench.server import RESOLVER4
from gateway.lab.namespace import WORK, inside, set_resolver
from gateway.panel.access import Access, Keep
from tests.panel_load import PASSWORD, Visitor, running_panel

PORT = 8_099
TURNS = 5
SECONDS = 3.0
EVERY_S = 2.0
"""``live.js`` fetches a page no more often."""
GOAL = 1.2
NICE = 19
"""Of the browsers, which in a home are other machines."""


def browse(port: int, cookies: dict[str, str], number: int) -> None:
    """One browser, for ever."""
    visitor = Visitor(port)
    visitor.cookies = dict(cookies)
    time.sleep(EVERY_S * (number % 50) / 50)
    while True:
        began = time.monotonic()
        visitor.get("/", **{"accept-encoding": "gzip"})
        time.sleep(max(0.0, began + EVERY_S - time.monotonic()))


@contextmanager
def browsing(count: int, cookies: dict[str, str]) -> Any:
    """So many, in a process of their own."""
    command = [
        sys.executable,
        "-m",
        "tests.panel_beside",
        "browse",
        str(count),
        *(f"{name}={text}" for name, text in cookies.items()),
    ]
    with subprocess.Popen(["nice", "-n", str(NICE), *command]) as process:
        try:
            time.sleep(EVERY_S + 1)
            yield
        finally:
            process.kill()


def measure(count: int, nice: int) -> list[tuple[float, float]]:
    """(p99 of a flow's first byte alone, with browsers) in microseconds, for each turn."""
    set_resolver(RESOLVER4)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    found = []
    with Lane(OURS, WORK / OURS, middle=Curtain) as lane:
        curtain = lane.middle
        assert isinstance(curtain, Curtain)
        curtain.start()
        lane.warm_up(gadget.HOME)
        curtain.change_policy(gadget.HOSTS)
        lane.warm_up(gadget.HOSTS)
        folder = curtain.gateway.state.parent
        own = folder / "state" / "panel"
        own.mkdir(parents=True, exist_ok=True)
        Access(Keep(own / "panel.json")).accounts.add("household", "owner", PASSWORD)
        with running_panel(folder, PORT, before=("nice", "-n", str(nice))):
            visitor = Visitor(PORT)
            visitor.log_in()
            for _ in range(TURNS):
                alone = _p99(lane)
                with browsing(count, visitor.cookies):
                    found.append((alone, _p99(lane)))
        curtain.stop()
    return found


def _p99(lane: Lane) -> float:
    run = lane.run("flows", seconds=SECONDS, workers=1)
    return max(percentile(run[key], 0.99) / 1_000 for key in ("connect_ns", "byte_ns"))


def main() -> int:
    """0 where the goal was met."""
    if sys.argv[1:2] == ["browse"]:
        cookies = dict(text.split("=", 1) for text in sys.argv[3:])
        threads = [threading.Thread(target=browse, args=(PORT, cookies, number)) for number in range(int(sys.argv[2]))]
        for one in threads:
            one.start()
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    nice = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    found = inside(lambda: measure(count, nice))
    for alone, beside in found:
        print(f"p99 {alone:.0f} us alone, {beside:.0f} us beside {count} browsers: {beside / alone:.2f}")
    ratio = median(beside / alone for alone, beside in found)
    print(f"{'ok  ' if ratio <= GOAL else 'MISS'} median of the ratios {ratio:.2f}, goal {GOAL}")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
