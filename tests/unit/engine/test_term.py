"""Whatever the wall clock does, a viewing lasts as long as it was opened for, and a time nobody believes decides nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine import Engine
from gateway.engine.term import Term, begin
from gateway.model.command import Command, SaveState
from gateway.model.control import Request
from gateway.model.event import Asked, NameResolved, Now, Ticked
from gateway.model.mark import LET_OUT
from gateway.model.policy import Policy
from gateway.policy import load
from tests.support.home import FOLDER, NOON, marks
from tests.support.home import policy as home_policy
from tests.support.packets import GATEWAY, Queue, client_hello, syn, tcp

TICK_S = 0.2
ZONE = ZoneInfo("Europe/Berlin")
UNTIL = datetime(2026, 11, 22, 18, 0, tzinfo=ZONE).timestamp()
SUMMER_TIME, WINTER_TIME = (datetime(2026, *day, 1, 0, tzinfo=UTC).timestamp() for day in ((3, 29), (10, 25)))
WALLS = (0.0, 3_600.0, NOON, NOON + 13.9 * 3_600, NOON + 14.1 * 3_600, UNTIL - 30, UNTIL + 30, SUMMER_TIME, WINTER_TIME, 4e9)
OPEN, VIEWED, ALLOWED, EXCEPTED, CLOSED = "update", "video", "metrics", "quiet", "bell"
"""Names, all of ``example.com``: by schedule, by viewing, by allowance; opened and closed by an exception until ``UNTIL``."""
NAMES = (OPEN, VIEWED, ALLOWED, EXCEPTED, CLOSED)
BOOT_S = 5.0


@cache
def policy() -> Policy:
    """The small home, with exceptions that end."""
    exceptions = [
        f'{{to: "{name}.example.com", action: {action}, until: 2026-11-22T18:00}}'
        for name, action in ((EXCEPTED, "allow"), (CLOSED, "block"))
    ]
    with TemporaryDirectory() as folder:
        text = (FOLDER / "household.yaml").read_text()
        entry = "profile: bell, confirmed: true"
        text = text.replace(entry, f"{entry}, exceptions: [{', '.join(exceptions)}]")
        Path(folder, "household.yaml").write_text(text)
        loaded = load(Path(folder), shipped=FOLDER)
    assert loaded.policy is not None, loaded.faults
    return loaded.policy


@dataclass(slots=True)
class Life:
    """A gateway's days, and what people and clocks do to it; ``expected`` knows nothing of the engine."""

    mono: float = 1_000.0
    wall: float = NOON
    trusted: bool = True
    grants: dict[str, float] = field(default_factory=dict)
    """Name -> when it ends, on the monotonic clock."""
    judged: dict[tuple[int, str], bool] = field(default_factory=dict)
    """(epoch, name) -> it was let out."""
    saved: dict[str, Any] = field(default_factory=dict)
    older: dict[str, Any] = field(default_factory=dict)
    """What was saved before the last time."""
    remaining: dict[str, float] = field(default_factory=dict)
    """Of grants, when they were saved."""
    queue: Queue = field(default_factory=Queue)
    engine: Engine = field(init=False)
    sport: int = 1_024

    def __post_init__(self) -> None:
        self.engine = Engine(policy(), own_addresses=frozenset({GATEWAY}))
        self.take(self.engine.start({}, self.now))

    @property
    def now(self) -> Now:
        return Now(self.mono, self.wall, self.trusted)

    def take(self, commands: list[Command]) -> None:
        """The disk."""
        for command in commands:
            if isinstance(command, SaveState):
                self.saved, self.older = command.state, self.saved
                self.remaining = {name: until - self.mono for name, until in self.grants.items() if until > self.mono}

    def elapse(self, seconds: float) -> None:
        """Ticks while time goes by."""
        self.mono += seconds
        self.wall += seconds
        self.tick()

    def set_clock(self, wall: float, trusted: bool) -> None:
        self.wall, self.trusted = wall, trusted
        self.tick()

    def tick(self) -> None:
        self.mono += TICK_S
        self.wall += TICK_S
        self.take(self.engine.handle(Ticked(), self.now))

    def ask(self, do: str, **args: object) -> None:
        self.take(self.engine.handle(Asked(request=Request(id=1, do=do, args=args), client=1), self.now))

    def grant(self, name: str, seconds: float) -> None:
        """Somebody views the door, or allows its telemetry."""
        self.grants[name] = self.mono + seconds
        if name == VIEWED:
            self.ask("view", device="front-door", seconds=seconds)
        else:
            self.ask("allow", device="front-door", purpose="telemetry", seconds=seconds)

    def die(self, away_s: float, unsaved: bool) -> None:
        """SIGKILL, and a successor that finds the ruleset and what was saved, or ``unsaved`` what was saved before that."""
        self.mono += away_s
        self.wall += away_s
        if unsaved:  # what people opened or ended last is lost: they end it all
            self.grants.clear()
            self._succeed(self.engine.epoch, self.older)
            self.ask("stop", device="all")
        else:
            self._succeed(self.engine.epoch, self.saved)

    def reboot(self, wall: float) -> None:
        """A board without a clock: the connections and the ruleset are gone."""
        self.mono, self.wall, self.trusted = BOOT_S, wall, False
        self.grants = {name: self.mono + left for name, left in self.remaining.items()}
        self.judged.clear()
        self._succeed(0, self.saved)

    def _succeed(self, epoch: int, saved: dict[str, Any]) -> None:
        self.engine = Engine(policy(), epoch=epoch, own_addresses=frozenset({GATEWAY}))
        self.take(self.engine.start(saved, self.now, resume=epoch > 0))

    def expected(self, name: str) -> bool:
        """May a flow to this name leave now?"""
        hour = datetime.fromtimestamp(self.wall, ZONE).hour
        return {
            OPEN: self.trusted and 2 <= hour < 5,
            VIEWED: self.mono < self.grants.get(VIEWED, 0.0),
            ALLOWED: self.mono < self.grants.get(ALLOWED, 0.0),
            EXCEPTED: self.trusted and self.wall < UNTIL,
            CLOSED: self.trusted and self.wall >= UNTIL,
        }[name]

    def try_out(self, name: str) -> bool:
        """A new connection: is it let out?"""
        self.sport = self.sport + 1 if self.sport < 65_000 else 1_024
        full, address = f"{name}.example.com", bytes((203, 0, 113, 10 + NAMES.index(name)))
        self.engine.handle(NameResolved(name=full, addresses=(address,)), self.now)
        self.engine.handle(self.queue.seen(syn(sport=self.sport, dst=address)), self.now)
        hello = tcp(client_hello(full), sport=self.sport, dst=address)
        (mark,) = marks(self.engine.handle(self.queue.seen(hello), self.now))
        return mark.flow_class in LET_OUT

    def check(self) -> None:
        """New flows are judged by the moment; the kernel goes on with those of this epoch, which must be right as well."""
        for name in NAMES:
            expected = self.expected(name)
            assert self.try_out(name) is expected, (name, self.now)
            assert self.judged.setdefault((self.engine.epoch, name), expected) is expected, (name, self.now)


