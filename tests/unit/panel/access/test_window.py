"""The time in which a box may be claimed: once after each power-on, however often the panel starts."""

from pathlib import Path

import pytest

from gateway.panel.access.window import LENGTH_S, Window
from tests.support.clocks import Clock


@pytest.fixture
def mono() -> Clock:
    return Clock(100.0)


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    file = tmp_path / "boot_id"
    file.write_text("first\n")
    return file


def test_it_closes(tmp_path: Path, mono: Clock) -> None:
    window = Window(tmp_path / "window", mono=mono)
    assert window.left_s == LENGTH_S
    mono.pass_by(LENGTH_S - 1)
    assert window.left_s == 1
    mono.pass_by(10)
    assert window.left_s == 0


def test_who_makes_the_panel_crash_gains_no_time(tmp_path: Path, mono: Clock, boot: Path) -> None:
    Window(tmp_path / "window", mono=mono, boot=boot)
    mono.pass_by(600)
    assert Window(tmp_path / "window", mono=mono, boot=boot).left_s == LENGTH_S - 600


def test_switched_off_and_on_it_begins_anew(tmp_path: Path, mono: Clock, boot: Path) -> None:
    Window(tmp_path / "window", mono=mono, boot=boot)
    mono.pass_by(2 * LENGTH_S)
    boot.write_text("second\n")
    assert Window(tmp_path / "window", mono=mono, boot=boot).left_s == LENGTH_S


def test_without_a_window_nobody_may(tmp_path: Path, mono: Clock) -> None:
    assert Window(tmp_path / "window", length_s=0, mono=mono).left_s == 0


@pytest.mark.parametrize("kept", ["", "7", "[]", "{}", '{"boot": "first"}', '{"boot": "first", "began": null}', "\x00é"])
def test_a_file_that_says_nothing_is_one_of_another_start(tmp_path: Path, mono: Clock, boot: Path, kept: str) -> None:
    (tmp_path / "window").write_text(kept)
    assert Window(tmp_path / "window", mono=mono, boot=boot).left_s == LENGTH_S
    mono.pass_by(60)
    assert Window(tmp_path / "window", mono=mono, boot=boot).left_s == LENGTH_S - 60


def test_a_beginning_that_is_still_to_come_gives_no_more_than_its_length(tmp_path: Path, mono: Clock, boot: Path) -> None:
    (tmp_path / "window").write_text('{"boot": "first", "began": 1e9}')
    assert Window(tmp_path / "window", mono=mono, boot=boot).left_s == LENGTH_S


def test_a_card_that_cannot_be_written_does_not_keep_the_household_out(tmp_path: Path, mono: Clock) -> None:
    assert Window(tmp_path / "nowhere" / "window", mono=mono).left_s == LENGTH_S
