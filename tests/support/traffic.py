"""Mixed traffic out of one random generator, and many flows at a time; see pcapgen.py."""
import random
import struct

from packets import *                   # noqa: F403


class Traffic:
    """Flows of all kinds, packet by packet, out of one random generator."""

    KINDS = ("tcp",) * 24 + ("udp",) * 18 + ("icmp",) * 6 + ("pause", "sctp", "udplite", "junk") * 3 + ("long",)

    def __init__(self, seed, resolution):
        self.rng = random.Random(seed)
        self.resolution = resolution
        self.begin = (1_000_000_000 + self.rng.randrange(700_000_000)) * SECOND
        self.span = (2 * 3600 if seed & 1 else 300) * SECOND     # few or many flows at one time

    def moment(self, ts, mean):
        """A time after `ts`, `mean` seconds later on average."""
        return ts + int(self.rng.expovariate(1 / mean) * SECOND)

    def endpoints(self):
        six = self.rng.random() < 0.3
        base = "2001:db8:%x::%x" if six else "10.%d.0.%d"
        hosts = [base % (self.rng.randrange(1, 5), self.rng.randrange(1, 250)) for _ in "ab"]
        return six, hosts[0], hosts[1]

    def tags(self):
        pick = self.rng.random()
        if pick < 0.7:
            return ()
        outer = self.rng.randrange(1, 4095) | self.rng.randrange(8) << 13
        if pick < 0.9:
            return ((0x8100, outer),)
        return ((self.rng.choice((0x88a8, 0x8100, 0x9100)), outer), (0x8100, self.rng.randrange(1, 4095)))

    def extend(self, proto, body):
        """Now and then an IPv6 packet with extension headers."""
        kinds = (HOPOPT, options_body(8)), (DSTOPT, options_body(16)), (ROUTING, routing_body()), \
            (FRAGMENT, fragment_body()), (AH, ah_body())
        headers = [h for h in kinds if self.rng.random() < 0.3]
        return chain(headers, proto, body) if headers else (proto, body)

    def flow(self):
        """A function (ts, proto, bytes, forward) -> Packet with addresses and tags of one flow."""
        six, a, b = self.endpoints()
        vlans, tos = self.tags(), self.rng.choice((0, 0, 0, 0x28, 0xb8)) | self.rng.choice((0, 0, 1, 2))
        extended = six and self.rng.random() < 0.2

        def build(ts, proto, body, forward=True):
            src, dst = (a, b) if forward else (b, a)
            mark = tos ^ (3 if self.rng.random() < 0.05 else 0)
            if six:
                first, rest = self.extend(proto, body) if extended else (proto, body)
                frame = eth(ipv6(src, dst, first, rest, mark), 0x86dd, vlans)
            else:
                options = b"\1" * 8 if self.rng.random() < 0.03 else b""
                frame = eth(ipv4(src, dst, proto, body, mark, options=options), 0x0800, vlans)
            return pkt(ts // self.resolution * self.resolution, frame)
        return six, build

    def size(self):
        return self.rng.choice((0, 0, 1, 5, 40, 200, 700, 1400))

    def tcp(self, ts):
        _, build = self.flow()
        ports = self.rng.randrange(1024, 65536), self.rng.choice((22, 80, 443, 8080))
        script = [(SYN, True), (SYN | ACK, False), (ACK, True)]
        script += [(ACK | self.rng.choice((0, PSH, ECE, CWR, AE)), self.rng.random() < 0.5)
                   for _ in range(self.rng.randrange(0, 40))]
        script += self.rng.choice(([(FIN | ACK, True), (ACK, False), (FIN | ACK, False), (ACK, True)],
                                   [(RST, True)], [(FIN | ACK, False), (RST, True)], []))
        for flags, forward in script:
            p, q = ports if forward else ports[::-1]
            size = 0 if flags & (SYN | FIN | RST) else self.size()
            yield build(ts, TCP, tcp(p, q, flags, bytes(size)), forward)
            ts = self.moment(ts, self.rng.choice((0.01, 0.2, 1.5)))

    def udp(self, ts, mean=1.0, count=None, proto=UDP):
        """A dialogue over ports; SCTP and UDP-Lite begin with ports, too."""
        _, build = self.flow()
        ports = self.rng.randrange(1024, 65536), self.rng.choice((53, 123, 5060, 4500))
        for _ in range(count or self.rng.randrange(1, 12)):
            forward = self.rng.random() < 0.6
            p, q = ports if forward else ports[::-1]
            body = sctp(p, q, bytes(self.size())) if proto == SCTP else udp(p, q, bytes(self.size()))
            yield build(ts, proto, body, forward)
            ts = self.moment(ts, mean)

    def icmp(self, ts):
        six, build = self.flow()
        proto, ask, answer = (ICMP6, 128, 129) if six else (ICMP, 8, 0)
        for _ in range(self.rng.randrange(1, 10)):
            yield build(ts, proto, icmp(ask, 0, bytes(56)), True)
            yield build(ts + 20 * MS, proto, icmp(answer, 0, bytes(56)), False)
            ts = self.moment(ts, 1.0)

    def long(self, ts):
        """Lasts beyond `active` (30 minutes) and never pauses for `idle` (15 seconds)."""
        _, build = self.flow()
        port = self.rng.randrange(1024, 65536)
        for _ in range(self.rng.randrange(250, 500)):
            yield build(ts, UDP, udp(port, 1194, bytes(self.size())))
            ts += int(self.rng.uniform(2, 14.5) * SECOND)

    def pause(self, ts):
        return self.udp(ts, 15.0, 30)

    def sctp(self, ts):
        return self.udp(ts, proto=SCTP)

    def udplite(self, ts):
        return self.udp(ts, proto=UDPLITE)

    def junk(self, ts):
        """What is counted by name and not metered."""
        yield pkt(ts, eth(arp(), 0x0806))
        yield pkt(ts, eth(b"\2\7\4\2\0\0\0\0\1", 0x88cc))
        yield pkt(ts, llc(bytes(35)))
        yield pkt(ts, eth(ipv4("10.1.1.1", "10.1.1.2", UDP, udp(1, 2), version=5)))
        yield pkt(ts, eth(ipv4("10.1.1.1", "10.1.1.2", UDP, udp(1, 2))), cap=30)

    def packets(self, count):
        made = []
        while len(made) < count:
            start = self.begin + int(self.rng.random() * self.span)
            start -= start % self.resolution
            made += getattr(self, self.rng.choice(self.KINDS))(start)
        made.sort(key=lambda p: p.ts)
        return self.disorder(made)

    def disorder(self, packets):
        """Neighbours change places now and then, as packets of two queues do."""
        for i in range(len(packets) - 1):
            if self.rng.random() < 0.01:
                packets[i], packets[i + 1] = packets[i + 1], packets[i]
        return packets


def mixed(path, seed, packets=24000):
    """Some thousand flows in two hours, or at even seeds in minutes; the seed picks the format, too."""
    nano, order = bool(seed & 1), "<>"[seed >> 1 & 1]
    made = Traffic(seed, 1 if nano else 1000).packets(packets)
    if seed % 3 == 2:
        write_pcapng(path, made, nano, order)
    else:
        write_pcap(path, made, nano, order, snaplen=262144 if seed % 5 else 96)
    return [path]


def many(path, flows=100_000, packets=200_000, seed=1, gap_ns=10_000):
    """`flows` UDP flows in turn, `packets` in all; with few ns between packets all live at once."""
    def stream():
        for i in range(packets):
            n = (i * 7919 + seed) % flows if flows % 7919 else i % flows
            frame = bytearray(base)
            struct.pack_into("!I", frame, 26, 0x0a000000 + n // 60000)
            struct.pack_into("!H", frame, 34, 1 + n % 60000)
            yield Packet(EPOCH + i * gap_ns, bytes(frame), len(frame), 0)
    base = eth(ipv4("10.0.0.1", "192.0.2.1", UDP, udp(1, 9, bytes(18))))
    write_pcap(path, stream())
    return [path]
