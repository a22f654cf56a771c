"""A home that gets new devices: its policy knows a few signs, and every regime has profiles to give."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from gateway.model.command import Command, LoadRuleset, Publish
from gateway.model.device import Device, Mac
from gateway.model.event import ClueHeard, LeaseGiven, Ticked
from gateway.model.identity import Clue, Signal
from gateway.model.policy import SET_UP, DevicePolicy, Policy, Regime
from gateway.policy.assembly import NEWCOMER
from tests.support.home import Watched, policy
from tests.support.signs import KNOWN

NEW = Mac("00:00:5e:00:00:01")
"""Its prefix is maker's own."""
HERE = b"\x0a\x4d\0\x65"
VENDORS = {"doorbell": "maker", "light": "maker", "hub": "other", SET_UP: ""}


@cache
def home_policy(regime: Regime = Regime.GUIDED) -> Policy:
    """The small home's, with the profiles that its signs lead to."""
    careful = policy().profiles["careful"]
    made = {name: _profile(careful, name, vendor) for name, vendor in VENDORS.items()}
    profiles = {**policy().profiles, **made}
    own = {"new_devices": regime, "newcomer_profile": NEWCOMER[regime], "digest": f"new {regime}"}
    return replace(policy(), profiles=profiles, identity=KNOWN, **own)  # type: ignore[arg-type]


def _profile(model: DevicePolicy, name: str, vendor: str) -> DevicePolicy:
    return replace(model, device=Device(mac=Mac(""), id="", profile=name, vendor=vendor, family="other"))


class Joined(Watched):
    """An engine of that home, on its first day."""

    def __init__(self, regime: Regime = Regime.GUIDED, **options: object) -> None:
        super().__init__(policy=home_policy(regime), **options)

    def join(self, mac: Mac = NEW, address: bytes = HERE, *, hostname: str = "") -> list[Command]:
        """It is given an address."""
        return self.do(LeaseGiven(mac=mac, address=address, hostname=hostname))

    def say(self, *said: tuple[Signal, str], mac: Mac = NEW) -> None:
        """It is heard."""
        for signal, value in said:
            self.do(ClueHeard(mac=mac, clue=Clue(signal, value, self.mono)))

    def pass_by(self, seconds: float) -> list[Command]:
        """Time goes by, and the engine ticks."""
        commands: list[Command] = []
        for _ in range(round(seconds / 0.2)):
            self.wait(0.2)
            commands += self.do(Ticked())
        return commands

    def profile(self, mac: Mac = NEW) -> str:
        """The one that it has now."""
        return self.engine._state.roster.describe(mac).profile

    def shown(self, mac: Mac = NEW) -> dict[str, object]:
        """The device as ``devices`` shows it."""
        member = self.engine._state.roster.get(mac)
        assert member is not None
        return self.engine._state.view(member, self.now)


def loads(commands: Iterable[Command]) -> int:
    """How often a ruleset was loaded."""
    return sum(isinstance(command, LoadRuleset) for command in commands)


def told(commands: Iterable[Command], kind: str) -> list[dict[str, object]]:
    """What was published of that kind."""
    found = [command.data for command in commands if isinstance(command, Publish) and command.kind == kind]
    return [data for data in found if isinstance(data, dict)]
