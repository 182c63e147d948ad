"""Builders of packets and writers of capture files; pcapgen.py says what they promise."""
import ipaddress
import struct
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


def interface_block(order, linktype, snaplen, tsresol, fcslen=None):
    body = struct.pack(order + "HHI", linktype, 0, snaplen)
    options = [(code, value) for code, value in ((9, tsresol), (13, fcslen)) if value is not None]
    body += b"".join(struct.pack(order + "HHB3x", code, 1, value) for code, value in options)
    body += struct.pack(order + "HH", 0, 0) if options else b""
    return block(order, 1, body)


def packet_block(order, p, snaplen, tsresol, simple):
    data = p.data[:snaplen] if snaplen else p.data
    if simple:
        return block(order, 3, struct.pack(order + "I", p.wire) + data)
    ticks = p.ts // 10 ** (9 - (6 if tsresol is None else tsresol))
    return block(order, 6, struct.pack(order + "IIIII", p.ifid, ticks >> 32, ticks & 0xffffffff,
                                       len(data), p.wire) + data)


def write_pcapng(path, packets, nano=True, order="<", linktype=ETHERNET, snaplen=262144,
                 interfaces=1, simple=False, fcslen=None):
    """A pcapng file of one section; `simple` may be a function that picks simple packets.

    Microseconds are told by leaving if_tsresol out."""
    tsresol = 9 if nano else None
    choose = simple if callable(simple) else lambda p: simple
    with open(path, "wb") as out:
        out.write(block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1)))
        for _ in range(interfaces):
            out.write(interface_block(order, linktype, snaplen, tsresol, fcslen))
        for p in packets:
            out.write(packet_block(order, p, snaplen, tsresol, choose(p)))
