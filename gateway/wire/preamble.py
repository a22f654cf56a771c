"""What speaks in clear before TLS may begin: proxies, mail, directories, databases, remote desktops.

Only recognised, never interpreted: TLS may begin at a later segment, which ``stream`` looks out for.
"""

import re

_PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_POSTGRES_TLS = bytes.fromhex("00 00 00 08 04 d2 16 2f")
_START_TLS_OID = b"1.3.6.1.4.1.1466.20037"

_SPEECH: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (app_proto, re.compile(pattern, re.DOTALL | re.IGNORECASE))
    for app_proto, pattern in (
        ("ssh", rb"SSH-[12]\.\d"),
        ("smtp", rb"(?:EHLO|HELO|LHLO) [^\r\n]{1,255}\r?\n"),
        ("ftp", rb"220[ -][^\r\n]{0,255}FTP|AUTH (?:TLS|SSL)\r?\n|FEAT\r?\n"),
        ("smtp", rb"220[ -][^\r\n]{0,255}(?:E?SMTP|Postfix|Exim|Sendmail|mail)"),
        ("imap", rb"\* (?:OK|PREAUTH|BYE) "),
        ("imap", rb"[A-Z0-9.]{1,16} (?:CAPABILITY|STARTTLS|LOGIN|ID|NOOP|AUTHENTICATE)\b[^\r\n]{0,255}\r?\n"),
        ("pop3", rb"\+OK\b|(?:CAPA|STLS|APOP [^\r\n]{1,255})\r?\n"),
        ("xmpp", rb"(?:<\?xml[^>]{0,80}\?>\s{0,8})?<stream:stream\b"),
        ("socks", rb"\x05[\x01-\x08][\x00-\x09\x80-\xfe]{1,8}\Z|\x04[\x01\x02].{6}[^\x00]{0,255}\x00"),
        ("ldap", rb"\x30.{2,8}\x77.{1,4}\x80\x16" + re.escape(_START_TLS_OID)),
        ("postgresql", re.escape(_POSTGRES_TLS)),
        ("mysql", rb".{2}\x00\x00\x0a[0-9]{1,3}\.[0-9]{1,3}[^\x00]{0,64}\x00|\x20\x00\x00\x01.{32}\Z"),
        ("rdp", rb"\x03\x00..[\x02-\xfe][\xe0\xd0]\x00\x00"),
    )
)

_TELLING_BYTES = 4
"""With fewer, nothing can be told."""
_OPENINGS = frozenset(b"\0\3\4\5\r" + bytes(range(0x20, 0x7F)))
"""First bytes of the above."""


def recognise(data: bytes) -> str:
    """The protocol of the first bytes of one direction, or an empty string."""
    for app_proto, pattern in _SPEECH:
        if pattern.match(data):
            return app_proto
    return ""


def may_grow(data: bytes) -> bool:
    """Too little to tell: one of the above may follow."""
    return len(data) < _TELLING_BYTES and data[0] in _OPENINGS


def skip_wrapper(data: bytes) -> int | None:
    """Bytes of a PROXY protocol header before the stream proper; None: more are needed; 0: there is none."""
    if data[:6] == b"PROXY "[: len(data)]:
        end = data.find(b"\r\n", 0, 108)
        return end + 2 if end >= 0 else (None if len(data) < 108 else 0)
    if data[:12] == _PROXY_V2[: len(data)]:
        if len(data) < 16:
            return None
        end = 16 + int.from_bytes(data[14:16], "big")
        return end if len(data) >= end else None
    if data[:8] == _POSTGRES_TLS and len(data) > 8:
        return 8
    return 0
