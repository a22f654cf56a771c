"""A small table of signs, for tests of ``identity``; any clue at all, for hypothesis."""

from hypothesis import strategies as st

from gateway.model.identity import Clue, Confidence, Identification, Signal, Trait
from gateway.wire.tls import ClientHello

HIGH, MEDIUM, LOW = Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW


def trait(vendor: str, signal: Signal, *values: str, confidence: Confidence = HIGH, **others: object) -> Trait:
    """A row with evidence."""
    return Trait(vendor=vendor, signal=signal, values=values, confidence=confidence, evidence=f"{vendor} seen", **others)


OWN, CHIP, HOUSE = "00:00:5e:00:00:01", "00:00:01:00:00:01", "00:00:02:00:00:01"
"""Addresses of maker's own, of a maker of chips, and of a house with brands."""
SHARED_LIST = "1,3,6,12,15,28,42"
HELLO = ClientHello(0x0303, (b"a.example",), (b"h2",), False, bytes.fromhex("130113021303"), (0, 16, 13, 43), b"\4\3", b"\3\4")
GREETING = "t13d0304h2_55b375c5d22e_3953dc75acc4"
"""Its fingerprint; maker's bells have it."""
KNOWN = Identification(
    traits=(
        trait("maker", Signal.OUI, "00:00:5e"),
        trait("maker", Signal.OUI, "00:00:01", confidence=MEDIUM, alone=False, note="a maker of chips"),
        trait("maker", Signal.MAKER, "Maker Inc*"),
        trait("maker", Signal.HOSTNAME, "bell-*", device="bell"),
        trait("maker", Signal.HOSTNAME, "be*", device="bell", confidence=MEDIUM, alone=False),
        trait("maker", Signal.PARAM_LIST, SHARED_LIST, device="bell", confidence=LOW),
        trait("maker", Signal.VENDOR_CLASS, "udhcp 1", device="bell", confidence=LOW),
        trait("maker", Signal.DNS, "fw.maker.example", device="bell", confidence=MEDIUM),
        trait("maker", Signal.DNS, "*.maker.example", confidence=MEDIUM),
        trait("maker", Signal.DNS, "lamp.maker.example", device="lamp", confidence=MEDIUM),
        trait("maker", Signal.MDNS, "_hap._tcp.local with md=B-? or C*", device="bell"),
        trait("maker", Signal.JA4, GREETING, device="bell", confidence=MEDIUM),
        trait("other", Signal.OUI, "00:00:03"),
        trait("other", Signal.PARAM_LIST, SHARED_LIST, confidence=LOW),
        trait("other", Signal.DNS, "*.other.example", confidence=MEDIUM),
        trait("other", Signal.SSDP, "SERVER Linux/3.1 UPnP/1.0 Other/2.0", device="box"),
        trait("mother", Signal.OUI, "00:00:02"),
        trait("mother", Signal.DNS, "*.mother.example", confidence=MEDIUM),
        trait("child", Signal.DNS, "*.child.example", confidence=MEDIUM),
        trait("chips", Signal.PARAM_LIST, "1,3,28,6"),
        trait("any", Signal.MDNS, "_hap._tcp.local", confidence=LOW),
    ),
    brands={"bellringer": "maker", "the box": "other"},
    houses={"child": "mother"},
    platforms=frozenset({"chips", "any"}),
    profiles={("maker", "bell"): "doorbell", ("maker", "lamp"): "light", ("other", "box"): "hub"},
)

VALUES = st.sampled_from(
    [
        OWN, CHIP, HOUSE, "02:00:5e:10:00:01", "Maker Inc.", "bell-1", "be-1", SHARED_LIST, "udhcp 1", "fw.maker.example",
        "a.maker.example", "lamp.maker.example", "x.other.example", "a.example", "b.example", "pool.ntp.org", "1,3,28,6",
        "_hap._tcp.local with md=B-1", "_hap._tcp.local", "SERVER Linux UPnP/1.0 Other/9", "the BellRinger", "a.child.example",
        GREETING,
    ]
) | st.text(max_size=30)  # fmt: skip
CLUES = st.builds(Clue, st.sampled_from(list(Signal)), VALUES)
