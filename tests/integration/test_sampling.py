#!/usr/bin/env python3
"""Every sampling rule takes the right packets and says so.

Promises: deterministic:N takes packets N, 2N, 3N ...; random:N exactly one of each N, its
place uniform and independent of the one before (chi-square, fixed seeds, so the verdict
never changes); hash:N those that the reference's own digest picks, at every place that a
packet passes; flow:N whole flows; a class counts its own packets by its own rule.  Every
packet of most captures here is a flow of its own, so that records tell which packets were
taken.  The rate is announced in v5, v9 and IPFIX.
"""
import os
import struct
import sys
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen                                                                     # noqa: E402
import reference                                                                   # noqa: E402
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


# --- hash ------------------------------------------------------------------------------

def close_to(case, n, total, p, what):
    """Within 4.5 standard deviations of a binomial distribution: fixed inputs, so never by chance."""
    sigma = (total * p * (1 - p)) ** 0.5
    case.true(abs(n - total * p) < 4.5 * sigma, "%s: %d of %d, expected %.0f +- %.0f" % (what, n, total, total * p, sigma))


def by_digest(case, tap):
    """The packets are those of the reference's own digest, and about one in N."""
    path = numbered(tap.path("digest"), 1, 50_000, arp_every=25)
    for interval, key in ((10, 0), (100, 0), (100, 4294967295), (3, 12345), (1000, 1)):
        numbers, result = taken([path], "hash:%d" % interval, ["--hash-key=%d" % key])
        wanted = reference.measure([path], sample="hash:%d" % interval, hash_key=key)
        case.equal(numbers, sorted(number_of(r.src, r.sport) for r in wanted.records), "hash:%d" % interval)
        close_to(case, len(numbers), 48_000, 1 / interval, "hash:%d" % interval)
        judge_books(case, result, 50_000, len(numbers) + 2000, 2000)


def by_digest_of_all_kinds(case, tap):
    """Both families, extension headers, fragments, cut packets: as the reference has them."""
    made = [pcapgen.mixed(tap.path("mixed"), 3, 20_000)]
    made += [pcapgen.make(name, tap.path(name)) for name in ("mpls", "not_ip", "transports", "raw_ip", "vlans")]
    for paths in made:
        files = [a for path in paths for a in ("-r", path)]
        result = run(files + ["-s", "hash:2", "--hash-key=9", "-o", "json", "--stats=json"])
        wanted = reference.measure(paths, sample="hash:2", hash_key=9)
        case.none(ledger_faults(result.stats), "ledger")
        case.equal(result.stats["packets"]["not_sampled"], wanted.not_sampled, "packets.not_sampled")
        case.equal(result.stats["packets"]["metered"], wanted.metered, "packets.metered")
        case.equal(result.stats["octets"]["metered"], wanted.octets, "octets.metered")
        case.same(Counter(short(r) for r in result.records()), Counter(short_of(r) for r in wanted.records), paths[0])


def short(record):
    six = "sourceIPv6Address" in record
    return (record["sourceIPv6Address" if six else "sourceIPv4Address"],
            record["destinationIPv6Address" if six else "destinationIPv4Address"],
            record["sourceTransportPort"], record["destinationTransportPort"], record["protocolIdentifier"],
            record["packetDeltaCount"], record["octetDeltaCount"], record["flowEndReason"])


def short_of(r):
    return r.src, r.dst, r.sport, r.dport, r.proto, r.packets, r.octets, r.reason


