from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.impression import (
    ANEW_AFTER_S,
    MAX_GREETING_BYTES,
    MAX_GREETINGS,
    MAX_HEARD,
    MAX_SAVED,
    MAX_TELLING,
    MAX_WAITING,
    Acquaintance,
    Impression,
)
from gateway.identity import Index
from gateway.identity.clues import MAX_NAMES, MAX_SIGHTINGS
from gateway.model.device import Mac
from gateway.model.identity import Clue, Signal
from gateway.wire.tls import ClientHello
from tests.support.signs import CLUES, GREETING, HELLO, KNOWN, OWN, SHARED_LIST

INDEX = Index(KNOWN)
RANDOM = Mac("02:00:5e:10:00:01")
HOST, NAME, LIST = Signal.HOSTNAME, Signal.DNS, Signal.PARAM_LIST
BELL, OTHERS = [(HOST, "bell-1"), (NAME, "fw.maker.example")], [(HOST, "the box"), (NAME, "x.other.example")]


def look_at_all(impression: Impression) -> bool:
    return any([impression.look() for _ in range(MAX_WAITING) if impression.waits])


def said(*pairs: tuple[Signal, str], at: float = 0.0) -> list[Clue]:
    return [Clue(signal, value, at) for signal, value in pairs]


def met(*pairs: tuple[Signal, str], mac: Mac = RANDOM) -> Acquaintance:
    known = Acquaintance(mac, INDEX)
    listen(known, said(*pairs))
    return known


def listen(known: Acquaintance, clues: Iterable[Clue], *, at: float = 0.0) -> bool:
    for clue in clues:
        known.hear(clue)
    look_at_all(known.impression)
    return known.revise(at)


def test_the_address_is_the_first_clue() -> None:
    impression = Impression(Mac(OWN), INDEX)
    assert impression.waits and look_at_all(impression)
    assert (impression.guess().vendor, impression.guess().sure, impression.waits) == ("maker", True, False)


@pytest.mark.parametrize(
    "clue, again",
    [
        pytest.param(Clue(HOST, "bell-1", 1.0), Clue(HOST, "bell-1", 9.0), id="a row knows it"),
        pytest.param(Clue(HOST, "nobody", 1.0), Clue(HOST, "nobody", 9.0), id="no row does"),
    ],
)
def test_what_was_heard_before_costs_nothing(clue: Clue, again: Clue) -> None:
    impression = Impression(RANDOM, INDEX)
    assert impression.hear(clue)
    assert not impression.hear(again)
    look_at_all(impression)
    assert not impression.hear(again)


def test_what_comes_faster_than_it_is_looked_at_is_lost() -> None:
    impression = Impression(RANDOM, INDEX)
    heard = [impression.hear(Clue(NAME, f"n{number}.example")) for number in range(2 * MAX_WAITING)]
    assert sum(heard) < MAX_WAITING, "the address waits too"
    look_at_all(impression)
    assert impression.hear(Clue(NAME, "later.example")), "and may be said again later"


def test_it_grows_surer_and_says_so_once() -> None:
    known = Acquaintance(RANDOM, INDEX)
    assert listen(known, said(BELL[1])) and not known.guess.sure
    assert listen(known, said(BELL[0])) and known.guess.sure
    assert (known.guess.vendor, known.guess.profile) == ("maker", "doorbell")
    assert not known.revise(9.0) and known.looked_at == 9.0


def test_it_is_odd_also_of_a_device_that_said_more_than_is_kept() -> None:
    known = met(*BELL)
    for number in range(2 * MAX_HEARD):
        listen(known, said((NAME, f"n{number}.example")))
    assert known.impression.is_odd(Clue(HOST, "the box")) and not known.impression.is_odd(Clue(*BELL[0]))


@pytest.mark.parametrize(
    "clue, odd",
    [
        pytest.param(Clue(HOST, "the box"), True, id="another name"),
        pytest.param(Clue(HOST, "bell-1"), False, id="the same name"),
        pytest.param(Clue(LIST, SHARED_LIST), False, id="options, for the first time"),
        pytest.param(Clue(NAME, "x.other.example"), False, id="names that it asks for are no address of its own"),
    ],
)
def test_asking_for_its_address_in_other_words(clue: Clue, odd: bool) -> None:
    assert met(*BELL).impression.is_odd(clue) is odd


def test_another_device_under_the_same_address_does_not_hide_behind_the_first() -> None:
    known = met(*BELL)
    assert not listen(known, said(OTHERS[0], at=9_000.0)), "one sign is not enough"
    assert known.guess.vendor == "maker"
    assert listen(known, said(OTHERS[1], at=9_001.0)), "two are"
    assert (known.guess.vendor, known.guess.sure) == ("other", True)


def test_without_a_new_beginning_both_would_count() -> None:
    known = met(*BELL)
    listen(known, said(OTHERS[1], (Signal.OUI, "00:00:03"), at=9_000.0))
    assert not known.guess.sure


def test_a_new_impression_is_formed_once_an_hour_and_only_beside_a_sure_guess() -> None:
    assert not met(BELL[1]).begin_anew(0.0)
    known = met(*BELL)
    times = (0.0, ANEW_AFTER_S - 1, ANEW_AFTER_S)
    assert [known.begin_anew(at) for at in times] == [True, False, True]
    assert known.guess.vendor == "maker"


def test_what_the_guess_rests_on_is_saved_and_guessed_again() -> None:
    known, again = met(*BELL, (HOST, "x" * 255)), Acquaintance(RANDOM, INDEX)
    again.restore([Clue(Signal(signal), value) for signal, value in known.dump()], at=5.0)
    assert again.guess == known.guess and again.looked_at == 5.0
    assert known.dump() == again.dump() == [["hostname-pattern", "bell-1"], ["dns-name", "fw.maker.example"]]


