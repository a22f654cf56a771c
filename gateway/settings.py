"""What the gateway is told about its machine: ``netcurtain.toml``, then ``NETCURTAIN_*`` in the environment, then options.

All faults are told at once. A key of a section is written ``[dnsmasq] managed = false`` in the file and
``NETCURTAIN_DNSMASQ_MANAGED=false`` in the environment; lists are separated by commas there.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv6Network, ip_address
from pathlib import Path
from typing import Any

CONFIG = Path("/etc/netcurtain/netcurtain.toml")
PREFIX = "NETCURTAIN_"


class SettingsError(ValueError):
    """Something in the settings cannot be used; the text lists every fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One machine's settings."""

    lan: tuple[str, ...] = ()
    """The curtain's interfaces."""
    wan: tuple[str, ...] = ()
    """Upstream interfaces; empty: every other one."""
    policies: tuple[Path, ...] = (Path("/etc/netcurtain/policies"),)
    """Directories over the shipped policies, later ones over earlier ones."""
    state_dir: Path = Path("/var/lib/netcurtain")
    control: Path = Path("/run/netcurtain/control.sock")
    control_group: str = ""
    """The group that may use the control socket and read the ledger; empty: ``netcurtain-panel``, where there is one."""
    queue: int = 0
    """The number of the packet queue."""
    trust_clock: bool = False
    """Believe the wall clock even where nothing vouches for it."""
    dnsmasq_managed: bool = True
    """Start dnsmasq and watch it; False: only write its configuration, systemd runs it."""
    dnsmasq_upstreams: tuple[str, ...] = ()
    """Resolvers to ask (``ADDRESS`` or ``ADDRESS#PORT``); empty: those of the system's resolv.conf."""
    dnsmasq_cache: int = 2_000
    """Names remembered."""
    dnsmasq_dhcp: bool = True
    """Hand out addresses on the curtain's interfaces, and announce the IPv6 prefix that they carry."""
    dnsmasq_prefix6: str = ""
    """An IPv6 prefix of 64 bits for the first curtain's interface (``fd12:3456:789a:1::/64``) where it has none of its own."""
    dnsmasq_stop_rebind: bool = True
    """Drop answers from upstream that point into the home."""
    dnsmasq_rebind_ok: tuple[str, ...] = ()
    """Domains that may point into the home all the same."""
    manner_trial_s: float = 120.0
    """How long a way of telling a device no is tried, before the next one is."""
    newcomers_set_up_s: float = 900.0
    """How long a new device is set up under ``new_devices: guided``; 0: not at all."""
    newcomers_first_s: float = 3_600.0
    """So long a gateway that remembers nobody gives that time to whoever joins; afterwards to three newcomers a day."""
    names_grace_s: float = 300.0
    """How long a gateway that remembers no names only tells of names that its resolver does not vouch for."""
    answer_port: int = 8453
    """Where plain HTTP is answered in the internet's place; only what the kernel turns round gets there."""
    ledger_days: int = 14
    """How long each flow is kept."""
    ledger_months: int = 12
    """How long the sums are kept."""
    panel_listen: tuple[str, ...] = ()
    """Where the panel is served (``ADDRESS`` or ``ADDRESS:PORT``); empty: at this machine's private addresses."""
    panel_hosts: tuple[str, ...] = ()
    """Names that the panel answers to besides its addresses and its own names."""
    panel_user: str = ""
    """Who the panel becomes once its ports are open, where root starts it; empty: it stays who it is."""

    panel_first_contact_s: float = 900.0
    """So long after it was switched on anybody at home may claim a box that has no owner; 0: only who has a login link."""


def load_settings(
    config: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> Settings:
    """Read the settings; ``options`` (``lan``, ``wan``, ``policies``, ``state``, ``control``) win where they are not empty.

    Without ``config`` the file at its usual place counts if there is one. SettingsError lists all that is wrong.
    """
    faults: list[str] = []
    found: dict[str, Any] = {}
    path = config or CONFIG
    if config is not None or path.exists():
        _take(found, faults, _read(path, faults), where=str(path))
    environment = os.environ if environment is None else environment
    given = {key: value for key, value in environment.items() if key.startswith(PREFIX)}
    for key, value in given.items():
        name = key.removeprefix(PREFIX).lower().replace("_", ".", 1) if _is_sectioned(key) else key.removeprefix(PREFIX).lower()
        if name in _KEYS:
            _put(found, faults, name, _from_text(name, value), where=key)
    for name, value in options.items():
        if value not in (None, (), ""):
            _put(found, faults, name, value, where=f"--{name}")
    if faults:
        raise SettingsError("\n".join(faults))
    return Settings(**found)


def _is_sectioned(key: str) -> bool:
    return key.removeprefix(PREFIX).lower().split("_", 1)[0] in _SECTIONS


def _read(path: Path, faults: list[str]) -> dict[str, Any]:
    import tomllib  # only where there is a file: it costs 10 ms

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        faults.append(f"{path}: cannot be read: {err.strerror or err}")
    except ValueError as err:
        faults.append(f"{path}: is no TOML: {err}")
    return {}


def _take(found: dict[str, Any], faults: list[str], table: Mapping[str, Any], *, where: str) -> None:
    for key, value in table.items():
        if key in _SECTIONS and isinstance(value, dict):
            for inner, content in value.items():
                _put(found, faults, f"{key}.{inner}", content, where=where)
        else:
            _put(found, faults, key, value, where=where)


def _put(found: dict[str, Any], faults: list[str], name: str, value: Any, *, where: str) -> None:
    if name not in _KEYS:
        section = name.rpartition(".")[0]
        choices = [key for key in _KEYS if not section or key.startswith(section + ".")]
        faults.append(f"{where}: there is no setting '{name}'; the settings are: {', '.join(choices)}")
        return
    field, read = _KEYS[name]
    try:
        found[field] = read(value)
    except (ValueError, TypeError) as err:
        faults.append(f"{where}: {name}: {err}, it is {value!r}")


def _from_text(name: str, text: str) -> Any:
    """A value of the environment as the file would hold it."""
    read = _KEYS[name][1]
    if read in (_texts, _interfaces, _paths, _upstreams, _domains):
        return [part.strip() for part in text.split(",") if part.strip()]
    if read is _flag:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.strip().lower(), text)
    if text.strip().isdecimal() and read not in (_path, _prefix6, _name):
        return int(text)
    return text


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(part, str | Path) and str(part) for part in value):
        raise ValueError("must be a list of texts")
    return tuple(str(part) for part in value)


