"""How gadgets take a no: each asks for one name, knocks where it thinks the name lives, and makes of the answer what it will.

A step ``{temper: impatient, name: …}`` lives like that for ``for_s`` seconds, or until it is stopped. Its outcome's ``detail``
is a JSON list of all tries: ``[monotonic seconds, what]``.
"""

import json
import socket
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from . import message
from .hello import client_hello, records
from .stub import ask

if TYPE_CHECKING:
    from .step import World

HTTPS = 443
PATIENCE_S = 0.6
"""How long it waits for an answer before it calls that silence."""
AT_ONCE_S = 0.075
PAUSE_S = 3.0
KEPT_S = 1.5
"""A DNS answer: half a trial, as its minute is in a household."""
NAME, CONNECTION, RESTART = "name", "connection", "restart"
REFUSED, SILENT, SERVED = "refused", "silent", "served"


class Temper:
    """A gadget that wants to reach one name. ``turn`` is one try of it."""

    def __init__(self, name: str, world: "World") -> None:
        self.name = name
        self.world = world
        self.remembered = world.known[name][0]
        self.tries: list[tuple[float, str]] = []
        self._hello = records(client_hello(name))

    def turn(self) -> float:
        """Try; seconds until the next try."""
        raise AssertionError("each temper has a turn of its own")

    def note(self, what: str) -> None:
        """Write a try down."""
        self.tries.append((time.monotonic(), what))

    def ask(self) -> tuple[str, bool]:
        """The address that DNS has for the name, if any; and may there be such a name at all?"""
        self.note(NAME)
        answer = ask(message.dns_query(self.name, message.A), server=self.world.resolver, timeout_s=1.0)
        if answer is None:
            return "", True
        found = message.read_answer(answer)
        return (found.addresses[0] if found.addresses else ""), found.code != message.NXDOMAIN

    def knock(self, address: str) -> str:
        """Connect, say hello, and wait for whatever comes."""
        self.note(CONNECTION)
        try:
            with socket.create_connection((address, HTTPS), timeout=PATIENCE_S) as sock:
                sock.sendall(self._hello)
                return SERVED if sock.recv(2048) else REFUSED
        except TimeoutError:
            return SILENT
        except OSError:
            return REFUSED


class Impatient(Temper):
    """Comes again at once when it is told no, and waits when nobody answers. What DNS told it, it does not ask again."""

    def __init__(self, name: str, world: "World") -> None:
        super().__init__(name, world)
        self._told, self._told_at = "", 0.0

    def turn(self) -> float:
        address, exists = self._look_up()
        if not address and exists:
            return AT_ONCE_S
        return PAUSE_S if self.knock(address or self.remembered) == SILENT else AT_ONCE_S


    def _look_up(self) -> tuple[str, bool]:
        if self._told and time.monotonic() - self._told_at < KEPT_S:
            return self._told, True
        self._told, exists = self.ask()
        self._told_at = time.monotonic()
        return self._told, exists


class Nervous(Temper):
    """Takes silence for a fault of its own and restarts, lease and all; a no it can live with."""

    BOOT_S: ClassVar[float] = 0.4
    AGAIN_S: ClassVar[float] = 1.2

    def turn(self) -> float:
        address, exists = self.ask()
        if not address and exists:
            return self.AGAIN_S
        if self.knock(address or self.remembered) != SILENT:
            return self.AGAIN_S
        self.note(RESTART)
        self.world.rejoin()
        return self.BOOT_S


class Stubborn(Temper):
    """Falls back to addresses that it was born with, all at once and over and over, unless DNS gives it one."""

    FIXED: ClassVar[Sequence[str]] = ("198.51.100.201", "198.51.100.202", "198.51.100.203")
    EVERY_S: ClassVar[float] = 0.1

    def turn(self) -> float:
        address, _ = self.ask()
        if address:
            self.knock(address)
            return PAUSE_S
        self._hammer()
        return 0.0

    def _hammer(self) -> None:
        sockets = []
        for address in self.FIXED:
            self.note(CONNECTION)
            sock = socket.socket(socket.AF_INET)
            sock.setblocking(False)
            sock.connect_ex((address, HTTPS))
            sockets.append(sock)
        self.world.stopping.wait(self.EVERY_S)
        for sock in sockets:
            with sock:
                _say(sock, self._hello)


def _say(sock: socket.socket, data: bytes) -> None:
    """To whoever answered by now."""
    try:
        sock.send(data)
    except OSError:
        pass


TEMPERS: Mapping[str, type[Temper]] = {"impatient": Impatient, "nervous": Nervous, "stubborn": Stubborn}


def live(step: Mapping[str, Any], world: "World") -> str:
    """The life of one gadget, and all that it tried."""
    gadget = TEMPERS[str(step["temper"])](str(step["name"]), world)
    until = time.monotonic() + float(step.get("for_s", 60))
    while time.monotonic() < until and not world.stopping.is_set():
        world.stopping.wait(gadget.turn())
    return json.dumps(gadget.tries)
