"""Who is on the curtain's side: MAC -> number, addresses, what we think it is.

The number stands in every connection mark, so it survives restarts (``dump``/``restore``). There are 254. As many as a policy
file names devices are kept for those; all others share the rest, and where that is taken, those that were unseen longest make
room for somebody new (``number``: what that means for connections that still bear their numbers).

An address that the DHCP server leased belongs to the device it was leased to, whoever else sends from it; any other belongs to
whoever used it last. Where two devices claim one, or a trusted one speaks from an address that is not its own, that is a
``Conflict``, told once an hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from gateway.model.device import Device, Mac
from gateway.model.mark import Mark
from gateway.model.policy import Policy

from .number import LAST, Numbers
from .share import Bucket

MAX_DEVICES = LAST
JOIN_BURST, JOINS_PER_HOUR = 64, 8
"""Devices never seen before, that no file names: each takes a number."""
MAX_ADDRESSES = 16
MAX_LEASES = 4
FORGOTTEN_AFTER_S = 86_400.0
"""Unseen for so long, a device that no file names makes room where numbers are short."""
PASSED_BY_S, PASSED_BY_AFTER_S = 600.0, 3_600.0
"""One that was here for no longer than this does so after an hour: somebody new all the time looks like that."""
LEAVE_TOGETHER = 32
"""At most so many make room at once: each time begins a new epoch."""
TOLD_AGAIN_AFTER_S = 3_600.0
MAX_CONFLICTS = 256
HERE_S = 300.0
"""A device that was seen within this time is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An address, and two devices of which at most one can be who it says it is."""

    address: bytes
    claimant: Mac
    """Who sent from it."""
    holder: Mac
    """Whose it is: by its lease, or because it was here a moment ago; the claimant itself where its lease is for another
    address, which looks like a borrowed hardware address."""


@dataclass(slots=True, kw_only=True)
class Member:
    """One device, and what was seen of it."""

    number: int
    device: Device
    first_seen: float
    last_seen: float
    """Wall time, seconds since 1970."""
    addresses: dict[bytes, float] = field(default_factory=dict)
    leases: dict[bytes, float] = field(default_factory=dict)
    """Addresses that the DHCP server gave it, latest last. Several, since a lease can be asked for in another's name: what the
    device really uses must not be lost by that."""
    hostname: str = ""
    vendor_class: str = ""


class Roster:
    """All devices seen, by MAC, by number and by address."""

    def __init__(self, policy: Policy, *, profiles: dict[Mac, str] | None = None) -> None:
        self.members: dict[Mac, Member] = {}
        self._by_number: dict[int, Member] = {}
        self._by_address: dict[bytes, Member] = {}
        self._by_lease: dict[bytes, Member] = {}
        self._conflicts: list[Conflict] = []
        self._told: dict[Conflict, float] = {}
        self._policy = policy
        self._profiles = dict(profiles or {})
        """Of devices that no file names."""
        self._arrivals = Bucket(JOIN_BURST, JOINS_PER_HOUR / 3_600.0)
        """A home full of gadgets may come at once; a gadget that is somebody new all the time may not."""
        self.numbers = Numbers()
        self._left: list[Member] = []

    def get(self, mac: Mac) -> Member | None:
        """The member with this MAC, if it was seen."""
        return self.members.get(mac)

    def by_number(self, number: int) -> Member | None:
        """The member whose number stands in a mark."""
        return self._by_number.get(number)

    def by_address(self, address: bytes) -> Member | None:
        """The member an address was leased to, or that used it last."""
        return self._by_lease.get(address) or self._by_address.get(address)

    def is_named(self, mac: str) -> bool:
        """A policy file names the device."""
        return mac in self._policy.devices

    def join(self, mac: Mac, *, at: float) -> Member | None:
        """A MAC seen for the first time gets a number; None where there is none left for it.

        Others may have had to leave for it: ask ``take_left``.
        """
        named = self.is_named(mac)
        if not named and not self._admits(at):
            return None
        short = self._is_short(named)
        if short > 0 and not self._make_room(short, named, at):
            return None
        number = self.numbers.free(self._by_number, fresh=named)  # what is spent of its budgets is then its own doing
        member = Member(number=number, device=self.describe(mac), first_seen=at, last_seen=at)
        self.members[mac] = member
        self._by_number[member.number] = member
        return member

    def forget(self, mac: Mac) -> Member | None:
        """It was never seen; who it was, if it was."""
        member = self.members.get(mac)
        if member is not None:
            self._leave(member)
        self._profiles.pop(mac, None)
        self._conflicts = [one for one in self._conflicts if mac not in (one.claimant, one.holder)]
        self._told = {one: at for one, at in self._told.items() if mac not in (one.claimant, one.holder)}
        return member

    def take_left(self) -> list[Member]:
        """Those that had to make room since this was asked last: their numbers may be others' by now."""
        left, self._left = self._left, []
        return left

    def by_mark(self, mark: Mark, epoch: int) -> Member | None:
        """The member that a connection was judged for; ``epoch``: the one in force.

        None for a mark from before its number was given to somebody else.
        """
        return self._by_number.get(mark.device) if self.numbers.means_its_holder(mark, epoch) else None

    def lease(self, member: Member, address: bytes, *, at: float) -> None:
        """The DHCP server gave the device this address: from now on it is nobody else's."""
        before = self._by_lease.get(address)
        if before is not None:
            del before.leases[address]
        member.leases[address] = at
        self._by_lease[address] = member
        if len(member.leases) > MAX_LEASES:
            oldest = next(iter(member.leases))
            del member.leases[oldest], self._by_lease[oldest]
        self._take(member, address, at)

    def uses(self, member: Member, address: bytes, *, at: float) -> bool:
        """The device sent from this address. False: it is not this device's to use, and nothing it sends there may pass."""
        holder = self._by_lease.get(address, member)
        strays = member.device.trusted and address not in member.leases and _same_family(address, member.leases)
        if holder is not member or strays:
            self._tell(Conflict(address=address, claimant=member.device.mac, holder=holder.device.mac), at)
            return False
        before = self._by_address.get(address)
        if before is not None and before is not member and at - before.last_seen < HERE_S:
            self._tell(Conflict(address=address, claimant=member.device.mac, holder=before.device.mac), at)
        self._take(member, address, at)
        return True

    def take_conflicts(self) -> list[Conflict]:
        """Those that nobody was told of yet."""
        conflicts, self._conflicts = self._conflicts, []
        return conflicts

    def _tell(self, conflict: Conflict, at: float) -> None:
        if abs(at - self._told.get(conflict, -TOLD_AGAIN_AFTER_S)) < TOLD_AGAIN_AFTER_S:
            return
        if len(self._told) >= MAX_CONFLICTS:
            del self._told[next(iter(self._told))]
        self._told[conflict] = at
        self._conflicts = [*self._conflicts[-MAX_CONFLICTS + 1 :], conflict]

    def _take(self, member: Member, address: bytes, at: float) -> None:
        holder = self._by_address.get(address)
        if holder is not None and holder is not member:
            holder.addresses.pop(address, None)
        member.addresses[address] = at
        self._by_address[address] = member
        if len(member.addresses) > MAX_ADDRESSES:
            oldest = min(member.addresses, key=lambda known: member.addresses[known])
            del member.addresses[oldest]
            self._by_address.pop(oldest, None)

    def shift(self, by_s: float, *, until: float) -> None:
        """The wall clock was set: what it saw before keeps its age. What lies after ``until`` was seen by a clock of before."""
        for member in self.members.values():
            member.first_seen, member.last_seen = (
                at + by_s if at <= until else at for at in (member.first_seen, member.last_seen)
            )
            member.addresses = {address: at + by_s if at <= until else at for address, at in member.addresses.items()}

    def adopt(self, policy: Policy) -> None:
        """A new policy may name, trust or re-profile devices."""
        self._policy = policy
        for mac, member in self.members.items():
            member.device = self.describe(mac)

    @property
    def stranger(self) -> Device:
        """A device in the home that was never seen."""
        return self.describe(Mac(""))

    def assign(self, mac: Mac, profile: str) -> bool:
        """Who has no entry in a file has this profile, until it is assigned another; "": what newcomers have.

        True if the device is another one by that.
        """
        self._profiles.pop(mac, None)
        if profile:
            self._profiles[mac] = profile
        member = self.members.get(mac)
        if member is None:
            return False
        before, member.device = member.device, self.describe(mac)
        return member.device != before

    def describe(self, mac: Mac) -> Device:
        """What the policy says this MAC is."""
        named = self._policy.devices.get(mac)
        if named is not None:
            return named.device
        profile = self._profiles.get(mac, self._policy.newcomer_profile)
        known = self._policy.profiles.get(profile)
        return Device(
            mac=mac,
            id=mac,
            profile=profile,
            vendor=known.device.vendor if known else "",
            family=known.device.family if known else "",
        )

    def devices(self) -> dict[Mac, Device]:
        """Everybody who is here."""
        return {mac: member.device for mac, member in self.members.items()}

    def owners(self) -> tuple[tuple[str, int], ...]:
        """(MAC, number) of all members, for the kernel."""
        return tuple((mac, member.number) for mac, member in self.members.items())

    def leased(self, *, trusted: bool = False) -> tuple[tuple[str, str], ...]:
        """(MAC, IPv4 address) of all leases, or of those of trusted devices."""
        members = (member for member in self.members.values() if member.device.trusted or not trusted)
        return tuple(sorted((m.device.mac, str(ip_address(lease))) for m in members for lease in m.leases if len(lease) == 4))

    def _admits(self, at: float) -> bool:
        """Somebody new may come."""
        if not self._arrivals.has_one(at):
            return False
        self._arrivals.take()
        return True

    def _is_short(self, named: bool) -> int:
        """How many have to leave before such a device can have a number."""
        if named:
            return len(self.members) + 1 - MAX_DEVICES
        return len(self._strangers()) + 1 - (MAX_DEVICES - len(self._policy.devices))

    def _make_room(self, short: int, named: bool, at: float) -> bool:
        """Who was unseen longest leaves, once that is long – or at once where a file names the newcomer."""
        strangers = sorted(self._strangers(), key=lambda member: member.last_seen)
        gone = [member for member in strangers if at - member.last_seen >= _patience_s(member)][: max(short, LEAVE_TOGETHER)]
        if len(gone) < short and named:
            gone = strangers[:short]
        if len(gone) < short:
            return False
        for member in gone:
            self._leave(member)
        self._left += gone
        return True

    def _strangers(self) -> list[Member]:
        """Members that no file names."""
        return [member for mac, member in self.members.items() if not self.is_named(mac)]

    def _leave(self, member: Member) -> None:
        del self.members[member.device.mac]
        del self._by_number[member.number]
        for address in member.addresses:
            self._by_address.pop(address, None)
        for address in member.leases:
            del self._by_lease[address]

    def dump(self) -> dict[str, Any]:
        """Plain values for ``state.json``."""
        return {
            mac: {
                "number": member.number,
                "first_seen": member.first_seen,
                "last_seen": member.last_seen,
                "addresses": {address.hex(): at for address, at in member.addresses.items()},
                "leases": {address.hex(): at for address, at in member.leases.items()},
                "hostname": member.hostname,
                "vendor_class": member.vendor_class,
            }
            for mac, member in self.members.items()
        }

    def restore(self, dumped: dict[str, Any]) -> None:
        """The inverse of ``dump``."""
        for text, row in dumped.items():
            mac = Mac(text)
            number = int(row["number"])
            if mac in self.members or number in self._by_number or not 0 < number <= MAX_DEVICES:
                continue
            member = Member(
                number=number,
                device=self.describe(mac),
                first_seen=float(row["first_seen"]),
                last_seen=float(row["last_seen"]),
                hostname=str(row.get("hostname", "")),
                vendor_class=str(row.get("vendor_class", "")),
            )
            self.members[mac] = member
            self._by_number[number] = member
            for address, at in row.get("addresses", {}).items():
                self._take(member, bytes.fromhex(address), float(at))
            for address, at in row.get("leases", {}).items():
                self.lease(member, bytes.fromhex(address), at=float(at))


def _patience_s(member: Member) -> float:
    """How long it may be unseen before it makes room."""
    return PASSED_BY_AFTER_S if member.last_seen - member.first_seen <= PASSED_BY_S else FORGOTTEN_AFTER_S


def _same_family(address: bytes, leases: Iterable[bytes]) -> bool:
    return any(len(leased) == len(address) for leased in leases)
