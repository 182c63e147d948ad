#!/usr/bin/env python3
"""What each captured interface gave and lost, on veth pairs between two namespaces of the test's own.

Promises: what is received and what the kernel drops is counted by interface, exactly, by one worker and by
several, however it is captured; it goes on from where it was when the interface is down, removed and made
anew, or renamed, and after a reload; at any moment the interfaces' counters make up the ledger's sums, and
none of them goes back; the ledger and the metrics say the same.  Needs root.

usage: test_interfaces.py [WORD...]    only cases with such a word in their name
"""
import os
import re
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import pcapgen as gen
from collectors import wait_for
from control import ctl, live_faults, until
from live import Probe, frames_of, good_end, send, stands_still
from test_metrics import PORT, metrics

# The smallest buffer has no room for so many packets.
MANY = 20000
COUNTERS = ("received", "dropped_kernel", "dropped_interface")


def flows(count, src="192.0.2.10"):
    """So many packets, each of a flow of its own, so that every worker gets some."""
    return [gen.eth(gen.ipv4(src, "198.51.100.1", gen.UDP, gen.udp(1024 + n, 53, bytes(20)))) for n in range(count)]


class Station:
    """A link with two pairs, and spanflow at it."""

    def __init__(self, tap, link):
        self.tap, self.link, self.number = tap, link, 0

    def probe(self, *arguments, names=("b0", "b1"), waits_for=("b0", "b1"), **more):
        self.number += 1
        path = self.tap.path(f"control{self.number}")
        probe = Probe(self.link, *(word for name in names for word in ("-i", name)), "--control", path, "-o", "json",
                      f"--metrics=127.0.0.1:{PORT}", "--stats=json", *arguments, interfaces=waits_for, **more)
        probe.path = path
        return probe

    def send(self, interface, frames):
        send(self.link.sending, interface, frames)

    def inside(self, *words):
        netns.run(self.link.capturing, "ip", "link", *words)

    def anew(self, number, workers=1):
        """Removes an interface, and makes it again once nobody has it any more; returns what captures it."""
        self.inside("del", f"b{number}")
        time.sleep(0.7)
        self.link.pair(number)
        wait_for(lambda: self.sockets(f"b{number}") == workers, 5, f"b{number} is captured")
        time.sleep(0.2)                 # its filter and ring are set up right after

    def sockets(self, name):
        return netns.capturing(self.link.capturing).count(self.link.index(name))


def stats_of(probe):
    return ctl(probe.path, "-j", "stats").json()


def counted(stats):
    return {row["name"]: tuple(row[name] for name in COUNTERS) for row in stats["interfaces"]}


def listed(probe):
    """The same of what `spanflowctl interfaces` tells; of a renamed one the name is another."""
    return [(row["received"], row["droppedKernel"], row["droppedInterface"])
            for row in ctl(probe.path, "-j", "interfaces").json()]


def comes_to(case, probe, what, **wanted):
    """Soon each interface has received that, and lost nothing."""
    wanted = {name: (count, 0, 0) for name, count in wanted.items()}
    case.true(until(lambda: counted(stats_of(probe)) == wanted), f"{what}: {counted(stats_of(probe))}, wanted {wanted}")
    case.equal(listed(probe), list(wanted.values()), f"{what}: interfaces")


def ends_with(case, probe, **wanted):
    """The ledger at the end, whose sums good_end() holds against the interfaces."""
    probe.end()
    good_end(case, probe)
    case.equal(counted(probe.stats()), {name: (count, 0, 0) for name, count in wanted.items()}, "at the end")


# --- received ---------------------------------------------------------------

def exact(case, station, *arguments):
    with station.probe(*arguments) as probe:
        comes_to(case, probe, "nothing was sent", b0=0, b1=0)
        station.send("a0", flows(70))
        comes_to(case, probe, "first", b0=70, b1=0)
        station.send("a1", flows(300))
        comes_to(case, probe, "second", b0=70, b1=300)
        station.send("a0", flows(1))
        ends_with(case, probe, b0=71, b1=300)


def silent(case, station):
    """One whose mirror session was removed: it is up, and nothing comes."""
    with station.probe() as probe:
        for count in (5, 10, 15):
            station.send("a1", flows(5))
            comes_to(case, probe, "one is silent", b0=0, b1=count)
        ends_with(case, probe, b0=0, b1=15)


def any_interface(case, station, *arguments):
    with station.probe(*arguments, names=("any",), waits_for=(0,)) as probe:
        station.send("a0", flows(3))
        station.send("a1", flows(4))
        ends_with(case, probe, any=7)


