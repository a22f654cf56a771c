"""One kind of conversation each, with real sockets. A step is a mapping, as behaviours write it: ``{tls: fw.ring.com}``.

Keys that every step knows: ``port``, ``ip`` (4 or 6), ``address`` (literal: nobody is asked), ``cached`` (an address known from
before: nobody is asked), ``resolver`` (whom to ask instead of the one the network gave), ``up``/``down`` (bytes),
``timeout_s``, ``or`` (steps to try if it fails), ``beside`` (do not wait for it).
"""

import asyncio
import errno
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import message, rtsp
from .exchange import Exchange
from .outcome import Outcome
from .stub import UnresolvedError, ask, ask_over_tcp, resolve

if TYPE_CHECKING:
    from .attacker import Attacker

Step = Mapping[str, Any]
AGAIN_S = 0.25
REFUSALS = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.EPIPE,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.EACCES,
    errno.ECONNABORTED,
    errno.EPERM,
}


@dataclass(slots=True, kw_only=True)
class World:
    """What a gadget knows of the network it is in."""

    ca: str
    known: Mapping[str, tuple[str, str]]
    """Name -> (IPv4, IPv6) addresses it remembers."""
    resolver: str = ""
    resolver6: str = ""
    kept: dict[str, Exchange] = field(default_factory=dict)
    """Connections that stay open, by the name the behaviour gave them."""
    stopping: threading.Event = field(default_factory=threading.Event)
    attacker: "Attacker | None" = None
    """Its hold on the bare cable, once it wanted one."""
    rejoin: Callable[[], object] = lambda: None
    """Ask DHCP for its lease anew, as after a restart."""

    def cable(self) -> "Attacker":
        """Its hold on the bare cable, from now on."""
        if self.attacker is None:
            from .attacker import Attacker

            self.attacker = Attacker()
        return self.attacker

    def locate(self, step: Step, name: str) -> str:
        """The address a step speaks to."""
        family = int(step.get("ip", 4))
        if "address" in step:
            return str(step["address"])
        if step.get("cached"):
            return self.known[name][family == 6]
        if name.replace(".", "").isdigit() or ":" in name:
            return name
        server = str(step.get("resolver") or self.resolver)
        return resolve(name, server=server, family=family, timeout_s=float(step.get("resolve_s", 1.5)))


def perform(step: Step, world: World) -> Outcome:
    """Do one step; whatever goes wrong is in the outcome."""
    kind = next(key for key in step if key in KINDS)
    outcome = Outcome(step=f"{kind} {step[kind]}", began=time.monotonic())
    try:
        KINDS[kind](step, world, outcome)
    except UnresolvedError as err:
        outcome.result, outcome.detail = "unresolved", str(err)
    except TimeoutError as err:
        outcome.result, outcome.detail = "timeout", str(err)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, EOFError) as err:
        outcome.result, outcome.detail = "refused", str(err)
    except OSError as err:
        outcome.result = "refused" if err.errno in REFUSALS else "failed"
        outcome.detail = str(err)
    except Exception as err:  # a gadget reports its own faults and lives on
        outcome.result, outcome.detail = "failed", f"{type(err).__name__}: {err}"
    outcome.ended = time.monotonic()
    outcome.ms = round((outcome.ended - outcome.began) * 1000, 3)
    return outcome


