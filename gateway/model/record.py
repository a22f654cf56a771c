"""One flow as the ledger, ``inspect`` and ``flows`` show it."""

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, NamedTuple

PROTO_NAMES = {1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "IPv6-ICMP", 132: "SCTP"}


class FlowRecord(NamedTuple):
    """A flow and what was decided about it. The same ``flow_id`` may come again, revised: the last one counts. A named tuple,
    since one is made for every flow."""

    flow_id: int
    started: float
    """Wall time of the first packet, seconds since 1970."""
    proto: int
    src: bytes
    sport: int
    dst: bytes
    dport: int
    """From the initiator."""
    device: str
    """MAC of the private side; empty where the capture has none."""
    device_id: str
    profile: str
    vendor: str = ""
    family: str = ""
    """Of the device, as it was judged."""
    app_proto: str = "unknown"
    alpn: tuple[str, ...] = ()
    ech: bool = False
    server_name: str | None = None
    name_source: str | None = None
    names: tuple[str, ...] = ()
    weighed: tuple[str, ...] = ()
    """Where its purpose does not rest on ``names``: the names that DNS gave and that it does rest on."""
    dissector: str = ""
    local: bool = False
    """The other end is in the home."""
    lookup: bool = False
    """Somebody asked for the name, and there is no flow."""
    media_bytes: int = 0
    settled: str = ""
    """As in ``Evidence``."""
    purpose: str = "unknown"
    """What it was judged by."""
    main: str = ""
    """What it was taken for, where it was judged by another purpose that it could not be told from."""
    also: tuple[str, ...] = ()
    confidence: float = 0.0
    action: str = ""
    effect: str = ""
    rule: str = ""
    reason: str = ""
    mixed: bool = False
    grant: str = ""
    """``pause``, ``allowance`` or ``viewing``, where one of them made it pass."""
    would: str = ""
    """What a rule in shadow would have done instead of letting it pass."""
    would_rule: str = ""
    bytes_toserver: int = 0
    bytes_toclient: int = 0
    pkts_toserver: int = 0
    pkts_toclient: int = 0
    judged_toserver: int | None = None
    judged_toclient: int | None = None
    """The bytes that its purpose rests on, where that are not all."""
    held_bytes: int = 0
    """Transport payload that was held back and never left."""
    attempts: int = 1
    """How often it was tried, where tries are one line."""
    capture: str = ""

    def eve(self) -> dict[str, Any]:
        """The record as an EVE-style JSON object (Suricata's event format; our own fields under one key)."""
        own: dict[str, Any] = {
            key: list(value) if isinstance(value, tuple) else None if value == "" else value
            for key in OWN_FIELDS
            for value in (getattr(self, key),)
        }
        return {
            "timestamp": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="microseconds"),
            **({"capture": self.capture} if self.capture else {}),
            "flow_id": self.flow_id,
            "event_type": "flow",
            "proto": PROTO_NAMES.get(self.proto, str(self.proto)),
            "src_ip": str(ip_address(self.src)),
            "src_port": self.sport,
            "dest_ip": str(ip_address(self.dst)),
            "dest_port": self.dport,
            "app_proto": self.app_proto,
            "bytes_toserver": self.bytes_toserver,
            "bytes_toclient": self.bytes_toclient,
            "pkts_toserver": self.pkts_toserver,
            "pkts_toclient": self.pkts_toclient,
            "netcurtain": own,
        }


OWN_FIELDS = (
    "device", "device_id", "profile", "server_name", "name_source", "names", "dissector", "purpose", "also", "confidence",
    "action", "effect", "rule", "reason", "mixed", "grant", "would", "would_rule", "judged_toserver", "held_bytes", "attempts",
)
