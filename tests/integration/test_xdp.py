#!/usr/bin/env python3
"""Live capture through AF_XDP, on veth pairs between two network namespaces that the test makes.

Promises: what AF_XDP brings is what the file with the same packets brings, flow by flow, at full
speed; what it has no room for is counted; the interface is the system's again however spanflow
ends; and where there is no AF_XDP that is said, and captured all the same.  Needs root, and most of it
a build with AF_XDP and a kernel that has it.

usage: test_xdp.py [WORD...]    only cases with such a word in their name
"""
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import nobody
import pcapgen as gen
from collectors import Process, wait_for
from harness import PROGRAM, Skip, run
from live import (FLOWS, KEY, PER_FLOW, Probe, frames_of, good_end, has, mixed_capture, of_threads, replay, send,
                  stands_still, summary, sums)

LOOPS = 5                                   # 100,000 packets
ENOUGH = "--buffer=256M"                    # for all of them, should nobody read meanwhile
FEW, FEWEST = 4096, "--buffer=64k"          # the packets that the smallest buffer holds
FALLS_BACK = r"spanflow: %s: captured without AF_XDP: "


class XdpProbe(Probe):
    """Ready when the interfaces are promiscuous, which is done last, and a thread reads them."""

    def __init__(self, link, *arguments, interfaces=("b0",), **more):
        super().__init__(link, *(f"-i{name}" for name in interfaces), "--capture=xdp", *arguments,
                         interfaces=interfaces, **more)

    def ready(self):
        return self.child.poll() is not None or \
            (all(has(self.link, name, r"promiscuity [1-9]") for name in self.interfaces)
             and any(name.startswith("sf-worker") for name in of_threads(self.pid, "comm")))


def mode(link, interface="b0"):
    """'xdp', 'xdpgeneric' or ''."""
    found = has(link, interface, r" (xdp\w*) ")
    return found.group(1) if found else ""


def no_fallback(case, probe):
    case.equal([line for line in probe.lines() if "without AF_XDP" in line], [], "messages")


def counted(probe):
    packets = probe.stats()["packets"]
    return packets["received"], packets["dropped_kernel"], packets["dropped_interface"]


# --- as much as there is -----------------------------------------------------------------

def compare(case, link, path, *arguments):
    """The file five times over, as fast as it goes, against the file read five times."""
    told = "--records=%s,packetDeltaCount,octetDeltaCount" % ",".join(KEY)
    file = run(["-r", path, "-o", "json", told, "--stats=json", *arguments])
    with XdpProbe(link, ENOUGH, "-o", "json", told, "--stats=json", *arguments) as probe:
        replay(link, path, "--topspeed", f"--loop={LOOPS}")
        probe.end()
    good_end(case, probe)
    no_fallback(case, probe)
    received = file.stats["packets"]["received"] * LOOPS
    case.equal(counted(probe), (received, 0, 0), "received, dropped_kernel, dropped_interface")
    case.equal(probe.stats()["octets"]["metered"], file.stats["octets"]["metered"] * LOOPS, "octets")
    got, wanted = sums(probe.records()), sums(file.records(), LOOPS)
    case.none([f"{key}: {got.get(key)}, wanted {wanted.get(key)}"
               for key in got.keys() | wanted.keys() if got.get(key) != wanted.get(key)], "flows", 3)
    return received


def full_speed(case, link, path):
    case.equal(compare(case, link, path), FLOWS * PER_FLOW * LOOPS, "packets sent")


def bpf_filter(case, link, path):
    sent = compare(case, link, path, "ip6", "and", "src", "port", "10001", "or", "(", "vlan", "3", "and", "ip", ")")
    case.true(0 < sent < FLOWS * PER_FLOW * LOOPS / 2, f"{sent} packets pass the filter")


def what_is_lost(case, link):
    """Nobody reads: what has no room is counted, packet by packet."""
    frames = frames_of(FEW + 1000)
    with XdpProbe(link, FEWEST, "-o", "json", "--stats=json") as probe:
        os.kill(probe.pid, signal.SIGSTOP)
        wait_for(lambda: stands_still(probe.pid), 5, "it stands still")
        send(link.sending, "a0", frames)
        os.kill(probe.pid, signal.SIGCONT)
        probe.end()
    good_end(case, probe)
    case.equal(counted(probe), (FEW, 1000, 0), "received, dropped_kernel, dropped_interface")


