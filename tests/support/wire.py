#!/usr/bin/env python3
"""A strict reader of export datagrams: NetFlow v5, v9 and IPFIX.

Promises: feed() every datagram of one collector's session in order; each deviation from
SPEC.md section 5, RFC 7011, RFC 3954 or Cisco's v5 layout becomes a line in `errors`,
and every flow record a reference.Record (times in ms, None where the format has no such
field) in `records`.  view() cuts a record down to what a format can tell, so that
multisets of both sides can be compared.

    Session     what all formats share: order, size, times
    NetflowV5 · NetflowV9 · Ipfix      one class a format; open_session() picks

    wire.py     runs the module's own tests
"""
import ipaddress
import struct
import sys
from collections import Counter, namedtuple

from reference import Record

NS_PER_MS, NS_PER_S = 1_000_000, 1_000_000_000
REFRESH_S, REFRESH_MESSAGES = 60, 1000
NOTHING = Record(*[None] * len(Record._fields))

# What each format can tell.  Flags are masked to 8 bits, interfaces to 16 where it says so.
FIELDS = {
    "ipfix": "src dst sport dport proto tos vlan cvlan flags packets octets start end reason ingress egress icmp",
    "9": "src dst sport dport proto tos vlan flags packets octets start end ingress egress icmp",
    "5": "src dst sport dport proto tos flags packets octets start end ingress egress",
}
EIGHT_BIT_FLAGS = ("5", "9")


