#!/usr/bin/env python3
"""Each reason to ignore a packet, and each note, can occur: a packet for every name in decode/pktinfo.h.

A name that the program cannot count any more, or has no packet here, is a failure.
"""
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import pcapgen as gen                                                              # noqa: E402
from harness import ROOT, Tap, ledger_faults, need_program, run                    # noqa: E402

PPP, TOKEN_RING, CISCO_HDLC, WLAN, FRAME_RELAY, COOKED, RADIOTAP, JUNIPER, USB, ERF = 9, 6, 104, 105, 107, 113, 127, 178, 189, 197
IPIP, GRE = 4, 47
ELSEWHERE = {
    "own_export": "only live: test_live.py",
    "dedup_forgotten": "takes more packets than are good for a file: unit/meter/test_dedup.c",
}

# --- what is ignored ---------------------------------------------------------------

ETHERTYPES = {
    "non_ip": 0x1234, "arp": 0x0806, "lldp": 0x88cc, "lacp": 0x8809, "oam": 0x8902, "pause": 0x8808, "eapol": 0x888e, "mrp": 0x88f5,
    "ptp": 0x88f7, "loopback": 0x9000, "wake_on_lan": 0x0842, "avtp": 0x22f0, "industrial": 0x8892, "storage": 0x8906,
    "roce": 0x8915, "tipc": 0x88ca, "batman": 0x4305, "homeplug": 0x88e1, "realtek": 0x8899, "microsoft": 0x886f, "ipx": 0x8137,
    "appletalk": 0x809b, "decnet": 0x6003, "sna": 0x80d5, "pppoe": 0x8863,
}
LABEL = b"\0\1\1\x40"
WLAN_REST = bytes(22)
# (link type, octets)
PACKETS = {
    **{name: (gen.ETHERNET, gen.eth(b"", ethertype)) for name, ethertype in ETHERTYPES.items()},
    "malformed": (gen.ETHERNET, gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(7, 9), total=19))),
    "truncated": (gen.ETHERNET, gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP))[:14 + 19]),
    "header_limit": (gen.ETHERNET, gen.eth(b"", vlans=[(0x8100, 7)] * 17)),
    "stp": (gen.ETHERNET, gen.llc(b"")),
    "netbios": (gen.ETHERNET, gen.llc(b"", sap=(0xf0, 0xf0))),
    "isis": (gen.ETHERNET, gen.llc(b"", sap=(0xfe, 0xfe))),
    "llc": (gen.ETHERNET, gen.llc(b"", sap=(0x10, 0x10))),
    "cdp": (gen.ETHERNET, gen.snap(b"", 0x2000, oui=b"\0\0\x0c")),
    "cisco": (gen.ETHERNET, gen.snap(b"", 0x2003, oui=b"\0\0\x0c")),
    "mpls": (gen.ETHERNET, gen.eth(LABEL + b"\x21" * 40, 0x8847)),
    "mpls_oam": (gen.ETHERNET, gen.eth(LABEL + b"\x10\0\0\x07", 0x8847)),
    "nsh": (gen.ETHERNET, gen.eth(b"\x0f\xc6\1\x09\0\0\1\xff", 0x894f)),
    "macsec": (gen.ETHERNET, gen.eth(b"\x0c\0\0\0\0\1", 0x88e5)),
    "link_type": (USB, bytes(64)),
    "ppp_control": (PPP, b"\xff\3\xc0\x21"),
    "ppp_multilink": (PPP, b"\xff\3\0\x3d"),
    "ppp_compressed": (PPP, b"\xff\3\0\xfd"),
    "ppp_other": (PPP, b"\xff\3\0\x41"),
    "slarp": (CISCO_HDLC, b"\x8f\0\x80\x35"),
    "frame_relay": (FRAME_RELAY, b"\x18\x41\3\x08"),
    "mac_frame": (TOKEN_RING, bytes(14)),
    "wlan_management": (WLAN, b"\x80\0" + WLAN_REST),
    "wlan_control": (WLAN, b"\xd4\0" + WLAN_REST),
    "wlan_no_data": (WLAN, b"\x48\0" + WLAN_REST),
    "wlan_protected": (WLAN, b"\x08\x41" + WLAN_REST),
    "wlan_fragment": (WLAN, b"\x08\1" + bytes(20) + b"\1\0"),
    "wlan_amsdu": (WLAN, b"\x88\1" + WLAN_REST + b"\x80\0"),
    "wlan_other": (WLAN, b"\1\0" + WLAN_REST),
    "wlan_bad_fcs": (RADIOTAP, b"\0\0\x09\0\2\0\0\0\x40"),
    "netlink": (COOKED, struct.pack("!HHH8xH", 4, 824, 0, 0)),
    "erf": (ERF, bytes(8) + b"\x15\0\0\x10\0\0\0\x40"),
    "juniper": (JUNIPER, bytes(8)),
    "duplicate": (gen.ETHERNET, gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(7, 9)))),
}


