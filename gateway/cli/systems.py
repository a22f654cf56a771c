"""``netcurtain systems``: what is larger than one device – a mesh, a shop, a service – and what helps against it."""

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.policy import shipped_directory
from gateway.policy.fault import Fault

from .column import table

if TYPE_CHECKING:
    from gateway.policy.document import SystemDocument, Texts

HOUSEHOLD = Path("/etc/netcurtain/policies")
"""The household's directory, where it is there: a sheet of its own stands in the place of a shipped one."""
LANGUAGES = ("en", "de", "ar")
TITLES = {
    "en": ("What is known", "What the gateway does", "What it cannot", "What to switch off", "Names", "Profiles", "Evidence",
           "Kept by the cases"),
    "de": ("Was bekannt ist", "Was das Gateway tut", "Was es nicht kann", "Was Sie abschalten", "Namen", "Profile", "Belege",
           "Fälle, die es halten"),
    "ar": ("المعروف", "ما تفعله البوابة", "ما لا تستطيعه", "ما يجب إيقافه", "الأسماء", "الملفات", "الأدلة",
           "الحالات التي تضمنه"),
}  # fmt: skip
WIDTH = 100


@click.command()
@click.argument("name", required=False)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the sheet.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, in every language.")
def systems(name: str | None, language: str, as_json: bool) -> None:
    """The sheet of system NAME in plain words; without it, all there are."""
    sheets = _read()
    if name is not None and name not in sheets:
        raise click.BadParameter(f"no system {name!r}; one of: {', '.join(sheets)}", param_hint="NAME")
    if as_json:
        plain = _plain(sheets[name]) if name else {"systems": [_plain(sheet) for sheet in sheets.values()]}
        click.echo(json.dumps(plain, ensure_ascii=False))
    elif name is not None:
        click.echo("\n".join(_sheet(sheets[name], language)))
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


def _sheet(sheet: "SystemDocument", language: str) -> Iterator[str]:
    known, does, cannot, switch_off, names, profiles, evidence, cases = TITLES[language]
    yield f"{_text(sheet.title, language)} ({sheet.system})"
    for title, texts in ((known, sheet.known), (does, sheet.does), (cannot, sheet.cannot), (switch_off, sheet.switch_off)):
        yield from ("", title, *_wrap(_text(texts, language)))
    lists = ((names, sheet.names), (profiles, sheet.profiles), (cases, sheet.cases))
    for title, entries in lists:
        yield from ("", title, *_wrap(", ".join(entries))) if entries else ()
    yield from ("", f"{evidence} ({sheet.confidence})", *_wrap(sheet.evidence))


def _text(texts: "Texts", language: str) -> str:
    return texts.mapping().get(language, texts.en)


def _wrap(text: str) -> list[str]:
    wrapper = textwrap.TextWrapper(
        WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
    return wrapper.wrap(text)


def _plain(sheet: "SystemDocument") -> dict[str, Any]:
    texts = {key: getattr(sheet, key).mapping() for key in ("title", "known", "does", "cannot", "switch_off")}
    return {
        "system": sheet.system, **texts, "evidence": sheet.evidence, "confidence": sheet.confidence, "names": list(sheet.names),
        "profiles": list(sheet.profiles), "cases": list(sheet.cases),
    }  # fmt: skip
