"""An installed gateway has the shipped policies, and reads no YAML to load them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
BUILD = """
import sys
from hatchling.builders.wheel import WheelBuilder
list(WheelBuilder(".").build(directory=sys.argv[1], versions=["standard"]))
"""
LOAD = """
import sys
sys.path.insert(0, sys.argv[1])
import gateway
from gateway.policy import load, shipped_directory
assert gateway.__file__.startswith(sys.argv[1]) and str(shipped_directory()).startswith(sys.argv[1])
loaded = load()
assert loaded.policy and "ring-doorbell" in loaded.policy.profiles and loaded.policy.catalogue.size > 500
assert "pydantic" not in sys.modules and "ruamel.yaml" not in sys.modules
"""


@pytest.mark.slow
def test_the_wheel_carries_the_policies_compiled(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=TOP, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    run = subprocess.run([sys.executable, "-c", LOAD, str(tmp_path / "site")], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
