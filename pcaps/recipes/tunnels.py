"""Tunnels: IP in IP, with whatever stands between."""

import struct

from scapy.contrib.erspan import ERSPAN_II, ERSPAN_III
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from .common import (ARP, ARP_FRAME, ARP_REQUEST, INNER_MAC_A, IPV4, IPV6, OUTER_A, OUTER_A6, OUTER_B, OUTER_B6, capture,
                     ether, ethertype, inner_ether, said, talk4, talk6, version)
from .links import LCP_ECHO, data80211, ppp_number


def outer4(proto, payload, n):
    """IPv4 between the tunnel's ends, in the direction of the packet inside."""
    a, b = (OUTER_B, OUTER_A) if n % 2 else (OUTER_A, OUTER_B)
    return ether(bytes(IP(src=a, dst=b, proto=proto, id=100 + n) / payload), IPV4, n)


def outer6(proto, payload, n):
    a, b = (OUTER_B6, OUTER_A6) if n % 2 else (OUTER_A6, OUTER_B6)
    return ether(bytes(IPv6(src=a, dst=b, nh=proto) / payload), IPV6, n)


def udp4(port, payload, n, sport=49152):
    a, b = (OUTER_B, OUTER_A) if n % 2 else (OUTER_A, OUTER_B)
    return ether(bytes(IP(src=a, dst=b, id=100 + n) / UDP(sport=sport, dport=port) / Raw(payload)), IPV4, n)


def ip_number(packet):
    return 41 if version(packet) == 6 else 4


# --- IP in IP -------------------------------------------------------------------------

capture("ip-in-ip", 1, "IPv4 in IPv4 (RFC 2003)")(
    lambda: [outer4(4, Raw(packet), n) for n, packet in enumerate(talk4())])
capture("6in4", 1, "IPv6 in IPv4 (RFC 4213)")(
    lambda: [outer4(41, Raw(packet), n) for n, packet in enumerate(talk6())])
capture("4in6", 1, "IPv4 in IPv6 (RFC 2473)")(
    lambda: [outer6(4, Raw(packet), n) for n, packet in enumerate(talk4())])


@capture("6in6", 1, "IPv6 in IPv6 (RFC 2473), with the option of the encapsulation limit")
def six_in_six():
    limit = b"\x29\0\4\1\4\1\0\0"
    return [outer6(60, Raw(limit + packet), n) if n % 2 else outer6(41, Raw(packet), n) for n, packet in enumerate(talk6())]


# --- GRE ------------------------------------------------------------------------------

def gre(payload, n, kind, **fields):
    return outer4(47, GRE(proto=kind, **fields) / Raw(payload), n)


@capture("gre", 1, "GRE (RFC 2784) over IPv4 and IPv6; something that is no IP in it")
def gre_plain():
    def wrap(packet, n):
        inside = GRE(proto=ethertype(packet)) / Raw(packet)
        return outer6(47, inside, n) if n % 2 else outer4(47, inside, n)
    return said(wrap, gre(b"\x83\1\0\4" + bytes(20), 0, 0x00fe))


@capture("gre-key", 1, "GRE with a key (RFC 2890)")
def gre_key():
    return said(lambda packet, n: gre(packet, n, ethertype(packet), key_present=1, key=77))


@capture("gre-checksum-sequence", 1, "GRE with checksum, key and sequence number")
def gre_checksum():
    return said(lambda packet, n: gre(packet, n, ethertype(packet), chksum_present=1, key_present=1, key=77,
                                      seqnum_present=1, sequence_number=n))


@capture("gre-mpls", 1, "MPLS in GRE (RFC 4023)")
def gre_mpls():
    return said(lambda packet, n: gre(struct.pack("!I", 16 << 12 | 0x100 | 64) + packet, n, 0x8847))


@capture("gretap", 1, "Ethernet in GRE; ARP in it")
def gretap():
    return said(lambda packet, n: gre(inner_ether(packet, n), n, 0x6558), gre(ARP_FRAME, 0, 0x6558))


