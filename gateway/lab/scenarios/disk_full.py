import subprocess
import time
from pathlib import Path

from gateway.edge.ledger_reader import LedgerReader
from gateway.edge.store import Store

from ..scenario import PACE, Stage, outcomes

PROMISE = "A full disk stops no judging: what is lost is counted and told, and writing goes on when there is room again."
LONG = True
ACTORS = ("speaker",)
VOICE, MESH = "avs-alexa-14-na.amazon.com", "amzn-sidewalk-events-us-east-1-prod.s3.amazonaws.com"
SIZE = "3m"


def play(stage: Stage) -> None:
    curtain = stage.home.curtain
    curtain.stop()
    mount_small(curtain.state)
    curtain.start()
    curtain.await_ready()
    stage.home.ask("pause", device="all", purpose="update", seconds=600)
    stage.until(lambda: bool(grants(curtain.state)))
    filler = curtain.state / "filler"
    fill(filler)
    full_disk(stage)
    filler.unlink()
    room_again(stage)


def mount_small(folder: Path) -> None:
    """A disk that is full soon."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], check=True, capture_output=True)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    stream.write(b"." * size)
            except OSError:
                continue


def grants(state: Path) -> list[object]:
    return list(Store(state / "state.json").read().get("grants", []))


def speak(stage: Stage, *, every_s: float) -> bool:
    """Somebody has to say something for there to be something to write."""
    stage.home["speaker"].one(tls=VOICE, cached=True, up=100)
    time.sleep(every_s)
    return True


def full_disk(stage: Stage) -> None:
    speaker, state = stage.home["speaker"], stage.home.curtain.state
    stage.home.ask("pause", device="all", purpose="time", seconds=600)
    stage.until(lambda: speak(stage, every_s=0.1) and bool(stage.troubles("ledger", now=True)), timeout_s=12 * PACE)
    told = stage.troubles("ledger", now=True)
    stage.check("that flows are not written down is told", bool(told) and told[0]["lost"] > 0, told)
    cli = stage.home.cli("status", "--control", str(stage.home.curtain.control))
    printed = [line for line in cli.stdout.splitlines() if line.startswith("problem: ledger")]
    stage.check("`netcurtain status` says it, with the number of rows lost", bool(printed) and "lost)" in printed[0], printed)
    stage.until(lambda: bool(stage.troubles("state", now=True)), timeout_s=5 * PACE)
    told = stage.troubles("state", now=True)
    stage.check("that the state is not saved is told", bool(told), told)
    stage.check("the last good state stays", len(grants(state)) == 1, f"{len(grants(state))} grant, two are in force")
    judged = [speaker.one(tls=name, cached=True, up=200, timeout_s=0.6) for name in (VOICE, MESH)]
    stage.check("judging goes on", [one.result for one in judged] == ["ok", "refused"], outcomes(judged))


def room_again(stage: Stage) -> None:
    state = stage.home.curtain.state
    began = time.time()
    stage.until(lambda: speak(stage, every_s=0.1) and not stage.troubles("ledger", now=True), timeout_s=8 * PACE)
    told = stage.troubles("ledger")
    is_over = bool(told) and all("over_at" in trouble for trouble in told)
    stage.check("with room again it writes again, and says so", is_over, told)
    stage.check("new flows are in the ledger", written(state, began) > 0, f"{written(state, began)} rows")
    stage.until(lambda: len(grants(state)) == 2, timeout_s=8 * PACE)
    stage.check("and the state is saved", len(grants(state)) == 2, f"{len(grants(state))} grants")


def written(state: Path, since: float) -> int:
    try:
        reader = LedgerReader(state / "ledger.db")
    except OSError:
        return 0
    try:
        return len(reader.flows(since))
    finally:
        reader.close()
