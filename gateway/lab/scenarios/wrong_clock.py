import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..clock import set_clock
from ..scenario import PACE, Stage, outcomes

PROMISE = "A clock that begins in 1970, jumps, or is no longer believed opens nothing and keeps nothing open."
ACTORS = ("speaker", "doorbell")
LONG = True
UPDATE, EXCEPTED = "softwareupdates.amazon.com", "unagi-na.amazon.com"
MEDIA = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"
VIEWING_S, WITHIN_S = 5.0, 2.0
HOUR_S = 3_600.0
ALLOWANCE_BYTES = round(2_000 * WITHIN_S * PACE)
"""What a conversation of ten small requests a second says until a clock's leap is known."""


def prepare(policies: Path) -> None:
    """Updates for an hour and a half around this moment, and an exception that ends in an hour."""
    now = datetime.now(UTC)
    begin, end, until = (now + timedelta(minutes=minutes) for minutes in (-30, 60, 60))
    rules = f'update: {{action: allow, when: "{begin:%H:%M}-{end:%H:%M}"}}, telemetry: block'
    exception = f"{{to: {EXCEPTED}, action: allow, until: {until:%Y-%m-%dT%H:%M}}}"
    file = policies / "household.yaml"
    entry = "profile: echo, confirmed: true"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(entry, f"{entry}, rules: {{{rules}}}, exceptions: [{exception}]"), encoding="utf-8")


def play(stage: Stage) -> None:
    curtain = stage.home.curtain
    clock = stage.home.work / "clock"
    set_clock(clock, wrong_by_s=1_000.0 - time.time(), trusted=False)
    curtain.stop()
    curtain.program = ("gateway.lab.clock", str(clock))
    curtain.settings["NETCURTAIN_TRUST_CLOCK"] = "false"
    curtain.start()
    curtain.await_ready()
    expect(stage, "in 1970 no schedule is open and no exception applies", update=False, excepted=False)
    opened = time.monotonic()
    stage.home.ask("view", device="front-door", seconds=VIEWING_S)
    stage.check("but a viewing is", *film(stage, "ok"))
    set_clock(clock, wrong_by_s=0.0, trusted=True)
    expect(stage, "when NTP comes both do", update=True, excepted=True)
    stage.check("the viewing goes on through 56 years", *film(stage, "ok"))
    time.sleep(max(0.0, opened + VIEWING_S + 0.4 - time.monotonic()))
    stage.check("and ends when its seconds are over", *film(stage, "timeout"))
    live = stage.home["speaker"].begin([{"tls": UPDATE, "cached": True, "up": 100, "for_s": 12, "every_s": 0.1}])
    time.sleep(0.4)
    set_clock(clock, wrong_by_s=-HOUR_S, trusted=True)
    expect(stage, "set back an hour, the window has not come yet", update=False, excepted=True)
    cut = live.wait()
    stage.check("and what it let out is cut", cut[0].result == "refused", outcomes(cut))
    set_clock(clock, wrong_by_s=2 * HOUR_S, trusted=True)
    expect(stage, "set forward, both are over", update=False, excepted=False)
    set_clock(clock, wrong_by_s=0.0, trusted=False)
    expect(stage, "right, but not believed, opens nothing", update=False, excepted=False)


def film(stage: Stage, expected: str) -> tuple[bool, str]:
    """Does the door's camera get through?"""
    seen = stage.home["doorbell"].one(media=MEDIA, cached=True, packets=5, timeout_s=0.5)
    return (seen.result == "ok") is (expected == "ok"), outcomes([seen])


def expect(stage: Stage, it: str, *, update: bool, excepted: bool) -> None:
    """New connections are judged so within a moment of the clock's change."""
    speaker = stage.home["speaker"]

    def tried() -> list[bool]:
        steps = [{"tls": name, "cached": True, "up": 100, "timeout_s": 0.5} for name in (UPDATE, EXCEPTED)]
        return [one.result == "ok" for one in speaker.do(steps)]

    took = stage.until(lambda: tried() == [update, excepted], timeout_s=WITHIN_S * PACE, every_s=0.05)
    stage.check(it, took <= WITHIN_S * PACE, f"after {took:.1f} s; update, exception: {tried()}")
