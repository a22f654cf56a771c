import pytest

from gateway.edge.suffix import read_suffixes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("fw.ring.com", "ring.com", id="subdomain"),
        pytest.param("ring.com", "ring.com", id="itself"),
        pytest.param("a.b.example.co.uk", "example.co.uk", id="two-labels-of-suffix"),
        pytest.param("com", "", id="a-suffix"),
        pytest.param("one.s3.amazonaws.com", "one.s3.amazonaws.com", id="bucket"),
        pytest.param("two.s3.us-east-1.amazonaws.com", "two.s3.us-east-1.amazonaws.com", id="bucket-of-a-region"),
        pytest.param("d111111abcdef8.cloudfront.net", "d111111abcdef8.cloudfront.net", id="tenant"),
        pytest.param("api.gadget.example", "", id="not-on-the-list"),
        pytest.param("localhost", "", id="one-label"),
        pytest.param("203.0.113.10", "", id="literal"),
        pytest.param("", "", id="empty"),
        pytest.param("a..com", "", id="empty-label"),
        pytest.param("\\x00.com", "\\x00.com", id="odd-bytes"),
    ],
)
def test_registrable(name: str, expected: str) -> None:
    assert read_suffixes()(name) == expected


def test_what_is_memorised_is_bounded() -> None:
    registrable = read_suffixes()
    for number in range(5_000):
        registrable(f"n{number}.example.com")
    assert registrable.cache_info().currsize == 4_096  # type: ignore[attr-defined]
