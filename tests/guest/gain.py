"""What the fast way is worth: bulk TCP in segments of 1,500 bytes through a plain NAT router, and through the curtain, without
and with a flowtable, in turns. Inside the guest the figures mean nothing, their ratios count instructions.

    python -m tests.guest.gain [ROUNDS]      one JSON object: Mbit/s of every round
"""

import ctypes
import fcntl
import json
import socket
import struct
import sys
import threading
import time

from gateway.lab.namespace import Namespace, inside
from gateway.lab.topology import ETHTOOL_SGSO, ETHTOOL_STXCSUM, SIOCETHTOOL, masquerade
from tests.support.datapath import CLOUD4, CLOUD6, Home

SIZE_BYTES = 4 << 20
LANES = {"plain": (), "chains": (), "flowtable": ("br0", "wan0")}


def main(rounds: int) -> None:
    """Take turns, so that nothing that drifts favours one of them."""
    figures: dict[str, dict[str, list[float]]] = {cloud: {lane: [] for lane in LANES} for cloud in (CLOUD4, CLOUD6)}
    for _ in range(rounds):
        for cloud, lanes in figures.items():
            for lane, found in lanes.items():
                found.append(inside(lambda lane=lane, cloud=cloud: measure(lane, cloud)))  # type: ignore[misc]
    print(json.dumps({"ipv4": figures[CLOUD4], "ipv6": figures[CLOUD6]}))


def measure(lane: str, cloud: str) -> float:
    """Mbit/s that arrive."""
    with Home(flowtable=LANES[lane]) as home, home.server(443) as listener:
        if lane == "plain":
            with home.gateway.entered():
                home.nft.remove()
            home.gateway.run("nft", "-f", "-", text=masquerade("wan0", family="inet"))
        segment_in_software(home.bell)
        device = home.connect(home.bell, (cloud, 443))
        server, _ = listener.accept()
        for _ in range(3):  # what is judged is judged, and offloaded
            device.sendall(b"hello")
            server.recv(5)
            server.sendall(b"yes")
            device.recv(3)
        return bulk(device, server)


def bulk(device: socket.socket, server: socket.socket) -> float:
    """One upload, from its first byte to its last."""
    for end in (device, server):
        end.settimeout(60)
    sender = threading.Thread(target=device.sendall, args=(bytes(SIZE_BYTES),))
    buffer, left = bytearray(1 << 18), SIZE_BYTES
    began = time.monotonic()
    sender.start()
    while left:
        left -= server.recv_into(buffer)
    took_s = time.monotonic() - began
    sender.join()
    return round(SIZE_BYTES * 8 / took_s / 1e6, 1)


def segment_in_software(machine: Namespace) -> None:
    """Frames as they are on the air."""
    with machine.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in (ETHTOOL_STXCSUM, ETHTOOL_SGSO):
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            fcntl.ioctl(control, SIOCETHTOOL, struct.pack("16sP16x", b"eth0", ctypes.addressof(value)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
