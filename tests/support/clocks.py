"""A wall clock and a monotonic one that a test turns."""

from dataclasses import dataclass


@dataclass(slots=True)
class Clock:
    """Call it for the time; turn it by assigning or with ``pass_by``."""

    now: float = 1_795_345_200.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Time goes on, or back."""
        self.now += seconds
