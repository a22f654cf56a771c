"""``netcurtain forget``: who is meant, what is said before, what the files hold afterwards, and what the gateway is asked."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.support.scripted_gateway import Refusal, ScriptedGateway, scripted

BELL, PHONE, NEW, LONG_AGO = (f"02:00:5e:10:00:{number}" for number in ("09", "aa", "04", "77"))
HOUSEHOLD = f"""\
# Our home.
version: 1
owners:
  anna: {{devices: [phone]}}
devices:
  hall: {{mac: "{BELL}", profile: ring-doorbell}}   # the bell
  phone: {{mac: "{PHONE}", trusted: true}}
"""
SEEN = [{"mac": mac, "id": name, "hostname": said} for mac, name, said in ((BELL, "hall", "Ring"), (NEW, NEW, "box\x1b[1m"))]


class Home:
    """The household's folder, and a gateway that does what it is asked, or something else."""

    def __init__(self, folder: Path) -> None:
        self.policies, self.socket = folder / "policies", folder / "control.sock"
        self.policies.mkdir()
        self.file = self.policies / "household.yaml"
        self.file.write_text(HOUSEHOLD)
        self.outcome = "forgotten"
        self.gateway: ScriptedGateway | None = None

    def forget(self, args: Any) -> dict[str, Any]:
        assert self.gateway is not None
        self.gateway.tell("forgetting", mac=args["device"], what="waiting")
        self.gateway.tell("forgetting", mac="02:00:5e:10:00:99", what="forgotten")
        self.gateway.tell("forgetting", mac=args["device"], what=self.outcome)
        return {"mac": args["device"], "remaining_s": 0.0}

    def run(self, *words: str, said: str = "") -> Result:
        where = ("--policies", str(self.policies), "--control", str(self.socket))
        return CliRunner().invoke(main, ["forget", *words, *where], input=said)

    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        assert self.gateway is not None
        return [(one.do, dict(one.args)) for one in self.gateway.asked if one.do in ("forget", "keep")]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    with scripted(home.socket, devices=lambda _: SEEN, forget=home.forget, keep=lambda args: {}) as home.gateway:
        yield home


def without(*lines: str) -> str:
    kept = [line for line in HOUSEHOLD.splitlines(keepends=True) if not any(one in line for one in lines)]
    return "".join(kept)


@pytest.mark.parametrize("named", ["hall", BELL, BELL.upper(), "Ring"], ids=["name", "address", "in capitals", "calls itself"])
def test_it_is_gone(home: Home, named: str) -> None:
    result = home.run(named, "--yes")
    assert (result.exit_code, result.output) == (0, "hall is forgotten\n")
    assert home.file.read_text() == without("hall:")
    assert home.asked() == [("forget", {"device": BELL, "seconds": 0})]


def test_what_is_said_before_and_no_means_no(home: Home) -> None:
    result = home.run("phone", said="n\n")
    assert result.exit_code == 1 and "nothing was changed" in result.output
    says = ("-  phone: {mac:", "+  anna: {devices: []}", "the last phone of an owner")
    for part in (f"phone ({PHONE}) is to be forgotten", *says):
        assert part in result.output
    assert home.file.read_text() == HOUSEHOLD and home.asked() == []
    result = home.run("phone", said="y\n")
    assert result.exit_code == 0 and home.file.read_text() == without("phone:").replace("[phone]", "[]")


@pytest.mark.parametrize("mac", [NEW, LONG_AGO], ids=["no file names it", "it was here long ago"])
def test_one_that_no_file_names(home: Home, mac: str) -> None:
    result = home.run(mac, "--yes", "--json")
    assert json.loads(result.output) == {"device": mac, "mac": mac, "files": [], "outcome": "forgotten"}
    assert home.file.read_text() == HOUSEHOLD and home.asked() == [("forget", {"device": mac, "seconds": 0})]


def test_the_gateway_keeps_what_another_file_names(home: Home) -> None:
    home.outcome = "kept"
    result = home.run("hall", "--yes")
    assert result.exit_code == 1 and "still names it" in result.output


WRONG: list[tuple[str, tuple[str, ...], int, str]] = [
    ("nobody", ("nobody", "--yes"), 1, f"no device is called 'nobody'; there are: {NEW}, hall, phone"),
    ("JSON without yes", ("hall", "--json"), 2, "give --yes, too"),
    ("nothing", (), 2, "Missing argument"),
]


@pytest.mark.parametrize(("words", "code", "says"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_wrong_words_lose_nothing(home: Home, words: tuple[str, ...], code: int, says: str) -> None:
    result = home.run(*words)
    assert (result.exit_code, says in result.output) == (code, True), result.output
    assert home.file.read_text() == HOUSEHOLD and home.asked() == []


def test_two_that_call_themselves_alike(home: Home) -> None:
    assert home.gateway is not None
    home.gateway.answers["devices"] = lambda _: [row | {"hostname": "box"} for row in SEEN]
    result = home.run("box", "--yes")
    assert result.exit_code == 1 and "2 devices call themselves 'box'" in result.output


def fault(home: Home) -> None:
    home.file.write_text("version: [")


def refusing(home: Home) -> None:
    def refuse(args: Any) -> None:
        raise Refusal("too-many", "64 devices are being forgotten already")

    assert home.gateway is not None
    home.gateway.answers["forget"] = refuse


def away(home: Home) -> None:
    assert home.gateway is not None
    home.gateway.close()


@pytest.mark.parametrize(
    ("trouble", "says"),
    [(fault, "household.yaml"), (refusing, "being forgotten already"), (away, "not running")],
    ids=["a fault in the files", "the gateway refuses", "no gateway"],
)
def test_what_cannot_be_done_changes_nothing(home: Home, trouble: Callable[[Home], None], says: str) -> None:
    trouble(home)
    before = home.file.read_text()
    result = home.run("hall", "--yes")
    assert result.exit_code == 1 and says in result.output
    assert home.file.read_text() == before


def test_a_file_that_cannot_be_written_is_told_and_the_device_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gateway.household.replace_text", refused)
    result = home.run("hall", "--yes")
    assert result.exit_code == 1 and "No space left" in result.output and "nothing was changed" in result.output
    assert [do for do, _ in home.asked()] == ["forget", "keep"] and home.file.read_text() == HOUSEHOLD
