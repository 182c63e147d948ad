#!/usr/bin/env python3
"""The records of every test capture are exactly the reference's, in every format.

Promises: for mixed and awkward captures, under all options that alter records, the multiset
of records in v5, v9, IPFIX, JSON and CSV is what reference.py computes; wire.py finds no
fault in a datagram; the ledger's equations hold; two runs send the same bytes.
Words on the command line pick the cases whose name contains one of them.
"""
import csv
import io
import os
import re
import struct
import sys
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen                                                                     # noqa: E402
import reference                                                                   # noqa: E402
import wire                                                                        # noqa: E402
from harness import Export, Tap, arguments, ledger_faults, need_program, run       # noqa: E402

FORMATS = ("5", "9", "ipfix")
NO_RATE = ("1", "7")                    # formats without a place for a sampling rate
NAMED = ("malformed", "truncated", "own_export", "arp", "lldp", "stp", "mpls", "mpls_oam", "pppoe",
         "ppp_control", "ppp_other", "header_limit")
NOTES = ("length_lies", "length_zero", "jumbo_length", "tcp_header_length", "udp_length", "no_time", "clock_restarts",
         "fragment_tiny", "fragment_orphan", "fragment_overlap")
COLUMNS = ("sourceAddress destinationAddress sourceTransportPort destinationTransportPort protocolIdentifier"
           " ipClassOfService vlanId dot1qCustomerVlanId tcpControlBits packetDeltaCount octetDeltaCount"
           " flowStartMilliseconds flowEndMilliseconds flowEndReason ingressInterface egressInterface").split()
FIELDS = "src dst sport dport proto tos vlan cvlan flags packets octets start end reason ingress egress".split()
CSV_FORMAT = dict(wire.FIELDS, csv=" ".join(FIELDS))
LARGEST_32 = 0xffffffff


# --- records of the text outputs ---------------------------------------------------

def from_json(value):
    """A reference.Record (times in ms) of a JSON line; complains about members by raising."""
    six = "sourceIPv6Address" in value
    family = "IPv6" if six else "IPv4"
    names = [n.replace("Address", family + "Address") if n.endswith("Address") else n for n in COLUMNS]
    icmp = {(1, False): "icmpTypeCodeIPv4", (58, True): "icmpTypeCodeIPv6"}.get((value["protocolIdentifier"], six))
    if set(value) != set(names) | ({icmp} if icmp else set()):
        raise AssertionError("members of a JSON record: %s" % sorted(value))
    fields = {field: value[name] for field, name in zip(FIELDS, names)}
    if not all(type(v) is int for k, v in fields.items() if k not in ("src", "dst")):
        raise AssertionError("a member of a JSON record is no integer: %s" % value)
    return wire.NOTHING._replace(icmp=value[icmp] if icmp else None, **fields)


def from_csv(data):
    """Records of a CSV output; the header must be the fixed one, lines end in CRLF."""
    text = data.decode()
    if text.count("\n") != text.count("\r\n"):
        raise AssertionError("CSV lines do not all end in CRLF")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if rows[0] != COLUMNS:
        raise AssertionError("CSV header %s" % rows[0])
    return [wire.NOTHING._replace(**{f: v if f in ("src", "dst") else int(v) for f, v in zip(FIELDS, row)})
            for row in rows[1:]]


# --- comparisons ---------------------------------------------------------------------

def sampling_of(options):
    rule = options.get("sample", "1")
    interval = int(rule.split(":")[-1])
    return (None if "sample" not in options else "deterministic"), interval


def judge_ledger(case, stats, wanted):
    """Counters that depend on input and options alone."""
    case.none(ledger_faults(stats), "ledger")
    packets, ledger = stats["packets"], wanted.ledger()
    for name in ("received", "metered", "not_sampled"):
        case.equal(packets[name], ledger[name], "packets." + name)
    case.equal(stats["octets"]["metered"], ledger["octets"], "octets.metered")
    for name in NAMED:
        case.equal(packets["ignored"].get(name, 0), ledger["ignored"].get(name, 0), "ignored." + name)
    case.equal(sum(packets["ignored"].values()), sum(ledger["ignored"].values()), "the sum of ignored")
    for name in NOTES:
        case.equal(stats["notes"].get(name, 0), ledger["notes"].get(name, 0), "notes." + name)
    case.equal({k: v for k, v in stats["records"]["ended"].items() if v},
               {k: v for k, v in ledger["ended"].items() if v}, "records.ended")


