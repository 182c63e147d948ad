"""Link types: what stands before the first header of the network."""

import struct
import zlib

from scapy.layers.l2 import LLC, SNAP, CookedLinux, Dot3
from scapy.packet import Raw

from .common import (ARP, ARP_FRAME, ARP_REQUEST, MAC_A, MAC_B, capture, ether, ethertype, macs, said, snap,
                     talk4, talk6, timed, version)


@capture("ethernet", 1, "Ethernet II, short frames padded; ARP")
def ethernet():
    return said(lambda packet, n: ether(packet, ethertype(packet), n), ARP_FRAME)


@capture("ethernet-llc", 1, "IEEE 802.3 with LLC and SNAP, padded; LLC with SAP 6, which is IP; spanning tree")
def ethernet_llc():
    def wrap(packet, n):
        address = {"dst": macs(n)[:6].hex(":"), "src": macs(n)[6:].hex(":")}
        if n == 2:
            frame = Dot3(**address) / LLC(dsap=6, ssap=6, ctrl=3) / Raw(packet)
        else:
            frame = Dot3(**address) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(code=ethertype(packet)) / Raw(packet)
        return bytes(frame).ljust(60, b"\xee")
    bridge = b"\x42\x42\x03\0\0\0\0\0" + bytes(31)
    return said(wrap, bytes.fromhex("0180c2000000") + MAC_A + struct.pack("!H", len(bridge)) + bridge)


@capture("cooked-v1", 113, "Linux cooked capture, version 1; ARP")
def cooked_v1():
    def wrap(packet, n, kind=None):
        return bytes(CookedLinux(pkttype=4 * (n % 2), lladdrtype=1, lladdrlen=6, src=macs(n)[6:],
                                 proto=kind or ethertype(packet)) / Raw(packet))
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("cooked-v2", 276, "Linux cooked capture, version 2, of two interfaces; ARP")
def cooked_v2():
    def wrap(packet, n, kind=None):
        return struct.pack("!HHIHBB8s", kind or ethertype(packet), 0, 3 + version(packet) % 4 // 2, 1,
                           4 * (n % 2), 6, macs(n)[6:]) + packet
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


for _name, _number in (("raw-ip-12", 12), ("raw-ip", 101)):
    capture(_name, _number, "raw IP, link type %d: the version tells; one packet of version 1" % _number)(
        lambda: said(lambda packet, n: packet, b"\x10" + bytes(39)))
capture("raw-ipv4", 228, "raw IPv4")(talk4)
capture("raw-ipv6", 229, "raw IPv6")(talk6)


def loopback(order, families):
    def wrap(packet, n):
        family = 2 if version(packet) == 4 else families[n % len(families)]
        return struct.pack(order + "I", family) + packet
    return said(wrap, struct.pack(order + "I", 7) + bytes(30))


capture("null-little-endian", 0, "BSD loopback, captured on a little-endian machine; the BSDs' numbers of IPv6")(
    lambda: loopback("<", (24, 28, 30)))
capture("null-big-endian", 0, "BSD loopback, captured on a big-endian machine")(lambda: loopback(">", (24, 28, 30)))
capture("loop", 108, "OpenBSD loopback: network order")(lambda: loopback(">", (24,)))


# --- serial lines -----------------------------------------------------------------------

LCP_ECHO = b"\x09\x01\0\x08\0\0\0\x01"


def ppp_number(packet):
    return 0x57 if version(packet) == 6 else 0x21


@capture("ppp", 9, "PPP: with and without address and control, protocol field compressed or not; LCP")
def ppp():
    def wrap(packet, n):
        head = b"\xff\x03" if n % 3 else b""
        return head + (bytes([ppp_number(packet)]) if n % 2 else struct.pack("!H", ppp_number(packet))) + packet
    return said(wrap, b"\xff\x03\xc0\x21" + LCP_ECHO)


@capture("ppp-hdlc", 50, "PPP in HDLC-like framing; LCP")
def ppp_hdlc():
    return said(lambda packet, n: b"\xff\x03" + struct.pack("!H", ppp_number(packet)) + packet,
                b"\xff\x03\xc0\x21" + LCP_ECHO)


