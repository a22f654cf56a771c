"""Cookies: signed, HttpOnly, SameSite=Strict; over HTTPS also Secure and bound to this host by their ``__Host-`` names."""

import hashlib
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer
from starlette.requests import Request
from starlette.responses import Response

SESSION = "netcurtain-session"
VISITOR = "netcurtain-visitor"
_MAX_CHARS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One to be set; an empty value takes it back."""

    name: str
    value: str
    max_age_s: int | None = None
    """None: until the browser is closed."""


class Cookies:
    """Reads and writes what this box signed; the name of a cookie is part of what is signed."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def read(self, request: Request, name: str) -> str:
        """The value; empty where there is none, or where it is not ours."""
        signed = request.cookies.get(full_name(request, name), "")
        if not signed or len(signed) > _MAX_CHARS:
            return ""
        try:
            return self._signer(name).unsign(signed.encode("latin-1", "replace")).decode("ascii")
        except (BadSignature, UnicodeDecodeError):
            return ""

    def write(self, request: Request, response: Response, cookie: Cookie) -> None:
        """Set it, or take it back."""
        name, is_secure = full_name(request, cookie.name), request.url.scheme == "https"
        if not cookie.value:
            response.delete_cookie(name, path="/", secure=is_secure, httponly=True, samesite="strict")
            return
        signed = self._signer(cookie.name).sign(cookie.value).decode()
        response.set_cookie(
            name, signed, max_age=cookie.max_age_s, path="/", secure=is_secure, httponly=True, samesite="strict"
        )  # fmt: skip

    def _signer(self, name: str) -> Signer:
        return Signer(self._secret, salt=f"netcurtain.cookie.{name}", digest_method=hashlib.sha256)


def full_name(request: Request, name: str) -> str:
    """A cookie that came over plain HTTP never counts over HTTPS."""
    return f"__Host-{name}" if request.url.scheme == "https" else name
