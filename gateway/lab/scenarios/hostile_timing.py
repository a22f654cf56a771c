"""Residual: between a viewing's end and the ruleset that knows of it lie the gateway's next tick and a reload, some tenths of a
second, in which what was allowed goes on; between an edit and its ruleset lies its compilation. After the end was *told*, not
one byte leaves.
"""

import os
import threading
import time

from .. import frame
from ..attacker import Attacker, Stream
from ..carried import Mark, count
from ..evasions.case import BAD, GOOD
from ..hello import client_hello, records
from ..pulse import without_pause
from ..scenario import PACE, Stage, outcomes
from ..topology import GATEWAY_WAN_MAC
from ..trial import ROGUE, prepare
from ..truth import Truth, read_frames

PROMISE = "No moment lets anything slip: not a start, a stop, a reload, nor the very end of a viewing."
LONG = True
ACTORS = ("rogue", "doorbell")
__all__ = ["ACTORS", "PROMISE", "play", "prepare"]
MEDIA = "198-51-100-20.acct1029.prod.rms.ring.devices.a2z.com"
MEDIA_PORT, FLOWS = 17_000, 180
"""New flows in a burst: fewer than those that are a flood."""
STRANGER4, STRANGER6 = "198.51.100.150", "2001:db8:cafe::bad:150"
END_S = 1.0
"""From the moment a viewing is to end until its last byte."""
PICTURES_PER_S, PICTURE_BYTES = 400, 200
ALLOWANCE_BYTES = round((END_S * PICTURES_PER_S * PICTURE_BYTES + 60_000) * PACE)
"""What pictures say in that time; and what a conversation of 30 kB a second says while an edit is compiled."""


def play(stage: Stage) -> None:
    reloads(stage)
    handshakes(stage)
    end_of_a_viewing(stage)
    new_at_the_end(stage)
    starts_and_stops(stage)
    an_edit(stage)


def an_edit(stage: Stage) -> None:
    """It refuses the name of a conversation that is under way, and of a hello of which half was sent. Compiling may take longer
    than a hello is held, so halves are sent until the edit holds, and the youngest is made whole."""
    token, rogue = os.urandom(8), stage.home[ROGUE]
    hello = records(client_hello(GOOD, stamp=token, padding=400))
    begun = time.time()
    conversation = rogue.begin([{"tls": GOOD, "up": 500, "for_s": 12.0, "every_s": 0.02}])
    time.sleep(0.5)
    before = stage.digest()
    stage.edit("profiles/rogue.yaml", "control: allow", "control: block")
    with rogue.machine.entered():
        attacker = Attacker()
        stream = _half_open(stage, attacker, hello[:300])
        while stage.digest() == before:
            stream.close()
            stream = _half_open(stage, attacker, hello[:300])
            stage.until(lambda: stage.digest() != before, timeout_s=0.8)
        held = time.time()
        stream.write(hello[300:])
        stream.read(0.5)
        stream.close()
    left, truth = _count(stage, token), stage.truth()
    early, late = (_said(truth, stage.home.zone.hosts[GOOD].address4, *span) for span in ((begun, held), (held, float("inf"))))
    seen = f"reset: {stream.reset}, {left} bytes left"
    stage.check("a hello held over an edit is judged by the new policy", stream.reset and not left, seen)
    seen = f"{early} bytes before the new policy was told, {late} after"
    stage.check("a conversation from before an edit ends with it", not late and early > 2_000, seen)
    rogue.stop()
    conversation.wait()


def _said(truth: Truth, address: str, since: float, until: float) -> int:
    return truth.bytes_to(address, actor=ROGUE, since=since, until=until)


def _half_open(stage: Stage, attacker: Attacker, half: bytes) -> Stream:
    stream = attacker.stream(stage.home.zone.hosts[GOOD].address4)
    stream.connect()
    stream.write(half)
    return stream