@capture("nvgre", 1, "NVGRE (RFC 7637): a virtual subnet's number in the key; ARP in it")
def nvgre():
    return said(lambda packet, n: gre(inner_ether(packet, n), n, 0x6558, key_present=1, key=5000 << 8 | n),
                gre(ARP_FRAME, 0, 0x6558, key_present=1, key=5000 << 8))


@capture("erspan-1", 1, "ERSPAN type I: no header of its own")
def erspan_1():
    return said(lambda packet, n: gre(inner_ether(packet, n), n, 0x88be), gre(ARP_FRAME, 0, 0x88be))


@capture("erspan-2", 1, "ERSPAN type II: one packet's tag was taken off and is in the header; ARP in it")
def erspan_2():
    def wrap(frame, n):
        return gre(bytes(ERSPAN_II(ver=1, vlan=10, en=2 if n == 2 else 0, session_id=3, index=n)) + frame, n, 0x88be, seqnum_present=1, sequence_number=n)
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


@capture("erspan-3", 1, "ERSPAN type III, with and without the platform's header; ARP in it")
def erspan_3():
    def wrap(frame, n):
        head = bytearray(bytes(ERSPAN_III(vlan=10, session_id=3, timestamp=n)))
        if n % 2:
            head[11] |= 1
            head += bytes([0x0c]) + bytes(7)
        return gre(bytes(head) + frame, n, 0x22eb, seqnum_present=1, sequence_number=n)
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


@capture("gre-pptp", 1, "PPTP's GRE (RFC 2637): PPP with and without an acknowledgment number; LCP in it")
def gre_pptp():
    def wrap(payload, n):
        flags = 0x3001 | (0x80 if n % 2 else 0)
        head = struct.pack("!HHHHI", flags, 0x880b, len(payload), 9, n) + (struct.pack("!I", n) if n % 2 else b"")
        return outer4(47, Raw(head + payload), n)
    return said(lambda packet, n: wrap((b"\xff\x03" if n % 3 else b"") + struct.pack("!H", ppp_number(packet)) + packet, n),
                wrap(b"\xff\x03\xc0\x21" + LCP_ECHO, 0))


@capture("gre-ppp", 1, "PPP in GRE's version 0; LCP in it")
def gre_ppp():
    return said(lambda packet, n: gre(b"\xff\x03" + struct.pack("!H", ppp_number(packet)) + packet, n, 0x880b),
                gre(b"\xff\x03\xc0\x21" + LCP_ECHO, 0, 0x880b))


@capture("gre-eoip", 1, "MikroTik's EoIP: Ethernet behind a header like that of PPTP's GRE; one that keeps the tunnel alive")
def gre_eoip():
    def wrap(frame, n):
        return outer4(47, Raw(struct.pack("!HHHH", 0x2001, 0x6400, len(frame), 0x0700) + frame), n)
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(b"", 0))


@capture("gre-udp", 1, "GRE in UDP (RFC 8086), with and without a key; something that is no IP in it")
def gre_udp():
    def wrap(packet, n, kind=None):
        key = {"key_present": 1, "key": 77} if n % 2 else {}
        return udp4(4754, bytes(GRE(proto=kind or ethertype(packet), **key)) + packet, n)
    return said(wrap, wrap(b"\x83\1\0\4" + bytes(20), 0, 0x00fe))


# --- above UDP --------------------------------------------------------------------------

@capture("vxlan", 1, "VXLAN (RFC 7348), the frames inside with and without a tag; ARP in it")
def vxlan():
    def wrap(frame, n):
        if n % 3 == 2:
            frame = frame[:12] + struct.pack("!HH", 0x8100, 33) + frame[12:]
        return udp4(4789, bytes(VXLAN(flags=8, vni=7000 + n % 2)) + frame, n)
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


