"""Does a destination fall under the ``to:`` of an exception?"""

from collections.abc import Iterable

from ..model.policy import Target


def covers(targets: Iterable[Target], *, name: str, address: bytes, port: int, proto: int) -> bool:
    """Any of the targets covers the flow. ``port`` 0 asks about the name alone, whatever the port."""
    return any(_covers(target, name, address, port=port, proto=proto) for target in targets)


def _covers(target: Target, name: str, address: bytes, *, port: int, proto: int) -> bool:
    if port and ((target.port and target.port != port) or (target.proto and target.proto != proto)):
        return False
    if target.network is not None:
        return within(address, *target.network)
    suffix = target.suffix
    if not suffix or not name.endswith(suffix):
        return False
    if len(name) == len(suffix):
        return not target.wildcard
    return name[-len(suffix) - 1] == "."


def within(address: bytes, network: bytes, prefix: int) -> bool:
    """The address lies in the network."""
    size = len(network)
    if len(address) != size or not 0 <= prefix <= size * 8:
        return False
    shift = size * 8 - prefix
    return int.from_bytes(address) >> shift == int.from_bytes(network) >> shift
