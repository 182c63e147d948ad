#!/usr/bin/env python3
"""Collectors learn the sampling rate, and each habit of the options data has its reason.

The rate that nfdump, nfacctd and tshark report is N for 1-in-N and 1 unsampled, wherever they read one.
SPEC section 5 has an order and a shape for options data because collectors read them so: each reason
is tried here both ways, with spanflow's messages as they are and with the messages changed, so that
the habit can go when the last reason for it is gone ("# no longer needed").  goflow2 and Akvorado are
not at hand: what they ask for is checked with wire.py alone.

usage: test_options.py [WORD...]    only cases with such a word in their name
"""
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import collectors
import kinds
import pcapgen as gen
import readers
import wire
from collectors import Nfacctd, Nfcapd, bounded
from harness import Export, Skip, Tap, need_program
from readers import Channel

FORMATS = ("5", "9", "ipfix")
RULES = ((None, None, 1), ("deterministic:1", "deterministic", 1), ("deterministic:10", "deterministic", 10),
         ("random:10", "random", 10), ("random:100", "random", 100), ("deterministic:100", "deterministic", 100))


def need(name):
    why = readers.absent(name)
    if why:
        raise Skip(why)


def fresh(tap, name):
    path = tap.path(name)
    os.makedirs(path)
    return path


# --- sets of a message ------------------------------------------------------------

HEADER = {"9": 20, "ipfix": 16}
OPTIONS = {"9": 1, "ipfix": 3}


def sets(fmt, message):
    """[(set number, body)] of a message."""
    at, out = HEADER[fmt], []
    while at + 4 <= len(message):
        number, size = struct.unpack_from("!HH", message, at)
        out.append((number, message[at + 4:at + size]))
        at += size
    return out


def with_sets(fmt, message, changed):
    """The message with other sets.  v9's count of records is left: no collector here minds it."""
    body = b"".join(struct.pack("!HH", number, 4 + len(part)) + part for number, part in changed)
    if fmt == "9":
        return message[:20] + body
    return message[:2] + struct.pack("!H", 16 + len(body)) + message[4:16] + body


def first_changed(fmt, messages, change):
    """The channel with its first message's sets put through change()."""
    return Channel(fmt, "changed", [with_sets(fmt, messages[0], change(sets(fmt, messages[0])))] + messages[1:])


# --- rates ------------------------------------------------------------------------

class Rates:
    """A capture sent under each rule in each format."""

    def __init__(self, capture):
        self.capture, self.channels, self.rules, self.records = capture, [], [], []

    def send(self, case):
        for rule, mode, interval in RULES:
            export = Export([self.capture], {"sample": rule} if rule else {}, FORMATS, extra=["-q"])
            case.equal(export.result.status, 0, f"{rule}: exit status ({export.result.stderr.strip()[:200]})")
            for fmt in FORMATS:
                judge = wire.open_session(fmt, sampling=(mode, interval)).feed_all(export.datagrams[fmt])
                case.none(judge.errors, f"{fmt} {rule}")
                self.channels.append(Channel(fmt, str(rule), export.datagrams[fmt]))
                self.rules.append((mode, interval))
                self.records.append(judge.counts)

    def sent(self):
        if not self.channels:
            raise Skip("nothing was sent, see above")
        return list(zip(self.channels, self.rules, self.records))


def nfdump_samplers(directory):
    """{address: rate} of the exporters that nfcapd knows a sampler of."""
    out = {}
    for name in sorted(os.listdir(directory)):
        text = subprocess.run(["nfdump", "-E", os.path.join(directory, name)], stdout=subprocess.PIPE, text=True,
                              timeout=60, check=False).stdout
        for part in text.split("SysID:")[1:]:
            address = re.search(r"IP:\s+([0-9.]+)", part)
            sampler = re.search(r"packet interval: (\d+), packet space: (\d+)", part)
            if address and sampler:
                out[address[1]] = int(sampler[1]) + int(sampler[2])
    return out


