#!/usr/bin/env python3
"""What collectors of other projects make of spanflow's NetFlow v9 and IPFIX.

A capture of 400,000 packets goes to nfcapd on its defaults, at spanflow's default pace,
and to a recorder that hands each message on to nfacctd; ipfixDump and tshark read what
was recorded.  Totals must be exact and no collector may see a gap.  Small captures show
dates of long ago and ICMP types.

usage: test_collectors.py [WORD...]    only cases with such a word in their name
"""

import os
import struct
import sys
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import pcapgen as gen
from collectors import (Nfacctd, Nfcapd, Recorder, bounded, ipfixdump, missing,
                        nfdump_records, nfdump_totals, tshark)
from harness import Skip, Tap, ledger_faults, need_program, run

FLOWS, BURSTS, IN_BURST = 4000, 25, 4       # 400,000 packets
BURST_EVERY = 20 * gen.SECOND               # beyond the idle timeout: each burst is a record
SNAPLEN = 96
NAMES = {"9": "v9", "ipfix": "IPFIX", "5": "v5"}
ATTEMPTS = 2


def need(*programs):
    why = missing(*programs)
    if why:
        raise Skip(why)


# --- The large capture ------------------------------------------------------

def large_frame(number, size):
    """A packet of flow `number` with that much payload."""
    kind, host, port = number % 10, number // 250 % 250, 1024 + number
    v4 = f"10.{kind}.{host}.{number % 250 + 1}", "198.51.100.7"
    v6 = f"2001:db8:{kind:x}::{number + 1:x}", "2001:db8:ffff::7"
    data = bytes(size)
    if kind == 5:
        return gen.eth(gen.ipv4(*v4, gen.ICMP, gen.icmp(number % 3 * 4, 0, data)))
    if kind == 8:
        return gen.eth(gen.ipv6(*v6, gen.ICMP6, gen.icmp(128 + number % 2, 0, data)), 0x86dd)
    if kind in (6, 7):
        return gen.eth(gen.ipv6(*v6, gen.TCP, gen.tcp(port, 443, gen.ACK, data)), 0x86dd)
    vlans = ((0x8100, 1 + number % 4094),) if kind == 9 else ()
    if kind in (4, 9):
        return gen.eth(gen.ipv4(*v4, gen.UDP, gen.udp(port, 53, data)), vlans=vlans)
    return gen.eth(gen.ipv4(*v4, gen.TCP, gen.tcp(port, 80, gen.ACK | gen.PSH, data)))


def layer3_length(frame):
    start = 18 if frame[12:14] == b"\x81\x00" else 14
    if frame[start] >> 4 == 6:
        return 40 + struct.unpack_from("!H", frame, start + 4)[0]
    return struct.unpack_from("!H", frame, start + 2)[0]


def write_large(path):
    """Writes the capture; {"packets": n, "octets": n} as counted here."""
    frames = [[large_frame(n, (n * 7 + k * 311) % 1400) for k in range(IN_BURST)]
              for n in range(FLOWS)]
    start = 1_767_225_600 * gen.SECOND      # 2026-01-01

    def packets():
        for burst in range(BURSTS):
            for number, four in enumerate(frames):
                at = start + burst * BURST_EVERY + number * 4 * gen.MS
                for k, frame in enumerate(four):
                    yield gen.Packet(at + k * gen.MS, frame, len(frame))
    gen.write_pcap(path, packets(), snaplen=SNAPLEN)
    octets = BURSTS * sum(layer3_length(frame) for four in frames for frame in four)
    return {"packets": FLOWS * BURSTS * IN_BURST, "octets": octets}


# --- One format through the collectors --------------------------------------

