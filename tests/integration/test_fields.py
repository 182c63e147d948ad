#!/usr/bin/env python3
"""Each collector reads back, field by field, what spanflow's own JSON says.

One capture of many kinds of flows goes out in every format and layout; nfcapd with nfdump, nfacctd,
tshark, ipfixDump, python3-ipfix and the npm package node-netflowv9 read what they can read of it.
A collector that is not installed, and a package that cannot be fetched, is a test that is skipped.

usage: test_fields.py [WORD...]    only cases with such a word in their name
"""
import os
import socket
import subprocess
import sys
from collections import namedtuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import fields
import kinds
import readers
from collectors import bounded
from fields import Known
from harness import Export, Skip, Tap, ledger_faults, need_program
from readers import Channel

OLD, TEMPLATED = ("1", "5", "7"), ("9", "ipfix")
# What each layout goes out in.  A list has what collectors are known to read, and what few do.
LAYOUTS = {
    "default": OLD + TEMPLATED,
    "minimal": TEMPLATED,
    "full": TEMPLATED,
    "sourceIPv4Address,sourceIPv6Address,packetDeltaCount": TEMPLATED,
    "destinationTransportPort,protocolIdentifier,octetDeltaCount,packetDeltaCount": TEMPLATED,
    "sourceIPv6Address,sourceIPv4Address,destinationMacAddress,sourceMacAddress,minimumTTL,maximumTTL,flowLabelIPv6,"
    "packetDeltaCount,octetDeltaCount,flowDirection": TEMPLATED,
    "sourceIPv4Address,sourceIPv6Address,packetDeltaCount,octetDeltaCount,flowStartSeconds,flowEndSeconds": ("ipfix",),
    "sourceIPv4Address,sourceIPv6Address,packetDeltaCount,octetDeltaCount,flowStartMicroseconds,flowEndMicroseconds":
        ("ipfix",),
    "sourceIPv4Address,sourceIPv6Address,packetDeltaCount,octetDeltaCount,flowStartNanoseconds,flowEndNanoseconds":
        ("ipfix",),
    "sourceIPv4Address,sourceIPv6Address,protocolIdentifier,dot1qVlanId,dot1qCustomerVlanId,packetDeltaCount,octetDeltaCount,"
    "tcpControlBits,tcpWindowSize,tcpSequenceNumber,fragmentFlags,minimumIpTotalLength,maximumIpTotalLength":
        ("ipfix",),
}


def low_octet(record, _channel):
    return record["tcpControlBits"] & 0xff


def nothing(_record, _channel):
    return 0


def ports_of_tcp_udp_icmp(name):
    return lambda record, _channel: record[name] if record["protocolIdentifier"] in (1, 6, 17) else 0


