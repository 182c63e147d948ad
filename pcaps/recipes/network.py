"""IP itself: options, extension headers, fragments, lengths, and what stands above it."""

import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_SSRR
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw

from .common import A, A6, B, B6, IPV4, IPV6, START_NS, STEP_NS, Frame, capture, ether, ethertype, talk

C, C6 = "198.51.100.3", "2001:db8:ffff::3"


def frames(packets):
    return [ether(bytes(packet), ethertype(bytes(packet)), n) for n, packet in enumerate(packets)]


def padded(size, tail=b""):
    return Raw(bytes(i & 0xff for i in range(size)) + tail)


# --- IPv4's and IPv6's own headers ------------------------------------------------------

@capture("ipv4-options", 1, "IPv4 with options: no operation, router alert, time stamps; 40 octets of them")
def ipv4_options():
    timestamps = b"\x44\x24\x05\0" + bytes(32)
    udp, tcp = UDP(sport=1000, dport=2000), TCP(sport=1000, dport=2000, flags="S")
    return frames([
        IP(src=A, dst=B) / udp / Raw(b"none"),
        IP(src=A, dst=B, ihl=6, proto=17) / Raw(b"\1\1\1\0" + bytes(udp / Raw(b"nop"))),
        IP(src=A, dst=B, ihl=6, proto=6) / Raw(b"\x94\4\0\0" + bytes(tcp)),
        IP(src=A, dst=B, ihl=15, proto=17) / Raw(timestamps + b"\1\1\1\0" + bytes(udp / Raw(b"full"))),
    ])


@capture("source-route", 1, "loose and strict source routes (RFC 791): the header's address is the next hop")
def source_route():
    return frames([
        IP(src=A, dst=C, options=[IPOption_LSRR(routers=[B], pointer=4)]) / UDP(sport=1000, dport=2000) / Raw(b"to go"),
        IP(src=A, dst=C, options=[IPOption_SSRR(routers=["10.9.9.9", B], pointer=8)]) / UDP(sport=1000, dport=2000) / Raw(b"half"),
        IP(src=A, dst=B, options=[IPOption_LSRR(routers=[C], pointer=8)]) / UDP(sport=1000, dport=2000) / Raw(b"there"),
        IP(src=A, dst=B) / UDP(sport=1000, dport=2000) / Raw(b"plain"),
    ])


def chain(headers, payload, first=None, src=A6, dst=B6, **fields):
    """An IPv6 packet with these (number, octets without the next header's), then (number, octets)."""
    numbers = [number for number, _ in headers] + [payload[0]]
    body = b"".join(bytes([after]) + data for (_, data), after in zip(headers, numbers[1:])) + payload[1]
    return bytes(IPv6(src=src, dst=dst, nh=first or numbers[0], **fields) / Raw(body))


HOP_BY_HOP = (0, b"\0\5\2\0\0\1\0")                     # router alert
ROUTING = (43, b"\2\4\1" + bytes(4) + bytes.fromhex("20010db8ffff00000000000000000099"))
SEGMENTS = (43, b"\4\4\1\1\0\0\0" + bytes.fromhex("20010db8ffff00000000000000000098") * 2)
OPTIONS = (60, b"\0\1\4\0\0\0\0")
AUTHENTICATION = (51, b"\4\0\0\0\0\0\7\0\0\0\1" + bytes(12))
ATOMIC = (44, b"\0\0\0\0\0\0\x2a")
UDP_PART = (17, struct.pack("!HHHH", 1000, 2000, 16, 0) + bytes(8))
TCP_PART = (6, struct.pack("!HHIIBBHHH", 1000, 2000, 1, 1, 0x50, 0x12, 512, 0, 0))


