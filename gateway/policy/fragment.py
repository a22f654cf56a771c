"""A baseline as a policy file: what ``devices:`` is to say of one device, with what was seen as comments beside each rule."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from ..model.action import Action
from ..model.policy import Exemption, Rule
from .baseline import Baseline, Lock
from .observed import Place, Seen, biggest_first
from .schedule import zone_of
from .value import Budget, format_count, format_schedule, format_size, parse_target, write_budget, write_duration
from .what_if import UNEXPLAINED

NAMES_SHOWN = 12
SUGGESTED = 20


def render(baseline: Baseline, *, heading: Iterable[str], zone: str) -> str:
    """The file. ``heading``: sentences to stand above it; ``zone``: the household's, for the ends of exceptions."""
    lines = [f"# {line}".rstrip() for line in heading]
    lines += [f"# Warning: {_plain(warning)}." for warning in baseline.warnings]
    lines += ["version: 1", "devices:", f"  {name_of(baseline)}:"]
    lines += [f"    {line}".rstrip() for line in _entry(baseline, zone)]
    return "\n".join(lines) + "\n"


def name_of(baseline: Baseline) -> str:
    """The key of the device: as the household calls it, else made of its hardware address."""
    device = baseline.device
    return device.id if baseline.ref is not None else f"device-{device.mac.replace(':', '')}"


def _entry(baseline: Baseline, zone: str) -> Iterator[str]:
    device = baseline.device
    yield f'mac: "{device.mac}"'
    yield f"profile: {device.profile}"
    if device.confirmed:
        yield "confirmed: true"
    yield "rules:"
    for lock in baseline.locks:
        yield from (f"  {line}" for line in _rule(lock))
    yield from _exceptions(baseline, zone)
    if baseline.mixed:
        choices = ", ".join(f"{_quoted(match)}: {choice}" for match, choice in baseline.mixed.items())
        yield f"mixed: {{{choices}}}"
    if baseline.on_fault_open is not None:
        yield f"on_fault: {'open' if baseline.on_fault_open else 'closed'}"


def _rule(lock: Lock) -> Iterator[str]:
    if lock.seen is not None:
        yield f"# {lock.purpose}: {_counts(lock.seen)}"
        if lock.purpose not in UNEXPLAINED:
            yield from (f"#   {line}" for line in _names(lock.seen))
    written = f"# {lock.purpose}" if lock.rule is None else f"{lock.purpose}: {write_rule(lock.rule)}"
    yield f"{written}  # {_plain(lock.why)}"


def write_rule(rule: Rule) -> str:
    """``block``, ``{action: limit, budget: 64kB/1h, then: ask}``: the inverse of reading one."""
    options = []
    if rule.when is not None:
        options.append(f'when: "{format_schedule(rule.when)}"')
    if rule.action is Action.OWNER_ONLY:
        options += [f"viewing: {rule.viewing}", f"for: {write_duration(rule.viewing_s)}"]
    if rule.budget_bytes and rule.action in (Action.LIMIT, Action.OWNER_ONLY):
        options.append(f"budget: {write_budget(Budget(rule.budget_bytes, rule.budget_window_s))}")
    if rule.rate_bytes_s and rule.action is Action.LIMIT:
        options.append(f"rate: {write_budget(Budget(rule.rate_bytes_s))}/s")
    if rule.then_ask and rule.action is Action.LIMIT:
        options.append("then: ask")
    if rule.shadow:
        options.append("shadow: true")
    if rule.trial_s:
        options.append(f"trial: {write_duration(rule.trial_s)}")
    return f"{{{', '.join((f'action: {rule.action}', *options))}}}" if options else str(rule.action)


def _counts(seen: Seen) -> str:
    parts = (
        (seen.passed, "passed"), (seen.answered, "answered here"), (seen.flows - seen.passed - seen.answered, "stopped"),
    )  # fmt: skip
    said = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    tries = f" ({format_count(seen.tries, 'try', 'tries')})" if seen.tries > seen.flows else ""
    return f"{format_count(seen.flows, 'flow')}{tries}: {said}; {_size(seen.bytes_out)} up, {_size(seen.bytes_in)} down"


def _names(seen: Seen) -> Iterator[str]:
    found = list(biggest_first(seen.names))
    for name, place in found[:NAMES_SHOWN]:
        yield f"{_plain(name)}: {_place(place)}"
    if len(found) > NAMES_SHOWN:
        yield f"and {len(found) - NAMES_SHOWN} more"


def _place(place: Place) -> str:
    sent = f"{_size(place.bytes_out)} up, {_size(place.bytes_in)} down"
    return f"{format_count(place.tries, 'time')}, {sent}, confidence {place.confidence:.2f}"


def _exceptions(baseline: Baseline, zone: str) -> Iterator[str]:
    """Those there are; what nobody has shown the purpose of stands beside them, as comments to be turned into more."""
    if baseline.exemptions:
        yield "exceptions:"
    for exemption in baseline.exemptions:
        yield f"  - {write_exception(exemption, zone)}  # {exemption.ref}"
    unexplained = [lock.seen for lock in baseline.locks if lock.seen is not None and lock.purpose in UNEXPLAINED]
    places = [item for seen in unexplained for item in biggest_first(seen.names)]
    if not places:
        return
    yield "# Not explained, and not allowed. What it turns out to need, allow by its name:"
    yield "# exceptions:" if not baseline.exemptions else "#"
    for name, place in places[:SUGGESTED]:
        yield f"#   {_suggestion(name, place)}"
    if len(places) > SUGGESTED:
        yield f"#   and {len(places) - SUGGESTED} more"


def _suggestion(name: str, place: Place) -> str:
    try:
        parse_target(place.target)
    except ValueError:
        return f"{_plain(name)}: {_place(place)}"
    return f"- {{to: {_quoted(place.target)}, action: allow, why: to be found out}}  # {_place(place)}"


def write_exception(exemption: Exemption, zone: str) -> str:
    """One exception, in one line."""
    to = ", ".join(_quoted(target.text) for target in exemption.to)
    options = [f"to: [{to}]", f"action: {exemption.action}"]
    if exemption.until is not None:
        options.append(f"until: {datetime.fromtimestamp(exemption.until, zone_of(zone)).isoformat()}")
    if exemption.why:
        options.append(f"why: {_quoted(exemption.why)}")
    return f"{{{', '.join(options)}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    """Text of a device, that cannot end a comment."""
    return " ".join("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text).split())


def _size(size_bytes: int) -> str:
    """Of so many figures as tell something."""
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size_bytes >= size:
            return f"{size_bytes / size:.3g} {unit}"
    return format_size(size_bytes)
