"""The internet's servers, in one process: ``python -m gateway.lab.cloud CONFIG.json``.

HTTP, HTTPS with a certificate for whatever name the hello asks for, DNS over HTTPS, TLS and plain, STUN and RTP relays, NTP.
Prints one line once everything listens.
"""

import asyncio
import json
import re
import socket
import ssl
import sys
from functools import cache
from pathlib import Path
from typing import Any, cast

from . import message
from .certificate import Authority
from .topology import SWALLOWING_PORT
from .zone import Zone, load_zone

HTTPS_PORTS = (443, 5223, 5671, 6012, 8084, 9543, 9998, 9999)
"""443, and where Apple's push, Honeywell, Shelly, Arlo, Nest and Ring speak TLS as well."""
MEDIA_PORTS = (3478, 17000, 36000)
COMMAND_PORT = 8053
"""Where Xiaomi's devices send their datagrams."""
MAX_DATAGRAM_BYTES = 1232
HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
BODY_LIMIT_BYTES = 64_000_000
STUB = b"<html>81ce4465-7167-4dcb-835b-dcc9e44c112a created with Netcurtain's lab</html>\n"


class Cloud:
    """What every server of the lab's internet knows."""

    def __init__(self, zone: Zone, authority: Authority) -> None:
        self.zone = zone
        self.authority = authority

    def resolve(self, query: bytes) -> bytes:
        """An answer from the zone; NXDOMAIN for what is not in it."""
        question = message.read_question(query)
        host = self.zone.find(question.name)
        if host is None:
            return message.dns_answer(query, (), code=message.NXDOMAIN)
        known = question.kind in (message.A, message.AAAA)
        addresses = self.zone.answer(host, six=question.kind == message.AAAA) if known else ()
        return message.dns_answer(query, addresses, ttl_s=host.ttl_s)

    def server_context(self) -> ssl.SSLContext:
        """Picks the certificate by server name, as a content network does."""
        default = self._context("nameless.example")

        def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name and HOST.fullmatch(name):
                connection.context = by_name(name)

        by_name = cache(self._context)
        default.sni_callback = choose
        return default

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.issue(name))
        return context

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """HTTP/1.1 with keep-alive; ``X-Want`` says how much the answer should weigh."""
        try:
            while request := await _read_request(reader):
                path, headers, body = request
                writer.write(self._respond(path, headers, body))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ValueError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _respond(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        kind = "application/octet-stream"
        if path.startswith("/dns-query"):
            kind, content = "application/dns-message", self.resolve(body)
        elif path.endswith("wifistub-eink.html"):
            kind, content = "text/html", STUB
        else:
            content = b"." * min(int(headers.get("x-want", "2")), BODY_LIMIT_BYTES)
        return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content

    async def swallow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take what comes, and say nothing."""
        try:
            while await reader.read(65_536):
                pass
        except OSError:
            pass
        finally:
            writer.close()

    async def serve_dns(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """DNS over a stream (TCP, or TLS)."""
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(2))
                answer = self.resolve(await reader.readexactly(length))
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes] | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines if line)}
    left = min(int(headers.get("content-length", "0")), BODY_LIMIT_BYTES)
    keep = left <= 4096
    parts = []
    while left:
        chunk = await reader.read(min(left, 65_536))
        if not chunk:
            return None
        left -= len(chunk)
        if keep:
            parts.append(chunk)
    return first.split(" ")[1], headers, b"".join(parts)


class Datagrams(asyncio.DatagramProtocol):
    """A UDP server whose answer is a function of the datagram."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        try:
            answer = self.answer(data, addr)
        except (ValueError, IndexError, UnicodeDecodeError, OSError):
            return
        if answer:
            self.transport.sendto(answer, addr)

    def answer(self, data: bytes, addr: tuple[Any, ...]) -> bytes | None:
        """What to say to this."""
        return None


class DnsServer(Datagrams):
    """Resolver."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def answer(self, data: bytes, addr: tuple[Any, ...]) -> bytes | None:
        answer = self._cloud.resolve(data)
        return answer if len(answer) <= MAX_DATAGRAM_BYTES else message.dns_truncated(data)


class MediaServer(Datagrams):
    """STUN, and a relay that reports on every 25th RTP packet."""

    def __init__(self) -> None:
        self._seen = 0

    def answer(self, data: bytes, addr: tuple[Any, ...]) -> bytes | None:
        if message.is_stun(data):
            return message.stun_response(data, addr[0], addr[1])
        self._seen += 1
        return message.rtcp_report(data) if self._seen % 25 == 0 and len(data) >= 12 else None


class TimeServer(Datagrams):
    """NTP."""

    def answer(self, data: bytes, addr: tuple[Any, ...]) -> bytes | None:
        return message.ntp_response(data) if len(data) >= 48 else None


async def serve(config: dict[str, Any]) -> None:
    """Open every server, say so, and stay."""
    zone = load_zone()
    cloud = Cloud(zone, _authority(config))
    secure = cloud.server_context()
    for port in HTTPS_PORTS:
        await asyncio.start_server(cloud.serve_http, port=port, ssl=secure, backlog=4096)
    await asyncio.start_server(cloud.serve_dns, port=853, ssl=secure)
    await asyncio.start_server(cloud.serve_http, port=80, backlog=4096)
    await asyncio.start_server(cloud.serve_dns, port=53)
    await asyncio.start_server(cloud.swallow, port=SWALLOWING_PORT)
    loop = asyncio.get_running_loop()
    for resolver in (zone.resolver4, zone.resolver6, *zone.public):
        await loop.create_datagram_endpoint(lambda: DnsServer(cloud), (resolver, 53))
    for host in zone.offering("media"):
        for address in (host.address4, host.address6):
            for port in MEDIA_PORTS:
                await loop.create_datagram_endpoint(MediaServer, (address, port))
    for host in zone.offering("commands"):
        for address in (host.address4, host.address6):
            await loop.create_datagram_endpoint(Datagrams, (address, COMMAND_PORT))
    for address in zone.lonely.values():
        await loop.create_datagram_endpoint(MediaServer, (address, MEDIA_PORTS[-1]))
    for host in zone.offering("ntp"):
        for address in (host.address4, host.address6):
            await loop.create_datagram_endpoint(TimeServer, (address, 123))
    print("ready", flush=True)
    await asyncio.Event().wait()


def _authority(config: dict[str, Any]) -> Authority:
    """The CA of this run; certificates for the other servers are issued here too."""
    authority = Authority(Path(config["folder"]))
    for names in config["certificates"]:
        authority.issue(*names)
    return authority


def main() -> None:
    """Entry of the process."""
    socket.setdefaulttimeout(None)
    asyncio.run(serve(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
