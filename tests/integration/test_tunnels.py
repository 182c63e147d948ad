#!/usr/bin/env python3
"""Tunnels as users meet them: --decap, what records and the ledger say then.

Promises: each capture has the same packets inside, so that every tunnel gives the same flows, which
are the ones of the packets without a tunnel; the outer headers come back without --decap; flows of
overlay networks are told apart by layer2SegmentId, in IPFIX as in JSON; what is not looked into is
noted, all of a packet's fragments; a mirrored frame is judged by itself.
"""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen                                                                     # noqa: E402
import wire                                                                        # noqa: E402
from harness import Sink, Tap, ledger_faults, need_program, run                    # noqa: E402
from packets import arp                                                            # noqa: E402
from pcapgen import EPOCH, MS, TCP, UDP, eth, ipv4, ipv6, pkt, tcp, udp            # noqa: E402

GRE, IPIP, IP6, L2TP, SYN = 47, 4, 41, 115, 2
KEYS = ("sourceIPv4Address sourceIPv6Address destinationIPv4Address destinationIPv6Address protocolIdentifier"
        " sourceTransportPort destinationTransportPort packetDeltaCount octetDeltaCount tcpControlBits").split()


def outer(payload, proto, version=4):
    if version == 4:
        return ipv4("192.0.2.1", "192.0.2.2", proto, payload)
    return ipv6("2001:db8::1", "2001:db8::2", proto, payload)


def in_udp(port, header, payload, sport=40000):
    return outer(udp(sport, port, header + payload), UDP)


def ethertype(packet):
    return 0x0800 if packet[0] >> 4 == 4 else 0x86dd


def frame(packet):
    return eth(packet, ethertype(packet), pad=0)


def gtp(packet):
    return struct.pack("!BBHI", 0x30, 255, len(packet), 7)


# Name of --decap, and a packet in such a tunnel.
TUNNELS = [
    ("ipip", lambda p: outer(p, IPIP if p[0] >> 4 == 4 else IP6)),
    ("ipip", lambda p: outer(p, IPIP if p[0] >> 4 == 4 else IP6, 6)),
    ("gre", lambda p: outer(struct.pack("!HH", 0, ethertype(p)) + p, GRE)),
    ("gre", lambda p: outer(struct.pack("!HHIII", 0xb000, ethertype(p), 0, 5, 6) + p, GRE, 6)),
    ("gre", lambda p: outer(struct.pack("!HH", 0, 0x6558) + frame(p), GRE)),
    ("erspan", lambda p: outer(struct.pack("!HH", 0, 0x88be) + frame(p), GRE)),
    ("erspan", lambda p: outer(struct.pack("!HHIII", 0x1000, 0x88be, 1, 1 << 28, 0) + frame(p), GRE)),
    ("erspan", lambda p: outer(struct.pack("!HHIIII", 0x1000, 0x22eb, 1, 2 << 28, 0, 0) + frame(p), GRE)),
    ("vxlan", lambda p: in_udp(4789, struct.pack("!II", 8 << 24, 5 << 8), frame(p))),
    ("vxlan", lambda p: in_udp(4790, struct.pack("!II", 12 << 24 | (1 if p[0] >> 4 == 4 else 2), 5 << 8), p)),
    ("geneve", lambda p: in_udp(6081, struct.pack("!IIQ", 2 << 24 | 0x6558, 5 << 8, 0), frame(p))),
    ("gtpu", lambda p: in_udp(2152, gtp(p), p)),
    ("l2tp", lambda p: outer(struct.pack("!III", 1, 0xdeadbeef, 0) + frame(p), L2TP)),
]


def inside():
    """Some packets of a few flows."""
    for i in range(40):
        yield ipv4("10.0.0.%d" % (i % 4 + 1), "10.0.1.1", TCP, tcp(1000 + i % 3, 80, SYN if i < 12 else 16, b"x" * i))
        yield ipv6("fd00::%d" % (i % 4 + 1), "fd00::ff", UDP, udp(1000 + i % 3, 53, b"y" * i))


def write(tap, name, packets):
    path = tap.path(name)
    pcapgen.write_pcap(path, [pkt(EPOCH + i * MS, packet) for i, packet in enumerate(packets)])
    return path


def metered(path, *options):
    """The flows and the ledger, which must add up."""
    done = run(["-r", path, "-o", "json", "--stats=json"] + list(options))
    if done.status != 0 or ledger_faults(done.stats):
        raise AssertionError("status %d, %s: %s" % (done.status, done.stderr, ledger_faults(done.stats)))
    return done.records(), done.stats


def flows(records):
    return sorted(str([r.get(key) for key in KEYS]) for r in records)


def same_flows_in_each_tunnel(case, tap):
    plain, stats = metered(write(tap, "plain", [frame(p) for p in inside()]))
    octets = stats["octets"]["metered"]
    case.equal(octets, sum(map(len, inside())), "octets")
    for number, (name, wrap) in enumerate(TUNNELS):
        path = write(tap, "tunnel-%d" % number, [frame(wrap(p)) for p in inside()])
        for options in ("--decap=" + name, "--decap=none," + name, "--decap=all"):
            records, stats = metered(path, options)
            case.equal(flows(records), flows(plain), "%d, %s: flows" % (number, options))
            case.equal(stats["octets"]["metered"], octets, "%d, %s: octets" % (number, options))
            case.equal(stats["notes"], {}, "%d, %s: notes" % (number, options))
        records, stats = metered(path)
        case.equal(sum(r["octetDeltaCount"] for r in records), sum(len(wrap(p)) for p in inside()), "%d: outer" % number)
        case.true(all(r["protocolIdentifier"] in (IPIP, IP6, UDP, GRE, L2TP) for r in records), "%d: outer" % number)


