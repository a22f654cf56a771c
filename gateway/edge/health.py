"""What is wrong with what the gateway depends on: told once when it begins and once when it is over."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger("netcurtain")


class Health:
    """At most one trouble for each thing. What was told is revised in place: ``status`` shows how it stands now."""

    def __init__(self, tell: Callable[[dict[str, Any], bool], None], *, wall: Callable[[], float] = time.time) -> None:
        """``tell`` is given a trouble (``what``, ``message``, ``at``; ``over_at`` once it is over), and whether it is new."""
        self._tell = tell
        self._wall = wall
        self._troubles: dict[str, dict[str, Any]] = {}

    def set(self, what: str, message: str, **more: object) -> None:
        """``message``: what is wrong with it now; empty: nothing, or nothing any more. ``more`` stands beside it."""
        trouble = self._troubles.get(what)
        if message:
            self._begin(what, message, more) if trouble is None else self._revise(trouble, message, more)
        elif trouble is not None:
            del self._troubles[what]
            trouble.update(more, over_at=self._wall())
            log.info("%s: in order again", what)
            self._tell(trouble, False)

    @contextmanager
    def watch(self, what: str, message: str) -> Iterator[None]:
        """What fails in the block is a trouble, told with its reason; where nothing does, there is none any more."""
        try:
            yield
        except OSError as err:
            self.set(what, f"{message}: {err}")
        else:
            self.set(what, "")

    def _begin(self, what: str, message: str, more: dict[str, object]) -> None:
        trouble = self._troubles[what] = {"what": what, "message": message, "at": self._wall(), **more}
        log.error("%s: %s", what, message)
        self._tell(trouble, True)

    def _revise(self, trouble: dict[str, Any], message: str, more: dict[str, object]) -> None:
        if message != trouble["message"]:
            log.error("%s: %s", trouble["what"], message)
        trouble.update(more, message=message)
