#!/usr/bin/env python3
"""Live capture, on a veth pair between two network namespaces that the test makes.

spanflow runs in one namespace; the other sends, with tcpreplay at 100,000 packets a
second for the large case and from a packet socket for the small ones.  IPv6 is off in
both, so that nothing but what the test sends is on the link.  Needs root.

usage: test_live.py [WORD...]    only cases with such a word in their name
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import nobody
import pcapgen as gen
from collectors import Nfcapd, Process, Recorder, missing, nfdump_totals, wait_for
from harness import PROGRAM, Skip
from live import Probe, frames_of, good_end, replay, send, small_disk, summary

FLOWS, PER_FLOW, LOOPS = 1000, 50, 10       # 500,000 packets
RATE = 100_000


# --- 500,000 packets --------------------------------------------------------

def large_capture(path):
    """50,000 packets of 1,000 flows, and an ARP; (packets, IP packets, octets)."""
    packets, octets = [], 0
    for number in range(FLOWS * PER_FLOW):
        flow, size = number % FLOWS, number * 37 % 600
        ip = gen.ipv4(f"10.0.{flow // 250}.{flow % 250 + 1}", "198.51.100.9", gen.UDP,
                      gen.udp(10000 + flow, 4500, bytes(size)))
        octets += len(ip)
        packets.append(gen.pkt(gen.EPOCH + number * 10_000, gen.eth(ip)))
    packets.append(gen.arp_at(packets[-1].ts))
    gen.write_pcap(path, packets, nano=False)
    return len(packets), len(packets) - 1, octets


def large_case(case, link, tap, workers):
    why = missing("tcpreplay", "nfcapd", "nfdump")
    if why:
        raise Skip(why)
    capture, directory = tap.path("large.pcap"), tap.path(f"nfcapd-{workers}")
    sent, ip_packets, octets = (LOOPS * n for n in large_capture(capture))
    with Nfcapd(directory, "-B", "8000000", namespace=link.capturing) as nfcapd:
        with Probe(link, "-i", "b0", "-n", nfcapd.address(), "--stats=json", f"--workers={workers}") as probe:
            replay(link, capture, f"--loop={LOOPS}", f"--pps={RATE}")
            seconds = probe.end(signal.SIGTERM)
        case.equal(nfcapd.finish(), 0, "datagrams dropped by nfcapd's socket")
    good_end(case, probe)
    case.true(seconds < 3, f"it took {seconds:.1f} s from SIGTERM to the end")
    stats = probe.stats()
    if stats:
        packets = stats["packets"]
        got = packets["received"], packets["metered"], packets["dropped_kernel"], stats["octets"]["metered"]
        case.equal(got, (sent, ip_packets, 0, octets), "received, metered, dropped_kernel, octets")
    totals = nfdump_totals(directory)
    case.equal((totals["packets"], totals["octets"]), (ip_packets, octets), "packets, octets in nfdump")


def start_in_traffic(case, link, tap, how):
    """Workers that begin while packets come: what their sockets got before they shared is not counted twice."""
    count, rate = 60_000, 20_000
    capture, output = tap.path("numbered.pcap"), tap.path(f"numbered{how}.json")
    gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n * 50_000, gen.eth(gen.ipv4(
        f"10.1.{n >> 8}.{n & 255}", "198.51.100.9", gen.UDP, gen.udp(5000, 4500, bytes(8))))) for n in range(count)])
    argv = netns.inside(link.sending, ["tcpreplay", "-q", "-i", "a0", f"--pps={rate}", capture])
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
        time.sleep(0.5)
        with Probe(link, "-i", "b0", "-o", f"json:{output}", "--stats=json", "--workers=8", "--buffer=128M", how) as probe:
            sender.wait(60)
            probe.end()
    good_end(case, probe)
    with open(output) as lines:
        records = [json.loads(line) for line in lines]
    case.equal(len(records), probe.stats()["records"]["total"], "records")
    seen = {}
    for record in records:
        _, _, high, low = map(int, record["sourceIPv4Address"].split("."))
        seen[high << 8 | low] = seen.get(high << 8 | low, 0) + record["packetDeltaCount"]
    case.equal({n: packets for n, packets in seen.items() if packets != 1}, {}, "packets that were counted twice")
    case.true(1000 < min(seen) < 50_000, f"it began in the middle, with packet {min(seen)}")
    missed, dropped = [n for n in range(min(seen), count) if n not in seen], probe.stats()["packets"]["dropped_kernel"]
    case.true(len(missed) <= dropped, f"missing from then on, beyond {dropped} that were dropped: {missed}")


# --- Small cases ------------------------------------------------------------

def bpf_filter(case, link, capture):
    with Probe(link, "-i", "b0", capture, "-o", "json", "--stats=json", "udp", "and", "port", "5001") as probe:
        send(link.sending, "a0", frames_of(3, sport=5000) + frames_of(2, sport=5001) + [gen.eth(gen.arp(), 0x0806)])
        probe.end()
    good_end(case, probe)
    case.equal(summary(probe.records(), "sourceTransportPort", "packetDeltaCount"), [(5001, 2)], "records")
    case.equal(probe.stats()["packets"]["received"], 2, "received")


def vlan_tags(case, link, capture):
    """The kernel takes the tag off the frame and hands it over beside it."""
    with Probe(link, "-i", "b0", capture, "-o", "json", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(2, vlans=((0x8100, 0x6064),)) + frames_of(1)
             + frames_of(3, vlans=((0x88a8, 200), (0x8100, 7))))
        probe.end()
    good_end(case, probe)
    got = summary(probe.records(), "vlanId", "dot1qCustomerVlanId", "packetDeltaCount", "octetDeltaCount")
    case.equal(got, [(0, 0, 1, 48), (100, 0, 2, 96), (200, 7, 3, 144)], "VLAN, inner VLAN, packets, octets")


def direction(case, link, capture, which, wanted):
    with Probe(link, "-i", "b0", capture, "--direction", which, "-o", "json", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(2, src="192.0.2.1"))
        send(link.capturing, "b0", frames_of(3, src="192.0.2.2"))
        probe.end()
    good_end(case, probe)
    got = summary(probe.records(), "sourceIPv4Address", "packetDeltaCount")
    case.equal(got, wanted, "source, packets")


def interfaces(case, link, arguments, sockets, wanted):
    """One flow on each of two interfaces: which interface is exported."""
    with Probe(link, *arguments, "-o", "json", "--stats=json", interfaces=sockets) as probe:
        send(link.sending, "a0", frames_of(2))
        send(link.sending, "a1", frames_of(3))
        probe.end()
    good_end(case, probe)
    got = summary(probe.records(), "ingressInterface", "packetDeltaCount")
    case.equal(got, sorted(wanted), "ingressInterface, packets")


def own_export(case, link):
    """The collector is across the very link that is captured."""
    link.addresses()
    with Recorder(namespace=link.sending, address="192.0.2.2") as recorder:
        arguments = ("-i", "b0", "-n", f"192.0.2.2:{recorder.port}", "-o", "json", "-t", "idle=200ms",
                     "--stats=json")
        with Probe(link, *arguments) as probe:
            send(link.sending, "a0", frames_of(4, src="203.0.113.4"))
            wait_for(lambda: len(recorder.messages) >= 2, 8, "templates and a record arrive")
            time.sleep(0.5)
            probe.end()
        messages = len(recorder.finish())
    good_end(case, probe)
    collectors = {c["url"].split(":")[0]: c for c in probe.stats()["collectors"]}
    ignored, sent = probe.stats()["packets"]["ignored"], collectors["udp"]["messages"]
    case.equal(messages, sent, "messages that arrived")
    case.true(0 < ignored.get("own_export", 0) <= sent, f"own_export of {sent} messages: {ignored}")
    export = [r for r in probe.records() if r["protocolIdentifier"] == 17 and
              r["destinationTransportPort"] == recorder.port]
    case.equal(export, [], "records of its own export")


def quiet_link(case, link):
    """One packet, then silence: its record is printed all the same."""
    with Probe(link, "-i", "b0", "-o", "json", "-t", "idle=100ms", "--stats=json") as probe:
        begin = time.monotonic()
        send(link.sending, "a0", frames_of(1))
        line = probe.line(6)
        seconds = time.monotonic() - begin
        probe.end()
    case.true(line != "" and seconds < 1.6, f"after {seconds:.2f} s: {line!r}")
    if line:
        record = json.loads(line)
        case.equal((record["packetDeltaCount"], record["flowEndReason"]), (1, 1), "packets, reason")
    good_end(case, probe)


def full_disk(case, link, tap):
    """Records wait for room, in whole lines."""
    with small_disk(tap) as disk:
        lines, ballast = os.path.join(disk, "lines.json"), os.path.join(disk, "ballast")
        with Probe(link, "-i", "b0", f"--output=json:{lines}", "-t", "idle=100ms", "--stats=json") as probe:
            with open(ballast, "wb", buffering=0) as out, contextlib.suppress(OSError):
                while out.write(bytes(100)):
                    pass
            for number in (1, 2, 3):
                send(link.sending, "a0", frames_of(number, sport=5000 + number))
                time.sleep(0.6)
            os.unlink(ballast)
            wait_for(lambda: open(lines, "rb").read().count(b"\n") == 3, 5, "all lines are there")
            probe.end()
        with open(lines, encoding="utf-8") as text:
            case.equal([json.loads(line)["packetDeltaCount"] for line in text], [1, 2, 3], "packets")
    good_end(case, probe)
    case.equal([line.split(": ", 2)[2] for line in probe.lines()],
               ["No space left on device: records wait until there is room", "there is room again"], "lines")


def full_disk_at_the_end(case, link, tap):
    """What waits in vain is dropped; in the file are those that were sent, in whole lines, behind what it had before."""
    with small_disk(tap) as disk:
        path = os.path.join(disk, "lines.json")
        with open(path, "w") as before:
            before.write("before\n")
        with Probe(link, "-i", "b0", f"--output=json:{path}", "-t", "idle=100ms", "--stats=json") as probe:
            send(link.sending, "a0", [frame for sport in range(1000) for frame in frames_of(1, sport=1024 + sport)])
            wait_for(lambda: os.statvfs(disk).f_bfree == 0, 5, "the disk is full")
            time.sleep(0.5)
            probe.end()
        with open(path, encoding="utf-8") as text:
            lines = text.read()
    case.equal(probe.status, 1, "exit status")
    collector = probe.stats()["collectors"][0]
    case.true(collector["dropped"].get("ENOSPC", 0) > 0, f"dropped: {collector['dropped']}")
    case.true(lines.startswith("before\n") and lines.endswith("\n"), f"the file ends in {lines[-60:]!r}")
    case.equal(len([json.loads(line) for line in lines.splitlines()[1:]]), collector["sent"], "lines that were sent")


def wall_clock(case, link):
    """Starts and ends are the wall clock's, of now."""
    begin = time.time() * 1000
    with Probe(link, "-i", "b0", "-o", "json") as probe:
        send(link.sending, "a0", frames_of(2))
        probe.end()
    for record in probe.records():
        times = begin - 1 <= record["flowStartMilliseconds"] <= record["flowEndMilliseconds"] <= time.time() * 1000
        case.true(times, f"{record}")
    case.equal(len(probe.records()), 1, "records")