@capture("vxlan-gpe", 1, "VXLAN-GPE: IPv4, IPv6, Ethernet, NSH by the next protocol's number; ARP in it")
def vxlan_gpe():
    def head(kind):
        return struct.pack("!BHBI", 0x0c, 0, kind, 7000 << 8)

    def wrap(packet, n):
        kind = 2 if version(packet) == 6 else 1
        if n == 2:
            return udp4(4790, head(3) + inner_ether(packet, n), n)
        if n == 3:
            return udp4(4790, head(4) + struct.pack("!II", 63 << 22 | 2 << 16 | 2 << 8 | kind, 0xaff) + packet, n)
        return udp4(4790, head(kind) + packet, n)
    return said(wrap, udp4(4790, head(3) + ARP_FRAME, 0))


@capture("geneve", 1, "Geneve (RFC 8926) with options, Ethernet and IP inside; ARP in it")
def geneve():
    option = GeneveOptions(classid=0x0102, type=0x80, length=2, data=b"12345678")

    def wrap(inside, n, kind):
        options = [option] if n % 2 else []
        return udp4(6081, bytes(GENEVE(vni=8000, proto=kind, optionlen=3 * (n % 2), options=options)) + inside, n)

    def inner(packet, n):
        if n == 3:
            return wrap(packet, n, ethertype(packet))
        return wrap(inner_ether(packet, n), n, 0x6558)
    return said(inner, wrap(ARP_FRAME, 0, 0x6558))


@capture("geneve-vlan", 1, "Geneve with VLAN tags straight inside, one and two, in tagged and untagged frames; ARP below a tag")
def geneve_vlan():
    def wrap(payload, kind, n):
        outermost, tags = (0x8100, (30, kind)) if n % 3 else (0x88a8, (30, 0x8100, 31, kind))
        inside = struct.pack("!%dH" % len(tags), *tags) + payload
        frame = udp4(6081, bytes(GENEVE(vni=8000, proto=outermost)) + inside, n)
        return frame[:12] + struct.pack("!HH", 0x8100, 10) + frame[12:] if n % 2 else frame
    return said(lambda packet, n: wrap(packet, ethertype(packet), n), wrap(ARP_REQUEST, ARP, 1))


@capture("gtp-u", 1, "GTP-U (3GPP TS 29.281): plain, sequence number, one and two extension headers; an echo request")
def gtp_u():
    def message(kind, payload, optional=b"", flags=0x30):
        return struct.pack("!BBHI", flags, kind, len(optional) + len(payload), 0x1234) + optional + payload

    def wrap(packet, n):
        if n % 4 == 1:
            return udp4(2152, message(255, packet, struct.pack("!HBB", n, 0, 0), 0x32), n, 2152)
        if n % 4 == 2:
            return udp4(2152, message(255, packet, b"\0\0\0\x85" + b"\1\0\5\0", 0x34), n, 2152)
        if n % 4 == 3:
            return udp4(2152, message(255, packet, b"\0\0\0\x85" + b"\1\0\5\xc0" + b"\1\0\7\0", 0x34), n, 2152)
        return udp4(2152, message(255, packet), n, 2152)
    return said(wrap, udp4(2152, message(1, b"", b"\0\1\0\0", 0x32), 0, 2152))


@capture("l2tp-v2", 1, "L2TP (RFC 2661): data with and without length, sequence, offset; a control message")
def l2tp_v2():
    def wrap(packet, n):
        data = b"\xff\x03" + struct.pack("!H", ppp_number(packet)) + packet
        if n % 3 == 0:
            return udp4(1701, struct.pack("!HHH", 0x0002, 5, 6) + data, n, 1701)
        if n % 3 == 1:
            return udp4(1701, struct.pack("!HHHH", 0x4002, 8 + len(data), 5, 6) + data, n, 1701)
        head = struct.pack("!HHHHHHH", 0x4a02, 16 + len(data), 5, 6, n, 0, 2) + b"\0\0"
        return udp4(1701, head + data, n, 1701)
    return said(wrap, udp4(1701, struct.pack("!HHHHHH", 0xc802, 12, 5, 0, 1, 1), 0, 1701))


