"""Serving: HTTP and HTTPS in one event loop, and how much anybody may take of it.

Who is slow holds nothing but a connection: heads and bodies have ``WAIT_S``, a reader that takes nothing ``STUCK_S``.
Connections are bounded for each address and as a whole; where all are taken, the one that has been idle longest makes room.
Not counted are handshakes of TLS (they have ``HANDSHAKE_S``), nor is anybody at a loopback address.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from anyio import to_thread
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import heap
from .authority import Authority
from .listening import BACKLOG

log = logging.getLogger("netcurtain.panel")
MAX_CONNECTIONS = 256
MAX_PER_ADDRESS = 48
THREADS = 8
"""Pages are made by so many at a time: more only take memory, since one interpreter runs them."""
WAIT_S = 20.0
"""For the next request's head, or the rest of its body."""
STUCK_S = 30.0
KEEP_ALIVE_S = 15
HANDSHAKE_S = 5.0
GRACE_S = 0.4
"""For answers under way, at the end; event streams would go on for ever."""
SWEEP_TICKS = 10
TRIM_TICKS = 20
RENEW_TICKS = 36_000
"""uvicorn ticks ten times a second: a look at the connections each second, at the certificate each hour."""


class Connection(H11Protocol):
    """One connection, which has only so much time."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._since = self.loop.time()
        self._stuck_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody came: one too many of an address leaves at once, one too many in all takes the place of an idle one."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        mine = sum(one.client is not None and one.client[0] == peer for one in others)
        if mine >= MAX_PER_ADDRESS and not ip_address(peer.partition("%")[0]).is_loopback:
            transport.abort()
        elif len(others) >= MAX_CONNECTIONS:
            idle = [one for one in others if one.is_waiting]
            (min(idle, key=lambda one: one._since) if idle else self).transport.abort()

    @property
    def is_waiting(self) -> bool:
        """For a request, or for the rest of one."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def sweep(self, now: float) -> None:
        """Leave whom we have waited for too long."""
        late = self.is_waiting and now - self._since > WAIT_S
        if late or (self._stuck_since is not None and now - self._stuck_since > STUCK_S):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """A piece of a request: its time counts from its first piece on."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._since = self.loop.time()

    def on_response_complete(self) -> None:
        """The next request has its time from now on."""
        self._since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The reader takes nothing."""
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._stuck_since = None
        super().resume_writing()


class PanelServer(Server):
    """uvicorn with a second kind of socket, and an end that waits for nobody."""

    def __init__(
        self, app: Any, secure: Iterable[socket.socket], authority: Authority | None, watch: Callable[[], bool]
    ) -> None:
        """``authority``: None where nothing is served over HTTPS; ``watch``: asked each second, True ends the server."""
        config = Config(
            app, http=Connection, ws="none", loop="asyncio", log_config=None, access_log=False, proxy_headers=False,
            server_header=False, timeout_keep_alive=KEEP_ALIVE_S, backlog=BACKLOG,
        )  # fmt: skip
        super().__init__(config)
        self._secure = tuple(secure)
        self._authority = authority
        self._watch = watch
        self._renewal: asyncio.Task[None] | None = None
        self.ended_by_itself = False
        """Nobody told it to: the application did not come up, or ``watch`` said so."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """The plain sockets are uvicorn's business."""
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        heap.keep_what_is_loaded()
        await super().startup(sockets=sockets or [])
        if self._authority is None or not self._secure:
            return
        context = self._authority.context
        loop = asyncio.get_running_loop()
        for one in self._secure:
            server = await loop.create_server(
                self._connection, sock=one, ssl=context, backlog=BACKLOG, ssl_handshake_timeout=HANDSHAKE_S
            )
            self.servers.append(server)

    def _connection(self) -> Connection:
        return Connection(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; True ends the server."""
        if counter % SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for one in list(self.server_state.connections):
                if isinstance(one, Connection):
                    one.sweep(now)
            self.ended_by_itself = not self.should_exit and self._watch()
            self.should_exit = self.should_exit or self.ended_by_itself
        if counter % TRIM_TICKS == 0:
            heap.give_back()
        if counter % RENEW_TICKS == RENEW_TICKS - 1 and self._authority is not None:
            self._renewal = asyncio.create_task(self._renew(self._authority))
        return await super().on_tick(counter)

    @staticmethod
    async def _renew(authority: Authority) -> None:
        """Signing takes a moment, in which pages go on; what the loop serves with is changed by the loop."""
        try:
            if await to_thread.run_sync(authority.renew):
                authority.show()
        except OSError as err:
            log.error("the certificate cannot be renewed: %s", err)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers under way have a moment; streams and whoever else is there are left."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it calls each cancelled stream an error
        for server in self.servers:
            server.close()
        for one in list(self.server_state.connections):
            one.shutdown()
        if tasks := set(self.server_state.tasks):
            _, late = await asyncio.wait(tasks, timeout=GRACE_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=GRACE_S / 4)
        for one in list(self.server_state.connections):
            if one.transport is not None:
                one.transport.abort()
        await self.lifespan.shutdown()
