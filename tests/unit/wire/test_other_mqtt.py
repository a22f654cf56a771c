import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.mqtt import MQTT, MQTTConnack, MQTTConnect, MQTTPublish, MQTTSubscribe, MQTTTopicQOS

from gateway.wire.other_layers import MQTT5Connect
from gateway.wire.other_mqtt import may_become_mqtt, read_mqtt


def connect(layer):
    body = bytes(layer)
    return bytes(MQTT(type=1, len=len(body))) + body


V311 = connect(MQTTConnect(protoname=b"MQTT", protolevel=4, cleansess=1, klive=60, clientId=b"bell-7"))
V31 = connect(MQTTConnect(protoname=b"MQIsdp", protolevel=3, klive=60, clientId=b"old"))
V5 = connect(MQTT5Connect(properties=b"\x21\x00\x14", clientId=b"new"))
USER = connect(MQTTConnect(protoname=b"MQTT", protolevel=4, usernameflag=1, clientId=b"c", username=b"u"))
LONG = connect(MQTTConnect(protoname=b"MQTT", protolevel=4, clientId=b"i" * 300))
PUBLISH = bytes(MQTT(type=3) / MQTTPublish(topic=b"home/door", value=b"open"))

READ = {
    "3.1.1": (V311, False, "CONNECT 3.1.1, client bell-7"),
    "3.1": (V31, False, "CONNECT 3.1, client old"),
    "5": (V5, False, "CONNECT 5, client new"),
    "with a user": (USER, False, "CONNECT 3.1.1, client c"),
    "without a client id": (connect(MQTTConnect(protoname=b"MQTT", protolevel=4)), False, "CONNECT 3.1.1"),
    "a bridge": (V311[:8] + b"\x84" + V311[9:], False, "CONNECT 3.1.1, client bell-7"),
    "with what follows it": (V311 + PUBLISH, False, "CONNECT 3.1.1, client bell-7"),
    "longer than 127 bytes": (LONG, False, "CONNECT 3.1.1, client " + "i" * 60),
    "cut after its client id": (LONG[:200], False, "CONNECT 3.1.1, client " + "i" * 60),
    "of a later version": (V311[:8] + b"\x06" + V311[9:], False, None),
    "of another protocol": (V311.replace(b"MQTT", b"MQTX"), False, None),
    "of a name that is not its version's": (V31.replace(b"dp\x03", b"dp\x04"), False, None),
    "with its reserved bit": (V311[:9] + b"\x03" + V311[10:], False, None),
    "with a quality that is none": (V311[:9] + b"\x18" + V311[10:], False, None),
    "cut early": (LONG[:12], False, None),
    "of no length": (b"\x10", False, None),
    "of an endless length": (b"\x10\xff\xff\xff\xff\xff", False, None),
    "publication on its port": (PUBLISH, True, "PUBLISH, topic home/door"),
    "publication elsewhere": (PUBLISH, False, None),
    "publication of no topic": (b"\x30\x03\x00\x00x", True, None),
    "acknowledgement": (bytes(MQTT(type=2) / MQTTConnack(retcode=0)), True, "CONNACK"),
    "subscription": (
        bytes(MQTT(type=8, QOS=1) / MQTTSubscribe(msgid=1, topics=[MQTTTopicQOS(topic="a", QOS=1)])), True, "SUBSCRIBE"),
    "ping": (b"\xc0\x00", True, "PINGREQ"),
    "ping with a body": (b"\xc0\x01\x00", True, None),
    "ping with flags": (b"\xc1\x00", True, None),
    "packet of no kind": (b"\x00\x00", True, None),
    "half a publication": (PUBLISH[:-1], True, None),
}  # fmt: skip


@pytest.mark.parametrize(("data", "port_known", "found"), READ.values(), ids=READ)
def test_read_mqtt(data, port_known, found):
    assert read_mqtt(data, port_known=port_known) == found


@pytest.mark.parametrize("data", [V311, V31, V5, LONG], ids=["3.1.1", "3.1", "5", "long"])
def test_a_connect_may_come_in_pieces(data):
    assert all(may_become_mqtt(data[:size]) for size in range(1, min(len(data), 100)))
    assert not may_become_mqtt(data)


@pytest.mark.parametrize("data", [PUBLISH, b"\x10\x20ABCDEFGHIJ", b"\x10\xff\xff\xff\xff\xff", b"\x10\xff\xff\x7f\x00\x04MQTT"],
                         ids=["another packet", "another name", "endless length", "huge"])  # fmt: skip
def test_what_will_never_be_a_connect(data):
    assert not may_become_mqtt(data)


@given(st.sampled_from([b"", b"\x10", V311[:9], V5[:12], b"\x30\x08", b"\x82\x09", b"\x90\x05"]), st.binary(), st.booleans())
def test_any_bytes(start, data, port_known):
    whole = start + data or b"\x00"
    read_mqtt(whole, port_known=port_known)
    may_become_mqtt(whole)
