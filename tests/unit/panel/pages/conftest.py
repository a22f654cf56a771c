"""Pages are tried with quick hashes: how slow real ones are is `access/test_password.py`'s business."""

import pytest
from argon2 import PasswordHasher

from gateway.panel.access import password


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
