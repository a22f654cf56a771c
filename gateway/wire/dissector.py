"""Where Scapy is loaded: late, piece by piece, and silent.

Importing a Scapy layer takes 0.1 s and up, so each is imported when the first packet needs it. Scapy raises whatever its
fields happen to raise on bytes that are not theirs; ``dissect`` is the one boundary at which that becomes None.
"""

import logging
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Any, cast

# Scapy warns of missing routes, interfaces and ciphers when it is imported, and of odd bytes while it dissects:
# none of it is about the packets it is given here.
for _name in ("scapy.runtime", "scapy.loading", "scapy.interactive"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_LINK_MODULES = (
    "l2", "inet", "inet6", "dot11", "dot15d4", "sixlowpan", "ppp", "ppi", "pflog", "tuntap", "bluetooth4LE", "usb", "can", "ir",
)  # fmt: skip
_NETWORK_LAYERS = ("IP", "IPv6")


@cache
def layer_class(module: str, name: str) -> Any:
    """The Scapy layer ``name`` of ``module``; None where this Scapy has no such layer."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        return None


def dissect(layer: Any, data: bytes) -> Any:
    """``data`` as Scapy reads it, or None where Scapy cannot. Never raises."""
    if layer is None:
        return None
    try:
        return layer(data)
    except Exception:
        # struct.error, IndexError, KeyError, UnicodeError, RecursionError, Scapy_Exception …: fields raise what they like
        # on bytes that are not theirs, and each of them means the same: not this layer.
        return None


def dissect_frame(data: bytes, link_type: int) -> bytes | None:
    """The innermost IP packet's bytes in a frame of any link type Scapy knows, or None."""
    layer = _link_layer(link_type)
    packet = dissect(layer, data) if layer is not None and data else None
    inside: bytes | None = None
    for part in _parts(packet) if packet is not None else ():
        if type(part).__name__ in _NETWORK_LAYERS and part.original:
            inside = cast(bytes, part.original)
    return inside


@cache
def _link_layer(link_type: int) -> Any:
    for name in _LINK_MODULES:
        import_module(f"scapy.layers.{name}")
    return import_module("scapy.config").conf.l2types.num2layer.get(link_type)


def _parts(packet: Any) -> Iterable[Any]:
    """The layers of a dissected packet, outermost first (``Packet.layers`` gives classes only)."""
    while packet:
        yield packet
        packet = packet.payload
