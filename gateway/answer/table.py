"""What is said to which request, as it goes from the gateway to the responder: one line of JSON."""

import json
from collections.abc import Iterable, Mapping

from gateway.model.assessment import FixedReply

MAX_LINE_BYTES = 1 << 16
Table = Mapping[tuple[str, str], FixedReply]
"""(host, path) -> reply."""


def dump_table(replies: Iterable[FixedReply]) -> bytes:
    """The line that makes these the replies from now on."""
    rows = [[reply.host, reply.path, reply.status, reply.content_type, reply.body] for reply in replies]
    return json.dumps(rows, separators=(",", ":")).encode() + b"\n"


def parse_table(line: bytes) -> Table:
    """What ``dump_table`` wrote; ``ValueError`` for anything else."""
    try:
        rows = [FixedReply(host=h, path=p, status=s, content_type=t, body=b) for h, p, s, t, b in json.loads(line)]
    except TypeError as err:
        raise ValueError(f"no table of replies: {err}") from err
    return {(reply.host, reply.path): reply for reply in rows}
