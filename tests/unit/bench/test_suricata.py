"""How to get it where it is not there."""

from pathlib import Path

import pytest

from gateway.bench import suricata


def test_where_it_is_not_installed_it_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(suricata, "CONFIG", tmp_path / "suricata.yaml")
    assert "apt install" in suricata.missing() and "backports" in suricata.missing()


def test_nothing_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "suricata.yaml").touch()
    monkeypatch.setattr(suricata, "CONFIG", tmp_path / "suricata.yaml")
    monkeypatch.setattr(suricata.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert suricata.missing() == ""
