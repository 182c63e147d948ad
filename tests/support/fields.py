"""Compares what a collector reads back with what spanflow's own JSON says, field by field.

Promises: a record is told by its source address where the channel carries one, else records are
compared as multisets.  A field is compared when the channel carries that element on the wire, so
that a collector's defaults for what was never sent do not count.  What a collector is known to read
differently is one table of Known entries: what it shows instead, and why.  A collector that reads it
right after all is no fault, but `notes` says so, as it does of an entry that no record needed.
"""
from collections import Counter, namedtuple

import wire
from elements import TABLE

# v1, v5 and v7 have fixed fields; these are the ones that hold something.
FIXED_ELEMENTS = ("sourceIPv4Address destinationIPv4Address sourceTransportPort destinationTransportPort"
                  " protocolIdentifier ipClassOfService tcpControlBits packetDeltaCount octetDeltaCount"
                  " flowStartMilliseconds flowEndMilliseconds ingressInterface egressInterface").split()
UPTIMES = {"flowStartSysUpTime": "flowStartMilliseconds", "flowEndSysUpTime": "flowEndMilliseconds"}
COUNTS = ("packetDeltaCount", "octetDeltaCount")
OLD_FORMATS = ("1", "5", "7")
EIGHT_BIT_FLAGS = ("1", "5", "7", "9")
ONLY_IN = {"4": {8, 12}, "6": {27, 28, 31}, "icmp4": {32, 176, 177}, "icmp6": {139, 178, 179}}
ONLY_IN = {kind: {TABLE[number].name for number in numbers} for kind, numbers in ONLY_IN.items()}

# alter(record, channel) gives what the collector shows in place of record[element].
Known = namedtuple("Known", "collector formats element alter reason")


def kind_of(record):
    """The names in ONLY_IN that apply to a record of spanflow's."""
    version = "6" if "sourceIPv6Address" in record else "4"
    icmp = (version, record.get("protocolIdentifier")) in (("4", 1), ("6", 58))
    return {version, "icmp" + version} if icmp else {version}


def templates(channel):
    """The sets of element names that the channel's templates have."""
    if channel.fmt in OLD_FORMATS:
        return [frozenset(FIXED_ELEMENTS)]
    session = wire.open_session(channel.fmt, layout=None).feed_all(channel.messages)
    return [frozenset(UPTIMES.get(TABLE[e].name, TABLE[e].name) for e, _ in t.fields)
            for t in session.templates.values() if not t.scopes]


def template_of(record, sets):
    """The names that go with a record: those of the largest template that suits its kind."""
    kind = kind_of(record)
    strange = {name for other, names in ONLY_IN.items() if other not in kind for name in names}
    return max((names for names in sets if not names & strange), key=len, default=frozenset())


def expressible(records, channel):
    """Spanflow's JSON records as that format can tell them."""
    for record in records:
        if channel.fmt in OLD_FORMATS and "sourceIPv6Address" in record:
            continue
        record = dict(record)
        if channel.fmt in EIGHT_BIT_FLAGS and "tcpControlBits" in record:
            record["tcpControlBits"] &= 0xff
        code = {"4": "icmpTypeCodeIPv4", "6": "icmpTypeCodeIPv6"}
        for version, name in code.items():
            if "icmp" + version in kind_of(record):
                record.setdefault(name, record["destinationTransportPort"])
        yield record


def added_up(rows):
    """Records that differ in nothing but their counts, as one: the pieces of what 32 bits cannot hold."""
    sums = {}
    for row in rows:
        rest = tuple(sorted((name, value) for name, value in row.items() if name not in COUNTS))
        old = sums.setdefault(rest, dict(row, **{name: 0 for name in COUNTS if name in row}))
        for name in COUNTS:
            if name in row:
                old[name] += row[name]
    return list(sums.values())


