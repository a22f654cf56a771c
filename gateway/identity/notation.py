"""How clues and rows are written down, so that the two can be compared: in lower case, in one spelling, without versions.

A clue may be written in several ways, from the most telling to the least: ``_hap._tcp.local with md=BSB002`` also says
``_hap._tcp.local``.
"""

import re

from ..model.identity import Signal

MAX_CHARACTERS = 255
_SERVICE = re.compile(r"(?:(?P<name>.+)\.)?(?P<type>_[a-z0-9-]+\._(?:tcp|udp))(?:\.local)?\.?(?P<rest> .*)?", re.DOTALL)
_ASKED = " (asked for)"
_VERSION = re.compile(r"/[0-9][^\s,]*")
_TARGET = re.compile(r"(?:st|nt|device type)[: ]\s*(?P<target>.+)")
_SERVER = re.compile(r"server[: ]\s*(?P<server>.+)")
_USN = re.compile(r"usn[: ].*?::(?P<target>.+)")
_WORD = re.compile(r"[a-z0-9*]+")
_DIGITS = re.compile(r"[0-9a-f]{2}(?:[:.-]?[0-9a-f]){4,10}").fullmatch
_PREFIX_DIGITS = (9, 7, 6)
"""Of the blocks that the registry gives away, smallest first."""
_LOCAL, _GROUP = 2, 1


def observed(signal: Signal, value: str) -> tuple[str, ...]:
    """The spellings of what was seen, most telling first; none for what says nothing (a randomised address)."""
    text = " ".join(value[:MAX_CHARACTERS].lower().split())
    if not text:
        return ()
    if signal is Signal.OUI:
        return _prefixes(text)
    if signal is Signal.HOSTNAME:
        return tuple(dict.fromkeys(filter(None, (text, text.partition(".")[0]))))
    if signal is Signal.MDNS:
        return _service(text)
    return tuple(filter(None, (_plain(signal, text),)))


def written(signal: Signal, value: str) -> tuple[str, ...]:
    """The spellings of a row's value: it means any of them."""
    text = " ".join(value.lower().split())
    if signal is Signal.OUI:
        return _prefixes(text)
    if signal is Signal.MDNS and " or " in text:  # with name irobot-* or roomba-*
        head, _, rest = text.partition(" with ")
        key = "name " if rest.startswith("name ") else rest.partition("=")[0] + "="
        return tuple(f"{head} with {key}{choice}" for choice in rest.removeprefix(key).split(" or "))
    return (text if signal is Signal.MDNS else _plain(signal, text),)


def words(text: str) -> str:
    """The words of a text, one blank between them and around them: so a brand is found as a whole word."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def is_randomised(prefix: str) -> bool:
    """Whether an address was made up by its device (or belongs to a group): it has no maker."""
    text = prefix.strip().lower()
    return _DIGITS(text) is not None and bool(int(text[:2], 16) & (_LOCAL | _GROUP))


def _prefixes(text: str) -> tuple[str, ...]:
    """Of an address: the prefixes that may have been given to its maker; of a prefix: itself."""
    if _DIGITS(text) is None or is_randomised(text):
        return ()
    digits = text.translate(_NO_MARKS)
    sizes = _PREFIX_DIGITS if len(digits) == 12 else (len(digits),)
    return tuple(":".join(digits[at : min(at + 2, size)] for at in range(0, size, 2)) for size in sizes)


_NO_MARKS = str.maketrans("", "", ":.-")


def _plain(signal: Signal, text: str) -> str:
    if signal is Signal.DNS:
        return text.rstrip(".")
    if signal is Signal.PARAM_LIST:
        return text.replace(" ", "")
    if signal is Signal.MAKER:
        return words(text).strip()
    return _notice(text) if signal is Signal.SSDP else text


def _service(text: str) -> tuple[str, ...]:
    """``_hap._tcp.local``, with what is said of it; or a whole instance, ``Philips hue - 2476FF._hap._tcp.local``."""
    found = _SERVICE.fullmatch(text)
    if found is None:
        return (text,)
    kind, name, rest = f"{found['type']}.local", found["name"] or "", found["rest"] or ""
    if rest == _ASKED:
        return (kind + _ASKED,)
    if name and not name.startswith("_"):
        return (f"{kind} with name {name}", kind)
    return (kind + rest, kind) if rest else (kind,)


def _notice(text: str) -> str:
    """One statement of SSDP or of a device's description: ``st …``, ``server …``, ``manufacturer …``. Versions change."""
    if found := _TARGET.fullmatch(text) or _USN.fullmatch(text):
        return f"st {found['target']}"
    if found := _SERVER.fullmatch(text):
        return "server " + " ".join(_VERSION.sub("", found["server"]).split())
    return f"st {text}" if text.startswith("urn:") else text
