"""A sealed world: user, mount, process and network namespaces that vanish with the process that made them.

``inside(work)`` forks a keeper, which unshares and forks the world's first process; that one runs ``work``. Each dies with its
parent (PR_SET_PDEATHSIG), and with the first process the kernel ends every other in its PID namespace. So nothing remains
after a crash, and nothing needs a name. Namespaces of single machines are held by file descriptor alone.
"""

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21

WORK = Path("/run/netcurtain-lab")
"""Inside: a memory file system of this world alone."""

T = TypeVar("T")
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(RuntimeError):
    """The virtual home could not be built or used; the text says what to do."""


def _call(name: str, *args: Any) -> None:
    if getattr(_libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    _call("mount", source.encode(), target.encode(), kind.encode() or None, flags, None)


def privileged() -> bool:
    """May this process make namespaces without a user namespace first?"""
    status = Path("/proc/self/status").read_text()
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff"))
    return os.geteuid() == 0 and all(effective >> cap & 1 for cap in (CAP_NET_ADMIN, CAP_SYS_ADMIN))


def _die_with_parent(parent: int) -> None:
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent and os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _unshare(*, user: bool) -> None:
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | (CLONE_NEWUSER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")


def _furnish() -> None:
    """Mounts of our own: /proc of the new PID namespace, an empty /run, our own resolver file."""
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    try:
        _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except OSError:
        pass  # a container that masks parts of /proc: the old one stays, and everything here gets by with "self"
    _mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV)
    WORK.mkdir(parents=True)
    run("ip", "link", "set", "lo", "up")


def set_resolver(address: str) -> None:
    """Let everybody in this world who reads /etc/resolv.conf find this server."""
    file = WORK / "resolv.conf"
    file.write_text(f"nameserver {address}\n")
    seen = Path(os.path.realpath("/etc/resolv.conf"))
    if not seen.exists():  # a link into the /run that we covered
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.touch()
    _mount(str(file), str(seen), "", MS_BIND)


def inside(work: Callable[[], T]) -> T:
    """Run ``work`` as the first process of a new world and give back its (picklable) value.

    An exception in it comes out as ``LabError`` with its traceback. The process should have one thread only.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    parent = os.getpid()
    keeper = os.fork()
    if keeper == 0:
        os.close(reader)
        _keep(work, writer, parent)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as stream:
            raw = stream.read()
        _, status = os.waitpid(keeper, 0)
    except BaseException:
        os.kill(keeper, signal.SIGKILL)
        os.waitpid(keeper, 0)
        raise
    if not raw:
        raise LabError(f"the virtual home ended without a word (status {status})")
    ok, value = pickle.loads(raw)
    if not ok:
        raise LabError(value)
    return value  # type: ignore[no-any-return]


def _keep(work: Callable[[], T], writer: int, parent: int) -> None:
    """The keeper: makes the namespaces, waits for the first process, never returns."""
    try:
        _die_with_parent(parent)
        try:
            _unshare(user=not privileged())
        except OSError as err:
            raise LabError(
                f"cannot make namespaces here ({err.strerror}): run as root, or allow unprivileged user namespaces"
                " (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)"
            ) from err
        _die_with_parent(parent)  # a new user namespace forgets the first request
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        first = os.fork()
        if first == 0:
            _first(work, writer)
        os.close(writer)
        os.waitpid(first, 0)
    except BaseException as err:
        _tell(writer, False, str(err))
    os._exit(0)


def _first(work: Callable[[], T], writer: int) -> None:
    try:
        _die_with_parent(0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, _leave)
        _furnish()
        value: Any = work()
        ok = True
    except (KeyboardInterrupt, SystemExit):
        ok, value = False, "interrupted"
    except BaseException:
        ok, value = False, traceback.format_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    _tell(writer, ok, value)
    os._exit(0)


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def _tell(writer: int, ok: bool, value: Any) -> None:
    """Never raises: whoever came out of here would go on as if it were the process that called ``inside``."""
    try:
        data = pickle.dumps((ok, value))
    except Exception as err:
        data = pickle.dumps((False, f"what came of it cannot be handed over: {err}"))
    with os.fdopen(writer, "wb") as stream:
        stream.write(data)


class Namespace:
    """The network of one machine. Sockets and processes made while it is ``entered`` belong to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _call("unshare", CLONE_NEWNET)
        self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        run("ip", "link", "set", "lo", "up")
        _call("setns", before, CLONE_NEWNET)
        os.close(before)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is on that machine for a while."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _call("setns", self.fd, CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", before, CLONE_NEWNET)
            os.close(before)

    def ip(self, *lines: str, peers: Sequence["Namespace"] = ()) -> None:
        """Several ``ip`` commands, in one process; ``peers`` may be named in them by their ``path``."""
        with self.entered():
            run("ip", "-batch", "-", text="\n".join(lines) + "\n", pass_fds=[peer.fd for peer in peers])

    @property
    def path(self) -> str:
        """How ``ip`` finds this namespace, once its descriptor was passed on."""
        return f"/proc/self/fd/{self.fd}"

    def run(self, *argv: str, text: str = "") -> str:
        """A short command on that machine; what it said."""
        with self.entered():
            return run(*argv, text=text)

    def spawn(self, argv: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
        """A process on that machine. It has a group of its own: Ctrl-C is for whoever runs the home."""
        options.setdefault("process_group", 0)
        with self.entered():
            return subprocess.Popen(argv, **options)

    def sysctl(self, **values: object) -> None:
        """``net__ipv4__ip_forward=1`` sets net.ipv4.ip_forward on that machine."""
        with self.entered():
            for key, value in values.items():
                Path("/proc/sys", *key.split("__")).write_text(f"{value}\n")

    def close(self) -> None:
        """Let the kernel have it back, once its last process is gone."""
        os.close(self.fd)


def run(*argv: str, text: str = "", pass_fds: Sequence[int] = ()) -> str:
    """Run a command to its end; ``LabError`` with what it said if it fails."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, pass_fds=pass_fds)
    except FileNotFoundError as err:
        raise LabError(f"{argv[0]} is not installed: {PACKAGES.get(argv[0], argv[0])}") from err
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


PACKAGES = {
    "ip": "apt install iproute2",
    "bridge": "apt install iproute2",
    "nft": "apt install nftables",
    "dnsmasq": "apt install dnsmasq-base",
    "mosquitto": "apt install mosquitto",
}