class Comparison:
    """One collector against spanflow's JSON, over all its channels."""

    def __init__(self, collector, known):
        self.collector, self.faults, self.notes, self.differ = collector, [], [], {}
        self.known = [entry for entry in known if entry.collector == collector]
        self.used, self.needless, self.compared = Counter(), Counter(), Counter()

    def entries(self, channel):
        return [entry for entry in self.known if channel.fmt in entry.formats]

    def altered(self, record, channel):
        """The record as this collector is known to show it."""
        out = dict(record)
        for entry in self.entries(channel):
            if entry.element in out:
                out[entry.element] = entry.alter(record, channel)
        return out

    def channel(self, channel, got, wanted):
        sets = templates(channel)
        pairs = []
        for record in expressible(wanted, channel):
            names = template_of(record, sets)
            lacking = names - set(record)
            if lacking:
                self.faults.append("%s %s: spanflow's JSON lacks %s" % (channel.fmt, channel.layout, sorted(lacking)))
            pairs.append((record, names & set(record)))
        by_source = all("sourceIPv4Address" in names or "sourceIPv6Address" in names for _, names in pairs)
        if channel.fmt in OLD_FORMATS:
            got = added_up(got)
        if len(got) != len(pairs):
            self.faults.append("%s %s: %d records, not %d" % (channel.fmt, channel.layout, len(got), len(pairs)))
        compare = self.by_source if by_source else self.as_multisets
        compare(channel, got, pairs)

    def by_source(self, channel, got, pairs):
        shelves = {}
        for row in got:
            shelves.setdefault(source_of(row), []).append(row)
        for record, names in pairs:
            rows = shelves.get(source_of(record), [])
            # Two records of one source are those of fragments, and start at different times.
            rows.sort(key=lambda row: abs(row.get("octetDeltaCount", 0) - record.get("octetDeltaCount", 0)))
            if not rows:
                self.faults.append("%s %s: no record of %s" % (channel.fmt, channel.layout, source_of(record)))
                continue
            self.record(channel, rows.pop(0), record, names)

    def record(self, channel, row, record, names):
        shown = self.altered(record, channel)
        for name in sorted(names & set(row)):
            self.compared[name] += 1
            if shown[name] != record[name]:
                (self.needless if row[name] == record[name] else self.used)[name, channel.fmt] += 1
            if row[name] not in (shown[name], record[name]):
                self.differ.setdefault((channel.fmt, channel.layout, name), []).append(
                    "%s is %r, not %r" % (source_of(record), row[name], shown[name]))

    def as_multisets(self, channel, got, pairs):
        names = sorted(set.intersection(*[set(names) for _, names in pairs], *[set(row) for row in got]))

        def cut(rows):
            return Counter(tuple(row[name] for name in names) for row in rows)
        shown = [self.altered(record, channel) for record, _ in pairs]
        for name in names:
            self.compared[name] += len(pairs)
            self.used[name, channel.fmt] += sum(s[name] != r[name] for s, (r, _) in zip(shown, pairs))
        for what, extra in (("unexpected", cut(got) - cut(shown)), ("missing", cut(shown) - cut(got))):
            for values in sorted(extra, key=repr)[:3]:
                self.faults.append("%s %s: %s %s" % (channel.fmt, channel.layout, what, dict(zip(names, values))))

    def finish(self, channels):
        """All faults.  Afterwards `notes` tells which entries of KNOWN this collector does not need."""
        for (fmt, layout, name), where in self.differ.items():
            self.faults.append("%s %s: %s differs in %d records: %s" % (fmt, layout, name, len(where), "; ".join(where[:3])))
        present = {channel.fmt for channel in channels}
        for entry in self.known:
            for fmt in sorted(set(entry.formats) & present):
                if self.needless[entry.element, fmt] or not self.used[entry.element, fmt]:
                    self.notes.append("%s reads %s of %s right: no need to say that %s" %
                                      (self.collector, entry.element, fmt, entry.reason))
        return self.faults


def source_of(record):
    return record.get("sourceIPv4Address") or record.get("sourceIPv6Address")
