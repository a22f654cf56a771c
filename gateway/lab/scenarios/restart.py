import time

from ..scenario import PACE, Stage, outcomes

PROMISE = "A restart goes on where it stopped: live connections survive, nothing slips out, a clean stop leaves no rule."
ACTORS = ("speaker",)
MESH, VOICE = "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com", "avs-alexa-14-na.amazon.com"


def play(stage: Stage) -> None:
    speaker, curtain = stage.home["speaker"], stage.home.curtain
    stream = speaker.begin([{"tls": VOICE, "up": 800, "for_s": 3.5 * PACE, "every_s": 0.02 * PACE}])
    time.sleep(0.6)
    before = stage.home.ask("status")
    curtain.stop(kill=True)
    dead = speaker.one(tls=VOICE, cached=True, up=500, timeout_s=0.5)
    stage.check("while the gateway is dead a new connection is refused", dead.result != "ok", outcomes([dead]))
    mesh = speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.5)
    stage.check("and the mesh stays out", mesh.result != "ok", outcomes([mesh]))
    began = time.time()
    curtain.start()
    curtain.await_ready()
    stage.check("it is back soon", curtain.start_s < 3 * PACE, f"{curtain.start_s:.2f} s")
    after = stage.home.ask("status")
    seen = f"epoch {before['epoch']} -> {after['epoch']}, policy {before['policy']} -> {after['policy']}"
    stage.check("it adopts epoch and policy", (before["epoch"], before["policy"]) == (after["epoch"], after["policy"]), seen)
    lived = stream.wait()[0]
    stage.check("the conversation went on all the while", lived.result == "ok", f"{outcomes([lived])} {lived.detail}")
    late = stage.left(VOICE, since=began)
    stage.check("and bytes of it left during and after the restart", late > 5_000, f"{late} bytes")
    again = speaker.one(tls=VOICE, cached=True, up=500)
    stage.check("new connections work again", again.result == "ok", outcomes([again]))
    clean_stop(stage)


def clean_stop(stage: Stage) -> None:
    speaker, curtain = stage.home["speaker"], stage.home.curtain
    stage.witness.catch_up()
    took = curtain.stop()
    stage.check("a clean stop takes less than 2 s", took < 2, f"{took:.2f} s")
    tables = stage.home.machines["gateway"].run("nft", "list", "tables")
    stage.check("and leaves no table of ours", "netcurtain" not in tables, tables.split("\n"))
    since = time.time()
    speaker.one(tls=MESH, cached=True, up=500, timeout_s=0.5)
    left = stage.left(MESH)
    stage.check("nothing of the mesh left at any time", left == 0, f"{left} bytes, {time.time() - since:.1f} s after the stop")
    curtain.start()
    curtain.await_ready()
