"""Lines of the control socket: bytes <-> requests, responses, events. Reading never raises: a fault is a Response."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.model.control import MAX_LINE_BYTES, VERBS, VERSION, Request, Response
from gateway.model.purpose import Purpose

MAX_NUMBER = 2**53
_PART_LETTERS = 32_000
"""Of JSON text, which is ASCII: quoted once more it at most doubles."""
_TEXT, _NUMBER, _WHOLE = "text", "a number", "a whole number"
_ARGS: dict[str, dict[str, str]] = {
    "status": {},
    "flows": {"limit": _WHOLE, "device": _TEXT, "purpose": _TEXT, "since": _NUMBER},
    "explain": {"flow": _WHOLE},
    "devices": {},
    "confirm": {"device": _TEXT, "profile": _TEXT, "id": _TEXT},
    "pause": {"device": _TEXT, "purpose": _TEXT, "seconds": _NUMBER},
    "allow": {"flow": _WHOLE, "device": _TEXT, "purpose": _TEXT, "seconds": _NUMBER},
    "view": {"device": _TEXT, "seconds": _NUMBER},
    "stop": {"device": _TEXT, "purpose": _TEXT, "kind": _TEXT},
    "answer": {"device": _TEXT, "purpose": _TEXT, "name": _TEXT, "choice": _TEXT},
    "contact": {"seconds": _NUMBER, "device": _TEXT},
    "forget": {"device": _TEXT, "seconds": _NUMBER},
    "keep": {"device": _TEXT},
    "reload": {},
    "subscribe": {},
}
_NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "explain": (("flow",),),
    "pause": (("device", "seconds"),),
    "allow": (("flow", "seconds"), ("device", "purpose", "seconds")),
    "view": (("device",),),
    "stop": (("device",),),
    "contact": (("seconds",),),
    "forget": (("device",),),
    "keep": (("device",),),
}
"""Verb -> the combinations of arguments of which one must be there."""


def parse_request(line: bytes, *, uid: int = -1) -> Request | Response:
    """A request, or the response that says what is wrong with it (``id`` 0 where none could be read)."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return _fault(0, "bad-json", "the line is no JSON object", 'for example {"v":1,"id":1,"do":"status"}')
    if not isinstance(message, dict):
        return _fault(0, "bad-json", "the line is JSON, but no object", 'for example {"v":1,"id":1,"do":"status"}')
    number = message.pop("id", 0)
    if not _is(_WHOLE, number):
        return _fault(0, "bad-id", "'id' must be a whole number", "count your requests from 1")
    if message.pop("v", VERSION) != VERSION:
        return _fault(number, "bad-version", "this version of the protocol is not spoken here", f'"v" must be {VERSION}')
    do = message.pop("do", None)
    if not isinstance(do, str) or do not in _ARGS:
        return _fault(number, "unknown-verb", f"{_shown(do)} is no verb", f"one of: {', '.join(VERBS)}")
    wrong = _wrong_args(do, message)
    if wrong is not None:
        return _fault(number, "bad-argument", *wrong)
    return Request(id=number, do=do, args={key: value for key, value in message.items() if value is not None}, uid=uid)


def _wrong_args(do: str, args: Mapping[str, Any]) -> tuple[str, str] | None:
    """(message, hint) of the first argument that does not fit."""
    known = _ARGS[do]
    for key, value in args.items():
        if key not in known:
            return f"'{do}' takes no {_shown(key)}", f"it takes: {', '.join(known) or 'nothing'}"
        if value is not None and not _is(known[key], value):
            return f"{_shown(key)} must be {known[key]}, it is {_shown(value)}", ""
        if key == "purpose" and value is not None and value not in list(Purpose):
            return f"{_shown(value)} is not a purpose", f"one of: {', '.join(Purpose)}"
    given = {key for key, value in args.items() if value is not None}
    needed = _NEEDED.get(do, ())
    if needed and not any(given.issuperset(choice) for choice in needed):
        return f"'{do}' lacks arguments", "it needs: " + ", or: ".join(", ".join(choice) for choice in needed)
    return None


def _is(kind: str, value: object) -> bool:
    if kind == _TEXT:
        return isinstance(value, str) and len(value) <= 1_024 and value.isprintable()
    if isinstance(value, bool) or not isinstance(value, int if kind == _WHOLE else int | float):
        return False
    return 0 <= value <= MAX_NUMBER  # NaN compares false


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        return "a number beyond 2^53"
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _fault(number: int, code: str, message: str, hint: str) -> Response:
    return Response(id=number, error_code=code, message=message, hint=hint)


def encode_request(number: int, do: str, args: Mapping[str, Any]) -> bytes:
    """A request's line. ValueError if it is too long."""
    line = _line({"v": VERSION, "id": number, "do": do, **args})
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"the request has more than {MAX_LINE_BYTES} bytes")
    return line


def encode_response(response: Response) -> bytes:
    """The line of a response; several where its data would make a line too long: pieces of its JSON text, to be joined.

    ``{"id":n,"ok":true,"more":true,"part":"…"}`` for all but the last, which lacks ``more``.
    """
    if response.error_code:
        error = {"code": response.error_code, "message": response.message, "hint": response.hint}
        return _line({"id": response.id, "ok": False, "error": error})
    line = _line({"id": response.id, "ok": True, "data": response.data})
    if len(line) <= MAX_LINE_BYTES:
        return line
    text = _line(response.data)[:-1].decode()
    parts = [text[at : at + _PART_LETTERS] for at in range(0, len(text), _PART_LETTERS)]
    head = {"id": response.id, "ok": True}
    lines = [_line({**head, "more": True, "part": part}) for part in parts[:-1]]
    return b"".join(lines) + _line({**head, "part": parts[-1]})


def encode_event(kind: str, seq: int, data: Mapping[str, Any]) -> bytes:
    """An event's line; one that is too long for a line is told as a gap."""
    line = _line({"v": VERSION, "event": kind, "seq": seq, **({"data": data} if data else {})})
    return line if len(line) <= MAX_LINE_BYTES else _line({"v": VERSION, "event": "gap", "seq": seq})


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=str).encode() + b"\n"
