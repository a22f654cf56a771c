"""Templates, and sentences with values in them."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from gateway.panel.language import Languages
from gateway.panel.render import _LANGUAGE, _environment, said

ENGLISH, GERMAN, ARABIC = Languages().all
TEMPLATES = Path(__file__).parents[3] / "gateway/panel/templates"


@pytest.fixture(autouse=True)
def english() -> None:
    _LANGUAGE.set(ENGLISH)


def test_every_template_can_be_made() -> None:
    environment = _environment()
    names = {path.name for path in TEMPLATES.glob("*.html")}
    assert names and names <= set(environment.list_templates())
    for name in names:
        environment.get_template(name)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (
            "%(device)s: %(purpose)s passes.",
            {"device": "front-door", "purpose": "time"},
            "Front door: Setting its clock passes.",
        ),
        ("%(device)s is known now.", {"device": "02:00:5e:10:00:01"}, "02:00:5e:10:00:01 is known now."),
        ("%(purpose)s – %(state)s", {"purpose": "odd", "state": "odd"}, "odd – odd"),
        ("%(purpose)s – %(state)s", {"purpose": "", "state": "owner-only"}, " – only for you"),
        ("%(owner)s", {"owner": "100%s <b>"}, "100%s <b>"),
    ],
)
def test_sentences_with_values(text: str, values: dict[str, str], expected: str) -> None:
    assert said(ENGLISH, text, values) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ text }}", "&lt;script&gt;&#34;&#39;"),
        ("{{ _('Home') }}", "Home"),
        ("{{ 1234|number }} {{ 1500|size }} {{ 90|span }} {{ 0.5|percent }}", "1,234 1.5 kB 2 minutes 50%"),
        ("{{ ['a', text]|items }}", "a and &lt;script&gt;&#34;&#39;"),
        ("{{ 'video'|purpose_title }} {{ 'odd'|purpose_title }}", "Pictures and video odd"),
        ("{{ {'de': 'x', 'en': text}|pick }}", "&lt;script&gt;&#34;&#39;"),
        ("{% trans who=text %}Is it {{ who }}?{% endtrans %}", "Is it &lt;script&gt;&#34;&#39;?"),
    ],
)
def test_what_pages_use(template: str, expected: str) -> None:
    assert _environment().from_string(template).render(text="<script>\"'") == expected


def test_one_template_speaks_every_language() -> None:
    template = _environment().from_string("{{ 1500|number }} {{ _('Week') }} {{ 'video'|purpose_title }}")
    said = []
    for language in (ENGLISH, GERMAN, ARABIC):
        _LANGUAGE.set(language)
        said.append(template.render())
    assert said[0].startswith("1,500 Week Pictures") and said[1].startswith("1.500 ") and said[2].startswith("١")
    assert len({text.split(" ", 1)[1] for text in said}) == 3


def test_what_is_not_there_is_a_fault() -> None:
    with pytest.raises(UndefinedError):
        _environment().from_string("{{ nobody }}").render()
