"""Names that carry a letter: how much a device may say to whoever answers for a domain, by asking for names of it.

Every name that a device has not asked for within the hour costs the bytes of its labels before the domain; one that it has, in
another spelling or for another type, costs a bit for each letter and two bytes. What comes to more than these bounds is refused
for the rest of the hour, questions asked before excepted:

- 4 kB a device, domain and hour; of it 1 kB through labels that look like code: longer than a person would write, or evenly
  spread over letters and digits;
- 16 kB a device and hour over all domains;
- 1,000 different questions a device and hour.

The same question again says nothing as long as our resolver remembers the answer, which it does for a minute at least. Where it
cannot, one a second goes on: which of a thousand it is, and when, comes to another 5 kB an hour.

An hour begins with a device's first question. Ordinary gadgets stay far below: they ask for the same dozens of names all day.
"""

import math
from collections import Counter, OrderedDict

DOMAIN_BYTES = 4_096
CODED_BYTES = 1_024
DEVICE_BYTES = 16_384
DEVICE_QUESTIONS = 1_000
REPEATS, REPEATS_PER_S = 60.0, 1.0
WINDOW_S = 3_600.0
MAX_DEVICES = 512
MAX_DOMAINS = 256
"""Per device; a name of one more counts as if all those domains were one."""
CODED_LABEL_BYTES = 40
CODED_LEAST_BYTES = 16
CODED_BITS = 3.6
"""Entropy per byte: below it lie words and model numbers, above it base32 and hexadecimal of such a length."""
_REGIONAL = frozenset({"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go"})
_REST = "."


class Tunnels:
    """What each device has said in names within the hour that runs. Bounded: the device that was silent longest goes first."""

    def __init__(self) -> None:
        self._devices: OrderedDict[str, _Hour] = OrderedDict()

    def take(self, device: str, name: str, question: bytes, *, at: float) -> str:
        """Count one question; why it is to be refused, or nothing.

        ``question``: name, type and class as they were sent; ``at``: monotonic seconds.
        """
        return self._hour(device, at).take(name, question)

    def may_repeat(self, device: str, question: bytes, *, remembered: bool, at: float) -> bool:
        """Whether a question may go on, as far as it is one that was asked before.

        ``remembered``: our resolver answers it from memory once it was answered.
        """
        return self._hour(device, at).may_repeat(hash(question), remembered, at)

    def settle(self, device: str, question: bytes, *, at: float) -> None:
        """Our resolver gave an answer that it remembers."""
        self._hour(device, at).settle(hash(question))

    def _hour(self, device: str, at: float) -> "_Hour":
        hour = self._devices.get(device)
        if hour is None or at - hour.began >= WINDOW_S:
            hour = self._devices[device] = _Hour(at)
        self._devices.move_to_end(device)
        if len(self._devices) > MAX_DEVICES:
            self._devices.popitem(last=False)
        return hour


class _Hour:
    """One device, one hour."""

    __slots__ = ("began", "coded", "domains", "names", "questions", "repeats", "repeats_at", "said", "settled")

    def __init__(self, began: float) -> None:
        self.began = began
        self.names: set[int] = set()
        """Hashes: Python's own are keyed anew in every process, so nobody can aim at them."""
        self.questions: set[int] = set()
        self.settled: set[int] = set()
        self.repeats, self.repeats_at = REPEATS, began
        self.said = 0
        self.domains: dict[str, int] = {}
        self.coded: dict[str, int] = {}

    def may_repeat(self, asked: int, remembered: bool, at: float) -> bool:
        if asked not in self.questions or (remembered and asked in self.settled):
            return True
        self.repeats = min(REPEATS, self.repeats + (at - self.repeats_at) * REPEATS_PER_S)
        self.repeats_at = at
        if self.repeats < 1.0:
            return False
        self.repeats -= 1.0
        return True

    def settle(self, asked: int) -> None:
        if asked in self.questions:
            self.settled.add(asked)

    def take(self, name: str, question: bytes) -> str:
        asked = hash(question)
        if asked in self.questions:
            return ""
        domain = domain_of(name)
        prefix = name[: -len(domain) - 1] if len(name) > len(domain) else ""
        is_new = hash(name) not in self.names
        cost = len(prefix) if is_new else 2 - (-len(name) // 8)
        if len(self.questions) >= DEVICE_QUESTIONS:
            return f"more than {DEVICE_QUESTIONS} different questions within an hour: no gadget has so many to ask"
        domain = domain if domain in self.domains or len(self.domains) < MAX_DOMAINS else _REST
        coded = cost if not is_new or looks_coded(prefix) else 0
        if refusal := self._refuse(domain, cost, coded):
            return refusal
        self.questions.add(asked)
        self.names.add(hash(name))
        self.said += cost
        self.domains[domain] = self.domains.get(domain, 0) + cost
        self.coded[domain] = self.coded.get(domain, 0) + coded
        return ""

    def _refuse(self, domain: str, cost: int, coded: int) -> str:
        if coded and self.coded.get(domain, 0) + coded > CODED_BYTES:
            return f"more than {CODED_BYTES} bytes that look like code went into names of {domain} within an hour: a tunnel"
        if self.domains.get(domain, 0) + cost > DOMAIN_BYTES:
            return f"more than {DOMAIN_BYTES} bytes went into different names of {domain} within an hour: a tunnel"
        if self.said + cost > DEVICE_BYTES:
            return f"more than {DEVICE_BYTES} bytes went into different names within an hour: a tunnel"
        return ""


def domain_of(name: str) -> str:
    """Whoever answers for the name, nearly: its last two labels, or three under ``co.uk`` and its like."""
    labels = name.rsplit(".", 3)
    regional = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGIONAL
    return ".".join(labels[-3:] if regional else labels[-2:])


def looks_coded(prefix: str) -> bool:
    """The labels before the domain look like code rather than words."""
    return any(
        len(label) >= CODED_LABEL_BYTES or (len(label) >= CODED_LEAST_BYTES and entropy(label) >= CODED_BITS)
        for label in prefix.split(".")
    )


def entropy(text: str) -> float:
    """Bits per character, by how often each occurs."""
    return sum(-count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
