"""Tokens in forms."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.access.csrf import Csrf

CSRF = Csrf(b"s" * 32)


def test_a_token_fits_what_it_was_made_for_only() -> None:
    token = CSRF.token("session-1")
    assert CSRF.fits("session-1", token)
    assert not CSRF.fits("session-2", token)
    assert not Csrf(b"t" * 32).fits("session-1", token)


def test_nobody_has_no_token() -> None:
    assert not CSRF.fits("", CSRF.token(""))


@given(st.text(max_size=80))
def test_made_up_tokens_do_not_fit(token: str) -> None:
    assert not CSRF.fits("session-1", token)
