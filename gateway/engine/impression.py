"""What one device says of itself, as far as it counts: clues in, a guess out. Bounded, at whatever rate it says what.

A clue is looked up once; what was heard before costs nothing, and what comes faster than it is looked at is lost. When a device
is switched on anew, or asks for its address in other words than before, a new impression is formed beside the guess of before,
which stays until the new one is sure: so the first names that it asks for are the first ones, and another device under the same
hardware address does not hide behind what the one before has said.
"""

from collections import deque
from collections.abc import Iterable

from gateway.identity import Clues, Index
from gateway.model.device import Mac
from gateway.model.identity import Clue, Guess, Signal
from gateway.wire.clue import address_clues
from gateway.wire.ja4 import ja4
from gateway.wire.tls import ClientHello

MAX_HEARD = 192
"""Different clues looked at: gadgets give a few dozen. Only their hashes are kept."""
MAX_WAITING = 32
MAX_TELLING = 64
"""Clues, names aside, that rows know: what the guess is weighed from. (``Clues`` bounds names by itself.)"""
MAX_GREETINGS = 4
"""Different hellos fingerprinted: a gadget has one or two ways of greeting servers."""
MAX_GREETING_BYTES = 1_024
"""Of its lists. Longer ones are no gadget's, and would take long."""
MAX_SAVED, MAX_SAVED_CHARACTERS = 24, 128
ANEW_AFTER_S = 3_600.0
"""A new impression is begun at most so often."""
NOBODY = Guess()
_BY_ADDRESS = (Signal.OUI, Signal.MAKER)
_DHCP = (Signal.HOSTNAME, Signal.VENDOR_CLASS, Signal.PARAM_LIST)


class Impression:
    """What was heard of a device since it was switched on, or since the gateway was."""

    __slots__ = ("_clues", "_greeted", "_greetings", "_heard", "_signals", "_waiting", "telling")

    def __init__(self, mac: Mac, index: Index, clues: Iterable[Clue] = ()) -> None:
        self._clues = Clues(index)
        self._heard: set[int] = set()
        self._signals: set[Signal] = set()
        self._waiting: deque[Clue] = deque()
        self._greeted: set[int] = set()
        self._greetings: deque[tuple[ClientHello, float]] = deque()
        self.telling: list[Clue] = []
        """What counted, in order."""
        for clue in (*address_clues(mac), *clues):
            self._note(clue)

    def hear(self, clue: Clue) -> bool:
        """Something was said; True if it is new, and waits to be looked at."""
        if len(self._waiting) >= MAX_WAITING or len(self._heard) >= MAX_HEARD or not self._is_new(clue):
            return False
        self._note(clue)
        return True

    def greet(self, hello: ClientHello, at: float) -> bool:
        """A server was greeted; True if in a new way, and its fingerprint waits to be taken."""
        if len(self._greeted) >= MAX_GREETINGS or _list_bytes(hello) > MAX_GREETING_BYTES:
            return False
        greeting = hello._replace(server_names=(), alpn=hello.alpn[:1])
        if hash(greeting) in self._greeted:
            return False
        self._greeted.add(hash(greeting))
        self._greetings.append((greeting, at))
        return True

    def is_odd(self, clue: Clue) -> bool:
        """It asks for its address in other words than before."""
        return clue.signal in _DHCP and clue.signal in self._signals and self._is_new(clue)

    @property
    def waits(self) -> bool:
        """There is something to look at."""
        return bool(self._waiting or self._greetings)

    @property
    def weight(self) -> int:
        """What a guess costs: the number of clues that it is weighed from."""
        return 1 + len(self.telling)

    def look(self) -> bool:
        """Look at the next clue; True if it may change the guess. A fingerprint is taken first, and looked at another time."""
        if self._greetings and len(self._waiting) < MAX_WAITING:
            hello, at = self._greetings.popleft()
            self.hear(Clue(Signal.JA4, ja4(hello), at))
            return False
        clue = self._waiting.popleft()
        full = clue.signal is not Signal.DNS and sum(one.signal is not Signal.DNS for one in self.telling) >= MAX_TELLING
        if full or not self._clues.add(clue):
            return False
        self.telling.append(clue)
        return True

    def guess(self) -> Guess:
        """Whose it is, by what was looked at."""
        return self._clues.guess()

    def _note(self, clue: Clue) -> None:
        self._heard.add(hash(clue[:2]))
        self._signals.add(clue.signal)
        self._waiting.append(clue)

    def _is_new(self, clue: Clue) -> bool:
        return hash(clue[:2]) not in self._heard


def _list_bytes(hello: ClientHello) -> int:
    """What a fingerprint is made of."""
    lists = hello.ciphers, hello.signature_algorithms, hello.supported_versions
    return sum(map(len, lists)) + 2 * len(hello.extensions)


class Acquaintance:
    """One device: the guess that holds, and the impression that may change it."""

    def __init__(self, mac: Mac, index: Index) -> None:
        self._mac = mac
        self.impression = Impression(mac, index)
        self.guess = NOBODY
        self.profile = ""
        """The last one that was guessed surely; it holds where no file names the device."""
        self.vendor = ""
        """The last one that was guessed surely."""
        self.looked_at = float("-inf")
        self._index = index
        self._rests_on: list[Clue] = []
        self._is_anew = False
        """The guess is that of an impression before this one."""
        self._began_at = float("-inf")

    def hear(self, clue: Clue) -> bool:
        """Something was said; True if there is something to look at."""
        if self.guess.sure and self.impression.is_odd(clue):
            self.begin_anew(clue.at)
        return self.impression.hear(clue)

    def greet(self, hello: ClientHello, at: float) -> bool:
        """It greeted a server; True if there is something to look at. Nobody minds where it is clear what it is."""
        is_open = self._is_anew or not (self.guess.sure and self.guess.profile)
        return is_open and self.impression.greet(hello, at)

    def begin_anew(self, at: float) -> bool:
        """It was switched on anew, or may be another one by now; False where that was so a moment ago."""
        if not self.guess.sure or at - self._began_at < ANEW_AFTER_S:
            return False
        self.impression, self._is_anew, self._began_at = Impression(self._mac, self._index), True, at
        return True

    def use(self, index: Index) -> None:
        """Other rows: what was said is looked up again."""
        self._index = index
        said = (clue for clue in self.impression.telling if clue.signal not in _BY_ADDRESS)
        self.impression = Impression(self._mac, index, said)

    def revise(self, at: float) -> bool:
        """Weigh what was heard; True if the guess is another one now."""
        self.looked_at = at
        found = self.impression.guess()
        if self._is_anew and not found.sure:
            return False
        self._is_anew, self._rests_on = False, self.impression.telling
        before, self.guess = self.guess, found
        return found != before

    def dump(self) -> list[list[str]]:
        """What the guess rests on, for ``state.json``: it is guessed again from that."""
        said = [clue for clue in self._rests_on if clue.signal not in _BY_ADDRESS and len(clue.value) <= MAX_SAVED_CHARACTERS]
        return [[clue.signal, clue.value] for clue in said[:MAX_SAVED]]

    def restore(self, said: Iterable[Clue], at: float) -> None:
        """Hear it again, and guess at once."""
        for clue in said:
            self.impression.hear(clue)
        while self.impression.waits:
            self.impression.look()
        self.revise(at)
