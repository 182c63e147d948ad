#!/usr/bin/env python3
"""One spanflow that captures, and all that may happen to it in a year, in random order from a seed.

Between two network namespaces of the test's own some thousand packets a second of known flows pass. An event
follows the other: links fall and rise, are removed, made anew and renamed; collectors end and come again; settings
are read again, broken ones too; clients flood the control socket and scrape the metrics; the process is
stopped for seconds, its log's disk is full, its date is set back and forth, and SYNs flood from random
addresses. After each the ledger's sums hold, memory and descriptors are what they were, and at the end every packet that
the link carried is in the ledger. Needs root.

usage: soak.py [-t TIME] [-s SEED] [-1] [EVENT...]      TIME as in 30m; -1: each event once, in order
"""
import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
# pylint: disable=wrong-import-position
import netns
import pcapgen as gen
from collectors import missing, wait_for
from control import ask, ctl, descriptors, live_faults
from harness import PROGRAM, ledger_faults

PACKETS_A_SECOND = 2000
METRICS_PORT = 9469
# After the first minute, and at the end: what the allocator and the kernel keep for a while may be as much.
MEMORY_SLACK_KB = 12 * 1024

CONF = """
interface = b0
wait = yes
max-flows = 200000
control = {control}
metrics = "127.0.0.1:{metrics}"
log-level = info
timeout = {{"idle=5s", "active=60s", "end=1s"}}
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


class Traffic(threading.Thread):
    """Sends known flows from a0 as long as there is such an interface, and counts what the link took."""

    def __init__(self, link):
        super().__init__(daemon=True)
        self.link, self.sent, self.ending, self.paused = link, 0, False, False
        self.frames = [gen.eth(gen.ipv4(f"10.0.{n // 250}.{n % 250 + 1}", "198.51.100.9", gen.UDP,
                                        gen.udp(2000 + n, 53, bytes(n % 400)))) for n in range(500)]

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
            if self.paused:
                number, start = 0, time.monotonic() + 0.05
                time.sleep(0.05)
                continue
            sender.send(self.frames[(self.sent * 7) % len(self.frames)])
            self.sent += 1
            number += 1
            ahead = number / PACKETS_A_SECOND - (time.monotonic() - start)
            if ahead > 0.01:
                time.sleep(ahead)


class Collector(threading.Thread):
    """Counts datagrams on a port of the capturing namespace, at all its loopback addresses."""

    def __init__(self, link, port=0):
        super().__init__(daemon=True)
        self.socket = netns.udp_socket(link.capturing)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("0.0.0.0", port))
        self.socket.settimeout(0.1)
        self.port, self.datagrams, self.ending = self.socket.getsockname()[1], 0, False
        self.start()

    def run(self):
        while not self.ending:
            try:
                self.socket.recv(65535)
                self.datagrams += 1
            except socket.timeout:
                pass

    def stop(self):
        self.ending = True
        self.join(5)
        self.socket.close()


class Soak:
    def __init__(self, link, directory, seed):
        self.link, self.directory = link, directory
        self.random = random.Random(seed)
        self.control, self.conf = self.path("control"), self.path("spanflow.conf")
        self.lines, self.log = self.path("lines.json"), self.path("disk/log")
        self.faults, self.name, self.before, self.child = [], "b0", None, None
        self.collectors = [Collector(link), Collector(link)]
        self.ports = [collector.port for collector in self.collectors]
        self.extra = ""

    def path(self, name):
        return os.path.join(self.directory, name)

    # --- the program ----------------------------------------------------------

    def write_conf(self, extra=""):
        self.extra = extra
        with open(self.conf, "w", encoding="utf-8") as out:
            out.write(CONF.format(control=self.control, metrics=METRICS_PORT, lines=self.lines,
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
                env=dict(os.environ, LD_PRELOAD=shim, SOAK_DATE=self.path("date")))
        wait_for(lambda: os.path.exists(self.control), 10, "the control socket")
        wait_for(self.captures, 10, "capture")

    def captures(self):
        return any(index > 0 for index in netns.capturing(self.link.capturing))

    def pids(self):
        """The program's processes: it may consist of a small one with rights and a sealed one."""
        children = subprocess.run(["pgrep", "-P", str(self.child.pid)], capture_output=True, text=True,
                                  check=False).stdout.split()
        return [self.child.pid] + [int(pid) for pid in children]

    def memory(self):
        """Private kB of all of it: the packet rings are the kernel's, and of one size."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                total += int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])
        return total

    def descriptors(self):
        return sum(descriptors(pid) for pid in self.pids())

    def stats(self):
        answer = ctl(self.control, "-j", "stats")
        if answer.status:
            raise RuntimeError(f"stats: {answer.err}")
        return answer.json()

    def fault(self, what):
        self.faults.append(what)
        print(f"FAULT {what}", flush=True)

    def check(self, event):
        if self.child.poll() is not None:
            raise RuntimeError(f"spanflow has ended with {self.child.returncode} after {event}")
        stats = self.stats()
        for fault in live_faults(stats):
            if not re.match(r"udp://.*(handed)", fault):
                self.fault(f"{event}: {fault}")
        return stats

    # --- events ---------------------------------------------------------------

    def inside(self, *words):
        netns.run(self.link.capturing, "ip", "link", *words)

    def link_down_up(self):
        self.inside("set", "b0", "down")
        time.sleep(self.random.uniform(0.1, 2))
        self.inside("set", "b0", "up")
        wait_for(self.captures, 10, "capture after down and up")

    def link_removed(self):
        self.inside("del", "b0")
        time.sleep(self.random.uniform(0.1, 2))
        self.link.pair(0)
        wait_for(self.captures, 10, "capture after removal")

    def link_renamed(self):
        self.inside("set", "b0", "name", "c0")
        time.sleep(1)
        self.inside("set", "c0", "name", "b0")

    def carrier_lost(self):
        netns.run(self.link.sending, "ip", "link", "set", "a0", "down")
        time.sleep(0.5)
        netns.run(self.link.sending, "ip", "link", "set", "a0", "up")

    def collector_restarted(self):
        which = self.random.randrange(2)
        self.collectors[which].stop()
        time.sleep(self.random.uniform(0.5, 3))
        self.collectors[which] = Collector(self.link, self.ports[which])

    def name_resolved_again(self):
        self.hosts(self.random.choice(["127.0.0.1", "127.0.0.2", "127.0.0.3"]))
        time.sleep(2)

    def reloaded(self):
        extra = self.random.choice(["", "sample = 2\n", 'sample = "random:5"\n', 'filter = "ip"\n',
                                    'collector third {\n host = "127.0.0.1:%d"\n format = 5\n}\n' % self.ports[0],
                                    'timeout = "idle=2s"\n'])
        self.write_conf(extra)
        if self.random.random() < 0.5:
            os.kill(self.child.pid, signal.SIGHUP)
            time.sleep(0.5)
        else:
            self.reload()

    def reload(self):
        answer = ctl(self.control, "reload")
        if answer.status:
            self.fault(f"reload was refused: {answer.err}")

    def reloaded_broken(self):
        good = self.extra
        self.write_conf("rubbish = 1\n")
        if not ctl(self.control, "reload").status:
            self.fault("a broken file was taken")
        self.write_conf(good)

    def reloaded_often(self):
        for number in range(20):
            self.write_conf(f"sample = {number % 3 + 1}\n")
            self.reload()
        self.write_conf()
        self.reload()

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
        ctl(self.control, "flush")

    def stopped_for_a_while(self):
        """The sealed process, if there is one."""
        os.kill(self.pids()[-1], signal.SIGSTOP)
        time.sleep(5)
        os.kill(self.pids()[-1], signal.SIGCONT)

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
        with open(self.log, "r+b") as log:
            log.truncate(0)

    def date_stepped(self):
        for hours in (1, -1, 0):
            with open(self.path("date"), "r+b") as out:
                out.write((hours * 3600).to_bytes(8, "little", signed=True))
            time.sleep(1)

    def syn_flood(self):
        """At full speed, for some seconds, from addresses that come once."""
        capture = self.path("syn.pcap")
        if not os.path.exists(capture):
            pick = random.Random(1)
            gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n, gen.eth(gen.ipv4(
                f"{pick.randrange(1, 224)}.{pick.randrange(256)}.{pick.randrange(256)}.{pick.randrange(256)}",
                "198.51.100.80", gen.TCP, gen.tcp(pick.randrange(1024, 65536), 80, gen.SYN, b""))))
                for n in range(200_000)], nano=False)
        begin = time.monotonic()
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
        del begin


EVENTS = [name for name in ("link_down_up", "link_removed", "link_renamed", "carrier_lost", "collector_restarted",
                            "name_resolved_again", "reloaded", "reloaded_broken", "reloaded_often",
                            "control_flooded", "metrics_scraped", "flushed", "stopped_for_a_while", "disk_full",
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


def final(soak, traffic):
    """Ends all, and looks whether everything that was sent is accounted for."""
    traffic.ending = True
    traffic.join(5)
    time.sleep(1)
    with open(soak.log, "r+b") as log:
        log.truncate(0)                 # room for the ledger
    os.kill(soak.child.pid, signal.SIGTERM)
    status = soak.child.wait(20)
    with open(soak.log, "rb") as log:
        lines = log.read().replace(b"\0", b"").decode(errors="replace").splitlines()
    stats = json.loads(lines[-1])
    for fault in ledger_faults(stats):
        if not re.match(r"udp://.*(handed)", fault):
            soak.fault(f"at the end: {fault}")
    if status:
        soak.fault(f"exit status {status}: {lines[-5:-1]}")
    return stats


def soak_for(soak, traffic, seconds, names, once):
    begin = time.monotonic()
    count, memory, handles, most = 0, None, None, 0
    order = list(names)
    while (order if once else time.monotonic() - begin < seconds):
        name = order.pop(0) if once else soak.random.choice(names)
        at = time.monotonic() - begin
        getattr(soak, name)()
        time.sleep(0.5)
        stats = soak.check(name)
        now = soak.memory()
        most = max(most, now)
        if memory is None and at > 60:
            memory, handles = now, soak.descriptors()
        count += 1
        print(f"{at:7.1f} s  {name:22} received {stats['packets']['received']:9} "
              f"dropped {stats['packets']['dropped_kernel']:7} active {stats['flows']['active']:7} "
              f"private {now} kB", flush=True)
    if memory is not None:
        time.sleep(7)                   # flows of the last event end
        if soak.memory() > memory + MEMORY_SLACK_KB:
            soak.fault(f"memory: {memory} kB after the first minute, {soak.memory()} kB at the end")
        if abs(soak.descriptors() - handles) > 4:
            soak.fault(f"descriptors: {handles} after the first minute, {soak.descriptors()} at the end")
    return count, memory, most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-t", "--time", default="2m")
    parser.add_argument("-s", "--seed", type=int, default=int(time.time()))
    parser.add_argument("-1", "--once", action="store_true")
    parser.add_argument("events", nargs="*", choices=EVENTS + [[]])
    options = parser.parse_args()
    why = netns.unusable() or missing("tcpreplay", "cc")
    if why:
        sys.exit(f"soak: {why}")
    directory = f"/tmp/spanflow-soak-{os.getpid()}"
    os.mkdir(directory)
    print(f"seed {options.seed}", flush=True)
    with netns.Link() as link:
        soak = Soak(link, directory, options.seed)
        try:
            soak.start()
            traffic = Traffic(link)
            traffic.start()
            count, memory, most = soak_for(soak, traffic, seconds_of(options.time),
                                           options.events or EVENTS, options.once)
            stats = final(soak, traffic)
        finally:
            if soak.child and soak.child.poll() is None:
                soak.child.kill()
            subprocess.run(["umount", "-l", soak.path("disk")], check=False)
            shutil.rmtree(f"/etc/netns/{link.capturing}", ignore_errors=True)
    print(f"{count} events; sent {traffic.sent} besides floods; private memory {memory} kB after a minute, "
          f"{most} kB at most; {len(soak.faults)} faults")
    print(json.dumps(stats))
    shutil.rmtree(directory, ignore_errors=True)
    sys.exit(1 if soak.faults else 0)


if __name__ == "__main__":
    main()
