"""Brings the panel's catalogues up to its templates and code: new texts appear empty, gone ones are removed, none is guessed.

    .venv/bin/python deploy/texts.py

Then translate what it says is missing, in gateway/panel/locale/<language>/LC_MESSAGES/netcurtain.po: the panel reads these
files when it starts. In Python ``_`` and ``N_`` mark a text, in templates ``_``, ``ngettext`` and ``{% trans %}``.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

TOP = Path(__file__).resolve().parent.parent
PANEL = TOP / "gateway/panel"
DOMAIN = "netcurtain"
LANGUAGES = ("de", "ar")
"""All but English, which the texts are written in."""
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
SOURCES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("templates/*.html", "jinja2.ext:babel_extract", {"newstyle_gettext": "true", "silent": "false"}),
    ("**/*.py", "python", {}),
)
HEADER = {
    "project": "Netcurtain", "version": "panel", "header_comment": "# What Netcurtain's panel says.",
    "last_translator": "Netcurtain's contributors", "language_team": "Netcurtain's contributors",
    "msgid_bugs_address": "Netcurtain's contributors",
}  # fmt: skip
WIDTH = 120


def main() -> int:
    """Update all; says what is left to translate."""
    wanted = texts()
    for language in LANGUAGES:
        path = catalogue(language)
        found = updated(language, wanted)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(found), encoding="utf-8")
        print(f"{path.relative_to(TOP)}: {len(found)} texts, {len(missing(found))} to translate")
        for message in missing(found):
            print(f"  {message.id!r}")
    return 0


def catalogue(language: str) -> Path:
    """Where a language's texts stand."""
    return PANEL / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    """As it stands; without texts where there is none yet. ValueError where it is none."""
    path = catalogue(language)
    if not path.is_file():
        return Catalog(locale=language, charset="utf-8", fuzzy=False, **HEADER)
    return read_po(io.BytesIO(path.read_bytes()), locale=language, abort_invalid=True)


def texts() -> Catalog:
    """Everything that the panel says, in the order of its files."""
    found = Catalog()
    for pattern, method, options in SOURCES:
        for path in sorted(PANEL.glob(pattern)):
            for line, text, comments, context in extract_from_file(method, path, KEYWORDS, options=options):
                found.add(text, None, [(str(path.relative_to(TOP)), line)], auto_comments=comments, context=context)
    return found


def updated(language: str, wanted: Catalog) -> Catalog:
    """A language's catalogue with exactly the texts that are wanted."""
    found = read(language)
    found.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
    found.obsolete.clear()
    return found


def missing(found: Catalog) -> list[Message]:
    """Texts without a translation, or with one that somebody only guessed."""
    return [message for message in found if message.id and (message.fuzzy or not all(strings(message)))]


def strings(message: Message) -> tuple[str, ...]:
    """The translation in all its forms."""
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


def written(found: Catalog) -> str:
    """The text of the file; places by file only, so that it changes only with what is said."""
    file = io.BytesIO()
    write_po(file, found, width=WIDTH, include_lineno=False, ignore_obsolete=True)
    return file.getvalue().decode("utf-8")


if __name__ == "__main__":
    sys.exit(main())
