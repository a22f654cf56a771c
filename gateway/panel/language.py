"""The panel's languages: which one a visitor reads, its texts, and how it writes numbers, sizes and times.

Texts come from gettext catalogues (``locale/<code>/LC_MESSAGES/netcurtain.po``, made into tables when the process starts: no
compiled files lie about), everything else from Babel, whose data is the Unicode CLDR's.
"""

import gettext
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, numbers, units
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locale"
DOMAIN = "netcurtain"
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_FIGURES = re.compile(r"(?<![A-Za-z0-9._:/-])(?<![A-Za-z] )(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?![A-Za-z0-9_:/-]|[.,][0-9])")
"""Numbers of a sentence; not what belongs to a name, an address or a version."""
_UNITS = ("digital-byte", "digital-kilobyte", "digital-megabyte", "digital-gigabyte", "digital-terabyte")
_STEP = 1_000
_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Language:
    """One of them."""

    code: str
    name: str
    """In itself."""
    locale: Locale
    texts: gettext.NullTranslations

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``, for ``dir=``."""
        return "rtl" if self.locale.character_order == "right-to-left" else "ltr"

    @property
    def tag(self) -> str:
        """As browsers call it (BCP 47), with the country that decides how figures are written: ``ar-EG``."""
        return str(self.locale).replace("_", "-")

    def gettext(self, text: str) -> str:
        """The text; the English one where nobody has translated it."""
        return self.texts.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The plural form for a number."""
        return self.texts.ngettext(one, many, number)

    def number(self, value: float) -> str:
        """Grouped, in the language's own digits."""
        return self._digits(numbers.format_decimal(value, locale=self.locale, numbering_system="default"))

    def percent(self, share: float) -> str:
        """0 … 1."""
        text = self._digits(numbers.format_percent(share, locale=self.locale, numbering_system="default"))
        return text.replace("%", "٪") if self.code == "ar" else text

    def size(self, count: float) -> str:
        """Bytes, in decimal units as networks count them."""
        value, place = float(count), 0
        while value >= _STEP and place < len(_UNITS) - 1:
            value, place = value / _STEP, place + 1
        shown = round(value) if value >= 10 or not place else round(value, 1)
        length: Literal["long", "short"] = "short" if place else "long"
        text = units.format_unit(shown, _UNITS[place], length=length, locale=self.locale, numbering_system="default")
        return self._digits(text)

    def span(self, seconds: float) -> str:
        """How long, in its largest unit: ``5 minutes``."""
        left = max(0, round(seconds))
        size, unit = next((pair for pair in _SPANS if left >= pair[0] * (1 if pair[0] == 1 else 1.5)), _SPANS[-1])
        text = units.format_unit(
            round(left / size), f"duration-{unit}", length="long", locale=self.locale, numbering_system="default"
        )  # fmt: skip
        return self._digits(text)

    def moment(self, wall: float, zone: str = "UTC") -> str:
        """Day and time of day."""
        return self._digits(dates.format_datetime(_at(wall, zone), "medium", locale=self.locale))

    def clock(self, wall: float, zone: str = "UTC") -> str:
        """Time of day."""
        return self._digits(dates.format_time(_at(wall, zone), "medium", locale=self.locale))

    def hour(self, wall: float, zone: str = "UTC") -> str:
        """Time of day, to the minute."""
        return self._digits(dates.format_time(_at(wall, zone), "short", locale=self.locale))

    def day(self, wall: float, zone: str = "UTC") -> str:
        """The date."""
        return self._digits(dates.format_date(_at(wall, zone), "long", locale=self.locale))

    def items(self, texts: Iterable[str]) -> str:
        """``a, b and c``."""
        return lists.format_list(list(texts), locale=self.locale)

    def pick(self, texts: Mapping[str, str]) -> str:
        """A text of the policy files in this language, else in English."""
        text = texts.get(self.code) or texts.get("en", "")
        return _FIGURES.sub(lambda found: self._digits(found[0].replace(",", "٬")), text) if self.code == "ar" else text

    def _digits(self, text: str) -> str:
        """Babel takes a numbering system's separators, not its figures."""
        return text.translate(_ARABIC_DIGITS) if self.code == "ar" else text


class Languages:
    """All of them."""

    def __init__(self, folder: Path = LOCALES) -> None:
        told = (("en", "English", "en_GB"), ("de", "Deutsch", "de_DE"), ("ar", "العربية", "ar_EG"))
        self.all = tuple(Language(code, name, Locale.parse(locale), _texts(folder, code)) for code, name, locale in told)
        self._by_code = {language.code: language for language in self.all}

    def choose(self, chosen: str, accepted: str) -> Language:
        """The one that was chosen by hand, else the best of an ``Accept-Language`` header (RFC 9110, 12.5.4), else English."""
        if chosen in self._by_code:
            return self._by_code[chosen]
        for code in _preferred(accepted):
            if code in self._by_code:
                return self._by_code[code]
        return self.all[0]

    def get(self, code: str) -> Language | None:
        """By its code."""
        return self._by_code.get(code)


def _preferred(header: str) -> list[str]:
    """Primary tags, best first; what is no such header gives none."""
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:512].split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        try:
            quality = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            continue
        if quality > 0:
            found.append((-quality, place, tag.partition("-")[0].lower()))
    return [code for _, _, code in sorted(found)]


def _texts(folder: Path, code: str) -> gettext.NullTranslations:
    path = folder / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    table = io.BytesIO()
    with path.open("rb") as file:
        write_mo(table, read_po(file, locale=code))
    table.seek(0)
    return gettext.GNUTranslations(table)


def _at(wall: float, zone: str) -> datetime:
    return datetime.fromtimestamp(wall, UTC).astimezone(ZoneInfo(zone))
