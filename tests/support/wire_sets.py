"""Strict readers of NetFlow v9 and IPFIX: sets, templates and records; see wire.py.

    Template     a template as it was sent, and how to take its records apart fast
    Templated    what both formats share: sets, templates in time, records
    NetflowV9 · Ipfix
"""
import struct
from collections import Counter

import elements
from elements import NUMBERS, TABLE
from wire_core import NOTHING, Cursor, Malformed, Session
from wire_options import OptionsData

RECORD_NAMES = {7: "sport", 11: "dport", 4: "proto", 5: "tos", 58: "vlan", 245: "cvlan", 6: "flags", 2: "packets",
                1: "octets", 136: "reason", 10: "ingress", 14: "egress", 32: "icmp", 139: "icmp", 8: "src",
                12: "dst", 27: "src", 28: "dst"}
COMMON = {7: 2, 11: 2, 4: 1, 5: 1, 58: 2, 10: 4, 14: 4, 2: 8, 1: 8}
ADDRESSES = {256: {8: 4, 12: 4}, 257: {27: 16, 28: 16}, 258: {8: 4, 12: 4, 32: 2}, 259: {27: 16, 28: 16, 139: 2}}
ICMP_ELEMENTS = {32: 1, 176: 1, 177: 1, 139: 58, 178: 58, 179: 58}       # to the protocol they belong to
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
# Of one moment: these say the same in other units.
STARTS, ENDS = {22: 1, 150: 1000, 152: 1}, {21: 1, 151: 1000, 153: 1}


class Template:
    """scopes and fields are lists of (element, length)."""

    def __init__(self, number, scopes, fields):
        self.number, self.scopes, self.fields = number, scopes, fields
        self.size = sum(length for _, length in scopes + fields)
        self.elements = [element for element, _ in fields]
        plain = [TABLE[e].kind in ("unsigned", "uptime", "s", "ms") if e in TABLE else False for e in self.elements]
        self.record = struct.Struct("!" + "".join(
            CODES[length] if number and length in CODES else "%ds" % length
            for number, (_, length) in zip(plain, fields)))
        self.at = {element: i for i, element in enumerate(self.elements)}

    def __eq__(self, other):
        return (self.scopes, self.fields) == (other.scopes, other.fields)

    def __str__(self):
        return "%s%s" % (self.scopes, self.fields)

    def column(self, rows, element):
        """That element's values, or None where the template has none of it."""
        at = self.at.get(element)
        return None if at is None else [row[at] for row in rows]

    def named(self, row):
        """{element name: value} of one record."""
        out = {}
        for (element, length), raw in zip(self.fields, row):
            if isinstance(raw, int):
                raw = raw.to_bytes(length, "big")
            out[TABLE[element].name] = elements.value(element, raw)
        return out


