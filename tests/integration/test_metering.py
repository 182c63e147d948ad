#!/usr/bin/env python3
"""What few runs ask for: details of packets, the port map, directions, shifted times.

Promises: the elements beyond the default layout are those of the packets that were put into the
capture, the first one's or the extremes; --port-map gives the interfaces that its rules say,
and the ingress so found is in the key; --local gives the direction; --time=now moves all
records by one amount, so that the last packet is one of now, and says so in the notes.
"""
import os
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen                                                                     # noqa: E402
import wire                                                                        # noqa: E402
from harness import PROGRAM, Export, Sink, Tap, ledger_faults, need_program, run                 # noqa: E402
from pcapgen import EPOCH, MS, SECOND, TCP, UDP, eth, ipv4, ipv6, pkt, tcp, udp    # noqa: E402

A, B = b"\2\0\0\0\0\x0a", b"\2\0\0\0\0\x0b"


def write(tap, name, packets, **how):
    path = tap.path(name)
    pcapgen.write_pcap(path, packets, **how)
    return path


def records(path, *options):
    result = run(["-r", path, "-o", "json", "--records=full", "--stats=json"] + list(options))
    if result.status != 0 or ledger_faults(result.stats):
        raise AssertionError("status %d, %s: %s" % (result.status, result.stderr, ledger_faults(result.stats)))
    return result.records()


# --- details ---------------------------------------------------------------------------

def with_ttl(packet, ttl, flags=0):
    changed = bytearray(packet)
    changed[8], changed[6] = ttl, flags
    return bytes(changed)


def first_and_extremes(case, tap):
    """The first packet's addresses, labels, window and sequence; the extremes of TTL and length."""
    def frame(ttl, size, flags, window, label):
        body = bytearray(tcp(1, 2, 16)) + bytes(size)
        body[4:8], body[14:16] = bytes((0, 0, window, 1)), bytes((window, 2))
        stack = bytes((0, label, 1 << 4 | 2, 9)) + bytes((0, label, 2 << 4 | 3, 9))
        return eth(stack + with_ttl(ipv4("10.0.0.1", "10.0.0.2", TCP, bytes(body)), ttl, flags), 0x8847, src=A, dst=B)
    rows = [(60, 10, 0x40, 7, 3), (61, 30, 0x40, 8, 4), (59, 5, 0x00, 9, 5), (60, 12, 0x20, 1, 6)]
    path = write(tap, "details", [pkt(EPOCH + i, frame(*row)) for i, row in enumerate(rows)])
    got = records(path)
    case.equal(len(got), 1, "records")
    wanted = {"sourceMacAddress": "02:00:00:00:00:0a", "destinationMacAddress": "02:00:00:00:00:0b",
              "mplsTopLabelStackSection": "0x000312", "mplsLabelStackSection2": "0x000323",
              "mplsLabelStackSection3": "0x000000", "minimumTTL": 59, "maximumTTL": 61, "minimumIpTotalLength": 45,
              "maximumIpTotalLength": 70, "fragmentFlags": 0x60, "tcpWindowSize": 7 * 256 + 2,
              "tcpSequenceNumber": 7 * 256 + 1, "observationPointId": 1, "selectorId": 1}
    case.equal({k: got[0].get(k) for k in wanted}, wanted, "elements")


def ipv6_details(case, tap):
    packet = bytearray(ipv6("fd00::1", "fd00::2", UDP, udp(1, 2)))
    packet[1:4], packet[7] = (packet[1] & 0xf0 | 0xa, 0xbc, 0xde), 33
    got = records(write(tap, "six", [pkt(EPOCH, eth(bytes(packet), 0x86dd))]))
    case.equal([(r["flowLabelIPv6"], r["minimumTTL"], r["maximumTTL"]) for r in got], [(0xabcde, 33, 33)], "elements")


def details_alter_nothing_else(case, tap):
    """With and without details the records agree in all else."""
    paths = pcapgen.mixed(tap.path("mixed"), 5, 20_000)
    files = [a for path in paths for a in ("-r", path)]
    plain = run(files + ["-o", "json"]).records()
    full = run(files + ["-o", "json", "--records=full"]).records()
    case.equal([{k: r[k] for k in p} for p, r in zip(plain, full)], plain, "records")
    case.equal(len(full), len(plain), "number of records")


# --- port map --------------------------------------------------------------------------

def between(src, dst, source=A, destination=B, vlans=(), at=0):
    return pkt(EPOCH + at, eth(ipv4(src, dst, UDP, udp(1, 2)), 0x0800, vlans, src=source, dst=destination))


