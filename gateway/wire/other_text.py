"""Protocols in HTTP's clothes: SSDP (UPnP), SIP (RFC 3261), RTSP (RFC 2326, 7826)."""

import re
from typing import Any

from .dissector import dissect, layer_class
from .other_remark import remark

MAX_HEAD_BYTES = 2048

_FIRST_LINE = re.compile(
    rb"(?:(?P<method>[A-Z_-]{3,20}) (?P<target>[^ \r\n]{1,1024}) )?"
    rb"(?P<protocol>SIP|RTSP|HTTP)/\d\.\d(?: \d{3}[^\r\n]*)?\r?\n"
)
_BEGINNING = re.compile(rb"(?:[A-Z_-]{3,20} |SIP/2|RTSP/)[^\r\n]{0,1024}\Z")
_LAYERS = {
    b"SIP": ("gateway.wire.other_layers", "SIPRequest", "SIPResponse"),
    b"RTSP": ("scapy.contrib.rtsp", "RTSPRequest", "RTSPResponse"),
    b"HTTP": ("gateway.wire.other_layers", "SSDPRequest", "SSDPResponse"),
}
_SSDP_METHODS = (b"M-SEARCH", b"NOTIFY")


def read_text(data: bytes, *, datagram: bool) -> tuple[str, str] | None:
    """(app_proto, remark), or None: none of these."""
    line = _FIRST_LINE.match(data)
    if line is None:
        return None
    protocol, method = line["protocol"], line["method"]
    if protocol == b"HTTP" and (not datagram or method and method not in _SSDP_METHODS):
        return None
    module, request, response = _LAYERS[protocol]
    head = data[:MAX_HEAD_BYTES].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    packet = dissect(layer_class(module, request if method else response), head)
    described = _DESCRIBERS[protocol](line, _headers(packet) if packet is not None else {})
    return (_NAMES[protocol], described) if described is not None else None


def may_become_text(data: bytes) -> bool:
    """Is this the beginning of a first line whose end is still to come?"""
    return _BEGINNING.match(data) is not None


def _headers(packet: Any) -> dict[str, bytes]:
    """Header fields by lower-case name, as Scapy sorted them into known and unknown ones."""
    found = {
        name.lower().replace("_", "-"): value
        for name, value in packet.fields.items()
        if isinstance(value, bytes)
    }
    for name, value in (packet.fields.get("Unknown_Headers") or {}).items():
        found[name.decode("latin-1").lower()] = value
    return found


def _describe_ssdp(line: re.Match[bytes], headers: dict[str, bytes]) -> str | None:
    target = headers.get("nt") or headers.get("st")
    if target is None and b":1900" not in headers.get("host", b""):  # a capture may have cut the rest
        return None
    return remark(line["method"] or "response", target=target, server=headers.get("server"), usn=headers.get("usn"))


def _describe_sip(line: re.Match[bytes], headers: dict[str, bytes]) -> str | None:
    if not {"call-id", "i", "via", "v"} & headers.keys():
        return None
    return remark(line["method"] or "response", target=line["target"], agent=headers.get("user-agent") or headers.get("server"))


def _describe_rtsp(line: re.Match[bytes], headers: dict[str, bytes]) -> str | None:
    if "cseq" not in headers:
        return None
    return remark(line["method"] or "response", target=line["target"], agent=headers.get("user-agent") or headers.get("server"))


_DESCRIBERS = {b"HTTP": _describe_ssdp, b"SIP": _describe_sip, b"RTSP": _describe_rtsp}
_NAMES = {b"HTTP": "ssdp", b"SIP": "sip", b"RTSP": "rtsp"}