class Templated(OptionsData, Session):
    """What v9 and IPFIX share."""

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.templates, self.sent, self.overdue = {}, {}, set()
        self.preamble_over = False
        self.refreshes = 0
        self.behind = set()
        self.flows = []                     # (template, rows, origin) of what is kept
        self.options_begin()

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
            self.learn(self.template(body, options), options)
            count += 1
        if body.left() and self.TEMPLATES_UNPADDED:
            self.complain("%s: %d bytes behind the last template", body.what, body.left())
        self.check_padding(body, 4)
        if not count:
            self.complain("%s: no template", body.what)
        if options and count > 1:
            self.complain("%d options templates in one set", count)
        return count

    def learn(self, template, options):
        number = template.number
        if number < 256:
            self.complain("template %d: numbers begin at 256", number)
        if not template.fields and not template.scopes:
            self.complain("template %d has no field", number)
        if options != bool(template.scopes):
            self.complain("template %d with %d scopes in the wrong kind of set", number, len(template.scopes))
        if self.templates.setdefault(number, template) != template:
            self.complain("template %d changed", number)
        self.now_templates.append(number)
        if self.templates[number] is template:
            for fault in self.field_faults(template):
                self.complain("template %d: %s", number, fault)
            if not options:
                self.check_layout(template)
        self.templates[number] = template

    def field_faults(self, template):
        if not self.V9:
            yield from (elements.fault(*field) for field in template.scopes if elements.fault(*field))
        yield from (elements.fault(*field, self.V9) for field in template.fields if elements.fault(*field, self.V9))

    def check_layout(self, template):
        """No element twice, nothing of both IP versions unless asked for, and what the layout names."""
        number, fields = template.number, dict(template.fields)
        if len(fields) != len(template.fields):
            self.complain("template %d tells a field twice", number)
        if self.layout == "default":
            self.check_default(number, fields)
        elif self.layout is not None:
            strange = {TABLE[e].name for e in fields if e in TABLE} - self.layout
            if strange:
                self.complain("template %d has %s, which nobody asked for", number, sorted(strange))
        if {8, 12} & set(fields) and {27, 28} & set(fields):
            self.complain("template %d has addresses of both IP versions", number)
        if self.classes and self.SELECTOR not in fields:
            self.complain("template %d does not name the sampling rule", number)

    def check_default(self, number, fields):
        """SPEC's default templates, 256 to 259."""
        if number not in ADDRESSES:
            self.complain("data template %d is not one of 256 to 259", number)
            return
        selector = self.SELECTOR_FIELD if self.classes else {}
        self.expect("template %d" % number, sorted(fields.items()),
                    sorted({**COMMON, **self.EXTRA, **ADDRESSES[number], **selector}.items()))

    def data_set(self, body, number):
        template = self.templates.get(number)
        if template is None:
            raise Malformed("data for template %d, which was not sent before" % number)
        count = body.left() // template.size if template.size else 0
        if template.scopes:
            for _ in range(count):
                scopes = [(element, body.take(length)) for element, length in template.scopes]
                fields = [(element, body.take(length)) for element, length in template.fields]
                self.now_options.append((number, scopes, fields))
        else:
            rows = list(template.record.iter_unpack(body.take(count * template.size)))
            self.now_flows.append((template, rows))
        self.check_padding(body, template.size)
        if not count:
            self.complain("%s: no record", body.what)
        return count

    # records

    def judge_flows(self, seconds):
        """What holds of flow records in both formats, but for their times."""
        records = packets = octets = 0
        for template, rows in self.now_flows:
            records += len(rows)
            for element, counter in ((2, "packets"), (1, "octets")):
                values = template.column(rows, element)
                if values is None:
                    continue
                if 0 in values:
                    self.complain("a record of no %s in template %d", counter, template.number)
                if element == 2:
                    packets += sum(values)
                else:
                    octets += sum(values)
            self.judge_icmp(template, rows)
            self.judge_selectors(template, rows)
        if self.now_flows:
            self.add_batch(seconds, records, packets, octets)

    def judge_icmp(self, template, rows):
        """ICMP's elements stand in records of ICMP alone, and those of ICMP have them."""
        protocols = template.column(rows, 4)
        mine = {ICMP_ELEMENTS[e] for e in template.elements if e in ICMP_ELEMENTS}
        if protocols is None or len(mine) > 1:
            if len(mine) > 1:
                self.complain("template %d is for both ICMPs", template.number)
            return
        for protocol in mine:
            if set(protocols) != {protocol}:
                self.complain("protocols %s in template %d", sorted(set(protocols)), template.number)
        if not mine and self.layout == "default":
            own = 1 if 8 in template.at else 58
            if own in protocols:
                self.complain("protocol %d in template %d", own, template.number)
        for element in {32, 139} & set(template.at):
            self.judge_ports(template, rows, element)

    def judge_ports(self, template, rows, element):
        kinds, sport, dport = (template.column(rows, e) for e in (element, 7, 11))
        if dport is not None and kinds != dport:
            self.complain("ICMP %s, destination ports %s", kinds, dport)
        if sport is not None and any(sport):
            self.complain("ICMP with source ports %s", sport)

    def judge_selectors(self, template, rows):
        selectors = template.column(rows, self.SELECTOR)
        if selectors is not None and not set(selectors) <= set(range(1, len(self.classes or (1,)) + 1)):
            self.complain("sampling rules %s", sorted(set(selectors)))

    def judge_times(self, seconds):
        """No record begins after it ends, or ends after the header's time; dates in NTP format agree."""
        for template, rows in self.now_flows:
            pairs = [(template.column(rows, s), template.column(rows, e), u) for s, u in STARTS.items()
                     for e in ENDS if (s, e) in ((22, 21), (150, 151), (152, 153))]
            for starts, ends, unit in pairs:
                limit = seconds * 1000
                if starts is None or ends is None or unit == 1 and 22 in template.at:
                    continue
                for start, end in zip(starts, ends):
                    if not start * unit <= end * unit <= limit:
                        self.complain("start %d, end %d, header %d s are out of order", start, end, seconds)

    def keep_flows(self, origin):
        if self.keep:
            self.flows += [(template, rows, origin) for template, rows in self.now_flows]

    def kept_records(self):
        for template, rows, origin in self.flows:
            for row in rows:
                yield self.as_record(template, row, origin)

    def as_record(self, template, row, origin):
        values = template.named(row)
        named = {RECORD_NAMES[e]: values[TABLE[e].name] for e in template.elements if e in RECORD_NAMES}
        for field, choices in (("start", STARTS), ("end", ENDS)):
            for element, unit in choices.items():
                if element in template.at and unit == 1:
                    named[field] = (origin if element in (21, 22) else 0) + row[template.at[element]]
        return NOTHING._replace(**named)

    def named_records(self):
        """Every kept record as {element name: value}."""
        return [template.named(row) for template, rows, _ in self.flows for row in rows]

    # templates and options in time

    def check_schedule(self, seconds):
        """First templates and options in messages of their own; again when the refresh is due."""
        after_s, after_messages = self.refresh
        kinds = self.now_templates + [number for number, _, _ in self.now_options]
        for number in set(self.now_templates):
            self.sent["template", number] = (seconds, self.messages)
        for number in {number for number, _, _ in self.now_options}:
            self.sent["options data", number] = (seconds, self.messages)
        self.refreshes += bool(self.now_templates)
        if self.now_flows and not self.preamble_over:
            self.preamble_over = True
            if kinds or not self.rate_announced:
                self.complain("the first data did not come after, in another message, the templates and the rate")
        late = {key for key, (when, _) in self.sent.items() if seconds - when > after_s + 1}
        for key in late & self.overdue:
            self.complain("%s %d is %d s old", *key, seconds - self.sent[key][0])
        self.overdue = late
        # One message alone may be dated by records that are weeks older than the clock.
        for key, (when, index) in self.sent.items():
            if seconds < when and key in self.behind:   # the clock stepped back: count from here
                self.sent[key] = (seconds, index)
            if self.messages - index > after_messages + len(self.sent):
                self.complain("%s %d is %d messages old", *key, self.messages - index)
        self.behind = {key for key, (when, _) in self.sent.items() if seconds < when}


