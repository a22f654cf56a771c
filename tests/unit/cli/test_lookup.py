import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.lookup import Lookup, confidence_word, look_up
from gateway.model.assessment import Catalogue, FixedReply, Hint, Row
from gateway.model.device import Device, Mac
from gateway.model.packet import TCP, UDP
from gateway.model.purpose import Purpose
from gateway.policy.catalogue import build_catalogue


def row(match: str, purpose: str = "control", *devices: str, vendor: str = "maker", **more: object) -> Row:
    known = {"confidence": 0.6, "evidence": "seen", "source": f"catalogue/{vendor}.yaml:{match}"}
    return Row(match=match, purpose=Purpose(purpose), devices=devices, vendor=vendor, **known, **more)


CATALOGUE: Catalogue = build_catalogue(
    [
        row("example.com", "cdn", "bell"),
        row("a.example.com", "control", "bell", conflict="some say one thing, others another"),
        row("push.example.net", "control", "bell"),
        row("push.example.net", "motion-event", "app", vendor="other"),
        row("bucket.s3.amazonaws.com", "update", "box", vendor="other"),
        row("udp/123", "time", "any"), row("tcp/9998", "control", "bell"), row("tcp/443", "control", "any", alpn="mqtt"),
        row("app:stun", "video", "camera"),
    ],
    [FixedReply(host="a.example.com", path="/ok", status=204)],
    [
        Hint(kind="port", says="udp/100-200", purpose=Purpose.VIDEO, alone="too wide", ports=((UDP, 100, 200),)),
        Hint(kind="order", says="first a.example.com, then others", purpose=Purpose.VIDEO, alone="seen twice"),
        Hint(kind="port", says="tcp/9998", purpose=Purpose.VIDEO, alone="rarely", ports=((TCP, 9998, 9998),)),
    ],
)  # fmt: skip
BELL = Device(mac=Mac(""), id="", profile="bell", vendor="maker", family="doorbell")
OTHER = Device(mac=Mac(""), id="", profile="lamp", vendor="third", family="light")


def told(found: Lookup) -> list[tuple[str, bool, str]]:
    return [(one.row.match, one.decides, one.why) for one in found.rows]


def test_the_longest_match_decides_and_the_others_say_why_they_do_not() -> None:
    found = look_up(CATALOGUE, "x.A.example.com.", BELL)
    assert told(found) == [
        ("a.example.com", True, "evidenced for this very kind of device"), ("example.com", False, "a longer match decides"),
    ]  # fmt: skip
    assert found.decider is not None and found.decider.purpose == "control"
    (said,) = found.conflicts()
    assert said == "sources disagree: some say one thing, others another (catalogue/maker.yaml:a.example.com)"


def test_what_else_is_known_of_a_name_stands_beside_it() -> None:
    found = look_up(CATALOGUE, "a.example.com", BELL)
    assert [hint.kind for hint in found.hints] == ["order"]
    assert [reply.path for reply in found.replies] == ["/ok"]


def test_one_name_for_two_devices() -> None:
    found = look_up(CATALOGUE, "push.example.net", BELL)
    assert told(found) == [
        ("push.example.net", True, "evidenced for this very kind of device"),
        ("push.example.net", False, "evidenced for another maker's device: worth half; another row stands nearer"),
    ]  # fmt: skip
    (said,) = found.conflicts()
    assert said.startswith("it depends on the device: control for bell (") and "motion-event for app (" in said


def test_a_place_that_everybody_shares_decides_for_its_own_device_only() -> None:
    found = look_up(CATALOGUE, "bucket.s3.amazonaws.com", BELL)
    assert found.decider is None
    assert told(found)[0][2].startswith("a place that everybody shares")


@pytest.mark.parametrize(
    "text, device, decides, whys, hints",
    [
        pytest.param("udp/123", OTHER, "time", ["evidenced for every device"], ["udp/100-200"], id="port-of-everybody"),
        pytest.param("tcp/9998", BELL, "control", ["evidenced for this very kind of device"], ["tcp/9998"], id="own-port"),
        pytest.param(
            "tcp/9998", OTHER, None,
            ["evidenced for another maker's device: worth half, and a port means something for its own device only"],
            ["tcp/9998"], id="somebody-elses-port",
        ),
        pytest.param("udp/150", OTHER, None, [], ["udp/100-200"], id="within-a-range"),
        pytest.param("tcp/443", OTHER, None, ["decides where ALPN mqtt is offered; evidenced for every device"], [], id="alpn"),
        pytest.param("app:rtp", OTHER, None, [], [], id="protocol-without-rows"),
    ],
)  # fmt: skip
def test_ports_and_protocols(text: str, device: Device, decides: str | None, whys: list[str], hints: list[str]) -> None:
    found = look_up(CATALOGUE, text, device)
    assert (found.decider and found.decider.purpose) == decides
    assert [one.why for one in found.rows] == whys
    assert [hint.says for hint in found.hints] == hints


def test_a_protocol_of_a_family() -> None:
    camera = Device(mac=Mac(""), id="", profile="some-camera", vendor="", family="camera")
    assert look_up(CATALOGUE, "app:stun", camera).json()["purpose"] == "video"


@pytest.mark.parametrize("text", ["", "a b", "*.example.com", "tcp/0", "udp/1-2", "tcp,udp/5", "x" * 300])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(ValueError):
        look_up(CATALOGUE, text, BELL)


def test_json() -> None:
    found = look_up(CATALOGUE, "a.example.com", BELL).json()
    assert (found["purpose"], found["decides"], found["device"]) == ("control", "catalogue/maker.yaml:a.example.com", "bell")
    assert found["rows"][0] | {"why": "", "evidence": ""} == {
        "match": "a.example.com", "purpose": "control", "also": [], "vendor": "maker", "devices": ["bell"], "alpn": None,
        "breaks": None, "conflict": "some say one thing, others another", "evidence": "", "confidence": "medium", "date": None,
        "source": "catalogue/maker.yaml:a.example.com", "decides": True, "why": "", "tells": None,
    }  # fmt: skip
    assert found["hints"][0]["alone"] == "seen twice"
    assert found["answered"] == [{"path": "/ok", "status": 204, "source": ""}]
    assert confidence_word(0.45) == "0.45"


PORTS_AND_NAMES = r"(tcp|udp|tcp,udp)/[0-9]{1,6}(-[0-9]{1,6})?|app:[a-z-]*|[*a-z.-]{1,20}"


@given(st.text(max_size=40) | st.from_regex(PORTS_AND_NAMES, fullmatch=True))
def test_any_text_is_looked_up_or_refused(text: str) -> None:
    try:
        found = look_up(CATALOGUE, text, BELL)
    except ValueError:
        return
    assert json.dumps(found.json())