def judge_format(case, fmt, datagrams, wanted, sampling, **session):
    """One sink's datagrams: valid, and the reference's records. Returns the session."""
    judge = wire.open_session(fmt, sampling=sampling, latest=wanted.clock.highest, **session).feed_all(datagrams)
    case.none(judge.errors, fmt)
    right = [wire.in_ms(r) for r in wanted.records]
    pieces = fmt in wire.IPV4_ONLY and any(r.octets > LARGEST_32 or r.packets > LARGEST_32 for r in right)
    case.same(wire.multiset(judge.records, fmt, pieces), wire.multiset(right, fmt, pieces), fmt)
    return judge


def judge_collector(case, fmt, entry, wanted, judge):
    """The collector's entry in the ledger against what was on the wire."""
    six = sum(":" in r.src for r in wanted.records) if fmt in wire.IPV4_ONLY else 0
    case.equal(entry["format"], fmt, fmt + " format")
    case.equal(sum(entry["not_expressible"].values()), six, fmt + " not_expressible")
    case.equal(entry["sent"], len(wanted.records) - six, fmt + " sent")
    case.equal(entry["wire_records"], len(judge.records), fmt + " wire_records")


def judge_export(case, export, wanted, options, **session):
    """All of it: status, ledger, standard output, each sink."""
    case.equal(export.result.status, 0, "exit status")
    if export.result.status != 0 or export.stats is None:
        return case.fail(export.result.stderr[-600:])
    judge_ledger(case, export.stats, wanted)
    case.none(export.delivery_faults())
    case.same(wire.multiset(map(from_json, export.result.records()), "ipfix"),
              wire.multiset(map(wire.in_ms, wanted.records), "ipfix"), "json")
    for fmt, datagrams in export.datagrams.items():
        judge = judge_format(case, fmt, datagrams, wanted, sampling_of(options), **session)
        judge_collector(case, fmt, export.collector(fmt), wanted, judge)


def exact(case, paths, options=None, extra=(), keys=None, stdin=None, session=None, **reference_only):
    """Run and judge; returns the Export. `-` in place of a file reads `stdin`."""
    options = options or {}
    wanted = reference.measure([stdin if p == "-" else p for p in paths], **dict(options, **reference_only))
    formats = FORMATS + (NO_RATE if sampling_of(options)[1] == 1 else ())
    export = Export(paths, options, formats, extra=extra, keys=keys, stdin=stdin)
    judge_export(case, export, wanted, options, **(session or {}))
    return export


# --- cases -----------------------------------------------------------------------------

def same_bytes(case, paths, options):
    first, second = Export(paths, options), Export(paths, options)
    case.equal(first.result.stdout == second.result.stdout, True, "equal standard outputs")
    for fmt in FORMATS:
        case.true(first.datagrams[fmt], "%s: no datagram" % fmt)
        case.equal(first.datagrams[fmt] == second.datagrams[fmt], True, "equal datagrams of " + fmt)


def alone(case, paths, fmt):
    """With one collector the datagrams are those that it gets among three."""
    single, among = Export(paths, {}, (fmt,), output=None), Export(paths, {})
    case.equal(single.result.status, 0, "exit status")
    case.equal(single.result.stdout, b"", "standard output beside a collector")
    case.equal(single.datagrams[fmt] == among.datagrams[fmt], True, "equal datagrams")


def rarely_refreshed(case, paths):
    """Templates go out every 60 s and 1000 messages, not more often."""
    wanted = reference.measure(paths)
    export = Export(paths)
    span = (wanted.clock.highest - min(r.start for r in wanted.records)) // reference.SECOND
    for fmt in ("9", "ipfix"):
        judge = wire.open_session(fmt).feed_all(export.datagrams[fmt])
        most = 3 + span // 60 + judge.messages // 1000
        case.true(2 <= judge.refreshes <= most, "%s: %d refreshes, at most %d" % (fmt, judge.refreshes, most))


def wait_for_company(case, tap):
    """A record waits 1 s at most, then leaves with the time of that moment, rounded up."""
    export = Export(pcapgen.make("waiting", tap.path("waiting")), {"end": "0"})
    begin = pcapgen.EPOCH // reference.SECOND
    for fmt in FORMATS:
        judge = wire.open_session(fmt).feed_all(export.datagrams[fmt])
        case.equal([(when - begin, count) for when, count in judge.batches],
                   [(2, 2), (7, 2), (12, 1), (102, 1), (201, 1)], fmt + ": (seconds, records) of the messages")


