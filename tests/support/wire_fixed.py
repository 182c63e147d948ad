"""Strict readers of NetFlow v1, v5 and v7: fixed layouts; see wire.py."""
import struct

from ipaddress import ip_address

from wire_core import NOTHING, Session


class Fixed(Session):
    """A header, then records of one size.  Subclasses give the layouts and read the header."""

    MODES = {None: 0, "deterministic": 1, "random": 2, "hash": 2, "flow": 2}

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.sequence, self.rows = 0, []

    def message(self, cursor, size):
        count, uptime, seconds = self.header(cursor)
        self.expect("length", size, self.HEADER + self.RECORD.size * count)
        if not 1 <= count <= self.MOST:
            self.complain("%d records", count)
        rows = list(self.RECORD.iter_unpack(cursor.take(self.RECORD.size * count)))
        self.sequence = (self.sequence + count) & 0xffffffff
        self.check_not_late(seconds)
        self.add_batch(seconds, count, sum(row[5] for row in rows), sum(row[6] for row in rows))
        origin = self.check_uptime(seconds, uptime, [row[7] for row in rows], [row[8] for row in rows])
        for row in rows:
            self.judge(row)
        if self.keep:
            self.rows += [(row, origin) for row in rows]

    def judge(self, row):
        unused = [value for at, value in enumerate(row) if at not in self.USED]
        if any(any(value) if isinstance(value, bytes) else value for value in unused):
            self.complain("next hop, AS, masks or padding are not 0: %s", row)
        if not row[5] or not row[6]:
            self.complain("a record of %d packets and %d octets", row[5], row[6])

    def kept_records(self):
        flags, proto, tos = self.FLAGS_PROTO_TOS
        for row, origin in self.rows:
            yield NOTHING._replace(src=str(ip_address(row[0])), dst=str(ip_address(row[1])), ingress=row[3], egress=row[4],
                                   packets=row[5], octets=row[6], start=origin + row[7], end=origin + row[8],
                                   sport=row[9], dport=row[10], flags=row[flags], proto=row[proto], tos=row[tos])


COMMON = "!4s4sI HH IIII HH"            # addresses, next hop; interfaces; counts, First, Last; ports


class NetflowV1(Fixed):
    """16 octets of header, 48 a record, at most 24 records; no sequence, no place for a rate."""

    HEADER, MOST = 16, 24
    RECORD = struct.Struct((COMMON + "H BBB 7s").replace(" ", ""))
    FLAGS_PROTO_TOS = 14, 12, 13
    USED = {0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14}

    def header(self, cursor):
        version, count, uptime, seconds, nsecs = cursor.unpack("HHIII")
        self.expect("version", version, 1)
        self.expect("unix_nsecs", nsecs, 0)
        self.expect("announced sampling", self.sampling[1], 1)
        return count, uptime, seconds


class NetflowV5(Fixed):
    """24 octets of header, 48 a record, at most 30 records."""

    HEADER, MOST = 24, 30
    RECORD = struct.Struct((COMMON + "BBBB HHBBH").replace(" ", ""))
    FLAGS_PROTO_TOS = 12, 13, 14
    USED = {0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14}

    def header(self, cursor):
        version, count, uptime, seconds, nsecs, sequence, engine, slot, interval = cursor.unpack("HHIIIIBBH")
        self.expect("version", version, 5)
        self.expect("unix_nsecs", nsecs, 0)
        self.expect("flow_sequence", sequence, self.sequence)
        self.expect("engine type and ID", (engine, slot), self.engine)
        rules = self.classes or [self.sampling]
        if not any(self.rate_fits(interval, rule) for rule in rules):
            self.complain("sampling field 0x%04x with %s", interval, rules)
        return count, uptime, seconds

    def rate_fits(self, field, rule):
        """Mode and interval; one packet of each one is all of them, so that the mode may be 0."""
        mode, wanted = rule
        allowed = {self.MODES[mode] if self.mode_bits else 0}
        return field & 0x3fff == wanted and field >> 14 in allowed | ({0} if wanted == 1 else set())


class NetflowV7(Fixed):
    """24 octets of header, 52 a record, at most 27 records; no place for a rate."""

    HEADER, MOST = 24, 27
    RECORD = struct.Struct((COMMON + "BBBB HHBBH I").replace(" ", ""))
    FLAGS_PROTO_TOS = 12, 13, 14
    USED = {0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14}

    def header(self, cursor):
        version, count, uptime, seconds, nsecs, sequence, reserved = cursor.unpack("HHIIIII")
        self.expect("version", version, 7)
        self.expect("unix_nsecs", nsecs, 0)
        self.expect("reserved", reserved, 0)
        self.expect("flow_sequence", sequence, self.sequence)
        self.expect("announced sampling", self.sampling[1], 1)
        return count, uptime, seconds
