#!/usr/bin/env python3
"""What can be said of the whole from the packets that were sampled: figures against theory.

Made-up traffic (tests/bench/mktraffic) of heavy-tailed packet sizes; 10 million packets with
`make check-long`, else fewer.  Every interval below is passed by a right sampler in all but one of
about 1000 cases, and the seeds are fixed, so that the verdict never changes.

random:N    One packet is chosen uniformly out of each N.  The number of packets is estimated to within
            one window: |N n - total| < N.  The octets of a window are estimated by N y for the chosen
            packet's y; that is unbiased, its variance is N^2 times the variance s^2 of the N sizes in
            the window (divided by N, not N - 1), and windows are independent: the estimate of all
            octets is within 3.29 sqrt(sum of N^2 s^2 over the windows), which is computed from the
            capture's own sizes.  An unfinished last window adds at most N times its largest size.
deterministic:N   Packets N, 2N, 3N ...: nothing is random.  Both figures are those of the packets that
            the capture has at these places, exactly; N n is the total where N divides it.
hash:N      Each packet is chosen or not by its own digest: n is binomial(total, 1/N), within 3.29
            sqrt(total (1/N) (1 - 1/N)).  Two processes with one key choose the same packets; with another
            key the choices are independent, and of two the number in common is binomial(total, 1/N^2).
flow:N      Whole flows: each record of a chosen flow is one that is there without sampling, to the
            octet, and the number of chosen flow keys is binomial(keys, 1/N).
"""
import array
import math
import mmap
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
from collectors import bounded
from harness import LONG, PROGRAM, ROOT, Skip, Tap, ledger_faults, last_object, need_program

PACKETS = 10_000_000 if LONG else 400_000
INTERVALS = (10, 100, 1000)
SEEDS = (1, 2, 3) if LONG else (1, 2)
Z = 3.29                                # two-sided, 1 in 1000
MAKER = os.path.join(ROOT, "build", "tests", "bench", "mktraffic")


def make(path, *options):
    if not os.access(MAKER, os.X_OK):
        raise Skip("make %s has not been run" % os.path.relpath(MAKER, ROOT))
    subprocess.run([MAKER, "-n", str(PACKETS), *options, path], check=True, timeout=300, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return path


def sizes_of(path):
    """The layer-3 octets of every packet, in order, read here without the program."""
    sizes, record, words = array.array("I"), struct.Struct("<8xII"), struct.Struct("!H")
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, end = 24, len(data)
        while at < end:
            captured, _ = record.unpack_from(data, at)
            at += 16
            kind, ip = words.unpack_from(data, at + 12)[0], at + 14
            if kind == 0x8100:
                kind, ip = words.unpack_from(data, at + 16)[0], at + 18
            sizes.append(words.unpack_from(data, ip + 2)[0] if kind == 0x0800 else 40 + words.unpack_from(data, ip + 4)[0])
            at += captured
    return sizes


class Result:
    """One run: the ledger and the lines of CSV, without the header."""

    def __init__(self, path, rule, *options):
        command = [PROGRAM, "-q", "-r", path, "--stats=json", "-m", "4000000", *options]
        command += ["-s", rule] if rule else []
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600, check=False)
        self.status, text = done.returncode, done.stderr.decode()
        if self.status == 2:
            raise Skip(text.strip()[:200])
        self.stats, self.lines = last_object(text), done.stdout.splitlines()[1:]
        self.packets, self.octets = self.stats["packets"]["metered"], self.stats["octets"]["metered"]


NO_RECORDS = ("-o", "csv:/dev/null", "--records", "minimal")


def row(*columns):
    print("# %-18s %12s %12s %9s %16s %16s %9s" % columns)


def percent(estimate, truth):
    return "%+.3f%%" % (100 * (estimate / truth - 1))


class Traffic:
    """The capture and what is true of it."""

    def __init__(self, path):
        self.path, self.sizes = path, sizes_of(path)
        self.packets, self.octets = len(self.sizes), sum(self.sizes)
        self.squares = array.array("Q", [size * size for size in self.sizes])

    def window_variance(self, interval):
        """The sum of N^2 s^2 over all whole windows, and what the rest may add."""
        total, whole = 0.0, self.packets - self.packets % interval
        for at in range(0, whole, interval):
            mean = sum(self.sizes[at:at + interval]) / interval
            total += sum(self.squares[at:at + interval]) / interval - mean * mean
        rest = self.sizes[whole:]
        return total * interval ** 2, interval * max(rest) if rest else 0


def unsampled(case, traffic):
    got = Result(traffic.path, None, *NO_RECORDS)
    case.none(ledger_faults(got.stats), "ledger")
    case.equal((got.packets, got.octets), (traffic.packets, traffic.octets), "packets and octets")


