"""TCP options of a SYN (RFC 9293 section 3.1, RFC 7323, RFC 2018): room for bytes that nobody else reads."""

_END, _NOP = 0, 1
_LENGTHS = {2: 4, 3: 3, 4: 2, 8: 10}
"""Kind -> length of what systems send: maximum segment size, window scale, selective acknowledgement, timestamps."""


def are_plain(options: bytes) -> bool:
    """Only options that every system sends, each once and of its proper length, and nothing behind their end."""
    seen = set()
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == _END:
            return not any(options[at:])
        if kind == _NOP:
            at += 1
            continue
        size = _LENGTHS.get(kind)
        if size is None or kind in seen or options[at + 1 : at + 2] != bytes((size,)) or at + size > len(options):
            return False
        seen.add(kind)
        at += size
    return True
