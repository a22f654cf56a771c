"""The packets of refused flows, cut out of a capture: what one shows to somebody who asks what was stopped."""

from pathlib import Path

from gateway.edge.pcap import CaptureError, read_capture
from gateway.model.packet import FlowKey, key_of
from gateway.model.record import FlowRecord
from gateway.wire import decode_frame
from gateway.wire.evidence import EvidenceWriter

MAX_FLOWS = 65_536


class Evidence:
    """Remembers which flows were refused, and copies their packets once the capture has been judged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._refused: set[FlowKey] = set()

    def add(self, record: FlowRecord) -> None:
        """Take note of a flow; those beyond ``MAX_FLOWS`` are left out."""
        if record.effect in ("refuse", "drop") and len(self._refused) < MAX_FLOWS:
            self._refused.add(FlowKey(record.proto, record.src, record.sport, record.dst, record.dport))

    def write(self, capture: str) -> str:
        """Copy the packets from the capture; returns a sentence about it. OSError if the file cannot be written."""
        with self._path.open("wb") as file:
            writer: EvidenceWriter | None = None
            skipped = 0
            try:
                for at, link_type, data, wire_length in read_capture(capture):
                    frame = decode_frame(data, link_type)
                    key = key_of(frame.packet) if frame is not None else None
                    if key is None or not (key in self._refused or key.reversed() in self._refused):
                        continue
                    if writer is None:
                        first_link, writer = link_type, EvidenceWriter(file, link_type=link_type)
                    if link_type != first_link or not writer.write(data, at, wire_length=wire_length):
                        skipped += 1
            except CaptureError:
                pass  # told already when the capture was judged
            if writer is None:
                writer = EvidenceWriter(file)
        more = f"; {skipped} more did not fit" if skipped else ""
        return f"{self._path}: {writer.written} packets of {len(self._refused)} refused flows{more}"
