"""The virtual home itself, and every promise played in it."""

import time
from pathlib import Path
from types import ModuleType

import pytest

from gateway.lab import scenario
from gateway.lab.behaviour import load_behaviours
from gateway.lab.home import Home
from gateway.lab.namespace import inside
from gateway.lab.scenario import Stage, available, play
from gateway.lab.scenarios import mesh_sharing
from gateway.lab.topology import GATEWAY_WAN_MAC
from gateway.lab.truth import read_truth
from gateway.model.device import Mac

pytestmark = pytest.mark.net
DROP = "table inet stop {{ chain forward {{ type filter hook forward priority 0; ip daddr {} drop; }}; }}\n"


def _plain() -> tuple[float, list[str], dict[str, int]]:
    began = time.monotonic()
    with Home(gateway="plain", actors=["speaker", "stick", "doorbell", "gizmo"]) as home:
        start_s = time.monotonic() - began
        blocked = home.zone.hosts["unagi-na.amazon.com"]
        home.machines["gateway"].run("nft", "-f", "-", text=DROP.format(blocked.address4))
        results = [
            home["speaker"].one(tls="avs-alexa-14-na.amazon.com", up=92_000, down=24_000),
            home["speaker"].one(tls="avs-alexa-14-na.amazon.com", up=500, ip=6),
            home["speaker"].one(tls=blocked.name, up=500, timeout_s=0.5),
            home["stick"].one(quic="insights.video.a2z.com", up=2600),
            home["doorbell"].one(media="198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com", packets=50),
            home["gizmo"].one(mqtt="broker.gadgetcloud.example", up=120),
        ]
        home.settle()
        lan = {name: (home.lan_capture(name), Mac(one.mac)) for name, one in home.behaviours.items()}
        truth = read_truth(home.wan_capture, lan, gateway_mac=Mac(GATEWAY_WAN_MAC), resolver=[home.zone.resolver4])
        names = ("avs-alexa-14-na.amazon.com", blocked.name, "insights.video.a2z.com")
        left = {name: truth.bytes_to(home.zone.hosts[name].address4) for name in names}
        left["unattributed"] = truth.by_purpose(lambda flow: "known").get("unattributed", 0)
        left["lost"] = home.stop_capture()
        return start_s, [one.result for one in results], left


def test_home_behind_a_plain_router() -> None:
    start_s, results, left = inside(_plain)
    assert results == ["ok", "ok", "timeout", "ok", "ok", "ok"]
    assert left["avs-alexa-14-na.amazon.com"] >= 92_000
    assert left["insights.video.a2z.com"] >= 2_600
    assert left["unagi-na.amazon.com"] == left["unattributed"] == left["lost"] == 0
    assert start_s < 5


def _let_mesh_pass(policies: Path) -> None:
    file = policies / "household.yaml"
    entry = "profile: echo, confirmed: true"
    file.write_text(file.read_text().replace(entry, f"{entry}, rules: {{mesh-sharing: allow}}"))


def test_a_curtain_that_leaks_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_sharing, "prepare", _let_mesh_pass, raising=False)
    result = play("mesh-sharing")
    assert not result.ok
    assert result.wan_bytes_by_purpose["mesh-sharing"] >= 1_800
    assert "not one byte of the mesh left the home" in [check.it for check in result.checks if not check.ok]


PICTURES, REPORTS = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com", "bad.rogue.example"
REFUSALS = {
    "block": ("rogue", REPORTS, "block"),
    "drop": ("impatient", REPORTS, "drop"),
    "ask": ("nervous", REPORTS, "ask"),
    "answer": ("stubborn", REPORTS, "answer"),
    "limit": ("gizmo", REPORTS, "{action: limit, budget: 1kB/10m}"),
    "owner-only": ("doorbell", PICTURES, ""),
}
"""Action -> (who meets it, under which name, and by which rule on reports, unless the household has it already)."""
LETTER_BYTES = 3_000


def _refuse_in_every_way(policies: Path) -> None:
    file, known = policies / "household.yaml", load_behaviours([actor for actor, _, _ in REFUSALS.values()])
    lines = [
        f'  {actor}: {{mac: "{known[actor].mac}", profile: rogue, confirmed: true, rules: {{telemetry: {rule}}}}}\n'
        for actor, _, rule in REFUSALS.values()
        if rule
    ]
    file.write_text(file.read_text().replace("devices:\n", "devices:\n" + "".join(lines)))


def _leak_behind_the_gateways_back(stage: Stage) -> None:
    """A rule that lets out what is refused, whatever was judged: the judge goes on judging, and tells so."""
    gateway, hosts = stage.home.machines["gateway"], stage.home.zone.hosts
    stage.until(lambda: len(stage.home.ask("devices")) >= len(REFUSALS))
    time.sleep(0.3)  # leases make the ruleset anew
    stage.home["gizmo"].one(tls=REPORTS, cached=True, up=LETTER_BYTES, timeout_s=1.0)  # and its budget is spent
    for name in (PICTURES, REPORTS):
        gateway.run("nft", "insert", "rule", "inet", "netcurtain", "judge", "ip", "daddr", hosts[name].address4, "accept")
    for actor, name, _ in REFUSALS.values():
        stage.home[actor].one(tls=name, cached=True, up=LETTER_BYTES, timeout_s=1.0)


@pytest.mark.slow
def test_a_leak_is_counted_whatever_the_refusal_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    leaky = ModuleType("leaky")
    leaky.ACTORS = tuple(actor for actor, _, _ in REFUSALS.values())  # type: ignore[attr-defined]
    leaky.prepare, leaky.play = _refuse_in_every_way, _leak_behind_the_gateways_back  # type: ignore[attr-defined]
    monkeypatch.setattr(scenario, "available", lambda: {"leaky": leaky})
    result = play("leaky")
    told = next(check.seen for check in result.checks if check.it == "no payload left in a flow that was refused")
    assert not result.ok
    assert result.refused_payload_bytes > len(REFUSALS) * LETTER_BYTES, told
    for action, (actor, _, _) in REFUSALS.items():
        assert any(actor in leak and f"{action} " in leak for leak in told.split("', '")), (action, told)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * getattr(module, "LONG", False)) for name, module in available().items()],
)
def test_promise(name: str) -> None:
    result = play(name)
    broken = [f"{check.it}: {check.seen}" for check in result.checks if not check.ok]
    assert result.ok, "\n".join(broken)
    assert result.refused_payload_bytes <= result.allowance_bytes
