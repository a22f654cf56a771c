import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine import binding
from gateway.engine.binding import KEPT_S, MAX_ADDRESSES, MAX_DEVICES, MAX_KNOWN_NAMES, MAX_NAMES, Bindings

A, B = bytes((203, 0, 113, 1)), bytes((203, 0, 113, 2))


def last_two_labels(name: str) -> str:
    labels = name.split(".")
    return ".".join(labels[-2:]) if len(labels) > 2 else ""


def test_latest_name_comes_first() -> None:
    bindings = Bindings()
    for at, name in enumerate(["one", "two", "one"]):
        bindings.add("d", (A,), name, at=float(at))
    assert bindings.names("d", A, at=3.0) == ("one", "two")


def test_names_are_of_one_device_and_address() -> None:
    bindings = Bindings()
    bindings.add("d", (A,), "one", at=0.0)
    assert bindings.names("other", A, at=1.0) == ()
    assert bindings.names("d", B, at=1.0) == ()


def test_addresses_of_some_names_since_then() -> None:
    bindings = Bindings()
    bindings.add("d", (A, B), "one", at=0.0)
    bindings.add("d", (B,), "two", at=5.0)
    assert bindings.addresses("d", {"two", "three"}, since=0.0) == (B,)
    assert bindings.addresses("d", {"one"}, since=0.0) == bindings.addresses("d", {"one", "two"}, since=0.0) == (A, B)
    assert bindings.addresses("d", {"one", "two"}, since=5.0) == (B,)
    assert bindings.addresses("other", {"one"}, since=0.0) == bindings.addresses("d", (), since=0.0) == ()


def test_names_are_forgotten_after_a_week() -> None:
    bindings = Bindings()
    bindings.add("d", (A,), "one", at=0.0)
    assert bindings.names("d", A, at=KEPT_S - 1) == ("one",) and bindings.vouched("one", A, at=KEPT_S - 1)
    assert bindings.names("d", A, at=KEPT_S) == () and not bindings.vouched("one", A, at=KEPT_S)


@pytest.mark.parametrize(
    ("name", "address", "vouched"),
    [
        pytest.param("fw.ring.com", A, True, id="exact"),
        pytest.param("es.ring.com", A, True, id="sibling"),
        pytest.param("ring.com", A, False, id="the list says nothing of it"),
        pytest.param("fw.ring.com", B, False, id="elsewhere"),
        pytest.param("fw.ring.org", A, False, id="another owner"),
        pytest.param("", A, False, id="empty"),
    ],
)
def test_another_device_vouches(name: str, address: bytes, vouched: bool) -> None:
    bindings = Bindings(last_two_labels)
    bindings.add("d", (A,), "fw.ring.com", at=0.0)
    assert bindings.vouched(name, address, at=1.0) is vouched


def test_without_a_list_nobody_has_siblings() -> None:
    bindings = Bindings()
    bindings.add("d", (A,), "fw.ring.com", at=0.0)
    assert bindings.vouched("fw.ring.com", A, at=1.0) and not bindings.vouched("es.ring.com", A, at=1.0)


def test_an_old_sibling_vouches_no_more() -> None:
    bindings = Bindings(last_two_labels)
    bindings.add("d", (A,), "fw.ring.com", at=0.0)
    assert bindings.vouched("es.ring.com", A, at=KEPT_S - 1) and not bindings.vouched("es.ring.com", A, at=KEPT_S)


def test_what_the_gateway_learnt_vouches_and_is_no_devices_name() -> None:
    bindings = Bindings()
    bindings.learn("fw.ring.com", (A, B), at=0.0)
    assert bindings.vouched("fw.ring.com", B, at=1.0)
    assert bindings.names("d", A, at=1.0) == () == bindings.names("", A, at=1.0)


def test_bounds_of_one_device() -> None:
    bindings = Bindings()
    for number in range(MAX_ADDRESSES + 10):
        bindings.add("d", (number.to_bytes(4, "big"),), "one", at=0.0)
    for number in range(MAX_NAMES + 3):
        bindings.add("d", (A,), f"name-{number}", at=1.0)
    dumped = bindings.dump(at=1.0)["d"]
    assert len(dumped) == len(bindings) == MAX_ADDRESSES
    assert len(dumped[A.hex()]) == MAX_NAMES


def test_bounds_of_the_view_over_all() -> None:
    bindings = Bindings()
    for number in range(MAX_KNOWN_NAMES + 1):
        bindings.add(f"d{number}", (A,), f"name-{number}", at=1.0 + number)
    assert not bindings.vouched("name-0", A, at=20.0) and bindings.vouched("name-1", A, at=20.0)


def test_devices_are_bounded() -> None:
    bindings = Bindings()
    for number in range(MAX_DEVICES + 5):
        bindings.add(f"d{number}", (A,), "one", at=0.0)
    assert len(bindings) == MAX_DEVICES
    assert bindings.vouched("one", A, at=1.0)
    assert bindings.names("d4", A, at=1.0) == () and bindings.names("d5", A, at=1.0) == ("one",)


