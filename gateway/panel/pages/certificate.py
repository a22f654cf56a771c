"""``/certificate``: how a browser learns to trust this box, and the way from plain HTTP to HTTPS.

Open to everybody, over plain HTTP too: it is what a browser needs before anything else can be served to it. There is nothing in
it that the handshake of HTTPS would not tell as well.
"""

from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.panel.authority import CERTIFICATE, SEEN, SEEN_S, Authority, is_loopback, secure_url
from gateway.panel.plain import host_and_port
from gateway.panel.visit import Visit, anyone

router = APIRouter(include_in_schema=False)
Anyone = Annotated[Visit, Depends(anyone)]
DER, PEM = "netcurtain.crt", "netcurtain.pem"
PROBE, WORKS = f"{CERTIFICATE}/probe", f"{CERTIFICATE}/works"


@router.get(CERTIFICATE)
def show(visit: Anyone) -> Response:
    """The certificate, its fingerprint, and what to do with it on each system."""
    authority = _authority(visit.request, needed=False)
    if authority is None:
        return visit.page("certificate.html", fingerprint="")
    scheme, here = visit.request.url.scheme, visit.request.headers.get("host", "")
    needs_more = scheme == "http" and not is_loopback(visit.request.scope["server"][0])
    host, port = host_and_port(here) if scheme == "http" else (here, 0)
    return visit.page(
        "certificate.html",
        fingerprint=authority.fingerprint,
        der=f"{CERTIFICATE}/{DER}",
        pem=f"{CERTIFICATE}/{PEM}",
        code=_qr(f"{scheme}://{here}{CERTIFICATE}"),
        address=f"{scheme}://{here}{CERTIFICATE}",
        works=secure_url(host, WORKS, port) if needs_more else "",
        probe=secure_url(host, PROBE, port) if needs_more else "",
        scheme=scheme,
    )


@router.get(f"{CERTIFICATE}/{DER}")
def give_der(request: Request) -> Response:
    """For phones and computers, which offer to install it when they see its type."""
    return _file(_needed(request).der, DER, "application/x-x509-ca-cert")


@router.get(f"{CERTIFICATE}/{PEM}")
def give_pem(request: Request) -> Response:
    """For programs that want text."""
    return _file(_needed(request).pem.encode(), PEM, "application/x-pem-file")


@router.get(PROBE)
def probe() -> Response:
    """Who gets this answer over HTTPS trusts the box. The page that asks has another origin: it may read it all the same."""
    return Response(status_code=204, headers={"access-control-allow-origin": "*"})


@router.get(WORKS)
def works(visit: Anyone) -> Response:
    """A browser that came here over HTTPS is sent to HTTPS from now on, also where it asks for plain HTTP."""
    if visit.request.url.scheme != "https":
        return visit.go(CERTIFICATE)
    response = visit.go("/")
    # Read over plain HTTP, so not Secure; a link from there has to bring it, so not Strict. It opens nothing.
    response.set_cookie(SEEN, "1", max_age=SEEN_S, path="/", httponly=True, samesite="lax")
    return response


def _authority(request: Request, *, needed: bool = True) -> Authority | None:
    found: Authority | None = getattr(request.app.state, "authority", None)
    if found is None and needed:
        raise HTTPException(404)
    return found


def _needed(request: Request) -> Authority:
    found = _authority(request)
    assert found is not None
    return found


def _file(data: bytes, name: str, kind: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=kind, headers=headers)


def _qr(text: str) -> Markup:
    """A QR code as SVG, which the style sheet may colour: it has no styles of its own."""
    import segno  # for this page alone

    drawn = BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, omitsize=True, svgclass="qr", lineclass="qr-dots", border=4,
        nl=False,
    )  # fmt: skip
    return Markup(drawn.getvalue().decode())
