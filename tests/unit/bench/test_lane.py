"""The household of the bench means what the figures need."""

from pathlib import Path

import pytest

from gateway.bench.lane import HOUSEHOLD, MAC
from gateway.bench.sample import NAME
from gateway.engine import judge
from gateway.model.action import Effect
from gateway.model.assessment import Evidence
from gateway.model.device import Mac
from gateway.model.facts import Facts
from gateway.model.moment import Moment
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP
from gateway.policy import load


@pytest.mark.parametrize(("control", "effect"), [("allow", Effect.PASS), ("block", Effect.REFUSE)], ids=["open", "cut"])
def test_what_the_gadget_sends_passes_until_the_edit(tmp_path: Path, control: str, effect: Effect) -> None:
    (tmp_path / "household.yaml").write_text(HOUSEHOLD.format(mac=MAC, control=control, telemetry="block"))
    loaded = load(tmp_path)
    assert loaded.policy is not None, loaded.faults
    device = loaded.policy.devices[Mac(MAC)].device
    names = (Name(NAME, NameSource.SNI),)
    evidence = Evidence(
        profile=device.profile, vendor=device.vendor, family=device.family, names=names, port=443, proto=TCP,
        facts=Facts(app_proto="tls", names=names, hello=True),
    )  # fmt: skip
    _, decision = judge(loaded.policy, device=device, evidence=evidence, moment=Moment(wall=1_795_345_200.0))
    assert decision.effect is effect and not decision.budget_bytes
