"""The first bytes of one flow, read as far as they tell what it is and whom it is for."""

from typing import NamedTuple

from gateway.model.facts import NOTHING, Facts
from gateway.model.packet import TCP, UDP, Packet

from .stream import StreamReader
from .tls import ClientHello
from .udp import UdpReader


class _Finished(NamedTuple):
    """What is left of a reader that is done: of what it read, the lists of a hello that is short."""

    facts: Facts
    hello: ClientHello | None
    hello_from: int | None
    contradiction: bool
    exhausted: bool
    held_bytes: int = 0


class FlowReader:
    """Reads the first bytes of one flow.

    Memory: at most four times ``limit_bytes`` (TCP), or what is held of one DTLS or QUIC hello; once ``done``, what ``hello``
    keeps.
    Time per packet: once over the bytes in order while incomplete; a look at the first bytes while watching for a later
    hello; nothing once ``done``.
    Whatever the bytes, nothing is raised. Who holds packets back looks at ``contradiction`` and ``exhausted`` first: facts are
    told in these cases too, for captures.
    """

    __slots__ = ("_reader", "done", "proto")

    def __init__(
        self, proto: int, port: int = 0, *, start: int | None = None, limit_bytes: int = 16_384, limit_packets: int = 64
    ) -> None:
        """``start``: the sequence number of direction 0's first byte, where its SYN told it; what comes before is not read."""
        self.proto = proto
        self.done = False
        """Nothing more will be learnt: ``feed`` does nothing."""
        self._reader: StreamReader | UdpReader | _Finished | None = None
        if proto == TCP:
            self._reader = StreamReader(port, start=start, limit_bytes=limit_bytes, limit_packets=limit_packets)
        elif proto == UDP:
            self._reader = UdpReader(port, limit_packets=limit_packets)
        else:
            self.done = True

    @property
    def facts(self) -> Facts:
        """The best so far."""
        return self._reader.facts if self._reader else NOTHING

    @property
    def hello(self) -> ClientHello | None:
        """The hello of a TLS connection, for its fingerprint, if it is no longer than 4 kB."""
        return self._reader.hello if self._reader else None

    @property
    def hello_from(self) -> int | None:
        """The direction a hello came from (or has begun to come from): its sender is the initiator."""
        return self._reader.hello_from if self._reader else None

    @property
    def contradiction(self) -> bool:
        """The flow said two different things at one place (or called a byte urgent, which some servers leave out), so that no
        reading of it can be trusted."""
        return self._reader.contradiction if self._reader else False

    @property
    def exhausted(self) -> bool:
        """A limit was met while a hello or a greeting was incomplete, or what began as a hello cannot be read as one."""
        return self._reader.exhausted if self._reader else False

    @property
    def held_bytes(self) -> int:
        """What is held in memory now."""
        return self._reader.held_bytes if self._reader else 0

    def feed(self, packet: Packet, direction: int) -> Facts | None:
        """Take one packet of a direction, 0 or 1 (who began need not be known).

        None: more is needed before anything can be said. Facts: the best so far, final for now (the same object while nothing
        is new); ``unknown`` where our parsers say "not this". Until ``done``, richer facts may follow: a name after a proxy's
        or STARTTLS's plain words.
        """
        reader = self._reader
        if self.done or reader is None or isinstance(reader, _Finished) or packet.fragment is not None:
            return None
        if isinstance(reader, StreamReader):
            facts = reader.feed(packet, direction)
        elif packet.payload:
            facts = reader.feed(packet.payload, direction, port=min(packet.sport, packet.dport))
        else:
            return None
        if reader.done:
            self._reader = _Finished(reader.facts, reader.hello, reader.hello_from, reader.contradiction, reader.exhausted)
            self.done = True
        return facts
