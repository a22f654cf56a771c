"""Pages from templates: one Jinja environment per language, so that texts and formats are the visitor's everywhere."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway import __version__
from gateway.model.record import FlowRecord

from .access import FIELD
from .language import Language, Languages
from .wording import CHOICES, CONFIDENCES, EFFECTS, EVERYBODY, FAMILIES, GRANTS, NAME_SOURCES, PURPOSES, STATES, spoken

if TYPE_CHECKING:
    from .visit import Visit

TABLES = {
    "PURPOSES": PURPOSES, "STATES": STATES, "CHOICES": CHOICES, "FAMILIES": FAMILIES, "CONFIDENCES": CONFIDENCES,
    "GRANTS": GRANTS, "EFFECTS": EFFECTS, "NAME_SOURCES": NAME_SOURCES,
}  # fmt: skip


class Renderer:
    """All environments."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages
        self._environments = {language.code: _environment(language) for language in languages.all}

    def render(self, visit: "Visit", template: str, context: Mapping[str, Any]) -> str:
        """The text of a page for a visitor."""
        token = Markup('<input type="hidden" name="{}" value="{}">')
        return self._environments[visit.language.code].get_template(template).render(
            visit=visit,
            language=visit.language,
            languages=self._languages.all,
            session=visit.session,
            changes=_changes(visit),
            csrf=visit.csrf,
            csrf_field=token.format(FIELD, visit.csrf),
            **context,
        )  # fmt: skip


def _changes(visit: "Visit") -> list[dict[str, Any]]:
    """What this visitor may still undo, in words."""
    if not visit.is_owner:
        return []
    made = visit.panel.changes
    return [
        {"token": one.token, "left_s": made.left_s(one), "text": said(visit.language, one.text, one.values)}
        for one in made.recent()
    ]  # fmt: skip


def said(language: Language, text: str, values: Mapping[str, str]) -> str:
    """A text of the catalogues with its values, of which purposes and states are words too."""
    told = dict(values)
    if "device" in told:
        told["device"] = spoken(told["device"]) if told["device"] != "all" else language.gettext(EVERYBODY)
    if "owner" in told:
        told["owner"] = spoken(told["owner"])
    if told.get("purpose") in PURPOSES:
        told["purpose"] = language.gettext(PURPOSES[told["purpose"]].title)  # type: ignore[index]
    if told.get("state") in STATES:
        told["state"] = language.gettext(STATES[told["state"]])  # type: ignore[index]
    return language.gettext(text) % told


def by_day(language: Language, records: Iterable[FlowRecord], zone: str) -> list[tuple[str, list[FlowRecord]]]:
    """Flows under the dates on which they began, in the order in which they come."""
    return [(day, list(found)) for day, found in groupby(records, lambda record: language.day(record.started, zone))]


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.panel"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        language.gettext, language.ngettext, newstyle=True
    )
    environment.filters |= {
        "number": language.number, "size": language.size, "span": language.span, "percent": language.percent,
        "moment": language.moment, "clock": language.clock, "hour": language.hour, "day": language.day,
        "items": language.items, "pick": language.pick, "groupby_day": lambda records, zone: by_day(language, records, zone),
        "purpose_title": lambda purpose: language.gettext(PURPOSES[purpose].title) if purpose in PURPOSES else purpose,
    }  # fmt: skip
    environment.globals |= {**TABLES, "version": __version__}
    return environment
