"""Tokens in forms: each proves that the form came from a page which this box gave to this browser.

Bound to the session, and before there is one to a cookie that says nothing of anybody. So logging in makes older forms
void, and a form for the login page cannot be prepared elsewhere either."""

import hashlib
import hmac

FIELD = "csrf"
"""The name of the form's field."""


class Csrf:
    """Tokens without a table: an HMAC of what they are bound to."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"netcurtain.csrf", "sha256")

    def token(self, binding: str) -> str:
        """For a session's id or a visitor's."""
        return hmac.new(self._key, binding.encode(), hashlib.sha256).hexdigest()

    def fits(self, binding: str, token: str) -> bool:
        """The token was made for this binding; an empty binding has none."""
        return bool(binding) and hmac.compare_digest(self.token(binding).encode(), token.encode("utf-8", "replace"))
