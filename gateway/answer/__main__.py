"""``python -m gateway.answer PORT``: serves until its standard input ends, which is when the gateway does.

Each line of standard input is a table of replies that takes the place of the one before it.
"""

import asyncio
import contextlib
import socket
import sys

from .privilege import drop_privileges
from .responder import MAX_CONNECTIONS, MAX_HEAD_BYTES, Responder
from .table import MAX_LINE_BYTES, parse_table


def listen(port: int) -> list[socket.socket]:
    """A socket for each family there is. OSError where the port is taken."""
    found = []
    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        try:
            bound = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # a machine without IPv6
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((everywhere, port))
        found.append(bound)
    return found


async def serve(sockets: list[socket.socket]) -> None:
    """Answer until the gateway has nothing more to say."""
    responder = Responder()
    async with contextlib.AsyncExitStack() as servers:
        for bound in sockets:
            server = await asyncio.start_server(responder.serve, sock=bound, limit=MAX_HEAD_BYTES, backlog=MAX_CONNECTIONS)
            servers.push_async_callback(_end, server)
        lines = asyncio.StreamReader(limit=MAX_LINE_BYTES)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            responder.table = parse_table(line)


async def _end(server: asyncio.Server) -> None:
    server.close()


def main(port: str) -> int:
    """Bind, give up everything else, serve."""
    sockets = listen(int(port))
    drop_privileges()
    asyncio.run(serve(sockets))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