def outputs_agree(case, tap, paths):
    """json, csv and text tell the same records, on standard output and in files."""
    lines = [from_json(r) for r in run(rs(paths) + ["-o", "json"]).records()]
    table = from_csv(run(rs(paths) + ["-o", "csv"]).stdout)
    wire.FIELDS["csv"] = CSV_FORMAT["csv"]
    case.same(wire.multiset(table, "csv"), wire.multiset(lines, "csv"), "csv")
    text = run(rs(paths)).stdout.decode()
    case.equal(run(rs(paths) + ["-o", "text"]).stdout.decode(), text, "text is the default output")
    rows = text.splitlines()[1:]
    case.equal(len(rows), len(lines), "text lines")
    case.same(Counter(tuple(row.split()[-2:]) for row in rows),
              Counter((str(r.packets), str(r.octets)) for r in lines), "packets and octets at the end of text lines")
    addresses = Counter(tuple(sorted(part for part in (r.src, r.dst))) for r in lines)
    case.true(all(any(a in row for row in rows) for pair in addresses for a in pair), "an address is missing in text")
    for kind in ("json", "csv", "text"):
        path = tap.path("out." + kind)
        run(rs(paths) + ["-o", "%s:%s" % (kind, path)])
        with open(path, "rb") as file:
            case.true(file.read() == run(rs(paths) + ["-o", kind]).stdout, "%s in a file differs" % kind)


def rs(paths):
    return [a for path in paths for a in ("-r", path)]


def key_of(r):
    return r.src, r.dst, r.sport, r.dport, r.proto, r.tos & 0xfc, r.vlan, r.ingress


def totals(records):
    """Per key: packets, octets, all flags, first start, last end."""
    out = {}
    for r in records:
        packets, octets, flags, start, end = out.get(key_of(r), (0, 0, 0, r.start, r.end))
        out[key_of(r)] = (packets + r.packets, octets + r.octets, flags | r.flags, min(start, r.start), max(end, r.end))
    return Counter(out.items())


def table_full(case, paths, limit):
    """A table too small: flows leave early, no packet is lost."""
    wanted = reference.measure(paths, idle="5m")
    export = Export(paths, {"max-flows": limit, "idle": "5m"})
    case.equal(export.result.status, 0, "exit status")
    stats = export.stats
    case.none(ledger_faults(stats), "ledger")
    case.true(stats["records"]["ended"]["no_resources"] > 0, "no record with reason 5")
    case.true(stats["flows"]["peak"] <= limit, "peak %d" % stats["flows"]["peak"])
    case.equal(stats["packets"]["metered"], wanted.metered, "packets.metered")
    case.equal(stats["octets"]["metered"], wanted.octets, "octets.metered")
    lines = [from_json(r) for r in export.result.records()]
    case.equal(sum(r.reason == 5 for r in lines), stats["records"]["ended"]["no_resources"], "records of reason 5")
    case.same(totals(lines), totals(map(wire.in_ms, wanted.records)), "totals of a key")
    for fmt in FORMATS:
        judge = wire.open_session(fmt).feed_all(export.datagrams[fmt])
        case.none(judge.errors, fmt)
        case.same(wire.multiset(judge.records, fmt), wire.multiset(lines, fmt), fmt)


def table_just_enough(case, tap):
    """As many flows at one time as --max-flows: no reason 5; one less: there is one."""
    paths = pcapgen.many(tap.path("enough"), flows=3000, packets=9000)
    exact(case, paths, extra=["--max-flows=3000"])
    fewer = run(rs(paths) + ["-m", "2999", "-o", "json", "--stats=json"])
    case.none(ledger_faults(fewer.stats), "ledger")
    early = fewer.stats["records"]["ended"]["no_resources"]
    case.true(early > 0, "3000 flows in a table of 2999")
    case.equal(fewer.stderr.splitlines()[:-1], [f"spanflow: flows: {early} flows ended before their time: "
                                                "the table is full: raise --max-flows or lower -t idle"], "messages")


def peak_is_enough(case, paths):
    """Reason 5 never occurs below --max-flows: the largest number of live flows is room enough."""
    wanted = reference.measure(paths)
    exact(case, paths, extra=["--max-flows=%d" % wanted.peak()])


