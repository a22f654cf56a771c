import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from gateway.settings import Settings
from gateway.wire.ntp import PORT as NTP_PORT

from ..scenario import Stage

LISTENING = f":{Settings().answer_port:04X} "
"""As the kernel lists the socket of the responder, which comes up beside the gateway."""
PROMISE = "Clocks, resolvers and connectivity checks are answered at home, as real clients expect it; nothing of it leaves."
ACTORS = ("gizmo",)
CLOCK, HARD_CODED, HARD_CODED6 = "pool.ntp.org", "203.0.113.200", "2001:db8:cafe::c8"
ANDROID, APPLE, KINDLE = "connectivitycheck.gstatic.com", "captive.apple.com", "spectrum.s3.amazonaws.com"
SHARED = "clients3.google.com"
NAME, PUBLIC, REFUSED = "api.gadgetcloud.example", "8.8.8.8", "dns.google"
SUCCESS, MARK = "<BODY>Success</BODY>", "81ce4465-7167-4dcb-835b-dcc9e44c112a"
HTTP = "-s", "-i", "--max-time", "5"
WITHOUT = {"chronyd"} if Path("/run/systemd/system").exists() else set()
"""What a machine need not have: where systemd keeps the time, chrony would take that service's place."""
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Said(NamedTuple):
    """What a client made of it."""

    status: int
    text: str


class Client:
    """A real client on the gadget's machine; several run at once."""

    def __init__(self, stage: Stage, *argv: str) -> None:
        self.name = argv[0]
        program = shutil.which(argv[0], path=PATH)
        self._process = program and stage.home.machines["gizmo"].spawn(
            [program, *argv[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def wait(self) -> Said | None:
        """Its end; None where it is not installed."""
        if not self._process:
            return None
        try:
            out, _ = self._process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _ = self._process.communicate()
        return Said(self._process.returncode, " ".join(out.decode(errors="replace").split()))


def play(stage: Stage) -> None:
    http, six = [(*HTTP, family) for family in ("-4", "-6")]
    own = stage.home["gizmo"].resolver
    stage.until(lambda: LISTENING in stage.home.machines["gateway"].run("cat", "/proc/net/tcp", "/proc/net/tcp6"))
    chrony = "chronyd", "-Q", "-f", "/dev/null", "-u", "root", "-t", "8"
    clients = {
        "chrony gets the time in a name's place": (Client(stage, *chrony, f"server {CLOCK} iburst maxsamples 1"), "wrong by"),
        "ntpdate gets it from an address in its firmware": (Client(stage, "ntpdate", "-q", HARD_CODED), HARD_CODED),
        "and over IPv6 too": (Client(stage, "ntpdate", "-q", HARD_CODED6), HARD_CODED6),
        "and from the gateway itself, whom DHCP names": (Client(stage, "ntpdate", "-q", own), own),
        "Android's check succeeds": (Client(stage, "curl", *http, f"http://{ANDROID}/generate_204"), "HTTP/1.1 204 No Content"),
        "Apple's check succeeds": (Client(stage, "curl", *http, f"http://{APPLE}/hotspot-detect.html"), SUCCESS),
        "and that over IPv6": (Client(stage, "curl", *six, f"http://{APPLE}/hotspot-detect.html"), SUCCESS),
        "the Kindle's check succeeds": (Client(stage, "curl", *http, f"http://{KINDLE}/kindle-wifi/wifistub.html"), MARK),
        "a resolver in its firmware is answered by ours": (dig(stage, NAME, PUBLIC), "status: NOERROR"),
        "a refused name may be remembered for a minute": (dig(stage, REFUSED, PUBLIC), "IN SOA"),
    }
    for it, (client, expected) in clients.items():
        check(stage, it, client, expected)
    nothing_left(stage)
    elsewhere(stage)
    ca = str(stage.home.work / "certificates" / "ca.pem")
    check(stage, "over TLS the same name passes", Client(stage, "curl", *http, "--cacert", ca, f"https://{ANDROID}/"), "200 OK")
    lines = stage.flows(stage.home.behaviours["gizmo"].mac, purpose="time")
    seen = [(line["dest_ip"], line["netcurtain"]["effect"], line["netcurtain"]["attempts"]) for line in lines]
    asked = sum(bool(shutil.which(program, path=PATH)) for program in ("chronyd", "ntpdate"))
    told = [effect == "redirect" and attempts >= asked for _, effect, attempts in seen]
    stage.check("the clocks stand in one line", told == [True] and asked > 0, seen)


def elsewhere(stage: Stage) -> None:
    """What is not answered: other paths, other names at the same address, and the responder asked by itself."""
    gateway = f"{stage.home['gizmo'].resolver}:{Settings().answer_port}"
    places = ANDROID + "/x", SHARED + "/generate_204", NAME + "/", gateway + "/generate_204"
    other, shared, neighbour, port = (Client(stage, "curl", *HTTP, "-4", f"http://{place}") for place in places)
    check(stage, "a path that nobody described is not found", other, "404 Not Found")
    check(stage, "a check at a shared address passes", shared, "200 OK")
    check(stage, "and so does its neighbour", neighbour, "200 OK")
    direct = port.wait()
    stage.check("nobody reaches the responder by its port", direct is not None and direct.status == 7, direct)


def dig(stage: Stage, name: str, resolver: str) -> Client:
    return Client(stage, "dig", "+time=3", "+tries=1", f"@{resolver}", name)


def check(stage: Stage, it: str, client: Client, expected: str) -> None:
    said = client.wait()
    if said is None:
        stage.check(it, client.name in WITHOUT, f"not tried: {client.name} is not installed")
    else:
        ok = said.status == 0 and expected in said.text
        stage.check(it, ok, f"{client.name} ended with {said.status}: {said.text[-300:]}")


def nothing_left(stage: Stage) -> None:
    truth = stage.truth()
    clocks = [flow for flow in truth.flows if flow.key.dport == NTP_PORT]
    stage.check("no packet for a clock left", not clocks, f"{len(clocks)} flows")
    left = stage.left(CLOCK, ANDROID, APPLE, KINDLE) + truth.bytes_to(*stage.home.zone.public)
    stage.check("nor a byte for the checks, nor for the foreign resolver", left == 0, f"{left} bytes")