@capture("ppp-hdlc-cisco", 50, "Cisco HDLC in a capture of PPP's link type; SLARP")
def ppp_hdlc_cisco():
    return said(lambda packet, n: b"\x0f\0" + struct.pack("!H", ethertype(packet)) + packet,
                b"\x8f\0\x80\x35" + struct.pack("!IIIHI", 2, 1, 1, 0xffff, 0))


@capture("ppp-ether", 51, "PPPoE without its Ethernet header; LCP")
def ppp_ether():
    def session(number, packet):
        return struct.pack("!BBHHH", 0x11, 0, 7, len(packet) + 2, number) + packet
    return said(lambda packet, n: session(ppp_number(packet), packet), session(0xc021, LCP_ECHO))


@capture("cisco-hdlc", 104, "Cisco HDLC; SLARP")
def cisco_hdlc():
    return ppp_hdlc_cisco()


@capture("frame-relay", 107, "Frame Relay (RFC 2427): NLPIDs of IPv4 and IPv6, SNAP, addresses of 2 and 4 octets; LMI")
def frame_relay():
    def wrap(packet, n):
        address = b"\x18\x41" if n % 3 else b"\x18\x40\x02\x41"
        if n % 2:
            return address + b"\x03\0\x80\0\0\0" + struct.pack("!H", ethertype(packet)) + packet
        return address + (b"\x03\xcc" if version(packet) == 4 else b"\x03\x8e") + packet
    return said(wrap, bytes.fromhex("00010308007551010003020101"))


@capture("slip", 8, "SLIP: not compressed")
def slip():
    return said(lambda packet, n: bytes([n % 2, 0x40]) + bytes(14) + packet)


@capture("atm-rfc1483", 100, "ATM (RFC 2684): routed by SNAP and by NLPID, bridged Ethernet with and without FCS; ARP")
def atm_rfc1483():
    def wrap(packet, n):
        if n == 2:
            return b"\xfe\xfe\x03\xcc" + packet
        frame = ether(packet, ethertype(packet), n)
        if n == 3:
            return b"\xaa\xaa\x03\0\x80\xc2\0\x07\0\0" + frame
        if n == 4:
            return b"\xaa\xaa\x03\0\x80\xc2\0\x01\0\0" + frame + struct.pack("<I", zlib.crc32(frame))
        return snap(packet)
    return said(wrap, snap(ARP_REQUEST, ARP))


# --- rings, wireless -------------------------------------------------------------------

@capture("token-ring", 6, "Token Ring with SNAP; some frames have a routing field; a MAC frame")
def token_ring():
    def wrap(packet, n):
        to, by = macs(n)[:6], macs(n)[6:]
        if n % 2:
            by, route = bytes([by[0] | 0x80]) + by[1:], b"\x06\x30\x00\x11\x00\x20"
        else:
            route = b""
        return b"\x10\x40" + to + by + route + snap(packet)
    return said(wrap, b"\x10\x05" + b"\xc0\0\xff\xff\xff\xff" + MAC_A + b"\0\x0c\0\5" + bytes(8))


@capture("fddi", 10, "FDDI with SNAP; a station management frame")
def fddi():
    return said(lambda packet, n: b"\x50" + macs(n) + snap(packet), b"\x4f" + macs(0) + bytes(20))


@capture("arcnet", 7, "ARCNET: IP by RFC 1051 and by RFC 1201, whole; ARP")
def arcnet():
    def wrap(packet, n):
        if version(packet) == 6:
            return bytes([1, 2, 0xc4, 0]) + struct.pack("!H", n) + packet
        if n % 2:
            return bytes([1, 2, 0xf0]) + packet
        return bytes([1, 2, 0xd4, 0]) + struct.pack("!H", n) + packet
    return said(wrap, bytes([1, 0, 0xd5, 0, 0, 1]) + ARP_REQUEST)


def data80211(packet, n, qos=None, four=False, protected=False, htc=False):
    """A data frame: of even numbers to the distribution system, of odd ones from it."""
    qos = n % 3 == 2 if qos is None else qos
    flags = 3 if four else 2 if n % 2 else 1
    flags |= 0x40 * protected | 0x80 * htc
    out = bytes([0x88 if qos else 0x08, flags]) + b"\x2c\0" + macs(n) + macs(0)[:6] + struct.pack("<H", 16 * n)
    out += macs(n)[6:] if four else b""
    out += b"\0\0" if qos else b""
    out += bytes(4) if htc else b""
    return out + (b"\1\2\3\x20\0\0\0\0" + bytes(len(packet)) if protected else snap(packet))


