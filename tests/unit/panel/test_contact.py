"""What the panel tells the gateway of a box that has no owner yet."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.edge.control_client import ControlError
from gateway.panel import contact as module
from gateway.panel.contact import FIRST_RUN_S, Contact


class Gateway:
    """Listens; ``deaf`` for so many times."""

    def __init__(self, deaf: int = 0) -> None:
        self.deaf = deaf
        self.heard: list[dict[str, Any]] = []

    def ask(self, do: str, **args: Any) -> None:
        """Like ``GatewayLink.ask``."""
        assert do == "contact"
        if self.deaf:
            self.deaf -= 1
            raise ControlError("not-running", "the gateway is not running")
        self.heard.append(args)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)


def wait_for(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 2
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds()


def test_everybody_may_come_until_nobody_may_claim_it() -> None:
    gateway, left = Gateway(deaf=2), [30.0]
    contact = Contact(gateway.ask, left_s=lambda: left[0])
    contact.start()
    assert wait_for(lambda: {"seconds": 30.0} in gateway.heard), "a gateway that comes later learns of it too"
    left[0] = 0.0
    assert wait_for(lambda: gateway.heard[-1] == {"seconds": 0.0})
    count = len(gateway.heard)
    time.sleep(0.05)
    assert len(gateway.heard) == count, "that is said once"
    contact.close()


def test_who_claimed_it_goes_on() -> None:
    gateway = Gateway()
    Contact(gateway.ask, left_s=lambda: 0.0).claimed("02:00:5e:10:00:aa")
    assert gateway.heard == [{"seconds": FIRST_RUN_S, "device": "02:00:5e:10:00:aa"}]


def test_from_where_nobody_knows_it_ends_for_all() -> None:
    gateway = Gateway()
    Contact(gateway.ask, left_s=lambda: 0.0).claimed("")
    assert gateway.heard == [{"seconds": 0.0}]


def test_a_gateway_that_is_down_disturbs_nobody() -> None:
    Contact(Gateway(deaf=1).ask, left_s=lambda: 0.0).claimed("")