def next_second(name):
    return lambda record, _channel: -(-record[name] // 1000) * 1000


def whole_seconds(name, unit):
    return lambda record, _channel: record[name] // unit * unit


def from_1900(name, unit):
    """With the 70 years between NTP's first second and 1970's."""
    return lambda record, _channel: record[name] + 2_208_988_800 * unit


def backwards(name):
    """Octets in the other order."""
    return lambda record, _channel: "0x" + bytes.fromhex(record[name][2:])[::-1].hex()


# What a collector cannot read at all: told by a predicate on a channel's layout.
Unreadable = namedtuple("Unreadable", "collector formats layout reason")
UNREADABLE = (
    Unreadable("python3-ipfix", ("9",), lambda layout: layout == "full" or "flowLabelIPv6" in layout,
               "it knows no number of three octets, which RFC 3954 has for the flow label"),
    Unreadable("nfacctd", ("9", "ipfix"), lambda layout: "," in layout and "IPv" not in layout,
               "it drops records without addresses"),
    Unreadable("nfacctd", ("ipfix",), lambda layout: "Microseconds" in layout or "Nanoseconds" in layout,
               "of dates in NTP format it takes the Export Time instead"),
)
KNOWN = (
    Known("nfdump", ("9",), "icmpTypeCodeIPv6", nothing,
          "nfdump 1.7.1 reads element 139 in IPFIX only; of v9 it knows ICMP's 32 alone"),
    Known("nfdump", ("ipfix",), "tcpControlBits", low_octet,
          "nfdump keeps the eight flags of RFC 793"),
    Known("nfacctd", ("ipfix",), "tcpControlBits", nothing,
          "nfacctd 1.7.7 reads flags from a field of one octet, and 0 from one of two; RFC 9565 has twelve bits"),
    Known("nfacctd", ("1", "5", "7"), "sourceTransportPort", ports_of_tcp_udp_icmp("sourceTransportPort"),
          "nfacctd takes ports from these formats for TCP, UDP and ICMP only"),
    Known("nfacctd", ("1", "5", "7"), "destinationTransportPort", ports_of_tcp_udp_icmp("destinationTransportPort"),
          "the same"),
    Known("nfacctd", ("1", "5", "7", "9"), "flowStartMilliseconds", next_second("flowStartMilliseconds"),
          "nfacctd takes whole seconds of age from the header's seconds"),
    Known("nfacctd", ("1", "5", "7", "9"), "flowEndMilliseconds", next_second("flowEndMilliseconds"),
          "the same"),
) + tuple(Known("nfdump", ("ipfix",), "flow%s%s" % (edge, unit), nothing, "nfdump 1.7.1 reads dates in ms only")
          for edge in ("Start", "End") for unit in ("Seconds", "Microseconds", "Nanoseconds")) + tuple(
    Known("ipfixDump", ("ipfix",), "flow%s%s" % (edge, name), whole_seconds("flow%s%s" % (edge, name), unit),
          "ipfixDump 2.4 shows dates in NTP format without their fraction")
    for edge in ("Start", "End") for name, unit in (("Microseconds", 1_000_000), ("Nanoseconds", 1_000_000_000))) + tuple(
    Known("ipfixDump", ("ipfix",), name, backwards(name), "ipfixDump 2.4 shows octets as a little-endian number")
    for name in ("mplsTopLabelStackSection", "mplsLabelStackSection2", "mplsLabelStackSection3")) + tuple(
    Known("python3-ipfix", ("ipfix",), "flow%s%s" % (edge, name), from_1900("flow%s%s" % (edge, name), unit),
          "python3-ipfix 0.9.7 counts dates in NTP format from 1970")
    for edge in ("Start", "End") for name, unit in (("Microseconds", 1_000_000), ("Nanoseconds", 1_000_000_000)))


def unreadable(collector, channel):
    return any(entry.collector == collector and channel.fmt in entry.formats and entry.layout(channel.layout)
               for entry in UNREADABLE)


# --- sending ----------------------------------------------------------------------

class Sent:
    """The capture sent in every format, once for each layout."""

    def __init__(self, capture):
        self.capture, self.channels, self.wanted = capture, [], []

    def send(self, case, layout, capture=None):
        records = LAYOUTS.get(layout) and layout
        export = Export([capture or self.capture], {"records": records} if records else {}, LAYOUTS.get(layout, OLD + TEMPLATED),
                        extra=["-q"])
        case.equal(export.result.status, 0, f"{layout}: exit status ({export.result.stderr.strip()[:300]})")
        case.none(ledger_faults(export.stats) + export.delivery_faults(), layout)
        for fmt, datagrams in export.datagrams.items():
            self.channels.append(Channel(fmt, layout, datagrams))
            self.wanted.append(export.result.records())

    def of(self, collector):
        """(channel, JSON records) of the formats that a collector reads."""
        return [(c, w) for c, w in zip(self.channels, self.wanted)
                if c.fmt in readers.FORMATS[collector] and not unreadable(collector, c)]


def all_sent(case, tap, sent):
    for layout in LAYOUTS:
        sent.send(case, layout)
    sent.send(case, "1999", kinds.write(tap.path("old.pcap"), kinds.LAST_CENTURY))
    case.true(all(len(records) > 200 for records in sent.wanted), "the capture has few flows")


def read_back(case, tap, sent, collector):
    why = readers.absent(collector)
    if why:
        raise Skip(why)
    if not sent.channels:
        raise Skip("nothing was sent, see above")
    pairs = sent.of(collector)
    channels = [channel for channel, _ in pairs]
    comparison = fields.Comparison(collector, KNOWN)
    directory = tap.path(collector)
    os.makedirs(directory)
    for (channel, wanted), got in zip(pairs, readers.READERS[collector](channels, directory)):
        comparison.channel(channel, got, wanted)
    case.none(comparison.finish(channels), collector, 20)
    for note in comparison.notes:
        print("# " + note)
    print("# %s: %s" % (collector, " ".join("%s %d" % item for item in sorted(comparison.compared.items()))))


def node_and_v7(case, tap, sent):
    """node-netflowv9 reads v7's records of 52 octets in steps of 48, and runs over the datagram's end."""
    why = readers.absent("node-netflowv9")
    if why:
        raise Skip(why)
    channel = next(c for c in sent.channels if c.fmt == "7")
    directory = tap.path("node-v7")
    os.makedirs(directory)
    with readers.NodeCollector(directory) as node:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(channel.messages[0], ("127.0.0.1", node.port))
        try:
            status = node.child.wait(5)
        except subprocess.TimeoutExpired:
            print("# node-netflowv9 gets through v7: add it to readers.FORMATS")
            return
        case.true(status == 3 and "threw RangeError" in node.messages(), f"status {status}: {node.messages()}")


def main():
    need_program()
    bounded(300)
    tap = Tap()
    try:
        sent = Sent(kinds.write(tap.path("kinds.pcap")))
        tap.test("many kinds of flows are sent in every format and layout", all_sent, tap, sent)
        for collector in readers.READERS:
            tap.test(f"{collector} reads back {' '.join(readers.FORMATS[collector])}", read_back, tap, sent, collector)
        tap.test("node-netflowv9 cannot read v7", node_and_v7, tap, sent)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