def nfdump_rates(case, tap, rates):
    """From v5's header.  Of v9's and IPFIX's options data 1.7.1 reads {34} without 35, which nobody sends."""
    need("nfdump")
    sent = rates.sent()
    home = fresh(tap, "nfdump-rates")
    with Nfcapd(os.path.join(home, "nfcapd")) as nfcapd:
        readers.send(rates.channels, nfcapd.port)
        case.equal(nfcapd.finish(), 0, "datagrams that nfcapd lost")
    samplers, packets, reads = nfdump_samplers(nfcapd.directory), {}, set()
    for row in readers.nfdump_raw(nfcapd.directory):
        packets[row["ip exporter"]] = packets.get(row["ip exporter"], 0) + int(row["in packets"])
    for index, (channel, (_, interval), counts) in enumerate(sent):
        what, rate = f"{channel.fmt} {channel.layout}", samplers.get(readers.source(index))
        if rate is None:
            case.true(channel.fmt != "5", f"{what}: nfdump read no rate")
        else:
            reads.add(channel.fmt)
            case.equal(rate, interval, f"{what}: rate")
        case.equal(packets[readers.source(index)], counts["packets"] * (rate or 1), f"{what}: packets, scaled by nfcapd")
    print("# nfdump reads a rate from: %s" % " ".join(sorted(reads)))


def nfacctd_rates(case, tap, rates):
    need("nfacctd")
    sent = rates.sent()
    got = readers.read_nfacctd(rates.channels, fresh(tap, "nfacctd-rates"))
    for (channel, (_, interval), counts), rows in zip(sent, got):
        what = f"{channel.fmt} {channel.layout}"
        case.equal({row["sampling rate"] for row in rows}, {interval}, f"{what}: sampling_rate")
        case.equal(sum(row["packetDeltaCount"] for row in rows), counts["packets"], f"{what}: packets, not scaled")


def tshark_rates(case, tap, rates):
    need("tshark")
    sent = rates.sent()
    told = {}
    for address, cflow in readers.tshark_messages(rates.channels, fresh(tap, "tshark-rates")):
        told.setdefault(address, {}).update(readers.leaves(cflow))
    for index, (channel, (mode, interval), _) in enumerate(sent):
        values = {name: int(value, 0) for name, value in told[readers.source(index)].items()
                  if re.fullmatch("sampl.*(rate|mode|interval|algorithm|space|size|population)", name)}
        case.equal(values, tshark_wanted(channel.fmt, mode, interval), f"{channel.fmt} {channel.layout}")


def tshark_wanted(fmt, mode, interval):
    """What tshark's fields hold; of 1 in 1 the mode is that of counting, in v5 none."""
    random = mode == "random" and interval > 1
    if fmt == "5":
        return {"samplingmode": 0 if interval == 1 else 2 if random else 1, "samplerate": interval}
    first = {"sampling_interval": interval, "sampling_algorithm": 2 if random else 1}
    if fmt == "9":
        return {**first, "sampler_mode": 2 if random else 1, "sampler_random_interval": interval}
    if random:
        return {**first, "sampling_size": 1, "sampling_population": interval}
    return {**first, "sampling_packet_interval": 1, "sampling_packet_space": interval - 1}


# --- reasons ----------------------------------------------------------------------

def no_longer(habit, holds):
    """Says so when a habit's reason is gone."""
    if not holds:
        print("# no longer needed: " + habit)


def sampled(tap, fmt, options=None, **keys):
    """Messages of the capture of many kinds, sampled 1 in 10."""
    path = tap.path("kinds.pcap")
    if not os.path.exists(path):
        kinds.write(path)
    return Export([path], {"sample": "10", **(options or {})}, (fmt,), extra=["-q"], keys=keys).datagrams[fmt]


