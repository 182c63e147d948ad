#!/usr/bin/env python3
"""Packets and capture files for the tests, out of nothing but a name and a seed.

Promises: the same name and seed give the same bytes everywhere; a builder writes
whatever it is told, lies included (lengths, versions, cut headers); captured and
original length of a packet are independent.  Times are integers in nanoseconds.

    pcapgen.py NAME OUT [SEED]     write one capture (several files: OUT, OUT.1, ...)
    pcapgen.py --list              the names, one a line, with what they are for

As a module: eth(), ipv4(), tcp() ... build bytes; write_pcap() and write_pcapng()
write files; mixed(), many() and the captures in CAPTURES make whole files.
"""
import ipaddress
import random
import struct
import sys
from collections import namedtuple
from functools import lru_cache

SECOND = 1_000_000_000
MS = 1_000_000
EPOCH = 1_600_000_000 * SECOND          # where most captures begin

ETHERNET, NULL, RAW, LOOP, SLL, SLL2 = 1, 0, 101, 108, 113, 276
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE = 1, 2, 4, 8, 16, 32, 64, 128, 256
ICMP, TCP, UDP, DCCP, ICMP6, SCTP, UDPLITE = 1, 6, 17, 33, 58, 132, 136
HOPOPT, ROUTING, FRAGMENT, ESP, AH, NONEXT, DSTOPT = 0, 43, 44, 50, 51, 59, 60
MOBILITY, HIP, SHIM6 = 135, 139, 140

Packet = namedtuple("Packet", "ts data wire ifid", defaults=(None, 0))


def pkt(ts, data, wire=None, cap=None, ifid=0):
    """A packet at `ts` ns; `cap` cuts what is captured, `wire` is the original length."""
    wire = len(data) if wire is None else wire
    return Packet(ts, data if cap is None else data[:cap], wire, ifid)


# --- packet builders -----------------------------------------------------------

@lru_cache(maxsize=None)
def address(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def eth(payload, ethertype=0x0800, vlans=(), pad=60, src=b"\2\0\0\0\0\1", dst=b"\2\0\0\0\0\2"):
    """An Ethernet II frame; `vlans` are (TPID, TCI), outermost first; padded with 0xaa."""
    tags = b"".join(struct.pack("!HH", tpid, tci) for tpid, tci in vlans)
    frame = dst + src + tags + struct.pack("!H", ethertype) + payload
    return frame.ljust(pad, b"\xaa")


def llc(payload, sap=(0x42, 0x42), control=3, vlans=(), pad=60):
    """An 802.3 frame: a length where Ethernet II has a type, then an LLC header."""
    body = bytes((sap[0], sap[1], control)) + payload
    return eth(body, len(body), vlans, pad)


def snap(payload, ethertype=0x0800, oui=b"\0\0\0", vlans=(), pad=60):
    return llc(oui + struct.pack("!H", ethertype) + payload, (0xaa, 0xaa), 3, vlans, pad)


def sll(payload, protocol=0x0800, order=">"):
    """Linux cooked capture, version 1."""
    return struct.pack("!HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1", protocol) + payload


def sll2(payload, protocol=0x0800, ifindex=3):
    """Linux cooked capture, version 2."""
    return struct.pack("!HHIHBB8s", protocol, 0, ifindex, 1, 0, 6, b"\2\0\0\0\0\1") + payload


def null(payload, family=2, order="<"):
    """BSD loopback: the address family in the byte order of the capturing host."""
    return struct.pack(order + "I", family) + payload


def ipv4(src, dst, proto, payload=b"", tos=0, ident=0, offset=0, more=False, options=b"",
         total=None, ihl=None, version=4):
    """IPv4; `offset` in units of 8 bytes; total, ihl and version may lie."""
    words = 5 + len(options) // 4
    total = words * 4 + len(payload) if total is None else total
    head = struct.pack("!BBHHHBBH", version << 4 | (words if ihl is None else ihl), tos, total,
                       ident, offset | (0x2000 if more else 0), 64, proto, 0)
    head += address(src) + address(dst) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, proto, payload=b"", tos=0, length=None, version=6):
    """IPv6; `proto` is the first next-header, extension headers come in `payload`."""
    length = len(payload) if length is None else length
    return struct.pack("!IHBB", version << 28 | tos << 20 | 0x12345, length, proto, 64) \
        + address(src) + address(dst) + payload


def chain(headers, proto, payload=b""):
    """(first next-header, bytes) of an IPv6 extension header chain.

    `headers` are (type, body after the next-header byte); the bodies carry their length."""
    kinds = [kind for kind, _ in headers] + [proto]
    parts = [bytes((following,)) + body for following, (_, body) in zip(kinds[1:], headers)]
    return kinds[0], b"".join(parts) + payload


