"""Framing of netlink messages, whatever the bytes."""

import errno
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.netlink import (
    HEAD_BYTES,
    NLM_F_ACK,
    NLMSG_ERROR,
    NetfilterSocket,
    attribute,
    error_of,
    locate,
    message,
    messages,
)


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40)), max_size=8, unique_by=lambda each: each[0]))
def test_attributes_are_found_again(written: list[tuple[int, bytes]]) -> None:
    data = message(0x300, *(attribute(kind, payload) for kind, payload in written))
    ((kind, _, at, end),) = messages(data)
    assert kind == 0x300 and end == len(data) and at + 4 == HEAD_BYTES
    found = locate(data, at + 4, end)
    assert found is not None
    assert {kind: data[start:stop] for kind, (start, stop) in found.items()} == dict(written)


def test_several_messages_of_one_read() -> None:
    data = message(1, attribute(1, b"abc")) + message(2) + message(3, attribute(1, b""))
    assert [kind for kind, *_ in messages(data)] == [1, 2, 3]
    assert [kind for kind, *_ in messages(data[:-1])] == [1, 2]


@pytest.mark.parametrize(
    "data",
    [pack("=HH", 3, 1), pack("=HH", 9, 1) + b"1234", pack("=HH", 0, 1) + b"1234"],
    ids=["shorter than its header", "longer than the message", "empty"],
)
def test_a_cut_attribute_spoils_all(data: bytes) -> None:
    assert locate(attribute(7, b"x") + data, 0, 8 + len(data)) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_to_an_end(data: bytes) -> None:
    for _, _, at, end in messages(data):
        locate(data, at, end)
        error_of(data, at, end)


def test_an_error_without_a_number_is_a_bad_message() -> None:
    assert error_of(b"\0", 0, 1) == errno.EBADMSG
    assert error_of(pack("=i", -errno.EPERM), 0, 4) == errno.EPERM


@pytest.fixture
def wire() -> NetfilterSocket:
    return NetfilterSocket(receive_buffer_bytes=1 << 16)


def test_a_refused_request_names_what_was_wanted(wire: NetfilterSocket) -> None:
    with wire, pytest.raises(OSError, match="speak nonsense"):
        wire.request(message(0xFFFF, flags=NLM_F_ACK), "speak nonsense")


def test_only_errors_end_a_request() -> None:
    answers = [message(0x300), message(NLMSG_ERROR)[:16] + pack("=i", 0)]
    answers[1] = pack("=I", len(answers[1])) + answers[1][4:]
    wire = NetfilterSocket(receive_buffer_bytes=1 << 16)
    with wire:
        wire._socket.close()
        wire._socket = Spoken(answers)  # type: ignore[assignment]
        wire.request(b"", "anything")
    assert answers == []


class Spoken:
    """A socket that says what it was told to."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, size: int) -> bytes:
        return self.answers.pop(0)

    def close(self) -> None:
        pass