def reloads(stage: Stage) -> None:
    """Hellos with a refused name without pause, while the ruleset is made anew, twelve times."""
    token, rogue = os.urandom(8), stage.home[ROGUE]
    before = stage.home.ask("status")["epoch"]
    with rogue.machine.entered():
        attacker = Attacker()
    hello = records(client_hello(BAD, stamp=token, padding=200))

    def knock() -> None:
        for target in (STRANGER4, STRANGER6):
            source, sport = attacker.own(target), attacker.port()
            for flags, seq, data in ((frame.SYN, 1, b""), (frame.ACK, 2, b""), (frame.ACK | frame.PSH, 2, hello)):
                body = frame.tcp(data, src=source, dst=target, sport=sport, dport=443, seq=seq, ack=int(seq > 1), flags=flags)
                attacker.send_ip(frame.ip(body, src=source, dst=target, proto=frame.TCP))
            attacker.send_udp(token * 30, target, 4000)

    with without_pause(knock, 0.004) as knocks:
        for _ in range(6):
            stage.home.ask("allow", device="front-door", purpose="advertising", seconds=30)
            time.sleep(0.05)
            stage.home.ask("stop", device="front-door")
            time.sleep(0.05)
    left = _count(stage, token)
    reloaded = stage.home.ask("status")["epoch"] - before
    seen = f"{left} bytes of {len(knocks)} tries over {reloaded} generations"
    stage.check("while rulesets are made anew nothing refused slips out", not left and reloaded >= 6 and len(knocks) > 20, seen)


def handshakes(stage: Stage) -> None:
    """Handshakes that the kernel let pass by itself, and a new epoch before anything is said. Then half of them send the
    allowed hello behind a gap, the others an empty segment; and all of them a refused hello where they begin."""
    token, rogue, address = os.urandom(8), stage.home[ROGUE], stage.home.zone.hosts[GOOD].address4
    good, bad = records(client_hello(GOOD)), records(client_hello(BAD, stamp=token, padding=200))
    rogue.one(tls=GOOD, up=300)
    with rogue.machine.entered():
        attacker = Attacker()
        streams = [attacker.stream(address, 443) for _ in range(8)]
        honest = attacker.stream(address, 443)
        opened = sum(stream.connect() for stream in (*streams, honest))
        stage.home.ask("allow", device="front-door", purpose="advertising", seconds=30)
        for number, stream in enumerate(streams):
            stream.send(good if number % 2 else b"", at=len(bad), flags=frame.ACK)
            time.sleep(0.02)
            stream.send(bad, at=0)
            stream.read(0.1)
            stream.close()
        honest.write(good)
        honest.read(1.0, until=lambda: len(honest.received) > 0)
        honest.close()
    stage.home.ask("stop", device="front-door")
    left = _count(stage, token)
    seen = f"{left} of {len(streams) * len(bad)} bytes left, of {opened} connections"
    kept = opened == len(streams) + 1 and not left
    stage.check("a handshake that passed before a new epoch carries nothing refused in it", kept, seen)
    stage.check("and goes on as before where it says an allowed name", bool(honest.received), f"reset: {honest.reset}")


def end_of_a_viewing(stage: Stage) -> None:
    """A stream of pictures, one every 2.5 ms; the last byte outside against the end as it was told."""
    doorbell, media = stage.home["doorbell"], stage.home.zone.hosts[MEDIA]
    seconds = 1.5
    stage.home.ask("view", device="front-door", seconds=seconds)
    due = time.time() + seconds
    stream = doorbell.begin([{"media": MEDIA, "packets": 4_000, "rate": PICTURES_PER_S, "size": PICTURE_BYTES}])
    told = _await_end(stage, due)
    time.sleep(0.6)
    doorbell.stop()
    stream.wait()
    sent = [at for flow in stage.truth().of("doorbell") if flow.key.dst == frame.packed(media.address4) for at, _ in flow.sent]
    last = max(sent, default=0.0)
    flowed = sum(at < due for at in sent)
    after, untold = (f"{(last - at) * 1000:.1f} ms" for at in (due, told))
    seen = f"{flowed} packets before; the last {after} after the end, {untold} after it was told"
    stage.check("pictures flow until a viewing's end", flowed > 100, seen)
    stage.check("and not once its end is told", 0 < last <= told, seen)
    stage.check(f"which is within {END_S:.0f} s", last - due < END_S, seen)