def _connect(step: Step, world: World, outcome: Outcome, *, port: int) -> socket.socket:
    kind = next(key for key in step if key in KINDS)
    address = world.locate(step, str(step[kind]))
    outcome.address, outcome.port = address, int(step.get("port", port))
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.settimeout(float(step.get("timeout_s", 3.0)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.monotonic()
    try:
        sock.connect((address, outcome.port))
    except BaseException:
        sock.close()
        raise
    outcome.connect_ms = round((time.monotonic() - began) * 1000, 3)
    outcome.sport = sock.getsockname()[1]
    return sock


def _converse(step: Step, world: World, outcome: Outcome, exchange: Exchange) -> None:
    """What happens on an open connection: one request, or a stream of them; kept or closed at the end."""
    try:
        up, down = int(step.get("up", 200)), int(step.get("down", 2))
        until = time.monotonic() + float(step.get("for_s", 0))
        while True:
            outcome.received_bytes += exchange.get(step["path"]) if "path" in step else exchange.post(up, down)
            outcome.sent_bytes += up
            if time.monotonic() >= until or world.stopping.wait(float(step.get("every_s", 0.05))):
                break
    except BaseException:
        exchange.close()
        raise
    if "keep" in step:
        world.kept[str(step["keep"])] = exchange
    else:
        exchange.close()


def speak_tls(step: Step, world: World, outcome: Outcome) -> None:
    """``tls: NAME``, with ``sni`` (another name, or false), ``alpn``, ``keep``, ``for_s``/``every_s``."""
    name = step.get("sni", step["tls"])
    raw = _connect(step, world, outcome, port=443)
    context = ssl.create_default_context(cafile=world.ca)
    if not name or name != step["tls"] or "address" in step:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "alpn" in step:
        context.set_alpn_protocols(list(step["alpn"]))
    try:
        sock = context.wrap_socket(raw, server_hostname=str(name) if name else None)
    except BaseException:
        raw.close()
        raise
    _converse(step, world, outcome, Exchange(sock, str(name or outcome.address)))


def speak_http(step: Step, world: World, outcome: Outcome) -> None:
    """``http: NAME``, plain."""
    _converse(step, world, outcome, Exchange(_connect(step, world, outcome, port=80), str(step["http"])))


def speak_again(step: Step, world: World, outcome: Outcome) -> None:
    """``again: KEPT``: go on with a connection kept open."""
    name = str(step["again"])
    _converse({**step, "keep": name}, world, outcome, world.kept.pop(name))


def speak_doh(step: Step, world: World, outcome: Outcome) -> None:
    """``doh: SERVER``, asking for ``name``."""
    raw = _connect(step, world, outcome, port=443)
    context = ssl.create_default_context(cafile=world.ca)
    context.check_hostname = "address" not in step
    with raw, context.wrap_socket(raw, server_hostname=str(step["doh"])) as sock:
        outcome.detail = Exchange(sock, str(step["doh"])).ask_dns(str(step["name"]))


def speak_dns(step: Step, world: World, outcome: Outcome) -> None:
    """``dns: NAME``, asking ``resolver``; ``type`` A, AAAA or HTTPS; ``tcp: true`` over a stream."""
    server = str(step.get("resolver") or world.resolver)
    kind = {"A": message.A, "AAAA": message.AAAA, "HTTPS": message.HTTPS}[str(step.get("type", "A"))]
    query = message.dns_query(str(step["dns"]), kind)
    outcome.address, outcome.port, outcome.sent_bytes = server, 53, len(query)
    if step.get("tcp"):
        answer = ask_over_tcp(query, server=server, timeout_s=float(step.get("timeout_s", 2.0)))
    else:
        answer = ask(query, server=server, timeout_s=float(step.get("timeout_s", 1.0)))
    if answer is None:
        raise TimeoutError(f"no answer from {server}")
    found = message.read_answer(answer)
    outcome.received_bytes, outcome.detail = len(answer), " ".join(found.addresses) or f"code {found.code}"
    if not found.addresses:
        raise UnresolvedError(outcome.detail)


def _datagrams(step: Step, world: World, outcome: Outcome, *, port: int) -> socket.socket:
    kind = next(key for key in step if key in KINDS)
    address = world.locate(step, str(step[kind]))
    outcome.address, outcome.port = address, int(step.get("port", port))
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if "sport" in step:
        sock.bind(("", int(step["sport"])))
    sock.connect((address, outcome.port))
    outcome.sport = sock.getsockname()[1]
    return sock


def speak_media(step: Step, world: World, outcome: Outcome) -> None:
    """``media: NAME``: STUN, then RTP, ``packets`` of ``size`` bytes at ``rate`` a second; ``stun: false`` starts blindly. With
    ``for_s`` it does not take no for an answer: it tries again for so long, or until it is stopped."""
    from .camera import send_pictures

    until = time.monotonic() + float(step.get("for_s", 0))
    while True:
        try:
            with _datagrams(step, world, outcome, port=17000) as sock:
                return send_pictures(sock, step, outcome, stopping=world.stopping)
        except OSError:
            if time.monotonic() >= until or world.stopping.wait(AGAIN_S):
                raise


def speak_udp(step: Step, world: World, outcome: Outcome) -> None:
    """``udp: NAME``: ``packets`` datagrams of ``size`` bytes, or these (``hex``); with ``answer`` it waits for one."""
    data = bytes.fromhex(str(step["hex"])) if "hex" in step else b"u" * int(step.get("size", 200))
    with _datagrams(step, world, outcome, port=9) as sock:
        for _ in range(int(step.get("packets", 1))):
            outcome.sent_bytes += sock.send(data)
            time.sleep(float(step.get("every_s", 0.01)))
        sock.settimeout(float(step.get("timeout_s", 0.5)))
        if step.get("answer"):
            outcome.received_bytes = len(sock.recv(2048))


def relay(step: Step, world: World, outcome: Outcome) -> None:
    """``relay: NAME``: for ``for_s`` it sends on to NAME's ``port`` what comes as datagrams to its own port ``sport``; with
    ``asks`` (an address) it says something there first, to its port ``at``."""
    from .relay import pass_on

    outcome.address, outcome.port = world.locate(step, str(step["relay"])), int(step.get("port", 4000))
    outcome.sport = int(step["sport"])
    source = (str(step["asks"]), int(step["at"])) if "asks" in step else None
    ends = outcome.sport, (outcome.address, outcome.port)
    outcome.received_bytes, outcome.sent_bytes = pass_on(*ends, source=source, for_s=float(step["for_s"]))


def speak_ntp(step: Step, world: World, outcome: Outcome) -> None:
    """``ntp: NAME``."""
    with _datagrams(step, world, outcome, port=123) as sock:
        sock.settimeout(float(step.get("timeout_s", 1.0)))
        outcome.sent_bytes = sock.send(message.ntp_request())
        outcome.received_bytes = len(sock.recv(512))


def announce(step: Step, world: World, outcome: Outcome) -> None:
    """``announce: SERVICE`` (``_hap._tcp``): say over mDNS that it is here, under ``name``, with the keys of ``txt``."""
    data = message.mdns_announcement(str(step["announce"]), str(step.get("name", "thing")), step.get("txt", {}))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", message.MDNS_PORT))
        outcome.sent_bytes = sock.sendto(data, (message.MDNS_GROUP, message.MDNS_PORT))


def speak_quic(step: Step, world: World, outcome: Outcome) -> None:
    """``quic: NAME``: one stream of ``up`` bytes; ``move_after_s``: then another one from another port."""
    from . import quic

    name = str(step["quic"])
    outcome.address, outcome.port = world.locate(step, name), 443
    up = int(step.get("up", 800))
    work = quic.post(outcome.address, name=name, ca=world.ca, up_bytes=up, move_after_s=step.get("move_after_s"))
    try:
        answered = asyncio.run(asyncio.wait_for(work, float(step.get("timeout_s", 1.2))))
    except ConnectionError as err:  # aioquic says so without a number, also when nobody answered in time
        raise TimeoutError(str(err)) from err
    if not answered:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "the connection was ended")
    outcome.sent_bytes = up


def speak_mqtt(step: Step, world: World, outcome: Outcome) -> None:
    """``mqtt: NAME``: connect, publish ``up`` bytes, leave."""
    from paho.mqtt import publish

    outcome.address, outcome.port = world.locate(step, str(step["mqtt"])), int(step.get("port", 1883))
    publish.single(
        str(step.get("topic", "things/state")),
        b"." * int(step.get("up", 100)),
        qos=1,
        hostname=outcome.address,
        port=outcome.port,
        client_id=str(step.get("client_id", "gadget-1")),
        tls={"ca_certs": world.ca, "insecure": True} if step.get("tls_inside") else None,
    )
    outcome.sent_bytes = int(step.get("up", 100))


def speak_rtsp(step: Step, world: World, outcome: Outcome) -> None:
    """``rtsp: ADDRESS``: watch a camera in the home."""
    with _connect(step, world, outcome, port=554) as sock:
        outcome.received_bytes = rtsp.view(sock, f"rtsp://{outcome.address}/live")


def speak_tcp(step: Step, world: World, outcome: Outcome) -> None:
    """``tcp: NAME``: raw bytes (``data``, or ``up`` dots) in pieces of ``piece`` bytes."""
    data = str(step.get("data", "." * int(step.get("up", 100)))).encode()
    piece = int(step.get("piece", len(data)))
    with _connect(step, world, outcome, port=443) as sock:
        for at in range(0, len(data), piece):
            sock.sendall(data[at : at + piece])
            outcome.sent_bytes += len(data[at : at + piece])
            time.sleep(float(step.get("every_s", 0)))
        outcome.received_bytes = len(sock.recv(2048))


def evade(step: Step, world: World, outcome: Outcome) -> None:
    """``evade: FAMILY/CASE``: a way around the curtain, with ``token`` and ``number`` of this try; ``named``: each place
    that it sends to is asked for under an allowed name first."""
    from .evasions import find
    from .evasions.case import Attempt

    attempt = Attempt(
        attacker=world.cable(),
        token=bytes.fromhex(str(step["token"])),
        number=int(step["number"]),
        known=world.known,
        resolver=world.resolver,
        named=bool(step.get("named")),
    )
    attempt.begin()
    outcome.detail = find(str(step["evade"])).play(attempt) or ""


def claim(step: Step, world: World, outcome: Outcome) -> None:
    """``claim: neighbour``: for ``for_s`` it says that it is ``address4`` and ``address6``; what comes for them is counted."""
    from .attacker import impersonate

    addresses = str(step["address4"]), str(step["address6"])
    told, outcome.received_bytes = impersonate(world.cable(), addresses, for_s=float(step.get("for_s", 1)))
    outcome.detail = f"said so {told} times"


def live(step: Step, world: World, outcome: Outcome) -> None:
    """``temper: impatient|nervous|stubborn``, wanting ``name`` for ``for_s`` seconds; all its tries are in ``detail``."""
    from . import temper

    outcome.detail = temper.live(step, world)


def need(step: Step, world: World, outcome: Outcome) -> None:
    """``need: content|dogged|clinging|faint|restless``, with a report to ``name``, a heartbeat to ``beat``, for ``for_s``."""
    from .need import live

    outcome.detail = live(step, world)


def knock(step: Step, world: World, outcome: Outcome) -> None:
    """``knock: NAME``: ``times`` tries as fast as it can, each from a new socket; with ``datagrams`` over UDP."""
    from .burst import knock as burst

    name = str(step["knock"])
    outcome.address, outcome.port = world.locate(step, name), int(step.get("port", 443))
    counts = burst(outcome.address, outcome.port, times=int(step["times"]), name=name, datagrams=bool(step.get("datagrams")))
    outcome.detail = json.dumps(counts)


def half_open(step: Step, world: World, outcome: Outcome) -> None:
    """``half_open: COUNT``: so many SYNs in ``for_s`` seconds to addresses under ``prefix``, and nothing after them."""
    from .burst import half_open as burst

    span = burst(world.cable(), int(step["half_open"]), prefix=str(step["prefix"]), for_s=float(step.get("for_s", 0)))
    outcome.detail = json.dumps(span)


def wait(step: Step, world: World, outcome: Outcome) -> None:
    """``wait: SECONDS``."""
    world.stopping.wait(float(step["wait"]))


KINDS: Mapping[str, Callable[[Step, World, Outcome], None]] = {
    "tls": speak_tls,
    "http": speak_http,
    "again": speak_again,
    "doh": speak_doh,
    "dns": speak_dns,
    "media": speak_media,
    "udp": speak_udp,
    "relay": relay,
    "ntp": speak_ntp,
    "announce": announce,
    "quic": speak_quic,
    "mqtt": speak_mqtt,
    "rtsp": speak_rtsp,
    "tcp": speak_tcp,
    "evade": evade,
    "claim": claim,
    "temper": live,
    "need": need,
    "knock": knock,
    "half_open": half_open,
    "wait": wait,
}
"""The steps a behaviour can be made of."""