def first_message(case, tap, fmt):
    """goflow2 and Akvorado take the rate from the first message they get: both forms, in order, before data."""
    messages = sampled(tap, fmt)
    whole, first = wire.open_session(fmt, sampling=("deterministic", 10)), wire.open_session(fmt, sampling=("deterministic", 10))
    whole.feed_all(messages)
    case.none(whole.errors, fmt)
    first.feed(messages[0])
    forms = [first.kind_of(row) for row in first.options_seen][:2]
    case.equal(forms, ["first form", "second form"], "the first message's first rows of options data")
    case.equal(first.counts["records"], 0, "flow records in the first message")


def sequence_gaps(case, tap):
    """nfcapd leaves IPFIX's options data out of its count: one error after each message of them, at most."""
    need("nfdump")
    path = tap.path("slow.pcap")
    gen.write_pcap(path, [gen.tcp4(gen.EPOCH + n * 250 * gen.MS, gen.FIN, sport=1 + n) for n in range(400)])
    messages = Export([path], {"end": "0"}, ("ipfix",), extra=["-q"], keys={"template_refresh": "5s"}).datagrams["ipfix"]
    judge = wire.open_session("ipfix", refresh=(5, 1000))
    with_options = 0
    for message in messages:
        judge.feed(message)
        with_options += bool(judge.now_options)
    case.none(judge.errors, "ipfix")
    case.true(with_options >= 20, f"{with_options} messages with options data")
    with Nfcapd(os.path.join(fresh(tap, "gaps"), "nfcapd")) as nfcapd:
        readers.send([Channel("ipfix", "", messages)], nfcapd.port)
        nfcapd.finish()
    errors = nfcapd.sequence_errors()
    case.true(errors <= with_options, f"{errors} sequence errors after {with_options} messages with options data")
    no_longer("options data in messages of their own, for nfcapd's sequence check", errors > 0)


def one_template_a_set(case, tap):
    """nfacctd learns nothing from options templates that share a set."""
    need("nfacctd")
    messages = sampled(tap, "ipfix")

    def merge(parts):
        together = b"".join(body for number, body in parts if number == 3)
        return [p for p in parts if p[0] == 2] + [(3, together)] + [p for p in parts if p[0] > 3]
    changed = first_changed("ipfix", messages, merge)
    wire_faults = wire.open_session("ipfix", sampling=("deterministic", 10)).feed(changed.messages[0]).errors
    case.true(any("options templates in one set" in e for e in wire_faults), "wire.py lets it pass")
    got = readers.read_nfacctd([Channel("ipfix", "", messages), changed], fresh(tap, "one-a-set"))
    rates = [{row["sampling rate"] for row in rows} for rows in got]
    case.equal(rates[0], {10}, "sampling_rate")
    no_longer("one options template a set, for nfacctd", rates[1] != {10})


def no_padding(case, tap):
    """python3-ipfix takes padding behind IPFIX's templates for a template."""
    need("python3-ipfix")
    messages, home = sampled(tap, "ipfix"), fresh(tap, "padding")

    def pad(parts):
        return [(number, body + bytes(-len(body) % 4) if number == 3 else body) for number, body in parts]
    changed = first_changed("ipfix", messages, pad)
    case.true(changed.messages[0] != messages[0], "nothing was padded")
    case.equal(readers.run_read_ipfix("ipfix", messages, home).returncode, 0, "python3-ipfix")
    done = readers.run_read_ipfix("ipfix", changed.messages, home)
    no_longer("no padding behind IPFIX's templates, for python3-ipfix", "bad template ID 0" in done.stderr)