def interrupted(case, link):
    with Probe(link, "-i", "b0", "-o", "json", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(2))
        seconds = probe.end(signal.SIGINT)
    good_end(case, probe)
    case.true(seconds < 3, f"it took {seconds:.1f} s")
    case.equal(summary(probe.records(), "packetDeltaCount", "flowEndReason"), [(2, 4)], "packets, reason")


def count_stops(case, link):
    with Probe(link, "-i", "b0", "--count", "5", "-o", "json", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(12))
        seconds = probe.end(None)
    good_end(case, probe)
    case.true(seconds < 3, f"it ended only after {seconds:.1f} s")
    case.equal(probe.stats()["packets"]["received"], 5, "received")
    case.equal(summary(probe.records(), "packetDeltaCount"), [(5,)], "packets")


def duration_stops(case, link, packets):
    begin = time.monotonic()
    with Probe(link, "-i", "b0", "--duration", "1s", "-o", "json", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(packets))
        probe.end(None)
    seconds = time.monotonic() - begin
    good_end(case, probe)
    case.true(0.9 <= seconds < 4, f"it ended after {seconds:.1f} s")
    case.equal(probe.stats()["packets"]["received"], packets, "received")


def one_message(case, probe, pattern):
    """Exit status 1 and one line that a person understands."""
    case.equal(probe.status, 1, "exit status")
    lines = probe.stderr.decode(errors="replace").splitlines()
    case.true(len(lines) == 1 and re.match(pattern, lines[0], re.I), f"message: {lines}")