def new_at_the_end(stage: Stage) -> None:
    """A flow of its own for every datagram, one each millisecond, from before a viewing's end until after it: once when it runs
    out, once when somebody ends it."""
    doorbell, media = stage.home["doorbell"], stage.home.zone.hosts[MEDIA]
    doorbell.one(dns=MEDIA)
    with doorbell.machine.entered():
        attacker = Attacker()
    for how, seconds in (("runs out", 1.2), ("is ended", 60.0)):
        stage.home.ask("view", device="front-door", seconds=seconds)
        due = time.time() + 1.2
        token = os.urandom(8)
        burst = threading.Thread(target=_burst, args=(attacker, token, media.address4, due))
        burst.start()
        time.sleep(max(due - time.time(), 0))
        if how == "is ended":
            stage.home.ask("stop", device="front-door")
            told = time.time()
        else:
            told = _await_end(stage, due)
        burst.join()
        time.sleep(0.2)
        left = [at for at, data in _carried(stage, token)]
        before, late = sum(at < due for at in left), sum(at > told for at in left)
        last = f"the last {(max(left, default=due) - due) * 1000:.1f} ms after it, told {(told - due) * 1000:.1f} ms after it"
        seen = f"{before} of {FLOWS} before, {len(left) - before} after; {last}"
        stage.check(f"while a viewing {how}: new flows pass before", before > 20, seen)
        stage.check(f"while a viewing {how}: none passes once that is told", not late, seen)


def _burst(attacker: Attacker, token: bytes, address: str, due: float) -> None:
    time.sleep(max(due - FLOWS / 2_000 - time.time(), 0))
    for number in range(FLOWS):
        attacker.send_udp(number.to_bytes(2) + token * 12, address, MEDIA_PORT)
        time.sleep(0.0008)


def _carried(stage: Stage, token: bytes) -> list[tuple[float, bytes]]:
    """Datagrams with it on the WAN cable, and when."""
    stage.home.settle()
    seen = read_frames(stage.home.wan_capture)
    return [(one.at, one.packet.payload) for one in seen if one.source == GATEWAY_WAN_MAC and token in one.packet.payload]


def _await_end(stage: Stage, due: float) -> float:
    """When it said so; 0: it did not."""
    stage.until(lambda: bool(_told_ends(stage, due)), timeout_s=4.0)
    return next(iter(_told_ends(stage, due)), 0.0)


def _told_ends(stage: Stage, due: float) -> list[float]:
    """When the gateway said that the viewing ended, which was to end then."""
    events = stage.witness.events
    return [at for at, kind, data in events if kind == "viewing" and data and "ended" in data and at > due - 0.2]


def starts_and_stops(stage: Stage) -> None:
    """Datagrams to a stranger all the while: clean stops, starts, a kill; forwarding without a ruleset would let them out."""
    token, curtain = os.urandom(8), stage.home.curtain
    with stage.home[ROGUE].machine.entered():
        attacker = Attacker()
    counts = {}
    with without_pause(lambda: _blast(attacker, token), 0.004) as sent:
        for what, kill in (("a clean stop", False), ("a kill", True)):
            begun = len(sent)
            curtain.stop(kill=kill)
            time.sleep(0.2)
            curtain.start()
            curtain.await_ready()
            counts[what] = len(sent) - begun
    left = _count(stage, token)
    stage.check("nothing slips out while the gateway stops, starts, dies and starts", not left, f"{left} bytes; sent {counts}")
    again = stage.home[ROGUE].one(tls=GOOD, up=300, timeout_s=2.0)
    stage.check("and then it works", again.result == "ok", outcomes([again]))


def _blast(attacker: Attacker, token: bytes) -> None:
    for target in (STRANGER4, STRANGER6):
        attacker.send_udp(token * 10, target, 9999, sport=61_999)


def _count(stage: Stage, token: bytes) -> int:
    stage.home.settle()
    mark = {"it": Mark(addresses=(), token=token)}
    return count(stage.home.wan_capture, mark, source=GATEWAY_WAN_MAC)["it"]
