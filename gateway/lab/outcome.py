"""What became of something that a gadget tried."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one step."""

    step: str
    result: str = "ok"
    """``ok``, ``refused`` (reset, unreachable), ``timeout``, ``unresolved`` or ``failed``."""
    address: str = ""
    port: int = 0
    sport: int = 0
    sent_bytes: int = 0
    received_bytes: int = 0
    connect_ms: float = 0.0
    ms: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    """Monotonic: the same clock in every process of the home."""
    detail: str = ""
