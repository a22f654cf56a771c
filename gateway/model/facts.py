"""What the bytes of a flow say of it."""

from typing import NamedTuple

from .name import Name


class Facts(NamedTuple):
    """What was read in a flow's own bytes. Nothing here is a guess."""

    app_proto: str = "unknown"
    """``tls quic gquic dtls dtls-srtp http dns dhcp mdns ssdp stun rtp rtcp rtsp sip mqtt coap ntp …`` or ``unknown``."""
    names: tuple[Name, ...] = ()
    """Server names in the order they were read; the first is the one that counts."""
    alpn: tuple[str, ...] = ()
    ech: bool = False
    """An encrypted ClientHello was offered: the name seen may be a cover."""
    hello: bool = False
    """A whole hello was read (with or without a name): its sender is the initiator."""
    opaque: bool = False
    """What follows may be for anybody, under a name that nobody reads: a proxy's words, STARTTLS, an upgrade, a shell."""
    dissector: str = ""
    """``fast`` (our parsers) or ``scapy``; empty where neither knew the bytes."""
    detail: str = ""
    """A short human-readable remark of the dissector (an MQTT client id, an RTSP method …), printable, of 120 characters."""


NOTHING = Facts()
