import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..scenario import Stage, outcomes

PROMISE = "Updates come at their hours, and a pause lets pass what would be refused, until it ends."
ACTORS = ("speaker", "stick", "reader")
UPDATE, STICK_UPDATE = "softwareupdates.amazon.com", "d3a510xmpll7o6.cloudfront.net"
TELEMETRY = "det-g7g.amazon.com"
PAUSE_S = 1.2


def prepare(policies: Path) -> None:
    """One window around this very moment, and one that is hours away."""
    now = datetime.now(UTC)
    file = policies / "household.yaml"
    text = file.read_text(encoding="utf-8")
    for profile, offset in (("echo", 0), ("fire-tv", 6)):
        begin, end = (f"{now + timedelta(hours=offset + side):%H:%M}" for side in (-1, 1))
        entry = f"profile: {profile}, confirmed: true"
        text = text.replace(entry, f'{entry}, rules: {{update: {{action: allow, when: "{begin}-{end}"}}}}')
    file.write_text(text, encoding="utf-8")


def play(stage: Stage) -> None:
    status = stage.home.ask("status")
    inside = stage.home["speaker"].one(tls=UPDATE, up=400, down=20_000)
    if status["clock_trusted"]:
        stage.check("within its hours an update comes", inside.result == "ok", outcomes([inside]))
    else:
        stage.check("the clock is not synchronised: schedules are strict", inside.result != "ok", outcomes([inside]))
    outside = stage.home["stick"].one(tls=STICK_UPDATE, cached=True, up=400, timeout_s=0.8)
    stage.check("outside its hours it does not", outside.result != "ok", outcomes([outside]))
    left = stage.left(STICK_UPDATE)
    stage.check("not one byte left for it", left == 0, f"{left} bytes")
    pause(stage)


def pause(stage: Stage) -> None:
    reader = stage.home["reader"]
    step = {"tls": TELEMETRY, "cached": True, "up": 1300, "timeout_s": 0.5}
    before = reader.one(**step)
    stage.check("before the pause telemetry is refused", before.result != "ok", outcomes([before]))
    stage.home.ask("pause", device="reading-chair", purpose="telemetry", seconds=PAUSE_S)
    began = time.time()
    during = reader.one(**step)
    stage.check("during the pause it passes", during.result == "ok", outcomes([during]))
    counted = [flow for flow in stage.flows("reading-chair", purpose="telemetry") if flow["netcurtain"]["effect"] == "pass"]
    stage.check("and is counted", bool(counted), f"{len(counted)} flows")
    time.sleep(max(began + PAUSE_S + 0.3 - time.time(), 0))
    ended = time.time()
    after = reader.one(**step)
    stage.check("when the pause has ended it is refused again", after.result != "ok", outcomes([after]))
    left = stage.left(TELEMETRY, since=ended)
    stage.check("and not one byte leaves", left == 0, f"{left} bytes")
