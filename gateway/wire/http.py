"""The head of an HTTP/1 request (RFC 9112), and the opening words of HTTP/2 in clear (RFC 9113 section 3.4)."""

import re

from gateway.model.facts import Facts
from gateway.model.name import Name, NameSource

from .name import names_of

MAX_HEAD_BYTES = 8_192
MAX_HOSTS = 4
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_METHODS = (
    b"GET POST HEAD PUT DELETE CONNECT OPTIONS PATCH TRACE NOTIFY SUBSCRIBE UNSUBSCRIBE M-SEARCH M-POST PROPFIND PROPPATCH "
    b"MKCOL MKCALENDAR COPY MOVE LOCK UNLOCK REPORT SEARCH"
).split()
_METHOD = re.compile(rb"[A-Z][A-Z_-]{1,23}")
_OPENING = re.compile(rb"(?:" + b"|".join(_METHODS) + rb") (?:\Z|[/*]|h|H)|CONNECT ")
_HOST = re.compile(rb"\n[Hh][Oo][Ss][Tt][ \t]*:([^\r\n]*)(?=\r?\n)")
_UPGRADE = re.compile(rb"\n[Uu][Pp][Gg][Rr][Aa][Dd][Ee][ \t]*:([^\r\n]*)")
_READABLE = frozenset((b"websocket", b"h2c", b""))
"""Upgrades after which the host still speaks for itself (RFC 6455, 7540): after others, TLS under any name may follow."""
_AUTHORITY = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]*)")
_RESPONSE = re.compile(rb"HTTP/1\.[01] \d\d\d")
_END = re.compile(rb"\r?\n\r?\n")


def parse_http(data: bytes) -> Facts | None:
    """What a request names: None if more bytes are needed, ``ValueError`` if this is no HTTP.

    Time: a few linear passes over ``MAX_HEAD_BYTES`` at most; a longer head counts for what it held so far.
    """
    if data[:5] == b"HTTP/" or data == b"HTTP/"[: len(data)]:
        return _parse_response(data)
    if data[:24] == HTTP2_PREFACE[: len(data)] and data[:3] == b"PRI":
        return Facts(app_proto="http", dissector="fast", detail="HTTP/2 in clear") if len(data) >= 24 else None
    head = data[:MAX_HEAD_BYTES]
    line, newline, _ = head.partition(b"\n")
    if not newline:
        if len(head) == MAX_HEAD_BYTES or not _may_be_request(head):
            raise ValueError("not an HTTP request line")
        return None
    method, _, rest = line.partition(b" ")
    target, _, version = rest.rstrip().rpartition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or not _METHOD.fullmatch(method):
        raise ValueError("not an HTTP request line")
    return _parse_request(head, method=method, target=target.strip())


def head_end(data: bytes) -> int:
    """Where the body of a message begins; 0 where its head has not ended."""
    end = _END.search(data[:MAX_HEAD_BYTES])
    return end.end() if end else 0


def _may_be_request(data: bytes) -> bool:
    """Can a request line that has not ended be one, as far as it goes?"""
    return bool(_OPENING.match(data)) or any(method.startswith(data) for method in _METHODS)


def _parse_request(head: bytes, *, method: bytes, target: bytes) -> Facts | None:
    if method == b"CONNECT":
        return _facts(method, target, opaque=True)
    authority = _AUTHORITY.match(target)
    ended = head_end(head)
    hosts = [host.strip() for host in _HOST.findall(head, 0, ended or len(head))]
    if not authority and not hosts and not ended and len(head) < MAX_HEAD_BYTES:
        return None
    # Which of several a server takes, nobody knows: all of them count.
    authorities = (*([authority[1]] if authority else []), *hosts)
    wanted = {token.strip().lower() for line in _UPGRADE.findall(head, 0, ended or len(head)) for token in line.split(b",")}
    return _facts(method, *authorities, opaque=not wanted <= _READABLE or len(authorities) > MAX_HOSTS)


def _facts(method: bytes, *authorities: bytes, opaque: bool) -> Facts:
    names = dict.fromkeys(name for authority in authorities[:MAX_HOSTS] for name in hosts_of(authority))
    said = method.decode("ascii")
    return Facts(app_proto="http", names=tuple(names), opaque=opaque, dissector="fast", detail=said)


def hosts_of(authority: bytes) -> tuple[Name, ...]:
    """The host of ``host:port``, without the port and without the brackets of an IPv6 address."""
    if authority[:1] == b"[":
        return names_of(authority[1:].partition(b"]")[0], NameSource.HTTP)
    host, colon, port = authority.rpartition(b":")
    return names_of(host if colon and (port.isdigit() or not port) else authority, NameSource.HTTP)


def _parse_response(data: bytes) -> Facts | None:
    if len(data) >= 12 and not _RESPONSE.match(data):
        raise ValueError("not an HTTP status line")
    return Facts(app_proto="http", dissector="fast") if len(data) >= 12 else None
