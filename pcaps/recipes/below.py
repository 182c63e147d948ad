"""What may stand between Ethernet and IP: tags, labels, services, security."""

import struct
import zlib

from scapy.contrib.mpls import MPLS
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from .common import (ARP, ARP_FRAME, ARP_REQUEST, MAC_A, MAC_B, capture, ether,
                     ethertype, inner_ether, macs, said, version)
from .links import LCP_ECHO, ppp_number


def tagged(tags):
    """said() behind these (TPID, TCI), outermost first."""
    head = b"".join(struct.pack("!HH", tci, kind) for (_, tci), kind in zip(tags, [t for t, _ in tags[1:]]))

    def wrap(packet, n, kind=None):
        return ether(head + struct.pack("!HH", tags[-1][1], kind or ethertype(packet)) + packet, tags[0][0], n)
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("vlan", 1, "IEEE 802.1Q: two VLANs and a priority tag (VLAN 0); ARP")
def vlan():
    ids = (10, 20, 0)

    def wrap(packet, n):
        return bytes(Ether(dst=macs(n)[:6].hex(":"), src=macs(n)[6:].hex(":")) /
                     Dot1Q(vlan=ids[n % 3], prio=5, type=ethertype(packet)) / Raw(packet)).ljust(60, b"\xee")
    return said(wrap, bytes(Ether(dst=MAC_A.hex(":"), src=MAC_B.hex(":")) / Dot1Q(vlan=10, type=ARP) / Raw(ARP_REQUEST)))


@capture("vlan-802.1ad", 1, "IEEE 802.1ad: a service tag and a customer's; ARP")
def vlan_8021ad():
    def wrap(packet, n):
        return bytes(Ether(dst=macs(n)[:6].hex(":"), src=macs(n)[6:].hex(":")) / Dot1AD(vlan=100) /
                     Dot1Q(vlan=200 + n % 2, type=ethertype(packet)) / Raw(packet)).ljust(60, b"\xee")
    return said(wrap, bytes(Ether(dst=MAC_A.hex(":"), src=MAC_B.hex(":")) / Dot1AD(vlan=100) /
                            Dot1Q(vlan=200, type=ARP) / Raw(ARP_REQUEST)))


@capture("vlan-9100", 1, "an older TPID, 0x9100, outside of 802.1Q; ARP")
def vlan_9100():
    return tagged([(0x9100, 300), (0x8100, 301)])


@capture("vlan-three", 1, "three tags; ARP")
def vlan_three():
    return tagged([(0x88a8, 11), (0x8100, 12), (0x8100, 13)])


@capture("pbb", 1, "IEEE 802.1ah: a backbone tag, a service instance, the customer's frame, tagged or not; ARP")
def pbb():
    def wrap(frame, n):
        if n % 2:
            frame = frame[:12] + struct.pack("!HH", 0x8100, 51) + frame[12:]
        return macs(n) + struct.pack("!HHHI", 0x88a8, 50, 0x88e7, 0x00000100 + n % 2) + frame
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


