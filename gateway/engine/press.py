"""Presses of a bell: flows to a name that a device only calls when somebody rang (``tells: press`` in the catalogue)."""

from collections.abc import Iterator

from gateway.model.action import Effect
from gateway.model.assessment import Catalogue, Row
from gateway.model.device import Mac

from .flow import Flow

MAX_PRESSES = 256


class Presses:
    """Each flow tells of one press, however often it is judged."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        """By where they are written."""
        self._told: dict[int, None] = {}
        self._fresh: list[Flow] = []

    def adopt(self, catalogue: Catalogue) -> None:
        """The rows that tell of presses."""
        tables = (catalogue.names, catalogue.patterns)
        rows = (row for table in tables for found in table.values() for row in found)
        self._rows = {row.source: row for row in rows if row.tells == "press"}

    def hear(self, flow: Flow) -> None:
        """A flow was judged. What does not leave the home rings nowhere."""
        if not self._rows or flow.id in self._told or not self._is_press(flow):
            return
        self._told[flow.id] = None
        self._fresh.append(flow)
        if len(self._told) > MAX_PRESSES:
            del self._told[next(iter(self._told))]

    def take(self) -> Iterator[Flow]:
        """Those that nobody was told of yet."""
        fresh, self._fresh = self._fresh, []
        return iter(fresh)

    def forget(self, mac: Mac) -> None:
        """Nobody rang at it."""
        self._fresh = [flow for flow in self._fresh if flow.device.mac != mac]

    def _is_press(self, flow: Flow) -> bool:
        """By the row that it was judged by, if that is of this kind of device or of another one of its maker."""
        row = self._rows.get(flow.assessment.source) if flow.assessment else None
        if row is None or flow.decision is None or flow.decision.effect is not Effect.PASS:
            return False
        device = flow.device
        return device.profile in row.devices or (bool(device.vendor) and device.vendor == row.vendor)
