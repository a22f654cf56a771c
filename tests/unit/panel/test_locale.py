"""What the panel says, in all its languages: every text is there, whole, with the same places to fill in; pages say no other.

A text that is missing here is one for ``deploy/texts.py`` and a translator.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from babel.messages.catalog import Catalog, Message

from deploy import texts
from gateway.panel.access import password
from gateway.panel.language import Languages
from gateway.panel.visit import Visit
from gateway.policy import load
from tests.support.browser import Browser
from tests.support.panel import DOOR, GUEST, GUEST_AT, LAMP, PHONE, PHONE_AT, YARD, Served, Told, row, serving
from tests.support.records import make_record, write_ledger

GOOD, OTHER = "seven green kettles", "eleven odd umbrellas"
TEMPLATES = texts.PANEL / "templates"
WANTED = texts.texts()
PLACES = re.compile(r"%\((\w+)\)s")
FIXED = {"de": {0: 1}, "ar": {0: 0, 1: 1, 2: 2}}
"""Plural forms that stand for one number only, which may be said in a word."""
LATIN_FIRST = re.compile(r"(%\((?!shown|count|size|span|left)\w+\)s|[A-Za-z]).*[\u0600-\u06ff]", re.DOTALL)
TO_THE_RIGHT = "\u200f"
ENDS = ":.?!"

both = pytest.mark.parametrize("language", texts.LANGUAGES)


@cache
def said(language: str) -> list[Message]:
    return [message for message in texts.read(language) if message.id]


def sources(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)


def test_texts_are_found_wherever_one_is_marked() -> None:
    found = {text for message in WANTED for text in sources(message)}
    assert {"Undo", "Doing its job", "Choose a device from the list.", "%(shown)s devices behind the curtain"} <= found
    assert {"Remove %(name)s", "Today stopped once.", "%(device)s is known now.", "The old password is not right."} <= found


@both
def test_every_text_is_there_and_no_other(language: str) -> None:
    found = texts.read(language)
    assert {message.id for message in found} == {message.id for message in WANTED}, "run deploy/texts.py"
    assert not found.obsolete


@both
def test_none_is_empty_or_guessed(language: str) -> None:
    assert [message.id for message in texts.missing(texts.read(language))] == []


@both
def test_each_has_all_its_plural_forms(language: str) -> None:
    forms = texts.read(language).num_plurals
    amiss = [message.id for message in said(language) if len(texts.strings(message)) != (forms if message.pluralizable else 1)]
    assert amiss == []


@both
def test_places_to_fill_in_are_the_same(language: str) -> None:
    amiss = [(message.id, text) for message in said(language) for text in misfilled(language, message)]
    assert amiss == []


def misfilled(language: str, message: Message) -> Iterator[str]:
    """The forms with other places; a form for one number may do without that number."""
    full = set(PLACES.findall(sources(message)[-1]))
    least = set(PLACES.findall(sources(message)[0])) & full if message.pluralizable else full
    for form, text in enumerate(texts.strings(message)):
        here = set(PLACES.findall(text))
        may_lack = message.pluralizable and form in FIXED[language]
        known = full | set(PLACES.findall(sources(message)[0]))
        if not here <= known or not (here >= least - {"shown"} if may_lack else here == full):
            yield text
        if "%" in PLACES.sub("", text):
            yield text


@both
def test_each_ends_like_its_source(language: str) -> None:
    """What follows a colon or ends a sentence does so in all languages."""
    amiss = [
        (source, text)
        for message in said(language)
        for source, text in zip(sources(message)[:1], texts.strings(message)[:1], strict=True)
        if end_of(source) != end_of(text)
    ]
    assert amiss == []


def end_of(text: str) -> str:
    last = text.replace("؟", "?").rstrip()[-1:]
    return last if last in ENDS else ""


@both
def test_the_header_is_right(language: str) -> None:
    text = texts.catalogue(language).read_text(encoding="utf-8")
    header = dict(texts.read(language).mime_headers)
    ours = Catalog(locale=language)
    assert header["Language"] == language and header["Content-Type"] == "text/plain; charset=utf-8"
    assert header["Plural-Forms"] == f"nplurals={ours.num_plurals}; plural={ours.plural_expr};"
    assert f"nplurals={ours.num_plurals};" in text and header["Project-Id-Version"].startswith("Netcurtain")
    assert "fuzzy" not in text and "\n#~" not in text


@both
def test_the_file_is_as_the_command_writes_it(language: str) -> None:
    path = texts.catalogue(language)
    without = re.compile(r'^"Generated-By: .*$', re.MULTILINE)
    assert without.sub("", texts.written(texts.read(language))) == without.sub("", path.read_text(encoding="utf-8"))


def test_arabic_has_its_own_figures_and_begins_at_the_right() -> None:
    amiss = [
        text
        for message in said("ar")
        for text in texts.strings(message)
        if re.search(r"(?<![\w/.-])[0-9]", text) or (LATIN_FIRST.match(text) and not text.startswith(TO_THE_RIGHT))
    ]
    assert amiss == []


def test_the_brand_is_never_translated() -> None:
    for language in texts.LANGUAGES:
        amiss = [
            text
            for message in said(language)
            for text in texts.strings(message)
            if ("Netcurtain" in text) != ("Netcurtain" in sources(message)[0])
        ]
        assert amiss == []


@pytest.mark.parametrize(
    ("language", "number", "expected"),
    [
        ("en", 1, "1 device behind the curtain"), ("en", 0, "0 devices behind the curtain"),
        ("de", 1, "1 Gerät hinter dem Vorhang"), ("de", 0, "0 Geräte hinter dem Vorhang"),
        ("ar", 0, "لا أجهزة خلف الستارة"), ("ar", 1, "جهاز واحد خلف الستارة"), ("ar", 2, "جهازان خلف الستارة"),
        ("ar", 3, "٣ أجهزة خلف الستارة"), ("ar", 11, "١١ جهازًا خلف الستارة"), ("ar", 100, "١٠٠ جهاز خلف الستارة"),
        ("ar", 103, "١٠٣ أجهزة خلف الستارة"),
    ],
)  # fmt: skip
def test_numbers_choose_their_form(language: str, number: int, expected: str) -> None:
    one = Languages().get(language)
    assert one is not None
    text = one.ngettext("%(shown)s device behind the curtain", "%(shown)s devices behind the curtain", number)
    assert text % {"shown": one.number(number)} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("بعد 64 كيلوبايت، كل 1,819 ثانية.", "بعد ٦٤ كيلوبايت، كل ١٬٨١٩ ثانية."),
        ("يسأل 8.8.8.8 عن Cam 3 وa2z.com، منذ 2012", "يسأل 8.8.8.8 عن Cam 3 وa2z.com، منذ ٢٠١٢"),
        ("الإصدار 1.4 على udp/123", "الإصدار 1.4 على udp/123"),
    ],
    ids=["numbers", "names and addresses", "versions"],
)
def test_numbers_of_the_policy_files_are_written_likewise(text: str, expected: str) -> None:
    arabic = Languages().get("ar")
    assert arabic is not None and arabic.pick({"ar": text, "en": "64"}) == expected
    german = Languages().get("de")
    assert german is not None and german.pick({"de": "64 kB"}) == "64 kB"


# The command.


def test_new_texts_appear_empty_and_gone_ones_are_removed() -> None:
    wanted = Catalog()
    wanted.add("Undo")
    wanted.add("Undo it")
    wanted.add(("%(shown)s new thing", "%(shown)s new things"))
    found = texts.updated("de", wanted)
    assert [(message.id, message.string) for message in found if message.id] == [
        ("Undo", "Rückgängig machen"), ("Undo it", None), (("%(shown)s new thing", "%(shown)s new things"), ("", "")),
    ]  # fmt: skip
    assert [message.id for message in texts.missing(found)] == ["Undo it", ("%(shown)s new thing", "%(shown)s new things")]
    assert not any(message.fuzzy for message in found) and not found.obsolete
    assert "#~" not in texts.written(found)


# The pages.


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    """All pages of a panel's life, in each language but English."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        return {language: list(pages(tmp_path_factory.mktemp(language), language)) for language in texts.LANGUAGES}


