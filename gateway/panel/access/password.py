"""Passwords: argon2id, one at a time, and what makes one too weak.

19 MiB and two passes are what OWASP's Password Storage Cheat Sheet names as the least for argon2id with one lane; more
would not fit beside the panel into the memory that it may take."""

import base64
import ctypes
import re
import secrets
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARS = 10
MAX_CHARS = 256
MIN_DIFFERENT = 5
"""Fewer different characters than this are no password, however often they come."""

_M_MMAP_THRESHOLD = -3
"""mallopt(3), glibc."""
_LARGE_BYTES = 1 << 20
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiopü", "asdfghjklöä", "zxcvbnm", "yxcvbnm",
    "1qaz2wsx3edc4rfv", "azertyuiop", "qsdfghjklm", "ضصثقفغعهخحجد", "شسيبلاتنمكط",
)  # fmt: skip
"""Keys and letters that lie beside each other."""
_COMMON = frozenset(
    """access admin administrator alexa amazon apple baby camera changeme computer default dragon echo facebook family
    familie football fussball geheim google guest hallo hello home house household iloveyou internet kamera kennwort
    letmein login london love master monkey mustafa network netcurtain netzwerk pass passcode passphrase passwd
    password passwort princess raspberry ring root router schatz secret security shadow smarthome starwars summer
    sommer sunshine superman system test user welcome willkommen winter wifi wireless wlan zuhause بيت""".split()
)
"""What many passwords are made of; alone, or with figures and signs around, they are guessed first."""
_LEET = str.maketrans("0134578@$!|", "oieastbasil")


class Weakness(StrEnum):
    """Why a password will not do."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    REPEATS = "repeats"
    ROW = "row"
    COMMON = "common"
    NAME = "name"


def hash_password(password: str) -> str:
    """The encoded hash. Costs 19 MiB and some tenths of a second on a small board."""
    return _HASHER.hash(_normal(password))


def verify_password(encoded: str, password: str) -> bool:
    """It is the one; takes as long where it is not. An encoded hash that is none fits nothing."""
    try:
        return _HASHER.verify(encoded, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(encoded: str) -> bool:
    """Hashed with other parameters than today's."""
    return _HASHER.check_needs_rehash(encoded)


def nobodys_hash() -> str:
    """A hash that no password has: verifying against it costs what it costs for an account that exists."""
    salt, tag = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}${salt}${tag}"


def weaknesses(password: str, names: Iterable[str] = ()) -> tuple[Weakness, ...]:
    """Everything that is wrong with it; ``names`` are the account's, the box's, the owner's."""
    plain = _normal(password)
    lower = plain.casefold()
    found = (
        (Weakness.TOO_SHORT, len(plain) < MIN_CHARS),
        (Weakness.TOO_LONG, len(plain) > MAX_CHARS),
        (Weakness.REPEATS, _repeats(lower)),
        (Weakness.ROW, _is_row(lower)),
        (Weakness.COMMON, not _COMMON.isdisjoint(map(_core, _undisguised(lower)))),
        (Weakness.NAME, any(_is_name(lower, name) for name in names)),
    )
    return tuple(weakness for weakness, is_so in found if is_so)


def give_back() -> None:
    """What a hash has used goes back to the system at once: else glibc keeps its 19 MiB after the second one, for ever.

    Whoever frees a large piece raises the size from which pieces are mapped by themselves; told a size, it leaves that alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _normal(password: str) -> str:
    """One spelling for what different keyboards send for the same letters (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password)


def _core(lower: str) -> str:
    """Its letters without figures and signs, said once where they are said several times."""
    letters = re.sub(r"[\W\d_]+", "", lower)
    return _unit(letters)


def _undisguised(lower: str) -> tuple[str, ...]:
    """As it is, and with the figures that stand for letters put back; what only hangs on at an end stands for none."""
    inner = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lower)
    return lower, lower.translate(_LEET), inner.translate(_LEET)


def _unit(text: str) -> str:
    """The shortest piece that the text repeats; the text itself where it repeats none."""
    place = (text + text).find(text, 1) if text else 0
    return text[:place] if 0 < place < len(text) else text


def _repeats(lower: str) -> bool:
    return bool(lower) and (len(set(lower)) < MIN_DIFFERENT or len(_unit(lower)) <= len(lower) // 3)


def _is_row(lower: str) -> bool:
    """All of it, cut into pieces of four and more, runs along keys or letters, forwards or backwards."""
    if not lower:
        return False
    place = 0
    while place < len(lower):
        length = next((size for size in range(len(lower) - place, 2, -1) if _runs(lower[place : place + size])), 0)
        if not length:
            return False
        place += length
    return True


def _runs(piece: str) -> bool:
    return any(piece in row or piece[::-1] in row for row in _ROWS)


def _is_name(lower: str, name: str) -> bool:
    """A name, with nothing but figures and signs about it."""
    core = _core(name.casefold())
    return bool(core) and _core(lower) == core
