from gateway.wire.other_layers import ChannelData, MQTT5Connect, SIPRequest, SIPResponse, SSDPRequest, SSDPResponse


def test_channel_data():
    data = bytes(ChannelData(channel=0x4001, data=b"voice"))
    assert data == b"\x40\x01\x00\x05voice"
    packet = ChannelData(data)
    assert (packet.channel, packet.length, packet.data) == (0x4001, 5, b"voice")


def test_mqtt_5_connect_with_properties_and_what_follows_the_client_id():
    built = bytes(MQTT5Connect(properties=b"\x11\x00\x00\x00\x0a", clientId=b"bell", klive=60))
    assert built == bytes.fromhex("0004 4d515454 05 02 003c 05 110000000a 0004 62656c6c")
    packet = MQTT5Connect(built + b"\x00\x04user")
    assert (packet.protoname, packet.protolevel, packet.clientId, packet.propertieslen) == (b"MQTT", 5, b"bell", 5)


def test_mqtt_5_connect_of_long_properties():
    packet = MQTT5Connect(bytes(MQTT5Connect(properties=b"p" * 300, clientId=b"bell")))
    assert (packet.propertieslen, packet.clientId) == (300, b"bell")


def test_texts():
    request = SIPRequest(b"REGISTER sip:example.net SIP/2.0\r\nCall-ID: 7@home\r\nUser-Agent: bell\r\n\r\n")
    assert (request.Method, request.Path, request.User_Agent) == (b"REGISTER", b"sip:example.net", b"bell")
    assert request.Unknown_Headers == {b"Call-ID": b"7@home"}
    assert SIPResponse(b"SIP/2.0 200 OK\r\nCall-ID: 7@home\r\n\r\n").Status_Code == b"200"
    assert SSDPRequest(b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n").Unknown_Headers == {b"ST": b"ssdp:all"}
    assert SSDPResponse(b"HTTP/1.1 200 OK\r\nST: ssdp:all\r\n\r\n").Unknown_Headers == {b"ST": b"ssdp:all"}
