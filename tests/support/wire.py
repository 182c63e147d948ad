#!/usr/bin/env python3
"""A strict reader of export datagrams: NetFlow v1, v5, v7, v9 and IPFIX.

Promises: feed() every datagram of one collector's session in order; each deviation from SPEC.md
section 5, RFC 7011, RFC 3954 or Cisco's layouts becomes a line in `errors`, and every flow record a
reference.Record (times in ms, None where the format or the layout has no such field) in `records`.
It shares no code and no table with the encoder.  view() cuts a record down to what a format can
tell, so that multisets of both sides can be compared.

    open_session()      a Session for a format; see wire_core.Session for its settings
    wire_fixed          v1, v5, v7          wire_sets       v9, IPFIX
    wire_options        options data        elements        what is known of each element

    wire.py     runs the module's own tests
"""
import struct
import sys

from wire_core import FIELDS, IPV4_ONLY, NOTHING, NS_PER_S, in_ms, multiset, view      # noqa: F401
from wire_fixed import NetflowV1, NetflowV5, NetflowV7
from wire_sets import ADDRESSES, COMMON, Ipfix, NetflowV9

FORMATS = {"1": NetflowV1, "5": NetflowV5, "7": NetflowV7, "9": NetflowV9, "ipfix": Ipfix}


def open_session(fmt, **named):
    return FORMATS[fmt](**named)


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
    options = b"".join(own_set(cls.OPTIONS, pad(h + pairs(s + f))) for h, (s, f) in zip(heads, forms))
    data = b"".join(own_set(260 + i, pad(own_pack(s + f, {306: 0}))) for i, (s, f) in enumerate(forms))
    flow = own_set(256, pad(own_pack(flows[0][1], {4: 6, 21: 900, 22: 100, 152: 100_100, 153: 100_900})))
    out, sequence = [], 0
    for body, count, rows in ((templates + options + data, 8, 2), (flow + flow, 2, 2), (flow, 1, 1)):
        out.append(bytearray(struct.pack("!HHIIII", 9, count, 1000, 101, len(out), 1) + body if v9 else
                             struct.pack("!HHIII", 10, 16 + len(body), 101, sequence, 1) + body))
        sequence += rows
    return out


def own_fixed(fmt):
    """Two datagrams of two records each."""
    common = struct.pack("!4s4sIHHIIIIHH", b"\n\0\0\1", b"\n\0\0\2", 0, 1, 0, 3, 120, 100, 900, 1, 2)
    row = common + {"1": struct.pack("!HBBB7x", 0, 6, 0, 2), "5": struct.pack("!BBBB8x", 0, 2, 6, 0),
                    "7": struct.pack("!BBBB12x", 0, 2, 6, 0)}[fmt]
    tail = {"1": "", "5": "IBBH", "7": "II"}[fmt]
    ends = {"1": [(), ()], "5": [(0, 0, 0, 1), (2, 0, 0, 1)], "7": [(0, 0), (2, 0)]}[fmt]
    return [bytearray(struct.pack("!HHIII" + tail, int(fmt), 2, 1000, 101, 0, *end) + row * 2) for end in ends]


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


# Bytes that may have any value: the last of the first message's seconds, which no record tells.
OWN_FREE = {"9": (11,), "ipfix": (7,)}


def own_tests():
    """A correct session has no error; with any one byte changed it has one, or other records."""
    failed = 0
    for fmt in FORMATS:
        good = own_fixed(fmt) if fmt in IPV4_ONLY else own_session(fmt)

        def judge(datagrams):
            return open_session(fmt, domain=None if fmt in IPV4_ONLY else 1, latest=101 * NS_PER_S).feed_all(datagrams)
        right = judge(good)
        free = {"byte %d of message 0 changed" % at for at in OWN_FREE.get(fmt, ())}
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