@capture("ipv6-extensions", 1, "every IPv6 extension header, alone and together; those that end the walk: no next header, mobility, HIP, Shim6, unknown")
def ipv6_extensions():
    headers = [[HOP_BY_HOP], [ROUTING], [SEGMENTS], [OPTIONS], [AUTHENTICATION], [ATOMIC],
               [HOP_BY_HOP, OPTIONS, ROUTING, ATOMIC, AUTHENTICATION, OPTIONS], [OPTIONS] * 6]
    packets = [chain(each, UDP_PART if n % 2 else TCP_PART) for n, each in enumerate(headers)]
    packets += [chain([HOP_BY_HOP], (59, b"")), chain([], (59, bytes(12)))]
    packets += [chain([OPTIONS], (number, b"\x3b\0" + bytes(6))) for number in (135, 139, 140, 253)]
    return frames(packets + [chain([HOP_BY_HOP], (58, b"\x8f\0\0\0" + bytes(4)))])


@capture("ipv6-jumbogram", 1, "jumbograms (RFC 2675), cut when they were captured")
def ipv6_jumbogram():
    out = []
    for n, size in enumerate((70_000, 65_536, 300_000)):
        option = (0, b"\0\xc2\4" + struct.pack("!I", size))
        packet = chain([option], (17, struct.pack("!HHHH", 1000, 2000, 0, 0) + bytes(40)), plen=0)
        out.append(Frame(ether(packet, IPV6, n), 14 + 40 + size))
    return out


# --- fragments -----------------------------------------------------------------------------