def at_two_places(case, tap):
    """A router further: another TTL, checksum, MAC address and VLAN; the same packets."""
    here = numbered(tap.path("here"), 1, 20_000)
    with open(here, "rb") as file:
        data = file.read()[24:]
    there, size = tap.path("there"), len(BASE)

    def routed():
        for at in range(0, len(data), 16 + size):
            frame = bytearray(data[at + 16:at + 16 + size])
            frame[:12], frame[22] = b"\2\0\0\0\0\7\2\0\0\0\0\x09", frame[22] - 1
            frame[24:26], frame[12:12] = b"\xab\xcd", b"\x81\0\0\x05"
            yield pcapgen.pkt(pcapgen.EPOCH + at, bytes(frame))
    pcapgen.write_pcap(there, routed())
    first, again = taken([here], "hash:50", ["--hash-key=7"])[0], taken([there], "hash:50", ["--hash-key=7"])[0]
    case.equal(first, again, "the packets of two probes with one key")
    case.equal(taken([here], "hash:50", ["--hash-key=7", "--seed=8"])[0], first, "another seed changes nothing")
    other = taken([here], "hash:50", ["--hash-key=8"])[0]
    close_to(case, len(set(first) & set(other)), 20_000, 1 / 2500, "common to two keys")


# --- flow ------------------------------------------------------------------------------

def whole_flows(case, tap):
    """What is taken of a flow is all of it; about one flow in N; the seed chooses which."""
    paths = pcapgen.many(tap.path("flows"), flows=20_000, packets=60_000)
    files = [a for path in paths for a in ("-r", path)]
    every = Counter(json_key(r) for r in run(files + ["-o", "json"]).records())
    choices = []
    for interval, seed in ((10, 1), (10, 2), (100, 1), (2, 7)):
        result = run(files + ["-s", "flow:%d" % interval, "--seed=%d" % seed, "-o", "json", "--stats=json"])
        got = Counter(json_key(r) for r in result.records())
        case.none(ledger_faults(result.stats), "ledger")
        case.none(list((got - every).items())[:3], "flow:%d: records that the whole does not have" % interval)
        choices.append({k[:5] for k in got})
        close_to(case, len(choices[-1]), len({k[:5] for k in every}), 1 / interval, "flow:%d" % interval)
        case.none([k for k in every - got if k[:5] in choices[-1]][:3], "parts of flows that are missing")
    flows = len({k[:5] for k in every})
    close_to(case, len(choices[0] & choices[1]), flows, 1 / 100, "flows common to two seeds")


def json_key(record):
    return tuple(v for _, v in sorted(record.items(), key=lambda item: KEY_FIRST.get(item[0], 9)))


KEY_FIRST = {name: i for i, name in enumerate(
    ("sourceIPv4Address", "destinationIPv4Address", "sourceTransportPort", "destinationTransportPort",
     "protocolIdentifier"))}


# --- classes ---------------------------------------------------------------------------

def port_of(packet):
    return struct.unpack_from("!H", packet.data, 34)[0]


def each_class_counts(case, tap):
    """Three rules, and ARP in the population of the last; the first class that matches counts."""
    path = numbered(tap.path("classes"), 1, 30_000, arp_every=20)
    classes = [("10", "src portrange 1-5000"), ("deterministic:7", "src portrange 4000-9000"), ("1", "src port 20000")]
    numbers, result = taken([path], "100", ["--class=%s %s" % c for c in classes])
    populations = {rule: [] for rule in (0, 1, 2, 3)}
    for n in range(1, 30_001):
        port = 0 if n % 20 == 0 else 1 + n % PORTS
        rule = 1 if 0 < port <= 5000 else 2 if 4000 <= port <= 9000 else 3 if port == 20_000 else 0
        populations[rule].append(n)
    chosen = sorted(n for rule, step in ((0, 100), (1, 10), (2, 7), (3, 1)) for n in populations[rule][step - 1::step])
    case.equal(numbers, [n for n in chosen if n % 20], "taken")
    judge_books(case, result, 30_000, len(chosen), sum(n % 20 == 0 for n in chosen))


