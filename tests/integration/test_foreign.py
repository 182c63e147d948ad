#!/usr/bin/env python3
"""Captures of other projects' tests, where a collection of them is at hand.

The collection is a directory with a table, captures.tsv: a row each, with what an independent decoder
counted. It is looked for beside the checkout, in shared/pcaps, or where SPANFLOW_FOREIGN says.
Of the tier "exact" packets, octets and the number of flow keys are those of the row; in the long
test each key's totals are those of oracle/oracle.py beside the collection, with the outermost and with
the innermost IP header. Of "noip" no packet makes a flow, and each is counted by a name. Of
"robust" the program ends, in time, with its books in order. All are read with --decap=all, too.

What differs for a reason stands in a table, with the reason; a difference that does not occur any more
is a failure.

usage: test_foreign.py [WORD...]    only captures with such a word in their path
"""
import concurrent.futures
import csv
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import records
from harness import LONG, ROOT, Tap, ledger_faults, need_program
from independent import Key, Total

COLLECTION = os.environ.get("SPANFLOW_FOREIGN") or \
    os.path.join(os.path.dirname(os.path.realpath(ROOT)), "shared", "pcaps")
ORACLE = os.path.join(os.path.dirname(COLLECTION), "oracle", "oracle.py")
LIMIT_S = 20                            # of one capture, under sanitizers too
ICMP = (1, 58)
# Each capture is read so; the table's flow keys have no ports of later fragments.
WAYS = {"alone": ("--fragments=off",), "inner": records.LAYERS["inner"]}
if LONG:
    WAYS["outer"] = records.LAYERS["outer"]

# Captures of the tier "exact" that differ: (packets, octets, flow keys, why).
KNOWN = {}
# Packets where the table counts a pcapng file's custom blocks as well.
PACKETS = {
    "test/traces/complex.pcapng": 5, "output_le/advanced/test102.pcapng": 5, "output_le/basic/test017.pcapng": 0,
    "output_le/basic/test018.pcapng": 4, "output_le/difficult/test202.pcapng": 8,
}
# Flow by flow, in the long test: (path, layer): how many flows differ, why.
OTHERS = "%s is none of the tunnels that spanflow(8) names"
CUT_INSIDE = "where the IP header inside was cut the packet is the tunnel's: spanflow(8), Tunnels"
KNOWN_FLOWS = {
    ("test/traces/fragtest.erf.gz", "inner"): (3, CUT_INSIDE),
    ("Tests/ExamplesTest/pcap_examples/ipv6.dmp", "inner"): (3, OTHERS % "LISP"),
    ("Tests/ExamplesTest/pcap_examples/ipv6.pcapng", "inner"): (3, OTHERS % "LISP"),
    ("Tests/ExamplesTest/pcap_examples/tcp-reassembly.pcap", "inner"): (2, OTHERS % "a sample in sFlow"),
    ("tests/PIM_register_register-stop.pcap", "inner"): (2, OTHERS % "a PIM register message"),
}
# The same but for the times.
CUT = "ERF's fractions of a second are cut to ns, not rounded"
KNOWN_TIMES = {
    "test/traces/5_packets.erf.gz": CUT,
    "test/traces/fragtest.erf.gz": CUT,
    "Tests/Pcap++Test/PcapExamples/pcapng-example.pcapng": "packets with times after the year 2106 take the clock's",
    "tests/timestamp_invalid_nano.pcap": "a fraction of more than a second, which has no meaning in the file's format",
}
# Of the tier "noip", captures that have flows: (packets, octets, flow keys, why).
KNOWN_IP = {}


class Row:
    """A row of captures.tsv, and what the program makes of the capture."""

    def __init__(self, columns):
        self.tier, self.path = columns["tier"], columns["path"]
        self.file = os.path.join(COLLECTION, columns["repo"].replace("/", "+"), self.path)
        self.frames, self.packets, self.octets, self.keys = (
            int(columns[name] or 0) for name in ("frames", "ip_packets", "ip_bytes", "flow_keys"))
        self.frames = PACKETS.get(self.path, self.frames)

    def name(self, what):
        return "%s: %s: %s" % (self.tier, self.path, what)


def rows():
    with open(os.path.join(COLLECTION, "captures.tsv"), encoding="utf-8", newline="") as table:
        return [Row(columns) for columns in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)]


# --- every capture ----------------------------------------------------------------------------

def sound(case, done):
    """It ended by itself, said what it did, and no sanitizer spoke."""
    case.true(done.status in (0, 1), "exit status %s; it said %r" % (done.status, done.stderr[-600:]))
    case.true(not re.search(r"Sanitizer|runtime error", done.stderr), done.stderr[-2000:])
    case.none(ledger_faults(done.stats), "ledger")
    return not case.why


def totals(done):
    """Packets, octets, flow keys of what was printed."""
    flows = records.sums(done.records())
    keys = {(key.src, key.dst, key.protocol, key.sport, 0 if key.protocol in ICMP else key.dport) for key in flows}
    return sum(total.packets for total in flows.values()), sum(total.octets for total in flows.values()), len(keys)


def wanted_totals(case, row, wanted):
    """What the table of differences says, if the row is in it and does differ; else the row's."""
    known = {**KNOWN, **KNOWN_IP}.get(row.path)
    if known is None:
        return wanted
    case.true(known[:3] != wanted, "a difference that is none any more: " + known[3])
    return known[:3]


def exact(case, row, meterings):
    done = meterings["alone"].result()
    if sound(case, done):
        case.equal(totals(done), wanted_totals(case, row, (row.packets, row.octets, row.keys)), "packets, octets, flow keys")
        if row.path not in KNOWN:
            case.equal(done.stats["packets"]["received"], row.frames, "packets received")


