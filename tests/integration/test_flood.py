#!/usr/bin/env python3
"""SYNs from random addresses, as fast as a veth pair takes them, and a few known flows beside them.

The known flows' records must tell every packet that the kernel gave; the table stays at its bound and memory with
it; the control socket answers. Needs root: two network namespaces are made. Eight seconds, or SPANFLOW_TEST_FLOOD.

usage: test_flood.py [WORD...]    only cases with such a word in their name
"""
import collections
import multiprocessing
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import pcapgen as gen
import wire
from collectors import SO_RCVBUFFORCE, missing, wait_for
from control import ask
from harness import Skip
from live import Probe, good_end

SECONDS = int(os.environ.get("SPANFLOW_TEST_FLOOD", "8"))
FLOWS, PACKETS_A_SECOND = 50, 1000
MAX_FLOWS = 50_000
# What is between two looks at a table that is full: a page or two of whatever a thread needs for the first time.
MEMORY_SLACK_KB = 256
# The aim is 0.1 s on a machine with a processor for it; here generator, kernel and exporter share two with others.
ANSWER_S = 1.0
IPV6_HEADER, UDP_HEADER = 40, 8


# --- processes beside: so that none of them waits for another one's interpreter ------------------------------------

def known_frames():
    return [gen.eth(gen.ipv6(f"2001:db8::{n + 1:x}", "2001:db8:1::9", gen.UDP,
                             gen.udp(2000 + n, 53, bytes(20 + n))), 0x86dd) for n in range(FLOWS)]


def send_known(sending, ending, result):
    """Known flows at a constant rate until the end; {source port: packets}."""
    frames, sent, start = known_frames(), 0, time.monotonic()
    with netns.frame_sender(sending, "a0") as sender:
        while not ending.is_set():
            sender.send(frames[sent % FLOWS])
            sent += 1
            ahead = sent / PACKETS_A_SECOND - (time.monotonic() - start)
            if ahead > 0.002:
                time.sleep(ahead)
    result.put({2000 + n: len(range(n, sent, FLOWS)) for n in range(FLOWS)})


def collect(collector, ending, result):
    """(datagrams, those that are not of IPv4 records alone): the flood is of IPv4, what is known of IPv6."""
    count, kept = 0, []
    collector.settimeout(0.2)
    while True:
        try:
            datagram = collector.recv(65535)
        except socket.timeout:
            if ending.is_set():
                break
            continue
        count += 1
        number, size = struct.unpack_from("!HH", datagram, 16)
        if number != 256 or 16 + size != len(datagram):
            kept.append(datagram)
    result.put((count, kept))


class Beside:
    """A function in a process of its own, until the block ends or stop() asks for its result."""

    def __init__(self, function, argument):
        self.ending, self.result = multiprocessing.Event(), multiprocessing.SimpleQueue()
        self.process = multiprocessing.Process(target=function, args=(argument, self.ending, self.result), daemon=True)

    def __enter__(self):
        self.process.start()
        return self

    def stop(self):
        self.ending.set()
        return self.result.get()

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()


# --- the flood -----------------------------------------------------------------------------------------------------

def write_flood(path):
    """More SYNs than the table has room for, so that each is new when it comes again."""
    pick = random.Random(1)
    gen.write_pcap(path, [gen.pkt(gen.EPOCH + n, gen.eth(gen.ipv4(
        f"{pick.randrange(1, 224)}.{pick.randrange(256)}.{pick.randrange(256)}.{pick.randrange(256)}",
        "198.51.100.80", gen.TCP, gen.tcp(pick.randrange(1024, 65536), 80, gen.SYN, b""))))
        for n in range(4 * MAX_FLOWS)], nano=False)


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])


def look(path, pid, replay):
    """While the flood lasts: how long each answer took, and the private memory then."""
    looks = []
    while replay.poll() is None:
        asked = time.monotonic()
        ask(path, b"text status\n")
        looks.append((time.monotonic() - asked, memory_kb(pid)))
        time.sleep(max(0, asked + 0.05 - time.monotonic()))
    return looks


def sums(datagrams):
    """{source port: [packets, octets]} of the records of IPv6."""
    session = wire.open_session("ipfix", lossless=False)
    for datagram in datagrams:
        session.feed(datagram)
    out = collections.defaultdict(lambda: [0, 0])
    for record in session.records:
        if record.proto == 17:
            out[record.sport][0] += record.packets
            out[record.sport][1] += record.octets
    return out