def unprivileged(case, link):
    if nobody.unusable():
        raise Skip(nobody.unusable())
    with nobody.copies(PROGRAM) as (program,):
        argv = [*nobody.AS_NOBODY, program, "-i", "b0"]
        with Process(argv, link.capturing, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as probe:
            _, probe.stderr = probe.child.communicate(timeout=10)
            probe.status = probe.child.returncode
    one_message(case, probe, r"spanflow: b0: .*(permi|privilege|root|CAP_NET_RAW)")


def no_such_interface(case, link):
    with Probe(link, "-i", "nosuch0", interfaces=()) as probe:
        probe.end(None)
    one_message(case, probe, r"spanflow: nosuch0: .*(no such|not found|does not exist|no interface)")


def interface_down(case, link):
    """An interface that is down is told about, or waited for; never a crash."""
    netns.run(link.capturing, "ip", "link", "set", "b1", "down")
    with Probe(link, "-i", "b1", "-o", "json", interfaces=()) as probe:
        time.sleep(0.5)
        probe.end(signal.SIGTERM)
    case.true(probe.status in (0, 1), f"exit status {probe.status}")
    if probe.status == 1:
        one_message(case, probe, r"spanflow: b1: ")


def interface_cases(tap, link):
    first, second = link.index("b0"), link.index("b1")
    tap.test("several -i: each with its own ifIndex", interfaces, link,
             ("-i", "b0", "-i", "b1"), ("b0", "b1"), [(first, 2), (second, 3)])
    tap.test("-i any: each packet has its own ifIndex", interfaces, link,
             ("-i", "any"), (None,), [(first, 2), (second, 3)])
    tap.test("-i INDEX:NAME: that index is exported", interfaces, link,
             ("-i", "77:b0", "-i", "70000:b1"), ("b0", "b1"), [(77, 2), (70000, 3)])


def captured(tap, link, capture):
    """What a source does, whichever it is."""
    if missing("tcpreplay"):
        tap.skip(f"workers that begin while packets come: {capture}", missing("tcpreplay"))
    else:
        tap.test(f"workers that begin while packets come: {capture}", start_in_traffic, link, tap, capture)
    tap.test(f"a BPF filter on the command line: {capture}", bpf_filter, link, capture)
    tap.test(f"VLAN tags that the kernel strips are kept: {capture}", vlan_tags, link, capture)
    received, sent = ("192.0.2.1", 2), ("192.0.2.2", 3)
    for which, wanted in (("in", [received]), ("out", [sent]), ("both", [received, sent])):
        tap.test(f"--direction {which}: {capture}", direction, link, capture, which, wanted)


def ways(case, link, name, arguments, wanted):
    """Which way was taken is told to those who ask for it."""
    for level in ("info", "warning"):
        with Probe(link, "-i", name, "-o", "json", f"--log-level={level}", *arguments,
                   interfaces=(name if name != "any" else None,)) as probe:
            probe.end()
        told = [line for line in probe.lines() if "captured by" in line or "waiting" in line]
        case.equal(told, wanted if level == "info" else [], f"told with --log-level={level}")


def way_cases(tap, link):
    for name, arguments, wanted in (
            ("b0", (), ["b0: captured by a packet socket, with a buffer of 64 MB"]),
            ("b0", ("--workers=2", "--buffer=256k"),
             ["b0: captured by a packet socket for each of 2 workers, with a buffer of 256 KB in all"]),
            ("b0", ("--buffer=256M",),
             ["b0: waiting for memory: 256 MB for --buffer", "b0: captured by a packet socket, with a buffer of 256 MB"]),
            ("b0", ("--capture=pcap",), ["b0: captured by libpcap, with a buffer of 64 MB"]),
            ("any", (), ["any: captured by libpcap, with a buffer of 64 MB"])):
        tap.test(" ".join(("how it is captured:", name, *arguments)), ways, link, name, arguments,
                 ["spanflow: " + line for line in wanted])


UNUSABLE = (
    ("198.51.100.2,source=127.0.0.1", "Invalid argument: source= is this machine's loopback, which leads to nobody else"),
    ("198.51.100.255", "Permission denied: is it a broadcast address, or does a route prohibit it?"),
    ("203.0.113.1", "Permission denied: is it a broadcast address, or does a route prohibit it?"),
    ("203.0.114.1", "Invalid argument: does a route lead nowhere (blackhole)?"),
    ("239.1.1.1", "Network is unreachable: no route leads there: dev= names the interface"),
    ("[fe80::1]", "Invalid argument: an address of a link needs dev=, the interface"),
    ("[ff02::5]", "Invalid argument: an address of a link needs dev=, the interface"),
    ("[ff02::5],dev=b1", "Cannot assign requested address: the interface that leads there has no address to send from"))


def unusable_address(case, link):
    """What the system does not send to is refused with what to do."""
    for words in (("address", "add", "198.51.100.1/24", "dev", "b1"), ("route", "add", "prohibit", "203.0.113.0/24"),
                  ("route", "add", "blackhole", "203.0.114.0/24")):
        netns.run(link.capturing, "ip", *words)
    for where, wanted in UNUSABLE:
        with Probe(link, "-i", "b0", "-n", where) as probe:
            probe.end()
        url = where.split(",", 1)[0]
        case.equal(probe.lines()[:1], [f"spanflow: udp://{url}:4739: {wanted}: trying again every 10 s"], where)
    with Probe(link, "-i", "b0", "-n", "239.1.1.1,dev=b1") as probe:
        probe.end()
    case.equal(probe.lines(), [], "a multicast group with dev=")


def cases(tap, link):
    tap.test("500,000 packets at 100,000 a second all reach nfcapd", large_case, link, tap, 1)
    tap.test("the same shared by three workers", large_case, link, tap, 3)
    tap.test("several interfaces, each shared by two workers", interfaces, link,
             ("-i", "b0", "-i", "7:b1", "--workers=2"), ("b0", "b1"), [(link.index("b0"), 2), (7, 3)])
    for capture in ("--capture=auto", "--capture=pcap"):
        captured(tap, link, capture)
    interface_cases(tap, link)
    way_cases(tap, link)
    tap.test("a record is printed soon on a quiet link", quiet_link, link)
    tap.test("a full disk", full_disk, link, tap)
    tap.test("a full disk at the end", full_disk_at_the_end, link, tap)
    tap.test("times are the wall clock's", wall_clock, link)
    tap.test("SIGINT ends with reason forced", interrupted, link)
    tap.test("--count stops a live capture", count_stops, link)
    tap.test("--duration stops a live capture", duration_stops, link, 4)
    tap.test("--duration stops on a silent link", duration_stops, link, 0)
    tap.test("without privileges: the message, status 1", unprivileged, link)
    tap.test("an interface that does not exist: the message, status 1", no_such_interface, link)
    tap.test("the probe's own export is not metered", own_export, link)
    tap.test("addresses that nothing can be sent to", unusable_address, link)
    tap.test("an interface that is down", interface_down, link)


def in_namespaces(tap):
    with netns.Link(2) as link:
        cases(tap, link)


if __name__ == "__main__":
    sys.exit(live.main("live capture", in_namespaces))