durations = st.sampled_from([0.1, 1.0, 30.0, 600.0, 3_600.0, 86_400.0])
walls = st.sampled_from(WALLS) | st.floats(0.0, 4e9)
steps = st.one_of(
    st.tuples(st.just("elapse"), durations),
    st.tuples(st.just("set_clock"), walls, st.booleans()),
    st.tuples(st.just("grant"), st.sampled_from([VIEWED, ALLOWED]), durations),
    st.tuples(st.just("die"), durations, st.booleans()),
    st.tuples(st.just("reboot"), walls),
)


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        pytest.param(Now(9.0, NOON, True), True, id="now"),
        pytest.param(Now(9.0, NOON + 13.9 * 3_600, True), True, id="until the window opens"),
        pytest.param(Now(9.0, NOON + 14 * 3_600, True), False, id="the window opens"),
        pytest.param(Now(9.0, NOON - 1, True), False, id="set back"),
        pytest.param(Now(9.0, NOON, False), False, id="no longer believed"),
    ],
)
def test_a_term_ends(now: Now, holds: bool) -> None:
    assert begin(home_policy(), Now(1.0, NOON)).holds(now) is holds


def test_a_clock_that_nobody_believes_may_show_what_it_likes() -> None:
    term = begin(home_policy(), Now(1.0, NOON, False))
    assert term.holds(Now(2.0, 0.0, False)) and term.holds(Now(2.0, 4e9, False))
    assert not term.holds(Now(2.0, NOON, True))
    assert Term(*term.dump()) == term


@given(st.booleans(), walls, st.lists(steps, max_size=14))
def test_no_clock_opens_what_is_closed_nor_keeps_open_what_has_ended(
    trusted: bool, wall: float, lived: list[tuple[Any, ...]]
) -> None:
    life = Life(wall=wall, trusted=trusted)
    life.check()
    for what, *how in lived:
        getattr(life, what)(*how)
        life.check()
