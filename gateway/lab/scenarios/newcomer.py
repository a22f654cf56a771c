"""A budget counts packets as they stand on the wire, headers included; what is measured here is payload, seen upstream. The
slack is what was on its way while the judge was asked."""

import os
import ssl
import time
from pathlib import Path
from typing import Any

from gateway.policy import shipped_directory
from gateway.wire.ja4 import ja4
from gateway.wire.tls import parse_client_hello

from .. import frame
from ..attacker import Attacker
from ..evasions.quic import initial, pieces
from ..hello import client_hello
from ..scenario import PACE, Stage, outcomes
from ..topology import CURTAIN6

LONG = True
PROMISE = (
    "A new gadget is recognised within 5 s of its lease, is set up with nothing leaving in bulk, gets its profile then, and is "
    "confirmed in one step; one that is somebody new all the time gets no more time than stated."
)
NEW, ROGUE = "hue-bridge", "rogue"
ACTORS = (NEW, ROGUE)
VENDOR, PROFILE = "philips-hue", "hue-bridge"
SET_UP_S, A_DAY = round(12 * PACE), 3
SETTINGS = {"NETCURTAIN_NEWCOMERS_SET_UP_S": str(SET_UP_S), "NETCURTAIN_NEWCOMERS_FIRST_S": "0"}
"""A gateway whose first hour is over, and a set-up time that can be waited for."""
BUDGET_BYTES, SLACK_BYTES = 100_000, 16_000
ALLOWANCE_BYTES = BUDGET_BYTES + SLACK_BYTES
"""An upload that was let out until it turned out to be one."""
UNKNOWN, CONTROL = "api.gadgetcloud.example", "ws.meethue.com"
MESH, ADVERTISING = "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com", "ads.roku.com"
TELEMETRY = "device-metrics-us-2.amazon.com"
STRANGER6 = "2001:db8:cafe::bad:299"
ROTATIONS, EACH_S = 16, 0.05
ANNOUNCED = (
    {"announce": "_hue._tcp", "name": "Philips Hue - 2476FF", "txt": {"modelid": "BSB002"}},
    {"announce": "_hap._tcp", "name": "Philips hue - 2476FF", "txt": {"md": "BSB002"}},
)
"""As such bridges were captured: see `policies/identity/philips-hue.yaml`."""
MAKER, GREETS = "rogues-inc", "greets servers as"
SIGNS = """version: 1
vendor: {maker}
rows:
  - {{signal: ja4, value: '{value}', evidence: the hello of the lab's own TLS, confidence: medium}}
"""


def prepare(policies: Path) -> None:
    """New devices are guided; what they may send in a set-up time is spent sooner than in a home."""
    file = policies / "household.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("new_devices: careful", "new_devices: guided"), encoding="utf-8")
    shipped = (shipped_directory() / "profiles" / "set-up.yaml").read_text(encoding="utf-8")
    own = policies / "profiles" / "set-up.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(shipped.replace("1MB/15m", f"{BUDGET_BYTES // 1000}kB/15m"), encoding="utf-8")
    signs = policies / "identity" / f"{MAKER}.yaml"
    signs.parent.mkdir(exist_ok=True)
    signs.write_text(SIGNS.format(maker=MAKER, value=fingerprint()), encoding="utf-8")


def fingerprint() -> str:
    """How the gadgets of the lab greet servers."""
    out = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname=UNKNOWN)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = parse_client_hello(out.read())
    assert hello is not None
    return ja4(hello)


def play(stage: Stage) -> None:
    recognised(stage)
    being_set_up(stage)
    greeting(stage)
    always_new(stage)
    its_own_profile(stage)
    confirmed(stage)


def row(stage: Stage, mac: str = "") -> dict[str, Any]:
    """A device as ``devices`` shows it."""
    wanted = mac or stage.home.behaviours[NEW].mac
    found: list[dict[str, Any]] = [one for one in stage.home.ask("devices") if one["mac"] == wanted]
    return found[0] if found else {}


def recognised(stage: Stage) -> None:
    stage.home[NEW].do(ANNOUNCED)
    stage.until(lambda: row(stage).get("guess", {}).get("sure", False), timeout_s=5 * PACE)
    now, found = time.time(), row(stage)
    guess, took = found.get("guess", {}), now - found.get("first_seen", 0.0)
    right = (guess.get("vendor"), guess.get("profile")) == (VENDOR, PROFILE)
    seen = f"{guess.get('vendor')} {guess.get('profile')} {guess.get('confidence')}, after {took:.1f} s"
    stage.check("within 5 s of its lease it is known for what it is", right and took <= 5 * PACE, seen)
    stage.check("with the reasons", any("Philips-hue" in why for why in guess.get("because", ())), guess.get("because"))
    listed = stage.home.cli("devices", "--control", str(stage.home.curtain.control))
    shown = VENDOR in listed.stdout and f"netcurtain confirm {found.get('id')}" in listed.stdout
    stage.check("`netcurtain devices` shows it, and what to do", shown, listed.stdout[-600:])
    stage.check("it is being set up", found["profile"] == "set-up" and found["set_up_s"] > 0, found["set_up_s"])
    stage.until(lambda: any("_hue._tcp" in why for why in row(stage)["guess"]["because"]), timeout_s=3 * PACE)
    said = row(stage)["guess"]["because"]
    stage.check("what it announces on the local link is heard", any("_hue._tcp" in why for why in said), said)


