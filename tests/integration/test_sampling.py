#!/usr/bin/env python3
"""Deterministic and random sampling take the right packets and say so.

Promises: deterministic:N takes packets N, 2N, 3N ...; random:N exactly one of each N, its
place uniform and independent of the one before (chi-square, fixed seeds, so the verdict
never changes); every packet of the captures here is a flow of its own, so that records
tell which packets were taken.  The rate is announced in v5, v9 and IPFIX.
"""
import os
import struct
import sys
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen                                                                     # noqa: E402
import wire                                                                        # noqa: E402
from harness import Export, Tap, ledger_faults, need_program, run                  # noqa: E402

FORMATS = ("5", "9", "ipfix")
PORTS = 50_000
BASE = pcapgen.eth(pcapgen.ipv4("10.0.0.0", "192.0.2.1", pcapgen.UDP, pcapgen.udp(1, 9, bytes(18))))
ARP = pcapgen.eth(pcapgen.arp(), 0x0806)


def numbered(path, first, last, arp_every=0):
    """Packets number first..last; the sender's address and port tell which one it is."""
    def stream():
        for number in range(first, last + 1):
            ts = pcapgen.EPOCH + number * 1000
            if arp_every and number % arp_every == 0:
                yield pcapgen.pkt(ts, ARP)
                continue
            frame = bytearray(BASE)
            struct.pack_into("!I", frame, 26, 0x0a000000 + number // PORTS)
            struct.pack_into("!H", frame, 34, 1 + number % PORTS)
            yield pcapgen.pkt(ts, bytes(frame))
    pcapgen.write_pcap(path, stream())
    return path


def number_of(src, sport):
    parts = [int(p) for p in src.split(".")]
    return (parts[1] << 16 | parts[2] << 8 | parts[3]) * PORTS + sport - 1


def taken(paths, rule, extra=()):
    """(sorted packet numbers that became records, the run)."""
    files = [a for path in paths for a in ("-r", path)]
    result = run(files + ["-s", rule, "-o", "json", "--stats=json"] + list(extra))
    numbers = [number_of(r["sourceIPv4Address"], r["sourceTransportPort"]) for r in result.records()]
    if any(r["packetDeltaCount"] != 1 or r["octetDeltaCount"] != 46 for r in result.records()):
        raise AssertionError("a record that is not one packet of 46 octets")
    return sorted(numbers), result


def judge_books(case, result, received, sampled, arp=0):
    case.equal(result.status, 0, "exit status")
    case.none(ledger_faults(result.stats), "ledger")
    packets = result.stats["packets"]
    case.equal(packets["received"], received, "packets.received")
    case.equal(packets["not_sampled"], received - sampled, "packets.not_sampled")
    case.equal(packets["metered"], sampled - arp, "packets.metered")
    case.equal(packets["ignored"].get("arp", 0), arp, "ignored.arp")
    case.equal(result.stats["octets"]["metered"], 46 * (sampled - arp), "octets.metered: nothing is scaled")


# --- deterministic ---------------------------------------------------------------------

def every_hundredth(case, tap):
    path = numbered(tap.path("each"), 1, 10_050)
    for rule in ("deterministic:100", "100"):
        numbers, result = taken([path], rule)
        case.equal(numbers, list(range(100, 10_051, 100)), rule)
        judge_books(case, result, 10_050, 100)


def ignored_kinds_count(case, tap):
    """Every 20th packet is ARP: the fifth packet taken, and each fifth one from there."""
    path = numbered(tap.path("arp"), 1, 1000, arp_every=20)
    numbers, result = taken([path], "deterministic:4")
    case.equal(numbers, [n for n in range(4, 1001, 4) if n % 20], "taken")
    judge_books(case, result, 1000, 250, 50)


def count_goes_on(case, tap):
    """Several files are one source: the count goes on from one to the next."""
    paths = [numbered(tap.path("part-%d" % i), a, b) for i, (a, b) in enumerate(((1, 37), (38, 137), (138, 999)))]
    numbers, result = taken(paths, "deterministic:100")
    case.equal(numbers, list(range(100, 1000, 100)), "taken")
    judge_books(case, result, 999, 9)
    whole = numbered(tap.path("whole"), 1, 999)
    case.equal(taken(paths, "random:100")[0], taken([whole], "random:100")[0], "random choice over files and over one")


def all_of_them(case, tap):
    path = numbered(tap.path("all"), 1, 500)
    for rule in ("1", "deterministic:1", "random:1"):
        numbers, result = taken([path], rule)
        case.equal(numbers, list(range(1, 501)), rule)
        judge_books(case, result, 500, 500)
    numbers, result = taken([path], "deterministic:500")
    case.equal(numbers, [500], "deterministic:500")
    numbers, result = taken([path], "deterministic:501")
    case.equal(numbers, [], "deterministic:501")
    judge_books(case, result, 500, 0)


# --- random ----------------------------------------------------------------------------

def bounds(freedom):
    """Chi-square limits that a fair source leaves about twice in 10,000 (Wilson and Hilferty)."""
    def limit(z):
        return freedom * (1 - 2 / (9 * freedom) + z * (2 / (9 * freedom)) ** 0.5) ** 3
    return limit(-3.72), limit(3.72)


def judge_uniform(case, values, bins, what):
    """Are the values, each in range(bins), spread as chance would: not too uneven, not too even?"""
    expected, counts = len(values) / bins, Counter(values)
    score = sum((counts[b] - expected) ** 2 / expected for b in range(bins))
    low, high = bounds(bins - 1)
    case.true(low < score < high, "%s: chi-square %.1f is not within %.1f and %.1f" % (what, score, low, high))


def judge_random(case, numbers, interval, windows, seed):
    """One of each `interval` packets, places uniform and one independent of the next."""
    places = [(n - 1) % interval for n in numbers if n <= windows * interval]
    each = [(n - 1) // interval for n in numbers if n <= windows * interval]
    case.true(each == list(range(windows)), "seed %s: not exactly one of each %d" % (seed, interval))
    if len(places) != windows:
        return
    judge_uniform(case, places, interval, "seed %s: places" % seed)
    coarse = min(interval, 10)
    parts = [p * coarse // interval for p in places]
    pairs = [a * coarse + b for a, b in zip(parts, parts[1:])]
    if interval % coarse == 0:
        judge_uniform(case, pairs, coarse * coarse, "seed %s: neighbouring places" % seed)


def one_of_each(case, tap):
    path = numbered(tap.path("random"), 1, 100_030)
    for interval, seeds in ((100, (1, 2, 3, 4, 99, 4294967295)), (10, (1, 7)), (2, (1, 2)), (7, (5,))):
        windows = 100_030 // interval
        for seed in seeds:
            numbers, result = taken([path], "random:%d" % interval, ["--seed=%d" % seed])
            judge_random(case, numbers, interval, windows, seed)
            case.true(len(numbers) - windows in (0, 1), "the unfinished window gave %d" % (len(numbers) - windows))
            judge_books(case, result, 100_030, len(numbers))


def seeds_matter(case, tap):
    path = numbered(tap.path("seeds"), 1, 20_000)
    choices = {seed: tuple(taken([path], "random:100", ["--seed=%d" % seed])[0]) for seed in range(1, 9)}
    case.equal(len(set(choices.values())), 8, "different choices of eight seeds")
    for a in range(1, 8):
        common = len(set(choices[a]) & set(choices[a + 1]))
        case.true(common < 20, "seeds %d and %d share %d of 200 packets" % (a, a + 1, common))
    case.equal(taken([path], "random:100")[0], taken([path], "random:100")[0], "offline the seed is fixed")


def same_seed_same_bytes(case, tap):
    path = numbered(tap.path("bytes"), 1, 20_000)
    def send(seed):
        return Export([path], {"sample": "random:50", "seed": seed}).datagrams
    first, again, other = send(3), send(3), send(4)
    case.true(first == again, "the same seed sent other bytes")
    for fmt in FORMATS:
        case.true(first[fmt] and first[fmt] != other[fmt], "%s: another seed sent the same bytes" % fmt)


# --- what is announced --------------------------------------------------------------------

def announced(case, tap, rule, sampling):
    """Every format tells mode and interval, in its own way, before the data."""
    interval = sampling[1]
    path = numbered(tap.path("rate"), 1, max(300, 3 * interval))
    export = Export([path], {"sample": rule} if rule else {})
    case.equal(export.result.status, 0, "exit status")
    case.none(export.delivery_faults())
    for fmt in FORMATS:
        judge = wire.open_session(fmt, sampling=sampling).feed_all(export.datagrams[fmt])
        case.none(judge.errors, fmt)
        case.equal(len(judge.records), export.stats["records"]["total"], fmt + " records")
    heads = {struct.unpack_from("!H", d, 22)[0] for d in export.datagrams["5"]}
    mode = {None: 0, "deterministic": 1, "random": 2}[sampling[0]]
    wanted = [{1}, {mode << 14 | 1}] if interval == 1 else [{mode << 14 | interval}]
    case.true(heads in wanted, "v5 sampling field %s, wanted %s" % ([hex(h) for h in heads], wanted))


def too_large_for_v5(case, tap):
    """14 bits: a larger interval is refused at the start, and nothing is sent."""
    path = numbered(tap.path("large"), 1, 40_000)
    for rule in ("deterministic:16384", "random:16384", "20000", "random:65537"):
        for extra in ([], ["-n", "127.0.0.1:9,format=ipfix"]):
            export = Export([path], {"sample": rule}, ("5",), output=None, extra=extra)
            case.equal(export.result.status, 2, "%s with v5: exit status" % rule)
            case.equal(export.datagrams["5"], [], "%s with v5: datagrams" % rule)
            case.true("spanflow: " in export.result.stderr and "16383" in export.result.stderr,
                      "%s with v5: the message names what is allowed: %s" % (rule, export.result.stderr))
        export = Export([path], {"sample": rule}, ("9", "ipfix"), output=None)
        case.equal(export.result.status, 0, "%s with v9 and IPFIX: exit status" % rule)


def wrong_rules(case, tap):
    path = numbered(tap.path("wrong"), 1, 10)
    for rule in ("0", "deterministic:0", "random:0", "random:-1", "random:x", "sometimes:5", "deterministic:", "",
                 "3x"):
        result = run(["-r", path, "--sample=%s" % rule, "-o", "json"])
        case.equal(result.status, 2, "--sample=%s: exit status" % rule)
        case.equal(result.stdout, b"", "--sample=%s: standard output" % rule)
        case.true(result.stderr.startswith("spanflow: ") and "sample" in result.stderr,
                  "--sample=%s: message: %s" % (rule, result.stderr))


def main():
    need_program()
    tap = Tap()
    for name, function in (("deterministic takes packets N, 2N, 3N", every_hundredth),
                           ("ignored kinds are in the population", ignored_kinds_count),
                           ("the count goes on from file to file", count_goes_on),
                           ("1 means all", all_of_them),
                           ("random takes one of each N, anywhere", one_of_each),
                           ("another seed, another choice", seeds_matter),
                           ("the same seed, the same bytes", same_seed_same_bytes),
                           ("an interval too large for v5", too_large_for_v5),
                           ("rules that are none", wrong_rules)):
        tap.test(name, function, tap)
    for rule, sampling in ((None, (None, 1)), ("1", (None, 1)), ("deterministic:1", ("deterministic", 1)),
                           ("random:1", ("random", 1)), ("100", ("deterministic", 100)),
                           ("deterministic:100", ("deterministic", 100)), ("random:100", ("random", 100)),
                           ("deterministic:16383", ("deterministic", 16383)), ("random:16383", ("random", 16383))):
        tap.test("announced: %s" % (rule or "unsampled"), announced, tap, rule, sampling)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
