"""The panel's process, from its settings to its end: what needs rights first, then as somebody who has none, then serving.

Without a gateway it starts all the same: its pages say that the gateway is down.
"""

import errno
import logging
import os
import pwd
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from gateway.settings import Settings

from .access.claim import Claim
from .heap import be_frugal, leave_out_old_models
from .listening import Listening, become, find_user, home_places, inherited_sockets, listen, parse_place

log = logging.getLogger("netcurtain.panel")
OWN = "panel"
"""The panel's own folder in the gateway's: whoever the panel is must be able to write there, and nowhere else."""
LINKS = "panel-links"
CERTIFICATES = "tls"
LOOK_S = 5.0
"""How often this machine's addresses are looked at, where the panel goes by them."""
ENDS = (signal.SIGTERM, signal.SIGINT)
NO_ADDRESS = "this machine has no private address yet: name one with --listen ADDR[:PORT], or try again later"


def new_link(settings: Settings) -> str:
    """A link that logs in once. ValueError where nobody knows at which address, OSError where it cannot be kept."""
    places = [parse_place(text) for text in settings.panel_listen] or home_places(settings)
    if not places:
        raise ValueError(NO_ADDRESS)
    try:
        _make_own(settings)
        token = Claim(own_folder(settings) / LINKS).new_link()
    except OSError as err:
        raise _unwritable(own_folder(settings), err) from err
    return f"{places[0].url}/enter/{token}"


def serve(settings: Settings, environment: Mapping[str, str] = os.environ) -> bool:
    """Until SIGTERM or SIGINT; False if it ended by itself. OSError and ValueError say what to do."""
    for number in ENDS:
        signal.signal(number, lambda number, frame: sys.exit(0))
    be_frugal()
    listening, watch = _listen(settings, environment)
    _make_own(settings)
    become(settings.panel_user)
    if os.geteuid() == 0:
        log.warning("the panel runs as root: name somebody who may do less (panel.user)")
    _check(own_folder(settings))
    return _run(settings, listening, watch)


def _listen(settings: Settings, environment: Mapping[str, str]) -> tuple[Listening, Callable[[], bool]]:
    """The sockets, and what notices that they are not at the right addresses any more."""
    inherited = inherited_sockets(environment)
    named = [parse_place(text) for text in settings.panel_listen]
    if named or inherited.addresses:
        return listen(named, inherited), lambda: False
    places = home_places(settings)
    if not places:
        raise ValueError(NO_ADDRESS)
    return listen(places), Watch(lambda: home_places(settings) != places)


class Watch:
    """Looks now and then whether something has changed."""

    def __init__(self, has_changed: Callable[[], bool], *, mono: Callable[[], float] = time.monotonic) -> None:
        self._has_changed = has_changed
        self._mono = mono
        self._next = mono() + LOOK_S

    def __call__(self) -> bool:
        """It has: whoever may open ports has to start the panel anew, which asks nothing and loses nothing."""
        if self._mono() < self._next:
            return False
        self._next = self._mono() + LOOK_S
        if self._has_changed():
            log.error("this machine's addresses have changed: the panel ends, and is to be started again")
            return True
        return False


def _run(settings: Settings, listening: Listening, watch: Callable[[], bool]) -> bool:
    leave_out_old_models()
    from .app import build  # only now: what is wrong above is told at once
    from .authority import Authority
    from .panel import Panel, PanelSettings
    from .server import PanelServer

    own, hosts = own_folder(settings), settings.panel_hosts
    secure = Listening(secure=listening.secure).addresses
    authority = Authority(own / CERTIFICATES, secure, hosts=hosts) if secure else None
    told = PanelSettings(
        control=settings.control, policies=settings.policies, state_dir=own, ledger=settings.state_dir / "ledger.db",
        hosts=hosts, retention_days=settings.ledger_days, first_contact_s=settings.panel_first_contact_s,
    )  # fmt: skip
    app = build(Panel(told))
    app.state.authority = authority
    log.info("the panel is served at %s", ", ".join(str(one) for one in listening.places))
    if authority is not None:
        log.info("its authority for HTTPS has the SHA-256 fingerprint %s", authority.fingerprint)
    for number in ENDS:  # while it serves they are uvicorn's, which sends itself what it got once it has ended
        signal.signal(number, lambda number, frame: None)
    server = PanelServer(app, listening.secure, authority, watch)
    server.run(sockets=list(listening.plain))
    return not server.ended_by_itself


def own_folder(settings: Settings) -> Path:
    """Where accounts, links and keys lie."""
    return settings.state_dir / OWN


def _make_own(settings: Settings) -> None:
    """The folder, of whoever the panel will be. ValueError where there is no such user; where it fails, ``_check`` tells."""
    folder = own_folder(settings)
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0 and settings.panel_user:
            user = find_user(settings.panel_user)
            os.chown(folder, user.pw_uid, user.pw_gid)


def _check(folder: Path) -> None:
    try:
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES if folder.exists() else errno.ENOENT))
    except OSError as err:
        raise _unwritable(folder, err) from err


def _unwritable(folder: Path, err: OSError) -> OSError:
    who = _name_of(os.geteuid())
    why = err.strerror or str(err)
    return OSError(err.errno or 0, f"{folder}: {why}; the user {who} must be able to write there, or name another with --state")


def _name_of(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
