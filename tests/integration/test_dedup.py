#!/usr/bin/env python3
"""--dedup: of the copies that a mirror makes the first is metered, and nothing else is lost.

Promises: a capture where a router's hop or the mirror copied every packet gives the records of the
capture without copies; retransmissions are no copies; rules choose from what is no duplicate.
"""
import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen as gen                                                              # noqa: E402
from harness import Tap, ledger_faults, need_program, run                          # noqa: E402

US, MS = 1000, 1_000_000
ROUTER, NEXT = b"\2\0\0\0\0\x11", b"\2\0\0\0\0\x12"


def traffic(count=3000, seed=1):
    """TCP, UDP and ICMP of both families, tagged and not, 50 us apart; each with what makes its frame."""
    rng = random.Random(seed)
    for n in range(count):
        six, host = rng.random() < 0.4, rng.randrange(1, 40)
        size = rng.choice((0, 1, 40, 100, 700, 1400))
        body = bytes(rng.randrange(256) for _ in range(min(size, 60))) + bytes(max(size - 60, 0))
        proto, rest = rng.choice(((gen.TCP, gen.tcp(1000 + host, 80, gen.ACK, n.to_bytes(4, "big") + body)),
                                  (gen.UDP, gen.udp(1000 + host, 53, n.to_bytes(4, "big") + body)),
                                  (gen.ICMP6 if six else gen.ICMP, gen.icmp(8, 0, n.to_bytes(4, "big") + body))))
        if six:
            packet = gen.ipv6("fd00::%x" % host, "fd00::1:1", proto, rest)
        else:
            packet = gen.ipv4("10.0.0.%d" % host, "10.0.1.1", proto, rest, ident=n & 0xffff)
        yield gen.EPOCH + n * 50 * US, packet, ((0x8100, 7),) if host % 2 else ()


def frame(packet, vlans, **macs):
    return gen.eth(packet, 0x86dd if packet[0] >> 4 == 6 else 0x0800, vlans, **macs)


def hop(packet, tos=None):
    """The packet as a router sends it on."""
    out = bytearray(packet)
    if out[0] >> 4 == 6:
        out[7] -= 1
        if tos is not None:
            out[0:2] = (0x6000 | tos << 4 | out[1] & 15).to_bytes(2, "big")
        return bytes(out)
    out[8] -= 1
    out[1] = out[1] if tos is None else tos
    out[10:12] = b"\0\0"
    out[10:12] = gen.checksum(bytes(out[:20])).to_bytes(2, "big")
    return bytes(out)


def copied(copies, count=3000):
    """(without copies, with them): `copies` makes the (ts, frame) of each packet's copies."""
    single, all_of_them = [], []
    for ts, packet, vlans in traffic(count):
        single.append(gen.pkt(ts, frame(packet, vlans)))
        all_of_them += [single[-1]] + [gen.pkt(t, f) for t, f in copies(ts, packet, vlans)]
    return single, sorted(all_of_them, key=lambda p: p.ts)


def by_router(ts, packet, vlans):
    rng = random.Random(ts)
    yield ts + rng.randrange(10, 200) * US, frame(hop(packet), ((0x8100, 99),), src=ROUTER, dst=NEXT)


def by_routers(ts, packet, vlans):
    """Three hops, the last one late, marks and labels rewritten; each seen twice by the mirror."""
    for n, late in enumerate((30 * US, 150 * US, 49 * MS)):
        packet = hop(packet, tos=n * 4)
        sent = frame(packet, ((0x88a8, n), (0x8100, 5)), src=ROUTER, dst=NEXT)
        yield ts + late, sent
        yield ts + late + 3 * US, sent


def by_mirror(ts, packet, vlans):
    yield ts + 1 * MS, frame(packet, vlans)


def outcome(tap, name, packets, extra=(), snaplen=262144, writer=gen.write_pcap):
    path = tap.path(name)
    writer(path, packets, snaplen=snaplen)
    return run(["-r", path, "-o", "json", "--stats=json"] + list(extra))


