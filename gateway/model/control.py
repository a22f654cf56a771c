"""The messages of the control socket: one JSON object per line, written once for all who speak it.

``{"v":1,"id":n,"do":"…",…}`` -> ``{"id":n,"ok":true,"data":…}`` or ``{"id":n,"ok":false,"error":{"code","message","hint"}}``;
an answer too long for one line comes in several, as pieces of its JSON text: ``{"id":n,"ok":true,"more":true,"part":"…"}``;
events: ``{"v":1,"event":"flow","seq":n,"data":…}``, and ``{"v":1,"event":"gap","seq":n}`` where a slow reader lost some.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERSION = 1
MAX_LINE_BYTES = 65_536
VERBS = (
    "status", "flows", "explain", "devices", "confirm", "pause", "allow", "view", "stop", "answer", "contact", "forget", "keep",
    "reload", "subscribe",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; ``args`` are the other keys of its object."""

    id: int
    do: str
    args: Mapping[str, Any] = field(default_factory=dict)
    uid: int = -1
    """The peer's user id, from the kernel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer: ``error_code`` empty means ok."""

    id: int
    data: Any = None
    error_code: str = ""
    message: str = ""
    hint: str = ""