def judge_known(case, sent, seen):
    """The known packets that are in no record; octets are what those packets have."""
    lengths = {2000 + n: IPV6_HEADER + UDP_HEADER + 20 + n for n in range(FLOWS)}
    case.equal({port: octets for port, (_, octets) in seen.items()},
               {port: packets * lengths.get(port, 0) for port, (packets, _) in seen.items()}, "octets of known flows")
    absent = {port: count - seen[port][0] for port, count in sent.items()}
    case.true(min(absent.values()) >= 0, f"packets of known flows that were counted twice: {absent}")
    return sum(absent.values())


def judge_losses(case, absent, stats, sent, datagrams):
    """Every packet is metered or counted as dropped, and nothing else may be absent from what the collector got."""
    packets, records = stats["packets"], stats["records"]
    dropped = packets["dropped_kernel"] + packets["dropped_interface"]
    case.equal(packets["received"] + dropped, sent, "packets received and dropped, of those sent")
    unsent = records["ring_dropped"] + sum(stats["collectors"][0]["dropped"].values())
    lost = stats["collectors"][0]["messages"] - datagrams
    print(f"# {sent} packets: {dropped} dropped; {records['total']} records: {unsent} dropped; "
          f"datagrams: {lost} lost by the test's collector; {absent} packets of known flows absent")
    if not unsent and not lost:
        case.true(absent <= dropped, f"{absent} packets of known flows are in no record, {dropped} were dropped")


def judge_looks(case, looks):
    """The table is full after the first second or so: from then on memory is what it is."""
    slowest = max(delay for delay, _ in looks)
    memory = [kb for _, kb in looks[len(looks) // 3:]]
    mean = sum(delay for delay, _ in looks) / len(looks)
    print(f"# status asked {len(looks)} times: {1000 * mean:.1f} ms each, {1000 * slowest:.1f} ms at most; "
          f"private memory {memory[0]} to {max(memory)} kB")
    case.true(slowest < ANSWER_S, f"an answer took {slowest:.2f} s")
    case.true(max(memory) - memory[0] <= MEMORY_SLACK_KB, f"memory grew from {memory[0]} to {max(memory)} kB")


def flood(link, tap, collector):
    """The probe when it has ended, looks meanwhile, packets sent (known ones by flow), datagrams."""
    path, capture = tap.path("control"), tap.path("flood.pcap")
    write_flood(capture)
    argv = ["tcpreplay", "-q", "-i", "a0", "-K", "--topspeed", "--loop=0", f"--duration={SECONDS}", capture]
    with Probe(link, "-i", "b0", "-n", "127.0.0.1:%d,rate=0" % collector.getsockname()[1], "-t", "active=2s",
               f"--max-flows={MAX_FLOWS}", "--control=" + path, "--stats=json") as probe, \
            Beside(collect, collector) as collecting, Beside(send_known, link.sending) as sending:
        wait_for(lambda: os.path.exists(path), 5, "the control socket")
        with subprocess.Popen(netns.inside(link.sending, argv), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True) as replay:
            looks = look(path, probe.pid, replay)
            flooded = int(re.search(r"Successful packets:\s+(\d+)", replay.stdout.read())[1])
        known = sending.stop()
        time.sleep(0.3)                 # across the pair
        probe.end(seconds=30)
        datagrams, kept = collecting.stop()
    return probe, looks, flooded, known, datagrams, kept


def flood_case(case, link, tap):
    why = missing("tcpreplay")
    if why:
        raise Skip(why)
    with netns.udp_socket(link.capturing) as collector:
        collector.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
        collector.bind(("127.0.0.1", 0))
        probe, looks, flooded, known, datagrams, kept = flood(link, tap, collector)
    good_end(case, probe)
    stats = probe.stats()
    case.equal(stats["flows"]["peak"], MAX_FLOWS, "most flows at once")
    said = [line for line in probe.lines() if not re.search("ended before their time|dropped by the kernel", line)]
    case.equal(said, [], "messages")
    absent = judge_known(case, known, sums(kept))
    judge_losses(case, absent, stats, flooded + sum(known.values()), datagrams)
    judge_looks(case, looks)


def run_cases(tap):
    with netns.Link() as link:
        tap.test("flood: SYNs from random addresses, and known flows beside them", flood_case, link, tap)


if __name__ == "__main__":
    sys.exit(live.main("flood", run_cases, 120 + SECONDS))
