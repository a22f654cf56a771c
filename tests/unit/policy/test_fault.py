import pytest

from gateway.policy.fault import Fault, in_order, shorten


@pytest.mark.parametrize(
    "fault, text",
    [
        pytest.param(
            Fault(
                file="profiles/x.yaml", line=12, column=5, path="rules.video.action", value="blok",
                message="is not an action", choices=("allow", "block"),
            ),
            'profiles/x.yaml:12:5: rules.video.action: "blok" is not an action; one of: allow, block – did you mean block?',
            id="everything",
        ),
        pytest.param(
            Fault(file="x.yaml", line=1, path="title.en", message="is missing"), "x.yaml:1: title.en: is missing", id="no value"
        ),
        pytest.param(Fault(file="x.yaml", message="the file is empty"), "x.yaml: the file is empty", id="the whole file"),
        pytest.param(
            Fault(file="x.yaml", value="permit", message="is nothing", choices=("allow",)),
            'x.yaml: "permit" is nothing; one of: allow', id="nothing near",
        ),
    ],
)  # fmt: skip
def test_text(fault: Fault, text: str) -> None:
    assert str(fault) == text


@pytest.mark.parametrize("text, short", [("a\nb\x1b[31m", "a�b�[31m"), ("x" * 61, "x" * 59 + "…"), ("short", "short")])
def test_values_are_one_printable_line(text: str, short: str) -> None:
    assert shorten(text) == short


def test_order_is_by_place_and_each_comes_once() -> None:
    faults = [Fault(file=file, line=line, message="m") for file, line in (("b", 1), ("a", 10), ("a", 9), ("a", 10))]
    assert [(fault.file, fault.line) for fault in in_order(faults)] == [("a", 9), ("a", 10), ("b", 1)]
