#!/usr/bin/env python3
"""One spanflow that captures, and all that may happen to it in a year, in random order from a seed.

Between two network namespaces of the test's own some thousand packets a second of known flows pass. An event
follows the other: links fall and rise, are removed, made anew and renamed; collectors end and come again; settings
are read again, broken ones too; clients flood the control socket and scrape the metrics; the process is
stopped for seconds, its log's disk is full, its date is set back and forth, and SYNs flood from random
addresses. After each the ledger's sums hold, memory and descriptors are what they were, and at the end every packet that
the link carried is in the ledger. Needs root.

usage: soak.py [-t TIME] [-s SEED] [-1] [-z] [EVENT...]      TIME as in 30m; -1: each event once, in order;
-z: SPANFLOW is one with sanitizers, which does not seal itself and has memory of its own
"""
import argparse
import collections
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
# pylint: disable=wrong-import-position
import netns
import pcapgen as gen
from collectors import bounded, missing, wait_for
from control import ask, ctl, descriptors, live_faults
from harness import PROGRAM, ledger_faults
from live import children_of

IP_PKTINFO = 8
PACKETS_A_SECOND, FLOWS = 2000, 500
MAX_FLOWS = 200_000
METRICS_PORT = 9469
# Measured in the same state after any events: 0.5 MB more or less, small pieces that hold a page each in the heap of each
# thread; and once up to 2.4 MB, where records wait for a new session for the first time while the queue is full. A flow
# table of another size, a second ring or the sessions of one more exporter are above it.
MEMORY_SLACK_KB = 3072
LINES_WITH_A_FAULT = 20

CONF = """
interface = b0
wait = yes
max-flows = {max_flows}
control = {control}
metrics = "127.0.0.1:{metrics}"
log-level = info
timeout = {{"idle={idle}", "active=60s", "end=1s"}}
output lines {{
    style = json
    file = {lines}
}}
collector first {{
    host = "127.0.0.1:{first}"
}}
collector second {{
    host = "collector.test:{second}"
    format = 9
    resolve = 1s
}}
"""


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])


class Traffic(threading.Thread):
    """Sends known flows from a0 as long as there is such an interface, and counts what the link took."""

    def __init__(self, link):
        super().__init__(daemon=True)
        self.link, self.sent, self.ending = link, 0, False
        self.frames = [gen.eth(gen.ipv4(f"10.0.{n // 250}.{n % 250 + 1}", "198.51.100.9", gen.UDP,
                                        gen.udp(2000 + n, 53, bytes(n % 400)))) for n in range(FLOWS)]

    def run(self):
        while not self.ending:
            try:
                with netns.frame_sender(self.link.sending, "a0") as sender:
                    self.pour(sender)
            except OSError:
                time.sleep(0.05)

    def pour(self, sender):
        number, start = 0, time.monotonic()
        while not self.ending:
            sender.send(self.frames[(self.sent * 7) % len(self.frames)])
            self.sent += 1
            number += 1
            ahead = number / PACKETS_A_SECOND - (time.monotonic() - start)
            if ahead > 0.01:
                time.sleep(ahead)


class Collector(threading.Thread):
    """Takes datagrams on a port of the capturing namespace, and tells when it was last sent to at each address."""

    def __init__(self, link, port=0):
        super().__init__(daemon=True)
        self.socket = netns.udp_socket(link.capturing)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self.socket.bind(("0.0.0.0", port))
        self.socket.settimeout(0.1)
        self.port, self.ending = self.socket.getsockname()[1], False
        self.address, self.date = None, 0       # of the last datagram: where it came to, and what it says of itself
        self.start()

    def run(self):
        while not self.ending:
            try:
                datagram, controls, _, _ = self.socket.recvmsg(65535, 64)
            except socket.timeout:
                continue
            self.address = socket.inet_ntoa(controls[0][2][8:12])
            self.date = struct.unpack_from("!I", datagram, 4 if datagram[1] == 10 else 8)[0]

    def stop(self):
        self.ending = True
        self.join(5)
        self.socket.close()


