import json
from pathlib import Path

from click.testing import CliRunner, Result

from gateway.cli import main
from tests.support.fake_gateway import BOX, NEWCOMER


def devices(socket: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["devices", *words, "--control", str(socket)])


def test_people_read_who_is_there(socket_path: Path) -> None:
    result = devices(socket_path)
    assert result.exit_code == 0 and "\x1b" not in result.output
    for text in ("02:00:5e:10:00:01", "ring-doorbell", "Ring-\N{REPLACEMENT CHARACTER}[31mabc"):
        assert text in result.output


def test_people_read_what_the_others_look_like_and_why(socket_path: Path) -> None:
    text = devices(socket_path).output
    for part in (
        "set-up (12m 34s left)", "philips-hue hue-bridge 0.96", "ring 0.62?", f"{NEWCOMER} is probably philips-hue:",
        "  calls itself “Philips-hue”: philips-hue hue-bridge (seen)", f"netcurtain confirm {NEWCOMER}    makes it hue-bridge",
        f"{BOX} is not sure, but looks like ring:",
    ):  # fmt: skip
        assert part in text
    assert f"confirm {BOX}" not in text


def test_programs_read_the_same(socket_path: Path) -> None:
    rows = json.loads(devices(socket_path, "--json").output)
    guess = {row["mac"]: row.get("guess") for row in rows}[NEWCOMER]
    assert (guess["vendor"], guess["profile"], guess["confidence"], guess["sure"]) == ("philips-hue", "hue-bridge", 0.96, True)


def test_without_a_gateway_it_says_what_to_do(tmp_path: Path) -> None:
    result = devices(tmp_path / "none.sock")
    assert result.exit_code == 1 and "netcurtain run" in result.stderr
