"""What the strict readers of all formats share; see wire.py.

    Record views    view(), multiset(): what a format can tell of a reference.Record
    Cursor          reads numbers off bytes and never beyond their end
    Session         one collector's datagrams: order, size, times
"""
import struct
from collections import Counter, deque

from reference import Record

NS_PER_MS, NS_PER_S = 1_000_000, 1_000_000_000
NOTHING = Record(*[None] * len(Record._fields))

# What each format can tell.  Flags are masked to 8 bits, interfaces to 16 where it says so.
FIXED = "src dst sport dport proto tos flags packets octets start end ingress egress"
FIELDS = {
    "ipfix": "src dst sport dport proto tos vlan cvlan flags packets octets start end reason ingress egress icmp",
    "9": "src dst sport dport proto tos vlan flags packets octets start end ingress egress icmp",
    "7": FIXED, "5": FIXED, "1": FIXED,
}
EIGHT_BIT_FLAGS = ("1", "5", "7", "9")
IPV4_ONLY = ("1", "5", "7")


def in_ms(record):
    """A reference record as it leaves: times cut to milliseconds."""
    return record._replace(start=record.start // NS_PER_MS, end=record.end // NS_PER_MS)


def view(record, fmt):
    """The tuple of what `fmt` can tell of a record (times in ms), or None if nothing."""
    if fmt in IPV4_ONLY:
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

    sampling    (None | "deterministic" | "random" | "hash" | "flow", N) as announced
    classes     a list of such pairs where there are classes: rule 0, then theirs
    latest      the largest clock of the input in ns, which no header time may exceed by a whole second
    domain      observation domain or source ID, None for any
    layout      what v9 and IPFIX records have: "default", a set of element names, or None for any
    refresh     after how many seconds and messages templates and options data are sent again
    hash_key    hash-based selection's, None for any
    engine      v5's engine type and ID; mode_bits: whether its sampling field tells the mode
    keep        False: records are judged and counted, then forgotten
    lossless    False: datagrams of this session may have been lost on the way; "later": it is not this
                collector's first session, and what was exported counts from an earlier one

    errors      one line each; records: reference.Records with times in ms; counts: totals of all
    """

    def __init__(self, max_payload=1400, domain=None, sampling=(None, 1), latest=None, classes=None, layout="default",
                 refresh=(60, 1000), hash_key=None, engine=(0, 0), mode_bits=True, keep=True, lossless=True):
        self.max_payload, self.domain, self.sampling, self.latest = max_payload, domain, sampling, latest
        self.classes, self.layout, self.refresh, self.hash_key = classes, layout, refresh, hash_key
        self.engine, self.mode_bits, self.keep, self.lossless = engine, mode_bits, keep, lossless
        self.errors, self.messages = [], 0
        self.batches = []                   # (header seconds, flow records) of messages with any
        self.largest = 0                    # octets of the largest datagram
        self.counts = Counter()             # records, packets, octets
        self.sent_before, self.added = deque(maxlen=3), 0       # what was exported before the messages just read
        self.origin_ms, self.origins = None, 0

    @property
    def records(self):
        """Every flow record, as far as the layout tells."""
        return list(self.kept_records())

    def complain(self, form, *args):
        self.errors.append("message %d: " % self.messages + form % args)

    def expect(self, name, value, wanted):
        if value != wanted:
            self.complain("%s is %s, not %s", name, value, wanted)

    def feed(self, datagram):
        if len(datagram) > self.max_payload:
            self.complain("%d bytes, more than max-payload %d", len(datagram), self.max_payload)
        self.largest = max(self.largest, len(datagram))
        try:
            self.message(Cursor(bytes(datagram), "message"), len(datagram))
        except Malformed as error:
            self.complain("%s", error)
        self.messages += 1
        self.sent_before.append((self.counts["messages"], self.counts["records"] - self.added,
                                 self.counts["message octets"]))
        self.counts["messages"] += 1
        self.counts["message octets"] += len(datagram)
        self.added = 0
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

    def add_batch(self, seconds, records, packets, octets):
        self.counts["records"] += records
        self.added += records
        self.counts["packets"] += packets
        self.counts["octets"] += octets
        if self.keep:
            self.batches.append((seconds, records))

    def check_uptime(self, seconds, uptime, firsts, lasts):
        """Header seconds and SysUptime are one instant, and no record is outside; returns the origin."""
        if uptime % 1000:
            self.complain("SysUptime %d: the origin is no whole second", uptime)
        origin = seconds * 1000 - uptime
        if origin < 0:
            self.complain("SysUptime %d begins before 1970", uptime)
        for first, last in zip(firsts, lasts):
            if not first <= last <= uptime:
                self.complain("First %d, Last %d, SysUptime %d are out of order", first, last, uptime)
        self.check_origin(origin, seconds, min(firsts, default=None))
        return origin

    def check_origin(self, origin, seconds, first):
        """An origin is kept until a record starts before it or SysUptime would pass 2^32 - 1."""
        old, self.origin_ms = self.origin_ms, origin
        if old == origin:
            return
        self.origins += 1
        if old is None or not 0 <= seconds * 1000 - old < 2 ** 32:
            return
        if first is None or first + origin >= old:
            self.complain("the SysUptime origin moved from %d to %d without need", old, origin)