@capture("vn-tag", 1, "Cisco's VN-Tag; ARP")
def vn_tag():
    def wrap(packet, n, kind=None):
        return ether(struct.pack("!IH", 0x80010000 if n % 2 else 0x00000001, kind or ethertype(packet)) + packet, 0x8926, n)
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("e-tag", 1, "IEEE 802.1BR's E-Tag, with 802.1Q inside; ARP")
def e_tag():
    def wrap(packet, n, kind=None):
        kind = kind or ethertype(packet)
        inside = struct.pack("!H", kind) if n % 2 else struct.pack("!HHH", 0x8100, 60, kind)
        return ether(struct.pack("!HHH", 0x2001, 0x1002, 0) + inside + packet, 0x893f, n)
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("nsh", 1, "NSH (RFC 8300) above Ethernet: both metadata types, IP, Ethernet, NSH inside; OAM")
def nsh():
    def head(kind, data, metadata=1, oam=0):
        first = oam << 29 | 63 << 22 | (2 + len(data) // 4) << 16 | metadata << 8 | kind
        return struct.pack("!II", first, 0x00000aff) + data

    def wrap(packet, n):
        kind = 2 if version(packet) == 6 else 1
        inside = head(kind, bytes(16)) + packet
        if n == 1:
            inside = head(kind, b"", 2) + packet
        if n == 2:
            inside = head(3, b"\0\x01\2\4\0\0\0\1", 2) + inner_ether(packet, n)
        if n == 3:
            inside = head(4, b"", 2) + inside
        return ether(inside, 0x894f, n)
    return said(wrap, ether(head(0, bytes(16), oam=1), 0x894f))


# --- labels -----------------------------------------------------------------------------

def labels(count, first=16):
    stack = b""
    for number in range(count):
        stack += bytes(MPLS(label=first + number, cos=0, s=number == count - 1, ttl=64))
    return stack


for _count in (1, 3, 8):
    capture("mpls-%d" % _count, 1, "MPLS, %d label%s; something that is no IP below the last" % (_count, "s" * (_count > 1)))(
        lambda count=_count: said(lambda packet, n: ether(labels(count) + packet, 0x8847, n),
                                  ether(labels(count) + b"\x20" + bytes(40), 0x8847)))


@capture("mpls-null-labels", 1, "explicit null labels (RFC 3032) and the entropy label (RFC 6790), in VLAN 70")
def mpls_null():
    def wrap(packet, n):
        null = 2 if version(packet) == 6 else 0
        stack = labels(1, null) if n % 2 else bytes(MPLS(label=16, s=0, ttl=64) / MPLS(label=7, s=0, ttl=64) /
                                                    MPLS(label=4242, s=1, ttl=0))
        return ether(struct.pack("!HH", 70, 0x8847) + stack + packet, 0x8100, n)
    return said(wrap)


@capture("mpls-pseudowire", 1, "Ethernet pseudowire without control word (RFC 4448); ARP")
def mpls_pseudowire():
    return said(lambda packet, n: ether(labels(2) + inner_ether(packet, n), 0x8847, n), ether(labels(2) + ARP_FRAME, 0x8847))


@capture("mpls-pseudowire-cw", 1, "Ethernet pseudowire with control word (RFC 4385), a tag inside; ARP; an associated channel's message")
def mpls_pseudowire_cw():
    def wrap(frame, n):
        return ether(labels(2) + struct.pack("!I", n) + frame, 0x8847, n)

    def inner(packet, n):
        frame = inner_ether(packet, n)
        return frame if n % 2 else frame[:12] + struct.pack("!HH", 0x8100, 80) + frame[12:]
    frames = said(lambda packet, n: wrap(inner(packet, n), n), wrap(ARP_FRAME, 0))
    channel = ether(labels(2) + b"\x10\0\0\x07" + bytes(24), 0x8847)
    return frames[:2] + [channel] + frames[2:]


# --- services -----------------------------------------------------------------------------

@capture("pppoe", 1, "PPPoE sessions, padded; LCP and discovery")
def pppoe():
    def session(number, payload, n):
        return ether(struct.pack("!BBHHH", 0x11, 0, 7, len(payload) + 2, number) + payload, 0x8864, n)
    frames = said(lambda packet, n: session(ppp_number(packet), packet, n), session(0xc021, LCP_ECHO, 0))
    return frames[:2] + [ether(struct.pack("!BBHH", 0x11, 9, 0, 4) + b"\1\1\0\0", 0x8863)] + frames[2:]


@capture("pppoe-vlan", 1, "PPPoE in 802.1ad and 802.1Q")
def pppoe_vlan():
    def wrap(packet, n):
        session = struct.pack("!BBHHH", 0x11, 0, 7, len(packet) + 2, ppp_number(packet)) + packet
        return ether(struct.pack("!HHHH", 7, 0x8100, 70 + n % 2, 0x8864) + session, 0x88a8, n)
    return said(wrap)


@capture("trill", 1, "TRILL (RFC 6325) with options, the inner frame in a VLAN; ARP")
def trill():
    def wrap(frame, n):
        words = n % 2
        return ether(struct.pack("!HHH", words << 6 | 20, 1, 2) + bytes(4 * words) +
                     frame[:12] + struct.pack("!HH", 0x8100, 90) + frame[12:], 0x22f3, n)
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


@capture("hsr", 1, "HSR (IEC 62439-3): both rings' copies of a frame have the sequence number of one; ARP")
def hsr():
    def wrap(packet, n, kind=None):
        return ether(struct.pack("!HHH", n % 2 << 12 | len(packet) + 6, n, kind or ethertype(packet)) + packet, 0x892f, n, False)
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("cisco-metadata", 1, "Cisco MetaData (a security group tag); ARP")
def cisco_metadata():
    def wrap(packet, n, kind=None):
        return ether(struct.pack("!BBHHH", 1, 1, 1, 5, kind or ethertype(packet)) + packet, 0x8909, n)
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("arista-timestamp", 1, "Arista's time stamps of 64 and of 48 bits; ARP")
def arista_timestamp():
    def wrap(packet, n, kind=None):
        stamp = struct.pack("!HHQ", 1, 0x0110, n) if n % 2 else struct.pack("!HHHI", 1, 0x0120, 0, n)
        return ether(stamp + struct.pack("!H", kind or ethertype(packet)) + packet, 0xd28b, n)
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("fabricpath", 1, "Cisco FabricPath; ARP")
def fabricpath():
    def wrap(frame, n):
        outer = bytes.fromhex("020000010000" "020000020000") if n % 2 else bytes.fromhex("020000020000" "020000010000")
        return outer + struct.pack("!HH", 0x8903, 1 << 6 | 32) + frame
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


@capture("isl", 1, "Cisco ISL, the frame inside with its own FCS; ARP")
def isl():
    def wrap(frame, n):
        frame += struct.pack("<I", zlib.crc32(frame))
        head = bytes.fromhex("01000c000000") + MAC_A
        inside = b"\xaa\xaa\x03" + MAC_A[:3] + struct.pack("!HHH", (5 + n % 2) << 1, 1, 0) + frame
        whole = head + struct.pack("!H", len(inside)) + inside
        return whole + struct.pack("<I", zlib.crc32(whole))
    return said(lambda packet, n: wrap(inner_ether(packet, n), n), wrap(ARP_FRAME, 0))


# --- MACsec ---------------------------------------------------------------------------------

def macsec(packet, n, kind=None, flags=0, data=None):
    """With the SCI in every other frame; 16 octets of ICV, and a length where it must say so."""
    sci = b"\0\0\x5e\0\x53\1\0\1" if n % 2 else b""
    data = struct.pack("!H", kind or ethertype(packet)) + packet if data is None else data
    short = len(data) if len(data) < 48 else 0
    return ether(struct.pack("!BBI", flags | (0x20 if sci else 0), short, n + 1) + sci + data + b"\x1c" * 16, 0x88e5, n)


@capture("macsec-integrity", 1, "MACsec (IEEE 802.1AE) that protects without hiding; ARP")
def macsec_integrity():
    return said(macsec, macsec(ARP_REQUEST, 0, ARP))


@capture("macsec-encrypted", 1, "MACsec that hides: no flow")
def macsec_encrypted():
    return [macsec(b"", n, flags=0x0c, data=bytes((7 * i + n) % 256 for i in range(60))) for n in range(2)]


@capture("not-ip", 1, "frames without IP, one of each that has a counter of its own")
def not_ip():
    slow = bytes.fromhex("0180c2000002") + MAC_A + b"\x88\x09\1\1" + bytes(50)
    lldp = bytes.fromhex("0180c200000e") + MAC_A + b"\x88\xcc\2\7\4" + MAC_A + bytes(40)
    cdp = bytes.fromhex("01000ccccccc") + MAC_A + b"\0\x2e\xaa\xaa\3\0\0\x0c\x20\0\2\xb4\0\0" + bytes(34)
    eapol = ether(b"\1\1\0\0", 0x888e)
    return [ARP_FRAME, lldp, slow, cdp, eapol, ether(b"\xff\xff\0\x1e" + bytes(26), 0x8137), ether(b"", 0x9000)]


