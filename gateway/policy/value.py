"""The small notations of a policy: durations, sizes, budgets, spans of the day, targets. Text -> value, or ``ValueError``."""

import re
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..model.device import Mac, is_mac
from ..model.packet import TCP, UDP
from ..model.policy import Schedule, Target

VIEWINGS = ("panel", "panel+home", "evidence", "bell")
"""Ways to open a viewing; each but the first includes the second."""
PROTO_NUMBERS = {"tcp": TCP, "udp": UDP}
MAX_PORTS = 256
"""How many ports one range of the catalogue may hold: a wider one names nothing."""

_DURATION = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"([0-9]{1,9})(B|kB|MB|GB)")
_BYTES = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_BYTE_UNITS = ((1000**3, "GB"), (1000**2, "MB"), (1000, "kB"), (1, "B"))
_SECOND_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PATTERN_LABEL = re.compile(r"[a-z0-9_*-]{1,63}")
_PORTS = re.compile(r"(tcp|udp|tcp,udp|udp,tcp)/([0-9]{1,5})(?:-([0-9]{1,5}))?")
_APP = re.compile(r"app:([a-z0-9-]{1,20})")
_TARGET_PORT = re.compile(r"(.*):([0-9]{1,5})(/(tcp|udp))?")


class Budget(NamedTuple):
    """So many bytes in a window; ``window_s`` 0 means per flow."""

    size_bytes: int
    window_s: float = 0.0


def parse_duration(text: str) -> float:
    """``30s``, ``15m``, ``1h``, ``2d`` -> seconds."""
    if (found := _DURATION.fullmatch(text)) is None or not int(found[1]):
        raise ValueError("is not a duration; write it like 30s, 15m, 1h or 2d")
    return float(int(found[1]) * _SECONDS[found[2]])


def parse_size(text: str) -> int:
    """``64kB``, ``5MB`` -> bytes; a kB is 1,000 bytes."""
    if (found := _SIZE.fullmatch(text)) is None or not int(found[1]):
        raise ValueError("is not a size; write it like 512B, 64kB or 5MB (a kB is 1,000 bytes)")
    return int(found[1]) * _BYTES[found[2]]


def parse_budget(text: str) -> Budget:
    """``64kB`` (a flow) or ``512kB/10m`` (a window)."""
    size, slash, window = text.partition("/")
    try:
        return Budget(parse_size(size), parse_duration(window) if slash else 0.0)
    except ValueError:
        raise ValueError("is not a budget; write it like 64kB (for a flow) or 512kB/10m") from None


def format_budget(budget: Budget) -> str:
    """As people say it: ``512 kB in 10 minutes``, ``64 kB in one flow``."""
    return f"{_format(budget.size_bytes, _BYTE_UNITS)} in {_format(int(budget.window_s), _SECOND_UNITS) or 'one flow'}"


def format_size(size_bytes: int) -> str:
    """As people say it: ``512 kB``."""
    return _format(size_bytes, _BYTE_UNITS) or "0 B"


def format_count(number: int, noun: str, several: str = "") -> str:
    """As people say it: ``1 flow``, ``2,000 tries``."""
    return f"{number:,} {noun if number == 1 else several or f'{noun}s'}"


def format_duration(seconds: float) -> str:
    """As people say it: ``15 minutes``."""
    return _format(int(seconds), _SECOND_UNITS) or "0 seconds"


def write_budget(budget: Budget) -> str:
    """As it stands in a file: the inverse of ``parse_budget``."""
    size = format_size(budget.size_bytes).replace(" ", "")
    return f"{size}/{write_duration(budget.window_s)}" if budget.window_s else size


def write_duration(seconds: float) -> str:
    """As it stands in a file: the inverse of ``parse_duration``."""
    count, unit = format_duration(seconds).split()
    return f"{count}{unit[0]}"


def _format(number: int, units: tuple[tuple[int, str], ...]) -> str:
    """In the largest unit that needs no fraction; empty for nothing."""
    for size, unit in units:
        if number and not number % size:
            count = number // size
            return f"{count} {unit}" + ("s" if count > 1 and len(unit) > 2 else "")
    return ""


def parse_rate(text: str) -> int:
    """``10kB/s`` -> bytes a second."""
    size, slash, unit = text.partition("/")
    try:
        if not slash or unit != "s":
            raise ValueError
        return parse_size(size)
    except ValueError:
        raise ValueError("is not a rate; write it like 10kB/s") from None


def parse_schedule(text: str) -> Schedule:
    """``02:00-05:00``; an end before the start passes midnight."""
    found = _SPAN.fullmatch(text)
    hours = [int(part) for part in found.groups()] if found else [99]
    if found is None or hours[0] > 23 or hours[2] > 24 or max(hours[1], hours[3]) > 59 or (hours[2] == 24 and hours[3]):
        raise ValueError("is not a span of the day; write it like 02:00-05:00 (22:00-06:00 passes midnight)")
    start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if start == end:
        raise ValueError("is an empty span; the whole day is 00:00-24:00")
    return Schedule(start_minute=start, end_minute=end)