BEACON = b"\x80\0\0\0" + b"\xff" * 6 + MAC_A + MAC_A + b"\x10\0" + bytes(8) + b"\x64\0\x11\4" + b"\0\4test"
NULL_DATA = b"\x48\1\0\0" + MAC_A + MAC_B + MAC_A + b"\x20\0"


def with_fcs(frame):
    return frame + struct.pack("<I", zlib.crc32(frame))


@capture("wifi", 105, "IEEE 802.11: data to and from the distribution system, QoS, four addresses; a beacon, an empty and a protected frame")
def wifi():
    frames = said(lambda packet, n: data80211(packet, n, four=n == 3, htc=n == 8), BEACON)
    return frames[:2] + [NULL_DATA, data80211(bytes(60), 1, protected=True)] + frames[2:]


def radiotap(frame, flags, extended=False):
    """Time, flags and rate; `extended`: a second word of fields with one more signal."""
    present = [0x80000007, 0x00000020] if extended else [0x00000007]
    head = struct.pack("<%dI" % len(present), *present)
    head += bytes(-(4 + len(head)) % 8) + struct.pack("<QBB", 0x1234567, flags, 12)
    head += b"\xc8" if extended else b""
    return struct.pack("<BBH", 0, 0, 4 + len(head)) + head + frame


@capture("radiotap", 127, "radiotap without FCS: QoS, four addresses, padding behind the header; a beacon and a protected frame")
def wifi_radiotap():
    def wrap(packet, n):
        if n == 2:                      # 26 octets of header are padded to 28
            frame = data80211(packet, n, qos=True)
            return radiotap(frame[:26] + b"\0\0" + frame[26:], 0x20)
        return radiotap(data80211(packet, n, four=n == 3), 0)
    frames = said(wrap, radiotap(BEACON, 0))
    return frames[:2] + [radiotap(data80211(bytes(60), 1, protected=True), 0)] + frames[2:]


@capture("radiotap-fcs", 127, "radiotap with FCS and a second word of fields; a beacon")
def wifi_radiotap_fcs():
    return said(lambda packet, n: radiotap(with_fcs(data80211(packet, n)), 0x10, True),
                radiotap(with_fcs(BEACON), 0x10, True))


@capture("ppi", 192, "PPI with IEEE 802.11, with and without FCS, and with Ethernet; a beacon")
def ppi():
    def wifi_header(frame, fcs):
        fields = struct.pack("<HHQHHHHBBbb", 2, 20, 1, fcs, 12, 2412, 0xa0, 0, 0, -60, -90)
        return struct.pack("<BBHI", 0, 0, 8 + len(fields), 105) + fields + frame

    def wrap(packet, n):
        if n == 5:
            return struct.pack("<BBHI", 0, 0, 8, 1) + ether(packet, ethertype(packet), n)
        frame = data80211(packet, n)
        return wifi_header(with_fcs(frame) if n % 2 else frame, n % 2)
    return said(wrap, wifi_header(BEACON, 0))


@capture("prism", 119, "IEEE 802.11 with Prism's header of 144 octets; a beacon")
def prism():
    head = struct.pack("<II16s", 0x44, 144, b"wlan0")
    head += b"".join(struct.pack("<IHHI", 0x44 | i << 12, 0, 4, 0) for i in range(1, 11))
    return said(lambda packet, n: head + data80211(packet, n), head + BEACON)


@capture("avs", 163, "IEEE 802.11 with AVS' header of 64 octets; a beacon")
def avs():
    head = struct.pack("!IIQQ10I", 0x80211001, 64, 1, 1, 4, 1, 20, 0, 0, 0, 0, 0, 0, 0)
    return said(lambda packet, n: head + data80211(packet, n), head + BEACON)


# --- what systems and devices put before a packet ---------------------------------------------

@capture("pflog", 117, "OpenBSD's packet filter log")
def pflog():
    def head(family, n):
        return struct.pack("!BBBB16s16sIIIiIiB3s", 61, family, 0, 0, b"em0", b"", 1, 0xffffffff,
                           0xffffffff, -1, 0, -1, 1 + n % 2, b"")
    return said(lambda packet, n: head(24 if version(packet) == 6 else 2, n) + packet)


