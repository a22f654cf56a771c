"""Small exchanges without a pause, of somebody who must not notice what becomes of the gateway; silences of others; and what is
done again and again beside all else."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import pairwise
from typing import Any, NamedTuple

from .gadget import Gadget, Pending
from .outcome import Outcome
from .truth import Truth

CLOCK = "ntp-g7g.amazon.com"


@dataclass(slots=True)
class Pulse:
    """New connections and single datagrams, one after another, to servers whose names are asked anew each time."""

    pending: Pending

    @classmethod
    def begin(cls, gadget: Gadget, name: str, *, exchanges: int = 60, every_s: float = 0.05) -> "Pulse":
        """Three at a time: a TLS connection, a datagram by name, and a datagram to an address known before."""
        round_of_three: list[Mapping[str, Any]] = [
            {"tls": name, "up": 60, "timeout_s": 3.0},
            {"wait": every_s},
            {"ntp": CLOCK, "timeout_s": 0.7},
            {"wait": every_s},
            {"ntp": CLOCK, "cached": True, "timeout_s": 0.7},
            {"wait": every_s},
        ]
        return cls(gadget.begin(round_of_three * (exchanges // 3)))

    def end(self) -> tuple[list[Outcome], list[Outcome]]:
        """(Those that came back, those that were lost)."""
        said = [outcome for outcome in self.pending.wait(60) if not outcome.step.startswith("wait")]
        return [one for one in said if one.result == "ok"], [one for one in said if one.result != "ok"]


def describe(came: list[Outcome], lost: list[Outcome]) -> str:
    """For ``seen``."""
    told = "; ".join(f"{one.step}: {one.result} {one.detail}" for one in lost)
    longest = max((one.ms for one in came), default=0.0)
    return f"{len(came)} exchanges, {len(lost)} lost, longest {longest:.0f} ms" + (f" ({told})" if told else "")


@contextmanager
def without_pause(act: Callable[[], object], every_s: float) -> Iterator[list[float]]:
    """Again and again beside what goes on; yields the wall times at which it was done."""
    done: list[float] = []
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(every_s):
            act()
            done.append(time.time())

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


class Gap(NamedTuple):
    """The longest silence of a flow."""

    seconds: float
    at: float
    """Wall time of its beginning."""
    packets: int


def longest_gap(truth: Truth, actor: str, addresses: Iterable[str], *, since: float, until: float) -> Gap:
    """Of an actor's busiest flow to these addresses, on the WAN."""
    wanted = {ip_address(address).packed for address in addresses}
    flows = [flow for flow in truth.of(actor) if flow.key.dst in wanted]
    times = max(([at for at, _ in flow.sent if since <= at <= until] for flow in flows), key=len, default=[])
    seconds, at = max(((later - earlier, earlier) for earlier, later in pairwise(times)), default=(float("inf"), 0.0))
    return Gap(seconds, at, len(times))
