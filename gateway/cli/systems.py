"""``netcurtain systems``: what is larger than one device – a mesh, a shop, a service – and what helps against it."""

import json
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.model.record import FlowRecord
from gateway.policy import shipped_directory
from gateway.policy.fault import Fault
from gateway.settings import Settings

from .column import size, table
from .coverage import read_ledger

if TYPE_CHECKING:
    from gateway.policy.document import SystemDocument, Texts

HOUSEHOLD = Path("/etc/netcurtain/policies")
"""The household's directory, where it is there: a sheet of its own stands in the place of a shipped one."""
LANGUAGES = ("en", "de", "ar")
TITLES = {
    "en": ("What is known", "What the gateway does", "What it cannot", "What to switch off", "Names", "Profiles", "Evidence",
           "Kept by the cases", "Seen by this gateway"),
    "de": ("Was bekannt ist", "Was das Gateway tut", "Was es nicht kann", "Was Sie abschalten", "Namen", "Profile", "Belege",
           "Fälle, die es halten", "Von diesem Gateway gesehen"),
    "ar": ("المعروف", "ما تفعله البوابة", "ما لا تستطيعه", "ما يجب إيقافه", "الأسماء", "الملفات", "الأدلة",
           "الحالات التي تضمنه", "ما رصدته هذه البوابة"),
}  # fmt: skip
COUNTS = {
    "en": "{tries} tries, {let_out} let out; {possible} more that were refused are possibly it",
    "de": "{tries} Versuche, {let_out} hinausgelassen; {possible} weitere, abgewiesene, sind es möglicherweise",
    "ar": "{tries} محاولة، وسُمح بخروج {let_out}؛ و{possible} محاولة أخرى مرفوضة يُحتمل أنها منه",
}
WIDTH = 100


@dataclass(slots=True)
class Seen:
    """What a ledger holds of a system."""

    tries: int = 0
    let_out_bytes: int = 0
    possible: int = 0
    """Refused flows of unknown purpose, of a device that is known to do such things."""


@click.command()
@click.argument("name", required=False)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the sheet.")
@click.option("--ledger", type=click.Path(path_type=Path), help="Count in this ledger; without it: in the gateway's own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, in every language.")
def systems(name: str | None, language: str, ledger: Path | None, as_json: bool) -> None:
    """The sheet of system NAME in plain words, and what was seen of it; without NAME, all there are."""
    sheets = _read()
    if name is not None and name not in sheets:
        raise click.BadParameter(f"no system {name!r}; one of: {', '.join(sheets)}", param_hint="NAME")
    if as_json:
        plain = _plain(sheets[name], _seen(sheets[name], ledger)) if name else {"systems": [*map(_plain, sheets.values())]}
        click.echo(json.dumps(plain, ensure_ascii=False))
    elif name is not None:
        click.echo("\n".join(_sheet(sheets[name], _seen(sheets[name], ledger), language)))
    else:
        rows = ((key, _text(sheet.title, language), _text(sheet.does, language)) for key, sheet in sheets.items())
        table(rows, head=("Name", "System", TITLES[language][1]))


def _read() -> dict[str, "SystemDocument"]:
    """By name, in the order of their files; exit 1 where one cannot be read."""
    from gateway.policy.document import SystemDocument
    from gateway.policy.reading import compile_files

    files = {
        f"systems/{path.name}": path
        for directory in (shipped_directory(), HOUSEHOLD)
        for path in sorted((directory / "systems").glob("*.yaml"))
    }
    found: dict[str, SystemDocument] = {}
    faults: list[Fault] = []
    for _, compiled in compile_files(files):
        faults += compiled.faults
        if isinstance(compiled.document, SystemDocument):
            found[compiled.document.system] = compiled.document
    if faults:
        for fault in faults:
            click.echo(str(fault), err=True)
        raise click.exceptions.Exit(1)
    return found


def _seen(sheet: "SystemDocument", ledger: Path | None) -> Seen | None:
    """None where there is no ledger to read, or nothing by which the system could be told; exit 1 where one was named."""
    if not sheet.names and sheet.purpose is None:
        return None
    try:
        return count(sheet, read_ledger(ledger or Settings().state_dir / "ledger.db"))
    except OSError as err:
        if ledger is not None:
            click.echo(str(err), err=True)
            raise click.exceptions.Exit(1) from err
    return None


def count(sheet: "SystemDocument", records: Iterable[FlowRecord]) -> Seen:
    """What flows say of a system: by its names, by the purpose that is all its own, and by what may be it."""
    seen = Seen()
    maybe = f"possible {sheet.purpose.replace('-', ' ')}" if sheet.purpose else ""
    for record in records:
        if record.purpose == sheet.purpose or any(_is_of(record.server_name or "", name) for name in sheet.names):
            seen.tries += record.attempts
            seen.let_out_bytes += record.bytes_toserver if record.effect == "pass" else 0
        elif maybe and maybe in record.reason:
            seen.possible += record.attempts
    return seen


def _is_of(name: str, parent: str) -> bool:
    return name == parent or name.endswith(f".{parent}")


def _sheet(sheet: "SystemDocument", seen: Seen | None, language: str) -> Iterator[str]:
    known, does, cannot, switch_off, names, profiles, evidence, cases, counted = TITLES[language]
    yield f"{_text(sheet.title, language)} ({sheet.system})"
    for title, texts in ((known, sheet.known), (does, sheet.does), (cannot, sheet.cannot), (switch_off, sheet.switch_off)):
        yield from ("", title, *_wrap(_text(texts, language)))
    lists = ((names, sheet.names), (profiles, sheet.profiles), (cases, sheet.cases))
    for title, entries in lists:
        yield from ("", title, *_wrap(", ".join(entries))) if entries else ()
    yield from ("", f"{evidence} ({sheet.confidence})", *_wrap(sheet.evidence))
    if seen is not None:
        said = COUNTS[language].format(tries=seen.tries, let_out=size(seen.let_out_bytes), possible=seen.possible)
        yield from ("", counted, *_wrap(said))


def _text(texts: "Texts", language: str) -> str:
    return texts.mapping().get(language, texts.en)


def _wrap(text: str) -> list[str]:
    wrapper = textwrap.TextWrapper(
        WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
    return wrapper.wrap(text)


def _plain(sheet: "SystemDocument", seen: Seen | None = None) -> dict[str, Any]:
    texts = {key: getattr(sheet, key).mapping() for key in ("title", "known", "does", "cannot", "switch_off")}
    return {
        "system": sheet.system, **texts, "evidence": sheet.evidence, "confidence": sheet.confidence, "names": list(sheet.names),
        "profiles": list(sheet.profiles), "cases": list(sheet.cases), "purpose": sheet.purpose,
        "seen": asdict(seen) if seen else None,
    }  # fmt: skip
