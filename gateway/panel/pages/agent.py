"""What a browser says of itself, as people would say it: enough to know one's own phone in a list, and no more than a guess."""

from gateway.panel.visit import Visit
from gateway.panel.wording import N_

BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
"""Those that call themselves several names come before the others."""
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def spoken_agent(visit: Visit, agent: str) -> str:
    """``Firefox on Android``; what names neither is a program."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    if browser and system:
        return visit._(N_("%(browser)s on %(system)s")) % {"browser": browser, "system": system}
    return browser or system or visit._(N_("some program"))
