"""Compares what a collector reads back with what spanflow's own JSON says, field by field.

Promises: a record is told by its source address where the channel carries one, else records are
compared as multisets.  A field is compared when the channel carries that element on the wire, so
that a collector's defaults for what was never sent do not count.  What a collector is known to read
differently is one table of Known entries: what it shows instead, and why.  A collector that reads it
right after all is no fault, but `notes` says so, as it does of an entry that no record needed.
"""
import re
from collections import Counter, namedtuple

import readers
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

# What the messages of a channel from loopback say whatever standard output says.
OF_SESSION = {"observationDomainId": 1, "exporterIPv4Address": "127.0.0.1", "exporterIPv6Address": "::"}
AGGREGATING = ("nfacctd",)

# alter(record, channel) gives what the collector shows in place of record[element].
Known = namedtuple("Known", "collector formats element alter reason")


UNITS = {"Seconds": 1_000_000_000, "Milliseconds": 1_000_000, "Microseconds": 1_000, "Nanoseconds": 1}
DATE = re.compile("(flowStart|flowEnd)(%s)" % "|".join(UNITS))


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
                record.setdefault(name, record.get("destinationTransportPort"))
        if channel.fmt == "9":              # two octets there
            for name in ("minimumIpTotalLength", "maximumIpTotalLength"):
                if name in record:
                    record[name] = min(record[name], 0xffff)
        record.update({name: value for name, value in OF_SESSION.items() if name in record})
        if "selectorId" in record:          # v9's name for it
            record["samplerId"] = record["selectorId"]
        yield record


def added_up(rows):
    """Records that differ in nothing but their counts, as one."""
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
        self.collector, self.faults, self.notes, self.differ, self.lacking = collector, [], [], {}, set()
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

    def comparable(self, row, names):
        """A row cut to what can be compared: dates in ns, no finer than both sides tell them."""
        out = {}
        for name in names:
            match = DATE.fullmatch(name)
            if match and (name in row or match[1] in row):
                unit = UNITS[match[2]]
                value = row[name] * unit if name in row else row[match[1]]
                out[name] = value - value % max(unit, readers.RESOLUTION[self.collector])
            elif name in row:
                out[name] = canonical(name, row[name])
        return out

    def channel(self, channel, got, wanted):
        sets = templates(channel)
        pairs = []
        for record in expressible(wanted, channel):
            names = template_of(record, sets)
            lacking = names - set(record)
            if lacking:
                self.lacking.add("%s %s: spanflow's JSON lacks %s" % (channel.fmt, channel.layout, sorted(lacking)))
            pairs.append((record, names & set(record)))
        if self.collector in AGGREGATING and got:
            pairs = self.aggregated(channel, pairs, got)
        by_source = all("sourceIPv4Address" in names or "sourceIPv6Address" in names for _, names in pairs)
        if channel.fmt in OLD_FORMATS:      # the pieces of what 32 bits cannot hold
            got = added_up(got)
        if len(got) != len(pairs):
            self.faults.append("%s %s: %d records, not %d" % (channel.fmt, channel.layout, len(got), len(pairs)))
        compare = self.by_source if by_source else self.as_multisets
        compare(channel, got, pairs)

    def aggregated(self, channel, pairs, got):
        """What is left of the records by a collector that adds up what looks the same to it."""
        columns, sums = set.union(*map(set, got)), {}
        for record, names in pairs:
            names = {name for name in names & set(record) if name in columns or DATE.fullmatch(name)}
            shown = self.altered(record, channel)
            rest = tuple(sorted((name, shown[name]) for name in names - set(COUNTS)))
            total, _ = sums.setdefault(rest, (dict(record, **{name: 0 for name in COUNTS}), names))
            for name in names & set(COUNTS):
                total[name] += record[name]
        return list(sums.values())

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
        shown = self.comparable(self.altered(record, channel), names)
        true, got = self.comparable(record, names), self.comparable(row, names)
        for name in sorted(got):
            self.compared[name] += 1
            if shown[name] != true[name]:
                (self.needless if got[name] == true[name] else self.used)[name, channel.fmt] += 1
            if got[name] not in (shown[name], true[name]):
                self.differ.setdefault((channel.fmt, channel.layout, name), []).append(
                    "%s is %r, not %r" % (source_of(record), got[name], shown[name]))

    def as_multisets(self, channel, got, pairs):
        names = set.intersection(*[set(names) for _, names in pairs])
        got = [self.comparable(row, names) for row in got]
        names = sorted(set.intersection(set(names), *map(set, got)))
        shown = [self.comparable(self.altered(record, channel), names) for record, _ in pairs]
        true = [self.comparable(record, names) for record, _ in pairs]
        got, shown, true = ([tuple(row[name] for name in names) for row in rows] for rows in (got, shown, true))
        for at, name in enumerate(names):
            self.compared[name] += len(true)
            self.used[name, channel.fmt] += sum(s[at] != t[at] for s, t in zip(shown, true))
        for what, extra in (("unexpected", Counter(got) - Counter(shown)), ("missing", Counter(shown) - Counter(got))):
            for values in sorted(extra, key=repr)[:3]:
                self.faults.append("%s %s: %s %s" % (channel.fmt, channel.layout, what, dict(zip(names, values))))

    def finish(self, channels):
        """All faults.  Afterwards `notes` tells which entries of KNOWN this collector does not need."""
        for (fmt, layout, name), where in self.differ.items():
            self.faults.append("%s %s: %s differs in %d records: %s" % (fmt, layout, name, len(where), "; ".join(where[:3])))
        self.faults += sorted(self.lacking)
        present = {channel.fmt for channel in channels}
        for entry in self.known:
            for fmt in sorted(set(entry.formats) & present):
                if self.needless[entry.element, fmt] or not self.used[entry.element, fmt]:
                    self.notes.append("%s reads %s of %s right: no need to say that %s" %
                                      (self.collector, entry.element, fmt, entry.reason))
        return self.faults


def source_of(record):
    return record.get("sourceIPv4Address") or record.get("sourceIPv6Address")


def canonical(name, value):
    """MAC addresses and label stack entries as text, however they were told; segments as numbers."""
    if name == "layer2SegmentId":
        return int(value, 16) if isinstance(value, str) else value
    if name.startswith("mpls"):
        if isinstance(value, str) and not value.startswith("0x"):
            value = "0x" + value.replace(":", "")
        return "0x%06x" % (int(value, 16) if isinstance(value, str) else value)
    return value.lower() if isinstance(value, str) else value
