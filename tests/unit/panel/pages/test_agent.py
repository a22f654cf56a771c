"""Browsers in a list, by names that people know."""

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.panel.pages.agent import spoken_agent

VISIT: Any = SimpleNamespace(_=lambda text: text)


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0", "Firefox on Android"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
            "Chrome on Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (iPad; CPU OS 17_0) AppleWebKit/605.1 CriOS/130.0 Safari/604.1", "Chrome on iPad"),
        ("curl/8.5.0", "some program"),
        ("", "some program"),
        ("Linux", "Linux"),
    ],
)
def test_a_browser_is_called_as_people_call_it(agent: str, expected: str) -> None:
    assert spoken_agent(VISIT, agent) == expected
