from ipaddress import ip_address

from gateway.lab.outcome import Outcome
from gateway.lab.pulse import describe, longest_gap
from gateway.lab.truth import Sender, Truth, WanFlow
from gateway.model.packet import FlowKey

CLOUD = "203.0.113.7"


def flow(sport: int, times: list[float]) -> WanFlow:
    key = FlowKey(6, bytes(4), sport, ip_address(CLOUD).packed, 443)
    return WanFlow(key=key, started=times[0], sender=Sender("speaker", key), sent=[(at, 10) for at in times])


def test_the_longest_silence_is_that_of_the_busiest_flow() -> None:
    truth = Truth([flow(1, [0.0, 90.0]), flow(2, [10.0, 10.1, 10.7, 10.8])])
    gap = longest_gap(truth, "speaker", [CLOUD], since=9.0, until=11.0)
    assert (round(gap.seconds, 3), gap.at, gap.packets) == (0.6, 10.1, 4)
    assert longest_gap(truth, "phone", [CLOUD], since=9.0, until=11.0).seconds == float("inf"), "no flow is no proof"


def test_what_was_lost_is_told() -> None:
    came, lost = Outcome(step="tls a", ms=12.0), Outcome(step="ntp b", result="timeout")
    assert describe([came], [lost]) == "1 exchanges, 1 lost, longest 12 ms (ntp b: timeout )"