class NetflowV9(Templated):
    """RFC 3954; elements 21 and 22 are the times, relative to the header's."""

    V9, TEMPLATES, OPTIONS, SCOPE = True, 0, 1, 1
    TEMPLATES_UNPADDED = False
    EXTRA = {6: 1, 21: 4, 22: 4}
    SELECTOR, SELECTOR_FIELD = 48, {48: 1}

    def message(self, cursor, size):
        version, count, uptime, seconds, sequence, source = cursor.unpack("HHIIII")
        self.expect("version", version, 9)
        self.check_sequence(sequence)
        self.check_domain("source", source)
        records, _ = self.sets(cursor)
        self.expect("count", count, records)
        self.check_options()
        self.check_schedule(seconds)
        self.check_not_late(seconds)
        self.judge_flows(seconds)
        firsts = [first for template, rows in self.now_flows for first in template.column(rows, 22) or ()]
        lasts = [last for template, rows in self.now_flows for last in template.column(rows, 21) or ()]
        self.keep_flows(self.check_uptime(seconds, uptime, firsts, lasts))

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
            return Template(number, [], [body.unpack("HH") for _ in range(count)])
        number, scopes, fields = body.unpack("HHH")
        if scopes % 4 or fields % 4:
            raise Malformed("options template %d with lengths %d and %d" % (number, scopes, fields))
        return Template(number, [body.unpack("HH") for _ in range(scopes // 4)],
                        [body.unpack("HH") for _ in range(fields // 4)])


class Ipfix(Templated):
    """RFC 7011; the sequence counts data records, the Export Time never decreases."""

    V9, TEMPLATES, OPTIONS, SCOPE = False, 2, 3, 149
    TEMPLATES_UNPADDED = True               # python3-ipfix takes padding there for a template
    EXTRA = {6: 2, 245: 2, 152: 8, 153: 8, 136: 1}
    SELECTOR, SELECTOR_FIELD = NUMBERS["selectorId"], {302: 8}

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
        self.check_options()
        self.check_schedule(seconds)
        self.check_not_late(seconds)
        self.judge_flows(seconds)
        self.judge_times(seconds)
        self.keep_flows(0)

    def check_set_length(self, number, size):
        """RFC 7011 asks for no alignment; check_padding() limits what may follow the last record."""

    def template(self, body, options):
        number, count = body.unpack("HH")
        scopes = body.number(2) if options else 0
        if scopes > count:
            raise Malformed("options template %d: %d scopes of %d fields" % (number, scopes, count))
        fields = [self.field(body) for _ in range(count)]
        return Template(number, fields[:scopes], fields[scopes:])

    def field(self, body):
        element, length = body.unpack("HH")
        if element & 0x8000:
            element = (body.number(4), element & 0x7fff)
        if length == 65535:
            raise Malformed("element %s of variable length" % (element,))
        return element, length
