"""The parts of the panel, built once; pages find them at ``request.app.state.panel``."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .access import Access, Keep
from .access.window import LENGTH_S
from .books import Books
from .change import Changes
from .contact import Contact
from .files import Files
from .gateway_link import GatewayLink
from .house import House
from .language import Languages
from .live import Live
from .render import Renderer
from .visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSettings:
    """What the panel is told about its machine."""

    control: Path
    policies: tuple[Path, ...]
    state_dir: Path
    """Where ``panel.json`` lies: the panel's own."""
    ledger: Path | None = None
    """The gateway's, read only; None: beside the panel's own."""
    hosts: tuple[str, ...] = ()
    """Names that a browser may call this machine by, besides the usual ones."""
    retention_days: int = 14
    first_contact_s: float = LENGTH_S
    """So long after it was switched on a box without an owner may be claimed by anybody; 0: by a link alone."""


class Panel:
    """One panel."""

    def __init__(self, settings: PanelSettings) -> None:
        self.settings = settings
        self.access = Access(Keep(settings.state_dir / "panel.json"), window_s=settings.first_contact_s)
        self.languages = Languages()
        self.link = GatewayLink(settings.control)
        self.contact = Contact(self.link.ask, left_s=lambda: self.access.window_left_s)
        self.books = Books(settings.ledger or settings.state_dir / "ledger.db")
        self.files = Files(settings.policies)
        self.house = House(self.files, self.books, self.link)
        self.changes = Changes(settings.policies, self.files, self.link)
        self.live = Live(self.link.events)
        self._renderer = Renderer(self.languages)

    def start(self) -> None:
        """Listen to the gateway; read files and ledger before somebody has to wait for it."""
        self.link.start()
        self.contact.start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def _warm(self) -> None:
        with suppress(OSError):  # a page will say so
            self.files.read()
        self.books.warm()

    def close(self) -> None:
        """End the streams, and let go of the gateway."""
        self.live.close()
        self.contact.close()
        self.link.close()

    def render(self, visit: Visit, template: str, context: Mapping[str, Any]) -> str:
        """A page's text."""
        return self._renderer.render(visit, template, context)