def classes_of_all_kinds(case, tap):
    """Rules that count and rules that look inside, side by side, as the reference has them; the
    selector is in each record."""
    paths = pcapgen.mixed(tap.path("kinds"), 4, 20_000)
    files = [a for path in paths for a in ("-r", path)]
    result = run(files + ["-s", "hash:4", "--hash-key=3", "--class=3 ip proto 17", "--class=hash:2 ip6",
                          "-o", "json", "--records=full", "--stats=json"])

    def is_udp4(packet):
        return packet.data[12:14] == b"\x08\x00" and len(packet.data) > 23 and packet.data[23] == 17

    def is_ipv6(packet):
        return packet.data[12:14] == b"\x86\xdd"
    wanted = reference.measure(paths, sample="hash:4", hash_key=3, classes=[("3", is_udp4), ("hash:2", is_ipv6)])
    case.none(ledger_faults(result.stats), "ledger")
    case.equal(result.stats["packets"]["not_sampled"], wanted.not_sampled, "packets.not_sampled")
    case.same(Counter(short(r) for r in result.records()), Counter(short_of(r) for r in wanted.records), "records")
    for record in result.records():
        six, tagged = "sourceIPv6Address" in record, record["vlanId"] or record["mplsTopLabelStackSection"] != "0x000000"
        udp = record["protocolIdentifier"] == 17 and not six
        if not tagged and record["selectorId"] != (2 if udp else 3 if six else 1):
            return case.fail("selectorId %d of %s" % (record["selectorId"], short(record)))


def one_rate_a_record(case, tap):
    """Packets of one flow that belong to two classes make two records, each with its selector."""
    path = tap.path("lengths")
    frame = pcapgen.eth(pcapgen.ipv4("10.0.0.1", "10.0.0.2", pcapgen.UDP, pcapgen.udp(1, 2, bytes(20))))
    long = pcapgen.eth(pcapgen.ipv4("10.0.0.1", "10.0.0.2", pcapgen.UDP, pcapgen.udp(1, 2, bytes(500))))
    pcapgen.write_pcap(path, [pcapgen.pkt(pcapgen.EPOCH + i, (frame, long)[i % 2]) for i in range(200)])
    result = run(["-r", path, "-s", "2", "--class=5 greater 300", "-o", "json", "--records=full"])
    case.equal(sorted((r["selectorId"], r["packetDeltaCount"]) for r in result.records()), [(1, 50), (2, 20)],
               "(selector, packets)")


def wrong_classes(case, tap):
    path = numbered(tap.path("wrong-class"), 1, 10)
    for text in ("10", "", "tcp", "0 tcp", "10 tcp and", "sometimes:3 tcp"):
        result = run(["-r", path, "--class=%s" % text, "-o", "json"])
        case.equal(result.status, 2, "--class=%s: exit status" % text)
        case.true(result.stderr.startswith("spanflow: --class: ") and text.split(" ", 1)[-1] in result.stderr,
                  "--class=%s: message: %s" % (text, result.stderr))
    raw = tap.path("raw")
    pcapgen.write_pcap(raw, [pcapgen.pkt(pcapgen.EPOCH, bytes(40))], linktype=pcapgen.RAW)
    result = run(["-r", raw, "-r", path, "--class=2 ether host 02:00:00:00:00:01", "-o", "json", "--stats=json"])
    case.equal(result.status, 1, "a class that a file has no use for: exit status")
    case.true("%s: class 'ether host" % raw in result.stderr, "message: %s" % result.stderr)
    case.equal(result.stats["packets"]["received"], 11, "both files are read")


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
                           ("rules that are none", wrong_rules),
                           ("hash takes the reference's packets", by_digest),
                           ("hash, packets of all kinds", by_digest_of_all_kinds),
                           ("hash takes the same packets at two places", at_two_places),
                           ("flow takes whole flows", whole_flows),
                           ("each class counts its packets by its rule", each_class_counts),
                           ("classes with rules of all kinds", classes_of_all_kinds),
                           ("a record has one rate", one_rate_a_record),
                           ("classes that are none", wrong_classes)):
        tap.test(name, function, tap)
    for rule, sampling in ((None, (None, 1)), ("1", (None, 1)), ("deterministic:1", ("deterministic", 1)),
                           ("random:1", ("random", 1)), ("100", ("deterministic", 100)),
                           ("deterministic:100", ("deterministic", 100)), ("random:100", ("random", 100)),
                           ("deterministic:16383", ("deterministic", 16383)), ("random:16383", ("random", 16383))):
        tap.test("announced: %s" % (rule or "unsampled"), announced, tap, rule, sampling)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
