"""Flows as a ledger keeps them: of one device, explained and not."""

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from gateway.edge.ledger import Ledger
from gateway.model.record import FlowRecord

HOME, CLOUD, FAR = (ip_address(text).packed for text in ("10.77.0.11", "203.0.113.7", "2001:db8::7"))


def flow(number: int = 1, *, name: str | None = "a.example.com", purpose: str = "control", dst: bytes = CLOUD, up: int = 100,
         **more: object) -> FlowRecord:  # fmt: skip
    given: dict[str, object] = {"reason": "because; and so on", "bytes_toclient": 10, "profile": "bell"}
    return FlowRecord(
        flow_id=number, started=1e9 + number, proto=6, src=HOME, sport=40_000, dst=dst, dport=443, device="02:00:5e:10:00:01",
        device_id="", server_name=name, purpose=purpose, bytes_toserver=up, **(given | more),
    )  # fmt: skip


def write_ledger(path: Path, records: Iterable[FlowRecord] | None = None) -> Path:
    """As a gateway leaves it that saw these, or ``MIXED``, a moment ago."""
    ledger = Ledger(path, wall=lambda: 1e9 + 100)
    for record in MIXED if records is None else records:
        ledger.put(record)
    ledger.close()
    return path


MIXED = [
    flow(1), flow(2, up=300), flow(3, name="b.example.com", purpose="unknown", up=50),
    flow(4, name=None, purpose="direct-address", up=500, reason="no name"),
    flow(5, name="a.example.com", purpose="unknown", up=7), flow(6, purpose="local"), flow(7, dst=HOME, purpose="video"),
    flow(8, name="203.0.113.7", purpose="direct-address", up=1, profile="careful", reason="no name"),
]  # fmt: skip
