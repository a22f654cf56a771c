"""A process that is to run as long as we do."""

import sys
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.edge import child as module
from gateway.edge.child import Child

ECHO = "import sys\nfor line in sys.stdin: print(line, end='', file=sys.stderr, flush=True)"


@pytest.fixture
def make() -> Iterator[Callable[[str], Child]]:
    made: list[Child] = []

    def start(script: str) -> Child:
        made.append(Child("the test", (sys.executable, "-c", script)))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        one.stop()


def watch_until(child: Child, holds: Callable[[list[str], bool], bool], timeout_s: float = 15.0) -> tuple[list[str], bool]:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        problems, started = child.watch()
        if holds(problems, started):
            return problems, started
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


def test_it_takes_what_it_is_told(make: Callable[[str], Child]) -> None:
    child = make(ECHO)
    assert child.pid is not None
    assert child.write(b"hello\n")
    watch_until(child, lambda *_: "hello" in child._trace._said)
    child.stop()
    assert child.pid is None
    assert not child.write(b"more\n")
    assert child.watch() == ([], False)


def test_it_is_started_again_and_its_last_words_are_told(make: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BACKOFF_S", 0.05)
    child = make("raise SystemExit('no table')")
    problems, _ = watch_until(child, lambda problems, _: bool(problems))
    assert problems == ["the test ended (status 1): no table; it starts again in 0 s"]
    assert watch_until(child, lambda _, started: started) == ([], True)


def test_it_is_started_later_each_time(make: Callable[[str], Child]) -> None:
    child = make("raise SystemExit(1)")
    assert [child._trace._retry(0.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_one_that_hangs_takes_nothing_more(make: Callable[[str], Child]) -> None:
    child = make("import time; time.sleep(60)")
    taken = 0
    while child.write(bytes(1 << 14)):
        taken += 1
        assert taken < 1_000
    pid = child.pid
    child.kill()
    watch_until(child, lambda problems, _: bool(problems) and "status -9" in problems[0])
    assert pid is not None


def test_a_program_that_is_not_there_is_a_problem() -> None:
    child = Child("the test", ("/does/not/exist",))
    child.start()
    problems, started = child.watch()
    assert not started and "cannot be started" in problems[0]
    child.stop()
