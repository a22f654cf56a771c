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

All devices that nobody has named have a few times that together (``share``), and what one of them has asked is nothing new from
another: whoever changes its hardware address all the time gains no more.

An hour begins with a device's first question. Ordinary gadgets stay far below: they ask for the same dozens of names all day.
"""

import math
from collections import Counter
from typing import NamedTuple

from .share import Accounts, Bucket, IsNamed

DOMAIN_BYTES = 4_096
CODED_BYTES = 1_024
DEVICE_BYTES = 16_384
DEVICE_QUESTIONS = 1_000
REPEATS, REPEATS_PER_S = 60.0, 1.0
WINDOW_S = 3_600.0
MAX_DOMAINS = 256
"""Per device; a name of one more counts as if all those domains were one."""
CODED_LABEL_BYTES = 40
CODED_LEAST_BYTES = 16
CODED_BITS = 3.6
"""Entropy per byte: below it lie words and model numbers, above it base32 and hexadecimal of such a length."""
_REGIONAL = frozenset({"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go"})
_REST = "."


class Tunnels:
    """What each device has said in names within the hour that runs."""

    def __init__(self, is_named: IsNamed) -> None:
        self._hours: Accounts[_Hour] = Accounts(is_named, _Hour)

    def forget(self, device: str) -> None:
        """It has asked for nothing."""
        self._hours.forget(device)

    def take(self, device: str, name: str, question: bytes, *, at: float) -> str:
        """Count one question; why it is to be refused, or nothing.

        ``question``: name, type and class as they were sent; ``at``: monotonic seconds.
        """
        asked, weighed = hash(question), []
        for hour in self._hours.of(device):
            if said := hour.weigh(name, asked, at):
                weighed.append((hour, said))
        for hour, said in weighed:
            if refusal := hour.refuse(said):
                return refusal
        for hour, said in weighed:
            hour.add(said)
        return ""

    def may_repeat(self, device: str, question: bytes, *, remembered: bool, at: float) -> bool:
        """Whether a question may go on, as far as it is one that was asked before.

        ``remembered``: our resolver answers it from memory once it was answered.
        """
        asked, again = hash(question), []
        for hour in self._hours.of(device):
            if hour.is_repeated(asked, remembered, at):
                if not hour.repeats.has_one(at):
                    return False
                again.append(hour)
        for hour in again:
            hour.repeats.take()
        return True

    def settle(self, device: str, question: bytes, *, at: float) -> None:
        """Our resolver gave an answer that it remembers."""
        for hour in self._hours.of(device):
            hour.settle(hash(question), at)


class _Said(NamedTuple):
    """What a question says that was not asked before."""

    question: int
    name: int
    """Hashes: Python's own are keyed anew in every process, so nobody can aim at them."""
    domain: str
    cost: int
    """Bytes."""
    coded: int
    """How many of them look like code."""


class _Hour:
    """What one device has said, or several that share, within an hour."""

    __slots__ = ("_began", "_devices", "_domains", "_names", "_questions", "_said", "_settled", "repeats")

    def __init__(self, devices: int) -> None:
        self._devices = devices
        """As many have the hour together: its bounds are so many times theirs."""
        self._began = float("-inf")
        self._names: set[int] = set()
        self._questions: set[int] = set()
        self._settled: set[int] = set()
        self._said = 0
        self._domains: dict[str, tuple[int, int]] = {}
        """Domain -> bytes that went into its names, and how many of them look like code."""
        self.repeats = Bucket(devices * REPEATS, devices * REPEATS_PER_S)

    def is_repeated(self, asked: int, remembered: bool, at: float) -> bool:
        """It was asked before, and goes beyond our resolver all the same."""
        if at - self._began >= WINDOW_S:
            self._renew(at)
        return asked in self._questions and not (remembered and asked in self._settled)

    def settle(self, asked: int, at: float) -> None:
        """Our resolver remembers the answer."""
        if at - self._began >= WINDOW_S:
            self._renew(at)
        if asked in self._questions:
            self._settled.add(asked)

    def weigh(self, name: str, asked: int, at: float) -> _Said | None:
        """What a question would cost; None: nothing, it was asked before."""
        if at - self._began >= WINDOW_S:
            self._renew(at)
        if asked in self._questions:
            return None
        domain = domain_of(name)
        prefix = name[: -len(domain) - 1] if len(name) > len(domain) else ""
        is_new = hash(name) not in self._names
        cost = len(prefix) if is_new else 2 - (-len(name) // 8)
        known = domain in self._domains or len(self._domains) < self._devices * MAX_DOMAINS
        coded = cost if not is_new or looks_coded(prefix) else 0
        return _Said(asked, hash(name), domain if known else _REST, cost, coded)

    def refuse(self, said: _Said) -> str:
        """Why that is too much; empty: it is not."""
        size, coded = self._domains.get(said.domain, (0, 0))
        if len(self._questions) >= self._devices * DEVICE_QUESTIONS:
            return self._more_than(DEVICE_QUESTIONS, "different questions", "no gadget has so many to ask")
        if said.coded and coded + said.coded > self._devices * CODED_BYTES:
            return self._more_than(CODED_BYTES, f"bytes that look like code in names of {said.domain}", "a tunnel")
        if size + said.cost > self._devices * DOMAIN_BYTES:
            return self._more_than(DOMAIN_BYTES, f"bytes in different names of {said.domain}", "a tunnel")
        if self._said + said.cost > self._devices * DEVICE_BYTES:
            return self._more_than(DEVICE_BYTES, "bytes in different names", "a tunnel")
        return ""

    def _more_than(self, bound: int, what: str, verdict: str) -> str:
        whose = " from all devices together that nobody has named" if self._devices > 1 else ""
        return f"more than {self._devices * bound} {what} within an hour{whose}: {verdict}"

    def add(self, said: _Said) -> None:
        """It was asked."""
        self._questions.add(said.question)
        self._names.add(said.name)
        self._said += said.cost
        size, coded = self._domains.get(said.domain, (0, 0))
        self._domains[said.domain] = size + said.cost, coded + said.coded

    def _renew(self, at: float) -> None:
        """An hour begins with its first question."""
        self._began, self._said = at, 0
        for known in (self._names, self._questions, self._settled, self._domains):
            known.clear()


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