class Soak:
    def __init__(self, link, directory, seed, sanitized):
        self.sanitized = sanitized
        self.link, self.directory, self.traffic = link, directory, Traffic(link)
        self.no_session = 0
        self.flooded = self.uncertain = 0       # frames of floods; frames that the link may not have carried
        self.random = random.Random(seed)
        self.control, self.conf = self.path("control"), self.path("spanflow.conf")
        self.lines, self.log = self.path("lines.json"), self.path("disk/log")
        self.faults, self.child, self.sealed = [], None, None
        self.kept, self.log_read = self.path("log"), 0
        self.collectors = [Collector(link), Collector(link)]
        self.ports = [collector.port for collector in self.collectors]
        self.good = ()              # what write_conf() was given

    def path(self, name):
        return os.path.join(self.directory, name)

    # --- the program ----------------------------------------------------------

    def write_conf(self, extra="", idle="5s"):
        self.good = (extra, idle)
        with open(self.conf, "w", encoding="utf-8") as out:
            out.write(CONF.format(max_flows=MAX_FLOWS, idle=idle, control=self.control, metrics=METRICS_PORT, lines=self.lines,
                                  first=self.ports[0], second=self.ports[1]) + extra)

    def hosts(self, address):
        """What collector.test is, in the capturing namespace: ip netns exec puts it in the place of /etc/hosts."""
        directory = f"/etc/netns/{self.link.capturing}"
        os.makedirs(directory, exist_ok=True)
        with open(f"{directory}/hosts", "w", encoding="ascii") as out:
            out.write(f"127.0.0.1 localhost\n{address} collector.test\n")

    def start(self):
        os.mkdir(self.path("disk"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "soak", self.path("disk")], check=True)
        self.write_conf()
        self.hosts("127.0.0.1")
        shim = build_shim(self.directory)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                netns.inside(self.link.capturing, [PROGRAM, "-f", self.conf, "--stats=json"]),
                stderr=log, start_new_session=True,
                env=dict(os.environ, LD_PRELOAD=shim, SOAK_DATE=self.path("date"),
                         ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0"))
        wait_for(lambda: os.path.exists(self.control), 10, "the control socket")
        wait_for(self.captures, 10, "capture")
        # Look-ups are the first process's children, too, but this one is older.
        self.sealed = children_of(self.child.pid)[0]
        wait_for(lambda: self.sanitized or self.is_sealed(), 5, "the process that captures gives up its rights")

    def is_sealed(self):
        with open(f"/proc/{self.sealed}/status", encoding="ascii") as status:
            return re.search(r"CapEff:\s+0+\n(.*\n)*Seccomp:\s+2", status.read())

    def captures(self):
        return any(index > 0 for index in netns.capturing(self.link.capturing))

    def pids(self):
        """The one with rights, and the sealed one that does the work."""
        return self.child.pid, self.sealed

    def memory(self):
        """Private kB of all of it: the packet rings are the kernel's, and of one size."""
        return sum(memory_kb(pid) for pid in self.pids())

    def descriptors(self):
        return sum(descriptors(pid) for pid in self.pids())

    def stats(self):
        answer = ctl(self.control, "-j", "stats")
        if answer.status:
            raise RuntimeError(f"stats: {answer.err}")
        return answer.json()

    def fault(self, what):
        self.faults.append(what)
        self.follow_log()
        with open(self.kept, encoding="utf-8", errors="replace") as log:
            tail = collections.deque(log, LINES_WITH_A_FAULT)
        print(f"FAULT {what}\n    {'    '.join(tail)}", flush=True)

    def follow_log(self):
        """What was logged goes to a file outside the small disk, whose room is for the events."""
        with open(self.log, "rb") as log:
            if os.fstat(log.fileno()).st_size < self.log_read:
                self.log_read = 0
            log.seek(self.log_read)
            news = log.read()
        self.log_read += len(news)
        with open(self.kept, "ab") as out:
            out.write(news)

    def empty_log(self):
        self.follow_log()
        os.truncate(self.log, 0)
        self.log_read = 0

    def settled(self):
        """
        (private kB, descriptors) in a state that can be had again: as little as there is to be held, where all
        that grows with traffic has been used up to its bound: the table, the ring and the queues.
        """
        self.note("settled")
        self.write_conf()
        self.reload()
        self.syn_flood()
        if (peak := self.stats()["flows"]["active"]) < MAX_FLOWS:
            self.fault(f"the flood filled {peak} places of the table")
        wait_for(lambda: self.stats()["flows"]["active"] <= FLOWS, 20, "the flood's flows end")
        time.sleep(2)
        print(f"settled: {', '.join(str(memory_kb(pid)) for pid in self.pids())} kB, {self.descriptors()} descriptors")
        return self.memory(), self.descriptors()

    def compare(self, first, last):
        print(f"private memory {first[0]} kB after the first minute, {last[0]} kB at the end; "
              f"descriptors {first[1]}, {last[1]}")
        if abs(last[0] - first[0]) > MEMORY_SLACK_KB and not self.sanitized:
            self.fault(f"memory: {first[0]} kB after the first minute, {last[0]} kB at the end")
        if last[1] != first[1]:
            self.fault(f"descriptors: {first[1]} after the first minute, {last[1]} at the end")

    def note(self, what):
        """A line of our own in the log that is kept: it tells what the following ones belong to."""
        self.follow_log()
        with open(self.kept, "a", encoding="utf-8") as out:
            out.write(f"--- {what}\n")

    def check(self, event):
        if self.child.poll() is not None:
            raise RuntimeError(f"spanflow has ended with {self.child.returncode} after {event}")
        stats = self.stats()
        os.truncate(self.lines, 0)
        # The name always has an address, whatever is reloaded.
        lost = sum(c["dropped"].get("no_session", 0) for c in stats["collectors"])
        if lost > self.no_session:
            self.fault(f"{event}: {lost - self.no_session} records dropped: no_session")
        self.no_session = lost
        for fault in live_faults(stats):
            if not re.match(r"udp://.*(handed)", fault):
                self.fault(f"{event}: {fault}")
        return stats

    # --- events ---------------------------------------------------------------

    def inside(self, *words):
        netns.run(self.link.capturing, "ip", "link", *words)

    @contextlib.contextmanager
    def link_off(self):
        """What is sent meanwhile may be lost, or be counted yet; then packets come again."""
        before = self.traffic.sent
        yield
        received = self.stats()["packets"]["received"]
        wait_for(lambda: self.stats()["packets"]["received"] > received + 100, 10, "packets again")
        self.uncertain += self.traffic.sent - before + 1

    def link_down_up(self):
        with self.link_off():
            self.inside("set", "b0", "down")
            time.sleep(self.random.uniform(0.1, 2))
            self.inside("set", "b0", "up")

    def link_removed(self):
        with self.link_off():
            self.inside("del", "b0")
            time.sleep(self.random.uniform(0.1, 2))
            self.link.pair(0)
            wait_for(self.captures, 10, "capture after removal")

    def link_renamed(self):
        self.inside("set", "b0", "name", "c0")
        time.sleep(1)
        self.inside("set", "c0", "name", "b0")

    def carrier_lost(self):
        with self.link_off():
            netns.run(self.link.sending, "ip", "link", "set", "a0", "down")
            time.sleep(0.5)
            netns.run(self.link.sending, "ip", "link", "set", "a0", "up")

    def collector_restarted(self):
        which = self.random.randrange(2)
        self.collectors[which].stop()
        time.sleep(self.random.uniform(0.5, 3))
        self.collectors[which] = Collector(self.link, self.ports[which])

    def name_resolved_again(self):
        address = self.random.choice(["127.0.0.1", "127.0.0.2", "127.0.0.3"])
        self.hosts(address)
        self.exported(lambda: self.collectors[1].address == address, f"records for collector.test come to {address}")

    def exported(self, condition, what):
        """Whether that comes true of what the collectors get, in which there are records of all times."""
        def flushed():
            self.flushed()
            time.sleep(0.2)
            return condition()
        try:
            wait_for(flushed, 8, what)
        except AssertionError as late:
            self.fault(f"{late}: {self.collectors[0].address} {self.collectors[0].date}, "
                       f"{self.collectors[1].address} {self.collectors[1].date}")

    def reloaded(self):
        extra = self.random.choice(["", "sample = 2\n", 'sample = "random:5"\n', 'filter = "ip"\n',
                                    'collector third {\n host = "127.0.0.1:%d"\n format = 5\n}\n' % self.ports[0]])
        self.write_conf(extra, self.random.choice(["2s", "5s"]))
        if self.random.random() < 0.5:
            os.kill(self.child.pid, signal.SIGHUP)
            time.sleep(0.5)
        self.reload()

    def reload(self):
        answer = ctl(self.control, "reload")
        if answer.status:
            self.fault(f"reload was refused: {answer.err}")

    def reloaded_broken(self):
        good = self.good
        self.write_conf("rubbish = 1\n")
        if not ctl(self.control, "reload").status:
            self.fault("a broken file was taken")
        self.write_conf(*good)

    def reloaded_often(self):
        for number in range(20):
            self.write_conf(f"sample = {number % 3 + 1}\n")
            self.reload()
        self.write_conf()
        self.reload()

    def reloaded_at_once(self):
        """By a signal and several clients, so that one waits for the other."""
        for number in range(5):
            self.write_conf(f"sample = {number % 3 + 1}\n")
            os.kill(self.child.pid, signal.SIGHUP)
            clients = [threading.Thread(target=self.reload) for _ in range(4)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()

    def control_flooded(self):
        begin = time.monotonic()
        requests = [b"text status\n", b"json stats\n", b"rubbish\n", b"json flows top 100\n", b"text flows\n",
                    b"text screen 24 80\n", b"x" * 5000]
        while time.monotonic() - begin < 3:
            ask(self.control, self.random.choice(requests))

    def metrics_scraped(self):
        begin = time.monotonic()
        while time.monotonic() - begin < 3:
            with netns.entered(self.link.capturing):
                client = socket.create_connection(("127.0.0.1", METRICS_PORT), 5)
            with client:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                while client.recv(65536):
                    pass
            time.sleep(0.01)

    def flushed(self):
        if (answer := ctl(self.control, "flush")).status:
            self.fault(f"flush was refused: {answer.err}")

    def stopped_for_a_while(self):
        """The one that captures."""
        os.kill(self.sealed, signal.SIGSTOP)
        time.sleep(5)
        os.kill(self.sealed, signal.SIGCONT)

    def guard_stopped(self):
        """Only what needs it waits for it."""
        os.kill(self.child.pid, signal.SIGSTOP)
        try:
            before = self.stats()["packets"]["received"]
            time.sleep(3)
            if not self.stats()["packets"]["received"] > before:
                self.fault("without the helper process no packets are metered")
        finally:
            os.kill(self.child.pid, signal.SIGCONT)

    def disk_full(self):
        filler = self.path("disk/filler")
        with open(filler, "wb", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(4096))
            except OSError:
                pass
        self.link_down_up()             # what is to be logged
        os.unlink(filler)
        self.empty_log()

    def date_stepped(self):
        for hours in (1, -1, 0):
            with open(self.path("date"), "r+b") as out:
                out.write((hours * 3600).to_bytes(8, "little", signed=True))
            # Packets have the kernel's date still, and a message is not dated before its records. By v9, because
            # IPFIX's export time never goes back in a session.
            date = time.time() + max(0, hours) * 3600
            self.exported(lambda: abs(self.collectors[1].date - date) < 60,     # pylint: disable=cell-var-from-loop
                          f"records are sent with the date {hours} h from now")

    def syn_flood(self):
        """At full speed, for some seconds, from addresses that come once."""
        capture = self.path("syn.pcap")
        if not os.path.exists(capture):
            pick = random.Random(1)
            gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n, gen.eth(gen.ipv4(
                f"{pick.randrange(1, 224)}.{pick.randrange(256)}.{pick.randrange(256)}.{pick.randrange(256)}",
                "198.51.100.80", gen.TCP, gen.tcp(pick.randrange(1024, 65536), 80, gen.SYN, b""))))
                for n in range(2 * MAX_FLOWS)], nano=False)
        replay = subprocess.Popen(netns.inside(self.link.sending, [
            "tcpreplay", "-q", "-i", "a0", "-K", "--topspeed", "--loop=0", "--duration=5", capture]),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        slowest = 0.0
        while replay.poll() is None:
            asked = time.monotonic()
            ctl(self.control, "status")
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.1)
        if slowest > 1:
            self.fault(f"the control socket took {slowest:.2f} s under flood")
        self.flooded += int(re.search(r"Successful packets:\s+(\d+)", replay.stdout.read())[1])


