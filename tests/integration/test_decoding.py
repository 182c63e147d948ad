#!/usr/bin/env python3
"""The captures of pcaps/encapsulations, each decoded by tshark and by spanflow: the same flows.

Of each capture what spanflow prints is summed per key and compared with what tests/support/independent.py
makes of tshark's decoding: packets, octets, TCP flags, first and last time; once with the outermost IP
header and once with the innermost, and with options that a capture is for.  Where they differ, the table DIFFERENCES says how, packet by
packet, and which standard or section of the manual decides it; a difference that does not occur
any more is a failure.  Captures that carry the same conversation must give the same totals, which
stand here, written by hand.  Every packet is in the ledger, those without IP under their names, and what was odd is noted.

usage: test_decoding.py [WORD...]    only captures with such a word in their name
"""
import concurrent.futures
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import independent
import records
from harness import ROOT, Tap, ledger_faults, need_program
from independent import Key, add

CAPTURES = os.path.join(ROOT, "pcaps", "encapsulations")


# --- the conversation of pcaps/recipes/common.py ------------------------------------------------

A, B, A6, B6 = "192.0.2.1", "198.51.100.2", "2001:db8::1", "2001:db8:ffff::2"
TO_B, TO_A = Key(0, A, B, 6, 40001, 443, 46), Key(0, B, A, 6, 443, 40001, 0)
QUERY, ANSWER = Key(0, A6, B6, 17, 40002, 53, 10), Key(0, B6, A6, 17, 53, 40002, 0)
ECHO, ECHO6 = Key(0, A, B, 1, 0, 0x0800, 0), Key(0, B6, A6, 58, 0, 0x8100, 0)
# What each of its packets counts: key, octets, flags.
TALK = [(TO_B, 40, 0x02), (TO_A, 40, 0x52), (TO_B, 47, 0x18), (QUERY, 53, 0), (ANSWER, 57, 0),
        (QUERY, 61, 0), (ECHO, 32, 0), (ECHO6, 53, 0), (TO_B, 40, 0x11)]
TALK4 = [each for each in TALK if "." in each[0].src]
TALK6 = [each for each in TALK if ":" in each[0].src]

# Captures that say something else, and those that say a part of it.
OTHER = {"refused-802154", "refused-usb", "macsec-encrypted", "not-ip", "icmp-quotes-tunnel", "ipv4-options", "source-route",
         "ipv6-extensions", "ipv6-jumbogram", "fragments", "fragments-disordered", "fragments-tiny", "fragments-overlapping",
         "fragments-extensions", "length-lies", "broken-headers", "length-zero", "cut-by-snaplen", "transports", "copies"}
PARTS = {"raw-ipv4": TALK4, "ip-in-ip": TALK4, "4in6": TALK4, "raw-ipv6": TALK6, "6in4": TALK6, "6in6": TALK6, "teredo": TALK6}


def numbered(packets, before=0):
    """{number: packet}; `before`: how many others come before the fifth."""
    return {n + before * (n > 4): each for n, each in enumerate(packets, 1)}


# --- how captures are read ------------------------------------------------------------------------

# Options, and which IP header counts with them.
WAYS = {"outer": (records.LAYERS["outer"], "outer"), "inner": (records.LAYERS["inner"], "inner"),
        "--dedup": (("--dedup",), "outer"), "--fragments=off": (("--fragments=off",), "outer"),
        "--lengths=header": (("--lengths=header",), "outer")}
MORE_WAYS = {"copies": ("--dedup",), "length-lies": ("--lengths=header",), "fragments": ("--fragments=off",),
             "fragments-disordered": ("--fragments=off",), "fragments-extensions": ("--fragments=off",)}


# --- what differs, and why ----------------------------------------------------------------------

UDP, UDP6, TCP, TCP6 = (Key(0, src, dst, protocol, 1000, 2000, 0)
                        for protocol in (17, 6) for src, dst in ((A, B), (A6, B6)))

