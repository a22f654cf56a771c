"""Residual: what leaves until the new policy is in force, which is within a second of the edit (``live-edit``)."""

import time

from ..scenario import Stage, outcomes
from ..topology import WAN, masquerade
from ..trial import ROGUE, attempt_all, introduce, judge_cases, mark_all, prepare

PROMISE = "A flow that was opened while it was allowed, or before there was a curtain, carries nothing once it is refused."
ACTORS = ("rogue",)
ENTRY = "profile: rogue, confirmed: true"
LENIENT = f"{ENTRY}, rules: {{telemetry: allow}}"
BAD = "bad.rogue.example"
FAMILY = "before"
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]


def play(stage: Stage) -> None:
    introduce(stage.home)
    before_an_edit(stage)
    before_the_curtain(stage)
    last = stage.home[ROGUE].one(tls="good.rogue.example", up=300)
    stage.check("an ordinary exchange of the same gadget still works", last.result == "ok", outcomes([last]))


def before_an_edit(stage: Stage) -> None:
    _edit(stage, ENTRY, LENIENT)
    for kind in ("A", "AAAA"):
        stage.home[ROGUE].one(dns=BAD, type=kind)
    played = mark_all(FAMILY)
    opened = attempt_all(stage.home, played)
    stage.check("while it is allowed, all flows open", all(one.result == "ok" for one in opened.values()), _told(opened))
    _edit(stage, LENIENT, ENTRY)
    judge_cases(stage, played, attempt_all(stage.home, played), when="opened before an edit")


def before_the_curtain(stage: Stage) -> None:
    """The gateway's machine was a plain router until now."""
    curtain, gateway = stage.home.curtain, stage.home.machines["gateway"]
    stage.witness.catch_up()
    curtain.stop()
    gateway.run("nft", "-f", "-", text=masquerade(WAN, family="inet"))
    gateway.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    played = mark_all(FAMILY)
    opened = attempt_all(stage.home, played)
    stage.check("without a curtain, all flows open", all(one.result == "ok" for one in opened.values()), _told(opened))
    gateway.run("nft", "delete", "table", "inet", "lab")
    stage.watched_since = time.time()
    curtain.start()
    curtain.await_ready()
    judge_cases(stage, played, attempt_all(stage.home, played), when="opened before there was a curtain")
    asked = stage.truth().bytes_to(*stage.home.zone.public, since=stage.watched_since)
    stage.check("and no question reaches a resolver that was asked before, be it as bare as ours", not asked, f"{asked} bytes")


def _edit(stage: Stage, old: str, new: str) -> None:
    before = stage.digest()
    stage.edit("household.yaml", old, new)
    assert stage.await_policy(before, timeout_s=10) < 10, "the edit was not taken up"
    time.sleep(0.1)


def _told(opened: dict) -> str:  # type: ignore[type-arg]
    return ", ".join(f"{name}: {one.detail or one.result}" for name, one in opened.items())
