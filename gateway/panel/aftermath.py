"""What passed only because everything was let through for a while: the answer to "let everything through and see"."""

from dataclasses import dataclass, field

from .books import Books

LOOK_BACK_S = 86_400.0
MAX_FLOWS = 500
MAX_NAMES = 4


@dataclass(slots=True, kw_only=True)
class Needed:
    """One purpose of one device that would have been stopped, and was tried meanwhile."""

    device: str
    """MAC."""
    purpose: str
    count: int = 0
    names: list[str] = field(default_factory=list)


def aftermath(books: Books, *, device: str | None = None) -> list[Needed]:
    """Within a day, most tries first; empty also where nothing was let through."""
    found: dict[tuple[str, str], Needed] = {}
    since = books.now - LOOK_BACK_S
    for record in books.flows(device=device, granted="pause", since=since, limit=MAX_FLOWS):
        one = found.setdefault((record.device, record.purpose), Needed(device=record.device, purpose=record.purpose))
        one.count += record.attempts
        if record.server_name and record.server_name not in one.names and len(one.names) < MAX_NAMES:
            one.names.append(record.server_name)
    return sorted(found.values(), key=lambda one: -one.count)
