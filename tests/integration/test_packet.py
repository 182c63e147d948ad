#!/usr/bin/env python3
"""Live capture through a packet socket of our own, on veth pairs and a tunnel that the test makes.

Promises: what it brings is what the file with the same packets brings and what libpcap brings, flow by
flow, for every number of workers; an expression chooses the same packets as of a file, also by tags that
the kernel has taken off; what has no room is counted, and the interface is left as it was found.

usage: test_packet.py [WORD...]    only cases with such a word in their name
"""
import fcntl
import os
import re
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import pcapgen as gen
from collectors import wait_for
from harness import Skip, run
from live import KEY, Probe, frames_of, good_end, has, mixed_capture, replay, send, stands_still, summary, sums

LOOPS = 5                       # of 20,000 packets
TOLD = "--records=%s,packetDeltaCount,octetDeltaCount" % ",".join(KEY)
JSON = ("-o", "json", "--stats=json")
C_TAG, S_TAG = 0x8100, 0x88a8


def counted(probe):
    packets = probe.stats()["packets"]
    return packets["received"], packets["dropped_kernel"], packets["dropped_interface"]


def of_file(path, *arguments):
    return run(["-r", path, *JSON, TOLD, *arguments])


# --- all of it -----------------------------------------------------------------------------

def as_the_file(case, link, path, *arguments):
    """Five times over, as fast as it goes."""
    file = of_file(path)
    with Probe(link, "-i", "b0", "--buffer=128M", *JSON, TOLD, *arguments) as probe:
        replay(link, path, "--topspeed", f"--loop={LOOPS}")
        probe.end()
    good_end(case, probe)
    case.equal(probe.lines(), [], "messages")
    case.equal(counted(probe), (file.stats["packets"]["received"] * LOOPS, 0, 0), "received, dropped by kernel, interface")
    case.equal(probe.stats()["octets"]["metered"], file.stats["octets"]["metered"] * LOOPS, "octets")
    got, wanted = sums(probe.records()), sums(file.records(), LOOPS)
    case.none([f"{key}: {got.get(key)}, wanted {wanted.get(key)}"
               for key in got.keys() | wanted.keys() if got.get(key) != wanted.get(key)], "flows", 3)


def what_is_lost(case, link, workers):
    """Nobody reads: what has no room is counted, packet by packet."""
    frames = [f for port in range(64) for f in frames_of(100, sport=1000 + port)]
    with Probe(link, "-i", "b0", "--buffer=64k", f"--workers={workers}", *JSON) as probe:
        os.kill(probe.pid, signal.SIGSTOP)
        wait_for(lambda: stands_still(probe.pid), 5, "it stands still")
        send(link.sending, "a0", frames)
        os.kill(probe.pid, signal.SIGCONT)
        time.sleep(0.3)
        send(link.sending, "a0", frames_of(50))
        probe.end()
    good_end(case, probe)
    received, kernel, _ = counted(probe)
    case.equal(received + kernel, len(frames) + 50, "received and dropped")
    case.true(kernel > 1000 and received > 100, f"{received} received, {kernel} dropped")
    case.equal(summary(probe.records(), "sourceTransportPort", "packetDeltaCount")[-1], (5000, 50), "what came afterwards")


# --- filters -------------------------------------------------------------------------------

def kinds():
    """Packets that expressions tell apart, by their tags, protocols, sizes and MAC addresses."""
    out, tags = [], ((), ((C_TAG, 10),), ((C_TAG, 0x600a),), ((C_TAG, 11),), ((S_TAG, 10), (C_TAG, 7)), ((C_TAG, 7), (C_TAG, 10)))
    for number, vlans in enumerate(tags):
        more = {"vlans": vlans, "src": bytes((2, 0, 0, 0, 0, number))}
        for six in (False, True):
            for proto, make in ((gen.TCP, lambda p, b: gen.tcp(p, 80, payload=b)), (gen.UDP, lambda p, b: gen.udp(p, 53, b))):
                body = make(1000 + len(out), bytes(30 * (len(out) % 5)))
                ip = gen.ipv6("2001:db8::1", "2001:db8::2", proto, body) if six else gen.ipv4("10.0.0.1", "10.0.0.2", proto, body)
                out.append(gen.eth(ip, 0x86dd if six else 0x0800, **more))
        out.append(gen.eth(gen.ipv4("10.0.0.1", "10.0.0.3", gen.UDP, gen.udp(9, 9), options=bytes((1, 1, 1, 0))), **more))
        out.append(gen.eth(gen.arp(), 0x0806, **more))
    return out


