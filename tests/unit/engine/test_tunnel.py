"""How much a device may say in names."""

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.tunnel import (
    CODED_BYTES,
    DEVICE_BYTES,
    DEVICE_QUESTIONS,
    DOMAIN_BYTES,
    REPEATS,
    REPEATS_PER_S,
    WINDOW_S,
    Tunnels,
    domain_of,
    entropy,
    looks_coded,
)
from gateway.policy import load
from gateway.ruleset.budget import NEWCOMERS

DEVICE = "02:00:5e:10:00:01"
RANDOM = random.Random(1)


def of_home() -> Tunnels:
    """Those of a home whose files name one device."""
    return Tunnels(lambda device: device == DEVICE)


def said(names: list[str], *, tunnels: Tunnels | None = None, at: float = 0.0) -> tuple[int, int]:
    """(Questions that passed, bytes of labels before the domain in them)."""
    tunnels = tunnels or of_home()
    passed = [name for name in names if not tunnels.take(DEVICE, name, name.encode(), at=at)]
    return len(passed), sum(len(name) - len(domain_of(name)) - 1 for name in set(passed))


def coded(length: int, count: int, domain: str = "t.example.com") -> list[str]:
    """Names as tunnels write them: base32 in labels of at most 60 bytes."""
    found = []
    for _ in range(count):
        text = base64.b32encode(RANDOM.randbytes(length)).decode().lower().rstrip("=")[:length]
        found.append(".".join([*(text[at : at + 60] for at in range(0, length, 60)), domain]))
    return found


def test_every_name_of_the_catalogue_may_be_asked_by_one_device_in_one_hour() -> None:
    policy = load().policy
    assert policy is not None
    names = sorted({row.match for rows in policy.catalogue.names.values() for row in rows})
    assert len(names) > 600
    assert said(names)[0] == len(names)


ORDINARY = [
    pytest.param([f"198-51-100-{n}.acct1029.prod.rms.ring.devices.a2z.com" for n in range(40)], id="a relay a viewing"),
    pytest.param([f"a{n:013x}k-ats.iot.eu-west-1.amazonaws.com" for n in range(10)], id="endpoints of IoT clouds"),
    pytest.param([f"d{n:013x}.cloudfront.net" for n in range(60)], id="distributions"),
    pytest.param([f"m-{n:08x}.kinesisvideo.eu-west-1.amazonaws.com" for n in range(40)], id="a media endpoint a viewing"),
    pytest.param([f"{n}.pool.ntp.org" for n in range(4)] * 100, id="the same few again and again"),
    pytest.param([f"{n}.0.77.10.in-addr.arpa" for n in range(254)], id="who is who in the home"),
    pytest.param(["api.example.com"] * 5_000, id="one name, very often"),
]


@pytest.mark.parametrize("names", ORDINARY)
def test_ordinary_gadgets_never_meet_a_bound(names: list[str]) -> None:
    assert said(names)[0] == len(names)


@pytest.mark.parametrize(
    ("names", "bound"),
    [
        pytest.param(coded(220, 200), CODED_BYTES, id="iodine: 220 bytes a question"),
        pytest.param(coded(58, 500), CODED_BYTES, id="dnscat2: one long label"),
        pytest.param([n.replace("t.example", RANDOM.choice("abcd")) for n in coded(30, 500)], 4 * CODED_BYTES, id="four ways"),
        pytest.param([f"{RANDOM.choice('abc')}{n:04}.example.com" for n in range(3_000)], DOMAIN_BYTES, id="short labels"),
        pytest.param(
            [f"{'.'.join(RANDOM.choices(['warm', 'blue', 'tree', 'lake', 'bird'], k=8))}.example.com" for _ in range(500)],
            DOMAIN_BYTES,
            id="words",
        ),
    ],
)
def test_tunnels_are_cut(names: list[str], bound: int) -> None:
    passed, size = said(names)
    assert passed < len(names)
    assert bound - 300 <= size <= bound


