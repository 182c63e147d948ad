"""Flow totals of a capture by tshark's decoders: no code and no rule of spanflow's decoder is used.

totals(packets(path), layer) sums per key what tshark reads in the capture, as spanflow(8) says what a
record counts.  Of a packet's layers the first IP header counts ("outer"), or the last one that an
ICMP error does not quote ("inner").  tshark believes every length; where spanflow does not, the
test that uses this says so.

A Total has packets, octets, TCP flags, the first and the last time in ns.  A key is
(VLAN, source, destination, protocol, source port, destination port, DSCP); ICMP's type and code are
in the destination port.
"""
import os
import shutil
import subprocess
from collections import namedtuple

OPTIONS = ("ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE", "ip.tso_support:FALSE")
# The protocols whose fields are read, and the fields, each of which occurs once in each such header.
FIELDS = {
    "ip": ("ip.hdr_len", "ip.dsfield", "ip.len", "ip.id", "ip.flags.mf", "ip.frag_offset", "ip.proto", "ip.src", "ip.dst"),
    "ipv6": ("ipv6.tclass", "ipv6.plen", "ipv6.nxt", "ipv6.src", "ipv6.dst"),
    "ipv6.hopopts": ("ipv6.hopopts.nxt",), "ipv6.routing": ("ipv6.routing.nxt",), "ipv6.dstopts": ("ipv6.dstopts.nxt",),
    "ipv6.fraghdr": ("ipv6.fraghdr.nxt", "ipv6.fraghdr.offset", "ipv6.fraghdr.more", "ipv6.fraghdr.ident"),
    "ah": ("ah.next_header",),
    "tcp": ("tcp.srcport", "tcp.dstport", "tcp.flags"), "udp": ("udp.srcport", "udp.dstport"),
    "sctp": ("sctp.srcport", "sctp.dstport"), "dccp": ("dccp.srcport", "dccp.dstport"),
    "icmp": ("icmp.type", "icmp.code"), "icmpv6": ("icmpv6.type", "icmpv6.code"),
    "vlan": ("vlan.id",), "ieee8021ad": ("ieee8021ad.id",),
}
# These do not occur in each: the route's next address, the length of a jumbogram.
SOMETIMES = ("ip.cur_rt", "ipv6.opt.jumbo")
GENERAL = ("frame.number", "frame.time_epoch", "frame.len", "frame.protocols")
NAMES = GENERAL + tuple(name for names in FIELDS.values() for name in names) + SOMETIMES
EXTENSIONS = {"ipv6.hopopts", "ipv6.routing", "ipv6.dstopts", "ipv6.fraghdr", "ah"}
TRANSPORTS = {6: "tcp", 17: "udp", 136: "udp", 132: "sctp", 33: "dccp", 1: "icmp", 58: "icmpv6"}
FRAGMENT_NS = 15 * 10**9                # how long a first fragment is remembered

Key = namedtuple("Key", "vlan src dst protocol sport dport dscp")
Total = namedtuple("Total", "packets octets flags first last")


def unusable():
    """Why there is no tshark to ask, or None."""
    return None if shutil.which("tshark") else "tshark is not installed"


def add(totals, key, octets, flags, first, last, packets=1):
    """One packet, or one record, more."""
    old = totals.get(key, Total(0, 0, 0, first, last))
    totals[key] = Total(old.packets + packets, old.octets + octets, old.flags | flags, min(old.first, first), max(old.last, last))


def nanoseconds(text):
    seconds, _, fraction = text.partition(".")
    return int(seconds or 0) * 10**9 + int(fraction.ljust(9, "0")[:9])


class Packet:
    """What tshark says of one packet: its layers, from the outside in, and their fields."""

    def __init__(self, line):
        self.fields = dict(zip(NAMES, line.split("\t")))
        self.layers = ["udp" if layer == "udplite" else layer for layer in self.fields["frame.protocols"].split(":")]
        self.time = nanoseconds(self.fields["frame.time_epoch"])
        self.number = int(self.fields["frame.number"])

    def value(self, name, layer, place):
        """A field of the header that stands at this place among the layers; None: it was not read."""
        before = self.layers[:place].count(layer)
        values = self.fields[name].split() if self.fields[name] else []
        return values[before] if before < len(values) else None

    def number_of(self, name, layer, place, default=0):
        value = self.value(name, layer, place)
        if value in (None, "True", "False"):
            return {"True": 1, "False": 0}.get(value, default)
        return int(value, 0)

    def ip_place(self, layer):
        """Where the IP header is that counts; None: there is none."""
        end = min([self.layers.index(name) for name in ("icmp", "icmpv6") if name in self.layers] or [len(self.layers)])
        places = [n for n, name in enumerate(self.layers[:end]) if name in ("ip", "ipv6")]
        return (places[-1] if layer == "inner" else places[0]) if places else None

    def vlan(self, place):
        """The outermost tag's VLAN of the frame that has this place: a tunnel's frame, or tag, begins anew."""
        begin, inside = 0, False
        for at, name in enumerate(self.layers[:place]):
            if name in ("ip", "ipv6"):
                inside = True
            elif inside and name in ("eth", "vlan", "ieee8021ad"):
                begin, inside = at, False
        for at, name in enumerate(self.layers[:place]):
            if at >= begin and name in ("vlan", "ieee8021ad"):
                return self.number_of(FIELDS[name][0], name, at)
        return 0