@capture("l2tp-v3-ip", 1, "L2TPv3 (RFC 3931) above IP, Ethernet in it, a cookie of 4 octets; a control message")
def l2tp_v3_ip():
    def wrap(frame, n):
        return outer4(115, Raw(struct.pack("!II", 0x11, 0xc00c1e00) + frame), n)
    control = struct.pack("!IHHIHH", 0, 0xc803, 12, 5, 1, 1)
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), outer4(115, Raw(control), 0))


@capture("l2tp-v3-udp", 1, "L2TPv3 above UDP, Ethernet in it, a cookie of 4 octets")
def l2tp_v3_udp():
    return said(lambda packet, n: udp4(1701, struct.pack("!HHII", 0x0003, 0, 0x11, 0xc00c1e00) + inner_ether(packet, n), n, 1701))


@capture("teredo", 1, "Teredo (RFC 4380): plain, with authentication and origin indications; a bubble")
def teredo():
    def wrap(packet, n):
        authentication = b"\0\1\0\0" + bytes(8) + b"\0"
        origin = b"\0\0" + b"\xff\xff" + b"\x34\xff\x8e\xfd"
        return udp4(3544, (b"", authentication, origin, authentication + origin)[n % 4] + packet, n)
    bubble = bytes(IPv6(src=OUTER_A6, dst=OUTER_B6, nh=59))
    return [wrap(packet, n) for n, packet in enumerate(talk6())] + [udp4(3544, bubble, 0)]


@capture("capwap", 1, "CAPWAP (RFC 5415): 802.11 with and without the radio's address, Ethernet; one that keeps the channel alive")
def capwap():
    def head(native, more=b"", flags=0):
        return struct.pack("!II", (2 + len(more) // 4) << 19 | 1 << 9 | native << 8 | flags, 0) + more

    def wrap(packet, n):
        if n % 3 == 2:
            inside = head(0) + inner_ether(packet, n)
        else:
            radio = b"\6" + INNER_MAC_A + b"\0" if n % 3 else b""
            inside = head(1, radio, 0x10 if radio else 0) + data80211(packet, n)
        return udp4(5247, inside, n)
    return said(wrap, udp4(5247, head(0, flags=0x08) + bytes(22), 0))


@capture("mpls-udp", 1, "MPLS in UDP (RFC 7510), one label and two")
def mpls_udp():
    def wrap(packet, n):
        labels = (0x12 << 12 | 64, 0x13 << 12 | 0x100 | 64)[1 - n % 2:]
        return udp4(6635, struct.pack("!%dI" % len(labels), *labels) + packet, n)
    return said(wrap)


@capture("tunnel-in-tunnel", 1, "IP in GRE in IP in VXLAN: four IP headers; VLANs outside and inside")
def tunnel_in_tunnel():
    def wrap(packet, n):
        third = bytes(IP(src="10.3.0.1", dst="10.3.0.2") / GRE(proto=ethertype(packet)) / Raw(packet))
        second = bytes(IPv6(src="2001:db8:c::1", dst="2001:db8:c::2", nh=4) / Raw(third))
        frame = udp4(4789, bytes(VXLAN(flags=8, vni=9)) + inner_ether(second, n)[:12] +
                     struct.pack("!HHH", 0x8100, 34, IPV6) + second, n)
        return frame[:12] + struct.pack("!HH", 0x8100, 35) + frame[12:]
    return said(wrap)


@capture("icmp-quotes-tunnel", 1, "an ICMP error about a tunnel's packet: what it quotes is no packet")
def icmp_quotes():
    quoted = bytes(IP(src=OUTER_A, dst=OUTER_B, proto=4) / Raw(talk4()[0]))
    error = b"\3\1\0\0\0\0\0\0" + quoted
    return [outer4(1, Raw(error), 0), outer4(4, Raw(bytes(IP(src="10.1.0.1", dst="10.1.0.2", proto=1) / Raw(error))), 1)]