def rates(case, station):
    """About as many in a second as come there; and a table that people read."""
    def rate_of():
        return [row["receivedRate"] for row in ctl(probe.path, "-j", "interfaces").json()]
    ending = threading.Event()

    def steadily():
        while not ending.is_set():
            station.send("a1", flows(20))       # and a pause of a tenth of a second
    with station.probe() as probe:
        station.send("a0", flows(1000))
        sender = threading.Thread(target=steadily)
        sender.start()
        try:
            time.sleep(3)
            for _ in range(8):
                first, second = rate_of()
                case.true(first == 0 and 100 < second < 220, f"rates: {first}, {second}")
                time.sleep(0.2)
            lines = ctl(probe.path, "interfaces").lines()
        finally:
            ending.set()
            sender.join(10)
        probe.end()
    good_end(case, probe)
    case.equal(lines[0].split(), "interface state pkts pkt/s drops index mac mtu bit/s".split(), "heading")
    case.equal([line.split()[0:2] for line in lines[1:]], [["b0", "ok"], ["b1", "ok"]], "rows")
    case.true(lines[1].split()[2:5] == ["1000", "0", "0"] and int(lines[2].split()[2]) > 300, f"{lines}")


# --- what happens to an interface -------------------------------------------

def comes_back(case, station, workers):
    """Removed and made anew, twice; the other one goes on meanwhile."""
    with station.probe(f"--workers={workers}") as probe:
        station.send("a0", flows(10))
        station.send("a1", flows(20))
        comes_to(case, probe, "before", b0=10, b1=20)
        station.inside("del", "b0")
        time.sleep(0.7)
        station.send("a1", flows(5))
        comes_to(case, probe, "while it is away", b0=10, b1=25)
        station.link.pair(0)
        wait_for(lambda: station.sockets("b0") == workers, 5, "b0 is captured")
        time.sleep(0.2)
        station.send("a0", flows(40))
        comes_to(case, probe, "made anew", b0=50, b1=25)
        station.anew(0, workers)
        station.send("a0", flows(7))
        station.send("a1", flows(1))
        ends_with(case, probe, b0=57, b1=26)


def ends_away(case, station):
    with station.probe() as probe:
        station.send("a0", flows(10))
        station.inside("del", "b0")
        time.sleep(0.7)
        station.send("a1", flows(3))
        ends_with(case, probe, b0=10, b1=3)
    station.link.pair(0)


def down_and_up(case, station):
    with station.probe() as probe:
        station.send("a0", flows(3))
        station.inside("set", "b0", "down")
        time.sleep(0.3)
        station.send("a1", flows(2))
        station.inside("set", "b0", "up")
        wait_for(lambda: "LOWER_UP" in netns.run(station.link.sending, "ip", "link", "show", "a0"), 5, "a carrier")
        station.send("a0", flows(4))
        ends_with(case, probe, b0=7, b1=2)


def renamed(case, station):
    """It is counted by the name that the settings have."""
    with station.probe() as probe:
        station.send("a1", flows(3))
        station.inside("set", "b1", "name", "c1")
        station.send("a1", flows(4))
        comes_to(case, probe, "by another name", b0=0, b1=7)
        station.inside("set", "c1", "name", "b1")
        ends_with(case, probe, b0=0, b1=7)


def appears(case, station):
    """One that was not there at the start."""
    station.inside("del", "b1")
    with station.probe("--wait", waits_for=("b0",)) as probe:
        station.send("a0", flows(2))
        comes_to(case, probe, "one is awaited", b0=2, b1=0)
        station.link.pair(1)
        wait_for(lambda: station.sockets("b1") == 1, 5, "b1 is captured")
        time.sleep(0.2)
        station.send("a1", flows(9))
        ends_with(case, probe, b0=2, b1=9)


