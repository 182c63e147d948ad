#!/usr/bin/env python3
"""--workers: the records of files are the same however many shards meter them.

Promises: the same records as a multiset, and the same ledger but for the most flows at a time, for 1, 2
and 4 workers; with sampling, duplicates, another Flow Key, a clock that starts again, and from a pipe.
What is sent by IPFIX adds up to it. A table that is full may give other records, and no other totals.
"""
import json
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen as gen                                                              # noqa: E402
from harness import PROGRAM, Sink, Tap, ledger_faults, need_program, run           # noqa: E402

MS = 1_000_000
COUNTS = (1, 2, 4)


def packet_of(rng, n):
    """One of some hundred flows, of both families; some in fragments; some that end and begin again."""
    host, six = rng.randrange(1, 60), rng.random() < 0.3
    body = bytes(rng.randrange(0, 900))
    flags = rng.choice((gen.ACK,) * 20 + (gen.SYN, gen.FIN | gen.ACK, gen.RST))
    proto, rest = rng.choice(((gen.TCP, gen.tcp(1000 + host, 80, flags, body)), (gen.UDP, gen.udp(2000 + host, 53, body)),
                              (gen.ICMP6 if six else gen.ICMP, gen.icmp(8, 0, body))))
    if six:
        return gen.eth(gen.ipv6("fd00::%x" % host, "fd00::1:%x" % (host % 3), proto, rest), 0x86dd)
    return gen.eth(gen.ipv4("10.0.0.%d" % host, "10.0.1.%d" % (host % 3), proto, rest, ident=n & 0xffff),
                   vlans=((0x8100, 7),) if host % 5 == 0 else ())


def traffic(count=20000, seed=1):
    """About 8 ms apart, with silences in which flows end for being idle."""
    rng, ts, out = random.Random(seed), gen.EPOCH, []
    for n in range(count):
        ts += rng.randrange(1, 16 * MS) if rng.random() < 0.999 else 14_990 * MS + rng.randrange(20 * MS)
        out.append(gen.pkt(ts, packet_of(rng, n)))
        if n % 3 == 0:
            out.append(gen.pkt(ts + 1, out[-1].data))
    return out


def ledger_of(got):
    """What does not depend on how many there are."""
    stats = dict(got.stats)
    stats["flows"] = {k: v for k, v in stats["flows"].items() if k != "peak"}
    return {k: v for k, v in stats.items() if k != "collectors"}


def same(case, files, extra=()):
    """The records of each number of workers, and of none asked for, are those of one."""
    arguments = [word for name in files for word in ("-r", name)] + ["-o", "json", "--stats=json", *extra]
    wanted = run(arguments)
    case.true(len(wanted.records()) > 100, "there are records")
    for count in COUNTS:
        got = run(arguments + ["--workers=%d" % count])
        case.equal(got.status, 0, "exit status with %d" % count)
        case.none(ledger_faults(got.stats), "ledger with %d" % count)
        case.equal(sorted(map(str, got.records())), sorted(map(str, wanted.records())), "records with %d" % count)
        case.equal(ledger_of(got), ledger_of(wanted), "ledger with %d" % count)


def piped(case, path):
    """From a pipe whose writer pauses: nothing is held back or lost."""
    wanted = run(["-r", path, "-o", "json"])
    writer = subprocess.Popen(["sh", "-c", 'head -c 300000 "$0"; sleep 0.3; tail -c +300001 "$0"', path], stdout=subprocess.PIPE)
    done = subprocess.run([PROGRAM, "-r", "-", "-o", "json", "--workers=2"], stdin=writer.stdout, stdout=subprocess.PIPE,
                          timeout=60, check=False)
    writer.stdout.close()
    writer.wait(10)
    case.equal(done.returncode, 0, "exit status")
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    case.equal(sorted(map(str, records)), sorted(map(str, wanted.records())), "records")


def sent(case, path):
    """All messages arrive, and their sequence numbers have no gap."""
    sink = Sink()
    got = run(["-r", path, "-n", "127.0.0.1:%d,rate=0" % sink.port, "--stats=json", "--workers=4"])
    sink.stop()
    case.none(ledger_faults(got.stats), "ledger")
    collector = got.stats["collectors"][0]
    case.equal(len(sink.datagrams) + sink.drops(), collector["messages"], "messages")
    dates = [int.from_bytes(d[4:8], "big") for d in sink.datagrams]
    case.equal(dates, sorted(dates), "export times never go back")


def full(case, path):
    """Twenty flows at most: which of them leave early differs, how many packets there are does not."""
    for count in COUNTS:
        got = run(["-r", path, "-o", "json", "--stats=json", "-m", "20", "--workers=%d" % count])
        case.none(ledger_faults(got.stats), "ledger with %d" % count)
        case.equal(sum(r["packetDeltaCount"] for r in got.records()), got.stats["packets"]["metered"], "packets with %d" % count)
        case.true(got.stats["flows"]["peak"] <= 20, "most flows at a time with %d" % count)


def refused(case):
    for value in ("0", "65", "two", ""):
        done = subprocess.run([PROGRAM, "-r", "x", "--workers=" + value], stderr=subprocess.PIPE, text=True, timeout=10, check=False)
        case.equal(done.returncode, 2, "exit status of '%s'" % value)
        case.true(done.stderr.startswith("spanflow: --workers: "), done.stderr)


def contradictions(case):
    """What several workers cannot do is said before anything is captured."""
    for words, subject in ((["-r", "x", "-m", "2", "--workers=3"], "--max-flows"),
                           (["-i", "lo", "--count=5", "--workers=2"], "--count"),
                           (["-i", "lo", "--key=-ports", "--workers=2"], "--key")):
        done = subprocess.run([PROGRAM, *words, "-T"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, timeout=10,
                              check=False)
        case.equal(done.returncode, 2, "exit status of %s" % subject)
        case.true(done.stderr.startswith("spanflow: %s: " % subject), done.stderr)


def main():
    need_program()
    tap = Tap()
    path, before = tap.path("traffic.pcap"), tap.path("before.pcap")
    gen.write_pcap(path, traffic())
    gen.write_pcap(before, [p._replace(ts=p.ts - 3_600_000 * MS) for p in traffic(5000, 2)])
    tap.test("a file", same, [path])
    tap.test("sampled at random", same, [path], ("-s", "random:5"))
    tap.test("without copies", same, [path], ("--dedup",))
    tap.test("flows without ports", same, [path], ("--key=-ports",))
    tap.test("flows by MAC addresses", same, [path], ("--key=+mac", "--records=full"))
    tap.test("a clock that starts again twice", same, [path, before, path, before])
    tap.test("a limit", same, [path], ("--count=9999",))
    tap.test("a pipe", piped, path)
    tap.test("sent by IPFIX", sent, path)
    tap.test("a full table", full, path)
    tap.test("numbers that are refused", refused)
    tap.test("what several workers cannot do", contradictions)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