def same_records(case, tap, copies, snaplen=262144, count=3000):
    single, doubled = copied(copies, count)
    wanted = outcome(tap, "single.pcap", single, snaplen=snaplen)
    got = outcome(tap, "copies.pcap", doubled, ["--dedup"], snaplen)
    case.equal(got.status, 0, "exit status")
    case.none(ledger_faults(got.stats), "ledger")
    case.equal(got.stats["packets"]["ignored"].get("duplicate"), len(doubled) - len(single), "ignored.duplicate")
    case.equal(got.records(), wanted.records(), "records")
    without = outcome(tap, "copies.pcap", doubled, snaplen=snaplen)
    case.equal(without.stats["packets"]["metered"], len(doubled), "packets metered without --dedup")


def drops_none(case, tap, packets, extra=()):
    got = outcome(tap, "none.pcap", packets, ["--dedup"] + list(extra))
    wanted = outcome(tap, "none.pcap", packets)
    case.equal(got.stats["packets"]["ignored"].get("duplicate", 0), 0, "ignored.duplicate")
    case.equal(got.records(), wanted.records(), "records")


def retransmitted():
    """Every segment once more 200 ms, 400 ms and 1 s later, octet by octet the same."""
    out = [gen.pkt(ts + late * MS, frame(packet, vlans)) for ts, packet, vlans in traffic(400)
           for late in (0, 200, 600, 1600)]
    return sorted(out, key=lambda p: p.ts)


def windows(case, tap):
    """Each window ends exactly, and is a setting; all are judged by the first copy."""
    packet = gen.udp4(0).data
    other = frame(hop(packet[14:]), ())
    def dropped(times, sent, *extra):
        packets = [gen.pkt(gen.EPOCH, packet)] + [gen.pkt(gen.EPOCH + t, sent) for t in times]
        got = outcome(tap, "windows.pcap", packets, ["--dedup"] + list(extra))
        return got.stats["packets"]["ignored"].get("duplicate", 0)
    case.equal(dropped([2 * MS - 1], packet), 1, "2 ms less 1 ns")
    case.equal(dropped([2 * MS], packet), 0, "2 ms")
    case.equal(dropped([50 * MS - 1], other), 1, "50 ms less 1 ns")
    case.equal(dropped([50 * MS], other), 0, "50 ms")
    case.equal(dropped([30 * MS, 49 * MS, 60 * MS], other), 2, "a copy does not prolong the window")
    case.equal(dropped([2 * MS, 9 * MS], packet, "--dedup-window=same=10ms"), 2, "same=10ms")
    case.equal(dropped([0, 1], other, "--dedup-window=copy=0ms"), 1, "copy=0ms")


def sampled(case, tap):
    """Duplicates are not in the population: a rule chooses from the copies what it does without them."""
    single, doubled = copied(by_router)
    for rule in ("deterministic:7", "random:7", "hash:7", "flow:3"):
        wanted = outcome(tap, "single.pcap", single, ["-s", rule])
        got = outcome(tap, "copies.pcap", doubled, ["-s", rule, "--dedup"])
        case.none(ledger_faults(got.stats), rule)
        case.equal(got.records(), wanted.records(), rule)
        case.equal(got.stats["packets"]["not_sampled"], wanted.stats["packets"]["not_sampled"], rule)


def restarted(case, tap):
    """A clock that starts again has seen nothing: a capture read twice gives everything twice."""
    single, _ = copied(by_router, 500)
    path = tap.path("twice.pcap")
    gen.write_pcap(path, single)
    got = run(["-r", path, "-r", path, "-o", "json", "--stats=json", "--dedup"])
    case.equal(got.stats["packets"]["metered"], 1000, "packets.metered")
    case.equal(got.stats["notes"].get("clock_restarts"), 1, "notes.clock_restarts")


def tunnelled(case, tap):
    """What differs only inside a tunnel, behind an outer header that never changes, is no copy."""
    def vxlan(n):
        inner = gen.eth(gen.ipv6("fd00::1", "fd00::2", gen.TCP, gen.tcp(n, 80, gen.ACK, bytes(500))), 0x86dd)
        return gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(4000, 4789, b"\x08\0\0\0\0\0\1\0" + inner))
    drops_none(case, tap, [gen.pkt(gen.EPOCH + n, gen.eth(vxlan(n))) for n in range(200)])