class Spoken(HTMLParser):
    """What a page says in the visitor's language: texts, and attributes that are read out."""

    QUIET = ("code", "bdi", "script", "style", "svg", "pre")
    VOID = ("meta", "link", "input", "br", "rect", "path")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        other = tag in self.QUIET or (tag != "html" and ("lang" in given or given.get("dir") == "ltr"))
        if not any(self._open):
            self.said += [given[name] for name in ("aria-label", "title", "alt", "placeholder", "data-off") if name in given]
        if tag not in self.VOID:
            self._open.append(other)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self._open):
            self.said.append(" ".join(data.split()))


def household(folder: Path) -> Told:
    """A lively one: devices of all kinds, one that nobody knows, questions, grants, faults and flows."""
    told = Told()
    guess = {"profile": "wyze-cam", "vendor": "wyze", "confidence": 0.6, "sure": False, "because": ["its name"]}
    told.devices += [row(LAMP, "192.168.50.45", hostname="lamp", guess=guess, set_up_s=600.0, last_seen=None)]
    told.devices[0]["last_seen"] = time.time()
    grant = {"device": "front-door", "kind": "viewing", "purpose": "video", "remaining_s": 300.0}
    told.status |= {
        "clock_trusted": False,
        "grants": [grant, grant | {"device": "yard", "kind": "pause", "purpose": ""}],
        "questions": [{"device": "yard", "purpose": "telemetry", "name": "", "asked_at": 1.0}],
        "problems": [{"what": "resolver", "message": "no answer", "over_at": None}],
        "forgetting": [{"mac": YARD, "remaining_s": 20.0, "erasing": False}],
    }
    now = time.time()
    records = [
        make_record("telemetry", "refuse", action="block", device=DOOR, started=now - 60, attempts=3, held_bytes=900),
        make_record("control", device=DOOR, started=now - 50, name="", bytes_toserver=5_000, also=("telemetry",)),
        make_record("video", "refuse", action="owner-only", device=YARD, started=now - 40),
        make_record("control", device=YARD, started=now - 30, grant="pause", bytes_toserver=90_000),
    ]
    write_ledger(folder / "no.db", records, now=now)
    return told


