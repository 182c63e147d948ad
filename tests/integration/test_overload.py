#!/usr/bin/env python3
"""--overload=sample: under more than can be taken fewer packets are metered, each record with its rate.

A ring of the smallest size overflows at what tcpreplay sends. Needs root: two network namespaces are made.

usage: test_overload.py [WORD...]    only cases with such a word in their name
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import pcapgen as gen
from harness import ledger_faults
from live import Probe, frames_of, replay, send

LEVELS = 11


def sampled_case(case, link, tap):
    capture = tap.path("overload.pcap")
    gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n * 1000, gen.eth(gen.ipv4(
        "192.0.2.1", "198.51.100.9", gen.UDP, gen.udp(1024 + n % 50, 53, bytes(400)))))
        for n in range(5000)], nano=False)
    with Probe(link, "-i", "b0", "-o", "json", "--stats=json", "--buffer=64k",
               "--overload=sample") as probe:
        replay(link, capture, "--loop=200", "--topspeed")
        probe.end()
    case.equal(probe.status, 0, "exit status")
    stats, records = probe.stats(), probe.records()
    case.none(ledger_faults(stats), "ledger")
    selectors = {record["selectorId"] for record in records}
    case.true(selectors <= set(range(1, LEVELS + 1)), f"selectors {selectors}")
    case.true(any(selector > 1 for selector in selectors), "some of it is sampled")
    case.true(stats["packets"]["not_sampled"] > 0, "packets not sampled")
    received = stats["packets"]["received"]
    estimate = sum(record["packetDeltaCount"] << (record["selectorId"] - 1) for record in records)
    case.true(abs(estimate - received) < 0.05 * received,
              f"records stand for {estimate} packets, {received} were received")
    said = [line for line in probe.lines() if "overload" in line]
    case.true(said and "at random" in said[0], f"told: {probe.lines()}")


def calm_case(case, link, _tap):
    """Without overload every packet counts, and records say so."""
    with Probe(link, "-i", "b0", "-o", "json", "--stats=json", "--overload=sample") as probe:
        send(link.sending, "a0", frames_of(20))
        probe.end()
    case.equal([(r["packetDeltaCount"], r["selectorId"]) for r in probe.records()], [(20, 1)],
               "records")
    case.equal(probe.lines(), [], "messages")


def refused_case(case, link, _tap):
    for more in (("--sample=10",), ("--class=10 udp",), ("--format=7", "-n", "127.0.0.1:9")):
        probe = Probe(link, "-i", "b0", "--overload=sample", *more)
        with probe:
            probe.end(0)
        case.equal(probe.status, 2, f"{more}: exit status")
        case.equal(len(probe.lines()), 1, f"{more}: messages {probe.lines()}")


def run_cases(tap):
    with netns.Link() as link:
        tap.test("overload: a choice at random, and each record's rate", sampled_case, link, tap)
        tap.test("overload: none", calm_case, link, tap)
        tap.test("overload: what does not go with it", refused_case, link, tap)


if __name__ == "__main__":
    sys.exit(live.main("overload", run_cases))
