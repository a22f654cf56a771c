"""The panel as an operator would start it, on the gateway's machine; the phone is one that nobody has told the gateway of."""

import socket
import subprocess
import sys
import time
from pathlib import Path

from ..panel import LabPanel, open_outside
from ..scenario import Stage
from ..topology import CURTAIN4, CURTAIN6, GATEWAY_HOST, OLD4

PROMISE = (
    "A new box answers a phone of the curtain that nobody trusts yet, for 15 minutes at most or until somebody claims it; then "
    "that phone alone, and no gadget. It offers nothing else meanwhile, and the kernel ends it even if everybody else has died."
)
LONG = True
ACTORS = ("guests-phone", "plain-plug")
PHONE, GADGET = ACTORS
PHONE_ID = "02:00:5e:10:00:bb"
WINDOW_S, SLACK_S = 8, 1.5
OPEN = {80, 443}
PORTS = (22, 53, 80, 443, 853, 1883, 5353, 8080, 8443, 8453, 8480)
"""What a shell, a resolver, a second web server and the gateway's own answers would have."""
PLACES = (CURTAIN4.format(1), CURTAIN6.format(1), OLD4.format(GATEWAY_HOST))
PASSWORD = "four+plain+words+joined"


def prepare(policies: Path) -> None:
    """The phone is a stranger, as on the day on which the box came."""
    file = policies / "household.yaml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if PHONE not in line), encoding="utf-8")


def play(stage: Stage) -> None:
    with open_outside() as outside:
        curtain = stage.home.curtain
        panel = LabPanel(
            stage.home.machines["gateway"], control=curtain.control, policies=curtain.policies, state=curtain.state,
            outside=outside, settings={"NETCURTAIN_PANEL_FIRST_CONTACT_S": str(WINDOW_S)},
        )  # fmt: skip
        stage.check("before there is a panel, nobody reaches anything", not reached(stage, PHONE), reached(stage, PHONE))
        try:
            until_its_end(stage, panel)
            until_claimed(stage, panel)
        finally:
            panel.stop()


def until_its_end(stage: Stage, panel: LabPanel) -> None:
    """Nobody claims it, and both processes die in between."""
    began = time.monotonic()
    panel.start()
    took = stage.until(lambda: reached(stage, PHONE) == OPEN, timeout_s=WINDOW_S)
    stage.check("a phone that nobody trusts reaches the panel, by HTTP and HTTPS", took < WINDOW_S, f"after {took:.1f} s")
    for name in ACTORS:
        found = [reached(stage, name, place) for place in PLACES]
        stage.check(f"{name}: that and nothing else, by any address of the box", all(one == OPEN for one in found), found)
    status = speak(stage, PHONE, "GET", "/welcome")
    stage.check("what it gets is the first page of a new box", status == 200, status)
    stage.home.curtain.stop(kill=True)
    panel.kill()
    listener = serve_in_its_place(stage)
    stage.check("both are killed, and who listens there is reached", 80 in reached(stage, PHONE), reached(stage, PHONE))
    ended = stage.until(lambda: not reached(stage, PHONE), timeout_s=2 * WINDOW_S)
    after = time.monotonic() - began
    in_time = ended < 2 * WINDOW_S and after < WINDOW_S + SLACK_S
    stage.check("the kernel ends it in time by itself", in_time, f"after {after:.1f} s")
    listener.kill()
    listener.wait()
    stage.home.curtain.start()
    stage.home.curtain.await_ready()
    panel.start()
    stage.until(lambda: speak(stage, "", "GET", "/welcome") == 403)
    later = [speak(stage, "", "GET", "/welcome"), reached(stage, PHONE), reached(stage, GADGET)]
    stage.check("nor does a restart of both begin it anew", later == [403, set(), set()], later)
    panel.stop()


