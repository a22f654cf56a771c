"""What protocols, ALPN and ports say of a flow where its names are silent."""

from dataclasses import replace

from ..model.assessment import Assessment, Catalogue, Evidence
from ..model.packet import TCP, UDP
from ..model.purpose import Purpose
from .fit import FACTOR, Fit, Rank, best_of
from .named import describe

CAMERAS = frozenset({"camera", "doorbell"})
SPEAKERS = frozenset({"speaker"})
ACTUATORS = frozenset({"light", "plug", "hub", "thermostat", "appliance"})
"""What is told to do something, tells its state, and has little else to say."""

MEDIA = {"rtp": 0.8, "rtcp": 0.7, "rtsp": 0.85, "sip": 0.7, "stun": 0.6, "turn": 0.7, "dtls-srtp": 0.8}
"""Protocols that carry or set up live pictures and speech, and how sure each makes us."""
PORT_ALONE = 0.7
COMMANDS = {"mqtt": 0.5, "coap": 0.5}

SPOKEN_ALPN = {
    "mqtt": "mqtt", "x-amzn-mqtt-ca": "mqtt", "x-amzn-http-ca": "mqtt", "coap": "coap",
    "webrtc": "rtp", "c-webrtc": "rtp", "stun.turn": "turn", "stun.nat-discovery": "stun",
}  # fmt: skip
"""ALPN ids that name what is inside TLS: AWS IoT's own, and those of RFC 7443 (STUN) and RFC 8833 (WebRTC)."""
RESOLVER_ALPN = frozenset({"dot", "doq", "dns"})

DNS_PORT, DNS_TLS_PORT, NTP_PORT = 53, 853, 123
RTSP_PORTS = frozenset({554, 8554})


def has_camera(family: str) -> bool:
    """Whether such devices send pictures."""
    return family in CAMERAS


def judge_inside(evidence: Evidence) -> Assessment | None:
    """What stays in the home is ``local``, but for a camera's pictures: those are ``video`` wherever they go."""
    if evidence.resolver:
        return Assessment(purpose=Purpose.LOCAL, confidence=0.95, reasons=("this is the resolver that the network hands out",))
    if not evidence.local:
        return None
    app = evidence.facts.app_proto
    if evidence.family in CAMERAS:
        if app in MEDIA:
            return _builtin(Purpose.VIDEO, MEDIA[app], f"{app} of a {evidence.family}, inside the home", f"app:{app}")
        if evidence.proto == TCP and evidence.port in RTSP_PORTS and app == "unknown":
            reason = f"the RTSP port of a {evidence.family}, inside the home"
            return _builtin(Purpose.VIDEO, 0.7, reason, f"tcp/{evidence.port}")
    return Assessment(purpose=Purpose.LOCAL, confidence=0.95, reasons=("both ends are in the home",))


def judge_resolver(evidence: Evidence) -> Assessment | None:
    """Names asked of anybody but our resolver, in clear or not."""
    facts, port = evidence.facts, evidence.port
    if port == DNS_PORT and evidence.proto in (TCP, UDP):
        return _builtin(Purpose.DNS_ESCAPE, 0.95, "asks a resolver that this network did not hand out", "app:dns")
    if facts.app_proto in ("dns", "dot", "doq"):
        return _builtin(Purpose.DNS_ESCAPE, 0.9, f"speaks {facts.app_proto} to a foreign resolver", f"app:{facts.app_proto}")
    if port == DNS_TLS_PORT and evidence.proto in (TCP, UDP):
        transport = "tcp" if evidence.proto == TCP else "udp"
        return _builtin(Purpose.DNS_ESCAPE, 0.9, "port 853 is DNS over TLS or QUIC, past our resolver", f"{transport}/853")
    if not RESOLVER_ALPN.isdisjoint(facts.alpn):
        return _builtin(Purpose.DNS_ESCAPE, 0.9, "offers encrypted DNS by its ALPN", "alpn")
    return None


def judge_clock(catalogue: Catalogue, evidence: Evidence) -> Assessment | None:
    """NTP, by its bytes or, as long as nothing else is seen in them, by its port."""
    app = evidence.facts.app_proto
    if app == "ntp":
        return _builtin(Purpose.TIME, 0.95, "speaks NTP", "udp/123")
    if evidence.proto != UDP or evidence.port != NTP_PORT or app != "unknown":
        return None
    return _at_port(catalogue, evidence) or _builtin(Purpose.TIME, 0.8, "udp/123 is the clock's port", "udp/123")


def judge_protocol(catalogue: Catalogue, evidence: Evidence, app: str) -> Assessment | None:
    """What is spoken: commands, or media of a device that has some."""
    if (rows := catalogue.protocols.get(app)) and (fit := best_of(rows, evidence, least=Rank.ANY)) is not None:
        return _from_row(fit, app)
    if app in COMMANDS:
        return _builtin(Purpose.CONTROL, COMMANDS[app], f"{app} carries commands and states", f"app:{app}")
    if app in MEDIA and evidence.family in CAMERAS:
        return _builtin(Purpose.VIDEO, MEDIA[app], f"{app} of a {evidence.family}", f"app:{app}")
    if app in MEDIA and evidence.family in SPEAKERS:
        return _builtin(Purpose.VOICE, MEDIA[app], f"{app} of a {evidence.family}", f"app:{app}")
    return None


def judge_alpn(catalogue: Catalogue, evidence: Evidence) -> Assessment | None:
    """The protocol that the hello offers inside TLS; ``h2`` and ``h3`` say nothing."""
    rows = catalogue.ports.get((evidence.proto, evidence.port), ())
    offered = tuple(row for row in rows if row.alpn and row.alpn in evidence.facts.alpn)
    if offered and (fit := best_of(offered, evidence, least=Rank.ANY)) is not None:
        return _from_row(fit, f"ALPN {fit.row.alpn}")
    for alpn in evidence.facts.alpn:
        if alpn == "ntske/1":
            return _builtin(Purpose.TIME, 0.8, "sets up authenticated time (NTS)", f"alpn:{alpn}")
        app = SPOKEN_ALPN.get(alpn, "")
        if app and (found := judge_protocol(catalogue, evidence, app)) is not None:
            return found
    return None


def judge_port(catalogue: Catalogue, evidence: Evidence) -> Assessment | None:
    """A port says something only of devices it was evidenced for; alone it is a habit, not a proof."""
    found = _at_port(catalogue, evidence)
    if found is None or found.purpose is Purpose.TIME:  # Whatever speaks like a clock was judged as one before.
        return None
    return replace(found, confidence=found.confidence * PORT_ALONE)


def _at_port(catalogue: Catalogue, evidence: Evidence) -> Assessment | None:
    rows = catalogue.ports.get((evidence.proto, evidence.port))
    fit = best_of(rows, evidence, least=Rank.ANY) if rows else None
    return None if fit is None else _from_row(fit, f"port {fit.row.match}")


def _from_row(fit: Fit, subject: str) -> Assessment:
    return Assessment(
        purpose=fit.row.purpose,
        also=fit.row.also,
        confidence=fit.row.confidence * FACTOR[fit.rank],
        reasons=(f"{subject} {describe(fit)}",),
        match=fit.row.match,
        source=fit.row.source,
    )


def _builtin(purpose: Purpose, confidence: float, reason: str, match: str) -> Assessment:
    return Assessment(purpose=purpose, confidence=confidence, reasons=(reason,), match=match)
