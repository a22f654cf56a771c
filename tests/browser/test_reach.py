"""Who may come to the panel in the home, and how: people from both sides, over HTTPS once the box has an owner; nobody else."""

from collections.abc import Callable

import pytest

from .harness import HomeProcess, Person

CURTAIN, CURTAIN6, OLD = "10.77.0.1", "fd77:77::1", "192.168.178.20"
PHONE = "annas-phone"


@pytest.fixture
def claimed(home: HomeProcess, person: Callable[..., Person]) -> HomeProcess:
    """A home whose box has an owner."""
    if not home.is_claimed:
        person().enter()
    return home


REACH = {
    "an owner's phone, behind the curtain": (PHONE, CURTAIN, "303"),
    "by IPv6": (PHONE, CURTAIN6, "303"),
    "from the old network": ("router", OLD, "303"),
    "a gadget": ("speaker", CURTAIN, "Connection refused"),
    "a gadget, at the other side's address": ("speaker", OLD, "Connection refused"),
    "the internet": ("internet", OLD, "Network is unreachable"),
    "the internet, by IPv6": ("internet", "2001:db8:178::14", "TimeoutError"),
}


@pytest.mark.parametrize(("machine", "address", "seen"), REACH.values(), ids=REACH)
def test_who_may_come(claimed: HomeProcess, machine: str, address: str, seen: str) -> None:
    told = claimed.do("get", machine=machine, address=address, timeout_s=1.5)
    assert told.get("status", told.get("error")) == seen


@pytest.mark.parametrize("address", [CURTAIN, CURTAIN6])
def test_from_plain_http_to_https(claimed: HomeProcess, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    ask = {"machine": PHONE, "address": address}
    assert claimed.do("get", **ask, path="/")["location"] == "/certificate"
    assert claimed.do("get", **ask, path="/certificate")["status"] == "200"
    assert claimed.do("get", **ask, path="/certificate/netcurtain.crt")["status"] == "200"
    assert claimed.do("get", **ask, path="/certificate/works")["location"] == "/certificate", "that is no proof"
    assert claimed.do("get", **ask, path="/login", secure=True)["status"] == "200"
    assert claimed.do("get", **ask, path="/certificate/probe", secure=True)["status"] == "204"
    proof = claimed.do("get", **ask, path="/certificate/works", secure=True)
    assert proof["location"] == "/" and "Secure" not in proof["cookie"]
    cookie = proof["cookie"].partition(";")[0]
    assert claimed.do("get", **ask, path="/week", cookie=cookie)["location"] == f"https://{host}/week"
