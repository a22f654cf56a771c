"""The shipped catalogue: nothing without evidence, nothing lost, and no row that another one silently stands before."""

from collections import Counter
from pathlib import Path

import pytest

from gateway.model.assessment import Catalogue, Evidence, Hint, Row
from gateway.model.facts import Facts
from gateway.policy.layout import load
from gateway.purpose.fit import Rank, best_of, choose
from gateway.purpose.lookup import find

ROOT = Path(__file__).parents[3] / "policies"
LOADED = load(shipped=ROOT, compiled=ROOT / "none")
assert LOADED.policy is not None, LOADED.faults
CATALOGUE: Catalogue = LOADED.policy.catalogue
PROFILES = {name: entry.device for name, entry in LOADED.policy.profiles.items()}
ROWS: tuple[Row, ...] = tuple(
    dict.fromkeys(
        row
        for table in (CATALOGUE.names, CATALOGUE.patterns, CATALOGUE.ports, CATALOGUE.protocols)
        for rows in table.values()
        for row in rows
    )
)

COUNTS = {
    # vendor: (names and patterns, ports that decide, ports that do not, shapes)
    "amazon": (221, 4, 4, 9), "amcrest": (2, 0, 0, 0), "apple": (54, 1, 0, 1), "aqara": (1, 0, 0, 0), "arlo": (6, 1, 0, 0),
    "aws": (6, 4, 1, 1), "blink": (20, 0, 0, 1), "eufy": (7, 1, 1, 0), "generic": (21, 5, 2, 3), "google": (47, 3, 0, 2),
    "govee": (2, 0, 0, 0), "honeywell": (2, 0, 0, 0), "icsee": (3, 0, 0, 0), "ikea": (2, 0, 0, 0), "lg": (26, 0, 0, 0),
    "meross": (2, 0, 0, 0), "myq": (2, 0, 0, 0), "netatmo": (1, 0, 0, 0), "netflix": (7, 0, 0, 0), "philips-hue": (13, 0, 0, 0),
    "reolink": (2, 0, 0, 0), "ring": (42, 9, 4, 5), "roku": (31, 0, 0, 0), "samsung": (52, 0, 0, 1), "shelly": (2, 1, 0, 0),
    "sonos": (10, 0, 1, 0), "switchbot": (1, 0, 0, 0), "tp-link": (25, 0, 5, 1), "tuya": (29, 3, 4, 0), "ubell": (4, 0, 0, 0),
    "wansview": (4, 0, 0, 0), "wyze": (20, 0, 0, 2), "xiaomi": (22, 1, 1, 0), "yi": (4, 0, 0, 0), "zmodo": (2, 0, 0, 0),
}  # fmt: skip
"""Of the first 767 entries: 685 names, 53 ports (30 decide, 23 do not), 29 protocols and shapes (3 decide, by ALPN)."""
LATER = {"generic": 4, "google": 2, "philips-hue": 1, "samsung": 1, "xiaomi": 2}
"""Names gathered since: connectivity checks with their replies, and what captures of devices showed."""
KINDS = frozenset(
    """alexa-app amazon-plug amazon-shopping amcrest-camera android-tv aqara-hub arlo-app blink-app chromecast eufy-app
    eufy-device feit fire-tablet garage-opener govee-led hue-app icsee-doorbell ikea-hub kasa-app meross-opener nest-app
    reolink-camera ring-alarm ring-app samsung-appliance smartthings switchbot-hub tuya-app tv-app ubell-doorbell
    wansview-camera weather-station wyze-app yi-camera zmodo-doorbell""".split()
)
"""Kinds of device that rows speak of and no profile is named after: apps, services, and what has only its family's profile."""
COVERING = {
    "*.iot.*.amazonaws.com": "a device's commands; its credentials have names of their own below it",
    "amazonalexa.com": "the parent of the api hosts; an older voice host lies below it",
    "api.io.mi.com": "the app's; a host of cameras lies below it",
    "diagnostic.networking.aws.dev": "reports; the check that some Echos need lies below it",
    "home.nest.com": "the app's; hosts of thermostats and cameras lie below it",
    "immedia-semi.com": "all of Blink: what is no picture by its name is control, and cut at its budget if it is one after all",
    "lgtvsdp.com": "service by most sources; a host of reports lies below it",
    "sonos.com": "the maker's radio and everything that has no row of its own",
}
"""Wide names that stand behind narrower ones of another purpose, and what that means."""
TWO_PURPOSES = {
    "mtalk.google.com": "push: motion reports to the app of a bell's owner, casting and control for a Google speaker",
}
"""Names that mean one thing for one kind of device and another for the next."""
CONFLICTS = """
    device-metrics-us.amazon.com fireoscaptiveportal.com prod.amcs-tachyon.com arcus-uswest.amazon.com
    d3p8zr0ffa9t17.cloudfront.net web.diagnostic.networking.aws.dev device-messaging-na.amazon.com
    bob-dispatch-prod-eu.amazon.com tcp,udp/15063-15064 tcp/9002 xp.apple.com us.lgtvsdp.com lgtvsdp.com ngfts.lge.com
    aic-ngfts.lge.com eic-ngfts.lge.com fw.ring.com det-ta-g7g.amazon.com msh.amazon.com mas-sdk.amazon.com aan.amazon.com
    frontdoor.nest.com tcp/11095 acr0.samsungcloudsolution.com""".split()
