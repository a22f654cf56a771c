"""Pages from templates: one Jinja environment, whose texts and formats are in the language of the page that is made.

The language stands beside the templates' values (``_LANGUAGE``), since macros that are imported see none of those.
"""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
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
_FORMATS = ("number", "size", "span", "percent", "moment", "clock", "hour", "day", "items", "pick")
_LANGUAGE: ContextVar[Language] = ContextVar("language")


class Renderer:
    """All pages."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages
        self._environment = _environment()

    def render(self, visit: "Visit", template: str, context: Mapping[str, Any]) -> str:
        """The text of a page for a visitor."""
        token = Markup('<input type="hidden" name="{}" value="{}">')
        _LANGUAGE.set(visit.language)
        return self._environment.get_template(template).render(
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


def _environment() -> Environment:
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
        lambda text: _LANGUAGE.get().gettext(text),
        lambda one, many, number: _LANGUAGE.get().ngettext(one, many, number),
        newstyle=True,
    )
    environment.filters |= {name: _spoken(name) for name in _FORMATS}
    environment.filters |= {"purpose_title": _purpose_title, "groupby_day": _groupby_day}
    environment.globals |= {**TABLES, "version": __version__}
    return environment


def _spoken(name: str) -> Callable[..., str]:
    """A format of the language. It takes Jinja's context, or constants would be formatted when the template is compiled."""

    @pass_context
    def spoken_format(_: object, *given: Any) -> str:
        return str(getattr(_LANGUAGE.get(), name)(*given))

    return spoken_format


@pass_context
def _purpose_title(_: object, purpose: str) -> str:
    return _LANGUAGE.get().gettext(PURPOSES[purpose].title) if purpose in PURPOSES else purpose  # type: ignore[index]


@pass_context
def _groupby_day(_: object, records: Iterable[FlowRecord], zone: str) -> list[tuple[str, list[FlowRecord]]]:
    return by_day(_LANGUAGE.get(), records, zone)