def options_body(size=8, options=b""):
    """What follows the next-header byte in hop-by-hop and destination options."""
    body = bytes((size // 8 - 1,)) + options
    left = size - 1 - len(body)
    return body + (b"" if left == 0 else b"\0" if left == 1 else bytes((1, left - 2)) + bytes(left - 2))


def routing_body(hops=1):
    return struct.pack("!BBBI", hops * 2, 0, 0, 0) + bytes(16 * hops)


def fragment_body(offset=0, more=False, ident=7):
    return struct.pack("!BHI", 0, offset << 3 | (1 if more else 0), ident)


def ah_body(words=6):
    """An authentication header of `words` 32-bit words in all."""
    return bytes((words - 2,)) + b"\0\0" + b"\x11" * (words * 4 - 4)


def jumbo_body(length):
    return options_body(8, struct.pack("!BBI", 0xc2, 4, length))


def tcp(sport, dport, flags=ACK, payload=b"", options=b"", reserved=0):
    """TCP; flags from bit 8 on (AE) and `reserved` land in the 4 bits after the offset."""
    word = (5 + len(options) // 4) << 12 | reserved << 9 | flags
    return struct.pack("!HHIIHHHH", sport, dport, 1000, 2000, word, 8192, 0, 0) + options + payload


def udp(sport, dport, payload=b""):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def sctp(sport, dport, payload=b""):
    return struct.pack("!HHII", sport, dport, 1, 0) + payload


def dccp(sport, dport, payload=b""):
    return struct.pack("!HHBBHII", sport, dport, 4, 0, 0, 0, 0) + payload


def icmp(kind, code, payload=b""):
    return struct.pack("!BBHI", kind, code, 0, 1) + payload


def arp():
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, b"\2\0\0\0\0\1", b"\n\0\0\1",
                       bytes(6), b"\n\0\0\2")


def tcp4(ts, flags, src="10.0.0.1", dst="10.0.0.2", sport=40000, dport=80, size=0, tos=0):
    """The packet that most captures about time are made of."""
    return pkt(ts, eth(ipv4(src, dst, TCP, tcp(sport, dport, flags, bytes(size)), tos)))


def udp4(ts, src="10.0.0.1", dst="10.0.0.2", sport=5000, dport=53, size=20, tos=0):
    return pkt(ts, eth(ipv4(src, dst, UDP, udp(sport, dport, bytes(size)), tos)))


def arp_at(ts):
    return pkt(ts, eth(arp(), 0x0806))


# --- capture writers -------------------------------------------------------------

def write_pcap(path, packets, nano=True, order="<", linktype=ETHERNET, snaplen=262144):
    """A classic capture file; packets are cut to `snaplen`, their original length is kept."""
    unit = 1 if nano else 1000
    with open(path, "wb") as out:
        out.write(struct.pack(order + "IHHiIII", 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0,
                              snaplen, linktype))
        for p in packets:
            data = p.data[:snaplen]
            out.write(struct.pack(order + "IIII", p.ts // SECOND, p.ts % SECOND // unit,
                                  len(data), p.wire) + data)


def block(order, kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def interface_block(order, linktype, snaplen, tsresol):
    body = struct.pack(order + "HHI", linktype, 0, snaplen)
    if tsresol is not None:
        body += struct.pack(order + "HHB3x", 9, 1, tsresol) + struct.pack(order + "HH", 0, 0)
    return block(order, 1, body)


def packet_block(order, p, snaplen, tsresol, simple):
    data = p.data[:snaplen] if snaplen else p.data
    if simple:
        return block(order, 3, struct.pack(order + "I", p.wire) + data)
    ticks = p.ts // 10 ** (9 - (6 if tsresol is None else tsresol))
    return block(order, 6, struct.pack(order + "IIIII", p.ifid, ticks >> 32, ticks & 0xffffffff,
                                       len(data), p.wire) + data)


def write_pcapng(path, packets, nano=True, order="<", linktype=ETHERNET, snaplen=262144,
                 interfaces=1, simple=False):
    """A pcapng file of one section; `simple` may be a function that picks simple packets.

    Microseconds are told by leaving if_tsresol out."""
    tsresol = 9 if nano else None
    choose = simple if callable(simple) else lambda p: simple
    with open(path, "wb") as out:
        out.write(block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
        for _ in range(interfaces):
            out.write(interface_block(order, linktype, snaplen, tsresol))
        for p in packets:
            out.write(packet_block(order, p, snaplen, tsresol, choose(p)))


# --- mixed traffic ---------------------------------------------------------------

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


# --- awkward captures ------------------------------------------------------------

Capture = namedtuple("Capture", "make summary options")
CAPTURES = {}


def awkward(*options):
    """Register a maker of packets, files or a Capture file; `options` are runs worth making."""
    def register(function):
        name = function.__name__
        CAPTURES[name] = Capture(function, (function.__doc__ or "").split("\n")[0], options or ({},))
        return function
    return register


class File:
    """Packets and how they are written, where it is not a plain nanosecond Ethernet file."""

    def __init__(self, packets, writer=write_pcap, **how):
        self.packets, self.writer, self.how = packets, writer, how

    def write(self, path):
        self.writer(path, self.packets, **self.how)


def make(name, path, seed=1):
    """Write the capture `name`; returns the paths of its files, in the order to read them."""
    if name == "mixed":
        return mixed(path, seed)
    if name == "many":
        return many(path, seed=seed)
    made = CAPTURES[name].make()
    files = made if made and isinstance(made[0], File) else [File(made)]
    paths = [path + (".%d" % i if i else "") for i in range(len(files))]
    for each, where in zip(files, paths):
        each.write(where)
    return paths


T = EPOCH


@awkward()
def no_packets():
    """a file header and nothing more"""
    return []


@awkward({}, {"end": "0"}, {"end": "100ms"}, {"end": "1h", "idle": "2h"})
def linger_reuse():
    """a tuple used again while its FIN lingers"""
    return [tcp4(T, SYN), tcp4(T + 10 * MS, ACK), tcp4(T + 20 * MS, FIN | ACK),
            tcp4(T + 30 * MS, ACK), tcp4(T + 200 * MS, SYN), tcp4(T + 300 * MS, SYN | ACK),
            tcp4(T + 400 * MS, RST), tcp4(T + 500 * MS, SYN), tcp4(T + 600 * MS, SYN),
            tcp4(T + 1400 * MS, ACK, size=7), tcp4(T + 1410 * MS, ACK, size=8)]


@awkward({}, {"end": "0"})
def second_fin():
    """a second FIN does not prolong the linger"""
    return [tcp4(T, SYN), tcp4(T + SECOND, FIN | ACK), tcp4(T + 1900 * MS, FIN | ACK),
            tcp4(T + 2 * SECOND - 1, ACK, size=3), tcp4(T + 2 * SECOND, ACK, size=4),
            tcp4(T + 2100 * MS, ACK, size=5)]


@awkward({}, {"end": "0"})
def rst_after_fin():
    """RST after FIN joins and keeps the first deadline; FIN after RST too"""
    out = [tcp4(T, ACK), tcp4(T + MS, FIN), tcp4(T + 500 * MS, RST), tcp4(T + 1001 * MS, RST, size=1)]
    return out + [tcp4(T + 2100 * MS, RST, sport=2), tcp4(T + 2200 * MS, FIN | ACK, sport=2),
                  tcp4(T + 3100 * MS - 1, ACK, sport=2), tcp4(T + 3100 * MS, ACK, sport=2)]


@awkward({}, {"end": "0"})
def syn_fin():
    """SYN with FIN or RST starts a linger, and joins one"""
    return [tcp4(T, SYN | FIN), tcp4(T + MS, SYN | FIN), tcp4(T + 2 * MS, SYN | RST),
            tcp4(T + 3 * MS, ACK), tcp4(T + 4 * MS, SYN), tcp4(T + 5 * MS, SYN | FIN | RST),
            tcp4(T + 6 * MS, SYN), tcp4(T + 1005 * MS, ACK)]


@awkward({}, {"idle": "2s"}, {"idle": "1ms"})
def deadline_idle():
    """idle met to the nanosecond: one before joins, at it splits"""
    out = []
    for port, step in ((1, 15 * SECOND - 1), (2, 15 * SECOND), (3, 15 * SECOND + 1),
                       (4, 2 * SECOND - 1), (5, 2 * SECOND), (6, MS - 1), (7, MS)):
        out += [udp4(T + i * step, sport=port) for i in range(4)]
    return sorted(out, key=lambda p: p.ts)


@awkward({"active": "60s"}, {"active": "10s"}, {"active": "60s", "idle": "10s"})
def deadline_active():
    """active met to the nanosecond while packets keep coming"""
    out = [udp4(T + i * 10 * SECOND, sport=1) for i in range(20)]
    out += [udp4(T + i * 5 * SECOND - (1 if i == 12 else 0), sport=2) for i in range(14)]
    out += [udp4(T + i * 5 * SECOND + (1 if i == 12 else 0), sport=3) for i in range(14)]
    return sorted(out, key=lambda p: p.ts)


@awkward({}, {"end": "5s"}, {"end": "1ms"})
def deadline_end():
    """end met to the nanosecond"""
    out = []
    for port, step in ((1, SECOND - 1), (2, SECOND), (3, SECOND + 1), (4, 5 * SECOND - 1),
                       (5, 5 * SECOND), (6, MS - 1), (7, MS)):
        out += [tcp4(T, SYN, sport=port), tcp4(T + 7, FIN | ACK, sport=port),
                tcp4(T + 7 + step, ACK, sport=port), tcp4(T + 8 + step, ACK, sport=port)]
    return sorted(out, key=lambda p: p.ts)


@awkward({"idle": "5s", "active": "5s", "end": "5s"}, {"idle": "5s", "end": "5s"},
         {"active": "5s", "end": "5s"}, {"idle": "5s", "active": "10s"},
         {"idle": "10s", "active": "10s", "end": "5s"})
def deadline_ties():
    """deadlines that fall on the same nanosecond: the lowest reason wins"""
    out = [tcp4(T, SYN | FIN, sport=1), tcp4(T, SYN, sport=2), tcp4(T, FIN, sport=3),
           tcp4(T + 5 * SECOND, ACK, sport=1), tcp4(T + 5 * SECOND, ACK, sport=2),
           tcp4(T + 5 * SECOND, FIN, sport=4), tcp4(T + 5 * SECOND, FIN, sport=3),
           tcp4(T + 10 * SECOND, ACK, sport=1), tcp4(T + 10 * SECOND, ACK, sport=2),
           tcp4(T + 10 * SECOND, ACK, sport=4), udp4(T + 10 * SECOND, sport=9),
           tcp4(T + 15 * SECOND, ACK, sport=2), arp_at(T + 20 * SECOND)]
    return out


@awkward({}, {"active": "10s"}, {"active": "14s", "idle": "15s"}, {"end": "20s", "active": "12s"})
def deadlines_passed():
    """several deadlines passed at once: the earliest names the reason"""
    out = [udp4(T, sport=1), udp4(T + 9 * SECOND, sport=1), tcp4(T, SYN, sport=2),
           tcp4(T + 9 * SECOND, FIN, sport=2), tcp4(T + 9500 * MS, ACK, sport=2), udp4(T, sport=3),
           tcp4(T + 9900 * MS, FIN, sport=5)]
    late = T + 7200 * SECOND
    return out + [udp4(late, sport=1), tcp4(late, ACK, sport=2), tcp4(late, SYN, sport=5),
                  udp4(late + 5, sport=4)]


@awkward({}, {"idle": "14s"}, {"active": "14s"})
def final_clock():
    """at the end of input a packet that is not metered has moved the clock"""
    return [udp4(T, sport=1), udp4(T + SECOND, sport=2), tcp4(T + 14 * SECOND, FIN, sport=3),
            tcp4(T + 14 * SECOND + 1, FIN, sport=4), arp_at(T + 15 * SECOND)]


@awkward()
def ecn_and_dscp():
    """ECN bits flip within a flow, DSCP makes another flow; ToS is the first packet's"""
    out = [tcp4(T + i * MS, ACK, tos=tos) for i, tos in enumerate((2, 0, 3, 1, 0xb8, 0xbb, 0x04, 0xfc, 0xff))]
    for i, tos in enumerate((3, 0, 0x28, 0x2a)):
        out.append(pkt(T + (20 + i) * MS, eth(ipv6("::1", "::2", UDP, udp(1, 2), tos), 0x86dd)))
    return out


@awkward({}, {"idle": "90s"}, {"idle": "70s", "active": "100s"}, {"idle": "70s", "active": "20s"})
def clock_back_small():
    """steps back of up to exactly 60 s leave the clock where it is; deadlines look at the clock"""
    out = [udp4(T + 100 * SECOND, sport=1), udp4(T + 99 * SECOND, sport=1),
           udp4(T + 40 * SECOND, sport=1), udp4(T + 40 * SECOND + 1, sport=2),
           tcp4(T + 41 * SECOND, FIN, sport=7), tcp4(T + 42 * SECOND, ACK, sport=7),
           tcp4(T + 101 * SECOND - 1, ACK, sport=7), tcp4(T + 101 * SECOND, ACK, sport=7),
           udp4(T + 115 * SECOND - 1, sport=1), udp4(T + 60 * SECOND, sport=3),
           udp4(T + 115 * SECOND, sport=3), udp4(T + 114 * SECOND, sport=2)]
    return out + [udp4(T + 130 * SECOND, sport=3), udp4(T + 70 * SECOND, sport=4)]


@awkward({}, {"active": "20s"})
def clock_not_timestamp():
    """a late packet's flow is judged by the clock that it meets, not by its own time"""
    return [udp4(T, sport=1), arp_at(T + 10 * SECOND), udp4(T + SECOND, sport=2), arp_at(T + 14 * SECOND),
            udp4(T + 11 * SECOND, sport=1), udp4(T + 11 * SECOND, sport=2), udp4(T + 29 * SECOND - 1, sport=1),
            udp4(T + 29 * SECOND - 1, sport=2), udp4(T + 29 * SECOND, sport=3), udp4(T + 30 * SECOND, sport=2)]


@awkward({}, {"idle": "2m"}, {"idle": "10m", "end": "5m"})
def clock_back_large():
    """a step back of more than 60 s ends all flows and restarts the clock"""
    out = [udp4(T, sport=1), tcp4(T + 90 * SECOND, FIN, sport=2), udp4(T + 100 * SECOND, sport=1),
           udp4(T + 40 * SECOND - 1, sport=1), udp4(T + 41 * SECOND, sport=1),
           tcp4(T + 42 * SECOND, ACK, sport=2), udp4(T + 300 * SECOND, sport=3)]
    return out + [arp_at(T + 200 * SECOND), udp4(T + 200 * SECOND + 5, sport=3),
                  udp4(T + 100 * SECOND, sport=4)]


@awkward()
def clock_jumps_far():
    """a file that jumps over years, back and forth; SysUptime cannot keep one origin"""
    day = 86400 * SECOND
    stamps = (T, T + 30 * day, T + 49 * day, T + 50 * day, T + 100 * day, T - 3000 * day,
              T + 40 * day, 5 * SECOND, 6 * SECOND + 123_456_789, 4294967290 * SECOND)
    return [udp4(ts, sport=10 + i % 3, size=i) for i, ts in enumerate(stamps)]


@awkward({}, {"idle": "10h"})
def time_zero_first():
    """packets without a time before any with one"""
    return [udp4(0, sport=1), udp4(0, sport=1), udp4(0, sport=2), udp4(T, sport=1), udp4(T + 5, sport=2)]


@awkward({}, {"idle": "1s"})
def time_zero_later():
    """packets without a time take the clock, also after a step back"""
    return [udp4(T, sport=1), udp4(0, sport=1), udp4(T + 2 * SECOND, sport=2), udp4(0, sport=1),
            udp4(T + SECOND, sport=3), udp4(0, sport=3), udp4(T - 100 * SECOND, sport=4), udp4(0, sport=4)]


@awkward({}, {"idle": "1s"})
def time_all_zero():
    """no packet has a time"""
    return [udp4(0, sport=1), udp4(0, sport=2), udp4(0, sport=1), tcp4(0, FIN)]


@awkward({}, {"lengths": "header"})
def lengths_ipv4():
    """total lengths that lie, are zero, or are below the header"""
    out = []
    for i, total in enumerate((None, 0, 1, 19, 20, 21, 23, 24, 28, 40, 46, 47, 60, 100, 1500, 65535)):
        src = "10.1.0.%d" % (i + 1)
        out.append(pkt(T + i, eth(ipv4(src, "10.9.9.9", UDP, udp(7, 9, bytes(4)), total=total))))
        out.append(pkt(T + i, eth(ipv4(src, "10.9.9.8", TCP, tcp(7, 9, SYN, bytes(40)), total=total)), cap=60))
        out.append(pkt(T + i, eth(ipv4(src, "10.9.9.7", UDP, udp(7, 9), total=total)), wire=1514))
        out.append(pkt(T + i, eth(ipv4(src, "10.9.9.6", UDP, udp(7, 9), total=total, ihl=6))))
        out.append(pkt(T + i, eth(ipv4(src, "10.9.9.5", UDP, udp(7, 9), total=total, ihl=15), pad=0)))
    return out


@awkward({}, {"lengths": "header"})
def lengths_ipv6():
    """payload lengths that lie or are zero, jumbograms true and false"""
    out = []
    for i, length in enumerate((None, 0, 1, 3, 4, 8, 14, 20, 21, 100, 1460, 65535)):
        src = "fd00::%x" % (i + 1)
        out.append(pkt(T + i, eth(ipv6(src, "fd00::a", TCP, tcp(7, 9, SYN), length=length), 0x86dd, pad=80)))
        out.append(pkt(T + i, eth(ipv6(src, "fd00::b", NONEXT, bytes(20), length=length), 0x86dd, pad=80)))
        out.append(pkt(T + i, eth(ipv6(src, "fd00::c", UDP, udp(7, 9), length=length), 0x86dd), wire=1514))
        first, rest = chain([(DSTOPT, options_body(8))], UDP, udp(7, 9))
        out.append(pkt(T + i, eth(ipv6(src, "fd00::d", first, rest, length=length), 0x86dd), wire=1514))
    for i, (claim, wire) in enumerate(((70000, 14 + 40 + 70000), (70000, 14 + 40 + 70001),
                                       (70000, 14 + 40 + 69999), (200000, 1514), (65536, 14 + 40 + 65536))):
        first, rest = chain([(HOPOPT, jumbo_body(claim))], UDP, udp(7, 9, bytes(30)))
        out.append(pkt(T + 99, eth(ipv6("fd00::1", "fd00:1::%x" % i, first, rest, length=0), 0x86dd), wire=wire))
    first, rest = chain([(HOPOPT, jumbo_body(70000))], UDP, udp(7, 9, bytes(30)))
    out.append(pkt(T + 99, eth(ipv6("fd00::1", "fd00:1::f", first, rest, length=0), 0x86dd), wire=70054, cap=60))
    return out


@awkward()
def padding():
    """Ethernet padding is never read as ports, flags or ICMP type"""
    out = []
    for proto in (TCP, UDP, ICMP, SCTP, DCCP, UDPLITE, ICMP6):
        for extra in (0, 1, 2, 3, 4, 13, 14):
            src = "10.%d.0.%d" % (proto, extra + 1)
            body = tcp(258, 772, SYN | ACK)[:extra]
            out.append(pkt(T, eth(ipv4(src, "10.0.0.9", proto, body))))
            out.append(pkt(T, eth(ipv6("fd00:%x::%x" % (proto, extra), "::9", proto, body), 0x86dd, pad=100)))
    return out


def cuts(frame_of, count, wire=None):
    """The same frame from ever new senders, cut after 0, 1, 2 ... bytes."""
    for i in range(count + 1):
        frame = frame_of(i)
        yield pkt(T + i, frame, wire=wire, cap=i)


@awkward({}, {"lengths": "header"})
def cut_ipv4():
    """TCP over IPv4 with options, cut after each byte"""
    def frame(i):
        return eth(ipv4("10.0.1.%d" % i, "10.0.0.2", TCP, tcp(258, 772, SYN, bytes(8), b"\1" * 4),
                        options=b"\1" * 8))
    return list(cuts(frame, 14 + 28 + 32))


@awkward()
def cut_icmp_udp():
    """ICMP and UDP in VLAN tags, cut after each byte"""
    def ping(i):
        return eth(ipv4("10.0.2.%d" % i, "10.0.0.2", ICMP, icmp(8, 3)), 0x0800, ((0x8100, 7),))
    def query(i):
        return eth(ipv4("10.0.3.%d" % i, "10.0.0.2", UDP, udp(258, 772)), 0x0800,
                   ((0x88a8, 7), (0x8100, 8)))
    return [p for p in cuts(ping, 60)] + [p for p in cuts(query, 60)]


@awkward()
def cut_ipv6():
    """IPv6 with a chain of extension headers, cut after each byte"""
    def frame(i):
        first, rest = chain([(HOPOPT, options_body(8)), (ROUTING, routing_body()), (FRAGMENT, fragment_body()),
                             (AH, ah_body()), (DSTOPT, options_body(16))], TCP, tcp(258, 772, SYN))
        return eth(ipv6("fd00::1:%x" % i, "fd00::2", first, rest), 0x86dd)
    return list(cuts(frame, len(frame(0))))


@awkward()
def cut_by_length():
    """the header's length ends within extension and transport headers, the capture does not"""
    out = []
    first, rest = chain([(HOPOPT, options_body(16)), (AH, ah_body())], TCP, tcp(258, 772, FIN | SYN))
    for i in range(1, len(rest) + 1):
        out.append(pkt(T + i, eth(ipv6("fd00::2:%x" % i, "fd00::2", first, rest, length=i), 0x86dd)))
    for i in range(20, 41):
        out.append(pkt(T + i, eth(ipv4("10.0.4.%d" % i, "10.0.0.2", TCP, tcp(258, 772, SYN), total=i))))
    return out


@awkward()
def wrong_version():
    """versions that do not fit the ethertype, and header lengths below 5"""
    out = [udp4(T)]
    for i in range(16):
        out.append(pkt(T + i, eth(ipv4("10.0.0.%d" % i, "10.0.0.99", UDP, udp(1, 2), version=i))))
        out.append(pkt(T + i, eth(ipv6("fd00::%x" % i, "fd00::99", UDP, udp(1, 2), version=i), 0x86dd)))
        out.append(pkt(T + i, eth(ipv4("10.1.0.%d" % i, "10.0.0.99", UDP, udp(1, 2) * 9, ihl=i))))
    return out


@awkward()
def extensions():
    """extension headers in all orders, and headers that end the walk"""
    known = ((HOPOPT, options_body(8)), (ROUTING, routing_body()), (FRAGMENT, fragment_body()),
             (AH, ah_body(7)), (DSTOPT, options_body(24)))
    out, n = [], 0
    for headers in [(a,) for a in known] + [(a, b) for a in known for b in known]:
        n += 1
        first, rest = chain(list(headers), UDP, udp(258, 772, b"x"))
        out.append(pkt(T + n, eth(ipv6("fd00::3:%x" % n, "fd00::2", first, rest), 0x86dd)))
    for last in (ESP, NONEXT, MOBILITY, HIP, SHIM6, 41, 47, 89, 255, ICMP):
        first, rest = chain([(DSTOPT, options_body(8))], last, udp(258, 772))
        out.append(pkt(T + last, eth(ipv6("fd00::4:%x" % last, "fd00::2", first, rest), 0x86dd)))
        out.append(pkt(T + last, eth(ipv6("fd00::5:%x" % last, "fd00::2", last, udp(258, 772)), 0x86dd)))
    return out


@awkward()
def fragments():
    """first and later fragments; nothing is inherited in this release"""
    out = []
    for i, (proto, body) in enumerate(((UDP, udp(258, 772, bytes(64))), (TCP, tcp(258, 772, SYN, bytes(64))),
                                       (ICMP, icmp(8, 1, bytes(64))))):
        for offset, more in ((0, True), (4, True), (8, False), (8191, False)):
            piece = body[offset * 8:offset * 8 + 32].ljust(32, b"\x55")
            out.append(pkt(T + i, eth(ipv4("10.0.5.1", "10.0.5.2", proto, piece, ident=i, offset=offset, more=more))))
            proto6 = ICMP6 if proto == ICMP else proto
            first, rest = chain([(FRAGMENT, fragment_body(offset, more, i))], proto6, piece)
            out.append(pkt(T + i, eth(ipv6("fd00::5", "fd00::6", first, rest), 0x86dd)))
    for offset in (0, 5):
        headers = [(FRAGMENT, fragment_body(offset, True)), (DSTOPT, options_body(8))]
        first, rest = chain(headers, UDP, udp(1, 2, bytes(16)))
        out.append(pkt(T + 9, eth(ipv6("fd00::7", "fd00::8", first, rest), 0x86dd)))
    return out


@awkward()
def transports():
    """every protocol that has ports, and some that have none"""
    out = []
    for proto in (TCP, UDP, UDPLITE, SCTP, DCCP, ICMP, ICMP6, 0, 2, 41, 47, 50, 51, 88, 89, 103, 115, 255):
        body = tcp(258, 772, 0xfff)
        out.append(pkt(T, eth(ipv4("10.6.0.1", "10.6.0.2", proto, body))))
        out.append(pkt(T, eth(ipv4("10.6.0.2", "10.6.0.1", proto, body[::-1]))))
        if proto not in (HOPOPT, AH):
            out.append(pkt(T, eth(ipv6("fd00::61", "fd00::62", proto, body), 0x86dd)))
    return out


@awkward()
def icmp_types():
    """one flow for each type and code, in both families"""
    out = []
    for kind in (0, 3, 5, 8, 11, 128, 129, 133, 135, 255):
        for code in (0, 1, 255):
            out.append(pkt(T, eth(ipv4("10.7.0.1", "10.7.0.2", ICMP, icmp(kind, code, bytes(20))))))
            out.append(pkt(T + 1, eth(ipv6("fd00::71", "fd00::72", ICMP6, icmp(kind, code, bytes(20))), 0x86dd)))
    return out + out[:9]


@awkward()
def tcp_flags():
    """all twelve flag bits, one flow each and all in one"""
    out = [tcp4(T + bit, 1 << bit, sport=100 + bit) for bit in range(12)]
    return out + [tcp4(T + 100 + bit, 1 << bit, sport=99) for bit in range(3, 12)]


@awkward()
def vlans():
    """tags of all kinds, stacked, with and without an ID; the key has the outermost only"""
    stacks = ((), ((0x8100, 5),), ((0x8100, 0xe005),), ((0x8100, 6),), ((0x88a8, 5),), ((0x9100, 5),),
              ((0x8100, 0),), ((0x8100, 0x2000), (0x8100, 9)), ((0x88a8, 5), (0x8100, 6)),
              ((0x88a8, 8), (0x8100, 6)), ((0x8100, 8), (0x8100, 7)), ((0x9100, 4095), (0x88a8, 1), (0x8100, 2)))
    out = [pkt(T + i, eth(ipv4("10.8.0.1", "10.8.0.2", UDP, udp(1, 2)), 0x0800, s)) for i, s in enumerate(stacks)]
    out += [pkt(T + i, eth(ipv6("::1", "::2", UDP, udp(1, 2)), 0x86dd, s)) for i, s in enumerate(stacks)]
    return out + [pkt(T + 50, eth(arp(), 0x0806, ((0x8100, 5),)))]


@awkward()
def not_ip():
    """what is counted by name: ARP, LLDP, STP, MPLS, PPPoE; and what has no name"""
    ip = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2))
    out = [udp4(T)] + [arp_at(T)] * 2 + [pkt(T, eth(bytes(20), 0x88cc))] * 3 + [pkt(T, llc(bytes(35)))] * 4
    out += [pkt(T, eth(b"\0\1\1\xff" + bytes(40), 0x8847))] * 5 + [pkt(T, eth(b"\x11\0\0\1\0\x22\0\x21" + ip, 0x8864))] * 6
    out += [pkt(T, eth(bytes(30), kind)) for kind in (0x88f7, 0x9000, 0x8137, 0x0600)]
    return out + [pkt(T, llc(bytes(20), (0xe0, 0xe0))), udp4(T + 30 * SECOND)]


@awkward()
def mpls():
    """label stacks of every depth above both families, cut, too deep, and what is no IP below"""
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))

    def stack(depth):
        return b"".join(struct.pack("!I", 16 + n << 12 | (n == depth) << 8 | 64) for n in range(1, depth + 1))
    out = [pkt(T + n, eth(stack(n) + ip, kind)) for n in range(1, 19) for ip in (ip4, ip6) for kind in (0x8847, 0x8848)]
    out += [pkt(T + n, eth(stack(3) + ip4, 0x8847), cap=n) for n in range(14, 60)]
    out += [pkt(T + n, eth(stack(2) + bytes((n << 4,)) + bytes(50), 0x8847)) for n in range(16)]
    return out + [pkt(T + 99, eth(stack(1) + ip4, 0x8847, ((0x8100, 5),)))]