# (capture, ways): the reason, {number of the packet: what it counts, None: not metered}.
DIFFERENCES = {
    ("length-lies", "outer inner"): (
        "tshark believes the header: spanflow(8), What a packet counts, Bytes", {1: (UDP, 68, 0), 4: (UDP6, 88, 0)}),
    ("length-zero", "outer inner"): (
        "tshark takes 0 for a length: spanflow(8), What a packet counts, Bytes",
        {1: (TCP, 70_000 - 14, 0x18), 2: (TCP6, 90_000 - 14, 0x18)}),
    ("cut-by-snaplen", "outer inner"): (
        "tshark's flags need the whole header, its ICMP one octet: spanflow(8), Packets that are not metered",
        {4: (TCP, 1040, 0x18), 6: (Key(0, A6, B6, 58, 0, 0, 0), 242, 0)}),
    ("copies", "--dedup"): ("tshark knows no copies: spanflow(8), Duplicates", {n: None for n in range(2, 20, 2)}),
    ("slip", "outer inner"): ("tshark does not decode this link type: RFC 1055", numbered(TALK)),
    ("l2tp-v3-ip", "inner"): (
        "tshark needs the control messages for what is in the session: RFC 3931, section 4.1", numbered(TALK, 1)),
    ("l2tp-v3-udp", "inner"): (
        "tshark needs the control messages for what is in the session: RFC 3931, section 4.1", numbered(TALK)),
}
DIFFERENCES["capwap", "inner"] = (
    "tshark takes the first octets of 802.11 in Cisco's order, RFC 5415 as they are",
    {n: each for n, each in numbered(TALK, 1).items() if (n - 1 - (n > 5)) % 3 < 2})
for _type in (1, 2, 3):
    DIFFERENCES["erspan-%d" % _type, "inner"] = (
        "what is mirrored is the packet, ARP too: spanflow(8), Tunnels",
        {5: None, 3: (TO_B._replace(vlan=10), 47, 0x18)} if _type == 2 else {5: None})
# Captures that tshark does not read, and those with the same packets.
UNREADABLE = {"compressed.pcap.xz": "compressed.pcap.gz"}
# What tshark shows as packets and is none: a custom block.
NO_PACKETS = {"pcapng-interfaces": {6}}
# Packets that are not metered, by their reason, with the outermost IP header; those of many captures first.
IGNORED = {
    **dict.fromkeys(("arcnet", "arista-timestamp", "atm-rfc1483", "cisco-metadata", "compressed", "cooked-v1", "cooked-v2", "e-tag",
                     "erf", "erf-file", "ethernet", "fabricpath", "hsr", "infiniband-ip", "isl", "juniper-ethernet",
                     "macsec-integrity", "mpls-pseudowire", "pbb", "pcap-big-endian", "pcapng-big-endian", "pcapng-simple",
                     "pktap", "trill", "vlan", "vlan-802.1ad", "vlan-9100", "vlan-three", "vn-tag"), {"arp": 1}),
    **dict.fromkeys(("avs", "ppi", "prism", "radiotap-fcs"), {"wlan_management": 1}),
    **dict.fromkeys(("cisco-hdlc", "ppp-hdlc-cisco"), {"slarp": 1}),
    **dict.fromkeys(("ppp", "ppp-ether", "ppp-hdlc"), {"ppp_control": 1}),
    **dict.fromkeys(("loop", "null-big-endian", "null-little-endian"), {"isis": 1}),
    **dict.fromkeys(("mpls-1", "mpls-3", "mpls-8"), {"mpls": 1}),
    **dict.fromkeys(("raw-ip", "raw-ip-12"), {"malformed": 1}),
    **dict.fromkeys(("fddi", "token-ring"), {"mac_frame": 1}),
    "broken-headers": {"malformed": 5, "truncated": 2},
    "ethernet-llc": {"stp": 1},
    "frame-relay": {"frame_relay": 1},
    "macsec-encrypted": {"macsec": 2},
    "mpls-pseudowire-cw": {"arp": 1, "mpls_oam": 1},
    "nflog": {"truncated": 1},
    "not-ip": {"arp": 1, "lldp": 1, "cdp": 1, "lacp": 1, "eapol": 1, "loopback": 1, "ipx": 1},
    "nsh": {"nsh": 1},
    "pppoe": {"pppoe": 1, "ppp_control": 1},
    "radiotap": {"wlan_management": 1, "wlan_protected": 1},
    "wifi": {"wlan_management": 1, "wlan_no_data": 1, "wlan_protected": 1},
}
# What was odd about those that are metered, likewise.
NOTES = {
    "fragments-disordered": {"fragment_orphan": 5},
    "fragments-overlapping": {"fragment_overlap": 3},
    "fragments-tiny": {"fragment_tiny": 2},
    "ipv6-jumbogram": {"udp_length": 1},        # 0 where 16 bits would hold it
    "length-lies": {"length_lies": 2, "udp_length": 2},
    "length-zero": {"length_zero": 2},
    "pcapng-simple": {"no_time": 3},
}
# Files of a link type that is not decoded: a message says so, and the exit status; no packet is read.
REFUSED = {"refused-802154", "refused-usb"}