def noip(case, row, meterings):
    done = meterings["alone"].result()
    if sound(case, done):
        case.equal(totals(done), wanted_totals(case, row, (0, 0, 0)), "packets, octets, flow keys")
        refused = done.status == 1 and "is not decoded" in done.stderr
        case.true(refused or done.stats["packets"]["received"] == row.frames,
                  "%d packets received, not %d" % (done.stats["packets"]["received"], row.frames))


def robust(case, _row, meterings):
    sound(case, meterings["alone"].result())


def inside(case, _row, meterings):
    """Tunnels change whose packets they are, not how many."""
    alone, inner = meterings["alone"].result(), meterings["inner"].result()
    if sound(case, inner) and alone.stats:
        for name in ("received", "metered"):
            case.equal(inner.stats["packets"][name], alone.stats["packets"][name], "packets " + name)


# --- flow by flow -------------------------------------------------------------------------------

def oracle_flows(row, layer):
    done = subprocess.run([sys.executable, ORACLE, "--layer", layer, row.file], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300, check=True)
    return json.loads(done.stdout)["flows"]


def oracle_sums(flows):
    """The oracle's flows under our keys: a fragment has the ports of its datagram's first one."""
    out = {}
    for flow in flows:
        key = Key((flow["vlan"] or [0])[0], flow["src"], flow["dst"], flow["proto"], flow["fsport"], flow["fdport"], flow["tos"] >> 2)
        if flow["proto"] in ICMP:
            key = key._replace(sport=0, dport=(flow["icmp_type"] or 0) * 256 + (flow["icmp_code"] or 0))
        new = Total(flow["packets"], flow["bytes"], flow["flags12"], flow["tmin"], flow["tmax"])
        old = out.get(key, Total(0, 0, 0, new.first, new.last))
        out[key] = Total(old.packets + new.packets, old.octets + new.octets, old.flags | new.flags,
                         min(old.first, new.first), max(old.last, new.last))
    return out


def blurred(flows, alike):
    """Flows with what can't be compared taken out of their keys: those that are alike become one."""
    out = {}
    for key, total in flows.items():
        new = alike(key)
        old = out.get(new, Total(0, 0, 0, total.first, total.last))
        out[new] = Total(old.packets + total.packets, old.octets + total.octets, old.flags | total.flags,
                         min(old.first, total.first), max(old.last, total.last))
    return out


def timeless(flows):
    return {key: total._replace(first=0, last=0) for key, total in flows.items()}


def alike(flows, layer):
    """The oracle gives later fragments of ICMP no type and code; inside of tunnels it has all tags."""
    icmp = {(flow["src"], flow["dst"]) for flow in flows if flow["proto"] in ICMP and "frag" in flow["tags"]}

    def change(key):
        key = key._replace(vlan=0) if layer == "inner" else key
        return key._replace(dport=0) if key.protocol in ICMP and (key.src, key.dst) in icmp else key
    return change


def submit(pool, row):
    """{name: what will be a result}: of the program, and in the long test the oracle's flows."""
    out = {way: pool.submit(records.meter, row.file, options, LIMIT_S) for way, options in WAYS.items()}
    if LONG and row.tier == "exact":
        out.update({("oracle", layer): pool.submit(oracle_flows, row, layer) for layer in records.LAYERS})
    return out


def flow_by_flow(case, row, meterings, layer):
    done = meterings[layer].result()
    if not sound(case, done):
        return
    flows = meterings["oracle", layer].result()
    change = alike(flows, layer)
    got, wanted = blurred(records.sums(done.records()), change), blurred(oracle_sums(flows), change)
    untimed = 0 in [total.first for total in wanted.values()]       # the clock's time is that of such packets
    faults = records.faults(got, wanted)
    case.true(faults or row.path not in KNOWN_TIMES, "a difference of times that is none any more")
    if untimed or row.path in KNOWN_TIMES:
        faults = records.faults(timeless(got), timeless(wanted))
    count, why = KNOWN_FLOWS.get((row.path, layer), (0, ""))
    if len(faults) != count:
        case.none(faults, "flow")
        case.equal(len(faults), count, "flows that differ, " + why)


# --- all ------------------------------------------------------------------------------------------

TIERS = {"exact": exact, "noip": noip, "robust": robust}


def test_row(tap, row, meterings):
    tap.test(row.name("totals"), TIERS[row.tier], row, meterings)
    tap.test(row.name("--decap=all"), inside, row, meterings)
    if LONG and row.tier == "exact":
        for layer in records.LAYERS:
            tap.test(row.name("flow by flow, " + layer), flow_by_flow, row, meterings, layer)


def main():
    need_program()
    tap = Tap()
    if not os.path.exists(os.path.join(COLLECTION, "captures.tsv")):
        tap.skip("captures of other projects", "there is no collection: SPANFLOW_FOREIGN says where it is")
        return tap.status()
    known = [*KNOWN, *KNOWN_IP, *KNOWN_TIMES, *PACKETS, *(path for path, _ in KNOWN_FLOWS)]
    chosen = [row for row in rows() if tap.wants(row.name(""))]
    tap.words = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        meterings = {row.file: submit(pool, row) for row in chosen}
        for row in chosen:
            test_row(tap, row, meterings.pop(row.file))
    if len(chosen) > len(known):
        with tap.case("the differences are those of captures that there are") as case:
            case.equal(set(known) - {row.path for row in chosen}, set(), "paths that are no row")
    return tap.status()


sys.exit(main())