def volume(case, tap):
    """20,000 flows through the default pacing: 2000 datagrams a second, evenly; no other bytes than unpaced."""
    paths = pcapgen.many(tap.path("volume"), flows=20_000, packets=60_000)
    wanted = reference.measure(paths)
    export = Export(paths, {}, ("5",), keys={"rate": None})
    judge_export(case, export, wanted, {})
    case.true(Export(paths, {}, ("5",)).datagrams == export.datagrams, "pacing altered the datagrams")
    times = export.arrived["5"]
    took, least = times[-1] - times[0], (len(times) - 1) / 2000
    case.true(0.8 * least <= took <= 3 * least + 0.5,
              "%d datagrams in %.3f s, wanted about %.3f" % (len(times), took, least))
    burst = max(sum(t <= u < t + 0.02 for u in times[i:i + 400]) for i, t in enumerate(times))
    case.true(burst <= 160, "%d datagrams within 20 ms: not paced evenly" % burst)


def payload_limits(case, paths):
    for limit in (512, 1000, 8000):
        exact(case, paths, keys={"max_payload": limit}, session={"max_payload": limit})


def domain_key(case, paths):
    """IPFIX's observation domain, by default 1, and v9's source id."""
    wanted = reference.measure(paths)
    judge_export(case, Export(paths, {}, ("9", "ipfix"), keys={"domain": 4242}), wanted, {}, domain=4242)
    judge_export(case, Export(paths, {}, ("ipfix",)), wanted, {}, domain=1)


def over_ipv6(case, paths):
    wanted = reference.measure(paths)
    judge_export(case, Export(paths, {}, host="::1"), wanted, {})


def in_batches(case, tap):
    """Unpaced messages leave several at a time: what arrives is what arrives one by one."""
    made = {"of many sizes": pcapgen.make("mixed", tap.path("batches-mixed"), 7),
            "of one size": pcapgen.many(tap.path("batches-many"), flows=20_000, packets=24_000)}
    for what, paths in made.items():
        batches, single = (Export(paths, {}, keys={"rate": rate}, output=None) for rate in (0, 4000))
        for fmt in FORMATS:
            sizes = {len(d) for d in batches.datagrams[fmt]}
            case.true(len(batches.datagrams[fmt]) > 50, f"{fmt}, {what}: {len(batches.datagrams[fmt])} messages")
            case.true(fmt == "5" or (len(sizes) > 9) == (what == "of many sizes"), f"{fmt}, {what}: sizes {sizes}")
            case.true(batches.datagrams[fmt] == single.datagrams[fmt], f"{fmt}, {what}: the datagrams differ")
        for export in (batches, single):
            case.none(export.delivery_faults() + ledger_faults(export.stats), what)


def refused_collector(case, paths):
    """One collector refuses; the others get all, and its losses have a name."""
    export = Export(paths, {}, extra=["-n", "127.0.0.1:1,format=9,rate=0"])
    wanted = reference.measure(paths)
    case.none(ledger_faults(export.stats), "ledger")
    for fmt in FORMATS:
        judge_format(case, fmt, export.datagrams[fmt], wanted, (None, 1))


def read_from_stdin(case, paths):
    exact(case, ["-"], stdin=paths[0])


def bpf_filter(case, paths):
    """Packets that the filter rejects are not received and do not move the clock."""
    def udp_over_ipv4(packet):
        return len(packet.data) > 23 and packet.data[12:14] == b"\x08\x00" and packet.data[23] == 17
    exact(case, paths, extra=["ip proto 17"], accept=udp_over_ipv4)


def cut_file(case, tap, paths):
    """A file that ends within a packet: all before it is exported, the message says where."""
    with open(paths[0], "rb") as file:
        whole = file.read()
    at, number = 24, 0
    while number < 100:
        at, number = at + 16 + struct.unpack_from("<I", whole, at + 8)[0], number + 1
    for name, size in (("cut-header", at + 7), ("cut-data", at + 16 + 20)):
        path = tap.path(name)
        with open(path, "wb") as file:
            file.write(whole[:size])
        wanted, got = reference.measure([path]), run(rs([path]) + ["-o", "json", "--stats=json"])
        case.equal(got.status, 1, name + ": exit status")
        case.equal(wanted.received, 100, "the reference")
        judge_ledger(case, got.stats, wanted)
        case.same(wire.multiset(map(from_json, got.records()), "ipfix"),
                  wire.multiset(map(wire.in_ms, wanted.records), "ipfix"), name)
        told = [line for line in got.stderr.splitlines() if line.startswith("spanflow: ")]
        case.equal(len(told), 1, name + ": messages")
        numbers = [int(n) for n in re.findall(r"\d+", told[0].split(path)[-1])] if told else []
        case.true(told and path in told[0] and 101 in numbers and any(at <= n <= size for n in numbers),
                  "%s: message names file, packet 101 and an offset from %d to %d: %s" % (name, at, size, told))


