import pytest

from gateway.policy.target import covers, within
from gateway.policy.value import parse_target

V4, V6 = b"\xcb\x00\x71\x07", bytes.fromhex("20010db8") + bytes(11) + b"\x01"


@pytest.mark.parametrize(
    "target, name, address, port, proto, wanted",
    [
        ("example.com", "example.com", b"", 443, 6, True),
        ("example.com", "a.b.example.com", b"", 443, 6, True),
        ("example.com", "notexample.com", b"", 443, 6, False),
        ("example.com", "", b"", 443, 6, False),
        ("*.example.com", "example.com", b"", 443, 6, False),
        ("*.example.com", "a.example.com", b"", 443, 6, True),
        ("example.com:443", "example.com", b"", 443, 17, True),
        ("example.com:443", "example.com", b"", 80, 6, False),
        ("example.com:443/tcp", "example.com", b"", 443, 17, False),
        ("example.com:443/tcp", "example.com", b"", 0, 0, True),
        ("203.0.113.0/24", "example.com", V4, 443, 6, True),
        ("203.0.113.0/24:80", "", V4, 443, 6, False),
        ("203.0.114.0/24", "", V4, 443, 6, False),
        ("203.0.113.0/24", "", V6, 443, 6, False),
        ("2001:db8::/32", "", V6, 443, 6, True),
        ("0.0.0.0/0", "", V4, 443, 6, True),
        ("203.0.113.7", "", b"", 443, 6, False),
    ],
)
def test_covers(target: str, name: str, address: bytes, port: int, proto: int, wanted: bool) -> None:
    assert covers([parse_target(target)], name=name, address=address, port=port, proto=proto) is wanted


def test_any_of_several() -> None:
    targets = [parse_target("a.example.com"), parse_target("b.example.com")]
    assert covers(targets, name="b.example.com", address=b"", port=443, proto=6)
    assert not covers([], name="b.example.com", address=b"", port=443, proto=6)


@pytest.mark.parametrize("prefix, wanted", [(-1, False), (0, True), (24, True), (32, True), (33, False)])
def test_prefixes(prefix: int, wanted: bool) -> None:
    assert within(V4, V4, prefix) is wanted
