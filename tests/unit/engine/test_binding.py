from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.binding import KEPT_S, MAX_ADDRESSES, MAX_NAMES, Bindings

A, B = bytes((203, 0, 113, 1)), bytes((203, 0, 113, 2))


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


def test_names_are_forgotten_after_a_week() -> None:
    bindings = Bindings()
    bindings.add("d", (A,), "one", at=0.0)
    assert bindings.names("d", A, at=KEPT_S - 1) == ("one",)
    assert bindings.names("d", A, at=KEPT_S) == ()


def test_bounds() -> None:
    bindings = Bindings()
    for number in range(MAX_ADDRESSES + 10):
        bindings.add("d", (number.to_bytes(4, "big"),), "one", at=0.0)
    for number in range(MAX_NAMES + 3):
        bindings.add("d", (A,), f"name-{number}", at=1.0)
    dumped = bindings.dump()["d"]
    assert len(dumped) == MAX_ADDRESSES
    assert len(dumped[A.hex()]) == MAX_NAMES


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([A, B]), st.sampled_from(["x", "y", "z"])), max_size=30))
def test_dump_and_restore_are_inverse(added: list[tuple[str, bytes, str]]) -> None:
    bindings, again = Bindings(), Bindings()
    for at, (device, address, name) in enumerate(added):
        bindings.add(device, (address,), name, at=float(at))
    again.restore(bindings.dump())
    for device in "ab":
        for address in (A, B):
            assert again.names(device, address, at=99.0) == bindings.names(device, address, at=99.0)
