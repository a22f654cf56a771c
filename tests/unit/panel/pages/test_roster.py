"""Phones and cameras: names, and who stands before the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.pages.roster import owner_id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna", "anna"), ("  Anna Maria ", "anna-maria"), ("Jörg Größe", "jorg-grosse"), ("O'Neil", "o-neil"), ("", "owner"),
        ("آنا", "owner"), ("!!!", "owner"), ("a_b-c", "a_b-c"), ("x" * 90, "x" * 63), ("Zoë 2", "zoe-2"),
    ],
)  # fmt: skip
def test_a_name_becomes_one_that_files_can_hold(name: str, expected: str) -> None:
    assert owner_id(name) == expected


@given(st.text(max_size=100))
def test_any_name_does(name: str) -> None:
    found = owner_id(name)
    assert 1 <= len(found) <= 63
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in found)
