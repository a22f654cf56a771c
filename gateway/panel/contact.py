"""First contact with a phone behind the curtain: the panel asks the gateway to let it come, and tells when that is over.

The ruleset keeps untrusted devices away from the panel. While the box has no owner, the gateway opens it to everybody of the
curtain, for what is left of the window; once somebody has claimed it, to that device alone, until its first run should be
over. The kernel ends both by itself. Asking again costs the gateway next to nothing, so a gateway that was restarted learns
of it without anybody having to notice.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from gateway.edge.control_client import ControlError

log = logging.getLogger("netcurtain.panel")
AGAIN_S = 2.0
FIRST_RUN_S = 900.0
"""So long whoever has claimed the box has to say whose phone this is, or to come back by another way."""
MAX_TRIES = 60
"""To tell that it is over: by then the kernel has ended it, or no gateway is there."""


class Contact:
    """Who may come without being trusted."""

    def __init__(self, ask: Callable[..., Any], *, left_s: Callable[[], float]) -> None:
        """``ask``: the gateway; ``left_s``: how long anybody may still claim the box, 0 once somebody has."""
        self._ask = ask
        self._left_s = left_s
        self._over = threading.Event()

    def start(self) -> None:
        """Ask until there is nothing more to ask for, in a thread of our own."""
        threading.Thread(target=self._run, name="contact", daemon=True).start()

    def close(self) -> None:
        """Ask no more."""
        self._over.set()

    def claimed(self, mac: str) -> None:
        """Somebody has claimed the box, from this device where it is known: from now on it alone may come."""
        given = {"seconds": FIRST_RUN_S, "device": mac} if mac else {"seconds": 0.0}
        if not self._try(**given):
            log.warning("the gateway could not be told that this box has an owner: it learns it within %.0f s", AGAIN_S)

    def _run(self) -> None:
        tries = 0
        while tries < MAX_TRIES and not self._over.is_set():
            left_s = self._left_s()
            told = self._try(seconds=left_s)
            if not left_s:
                tries += 1
                if told:
                    return
            self._over.wait(min(AGAIN_S, left_s) or AGAIN_S)

    def _try(self, **given: Any) -> bool:
        try:
            self._ask("contact", **given)
        except ControlError as err:
            log.debug("first contact: %s", err.message)
            return False
        return True
