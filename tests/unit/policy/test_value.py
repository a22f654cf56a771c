from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.packet import TCP, UDP
from gateway.policy import value
from gateway.policy.value import Budget


@pytest.mark.parametrize(
    "parse, text, wanted",
    [
        (value.parse_duration, "30s", 30.0), (value.parse_duration, "15m", 900.0),
        (value.parse_duration, "1h", 3600.0), (value.parse_duration, "2d", 172_800.0),
        (value.parse_size, "512B", 512), (value.parse_size, "64kB", 64_000), (value.parse_size, "5MB", 5_000_000),
        (value.parse_size, "1GB", 10**9),
        (value.parse_budget, "64kB", Budget(64_000)), (value.parse_budget, "512kB/10m", Budget(512_000, 600.0)),
        (value.parse_rate, "10kB/s", 10_000),
        (value.parse_mac, "02-00-5E-10-00-AA", "02:00:5e:10:00:aa"),
        (value.parse_local_time, "2026-12-24T18:00", datetime(2026, 12, 24, 18)),
        (value.parse_name, "API.Example.com.", "api.example.com"),
        (value.parse_app, "app:stun", "stun"), (value.parse_app, "stun", ""),
        (value.parse_match, "Fw.Ring.com", "fw.ring.com"), (value.parse_match, "*.x.example.com", "*.x.example.com"),
        (value.parse_match, "alexa.example.*", "alexa.example.*"), (value.parse_match, "app:stun", "app:stun"),
        (value.parse_match, "udp/123", "udp/123"),
        (value.parse_ports, "tcp,udp/7076-7077", ((TCP, 7076), (TCP, 7077), (UDP, 7076), (UDP, 7077))),
        (value.parse_ports, "fw.ring.com", ()),
        (value.port_ranges, "udp,tcp/16500-65000", ((UDP, 16500, 65000), (TCP, 16500, 65000))),
        (value.parse_wide_ports, "udp/16500-65000", "udp/16500-65000"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_notations(parse, text: str, wanted: object) -> None:
    assert parse(text) == wanted


@pytest.mark.parametrize(
    "parse, text",
    [
        (value.parse_duration, "15"), (value.parse_duration, "0m"), (value.parse_duration, "1.5h"), (value.parse_duration, ""),
        (value.parse_size, "64KB"), (value.parse_size, "64"), (value.parse_size, "0kB"),
        (value.parse_budget, "64kB/"), (value.parse_budget, "/10m"), (value.parse_budget, "64kB/10m/1h"),
        (value.parse_rate, "10kB"), (value.parse_rate, "10kB/m"),
        (value.parse_schedule, "2-5"), (value.parse_schedule, "24:00-05:00"), (value.parse_schedule, "02:60-05:00"),
        (value.parse_schedule, "02:00-24:01"), (value.parse_schedule, "02:00-02:00"),
        (value.parse_mac, "02:00:5e:10:00"), (value.parse_mac, "02:00:5e:10:00:0g"),
        (value.parse_local_time, "tomorrow"), (value.parse_zone, "Europe/Nowhere"), (value.parse_zone, "../etc/passwd"),
        (value.parse_zone, ""),
        (value.parse_name, "a..b"), (value.parse_name, "-a.com"), (value.parse_name, "a" * 64), (value.parse_name, "a." * 130),
        (value.parse_match, "com"), (value.parse_match, "*"), (value.parse_match, "*.*"), (value.parse_match, "a b.com"),
        (value.parse_match, "*.a/b"), (value.parse_ports, "udp/0"), (value.parse_ports, "udp/70000"),
        (value.parse_ports, "udp/20-10"), (value.parse_ports, "udp/16500-65000"),
        (value.parse_wide_ports, "fw.ring.com"), (value.parse_wide_ports, "udp/0-9"),
        (value.parse_target, "10.0.0.256"), (value.parse_target, "a.com:0"), (value.parse_target, "a.com:99999"),
        (value.parse_target, "a.com:443/sctp"), (value.parse_target, ""), (value.parse_target, "*"),
        (value.parse_target, "a..com"), (value.parse_target, "[::1"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_what_is_none(parse, text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize("text", ["02:00-05:00", "22:00-06:00", "00:00-24:00", "23:59-00:00"])
def test_schedules_come_back_as_written(text: str) -> None:
    assert value.format_schedule(value.parse_schedule(text)) == text


@pytest.mark.parametrize(
    "text, suffix, wildcard, network, port, proto",
    [
        ("api.example.com", "api.example.com", False, None, 0, 0),
        ("API.example.com:443", "api.example.com", False, None, 443, 0),
        ("*.example.com:53/udp", "example.com", True, None, 53, UDP),
        ("203.0.113.7", "", False, (b"\xcb\x00\x71\x07", 32), 0, 0),
        ("203.0.113.7/24:8883/tcp", "", False, (b"\xcb\x00\x71\x00", 24), 8883, TCP),
        ("2001:db8::/32", "", False, (bytes.fromhex("20010db8") + bytes(12), 32), 0, 0),
        ("::1", "", False, (bytes(15) + b"\x01", 128), 0, 0),
        ("[2001:db8::1]", "", False, (bytes.fromhex("20010db8") + bytes(11) + b"\x01", 128), 0, 0),
        ("[2001:db8::1]:443/tcp", "", False, (bytes.fromhex("20010db8") + bytes(11) + b"\x01", 128), 443, TCP),
        ("[2001:db8::]/32:443", "", False, (bytes.fromhex("20010db8") + bytes(12), 32), 443, 0),
    ],
)
def test_targets(text: str, suffix: str, wildcard: bool, network: object, port: int, proto: int) -> None:
    target = value.parse_target(text)
    assert (target.text, target.suffix, target.wildcard) == (text, suffix, wildcard)
    assert (target.network, target.port, target.proto) == (network, port, proto)


@given(st.text(max_size=40) | st.text(alphabet="0123456789.:/[]*abcfhkmsBMtcpud-, ", max_size=30))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    for name in dir(value):
        if name.startswith("parse_"):
            try:
                getattr(value, name)(text)
            except ValueError as err:
                assert str(err)


@given(st.integers(1, 10**11), st.integers(0, 90 * 86_400))
def test_budgets_are_written_as_they_are_read(size_bytes: int, window_s: int) -> None:
    # A size has nine figures at most: what is larger is read only where it is a whole number of larger units.
    budget = Budget(size_bytes if size_bytes < 10**9 else size_bytes // 10**6 * 10**6 or 10**6, float(window_s % 999_999))
    assert value.parse_budget(value.write_budget(budget)) == budget


@given(st.integers(1, 999_999))
def test_durations_are_written_as_they_are_read(seconds: int) -> None:
    assert value.parse_duration(value.write_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "said, wanted",
    [
        (value.format_size(512_000), "512 kB"), (value.format_size(1), "1 B"), (value.format_size(0), "0 B"),
        (value.format_count(1, "flow"), "1 flow"), (value.format_count(2_000, "try", "tries"), "2,000 tries"),
        (value.format_duration(60), "1 minute"), (value.format_duration(0), "0 seconds"),
        (value.write_budget(Budget(64_000)), "64kB"), (value.write_budget(Budget(512_000, 600.0)), "512kB/10m"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_amounts_in_words(said: str, wanted: str) -> None:
    assert said == wanted
