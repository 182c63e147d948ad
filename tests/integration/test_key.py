#!/usr/bin/env python3
"""--key: which packets are one flow, and what records and options data say of it.

A capture of few addresses in which all else varies is metered by the reference with the same key:
the multisets of records agree in every format, and the fields that IPFIX's flow keys name are
those of the key.

usage: test_key.py [WORD...]    only cases with such a word in their name
"""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import pcapgen as gen
import reference
import wire
from harness import Export, Tap, ledger_faults, need_program, run
from test_exact import FORMATS, judge_export

MACS = (b"\2\0\0\0\0\1", b"\2\0\0\0\0\2", b"\2\0\0\0\1\1")
VLANS = ((), ((0x8100, 5),), ((0x88a8, 5), (0x8100, 7)), ((0x88a8, 5), (0x8100, 8)))
PARTS = {"-vlan": {58, 243}, "-ports": {7, 11, 32, 139, 176, 177, 178, 179}, "-dscp": {5},
         "-ingress": {10}, "+ecn": set(), "+mac": {56, 80}, "+inner-vlan": {245}}
USUAL = {8, 12, 27, 28, 4, 60, 302, 351} | set().union(*(PARTS[word] for word in PARTS if word[0] == "-"))
LISTS = ("default", *PARTS, "-vlan,-ports,-dscp,-ingress", "+ecn,+mac,+inner-vlan",
         "-ports,+mac,-vlan,+inner-vlan")


def packet(rng, number):
    six, tos = rng.random() < 0.4, rng.choice((0, 1, 3, 0xb8, 0xbb))
    ports = rng.choice((1000, 1001)), rng.choice((53, 80))
    proto, payload = rng.choice(((gen.UDP, gen.udp(*ports)), (gen.TCP, gen.tcp(*ports)),
                                 (58 if six else 1, gen.icmp(8, rng.randrange(2)))))
    src, dst = ("2001:db8::1", "2001:db8::2") if six else ("10.0.0.1", "10.0.0.2")
    inside = (gen.ipv6 if six else gen.ipv4)(src, dst, proto, payload, tos)
    source, destination = rng.sample(MACS, 2)
    frame = gen.eth(inside, 0x86dd if six else 0x0800, rng.choice(VLANS), src=source, dst=destination)
    return gen.pkt(gen.EPOCH + number * 10_000_000, frame)


def capture(tap, name, seed):
    rng = random.Random(seed)
    path = tap.path(name)
    gen.write_pcap(path, [packet(rng, number) for number in range(6000)])
    return path


def same_records(case, paths, words):
    options = {"key": words, "idle": "2s"}
    judge_export(case, Export(paths, options, FORMATS), reference.measure(paths, **options), options)


def flow_keys_follow(case, paths, words):
    export = Export(paths, {"key": words, "records": "full"}, ("ipfix",))
    judge = wire.open_session("ipfix").feed_all(export.datagrams["ipfix"])
    wanted = set(USUAL)
    for word in words.split(","):
        wanted ^= PARTS.get(word, set())
    case.equal(len(judge.flow_keys), 4, "templates with a flow key")
    for number, fields in judge.flow_keys.items():
        elements = set(judge.templates[number].elements)
        case.equal(set(fields), wanted & elements, "flow key of template %d" % number)


def whole_flows_are_sampled(case, paths):
    """flow:N takes a flow of the chosen key with all its packets."""
    got = run(["-r", paths[0], "--key=-ports,-vlan,-dscp", "-s", "flow:2", "-t", "idle=24h", "-t", "end=24h",
               "-o", "json", "--stats=json"])
    case.none(ledger_faults(got.stats), "ledger")
    whole = {(r.src, r.proto): r.packets
             for r in reference.measure(paths, key="-ports,-vlan,-dscp", idle="24h", end="24h").records}
    for r in got.records():
        src = r.get("sourceIPv4Address") or r["sourceIPv6Address"]
        case.equal(r["packetDeltaCount"], whole[src, r["protocolIdentifier"]], "packets of " + src)


def interfaces_are_one(case, tap):
    """Without the interface two files of different --ingress would be; here two rules of a port map."""
    path = tap.path("interfaces")
    gen.write_pcap(path, [gen.pkt(gen.EPOCH + i, gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(1, 2)),
                                                         src=MACS[i % 2])) for i in range(4)])
    maps = ["--port-map=mac=02:00:00:00:00:01,ingress=7", "--port-map=mac=02:00:00:00:00:02,ingress=8"]
    for words, counts in (("default", [(7, 2), (8, 2)]), ("-ingress", [(7, 4)])):
        records = run(["-r", path, "-o", "json", "--key=" + words] + maps).records()
        case.equal(sorted((r["ingressInterface"], r["packetDeltaCount"]) for r in records), counts, words)


def main():
    need_program()
    tap = Tap()
    paths = [capture(tap, "few", 1)]
    for words in LISTS:
        tap.test("records with %s" % words, same_records, paths, words)
        tap.test("flow keys with %s" % words, flow_keys_follow, paths, words)
    tap.test("sampled flows are those of the key", whole_flows_are_sampled, paths)
    tap.test("interfaces outside the key", interfaces_are_one, tap)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
