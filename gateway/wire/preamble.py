"""What speaks in clear before TLS may begin: proxies, mail, directories, databases, remote desktops.

Only recognised, never interpreted: TLS may begin at a later segment, which ``stream`` looks out for. Recognised as early as
possible, since whoever cuts these words into pieces wants them not to be.
"""

import re

_PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_POSTGRES_TLS = bytes.fromhex("00 00 00 08 04 d2 16 2f")
_START_TLS_OID = b"1.3.6.1.4.1.1466.20037"

_IMAP_COMMANDS = (b"CAPABILITY", b"STARTTLS", b"LOGIN", b"ID", b"NOOP", b"AUTHENTICATE")
_TAG = rb"[^\s+*(){%\"\\\x00-\x1f\x7f-\xff]{1,32}"
_IS_TAG = re.compile(_TAG).fullmatch
_BER_SIZE = rb"(?:[\x05-\x7f]|\x81.|\x82..|\x83...|\x84.{4})"

_SPEECH: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (app_proto, re.compile(pattern, re.DOTALL | re.IGNORECASE))
    for app_proto, pattern in (
        ("ssh", rb"SSH-"),
        ("smtp", rb"(?:EHLO|HELO|LHLO)[ \r\n]"),
        ("ftp", rb"220[ -][^\r\n]{0,255}FTP|AUTH (?:TLS|SSL)|FEAT\r?\n"),
        ("smtp", rb"220[ -][^\r\n]{0,255}(?:E?SMTP|Postfix|Exim|Sendmail|mail)"),
        ("imap", rb"\* (?:OK|PREAUTH|BYE) "),
        ("imap", _TAG + rb" (?:" + b"|".join(_IMAP_COMMANDS) + rb")\b"),
        ("pop3", rb"\+OK\b|(?:CAPA|STLS)\r?\n|APOP "),
        ("starttls", rb"STARTTLS|CAPABILITIES\r?\n"),
        ("xmpp", rb"(?:<\?xml[^>]{0,80}\?>\s{0,8})?<stream:stream\b"),
        ("socks", rb"\x04[\x01\x02].{6}(?:[^\x00]{0,255}\x00|[\x20-\x7e]{0,255}\Z)"),
        ("ldap", rb"\x30" + _BER_SIZE + rb"\x02[\x01-\x04].{1,4}?[\x60\x63\x77]"),
        ("postgresql", re.escape(_POSTGRES_TLS)),
        ("mysql", rb".{2}\x00\x00\x0a[0-9]{1,3}\.[0-9]{1,3}[^\x00]{0,64}\x00|\x20\x00\x00\x01.{32}"),
        ("rdp", rb"\x03\x00..[\x02-\xfe][\xe0\xd0]\x00\x00"),
    )
)

_TELLING_BYTES = 4
"""With fewer, nothing can be told."""
_OPENINGS = frozenset(b"\0\3\4\5\r" + bytes(range(0x20, 0x7F)))
"""First bytes of the above."""
_WORDS = (b"EHLO ", b"HELO ", b"LHLO ", b"AUTH TLS", b"FEAT\r\n", b"CAPA\r\n", b"STLS\r\n", b"APOP ", b"STARTTLS",
          b"CAPABILITIES\r\n", b"<STREAM:STREAM ", b"<?XML", _POSTGRES_TLS)  # fmt: skip
_GROWS = re.compile(
    rb"<\?xml[^>]{0,80}(?:\?>\s{0,8}(?:<[:a-z]{0,13})?)?\Z|\x03\x00.{0,5}\Z|\x04[\x01\x02].{0,5}\Z"
    rb"|\x30(?:\x81.?|\x82.{0,2}|\x83.{0,3}|\x84.{0,4}|[\x05-\x7f])(?:\x02(?:[\x01-\x04].{0,4})?)?\Z|\x20\x00\x00\x01.{0,31}\Z",
    re.DOTALL | re.IGNORECASE,
)
"""Some of the above as far as they tell nothing yet."""


def recognise(data: bytes) -> str:
    """The protocol of the first bytes of one direction, or an empty string."""
    if _is_socks5(data):
        return "socks"
    for app_proto, pattern in _SPEECH:
        if pattern.match(data):
            return app_proto
    return ""


def may_grow(data: bytes) -> bool:
    """Too little to tell: one of the above may follow."""
    if len(data) < _TELLING_BYTES:
        return data[0] in _OPENINGS
    upper = data[:16].upper()
    if any(word.startswith(upper) for word in _WORDS) or _GROWS.match(data):
        return True
    tag, blank, command = data[:48].partition(b" ")
    return bool(blank and _IS_TAG(tag)) and any(known.startswith(command.upper()) for known in _IMAP_COMMANDS)


def _is_socks5(data: bytes) -> bool:
    """RFC 1928: methods, and behind them nothing yet, a request, or who it is (RFC 1929)."""
    if len(data) < 3 or data[0] != 5 or not data[1]:
        return False
    end = 2 + data[1]
    methods_only = all(byte < 0x0A or byte >= 0x80 for byte in data[2:end])
    return methods_only and data[end : end + 1] in (b"", b"\1", b"\5")


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
