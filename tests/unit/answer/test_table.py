"""What is said to which request, from one process to the other."""

import pytest

from gateway.answer.table import MAX_LINE_BYTES, dump_table, parse_table
from gateway.model.assessment import FixedReply
from gateway.policy import load

REPLIES = [
    FixedReply(host="a.example", path="/ok", status=200, content_type="text/plain", body="fine\n"),
    FixedReply(host="a.example", path="/generate_204", status=204),
]


def test_replies_arrive_as_they_were_in_one_line() -> None:
    line = dump_table(REPLIES)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert parse_table(line) == {("a.example", "/ok"): REPLIES[0], ("a.example", "/generate_204"): REPLIES[1]}


def test_what_is_shipped_fits_into_a_line() -> None:
    policy = load().policy
    assert policy is not None
    line = dump_table(reply for found in policy.catalogue.replies.values() for reply in found)
    assert 0 < len(parse_table(line)) and len(line) < MAX_LINE_BYTES // 8


@pytest.mark.parametrize("line", [b"", b"\n", b"7", b"[7]", b"[[1,2]]", b'{"a":1}', b"\xff"], ids=str)
def test_what_is_no_table(line: bytes) -> None:
    with pytest.raises(ValueError):
        parse_table(line)
