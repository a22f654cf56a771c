"""The connection mark: how a decision is written into the kernel.

``device 8 | epoch 12 | purpose 7 | class 4 | ask 1`` bits, most significant first, so that a restarted process, and an answer
on its way back, know device and purpose from the mark alone.
"""

from enum import IntEnum
from typing import NamedTuple

ASK = 0x1
CLASS_MASK = 0x1E
PURPOSE_MASK = 0xFE0
EPOCH_MASK = 0xFFF000
DEVICE_MASK = 0xFF000000
EPOCHS = 4096
"""Epochs run 1 … 4095 and then start again at 1: an empty mark is of no epoch."""
OWN_ANSWER = 0xFFF
"""Packet mark of the raw answers we send ourselves: connection tracking never sees them."""


class FlowClass(IntEnum):
    """What the kernel does with a judged flow."""

    NONE = 0
    PASS = 1
    LIMIT_64K = 2
    """Room for the second look: passes, and is asked about again over its budget."""
    REFUSE = 3
    DROP = 4
    UNDECIDED = 5
    """Packets without payload pass, every other is asked about."""
    REMEMBER = 6
    """Room for refused things that stay in the kernel."""
    LIMIT_256K = 8


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


def next_epoch(epoch: int) -> int:
    """The epoch after this one."""
    return epoch + 1 if epoch + 1 < EPOCHS else 1
