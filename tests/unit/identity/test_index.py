import pytest
from hypothesis import given

from gateway.identity.index import SELF_SAID, Index
from gateway.model.identity import Clue, Identification, Signal
from tests.support.signs import CHIP, CLUES, HOUSE, KNOWN, LOW, MEDIUM, OWN, SHARED_LIST, trait

INDEX = Index(KNOWN)
HAP, PAIR = "_hap._tcp.local", "maker _hap._tcp.local with md=B-? or C*"


@pytest.mark.parametrize(
    "signal, value, rows",
    [
        pytest.param(Signal.OUI, OWN, ["maker 00:00:5e"], id="a prefix"),
        pytest.param(Signal.OUI, "00-00-01", ["maker 00:00:01"], id="however it is written"),
        pytest.param(Signal.OUI, "00:00:09", [], id="nobody's"),
        pytest.param(Signal.MAKER, "MAKER, Inc. (Europe)", ["maker Maker Inc*"], id="an organisation"),
        pytest.param(Signal.HOSTNAME, "Bell-7", ["maker bell-*"], id="the pattern that fixes most"),
        pytest.param(Signal.HOSTNAME, "belt", ["maker be*"], id="else a vaguer one"),
        pytest.param(Signal.HOSTNAME, "bell-7.home", ["maker bell-*"], id="with a domain"),
        pytest.param(Signal.HOSTNAME, "my-bellringer", ["maker bellringer"], id="a brand"),
        pytest.param(Signal.HOSTNAME, "bellringer", ["maker be*", "maker bellringer"], id="and what does not stand alone"),
        pytest.param(Signal.HOSTNAME, "the-box-2", ["other the box"], id="a brand of two words"),
        pytest.param(Signal.HOSTNAME, "the-boxer", [], id="no brand"),
        pytest.param(Signal.PARAM_LIST, SHARED_LIST, [f"maker {SHARED_LIST}", f"other {SHARED_LIST}"], id="shared"),
        pytest.param(Signal.PARAM_LIST, "bellringer", [], id="no text: no brand"),
        pytest.param(Signal.DNS, "fw.maker.example", ["maker fw.maker.example"], id="the name itself"),
        pytest.param(Signal.DNS, "a.b.maker.example", ["maker *.maker.example"], id="a suffix"),
        pytest.param(Signal.DNS, "maker.example", ["maker *.maker.example"], id="the domain itself"),
        pytest.param(Signal.DNS, "notmaker.example", [], id="no suffix"),
        pytest.param(Signal.MDNS, f"{HAP} with md=B-2", [PAIR], id="first choice"),
        pytest.param(Signal.MDNS, f"{HAP} with md=C33", [PAIR], id="second choice"),
        pytest.param(Signal.MDNS, f"{HAP} with md=D", [f"any {HAP}"], id="what it says besides"),
        pytest.param(Signal.MDNS, f"{HAP} with name bellringer", [f"any {HAP}", "maker bellringer"], id="and a brand"),
        pytest.param(Signal.MDNS, "_bellringer._tcp.local (asked for)", [], id="a brand that is looked for"),
        pytest.param(
            Signal.SSDP, "SERVER: Linux/9 UPnP/1.1 Other/7", ["other SERVER Linux/3.1 UPnP/1.0 Other/2.0"], id="versions"
        ),
    ],
)  # fmt: skip
def test_find(signal: Signal, value: str, rows: list[str]) -> None:
    assert [f"{found.vendor} {found.values[0]}" for found in INDEX.find(Clue(signal, value))] == rows


def test_a_brand_says_so_itself() -> None:
    (found,) = INDEX.find(Clue(Signal.HOSTNAME, "my-bellringer"))
    assert (found.evidence, found.confidence, found.device) == (SELF_SAID, MEDIUM, "any")


def test_names_with_a_star_inside() -> None:
    index = Index(Identification(traits=(trait("maker", Signal.DNS, "srv??.*.example.org", confidence=LOW),)))
    assert index.find(Clue(Signal.DNS, "srv01.eu.example.org")) and not index.find(Clue(Signal.DNS, "srv1.eu.example.org"))


@given(CLUES)
def test_any_clue(clue: Clue) -> None:
    assert {found.signal for found in INDEX.find(clue)} <= {clue.signal}


@pytest.mark.parametrize("address", [OWN, CHIP, HOUSE])
def test_an_address_shows_what_its_prefix_shows(address: str) -> None:
    assert INDEX.find(Clue(Signal.OUI, address)) == INDEX.find(Clue(Signal.OUI, address[:8])) != ()
