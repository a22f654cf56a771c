"""Which language it is, and how it writes what has a number in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.language import Languages

ALL = Languages()
NOON = 1_795_345_200.0
ARABIC = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\\n"

msgid "Home"
msgstr "الرئيسية"

msgid "one thing"
msgid_plural "many things"
msgstr[0] "صفر"
msgstr[1] "واحد"
msgstr[2] "اثنان"
msgstr[3] "قليل"
msgstr[4] "كثير"
msgstr[5] "آخر"
"""


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        pytest.param("", "", "en", id="nothing said"),
        pytest.param("de", "ar", "de", id="chosen by hand"),
        pytest.param("fr", "ar", "ar", id="chosen is none"),
        pytest.param("", "de", "de", id="plain"),
        pytest.param("", "de-AT,de;q=0.9,en;q=0.8", "de", id="with a region"),
        pytest.param("", "en;q=0.5, ar;q=0.9", "ar", id="by quality"),
        pytest.param("", "fr,de;q=0.1", "de", id="the first is none of ours"),
        pytest.param("", "de;q=0,ar;q=0.1", "ar", id="not that one"),
        pytest.param("", "*", "en", id="any"),
        pytest.param("", "DE", "de", id="capitals"),
        pytest.param("", "de;q=much,ar;q=nan,;;,=", "en", id="no such header"),
        pytest.param("", "," * 600 + "de", "en", id="too long to be read"),
    ],
)
def test_the_language_is_the_visitors(chosen: str, accepted: str, expected: str) -> None:
    assert ALL.choose(chosen, accepted).code == expected


@given(st.text(max_size=200), st.text(max_size=600))
def test_no_header_harms(chosen: str, accepted: str) -> None:
    assert ALL.choose(chosen, accepted) in ALL.all


@pytest.mark.parametrize(
    ("code", "what", "value", "expected"),
    [
        ("en", "number", 1_234_567, "1,234,567"),
        ("de", "number", 1_234_567, "1.234.567"),
        ("ar", "number", 1_234_567, "١٬٢٣٤٬٥٦٧"),
        ("en", "percent", 0.62, "62%"),
        ("de", "percent", 0.62, "62\xa0%"),
        ("ar", "percent", 0.62, "٦٢٪"),
        ("en", "size", 0, "0 byte"),
        ("en", "size", 999, "999 byte"),
        ("en", "size", 1_500, "1.5 kB"),
        ("de", "size", 1_500, "1,5 kB"),
        ("en", "size", 12_345_678, "12 MB"),
        ("en", "size", 9e18, "9,000,000 TB"),
        ("en", "span", 0, "0 seconds"),
        ("en", "span", -5, "0 seconds"),
        ("en", "span", 1, "1 second"),
        ("en", "span", 89, "89 seconds"),
        ("en", "span", 90, "2 minutes"),
        ("en", "span", 600, "10 minutes"),
        ("de", "span", 600, "10 Minuten"),
        ("ar", "span", 600, "١٠ دقائق"),
        ("ar", "span", 120, "دقيقتان"),
        ("en", "span", 90_000, "25 hours"),
        ("en", "span", 864_000, "10 days"),
        ("en", "items", ["a"], "a"),
        ("en", "items", ["a", "b", "c"], "a, b and c"),
        ("de", "items", ["a", "b"], "a und b"),
        ("ar", "items", ["a", "b"], "a وb"),
        ("en", "items", [], ""),
    ],
)
def test_what_has_a_number_in_it(code: str, what: str, value: object, expected: str) -> None:
    language = ALL.get(code)
    assert language is not None
    assert getattr(language, what)(value).replace("bytes", "byte") == expected


@pytest.mark.parametrize(
    ("code", "clock", "hour", "day"),
    [
        ("en", "12:00:00", "12:00", "22 November 2026"),
        ("de", "12:00:00", "12:00", "22. November 2026"),
        ("ar", "١٢:٠٠:٠٠ م", "١٢:٠٠ م", "٢٢ نوفمبر ٢٠٢٦"),
    ],
)
def test_times_are_the_households(code: str, clock: str, hour: str, day: str) -> None:
    language = ALL.get(code)
    assert language is not None
    zone = "Europe/Berlin"
    told = [language.clock(NOON, zone), language.hour(NOON, zone), language.day(NOON, zone)]
    assert [text.replace("\u202f", " ").replace("\xa0", " ") for text in told] == [clock, hour, day]
    assert language.moment(NOON, zone) != language.moment(NOON, "UTC")


@pytest.mark.parametrize(("code", "direction"), [("en", "ltr"), ("de", "ltr"), ("ar", "rtl")])
def test_where_lines_begin(code: str, direction: str) -> None:
    language = ALL.get(code)
    assert language is not None and language.direction == direction


@pytest.fixture
def own(tmp_path: Path) -> Languages:
    folder = tmp_path / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "netcurtain.po").write_text(ARABIC, encoding="utf-8")
    return Languages(tmp_path)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "صفر"), (1, "واحد"), (2, "اثنان"), (3, "قليل"), (10, "قليل"), (11, "كثير"), (99, "كثير"), (100, "آخر"), (103, "قليل")],
)
def test_plural_forms_are_the_languages_own(own: Languages, number: int, expected: str) -> None:
    arabic = own.get("ar")
    assert arabic is not None and arabic.ngettext("one thing", "many things", number) == expected


def test_what_nobody_has_translated_is_english(own: Languages) -> None:
    arabic, german = own.get("ar"), own.get("de")
    assert arabic is not None and german is not None
    assert (arabic.gettext("Home"), arabic.gettext("Away")) == ("الرئيسية", "Away")
    assert arabic.gettext("") == "", "the catalogue's own head is no text"
    assert german.gettext("Home") == "Home"
    assert [german.ngettext("one thing", "many things", number) for number in (1, 2)] == ["one thing", "many things"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [({"de": "Klingel", "en": "Bell"}, "Klingel"), ({"en": "Bell"}, "Bell"), ({}, ""), ({"de": "", "en": "Bell"}, "Bell")],
)
def test_texts_of_the_policy_files(texts: dict[str, str], expected: str) -> None:
    german = ALL.get("de")
    assert german is not None and german.pick(texts) == expected


def test_there_is_no_other_language() -> None:
    assert ALL.get("fr") is None