def in_ms(record):
    """A reference record as it leaves: times cut to milliseconds."""
    return record._replace(start=record.start // NS_PER_MS, end=record.end // NS_PER_MS)


def view(record, fmt):
    """The tuple of what `fmt` can tell of a record (times in ms), or None if nothing."""
    if fmt == "5":
        if ":" in record.src:
            return None
        record = record._replace(ingress=min(record.ingress, 65535), egress=min(record.egress, 65535))
    if fmt in EIGHT_BIT_FLAGS:
        record = record._replace(flags=record.flags & 0xff)
    return tuple(getattr(record, name) for name in FIELDS[fmt].split())


def multiset(records, fmt, merge=False):
    """Counter of views; `merge` adds up the pieces of records too large for 32 bits."""
    views = [v for v in (view(r, fmt) for r in records) if v is not None]
    if not merge:
        return Counter(views)
    names = FIELDS[fmt].split()
    at, sums = (names.index("packets"), names.index("octets")), {}
    for v in views:
        rest = tuple(x for i, x in enumerate(v) if i not in at)
        packets, octets = sums.get(rest, (0, 0))
        sums[rest] = (packets + v[at[0]], octets + v[at[1]])
    return Counter(sums.items())


class Malformed(Exception):
    """The datagram cannot be read any further."""


class Cursor:
    """Reads numbers off bytes and never beyond their end."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    def left(self):
        return len(self.data) - self.at

    def take(self, size):
        if size > self.left():
            raise Malformed("%s: %d bytes wanted, %d left" % (self.what, size, self.left()))
        self.at += size
        return self.data[self.at - size:self.at]

    def unpack(self, form):
        return struct.unpack("!" + form, self.take(struct.calcsize("!" + form)))

    def number(self, size):
        return int.from_bytes(self.take(size), "big")


class Session:
    """One collector's datagrams; the subclasses know the formats.

    sampling: (None | "deterministic" | "random", N); latest: the largest clock of the input in
    ns, which no header time may exceed by a whole second; domain: observation domain, source
    or None for any."""

    def __init__(self, max_payload=1400, domain=None, sampling=(None, 1), latest=None):
        self.max_payload, self.domain, self.sampling, self.latest = max_payload, domain, sampling, latest
        self.errors, self.records, self.messages = [], [], 0
        self.batches = []                   # (header seconds, flow records) of messages with any
        self.origin_ms = None

    def complain(self, form, *args):
        self.errors.append("message %d: " % self.messages + form % args)

    def expect(self, name, value, wanted):
        if value != wanted:
            self.complain("%s is %s, not %s", name, value, wanted)

    def feed(self, datagram):
        if len(datagram) > self.max_payload:
            self.complain("%d bytes, more than max-payload %d", len(datagram), self.max_payload)
        try:
            self.message(Cursor(bytes(datagram), "message"), len(datagram))
        except Malformed as error:
            self.complain("%s", error)
        self.messages += 1
        return self

    def feed_all(self, datagrams):
        for datagram in datagrams:
            self.feed(datagram)
        return self

    def same_session(self, name, value):
        """A field that never changes within a session."""
        first = self.__dict__.setdefault("first_" + name, value)
        self.expect(name, value, first)

    def check_domain(self, name, value):
        self.same_session(name, value)
        if self.domain is not None:
            self.expect(name, value, self.domain)

    def check_not_late(self, seconds):
        if self.latest is not None and (seconds - 1) * NS_PER_S >= self.latest:
            self.complain("header time %d s, but the input's clock ends at %d ns", seconds, self.latest)

    def check_uptime(self, seconds, uptime, switched):
        """Header seconds and SysUptime are one instant; `switched` is [(first, last)] of the records."""
        if uptime % 1000:
            self.complain("SysUptime %d: the origin is no whole second", uptime)
        origin = seconds * 1000 - uptime
        if origin < 0:
            self.complain("SysUptime %d begins before 1970", uptime)
        for first, last in switched:
            if not first <= last <= uptime:
                self.complain("First %d, Last %d, SysUptime %d are out of order", first, last, uptime)
        if switched:
            self.check_origin(origin, seconds, switched)
        return origin

    def check_origin(self, origin, seconds, switched):
        """An origin is kept until a record starts before it or SysUptime would pass 2^32 - 1."""
        old, self.origin_ms = self.origin_ms, origin
        if old is None or old == origin:
            return
        starts_before = min(first for first, _ in switched) + origin < old
        if not starts_before and seconds * 1000 - old < 2 ** 32:
            self.complain("the SysUptime origin moved from %d to %d without need", old, origin)


class NetflowV5(Session):
    """Cisco's layout: 24 bytes of header, 48 a record, at most 30 records."""

    MODES = {None: 0, "deterministic": 1, "random": 2}

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.sequence = 0

    def message(self, cursor, size):
        version, count, uptime, seconds, nsecs, sequence, engine, slot, interval = cursor.unpack("HHIIIIBBH")
        self.expect("version", version, 5)
        self.expect("unix_nsecs", nsecs, 0)
        self.expect("flow_sequence", sequence, self.sequence)
        self.check_rate(interval >> 14, interval & 0x3fff)
        self.same_session("engine", (engine, slot))
        self.expect("length", size, 24 + 48 * count)
        if not 1 <= count <= 30:
            self.complain("%d records", count)
        rows = [cursor.unpack("4s4sIHHIIIIHHBBBBHHBBH") for _ in range(count)]
        self.sequence = (self.sequence + count) & 0xffffffff
        self.check_not_late(seconds)
        self.batches.append((seconds, count))
        origin = self.check_uptime(seconds, uptime, [row[7:9] for row in rows])
        self.records += [self.record(row, origin) for row in rows]

    def check_rate(self, mode, interval):
        """Mode and interval; one packet of each one is all of them, so that the mode may be 0."""
        rule, wanted = self.sampling
        self.expect("sampling interval", interval, wanted)
        if mode not in (self.MODES[rule], 0 if wanted == 1 else self.MODES[rule]):
            self.complain("sampling mode %d with %s", mode, self.sampling)

    def record(self, row, origin):
        (src, dst, hop, into, out, packets, octets, first, last, sport, dport, pad1, flags, proto, tos,
         src_as, dst_as, src_mask, dst_mask, pad2) = row
        if hop or src_as or dst_as or src_mask or dst_mask or pad1 or pad2:
            self.complain("next hop, AS, masks or padding are not 0: %s", row)
        if not packets or not octets:
            self.complain("a record of %d packets and %d octets", packets, octets)
        return NOTHING._replace(src=str(ipaddress.ip_address(src)), dst=str(ipaddress.ip_address(dst)), sport=sport,
                                dport=dport, proto=proto, tos=tos, flags=flags, packets=packets, octets=octets,
                                start=origin + first, end=origin + last, ingress=into, egress=out)


Template = namedtuple("Template", "scopes fields")          # both lists of (element, length)
RECORD_NAMES = {7: "sport", 11: "dport", 4: "proto", 5: "tos", 58: "vlan", 245: "cvlan", 6: "flags", 2: "packets",
                1: "octets", 136: "reason", 10: "ingress", 14: "egress", 32: "icmp", 139: "icmp", 8: "src",
                12: "dst", 27: "src", 28: "dst"}
COMMON = {7: 2, 11: 2, 4: 1, 5: 1, 58: 2, 10: 4, 14: 4, 2: 8, 1: 8}
ADDRESSES = {256: {8: 4, 12: 4}, 257: {27: 16, 28: 16}, 258: {8: 4, 12: 4, 32: 2}, 259: {27: 16, 28: 16, 139: 2}}


class Templated(Session):
    """What v9 and IPFIX share: sets, templates, options, refresh."""

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.templates, self.sent, self.overdue = {}, {}, set()
        self.preamble_over = self.rate_announced = False
        self.options_seen = []              # [(scopes, fields)] of options records, in order
        self.refreshes = 0
        self.behind = set()

    # sets

    def sets(self, cursor):
        """Reads the sets of a message; returns (records of all kinds, data records)."""
        self.now_templates, self.now_flows, self.now_options, counts = [], [], [], Counter()
        while cursor.left():
            number, size = cursor.unpack("HH")
            if size <= 4:
                raise Malformed("set %d of length %d" % (number, size))
            body = Cursor(cursor.take(size - 4), "set %d" % number)
            self.check_set_length(number, size)
            if number in (self.TEMPLATES, self.OPTIONS):
                counts["templates"] += self.template_set(body, number == self.OPTIONS)
            elif number >= 256:
                counts["data"] += self.data_set(body, number)
            else:
                self.complain("set number %d is reserved", number)
        if not counts:
            self.complain("a message without a set")
        return counts["templates"] + counts["data"], counts["data"]

    def check_padding(self, body, shortest):
        rest = body.take(body.left())
        if any(rest):
            self.complain("%s: padding is not zero", body.what)
        if len(rest) >= min(4, shortest):
            self.complain("%s: %d bytes of padding", body.what, len(rest))

    def template_set(self, body, options):
        count = 0
        while body.left() >= 4 and any(body.data[body.at:body.at + 2]):
            number, template = self.template(body, options)
            self.learn(number, template, options)
            count += 1
        self.check_padding(body, 4)
        if not count:
            self.complain("%s: no template", body.what)
        return count

    def learn(self, number, template, options):
        if number < 256:
            self.complain("template %d: numbers begin at 256", number)
        if not template.fields and not template.scopes:
            self.complain("template %d has no field", number)
        if options and not template.scopes:
            self.complain("options template %d has no scope", number)
        if self.templates.setdefault(number, template) != template:
            self.complain("template %d changed", number)
        self.templates[number] = template
        self.now_templates.append(number)
        if not options:
            self.check_layout(number, dict(template.fields), template)

    def check_layout(self, number, fields, template):
        """The rulings' default templates, 256 to 259."""
        if len(fields) != len(template.fields):
            self.complain("template %d tells a field twice", number)
        if number not in ADDRESSES:
            self.complain("data template %d is not one of 256 to 259", number)
            return
        self.expect("template %d" % number, sorted(fields.items()),
                    sorted({**COMMON, **self.EXTRA, **ADDRESSES[number]}.items()))

    def data_set(self, body, number):
        template = self.templates.get(number)
        if template is None:
            raise Malformed("data for template %d, which was not sent before" % number)
        size, count = sum(length for _, length in template.scopes + template.fields), 0
        while size and body.left() >= size:
            scopes = [(element, body.take(length)) for element, length in template.scopes]
            fields = [(element, body.take(length)) for element, length in template.fields]
            if template.scopes:
                self.now_options.append((number, scopes, fields))
            else:
                self.now_flows.append((number, {element: int.from_bytes(raw, "big") for element, raw in fields},
                                       dict(fields)))
            count += 1
        self.check_padding(body, size)
        if not count:
            self.complain("%s: no record", body.what)
        return count

    # records

    def flow(self, number, values, raw):
        """A data record without its times."""
        named = {RECORD_NAMES[e]: v for e, v in values.items() if e in RECORD_NAMES}
        for element in {8, 12, 27, 28} & set(raw):
            if len(raw[element]) in (4, 16):
                named[RECORD_NAMES[element]] = str(ipaddress.ip_address(raw[element]))
        record = NOTHING._replace(**named)
        wants = {(1, True): 32, (58, False): 139}.get((record.proto, 8 in raw))
        if (32 in raw, 139 in raw) != (wants == 32, wants == 139):
            self.complain("protocol %s in template %d", record.proto, number)
        if wants and (record.icmp != record.dport or record.sport):
            self.complain("ICMP %s, ports %s and %s", record.icmp, record.sport, record.dport)
        if not record.packets or not record.octets:
            self.complain("a record of %s packets and %s octets", record.packets, record.octets)
        return record

    # templates and options in time

    def check_schedule(self, seconds):
        """First templates and options in messages of their own; again after 60 s or 1000 messages."""
        kinds = self.now_templates + [number for number, _, _ in self.now_options]
        for number in set(self.now_templates):
            self.sent["template", number] = (seconds, self.messages)
        for number in {number for number, _, _ in self.now_options}:
            self.sent["options data", number] = (seconds, self.messages)
        self.refreshes += bool(self.now_templates)
        if self.now_flows:
            self.batches.append((seconds, len(self.now_flows)))
        if self.now_flows and not self.preamble_over:
            self.preamble_over = True
            if kinds or not self.rate_announced:
                self.complain("the first data did not come after, in another message, the templates and the rate")
        late = {key for key, (when, _) in self.sent.items() if seconds - when > REFRESH_S + 1}
        for key in late & self.overdue:
            self.complain("%s %d is %d s old", *key, seconds - self.sent[key][0])
        self.overdue = late
        # One message alone may be dated by records that are weeks older than the clock.
        for key, (when, index) in self.sent.items():
            if seconds < when and key in self.behind:   # the clock stepped back: count from here
                self.sent[key] = (seconds, index)
            if self.messages - index > REFRESH_MESSAGES + 1:
                self.complain("%s %d is %d messages old", *key, self.messages - index)
        self.behind = {key for key, (when, _) in self.sent.items() if seconds < when}

    def check_sampling(self):
        """Both forms of the announced rate, in one message and in order."""
        rows = [(scopes, [(e, int.from_bytes(raw, "big")) for e, raw in fields])
                for _, scopes, fields in self.now_options]
        self.options_seen += rows
        first = [i for i, (_, fields) in enumerate(rows) if fields and fields[0][0] == 34]
        second = [i for i, (scopes, fields) in enumerate(rows) if self.second_form(scopes, fields)]
        if not first and not second:
            return
        if len(first) != 1 or len(second) != 1 or first > second:
            self.complain("sampling forms at %s and %s of the options data", first, second)
            return
        self.rate_announced = True
        self.check_first_form(*rows[first[0]])
        self.check_second_form(*rows[second[0]])

    def algorithms(self, announced):
        """The values that may name the algorithm; a random 1 in 1 may call itself deterministic."""
        mode, interval = self.sampling
        return {announced["deterministic"]} if mode in (None, "deterministic") else \
            {announced["random"]} | ({announced["deterministic"]} if interval == 1 else set())

    def check_first_form(self, scopes, fields):
        self.expect("scope of 34/35", [e for e, _ in scopes], [self.SCOPE])
        if self.SCOPE == 149:
            self.expect("the scope's domain", int.from_bytes(scopes[0][1], "big"), self.first_domain)
        self.expect("first form", [e for e, _ in fields], [34, 35])
        values = dict(fields)
        self.expect("samplingInterval", values.get(34), self.sampling[1])
        if values.get(35) not in self.algorithms({"deterministic": 1, "random": 2}):
            self.complain("samplingAlgorithm %s with %s", values.get(35), self.sampling)


class NetflowV9(Templated):
    """RFC 3954; elements 21 and 22 are the times, relative to the header's."""

    TEMPLATES, OPTIONS, SCOPE = 0, 1, 1
    EXTRA = {6: 1, 21: 4, 22: 4}

    def message(self, cursor, size):
        version, count, uptime, seconds, sequence, source = cursor.unpack("HHIIII")
        self.expect("version", version, 9)
        self.check_sequence(sequence)
        self.check_domain("source", source)
        records, _ = self.sets(cursor)
        self.expect("count", count, records)
        self.check_schedule(seconds)
        self.check_sampling()
        self.check_not_late(seconds)
        origin = self.check_uptime(seconds, uptime, [(v.get(22, 0), v.get(21, 0)) for _, v, _ in self.now_flows])
        for number, values, raw in self.now_flows:
            self.records.append(self.flow(number, values, raw)._replace(start=origin + values.get(22, 0),
                                                                       end=origin + values.get(21, 0)))

    def check_sequence(self, sequence):
        """Counts export packets; RFC 3954 does not say whether the first one is 0 or 1."""
        if self.messages == 0:
            self.first_sequence = 1 if sequence == 1 else 0
        self.expect("sequence", sequence, (self.first_sequence + self.messages) % 2 ** 32)

    def check_set_length(self, number, size):
        if size % 4:
            self.complain("flow set %d of length %d is not padded to 4 bytes", number, size)

    def template(self, body, options):
        if not options:
            number, count = body.unpack("HH")
            return number, Template([], [body.unpack("HH") for _ in range(count)])
        number, scopes, fields = body.unpack("HHH")
        if scopes % 4 or fields % 4:
            raise Malformed("options template %d with lengths %d and %d" % (number, scopes, fields))
        return number, Template([body.unpack("HH") for _ in range(scopes // 4)],
                                [body.unpack("HH") for _ in range(fields // 4)])

    def second_form(self, scopes, fields):
        return fields and fields[0][0] == 48

    def check_second_form(self, scopes, fields):
        self.expect("scope of 48/49/50", [e for e, _ in scopes], [self.SCOPE])
        self.expect("second form", [e for e, _ in fields], [48, 49, 50])
        values = dict(fields)
        self.expect("sampler interval", values.get(50), self.sampling[1])
        if values.get(49) not in self.algorithms({"deterministic": 1, "random": 2}):
            self.complain("sampler mode %s with %s", values.get(49), self.sampling)


class Ipfix(Templated):
    """RFC 7011; the sequence counts data records, the Export Time never decreases."""

    TEMPLATES, OPTIONS, SCOPE = 2, 3, 149
    EXTRA = {6: 2, 245: 2, 152: 8, 153: 8, 136: 1}

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.sequence = self.export_time = 0

    def message(self, cursor, size):
        version, length, seconds, sequence, domain = cursor.unpack("HHIII")
        self.expect("version", version, 10)
        self.expect("length", length, size)
        self.expect("sequence", sequence, self.sequence)
        self.check_domain("domain", domain)
        if seconds < self.export_time:
            self.complain("Export Time fell from %d to %d", self.export_time, seconds)
        self.export_time = seconds
        _, data = self.sets(cursor)
        self.sequence = (self.sequence + data) & 0xffffffff
        self.check_schedule(seconds)
        self.check_sampling()
        self.check_not_late(seconds)
        for number, values, raw in self.now_flows:
            start, end = values.get(152, 0), values.get(153, 0)
            if not start <= end <= seconds * 1000:
                self.complain("start %d, end %d, Export Time %d are out of order", start, end, seconds)
            self.records.append(self.flow(number, values, raw)._replace(start=start, end=end))

    def check_set_length(self, number, size):
        """RFC 7011 asks for no alignment; check_padding() limits what may follow the last record."""

    def template(self, body, options):
        number, count = body.unpack("HH")
        scopes = body.number(2) if options else 0
        if scopes > count:
            raise Malformed("options template %d: %d scopes of %d fields" % (number, scopes, count))
        fields = [self.field(body) for _ in range(count)]
        return number, Template(fields[:scopes], fields[scopes:])

    def field(self, body):
        element, length = body.unpack("HH")
        if element & 0x8000:
            element = (body.number(4), element & 0x7fff)
        if length == 65535:
            raise Malformed("element %s of variable length" % (element,))
        return element, length

    def second_form(self, scopes, fields):
        return scopes and scopes[0][0] == 302

    def check_second_form(self, scopes, fields):
        mode, interval = self.sampling
        self.expect("scope of PSAMP", [e for e, _ in scopes], [302])
        count_based = {304: 1, 305: 1, 306: interval - 1}
        n_out_of_n = {304: 3, 309: 1, 310: interval}
        allowed = [n_out_of_n if mode == "random" else count_based]
        if mode == "random" and interval == 1:
            allowed.append(count_based)
        if dict(fields) not in allowed or len(fields) != 3 or fields[0][0] != 304:
            self.complain("PSAMP options data %s with %s", fields, self.sampling)


def open_session(fmt, **named):
    return {"5": NetflowV5, "9": NetflowV9, "ipfix": Ipfix}[fmt](**named)


# --- the module's own tests --------------------------------------------------------

def own_set(number, body):
    return struct.pack("!HH", number, 4 + len(body)) + body


def own_pack(fields, values):
    return b"".join(values.get(e, 1).to_bytes(length, "big") for e, length in fields)


def own_session(fmt):
    """A correct session by hand: preamble, then two data messages; returns a list of bytearrays."""
    v9 = fmt == "9"
    cls = NetflowV9 if v9 else Ipfix
    flows = [(n, list({**COMMON, **cls.EXTRA, **ADDRESSES[n]}.items())) for n in ADDRESSES]
    forms = [([(cls.SCOPE, 4)], [(34, 4), (35, 1)]),
             ([(1, 4)], [(48, 1), (49, 1), (50, 4)]) if v9 else ([(302, 1)], [(304, 2), (305, 4), (306, 4)])]

    def pairs(fields):
        return b"".join(struct.pack("!HH", *f) for f in fields)

    def pad(body):
        return body + bytes(-len(body) % 4) if v9 else body

    templates = own_set(cls.TEMPLATES, b"".join(struct.pack("!HH", n, len(f)) + pairs(f) for n, f in flows))
    heads = [struct.pack("!HHH", 260 + i, *((len(s) * 4, len(f) * 4) if v9 else (len(s + f), len(s))))
             for i, (s, f) in enumerate(forms)]
    options = own_set(cls.OPTIONS, pad(b"".join(h + pairs(s + f) for h, (s, f) in zip(heads, forms))))
    data = b"".join(own_set(260 + i, pad(own_pack(s + f, {306: 0}))) for i, (s, f) in enumerate(forms))
    flow = own_set(256, pad(own_pack(flows[0][1], {4: 6, 21: 900, 22: 100, 152: 100_100, 153: 100_900})))
    out, sequence = [], 0
    for body, count, rows in ((templates + options + data, 8, 2), (flow + flow, 2, 2), (flow, 1, 1)):
        out.append(bytearray(struct.pack("!HHIIII", 9, count, 1000, 101, len(out), 1) + body if v9 else
                             struct.pack("!HHIII", 10, 16 + len(body), 101, sequence, 1) + body))
        sequence += rows
    return out


def own_v5():
    row = struct.pack("!4s4sIHHIIIIHHBBBBHHBBH", b"\n\0\0\1", b"\n\0\0\2", 0, 1, 0, 3, 120, 100, 900,
                      1, 2, 0, 2, 6, 0, 0, 0, 0, 0, 0)
    return [bytearray(struct.pack("!HHIIIIBBH", 5, 2, 1000, 101, 0, sequence, 0, 0, 1) + row * 2)
            for sequence in (0, 2)]


def own_faults(good):
    """Broken copies of a session: (what was done, datagrams)."""
    for m, message in enumerate(good):
        for at in range(len(message)):
            yield "byte %d of message %d changed" % (at, m), good[:m] + [flip(message, at)] + good[m + 1:]
        yield "message %d cut" % m, good[:m] + [message[:-1]] + good[m + 1:]
        yield "message %d longer" % m, good[:m] + [message + b"\0"] + good[m + 1:]
        yield "message %d twice" % m, good[:m + 1] + good[m:]
        if m < len(good) - 1:
            yield "message %d lost" % m, good[:m] + good[m + 1:]


# Bytes of the preamble that may have any value: the seconds' last (no record tells more),
# System's scope, sampler and selector ids.
OWN_FREE = {"5": (), "9": (11, 320, 321, 322, 323, 336, 337, 338, 339, 340), "ipfix": (7, 361)}


def own_tests():
    """A correct session has no error; with any one byte changed it has one, or other records."""
    failed = 0
    for fmt in ("5", "9", "ipfix"):
        good = own_v5() if fmt == "5" else own_session(fmt)

        def judge(datagrams):
            return open_session(fmt, domain=None if fmt == "5" else 1, latest=101 * NS_PER_S).feed_all(datagrams)
        right = judge(good)
        free = {"byte %d of message 0 changed" % at for at in OWN_FREE[fmt]}
        verdicts = [(what, judge(faulty)) for what, faulty in own_faults(good) if what not in free]
        missed = [what for what, found in verdicts if not found.errors and found.records == right.records]
        for name, why in (("a correct session", right.errors), ("all of %d faults are found" % len(verdicts), missed)):
            print("%s - %s: %s%s" % ("not ok" if why else "ok", fmt, name, "".join("\n# " + w for w in why)))
            failed += bool(why)
    return 1 if failed else 0


def flip(message, at):
    changed = bytearray(message)
    changed[at] ^= 0x5a
    return changed


if __name__ == "__main__":
    sys.exit(own_tests())