EXPRESSIONS = (
    "ip", "tcp port 80", "udp and not vlan", "vlan", "vlan 10", "vlan 10 and tcp", "vlan 10 and ip6 and udp port 53",
    "vlan 10 and vlan 7", "vlan and vlan 10 and tcp", "vlan 7 or tcp", "vlan and udp[4:2] > 20", "vlan and udp src port 9",
    "udp src port 9", "ether[12:2] = 0x88a8", "ether[14:2] & 0xe000 != 0", "ether[14] = 0x60 and ether[15] = 10",
    "ether[12] = 0x88 and ether[13] = 0xa8", "ether src 02:00:00:00:00:03", "len > 100", "less 118", "len = 94",
    "ip[2:2] > 60", "vlan and ip[8] = 64 and ip[6:2] & 0x1fff = 0", "ether proto 0x8100", "arp or (vlan and arp)", "ip6 protochain 17",
    "ether[ether[11] + 11] = 0", "ether[12:4] = 0x8100000a", "ether[10:4] = 0x00038100")


def filters(case, link, path):
    """Each expression chooses live, in either direction, what it chooses of a file."""
    for expression in EXPRESSIONS:
        file = of_file(path, "--lengths=wire", f"--filter={expression}")
        with Probe(link, "-i", "b0", f"--filter={expression}", *JSON, TOLD) as probe:
            send(link.sending, "a0", kinds())
            send(link.capturing, "b0", kinds())
            probe.end()
        good_end(case, probe)
        case.equal(probe.stats()["packets"]["received"], 2 * file.stats["packets"]["received"], f"'{expression}': received")
        case.equal(sums(probe.records()), sums(file.records(), 2), f"'{expression}': flows")


def directions(case, link, words, wanted):
    with Probe(link, "-i", "b0", *words, *JSON) as probe:
        send(link.sending, "a0", frames_of(2, src="192.0.2.1", vlans=((C_TAG, 5),)))
        send(link.capturing, "b0", frames_of(3, src="192.0.2.2"))
        probe.end()
    good_end(case, probe)
    case.equal(summary(probe.records(), "sourceIPv4Address", "packetDeltaCount"), wanted, "source, packets")


def needs_libpcap(case, link):
    """What neither the kernel can be told nor is in a packet; where a packet socket was asked for that is said."""
    with Probe(link, "-i", "b0", "--capture=packet", "--filter=inbound and ether[ether[11] + 14] = 69", *JSON) as probe:
        send(link.sending, "a0", frames_of(3))
        probe.end()
    good_end(case, probe)
    case.true(len(probe.lines()) == 1 and probe.lines()[0].startswith("spanflow: b0: captured by libpcap: "), probe.lines())


# --- what a packet tells ---------------------------------------------------------------------

def lengths(case, link):
    """More than is kept of a packet; up to what segmentation offload makes of several."""
    sizes = (400, 484, 485, 1000, 8000, 60000)
    for name, interface in ((link.sending, "a1"), (link.capturing, "b1")):
        netns.run(name, "ip", "link", "set", interface, "mtu", "65000")
    with Probe(link, "-i", "b1", "--records=full", *JSON, interfaces=("b1",)) as probe:
        send(link.sending, "a1", [gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(size, 53, bytes(size - 28))),
                                          vlans=vlans) for size in sizes for vlans in ((), ((C_TAG, 4), (C_TAG, 5)))])
        probe.end()
    good_end(case, probe)
    got = summary(probe.records(), "sourceTransportPort", "vlanId", "octetDeltaCount")
    case.equal(got, [(size, vlan, size) for size in sizes for vlan in (0, 4)], "size, VLAN, octets")
    case.equal(probe.stats()["notes"], {}, "notes")


def nanoseconds(case, link):
    """Times are the wall clock's, and as fine."""
    begin = time.time_ns()
    with Probe(link, "-i", "b0", "--records=sourceTransportPort,flowStartNanoseconds", "-o", "json") as probe:
        send(link.sending, "a0", [f for port in range(1, 41) for f in frames_of(1, sport=port)])
        probe.end()
    times = [record["flowStartNanoseconds"] for record in probe.records()]
    case.equal(len(times), 40, "records")
    case.true(all(begin - 10 ** 6 <= t <= time.time_ns() for t in times), f"{begin}: {times[:3]}")
    case.true(sum(t % 1000 != 0 for t in times) > 20, f"as fine as nanoseconds: {times[:3]}")