def write_interfaces(path, packets):
    """A pcapng file where each packet has an interface of its own, of its link type."""
    with open(path, "wb") as out:
        out.write(gen.block("<", 0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        for linktype, _ in packets:
            out.write(gen.interface_block("<", linktype, 0, None))
        for i, (_, data) in enumerate(packets):
            out.write(gen.packet_block("<", gen.pkt(gen.EPOCH, data, ifid=i), 0, None, False))


def ignored(case, path):
    """All at once; the copy of a packet is that of the last one."""
    write_interfaces(path, [*PACKETS.values(), PACKETS["duplicate"]])
    done = run(["-r", path, "-o", "json", "--stats=json", "--dedup"])
    case.none(ledger_faults(done.stats), "ledger")
    counted = {name: n for name, n in done.stats["packets"]["ignored"].items() if n}
    case.equal(counted, dict.fromkeys(PACKETS, 1), "packets.ignored")
    case.equal(done.stats["packets"]["metered"], 1, "packets.metered")


# --- notes ---------------------------------------------------------------------------

def ipv4(proto, body, **fields):
    return gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", proto, body, **fields), pad=0)


def ipv6(headers, proto, body, **fields):
    first, rest = gen.chain(headers, proto, body)
    return gen.eth(gen.ipv6("fd00::1", "fd00::2", first, rest, **fields), 0x86dd, pad=0)


def nested(depth):
    packet = gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(7, 9))
    for _ in range(depth):
        packet = gen.ipv4("10.0.0.3", "10.0.0.4", IPIP, packet)
    return gen.eth(packet)


def at_once(*frames):
    return [gen.pkt(gen.EPOCH, frame) for frame in frames]


# What the packets are, and options.
NOTES = {
    "length_lies": (at_once(ipv4(gen.UDP, gen.udp(7, 9), total=1500)), ()),
    "length_zero": (at_once(ipv4(gen.UDP, gen.udp(7, 9), total=0)), ()),
    "jumbo_length": (at_once(ipv6([(gen.HOPOPT, gen.jumbo_body(16))], gen.UDP, gen.udp(7, 9), length=0)), ()),
    "tcp_header_length": (at_once(ipv4(gen.TCP, bytes(20))), ()),
    "udp_length": (at_once(ipv4(gen.UDP, struct.pack("!HHHH", 7, 9, 100, 0))), ()),
    "header_limit": (at_once(ipv6([(gen.DSTOPT, gen.options_body(8))] * 257, gen.UDP, gen.udp(7, 9))), ()),
    "tunnel_not_ip": (at_once(ipv4(GRE, b"\0\0\x12\x34")), ("--decap=gre",)),
    "tunnel_limit": (at_once(nested(9)), ("--decap=ipip",)),
    "tunnel_fragment": (at_once(ipv4(IPIP, bytes(32), more=True)), ("--decap=ipip",)),
    "fragment_tiny": (at_once(ipv4(gen.TCP, gen.tcp(7, 9, gen.SYN)[:16], more=True)), ()),
    "fragment_overlap": (at_once(ipv4(gen.UDP, bytes(32), more=True), ipv4(gen.UDP, bytes(32), offset=2)), ()),
    "fragment_orphan": (at_once(ipv4(gen.UDP, bytes(32), offset=2)), ()),
    "fragment_forgotten": (at_once(*(ipv4(gen.UDP, bytes(32), more=True, ident=i) for i in range(1 << 16))), ()),
    "no_time": ([gen.pkt(0, ipv4(gen.UDP, gen.udp(7, 9)))], ()),
    "clock_restarts": ([gen.pkt(gen.EPOCH - i * 61 * gen.SECOND, ipv4(gen.UDP, gen.udp(7, 9))) for i in range(2)], ()),
    "time_shifted": (at_once(ipv4(gen.UDP, gen.udp(7, 9))), ("--time=now",)),
}


def noted(case, path, name):
    packets, options = NOTES[name]
    gen.write_pcap(path, packets)
    done = run(["-r", path, "-o", "csv:/dev/null", "--stats=json", *options])
    case.none(ledger_faults(done.stats), "ledger")
    case.equal(done.stats["packets"]["metered"], len(packets), "packets.metered")
    case.equal({what for what, n in done.stats["notes"].items() if n}, {name}, "notes")


# --- all -------------------------------------------------------------------------------

def names():
    """All that pktinfo.h has a counter for: reasons, notes."""
    with open(os.path.join(ROOT, "src", "decode", "pktinfo.h"), encoding="utf-8") as header:
        reasons, notes = header.read().split("#define NOTES(X)")
    return tuple(set(re.findall(r"X\([A-Z0-9_]+, (\w+)\)", text)) for text in (reasons, notes))


def main():
    need_program()
    tap = Tap()
    with tap.case("every name has a packet here, or is tried elsewhere") as case:
        for had, wanted in zip((PACKETS, NOTES), names()):
            case.equal(set(had) ^ wanted, wanted & set(ELSEWHERE), "names")
    tap.test("packets are ignored for each reason", ignored, tap.path("reasons.pcapng"))
    for name in NOTES:
        tap.test("packets are noted as " + name, noted, tap.path(name), name)
    return tap.status()


sys.exit(main())
