"""The virtual home itself, and every promise played in it."""

import time
from pathlib import Path

import pytest

from gateway.lab.home import Home
from gateway.lab.namespace import inside
from gateway.lab.scenario import available, play
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


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * getattr(module, "LONG", False)) for name, module in available().items()],
)
def test_promise(name: str) -> None:
    result = play(name)
    broken = [f"{check.it}: {check.seen}" for check in result.checks if not check.ok]
    assert result.ok, "\n".join(broken)
    assert result.refused_payload_bytes <= result.allowance_bytes
