"""A gadget has a life of its own at home, is forgotten, and stays where it is: it comes back as somebody whom nobody knows."""

import json
import time
from typing import Any

from ..scenario import PACE, Stage, outcomes

PROMISE = (
    "A device that is forgotten leaves no trace in the gateway's files; if it is still there it comes back as a new one, and "
    "not a byte of what is refused leaves meanwhile."
)
SPEAKER, BELL = "speaker", "doorbell"
ACTORS = (SPEAKER, BELL)
NAME, OTHER = "kitchen-speaker", "front-door"
VOICE, MESH, CALL = (
    "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com", "fw.ring.com",
)  # fmt: skip
WITHIN_S = 3.0 * PACE
TRIES = 50


def play(stage: Stage) -> None:
    lived(stage)
    kept(stage)
    forgotten(stage)
    back(stage)
    while_it_speaks(stage)


def lived(stage: Stage) -> None:
    """Flows, a lease, DNS, a place in all files: and somebody else's beside it."""
    done = stage.home[SPEAKER].do([{"tls": VOICE, "up": 800, "down": 500}, {"tls": MESH, "up": 1_800, "timeout_s": 0.5}])
    stage.home[BELL].one(tls=CALL, up=300, down=200)
    stage.check("it talks, and its mesh does not", [one.result == "ok" for one in done] == [True, False], outcomes(done))
    took = stage.until(lambda: len(holding(stage)) >= 3, timeout_s=4 * PACE)
    stage.check("ledger, leases and state tell of it", took < float("inf"), f"{holding(stage)} after {took:.1f} s")


def kept(stage: Stage) -> None:
    begun = stage.home.ask("forget", device=NAME, seconds=30)
    waiting = stage.home.ask("status")["forgetting"]
    stage.home.ask("keep", device=NAME)
    over = stage.home.ask("status")["forgetting"]
    stage.check("what was begun can be taken back", len(waiting) == 1 and not over and bool(row(stage)), begun)


def forgotten(stage: Stage) -> None:
    before = stage.digest()
    began = time.monotonic()
    words = ("forget", NAME, "--yes", "--json", "--policies", str(stage.home.policies))
    done = stage.home.cli(*words, "--control", str(stage.home.curtain.control))
    stage.changed()
    told = json.loads(done.stdout) if done.returncode == 0 else {}
    seen = f"{done.stdout}{done.stderr}, after {time.monotonic() - began:.1f} s"
    stage.check("`netcurtain forget` ends when it is", told.get("outcome") == "forgotten", seen)
    stage.check("the household's files name it no more", NAME not in household(stage) and stage.digest() != before, told)
    took = stage.until(lambda: not holding(stage), timeout_s=WITHIN_S)
    stage.check("no file of the gateway's holds a byte of it", took < float("inf"), holding(stage) or f"after {took:.1f} s")
    stage.check("nor does it tell of it", not row(stage) and not mentions(stage), mentions(stage))
    others = stage.home.ask("flows", device=OTHER)
    stage.check("what others did is still there", bool(others) and OTHER in household(stage), f"{len(others)} flows")


def back(stage: Stage) -> None:
    began = time.time()
    mesh = stage.home[SPEAKER].one(tls=MESH, cached=True, up=1_800, timeout_s=0.5)
    stage.until(lambda: bool(row(stage)), timeout_s=WITHIN_S)
    found = row(stage)
    is_new = tuple(found.get(key) for key in ("named", "confirmed", "trusted", "profile"))
    stage.check("if it speaks again it is a new device", is_new == (False, False, False, "careful"), found)
    stage.check("which nobody saw before", found.get("first_seen", 0.0) >= began - 1.0, found.get("first_seen"))
    lines = [one["netcurtain"] for one in stage.flows(row(stage).get("mac", ""), name=MESH)]
    own = mesh.result != "ok" and lines[-1]["profile"] == "careful" and lines[-1]["device_id"] == lines[-1]["device"]
    stage.check("and its mesh is refused by the rules of new devices", own, lines[-1]["reason"])


def while_it_speaks(stage: Stage) -> None:
    """Forgotten in the middle of its tries: it is somebody new again at once, and no try slips out in between."""
    speaker, mac, first = stage.home[SPEAKER], stage.home.behaviours[SPEAKER].mac, row(stage)["first_seen"]
    trying = speaker.begin([{"tls": MESH, "cached": True, "up": 1_800, "timeout_s": 0.03}, {"wait": 0.01}] * TRIES)
    time.sleep(0.15)
    stage.home.ask("forget", device=mac, seconds=0)
    stage.until(lambda: row(stage).get("first_seen", first) > first, timeout_s=WITHIN_S)
    again = row(stage)
    tries = [one for one in trying.wait() if one.step.startswith("tls")]
    stage.check("forgotten while it speaks, it is new at once", again.get("first_seen", first) > first, again)
    stage.check("none of its tries came through", all(one.result != "ok" for one in tries), f"{len(tries)} tries")
    left = stage.left(MESH)
    stage.check("not one byte of the mesh left at any time", left == 0, f"{left} bytes")


def row(stage: Stage) -> dict[str, Any]:
    """It, as ``devices`` shows it."""
    mac = stage.home.behaviours[SPEAKER].mac
    return next((one for one in stage.home.ask("devices") if one["mac"] == mac), {})


def names(stage: Stage) -> tuple[str, ...]:
    """What it may be found by."""
    behaviour = stage.home.behaviours[SPEAKER]
    return NAME, behaviour.mac, behaviour.hostname


def holding(stage: Stage) -> list[str]:
    """The gateway's files that hold one of its names, in whatever place of them."""
    wanted = [name.encode() for name in names(stage)]
    files = [path for path in stage.home.curtain.state.rglob("*") if path.is_file()]
    return sorted(path.name for path in files if any(name in path.read_bytes() for name in wanted))


def household(stage: Stage) -> str:
    """The policy files' text."""
    return "".join(path.read_text(encoding="utf-8") for path in stage.home.policies.glob("*.yaml"))


def mentions(stage: Stage) -> list[str]:
    """Where answers of the gateway still name it."""
    told = {verb: json.dumps(stage.home.ask(verb)) for verb in ("status", "devices", "flows")}
    return [verb for verb, text in told.items() if any(name in text for name in names(stage))]
