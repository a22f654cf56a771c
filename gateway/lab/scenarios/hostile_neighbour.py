"""Residual: what goes out on a flow before its bytes are looked at again: the budget of its purpose, and the packets that were
under way when it was spent. Frames that reach another gadget directly are the access point's affair (client isolation).
"""

import os
import time
from pathlib import Path

from .. import frame
from ..attacker import Attacker
from ..carried import Mark, count
from ..evasions.case import GOOD, RELAY, RELAY_PORT
from ..scenario import Stage, outcomes
from ..topology import GATEWAY_WAN_MAC
from ..trial import ROGUE
from ..trial import prepare as introduce_rogue
from ..truth import read_frames

PROMISE = "Nobody sends in another device's flow, and a flow that turns into another is looked at again."
LONG = True
ACTORS = ("rogue", "gizmo", "reader", "annas-phone")
VICTIM, OTHER = "gizmo", "reader"
SPORTS = {4: 40_801, 6: 40_802}
BUDGET_BYTES, SLACK_BYTES = 512_000, 16_000
"""What the reader may send for commands in ten minutes, and one look at the counters."""
ALLOWANCE_BYTES = BUDGET_BYTES + SLACK_BYTES
"""Until its budget is spent, that flow was one that may pass."""
RESPONDER_PORT, PHONE_SPORT, STRANGER4, STRANGER6 = 40_900, 40_901, "198.51.100.151", "2001:db8:cafe::bad:151"
STUN_SPORT, PACKETS, SIZE, RATE = 40_810, 1_100, 700, 700


def prepare(policies: Path) -> None:
    """The gizmo may what the rogue may, so that it has flows to send into."""
    introduce_rogue(policies)
    file = policies / "household.yaml"
    entry = '  gizmo: {mac: "02:00:5e:10:00:06", profile: rogue, confirmed: true}\n'
    file.write_text(file.read_text(encoding="utf-8").replace("devices:\n", f"devices:\n{entry}"), encoding="utf-8")


def play(stage: Stage) -> None:
    into_datagrams(stage)
    into_stream(stage)
    as_responder(stage)
    stun_then_rtp(stage)


def as_responder(stage: Stage) -> None:
    """A phone spoke to the rogue; from the very ports of that flow it answers somebody else."""
    rogue, phone = stage.home[ROGUE], stage.home["annas-phone"]
    asked = phone.one(udp=rogue.address, port=RESPONDER_PORT, sport=PHONE_SPORT, packets=5, size=100, timeout_s=0.1)
    token, relay = os.urandom(8), stage.home.zone.hosts[RELAY]
    with rogue.machine.entered():
        attacker = Attacker()
        attacker.send_udp(token * 25, phone.address, PHONE_SPORT, sport=RESPONDER_PORT)
        for target, dport in ((STRANGER4, 443), (relay.address4, 9), (STRANGER6, 443), (STRANGER4, RESPONDER_PORT)):
            for _ in range(5):
                attacker.send_udp(token * 25, target, dport, sport=RESPONDER_PORT)
    _nothing(stage, token, "from the ports of a flow that a phone opened")
    here, ports = read_frames(stage.home.lan_capture(ROGUE)), (PHONE_SPORT, RESPONDER_PORT)
    heard = sum(one.packet.payload_length for one in here if (one.packet.sport, one.packet.dport) == ports)
    answered = count(stage.home.lan_capture("annas-phone"), {"it": Mark(addresses=(), token=token)})["it"]
    seen = f"{heard} of {asked.sent_bytes} bytes came to the gadget, {answered} of its answer to the phone"
    stage.check("that flow was a live one", heard == asked.sent_bytes > 0 < answered, seen)


