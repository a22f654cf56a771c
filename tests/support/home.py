"""A small home for the core's tests: its policy, and an engine that watches it."""

from functools import cache
from pathlib import Path

from gateway.engine import Engine
from gateway.model.command import Command, Record, SetVerdict
from gateway.model.event import Event, Hook, NameResolved, Now
from gateway.model.mark import Mark, unpack
from gateway.model.packet import Packet
from gateway.model.policy import Policy
from gateway.model.record import FlowRecord
from gateway.policy import load
from tests.support.dns import answer, query
from tests.support.packets import BELL, CLOUD, GATEWAY, HOME, OTHER_CLOUD, Queue

FOLDER = Path(__file__).parent.parent / "data" / "home"
KNOWN = tuple(f"{host}.example.com" for host in ("bell", "metrics", "motion", "quiet", "video", "update", "doh")) + (
    "nobody.example.net",
)
"""Names that our resolver vouches for, at both clouds."""
NOON = 1_795_345_200.0
"""2026-11-22 12:00 in Berlin."""


@cache
def policy() -> Policy:
    """The home's policy."""
    loaded = load(shipped=FOLDER)
    assert loaded.policy is not None, loaded.faults
    return loaded.policy


small_policy = policy


class Watched:
    """An engine in the middle of a day, and the clock that it is told."""

    def __init__(self, *, policy: Policy | None = None, **options: object) -> None:
        self.engine = Engine(policy or small_policy(), own_addresses=frozenset({GATEWAY}), **options)  # type: ignore[arg-type]
        self.queue = Queue()
        self.mono = 1_000.0
        self.wall = NOON
        self.commands: list[Command] = self.engine.start({}, self.now)
        for name in KNOWN:
            self.engine.handle(NameResolved(name=name, addresses=(CLOUD, OTHER_CLOUD)), self.now)

    @property
    def now(self) -> Now:
        """The clock."""
        return Now(self.mono, self.wall)

    def wait(self, seconds: float) -> None:
        """Time goes by; nobody ticks."""
        self.mono += seconds
        self.wall += seconds

    def do(self, event: Event) -> list[Command]:
        """Handle one event."""
        return self.engine.handle(event, self.now) + self.engine.report(self.now)

    def see(self, packet: Packet, **how: object) -> list[Command]:
        """A packet is queued."""
        return self.do(self.queue.seen(packet, **how))  # type: ignore[arg-type]

    def bind(self, name: str, address: bytes = CLOUD) -> None:
        """The device asks our resolver for a name, and is told an address."""
        commands = self.see(query(name), hook=Hook.QUERY)
        mark = next(command.mark for command in commands if isinstance(command, SetVerdict))
        self.see(answer(name, (address,)), hook=Hook.ANSWER, mark=mark)


def verdicts(commands: list[Command]) -> list[SetVerdict]:
    """The verdicts among commands."""
    return [command for command in commands if isinstance(command, SetVerdict)]


def marks(commands: list[Command]) -> list[Mark]:
    """The marks of the verdicts among commands."""
    return [unpack(verdict.mark) for verdict in verdicts(commands)]


def records(commands: list[Command]) -> list[FlowRecord]:
    """The flows recorded by commands."""
    return [command.record for command in commands if isinstance(command, Record)]


__all__ = ["BELL", "HOME", "Watched", "marks", "policy", "records", "verdicts"]
