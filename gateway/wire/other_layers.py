"""Scapy layers for what Scapy has none: SIP (RFC 3261), TURN ChannelData (RFC 8656), MQTT 5's CONNECT.

Imported late, by name, like Scapy's own (``dissector.layer_class``).
"""

from typing import Any

from scapy.contrib.mqtt import VariableFieldLenField
from scapy.fields import BitField, ByteField, FieldLenField, ShortField, StrLenField, XShortField
from scapy.layers.http import HTTPRequest, HTTPResponse
from scapy.packet import Packet


class SIPRequest(HTTPRequest):  # type: ignore[misc]  # Scapy is untyped
    """Request line and header fields have HTTP's shape; ``Http_Version`` holds ``SIP/2.0``."""

    name = "SIP Request"


class SIPResponse(HTTPResponse):  # type: ignore[misc]
    """Status line and header fields have HTTP's shape."""

    name = "SIP Response"


class SSDPRequest(HTTPRequest):  # type: ignore[misc]
    """HTTP over UDP (UPnP Device Architecture 1.3, section 1)."""

    name = "SSDP Request"


class SSDPResponse(HTTPResponse):  # type: ignore[misc]
    """The answer to an M-SEARCH."""

    name = "SSDP Response"


class ChannelData(Packet):  # type: ignore[misc]
    """A TURN channel's message: four bytes instead of a whole STUN header."""

    name = "TURN ChannelData"
    fields_desc = [
        XShortField("channel", 0x4000),
        FieldLenField("length", None, length_of="data"),
        StrLenField("data", b"", length_from=lambda packet: packet.length),
    ]


class MQTT5Connect(Packet):  # type: ignore[misc]
    """Variable header and client id of an MQTT 5 CONNECT (3.1.2 and 3.1.3.1): it has properties that MQTT 3 has not."""

    name = "MQTT 5 connect"
    fields_desc = [
        FieldLenField("length", None, length_of="protoname"),
        StrLenField("protoname", b"MQTT", length_from=lambda packet: packet.length),
        ByteField("protolevel", 5),
        BitField("usernameflag", 0, 1),
        BitField("passwordflag", 0, 1),
        BitField("willretainflag", 0, 1),
        BitField("willQOSflag", 0, 2),
        BitField("willflag", 0, 1),
        BitField("cleansess", 1, 1),
        BitField("reserved", 0, 1),
        ShortField("klive", 0),
        VariableFieldLenField("propertieslen", None, length_of="properties"),
        StrLenField("properties", b"", length_from=lambda packet: packet.propertieslen),
        FieldLenField("clientIdlen", None, length_of="clientId"),
        StrLenField("clientId", b"", length_from=lambda packet: packet.clientIdlen),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, Any]:
        return b"", s