def mirrored(case, tap):
    """ERSPAN numbers its copies; where a frame was seen is what the frame says, and the tag that was taken off."""
    frame = gen.udp4(0).data
    def erspan(number, vlan=7, mirrored=frame, source="10.9.9.1"):
        gre = struct.pack("!HHIII", 0x1000, 0x88be, number, 0x10000000 | vlan << 16 | 2 << 11, number)
        return gen.eth(gen.ipv4(source, "10.9.9.9", 47, gre + mirrored, ident=number & 0xffff))
    def dropped(*packets):
        sent = [gen.pkt(gen.EPOCH + t * MS, data) for t, data in packets]
        got = outcome(tap, "erspan.pcap", sent, ["--dedup", "--decap=erspan"])
        return got.stats["packets"]["ignored"].get("duplicate", 0)
    case.equal(dropped((0, erspan(1)), (1, erspan(2, source="10.9.9.2"))), 1, "1 ms later")
    case.equal(dropped((0, erspan(1)), (3, erspan(2))), 0, "3 ms later, from the same place")
    case.equal(dropped((0, erspan(1)), (3, erspan(2, vlan=8))), 1, "3 ms later, of another VLAN")
    case.equal(dropped((0, erspan(1)), (3, erspan(2, mirrored=frame[:6] + ROUTER + frame[12:]))), 1,
               "3 ms later, of another sender")


def numbered(n):
    base = gen.udp4(0).data
    return (base[:18] + (n & 0xffff).to_bytes(2, "big") + base[20:24] + b"\0\0" +
            base[26:30] + (n >> 16).to_bytes(4, "big") + base[34:])


def remembered(case, tap, count, forgotten_max):
    """So many in 20 ms, and then a copy of each. Five may share one of all buckets; of these each one misses the next."""
    sent = [(20 * MS * n // count, numbered(n)) for n in range(count)]
    copies = [(20 * MS + t, data[:22] + bytes([data[22] - 1]) + data[23:]) for t, data in sent]
    path = tap.path("many.pcap")
    gen.write_pcap(path, (gen.pkt(gen.EPOCH + t, data) for t, data in sent + copies))
    got = run(["-r", path, "-o", "csv:/dev/null", "--stats=json", "--dedup", "--seed=1"])
    case.none(ledger_faults(got.stats), "ledger")
    forgotten_of_them = got.stats["notes"].get("dedup_forgotten", 0)
    case.true(forgotten_of_them <= forgotten_max, "notes.dedup_forgotten")
    case.true(count - forgotten_of_them <= got.stats["packets"]["ignored"].get("duplicate", 0) <= count,
              "ignored.duplicate")


def forgotten(case, tap):
    """More packets within a window than there is room for are a note, and none is lost for it."""
    count = 700_000
    packets = (gen.pkt(gen.EPOCH + n, numbered(n)) for n in range(count))
    path = tap.path("flood.pcap")
    gen.write_pcap(path, packets)
    got = run(["-r", path, "-o", "csv:/dev/null", "--stats=json", "--dedup"])
    case.equal(got.stats["packets"]["metered"], count, "packets.metered")
    case.true(count - 524288 <= got.stats["notes"].get("dedup_forgotten", 0) < count / 2, "notes.dedup_forgotten")


def main():
    need_program()
    tap = Tap()
    tap.test("copies of a router's hop", same_records, tap, by_router)
    tap.test("copies of a hop, cut at 128 bytes", same_records, tap, by_router, 128)
    tap.test("copies of three hops, each twice", same_records, tap, by_routers)
    tap.test("both directions of a mirror", same_records, tap, by_mirror)
    tap.test("no copies", drops_none, tap, copied(by_router)[0])
    tap.test("retransmissions", drops_none, tap, retransmitted())
    tap.test("windows", windows, tap)
    tap.test("rules choose from what is no duplicate", sampled, tap)
    tap.test("a clock that starts again", restarted, tap)
    tap.test("tunnels", tunnelled, tap)
    tap.test("mirrored frames", mirrored, tap)
    tap.test("copies of many packets", remembered, tap, 20_000, 0)
    tap.test("copies of more packets than the first buckets hold", remembered, tap, 90_000, 1000)
    tap.test("more than there is room for", forgotten, tap)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
