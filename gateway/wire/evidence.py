"""Evidence: packets that a person wants to show somebody, as a capture file that every tool reads, written by Scapy."""

from typing import IO, Any

from .dissector import layer_class

LINK_RAW_IP = 101
"""LINKTYPE_RAW: the packets begin with their IP header, as the kernel's queue hands them out."""
MAX_BYTES = 16 << 20
_HEADER_BYTES, _RECORD_BYTES = 24, 16


class EvidenceWriter:
    """Writes a pcap stream of at most ``limit_bytes`` to ``file``, which stays the caller's to open and close."""

    def __init__(self, file: IO[bytes], *, link_type: int = LINK_RAW_IP, limit_bytes: int = MAX_BYTES) -> None:
        self._writer: Any = layer_class("scapy.utils", "RawPcapWriter")(file, linktype=link_type)
        self._writer.write_header(None)
        self._left = limit_bytes - _HEADER_BYTES
        self.written = 0
        """Packets in the file."""
        self.left_out = 0
        """Packets that no longer had room."""

    def write(self, data: bytes, at: float, *, wire_length: int = 0) -> bool:
        """Add one packet seen at ``at`` (seconds since 1970); False where the limit is reached."""
        if self._left < _RECORD_BYTES + len(data):
            self._left = 0  # nothing after a gap: an excerpt must not look whole
            self.left_out += 1
            return False
        seconds, microseconds = divmod(round(at * 1e6), 10**6)
        self._writer.write_packet(
            data, sec=seconds, usec=microseconds, caplen=len(data), wirelen=max(wire_length, len(data))
        )
        self._left -= _RECORD_BYTES + len(data)
        self.written += 1
        return True