class Tunnel:
    """A tun device in the capturing namespace: what is written to it is received there."""

    def __init__(self, link, name):
        self.link, self.name = link, name

    def __enter__(self):
        with netns.entered(self.link.capturing):
            self.fd = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self.fd, 0x400454ca, struct.pack("16sH", self.name.encode(), 0x1001))   # TUNSETIFF, IFF_NO_PI
        netns.run(self.link.capturing, "ip", "link", "set", self.name, "up")
        return self

    def __exit__(self, *_):
        os.close(self.fd)


def tunnel(case, link):
    """Packets without a link layer's header, of both families; and a filter that knows where they begin."""
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")
    with Tunnel(link, "t0") as tun:
        with Probe(link, "-i", "t0", *JSON, "udp", "port", "53", interfaces=("t0",)) as probe:
            for packet in (gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(1, 53, bytes(700))),
                           gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(1, 54)),
                           gen.ipv6("fd00::1", "fd00::2", gen.UDP, gen.udp(2, 53))):
                os.write(tun.fd, packet)
            time.sleep(0.1)
            probe.end()
    good_end(case, probe)
    got = summary(probe.records(), "sourceTransportPort", "packetDeltaCount", "octetDeltaCount")
    case.equal(got, [(1, 1, 728), (2, 1, 48)], "port, packets, octets")


def wrong_filter(case, link):
    """Tags where there are none."""
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")
    with Tunnel(link, "t0"):
        with Probe(link, "-i", "t0", "--filter=vlan 10", interfaces=()) as probe:
            probe.end(None)
    case.equal(probe.status, 1, "exit status")
    lines = [line for line in probe.lines() if "GRO" not in line]
    case.true(len(lines) == 1 and re.match("spanflow: t0: filter: .*VLAN", lines[0]), lines)


def loopback(case, link):
    """Each packet once, though it is sent and received there."""
    for which, count in (("both", 3), ("in", 3), ("out", 3)):
        with Probe(link, "-i", "lo", f"--direction={which}", *JSON, "udp", "port", "4444", interfaces=("lo",)) as probe:
            with netns.udp_socket(link.capturing) as sender:
                for _ in range(3):
                    sender.sendto(b"abc", ("127.0.0.1", 4444))
            time.sleep(0.1)
            probe.end()
        good_end(case, probe)
        case.equal(summary(probe.records(), "packetDeltaCount", "octetDeltaCount"), [(count, 31 * count)], which)


# --- the interface ---------------------------------------------------------------------------

def promiscuous(case, link, number):
    with Probe(link, "-i", "b0") as probe:
        case.true(has(link, "b0", "promiscuity 1"), "it is promiscuous")
        probe.end(number)
    case.true(has(link, "b0", "promiscuity 0"), "it is promiscuous no more")


def cases(tap, link):
    path, choice = tap.path("mixed.pcap"), tap.path("kinds.pcap")
    mixed_capture(path)
    gen.write_pcap(choice, [gen.pkt(gen.EPOCH + n, frame) for n, frame in enumerate(kinds())])
    for words in (["--capture=packet"], ["--capture=pcap"], ["--workers=2"], ["--workers=4"]):
        tap.test("100,000 packets are those of the file: " + words[0], as_the_file, link, path, *words)
    tap.test("what there is no room for is counted", what_is_lost, link, 1)
    tap.test("what there is no room for is counted: two workers", what_is_lost, link, 2)
    tap.test("filters choose what they choose of files", filters, link, choice)
    received, sent = ("192.0.2.1", 2), ("192.0.2.2", 3)
    for words, wanted in (("--direction=in", [received]), ("--direction=out", [sent]), ("--filter=inbound", [received]),
                          ("--filter=outbound", [sent]), ("--filter=vlan 5 or outbound", [received, sent])):
        tap.test(words, directions, link, [words], wanted)
    tap.test("a direction and a filter", directions, link, ["--direction=in", "--filter=vlan 5 and udp"], [received])
    tap.test("a filter that needs libpcap", needs_libpcap, link)
    tap.test("a filter that makes no sense for the link type", wrong_filter, link)
    tap.test("packets that are longer than what is kept", lengths, link)
    tap.test("nanoseconds", nanoseconds, link)
    tap.test("a tunnel", tunnel, link)
    tap.test("loopback", loopback, link)
    tap.test("promiscuity ends with SIGTERM", promiscuous, link, signal.SIGTERM)
    tap.test("promiscuity ends with SIGKILL", promiscuous, link, signal.SIGKILL)


def in_namespaces(tap):
    with netns.Link(2) as link:
        cases(tap, link)


if __name__ == "__main__":
    sys.exit(live.main("capture by a packet socket", in_namespaces))
