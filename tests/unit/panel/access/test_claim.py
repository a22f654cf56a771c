"""First contact and login links: valid once, for a while, whichever process made them."""

import os
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.panel.access.claim import LINK_S, MAX_LINKS, MAX_TICKETS, TICKET_S, Claim
from tests.support.clocks import Clock


@pytest.fixture
def wall() -> Clock:
    return Clock()


@pytest.fixture
def mono() -> Clock:
    return Clock(100.0)


@pytest.fixture
def claim(tmp_path: Path, wall: Clock, mono: Clock) -> Claim:
    return Claim(tmp_path / "panel-links", wall=wall, mono=mono)


def test_a_link_is_valid_once(claim: Claim, tmp_path: Path) -> None:
    token = claim.new_link()
    assert claim.is_valid(token)
    assert claim.is_valid(token), "looking does not use it up"
    assert claim.use(token)
    assert not claim.is_valid(token)
    assert not claim.use(token)
    assert token not in str(list(tmp_path.rglob("*")))


def test_only_one_of_many_gets_in(claim: Claim) -> None:
    token = claim.new_link()
    barrier, got = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        got.append(claim.use(token))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


def test_a_link_of_another_process_is_good_too(claim: Claim, tmp_path: Path, wall: Clock, mono: Clock) -> None:
    token = Claim(tmp_path / "panel-links", wall=wall, mono=mono).new_link()
    assert claim.use(token)


@pytest.mark.parametrize("seconds", [LINK_S + 1, -LINK_S - 1])
def test_a_link_ends_however_the_clock_is_set(claim: Claim, wall: Clock, seconds: float) -> None:
    token = claim.new_link()
    wall.pass_by(seconds)
    assert not claim.is_valid(token)
    assert not claim.use(token)


@pytest.mark.parametrize("token", ["", "x", "../panel.json", "A" * 43, "é" * 43, "A" * 5_000])
def test_what_is_no_link_opens_nothing(claim: Claim, token: str) -> None:
    claim.new_link()
    assert not claim.is_valid(token)
    assert not claim.use(token)


def test_old_links_and_too_many_make_room(claim: Claim, tmp_path: Path, wall: Clock) -> None:
    tokens = []
    for _ in range(MAX_LINKS + 3):
        tokens.append(claim.new_link())
        wall.pass_by(1)
    assert len(list((tmp_path / "panel-links").iterdir())) == MAX_LINKS
    assert [claim.is_valid(token) for token in tokens] == [False] * 3 + [True] * MAX_LINKS
    wall.pass_by(2 * LINK_S)
    claim.new_link()
    assert len(list((tmp_path / "panel-links").iterdir())) == 1


def test_links_are_void_after_a_change_of_password(claim: Claim) -> None:
    token = claim.new_link()
    claim.drop_links()
    assert not claim.use(token)


def test_the_folder_is_for_nobody_else(claim: Claim, tmp_path: Path) -> None:
    claim.new_link()
    assert (tmp_path / "panel-links").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a link for somebody else")
def test_root_makes_a_link_with_the_panels_rights(wall: Clock, mono: Clock) -> None:
    """Else whoever has taken the panel over could point the folder elsewhere, and be given that."""
    with TemporaryDirectory(prefix="netcurtain-") as folder:  # whose path nobody is kept from
        _try_as_root(Path(folder), Claim(Path(folder) / "state/panel-links", wall=wall, mono=mono))


def _try_as_root(folder: Path, claim: Claim) -> None:
    folder.chmod(0o755)
    (folder / "state").mkdir()
    os.chown(folder / "state", 65_534, 65_534)
    made = folder / "state/panel-links"
    token = claim.new_link()
    assert {(path.stat().st_uid, path.stat().st_gid) for path in (made, *made.iterdir())} == {(65_534, 65_534)}
    assert (os.geteuid(), os.getegid()) == (0, 0)
    assert claim.use(token)
    made.rmdir()
    treasure = folder / "treasure"
    treasure.mkdir(mode=0o755)
    made.symlink_to(treasure)
    with pytest.raises(PermissionError):
        claim.new_link()
    assert treasure.stat().st_uid == 0 and not list(treasure.iterdir())
    assert os.geteuid() == 0


def test_other_files_in_the_folder_stay(claim: Claim, tmp_path: Path) -> None:
    claim.new_link()
    (tmp_path / "panel-links/note.txt").write_text("mine")
    claim.drop_links()
    assert [path.name for path in (tmp_path / "panel-links").iterdir()] == ["note.txt"]


def test_a_ticket_lasts_a_while_and_is_one_visitors(claim: Claim, mono: Clock) -> None:
    claim.give_ticket("mine")
    assert claim.has_ticket("mine")
    assert not claim.has_ticket("yours")
    assert not claim.has_ticket("")
    mono.pass_by(TICKET_S)
    assert not claim.has_ticket("mine")
    for number in range(3 * MAX_TICKETS):
        claim.give_ticket(str(number))
    assert len(claim._tickets) == MAX_TICKETS
    claim.take_tickets()
    assert not claim.has_ticket("1")
