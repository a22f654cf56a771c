import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import GRE, Ether

from gateway.wire.dissector import dissect, dissect_frame, layer_class

PPI = bytes.fromhex("00000800 01000000")


def test_a_layer_is_found_by_name():
    assert layer_class("scapy.layers.inet", "IP") is IP


@pytest.mark.parametrize(("module", "name"), [("scapy.layers.nowhere", "IP"), ("scapy.layers.inet", "Nothing")])
def test_a_layer_that_this_scapy_lacks(module, name):
    assert layer_class(module, name) is None


def fails(_):
    raise KeyError("a field")


@pytest.mark.parametrize("layer", [None, fails], ids=["no layer", "a layer that raises"])
def test_what_cannot_be_dissected(layer):
    assert dissect(layer, b"abc") is None


def test_a_dissected_packet():
    assert dissect(IP, bytes(IP(dst="192.0.2.9")))["IP"].dst == "192.0.2.9"


INNER = IP(src="192.0.2.1") / UDP(sport=7, dport=8) / b"x"
FRAMES = {
    "one packet": (PPI + bytes(Ether() / INNER), bytes(INNER)),
    "the inner of two": (PPI + bytes(Ether() / IP() / GRE() / INNER), bytes(INNER)),
    "not the one an ICMP error quotes": (
        PPI + bytes(Ether() / IP(src="192.0.2.2") / ICMP(type=3, code=1) / INNER),
        bytes(IP(src="192.0.2.2") / ICMP(type=3, code=1) / INNER),
    ),
    "none": (PPI + bytes(Ether(type=0x1234)) + b"abc", None),
    "nothing": (b"", None),
}


@pytest.mark.parametrize(("data", "inside"), FRAMES.values(), ids=FRAMES)
def test_the_innermost_ip(data, inside):
    assert dissect_frame(data, 192) == inside


def test_a_link_type_scapy_does_not_know():
    assert dissect_frame(bytes(40), 64_999) is None


@given(st.sampled_from([119, 163, 187, 192, 195]), st.binary(max_size=200))
def test_any_bytes(link_type, data):
    inside = dissect_frame(data, link_type)
    assert inside is None or inside in data


def test_importing_the_room_does_not_import_scapy_and_using_it_says_nothing():
    program = (
        "import sys; from gateway.wire.dissector import dissect_frame; assert 'scapy' not in sys.modules;"
        "dissect_frame(bytes(40), 192); assert 'scapy' in sys.modules and 'scapy.all' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (run.stdout, run.stderr) == ("", "")