@awkward()
def llc_snap():
    """IP and ARP in 802.3 frames with LLC and SNAP, tagged and not"""
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))
    return [pkt(T, snap(ip4)), pkt(T, snap(ip6, 0x86dd)), pkt(T, snap(arp(), 0x0806)),
            pkt(T, snap(ip4, vlans=((0x8100, 5),))), pkt(T, snap(ip4, vlans=((0x88a8, 5), (0x8100, 6)))),
            pkt(T, snap(ipv4("10.0.0.3", "10.0.0.2", UDP, udp(1, 2), total=999))),
            pkt(T, snap(ipv4("10.0.0.4", "10.0.0.2", UDP, udp(1, 2), total=0)))]


@awkward()
def cooked_v1():
    """Linux cooked capture: both families, VLAN tag, ARP, cut, lying length"""
    return [File(cooked(sll), linktype=SLL)]


@awkward()
def cooked_v2():
    """Linux cooked capture version 2, the same"""
    return [File(cooked(sll2), linktype=SLL2)]


def cooked(wrap):
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))
    lie = ipv4("10.0.0.3", "10.0.0.2", UDP, udp(1, 2), total=0)
    size = len(wrap(b""))
    out = [pkt(T, wrap(ip4)), pkt(T, wrap(ip6, 0x86dd)), pkt(T, wrap(arp(), 0x0806)),
           pkt(T, wrap(b"\0\5\x08\0" + ip4, 0x8100)), pkt(T, wrap(lie), wire=size + 1000),
           pkt(T, wrap(lie[:8] + b"\x01" + lie[9:]), wire=10)]
    return out + [pkt(T + i, wrap(ip4), cap=size + i) for i in range(25)]


