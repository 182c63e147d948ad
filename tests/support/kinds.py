"""One capture of many kinds of flows, for reading back what collectors make of each.

Promises: every flow has a source address of its own, so that a collector's record tells which
flow it is; a flow's first and last packet lie some milliseconds and a fraction apart, so that a
time in a wrong unit or place shows; nothing is random.
"""
import pcapgen as gen
from pcapgen import AH, DSTOPT, ESP, FRAGMENT, HOPOPT, ICMP, ICMP6, MS, ROUTING, SCTP, TCP, UDP, UDPLITE

GRE, OSPF, PIM, VRRP, IPIP, IPV6_IN_IP, IGMP, EIGRP, L2TP, RSVP = 47, 89, 103, 112, 4, 41, 2, 88, 115, 46
PRESENT = 1_767_225_600 * gen.SECOND            # 2026-01-01
LAST_CENTURY = 946_684_790 * gen.SECOND         # ten seconds before 2000

FLAG_SETS = (0, 0x02, 0x10, 0x12, 0x18, 0x11, 0x04, 0x14, 0x29, 0x3f, 0x40, 0x80, 0xc2, 0xff,
             0x100, 0x112, 0x200, 0x400, 0x800, 0xf00, 0xfff)
ICMP4_KINDS = ((0, 0), (3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (5, 1), (8, 0), (9, 0), (11, 0),
               (11, 1), (12, 2), (13, 0), (14, 0), (40, 5), (255, 255))
ICMP6_KINDS = ((1, 0), (1, 4), (2, 0), (3, 1), (4, 2), (128, 0), (129, 0), (130, 0), (133, 0),
               (134, 0), (135, 0), (136, 0), (143, 0), (160, 1), (255, 255))
PLAIN_PROTOCOLS = (IGMP, IPIP, 8, EIGRP, GRE, ESP, AH, OSPF, PIM, RSVP, VRRP, L2TP, 0, 143, 253, 255)
TOS_VALUES = (0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x20, 0x28, 0x68, 0xb8, 0xbb, 0xe0, 0xfc, 0xff)
PORTS = ((0, 0), (1, 65535), (53, 32768), (65535, 1), (40000, 443), (256, 257))


class Capture:
    """Collects the packets of flows that follow each other."""

    def __init__(self, start):
        self.start, self.number, self.packets = start, 0, []

    def v4(self):
        self.number += 1
        return f"10.{self.number // 250}.{self.number % 250 + 1}.77", "198.51.100.9"

    def v6(self):
        self.number += 1
        return f"2001:db8:{self.number:x}::77", "2001:db8:ffff:1::9"

    def add(self, *frames, gap=7 * MS + 654_321, wire=None):
        """A flow of these frames; it starts 3.2 ms and a bit after the one before it did."""
        begin = self.start + self.number * 3_200_123
        self.packets += [gen.pkt(begin + i * gap, frame, wire) for i, frame in enumerate(frames)]

    def both(self, proto, bodies, tos=0):
        """The same flow over IPv4 and over IPv6."""
        self.add(*[gen.eth(gen.ipv4(*ends, proto, body, tos)) for ends in [self.v4()] for body in bodies])
        self.add(*[gen.eth(gen.ipv6(*ends, proto, body, tos), 0x86dd) for ends in [self.v6()] for body in bodies])

    def written(self, path):
        gen.write_pcap(path, sorted(self.packets))
        return path


def transports(capture):
    for number, flags in enumerate(FLAG_SETS):
        capture.both(TCP, [gen.tcp(1024 + number, 80, flags), gen.tcp(1024 + number, 80, 0, bytes(number))])
    for sport, dport in PORTS:
        capture.both(UDP, [gen.udp(sport, dport, bytes(sport % 97))] * 2)
        capture.both(TCP, [gen.tcp(sport, dport, gen.ACK)])
        capture.both(SCTP, [gen.sctp(sport, dport, bytes(16))] * 2)
        capture.both(UDPLITE, [gen.udp(sport, dport, bytes(5))])
    capture.both(gen.DCCP, [gen.dccp(5001, 5002)])
    for proto in PLAIN_PROTOCOLS:
        body = gen.udp(258, 772, bytes(24))
        capture.add(gen.eth(gen.ipv4(*capture.v4(), proto, body)))
        if proto not in (HOPOPT, AH):
            capture.add(gen.eth(gen.ipv6(*capture.v6(), proto, body), 0x86dd))


def icmps(capture):
    for kind in ICMP4_KINDS:
        ends = capture.v4()
        capture.add(*[gen.eth(gen.ipv4(*ends, ICMP, gen.icmp(*kind, bytes(24))))] * 3)
    for kind in ICMP6_KINDS:
        ends = capture.v6()
        capture.add(*[gen.eth(gen.ipv6(*ends, ICMP6, gen.icmp(*kind, bytes(24))), 0x86dd)] * 2)


def network(capture):
    for tos in TOS_VALUES:
        capture.both(UDP, [gen.udp(5000, 53, bytes(30))], tos)
    chains = ([(HOPOPT, gen.options_body(8))], [(DSTOPT, gen.options_body(16)), (ROUTING, gen.routing_body())],
              [(FRAGMENT, gen.fragment_body())], [(AH, gen.ah_body())],
              [(HOPOPT, gen.options_body(8)), (ROUTING, gen.routing_body()), (FRAGMENT, gen.fragment_body()),
               (AH, gen.ah_body()), (DSTOPT, gen.options_body(24))])
    for headers in chains:
        for proto, body in ((TCP, gen.tcp(700, 443, 0x118, bytes(9))), (ICMP6, gen.icmp(128, 0, bytes(8))),
                            (ESP, bytes(40))):
            first, rest = gen.chain(headers, proto, body)
            capture.add(gen.eth(gen.ipv6(*capture.v6(), first, rest, 0x48), 0x86dd))
    for proto, body in ((UDP, gen.udp(6000, 53, bytes(64))), (TCP, gen.tcp(6001, 443, gen.PSH, bytes(64)))):
        ends = capture.v4()
        capture.add(gen.eth(gen.ipv4(*ends, proto, body[:32], ident=5, more=True)),
                    gen.eth(gen.ipv4(*ends, proto, body[32:], ident=5, offset=4)))


def links(capture):
    """Tags, labels, and frames that a mirror port of a provider carries."""
    stacks = (((0x8100, 1),), ((0x8100, 0xe000 | 4094),), ((0x88a8, 100), (0x8100, 200)), ((0x8100, 300), (0x8100, 301)),
              ((0x88a8, 7), (0x88a8, 8), (0x8100, 9)))
    body = gen.udp(7000, 53, bytes(40))
    for stack in stacks:
        capture.add(gen.eth(gen.ipv4(*capture.v4(), UDP, body), 0x0800, stack))
        capture.add(gen.eth(gen.ipv6(*capture.v6(), UDP, body), 0x86dd, stack))
    for labels in ((1000,), (16, 1048575), (17, 18, 19), (20, 21, 22, 23)):
        stack = b"".join((label << 12 | (n % 8) << 9 | (0x100 if n == len(labels) - 1 else 0) | 64).to_bytes(4, "big")
                         for n, label in enumerate(labels))
        capture.add(gen.eth(stack + gen.ipv4(*capture.v4(), UDP, body), 0x8847))
        capture.add(gen.eth(stack + gen.ipv6(*capture.v6(), UDP, body), 0x8847))
    for number in range(3):
        ends = capture.v4()
        macs = {"src": bytes((2, 0xaa, 0xbb, 0xcc, 0xdd, number)), "dst": bytes((0, 0x1b, 0x21, 0xff, 0xfe, 255 - number))}
        capture.add(gen.eth(gen.ipv4(*ends, UDP, body), **macs), gen.eth(gen.ipv4(*ends, UDP, body * 3), **macs))


def counts(capture):
    """From one packet to more octets than 32 bits hold."""
    for number in (1, 2, 255, 256, 257, 1000):
        ends = capture.v4()
        capture.add(*[gen.eth(gen.ipv4(*ends, UDP, gen.udp(8000, 53, bytes(number))))] * number, gap=1_000_037)
    ends = capture.v4()
    capture.add(*[gen.eth(gen.ipv4(*ends, UDP, gen.udp(8001, 53), total=0))] * 3, wire=0x70000000)
    ends = capture.v6()
    first, rest = gen.chain([(HOPOPT, gen.jumbo_body(0xfffffff0))], UDP, gen.udp(7, 9, bytes(30)))
    capture.add(*[gen.eth(gen.ipv6(*ends, first, rest, length=0), 0x86dd)] * 3, wire=0xffffffff)


def write(path, start=PRESENT):
    """Writes the capture; returns its path."""
    capture = Capture(start)
    for kind in (transports, icmps, network, links, counts):
        kind(capture)
    return capture.written(path)


def write_few(path):
    """Some of each class of records: IPv4, IPv6, ICMP of both."""
    capture = Capture(PRESENT)
    for number in range(6):
        capture.both(TCP, [gen.tcp(1024 + number, 80, gen.SYN)])
        capture.both(UDP, [gen.udp(5000 + number, 53)])
        capture.add(gen.eth(gen.ipv4(*capture.v4(), ICMP, gen.icmp(8, number))))
        capture.add(gen.eth(gen.ipv6(*capture.v6(), ICMP6, gen.icmp(128, number)), 0x86dd))
    return capture.written(path)
