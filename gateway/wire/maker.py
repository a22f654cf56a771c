"""Who a hardware address is registered to: the IEEE's registry, as Scapy ships it."""

import re
from functools import cache
from typing import Any

from gateway.model.device import Mac

from .dissector import layer_class

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){2}((:[0-9a-f]{2}){3})?").fullmatch
_LOCAL, _GROUP = 2, 1


def is_registered(address: str) -> bool:
    """Whether an address (or its first half) belongs to a registered prefix: not randomised, not a group's."""
    return _MAC(address) is not None and not int(address[:2], 16) & (_LOCAL | _GROUP)


def registered_maker(address: Mac | str) -> str:
    """The organisation that an address (or its first half) is registered to; empty where that is not known."""
    if not is_registered(address):
        return ""
    table = _registry()
    digits = address.upper()
    # Small organisations have 36 or 28 bits of their own, under prefixes of the registry itself.
    for form in (f"{digits[:13]}0/36", f"{digits[:10]}0/28", digits[:8]) if len(digits) == 17 else (digits[:8],):
        if (found := table.get(form)) is not None:
            return str(found[1])
    return ""


@cache
def _registry() -> dict[str, tuple[str, str]]:
    """Prefix -> (short name, name). Loading it costs Scapy's start, 0.1 s."""
    layer_class("scapy.data", "load_manuf")
    conf: Any = layer_class("scapy.config", "conf")
    table: dict[str, tuple[str, str]] = conf.manufdb.d
    return table