def lost_by_one(case, link):
    """Of two the one that loses is known, also once it has gone."""
    with XdpProbe(link, FEWEST, "-o", "json", "--stats=json", interfaces=("b0", "b1")) as probe:
        os.kill(probe.pid, signal.SIGSTOP)
        wait_for(lambda: stands_still(probe.pid), 5, "it stands still")
        send(link.sending, "a0", frames_of(30))
        send(link.sending, "a1", frames_of(FEW + 200))
        os.kill(probe.pid, signal.SIGCONT)
        time.sleep(0.5)
        netns.run(link.capturing, "ip", "link", "del", "b1")
        time.sleep(0.7)
        probe.end()
    link.pair(1)
    good_end(case, probe)
    no_fallback(case, probe)
    case.equal(summary(probe.stats()["interfaces"], "name", "received", "dropped_kernel"),
               [("b0", 30, 0), ("b1", FEW, 200)], "name, received, dropped_kernel")


def used_again(case, link):
    """Three times as many packets as there are frames, never more at a time than there are."""
    with XdpProbe(link, FEWEST, "-o", "json", "--stats=json") as probe:
        for _ in range(4):
            send(link.sending, "a0", frames_of(FEW * 3 // 4))
        probe.end()
    good_end(case, probe)
    case.equal(counted(probe), (3 * FEW, 0, 0), "received, dropped_kernel, dropped_interface")


def generic_mode(case, link):
    """Frames too long for veth's own XDP; those that fit come all the same."""
    for name, interface in ((link.sending, "a1"), (link.capturing, "b1")):
        netns.run(name, "ip", "link", "set", interface, "mtu", "9000")
    with XdpProbe(link, "-o", "json", "--stats=json", "--log-level=info", interfaces=("b1",)) as probe:
        case.equal(mode(link, "b1"), "xdpgeneric", "mode")
        send(link.sending, "a1", frames_of(2000) + [gen.eth(gen.ipv4("10.0.0.1", "10.0.0.2", 99, bytes(8000)))])
        probe.end()
    good_end(case, probe)
    no_fallback(case, probe)
    for words in ("takes no XDP program", "b1: captured by AF_XDP, for which the kernel copies, with a buffer of "):
        case.true(any(words in line for line in probe.lines()), f"messages: {probe.lines()}")
    case.equal(counted(probe), (2000, 1, 0), "received, dropped_kernel, dropped_interface")


def several_queues(case, link):
    """A socket each, and all are read: a flow's hash says which of them it comes by."""
    queues = ("numrxqueues", "4", "numtxqueues", "4")
    netns.run(None, "ip", "link", "add", "a4", "netns", link.sending, *queues, "type", "veth",
              "peer", "name", "b4", "netns", link.capturing, *queues)
    for name, interface in ((link.sending, "a4"), (link.capturing, "b4")):
        netns.run(name, "ip", "link", "set", interface, "up")
    with XdpProbe(link, "-o", "json", "--stats=json", interfaces=("b4",)) as probe:
        for cpu in sorted(os.sched_getaffinity(0)):
            send_on(cpu, link, "a4", [f for n in range(50) for f in frames_of(20, sport=n + 1)])
        probe.end()
    good_end(case, probe)
    no_fallback(case, probe)
    sent = len(os.sched_getaffinity(0)) * 20
    got = summary(probe.records(), "sourceTransportPort", "packetDeltaCount")
    case.equal(got, [(n + 1, sent) for n in range(50)], "ports, packets")


def send_on(cpu, link, interface, frames):
    """A veth gives packets the queue of the processor that they are sent on."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        send(link.sending, interface, frames)
    finally:
        os.sched_setaffinity(0, allowed)


def interfaces(case, link):
    first = link.index("b0")
    with XdpProbe(link, "-i", "77:b1", "-o", "json", "--stats=json") as probe:
        wait_for(lambda: has(link, "b1", "promiscuity [1-9]"), 5, "b1 is captured")
        send(link.sending, "a0", frames_of(2))
        send(link.sending, "a1", frames_of(3))
        probe.end()
    good_end(case, probe)
    got = summary(probe.records(), "ingressInterface", "packetDeltaCount")
    case.equal(got, sorted([(first, 2), (77, 3)]), "ingressInterface, packets")


def quiet_link(case, link):
    """One packet, then silence: its record is printed all the same, with the time of now."""
    begin = time.time()
    with XdpProbe(link, "-o", "json", "-t", "idle=100ms", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(1))
        line = probe.line(6)
        probe.end()
    found = re.search(r'"flowStartMilliseconds":(\d+)', line)
    case.true(found and begin * 1000 - 1 <= int(found.group(1)) <= time.time() * 1000, f"record: {line!r}")
    good_end(case, probe)


def count_stops(case, link):
    with XdpProbe(link, "--count", "5", "-o", "json", "--stats=json") as probe:
        send(link.sending, "a0", frames_of(12))
        probe.end(None)
    good_end(case, probe)
    case.equal(probe.stats()["packets"]["received"], 5, "received")


# --- the interface afterwards --------------------------------------------------------------

def heard(link, count):
    """How many of so many frames reach a program of the capturing namespace."""
    with netns.entered(link.capturing):
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(netns.ETH_P_ALL))
    with listener:
        listener.bind(("b0", netns.ETH_P_ALL))
        listener.settimeout(0.2)
        send(link.sending, "a0", frames_of(count))
        try:
            for number in range(count):
                listener.recv(2048)
        except socket.timeout:
            return number
    return count


def given_back(case, link, number, status):
    with XdpProbe(link, "-o", "json", "--stats=json") as probe:
        case.equal(mode(link), "xdp", "mode")
        case.equal(heard(link, 10), 0, "packets that the system hears meanwhile")
        seconds = probe.end(number)
    case.equal(probe.status, status, "exit status")
    case.true(seconds < 3, f"it took {seconds:.1f} s")
    if status == 0:
        good_end(case, probe)
        case.equal(summary(probe.records(), "packetDeltaCount", "flowEndReason"), [(10, 4)], "packets, reason")
    case.equal(mode(link), "", "mode afterwards")
    case.equal(heard(link, 10), 10, "packets that the system hears afterwards")
    case.true(has(link, "b0", "promiscuity 0"), "it is promiscuous no more")


def at_once_again(case, link):
    """The kernel lets go of an interface some time after the process that had it was killed."""
    again = '"$0" -i b0 --capture=xdp -m 100 -o csv:/dev/null '
    script = f"for i in 1 2 3 4 5; do {again} -q & P=$!; sleep 0.2; kill -9 $P; {again} --duration=1ms || exit 1; done"
    done = subprocess.run(netns.inside(link.capturing, ["sh", "-c", script, PROGRAM]),
                          stderr=subprocess.PIPE, timeout=60, check=False, text=True)
    case.equal(done.returncode, 0, "exit status")
    case.equal([line for line in done.stderr.splitlines() if "without AF_XDP" in line], [], "messages")


def make_pair(link):
    netns.run(None, "ip", "link", "add", "a5", "netns", link.sending, "type", "veth", "peer", "name", "b5",
              "netns", link.capturing)
    for name, interface in ((link.sending, "a5"), (link.capturing, "b5")):
        netns.run(name, "ip", "link", "set", interface, "up")


def interface_goes(case, link, seal):
    """Down and up it goes on by itself; made anew it is captured again, by AF_XDP unless that takes rights."""
    make_pair(link)
    with XdpProbe(link, f"--seal={seal}", "-o", "json", "--stats=json", interfaces=("b5",)) as probe:
        send(link.sending, "a5", frames_of(3))
        netns.run(link.capturing, "ip", "link", "set", "b5", "down")
        time.sleep(0.8)
        netns.run(link.capturing, "ip", "link", "set", "b5", "up")
        wait_for(lambda: "LOWER_UP" in netns.run(link.sending, "ip", "link", "show", "a5"), 5, "a5 has a carrier")
        send(link.sending, "a5", frames_of(4))
        netns.run(link.capturing, "ip", "link", "del", "b5")
        time.sleep(0.5)
        make_pair(link)
        wait_for(lambda: has(link, "b5", "promiscuity [1-9]"), 5, "b5 is captured")
        time.sleep(0.2)
        case.equal(mode(link, "b5"), "xdp" if seal == "off" else "", "mode")
        send(link.sending, "a5", frames_of(5))
        probe.end()
    netns.run(link.capturing, "ip", "link", "del", "b5")
    good_end(case, probe)
    case.equal(counted(probe), (12, 0, 0), "received, dropped_kernel, dropped_interface")
    lines = [line.removeprefix("spanflow: b5: ") for line in probe.lines() if "VLAN" not in line]
    case.equal([line.split(":")[0].split(",")[0] for line in lines],
               ["the interface is down", "capture goes on", "the interface has gone",
                *(["captured by a packet socket from now on"] if seal == "on" else []), "it is there again"], "lines")


# --- what cannot be ------------------------------------------------------------------------

def falls_back(case, link, interface, why):
    """It is said once, and it works without."""
    with Probe(link, "-i", interface, "--capture=xdp", "-o", "json", "--stats=json",
               interfaces=("b0" if interface == "b0" else None,)) as probe:
        case.equal(mode(link), "", "mode")
        send(link.sending, "a0", frames_of(3))
        probe.end()
    good_end(case, probe)
    lines = [line for line in probe.lines() if "AF_XDP" in line]
    case.true(len(lines) == 1 and re.match(FALLS_BACK % interface + why, lines[0]), f"messages: {probe.lines()}")
    case.equal(probe.stats()["packets"]["received"], 3, "received")


def not_for_xdp(case, link, why, *arguments):
    """What is asked for AF_XDP has not."""
    with Probe(link, "-i", "b0", "--capture=xdp", *arguments, "-o", "json") as probe:
        case.equal(mode(link), "", "mode")
        probe.end()
    good_end(case, probe)
    case.true(len(probe.lines()) == 1 and re.match(FALLS_BACK % "b0" + why, probe.lines()[0]),
              f"messages: {probe.lines()}")


def taken_already(case, link):
    """The second one leaves the first in peace."""
    with XdpProbe(link, "-o", "json", "--stats=json") as first:
        with Probe(link, "-i", "b0", "--capture=xdp", "-o", "json", "--stats=json") as second:
            send(link.sending, "a0", frames_of(3))
            second.end()
        first.end()
    good_end(case, first)
    good_end(case, second)
    case.equal(first.stats()["packets"]["received"], 3, "received by the first")
    case.true(len(second.lines()) == 1 and re.match(FALLS_BACK % "b0" + "another XDP program", second.lines()[0]),
              f"messages: {second.lines()}")


def no_such_interface(case, link):
    with Probe(link, "-i", "nosuch0", "--capture=xdp", interfaces=()) as probe:
        probe.end(None)
    case.equal(probe.status, 1, "exit status")
    case.true(len(probe.lines()) == 1 and "no such interface" in probe.lines()[0], f"messages: {probe.lines()}")


def without_rights(case, link):
    if nobody.unusable():
        raise Skip(nobody.unusable())
    with nobody.copies(PROGRAM) as (program,):
        argv = [*nobody.AS_NOBODY, program, "-i", "b0", "--capture=xdp"]
        with Process(argv, link.capturing, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as probe:
            _, said = probe.child.communicate(timeout=10)
    lines = said.decode().splitlines()
    case.equal(probe.child.returncode, 1, "exit status")
    case.true(len(lines) == 2 and re.match(FALLS_BACK % "b0" + "no permission .*CAP_BPF", lines[0]) and
              re.match("spanflow: b0: no permission to capture", lines[1]), f"messages: {lines}")


# --- all -------------------------------------------------------------------------------------

def is_built_in():
    said = run(["-i", "nosuch0", "--capture=xdp"]).stderr
    return "this build has no AF_XDP" not in said


def obstacle(link):
    """Why AF_XDP cannot be had here, or ''."""
    with Probe(link, "-i", "b0", "--capture=xdp", "--duration=1s", interfaces=()) as probe:
        probe.end()
    lines = [line for line in probe.lines() if "without AF_XDP" in line]
    return lines[0].partition("AF_XDP: ")[2] if lines else ""


def cases(tap, link):
    tap.test("a filter that asks for what AF_XDP does not tell", not_for_xdp, link, "the filter", "--filter=inbound")
    tap.test("any", falls_back, link, "any", "AF_XDP sees single")
    tap.test("a direction that AF_XDP does not see", not_for_xdp, link,
             "AF_XDP sees what", "--direction=out")
    tap.test("several workers", not_for_xdp, link, "AF_XDP is read by one worker", "--workers=2")
    tap.test("an interface that does not exist", no_such_interface, link)
    tap.test("without privileges", without_rights, link)
    path = tap.path("mixed.pcap")
    mixed_capture(path)
    tap.test("100,000 packets at full speed are those of the file", full_speed, link, path)
    tap.test("a BPF filter", bpf_filter, link, path)
    tap.test("what there is no room for is counted", what_is_lost, link)
    tap.test("which of two lost it", lost_by_one, link)
    tap.test("frames are used again", used_again, link)
    tap.test("a driver that takes no program", generic_mode, link)
    tap.test("several queues", several_queues, link)
    tap.test("several interfaces, each with its ifIndex", interfaces, link)
    tap.test("a record is printed soon on a quiet link, with the time of now", quiet_link, link)
    tap.test("--count stops it", count_stops, link)
    tap.test("SIGTERM gives the interface back", given_back, link, signal.SIGTERM, 0)
    tap.test("SIGINT gives the interface back", given_back, link, signal.SIGINT, 0)
    tap.test("SIGKILL gives the interface back", given_back, link, signal.SIGKILL, -signal.SIGKILL)
    tap.test("it starts again at once", at_once_again, link)
    for seal in ("off", "on"):
        tap.test(f"an interface that goes, seal {seal}", interface_goes, link, seal)
    tap.test("an interface that is taken", taken_already, link)


def in_namespaces(tap):
    with netns.Link(2) as link:
        if not is_built_in():
            tap.test("a build without AF_XDP says so", falls_back, link, "b0", "this build has no AF_XDP: .*--enable-xdp")
            tap.skip("capture by AF_XDP", "this build has none")
            return
        why = obstacle(link)
        if why:
            tap.skip("capture by AF_XDP", why)
        else:
            cases(tap, link)


if __name__ == "__main__":
    sys.exit(live.main("capture by AF_XDP", in_namespaces))