def v9_options_templates(case, tap):
    """v9 is padded as RFC 3954 asks, whoever reads it; python3-ipfix does not get through its options templates."""
    messages = sampled(tap, "9")

    def unpad(parts):
        return [(number, body[:6 + sum(struct.unpack_from("!HH", body, 2))] if number == 1 else body)
                for number, body in parts]
    changed = first_changed("9", messages, unpad)
    wire_faults = wire.open_session("9", sampling=("deterministic", 10)).feed(changed.messages[0]).errors
    case.true(any("not padded to 4" in e for e in wire_faults), "wire.py lets a set of odd length pass")
    if not readers.absent("python3-ipfix"):
        done = readers.run_read_ipfix("9", messages, fresh(tap, "v9-padding"))
        no_longer("v9 without options data for python3-ipfix in these tests", done.returncode != 0)


def icmp_apart(case, tap, fmt, spare):
    """nfdump takes the port of SCTP and others from element 32 wherever it stands: ICMP has templates of its own."""
    need("nfdump")
    messages = sampled(tap, fmt, {"sample": "1"})

    def insert(parts):
        """Element 32 in place of a spare field of two octets, in the first template."""
        number, body = parts[0]
        return [(number, body.replace(struct.pack("!HH", spare, 2), struct.pack("!HH", 32, 2), 1))] + parts[1:]
    changed = first_changed(fmt, messages, insert)
    case.true(changed.messages[0] != messages[0], "nothing was changed")
    got = readers.read_nfdump([Channel(fmt, "", messages), changed], fresh(tap, "icmp-" + fmt))
    ports = [sorted(row["destinationTransportPort"] for row in rows if row["protocolIdentifier"] == gen.SCTP and
                    "sourceIPv4Address" in row) for rows in got]
    case.equal(ports[0], sorted(dport for _, dport in kinds.PORTS), f"{fmt}: SCTP's destination ports")
    if fmt == "ipfix":
        no_longer("templates of their own for ICMP, for nfdump", ports[1] != ports[0])


def not_metered(case, tap):
    """RFC 7011 section 4.2: the session's last words tell what could not be metered, and when."""
    path = tap.path("broken.pcap")
    good = gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(1, 2, bytes(8))))
    broken = good[:14] + b"\x42" + good[15:]
    gen.write_pcap(path, [gen.pkt(gen.EPOCH + i * 10**9, (good, broken)[i in (3, 5, 8)]) for i in range(10)])
    export = Export([path], {}, ("ipfix",), extra=["-q", "--stats=json"])
    rows = [struct.unpack("!IQQQQ", body[:36]) for number, body in sets("ipfix", export.datagrams["ipfix"][-1])
            if len(body) == 36 and struct.unpack_from("!Q", body, 4)[0] == 3]
    at = [(gen.EPOCH + i * 10**9) // 10**6 for i in (3, 8)]
    case.equal(rows, [(1, 3, 3 * (len(broken) - 14), *at)], "domain, packets, octets of IP, first, last")


def main():
    need_program()
    bounded(300)
    tap = Tap()
    try:
        rates = Rates(kinds.write(tap.path("kinds.pcap")))
        tap.test("every rule is announced in v5, v9 and IPFIX", rates.send)
        for name, function in (("nfdump", nfdump_rates), ("nfacctd", nfacctd_rates), ("tshark", tshark_rates)):
            tap.test(f"{name} reports the sampling rate", function, tap, rates)
        for fmt in ("9", "ipfix"):
            tap.test(f"{fmt}: the first message tells the rate in both forms, for goflow2 and Akvorado", first_message,
                     tap, fmt)
        tap.test("options data cost nfcapd one sequence error each, at most", sequence_gaps, tap)
        tap.test("what could not be metered is told", not_metered, tap)
        tap.test("one options template a set, for nfacctd", one_template_a_set, tap)
        tap.test("no padding behind IPFIX's templates, for python3-ipfix", no_padding, tap)
        tap.test("padding behind v9's options templates, as RFC 3954 asks", v9_options_templates, tap)
        for fmt, spare in (("9", 58), ("ipfix", 245)):
            tap.test(f"{fmt}: ICMP in templates of its own, for nfdump", icmp_apart, tap, fmt, spare)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
