"""Who is on the curtain's side: MAC -> number, addresses, what we think it is.

The number stands in every connection mark, so it survives restarts (``dump``/``restore``) and is given again only when its
device has not been seen for long.
"""

from dataclasses import dataclass, field
from typing import Any

from gateway.model.device import Device, Mac
from gateway.model.policy import Policy

MAX_DEVICES = 254
MAX_ADDRESSES = 16
FORGOTTEN_AFTER_S = 30 * 86_400.0


@dataclass(slots=True, kw_only=True)
class Member:
    """One device, and what was seen of it."""

    number: int
    device: Device
    first_seen: float
    last_seen: float
    """Wall time, seconds since 1970."""
    addresses: dict[bytes, float] = field(default_factory=dict)
    hostname: str = ""
    vendor_class: str = ""


class Roster:
    """All devices seen, by MAC, by number and by address."""

    def __init__(self, policy: Policy, *, profiles: dict[Mac, str] | None = None) -> None:
        self.members: dict[Mac, Member] = {}
        self._by_number: dict[int, Member] = {}
        self._by_address: dict[bytes, Member] = {}
        self._policy = policy
        self._profiles = profiles or {}

    def get(self, mac: Mac) -> Member | None:
        """The member with this MAC, if it was seen."""
        return self.members.get(mac)

    def by_number(self, number: int) -> Member | None:
        """The member whose number stands in a mark."""
        return self._by_number.get(number)

    def by_address(self, address: bytes) -> Member | None:
        """The member that used an address last."""
        return self._by_address.get(address)

    def join(self, mac: Mac, *, at: float) -> Member | None:
        """A MAC seen for the first time gets a number; None where there is none left."""
        number = self._free_number(at)
        if number is None:
            return None
        member = Member(number=number, device=self.describe(mac), first_seen=at, last_seen=at)
        self.members[mac] = member
        self._by_number[number] = member
        return member

    def uses(self, member: Member, address: bytes, *, at: float) -> None:
        """The device sent from, or was given, this address."""
        holder = self._by_address.get(address)
        if holder is not None and holder is not member:
            holder.addresses.pop(address, None)
        member.addresses[address] = at
        self._by_address[address] = member
        if len(member.addresses) > MAX_ADDRESSES:
            oldest = min(member.addresses, key=lambda known: member.addresses[known])
            del member.addresses[oldest]
            self._by_address.pop(oldest, None)

    def adopt(self, policy: Policy) -> None:
        """A new policy may name, trust or re-profile devices."""
        self._policy = policy
        for mac, member in self.members.items():
            member.device = self.describe(mac)

    @property
    def stranger(self) -> Device:
        """A device in the home that was never seen."""
        return self.describe(Mac(""))

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

    def owners(self) -> tuple[tuple[str, int], ...]:
        """(MAC, number) of all members, for the kernel."""
        return tuple((mac, member.number) for mac, member in self.members.items())

    def _free_number(self, at: float) -> int | None:
        if len(self.members) < MAX_DEVICES:
            return next(number for number in range(1, MAX_DEVICES + 1) if number not in self._by_number)
        oldest = min(self.members.values(), key=lambda member: member.last_seen)
        if oldest.device.confirmed or at - oldest.last_seen < FORGOTTEN_AFTER_S:
            return None
        self._leave(oldest)
        return oldest.number

    def _leave(self, member: Member) -> None:
        del self.members[member.device.mac]
        del self._by_number[member.number]
        for address in member.addresses:
            self._by_address.pop(address, None)

    def dump(self) -> dict[str, Any]:
        """Plain values for ``state.json``."""
        return {
            mac: {
                "number": member.number,
                "first_seen": member.first_seen,
                "last_seen": member.last_seen,
                "addresses": {address.hex(): at for address, at in member.addresses.items()},
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
                self.uses(member, bytes.fromhex(address), at=float(at))
