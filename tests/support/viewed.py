"""A home with a camera that owners view: its doorbell films, two phones are here, and the kernel counts once a second."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import count

from gateway.engine.allotment import HOUR_S
from gateway.model.action import Action
from gateway.model.assessment import Hint, Row
from gateway.model.command import Command, Publish, ResolveName
from gateway.model.device import Mac
from gateway.model.event import Counter, CountersRead, LeaseGiven, NameResolved, Ticked
from gateway.model.mark import LET_OUT
from gateway.model.packet import TCP, UDP, FlowKey
from gateway.model.policy import Policy, Rule, RuleRef
from gateway.model.purpose import Purpose
from gateway.policy.catalogue import name_key
from tests.support.home import BELL, HOME, Watched, marks, policy
from tests.support.packets import CLOUD, PHONE, PHONE_ADDRESS, client_hello, syn, tcp, udp

GUEST, GUEST_ADDRESS = Mac("02:00:5e:10:00:bb"), bytes((10, 77, 0, 31))
LIVE, LIVE_ADDRESS, ELSEWHERE = "live.example.com", bytes((203, 0, 113, 90)), bytes((203, 0, 113, 91))
SOCKET, REPORT, RING, VIDEO = "socket.example.com", "bell.example.com", "ring.example.com", "video.example.com"
RELAY = bytes((203, 0, 113, 50))
LENGTH_S = 300.0
_OTHERS = {"vendor": "example", "evidence": "this test home", "confidence": 0.9}
ROWS = (
    Row(match=LIVE, purpose=Purpose.CONTROL, devices=("app",), tells="viewing", source="a:1", **_OTHERS),
    Row(match=SOCKET, purpose=Purpose.CONTROL, devices=("bell",), source="a:2", **_OTHERS),
    Row(match=RING, purpose=Purpose.CONTROL, devices=("bell",), tells="press", source="a:3", **_OTHERS),
)
HINT = Hint(
    kind="order", says="a command, then pictures", purpose=Purpose.VIDEO, alone="seen twice", devices=("bell",), confidence=0.6
)


@cache
def viewed_policy(viewing: str, *, length_s: float = LENGTH_S, named: bool = True) -> Policy:
    """The small home's, with a way to view its doorbell."""
    base = policy()
    rule = Rule(action=Action.OWNER_ONLY, ref=RuleRef(file="x", line=1), viewing=viewing, viewing_s=length_s)
    catalogue = replace(
        base.catalogue,
        names={**base.catalogue.names, **{name_key(row.match): (row,) for row in ROWS}},
        hints=(HINT,),
    )
    entry = base.devices[BELL]
    nearest = replace(entry.levels[0], rules={**entry.levels[0].rules, Purpose.VIDEO: rule})
    devices = {**base.devices, BELL: replace(entry, levels=(nearest, *entry.levels[1:]))}
    if not named:
        del devices[BELL]
    return replace(base, catalogue=catalogue, devices=devices, digest=f"viewed {viewing} {length_s} {named}")


class Door(Watched):
    """An engine of that home. ``second``: a second goes by, the kernel's counters are read, and the clock ticks."""

    def __init__(self, viewing: str = "panel+home", **how: object) -> None:
        super().__init__(policy=viewed_policy(viewing, **how))  # type: ignore[arg-type]
        self.table: dict[FlowKey, Counter] = {}
        self.ports = count(41_000)
        self.told: list[tuple[str, str]] = []
        """(``opened`` or ``ended``, by what) of the viewings that were told of."""
        self.problems: list[str] = []
        self.do(LeaseGiven(mac=PHONE, address=PHONE_ADDRESS))
        self.do(LeaseGiven(mac=GUEST, address=GUEST_ADDRESS))
        for name in (SOCKET, REPORT, RING, VIDEO):
            self.do(NameResolved(name=name, addresses=(CLOUD, RELAY)))
        self.see(syn())  # the doorbell is here
        self.seconds(3)

    def hear(self, commands: Iterable[Command]) -> list[Command]:
        """What is told, and what our resolver answers."""
        found = list(commands)
        for command in found:
            if isinstance(command, ResolveName) and command.name == LIVE:
                self.do(NameResolved(name=LIVE, addresses=(LIVE_ADDRESS,)))
            if isinstance(command, Publish) and command.kind == "viewing":
                assert isinstance(command.data, dict)
                self.told += [(what, str(view["by"])) for what, view in command.data.items()]
            if isinstance(command, Publish) and command.kind == "problem":
                assert isinstance(command.data, dict)
                self.problems.append(str(command.data["message"]))
        return found

    def seconds(self, number: float = 1.0, *, step_s: float = 1.0) -> None:
        """Time goes by; the table is read, then the clock ticks."""
        while number > 0:
            self.wait(min(step_s, number))
            number -= step_s
            self.hear(self.do(CountersRead(counters=tuple(self.table.values()))))
            self.hear(self.do(Ticked()))

    @property
    def by(self) -> str:
        """What opened the viewing that is open; empty: none is."""
        viewing = self.engine._state.grants.viewing(BELL)
        return viewing.by if viewing else ""

    @property
    def remaining_s(self) -> float:
        """For how long it is open yet."""
        viewing = self.engine._state.grants.viewing(BELL)
        return viewing.until - self.mono if viewing else 0.0

    # What happens in the home.

    def call(self, src: bytes = PHONE_ADDRESS, dst: bytes = LIVE_ADDRESS, *, mark: int = 0, size: int = 5_000) -> FlowKey:
        """A phone (or who else lives at ``src``) has a connection there, from now on."""
        key = FlowKey(TCP, src, next(self.ports), dst, 443)
        self.table[key] = Counter(key, mark, size, size, 9, 9)
        return key

    def use(self, key: FlowKey, more: int = 500) -> None:
        """More is said on it."""
        known = self.table[key]
        self.table[key] = known._replace(bytes_out=known.bytes_out + more, bytes_in=known.bytes_in + more)

    def connect(self, name: str) -> FlowKey:
        """The doorbell opens a connection, which passes."""
        sport = next(self.ports)
        self.bind(name)
        self.see(syn(sport=sport))
        passed = marks(self.hear(self.see(tcp(client_hello(name), sport=sport))))
        assert passed[-1].flow_class in LET_OUT, name
        key = FlowKey(TCP, HOME, sport, CLOUD, 443)
        self.table[key] = Counter(key, 1, 900, 4_000, 5, 5)
        return key

    def film(self, sport: int = 0, dport: int = 40_000) -> bool:
        """It tries to send pictures; True if they pass."""
        return marks(self.see_film(sport, dport))[-1].flow_class in LET_OUT

    def see_film(self, sport: int = 0, dport: int = 40_000) -> list[Command]:
        """The same; what comes of it."""
        self.bind(VIDEO, RELAY)
        return self.hear(self.see(udp(b"\x80pictures", dst=RELAY, sport=sport or next(self.ports), dport=dport)))

    def go_on_filming(self, seconds: float, *, dport: int = 40_000) -> float:
        """It sends, as long as it may; how long that was."""
        sport, passed_s = next(self.ports), 0.0
        key = FlowKey(UDP, HOME, sport, RELAY, dport)
        for _ in range(round(seconds)):
            passes = self.film(sport, dport)
            passed_s += passes
            if passes:
                before = self.table.get(key) or Counter(key, 1, 0, 0, 0, 0)
                self.table[key] = before._replace(bytes_out=before.bytes_out + 90_000)
            self.seconds(1)
        return passed_s


__all__ = ["HOUR_S", "LENGTH_S", "Door", "viewed_policy"]