@awkward()
def raw_ip():
    """no link layer: the version nibble tells; other versions are malformed"""
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))
    out = [pkt(T, ip4), pkt(T, ip6), pkt(T, b"\x50" + ip4[1:]), pkt(T, b"\x00" + ip6[1:]), pkt(T, ip4 + b"xx")]
    out += [pkt(T + i, ip4, cap=i) for i in range(1, 26)] + [pkt(T + i, ip6, cap=i) for i in range(38, 56)]
    return [File(out, linktype=RAW)]


@awkward()
def bsd_null():
    """BSD loopback of hosts of either byte order, all families in use"""
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))
    out = []
    for order in "<>":
        out.append(pkt(T, null(ip4, 2, order)))
        out += [pkt(T, null(ip6, family, order)) for family in (24, 28, 30)]
        out.append(pkt(T, null(bytes(40), 7, order)))
    out += [pkt(T + i, null(ip4), cap=i) for i in range(4, 28)]
    return [File(out, linktype=NULL)]


@awkward()
def openbsd_loop():
    """OpenBSD loopback: the family in network byte order"""
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))
    return [File([pkt(T, null(ip4, 2, ">")), pkt(T, null(ip6, 24, ">")), pkt(T, null(bytes(40), 16, ">"))],
                 linktype=LOOP)]


