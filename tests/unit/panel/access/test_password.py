"""Passwords: what is too weak, and why; and that looking at one costs the same whoever it belongs to."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.access.password import (
    Weakness,
    hash_password,
    is_outdated,
    nobodys_hash,
    verify_password,
    weaknesses,
)

NAMES = ("netcurtain", "household", "Anna")
GOOD = "seven green kettles"
WEAK = [
    pytest.param("", {Weakness.TOO_SHORT}, id="nothing"),
    pytest.param("x7!kQ2z", {Weakness.TOO_SHORT}, id="short"),
    pytest.param("x" * 300, {Weakness.TOO_LONG, Weakness.REPEATS}, id="long, and one letter"),
    pytest.param("aaaaaaaaaaaa", {Weakness.REPEATS}, id="one letter"),
    pytest.param("ababababababab", {Weakness.REPEATS}, id="two letters"),
    pytest.param("kettlekettlekettle", {Weakness.REPEATS}, id="a word three times"),
    pytest.param("1234567890", {Weakness.ROW}, id="figures in a row"),
    pytest.param("0987654321", {Weakness.ROW}, id="backwards"),
    pytest.param("qwertzuiop", {Weakness.ROW}, id="a row of keys"),
    pytest.param("qwerasdfzxcv", {Weakness.ROW}, id="three rows of keys"),
    pytest.param("abcdefghijkl", {Weakness.ROW}, id="the alphabet"),
    pytest.param("password12", {Weakness.COMMON}, id="a common one with figures"),
    pytest.param("P@ssw0rd!!", {Weakness.COMMON}, id="a common one in disguise"),
    pytest.param("Passwort-2026", {Weakness.COMMON}, id="a common one in German"),
    pytest.param("raspberryraspberry", {Weakness.COMMON}, id="a common one twice"),
    pytest.param("Netcurtain1!", {Weakness.COMMON, Weakness.NAME}, id="the box's name"),
    pytest.param("household-42", {Weakness.COMMON, Weakness.NAME}, id="the account's name"),
    pytest.param("Anna-Anna-1990", {Weakness.NAME}, id="the owner's name"),
]
STRONG = [
    pytest.param(GOOD, id="three words"),
    pytest.param("Kx7!pq-92Lm", id="signs"),
    pytest.param("my password is long", id="a common word among others"),
    pytest.param("annas grey heron", id="a name among others"),
    pytest.param("الكرسي الأخضر", id="Arabic"),
    pytest.param("größenwahnsinn", id="one long word"),
    pytest.param("4071-5529-8316", id="figures by chance"),
]


@pytest.mark.parametrize(("password", "expected"), WEAK)
def test_a_weak_password_is_told_what_is_wrong_with_it(password: str, expected: set[Weakness]) -> None:
    assert set(weaknesses(password, NAMES)) == expected


@pytest.mark.parametrize("password", STRONG)
def test_a_good_password_will_do(password: str) -> None:
    assert weaknesses(password, NAMES) == ()


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_any_text_is_weighed(password: str, names: list[str]) -> None:
    found = weaknesses(password, names)
    assert (Weakness.TOO_SHORT in found) or len(password) >= 5  # composing letters makes a text shorter, not longer


def test_a_hash_fits_its_password_only() -> None:
    encoded = hash_password(GOOD)
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(encoded, GOOD)
    assert not verify_password(encoded, GOOD + " ")
    assert not is_outdated(encoded)
    assert hash_password(GOOD) != encoded


def test_what_one_keyboard_composes_another_may_send_in_parts() -> None:
    assert verify_password(hash_password("gr\u00fcne Kessel 7"), "gru\u0308ne Kessel 7")


def test_a_hash_of_other_parameters_is_outdated() -> None:
    assert is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "A" * 43)


def test_nobodys_hash_costs_as_much_and_fits_nothing() -> None:
    """Verified with today's parameters, so that a name that does not exist takes as long as one that does."""
    encoded = nobodys_hash()
    assert not is_outdated(encoded)
    assert not verify_password(encoded, GOOD)
    assert not verify_password("no hash at all", GOOD)


MEASURE = """
from gateway.panel.access.password import give_back, hash_password
def resident_kb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
give_back()
hash_password("once")
before = resident_kb()
for number in range(6):
    hash_password(str(number))
print(resident_kb() - before)
"""


def test_hashes_do_not_stay_in_memory() -> None:
    """In a process of its own: what others have freed before counts."""
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4_000