@capture("nflog", 239, "Linux' netfilter log: attributes before and behind the packet; one message without a packet")
def nflog():
    def attribute(kind, value):
        return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)

    def wrap(packet, n):
        return struct.pack("!BBH", 10 if version(packet) == 6 else 2, 0, 5) + \
            attribute(1, struct.pack("!HBB", ethertype(packet), 1, 0)) + attribute(10, b"log\0") + \
            attribute(9, packet) + (attribute(5, b"\0\0\0\1") if n % 2 else b"")
    return said(wrap, b"\2\0\0\5" + attribute(10, b"nothing\0"))


@capture("infiniband-ip", 242, "IP over InfiniBand (RFC 4391) behind the global routing header; ARP")
def infiniband():
    def wrap(packet, n, kind=None):
        grh = struct.pack("!IHBB16s16s", 0x60000000, len(packet) + 4, 0x1b, 64,
                          b"\xfe\x80" + bytes(13) + b"\1", b"\xfe\x80" + bytes(13) + b"\2")
        return grh + struct.pack("!HH", kind or ethertype(packet), 0) + packet
    return said(wrap, wrap(ARP_REQUEST, 0, ARP))


@capture("pktap", 258, "Darwin's PKTAP: Ethernet, raw IP and loopback behind it; ARP")
def pktap():
    def head(dlt):
        return struct.pack("<III24sIIIII20sIHHI20s", 108, 1, dlt, b"en0", 0, 2, 14, 0, 42, b"test", 0, 6, 0, 0, b"")

    def wrap(packet, n):
        if n == 2:
            return head(12) + packet
        if n == 3:
            return head(0) + struct.pack("<I", 30) + packet
        return head(1) + ether(packet, ethertype(packet), n)
    return said(wrap, head(1) + ARP_FRAME)


@capture("ipnet", 226, "Solaris' observability devices (ipnet)")
def ipnet():
    return said(lambda packet, n: struct.pack("!BBHIIIII", 1, 26 if version(packet) == 6 else 2, n % 2, len(packet),
                                              2, 0, 0, 0) + packet)


def erf_records():
    """Ethernet, among it PPP; with their times in seconds and fractions of 2^-32."""
    def record(kind, data, extensions=b""):
        return struct.pack("!BBHHH", kind | (0x80 if extensions else 0), 4, 16 + len(extensions) + len(data), 0,
                           len(data) - 2 * (kind == 2)) + extensions + data

    def wrap(packet, n):
        if n == 2:
            return record(1, b"\xff\x03" + struct.pack("!H", ppp_number(packet)) + packet + bytes(4))
        frame = b"\0\0" + ether(packet, ethertype(packet), n) + bytes(4)
        return record(2, frame, b"\x83" + bytes(7) + b"\x03" + bytes(7) if n % 2 else b"")

    frames = timed(said(wrap, record(2, b"\0\0" + ARP_FRAME + bytes(4))))
    for frame in frames:
        seconds, ns = divmod(frame.ts_ns, 10**9)
        frame.data = struct.pack("<II", -(-(ns << 32) // 10**9), seconds) + frame.data
        frame.wire = len(frame.data)
    return frames


capture("erf", 197, "Endace's ERF: Ethernet, PPP-HDLC; with an extension header; ARP")(erf_records)


@capture("juniper-ethernet", 178, "Juniper's own header before Ethernet, with and without its extension; ARP")
def juniper_ethernet():
    def wrap(frame, n):
        if n % 2:
            extension = bytes([1, 2, 0, 1, 2, 1, 14])
            return b"MGC" + bytes([0x80]) + struct.pack("!H", len(extension)) + extension + frame
        return b"MGC\1" + frame
    return said(lambda packet, n: wrap(ether(packet, ethertype(packet), n), n), wrap(ARP_FRAME, 0))


# --- refused ------------------------------------------------------------------------------

@capture("refused-802154", 195, "IEEE 802.15.4: refused, there is no IP in it that a probe would meter")
def refused_802154():
    return [bytes.fromhex("6188013412ffff0000") + bytes(20)]


@capture("refused-usb", 189, "USB: refused")
def refused_usb():
    return [bytes(64)]
