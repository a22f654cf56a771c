"""Requests and answers over an open connection, as gadgets and their clouds exchange them."""

import errno
import socket

from . import message

BODILESS = ("204", "304")
"""Statuses whose answers end with their heads (RFC 9112, section 6.3)."""


class Exchange:
    """A connection that carries requests and answers over HTTP/1.1."""

    def __init__(self, sock: socket.socket, host: str) -> None:
        self._sock = sock
        self._host = host

    def post(self, up_bytes: int, down_bytes: int) -> int:
        """Send a request of that many bytes, take the whole answer; bytes of it."""
        head = f"POST /v1 HTTP/1.1\r\nHost: {self._host}\r\nX-Want: {down_bytes}\r\nContent-Length: {up_bytes}\r\n\r\n"
        return self._send(head.encode() + b"." * up_bytes)

    def get(self, path: str) -> int:
        """Fetch something small."""
        return self._send(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())

    def ask_dns(self, name: str) -> str:
        """DNS over HTTPS (RFC 8484); the address."""
        query = message.dns_query(name, message.A, id=0)
        head = (
            f"POST /dns-query HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/dns-message\r\n"
            f"Content-Length: {len(query)}\r\n\r\n"
        )
        self._sock.sendall(head.encode() + query)
        return message.read_answer(self._body()).addresses[0]

    def _send(self, data: bytes) -> int:
        self._sock.sendall(data)
        return len(self._body())

    def _body(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").lower().split("\r\n")
        if status.split(" ")[1] in BODILESS:
            return b""
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length"))
        parts, size = [body], len(body)
        while size < length:
            parts.append(self._more())
            size += len(parts[-1])
        return b"".join(parts)

    def _more(self) -> bytes:
        data = self._sock.recv(65_536)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "closed by the other side")
        return data

    def close(self) -> None:
        """End it."""
        self._sock.close()
