"""Whole IP packets of our own making, towards the home.

Their mark tells our ruleset to keep conntrack away from them: what it learnt from a forged answer would let the device's next
query slip past the redirect.
"""

import socket
from collections.abc import Iterable

from gateway.model.mark import OWN_ANSWER

_IPV6_HDRINCL = 36
_LINK_LOCAL6 = 0xFE80


class RawSender:
    """Sends packets whose IP header is part of them."""

    def __init__(self, lan: Iterable[str] = ()) -> None:
        self._lan = tuple(lan)
        self._v4 = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW)
        try:
            self._v6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW)
        except OSError:
            self._v4.close()
            raise
        self._v4.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
        self._v6.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
        for raw in (self._v4, self._v6):
            raw.setblocking(False)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, OWN_ANSWER)
        self.errors = 0
        """Packets that could not be sent."""

    def send(self, data: bytes) -> bool:
        """Send one packet; False where that is not possible."""
        try:
            if data[0] >> 4 == 4:
                self._v4.sendto(data, (socket.inet_ntop(socket.AF_INET, data[16:20]), 0))
            else:
                address = socket.inet_ntop(socket.AF_INET6, data[24:40])
                for scope in self._scopes(data):
                    self._v6.sendto(data, (address, 0, 0, scope))
        except (OSError, IndexError, ValueError):
            self.errors += 1
            return False
        return True

    def _scopes(self, data: bytes) -> list[int]:
        """A link-local address says nothing of its link: such a packet goes out on each, and one of them has the device."""
        if not self._lan or (data[24] << 8 | data[25]) & 0xFFC0 != _LINK_LOCAL6:
            return [0]
        return [index for index, name in socket.if_nameindex() if name in self._lan]

    def close(self) -> None:
        """Give the sockets back."""
        self._v4.close()
        self._v6.close()