def test_many_domains_do_not_help() -> None:
    names = [name for number in range(200) for name in coded(220, 5, f"d{number}.com")]
    assert said(names)[1] <= DEVICE_BYTES


def test_nor_do_many_short_names() -> None:
    assert said([f"{number}.d{number % 300}.com" for number in range(3_000)])[0] <= DEVICE_QUESTIONS


def test_what_was_asked_before_passes_although_nothing_new_does() -> None:
    tunnels = of_home()
    assert said(["api.example.com"], tunnels=tunnels)[0] == 1
    names = coded(220, 50)
    assert said(names, tunnels=tunnels)[0] < len(names)
    assert said(["api.example.com"], tunnels=tunnels)[0] == 1
    assert said(coded(30, 5, "other.org"), tunnels=tunnels)[0] == 5
    assert said(names[-5:], tunnels=tunnels, at=WINDOW_S)[0] == 4


def test_spellings_of_one_name_cost_a_bit_a_letter_and_two_bytes() -> None:
    tunnels, name = of_home(), "api.example.com"
    spelt = ["".join(RANDOM.choice((letter, letter.upper())) for letter in name).encode() for _ in range(4_000)]
    passed = {spelling for spelling in spelt if not tunnels.take(DEVICE, name, spelling, at=0.0)}
    assert len(passed) == 1 + CODED_BYTES // 4  # the first one is the name itself


def test_so_do_types() -> None:
    tunnels, name = of_home(), "api.example.com"
    passed = [n for n in range(4_000) if not tunnels.take(DEVICE, name, name.encode() + n.to_bytes(2), at=0.0)]
    assert len(passed) == 1 + CODED_BYTES // 4


def test_a_question_that_our_resolver_remembers_may_be_asked_for_ever() -> None:
    tunnels = of_home()
    assert tunnels.may_repeat(DEVICE, b"q", remembered=True, at=0.0), "it is new"
    tunnels.take(DEVICE, "q.example.com", b"q", at=0.0)
    tunnels.settle(DEVICE, b"q", at=0.0)
    assert all(tunnels.may_repeat(DEVICE, b"q", remembered=True, at=0.0) for _ in range(10_000))


@pytest.mark.parametrize(("settled", "remembered"), [(False, True), (True, False)], ids=["no answer", "not remembered"])
def test_others_go_on_once_a_second(settled: bool, remembered: bool) -> None:
    tunnels = of_home()
    for number in range(100):
        tunnels.take(DEVICE, f"{number}.example.com", bytes([number]), at=0.0)
        if settled:
            tunnels.settle(DEVICE, bytes([number]), at=0.0)
    passed = sum(
        tunnels.may_repeat(DEVICE, bytes([number % 100]), remembered=remembered, at=number / 10) for number in range(6_000)
    )
    assert passed == REPEATS + 599 * REPEATS_PER_S
    assert tunnels.may_repeat(DEVICE, b"something new", remembered=False, at=599.9)


def test_what_was_never_asked_is_not_settled() -> None:
    tunnels = of_home()
    tunnels.settle(DEVICE, b"q", at=0.0)
    tunnels.take(DEVICE, "q.example.com", b"q", at=0.0)
    passed = sum(tunnels.may_repeat(DEVICE, b"q", remembered=True, at=0.0) for _ in range(1_000))
    assert passed == REPEATS


def test_devices_do_not_pay_for_each_other() -> None:
    tunnels = of_home()
    assert said(coded(220, 50), tunnels=tunnels)[0] < 50
    assert tunnels.take("another", "x.example.com", b"x", at=0.0) == ""
    for number in range(600):
        tunnels.take(str(number), "x.example.com", b"x", at=0.0)
    assert said(coded(220, 4), tunnels=tunnels)[0] == 0, "however many others there are, its hour goes on"


