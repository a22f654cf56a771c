"""The household of the bench means what the figures need, and its gadgets are whom it names."""

from pathlib import Path

import pytest

from gateway.bench import gadget
from gateway.bench.sample import name_of
from gateway.bench.server import QUIC4
from gateway.edge.leases import parse_leases
from gateway.engine import judge
from gateway.engine.roster import MAX_DEVICES
from gateway.model.action import Effect
from gateway.model.assessment import Evidence
from gateway.model.device import Mac
from gateway.model.facts import Facts
from gateway.model.moment import Moment
from gateway.model.name import Name, NameSource
from gateway.model.packet import TCP
from gateway.policy import load


@pytest.mark.parametrize(("control", "effect"), [("allow", Effect.PASS), ("block", Effect.REFUSE)], ids=["open", "cut"])
def test_what_the_gadgets_send_passes_until_the_edit(tmp_path: Path, control: str, effect: Effect) -> None:
    (tmp_path / "household.yaml").write_text(gadget.household(gadget.HOME, control=control))
    loaded = load(tmp_path)
    assert loaded.policy is not None, loaded.faults
    assert set(loaded.policy.devices) >= {gadget.mac(host) for host in gadget.HOME}
    host = gadget.HOME[-1]
    device = loaded.policy.devices[Mac(gadget.mac(host))].device
    names = (Name(name_of(host), NameSource.SNI),)
    evidence = Evidence(
        profile=device.profile, vendor=device.vendor, family=device.family, names=names, port=443, proto=TCP,
        facts=Facts(app_proto="tls", names=names, hello=True),
    )  # fmt: skip
    _, decision = judge(loaded.policy, device=device, evidence=evidence, moment=Moment(wall=1_795_345_200.0))
    assert decision.effect is effect and not decision.budget_bytes


def test_there_are_enough_and_not_too_many() -> None:
    assert 200 <= len(gadget.HOSTS) <= MAX_DEVICES
    assert gadget.server(gadget.HOSTS[0]) == QUIC4
    assert len(gadget.HOME) == 30 and len({gadget.mac(host) for host in gadget.HOSTS}) == len(gadget.HOSTS)


def test_leases_are_read_as_dnsmasq_writes_them() -> None:
    leases = parse_leases(gadget.leases())
    assert [row.given.mac for row in leases] == [gadget.mac(host) for host in gadget.HOSTS]
    assert leases[0].given.address == bytes((10, 77, 0, gadget.HOSTS[0]))
