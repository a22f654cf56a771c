import os

import pytest

from gateway.lab.evasions.dns import PADDING, _coded, _worded, labels, link_local, option, query, text
from gateway.wire import parse_dns


@pytest.mark.parametrize(
    ("data", "records"),
    [
        pytest.param(query(labels("a.example")), 0, id="plain"),
        pytest.param(query(labels("a.example"), counts=(1, 0, 0, 1)) + option(PADDING, b"letter"), 0, id="option"),
        pytest.param(query(labels("a.example"), counts=(1, 0, 1, 0)) + text(b"letter"), 0, id="authority"),
    ],
)
def test_gateway_reads_them_as_queries(data: bytes, records: int) -> None:
    message = parse_dns(data)
    assert message is not None and message.question is not None
    assert (message.question.name, message.whole, len(message.answers)) == ("a.example", True, records)


def test_option_is_edns() -> None:
    message = parse_dns(query(labels("a.example"), counts=(1, 0, 0, 1)) + option(PADDING, bytes(20)))
    assert message is not None and message.edns_bytes == 1232


def test_tunnel_names_differ_and_are_names() -> None:
    token = os.urandom(8)
    for names in (list(_coded(token)), list(_worded(token))):
        assert len(set(names)) > len(names) * 0.9
        assert all(len(name) < 200 and all(0 < len(label) < 64 for label in name.split(".")) for name in names)


def test_link_local() -> None:
    assert link_local("02:00:5e:77:00:01") == "fe80::5eff:fe77:1"