def test_who_holds_most_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "MAX_ROWS", 10)
    bindings = Bindings()
    bindings.add("modest", (A,), "one", at=0.0)
    for number in range(30):
        bindings.add("greedy", (number.to_bytes(4, "big"),), "one", at=0.0)
    assert len(bindings) == 10 and bindings.names("modest", A, at=1.0) == ("one",)
    assert bindings.vouched("one", A, at=1.0) and bindings.vouched("one", (29).to_bytes(4, "big"), at=1.0)
    assert not bindings.vouched("one", (0).to_bytes(4, "big"), at=1.0)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(0, 9), st.sampled_from(["v", "w", "x", "y", "z"])), max_size=80
    )
)
def test_the_view_over_all_is_bounded_with_what_it_shows(added: list[tuple[str, int, str]]) -> None:
    """Whatever was told to whom: nobody is vouched for who was not, and what is kept for a device vouches for the latest."""
    with pytest.MonkeyPatch.context() as patch:
        for bound, number in {"MAX_ROWS": 12, "MAX_ADDRESSES": 5, "MAX_NAMES": 2, "MAX_DEVICES": 3}.items():
            patch.setattr(binding, bound, number)
        bindings, told = Bindings(), set()
        for at, (device, number, name) in enumerate(added):
            bindings.add(device, (bytes((number,)),), name, at=float(at))
            told.add((bytes((number,)), name))
            assert bindings.vouched(name, bytes((number,)), at=float(at))
        rows = [(address, name) for table in bindings._devices.values() for address, names in table.items() for name in names]
        view = [(address, name) for address, names in bindings._known.items() for name in names]
        assert len(bindings) == len({(id(table), address) for table in bindings._devices.values() for address in table}) <= 12
        assert set(view) <= set(rows) <= told and all(bindings._known.values())


def test_restored_bindings_age_on_whatever_the_new_clock_says() -> None:
    before, after = Bindings(), Bindings()
    before.add("d", (A,), "old", at=1_000_000.0)
    before.add("d", (B,), "young", at=1_000_000.0 + KEPT_S - 100)
    after.restore(json.loads(json.dumps(before.dump(at=1_000_000.0 + KEPT_S - 10))), at=5.0)
    assert after.names("d", A, at=14.0) == ("old",) and after.names("d", A, at=16.0) == ()
    assert after.vouched("young", B, at=16.0) and not after.vouched("old", A, at=16.0)


def test_what_is_too_old_is_neither_told_nor_taken() -> None:
    bindings = Bindings()
    bindings.add("d", (A,), "one", at=0.0)
    assert bindings.dump(at=KEPT_S) == {"d": {}}
    bindings.restore({"e": {A.hex(): {"one": 1_790_000_000.0}}}, at=0.0)
    assert bindings.names("e", A, at=0.0) == ()


def test_a_restored_binding_makes_no_newer_one_older() -> None:
    bindings = Bindings()
    bindings.restore({"d": {A.hex(): {"one": 10}}, "e": {A.hex(): {"one": KEPT_S - 10}}}, at=0.0)
    assert bindings.vouched("one", A, at=100.0)


def test_what_is_new_is_due_when_it_rested_and_is_a_tenth() -> None:
    bindings = Bindings()
    assert not bindings.due(at=0.0)
    for number in range(100):
        bindings.add("d", (number.to_bytes(4, "big"),), "one", at=float(number))
    assert bindings.changed_at == 0.0 and not bindings.due(at=29.0) and bindings.due(at=30.0)
    bindings.dump(at=100.0)
    assert bindings.changed_at is None and not bindings.due(at=1_000.0)
    bindings.add("d", (A,), "one", at=200.0)
    bindings.add("d", ((1).to_bytes(4, "big"),), "one", at=200.0)  # known before: nothing new
    assert bindings.changed_at == 200.0 and not bindings.due(at=1_000.0)
    bindings.add("d", tuple((number + 1_000).to_bytes(4, "big") for number in range(20)), "one", at=300.0)
    assert bindings.due(at=1_000.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([A, B]), st.sampled_from(["x", "y", "z"])), max_size=30))
def test_dump_and_restore_are_inverse(added: list[tuple[str, bytes, str]]) -> None:
    bindings, again = Bindings(), Bindings()
    for at, (device, address, name) in enumerate(added):
        bindings.add(device, (address,), name, at=float(at))
    again.restore(bindings.dump(at=50.0), at=7.0)
    for address in (A, B):
        for device in "ab":
            assert again.names(device, address, at=9.0) == bindings.names(device, address, at=99.0)
        for name in "xyz":
            assert again.vouched(name, address, at=9.0) == bindings.vouched(name, address, at=99.0)
    assert len(again) == len(bindings) and again.changed_at is None