class Feed:
    """One run of the large capture, and what each collector has to say about it."""

    def __init__(self, capture, wanted, fmt, directory):
        self.capture, self.wanted, self.fmt = capture, wanted, fmt
        self.directory = os.path.join(directory, fmt)
        self.messages, self.stats = [], None
        self.nfcapd = self.nfacctd = None
        self.totals = self.nfacctd_lost = None

    def send(self, case):
        """Runs the program; once more if this machine kept nfcapd from its socket."""
        need("nfcapd", "nfdump")
        for attempt in range(ATTEMPTS):
            directory = f"{self.directory}.{attempt}"
            os.makedirs(directory)
            lost = self.send_once(case, directory)
            if lost == 0:
                break
            print(f"# {NAMES[self.fmt]}: nfcapd's socket dropped {lost} datagrams")
        case.equal(lost, 0, "datagrams dropped by nfcapd's socket")

    def send_once(self, case, directory):
        with Nfcapd(directory + "/nfcapd") as self.nfcapd:
            if missing("nfacctd"):
                with Recorder() as recorder:
                    self.export(case, recorder)
            else:
                self.send_to_nfacctd(case, directory)
            lost = self.nfcapd.finish()
        self.totals = nfdump_totals(self.nfcapd.directory)
        return lost

    def send_to_nfacctd(self, case, directory):
        with Nfacctd(directory + "/nfacctd") as self.nfacctd:
            with Recorder(forward_to=self.nfacctd.port) as recorder:
                self.export(case, recorder)
            self.nfacctd_lost = self.nfacctd.finish()

    def export(self, case, recorder):
        done = run(["-q", "-r", self.capture, "-v", self.fmt, "-n", self.nfcapd.address(),
                    "-n", f"127.0.0.1:{recorder.port}", "--stats=json"], timeout=150)
        case.equal(done.status, 0, f"exit status ({done.stderr.strip()[:300]})")
        self.messages, self.stats = recorder.finish(), done.stats
        case.none(ledger_faults(done.stats), "ledger")
        if done.stats:
            case.equal(len(self.messages), done.stats["collectors"][1]["messages"], "messages recorded")

    def sent(self):
        if not (self.messages and self.stats and self.totals):
            raise Skip("it was not sent, see above")

    def read_back(self, case):
        self.sent()
        for name in ("packets", "octets"):
            case.equal(self.totals[name], self.wanted[name], name)
        case.equal(self.totals["flows"], self.stats["collectors"][0]["wire_records"], "records")

    def nfcapd_gaps(self, case):
        self.sent()
        allowed = count_options_messages(self.messages) if self.fmt == "ipfix" else 0
        errors = self.nfcapd.sequence_errors()
        case.true(errors <= allowed, f"{errors} sequence errors, at most {allowed} allowed")
        case.none(self.nfcapd.complaints(), "nfcapd")

    def nfacctd_gaps(self, case):
        need("nfacctd")
        self.sent()
        case.equal(self.nfacctd_lost, 0, "datagrams dropped by nfacctd's socket")
        case.none(self.nfacctd.gaps() + self.nfacctd.complaints(), "nfacctd")
        case.equal(self.nfacctd.totals(), self.wanted, "totals of nfacctd")

    def ipfixdump_gaps(self, case):
        need("ipfixDump")
        self.sent()
        report, warnings = ipfixdump(self.messages, self.directory + ".0")
        case.none(warnings.splitlines(), "ipfixDump")
        case.true(f"{len(self.messages)} Messages" in report, f"ipfixDump: {report[:200]}")

    def tshark_decodes(self, case):
        """Frames that are no NetFlow, malformed, or that its experts remark upon: none."""
        need("tshark")
        self.sent()
        path, port = self.directory + ".0/messages.pcap", 2055
        write_messages(path, self.messages, port)
        faults = tshark(path, port, "-Y", "not cflow or _ws.malformed or _ws.expert", "-T",
                        "fields", "-e", "frame.number", "-e", "_ws.expert.message")
        case.none(faults.splitlines(), "tshark: message")


def write_messages(path, messages, port):
    """Export messages as a capture, for tshark."""
    gen.write_pcap(path, (gen.pkt(gen.EPOCH + number * gen.MS, gen.ipv4(
        "127.0.0.1", "127.0.0.1", gen.UDP, gen.udp(40000, port, message)))
        for number, message in enumerate(messages)), linktype=gen.RAW)


def ipfix_sets(message):
    """(set ID, body) of each set of an IPFIX message."""
    at = 16
    while at + 4 <= len(message):
        number, size = struct.unpack_from("!HH", message, at)
        yield number, message[at + 4:at + size]
        at += max(size, 4)


def option_templates(body):
    """IDs of the options templates in an options template set."""
    at = 0
    while at + 6 <= len(body):
        number, fields, _ = struct.unpack_from("!HHH", body, at)
        if number < 256:
            return
        yield number
        at += 6
        for _ in range(fields):
            at += 8 if body[at] & 0x80 else 4


