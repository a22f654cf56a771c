"""The connection mark: how a decision is written into the kernel.

``device 8 | epoch 12 | purpose 7 | class 4 | ask 1`` bits, most significant first, so that a restarted process, and an answer
on its way back, know device and purpose from the mark alone.
"""

from enum import IntEnum
from typing import NamedTuple

ASK = 0x1
CLASS_MASK = 0x1E
LET_OUT_BIT = 0x10
"""Of the class: the flow was judged and may pass. One comparison tells for the bulk of all packets."""
PURPOSE_MASK = 0xFE0
EPOCH_MASK = 0xFFF000
DEVICE_MASK = 0xFF000000
BUDGET_MASK = DEVICE_MASK | PURPOSE_MASK
"""What a budget over many flows is kept for: a device and a purpose."""
EPOCHS = 4096
"""Epochs run 1 … 4095 and then start again at 1: an empty mark is of no epoch."""
OWN_ANSWER = 0xFFF
"""Packet mark of the raw answers we send ourselves: connection tracking never sees them."""


class FlowClass(IntEnum):
    """What the kernel does with a judged flow. Those that may pass are the upper half."""

    NONE = 0
    REFUSE = 1
    DROP = 2
    REMEMBER = 3
    """Refused, and the kernel refuses the next tries of the same destination by itself."""
    SILENCE = 4
    """Dropped, and the kernel drops the next tries of the same destination by itself."""
    UNDECIDED = 5
    """Packets without payload pass, every other is asked about."""
    WELCOME = 6
    """Undecided, and the kernel lets the next handshakes with the same address pass by itself: what is said is judged."""
    BEGUN = 7
    """Only in the mark of a packet that is asked about: it holds the first byte of its connection."""
    PASS = 8
    """Let out, and never looked at again in this epoch."""
    LIMIT = 9
    """Let out within the budget of its purpose; no more looks at this very flow."""
    LOOK_16K = 10
    """Let out, and asked about again when so many bytes went up."""
    LOOK_64K = 11
    LOOK_256K = 12
    LOOK_1M = 13
    LOOK_AGAIN = 14
    """Datagrams that went through all looks: let out, and asked about again now and then, since ports outlive what is said."""
    SPENT = 15
    """Only in the mark of a packet that is asked about: its budget has no room left."""


LOOKS = {
    FlowClass.LOOK_16K: 16_000,
    FlowClass.LOOK_64K: 64_000,
    FlowClass.LOOK_256K: 256_000,
    FlowClass.LOOK_1M: 1_000_000,
}
"""Bytes that may go up before the next look, smallest first."""
HANDSHAKES = frozenset({FlowClass.UNDECIDED, FlowClass.WELCOME})
"""Classes of connections that have said nothing yet."""
SENT = {**LOOKS, FlowClass.LOOK_AGAIN: LOOKS[FlowClass.LOOK_1M]}
"""Bytes that went up at least when such a flow is asked about."""
LET_OUT = frozenset({FlowClass.PASS, FlowClass.LIMIT, *SENT})
"""Classes of flows that were judged and may pass."""


class Mark(NamedTuple):
    """A mark, taken apart."""

    device: int
    epoch: int
    purpose: int
    flow_class: int


def pack(device: int, epoch: int, purpose: int, flow_class: int) -> int:
    """The 32-bit mark, with the ask bit clear."""
    return (device & 0xFF) << 24 | (epoch & 0xFFF) << 12 | (purpose & 0x7F) << 5 | (flow_class & 0xF) << 1


def unpack(mark: int) -> Mark:
    """The parts of a mark; the ask bit is ignored."""
    return Mark(mark >> 24 & 0xFF, mark >> 12 & 0xFFF, mark >> 5 & 0x7F, mark >> 1 & 0xF)


def class_of(mark: int) -> int:
    """The class in a mark, whatever its epoch."""
    return mark >> 1 & 0xF


def class_in(mark: int, epoch: int) -> int:
    """The class in a mark of this epoch; ``NONE`` for one of another."""
    return mark >> 1 & 0xF if mark >> 12 & 0xFFF == epoch else 0


def next_epoch(epoch: int) -> int:
    """The epoch after this one."""
    return epoch + 1 if epoch + 1 < EPOCHS else 1
