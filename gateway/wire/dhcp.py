"""What a client says of itself when it asks for an address: DHCP requests (RFC 2131, 2132, 3396) -> ``DhcpRequest``."""

from typing import NamedTuple

from gateway.model.device import Mac, mac_from_bytes

SERVER_PORT, CLIENT_PORT = 67, 68
MAX_OPTIONS = 128
MAX_OPTION_BYTES = 1_024
"""Kept of one option, all its parts together."""

_REQUEST, _ETHERNET = 1, 1
_FIXED_BYTES = 236
_COOKIE = b"\x63\x82\x53\x63"
_PAD, _HOST_NAME, _OVERLOAD, _TYPE, _PARAMETERS, _VENDOR_CLASS, _END = 0, 12, 52, 53, 55, 60, 255
_FILE, _SERVER_NAME = slice(108, 236), slice(44, 108)


class DhcpRequest(NamedTuple):
    """A message from a client to a server."""

    client: Mac
    """The hardware address it asks for; a relay or an access point may have sent the frame."""
    type: int
    """Option 53: 1 discover, 3 request, 8 inform …; 0 for plain BOOTP."""
    host_name: bytes = b""
    """Option 12."""
    vendor_class: bytes = b""
    """Option 60."""
    parameters: tuple[int, ...] = ()
    """Option 55, in its order."""


def parse_dhcp(data: bytes) -> DhcpRequest | None:
    """The request in a UDP payload; None for a reply and for what is no DHCP. Options that a capture cut off are missing."""
    if len(data) < _FIXED_BYTES or data[0] != _REQUEST or data[1:3] != b"\x01\x06":
        return None
    options = _options(data[_FIXED_BYTES + 4 :]) if data[_FIXED_BYTES : _FIXED_BYTES + 4] == _COOKIE else {}
    # Full option fields go on in the two fields that are otherwise spare (RFC 2132, 9.3).
    overload = options.get(_OVERLOAD, b"\0")[:1]
    if overload in (b"\1", b"\3"):
        _read(data[_FILE], options)
    if overload in (b"\2", b"\3"):
        _read(data[_SERVER_NAME], options)
    return DhcpRequest(
        client=mac_from_bytes(data[28:34]),
        type=options.get(_TYPE, b"\0")[0] if options.get(_TYPE) else 0,
        host_name=options.get(_HOST_NAME, b"").rstrip(b"\0"),
        vendor_class=options.get(_VENDOR_CLASS, b"").rstrip(b"\0"),
        parameters=tuple(options.get(_PARAMETERS, b"")),
    )


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    _read(data, found)
    return found


def _read(data: bytes, found: dict[int, bytes]) -> None:
    """Add the options of one field; an option that comes again goes on (RFC 3396)."""
    at = 0
    for _ in range(MAX_OPTIONS):
        while at < len(data) and data[at] == _PAD:
            at += 1
        if at + 2 > len(data) or data[at] == _END or at + 2 + data[at + 1] > len(data):
            return
        value = data[at + 2 : at + 2 + data[at + 1]]
        found[data[at]] = (found.get(data[at], b"") + value)[:MAX_OPTION_BYTES]
        at += 2 + data[at + 1]