def differences(name, way):
    """{number: what the packet counts} of a capture."""
    out = {}
    for (capture, ways), (_, instead) in DIFFERENCES.items():
        if capture == name and way in ways.split():
            out.update(instead)
    return out


# --- the comparison -------------------------------------------------------------------------------

def talk_faults(name, got):
    """Whatever it was wrapped in, the conversation is the same."""
    wanted, inside = {}, {}
    for key, octets, flags in PARTS.get(name, TALK):
        add(wanted, key, octets, flags, 0, 0)
    for key, total in got.items():
        if key._replace(vlan=0) in wanted:
            add(inside, key._replace(vlan=0), total.octets, total.flags, 0, 0, total.packets)
    return records.faults(inside, wanted)


def recipe(path):
    """The name of a capture without what tells of its format."""
    return re.sub(r"\.(pcap|pcapng|erf)(\.\w+)?$", "", os.path.basename(path))


def check(case, path, way, reading):
    name, (options, layer) = recipe(path), WAYS[way]
    read = [packet for packet in reading.result() if packet.number not in NO_PACKETS.get(name, ())]
    wanted, ignored, stale = independent.totals(read, layer, differences(name, way), way != "--fragments=off")
    done = records.meter(path, options)
    case.equal(done.status, 1 if name in REFUSED else 0, "exit status; it said %r" % done.stderr[:300])
    case.none(ledger_faults(done.stats), "ledger")
    if case.why:
        return
    if name in REFUSED:
        case.true("is not decoded" in done.stderr, "message: %r" % done.stderr[:300])
        read, ignored = [], 0
    got = records.sums(done.records())
    case.none(records.faults(got, wanted), "flow")
    case.none(stale, "a difference is no more")
    case.equal(done.stats["packets"]["received"], len(read), "packets received")
    case.equal(sum(done.stats["packets"]["ignored"].values()), ignored, "packets ignored")
    if way == "outer":
        reasons = {reason: count for reason, count in done.stats["packets"]["ignored"].items() if count}
        case.equal(reasons, IGNORED.get(name, {}), "packets ignored")
        case.equal(done.stats["notes"], NOTES.get(name, {}), "notes")
    if way == "inner" and name not in OTHER:
        case.none(talk_faults(name, got), "the conversation")


def main():
    need_program()
    tap = Tap()
    paths = sorted(path for path in glob.glob(os.path.join(CAPTURES, "*")) if not path.endswith(".md"))
    paths = [path for path in paths if any(tap.wants("%s: %s" % (os.path.basename(path), way)) for way in WAYS)]
    if independent.unusable():
        tap.skip("%d captures beside tshark" % len(paths), independent.unusable())
        return tap.status()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        readings = {}
        for path in paths:
            name = os.path.basename(path)
            readings[path] = pool.submit(independent.packets, os.path.join(CAPTURES, UNREADABLE.get(name, name)))
        for path, reading in readings.items():
            name = os.path.basename(path)
            for way in ("outer", "inner", *MORE_WAYS.get(recipe(path), ())):
                tap.test("%s: %s" % (name, way), check, path, way, reading)
    return tap.status()


sys.exit(main())
