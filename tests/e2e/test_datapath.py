"""The ruleset and the queue on the real kernel: what leaves the house, and when."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from struct import pack

import pytest

from gateway.edge.nft import TABLE, Nft
from gateway.edge.nft_set import Sets
from gateway.lab.frame import MSS
from gateway.lab.namespace import inside, run
from gateway.lab.topology import masquerade
from gateway.model.command import SetVerdict
from gateway.model.event import Hook, PacketSeen, TriesRead
from gateway.model.mark import FlowClass, unpack
from gateway.model.packet import ACK, ICMP, RST, SYN
from gateway.ruleset import render
from gateway.wire import answer_query
from tests.support.datapath import (
    BELL,
    BELL4,
    BELL6,
    BELL_NUMBER,
    CLOUD4,
    CLOUD6,
    GATEWAY4,
    GATEWAY6,
    PHONE,
    PHONE4,
    PHONE6,
    PHONE_NUMBER,
    QUEUE,
    WAN4,
    WAN6,
    Home,
    checksum,
    ip4,
    pass_all,
    payloads,
    tcp4,
    verdict,
    wait_for,
)

pytestmark = pytest.mark.net
FAMILIES = pytest.mark.parametrize("cloud", [CLOUD4, CLOUD6], ids=["ipv4", "ipv6"])
HELLO = b"hello, I am the doorbell"
FREE = ((PHONE, PHONE4),)


def hold_payload(release: FlowClass, *, after: int = 1) -> Callable[[PacketSeen], list[SetVerdict]]:
    """A judge that lets connections open, holds payload until ``after`` packets are there, and then says the same to all."""
    held: list[PacketSeen] = []

    def judge(seen: PacketSeen) -> list[SetVerdict]:
        if not seen.packet.payload:
            return [verdict(seen, FlowClass.UNDECIDED)]
        held.append(seen)
        return [verdict(each, release) for each in held] if len(held) >= after else []

    return judge


def receive(stream: socket.socket, size: int) -> bytes:
    """Exactly so many bytes, or what came in time."""
    data = b""
    while len(data) < size and (more := stream.recv(size - len(data))):
        data += more
    return data


@FAMILIES
def test_a_held_hello_leaves_only_after_the_verdict(cloud: str) -> None:
    def scene() -> None:
        with Home(hold_payload(FlowClass.PASS, after=2)) as home, home.server(443) as listener:
            device = home.connect(home.bell, (cloud, 443))
            device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            device.sendall(HELLO[:5])
            server, _ = listener.accept()
            server.settimeout(1)
            time.sleep(0.1)
            assert payloads(home.wan()) == b""
            device.sendall(HELLO[5:])
            assert receive(server, len(HELLO)) == HELLO
            asked = len(home.seen)
            for _ in range(20):
                device.sendall(b"more")
            assert receive(server, 80) == b"more" * 20
            assert len(home.seen) == asked, "a judged flow is not asked about again"
            assert {(seen.mac, seen.hook, seen.to_lan) for seen in home.seen} == {(BELL, Hook.FORWARD, False)}

    inside(scene)


@FAMILIES
def test_a_refusal_is_a_reset_within_milliseconds_and_no_payload(cloud: str) -> None:
    def scene() -> float:
        with Home(hold_payload(FlowClass.REFUSE)) as home, home.server(443) as listener:
            device = home.connect(home.bell, (cloud, 443))
            server, _ = listener.accept()
            start = time.monotonic()
            device.sendall(HELLO)
            with pytest.raises(ConnectionResetError):
                device.recv(1)
            took = time.monotonic() - start
            time.sleep(0.05)
            assert payloads(home.wan()) == b""
            server.settimeout(1)
            server.sendall(b"anybody there?")
            with pytest.raises(ConnectionResetError):
                server.recv(1)  # the server learns it as soon as it speaks
            return took

    assert inside(scene) < 0.1


@FAMILIES
@pytest.mark.parametrize(
    ("flow_class", "error"),
    [(FlowClass.REFUSE, ConnectionRefusedError), (FlowClass.DROP, TimeoutError)],
    ids=["refuse", "drop"],
)
def test_a_connection_can_be_stopped_at_its_first_packet(cloud: str, flow_class: FlowClass, error: type[OSError]) -> None:
    def scene() -> None:
        with Home(lambda seen: [verdict(seen, flow_class)]) as home, home.server(443):
            with pytest.raises(error):
                home.connect(home.bell, (cloud, 443), timeout_s=0.3)
            assert home.seen and home.wan() == []

    inside(scene)


@FAMILIES
def test_a_dropped_flow_meets_silence_and_its_repetitions_stay_in_the_kernel(cloud: str) -> None:
    def scene() -> None:
        with Home(hold_payload(FlowClass.DROP)) as home, home.server(443):
            device = home.connect(home.bell, (cloud, 443), timeout_s=0.5)
            device.sendall(HELLO)
            with pytest.raises(TimeoutError):
                device.recv(1)
            assert payloads(home.wan()) == b""
            assert [seen.packet.payload for seen in home.seen] == [b"", HELLO]

    inside(scene)


@FAMILIES
def test_a_new_epoch_asks_about_live_flows_at_their_next_packet(cloud: str) -> None:
    def scene() -> None:
        with Home() as home, home.server(443) as listener:
            device = home.connect(home.bell, (cloud, 443))
            other = home.connect(home.bell, (cloud, 443))
            server, _ = listener.accept()
            device.sendall(b"before")
            wait_for(lambda: home.wan())
            home.seen.clear()
            port = other.getsockname()[1]
            home.judge = lambda seen: [
                verdict(seen, FlowClass.PASS if seen.packet.sport == port else FlowClass.REFUSE, epoch=2)
            ]
            home.reload(epoch=2, digest="beef")
            device.sendall(b"after")
            other.sendall(b"still here")
            with pytest.raises(ConnectionResetError):
                device.recv(1)
            server.settimeout(1)
            assert wait_for(lambda: payloads(home.wan())) == b"still here"
            first = next(seen for seen in home.seen if seen.packet.sport == device_port(home, port))
            assert unpack(first.mark) == (BELL_NUMBER, 1, 1, FlowClass.PASS) and first.mark & 1
            asked = len(home.seen)
            other.sendall(b"and again")
            assert wait_for(lambda: payloads(home.wan())) == b"and again"
            assert len(home.seen) == asked

    def device_port(home: Home, other: int) -> int:
        return next(seen.packet.sport for seen in home.seen if seen.packet.sport != other)

    inside(scene)


def test_reloads_break_neither_held_packets_nor_flows() -> None:
    def scene() -> None:
        held: list[PacketSeen] = []

        def judge(seen: PacketSeen) -> list[SetVerdict]:
            if not seen.packet.payload:
                return [verdict(seen, FlowClass.UNDECIDED, epoch=home.plan.epoch)]
            held.append(seen)
            return []

        with Home() as home, home.server(443) as listener, ExitStack() as open_sockets:
            home.judge = judge
            devices = [open_sockets.enter_context(home.connect(home.bell, (CLOUD4, 443))) for _ in range(50)]
            servers = [open_sockets.enter_context(listener.accept()[0]) for _ in devices]
            for device in devices:
                device.sendall(HELLO)
            assert wait_for(lambda: len(held) >= 50)
            for epoch in range(2, 22):
                home.reload(epoch=epoch)
                open_sockets.enter_context(home.connect(home.bell, (CLOUD4, 443)))
            for seen in list(held):
                home.queue.send(verdict(seen, FlowClass.PASS, epoch=21))
            for server in servers:
                server.settimeout(2)
                assert server.recv(100) == HELLO
            assert home.queue.errors == 0
            with home.gateway.entered():
                assert not home.queue.dropped()

    inside(scene)


def test_without_a_judge_managed_devices_are_refused_and_trusted_ones_are_free() -> None:
    def scene() -> None:
        with Home(None, free=FREE, free6=(PHONE,)) as home, home.server(443):
            start = time.monotonic()
            for cloud in (CLOUD4, CLOUD6):
                with pytest.raises(ConnectionRefusedError):
                    home.connect(home.bell, (cloud, 443))
            assert time.monotonic() - start < 0.1
            query = home.datagrams(home.bell)
            query.connect(("198.51.100.53", 53))
            query.send(b"idquery")
            with pytest.raises(OSError, match="No route to host"):
                query.recv(1)
            assert home.wan() == []
            for cloud in (CLOUD4, CLOUD6):
                home.connect(home.phone, (cloud, 443)).close()
            home.reload(fault_open=(BELL,))
            home.connect(home.bell, (CLOUD4, 443)).close()

    inside(scene)


def test_a_restarted_process_adopts_the_epoch_and_judged_flows_go_on_meanwhile() -> None:
    def scene() -> None:
        with Home() as home, home.server(443) as listener:
            device = home.connect(home.bell, (CLOUD4, 443))
            server, _ = listener.accept()
            server.settimeout(1)
            home.reload(epoch=4095, digest="feed")
            home.judge = lambda seen: [verdict(seen, FlowClass.PASS, epoch=4095)]
            device.sendall(b"one")
            assert server.recv(3) == b"one"
            home.deafen()
            device.sendall(b"two")
            assert server.recv(3) == b"two"
            home.seen.clear()
            with home.gateway.entered():
                assert Nft(queue=QUEUE, lan=("br0",)).adopt() == (4095, "feed")
            home.listen()
            device.sendall(b"six")
            assert server.recv(3) == b"six"
            assert home.seen == []
            home.connect(home.bell, (CLOUD4, 443)).close()

    inside(scene)


def test_held_packets_of_a_process_that_dies_never_leave() -> None:
    def scene() -> None:
        with Home(hold_payload(FlowClass.PASS, after=1000)) as home, home.server(443):
            device = home.connect(home.bell, (CLOUD4, 443))
            device.sendall(HELLO)
            assert wait_for(lambda: any(seen.packet.payload for seen in home.seen))
            home.deafen()
            with pytest.raises(ConnectionResetError):
                device.recv(1)  # its first repetition finds nobody to ask
            assert payloads(home.wan()) == b""

    inside(scene)


@FAMILIES
def test_a_flow_belongs_to_the_hardware_address_it_was_judged_for(cloud: str) -> None:
    def scene() -> None:
        v6 = ":" in cloud
        with Home() as home:
            device = home.datagrams(home.bell, v6=v6, port=5000)
            device.sendto(b"mine", (cloud, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"mine"
            home.phone.ip(f"addr add {BELL6 if v6 else BELL4}/{64 if v6 else 24} dev eth0 {'nodad' if v6 else ''}")
            with home.phone.entered():
                thief = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
                thief.bind((BELL6 if v6 else BELL4, 5000))
            home.seen.clear()
            for _ in range(3):
                thief.sendto(b"stolen", (cloud, 9999))
            device.sendto(b"mine again", (cloud, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"mine again"
            assert home.seen == []

    inside(scene)


def test_a_sender_that_is_not_of_this_network_is_not_even_asked_about() -> None:
    def scene() -> None:
        with Home() as home:
            send_raw(home, ip4(pack("!HHHH", 5000, 9999, 14, 0) + b"stolen", proto=17, src="10.99.0.5", dst=CLOUD4))
            home.datagrams(home.bell).sendto(b"honest", (CLOUD4, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"honest"
            assert [seen.packet.payload for seen in home.seen] == [b"honest"]

    inside(scene)


def send_raw(home: Home, packet: bytes) -> None:
    """Let the doorbell send a packet as it stands."""
    with home.bell.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))


@pytest.mark.parametrize(
    "packet",
    [
        tcp4(b"stolen", src=BELL4, dst=CLOUD4, ports=(5000, 443), flags=SYN),
        ip4(pack("!HHHH", 5000, 9999, 14, 0) + b"stolen", proto=17, src=BELL4, dst=CLOUD4, options=b"\x94\x04st"),
    ],
    ids=["data in a SYN", "IPv4 options"],
)
def test_bytes_that_no_judge_reads_do_not_cross(packet: bytes) -> None:
    def scene() -> None:
        with Home() as home:
            send_raw(home, packet)
            home.datagrams(home.bell).sendto(b"honest", (CLOUD4, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"honest"
            assert [seen.packet.payload for seen in home.seen] == [b"honest"]

    inside(scene)


def test_no_client_is_offered_a_fast_open_cookie() -> None:
    def scene() -> None:
        with Home() as home:
            send_raw(home, tcp4(b"", src=BELL4, dst=CLOUD4, ports=(5000, 443), flags=SYN, options=b"\x22\x02\x01\x01"))
            packets = wait_for(lambda: [packet for packet in home.wan_raw() if packet[9] == 6])
            assert [packet[40:44] for packet in packets] == [b"\x01\x01\x01\x01"]

    inside(scene)


@pytest.mark.parametrize("quoted", [0, 40, 600], ids=lambda size: f"{size}-bytes")
def test_an_icmp_error_about_an_allowed_flow_quotes_nothing(quoted: int) -> None:
    def scene() -> None:
        with Home() as home:
            device = home.datagrams(home.bell, port=5000)
            device.sendto(b"mine", (CLOUD4, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"mine"
            heard = pack("!HHHH", 9999, 5000, 8 + quoted, 0) + bytes(quoted)
            # The address upstream knows is the gateway's; the station quotes what reached it.
            quote = bytearray(ip4(heard, proto=17, src=CLOUD4, dst=BELL4))
            quote[10:12] = checksum(bytes(quote[:20])).to_bytes(2, "big")
            error = pack("!BBHI", 3, 3, 0, 0) + quote
            error = error[:2] + checksum(error).to_bytes(2, "big") + error[4:]
            send_raw(home, ip4(error, proto=ICMP, src=BELL4, dst=CLOUD4))
            time.sleep(0.05)
            assert home.wan(ICMP) == []

    inside(scene)


RESOLVERS = pytest.mark.parametrize("resolver", ["198.51.100.53", "2001:db8:ff::53"], ids=["ipv4", "ipv6"])


@RESOLVERS
def test_a_query_is_judged_with_its_own_server_and_its_answer_with_its_device(resolver: str) -> None:
    def scene() -> None:
        with Home() as home:
            home.answer(53)
            device = home.datagrams(home.bell, v6=":" in resolver)
            device.sendto(b"idquery", (resolver, 53))
            data, sender = device.recvfrom(100)
            assert (data, sender[:2]) == (b"idanswer", (resolver, 53))
            query, answer = home.seen
            assert (query.hook, query.mac, query.packet.dst) == (Hook.QUERY, BELL, packed(resolver))
            assert (answer.hook, answer.mac, unpack(answer.mark).device) == (Hook.ANSWER, None, BELL_NUMBER)
            assert answer.packet.payload == b"idanswer"
            assert home.wan() == []

    inside(scene)


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


@RESOLVERS
def test_an_answer_of_our_own_reaches_the_device_and_leaves_no_way_around_the_redirect(resolver: str) -> None:
    name = b"\x03cdn\x07example\0"
    https_query = b"id\x01\0\0\1\0\0\0\0\0\0" + name + b"\0\x41\0\1"

    def scene() -> None:
        def judge(seen: PacketSeen) -> list[SetVerdict]:
            if seen.packet.payload != https_query:
                return pass_all(seen)
            answer = answer_query(seen.packet)
            assert answer is not None and home.raw.send(answer)
            return [SetVerdict(seen.queue_id, False)]

        with Home() as home:
            home.judge = judge
            home.answer(53)
            device = home.datagrams(home.bell, v6=":" in resolver)
            device.sendto(https_query, (resolver, 53))
            data, sender = device.recvfrom(100)
            assert sender[:2] == (resolver, 53) and data[:2] == b"id" and data[6:8] == b"\0\0"
            device.sendto(b"idother", (resolver, 53))
            assert device.recv(100) == b"idanswer"
            assert home.wan() == [] and home.raw.errors == 0

    inside(scene)


def test_no_mark_of_ours_is_left_for_the_routing_rules_of_others() -> None:
    # Only TCP and UDP: in the kernel's own multicast reports the field of the mark serves another end. And what comes to the
    # gateway itself is routed by the table of its own addresses, which stands before all rules of others.
    watch = """
        table inet watch {
          counter marked { }
          chain routed {
            type filter hook prerouting priority 100
            fib daddr type != local meta l4proto { 6, 17 } meta mark != 0 counter name marked; }
          chain here { type filter hook input priority 100; meta l4proto { 6, 17 } meta mark != 0 counter name marked; }
          chain gone { type filter hook postrouting priority 300; meta l4proto { 6, 17 } meta mark != 0 counter name marked; }
        }"""

    def scene() -> None:
        with Home(free=FREE, free6=(PHONE,)) as home, home.server(443) as listener:
            home.gateway.run("nft", "-f", "-", text=watch.replace("; }", "\n}").replace("{ }", "{\n}"))
            home.answer(53)
            for device in (home.bell, home.phone):
                query = home.datagrams(device)
                query.sendto(b"idquery", (GATEWAY4, 53))
                assert query.recv(100) == b"idanswer"
                with home.connect(device, (CLOUD4, 443)) as client:
                    client.sendall(HELLO)
                    assert listener.accept()[0].recv(100) == HELLO
            assert "packets 0 " in home.gateway.run("nft", "list", "counter", "inet", "watch", "marked")

    inside(scene)


@pytest.mark.parametrize(
    ("isolated", "camera_address"),
    [(True, BELL4), (False, BELL4), (False, BELL6)],
    ids=["isolated", "bridged", "bridged over IPv6"],
)
def test_flows_within_the_home_are_judged_too_also_those_of_trusted_devices(isolated: bool, camera_address: str) -> None:
    def scene() -> None:
        with Home(free=FREE, free6=(PHONE,)) as home, home.server(554, machine=home.bell) as camera:
            if not isolated:
                home.gateway.ip(*(f"link set p-{name} type bridge_slave isolated off" for name in ("bell", "phone")))
            phone = home.connect(home.phone, (camera_address, 554))
            seen = home.seen[0]
            assert (seen.mac, seen.to_lan, seen.packet.dport) == (PHONE, True, 554)
            assert seen.packet.flags & SYN
            served, peer = camera.accept()
            assert peer[0].removeprefix("::ffff:") in (PHONE4, PHONE6), "within the home nobody is masqueraded"
            served.sendall(b"picture")
            assert phone.recv(10) == b"picture"
            home.judge = lambda seen: [verdict(seen, FlowClass.REFUSE, device=PHONE_NUMBER, epoch=2)]
            home.reload(epoch=2)
            served.sendall(b"another picture")
            with pytest.raises(ConnectionResetError):
                served.recv(1)
            with pytest.raises(ConnectionRefusedError):
                home.connect(home.phone, (camera_address, 554))

    inside(scene)


OPEN, REFUSED, SILENT = "open", "refused", "silent"
HOUSEHOLD4, UPSTREAM4, CUSTOMER4 = "192.168.178.20", "192.168.178.2", "10.200.0.9"
OLD_NETWORK = ("192.168.178.0/24", "fe80::/10")


def test_what_the_gateway_itself_offers_and_to_whom() -> None:
    wanted = {
        "gadget": {22: REFUSED, 53: REFUSED, 8080: REFUSED, 1883: REFUSED},
        "trusted": {22: OPEN, 53: OPEN, 8080: OPEN, 1883: REFUSED},
        "old network": {22: OPEN, 53: REFUSED, 8080: OPEN, 1883: REFUSED},
        "provider's customer": {22: SILENT, 53: SILENT, 8080: SILENT, 1883: SILENT},
        "internet": {22: SILENT, 53: SILENT, 8080: SILENT, 1883: SILENT},
    }

    def scene() -> None:
        with Home(free=FREE, free6=(PHONE,), old_network=OLD_NETWORK) as home, ExitStack() as servers:
            home.gateway.ip(f"addr add {UPSTREAM4}/24 dev wan0", f"route add {CUSTOMER4}/32 dev wan0")
            home.cloud.ip(f"addr add {HOUSEHOLD4}/24 dev eth0")
            for port in (22, 53, 8080, 1883):
                servers.enter_context(home.server(port, machine=home.gateway))
            for who, machine, addresses in (
                ("gadget", home.bell, (GATEWAY4, GATEWAY6, WAN4)),
                ("trusted", home.phone, (GATEWAY4, GATEWAY6)),
                ("old network", home.cloud, (UPSTREAM4,)),
                ("internet", home.cloud, (WAN4, WAN6)),
                ("provider's customer", home.cloud, (UPSTREAM4,)),
            ):
                if who == "provider's customer":
                    home.cloud.ip(f"addr del {HOUSEHOLD4}/24 dev eth0", f"addr add {CUSTOMER4}/8 dev eth0",
                                  f"route add {UPSTREAM4}/32 dev eth0 src {CUSTOMER4}")  # fmt: skip
                for address in addresses:
                    found = {port: knock(home, machine, (address, port)) for port in wanted[who]}
                    assert found == wanted[who], (who, address)

    inside(scene)


def knock(home: Home, machine: object, where: tuple[str, int]) -> str:
    try:
        home.connect(machine, where, timeout_s=0.1).close()  # type: ignore[arg-type]
    except TimeoutError:
        return SILENT
    except ConnectionRefusedError:
        return REFUSED
    return OPEN


@pytest.mark.parametrize("gateway", [GATEWAY4, GATEWAY6], ids=["ipv4", "ipv6"])
def test_datagrams_of_a_gadget_to_the_gateway(gateway: str) -> None:
    def scene() -> None:
        with Home() as home:
            for port in (53, 123, 1900):
                home.answer(port)
            device = home.datagrams(home.bell, v6=":" in gateway)
            for port in (53, 123):
                device.sendto(b"idquestion", (gateway, port))
                assert device.recv(100) == b"idanswer"
            device.connect((gateway, 1900))
            device.send(b"idquestion")
            with pytest.raises(OSError, match="No route to host|Permission denied"):
                device.recv(100)

    inside(scene)


def test_nothing_new_comes_in_from_upstream() -> None:
    def scene() -> None:
        with Home() as home, home.server(80, machine=home.bell):
            home.cloud.ip(f"route add 10.77.0.0/24 via {WAN4}", f"route add fd77::/64 via {WAN6}")
            for address in (BELL4, BELL6):
                assert knock(home, home.cloud, (address, 80)) == SILENT
            assert home.seen == []

    inside(scene)


def test_the_middle_of_a_connection_that_nobody_knows_is_reset() -> None:
    def scene() -> None:
        with Home() as home:
            with home.bell.entered():
                ear = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
            ear.settimeout(1)
            send_raw(home, tcp4(b"go on", src=BELL4, dst=CLOUD4, ports=(5000, 443), flags=0x18))
            assert ear.recv(100)[33] & RST
            assert home.seen == [] and home.wan() == []

    inside(scene)


def test_a_clean_stop_leaves_no_rule_and_puts_the_kernel_settings_back() -> None:
    def scene() -> None:
        with Home(None) as home:
            home.gateway.run("iptables", "-t", "mangle", "-A", "FORWARD", "-i", "eth9", "-j", "ACCEPT")
            with home.gateway.entered():
                home.nft.remove()
                home.sysctls.restore()
            left = home.gateway.run("nft", "list", "ruleset")
            assert "netcurtain" not in left and "queue" not in left and "table ip6 mangle" not in left
            assert "eth9" in left, "the rule of somebody else stays"
            assert home.gateway.run("sysctl", "-n", "net.ipv4.ip_forward").strip() == "0"

    inside(scene)




@FAMILIES
def test_nobody_borrows_the_address_of_a_trusted_device_while_it_is_heard(cloud: str) -> None:
    """Same hardware address, same leased address, another port of the bridge."""

    def scene() -> None:
        v6 = ":" in cloud
        with Home(free=FREE, free6=(PHONE,)) as home:
            phone = home.datagrams(home.phone, v6=v6, port=5000)
            phone.sendto(b"phone", (cloud, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"phone"
            old, new, bits = (BELL6, PHONE6, 64) if v6 else (BELL4, PHONE4, 24)
            home.bell.ip(f"link set eth0 address {PHONE}", f"addr del {old}/{bits} dev eth0", f"addr add {new}/{bits} dev eth0")
            home.bell.ip(f"route replace default via {GATEWAY6 if v6 else GATEWAY4} dev eth0")
            thief = home.datagrams(home.bell, v6=v6, port=5000)
            for _ in range(3):
                with suppress(OSError):
                    thief.sendto(b"stolen", (cloud, 9999))
            phone.sendto(b"phone again", (cloud, 9999))
            assert wait_for(lambda: payloads(home.wan())) == b"phone again"
            with home.gateway.entered():
                sets, told = Sets(), TriesRead()
                sets.request(("contested",))
                while sets.reading:
                    told = sets.receive() or told
                sets.close()
            assert [(mac, port) for mac, port, _ in told.contested] == [(PHONE, "p-bell")]

    inside(scene)


def test_questions_that_were_asked_past_us_before_there_was_a_curtain_are_turned_round() -> None:
    """Address translation leaves alone what it let pass before: the old ports lead nowhere, new ones to us."""

    def scene() -> None:
        with Home(None) as home:
            with home.gateway.entered():
                run("nft", "-f", "-", text=f"delete table {TABLE}\n" + masquerade("wan0", family="inet"))
            home.answer(53, machine=home.cloud)
            old, new = (home.datagrams(home.bell, port=port) for port in (5000, 5001))
            for stub in (old, new):
                stub.connect((CLOUD4, 53))
            old.send(b"idbefore")
            assert old.recv(100) == b"idanswer"
            with home.gateway.entered():
                run("nft", "-f", "-", text="delete table inet lab\n" + render(home.plan))
            home.judge = lambda seen: [verdict(seen, FlowClass.NONE)]
            home.listen()
            home.wan()
            old.send(b"idafter")
            with pytest.raises(OSError, match="No route to host|Permission denied|timed out"):
                old.recv(100)
            assert home.wan() == []

    inside(scene)


def test_datagrams_that_went_through_all_looks_are_looked_at_now_and_then() -> None:
    def scene() -> None:
        with Home(judge=lambda seen: [verdict(seen, FlowClass.LOOK_AGAIN)]) as home:
            device = home.datagrams(home.bell)
            device.sendto(b"x", (CLOUD4, 9999))
            assert wait_for(lambda: payloads(home.wan()) == b"x")
            for _ in range(20):
                device.sendto(b"y", (CLOUD4, 9999))
            assert wait_for(lambda: len(home.seen) == 2)
            with home.gateway.entered():
                run("nft", "flush", "set", *TABLE.split(), "looked")  # ten minutes later
            device.sendto(b"x", (CLOUD4, 9999))
            assert wait_for(lambda: len(home.seen) == 3)

    inside(scene)


def welcome_all(release: FlowClass = FlowClass.PASS) -> Callable[[PacketSeen], list[SetVerdict]]:
    """A judge that lets every handshake pass, and the next ones too, and says the same to all that is said."""

    def judge(seen: PacketSeen) -> list[SetVerdict]:
        return [verdict(seen, release if seen.packet.payload else FlowClass.WELCOME)]

    return judge


def kinds(home: Home) -> list[int]:
    return [unpack(seen.mark).flow_class for seen in home.seen]


@FAMILIES
def test_the_next_handshake_with_a_known_address_is_not_asked_about_but_what_is_said_is(cloud: str) -> None:
    def scene() -> None:
        with Home(judge=welcome_all()) as home, home.server(443) as listener:
            for turn in range(3):
                with home.connect(home.bell, (cloud, 443)) as client:
                    client.send(HELLO)
                    stream, _ = listener.accept()
                    with stream:
                        assert receive(stream, len(HELLO)) == HELLO
                assert [bool(seen.packet.payload) for seen in home.seen] == [False] + [True] * (turn + 1)
            assert kinds(home)[1:] == [FlowClass.BEGUN] * 3
            home.reload(epoch=2)
            home.judge = lambda seen: [verdict(seen, FlowClass.WELCOME, epoch=2)]
            home.connect(home.bell, (cloud, 443)).close()
            assert not home.seen[-1].packet.payload, "a new generation asks again"

    inside(scene)


def test_a_refusal_at_a_known_address_holds_for_every_connection() -> None:
    def scene() -> None:
        with Home(judge=welcome_all(FlowClass.REFUSE)) as home, home.server(443):
            for _ in range(3):
                with home.connect(home.bell, (CLOUD4, 443)) as client, pytest.raises(ConnectionError):
                    client.send(HELLO)
                    client.recv(1)
            assert payloads(home.wan()) == b"" and len(home.seen) == 4

    inside(scene)


SACK, EXPERIMENT = bytes.fromhex("0101050a0000000100000002"), bytes.fromhex("fd0a6c65747465727321") + b"\1" * 6


def test_empty_segments_of_a_flow_that_passes_are_free_and_say_nothing() -> None:
    """Acknowledgements with options that only a channel would have stay here; a SYN begins another connection."""

    def scene() -> None:
        with Home(hold_payload(FlowClass.PASS)) as home, home.server(443) as listener:
            with home.connect(home.bell, (CLOUD4, 443)) as client:
                client.sendall(HELLO)
                server, _ = listener.accept()
                with server:
                    assert receive(server, len(HELLO)) == HELLO
                    asked, ports = len(home.seen), (client.getsockname()[1], 443)
                    home.wan_raw()
                    for options in (EXPERIMENT, SACK + b"\1" * 4):
                        send_raw(home, tcp4(b"", src=BELL4, dst=CLOUD4, ports=ports, flags=ACK, options=options))
                    left = wait_for(lambda: [packet for packet in home.wan_raw() if packet[9] == 6])
                    assert [SACK in packet for packet in left] == [True] and len(home.seen) == asked
                    send_raw(home, tcp4(b"", src=BELL4, dst=CLOUD4, ports=ports, flags=SYN, options=MSS))
                    assert wait_for(lambda: len(home.seen) > asked)
            assert home.seen[asked].packet.flags == SYN and kinds(home)[asked] == FlowClass.PASS

    inside(scene)


def test_nothing_is_asked_about_before_the_first_byte_as_the_server_counts() -> None:
    """Bytes behind a gap wait for those before them, whatever the SYN said; the first ones are marked as such."""

    def scene() -> None:
        with Home(judge=lambda seen: [verdict(seen, FlowClass.WELCOME)] if not seen.packet.payload else []) as home:
            with home.server(443), home.bell.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, 6) as raw:
                silence_own_resets()
                raw.settimeout(1)
                ports = (5000, 443)
                send_raw(home, tcp4(b"", src=BELL4, dst=CLOUD4, ports=ports, flags=SYN, seq=1000))
                server = int.from_bytes(raw.recv(100)[24:28], "big")
                say = lambda data, seq: send_raw(  # noqa: E731
                    home, tcp4(data, src=BELL4, dst=CLOUD4, ports=ports, flags=0x18, seq=seq, ack=server + 1)
                )
                say(b"behind a gap", 1101)
                say(b"first", 1001)
                say(b"second", 1006)
                assert wait_for(lambda: len(home.seen) == 3)
            assert [(seen.packet.payload, kind) for seen, kind in zip(home.seen[1:], kinds(home)[1:], strict=True)] == [
                (b"first", FlowClass.BEGUN), (b"second", FlowClass.WELCOME)
            ]  # fmt: skip
            assert payloads(home.wan()) == b""

    inside(scene)


def silence_own_resets() -> None:
    """The kernel knows nothing of a connection made by hand, and would reset it."""
    rule = "table ip hush { chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }; }"
    run("nft", "-f", "-", text=rule)