def test_what_one_newcomer_has_asked_is_nothing_new_from_another() -> None:
    tunnels = of_home()
    names = coded(220, 4)
    for number in range(200):
        assert all(tunnels.take(str(number), name, name.encode(), at=0.0) == "" for name in names)
    tunnels.settle("1", names[0].encode(), at=0.0)
    assert all(tunnels.may_repeat("1", names[0].encode(), remembered=True, at=0.0) for _ in range(1_000))
    assert all(tunnels.may_repeat("2", names[0].encode(), remembered=True, at=0.0) for _ in range(int(REPEATS)))


def test_a_new_hardware_address_for_every_name_gains_a_few_devices_worth() -> None:
    tunnels = of_home()
    names = coded(220, 6 * 64)
    refused = [tunnels.take(str(number % 64), name, name.encode(), at=0.0) for number, name in enumerate(names)]
    size = sum(len(name) - len(domain_of(name)) - 1 for name, why in zip(names, refused, strict=True) if not why)
    assert NEWCOMERS * CODED_BYTES - 300 <= size <= NEWCOMERS * CODED_BYTES
    assert refused[-1].startswith(f"more than {NEWCOMERS * CODED_BYTES} bytes that look like code in names of example.com")
    assert "nobody has named" in refused[-1]
    assert said(coded(220, 4), tunnels=tunnels)[0] == 4, "whom a file names has its own"


def test_nor_do_repeats() -> None:
    tunnels = of_home()
    for device in map(str, range(64)):
        tunnels.take(device, "q.example.com", b"q", at=0.0)
    passed = sum(tunnels.may_repeat(str(number % 64), b"q", remembered=False, at=0.0) for number in range(64 * 100))
    assert passed == NEWCOMERS * REPEATS


@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 600.0),
            st.integers(0, 90),
            st.integers(1, 25),
            st.sampled_from([4, 30, 180]),
            st.sampled_from(["one.com", "two.com", "a.b.three.org"]),
        ),
        max_size=16,
    )
)
def test_any_number_of_newcomers_in_any_order_say_no_more_than_is_stated(
    steps: list[tuple[float, int, int, int, str]],
) -> None:
    """Within the hour of their first question: ``steps`` are (pause, first device, how many devices, length, domain)."""
    tunnels, now, random_ = of_home(), 0.0, random.Random(2)
    seen: dict[str, int] = {}
    count = 0
    for pause, first, devices, length, domain in steps:
        now = min(now + pause, WINDOW_S - 1.0)
        for device in range(first, first + devices):
            for _ in range(5):
                name = ".".join([*_labels(random_.randbytes(length).hex()[:length]), domain])
                if not tunnels.take(str(device), name, name.encode(), at=now):
                    prefix = name[: -len(domain_of(name)) - 1]
                    seen[domain_of(name)] = seen.get(domain_of(name), 0) + (len(prefix) if looks_coded(prefix) else 0)
                    count += 1
    assert all(size <= NEWCOMERS * CODED_BYTES for size in seen.values())
    assert count <= NEWCOMERS * DEVICE_QUESTIONS


def _labels(text: str) -> list[str]:
    return [text[at : at + 60] for at in range(0, len(text), 60)]


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("fw.ring.com", "ring.com"), ("ring.com", "ring.com"), ("com", "com"), ("", ""), ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"), ("a.b.c.de", "c.de"), ("x.com.cn", "x.com.cn"),
    ],
)  # fmt: skip
def test_domain_of(name: str, domain: str) -> None:
    assert domain_of(name) == domain


@pytest.mark.parametrize(
    ("prefix", "is_coded"),
    [
        ("", False), ("fw", False), ("avs-alexa-14-na", False), ("device-metrics-us-2", False), ("api", False),
        ("oahugfzbn2gk3pqrs7xw", True), ("a" * 40, True), ("www.oahugfzbn2gk3pqrs7xw", True),
    ],
)  # fmt: skip
def test_looks_coded(prefix: str, is_coded: bool) -> None:
    assert looks_coded(prefix) is is_coded


def test_entropy() -> None:
    assert (entropy("aaaa"), entropy("abab"), entropy("abcd")) == (0.0, 1.0, 2.0)