def _interfaces(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    for name in names:
        if len(name) > 15 or not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name):
            raise ValueError("must be a list of interface names (at most 15 letters, digits, '-', '_', '.')")
    return tuple(dict.fromkeys(names))


def _paths(value: Any) -> tuple[Path, ...]:
    return tuple(Path(text) for text in _texts(value))


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("must be a path")
    return Path(value)


def _name(value: Any) -> str:
    """A user's or group's (useradd(8))."""
    if not isinstance(value, str) or (value and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,31}", value)):
        raise ValueError("must be the name of a user or group")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _number(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _upstreams(value: Any) -> tuple[str, ...]:
    servers = _texts(value)
    for server in servers:
        address, _, port = server.partition("#")
        try:
            ip_address(address)
        except ValueError as err:
            raise ValueError("must be a list of addresses, each as ADDRESS or ADDRESS#PORT") from err
        if port and not (port.isdecimal() and 0 < int(port) < 65_536):
            raise ValueError("has a port that is none; write ADDRESS#PORT")
    return servers


def _domains(value: Any) -> tuple[str, ...]:
    domains = _texts(value)
    for domain in domains:
        if not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in domain):
            raise ValueError("must be a list of domains")
    return domains


def _prefix6(value: Any) -> str:
    wrong = "must be an IPv6 prefix of 64 bits, for example fd12:3456:789a:1::/64"
    if not isinstance(value, str):
        raise ValueError(wrong)
    try:
        prefix = IPv6Network(value)
    except ValueError as err:
        raise ValueError(wrong) from err
    if prefix.prefixlen != 64:
        raise ValueError(wrong)
    return str(prefix)


_KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "lan": ("lan", _interfaces),
    "wan": ("wan", _interfaces),
    "policies": ("policies", _paths),
    "state": ("state_dir", _path),
    "control": ("control", _path),
    "control_group": ("control_group", _name),
    "queue": ("queue", _number(0, 65_535)),
    "trust_clock": ("trust_clock", _flag),
    "dnsmasq.managed": ("dnsmasq_managed", _flag),
    "dnsmasq.upstreams": ("dnsmasq_upstreams", _upstreams),
    "dnsmasq.cache": ("dnsmasq_cache", _number(0, 100_000)),
    "dnsmasq.dhcp": ("dnsmasq_dhcp", _flag),
    "dnsmasq.prefix6": ("dnsmasq_prefix6", _prefix6),
    "dnsmasq.stop_rebind": ("dnsmasq_stop_rebind", _flag),
    "dnsmasq.rebind_ok": ("dnsmasq_rebind_ok", _domains),
    "manner.trial_s": ("manner_trial_s", _number(1, 86_400)),
    "newcomers.set_up_s": ("newcomers_set_up_s", _number(0, 86_400)),
    "newcomers.first_s": ("newcomers_first_s", _number(0, 86_400)),
    "names.grace_s": ("names_grace_s", _number(0, 86_400)),
    "answer.port": ("answer_port", _number(1, 65_535)),
    "ledger.days": ("ledger_days", _number(1, 3_650)),
    "ledger.months": ("ledger_months", _number(1, 1_200)),
    "panel.listen": ("panel_listen", _texts),
    "panel.hosts": ("panel_hosts", _domains),
    "panel.user": ("panel_user", _name),
    "panel.first_contact_s": ("panel_first_contact_s", _number(0, 900)),
}
"""Key in the file -> (field, how its value is read)."""
_SECTIONS = {key.partition(".")[0] for key in _KEYS if "." in key}


def keys() -> Iterable[str]:
    """The keys that the file may hold; each field has one."""
    assert {field for field, _ in _KEYS.values()} == {field.name for field in fields(Settings)}
    return _KEYS.keys()
