"""QUIC ends of the lab, with aioquic. Nothing here, nor any process that imports it, imports Scapy (licences).

``python -m gateway.lab.quic CONFIG.json`` is the server: one UDP socket per address, echoing "ok" to every finished stream.
``post`` is the client, used inside a gadget's process.
"""

import asyncio
import json
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent, StreamDataReceived

ALPN = ["h3"]


class Server(QuicConnectionProtocol):
    """Takes what comes; answers each finished stream."""

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self._quic.send_stream_data(event.stream_id, b"ok", end_stream=True)
            self.transmit()


class Client(QuicConnectionProtocol):
    """Waits for the answer on its one stream."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def post(self, up_bytes: int) -> bool:
        """One stream, to its end; was it answered?"""
        if self.answered.done():
            self.answered = asyncio.get_running_loop().create_future()
        self._quic.send_stream_data(self._quic.get_next_available_stream_id(), b"." * up_bytes, end_stream=True)
        self.transmit()
        return await self.answered

    async def move(self) -> None:
        """Another port, and another connection id, as a device does whose network changed (RFC 9000, 9)."""
        sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=sock)
        self._quic.change_connection_id()

    def quic_event_received(self, event: QuicEvent) -> None:
        if self.answered.done():
            return
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self.answered.set_result(True)
        elif isinstance(event, ConnectionTerminated):
            self.answered.set_result(False)


async def post(address: str, *, name: str, ca: str, up_bytes: int, move_after_s: float | None = None) -> bool:
    """Send ``up_bytes`` over one stream; True if the server answered. ``OSError`` if nobody did. ``move_after_s``: then go on
    from another port, and send as much again."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=ALPN, cafile=ca, server_name=name, verify_mode=ssl.CERT_REQUIRED
    )
    async with connect(
        address, 443, configuration=configuration, create_protocol=Client, wait_connected=True
    ) as client:
        assert isinstance(client, Client)
        answered = await client.post(up_bytes)
        if move_after_s is None or not answered:
            return answered
        await asyncio.sleep(move_after_s)
        await client.move()
        return await client.post(up_bytes)


async def run(config: dict[str, Any]) -> None:
    """Serve on every address of the configuration."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=ALPN)
    while not Path(config["certificate"]).exists():  # the cloud is issuing it right now
        await asyncio.sleep(0.02)
    configuration.load_cert_chain(config["certificate"], config["certificate"])
    for address in config["addresses"]:
        await serve(address, 443, configuration=configuration, create_protocol=Server)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
