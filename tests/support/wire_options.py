"""What options data must say: sampling, interfaces, statistics, flow keys; see wire.py.

The scopes are SPEC section 5's: 149 (in v9 System) for sampling's first form, interfaces and what
the Metering Process did; 302 for PSAMP; 144 for what the Exporting Process lost; 145 for flow keys.
"""
import struct

DOMAIN, PROCESS, TEMPLATE, SELECTOR = 149, 144, 145, 302
HASH_FIELDS = [304, 327, 328, 329, 330, 331, 332, 333, 334]
PERIOD = ([322, 322], [323, 323], [324, 324], [325, 325])        # observation times, first and last


def integers(fields):
    return [(element, int.from_bytes(raw, "big")) for element, raw in fields]


class OptionsData:
    """The part of a templated session that judges options data."""

    def options_begin(self):
        self.rate_announced, self.rows_seen = False, 0
        self.options_seen = []              # [(scopes, fields)] of options records, in order
        self.interfaces, self.statistics, self.flow_keys = {}, {}, {}
        self.statistics_base = None

    def check_options(self):
        """Each row of this message by its kind, then sampling's rows together."""
        sampling = []
        for number, scopes, fields in self.now_options:
            row = integers(scopes), integers(fields)
            self.options_seen.append(row)
            kind = self.kind_of(row)
            if kind in ("first form", "second form"):
                sampling.append((kind, row, fields))
            elif kind is None:
                self.complain("options data of template %d: scopes %s, fields %s", number, *row)
            else:
                getattr(self, "check_" + kind)(row, fields)
        if sampling:
            self.check_sampling(sampling)

    def kind_of(self, row):
        scopes, fields = [e for e, _ in row[0]], [e for e, _ in row[1]]
        if fields[:1] == [34]:
            return "first form"
        if scopes == [SELECTOR] and not self.V9 or fields[:1] == [48] and self.V9:
            return "second form"
        if fields in ([10, 82], [10, 83]):
            return "interface"
        if sorted(fields) == [40, 41, 42]:
            return "exported"
        if fields[:2] == [164, 165] and fields[2:] in PERIOD:
            return "not_metered"
        if fields[:3] == [166, 167, 168] and fields[3:] in PERIOD:
            return "not_sent"
        return "flow_key" if fields == [173] else None

    def check_scope(self, row, wanted):
        """One scope, of that element; the domain's value is the message's."""
        self.expect("scope of %s" % [e for e, _ in row[1]], [e for e, _ in row[0]], [self.SCOPE if self.V9 else wanted])
        if wanted == DOMAIN and row[0]:
            self.expect("the scope's domain", row[0][0][1], getattr(self, "first_source" if self.V9 else "first_domain"))

    # interfaces, statistics, flow keys

    def check_interface(self, row, fields):
        self.check_scope(row, DOMAIN)
        text = fields[1][1].rstrip(b"\0")
        if b"\0" in text:
            self.complain("interface %d: a zero within its name or description", row[1][0][1])
        self.interfaces.setdefault(row[1][0][1], {})[row[1][1][0]] = text.decode()

    def check_exported(self, row, _fields):
        """What was exported before this message; to the record where nothing can have been lost."""
        self.check_scope(row, DOMAIN)
        values = dict(row[1])
        self.statistics.update(values)
        told = values[41], values[42], values[40]
        if self.lossless == "later" and self.statistics_base is None:
            self.statistics_base = tuple(t - n for t, n in zip(told, self.sent_now()))
        told = tuple(t - b for t, b in zip(told, self.statistics_base or (0, 0, 0)))
        # Small messages: a row may stand in a later message than the one that it was made for.
        if self.lossless and told != self.sent_now() and told not in self.sent_before:
            self.complain("messages, records and octets exported: %s, not %s", told, self.sent_now())

    def sent_now(self):
        return self.counts["messages"], self.counts["records"], self.counts["message octets"]

    def check_growing(self, row):
        """Totals never fall, and their period is one."""
        for element, value in row[1]:
            if element < 300 and value < self.statistics.get(element, 0):
                self.complain("element %d fell from %d to %d", element, self.statistics[element], value)
        first, last = [value for element, value in row[1] if element >= 300]
        if first > last:
            self.complain("a period from %d to %d", first, last)
        if row[1][0][1] == 0 and (first or last):
            self.complain("nothing was lost, but between %d and %d", first, last)
        self.statistics.update({element: value for element, value in row[1] if element < 300})

    def check_not_metered(self, row, _fields):
        self.check_scope(row, DOMAIN)
        self.check_growing(row)

    def check_not_sent(self, row, _fields):
        self.check_scope(row, PROCESS)
        self.check_growing(row)

    def check_flow_key(self, row, _fields):
        self.check_scope(row, TEMPLATE)
        number, bits = row[0][0][1], row[1][0][1]
        template = self.templates.get(number)
        if template is None or template.scopes:
            self.complain("flow key of template %d, which is none of flows", number)
        elif bits >> len(template.fields):
            self.complain("flow key 0x%x of template %d with %d fields", bits, number, len(template.fields))
        else:
            self.flow_keys[number] = [e for i, e in enumerate(template.elements) if bits >> i & 1]

    # sampling

    def check_sampling(self, rows):
        """Both forms in one message and in order; with classes a row of the second each, and no first."""
        if self.classes:
            return self.check_classes(rows)
        if [kind for kind, _, _ in rows] != ["first form", "second form"]:
            return self.complain("sampling's rows are %s, not both forms", [kind for kind, _, _ in rows])
        self.rate_announced = True
        self.check_first_form(rows[0][1])
        self.check_second_form(self.sampling, 1, *rows[1][1:])

    def check_classes(self, rows):
        """A row of the second form for each rule, in order; more than a message holds go on in the next."""
        for kind, row, fields in rows:
            if kind != "second form":
                self.complain("the %s beside classes", kind)
                continue
            self.rows_seen += 1
            self.check_second_form(self.classes[self.rows_seen - 1], self.rows_seen, row, fields)
            if self.rows_seen == len(self.classes):
                self.rate_announced, self.rows_seen = True, 0

    def check_second_form(self, rule, selector, row, fields):
        if self.V9:
            self.check_sampler(rule, selector, row)
        else:
            self.check_selector(rule, selector, row, fields)

    def expect_algorithm(self, value, rule, name):
        """Counting is 1; everything else is random to the older forms; of 1 in 1 both are true."""
        mode, interval = rule
        allowed = {1} if mode in (None, "deterministic") else {2} | ({1} if interval == 1 else set())
        if value not in allowed:
            self.complain("%s %s with %s", name, value, rule)

    def check_first_form(self, row):
        self.check_scope(row, DOMAIN)
        self.expect("first form", [e for e, _ in row[1]], [34, 35])
        values = dict(row[1])
        self.expect("samplingInterval", values.get(34), self.sampling[1])
        self.expect_algorithm(values.get(35), self.sampling, "samplingAlgorithm")

    def check_sampler(self, rule, selector, row):
        """v9's second form."""
        self.check_scope(row, DOMAIN)
        self.expect("second form", [e for e, _ in row[1]], [48, 49, 50])
        values = dict(row[1])
        self.expect("samplerId", values.get(48), selector)
        self.expect("samplerRandomInterval", values.get(50), rule[1])
        self.expect_algorithm(values.get(49), rule, "samplerMode")

    def check_selector(self, rule, selector, row, fields):
        """PSAMP's (RFC 5477): which fields there are depends on the algorithm."""
        self.expect("scope of PSAMP", row[0], [(SELECTOR, selector)])
        (mode, n), values = rule, dict(row[1])
        allowed = [{304: 1, 305: 1, 306: n - 1}] if mode in (None, "deterministic") or n == 1 else []
        if mode == "random":
            allowed.append({304: 3, 309: 1, 310: n})
        probability = dict(fields).get(311)
        if mode == "flow" and values.get(304) == 4 and probability:
            form = "!f" if len(probability) == 4 else "!d"
            close = abs(struct.unpack(form, probability)[0] * n - 1) < 1e-6
            allowed.append({304: 4, 311: values[311] if close else None})
        right = values in allowed and len(row[1]) == len(values) and row[1][0][0] == 304
        if not right and not (mode == "hash" and self.hash_is_right(n, row[1], values)):
            self.complain("PSAMP options data %s with %s", row[1], rule)

    def hash_is_right(self, n, fields, values):
        """BOB (6), and a selected range that is 1/N of the output's."""
        if [e for e, _ in fields] != HASH_FIELDS or values[304] != 6:
            return False
        output, selected = values[330] - values[329] + 1, values[332] - values[331] + 1
        inside = values[329] <= values[331] <= values[332] <= values[330]
        return inside and abs(selected * n - output) <= n and values[333] in (1, 2) \
            and self.hash_key in (None, values[334])
