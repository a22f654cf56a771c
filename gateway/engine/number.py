"""The numbers that stand for devices in connection marks: which are free, and which marks of before they say nothing about.

Connections of a device that left still bear its number. Who gets it next gets it in a new epoch (``pass_on``), and a mark of an
earlier one is not its: that a connection was judged before, and for what, holds for nobody else.
"""

from collections.abc import Container, Iterable, Mapping

from gateway.model.mark import EPOCHS, Mark

LAST = 254
"""They begin at 1: no device is number 0."""


class Numbers:
    """Since when numbers that were given more than once are their holders'."""

    def __init__(self) -> None:
        self._since: dict[int, int] = {}
        """Number -> epoch."""

    def free(self, taken: Container[int], *, fresh: bool) -> int:
        """The lowest that is not taken; ``fresh``: one that nobody had before, if there is any – else rather one that was had.

        ``ValueError`` where all are taken.
        """
        return min(
            (number for number in range(1, LAST + 1) if number not in taken),
            key=lambda number: ((number in self._since) is fresh, number),
        )

    def pass_on(self, numbers: Iterable[int], epoch: int) -> None:
        """From this epoch on they are others'."""
        self._since |= dict.fromkeys(numbers, epoch)

    def means_its_holder(self, mark: Mark, epoch: int) -> bool:
        """The mark is not from before its number was passed on; ``epoch``: the one in force."""
        since = self._since.get(mark.device)
        return since is None or _epochs(since, mark.epoch) <= _epochs(since, epoch)

    def dump(self) -> dict[str, int]:
        """Plain values for ``state.json``."""
        return {str(number): epoch for number, epoch in self._since.items()}

    def restore(self, dumped: Mapping[str, int]) -> None:
        """The inverse of ``dump``."""
        self._since = {int(number): int(epoch) for number, epoch in dumped.items()}


def _epochs(since: int, until: int) -> int:
    """From one epoch to another; they begin anew after the last."""
    return (until - since) % (EPOCHS - 1)
