import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.notation import MAX_CHARACTERS, is_randomised, observed, words, written
from gateway.model.identity import Signal

HAP = "_hap._tcp.local"


@pytest.mark.parametrize(
    "signal, value, spellings",
    [
        pytest.param(Signal.OUI, "00:B4:63", ("00:b4:63",), id="a prefix"),
        pytest.param(Signal.OUI, "00-b4-63", ("00:b4:63",), id="with hyphens"),
        pytest.param(Signal.OUI, "00b463", ("00:b4:63",), id="bare"),
        pytest.param(Signal.OUI, "70:88:6b:1", ("70:88:6b:1",), id="a prefix of 28 bits"),
        pytest.param(
            Signal.OUI, "70:88:6b:1a:2b:3c", ("70:88:6b:1a:2", "70:88:6b:1", "70:88:6b"), id="an address: smallest block first"
        ),
        pytest.param(Signal.OUI, "02:00:5e:10:00:01", (), id="made up"),
        pytest.param(Signal.OUI, "01:00:5e", (), id="a group"),
        pytest.param(Signal.OUI, "Ring", (), id="no address"),
        pytest.param(Signal.MAKER, "Tp-Link Technologies Co.,Ltd.", ("tp link technologies co ltd",), id="an organisation"),
        pytest.param(Signal.HOSTNAME, "Bell-1", ("bell-1",), id="a host name"),
        pytest.param(Signal.HOSTNAME, "Bell-1.fritz.box", ("bell-1.fritz.box", "bell-1"), id="with a domain"),
        pytest.param(Signal.PARAM_LIST, "1, 3,6", ("1,3,6",), id="a list"),
        pytest.param(Signal.DNS, "FW.Ring.com.", ("fw.ring.com",), id="a name"),
        pytest.param(Signal.VENDOR_CLASS, " udhcp  1.22 ", ("udhcp 1.22",), id="blanks"),
        pytest.param(Signal.MDNS, "_HAP._tcp", (HAP,), id="a service"),
        pytest.param(Signal.MDNS, f"{HAP}.", (HAP,), id="with a dot"),
        pytest.param(Signal.MDNS, f"{HAP} with md=BSB002", (f"{HAP} with md=bsb002", HAP), id="with a pair"),
        pytest.param(Signal.MDNS, f"Hue - 24.{HAP}", (f"{HAP} with name hue - 24", HAP), id="an instance"),
        pytest.param(Signal.MDNS, f"_x._sub.{HAP}", (HAP,), id="a subtype"),
        pytest.param(Signal.MDNS, f"{HAP} (asked for)", (f"{HAP} (asked for)",), id="asked for says nothing else"),
        pytest.param(Signal.MDNS, "lamp.local", ("lamp.local",), id="no service"),
        pytest.param(Signal.SSDP, "NT: roku:ecp", ("st roku:ecp",), id="notices and answers"),
        pytest.param(Signal.SSDP, "device type urn:a:device:b:1", ("st urn:a:device:b:1",), id="a description"),
        pytest.param(Signal.SSDP, "USN uuid:1::urn:a:device:b:1", ("st urn:a:device:b:1",), id="a number with a type"),
        pytest.param(Signal.SSDP, "urn:a:device:b:1", ("st urn:a:device:b:1",), id="a bare type"),
        pytest.param(Signal.SSDP, "SERVER Linux/3.1.0 UPnP/1.0 IpBridge/1.9", ("server linux upnp ipbridge",), id="versions"),
        pytest.param(Signal.SSDP, "manufacturer Signify", ("manufacturer signify",), id="a maker"),
        pytest.param(Signal.JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1", ("t13d1516h2_8daaf6152771_e5627efa2ab1",), id="ja4"),
        pytest.param(Signal.HOSTNAME, "  ", (), id="nothing"),
        pytest.param(Signal.HOSTNAME, ".lan", (".lan",), id="no name before the dot"),
    ],
)
def test_what_was_seen(signal: Signal, value: str, spellings: tuple[str, ...]) -> None:
    assert observed(signal, value) == spellings


@pytest.mark.parametrize(
    "signal, value, spellings",
    [
        pytest.param(Signal.OUI, "00:B4:63", ("00:b4:63",), id="a prefix"),
        pytest.param(Signal.MAKER, "Tp-Link Technologies*", ("tp link technologies*",), id="the beginning of a name"),
        pytest.param(Signal.MDNS, f"{HAP} with md=YL*", (f"{HAP} with md=yl*",), id="with a pair"),
        pytest.param(Signal.MDNS, f"{HAP} with mdl=eb-* or e*", (f"{HAP} with mdl=eb-*", f"{HAP} with mdl=e*"), id="or"),
        pytest.param(Signal.MDNS, f"{HAP} with name a-* or b-*", (f"{HAP} with name a-*", f"{HAP} with name b-*"), id="names"),
        pytest.param(Signal.SSDP, "SERVER Hue/1.0 UPnP/1.0", ("server hue upnp",), id="versions"),
        pytest.param(Signal.HOSTNAME, "Philips-hue", ("philips-hue",), id="a host name"),
        pytest.param(Signal.DNS, "*.Ring.com", ("*.ring.com",), id="a suffix"),
    ],
)
def test_what_rows_say(signal: Signal, value: str, spellings: tuple[str, ...]) -> None:
    assert written(signal, value) == spellings


@pytest.mark.parametrize(
    "prefix, randomised",
    [("da:a1:19", True), ("02-00-5E-10-00-01", True), ("00:b4:63", False), ("da", False), ("", False), ("daa119zz", False)],
)
def test_addresses_that_devices_make_up(prefix: str, randomised: bool) -> None:
    assert is_randomised(prefix) is randomised


def test_words() -> None:
    assert words("SERVER: TP-Link/1.0 (x)") == " server tp link 1 0 x "
    assert words("tp-link") in words("my TP-Link, new") and words("link") not in words("blinking")


@given(st.sampled_from(list(Signal)), st.text(max_size=400))
def test_any_text(signal: Signal, value: str) -> None:
    for spelling in observed(signal, value):
        assert spelling and len(spelling) <= 2 * MAX_CHARACTERS
    written(signal, value)
    words(value)
    is_randomised(value)