class Header:
    """The IP header at a place, and the place of what is above it."""

    def __init__(self, packet, place):
        self.packet, self.place, self.above = packet, place, place + 1
        self.offset = self.more = self.ident = 0
        self.version = 4 if packet.layers[place] == "ip" else 6
        self.valid = self.read4(packet, place) if self.version == 4 else self.read6(packet, place)

    def read4(self, packet, place):
        self.src, self.dst = (packet.value(name, "ip", place) for name in ("ip.src", "ip.dst"))
        route = packet.fields["ip.cur_rt"].split()
        if route and place == packet.layers.index("ip"):
            self.dst = route[0]             # tshark's ip.dst is the last of the route, not the header's
        names = ("ip.len", "ip.hdr_len", "ip.dsfield", "ip.proto", "ip.frag_offset", "ip.flags.mf", "ip.id")
        self.octets, length, self.tos, self.protocol, self.offset, self.more, self.ident = (
            packet.number_of(name, "ip", place, -1) for name in names)
        return self.src is not None and self.dst is not None and self.octets >= length >= 20

    def read6(self, packet, place):
        self.src, self.dst = (packet.value(name, "ipv6", place) for name in ("ipv6.src", "ipv6.dst"))
        self.tos, payload, self.protocol = (packet.number_of(name, "ipv6", place, -1)
                                            for name in ("ipv6.tclass", "ipv6.plen", "ipv6.nxt"))
        jumbo = packet.fields["ipv6.opt.jumbo"].split()
        self.octets = 40 + (int(jumbo[0]) if jumbo and payload == 0 else payload)
        self.walk6(packet)
        return self.src is not None and self.dst is not None and payload >= 0

    def walk6(self, packet):
        while self.offset == 0 and self.above < len(packet.layers) and packet.layers[self.above] in EXTENSIONS:
            name = packet.layers[self.above]
            self.protocol = packet.number_of(FIELDS[name][0], name, self.above, self.protocol)
            if name == "ipv6.fraghdr":
                self.offset, self.more, self.ident = (packet.number_of(field, name, self.above)
                                                      for field in FIELDS[name][1:])
            self.above += 1

    def transport(self):
        """Source port, destination port, TCP flags, as far as they were read."""
        name, layers = TRANSPORTS.get(self.protocol), self.packet.layers
        if self.offset or self.above >= len(layers) or layers[self.above] != name:
            return 0, 0, 0
        values = [self.packet.number_of(field, name, self.above) for field in FIELDS[name]]
        if name in ("icmp", "icmpv6"):
            return 0, values[0] * 256 + values[1], 0
        return values[0], values[1], values[2] if name == "tcp" else 0


class Fragments:
    """What the first fragments said, for the later ones, if they inherit it."""

    def __init__(self, inherit):
        self.first, self.inherit = {}, inherit

    def ports(self, header, vlan):
        """Protocol, ports and flags of a packet, those of its first fragment if it is a later one."""
        found = (header.protocol,) + header.transport()
        if not self.inherit or not header.offset and not header.more:
            return found
        key = (vlan, header.src, header.dst, header.ident, header.protocol if header.version == 4 else None)
        time = header.packet.time
        if not header.offset:
            self.first[key] = (time, found)
        elif key in self.first and abs(time - self.first[key][0]) <= FRAGMENT_NS:
            return self.first[key][1][:3] + (0,)
        return found


def packets(path):
    """Every packet of a capture as tshark reads it."""
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=/t", "-E", "aggregator=/s", "-E", "occurrence=a"]
    for option in OPTIONS:
        command += ["-o", option]
    for name in NAMES:
        command += ["-e", name]
    done = subprocess.run(command, env=dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8"), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    if done.returncode:
        raise AssertionError("tshark: " + done.stderr.decode(errors="replace"))
    out, clock = [Packet(line) for line in done.stdout.decode(errors="replace").splitlines()], 0
    for packet in out:
        packet.time = packet.time or clock      # one without a time has that of the clock
        clock = max(clock, packet.time)
    return out


def counted(packet, layer, fragments):
    """(key, octets, flags) of one packet, or None."""
    place = packet.ip_place(layer)
    header = None if place is None else Header(packet, place)
    if header is None or not header.valid:
        return None
    vlan = packet.vlan(place)
    protocol, sport, dport, flags = fragments.ports(header, vlan)
    return Key(vlan, header.src, header.dst, protocol, sport, dport, header.tos >> 2), header.octets, flags


def totals(read, layer="outer", instead=None, inherit=True):
    """({key: Total}, how many packets count in none, faults) of packets().

    instead: {number of a packet: what counted() is to be of it}, where tshark is not believed; a
    fault for each that is what tshark says. inherit: later fragments have the ports of the first.
    """
    sums, ignored, fragments, faults, instead = {}, 0, Fragments(inherit), [], instead or {}
    for packet in read:
        found = counted(packet, layer, fragments)
        if packet.number in instead:
            if instead[packet.number] == found:
                faults.append("packet %d: tshark says the same: %s" % (packet.number, found))
            found = instead[packet.number]
        if found is None:
            ignored += 1
        else:
            add(sums, *found, packet.time, packet.time)
    return sums, ignored, faults
