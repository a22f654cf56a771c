"""Makes ``quic/flights.json``: what aioquic's client and server really say to each other.

    python tests/data/make_quic.py

Each flight is a list of [sender, datagram in hex]. A process of its own: aioquic brings libraries that may not share one with
Scapy.
"""

import datetime
import json
from pathlib import Path

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion, encode_quic_retry, encode_quic_version_negotiation
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

OUTPUT = Path(__file__).parent / "quic" / "flights.json"
NAME = "camera.example.net"
GATEWAY, CLOUD = ("192.0.2.1", 40000), ("198.51.100.7", 443)
V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2


def main() -> None:
    """Write the file."""
    flights = {
        "v1": handshake(client()),
        "v2": handshake(client(original_version=V2)),
        "many protocols": handshake(client(alpn_protocols=[f"protocol-number-{n}" for n in range(150)])),
        "empty connection id": handshake(client(connection_id_length=0)),
        "retry": retry(),
        "version negotiation": negotiation(),
    }
    OUTPUT.write_text(json.dumps(flights, indent=1) + "\n")


def client(**options: object) -> QuicConnection:
    """A client that asks for ``NAME``."""
    settings = {"alpn_protocols": ["h3"], "server_name": NAME, "verify_mode": 0, **options}
    return QuicConnection(configuration=QuicConfiguration(is_client=True, **settings))  # type: ignore[arg-type]


def handshake(caller: QuicConnection) -> list[tuple[str, str]]:
    """Client and server talk until the handshake is done."""
    caller.connect(CLOUD, now=0.0)
    said = say("client", caller, 0.0)
    first = bytes.fromhex(said[0][1])
    first_id = first[6 : 6 + first[5]]
    key, certificate = self_signed()
    configuration = QuicConfiguration(is_client=False, certificate=certificate, private_key=key,
                                      alpn_protocols=caller.configuration.alpn_protocols[:1])  # fmt: skip
    server = QuicConnection(configuration=configuration, original_destination_connection_id=first_id)
    flight = list(said)
    for turn in range(3):
        for _, datagram in said:
            server.receive_datagram(bytes.fromhex(datagram), GATEWAY, now=turn + 0.1)
        answers = say("server", server, turn + 0.2)
        for _, datagram in answers:
            caller.receive_datagram(bytes.fromhex(datagram), CLOUD, now=turn + 0.3)
        said = say("client", caller, turn + 0.4)
        flight += answers + said
    return flight


def retry() -> list[tuple[str, str]]:
    """The server sends the client away with a token; it comes back under the server's connection id."""
    caller = client()
    caller.connect(CLOUD, now=0.0)
    said = say("client", caller, 0.0)
    first = bytes.fromhex(said[0][1])
    answer = encode_quic_retry(
        version=V1, source_cid=b"fresh-id", destination_cid=first[15:23], original_destination_cid=first[6:14],
        retry_token=b"a token of the server",
    )  # fmt: skip
    caller.receive_datagram(answer, CLOUD, now=0.1)
    return [*said, ("server", answer.hex()), *say("client", caller, 0.2)]


def negotiation() -> list[tuple[str, str]]:
    """The client begins with a version that nobody speaks."""
    caller = client(original_version=0x1A2A3A4A, supported_versions=[0x1A2A3A4A, V1])
    caller.connect(CLOUD, now=0.0)
    said = say("client", caller, 0.0)
    first = bytes.fromhex(said[0][1])
    answer = encode_quic_version_negotiation(source_cid=first[6:14], destination_cid=first[15:23], supported_versions=[V1])
    caller.receive_datagram(answer, CLOUD, now=0.1)
    return [*said, ("server", answer.hex()), *say("client", caller, 0.2)]


def say(who: str, connection: QuicConnection, now: float) -> list[tuple[str, str]]:
    """What a side has to send."""
    return [(who, datagram.hex()) for datagram, _ in connection.datagrams_to_send(now=now)]


def self_signed() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A certificate that nobody checks."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    begin = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin,
                                      begin + datetime.timedelta(days=36_500))  # fmt: skip
    return key, builder.sign(key, SHA256())


if __name__ == "__main__":
    main()
