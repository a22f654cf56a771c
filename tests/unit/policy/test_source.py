import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.source import MAX_BYTES, read_source


def read(text: str):
    found = read_source("x.yaml", text.encode())
    assert found.source is not None, found.faults
    return found.source


def test_places_of_keys_and_values() -> None:
    source = read("version: 1\nrules:\n  video: {action: block,\n    when: never}\nlist: [a, {b: 2}]\n")
    assert source.place(("rules", "video", "when")) == (4, 11)
    assert source.place(("rules", "video", "when"), key=True) == (4, 5)
    assert source.place(("list", 1, "b")) == (5, 15)
    assert source.line("rules", "video") == 3
    assert source.place(("rules", "voice")) == (3, 3), "what is missing stands where it would"
    assert source.place(()) == (1, 1)


@pytest.mark.parametrize(
    "text, value",
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("12:30", "12:30"),
        ("02:00-05:00", "02:00-05:00"),
        ("2026-12-24", "2026-12-24"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("0x10", "0x10"),
        ("02:00:5e:10:00:01", "02:00:5e:10:00:01"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = read(f"key: {text}\n").root.plain()["key"]
    assert found == value and type(found) is type(value)


def test_small_aliases_are_written_out() -> None:
    assert read("a: &a [1, 2]\nb: *a\n").root.plain() == {"a": [1, 2], "b": [1, 2]}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    "data, line, message",
    [
        pytest.param(b"", 0, "empty", id="empty"),
        pytest.param(b"# nothing\n", 0, "empty", id="comment only"),
        pytest.param(b"x: " + b"y" * MAX_BYTES, 0, "larger", id="large"),
        pytest.param(b"a: 1\nb: \xff\n", 2, "UTF-8", id="not UTF-8"),
        pytest.param(b"a:\n\tb: 1\n", 2, "tab", id="tab"),
        pytest.param(b"a: [1\nb: }\n", 2, "not YAML", id="not YAML"),
        pytest.param(b"a: 'x\n", 2, "not YAML", id="open quote"),
        pytest.param(b"a: 1\n---\nb: 1\n", 2, "second document", id="two documents"),
        pytest.param(b"a: 1\nb: 2\na: 3\n", 3, "stands twice; first in line 1", id="duplicate key"),
        pytest.param(b"a: !!python/object:os.system {}\n", 1, "tag", id="tag"),
        pytest.param(b"a: !mine 1\n", 1, "tag", id="own tag"),
        pytest.param(b"a: *nothing\n", 1, "names nothing", id="alias of nothing"),
        pytest.param(b"a: &a [*a]\n", 1, "names nothing", id="alias of itself"),
        pytest.param(b"? [a]\n: 1\n", 1, "plain text", id="a list as a key"),
        pytest.param(BOMB.encode(), 6, "more than 200000 values", id="alias bomb"),
        pytest.param(b"a: &a 1\nb: [" + b"*a, " * 101 + b"]\n", 2, "aliases", id="many aliases"),
        pytest.param(b"a: " + b"[" * 50_000, 1, "deeper", id="deep"),
        pytest.param(b"\x00\x01", 0, "not YAML", id="control characters"),
    ],
)
def test_text_faults(data: bytes, line: int, message: str) -> None:
    faults = read_source("x.yaml", data).faults
    assert [fault.line for fault in faults][:1] == [line] or line == 0
    assert message in str(faults[0])


def test_a_tree_is_there_beside_small_faults() -> None:
    found = read_source("x.yaml", b"a: 1\na: 2\n")
    assert found.source is not None and len(found.faults) == 1


@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"\n #?,1%@", max_size=60).map(str.encode))
def test_any_bytes_are_a_tree_or_faults(data: bytes) -> None:
    found = read_source("x.yaml", data)
    assert found.source is not None or found.faults
    if found.source is not None:
        found.source.root.plain()
