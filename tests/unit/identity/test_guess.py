import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.guess import MAX_REASONS, UNKNOWN, guess
from gateway.identity.index import Index
from gateway.identity.standing import Heard, Sighting
from gateway.model.identity import SURE, Clue, Signal
from tests.support.signs import CLUES, KNOWN, OWN

INDEX = Index(KNOWN)
HAP = "_hap._tcp.local with md=B-1"


def heard(*said: tuple[Signal, str]) -> Heard:
    return Heard(tuple(Sighting(value, INDEX.find(Clue(signal, value))) for signal, value in said))


@pytest.mark.parametrize(
    "said, vendor, profile, sure",
    [
        pytest.param([], "", "", False, id="nothing"),
        pytest.param([(Signal.OUI, OWN)], "maker", "", True, id="a vendor, and no kind of device"),
        pytest.param([(Signal.HOSTNAME, "bell-1")], "maker", "doorbell", True, id="both"),
        pytest.param(
            [(Signal.OUI, OWN), (Signal.DNS, "fw.maker.example")], "maker", "", True, id="a kind that would make it unsure"
        ),
        pytest.param([(Signal.OUI, OWN), (Signal.MDNS, HAP)], "maker", "doorbell", True, id="two signs"),
        pytest.param(
            [(Signal.DNS, "fw.maker.example"), (Signal.DNS, "lamp.maker.example")], "maker", "", True, id="kinds that compete"
        ),
        pytest.param([(Signal.SSDP, "SERVER Linux UPnP/1.0 Other/1")], "other", "hub", True, id="another vendor"),
        pytest.param([(Signal.DNS, "x.other.example")], "other", "", False, id="looks like"),
        pytest.param([(Signal.VENDOR_CLASS, "udhcp 1")], "maker", "", False, id="a hunch"),
    ],
)
def test_answers(said: list[tuple[Signal, str]], vendor: str, profile: str, sure: bool) -> None:
    found = guess(heard(*said), KNOWN)
    assert (found.vendor, found.profile, found.sure) == (vendor, profile, sure)
    assert found.reasons and found.reasons[0].startswith("not sure: looks like ") is (not sure and bool(vendor))


def test_reasons_have_their_evidence() -> None:
    found = guess(heard((Signal.OUI, "00:00:01:02:03:04"), (Signal.HOSTNAME, "bell-1"), (Signal.DNS, "x.other.example")), KNOWN)
    assert found.reasons == (
        "calls itself “bell-1”: maker bell (maker seen)",
        "its address begins with 00:00:01: maker (maker seen; a maker of chips)",
        "against it: asks for x.other.example, as other does (other seen)",
    )


def test_a_kind_of_device_without_a_profile_is_not_named() -> None:
    bare = KNOWN.__class__(traits=KNOWN.traits)
    found = guess(heard((Signal.HOSTNAME, "bell-1")), bare)
    assert (found.vendor, found.profile) == ("maker", "") and "maker bell" in found.reasons[0]


def test_an_unsure_answer_names_the_kind_where_that_is_clear() -> None:
    weak = heard((Signal.HOSTNAME, "bell-1"), (Signal.OUI, "00:00:03"))
    found = guess(weak, KNOWN)
    assert not found.sure and (found.vendor, found.profile) in {("maker", "doorbell"), ("other", "")}


@given(st.lists(CLUES, max_size=8))
def test_whatever_was_heard(clues: list[Clue]) -> None:
    found = guess(Heard(tuple(Sighting(clue.value, INDEX.find(clue)) for clue in clues)), KNOWN)
    assert 0 <= found.confidence < 1 and 0 < len(found.reasons) <= MAX_REASONS + 3
    assert found == UNKNOWN or found.vendor in {"maker", "other", "mother", "child"}
    assert found.sure is (found.confidence >= SURE)