def fragment4(proto, payload, first, last, ident, src=A, dst=B, total=None):
    """Octets first to last of a datagram's payload."""
    more = last < (total or len(payload))
    return bytes(IP(src=src, dst=dst, proto=proto, id=ident, frag=first // 8, flags="MF" if more else 0) /
                 Raw(payload[first:last]))


def fragment6(proto, payload, first, last, ident, before=()):
    more = last < len(payload)
    head = struct.pack("!BHI", 0, first | more, ident)
    return chain(list(before) + [(44, head)], (proto, payload[first:last]))


UDP_LONG = struct.pack("!HHHH", 1000, 2000, 108, 0) + bytes(100)
TCP_LONG = struct.pack("!HHIIBBHHH", 1001, 2001, 1, 1, 0x50, 0x18, 512, 0, 0) + bytes(60)
ECHO_LONG = b"\x08\0\0\0\0\7\0\1" + bytes(92)


@capture("fragments", 1, "fragments in order: UDP, TCP and ICMP in IPv4, UDP and ICMPv6 in IPv6, two datagrams mixed with each other")
def fragments():
    out = [fragment4(17, UDP_LONG, 0, 48, 1), fragment4(17, UDP_LONG, 0, 48, 2, src=B, dst=A),
           fragment4(17, UDP_LONG, 48, 96, 1), fragment4(17, UDP_LONG, 48, 108, 2, src=B, dst=A),
           fragment4(17, UDP_LONG, 96, 108, 1)]
    out += [fragment4(6, TCP_LONG, 0, 40, 3), fragment4(6, TCP_LONG, 40, 80, 3)]
    out += [fragment4(1, ECHO_LONG, 0, 48, 4), fragment4(1, ECHO_LONG, 48, 100, 4)]
    out += [fragment6(17, UDP_LONG, 0, 48, 5), fragment6(17, UDP_LONG, 48, 108, 5)]
    echo = b"\x80" + ECHO_LONG[1:]
    out += [fragment6(58, echo, 0, 48, 6), fragment6(58, echo, 48, 100, 6)]
    return frames(out)


@capture("fragments-disordered", 1, "fragments that come before their first one, and first ones that never come")
def fragments_disordered():
    out = [fragment4(17, UDP_LONG, 96, 108, 1), fragment4(17, UDP_LONG, 0, 48, 1), fragment4(17, UDP_LONG, 48, 96, 1),
           fragment4(1, ECHO_LONG, 48, 100, 2), fragment4(1, ECHO_LONG, 0, 48, 2),
           fragment4(6, TCP_LONG, 40, 80, 3),
           fragment6(17, UDP_LONG, 48, 96, 4), fragment6(17, UDP_LONG, 0, 48, 4), fragment6(17, UDP_LONG, 96, 108, 4),
           fragment6(58, UDP_LONG, 48, 96, 5)]
    return frames(out)


@capture("fragments-tiny", 1, "first fragments of 8 octets: ports, but no TCP flags; of a datagram with the least data")
def fragments_tiny():
    out = [fragment4(6, TCP_LONG, 0, 8, 1), fragment4(6, TCP_LONG, 8, 16, 1), fragment4(6, TCP_LONG, 16, 80, 1),
           fragment4(17, UDP_LONG, 0, 8, 2), fragment4(17, UDP_LONG, 8, 108, 2),
           fragment6(6, TCP_LONG, 0, 8, 3), fragment6(6, TCP_LONG, 8, 80, 3)]
    return frames(out)


@capture("fragments-overlapping", 1, "overlapping fragments (RFC 1858, RFC 5722): a second first one with other ports, one that covers the ports")
def fragments_overlapping():
    other = struct.pack("!HH", 3000, 4000) + UDP_LONG[4:]
    out = [fragment4(17, UDP_LONG, 0, 48, 1), fragment4(17, UDP_LONG, 40, 96, 1), fragment4(17, UDP_LONG, 48, 108, 1),
           fragment4(17, UDP_LONG, 0, 48, 2), fragment4(17, other, 0, 48, 2), fragment4(17, UDP_LONG, 48, 108, 2),
           fragment6(17, UDP_LONG, 0, 48, 3), fragment6(17, UDP_LONG, 40, 108, 3)]
    return frames(out)


@capture("fragments-extensions", 1, "extension headers before and behind the fragment header: later fragments name another protocol than the first ends with")
def fragments_extensions():
    payload = b"\x11\0\1\4\0\0\0\0" + UDP_LONG
    out = [fragment6(60, payload, 0, 48, 1), fragment6(60, payload, 48, 96, 1), fragment6(60, payload, 96, 116, 1),
           fragment6(17, UDP_LONG, 0, 48, 2, [HOP_BY_HOP]), fragment6(17, UDP_LONG, 48, 108, 2, [HOP_BY_HOP])]
    return frames(out)


# --- lengths ------------------------------------------------------------------------------

@capture("length-lies", 1, "headers that claim more than the wire carried, or less")
def length_lies():
    udp = UDP(sport=1000, dport=2000)
    out = [IP(src=A, dst=B, len=400) / udp / padded(40), IP(src=A, dst=B) / udp / padded(40),
           IP(src=A, dst=B, len=40) / udp / padded(60), IPv6(src=A6, dst=B6, plen=500) / udp / padded(40),
           IPv6(src=A6, dst=B6, plen=20) / udp / padded(40), IPv6(src=A6, dst=B6) / udp / padded(40)]
    return frames(out)


@capture("broken-headers", 1, "headers that can't be: versions, header lengths, total lengths; headers that were cut")
def broken_headers():
    good = bytes(IP(src=A, dst=B) / UDP(sport=1000, dport=2000) / padded(40))
    good6 = bytes(IPv6(src=A6, dst=B6) / UDP(sport=1000, dport=2000) / padded(40))
    bad = [b"\x55" + good[1:], b"\x44" + good[1:], good[:2] + b"\0\x13" + good[4:], b"\x4f\0\0\x20" + good[4:]]
    out = [ether(packet, IPV4, n) for n, packet in enumerate(bad)] + [ether(b"\x50" + good6[1:], IPV6)]
    out += [Frame(ether(good, IPV4)[:cut], 82) for cut in (14 + 19, 14 + 20, 14 + 23, 14 + 24)]
    out += [Frame(ether(good6, IPV6)[:cut], 102) for cut in (14 + 39, 14 + 40, 14 + 44)]
    return out + [ether(good, IPV4), ether(good6, IPV6)]


@capture("length-zero", 1, "total length 0 as segmentation offload leaves it, in IPv4 and in IPv6 (BIG TCP)")
def length_zero():
    tcp = TCP(sport=1000, dport=2000, flags="PA")
    big4 = ether(bytes(IP(src=A, dst=B, len=0) / tcp / padded(60)), IPV4)
    big6 = ether(bytes(IPv6(src=A6, dst=B6, plen=0) / tcp / padded(60)), IPV6)
    return [Frame(big4, 70_000), Frame(big6, 90_000), ether(bytes(IP(src=A, dst=B) / tcp), IPV4),
            ether(bytes(IPv6(src=A6, dst=B6) / tcp), IPV6)]


@capture("cut-by-snaplen", 1, "captured octets cut in the transport header: counts are those of the wire")
def cut_by_snaplen():
    out = []
    for cut in (14 + 20 + 3, 14 + 20 + 4, 14 + 20 + 13, 14 + 20 + 14, 96):
        out.append(Frame(ether(bytes(IP(src=A, dst=B) / TCP(sport=1000, dport=2000, flags="PA") / padded(1000)), IPV4)[:cut], 1054))
    for cut in (14 + 40 + 1, 14 + 40 + 2):
        out.append(Frame(ether(bytes(IPv6(src=A6, dst=B6, nh=58) / Raw(b"\x80\0" + bytes(200))), IPV6)[:cut], 256))
    return out


# --- above IP ---------------------------------------------------------------------------------

@capture("transports", 1, "what has ports: TCP with all twelve flags, UDP, UDP-Lite, SCTP, DCCP; what has none: ESP, AH, OSPF, IGMP, ICMP in its types")
def transports():
    out = [IP(src=A, dst=B, proto=6) / Raw(struct.pack("!HHIIHHHH", 1000, 2000, 1, 1, 0x5000 | bit, 512, 0, 0))
           for bit in (0x001, 0x1c0, 0xe00)]
    ports = struct.pack("!HH", 1000, 2000)
    for proto, data in ((136, b"\0\x08\0\0data"), (132, bytes(8) + b"\3\0\0\x10" + bytes(12)), (33, b"\4\0\0\0\1\0\0\0")):
        out.append(IP(src=A, dst=B, proto=proto) / Raw(ports + data))
        out.append(IPv6(src=A6, dst=B6, nh=proto) / Raw(ports + data))
    esp = struct.pack("!II", 0x10002000, 1) + bytes(24)
    authentication = b"\x11\4\0\0" + struct.pack("!II", 7, 1) + bytes(12) + UDP_PART[1]
    for proto, data in ((50, esp), (51, authentication), (89, bytes(24)), (2, b"\x11\x64\0\0" + bytes(4)), (46, bytes(8))):
        out.append(IP(src=A, dst=B, proto=proto) / Raw(data))
    out.append(IPv6(src=A6, dst=B6, nh=50) / Raw(esp))
    out += [IP(src=A, dst=B) / ICMP(type=kind, code=code) / padded(28) for kind, code in ((0, 0), (3, 3), (11, 0))]
    out.append(IP(src=A, dst=B) / ICMP(type=13, ts_ori=1, ts_rx=2, ts_tx=3))
    out += [IPv6(src=A6, dst=B6, nh=58) / Raw(bytes([kind, code]) + bytes(22)) for kind, code in ((1, 4), (128, 0), (135, 0), (255, 7))]
    return frames(out)


@capture("copies", 1, "a mirror of two ports: copies of the same packet with other addresses of Ethernet, a router's copy with a smaller TTL, and real retransmissions")
def copies():
    def routed(packet):
        return bytes(IP(bytes(packet), ttl=63, chksum=None)) if packet[0] >> 4 == 4 else \
            packet[:7] + bytes([packet[7] - 1]) + packet[8:]
    out, now = [], START_NS
    for n, packet in enumerate(talk()):
        times = [now, now + 40_000]
        out.append(Frame(ether(packet, ethertype(packet), n), ts_ns=times[0]))
        out.append(Frame(ether(packet if n % 2 else routed(packet), ethertype(packet), n + 1), ts_ns=times[1]))
        now += STEP_NS
    again = bytes(IP(src=A, dst=B, tos=0xb8, id=2) / TCP(sport=40001, dport=443, flags="PA", seq=2, ack=10) / Raw(b"request"))
    other = bytes(IP(src=A, dst=B, tos=0xb8, id=77) / TCP(sport=40001, dport=443, flags="PA", seq=2, ack=10) / Raw(b"request"))
    out.append(Frame(ether(other, IPV4), ts_ns=START_NS + 2 * STEP_NS + 300_000))
    return out + [Frame(ether(again, IPV4), ts_ns=now + 5_000_000_000)]
