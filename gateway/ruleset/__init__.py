"""What the kernel and its neighbours are told, as text: rendering only, nothing here opens, loads or runs anything.

``nftables``  ``render(plan)``: one generation of our nftables table (chains in ``chains``, sets in ``sets``)
``handshake`` the chains of connections that have said nothing yet
``budget``    budgets of devices and purposes: the sets, chains and map elements of the same table
``flowtable`` the way past the chains for settled flows, where the kernel has one
``dnsmasq``   ``render_dnsmasq(plan)``: the resolver's and DHCP server's configuration

May import ``model``. Who loads the text is ``edge``.
"""

from .dnsmasq import render_dnsmasq
from .nftables import SCHEMA, TABLE, render

__all__ = ["SCHEMA", "TABLE", "render", "render_dnsmasq"]
