"""What a policy can say about a purpose, and what the device then meets."""

from enum import StrEnum


class Action(StrEnum):
    """The verbs of a policy."""

    ALLOW = "allow"
    LIMIT = "limit"
    OWNER_ONLY = "owner-only"
    ASK = "ask"
    ANSWER = "answer"
    BLOCK = "block"
    DROP = "drop"

    @property
    def strictness(self) -> int:
        """allow 0 < limit < owner-only < ask < answer = block = drop; mixed names are judged by it."""
        return _STRICTNESS[self]


_STRICTNESS = {
    Action.ALLOW: 0,
    Action.LIMIT: 1,
    Action.OWNER_ONLY: 2,
    Action.ASK: 3,
    Action.ANSWER: 4,
    Action.BLOCK: 4,
    Action.DROP: 4,
}


class Effect(StrEnum):
    """What becomes of the packets of a flow."""

    PASS = "pass"
    REFUSE = "refuse"
    """TCP reset, ICMP unreachable, or an empty DNS answer."""
    DROP = "drop"
    """Silence (for DNS: NXDOMAIN at once)."""
    REDIRECT = "redirect"
    """Answered by the gateway in the internet's place."""