def random(case, traffic):
    row("rule, seed", "packets est.", "error", "", "octets est.", "interval +-", "error")
    for interval in INTERVALS:
        variance, rest = traffic.window_variance(interval)
        width = Z * math.sqrt(variance) + rest
        for seed in SEEDS:
            got = Result(traffic.path, "random:%d" % interval, "--seed=%d" % seed, *NO_RECORDS)
            packets, octets = got.packets * interval, got.octets * interval
            case.true(abs(packets - traffic.packets) < interval, f"1 in {interval}, seed {seed}: {packets} packets")
            case.true(abs(octets - traffic.octets) <= width, f"1 in {interval}, seed {seed}: {octets} octets, not within "
                      f"{width:.0f} of {traffic.octets}")
            row("random:%d, %d" % (interval, seed), packets, packets - traffic.packets, "", octets, round(width),
                percent(octets, traffic.octets))


def deterministic(case, traffic):
    row("rule", "packets est.", "error", "", "octets est.", "expected", "error")
    for interval in INTERVALS:
        got = Result(traffic.path, "deterministic:%d" % interval, *NO_RECORDS)
        wanted = traffic.sizes[interval - 1::interval]
        case.equal((got.packets, got.octets), (len(wanted), sum(wanted)), f"1 in {interval}: packets, octets")
        case.equal(got.packets * interval, traffic.packets, f"1 in {interval}: packets estimated")
        row("deterministic:%d" % interval, got.packets * interval, got.packets * interval - traffic.packets, "",
            got.octets * interval, sum(wanted) * interval, percent(got.octets * interval, traffic.octets))


def interval_of(total, chance):
    """(expected, half width) of a binomial count."""
    return total * chance, Z * math.sqrt(total * chance * (1 - chance))


def hashed(case, path):
    """Each packet is a flow of its own here, so that records tell which were chosen."""
    row("rule", "chosen", "expected", "+-", "with other key", "expected", "+-")
    for interval in INTERVALS:
        runs = [set(Result(path, "hash:%d" % interval, "--hash-key=%d" % key, "-t", "idle=1s", "-o", "csv", "--records",
                           "minimal").lines) for key in (1234567, 1234567, 7654321)]
        expected, width = interval_of(PACKETS, 1 / interval)
        common, narrow = interval_of(PACKETS, 1 / interval ** 2)
        case.equal(runs[0], runs[1], f"1 in {interval}: the choices of two processes with one key")
        for number in (0, 2):
            case.true(abs(len(runs[number]) - expected) <= width, f"1 in {interval}: {len(runs[number])} packets")
        shared = len(runs[0] & runs[2])
        case.true(abs(shared - common) <= max(narrow, 3), f"1 in {interval}: {shared} packets in common with another key")
        row("hash:%d" % interval, len(runs[0]), round(expected), round(width), shared, round(common), round(narrow, 1))


def key_of(line):
    return line.split(b",", 5)[:5]


def flows(case, traffic):
    options = ("-o", "csv", "--records", "default")
    everything = Result(traffic.path, None, *options).lines
    keys = {tuple(key_of(line)) for line in everything}
    all_lines = set(everything)
    row("rule", "flow keys", "expected", "+-", "octets est.", "", "error")
    for interval in INTERVALS:
        got = Result(traffic.path, "flow:%d" % interval, *options)
        chosen = {tuple(key_of(line)) for line in got.lines}
        strange = [line for line in got.lines if line not in all_lines]
        case.none([line.decode() for line in strange], f"1 in {interval}: records that are not whole flows'", 3)
        missing = sum(tuple(key_of(line)) in chosen for line in everything) - len(got.lines)
        case.equal(missing, 0, f"1 in {interval}: records missing of chosen flows")
        expected, width = interval_of(len(keys), 1 / interval)
        case.true(abs(len(chosen) - expected) <= width, f"1 in {interval}: {len(chosen)} of {len(keys)} flow keys")
        row("flow:%d" % interval, len(chosen), round(expected), round(width), got.octets * interval, "",
            percent(got.octets * interval, traffic.octets))


def cases(tap):
    path = tap.path("tail.pcap")
    with tap.case("%d packets of made-up traffic" % PACKETS) as case:
        traffic = Traffic(make(path, "-l", "tail", "-S", "60", "-r", "200000"))
        unsampled(case, traffic)
        print("# %d packets, %d octets" % (traffic.packets, traffic.octets))
    if not os.path.exists(path):
        return
    tap.test("random: estimates within the theoretical interval", random, traffic)
    tap.test("deterministic: exact", deterministic, traffic)
    tap.test("flow: whole flows, and one key in N", flows, traffic)
    os.unlink(path)
    each = make(tap.path("each.pcap"), "-m", "flood", "-S", "60", "-r", "100000")
    tap.test("hash: one key, one choice; another key, an independent one", hashed, each)


def main():
    need_program()
    bounded(1400)
    tap = Tap()
    try:
        cases(tap)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