def format_schedule(span: Schedule) -> str:
    """As people write it."""
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (span.start_minute, span.end_minute))


def parse_mac(text: str) -> Mac:
    """Upper case and dashes are taken too."""
    low = text.lower().replace("-", ":")
    if not is_mac(low):
        raise ValueError("is not a hardware address; write it like 02:00:5e:10:00:01")
    return Mac(low)


def parse_local_time(text: str) -> datetime:
    """An ISO date and time, in the household's zone unless it names its own offset."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a date and time; write it like 2026-12-24T18:00") from None


@lru_cache(maxsize=16)
def parse_zone(text: str) -> ZoneInfo:
    """A name of the time zone database."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone; write it like Europe/Berlin") from None


def parse_name(text: str) -> str:
    """A host name: lower case, no trailing dot."""
    low = text.lower().removesuffix(".")
    if not _NAME.fullmatch(low) or len(low) > 253:
        raise ValueError("is not a name; write it like api.example.com")
    return low


def parse_target(text: str) -> Target:
    """``name``, ``*.suffix``, an address or CIDR, each with ``:port[/tcp|udp]``; IPv6 with a port stands in brackets."""
    host, port, proto = _split_port(text)
    if (network := _network(host)) is not None:
        return Target(text=text, network=network, port=port, proto=proto)
    wildcard = host.startswith("*.")
    try:
        suffix = parse_name(host[2:] if wildcard else host)
    except ValueError:
        suffix = ""
    if not suffix or suffix.replace(".", "").isdigit():
        raise ValueError(
            "is not a target; write it like api.example.com, *.example.com:443, 203.0.113.0/24:8883/tcp or [2001:db8::1]:443"
        )
    return Target(text=text, suffix=suffix, wildcard=wildcard, port=port, proto=proto)


def _split_port(text: str) -> tuple[str, int, int]:
    """Host, port, protocol number. A bare IPv6 address has colons but no port."""
    if text.count(":") > 1 and not text.startswith("["):
        return text, 0, 0
    found = None if text.endswith("]") else _TARGET_PORT.fullmatch(text)
    host, port, proto = (found[1], int(found[2]), PROTO_NUMBERS.get(found[4] or "", 0)) if found else (text, 0, 0)
    if found and not 0 < port < 65536:
        raise ValueError("has no valid port: 1 to 65535")
    return host.removeprefix("[").replace("]", "", 1), port, proto


def _network(text: str) -> tuple[bytes, int] | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return network.network_address.packed, network.prefixlen


def parse_match(text: str) -> str:
    """The ``match:`` of a catalogue row, checked: a name, a pattern with ``*``, ``udp/123``, ``app:stun``."""
    if _APP.fullmatch(text) or parse_ports(text):
        return text
    low = text.lower().removesuffix(".")
    labels = low.split(".")
    if "*" not in low:
        checked = parse_name(low)
        if "." not in checked:
            raise ValueError("covers a whole top-level domain; name at least two labels")
        return checked
    if not all(_PATTERN_LABEL.fullmatch(label) for label in labels) or all(set(label) == {"*"} for label in labels):
        raise ValueError("is not a pattern; write it like *.example.com, *-metrics.example.com, udp/123 or app:stun")
    return low


def parse_path(text: str) -> str:
    """The path of a plain-HTTP request, without a query."""
    if not text.startswith("/") or len(text) > 200 or not text.isascii() or not text.isprintable() or set(text) & set(" ?#"):
        raise ValueError("is not a path; write it like /generate_204")
    return text


def parse_ports(text: str) -> tuple[tuple[int, int], ...]:
    """``udp/123``, ``tcp,udp/7076-7077`` -> (protocol number, port) each; nothing where it is no such thing."""
    ranges = port_ranges(text)
    if any(last - first >= MAX_PORTS for _, first, last in ranges):
        raise ValueError(f"spans more than {MAX_PORTS} ports; name the protocol instead, like app:rtp")
    return tuple((proto, port) for proto, first, last in ranges for port in range(first, last + 1))


def port_ranges(text: str) -> tuple[tuple[int, int, int], ...]:
    """The same as (protocol number, first, last), however wide."""
    if (found := _PORTS.fullmatch(text)) is None:
        return ()
    first, last = int(found[2]), int(found[3] or found[2])
    if not 0 < first <= last < 65536:
        raise ValueError("has no valid port: 1 to 65535")
    return tuple((PROTO_NUMBERS[proto], first, last) for proto in found[1].split(","))


def parse_wide_ports(text: str) -> str:
    """Ports, however many: what is known of them decides nothing by itself."""
    if not port_ranges(text):
        raise ValueError("is no port; write it like tcp/443 or udp/16500-65000")
    return text


def parse_app(text: str) -> str:
    """``app:stun`` -> ``stun``; empty where it is no such thing."""
    found = _APP.fullmatch(text)
    return found[1] if found else ""
