"""Awkward captures: lengths, headers, link layers, files; see pcapgen.py."""
import struct

from awkward import *                   # noqa: F403
from packets import *                   # noqa: F403
from traffic import Traffic


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


@awkward({}, {"lengths": "header"})
def lengths_transport():
    """TCP header and UDP lengths that lie; jumbo options that no jumbogram needs"""
    out = []
    for words in range(16):
        for size in (0, 3, 20, 39, 40):
            body = tcp(258, 772, SYN | (words << 12 ^ 0x5000), bytes(size))
            out.append(pkt(T + words, eth(ipv4("10.2.0.1", "10.2.0.2", TCP, body))))
            out.append(pkt(T + words, eth(ipv6("fd00::1", "fd00::2", TCP, body), 0x86dd), cap=14 + 40 + 14 + size // 2))
            out.append(pkt(T + words, eth(ipv4("10.2.0.3", "10.2.0.4", TCP, body, total=1500))))
            out.append(pkt(T + words, eth(ipv4("10.2.0.5", "10.2.0.6", TCP, body, total=0))))
    for length in (0, 1, 7, 8, 27, 28, 29, 65535):
        body = struct.pack("!HHHH", 258, 772, length, 0) + bytes(20)
        for ip in (dict(), dict(total=0), dict(total=200), dict(more=True)):
            out.append(pkt(T + 20, eth(ipv4("10.3.0.1", "10.3.0.2", UDP, body, **ip))))
            out.append(pkt(T + 20, eth(ipv4("10.3.0.1", "10.3.0.2", UDP, body, **ip)), cap=14 + 20 + 6))
            out.append(pkt(T + 20, eth(ipv4("10.3.0.1", "10.3.0.2", UDPLITE, body, **ip))))
        for jumbo in (0, 1, 8, 36, 37, 65535, 65536, 70000):
            first, rest = chain([(HOPOPT, jumbo_body(jumbo))], UDP, body)
            for wire in (None, 14 + 40 + 70000):
                out.append(pkt(T + 21, eth(ipv6("fd00::3", "fd00::4", first, rest, length=0), 0x86dd, pad=0), wire=wire))
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


@awkward({}, {"fragments": "off"})
def fragments():
    """first and later fragments of one datagram in order"""
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


def piece4(ts, offset, size, more=True, ident=1, host=1, vlan=0, proto=UDP):
    """A fragment with so many octets of one made-up UDP datagram."""
    ports = tcp(1000 + host, 80, SYN) if proto == TCP else udp(1000 + host, 53)
    body = (ports + bytes(70000))[offset:offset + size]
    tags = ((0x8100, vlan),) if vlan else ()
    return pkt(ts, eth(ipv4("10.5.0.%d" % host, "10.5.9.9", proto, body, ident=ident, offset=offset // 8, more=more),
                       vlans=tags))


@awkward({}, {"fragments": "off"}, {"sample": "deterministic:2"})
def fragments_of_many():
    """fragments in other orders, too late, of other VLANs, of an identification used again"""
    life, out = 15 * SECOND, []
    for host, late in enumerate((0, 1, life - 1, life, life + 1)):
        out += [piece4(T, 0, 16, host=host), piece4(T + late, 16, 16, False, host=host)]
    out.sort(key=lambda p: p.ts)
    t = T + 20 * SECOND
    out += [piece4(t, 16, 16, False, host=20), piece4(t, 0, 16, host=20), piece4(t, 16, 16, False, host=20)]
    out += [piece4(t, 0, 16, host=21, vlan=5)] + [piece4(t, 16, 8, host=21, vlan=v) for v in (0, 5, 6)]
    out += [piece4(t, 0, 16, host=22, ident=i) for i in (1, 3)] + [piece4(t, 16, 8, host=22, ident=i) for i in (1, 2, 3)]
    out += [piece4(t, 0, 24, host=23), piece4(t, 24, 8, host=23, proto=TCP), piece4(t, 0, 24, host=23, proto=TCP)]
    for kind in (8, 13):
        for offset in (0, 4):
            out.append(pkt(t, eth(ipv4("10.5.0.24", "10.5.9.9", ICMP, icmp(kind, 0, bytes(24)), offset=offset, more=True))))
    for ident in (1, 2, 0x10001):
        for offset, last in ((0, TCP), (4, 255)):
            first, rest = chain([(FRAGMENT, fragment_body(offset, True, ident))], last, tcp(ident & 0xffff, 80, SYN, bytes(20)))
            out.append(pkt(t, eth(ipv6("fd00::5", "fd00::6", first, rest), 0x86dd)))
    out.append(piece4(t + 1, 0, 16, host=25))
    return out + [piece4(t - 61 * SECOND, 16, 16, host=25)]


@awkward()
def fragments_that_overlap():
    """what covers what came before, and copies that do not"""
    runs = (((0, 16), (8, 16)), ((0, 24), (24, 8), (16, 8)), ((0, 16), (16, 16), (16, 16)), ((0, 16), (32, 8), (16, 24)),
            ((0, 16), (0, 16), (16, 8), (16, 8)), ((0, 16), (16, 8), (0, 16), (16, 8)), ((0, 16), (32, 8), (16, 16), (40, 8)),
            ((0, 16), (32, 8), (24, 8), (16, 8)), ((0, 64), (0, 16), (16, 8)), ((0, 8), (65528, 16), (65528, 8)))
    return [piece4(T + n, offset, size, host=host) for host, run in enumerate(runs) for n, (offset, size) in enumerate(run)]


@awkward()
def fragments_that_are_tiny():
    """first fragments that end within the transport header, or within the chain before it"""
    out = []
    for i, proto in enumerate((TCP, UDP, UDPLITE, SCTP, DCCP, ICMP, ICMP6, 47)):
        for size in (0, 4, 7, 8, 11, 12, 16, 19, 20, 24):
            ident, body = i * 100 + size, tcp(258, 772, SYN, bytes(20))[:size]
            out.append(pkt(T, eth(ipv4("10.5.1.1", "10.5.1.2", proto, body, ident=ident, more=True))))
            first, rest = chain([(FRAGMENT, fragment_body(0, True, ident))], proto, body)
            out.append(pkt(T, eth(ipv6("fd00::5", "fd00::6", first, rest), 0x86dd)))
    for size in (0, 1, 2, 8, 15, 16, 24, 36):
        first, rest = chain([(FRAGMENT, fragment_body(0, True, 9)), (DSTOPT, options_body(16))], TCP, tcp(1, 2, SYN))
        for cap in (None, 14 + 40 + 8 + size - 1):
            out.append(pkt(T, eth(ipv6("fd00::7", "fd00::8", first, rest[:8 + size]), 0x86dd, pad=0), cap=cap))
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
    out += [pkt(T, eth(b"\0\1\1\xff" + bytes(40), 0x8847))] * 5 + [pkt(T, eth(b"\x11\x09\0\0\0\4\1\1\0\0" + ip, 0x8863))] * 6
    out += [pkt(T, eth(bytes(30), kind)) for kind in (0x88f7, 0x9000, 0x8137, 0x0600)]
    return out + [pkt(T, llc(bytes(20), (0xe0, 0xe0))), udp4(T + 30 * SECOND)]


@awkward()
def pppoe():
    """sessions with each length of the header below, padded, cut short by PPPoE's own length, and other protocols"""
    def session(below, size=None, code=0):
        return eth(struct.pack(">BBHH", 0x11, code, 1, len(below) if size is None else size) + below, 0x8864)
    ip4, ip6 = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2)), ipv6("::1", "::2", TCP, tcp(3, 4, SYN))
    heads4, heads6 = (b"\0\x21", b"\x21", b"\xff\3\0\x21", b"\xff\3\x21"), (b"\0\x57", b"\xff\3\x57")
    out = [pkt(T + i, session(head + ip4) + bytes(20)) for i, head in enumerate(heads4)]
    out += [pkt(T + 10 + i, session(head + ip6) + bytes(6)) for i, head in enumerate(heads6)]
    out += [pkt(T + 20 + i, session(b"\0\x21" + ip4, 2 + size)) for i, size in enumerate((0, 19, 20, 24, 27, 99))]
    out += [pkt(T + 30, session(b"\xc0\x21\1\1\0\4")), pkt(T + 31, session(b"\x80\x21\1\1\0\4"))]
    return out + [pkt(T + 40, session(b"\x7f\x01" + ip4)), pkt(T + 41, session(b"\0\x21" + ip4, code=0xa7))]


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
            pkt(T, snap(ipv4("10.0.0.4", "10.0.0.2", UDP, udp(1, 2), total=0))),
            pkt(T, snap(ipv4("10.0.0.5", "10.0.0.2", UDP, udp(1, 2), total=0), vlans=((0x8100, 7),), pad=90)),
            pkt(T, eth(b"\xaa\xaa\3\0\0\0\x08\0" + ip4, 27, pad=90))]


@awkward()
def declared_fcs():
    """a frame check sequence that the file declares is no part of the wire's length"""
    out = [pkt(T + n, frame + b"FCS.", cap=cap) for n in range(3) for cap in (None, 54, 63) for frame in (
        eth(ipv4("10.0.0.1", f"10.0.1.{n}", UDP, udp(1, 2, bytes(20 * n)), total=(0, 500, 28)[n])),
        eth(ipv6("fd00::1", f"fd00::2:{n}", UDP, udp(1, 2, bytes(20 * n)), length=(0, 500, 8)[n]), 0x86dd))]
    return [*(File(out, linktype=ETHERNET | 0x24000000, order=order) for order in "<>"), File(out),
            *(File(out, write_pcapng, fcslen=length) for length in (4, 32, None))]


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


@awkward({}, {"duration": "5s"}, {"duration": "699ms"})
def pcapng_simple_first():
    """--duration counts from the first packet that has a time"""
    stamps = [udp4(T + i * 700 * MS, sport=i % 3 + 1) for i in range(12)]
    return [File(stamps, write_pcapng, simple=lambda p: p.ts < T + 1400 * MS or p.ts == T + 2800 * MS)]


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
