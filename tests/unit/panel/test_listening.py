"""Where the panel may be served, and whose sockets it takes."""

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.listening import Listening, Place, become, home_places, inherited_sockets, listen, parse_place
from gateway.settings import Settings

PLACES = {
    "an address": ("10.77.0.1", "10.77.0.1:80", "http://10.77.0.1", "10.77.0.1:443"),
    "with a port": ("192.168.178.20:8080", "192.168.178.20:8080", "http://192.168.178.20:8080", "192.168.178.20:8443"),
    "IPv6": ("fd77:77::1", "[fd77:77::1]:80", "http://[fd77:77::1]", "[fd77:77::1]:443"),
    "IPv6 with a port": ("[fd77:77::1]:8080", "[fd77:77::1]:8080", "http://[fd77:77::1]:8080", "[fd77:77::1]:8443"),
    "loopback": ("127.0.0.1:8480", "127.0.0.1:8480", "http://127.0.0.1:8480", None),
    "spaces around it": (" 10.0.0.1 ", "10.0.0.1:80", "http://10.0.0.1", "10.0.0.1:443"),
}


@pytest.mark.parametrize(("text", "plain", "url", "secure"), PLACES.values(), ids=PLACES)
def test_a_place(text: str, plain: str, url: str, secure: str | None) -> None:
    place = parse_place(text)
    assert (str(place), place.url) == (plain, url)
    assert (str(place.secure) if place.secure else None) == secure


REFUSED = {
    "every side": ("0.0.0.0:80", "every side"),
    "every side by IPv6": ("::", "every side"),
    "a public address": ("9.9.9.9", "public address"),
    "a public address by IPv6": ("[2620:fe::fe]:80", "public address"),
    "link-local IPv6": ("fe80::1", "every interface"),
    "a name": ("netcurtain.lan", "no address"),
    "nothing": ("", "no address"),
    "only a port": (":80", "no address"),
    "a port that is none": ("10.0.0.1:http", "has a port that is none"),
    "port zero": ("10.0.0.1:0", "has a port that is none"),
    "no room above it": ("10.0.0.1:65500", "HTTPS has room"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED)
def test_no_place(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_place(text)


@given(st.one_of(st.text(max_size=60), st.ip_addresses().map(str), st.ip_addresses().map(lambda one: f"[{one}]:80")))
def test_whatever_is_said_it_is_never_a_public_place(text: str) -> None:
    try:
        place = parse_place(text)
    except ValueError:
        return
    assert place.address.is_private and not place.address.is_unspecified


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def closing() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for one in opened:
        one.close()


def loopback(port: int) -> Place:
    return Place(address=ip_address("127.0.0.1"), port=port)


def test_what_was_opened_can_be_reached(free_port: int, closing: list[socket.socket]) -> None:
    found = listen([loopback(free_port)])
    closing += found.plain
    assert found.secure == () and [str(place) for place in found.places] == [f"127.0.0.1:{free_port}"]
    assert found.addresses == (ip_address("127.0.0.1"),)
    socket.create_connection(("127.0.0.1", free_port)).close()


def test_answers_leave_at_once(free_port: int, closing: list[socket.socket]) -> None:
    """asyncio sets TCP_NODELAY on what it accepts from a socket that says it is TCP."""
    closing += listen([loopback(free_port)]).plain
    closing.append(socket.create_connection(("127.0.0.1", free_port)))
    accepted, _ = closing[0].accept()
    closing.append(accepted)
    assert (closing[0].proto, accepted.proto) == (socket.IPPROTO_TCP, socket.IPPROTO_TCP)


def test_a_taken_address_is_told_and_nothing_stays_open(free_port: int, closing: list[socket.socket]) -> None:
    closing += listen([loopback(free_port)]).plain
    with pytest.raises(OSError, match=rf"127.0.0.1:{free_port}: another program does"):
        listen([loopback(free_port)])


def test_an_address_that_nobody_has_is_told() -> None:
    with pytest.raises(OSError, match="no interface of this machine has this address"):
        listen([Place(address=ip_address("10.255.254.253"), port=8080)])


def test_home_addresses_leave_out_loopback() -> None:
    assert home_places(Settings(lan=("lo",), wan=("lo",))) == ()


ADOPT = """
import os, socket, sys
from gateway.panel.listening import inherited_sockets
try:
    found = inherited_sockets({**os.environ, "LISTEN_PID": sys.argv[1] or str(os.getpid())})
except ValueError as err:
    print("ValueError", err)
else:
    print(len(found.plain), len(found.secure), *found.places)
"""


def adopted(*sockets: socket.socket, names: str, pid: str = "") -> str:
    """What a process makes of these sockets as its descriptors 3 and on."""
    numbers = [one.fileno() for one in sockets]
    high = [os.dup2(number, 60 + at) for at, number in enumerate(numbers)]
    moves = " ".join(f"{3 + at}<&{number}" for at, number in enumerate(high))
    environment = {**os.environ, "LISTEN_FDS": str(len(high)), "LISTEN_FDNAMES": names}
    try:
        done = subprocess.run(
            ["bash", "-c", f'exec "$@" {moves}', "-", sys.executable, "-c", ADOPT, pid],
            pass_fds=high, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    finally:
        for number in high:
            os.close(number)
    return done.stdout.strip()


def bound(address: str, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    one = socket.socket(family)
    one.bind((address, 0))
    one.listen()
    return one


def test_a_service_managers_sockets(closing: list[socket.socket]) -> None:
    closing += [bound("127.0.0.1"), bound("127.0.0.1")]
    port = closing[0].getsockname()[1]
    assert adopted(*closing, names="http:https") == f"1 1 127.0.0.1:{port}"
    assert adopted(*closing, names="http:https", pid="1") == "0 0", "they are somebody else's"


@pytest.mark.parametrize(
    ("address", "names", "why"),
    [
        ("127.0.0.1", "netcurtain.socket", "FileDescriptorName"),
        ("127.0.0.1", "", "FileDescriptorName"),
        ("0.0.0.0", "http", "every side"),
    ],
    ids=["another name", "no name", "every side"],
)
def test_sockets_that_are_not_for_a_panel(closing: list[socket.socket], address: str, names: str, why: str) -> None:
    closing.append(bound(address))
    said = adopted(*closing, names=names)
    assert said.startswith("ValueError") and why in said


def test_what_is_no_tcp_socket(closing: list[socket.socket]) -> None:
    closing.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    assert "no TCP socket" in adopted(*closing, names="http")


def test_without_a_service_manager_there_are_none() -> None:
    assert inherited_sockets({}) == Listening()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_root_becomes_the_panels_user() -> None:
    code = "import os; from gateway.panel.listening import become; become('nobody'); print(os.getresuid(), os.getresgid())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    nobody = pwd.getpwnam("nobody")
    assert done.stdout.strip() == f"{(nobody.pw_uid,) * 3} {(nobody.pw_gid,) * 3}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_user_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="panel.user: there is no user 'nobody-at-all'"):
        become("nobody-at-all")
