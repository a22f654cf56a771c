import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.index import Index
from gateway.identity.standing import CERTAIN, Heard, Sighting, Standing, stand
from gateway.identity.weight import HUNCH, PRIOR, chances
from gateway.model.identity import SURE, Clue, Signal
from tests.support.signs import CHIP, CLUES, HOUSE, KNOWN, OWN, SHARED_LIST

INDEX = Index(KNOWN)
NAME = Signal.DNS


def heard(*said: tuple[Signal, str], names: int = 0, first: tuple[str, ...] = ()) -> Heard:
    sightings = tuple(Sighting(value, INDEX.find(Clue(signal, value))) for signal, value in said)
    return Heard(sightings, names, frozenset(first))


def standings(*said: tuple[Signal, str], **names: object) -> dict[str, float]:
    return {one.vendor: one.confidence for one in stand(heard(*said, **names), KNOWN)}


@pytest.mark.parametrize(
    "said, sure",
    [
        pytest.param([(Signal.OUI, OWN)], True, id="the maker's own prefix"),
        pytest.param([(Signal.OUI, CHIP)], False, id="a prefix of a maker of chips"),
        pytest.param([(Signal.HOSTNAME, "bell-1")], True, id="a host name of its own"),
        pytest.param([(Signal.HOSTNAME, "bello")], False, id="a host name of two letters"),
        pytest.param([(Signal.HOSTNAME, "bello"), (NAME, "fw.maker.example")], False, id="which needs a prefix"),
        pytest.param([(Signal.OUI, CHIP), (Signal.HOSTNAME, "bello")], False, id="and even then is a hunch"),
        pytest.param([(NAME, "fw.maker.example")], False, id="a name"),
        pytest.param([(NAME, "fw.maker.example"), (NAME, "a.maker.example")], True, id="two names"),
        pytest.param([(Signal.OUI, CHIP), (NAME, "fw.maker.example")], True, id="a name and a prefix of chips"),
        pytest.param([(Signal.PARAM_LIST, SHARED_LIST)], False, id="a list that many share"),
        pytest.param([(Signal.PARAM_LIST, SHARED_LIST), (Signal.VENDOR_CLASS, "udhcp 1")], False, id="low rows"),
        pytest.param([(Signal.HOSTNAME, "bellringer")], False, id="a brand"),
        pytest.param([(Signal.HOSTNAME, "bellringer"), (Signal.OUI, CHIP)], True, id="a brand and a prefix of chips"),
    ],
)
def test_what_makes_sure(said: list[tuple[Signal, str]], sure: bool) -> None:
    found = standings(*said)
    assert (found.get("maker", 0.0) >= SURE) is sure


def test_low_rows_are_a_hunch_however_many() -> None:
    assert standings((Signal.VENDOR_CLASS, "udhcp 1"))["maker"] <= chances({"v": HUNCH}, PRIOR)["v"]


def test_nothing_is_certain() -> None:
    everything = [(Signal.OUI, OWN), (Signal.HOSTNAME, "bell-1"), (NAME, "fw.maker.example")]
    assert standings(*everything, (Signal.MDNS, "_hap._tcp.local with md=B-1"))["maker"] == CERTAIN


def test_platforms_are_nobody() -> None:
    assert standings((Signal.PARAM_LIST, "1,3,28,6"), (Signal.MDNS, "_hap._tcp.local")) == {}


def test_vendors_compete() -> None:
    both = standings((Signal.OUI, OWN), (Signal.OUI, "00:00:03"))
    assert both["maker"] == both["other"] < 0.5
    assert list(both) == ["maker", "other"]


@pytest.mark.parametrize(
    "names, first, factor",
    [
        pytest.param(2, ("fw.maker.example",), 1, id="most names are its maker's"),
        pytest.param(5, ("fw.maker.example",), 1, id="some are"),
        pytest.param(9, ("fw.maker.example",), 0, id="few are"),
        pytest.param(40, ("fw.maker.example",), -1, id="hardly any"),
        pytest.param(2, ("x.example", "y.example"), 0, id="none of the first is"),
    ],
)
def test_names_count_by_their_share_and_order(names: int, first: tuple[str, ...], factor: int) -> None:
    said = [(NAME, "fw.maker.example"), (NAME, "a.maker.example")]
    chance = standings(*said, names=names, first=first).get("maker", 0.0)
    assert {1: chance >= SURE, 0: 0.3 < chance < SURE, -1: chance < 0.3}[factor]


def test_a_brands_own_sign_takes_the_prefix_of_its_house() -> None:
    assert standings((Signal.OUI, HOUSE))["mother"] >= SURE
    found = standings((Signal.OUI, HOUSE), (NAME, "a.child.example"))
    assert found["child"] >= SURE and "mother" not in found


def test_but_not_where_the_house_speaks_for_itself() -> None:
    names = [(NAME, f"{label}.mother.example") for label in "abcd"]
    found = standings((Signal.OUI, HOUSE), *names, (NAME, "a.child.example"), names=5, first=("a.mother.example",))
    assert found["mother"] >= SURE > found["child"]


def test_a_house_without_a_prefix_settles_nothing() -> None:
    assert set(standings((NAME, "a.mother.example"), (NAME, "a.child.example"))) == {"mother", "child"}


def test_the_strongest_sign_of_each_kind_is_told() -> None:
    (found,) = stand(heard((Signal.OUI, OWN), (Signal.MAKER, "Maker Inc"), (Signal.HOSTNAME, "bell-1")), KNOWN)
    assert [(seen, row.signal) for _, seen, row in found.signs] == [(OWN, Signal.OUI), ("bell-1", Signal.HOSTNAME)]


@given(st.lists(CLUES, max_size=8), st.integers(0, 50), st.frozensets(st.sampled_from(["fw.maker.example", "x"])))
def test_whatever_was_heard(clues: list[Clue], names: int, first: frozenset[str]) -> None:
    sightings = tuple(Sighting(clue.value, INDEX.find(clue)) for clue in clues)
    found = stand(Heard(sightings, names, first), KNOWN)
    assert all(isinstance(one, Standing) and 0 < one.confidence <= CERTAIN and one.signs for one in found)
    assert sum(one.confidence for one in found) < 1
