#!/usr/bin/env python3
"""A strict reader finds nothing in a million messages (make check-long; 50,000 in make check).

IPv4 and IPv6 are mixed, templates are refreshed each second of a long capture, so that a refresh falls
at every place of a message, and max-payload takes small and large values.  There are three collectors
in three formats: IPFIX stays where it is, NetFlow v9 is a name whose address changes midway, NetFlow v5
is dead.  What arrives is written to files and read by wire.py, one process a core, when all is sent.
"""
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import netns
import pcapgen as gen
import wire
from collectors import bounded, free_port, wait_for
from harness import LONG, PROGRAM, Skip, Tap, last_object, ledger_faults, need_program
from netns import Hosts

MESSAGES = 1_000_000 if LONG else 50_000
# max-payload of IPFIX and v9, share of the messages, and about how many records two messages hold.
PARTS = ((300, 256, 0.55, 2.92), (512, 700, 0.3, 6.95), (1400, 1000, 0.15, 14.2))
RATE = 25_000                           # datagrams a second and collector, at most
LEAST_S = 4                             # a part takes at least as long, so that there is a midway
SPACING = 6_300_211                     # ns between packets: a record each, and no round number


# --- the capture ------------------------------------------------------------------

def frames():
    """Frames to be numbered: (bytes with pcap's header, offset of an address' last four octets)."""
    v4, v6 = ("10.0.0.0", "198.51.100.7"), ("2001:db8::", "2001:db8:ffff::7")
    fin, pairs = gen.tcp(1025, 443, gen.FIN | gen.ACK), []
    for ip, kind, at in ((gen.ipv4(*v4, gen.TCP, fin), 0x0800, 26), (gen.ipv6(*v6, gen.TCP, fin), 0x86dd, 34),
                         (gen.ipv4(*v4, gen.UDP, gen.udp(5000, 53, bytes(30))), 0x0800, 26),
                         (gen.ipv6(*v6, gen.TCP, fin), 0x86dd, 34),
                         (gen.ipv4(*v4, gen.ICMP, gen.icmp(8, 0, bytes(20))), 0x0800, 26),
                         (gen.ipv4(*v4, gen.TCP, fin), 0x0800, 26),
                         (gen.ipv6(*v6, gen.ICMP6, gen.icmp(128, 0, bytes(20))), 0x86dd, 34)):
        frame = gen.eth(ip, kind)
        pairs.append((bytearray(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame), 16 + at))
    return pairs


def write_capture(path, count):
    """One flow a packet; TCP ends at once, the others when they have been idle."""
    kinds, start = frames(), gen.EPOCH
    with open(path, "wb", buffering=1 << 20) as out:
        out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, gen.ETHERNET))
        for number in range(count):
            frame, at = kinds[number % 7 if number % 13 else number % 5]
            when = start + number * SPACING
            struct.pack_into("<II", frame, 0, when // gen.SECOND, when % gen.SECOND)
            struct.pack_into("!I", frame, at, 0x0a000000 + number)
            out.write(frame)


# --- the collectors ---------------------------------------------------------------

class FileSink:
    """Writes each datagram to a file, behind its length."""

    def __init__(self, path, host, port, namespace):
        self.path, self.count, self.ending = path, 0, False
        self.socket = netns.udp_socket(namespace)
        for option in (33, socket.SO_RCVBUF):           # SO_RCVBUFFORCE
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, 64 << 20)
                break
            except OSError:
                continue
        self.socket.bind((host, port))
        self.socket.settimeout(0.05)
        self.namespace, self.port = namespace, self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def receive(self):
        with open(self.path, "wb", buffering=1 << 20) as out:
            while True:
                try:
                    datagram = self.socket.recv(65536)
                except socket.timeout:
                    if self.ending:
                        return
                    continue
                out.write(len(datagram).to_bytes(2, "big") + datagram)
                self.count += 1

    def stop(self):
        """How many datagrams the kernel threw away."""
        self.ending = True
        self.thread.join(60)
        lost = netns.udp_state(self.port, self.namespace)[1]
        self.socket.close()
        return lost


def judge(job):
    """Reads a file of datagrams; (errors, counts, refreshes, places of templates in messages)."""
    path, fmt, limit, lossless = job
    session = wire.open_session(fmt, max_payload=limit, refresh=(1, 1000), keep=False, lossless=lossless)
    with open(path, "rb", buffering=1 << 20) as file:
        while True:
            size = file.read(2)
            if not size:
                break
            session.feed(file.read(int.from_bytes(size, "big")))
            if len(session.errors) > 100:
                break
    return session.errors, dict(session.counts), session.refreshes, session.origins