def tenants_of_the_same_addresses(case, tap):
    packet = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2))
    path = write(tap, "tenants", [frame(in_udp(4789, struct.pack("!II", 8 << 24, vni << 8), frame(packet)))
                                  for vni in (7, 8, 7, 0xffffff)])
    records, _ = metered(path, "--decap=vxlan")
    got = sorted((r["layer2SegmentId"], r["packetDeltaCount"]) for r in records)
    case.equal(got, [("0x0100000000000007", 2), ("0x0100000000000008", 1), ("0x0100000000ffffff", 1)], "segments")
    records, _ = metered(path)
    case.true("layer2SegmentId" not in records[0], "there is a segment without --decap")
    sink = Sink()
    run(["-r", path, "-n", "127.0.0.1:%d" % sink.port, "--decap=vxlan"])
    sink.stop()
    session = wire.open_session("ipfix", layout=None).feed_all(sink.datagrams)
    case.equal(sum(any(e == 351 and size == 8 for e, size in t.fields) for t in session.templates.values()), 4,
               "templates with the element")


def mirrored_frames_are_the_packets(case, tap):
    head = struct.pack("!HHIII", 0x1000, 0x88be, 1, 1 << 28, 0)
    frames = [frame(ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2))), eth(arp(), 0x0806), frame(b"\x45\0\0\x14")]
    path = write(tap, "mirror", [frame(outer(head + f, GRE)) for f in frames])
    records, stats = metered(path, "--decap=erspan")
    case.equal(len(records), 1, "records")
    case.equal((stats["packets"]["ignored"]["arp"], stats["packets"]["ignored"]["truncated"]), (1, 1), "ignored")
    case.equal(stats["notes"], {}, "notes")


def what_is_not_looked_into_is_noted(case, tap):
    packet = outer(struct.pack("!HH", 0, 0x0806) + arp(), GRE)
    fragment = ipv4("192.0.2.1", "192.0.2.2", GRE, b"\0\0\x08\0" + bytes(24), more=True)
    deep = ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2))
    for _ in range(9):
        deep = outer(deep, IPIP)
    path = write(tap, "noted", [frame(packet), frame(fragment), frame(deep)])
    records, stats = metered(path, "--decap=all")
    case.equal(stats["notes"], {"tunnel_not_ip": 1, "tunnel_fragment": 1, "tunnel_limit": 1}, "notes")
    case.equal(sorted(r["octetDeltaCount"] for r in records), sorted([48, len(packet) + len(fragment)]), "octets")
    case.equal(metered(path)[1]["notes"], {}, "notes without --decap")


def fragments(inner):
    """A VXLAN packet's, as its sender's IP makes them."""
    packet = udp(40000, 4789, struct.pack("!II", 8 << 24, 5 << 8) + frame(inner))
    return [ipv4("192.0.2.1", "192.0.2.2", UDP, packet[at:at + 64], ident=7, offset=at // 8, more=at + 64 < len(packet))
            for at in range(0, len(packet), 64)]


def all_fragments_of_a_tunnel_are_noted(case, tap):
    pieces = fragments(ipv4("10.0.0.1", "10.0.0.2", UDP, udp(1, 2, b"z" * 200)))
    path = write(tap, "fragments", [frame(piece) for piece in pieces])
    records, stats = metered(path, "--decap=vxlan")
    case.equal([(r["destinationTransportPort"], r["packetDeltaCount"]) for r in records], [(4789, len(pieces))], "flows")
    case.equal(stats["notes"], {"tunnel_fragment": len(pieces)}, "notes")
    case.equal(metered(path, "--decap=gre")[1]["notes"], {}, "notes without --decap=vxlan")
    path = write(tap, "orphans", [frame(piece) for piece in pieces[1:]])
    case.equal(metered(path, "--decap=vxlan")[1]["notes"], {"fragment_orphan": len(pieces) - 1}, "notes of orphans")


def wrong_names(case, _):
    for value in ("", "vxlans", "vxlan,none", "vxlan,"):
        done = run(["-r", "x", "--decap=" + value])
        case.equal(done.status, 2, "'%s': exit status" % value)
        case.true(done.stderr.startswith("spanflow: --decap: '%s' is not allowed: all, none, or erspan" % value),
                  done.stderr)


def main():
    need_program()
    tap = Tap()
    for name, function in (("each tunnel has the flows of the packets in it", same_flows_in_each_tunnel),
                           ("tenants of the same addresses", tenants_of_the_same_addresses),
                           ("mirrored frames are the packets", mirrored_frames_are_the_packets),
                           ("what is not looked into is noted", what_is_not_looked_into_is_noted),
                           ("all fragments of a tunnel's packet are noted", all_fragments_of_a_tunnel_are_noted),
                           ("names that are none", wrong_names)):
        tap.test(name, function, tap)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
