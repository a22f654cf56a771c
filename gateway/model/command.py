"""What is to be done: the engine's output, in the imperative. No command waits for a reply."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from .control import Response
from .packet import FlowKey
from .record import FlowRecord


class SetVerdict(NamedTuple):
    """Let a queued packet go on (with a mark), or not."""

    queue_id: int
    accept: bool
    mark: int = 0
    payload: bytes | None = None
    """A rewritten packet, or None."""


class SendPacket(NamedTuple):
    """Send a whole IP packet, made by ourselves, towards the home; conntrack never sees it."""

    data: bytes


class Budget(NamedTuple):
    """How much one purpose of one device may send: enforced by the kernel."""

    device: int
    """Its number."""
    purpose: int
    """Its number."""
    size_bytes: int
    """0: no end, only a rate."""
    window_s: int = 0
    """0: the budget is for one flow; else for all of them within a window of so many seconds."""
    rate_bytes_s: int = 0
    """0: at any rate."""
    newcomer: bool = False
    """Nobody has named the device yet: all such devices together have a few times this budget, however many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetPlan:
    """What the ruleset has to say: the input of ``ruleset.render``."""

    lan: tuple[str, ...]
    wan: tuple[str, ...]
    """Upstream interfaces; empty: every interface that is not the curtain's."""
    epoch: int
    digest: str
    free: tuple[tuple[str, str], ...] = ()
    """(MAC, IPv4 address leased to it) of trusted devices: never asked about."""
    free6: tuple[str, ...] = ()
    """MACs of trusted devices: IPv6 knows no leases."""
    fault_open: tuple[str, ...] = ()
    owners: tuple[tuple[str, int], ...] = ()
    """(MAC, device number): which connections belong to whom."""
    leases: tuple[tuple[str, str], ...] = ()
    """(MAC, IPv4 address): nobody else may claim it."""
    budgets: tuple[Budget, ...] = ()
    old_network: tuple[str, ...] = ()
    """Private networks upstream that the gateway itself is in: the home's people there reach the panel and their shell."""
    answer_port: int = 0
    """Where the gateway answers plain HTTP in the internet's place; 0: nowhere."""
    flowtable: tuple[str, ...] = ()
    """Interfaces between which settled flows skip the chains; empty: none do."""
    bridges: bool = True
    """Can the packet filter see the ports of a bridge?"""
    native_queue: bool = True
    queue: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRuleset:
    """Put a new generation of the ruleset into the kernel, in one transaction."""

    epoch: int
    digest: str
    free: tuple[tuple[str, str], ...]
    free6: tuple[str, ...]
    fault_open: tuple[str, ...]
    owners: tuple[tuple[str, int], ...]
    leases: tuple[tuple[str, str], ...] = ()
    budgets: tuple[Budget, ...] = ()


class ResolveName(NamedTuple):
    """Ask our resolver for the addresses of a name, both families; ``NameResolved`` follows."""

    name: str


class AnswerHere(NamedTuple):
    """From now on the gateway answers plain HTTP of this device to this address itself – or does so no longer."""

    mac: str
    address: bytes
    here: bool = True


class OpenPanel(NamedTuple):
    """For so long every device of the curtain reaches the panel, however little it is trusted; 0: nobody more does than may."""

    seconds: float
    mac: str = ""
    """This one alone, which has just claimed the box."""


class ForgetRefused(NamedTuple):
    """The kernel is not to refuse this destination by itself any more: another name may lead there."""

    mac: str
    address: bytes
    proto: int
    port: int


class AskAgain(NamedTuple):
    """What was judged of this connection holds no longer: the kernel is to ask about its next packet."""

    key: FlowKey
    """Of TCP or UDP."""
    settled: bool = False
    """It may go past the chains by now, where the kernel has a way past them."""


class Record(NamedTuple):
    """Write a flow to the ledger."""

    record: FlowRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer a request of the control socket."""

    client: int
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Tell every subscriber of the control socket."""

    kind: str
    """``flow``, ``device``, ``question``, ``viewing``, ``forgetting``, ``problem`` or ``policy``."""
    data: dict[str, Any] | FlowRecord
    """A record is turned into its EVE object only where somebody listens."""


class Erase(NamedTuple):
    """Nothing is to be left of a device: not in the ledger up to a flow, not among the leases. ``Erased`` follows."""

    mac: str
    names: tuple[str, ...]
    """What it was called: sentences about others may hold them."""
    last: int
    """The id of that flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveState:
    """Write what the gateway saw or was told for a while (``state.json``)."""

    state: dict[str, Any]
    alone: bool = False
    """What was saved before must not be left beside it: something in it is forgotten."""


@dataclass(frozen=True, slots=True)
class ReloadPolicy:
    """Compile the policy files anew."""


Command = (
    SetVerdict
    | SendPacket
    | LoadRuleset
    | ResolveName
    | AnswerHere
    | OpenPanel
    | ForgetRefused
    | AskAgain
    | Record
    | Erase
    | Reply
    | Publish
    | SaveState
    | ReloadPolicy
)