def short_mix(resolution=1000):
    return Traffic(99, resolution).packets(600)


@awkward()
def little_us():
    """a microsecond file, little-endian"""
    return [File(short_mix(), nano=False)]


@awkward()
def big_us():
    """a microsecond file, big-endian"""
    return [File(short_mix(), nano=False, order=">")]


@awkward()
def big_ns():
    """a nanosecond file, big-endian"""
    return [File(short_mix(1), order=">")]


@awkward()
def pcapng_us():
    """pcapng without if_tsresol: microseconds"""
    return [File(short_mix(), write_pcapng, nano=False)]


@awkward()
def pcapng_big_ns():
    """pcapng, big-endian, nanoseconds"""
    return [File(short_mix(1), write_pcapng, order=">")]


@awkward({}, {"ingress": 77}, {"ingress": 4294967295})
def pcapng_interfaces():
    """packets of one tuple on three interfaces are three flows, unless --ingress says otherwise"""
    out = [p._replace(ts=T + i, ifid=i % 3) for i, p in enumerate([udp4(T)] * 9 + [udp4(T, sport=7)] * 3)]
    return [File(out, write_pcapng, interfaces=3)]


@awkward({}, {"idle": "1s"})
def pcapng_simple():
    """simple packets have no time: they take the clock"""
    stamps = [udp4(T + i * 700 * MS, sport=i % 3 + 1) for i in range(12)]
    return [File(stamps, write_pcapng, simple=lambda p: p.ts // (700 * MS) % 2 == 1)]


@awkward()
def pcapng_only_simple():
    """nothing but simple packets, cut by the interface's snaplen, with an original length"""
    return [File([udp4(T, sport=i % 2 + 1, size=200) for i in range(5)], write_pcapng, simple=True, snaplen=64)]


@awkward({}, {"ingress": 70000})
def snaplen_64():
    """64 captured bytes do not change a count"""
    return [File(short_mix(), snaplen=64, nano=False), File(short_mix(), write_pcapng, snaplen=64)]


@awkward({}, {"idle": "5m"}, {"idle": "5m", "sample": "deterministic:2"})
def several_files():
    """the second file starts before the clock, the third after it, the fourth without a time"""
    first = [udp4(T + i * SECOND, sport=1) for i in range(20)]
    second = [udp4(T + 19 * SECOND - 1, sport=1), udp4(T + 18 * SECOND, sport=1), udp4(T + 30 * SECOND, sport=2)]
    third = [udp4(T + 30 * SECOND, sport=1), udp4(T + 31 * SECOND, sport=2)]
    fourth = [udp4(0, sport=1), udp4(T, sport=2), udp4(T + SECOND, sport=1)]
    return [File(first), File(second, nano=False, order=">"), File(third, write_pcapng), File(fourth)]


@awkward()
def large_counters():
    """octets beyond 32 bits: NetFlow v5 tells them in pieces"""
    out = []
    for i in range(9):
        query = eth(ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2), total=0))
        third = eth(ipv4("10.0.0.3", "10.0.0.2", TCP, tcp(1, 2), total=0))
        out.append(pkt(T + i * MS, query, wire=0x7fffff00 + i))
        out.append(pkt(T + i * MS, third, wire=14 + 0xffffffff // 3))
    first, rest = chain([(HOPOPT, jumbo_body(0xfffffff0))], UDP, udp(7, 9, bytes(30)))
    return out + [pkt(T + 99, eth(ipv6("fd00::1", "fd00::2", first, rest, length=0), 0x86dd), wire=0xffffffff)] * 3


@awkward({"active": "24h", "idle": "24h"}, {"active": "1h", "idle": "24h"})
def starts_before_origin():
    """short flows leave first, then ones that started long before them"""
    day = 86400 * SECOND
    out = [udp4(T + 123_456_789, sport=1)]
    out += [tcp4(T + h * 3600 * SECOND + 999_999_999, FIN, sport=100 + h) for h in range(1, 23)]
    out += [udp4(T + 86000 * SECOND, sport=1), udp4(T + 2 * day, sport=2)]
    return out


@awkward({"end": "0"})
def waiting():
    """records that wait for company: each leaves with the message that its first one opened"""
    out = [arp_at(T + i * 100 * MS) for i in range(1, 150)]
    out += [tcp4(T + t * MS, FIN, sport=t % 60000) for t in (205, 505, 5005, 6004, 10105, 100005, 200005)]
    return sorted(out, key=lambda p: p.ts)


@awkward({"sample": "deterministic:3"}, {"sample": "deterministic:1"}, {"sample": "7"}, {"sample": "1"})
def sampled():
    """a sampler counts ignored kinds, too, and skipped packets still move the clock"""
    out = [udp4(T + i * SECOND, sport=i % 4, size=i) for i in range(40)]
    out += [arp_at(T + 41 * SECOND)] * 5 + [udp4(T - 500 * SECOND)] + [udp4(0, sport=9)] * 4
    return out + [pkt(T, eth(ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2), version=5)))] * 3 + [arp_at(T + 90 * SECOND)]


# --- command line ----------------------------------------------------------------

def main(argv):
    if argv == ["--list"]:
        print("mixed: some thousand flows in two hours\nmany: 100,000 flows, 200,000 packets")
        for name, capture in CAPTURES.items():
            print("%s: %s" % (name, capture.summary))
        return 0
    if len(argv) not in (2, 3) or argv[0] not in set(CAPTURES) | {"mixed", "many"}:
        sys.stderr.write(__doc__)
        return 2
    for path in make(argv[0], argv[1], int(argv[2]) if len(argv) == 3 else 1):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
