"""What happened, page by page, and why."""

import pytest

from tests.support.api import FIRST_ID, ServedApi
from tests.support.panel import DOOR

FLOWS = "/api/v1/flows"


def ids(served: ServedApi, query: str) -> list[int]:
    """As distances from the newest."""
    return [FIRST_ID - one["id"] for one in served.reader.get(FLOWS + query)["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", list(range(12)), id="all"),
        pytest.param("?limit=3", [0, 1, 2], id="the newest"),
        pytest.param("?effect=passed", [0, 3, 6, 9], id="that passed"),
        pytest.param("?effect=stopped&limit=4", [1, 2, 4, 5], id="that were stopped"),
        pytest.param("?purpose=control", [0, 3, 6, 9], id="for a purpose"),
        pytest.param("?device=front-door&limit=1", [0], id="of a device"),
        pytest.param(f"?device={DOOR}&limit=1", [0], id="by hardware address"),
        pytest.param("?device=nobody", [], id="of nobody"),
        pytest.param(f"?before={FIRST_ID - 8}", [9, 10, 11], id="before one"),
        pytest.param("?before=1", [], id="before all"),
    ],
)
def test_filters(served: ServedApi, query: str, expected: list[int]) -> None:
    assert ids(served, query) == expected


@pytest.mark.parametrize("filters", ["", "&effect=stopped", "&device=front-door&purpose=telemetry"])
@pytest.mark.parametrize("limit", [1, 3, 8, 200])
def test_pages_lead_to_all_of_them_once(served: ServedApi, limit: int, filters: str) -> None:
    wanted = [one["id"] for one in served.reader.get(f"{FLOWS}?limit=200{filters}")["items"]]
    found: list[int] = []
    path: str | None = f"{FLOWS}?limit={limit}{filters}"
    while path:
        page = served.reader.get(path)
        assert len(page["items"]) <= limit
        found += [one["id"] for one in page["items"]]
        path = page["next"]
    assert found == wanted


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "before=0", "before=-1", f"before={2**53}", "before=x", "before=1e3", "effect=fun",
        "purpose=fun", "device=", "device=a%20b", "efect=passed",
    ],
)  # fmt: skip
def test_what_is_no_filter(served: ServedApi, query: str) -> None:
    assert served.reader.send("GET", f"{FLOWS}?{query}").status_code == 422


def test_a_line(served: ServedApi) -> None:
    told = served.reader.get(f"{FLOWS}?limit=2")["items"][1]
    expected = {
        "device_label": "Front door", "purpose": "telemetry", "effect": "refuse", "server_name": "es.example.com",
        "address": "192.0.2.7", "port": 443, "protocol": "TCP", "attempts": 2,
    }  # fmt: skip
    assert told | expected == told


def test_the_chain(served: ServedApi) -> None:
    told = served.reader.get(f"{FLOWS}/{FIRST_ID - 1}")
    assert [(one["step"], one["value"], one["note"]) for one in told["chain"]] == [
        ("device", "Front door", "ring-doorbell"),
        ("purpose", "Usage reports", "telemetry"),
        ("name", "es.example.com", "sni"),
        ("address", "192.0.2.7:443/tcp", ""),
        ("rule", "profiles/ring-doorbell.yaml:12", "block"),
    ]
    assert told["would_pass_if"] == "telemetry were allowed"


@pytest.mark.parametrize(
    ("number", "would"), [pytest.param(2, None, id="the gateway has forgotten it"), pytest.param(3, None, id="it passed")]
)
def test_what_is_not_known(served: ServedApi, number: int, would: str | None) -> None:
    told = served.reader.get(f"{FLOWS}/{FIRST_ID - number}")
    assert told["would_pass_if"] is would


@pytest.mark.parametrize(("flow_id", "status"), [("5", 404), (str(2**53 - 1), 404), (str(2**53), 422), ("-1", 422), ("x", 422)])
def test_a_flow_that_is_not_there(served: ServedApi, flow_id: str, status: int) -> None:
    assert served.reader.send("GET", f"{FLOWS}/{flow_id}").status_code == status


def test_without_a_ledger_nothing_has_happened(fresh: ServedApi) -> None:
    (fresh.household.parents[1] / "ledger.db").unlink()
    assert fresh.reader.get(FLOWS) == {"items": [], "next": None}
