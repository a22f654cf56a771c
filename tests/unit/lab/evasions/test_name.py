import pytest

from gateway.lab.evasions.name import LONGEST, TOO_LONG, _fill, dtls
from gateway.lab.hello import client_hello
from gateway.model.packet import UDP
from gateway.wire import FlowReader
from tests.support.packets import udp


def test_dtls_hello_names_its_server() -> None:
    reader = FlowReader(UDP, 5684)
    facts = reader.feed(udp(dtls(client_hello("bad.rogue.example", padding=100)), dport=5684), 0)
    assert facts is not None
    assert (facts.app_proto, [name.text for name in facts.names]) == ("dtls", ["bad.rogue.example"])


@pytest.mark.parametrize("size", [100, 253, LONGEST])
def test_long_names_have_their_length_and_labels_of_63_at_most(size: int) -> None:
    name = _fill(size, ".good.example")
    assert len(name) == size
    assert name.endswith(".good.example")
    assert all(0 < len(label) < 64 for label in name.split("."))


def test_too_long_name_looks_allowed_where_it_is_cut() -> None:
    assert TOO_LONG[:LONGEST].endswith(".good.rogue.example")
    assert TOO_LONG.endswith(".bad.rogue.example")
