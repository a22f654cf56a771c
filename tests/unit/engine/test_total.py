
from gateway.engine.total import Totals
from gateway.model.record import FlowRecord

ONE = FlowRecord(
    flow_id=1, started=0.0, proto=6, src=b"", sport=1, dst=b"", dport=2, device="m", device_id="bell", profile="p",
    purpose="telemetry", effect="refuse", held_bytes=100, attempts=1,
)  # fmt: skip


def test_revision_counts_the_difference() -> None:
    totals = Totals()
    totals.add(ONE, None)
    totals.add(ONE._replace(attempts=4, held_bytes=400), ONE)
    (line,) = totals.view()
    assert (line["flows"], line["stopped"], line["held_bytes"]) == (1, 4, 400)


def test_judged_otherwise_moves_it() -> None:
    totals = Totals()
    totals.add(ONE, None)
    totals.add(ONE._replace(purpose="control", effect="pass", bytes_toserver=9), ONE)
    lines = {line["purpose"]: line for line in totals.view()}
    assert lines["telemetry"]["stopped"] == 0
    assert (lines["control"]["flows"], lines["control"]["bytes_out"], lines["control"]["stopped"]) == (1, 9, 0)
    assert (lines["telemetry"]["passed"], lines["control"]["passed"]) == (0, 1)