"""Where sources disagree, what each says is kept."""


def of_names(row: Row) -> bool:
    return "/" not in row.match and ":" not in row.match


def sample(match: str) -> str:
    """A name that a match stands for."""
    return match.replace("*", "x1")


def seen_from(row: Row, device: str) -> Evidence:
    """What is known of a flow of the device that a row was evidenced for."""
    family = PROFILES[device].family if device in PROFILES else ""
    facts = Facts(alpn=(row.alpn,) if row.alpn else ())
    return Evidence(profile=device, vendor=row.vendor, family=family, facts=facts)


def test_nothing_is_lost() -> None:
    counted: dict[str, list[int]] = {vendor: [0, 0, 0, 0] for vendor in COUNTS}
    for row in ROWS:
        counted[row.vendor][0 if of_names(row) else 1] += 1
    for hint in CATALOGUE.hints:
        counted[hint.vendor][2 if hint.kind == "port" else 3] += 1
    assert {vendor: tuple(found) for vendor, found in counted.items()} == COUNTS
    names, deciding, ports, shapes = (sum(column) for column in zip(*COUNTS.values(), strict=True))
    assert (names - sum(LATER.values()), deciding, ports, shapes) == (685, 30 + 3, 23, 29 - 3)
    assert names + deciding + ports + shapes - sum(LATER.values()) == 767


@pytest.mark.parametrize("vendor", COUNTS)
def test_everything_has_evidence_a_date_and_a_known_kind_of_device(vendor: str) -> None:
    known = {*PROFILES, *(device.family for device in PROFILES.values()), *KINDS, "any"}
    for entry in (*ROWS, *CATALOGUE.hints):
        if entry.vendor == vendor:
            assert entry.evidence and entry.date and entry.confidence, entry.source
            assert entry.devices and set(entry.devices) <= known, entry.source


def test_a_kind_is_listed_only_while_no_profile_has_its_name() -> None:
    used = {device for entry in (*ROWS, *CATALOGUE.hints) for device in entry.devices}
    assert KINDS <= used
    assert not KINDS & set(PROFILES)


@pytest.mark.parametrize("vendor", COUNTS)
def test_every_row_decides_for_its_own_device(vendor: str) -> None:
    """No other row stands before it, and none of equal standing says another thing."""
    for row in (row for row in ROWS if row.vendor == vendor):
        for device in row.devices:
            evidence = seen_from(row, device)
            if of_names(row):
                fit = choose(find(CATALOGUE, sample(row.match)), evidence)
                assert fit is not None and (fit.row, fit.rivals) == (row, ()), f"{row.source}: {row.match} for {device}"
                continue
            for key in (key for key, rows in CATALOGUE.ports.items() if row in rows):
                fit = best_of(CATALOGUE.ports[key], evidence, least=Rank.ANY)
                assert fit is not None and fit.row == row, f"{row.source}: {row.match} for {device}"


def test_wide_names_over_narrower_ones_are_known() -> None:
    covering, shared = set(), set()
    for row in filter(of_names, ROWS):
        for other in find(CATALOGUE, sample(row.match)):
            if other.purpose is not row.purpose:
                (shared if other.match == row.match else covering).add(other.match)
    assert covering == set(COVERING)
    assert shared == set(TWO_PURPOSES)


def test_conflicts_are_kept() -> None:
    assert {row.match for row in ROWS if row.conflict} == set(CONFLICTS)


def test_what_cannot_decide_says_why() -> None:
    told = Counter(hint.kind for hint in CATALOGUE.hints)
    assert told == {"port": 23, "protocol": 8, "beat": 5, "note": 5, "order": 3, "volume": 3, "ceiling": 2}
    for hint in CATALOGUE.hints:
        assert hint.alone, hint.source
        assert bool(hint.ports) is (hint.kind == "port"), hint.source
        assert bool(hint.every_s) is (hint.kind == "beat"), hint.source
        assert bool(hint.rate_bytes_s or hint.budget_bytes) is (hint.kind == "ceiling"), hint.source


def test_no_ceiling_is_a_permission() -> None:
    """What Amazon says that Sidewalk takes at most helps to recognise it; every profile and preset refuses it all the same."""
    ceilings: list[Hint] = [hint for hint in CATALOGUE.hints if hint.kind == "ceiling"]
    assert {(hint.rate_bytes_s, hint.budget_bytes, hint.budget_window_s) for hint in ceilings} == {
        (10_000, 0, 0.0), (0, 500_000_000, 30 * 86_400.0)
    }  # fmt: skip
    assert {hint.purpose for hint in ceilings} == {"mesh-sharing"}
    assert LOADED.policy is not None
    for name, entry in LOADED.policy.profiles.items():
        if name != "observe":
            assert entry.table[ceilings[0].purpose][0].action in ("block", "drop"), name
