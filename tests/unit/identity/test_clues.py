import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.clues import FIRST_NAMES, MADE_UP, MAX_NAMES, MAX_SIGHTINGS, Clues, is_common
from gateway.identity.guess import UNKNOWN
from gateway.identity.index import Index
from gateway.model.identity import Clue, Signal
from tests.support.signs import CLUES, KNOWN, OWN

INDEX = Index(KNOWN)
NAME, HOST = Signal.DNS, Signal.HOSTNAME


def device(*said: tuple[Signal, str]) -> Clues:
    clues = Clues(INDEX)
    for signal, value in said:
        clues.add(Clue(signal, value))
    return clues


def test_it_grows_surer() -> None:
    clues = device()
    assert clues.guess() == UNKNOWN
    assert clues.add(Clue(NAME, "fw.maker.example")) and not clues.guess().sure
    assert clues.add(Clue(Signal.OUI, OWN)) and clues.guess().sure
    assert clues.guess() is clues.guess()


@pytest.mark.parametrize(
    "said, again, changes",
    [
        pytest.param((HOST, "bell-1"), (HOST, "BELL-1"), False, id="said already"),
        pytest.param((HOST, "bell-1"), (HOST, "anna"), False, id="says nothing"),
        pytest.param((HOST, "bell-1"), (HOST, ""), False, id="nothing"),
        pytest.param((NAME, "a.example"), (NAME, "A.example."), False, id="asked already"),
        pytest.param((NAME, "a.example"), (NAME, "a.example.lan"), False, id="with the home's domain"),
        pytest.param((NAME, "a.example"), (NAME, "a.example.office"), False, id="with any search domain"),
        pytest.param((NAME, "a.example"), (NAME, "0.pool.ntp.org"), False, id="a clock"),
        pytest.param((NAME, "a.example"), (NAME, "b.example"), True, id="another name"),
        pytest.param((NAME, "a.example"), (NAME, "time.maker.example"), True, id="a clock of the maker's own"),
    ],
)
def test_what_changes_a_guess(said: tuple[Signal, str], again: tuple[Signal, str], changes: bool) -> None:
    clues = device(said)
    assert clues.add(Clue(*again)) is changes


def test_names_that_no_row_knows_are_counted() -> None:
    heard = device((NAME, "a.example"), (NAME, "time.example.org"), (NAME, "fw.maker.example"), (NAME, "gw")).heard
    assert (heard.names, heard.first_names) == (2, {"a.example", "fw.maker.example"})
    assert [sighting.value for sighting in heard.sightings] == ["fw.maker.example"]


def test_the_first_names_are_the_first() -> None:
    many = [(NAME, f"{number}.example{number}.org") for number in range(FIRST_NAMES)]
    assert "fw.maker.example" in device((NAME, "fw.maker.example"), *many).heard.first_names
    assert "fw.maker.example" not in device(*many, (NAME, "fw.maker.example")).heard.first_names


@pytest.mark.parametrize("address", ["02:00:5e:10:00:01", "DA-A1-19"])
def test_an_address_made_up_by_its_device(address: str) -> None:
    clues = device((HOST, "bell-1"))
    assert clues.guess().reasons[-1] != MADE_UP
    assert not clues.add(Clue(Signal.OUI, address))
    assert clues.randomised and clues.guess().reasons[-1] == MADE_UP and clues.guess().vendor == "maker"


def test_bounds() -> None:
    names = device(*((NAME, f"a.x{number}.example") for number in range(MAX_NAMES + 50)))
    assert names.heard.names == MAX_NAMES
    assert not names.add(Clue(NAME, "fw.maker.example"))
    hosts = device(*((HOST, f"bell-{number}") for number in range(MAX_SIGHTINGS + 50)))
    assert len(hosts.heard.sightings) == MAX_SIGHTINGS


@pytest.mark.parametrize(
    "name, common",
    [
        ("ntp1.example.com", True), ("time.example.com", True), ("timer.example.com", False), ("pool.ntp.org", True),
        ("2.openwrt.pool.ntp.org", True), ("1.0.0.10.in-addr.arpa", True), ("gw", True), ("nas.local", True),
        ("local.example.com", False),
    ],
)  # fmt: skip
def test_names_that_everybody_asks_for(name: str, common: bool) -> None:
    assert is_common(name) is common


@given(st.lists(CLUES, max_size=12))
def test_it_says_the_same_however_often_it_is_asked(clues: list[Clue]) -> None:
    asked, once = device(), device()
    for clue in clues:
        asked.add(clue)
        asked.guess()
        once.add(clue)
    assert asked.guess() == once.guess()
    assert [once.add(clue) for clue in clues] == [False] * len(clues)