EVENTS = [name for name in ("link_down_up", "link_removed", "link_renamed", "carrier_lost", "collector_restarted",
                            "name_resolved_again", "reloaded", "reloaded_broken", "reloaded_often", "reloaded_at_once",
                            "control_flooded", "metrics_scraped", "flushed", "stopped_for_a_while", "guard_stopped", "disk_full",
                            "date_stepped", "syn_flood")]

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static volatile int64_t *offset;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void)
{
	int fd = open(getenv("SOAK_DATE"), O_RDWR | O_CREAT, 0666);
	if (ftruncate(fd, 8) == 0)
		offset = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
	real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = real(id, t);
	if (rc == 0 && id == CLOCK_REALTIME && offset && offset != MAP_FAILED)
		t->tv_sec += *offset;
	return rc;
}
"""


def build_shim(directory):
    """A library that adds an offset from a file to the date: the machine's own clock is left alone."""
    source, library = os.path.join(directory, "shim.c"), os.path.join(directory, "shim.so")
    with open(source, "w", encoding="ascii") as out:
        out.write(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def seconds_of(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def final(soak):
    """Ends all, and looks whether everything that was sent is accounted for."""
    soak.traffic.ending = True
    soak.traffic.join(5)
    time.sleep(1)
    soak.empty_log()                    # room for the ledger
    os.kill(soak.child.pid, signal.SIGTERM)
    status = soak.child.wait(20)
    with open(soak.log, "rb") as log:
        lines = log.read().replace(b"\0", b"").decode(errors="replace").splitlines()
    stats = json.loads(lines[-1])
    for fault in ledger_faults(stats):
        if not re.match(r"udp://.*(handed)", fault):
            soak.fault(f"at the end: {fault}")
    sent, packets = soak.traffic.sent + soak.flooded, stats["packets"]
    counted = packets["received"] + packets["dropped_kernel"] + packets["dropped_interface"]
    print(f"{sent} frames sent, {soak.uncertain} of them while the link was away; {counted} are in the ledger")
    if not sent - soak.uncertain <= counted <= sent:
        soak.fault("packets are missing in the ledger, or there too often")
    if status:
        soak.fault(f"exit status {status}: {lines[-5:-1]}")
    return stats


def soak_for(soak, seconds, names, once):
    """Events for so long; memory and descriptors when the first minute is over, and at the end."""
    begin, order, count, first = time.monotonic(), list(names), 0, None
    while (order if once else time.monotonic() - begin < seconds):
        at = time.monotonic() - begin
        if first is None and (at > 40 or once):
            first = soak.settled()
        name = order.pop(0) if once else soak.random.choice(names)
        soak.note(f"{at:.1f} {name}")
        getattr(soak, name)()
        time.sleep(0.5)
        stats = soak.check(name)
        count += 1
        print(f"{at:7.1f} s  {name:22} received {stats['packets']['received']:9} "
              f"dropped {stats['packets']['dropped_kernel']:7} active {stats['flows']['active']:7} "
              f"private {soak.memory()} kB", flush=True)
    if first is not None:
        soak.compare(first, soak.settled())
    return count


def run(soak, options):
    soak.start()
    soak.traffic.start()
    count = soak_for(soak, seconds_of(options.time), options.events or EVENTS, options.once)
    stats = final(soak)
    print(f"{count} events")
    print(json.dumps(stats))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-t", "--time", default="2m")
    parser.add_argument("-s", "--seed", type=int, default=int(time.time()))
    parser.add_argument("-1", "--once", action="store_true")
    parser.add_argument("-z", "--sanitized", action="store_true")
    parser.add_argument("events", nargs="*", choices=EVENTS + [[]])
    options = parser.parse_args()
    why = netns.unusable() or missing("tcpreplay", "cc")
    if why:
        sys.exit(f"soak: {why}")
    bounded(3 * seconds_of(options.time) + 600)
    directory = f"/tmp/spanflow-soak-{os.getpid()}"
    os.mkdir(directory)
    print(f"seed {options.seed}", flush=True)
    with netns.Link() as link:
        soak = Soak(link, directory, options.seed, options.sanitized)
        try:
            run(soak, options)
        except Exception as error:              # pylint: disable=broad-except
            soak.fault(f"{type(error).__name__}: {error}")
        finally:
            if soak.child and soak.child.poll() is None:
                soak.child.kill()
            subprocess.run(["umount", "-l", soak.path("disk")], check=False)
            shutil.rmtree(f"/etc/netns/{link.capturing}", ignore_errors=True)
    print(f"{len(soak.faults)} faults")
    if soak.faults:
        print(f"the program's log and all else: {directory}")
    else:
        shutil.rmtree(directory)
    sys.exit(1 if soak.faults else 0)


if __name__ == "__main__":
    main()
