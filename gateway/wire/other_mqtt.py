"""MQTT over TCP: CONNECT of 3.1, 3.1.1 and 5 on any port; on its own port also a packet from the middle of a connection."""

from typing import Any

from .dissector import dissect, layer_class
from .other_remark import remark

PORT = 1883
MAX_PACKET_BYTES = 1 << 16

_VERSIONS = {3: "3.1", 4: "3.1.1", 5: "5"}
_NAMES = {b"\x00\x04MQTT": (4, 5), b"\x00\x06MQIsdp": (3,)}
_BEGIN = {b"\x00\x04MQTT", b"\x00\x06MQIsdp"}


def read_mqtt(data: bytes, *, port_known: bool) -> str | None:
    """The remark of an MQTT packet at the start of ``data``."""
    if data[0] == 0x10:
        return _read_connect(data)
    return _read_later(data) if port_known else None


def may_become_mqtt(data: bytes) -> bool:
    """Is this the beginning of a CONNECT whose end is still to come?"""
    length = _remaining(data)
    if data[0] != 0x10 or length is None:
        return data[0] == 0x10 and len(data) < 5
    start, size = length
    if size > MAX_PACKET_BYTES or len(data) >= start + size:
        return False
    head = data[start : start + 8]
    return any(name.startswith(head[: len(name)]) for name in _BEGIN)


def _remaining(data: bytes) -> tuple[int, int] | None:
    """(where the variable header starts, how long the rest is) by the length of one to four bytes."""
    size = 0
    for at in range(1, min(5, len(data))):
        size |= (data[at] & 0x7F) << 7 * (at - 1)
        if not data[at] & 0x80:
            return at + 1, size
    return None


def _read_connect(data: bytes) -> str | None:
    length = _remaining(data)
    if length is None:
        return None
    start, size = length
    body = data[start : start + size]
    level = body[8] if body[:8] == b"\x00\x06MQIsdp" and len(body) > 8 else body[6] if len(body) > 6 else 0
    level &= 0x7F  # bridges set the top bit
    if level not in _VERSIONS or not any(body.startswith(name) and level in known for name, known in _NAMES.items()):
        return None
    if len(body) < size and len(body) < 16:
        return None
    packet = _dissect_connect(body, level)
    if packet is None or packet.protoname not in (b"MQTT", b"MQIsdp") or packet.reserved or packet.willQOSflag == 3:
        return None
    return remark(f"CONNECT {_VERSIONS[level]}", client=packet.clientId)


def _dissect_connect(body: bytes, level: int) -> Any:
    if level == 5:
        return dissect(layer_class("gateway.wire.other_layers", "MQTT5Connect"), body)
    return dissect(layer_class("scapy.contrib.mqtt", "MQTTConnect"), body)


def _read_later(data: bytes) -> str | None:
    """Any other control packet, whole and of the fixed header's flags that MQTT prescribes (2.1.3)."""
    length = _remaining(data)
    kind = data[0] >> 4
    if length is None or kind not in _LATER or kind != 3 and data[0] & 0x0F != _LATER[kind]:
        return None
    start, size = length
    if not _SIZES[kind][0] <= size <= _SIZES[kind][1] or len(data) < start + size:
        return None
    packet = dissect(layer_class("scapy.contrib.mqtt", "MQTT"), data[: start + size])
    read = packet is not None and packet.payload.name != "Raw"
    if read and kind == 3:
        topic = packet.payload.topic
        return remark("PUBLISH", topic=topic) if topic and topic.isascii() else None
    return remark(packet.sprintf("%MQTT.type%")) if read else None


_LATER = {2: 0, 3: 0, 4: 0, 5: 0, 6: 2, 7: 0, 8: 2, 9: 0, 10: 2, 11: 0, 12: 0, 13: 0, 14: 0}
_SIZES = {
    2: (2, 256), 3: (3, MAX_PACKET_BYTES), 4: (2, 256), 5: (2, 256), 6: (2, 256), 7: (2, 256), 8: (5, 4096), 9: (3, 256),
    10: (4, 4096), 11: (2, 256), 12: (0, 0), 13: (0, 0), 14: (0, 256),
}  # fmt: skip
