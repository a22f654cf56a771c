"""How a kind of device takes a no best: evidence that stands in its profile, beside the rules and never above them."""

from collections.abc import Iterable, Iterator

from ..model.action import Action
from ..model.policy import Advice, DevicePolicy, Policy, Rule
from ..model.purpose import Purpose
from .fault import Fault

UNKNOWN = "not known"
WORDS = {"answer": "by an answer", "refuse": "by a refusal", "silence": "by silence"}
ANSWERABLE = frozenset({Purpose.TIME, Purpose.CONNECTIVITY_CHECK, Purpose.DNS_ESCAPE})
"""What the gateway can say something to by itself: for anything else an answer is a refusal until a profile's maker is known
to expect a certain one."""
_TAKES_AWAY = frozenset({Action.BLOCK, Action.DROP, Action.ASK})


def tell(advice: Advice | None) -> str:
    """``by an answer, never by silence: clocks froze (a block log of 2021; high)``."""
    if advice is None:
        return UNKNOWN
    never = ", never by silence" if advice.never_silence else ""
    why = advice.why.removesuffix(".")
    return f"{WORDS[advice.how]}{never}: {why} ({advice.evidence}; {advice.confidence})"


def goes_against(advice: Advice | None, purpose: Purpose, action: Action) -> bool:
    """Does the evidence speak against that?"""
    if advice is None:
        return False
    if action is Action.DROP and (advice.never_silence or advice.how == "refuse"):
        return True
    return advice.how == "answer" and purpose in ANSWERABLE and action in _TAKES_AWAY


def warnings(policy: Policy) -> Iterator[Fault]:
    """The rules of devices and profiles that go against the evidence, each once."""
    said: set[tuple[str, int, Purpose]] = set()
    for entry in (*policy.devices.values(), *policy.profiles.values()):
        for purpose, rule, advice in _against(entry, entry.advice):
            place = (rule.ref.file, rule.ref.line, purpose)
            if place not in said and rule.ref.line:
                said.add(place)
                kind = entry.device.profile or "such a device"
                message = f"{purpose} of {kind} is better told no {tell(advice)}"
                yield Fault(file=rule.ref.file, line=rule.ref.line, value=str(rule.action), message=message)


def _against(entry: DevicePolicy, known: Iterable[Purpose]) -> Iterator[tuple[Purpose, Rule, Advice]]:
    if entry.device.trusted:
        return
    for purpose in known:
        found = entry.table.get(purpose)
        if found is not None and goes_against(entry.advice[purpose], purpose, found[0].action):
            yield purpose, found[0], entry.advice[purpose]