def broken_file_between(case, tap, paths):
    """A file that is missing or no capture: the others are exported, exit status 1."""
    wanted = reference.measure(paths)
    with open(tap.path("text"), "w") as file:
        file.write("this is no capture file, only a line of text that is long enough\n" * 3)
    open(tap.path("empty"), "w").close()
    for name in ("absent", "text", "empty"):
        got = run(["-r", tap.path(name)] + rs(paths) + ["-o", "json", "--stats=json"])
        case.equal(got.status, 1, name + ": exit status")
        judge_ledger(case, got.stats, wanted)
        told = [line for line in got.stderr.splitlines() if line.startswith("spanflow: ")]
        case.true(len(told) == 1 and tap.path(name) in told[0], "%s: messages %s" % (name, told))


def describe(options):
    return " ".join(arguments(options)) or "defaults"


def mixed_cases(tap):
    made = {seed: pcapgen.mixed(tap.path("mixed-%d" % seed), seed, 20_000) for seed in range(1, 7)}
    for seed, paths in made.items():
        tap.test("mixed seed %d" % seed, exact, paths)
    for options in ({"idle": "1s"}, {"active": "5s"}, {"end": "0"}, {"end": "10s"}, {"idle": "2m", "active": "10m"},
                    {"idle": "100ms", "active": "1s", "end": "50ms"}, {"idle": "24h", "active": "24h", "end": "1h"},
                    {"lengths": "header"}, {"ingress": 12}, {"ingress": 100000}, {"sample": "deterministic:10"},
                    {"count": 5000}, {"count": 1}, {"duration": "10m"}, {"duration": "1500ms"}):
        tap.test("mixed with %s" % describe(options), exact, made[3], options)
    return made


def awkward_cases(tap):
    for name, capture in pcapgen.CAPTURES.items():
        for options in capture.options:
            label = "awkward %s with %s: %s" % (name, describe(options), capture.summary)
            if tap.wants(label):
                tap.test(label, exact, pcapgen.make(name, tap.path(name)), options)


def main():
    need_program()
    tap = Tap()
    made = mixed_cases(tap)
    awkward_cases(tap)
    tap.test("two runs send the same bytes", same_bytes, made[1], {})
    tap.test("two runs send the same bytes, sampled", same_bytes, made[2], {"sample": "random:7"})
    for fmt in FORMATS:
        tap.test("one collector alone: %s" % fmt, alone, made[4], fmt)
    tap.test("templates are not sent too often", rarely_refreshed, made[1])
    tap.test("records wait for company", wait_for_company, tap)
    tap.test("json, csv and text agree", outputs_agree, tap, made[5])
    tap.test("table full: 64 flows", table_full, made[1], 64)
    tap.test("table full: 200 flows", table_full, made[4], 200)
    tap.test("table full: 7 flows", table_full, made[2], 7)
    tap.test("table just large enough", table_just_enough, tap)
    tap.test("table as large as the most live flows", peak_is_enough, made[3])
    tap.test("volume with default pacing", volume, tap)
    tap.test("max-payload", payload_limits, made[1])
    tap.test("observation domain", domain_key, made[1])
    tap.test("collectors on ::1", over_ipv6, made[2])
    tap.test("in batches and one by one: the same messages", in_batches, tap)
    tap.test("a collector that refuses", refused_collector, made[1])
    tap.test("standard input: pcap", read_from_stdin, made[1])
    tap.test("standard input: pcapng", read_from_stdin, made[2])
    tap.test("two mixed files", exact, made[4] + made[1])
    tap.test("a BPF filter", bpf_filter, made[1])
    tap.test("files that end within a packet", cut_file, tap, pcapgen.make("mixed", tap.path("mixed-cut"), 1))
    tap.test("broken files beside good ones", broken_file_between, tap, made[1])
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