def seen(path, *rules, more=()):
    result = run(["-r", path, "-o", "json"] + ["--port-map=" + rule for rule in rules] + list(more))
    return [(r["ingressInterface"], r["egressInterface"]) for r in sorted(
        result.records(), key=lambda r: (r["sourceIPv4Address"], r["vlanId"]))]


def rules_apply(case, tap):
    path = write(tap, "ports", [between("10.0.0.1", "10.1.0.1"), between("10.1.0.1", "10.0.0.1", B, A),
                                between("192.0.2.1", "192.0.2.2", b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", ((0x8100, 7),))])
    case.equal(seen(path), [(1, 0), (1, 0), (1, 0)], "without rules")
    case.equal(seen(path, more=["--ingress=5"]), [(5, 0), (5, 0), (5, 0)], "the capture interface")
    case.equal(seen(path, "vlan=7,ingress=70,egress=71"), [(1, 0), (1, 0), (70, 71)], "vlan")
    case.equal(seen(path, "vlan=0,port=9"), [(9, 9), (9, 9), (1, 0)], "no vlan")
    case.equal(seen(path, "mac=02:00:00:00:00:0a,port=10", "mac=02:00:00:00:00:0B,port=11"),
               [(10, 11), (11, 10), (1, 0)], "mac")
    case.equal(seen(path, "prefix=10.0.0.0/16,ingress=20:lan", "prefix=10.0.0.0/8,port=21"),
               [(20, 21), (21, 21), (1, 0)], "prefix, the first one first")
    case.equal(seen(path, "prefix=::/0,port=1", "prefix=0.0.0.0/0,port=99"), [(99, 99)] * 3, "another family")


def ingress_is_in_the_key(case, tap):
    """One tuple seen from two stations are two flows; to two stations one, with the first's egress."""
    path = write(tap, "stations", [between("10.0.0.1", "10.0.0.2", A, B, at=0), between("10.0.0.1", "10.0.0.2", B, A, at=1)])
    case.equal(seen(path, "mac=02:00:00:00:00:0a,ingress=1", "mac=02:00:00:00:00:0b,ingress=2"), [(1, 0), (2, 0)], "from")
    case.equal(seen(path, "mac=02:00:00:00:00:0a,egress=5", "mac=02:00:00:00:00:0b,egress=6"), [(1, 6)], "to")


def the_point_stays(case, tap):
    path = write(tap, "point", [between("10.0.0.1", "10.0.0.2")])
    got = records(path, "--ingress=4", "--port-map=vlan=0,port=9")
    case.equal([(r["ingressInterface"], r["observationPointId"]) for r in got], [(9, 4)], "(ingress, point)")


def directions(case, tap):
    path = write(tap, "local", [between("10.0.0.1", "192.0.2.1"), between("10.0.0.2", "10.0.0.1"),
                                between("192.0.2.1", "10.0.0.1"), between("192.0.2.2", "192.0.2.1")])
    got = {r["sourceIPv4Address"]: r["flowDirection"] for r in records(path, "--local=10.0.0.0/8", "--local=fd00::/8")}
    case.equal(got, {"10.0.0.1": 1, "10.0.0.2": 0, "192.0.2.1": 0, "192.0.2.2": 0}, "flowDirection")


def wrong_rules(case, tap):
    path = write(tap, "wrong", [between("10.0.0.1", "10.0.0.2")])
    for option, value in (("port-map", "vlan=5"), ("port-map", "mac=1,port=2"), ("port-map", "prefix=10.0.0.0,port=1"),
                          ("local", "10.0.0.1"), ("local", "10.0.0.0/33"), ("time", "then"), ("scale", "maybe")):
        got = run(["-r", path, "--%s=%s" % (option, value)])
        case.equal(got.status, 2, "--%s=%s: exit status" % (option, value))
        case.true(got.stderr.startswith("spanflow: --%s: '%s' is not allowed: " % (option, value)), got.stderr)


# --- shifted times ---------------------------------------------------------------------

def spread(at):
    return [between("10.0.0.1", "10.0.0.2", at=at), between("10.0.0.3", "10.0.0.2", at=at + 2000 * MS),
            between("10.0.0.4", "10.0.0.2", at=at + 5001 * MS), between("10.0.0.5", "10.0.0.2", at=at + 4000 * MS)]


def ends_now(case, tap):
    """The last packet of all files is of this moment, the others as far before as they were."""
    files = []
    for i, at in enumerate((10, -1000)):
        files += ["-r", write(tap, "then-%d" % i, spread(at * SECOND))]
    before = int(time.time() * 1000)
    result = run(files + ["--time=now", "-o", "json", "--stats=json"])
    after = int(time.time() * 1000)
    case.none(ledger_faults(result.stats), "ledger")
    starts = [r["flowStartMilliseconds"] for r in result.records()]
    plain = [r["flowStartMilliseconds"] for r in run(files + ["-o", "json"]).records()]
    shift = max(starts) - max(plain)
    case.true(before <= max(starts) <= after, "the latest is %d, now is %d to %d" % (max(starts), before, after))
    case.true(all(a - b - shift in (-1, 0, 1) for a, b in zip(starts, plain)), "not one shift for all")
    case.equal(result.stats["notes"].get("time_shifted"), 8, "notes.time_shifted")
    case.equal(result.stats["notes"].get("clock_restarts"), 1, "notes.clock_restarts")


def ends_now_with_limits(case, tap):
    """--count stops sooner, but the latest packet is still the files'; the filter's are not there."""
    path = write(tap, "limits", spread(0))
    now = time.time() * 1000
    starts = [r["flowStartMilliseconds"] for r in run(["-r", path, "--time=now", "--count=2", "-o", "json"]).records()]
    case.true(abs(max(starts) - (now - 3001)) < 1000, "with --count=2 the latest is %d ms before now" % (now - max(starts)))
    got = run(["-r", path, "--time=now", "-o", "json", "src host 10.0.0.3"]).records()
    case.true(abs(got[0]["flowStartMilliseconds"] - now) < 1500, "with a filter: %s" % got)


def later_than_now(case, tap):
    """A capture of the future goes back to now."""
    path = write(tap, "future", spread((2_000_000_000 * SECOND) - EPOCH))
    got = run(["-r", path, "--time=now", "-o", "json"]).records()
    case.true(abs(max(r["flowStartMilliseconds"] for r in got) - time.time() * 1000) < 1500, "%s" % got)


def without_time(case, tap):
    """Packets without a time take the clock as ever."""
    path = write(tap, "no-time", [between("10.0.0.1", "10.0.0.2", at=-EPOCH), between("10.0.0.3", "10.0.0.2")])
    stats = run(["-r", path, "--time=now", "-o", "json", "--stats=json"]).stats
    case.equal((stats["notes"].get("time_shifted"), stats["notes"].get("no_time")), (1, 1), "notes")


def farther_apart_than_the_date(case, tap):
    """What lies longer before the latest packet than 1970 before now has no time."""
    times = (4_000_000_000 * SECOND, 86_400 * SECOND, 3_999_999_993 * SECOND)
    path = write(tap, "apart", [between("10.0.0.%d" % n, "10.0.0.9", at=at - EPOCH) for n, at in enumerate(times)])
    got = run(["-r", path, "--time=now", "-o", "json", "--stats=json"])
    starts = {r["sourceIPv4Address"]: r["flowStartMilliseconds"] for r in got.records()}
    latest = starts["10.0.0.0"]
    case.true(abs(latest - time.time() * 1000) < 1500, "the latest is at %d" % latest)
    case.equal(starts, {"10.0.0.0": latest, "10.0.0.1": latest, "10.0.0.2": latest - 7000}, "starts")
    case.equal(got.stats["notes"], {"no_time": 1, "time_shifted": 2}, "notes")


def cannot_be_read_twice(case, tap):
    path = write(tap, "pipe", spread(0))
    for name in ("-", tap.path("fifo")):
        if name != "-":
            os.mkfifo(name)
        got = subprocess.run([PROGRAM, "-r", path, "-r", name, "--time=now"], stdin=subprocess.DEVNULL,
                             capture_output=True, timeout=20)
        case.equal(got.returncode, 2, "%s: exit status" % name)
        case.true(got.stderr.decode().startswith("spanflow: --time: 'now' is not allowed with '%s'" % name),
                  got.stderr.decode())
    got = run(["-i", "lo", "--time=now"])
    case.equal(got.status, 2, "live: exit status")


def damage_is_said_once(case, tap):
    """A file is read twice, and what is wrong with it said once."""
    path = write(tap, "cut", spread(0))
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 3)
    for files, received in ((["-r", path], 3), (["-r", tap.path("absent"), "-r", write(tap, "good", spread(0))], 4)):
        got = run(files + ["--time=now", "-o", "json", "--stats=json"])
        case.equal(got.status, 1, "exit status")
        case.equal(got.stats["packets"]["received"], received, "packets.received")
        case.equal(sum(line.startswith("spanflow: ") for line in got.stderr.splitlines()), 1, "messages")


# --- message times ---------------------------------------------------------------------

def few_packets(case, tap):
    """Where a packet comes a minute, nothing waits for more of them: messages and templates go with the next one."""
    path = write(tap, "sparse", [pkt(EPOCH + 60 * SECOND * i, eth(ipv4("192.0.2.1", "192.0.2.2", UDP, udp(9, 1000 + i, b""))))
                                 for i in range(130)])
    sink = Sink()
    got = run(["-r", path, "-n", sink.url(format="9", rate=0), "--stats=json"])
    sink.ending = True
    messages = sink.stop()
    case.equal(got.stats["records"]["ended"]["idle"], 129, "records that ended idle")
    seconds = [struct.unpack_from(">I", message, 8)[0] for message in messages]
    data = [at for at, message in zip(seconds, messages) if struct.unpack_from(">H", message, 20)[0] > 255]
    templates = [at for at, message in zip(seconds, messages) if struct.unpack_from(">H", message, 20)[0] == 0]
    for what, times in (("data", data), ("templates", templates)):
        case.true(len(times) > 120, f"{len(times)} messages of {what}")
        case.true(max(b - a for a, b in zip(times, times[1:])) <= 62, f"{what} at {times}")


def times_that_are_none(case, tap):
    """Seconds that take more than 32 bits are no date: such packets take the clock's time, and nothing wraps."""
    path, order = tap.path("far"), (0, 1, 2, 9, 10, 30)
    ends = {at: EPOCH + at * SECOND for at in order} | {2: (1 << 32) * SECOND, 9: (1 << 33) * SECOND, 10: (1 << 64) - 1}
    pcapgen.write_pcapng(path, [between("10.0.0.1", "10.0.0.%d" % (200 if at in (0, 1, 2) else at), at=ends[at] - EPOCH)
                                for at in order])
    export = Export([path], formats=("9", "ipfix"))
    case.none(ledger_faults(export.stats), "ledger")
    case.equal(export.stats["notes"], {"no_time": 3}, "notes")
    case.equal(export.stats["records"]["ended"]["idle"], 3, "records that ended idle")
    wanted = sorted([("10.0.0.200", 3, 0, 1000), ("10.0.0.9", 1, 1000, 1000), ("10.0.0.10", 1, 1000, 1000),
                     ("10.0.0.30", 1, 30_000, 30_000)])
    for fmt, datagrams in export.datagrams.items():
        session = wire.open_session(fmt, latest=EPOCH + 30 * SECOND).feed_all(datagrams)
        case.none(session.errors, fmt)
        got = sorted((r.dst, r.packets, r.start - EPOCH // MS, r.end - EPOCH // MS) for r in session.records)
        case.equal(got, wanted, fmt)


def the_last_second(case, tap):
    """The time in headers stays there, though it is rounded up."""
    last = ((1 << 32) - 1) * SECOND
    path = write(tap, "last", [between("10.0.0.1", "10.0.0.9", at=last - EPOCH - before) for before in (70 * SECOND, 1)] +
                 [pcapgen.arp_at(last + SECOND // 2)])
    export = Export([path], formats=("9", "ipfix"))
    for fmt, datagrams in export.datagrams.items():
        session = wire.open_session(fmt).feed_all(datagrams)
        case.none(session.errors, fmt)
        case.equal(session.batches[-1], (last // SECOND, 2), "%s: header time and records of the last message" % fmt)
        case.equal([r.end for r in session.records], [last // MS - 70_000, last // MS - 1], "%s: ends" % fmt)


def main():
    need_program()
    tap = Tap()
    for name, function in (("details are the first packet's and the extremes", first_and_extremes),
                           ("details of IPv6", ipv6_details),
                           ("details alter nothing else", details_alter_nothing_else),
                           ("rules of the port map", rules_apply),
                           ("the mapped ingress is in the key", ingress_is_in_the_key),
                           ("the observation point stays the capturing interface", the_point_stays),
                           ("directions", directions),
                           ("settings that are none", wrong_rules),
                           ("--time=now ends now", ends_now),
                           ("--time=now with --count and a filter", ends_now_with_limits),
                           ("--time=now with a capture of the future", later_than_now),
                           ("--time=now and packets without a time", without_time),
                           ("--time=now with times that lie far apart", farther_apart_than_the_date),
                           ("--time=now needs regular files", cannot_be_read_twice),
                           ("--time=now says what is wrong once", damage_is_said_once),
                           ("messages of a file with few packets", few_packets),
                           ("times after 2106", times_that_are_none),
                           ("the last second of 2106", the_last_second)):
        tap.test(name, function, tap)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