def reloaded(case, station):
    """Other settings count on: a filter that leaves packets out, sampling, and another exporter."""
    path = station.tap.path("settings")

    def write(*lines):
        with open(path, "w", encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")

    write("workers = 2")
    with station.probe("--config", path) as probe:
        station.send("a0", flows(10))
        station.send("a1", flows(20))
        comes_to(case, probe, "before", b0=10, b1=20)
        write("workers = 2", "sample = 2", 'filter = "src port 1024 or src port 1025"')
        done = ctl(probe.path, "reload")
        case.equal(done.status, 0, f"reload: {done.err}")
        station.send("a0", flows(10))
        ends_with(case, probe, b0=12, b1=20)


# --- lost -------------------------------------------------------------------

def overflow(station, probe, **sent):
    """Nobody reads meanwhile."""
    os.kill(probe.pid, signal.SIGSTOP)
    wait_for(lambda: stands_still(probe.pid), 5, "it stands still")
    for interface, frames in sent.items():
        station.send(interface, frames)
    os.kill(probe.pid, signal.SIGCONT)


def loses(case, station, *arguments):
    """The one that loses is named, also after it was made anew, and each packet is accounted for at its interface."""
    workers = 2 if "--workers=2" in arguments else 1

    def balance(what, b0, b1, least):
        def good():
            stats = stats_of(probe)
            rows = counted(stats)
            return sum(rows["b1"]) == b1 and rows["b1"][1] >= least and rows["b0"] == (b0, 0, 0)
        case.true(until(good), f"{what}: {counted(stats_of(probe))}, of {b0} and {b1}")
        stats = stats_of(probe)
        case.none(live_faults(stats), what)
        case.equal(listed(probe), list(counted(stats).values()), f"{what}: interfaces")
        return counted(stats)["b1"][1]

    with station.probe("--buffer=64K", *arguments) as probe:
        overflow(station, probe, a0=flows(10), a1=flows(MANY))
        first = balance("first", 10, MANY, 1000)
        case.true(" most at b1\n" in ctl(probe.path, "status").out, "status names it")
        station.anew(1, workers)
        case.equal(balance("made anew", 10, MANY, first), first, "dropped before")
        overflow(station, probe, a1=flows(MANY))
        balance("once more", 10, 2 * MANY, first + 1000)
        probe.end()
    good_end(case, probe)
    rows = counted(probe.stats())
    case.equal((rows["b0"], sum(rows["b1"])), ((10, 0, 0), 2 * MANY), "at the end")
    said = [line for line in probe.lines() if " dropped by the kernel" in line]
    case.true(said and all(line.startswith("spanflow: b1: ") for line in said), f"lines: {said}")
    case.true(said and re.match(rf"spanflow: b1: {rows['b1'][1]} packets dropped by the kernel( in all)?: ", said[-1]),
              f"{said[-1:]}, {rows['b1'][1]} dropped")


# --- at any moment ----------------------------------------------------------

def watch(case, probe, link, ending):
    """The sums hold, nothing goes back, and metrics agree with themselves. How often it was looked."""
    before, looks = {}, 0
    while not ending.is_set():
        stats = stats_of(probe)
        case.none(live_faults(stats), "meanwhile")
        now = counted(stats)
        for name, row in now.items():
            case.true(all(new >= old for new, old in zip(row, before.get(name, row))),
                      f"{name} went from {before.get(name)} to {row}")
        found = metrics(link)
        parts = found["spanflow_interface_packets_received_total"]
        case.equal(sum(parts.values()), found["spanflow_packets_received_total"][frozenset()], "metrics received")
        for by in ("kernel", "interface"):
            parts = [n for of, n in found["spanflow_interface_packets_dropped_total"].items() if ("by", by) in of]
            case.equal(sum(parts), found["spanflow_packets_dropped_total"][frozenset({("by", by)})], f"dropped by the {by}")
        before = now
        looks += 1
    return looks


def any_moment(case, station, workers):
    """Traffic at both, losses at one, which goes and comes meanwhile."""
    ending, counts = threading.Event(), []
    with station.probe(f"--workers={workers}", "--buffer=64K") as probe:
        watcher = threading.Thread(target=lambda: counts.append(watch(case, probe, station.link, ending)))
        watcher.start()
        try:
            for turn in range(4):
                station.send("a0", flows(MANY))
                station.send("a1", flows(MANY // 2))
                if turn == 1:
                    station.anew(0, workers)
                if turn == 2:
                    overflow(station, probe, a0=flows(MANY // 2))
        finally:
            ending.set()
            watcher.join(30)
        probe.end()
    good_end(case, probe)
    rows = counted(probe.stats())
    case.equal((sum(rows["b0"]), sum(rows["b1"])), (4 * MANY + MANY // 2, 2 * MANY), "packets at the end")
    case.true(counts and counts[0] > 5, f"looks: {counts}")


def cases(tap, station):
    for workers in (1, 2, 4):
        tap.test(f"counted by interface, {workers} workers", exact, station, f"--workers={workers}")
    tap.test("counted by interface, libpcap", exact, station, "--capture=pcap")
    tap.test("counted by interface, without copies", exact, station, "--dedup")
    tap.test("counted by interface, without a helper", exact, station, "--seal=off")
    tap.test("one is silent", silent, station)
    tap.test("rates of each", rates, station)
    tap.test("any", any_interface, station)
    tap.test("removed and made anew", comes_back, station, 1)
    tap.test("removed and made anew, 2 workers", comes_back, station, 2)
    tap.test("the end while one is away", ends_away, station)
    tap.test("down and up", down_and_up, station)
    tap.test("renamed", renamed, station)
    tap.test("waited for", appears, station)
    tap.test("a reload", reloaded, station)
    tap.test("which one loses", loses, station)
    tap.test("which one loses, 2 workers", loses, station, "--workers=2")
    tap.test("which one loses, libpcap", loses, station, "--capture=pcap", "--seal=off")
    for workers in (1, 2):
        tap.test(f"the sums at any moment, {workers} workers", any_moment, station, workers)


def in_namespaces(tap):
    with netns.Link(2) as link:
        cases(tap, Station(tap, link))


if __name__ == "__main__":
    sys.exit(live.main("counters of interfaces", in_namespaces))
