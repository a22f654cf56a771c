"""Options of a SYN: what systems send, and what only somebody with something to say does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import TCP

from gateway.wire.option import are_plain

MSS, SACK_OK, SCALE = b"\2\4\5\xb4", b"\4\2", b"\3\3\7"
TIMES = b"\x08\x0a" + bytes(range(8))
LINUX = MSS + SACK_OK + TIMES + b"\1" + SCALE
CASES = [
    pytest.param(b"", True, id="none"),
    pytest.param(MSS, True, id="segment-size"),
    pytest.param(LINUX, True, id="linux"),
    pytest.param(b"\1\1" + SACK_OK, True, id="padded"),
    pytest.param(MSS + b"\0\0\0\0", True, id="ended"),
    pytest.param(MSS + b"\0abc", False, id="behind-the-end"),
    pytest.param(b"\xfd\x06abcd", False, id="experimental"),
    pytest.param(b"\x22\x06cook", False, id="fast-open"),
    pytest.param(MSS + MSS, False, id="twice"),
    pytest.param(b"\2\6\5\xb4ab", False, id="too-long"),
    pytest.param(TIMES[:6], False, id="cut"),
    pytest.param(b"\2", False, id="no-length"),
]


@pytest.mark.parametrize(("options", "plain"), CASES)
def test_options(options: bytes, plain: bool) -> None:
    assert are_plain(options) is plain


@given(st.binary(max_size=40))
def test_whatever_is_plain_holds_nothing_else(options: bytes) -> None:
    if are_plain(options):
        words = (20 + len(options) + 3) // 4
        segment = TCP(bytes(TCP())[:12] + bytes((words << 4, 2)) + bytes(6) + options)
        assert {name for name, _ in segment.options} <= {"MSS", "NOP", "WScale", "SAckOK", "Timestamp", "EOL"}
