"""The API does what its description says: schemathesis makes up requests that fit it and requests that do not, over real HTTP.

No Scapy in here (``tests/browser/__init__``): the panel's own process has none either.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from gateway.edge.control_client import ControlError
from gateway.panel.listening import Place, listen
from gateway.panel.server import PanelServer
from tests.support.api import FIRST_ID, Program, ServedApi, serving_api
from tests.support.panel import LAMP

EXAMPLES, MANY = 4, 40
"""Of each operation, mode and way: in the usual run, in the full one."""
STREAM = "/api/v1/live"
"""It never ends: tried by hand (``tests/unit/panel/api/test_live.py``)."""
KNOWN = {"named": ("front-door", LAMP), "flow_id": (FIRST_ID - 1, FIRST_ID)}
"""What is there, so that not all that is made up comes to nothing."""
NAMES = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance",
)  # fmt: skip
OPERATIONS = (
    "GET /api/v1/session", "GET /api/v1/status", "GET /api/v1/devices", "GET /api/v1/devices/{named}",
    "GET /api/v1/devices/{named}/hours", "GET /api/v1/profiles", "GET /api/v1/changes", "GET /api/v1/flows",
    "GET /api/v1/flows/{flow_id}", "GET /api/v1/week", "PUT /api/v1/devices/{named}/rules/{purpose}",
    "DELETE /api/v1/devices/{named}/rules/{purpose}", "POST /api/v1/devices/{named}/pause",
    "POST /api/v1/devices/{named}/allow", "POST /api/v1/devices/{named}/view", "DELETE /api/v1/devices/{named}/grants",
    "DELETE /api/v1/devices/{named}", "PUT /api/v1/devices/{named}/profile", "POST /api/v1/undo/{token}",
)  # fmt: skip
PROFILE, UNDO = OPERATIONS[-2:]
"""No token can be made up."""
TAKING = tuple(name for name in OPERATIONS if "{" in name or name.endswith("/flows"))
"""What takes nothing can be asked for nothing wrong."""
WANTED = [(name, GenerationMode.POSITIVE) for name in OPERATIONS] + [(name, GenerationMode.NEGATIVE) for name in TAKING]
Send = Callable[[Case], Any]


@contextmanager
def listening(served: ServedApi) -> Iterator[str]:
    """The panel over HTTP; its address."""
    (sock,) = listen([Place(address=ip_address("127.0.0.1"), port=0)]).plain
    server = PanelServer(served.app, (), None, lambda: False)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    sock.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    with serving_api(tmp_path_factory.mktemp("api"), flows=300) as served:
        yield served
    assert not any(name.partition(".")[0] == "scapy" for name in sys.modules), "Scapy met what is Apache-2.0"


@pytest.fixture(scope="module")
def address(served: ServedApi) -> Iterator[str]:
    with listening(served) as found:
        yield found


@pytest.fixture(scope="module")
def operations(served: ServedApi, address: str) -> dict[str, APIOperation]:
    told = requests.get(address + "/api/openapi.json", headers=head(served.owner), timeout=10).json()
    schema = schemathesis.openapi.from_dict(told)
    found = [one.ok() for one in schema.get_all_operations()]
    return {one.label: one for one in found if one.path != STREAM}


def head(program: Program) -> dict[str, str]:
    cookie = "; ".join(f"{name}={value}" for name, value in program.cookies.items())
    return {"cookie": cookie, "x-csrf-token": program.token}


def ways(operation: APIOperation, mode: GenerationMode) -> Iterator[st.SearchStrategy[Case]]:
    """What fits or does not: about anything, and about each thing that is there."""
    yield operation.as_strategy(mode)
    takes_more = mode is GenerationMode.POSITIVE or any(operation.query) or any(operation.body)
    for name, values in KNOWN.items():
        if f"{{{name}}}" in operation.path and takes_more:
            yield from (operation.as_strategy(mode, path_parameters={name: value}) for value in values)
    if operation.label == PROFILE and mode is GenerationMode.POSITIVE:
        yield operation.as_strategy(mode, path_parameters={"named": LAMP}, body={"profile": "hue-bridge"})


def tries(way: st.SearchStrategy[Case], send: Send, examples: int, names: tuple[str, ...] = NAMES) -> set[int]:
    """Send so many; the statuses that came back. Whatever is not as described fails."""
    load_all_checks()
    checks = CHECKS.get_by_names(names)
    seen: set[int] = set()

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=examples == EXAMPLES,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(way)
    def one(case: Case) -> None:
        response = send(case)
        seen.add(response.status_code)
        case.validate_response(response, checks=checks)

    one()
    return seen


def test_all_operations_are_tried(operations: dict[str, APIOperation]) -> None:
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("name", "mode"), WANTED)
def test_it_does_what_it_says(
    served: ServedApi, address: str, operations: dict[str, APIOperation], name: str, mode: GenerationMode, examples: int
) -> None:
    headers, operation = head(served.owner), operations[name]
    with requests.Session() as session:
        send: Send = lambda case: case.call(base_url=address, session=session, headers=headers)  # noqa: E731
        seen = set().union(*(tries(way, send, examples) for way in ways(operation, mode)))
    if mode is GenerationMode.POSITIVE:  # what does not fit may fit once it stands in an address: schemathesis knows that
        assert any(status < 300 for status in seen) is (name != UNDO), seen


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.endswith(("/pause", "/grants"))])
def test_without_a_gateway_it_says_so(
    served: ServedApi, address: str, operations: dict[str, APIOperation], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    headers, operation = head(served.owner), operations[name]
    served.panel.link.forget()
    monkeypatch.setattr(served.panel.link, "ask", away)
    send: Send = lambda case: case.call(base_url=address, headers=headers)  # noqa: E731
    seen = set().union(*(tries(way, send, EXAMPLES, NAMES[1:]) for way in ways(operation, GenerationMode.POSITIVE)))
    served.panel.link.forget()
    assert {status for status in seen if status >= 500} == {503}


def away(do: str, **args: Any) -> Any:
    raise ControlError("not-running", "the gateway is not running", "start it")
