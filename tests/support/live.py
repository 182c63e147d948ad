"""spanflow at an interface of a netns.Link, and what sends there."""
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import time

import netns
import pcapgen as gen
from collectors import Process, bounded, missing, wait_for
from harness import PROGRAM, Skip, Tap, ledger_faults, need_program

FLOWS, PER_FLOW = 500, 40       # of mixed_capture()


class Probe(Process):
    """spanflow in the capturing namespace; ready when its packet sockets are bound."""

    def __init__(self, link, *arguments, interfaces=("b0",), program=()):
        super().__init__([*program, PROGRAM, *arguments], link.capturing,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.link, self.interfaces = link, interfaces
        self.stdout, self.stderr, self.status = b"", b"", None

    def __enter__(self):
        super().__enter__()
        try:
            wait_for(self.ready, 10, f"{' '.join(self.argv)} captures")
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def pid(self):
        """The process that captures: the child of its helper, where it has one."""
        pid = self.child.pid
        while children := children_of(pid):
            pid = children[0]
        return pid

    def ready(self):
        """Bound to each interface; or at its end, which the case will notice."""
        bound = netns.capturing(self.link.capturing)
        wanted = [self.link.index(name) if name else 0 for name in self.interfaces]
        if self.child.poll() is None and not set(wanted) <= set(bound):
            return False
        time.sleep(0.2)                 # its filter and ring are set up right after
        return True

    def end(self, number=signal.SIGTERM, seconds=10):
        """Sends the signal, if any, and reads to the end; how long that took."""
        begin = time.monotonic()
        if number and self.child.poll() is None:
            self.child.send_signal(number)
        self.stdout, self.stderr = self.child.communicate(timeout=seconds)
        self.status = self.child.returncode
        return time.monotonic() - begin

    def line(self, seconds):
        """The next line of standard output, or '' if none comes in time."""
        ready, _, _ = select.select([self.child.stdout], [], [], seconds)
        return self.child.stdout.readline().decode() if ready else ""

    def records(self):
        return [json.loads(line) for line in self.stdout.decode().splitlines()]

    def lines(self):
        """What it said, but for the ledger."""
        lines = self.stderr.decode(errors="replace").splitlines()
        return [line for line in lines if not line.startswith("{")]

    def stats(self):
        lines = self.stderr.decode(errors="replace").splitlines()
        return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None


def send(namespace, interface, frames):
    sender = netns.frame_sender(namespace, interface)
    with sender:
        for frame in frames:
            sender.send(frame)
    time.sleep(0.1)                     # across the pair


def frames_of(count, src="192.0.2.10", sport=5000, vlans=()):
    """So many packets of one UDP flow."""
    return [gen.eth(gen.ipv4(src, "198.51.100.1", gen.UDP, gen.udp(sport, 53, bytes(20))),
                    vlans=vlans)] * count


def replay(link, capture, *how):
    """Sends a capture file from a0, in the way that tcpreplay is told."""
    why = missing("tcpreplay")
    if why:
        raise Skip(why)
    argv = ["tcpreplay", "-q", "-i", "a0", "-K", *how, capture]
    done = subprocess.run(netns.inside(link.sending, argv), stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=120, check=False)
    assert done.returncode == 0, f"tcpreplay: {done.stdout[-400:]}"


def of_threads(pid, what):
    """That file of each thread that has not ended meanwhile."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/task/{task}/{what}", encoding="ascii", errors="replace") as text:
                yield text.read().strip()


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
        return [int(word) for word in text.read().split()]


def stands_still(pid):
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in of_threads(pid, "stat"))


def has(link, interface, what):
    """Whether `ip` shows that of an interface in the capturing namespace."""
    return re.search(what, netns.run(link.capturing, "ip", "-d", "link", "show", interface))


@contextlib.contextmanager
def small_disk(tap):
    """The path of one of 64 KB."""
    disk = tap.path("disk")
    os.makedirs(disk, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Skip(f"no tmpfs: {done.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def mixed_capture(path):
    """IPv4 and IPv6, some with VLAN tags, of all lengths to 1,500 octets, and an ARP."""
    packets = []
    for number in range(FLOWS * PER_FLOW - 1):
        flow, body = number % FLOWS, gen.udp(10000 + number % FLOWS, 4500, bytes(number * 37 % 1440))
        vlans = ((0x8100, flow % 7 + 1),) if flow % 3 == 0 else ()
        if flow % 2:
            frame = gen.eth(gen.ipv6(f"2001:db8::{flow:x}", "2001:db8:1::9", gen.UDP, body), 0x86dd, vlans=vlans)
        else:
            frame = gen.eth(gen.ipv4(f"10.0.{flow // 250}.{flow % 250 + 1}", "198.51.100.9", gen.UDP, body), vlans=vlans)
        packets.append(gen.pkt(gen.EPOCH + number * 1000, frame))
    packets.append(gen.arp_at(packets[-1].ts))
    gen.write_pcap(path, packets)


KEY = ("vlanId", "sourceIPv4Address", "sourceIPv6Address", "sourceTransportPort", "protocolIdentifier")


def sums(records, times=1):
    """{key: (packets, octets)} of records, as if each had come so many times."""
    out = {}
    for record in records:
        key = tuple(record.get(name) for name in KEY)
        packets, octets = out.get(key, (0, 0))
        out[key] = packets + times * record["packetDeltaCount"], octets + times * record["octetDeltaCount"]
    return out


def good_end(case, probe):
    """Exit status 0 and a ledger that adds up."""
    case.equal(probe.status, 0, f"exit status ({probe.stderr.decode(errors='replace')[:400]})")
    if "--stats=json" in probe.argv:
        case.none(ledger_faults(probe.stats()), "ledger")


def summary(records, *names):
    return sorted(tuple(record.get(name) for name in names) for record in records)


def main(what, run, seconds=300):
    """A test program: run(tap) where namespaces can be made, else `what` is skipped. The exit status."""
    need_program()
    bounded(seconds)
    tap = Tap()
    try:
        why = netns.unusable()
        if why:
            tap.skip(what, why)
        else:
            run(tap)
    finally:
        status = tap.status()
    return status
