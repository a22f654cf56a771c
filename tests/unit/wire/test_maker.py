"""Who addresses are registered to. Facts of the IEEE's registry, as Scapy ships it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.maker import is_registered, registered_maker


@pytest.mark.parametrize(
    "address, maker",
    [
        pytest.param("00:00:0c:12:34:56", "Cisco Systems, Inc", id="an address"),
        pytest.param("00:00:0c", "Cisco Systems, Inc", id="a prefix"),
        pytest.param("02:00:5e:10:00:01", "", id="made up by its device"),
        pytest.param("01:00:5e:00:00:fb", "", id="a group"),
        pytest.param("00:00:0C", "", id="not as addresses are written here"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_makers(address: str, maker: str) -> None:
    assert registered_maker(address).partition(" Inc")[0] == maker.partition(" Inc")[0]
    assert is_registered(address) == bool(maker)


@pytest.mark.parametrize("address", ["00:1b:c5:00:01:23", "fc:d2:b6:a1:22:33"], ids=["36 bits", "28 bits"])
def test_blocks_smaller_than_a_prefix(address: str) -> None:
    """The prefix itself belongs to the registry."""
    assert registered_maker(address) != registered_maker(address[:8])
    assert registered_maker(address) and "IEEE" not in registered_maker(address)


@given(st.text(max_size=20) | st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":")))
def test_any_text(address: str) -> None:
    assert not registered_maker(address) or is_registered(address)