def pages(folder: Path, language: str) -> Iterator[tuple[str, str]]:
    """(where, page) of a whole life: a new box, its first run, its days, strangers, readers, outages."""
    with serving(folder, household(folder)) as served:
        seen = watch(served)
        stranger = Browser(served.app, address=GUEST_AT, language=language)
        owner = Browser(served.app, address=PHONE_AT, language=language)
        yield from first_run(served, owner, stranger)
        yield from days(served, owner)
        yield from others(served, stranger)
        served.told.down = True
        for path in ("/", "/settings", f"/devices/{LAMP}", "/welcome/done", "/welcome/phone"):
            yield f"down {path}", owner.open(path).text
        assert seen == {path.name for path in TEMPLATES.glob("[!_]*.html")} - {"base.html"}, "every page was seen"


def watch(served: Served) -> set[str]:
    """The templates that are drawn from now on."""
    seen: set[str] = set()
    draw = served.panel.render

    def render(visit: Visit, template: str, context: Mapping[str, Any]) -> str:
        seen.add(template)
        return draw(visit, template, context)

    served.panel.render = render  # type: ignore[method-assign]
    return seen


def first_run(served: Served, owner: Browser, stranger: Browser) -> Iterator[tuple[str, str]]:
    served.app.state.authority = SimpleNamespace(fingerprint="AB:CD:EF")
    yield "certificate", stranger.open("/certificate").text
    served.app.state.authority = None
    yield "certificate, alone", stranger.open("/certificate").text
    window = served.panel.access._window
    began, window._began = window._began, -1e9
    yield "late", stranger.open("/welcome").text
    window._began = began
    yield "hidden", owner.open("/welcome?hide=1").text
    yield "welcome", owner.open("/").text
    yield "weak", owner.press("/welcome", password="aaaaaaaa").text
    yield "phone", owner.press("/welcome", password=GOOD).text
    yield "no phone", owner.send("POST", "/welcome/phone", data=owner.forms[0].values | {"phone": "x"}).text
    yield "camera", owner.press("/welcome/phone", "claim", name="Anna").text
    yield "second camera", owner.press(owner.path, "away").text
    yield "done", owner.press(owner.path, "home").text


