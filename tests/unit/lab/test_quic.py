import subprocess
import sys

import pytest

CODE = "import sys, {module}; print(*(name for name in ('scapy', 'aioquic', 'OpenSSL') if name in sys.modules))"


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        pytest.param("gateway.lab.quic", "scapy", id="server"),
        pytest.param("gateway.lab.actor, gateway.lab.quic", "scapy", id="gadget"),
        pytest.param("gateway.lab.scenario", "aioquic", id="scenarios"),
    ],
)
def test_licences_stay_apart(module: str, forbidden: str) -> None:
    done = subprocess.run([sys.executable, "-c", CODE.format(module=module)], capture_output=True, text=True, check=True)
    assert forbidden not in done.stdout.split()
