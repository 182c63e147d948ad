#!/usr/bin/env python3
"""What spanflow must report for a capture: slow, clear, written from SPEC.md alone.

Promises: for capture files and options it gives the multiset of flow records (times in
ns) and the ledger's counters.  It shares no code with the program and holds no table of
bounded size, so reason 5 does not exist here.  One class for each idea:

    Capture    the bytes of a pcap or pcapng file, packet by packet     (section 1)
    Frame      what a packet counts: link layer, IP, transport          (section 2)
    Clock      the largest timestamp so far, and when it restarts       (section 3)
    Flow       one entry: its deadlines and its record                  (section 3)
    Sampler    one rule's choice: by count, or by a packet's digest       (section 4)
    Meter      all of it together, and the ledger                       (sections 3, 6)

    reference.py [--idle 15s ...] FILE...      JSON lines: the records, then the ledger
"""
import argparse
import ipaddress
import json
import struct
import sys
from collections import Counter, namedtuple

SECOND = 1_000_000_000
UNITS = {"ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
IDLE, ACTIVE, END_OF_FLOW, FORCED = 1, 2, 3, 4
REASONS = {IDLE: "idle", ACTIVE: "active", END_OF_FLOW: "end_of_flow", FORCED: "forced"}
FIN, SYN, RST = 1, 2, 4

Record = namedtuple("Record", "src dst sport dport proto tos vlan cvlan flags packets octets start end"
                              " reason ingress egress icmp opened closed")
Packet = namedtuple("Packet", "ts data wire linktype interface")


class Ignored(Exception):
    """The packet is not metered; the argument is the ledger's reason."""


class Refused(Exception):
    """The file is no capture, or broken; every packet before has been delivered."""


def parse_time(text):
    """'15s' in ns; a bare 0 needs no unit."""
    for unit in ("ms", "s", "m", "h"):
        if text.endswith(unit):
            return int(text[:-len(unit)]) * UNITS[unit]
    return int(text)


class Options:
    """The settings that alter records, under the names that the command line uses."""

    def __init__(self, idle="15s", active="30m", end="1s", ingress=None, lengths="wire",
                 sample="1", count=None, duration=None, accept=None, classes=(), hash_key=0):
        self.idle, self.active, self.end = parse_time(idle), parse_time(active), parse_time(end)
        self.ingress, self.believe_header = ingress, lengths == "header"
        # Classes are (rule, a function that says whether the packet is of it) in their order.
        self.rules, self.classes = [sample] + [rule for rule, _ in classes], [match for _, match in classes]
        self.hash_key = hash_key
        self.count = count
        self.duration = None if duration is None else parse_time(duration)
        self.accept = accept or (lambda packet: True)       # in place of a BPF filter


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
        linktype = struct.unpack_from(order + "I", self.data, 20)[0] & 0xffff
        at = 24
        while at < len(self.data):
            if at + 16 > len(self.data):
                raise Refused("cut packet header")
            seconds, fraction, size, wire = struct.unpack_from(order + "IIII", self.data, at)
            data = self.data[at + 16:at + 16 + size]
            if len(data) < size:
                raise Refused("cut packet")
            yield Packet(seconds * SECOND + fraction * unit, data, max(wire, size), linktype, None)
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

    def interface(self, order, body):
        linktype, _, snaplen = struct.unpack_from(order + "HHI", body)
        ticks, at = 10 ** 6, 8
        while at + 4 <= len(body):
            code, size = struct.unpack_from(order + "HH", body, at)
            if code == 9:
                value = body[at + 4]
                ticks = 2 ** (value & 0x7f) if value & 0x80 else 10 ** value
            at += 4 + (size + 3) // 4 * 4
        return linktype, snaplen, ticks

    def enhanced(self, order, body, interfaces):
        number, high, low, size, wire = struct.unpack_from(order + "IIIII", body)
        linktype, _, ticks = interfaces[number]
        ts = (high << 32 | low) * SECOND // ticks
        return Packet(ts, body[20:20 + size], max(wire, size), linktype, number)

    def simple(self, order, body, interfaces):
        """A simple packet block: interface 0, no time, captured up to the snaplen."""
        linktype, snaplen, _ = interfaces[0]
        wire = struct.unpack_from(order + "I", body)[0]
        size = min(wire, snaplen) if snaplen else wire
        return Packet(0, body[4:4 + size], wire, linktype, 0)


class Frame:
    """What a packet counts (section 2); raises Ignored where it is not metered.

    Attributes: src, dst, proto, sport, dport, tos, vlan, cvlan, flags, octets, lies, invariant."""

    TAGS = (0x8100, 0x88a8, 0x9100)
    NAMED = {0x0806: "arp", 0x88cc: "lldp", 0x8863: "pppoe", 0x8864: "pppoe"}
    EXTENSIONS = (0, 43, 44, 51, 60)
    WITH_PORTS = (6, 17, 33, 132, 136)

    def __init__(self, packet, believe_header=False):
        self.data, self.wire, self.believe_header = packet.data, packet.wire, believe_header
        self.sport = self.dport = self.flags = 0
        self.tags, self.lies = [], False
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
            self.llc(at)
        elif kind in (0x8847, 0x8848):
            self.labels(at)
        else:
            raise Ignored(self.NAMED.get(kind, "non_ip"))

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
            raise Ignored("mpls")
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
            return wire
        if claim > wire and not self.believe_header:
            self.lies = True
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
        if self.number(at + 6) & 0x1fff == 0:
            self.transport(at + ihl, min(len(self.data), at + self.octets))

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
        self.walk(self.data[at + 6], at + 40, min(len(self.data), at + self.octets))

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
                return 40 + self.number(at + 2, 4)
            else:
                at += 2 + size
        return None

    def walk(self, kind, at, end):
        """Follow extension headers within `end`; the protocol is the last next-header read."""
        while kind in self.EXTENSIONS and at < end:
            following = self.data[at]
            if kind == 44:
                size = 8
            elif at + 2 > end:
                size = None
            else:
                size = (self.data[at + 1] + 2) * 4 if kind == 51 else (self.data[at + 1] + 1) * 8
            later = kind == 44 and at + 4 <= end and self.number(at + 2) >> 3 != 0
            cut = size is None or at + size > end
            kind = following
            if cut or later:
                self.proto = kind
                return
            at += size
        self.proto = kind
        self.transport(at, end)

    # transport layer

    def transport(self, at, end):
        """Ports need 4 bytes, ICMP's type and code 2, TCP's flags 14."""
        room = end - at
        if self.proto in self.WITH_PORTS and room >= 4:
            self.sport, self.dport = self.number(at), self.number(at + 2)
        if self.proto in (1, 58) and room >= 2:
            self.dport = self.number(at)
        if self.proto == 6 and room >= 14:
            self.flags = self.number(at + 12) & 0xfff


class Clock:
    """The largest timestamp so far (section 3)."""

    def __init__(self):
        self.now = self.highest = 0
        self.fresh_file = self.started = False

    def begin_file(self):
        self.fresh_file = True

    def restarts(self, ts):
        """Does a packet of that time end all flows and restart the clock?"""
        if ts == 0 or not self.started:
            return False
        return self.now - ts > 60 * SECOND or (self.fresh_file and ts < self.now)

    def stamp(self, ts, restart):
        """Take a packet's timestamp; returns the packet's own time."""
        if ts == 0:
            return self.now
        self.now = ts if restart else max(self.now, ts)
        self.highest = max(self.highest, self.now)
        self.started, self.fresh_file = True, False
        return ts


class Flow:
    """One entry of the table: counts since its first packet, and three deadlines."""

    def __init__(self, frame, ingress, clock, options):
        self.frame, self.ingress, self.options = frame, ingress, options
        self.first = self.last = self.opened = clock
        self.finished = None                    # the clock at the first FIN or RST
        self.packets = self.octets = self.flags = 0
        self.start = self.end = None

    def add(self, frame, ts, clock):
        self.packets += 1
        self.octets += frame.octets
        self.flags |= frame.flags
        self.start = ts if self.start is None else min(self.start, ts)
        self.end = ts if self.end is None else max(self.end, ts)
        self.last = clock
        if self.finished is None and frame.flags & (FIN | RST):
            self.finished = clock

    def deadline(self):
        """(time, reason) of the earliest deadline; of equal ones the lowest number."""
        all_of_them = [(self.last + self.options.idle, IDLE), (self.first + self.options.active, ACTIVE)]
        if self.finished is not None:
            all_of_them.append((self.finished + self.options.end, END_OF_FLOW))
        return min(all_of_them)

    def passed(self, clock):
        """The reason why the flow is over at that clock, or None."""
        when, reason = self.deadline()
        return reason if when <= clock else None

    def reopened_by(self, frame):
        return self.finished is not None and frame.flags & (FIN | SYN | RST) == SYN

    def record(self, reason, clock):
        f = self.frame
        when, why = self.deadline()
        icmp = f.dport if (f.proto, len(f.src)) in ((1, 4), (58, 16)) else None
        return Record(str(ipaddress.ip_address(f.src)), str(ipaddress.ip_address(f.dst)), f.sport, f.dport,
                      f.proto, f.tos, f.vlan, f.cvlan, self.flags, self.packets, self.octets, self.start,
                      self.end, reason, self.ingress, 0, icmp, self.opened, when if why == reason else clock + 1)


def bob(key, initial):
    """Bob Jenkins' hash of 1996 (RFC 5475, appendix A.2)."""
    def mix(a, b, c):
        for right, left, last in ((13, 8, 13), (12, 16, 5), (3, 10, 15)):
            a = (a - b - c & 0xffffffff) ^ (c & 0xffffffff) >> right
            b = (b - c - a & 0xffffffff) ^ (a << left & 0xffffffff)
            c = (c - a - b & 0xffffffff) ^ b >> last
        return a, b, c

    def word(octets):
        return int.from_bytes(octets, "little")

    a = b = 0x9e3779b9
    c, size = initial, len(key)
    while len(key) >= 12:
        a, b, c = mix(a + word(key[:4]), b + word(key[4:8]), c + word(key[8:12]))
        key = key[12:]
    return mix(a + word(key[:4]), b + word(key[4:8]), c + size + (word(key[8:]) << 8))[2]


class Sampler:
    """deterministic:N takes packets N, 2N, 3N ... of its class (section 4); hash:N those whose
    digest is in the lowest N-th of all values."""

    def __init__(self, rule, hash_key):
        self.method, _, interval = rule.rpartition(":")
        self.interval, self.hash_key, self.seen = int(interval), hash_key, 0
        if self.method not in ("", "deterministic", "hash"):
            raise ValueError("the reference does not know the rule " + rule)

    def takes(self):
        """Before decoding."""
        self.seen += 1
        return self.method == "hash" or self.seen % self.interval == 0

    def takes_decoded(self, frame):
        return self.method != "hash" or bob(frame.invariant, self.hash_key) < 2 ** 32 // self.interval


class Meter:
    """Files in, records and the ledger out."""

    def __init__(self, options):
        self.options, self.clock = options, Clock()
        self.samplers = [Sampler(rule, options.hash_key) for rule in options.rules]
        self.flows, self.records = {}, []
        self.received = self.metered = self.not_sampled = self.octets = 0
        self.ignored, self.notes = Counter(), Counter()
        self.first_clock = None
        self.refused = []

    def run(self, paths):
        for path in paths:
            self.clock.begin_file()
            try:
                if not self.read(path):
                    break
            except (Refused, OSError) as error:
                self.refused.append("%s: %s" % (path, error))
        self.close_all()
        return self

    def read(self, path):
        """False once --count or --duration says that it is enough."""
        for packet in Capture(path):
            if not self.options.accept(packet):
                continue
            if self.received == self.options.count or self.too_late(packet):
                return False
            self.packet(packet)
        return True

    def too_late(self, packet):
        if self.options.duration is None or self.first_clock is None:
            return False
        clock = max(packet.ts, self.clock.now)
        return clock >= self.first_clock + self.options.duration

    def packet(self, packet):
        self.received += 1
        restart = self.clock.restarts(packet.ts)
        if restart:
            self.notes["clock_restarts"] += 1
            self.close_all()
        self.notes["no_time"] += packet.ts == 0
        ts = self.clock.stamp(packet.ts, restart)
        if self.first_clock is None:
            self.first_clock = self.clock.now
        selector = self.class_of(packet)
        if not self.samplers[selector].takes():
            self.not_sampled += 1
            return
        try:
            frame = Frame(packet, self.options.believe_header)
        except Ignored as reason:
            self.ignored[str(reason)] += 1
            return
        if not self.samplers[selector].takes_decoded(frame):
            self.not_sampled += 1
            return
        self.account(frame, ts, self.ingress(packet), selector)

    def class_of(self, packet):
        """The number of the rule: the first class that matches, else 0."""
        return next((i for i, match in enumerate(self.options.classes, 1) if match(packet)), 0)

    def ingress(self, packet):
        if self.options.ingress is not None:
            return self.options.ingress
        return 1 if packet.interface is None else packet.interface + 1

    def account(self, frame, ts, ingress, selector):
        self.metered += 1
        self.octets += frame.octets
        self.notes["length_lies"] += frame.lies
        now = self.clock.now
        key = (ingress, frame.vlan, frame.src, frame.dst, frame.proto, frame.sport, frame.dport, frame.tos & 0xfc,
               selector)
        flow = self.flows.get(key)
        if flow is not None:
            reason = flow.passed(now) or (END_OF_FLOW if flow.reopened_by(frame) else None)
            if reason:
                self.close(key, reason)
                flow = None
        if flow is None:
            flow = self.flows[key] = Flow(frame, ingress, now, self.options)
        flow.add(frame, ts, now)
        if flow.finished is not None and self.options.end == 0:
            self.close(key, END_OF_FLOW)

    def close(self, key, reason):
        self.records.append(self.flows.pop(key).record(reason, self.clock.now))

    def close_all(self):
        """End of input or a clock restart: passed deadlines name their reason, else 4."""
        for key in list(self.flows):
            self.close(key, self.flows[key].passed(self.clock.now) or FORCED)

    def ledger(self):
        """What --stats=json must say, as far as it depends on input and options alone."""
        ended = Counter(REASONS[r.reason] for r in self.records)
        return {"received": self.received, "metered": self.metered, "not_sampled": self.not_sampled,
                "octets": self.octets, "ignored": dict(self.ignored),
                "notes": {k: v for k, v in self.notes.items() if v},
                "records": len(self.records), "ended": {name: ended[name] for name in REASONS.values()}}

    def peak(self):
        """The most flows at one time, each counted from its first packet to its deadline."""
        steps = sorted([(r.opened, 1) for r in self.records] + [(r.closed, -1) for r in self.records])
        now = most = 0
        for _, step in steps:
            now += step
            most = max(most, now)
        return most


def measure(paths, **options):
    return Meter(Options(**options)).run(paths)


def main(argv):
    parser = argparse.ArgumentParser(description="The records that spanflow must give.")
    parser.add_argument("files", nargs="+")
    for name in ("idle", "active", "end", "lengths", "sample", "duration"):
        parser.add_argument("--" + name)
    for name in ("ingress", "count"):
        parser.add_argument("--" + name, type=int)
    given = vars(parser.parse_args(argv))
    files = given.pop("files")
    meter = measure(files, **{k: v for k, v in given.items() if v is not None})
    for record in sorted(meter.records, key=lambda r: (r.start, r)):
        print(json.dumps(record._asdict()))
    print(json.dumps(meter.ledger()))
    for why in meter.refused:
        sys.stderr.write("reference: %s\n" % why)
    return 1 if meter.refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
