"""A gateway that only talks: the real control socket, made-up answers. Run as a process of its own with the socket's path."""

import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.edge.control import ControlClient, ControlError, ControlServer
from gateway.model.command import Publish, Reply
from gateway.model.control import Request, Response
from gateway.model.record import FlowRecord

TOP = Path(__file__).resolve().parents[2]
BELL, SPEAKER, NEWCOMER, BOX = (f"02:00:5e:10:00:0{number}" for number in (1, 2, 3, 4))
PASSED = FlowRecord(
    flow_id=101, started=1_795_345_200.0, proto=6, src=bytes([192, 168, 50, 40]), sport=40_000, dst=bytes([198, 51, 100, 7]),
    dport=443, device=BELL, device_id="front-door", profile="ring-doorbell", app_proto="tls", server_name="fw.example.com",
    name_source="sni", names=("fw.example.com",), purpose="control", confidence=0.9, action="limit", effect="pass",
    rule="profiles/ring-doorbell.yaml:12", reason="it is its control connection", bytes_toserver=1_500, bytes_toclient=9_000,
)  # fmt: skip
STOPPED = PASSED._replace(
    flow_id=102, device=SPEAKER, device_id="speaker", profile="echo", server_name="metrics.example.com",
    purpose="telemetry", action="block", effect="refuse", reason="=telemetry stays at home", held_bytes=517, attempts=3,
    bytes_toserver=0, bytes_toclient=0,
)  # fmt: skip
DEVICES = [
    {
        "mac": mac, "id": name, "profile": profile, "family": family, "trusted": False, "owner": "", "confirmed": True,
        "hostname": hostname, "first_seen": 1_795_340_000.0, "last_seen": 1_795_345_200.0, "addresses": ["192.168.50.40"],
    }
    for mac, name, profile, family, hostname in (
        (BELL, "front-door", "ring-doorbell", "doorbell", "Ring-\x1b[31mabc"),
        (SPEAKER, "speaker", "echo", "speaker", ""),
    )
]  # fmt: skip
GUESSES: dict[str, dict[str, Any]] = {
    NEWCOMER: {
        "vendor": "philips-hue", "profile": "hue-bridge", "confidence": 0.96, "sure": True,
        "because": ["calls itself “Philips-hue”: philips-hue hue-bridge (seen)"],
    },
    BOX: {
        "vendor": "ring", "profile": "", "confidence": 0.62, "sure": False, "because": ["not sure: looks like ring"],
    },
}  # fmt: skip
NEWCOMERS = [
    {
        **DEVICES[0], "mac": mac, "id": mac, "profile": profile, "family": "other", "confirmed": False, "hostname": hostname,
        "named": False, "guess": GUESSES[mac], "set_up_s": left_s,
    }
    for mac, profile, hostname, left_s in ((NEWCOMER, "set-up", "Philips-hue", 754), (BOX, "careful", "box", 0))
]  # fmt: skip
STATUS: dict[str, Any] = {
    "epoch": 7, "policy": "0123456789abcdef", "policy_faults": ["household.yaml:3:1: 'presett' is no key"], "devices": 2,
    "live_flows": 4, "clock_trusted": False,
    "grants": [
        {"kind": "viewing", "device": "front-door", "purpose": "video", "remaining_s": 754.0, "by": "home",
         "because": "annas-phone opened the live view at home"},
    ],
    "questions": [{"device": SPEAKER, "purpose": "unknown", "name": "odd.example.com", "asked_at": 1.0}],
    "problems": [{"what": "resolver", "message": "dnsmasq ended", "at": 1.0}],
    "totals": [
        {"device": "front-door", "purpose": "control", "flows": 3, "passed": 3, "stopped": 0, "bytes_out": 4_500,
         "bytes_in": 27_000, "held_bytes": 0},
        {"device": "speaker", "purpose": "telemetry", "flows": 2, "passed": 0, "stopped": 6, "bytes_out": 0, "bytes_in": 0,
         "held_bytes": 1_034},
    ],
}  # fmt: skip


def answer(request: Request) -> Response:
    """What the gateway would say."""
    args = request.args
    if args.get("device") == "nobody":
        hint = "devices: front-door, speaker"
        return Response(id=request.id, error_code="unknown-device", message="no device is called 'nobody'", hint=hint)
    kind = {"pause": "pause", "allow": "allowance", "view": "viewing"}.get(request.do)
    if kind:
        grant = {"kind": kind, "device": args.get("device", "speaker"), "remaining_s": args.get("seconds", 900.0)}
        purpose = "video" if kind == "viewing" else args.get("purpose")
        return Response(id=request.id, data={**grant, "purpose": purpose})
    flows = [
        record.eve()
        for record in (PASSED, STOPPED)
        if args.get("purpose") in (None, record.purpose) and args.get("device") in (None, record.device, record.device_id)
    ]
    data: dict[str, Any] = {"status": STATUS, "devices": [*DEVICES, *NEWCOMERS], "flows": flows, "stop": STATUS["grants"]}
    return Response(id=request.id, data=data.get(request.do, {"policy": STATUS["policy"]}))


def events() -> Iterator[Publish]:
    """What happens, over and over."""
    number = 200
    while True:
        for record in (PASSED, STOPPED):
            number += 1
            yield Publish(kind="flow", data=record._replace(flow_id=number, started=time.time()))
        yield Publish(kind="device", data=DEVICES[0])
        yield Publish(kind="viewing", data={"opened": STATUS["grants"][0]})
        yield Publish(kind="question", data={"device": "speaker", "purpose": "unknown", "name": "odd.example.com"})
        yield Publish(kind="problem", data={"what": "policy", "faults": ["household.yaml:3:1: 'presett' is no key"]})


def main(path: Path, *, is_broken: bool) -> None:
    """Serve until killed: an event every few milliseconds while somebody listens, and the outcome of each reload."""
    selector = selectors.DefaultSelector()
    server = ControlServer(path, selector)
    happening = events()
    while True:
        for key, mask in selector.select(0.02):
            for asked in server.handle(key, mask):
                print(asked.request.do, dict(asked.request.args), flush=True)
                server.reply(Reply(client=asked.client, response=answer(asked.request)))
                if asked.request.do == "reload" and is_broken:
                    server.publish(Publish(kind="problem", data={"what": "policy", "faults": STATUS["policy_faults"]}))
                elif asked.request.do == "reload":
                    server.publish(Publish(kind="policy", data={"digest": STATUS["policy"], "changed": True}))
        if server.subscribers:
            event = next(happening)
            if event.kind != "problem":
                server.publish(event)


@contextmanager
def running(path: Path, *, is_broken: bool = False) -> Iterator[subprocess.Popen[str]]:
    """The fake as a process; its output tells what it was asked."""
    command = [sys.executable, "-m", "tests.support.fake_gateway", str(path), *(["broken"] if is_broken else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOP) as process:
        try:
            for _ in range(500):
                try:
                    ControlClient(path).close()
                    break
                except ControlError:
                    time.sleep(0.02)
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_broken="broken" in sys.argv)