def count_options_messages(messages):
    """How many messages carry options data."""
    known, count = set(), 0
    for message in messages:
        carries = False
        for number, body in ipfix_sets(message):
            if number == 3:
                known.update(option_templates(body))
            carries = carries or number in known
        count += carries
    return count


# --- Small captures ---------------------------------------------------------

def through_nfcapd(case, capture, fmt, directory):
    """Feeds nfcapd; nfdump's records."""
    need("nfcapd", "nfdump")
    with Nfcapd(directory) as nfcapd:
        done = run(["-q", "-r", capture, "-n", f"{nfcapd.address()},format={fmt}"])
        nfcapd.finish()
    case.equal(done.status, 0, f"exit status ({done.stderr.strip()[:300]})")
    case.none(nfcapd.complaints(), "nfcapd")
    return nfdump_records(directory)


def old_packets():
    """Five flows in the last seconds of 1999: (first, last) in ms and packets by address."""
    base = int(datetime(1999, 12, 31, 23, 59, 50, tzinfo=timezone.utc).timestamp() * 1000)
    spans = {f"192.0.2.{n + 1}": (base + 1234 * n + 7, base + 1234 * n + 7 + 1111 * n)
             for n in range(5)}
    packets = [gen.udp4(ms * gen.MS + 999_999, src=src) for src, span in spans.items()
               for ms in span]
    return spans, sorted(packets)


def as_text(ms):
    """A time as nfdump's JSON has it."""
    moment = datetime.fromtimestamp(ms // 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}"


def old_dates(case, tap, fmt):
    spans, packets = old_packets()
    capture = tap.path(f"old-{fmt}.pcap")
    gen.write_pcap(capture, packets)
    records = through_nfcapd(case, capture, fmt, tap.path(f"old-{fmt}"))
    got = {r["src4_addr"]: (r["first"], r["last"]) for r in records}
    wanted = {src: tuple(map(as_text, span)) for src, span in spans.items()}
    case.equal(got, wanted, "first and last")


ICMP_KINDS = [(0, 0), (3, 1), (3, 13), (5, 1), (8, 0), (11, 0), (13, 0), (255, 255)]


def icmp_kinds(case, tap, fmt):
    """Type and code of IPv4's ICMP as nfdump shows them."""
    capture = tap.path(f"icmp-{fmt}.pcap")
    gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n * gen.MS, gen.eth(gen.ipv4(
        f"192.0.2.{n + 1}", "198.51.100.1", gen.ICMP, gen.icmp(*kind, bytes(24)))))
        for n, kind in enumerate(ICMP_KINDS)])
    records = through_nfcapd(case, capture, fmt, tap.path(f"icmp-{fmt}"))
    got = {r["src4_addr"]: (r.get("icmp_type"), r.get("icmp_code")) for r in records}
    wanted = {f"192.0.2.{n + 1}": kind for n, kind in enumerate(ICMP_KINDS)}
    case.equal(got, wanted, "ICMP type and code")


# --- All of it --------------------------------------------------------------

def large_cases(tap):
    capture, wanted = tap.path("large.pcap"), None
    for fmt in ("9", "ipfix"):
        name = NAMES[fmt]
        if not tap.wants(f"{name}: 400,000 packets"):
            continue
        wanted = wanted or write_large(capture)
        feed = Feed(capture, wanted, fmt, tap.directory)
        tap.test(f"{name}: 400,000 packets are sent at the default pace", feed.send)
        tap.test(f"{name}: 400,000 packets: nfdump reads back every packet and octet", feed.read_back)
        tap.test(f"{name}: 400,000 packets: nfcapd sees no gap", feed.nfcapd_gaps)
        tap.test(f"{name}: 400,000 packets: nfacctd sees no gap and adds up all", feed.nfacctd_gaps)
        if fmt == "ipfix":
            tap.test(f"{name}: 400,000 packets: ipfixDump sees no gap", feed.ipfixdump_gaps)
        tap.test(f"{name}: 400,000 packets: tshark decodes each message", feed.tshark_decodes)


def main():
    need_program()
    bounded(600)
    tap = Tap()
    try:
        for fmt in ("5", "9", "ipfix"):
            tap.test(f"{NAMES[fmt]}: a capture of 1999 shows its own dates in nfdump",
                     old_dates, tap, fmt)
        for fmt in ("5", "9", "ipfix"):
            tap.test(f"{NAMES[fmt]}: nfdump shows ICMP's type and code", icmp_kinds, tap, fmt)
        large_cases(tap)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
