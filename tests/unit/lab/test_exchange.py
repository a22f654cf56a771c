"""Requests and answers over an open connection."""

import socket

import pytest

from gateway.lab.exchange import Exchange


@pytest.mark.parametrize(
    ("answer", "received"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 5),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 0),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", 0),
    ],
    ids=["whole", "no content", "not modified"],
)
def test_answers(answer: bytes, received: int) -> None:
    near, far = socket.socketpair()
    with far:
        far.sendall(answer)
        exchange = Exchange(near, "a.example")
        assert exchange.get("/") == received
        exchange.close()


def test_an_answer_that_breaks_off_is_a_reset() -> None:
    near, far = socket.socketpair()
    with far:
        far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
        far.shutdown(socket.SHUT_WR)
        exchange = Exchange(near, "a.example")
        with pytest.raises(ConnectionResetError):
            exchange.get("/")
        exchange.close()
