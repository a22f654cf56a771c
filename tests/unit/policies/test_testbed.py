"""No rule knows whom it was measured on: what holds for one device of one laboratory holds for nobody."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[3]
TESTBED = (
    "bulb1", "dlink-camera", "dlink-mov", "echodot", "echodot3c", "echodot4b", "echoflex1", "echoplus", "echoshow5",
    "echospot", "edimax-ic9110w", "google-mini", "gosund-bulb1", "govee-led1", "homepod-mini1", "ikea-gateway", "ikettle",
    "keyco-air", "lefun-cam-wired", "amcrest-cam-wired", "magichome-strip", "meross-dooropener", "philips-bulb",
    "ring-chime1", "smartlife-bulb", "t-philips-hub", "t-wemo-plug", "thermopro-sensor", "tplink-plug", "tuya-camera",
    "wansview-cam-wired", "wink-hub2", "android_lan", "android_wan", "local_voice", "neu.edu", "pixel3a",
)  # fmt: skip
"""Devices, runs and places of the captures that flows were measured in, but for what is the name of a kind of device too."""
WORD = re.compile(r"[a-z0-9_.-]+", re.IGNORECASE)
ADDRESS = re.compile(r"\b(\d{1,3}\.){3}\d{1,3}\b|\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.IGNORECASE)
SHIPPED = [
    path
    for folder in ("gateway", "policies")
    for path in sorted((TOP / folder).rglob("*"))
    if path.suffix in (".py", ".yaml", ".json") and "lab" not in path.parts
]


def _words(text: str) -> set[str]:
    return {word.strip(".-") for word in WORD.findall(text.lower())}


def test_there_is_something_to_search() -> None:
    assert len(SHIPPED) > 150
    assert "echospot" in _words('KIND = {"EchoSpot": 1}')


@pytest.mark.parametrize("folder", ["gateway", "policies"])
def test_no_name_of_the_testbed(folder: str) -> None:
    found = {
        str(path.relative_to(TOP)): names
        for path in SHIPPED
        if path.is_relative_to(TOP / folder) and (names := _words(path.read_text()) & set(TESTBED))
    }
    assert not found


@pytest.mark.parametrize("path", sorted((TOP / "gateway/purpose").glob("*.py")), ids=lambda path: path.stem)
def test_no_rule_knows_an_address(path: Path) -> None:
    assert not ADDRESS.search(path.read_text())
