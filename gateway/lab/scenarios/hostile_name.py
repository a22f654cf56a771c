"""Residual: where a hello names no host at all, the name that DNS gave for the address decides. What a request inside TLS calls
its host, and a second request on a connection that may pass, nobody outside the connection can see.
"""

from ..evasions.case import GOOD
from ..scenario import Stage
from ..trial import ROGUE, play_family, prepare

PROMISE = "Odd spellings of a refused name gain nothing, nor does an allowed one that is said to a stranger."
ACTORS = ("rogue",)
CLAIMS = ("claimed", "claimed-oddly", "claimed-quic", "claimed-dtls", "claimed-http")
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    played = play_family(stage, "name", timeout_s=15)
    strangers = {address for name in played.marks if name in CLAIMS for address in played.marks[name].addresses}
    claimed = [flow for flow in stage.flows(ROGUE, name=GOOD) if flow["dest_ip"] in strangers]
    judged = {flow["netcurtain"]["purpose"] for flow in claimed}
    shown = f"{len(claimed)} flows that say {GOOD} to strangers: {', '.join(sorted(judged))}"
    stage.check("a claim that nobody vouches for is shown, and judged as no name at all", judged == {"direct-address"}, shown)