def being_set_up(stage: Stage) -> None:
    bridge, mac = stage.home[NEW], stage.home.behaviours[NEW].mac
    passed = bridge.do([{"tls": UNKNOWN, "up": 4_000}, {"tls": CONTROL, "up": 300, "down": 200}])
    stage.check("names that nobody described pass, and known ones", all(one.result == "ok" for one in passed), outcomes(passed))
    lines = [one["netcurtain"] for one in stage.flows(mac, name=UNKNOWN)]
    counted = [one for one in lines if one["effect"] == "pass" and one["rule"].startswith("profiles/set-up.yaml")]
    stage.check("counted, with the rule of the set-up time", bool(counted), lines[-1:])
    refused = bridge.do([{"tls": name, "cached": True, "up": 1_800, "timeout_s": 1.0} for name in (MESH, ADVERTISING)])
    stage.check("mesh sharing and advertising do not", all(one.result != "ok" for one in refused), outcomes(refused))
    left = stage.left(MESH, ADVERTISING)
    stage.check("not one byte left for them", left == 0, f"{left} bytes")
    before = stage.left(UNKNOWN)
    bulk = bridge.one(tls=UNKNOWN, up=4 * BUDGET_BYTES, timeout_s=1.5)
    left = stage.left(UNKNOWN)
    seen = f"{left} bytes, {left - before} of {4 * BUDGET_BYTES} in bulk"
    stage.check("nor does an upload in bulk", bulk.result != "ok" and left <= BUDGET_BYTES, seen)


def greeting(stage: Stage) -> None:
    """The rogue does not say what it is; the bridge does, so how it greets servers is nobody's business."""
    mac = stage.home.behaviours[ROGUE].mac
    stage.home[ROGUE].one(tls=UNKNOWN, up=100)
    stage.until(lambda: GREETS in str(row(stage, mac).get("guess")), timeout_s=3 * PACE)
    guess, known = row(stage, mac)["guess"], row(stage)["guess"]
    told = any(GREETS in why for why in guess["because"])
    stage.check("how it greets servers is a sign", told and guess["vendor"] == MAKER and not guess["sure"], guess)
    stage.check("where nobody knows it for sure", GREETS not in str(known["because"]), known["because"])


def always_new(stage: Stage) -> None:
    """The rogue takes a new hardware address again and again: the bridge and itself had the first two set-up times."""
    with stage.home[ROGUE].machine.entered():
        attacker = Attacker()
    hello = initial(pieces(client_hello(TELEMETRY), 4000), to=os.urandom(8))
    macs = [f"02:00:5e:22:00:{number:02x}" for number in range(ROTATIONS)]
    for number, mac in enumerate(macs):
        source = CURTAIN6.format(0x2000 + number)
        body = frame.udp(hello, src=source, dst=STRANGER6, sport=61_700, dport=443)
        packet = frame.ipv6(body, src=source, dst=STRANGER6, proto=frame.UDP)
        attacker.send_ethernet(packet, frame.ETH_IPV6, src=mac)
        time.sleep(EACH_S)
    stage.until(lambda: bool(row(stage, macs[-1])), timeout_s=2 * PACE)
    told = [data for _, kind, data in stage.witness.events if kind == "device"] + stage.home.ask("devices")
    met = {one["mac"] for one in told if one["mac"] in macs}
    given = {one["mac"] for one in told if one["profile"] == "set-up"}
    stage.check("who is somebody new all the time is met", len(met) == ROTATIONS, f"{len(met)} devices")
    seen = f"{len(given)} devices were set up, {len(given & met)} of them of {ROTATIONS} new addresses"
    stage.check(f"no more than {A_DAY} devices are set up in a day", len(given) == A_DAY, seen)


def its_own_profile(stage: Stage) -> None:
    mac = stage.home.behaviours[NEW].mac
    left_s = row(stage)["set_up_s"]
    stage.until(lambda: row(stage)["profile"] != "set-up", timeout_s=left_s + 2 * PACE, every_s=0.1)
    stage.changed()
    found = row(stage)
    stage.check("when the time is over it gets its own profile", found["profile"] == PROFILE, found["profile"])
    passed = stage.home[NEW].one(tls=CONTROL, up=300, down=200)
    lines = [one["netcurtain"] for one in stage.flows(mac, name=CONTROL)]
    rules = [one["rule"] for one in lines]
    own = passed.result == "ok" and rules[-1].startswith(f"profiles/{PROFILE}.yaml")
    stage.check("and its flows are judged by that", own, rules)
    rogue = stage.home.behaviours[ROGUE].mac
    stage.until(lambda: row(stage, rogue)["profile"] != "set-up", timeout_s=2 * PACE)
    profile = row(stage, rogue)["profile"]
    stage.check("whom nobody recognises is careful", profile == "careful", profile)


def confirmed(stage: Stage) -> None:
    mac, policies = stage.home.behaviours[NEW].mac, stage.home.policies
    words = ("confirm", mac, "--name", "hall-bridge", "--policies", str(policies))
    socket = ("--control", str(stage.home.curtain.control))
    household, before = (policies / "household.yaml").read_bytes(), stage.digest()
    tried = stage.home.cli(*words, "--dry-run", *socket)
    dry = tried.returncode == 0 and "+  hall-bridge: {mac:" in tried.stdout and not (policies / "devices.d").exists()
    stage.check("a dry run shows what would be written", dry, tried.stdout + tried.stderr)
    done = stage.home.cli(*words, *socket)
    written = policies / "devices.d" / "hall-bridge.yaml"
    stage.check("`netcurtain confirm` writes it", done.returncode == 0 and written.exists(), done.stdout + done.stderr)
    stage.changed()
    took = stage.await_policy(before)
    found = row(stage)
    held = (found["id"], found["profile"], found["confirmed"], found["named"]) == ("hall-bridge", PROFILE, True, True)
    stage.check("and it takes hold", held and took < 3 * PACE, f"after {took:.2f} s: {found['id']}, {found['profile']}")
    stage.check("nothing else is touched", (policies / "household.yaml").read_bytes() == household, "household.yaml")