def test_saved_is_what_holds_not_what_may_come() -> None:
    known = met(*BELL)
    known.begin_anew(0.0)
    listen(known, said((NAME, "a.example")))
    assert [value for _, value in known.dump()] == ["bell-1", "fw.maker.example"]


def test_addresses_are_not_saved() -> None:
    assert met(mac=Mac(OWN)).dump() == []


# Hellos.


def another(number: int) -> ClientHello:
    return HELLO._replace(ciphers=HELLO.ciphers + bytes((0, number)))


def values(impression: Impression) -> list[str]:
    look_at_all(impression)
    return [clue.value for clue in impression.telling if clue.signal is Signal.JA4]


def test_a_hello_is_a_clue() -> None:
    known = met((NAME, "fw.maker.example"), mac=Mac(OWN))
    assert known.guess.sure and not known.guess.profile
    assert known.greet(HELLO, 1.0) and known.impression.waits
    assert values(known.impression) == [GREETING]
    assert known.revise(2.0) and known.guess.profile == "doorbell"
    assert any(why.startswith(f"greets servers as {GREETING}") for why in known.guess.reasons)
    assert [str(Signal.JA4), GREETING] in known.dump()


@pytest.mark.parametrize(
    "hello",
    [
        pytest.param(HELLO, id="the same"),
        pytest.param(HELLO._replace(server_names=(b"b.example",)), id="to another server"),
        pytest.param(HELLO._replace(alpn=(b"h2", b"x")), id="protocols that do not count"),
    ],
)
def test_what_was_greeted_in_the_same_way_costs_nothing(hello: ClientHello) -> None:
    impression = Impression(RANDOM, INDEX)
    assert impression.greet(HELLO, 0.0)
    assert not impression.greet(hello, 0.0)
    look_at_all(impression)
    assert not impression.greet(hello, 0.0)


def test_a_few_different_hellos_are_fingerprinted() -> None:
    impression = Impression(RANDOM, INDEX)
    assert [impression.greet(another(number), 0.0) for number in range(9)] == [True] * MAX_GREETINGS + [False] * 5


@pytest.mark.parametrize("part", ["ciphers", "signature_algorithms", "supported_versions"])
def test_a_hello_of_long_lists_is_left_alone(part: str) -> None:
    impression = Impression(RANDOM, INDEX)
    assert not impression.greet(HELLO._replace(**{part: bytes(MAX_GREETING_BYTES)}), 0.0)
    assert not impression.greet(HELLO._replace(extensions=tuple(range(MAX_GREETING_BYTES // 2))), 0.0)
    assert impression.greet(HELLO._replace(**{part: bytes(MAX_GREETING_BYTES // 2)}), 0.0)


def test_a_fingerprint_waits_for_room() -> None:
    impression = Impression(RANDOM, INDEX)
    look_at_all(impression)
    for number in range(MAX_WAITING):
        assert impression.hear(Clue(NAME, f"{number}.maker.example"))
    assert impression.greet(HELLO, 0.0)
    assert impression.look() and not impression.look()
    assert len(impression._waiting) == MAX_WAITING
    while impression.waits:
        impression.look()
    assert values(impression) == [GREETING]


def test_nobody_minds_hellos_where_it_is_clear_what_it_is() -> None:
    known = met(*BELL)
    assert known.guess.sure and known.guess.profile and not known.greet(HELLO, 1.0)
    assert met((Signal.DNS, "a.maker.example")).greet(HELLO, 1.0)
    assert known.begin_anew(ANEW_AFTER_S) and known.greet(HELLO, ANEW_AFTER_S), "it may be another one by now"


def test_other_rows_look_it_up_again() -> None:
    known = met(*BELL)
    known.use(Index(type(KNOWN)()))
    look_at_all(known.impression)
    assert known.revise(1.0) and known.guess.vendor == ""
    known = met(*BELL)
    known.use(INDEX)
    look_at_all(known.impression)
    assert not known.revise(1.0) and known.guess.sure


@given(st.lists(st.tuples(CLUES, st.booleans(), st.floats(0, 9e9)), max_size=400))
def test_whatever_it_says_in_whatever_order(steps: list[tuple[Clue, bool, float]]) -> None:
    known = Acquaintance(RANDOM, INDEX)
    for clue, looks, at in steps:
        known.hear(clue._replace(at=at))
        if looks:
            look_at_all(known.impression)
            known.revise(at)
        assert_small(known)


def test_names_without_end() -> None:
    known = Acquaintance(RANDOM, INDEX)
    for signal, form in ((NAME, "{}.maker.example"), (HOST, "bell-{}"), (Signal.MDNS, "bellringer {}")):
        for number in range(500):
            known.hear(Clue(signal, form.format(number)))
            look_at_all(known.impression)
    known.revise(0.0)
    assert_small(known)
    assert len(known.dump()) == MAX_SAVED


def assert_small(known: Acquaintance) -> None:
    impression = known.impression
    assert len(impression._heard) <= MAX_HEARD + 2 and len(impression._waiting) <= MAX_WAITING
    names = [clue for clue in impression.telling if clue.signal is NAME]
    assert len(names) <= MAX_NAMES and len(impression.telling) - len(names) <= MAX_TELLING
    assert len(impression._clues.heard.sightings) <= len(Signal) * MAX_SIGHTINGS
    assert len(known.dump()) <= MAX_SAVED