def until_claimed(stage: Stage, panel: LabPanel) -> None:
    """Switched off and on (for the panel: another start of the machine): the phone claims the box while a gadget looks on."""
    (stage.home.curtain.state / "panel" / "panel-window").unlink()
    stage.home.curtain.stop()
    stage.home.curtain.start()
    stage.home.curtain.await_ready()
    panel.start()
    stage.until(lambda: reached(stage, GADGET) == OPEN, timeout_s=WINDOW_S)
    before = reached(stage, GADGET)
    with stage.home.machines[GADGET].entered():
        held = socket.create_connection((PLACES[0], 80), timeout=1.0)
    claimed = claim(stage)
    stage.check("the phone claims the box", claimed == "/welcome/phone", claimed)
    seen = f"{before}, then {reached(stage, GADGET)}"
    stage.check("from then on a gadget reaches nothing", before == OPEN and not reached(stage, GADGET), seen)
    with held:
        stage.check("not even on a connection that was open", not answers(held), "asked for the login page on it")
    stage.check("the phone goes on with its first run", reached(stage, PHONE) == OPEN, reached(stage, PHONE))
    stage.edit("household.yaml", "devices:\n", f'devices:\n  new-phone: {{mac: "{PHONE_ID}", trusted: true}}\n')
    took = stage.until(lambda: _is_trusted(stage), timeout_s=3.0)
    stage.check("which trusts it, and so it stays", took < 3.0 and OPEN <= reached(stage, PHONE), f"{took:.1f} s")


def _is_trusted(stage: Stage) -> bool:
    return any(one["mac"] == PHONE_ID and one["trusted"] for one in stage.home.ask("devices"))


def reached(stage: Stage, actor: str, place: str = PLACES[0]) -> set[int]:
    """The ports of the gateway where somebody answers a connection of this actor."""
    found = set()
    with stage.home.machines[actor].entered():
        for port in PORTS:
            try:
                socket.create_connection((place, port), timeout=0.3).close()
            except OSError:
                continue
            found.add(port)
    return found


def speak(stage: Stage, actor: str, method: str, path: str) -> int:
    """The status of one request; 0 where nothing comes."""
    from http.client import HTTPConnection

    with stage.home.machines[actor or "gateway"].entered():
        connection = HTTPConnection(PLACES[0], timeout=2.0)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


def claim(stage: Stage) -> str:
    """Fill in the first page as a browser does; where it leads."""
    from http.client import HTTPConnection
    from re import search
    from urllib.parse import urlencode

    with stage.home.machines[PHONE].entered():
        connection = HTTPConnection(PLACES[0], timeout=5.0)
        connection.request("GET", "/welcome")
        page = connection.getresponse()
        text, cookie = page.read().decode(), (page.getheader("set-cookie") or "").partition(";")[0]
        field = search(r'name="(\w+)" value="([^"]+)"', text)
        form = urlencode({**({field[1]: field[2]} if field else {}), "password": PASSWORD})
        headers = {"content-type": "application/x-www-form-urlencoded", "cookie": cookie, "origin": f"http://{PLACES[0]}"}
        connection.request("POST", "/welcome", body=form, headers=headers)
        return connection.getresponse().getheader("location") or ""


def answers(held: socket.socket) -> bool:
    """Is what is asked on this connection answered?"""
    try:
        held.sendall(f"GET /login HTTP/1.1\r\nHost: {PLACES[0]}\r\n\r\n".encode())
        return bool(held.recv(1))
    except OSError:
        return False


def serve_in_its_place(stage: Stage) -> "subprocess.Popen[bytes]":
    """Somebody who listens at the panel's port: whether packets get there shows only so."""
    listener = stage.home.machines["gateway"].spawn(
        [sys.executable, "-c", _LISTEN, PLACES[0]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert listener.stdout is not None
    listener.stdout.readline()
    return listener


_LISTEN = """\
import socket, sys
with socket.create_server((sys.argv[1], 80)) as listener:
    print("ready", flush=True)
    while True:
        listener.accept()[0].close()
"""