# --- one part ---------------------------------------------------------------------

class Part:
    """A capture through the program, to sinks in a namespace whose /etc/hosts changes midway."""

    def __init__(self, tap, number):
        self.ipfix_limit, self.v9_limit, share, held = PARTS[number]
        self.messages = int(MESSAGES * share)
        self.records = int(self.messages * held / 2)
        self.home = tap.path(f"part-{number}")
        os.makedirs(self.home)
        self.total = 0

    def run(self, case):
        capture = os.path.join(self.home, "capture.pcap")
        write_capture(capture, self.records)
        with Hosts() as hosts:
            if not hosts.works():
                raise Skip("namespaces have no /etc/hosts of their own here")
            port, dead = free_port(hosts.name), free_port(hosts.name)
            sinks = [FileSink(f"{self.home}/{name}", host, port, hosts.name)
                     for name, host in (("ipfix", "127.0.0.1"), ("v9-old", "127.0.0.2"), ("v9-new", "127.0.0.3"))]
            stats = self.send(case, capture, hosts, sinks, port, dead)
            lost = [sink.stop() for sink in sinks]
        os.unlink(capture)
        case.equal(lost, [0, 0, 0], "datagrams that the sinks lost")
        self.read(case, stats, [sink.path for sink in sinks])

    def send(self, case, capture, hosts, sinks, port, dead):
        rate = min(RATE, self.messages // 2 // LEAST_S)
        common = f"rate={rate},template-refresh=1s"
        command = [PROGRAM, "-q", "-r", capture, "-t", "end=0", "-t", "idle=1s", "--stats=json",
                   "-n", f"127.0.0.1:{port},format=ipfix,max-payload={self.ipfix_limit},{common}",
                   "-n", f"collector.test:{port},format=9,max-payload={self.v9_limit},resolve=1s,{common}",
                   "-n", f"127.0.0.1:{dead},format=5,{common}"]
        with subprocess.Popen(netns.inside(hosts.name, command), stderr=subprocess.PIPE, text=True) as child:
            half = self.messages // 4               # of v9's half of the messages
            wait_for(lambda: sinks[1].count > half or child.poll() is not None, 600, "half of v9's messages")
            hosts.point("127.0.0.3")
            text = child.stderr.read()
            case.equal(child.wait(600), 0, f"exit status ({text[-300:]})")
        return last_object(text)

    def read(self, case, stats, paths):
        began = time.monotonic()
        jobs = [(paths[0], "ipfix", self.ipfix_limit, True), (paths[1], "9", self.v9_limit, True),
                (paths[2], "9", self.v9_limit, "later")]
        with multiprocessing.Pool(min(3, os.cpu_count() or 1), signal.signal, (signal.SIGTERM, signal.SIG_DFL)) as pool:
            verdicts = pool.map(judge, jobs, 1)
        took = time.monotonic() - began
        case.none(ledger_faults(stats), "ledger")
        for (path, *_), (errors, counts, refreshes, _) in zip(jobs, verdicts):
            name = os.path.basename(path)
            case.none(errors, name)
            case.true(counts.get("records", 0) > 0, f"{name}: no record")
            case.true(refreshes > 3, f"{name}: {refreshes} refreshes")
            self.total += counts.get("messages", 0)
        ipfix, old, new = (counts for _, counts, _, _ in verdicts)
        handed = stats["records"]["handed"]
        case.equal(handed, self.records, "records")
        for name, wanted in (("records", handed), ("octets", stats["octets"]["metered"])):
            case.equal((ipfix.get(name), old.get(name, 0) + new.get(name, 0)), (wanted, wanted), f"{name} of IPFIX and v9")
        dead = stats["collectors"][2]
        case.true(dead["errors"], "the dead collector has no errors in the ledger")
        print("# max-payload %d and %d: %d messages, %d records, %s refreshes, read in %.1f s" % (
            self.ipfix_limit, self.v9_limit, sum(c["messages"] for c in (ipfix, old, new)),
            handed, "+".join(str(v[2]) for v in verdicts), took))


def main():
    need_program()
    bounded(1400)
    tap, total = Tap(), 0
    try:
        why = netns.unusable()
        for number, (ipfix, v9, _, _) in enumerate(PARTS):
            name = f"max-payload {ipfix} and {v9}: a strict reader finds nothing"
            if why:
                tap.skip(name, why)
                continue
            part = Part(tap, number)
            tap.test(name, part.run)
            total += part.total
        if total:
            with tap.case(f"{MESSAGES} messages were read") as case:
                case.true(total >= MESSAGES * 0.95, f"{total} messages")
                print(f"# {total} messages in all")
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