def into_datagrams(stage: Stage) -> None:
    """The victim's addresses, ports and servers in the rogue's frames, while the victim itself goes on."""
    victim, relay = stage.home[VICTIM], stage.home.zone.hosts[RELAY]
    media = {"media": RELAY, "port": RELAY_PORT, "packets": 300, "rate": 150, "size": 200, "beside": True}
    flows = victim.begin([{**media, "ip": ip, "sport": sport} for ip, sport in SPORTS.items()])
    stage.until(lambda: _both_flow(stage))
    sources = {4: (victim.address, relay.address4), 6: (_address6(stage, VICTIM), relay.address6)}
    token = os.urandom(8)
    with stage.home[ROGUE].machine.entered():
        attacker = Attacker()
        for _ in range(40):
            for ip, (source, target) in sources.items():
                attacker.send_udp(token * 25, target, RELAY_PORT, sport=SPORTS[ip], src=source)
            time.sleep(0.005)
    _nothing(stage, token, "datagrams of the rogue in the victim's flows, both families")
    told = flows.wait()
    stage.check("the victim's own flows go on", all(one.result == "ok" for one in told), outcomes(told))


def _both_flow(stage: Stage) -> bool:
    relay, truth = stage.home.zone.hosts[RELAY], stage.truth()
    return all(truth.bytes_to(address, actor=VICTIM) > 2_000 for address in (relay.address4, relay.address6))


def into_stream(stage: Stage) -> None:
    """The next bytes of the victim's connection, exactly where its server expects them."""
    victim = stage.home[VICTIM]
    stream = victim.begin([{"tls": GOOD, "up": 400, "for_s": 1.5, "every_s": 0.1}])
    stage.until(lambda: stage.left(GOOD, actor=VICTIM) > 1_500)
    token = os.urandom(8)
    with stage.home[ROGUE].machine.entered():
        attacker = Attacker()
        for _ in range(10):
            stage.home.settle()
            sent = [seen.packet for seen in read_frames(stage.home.lan_capture(VICTIM)) if seen.source == victim.behaviour.mac]
            last = [packet for packet in sent if packet.dport == 443][-1]
            source, target = victim.address, stage.home.zone.hosts[GOOD].address4
            body = frame.tcp(
                token * 20, src=source, dst=target, sport=last.sport, dport=443, seq=last.seq + last.payload_length, ack=1,
                flags=frame.ACK | frame.PSH,
            )  # fmt: skip
            attacker.send_ip(frame.ip(body, src=source, dst=target, proto=frame.TCP))
            time.sleep(0.05)
    _nothing(stage, token, "segments of the rogue in the victim's connection")
    told = stream.wait()
    stage.check("the victim's connection lives", told[-1].result == "ok", outcomes(told))


def _nothing(stage: Stage, token: bytes, what: str) -> None:
    time.sleep(0.2)
    stage.home.settle()
    mark = {"it": Mark(addresses=(), token=token)}
    offered = count(stage.home.lan_capture(ROGUE), mark)["it"]
    left = count(stage.home.wan_capture, mark, source=GATEWAY_WAN_MAC)["it"]
    stage.check(f"{what}: nothing leaves", 0 == left < offered, f"{left} of {offered} bytes left")


def _address6(stage: Stage, name: str) -> str:
    return stage.home.behaviours[name].plug(dhcp=True).address6


def stun_then_rtp(stage: Stage) -> None:
    """A device that may send commands to a server: STUN first, then pictures on the same pair of ports."""
    since = time.time()
    other = stage.home[OTHER]
    other.one(media=RELAY, port=RELAY_PORT, sport=STUN_SPORT, packets=3, size=60)
    stream = other.one(media=RELAY, port=RELAY_PORT, sport=STUN_SPORT, packets=PACKETS, rate=RATE, size=SIZE)
    relay = stage.home.zone.hosts[RELAY]
    left = stage.truth().bytes_to(relay.address4, relay.address6, actor=OTHER, since=since)
    seen = f"{left} of {PACKETS * SIZE} bytes left, {BUDGET_BYTES} allowed; {outcomes([stream])}"
    stage.check("a stream behind a STUN binding ends at its budget", 0 < left <= BUDGET_BYTES + SLACK_BYTES, seen)
