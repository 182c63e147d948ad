"""The bytes of a capture and what each packet counts; see reference.py."""
import struct
from collections import namedtuple

SECOND = 1_000_000_000
Packet = namedtuple("Packet", "ts data wire linktype interface")


class Ignored(Exception):
    """The packet is not metered; the argument is the ledger's reason."""


class Refused(Exception):
    """The file is no capture, or broken; every packet before has been delivered."""


class Capture:
    """Packets of a capture file in file order; ts is in ns, 0 where there is none."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()

    def __iter__(self):
        magic = self.data[:4]
        if magic == b"\x0a\x0d\x0d\x0a":
            return self.blocks()
        for order in "<>":
            for value, unit in ((0xa1b2c3d4, 1000), (0xa1b23c4d, 1)):
                if magic == struct.pack(order + "I", value):
                    return self.packets(order, unit)
        raise Refused("not a capture file")

    def packets(self, order, unit):
        word = struct.unpack_from(order + "I", self.data, 20)[0]
        linktype, fcs = word & 0xffff, (word >> 28) * 2 if word & 0x04000000 else 0
        at = 24
        while at < len(self.data):
            if at + 16 > len(self.data):
                raise Refused("cut packet header")
            seconds, fraction, size, wire = struct.unpack_from(order + "IIII", self.data, at)
            data = self.data[at + 16:at + 16 + size]
            if len(data) < size:
                raise Refused("cut packet")
            yield self.checked(seconds * SECOND + fraction * unit, data, max(wire, size), linktype, None, fcs)
            at += 16 + size

    def blocks(self):
        at, order, interfaces = 0, "<", []
        while at < len(self.data):
            kind = struct.unpack_from(order + "I", self.data, at)[0]
            if kind == 0x0a0d0d0a:
                order = "<" if self.data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
                interfaces = []
            size = struct.unpack_from(order + "I", self.data, at + 4)[0]
            body = self.data[at + 8:at + size - 4]
            if at + size > len(self.data):
                raise Refused("cut block")
            at += size
            if kind == 1:
                interfaces.append(self.interface(order, body))
            elif kind == 6:
                yield self.enhanced(order, body, interfaces)
            elif kind == 3:
                yield self.simple(order, body, interfaces)

    @staticmethod
    def checked(ts, data, wire, linktype, interface, fcs):
        """A declared frame check sequence is no part of the packet."""
        return Packet(ts, data[:max(wire - fcs, 0)], max(wire - fcs, 0), linktype, interface)

    def interface(self, order, body):
        linktype, _, snaplen = struct.unpack_from(order + "HHI", body)
        ticks, fcs, at = 10 ** 6, 0, 8
        while at + 4 <= len(body):
            code, size = struct.unpack_from(order + "HH", body, at)
            if code == 9:
                value = body[at + 4]
                ticks = 2 ** (value & 0x7f) if value & 0x80 else 10 ** value
            elif code == 13:
                fcs = body[at + 4] if body[at + 4] < 8 else body[at + 4] // 8
            at += 4 + (size + 3) // 4 * 4
        return linktype, snaplen, ticks, fcs

    def enhanced(self, order, body, interfaces):
        number, high, low, size, wire = struct.unpack_from(order + "IIIII", body)
        linktype, _, ticks, fcs = interfaces[number]
        ts = (high << 32 | low) * SECOND // ticks
        ts = ts if ts < SECOND << 32 else 0         # no record could tell it
        return self.checked(ts, body[20:20 + size], max(wire, size), linktype, number, fcs)

    def simple(self, order, body, interfaces):
        """A simple packet block: interface 0, no time, captured up to the snaplen."""
        linktype, snaplen, _, fcs = interfaces[0]
        wire = struct.unpack_from(order + "I", body)[0]
        size = min(wire, snaplen) if snaplen else wire
        return self.checked(0, body[4:4 + size], wire, linktype, 0, fcs)


class Frame:
    """What a packet counts (section 2); raises Ignored where it is not metered.

    Attributes: src, dst, proto, sport, dport, tos, vlan, cvlan, flags, octets, invariant, macs, notes; of a
    fragment also fragment = (identification, offset, size, is there more)."""

    TAGS = (0x8100, 0x88a8, 0x9100, 0x9200, 0x9300)
    NAMED = {0x0806: "arp", 0x88cc: "lldp", 0x8863: "pppoe"}
    EXTENSIONS = (0, 43, 44, 51, 60)
    WITH_PORTS = (6, 17, 33, 132, 136)
    LEAST_HEADER = {6: 20, 17: 8, 136: 8, 132: 12, 33: 12, 1: 8, 58: 4}

    def __init__(self, packet, believe_header=False):
        self.data, self.wire, self.believe_header = packet.data, packet.wire, believe_header
        self.sport = self.dport = self.flags = 0
        self.tags, self.notes, self.fragment = [], set(), None
        self.macs = self.data[:12] if packet.linktype == 1 else b""
        self.link(packet.linktype)
        self.vlan, self.cvlan = (self.tags + [0, 0])[:2]

    def need(self, at, size):
        if at + size > len(self.data):
            raise Ignored("truncated")

    def number(self, at, size=2):
        self.need(at, size)
        return int.from_bytes(self.data[at:at + size], "big")

    # link layer

    def link(self, linktype):
        if linktype == 1:
            self.ethertype(self.number(12), 14)
        elif linktype == 113:
            self.ethertype(self.number(14), 16)
        elif linktype == 276:
            self.need(0, 20)
            self.ethertype(self.number(0), 20)
        elif linktype in (12, 14, 101, 228, 229):
            self.raw(0)
        elif linktype in (0, 108):
            self.family(self.number(0, 4), linktype)
        else:
            raise Refused("link type %d" % linktype)

    def family(self, value, linktype):
        """BSD loopback: LOOP in network order, NULL in either."""
        either = (value, int.from_bytes(value.to_bytes(4, "big"), "little"))
        known = either if linktype == 0 else either[:1]
        if 2 in known:
            self.ipv4(4)
        elif any(six in known for six in (10, 24, 28, 30)):
            self.ipv6(4)
        else:
            raise Ignored("non_ip")

    def raw(self, at):
        version = self.number(at, 1) >> 4
        if version not in (4, 6):
            raise Ignored("malformed")
        self.ipv4(at) if version == 4 else self.ipv6(at)

    def ethertype(self, kind, at):
        """`kind` tells what begins at `at`; tags are walked here."""
        while kind in self.TAGS:
            self.tags.append(self.number(at) & 0xfff)
            kind, at = self.number(at + 2), at + 4
        if kind == 0x0800:
            self.ipv4(at)
        elif kind == 0x86dd:
            self.ipv6(at)
        elif kind < 0x600:
            if kind >= 28:      # room for SNAP and IP: the rest is padding
                self.data, self.wire = self.data[:at + kind], min(self.wire, at + kind)
            self.llc(at)
        elif kind in (0x8847, 0x8848):
            self.labels(at)
        elif kind == 0x8864:
            self.session(at)
        else:
            raise Ignored(self.NAMED.get(kind, "non_ip"))

    def session(self, at):
        """PPPoE, whose length ends the packet, and PPP: a protocol's number of one octet is odd."""
        self.need(at, 6)
        if self.number(at) != 0x1100:
            raise Ignored("pppoe")
        end = at + 6 + self.number(at + 4)
        self.data, self.wire, at = self.data[:end], min(self.wire, end), at + 6
        if self.number(at, 1) == 0xff:
            at += 2
        size = 1 if self.number(at, 1) & 1 else 2
        protocol, at = self.number(at, size), at + size
        if protocol == 0x21:
            self.ipv4(at)
        elif protocol == 0x57:
            self.ipv6(at)
        else:
            raise Ignored("ppp_control" if protocol & 0x8000 else "ppp_other")

    def labels(self, at):
        """An MPLS stack of at most 16 entries; what is below it is IP by its first four bits."""
        for depth in range(17):
            entry, at = self.number(at, 4), at + 4
            if depth == 16:
                raise Ignored("header_limit")
            if entry & 0x100:
                break
        version = self.number(at, 1) >> 4
        if version not in (4, 6):
            raise Ignored("mpls_oam" if self.data[at:at + 2] == b"\x10\0" else "mpls")
        self.ipv4(at) if version == 4 else self.ipv6(at)

    def llc(self, at):
        head = self.data[at:at + 8]
        if head[:2] == b"\x42\x42":
            raise Ignored("stp")
        if head[:6] != b"\xaa\xaa\x03\0\0\0" or len(head) < 8:
            raise Ignored("non_ip")
        kind = int.from_bytes(head[6:], "big")
        if kind < 0x600:
            raise Ignored("non_ip")
        self.ethertype(kind, at + 8)

    # network layer

    def used_length(self, claim, wire):
        """The octets of the packet; `claim` is the header's word, None where it has none."""
        if claim is None:
            self.notes.add("length_zero")
            return wire
        if claim > wire and not self.believe_header:
            self.notes.add("length_lies")
            return wire
        return claim

    def ipv4(self, at):
        self.need(at, 20)
        ihl, total = (self.data[at] & 15) * 4, self.number(at + 2)
        if self.data[at] >> 4 != 4 or ihl < 20 or 0 < total < ihl:
            raise Ignored("malformed")
        self.octets = self.used_length(total or None, self.wire - at)
        self.tos, self.proto = self.data[at + 1], self.data[at + 9]
        self.src, self.dst = self.data[at + 12:at + 16], self.data[at + 16:at + 20]
        self.invariant = self.data[at + 4:at + 8] + self.src + self.dst + \
            self.data[at + ihl:min(at + ihl + 8, at + total if total else at + ihl + 8)]
        word, end = self.number(at + 6), at + self.octets
        if word & 0x3fff:
            self.fragment = self.number(at + 4), word % 0x2000 * 8, max(end - at - ihl, 0), word & 0x2000 != 0
        if word & 0x1fff == 0:
            self.transport(at + ihl, end)

    def ipv6(self, at):
        self.need(at, 40)
        if self.data[at] >> 4 != 6:
            raise Ignored("malformed")
        payload = self.number(at + 4)
        claim = 40 + payload if payload else self.claim_without_length(at)
        self.octets = self.used_length(claim, self.wire - at)
        self.tos = self.number(at) >> 4 & 0xff
        self.src, self.dst = self.data[at + 8:at + 24], self.data[at + 24:at + 40]
        end = at + 40 + (payload if payload or self.data[at + 6] == 59 else 8)
        self.invariant = self.data[at + 4:at + 7] + self.src + self.dst + self.data[at + 40:min(at + 48, end)]
        self.walk(self.data[at + 6], at + 40, at + self.octets)

    def claim_without_length(self, at):
        """Payload length 0: the jumbo option's word, 40 if nothing follows, else none."""
        following = self.data[at + 6]
        if following == 0:
            return self.jumbo(at + 40)
        return 40 if following == 59 else None

    def jumbo(self, at):
        """40 + the value of the jumbo payload option in the hop-by-hop header at `at`."""
        if at + 2 > len(self.data):
            return None
        end = min(len(self.data), at + (self.data[at + 1] + 1) * 8)
        at += 2
        while at + 2 <= end:
            kind, size = self.data[at], self.data[at + 1]
            if kind == 0:
                at += 1
            elif kind == 0xc2 and size == 4 and at + 6 <= end:
                return self.jumbo_claim(self.number(at + 2, 4))
            else:
                at += 2 + size
        return None

    def jumbo_claim(self, value):
        """A value that 16 bits would hold is wrong (RFC 2675), and counts all the same; 0 is none."""
        if 0 < value < 65536:
            self.notes.add("jumbo_length")
        return 40 + value if value else None

    def walk(self, kind, at, packet_end):
        """Follow extension headers within the packet; the protocol is the last next-header read."""
        end = min(len(self.data), packet_end)
        while kind in self.EXTENSIONS and at < end:
            following = self.data[at]
            if kind == 44:
                size = 8
            elif at + 2 > end:
                size = None
            else:
                size = (self.data[at + 1] + 2) * 4 if kind == 51 else (self.data[at + 1] + 1) * 8
            cut = size is None or at + size > end
            if kind == 44 and not cut and self.number(at + 2) & 0xfff9:
                word = self.number(at + 2)
                self.fragment = self.number(at + 4, 4), word & 0xfff8, packet_end - at - 8, word & 1 != 0
            later = self.fragment is not None and self.fragment[1] > 0
            kind = following
            if cut or later:
                self.proto = kind
                if self.fragment and not later and packet_end <= len(self.data):
                    self.notes.add("fragment_tiny")
                return
            at += size
        self.proto = kind
        if kind not in self.EXTENSIONS:
            self.transport(at, packet_end)
        elif self.fragment and packet_end <= len(self.data):
            self.notes.add("fragment_tiny")

    # transport layer

    def transport(self, at, end):
        """Ports need 4 bytes, ICMP's type and code 2, TCP's flags 14; the packet ends at `end`."""
        room = min(len(self.data), end) - at
        if self.proto in self.WITH_PORTS and room >= 4:
            self.sport, self.dport = self.number(at), self.number(at + 2)
        if self.proto in (1, 58) and room >= 2:
            self.dport = self.number(at)
        if self.proto == 6 and room >= 14:
            self.flags = self.number(at + 12) & 0xfff
            self.tcp_header(self.data[at + 12] >> 4, end - at)
        if self.proto == 17 and room >= 6:
            self.udp_length(self.number(at + 4), end - at)
        if self.fragment and end - at < self.LEAST_HEADER.get(self.proto, 0):
            self.notes.add("fragment_tiny")

    @property
    def end_is_known(self):
        """Whether the packet's end is where IP's header says, and the transport's as well."""
        return not self.fragment and not self.notes & {"length_lies", "length_zero"}

    def tcp_header(self, words, room):
        if words < 5 or (words * 4 > room and self.end_is_known):
            self.notes.add("tcp_header_length")

    def udp_length(self, length, room):
        if self.end_is_known and length != room and not (length == 0 and room > 65535):
            self.notes.add("udp_length")