def days(served: Served, owner: Browser) -> Iterator[tuple[str, str]]:
    for path in ("/", f"/devices/{DOOR}", f"/devices/{YARD}", f"/devices/{LAMP}", f"/devices/{PHONE}", f"/devices/{GUEST}"):
        yield path, owner.open(path).text
    for mac in (DOOR, PHONE):
        yield f"forget {mac}", owner.open(f"/devices/{mac}/forget").text
    for path in ("/activity", "/activity?effect=passed&device=x", "/activity/1", "/activity/2"):
        yield path, owner.open(path).text
    for path in ("/week", "/nowhere", "/api/docs"):
        yield path, owner.open(path).text
    yield "settings", owner.open("/settings").text
    yield "weak account", owner.press("/settings/accounts", name="bea", password="beabeabeabea").text
    yield "account", owner.press("/settings/accounts", name="bea", password=OTHER).text
    yield "password", owner.open("/settings/password").text
    yield "weak password", owner.press("/settings/password", old=GOOD, new="1234567890").text
    yield "wrong password", owner.press("/settings/password", old="x", new="nine slow rivers").text
    owner.open("/")
    token = next(form for form in owner.forms if form.action == "/undo").values | {"token": "gone"}
    yield "too late", owner.send("POST", "/undo", data=token).text
    served.told.status |= {"policy_faults": ["household.yaml:3: no such purpose"]}
    for path in ("/", "/settings"):
        yield f"fault {path}", owner.open(path).text
    yield "odd form", owner.send("POST", "/undo", content=b"{}", headers={"content-type": "application/json"}).text
    yield "old page", owner.send("POST", "/undo", data={"token": "x"}).text


def others(served: Served, stranger: Browser) -> Iterator[tuple[str, str]]:
    link = f"/enter/{served.panel.access.claim.new_link()}"
    yield "link", stranger.open(link).text
    yield "no link", stranger.open("/enter/x").text
    yield "login", stranger.open("/login").text
    yield "wrong", stranger.press("/login", password="x").text
    yield "reader", stranger.press("/login", password=OTHER, name="bea").text
    yield "forbidden", stranger.open("/settings/password").text
    stranger.open("/settings")
    stranger.press("/logout")
    for _ in range(8):
        stranger.press("/login", password="x")
    yield "throttled", stranger.response.text


@both
def test_pages_say_no_english_sentence_of_ours(language: str, lives: dict[str, list[tuple[str, str]]]) -> None:
    is_ours = english_of(language)
    amiss = {(where, text) for where, page in lives[language] for text in Spoken(page).said if is_ours(text)}
    assert amiss == set()


def english_of(language: str) -> Callable[[str], bool]:
    """Is this the source of a text that is another in this language?"""
    whole, within = [], []
    for message in said(language):
        for source in sources(message):
            if source in texts.strings(message) or not words(source):
                continue
            pattern = "[^ ].*?".join(re.escape(part) for part in re.split(r"%\(\w+\)s", source))
            whole.append(pattern)
            if len(PLACES.sub("", source).split()) >= 4:
                within.append(pattern)
    fits, holds = re.compile("|".join(whole)).fullmatch, re.compile("|".join(within)).search
    return lambda text: bool(fits(text) or holds(text))


def test_arabic_pages_have_no_latin_words_but_names(lives: dict[str, list[tuple[str, str]]]) -> None:
    """What no template marks for translation is English everywhere, and no catalogue can tell."""
    names = set("Front door Yard Annas iPhone Galaxy lamp Anna phone bea bell Test SHA pem API Netcurtain".split())
    ours = [text for message in said("ar") for text in texts.strings(message)]
    known = names | {word for text in (*ours, *profile_texts("ar")) for word in words(text)}
    for where, page in lives["ar"]:
        amiss = {word for text in Spoken(page).said for word in words(text)} - known
        assert not amiss, where


def profile_texts(language: str) -> Iterator[str]:
    """What the shipped profiles say in a language."""
    for part in load().profiles.values():
        yield part.titles.get(language, "")
        yield from (cost.texts.get(language, "") for cost in part.costs.values())


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]{3,}", PLACES.sub("", text))
