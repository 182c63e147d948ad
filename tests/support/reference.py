#!/usr/bin/env python3
"""What spanflow must report for a capture: slow, clear, written from SPEC.md alone.

Promises: for capture files and options it gives the multiset of flow records (times in
ns) and the ledger's counters.  It shares no code with the program and holds no table of
bounded size, so reason 5 does not exist here.  One class for each idea:

    Capture    the bytes of a pcap or pcapng file, packet by packet     (section 1)
    Frame      what a packet counts: link layer, IP, transport          (section 2)
    Clock      the largest timestamp so far, and when it restarts       (section 3)
    Fragments  what later fragments have from the first               (section 2)
    Flow       one entry: its deadlines and its record                  (section 3)
    Sampler    one rule's choice: by count, or by a packet's digest       (section 4)
    Meter      all of it together, and the ledger                       (sections 3, 6)

Capture and Frame live in reference_frame.py.

    reference.py [--idle 15s ...] FILE...      JSON lines: the records, then the ledger
"""
import argparse
import ipaddress
import json
import sys
from collections import Counter, namedtuple

from reference_frame import SECOND, Capture, Frame, Ignored, Refused

UNITS = {"ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
IDLE, ACTIVE, END_OF_FLOW, FORCED = 1, 2, 3, 4
REASONS = {IDLE: "idle", ACTIVE: "active", END_OF_FLOW: "end_of_flow", FORCED: "forced"}
FIN, SYN, RST = 1, 2, 4

Record = namedtuple("Record", "src dst sport dport proto tos vlan cvlan flags packets octets start end"
                              " reason ingress egress icmp opened closed")


def parse_time(text):
    """'15s' in ns; a bare 0 needs no unit."""
    for unit in ("ms", "s", "m", "h"):
        if text.endswith(unit):
            return int(text[:-len(unit)]) * UNITS[unit]
    return int(text)


class Options:
    """The settings that alter records, under the names that the command line uses."""

    def __init__(self, idle="15s", active="30m", end="1s", ingress=None, lengths="wire",
                 fragments="on", sample="1", count=None, duration=None, accept=None, classes=(), hash_key=0,
                 key="default"):
        self.idle, self.active, self.end = parse_time(idle), parse_time(active), parse_time(end)
        self.ingress, self.believe_header = ingress, lengths == "header"
        self.fragments = fragments == "on"
        # Classes are (rule, a function that says whether the packet is of it) in their order.
        self.rules, self.classes = [sample] + [rule for rule, _ in classes], [match for _, match in classes]
        self.hash_key = hash_key
        self.key = key.split(",")
        self.count = count
        self.duration = None if duration is None else parse_time(duration)
        self.accept = accept or (lambda packet: True)       # in place of a BPF filter


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


class Fragments:
    """First fragments by what their datagram is told by; the memory has no bound."""

    LIFE = 15 * SECOND

    def __init__(self):
        self.firsts = {}

    def apply(self, frame, now):
        """Completes the frame of a fragment; the names of its notes."""
        ident, offset, size, more = frame.fragment
        four = len(frame.src) == 4
        key = ident, frame.vlan, frame.src, frame.dst, frame.proto if four else None
        begin, end = offset // 8, offset // 8 + (size + 7) // 8
        if offset == 0:
            self.firsts[key] = {"frame": frame, "time": now, "seen": [(0, end)], "last": (0, end)}
            return
        first = self.firsts.get(key)
        if first is None or now - first["time"] >= self.LIFE:
            yield "fragment_orphan"
            return
        frame.proto, frame.sport, frame.dport = (getattr(first["frame"], name) for name in ("proto", "sport", "dport"))
        if (begin, end) != first["last"] and any(begin < e and b < end for b, e in first["seen"]):
            yield "fragment_overlap"
        first["last"] = begin, end
        first["seen"].append((begin, end))


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
        self.fragments = Fragments()
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
            self.fragments = Fragments()
            self.close_all()
        self.notes["no_time"] += packet.ts == 0
        ts = self.clock.stamp(packet.ts, restart)
        if self.first_clock is None and self.clock.started:
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
        if frame.fragment and self.options.fragments:
            frame.notes.update(self.fragments.apply(frame, self.clock.now))
        if not self.samplers[selector].takes_decoded(frame):
            self.not_sampled += 1
            return
        self.notes.update(frame.notes)
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
        now = self.clock.now
        key = self.key_of(frame, ingress), selector
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

    def key_of(self, frame, ingress):
        """The usual key without the parts that are taken out, and with those put in."""
        parts = {"vlan": frame.vlan, "ports": (frame.sport, frame.dport), "dscp": frame.tos & 0xfc,
                 "ingress": ingress}
        added = {"ecn": frame.tos, "mac": frame.macs, "inner-vlan": frame.cvlan}
        words = self.options.key
        return (frame.src, frame.dst, frame.proto, *(v for k, v in parts.items() if "-" + k not in words),
                *(v for k, v in added.items() if "+" + k in words))

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
