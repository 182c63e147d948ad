#!/usr/bin/env python3
"""Interfaces that come and go while they are captured, on veth pairs between two namespaces of the test's own.

Promises: an interface that is down, without a carrier, removed, made anew or renamed ends nothing; each of
these is said in one line, and so is that capture goes on; what is sent while the link is there is counted,
all of it and once; nothing is done meanwhile but to wait.  Needs root.

usage: test_links.py [WORD...]    only cases with such a word in their name
"""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import live
import netns
import nobody
import wire
from collectors import Recorder, missing, wait_for
from harness import Skip
from live import Probe, frames_of, good_end, send, summary

DOWN = r"b0: the interface is down: capture goes on when it is up: `ip link set b0 up` starts it"
GOES_ON = r"%s: capture goes on"
NO_CARRIER = r"b0: no carrier, so that no packets come: .*"
GONE = r"%s: the interface has gone: capture goes on when %s is there again"
AGAIN = r"b0: it is there again, with interface index (\d+): capture goes on"
RENAMED = r"b0: the interface is called c0 now: capture follows it"
NOT_YET = r"b0: no such interface yet: waiting for it"
DOWN_YET = r"b0: the interface is down: capture begins when it is up: `ip link set b0 up` starts it"
BEGINS = r"b0: it is there now: capture begins"


class At:
    """What a case does to the link."""

    def __init__(self, link):
        self.link = link

    def inside(self, *words):
        netns.run(self.link.capturing, "ip", "link", *words)

    def there(self, *words):
        netns.run(self.link.sending, "ip", "link", *words)

    def up(self, name="b0"):
        self.inside("set", name, "up")
        self.connected()

    def connected(self):
        wait_for(lambda: "LOWER_UP" in netns.run(self.link.sending, "ip", "link", "show", "a0"), 5, "a0 has a carrier")

    def remove(self, name="b0"):
        self.inside("del", name)

    def make(self):
        self.link.pair(0)
        self.connected()

    def send(self, count, sport=5000):
        send(self.link.sending, "a0", frames_of(count, sport=sport))

    def captured(self, name="b0", sockets=1):
        index = self.link.index(name)
        wait_for(lambda: netns.capturing(self.link.capturing).count(index) == sockets, 5, f"{name} is captured")
        time.sleep(0.2)                 # its filter and ring are set up right after

    def is_free(self):
        """Nobody captures; told of."""
        wait_for(lambda: not set(netns.capturing(self.link.capturing)) - {-1, 0}, 5, "nothing is captured")
        time.sleep(0.3)


def said(case, probe, *patterns):
    """These lines and no others, in this order; what the last one's group is."""
    lines = [line.removeprefix("spanflow: ") for line in probe.lines()]
    case.equal(len(lines), len(patterns), f"lines: {lines}")
    found = None
    for line, pattern in zip(lines, patterns):
        found = re.fullmatch(pattern, line)
        case.true(found, f"{line!r} is not {pattern!r}")
    return found


def received(case, probe, count):
    good_end(case, probe)
    packets = probe.stats()["packets"]
    case.equal((packets["received"], packets["dropped_kernel"], packets["dropped_interface"]), (count, 0, 0),
               "received, dropped_kernel, dropped_interface")


def seconds_of_work(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rests(case, probe):
    """It does next to nothing for a second."""
    before = seconds_of_work(probe.pid)
    time.sleep(1)
    spent = seconds_of_work(probe.pid) - before
    case.true(spent < 0.1, f"{spent:.2f} s of work in a second")


def start(link, *arguments, interface="b0", **more):
    return Probe(link, "-i", interface, "-o", "json", "--stats=json", *arguments, **more)


# --- what happens to an interface -------------------------------------------

def down_and_up(case, at):
    with start(at.link) as probe:
        at.send(3)
        at.inside("set", "b0", "down")
        time.sleep(0.8)
        rests(case, probe)
        at.up()
        at.send(4)
        probe.end()
    received(case, probe, 7)
    said(case, probe, DOWN, GOES_ON % "b0")
    case.equal(summary(probe.records(), "ingressInterface", "packetDeltaCount"), [(at.link.index("b0"), 7)], "records")


def short_pause(case, at):
    """Down and up at once: nothing is worth a line, and nothing else is lost."""
    with start(at.link) as probe:
        for count in (1, 2, 3):
            at.send(count)
            at.inside("set", "b0", "down")
            at.up()
        at.send(4)
        probe.end()
    received(case, probe, 10)
    said(case, probe)


def carrier(case, at):
    with start(at.link) as probe:
        at.there("set", "a0", "down")
        time.sleep(2.5)                 # the kernel may take a second to tell
        at.there("set", "a0", "up")
        at.connected()
        at.send(2)
        probe.end()
    received(case, probe, 2)
    said(case, probe, NO_CARRIER, GOES_ON % "b0")


def made_anew(case, at, interface="b0", exported=None, *arguments):
    workers = 1 + ("--workers=2" in arguments)
    with start(at.link, *arguments, interface=interface) as probe:
        first = at.link.index("b0")
        at.send(3)
        at.remove()
        at.is_free()
        rests(case, probe)
        at.make()
        at.captured(sockets=workers)
        second = at.link.index("b0")
        for sport in range(5001, 5033):
            at.send(1, sport)
        probe.end()
    received(case, probe, 35)
    found = said(case, probe, GONE % ("b0", "it"), AGAIN)
    case.equal(found and int(found.group(1)), second, "index that is told")
    indexes = (exported, exported) if exported else (first, second)
    got = summary(probe.records(), "sourceTransportPort", "ingressInterface", "packetDeltaCount")
    case.equal(got, [(5000, indexes[0], 3)] + [(sport, indexes[1], 1) for sport in range(5001, 5033)],
               "port, ingressInterface, packets")


def send_and_remove(link, count):
    """The interface goes right behind the last packet: what removes it has been started before."""
    sender = netns.frame_sender(link.sending, "a0")
    with sender, subprocess.Popen(netns.inside(link.capturing, ["ip", "-batch", "-"]), stdin=subprocess.PIPE) as remover:
        time.sleep(0.2)
        for frame in frames_of(count):
            sender.send(frame)
        remover.communicate(b"link del b0\n", timeout=10)


def told_of(messages, index, name):
    """How often options data name the interface, by its name and by its description, which begins alike."""
    row = struct.pack("!I", index) + name.encode().ljust(32, b"\0")
    return sum(message.count(row) for message in messages)


def collector_is_told(case, at, fmt):
    """The new index and the new name are in options data, at once; the sequence has no gap."""
    with Recorder(namespace=at.link.capturing) as recorder:
        with start(at.link, "-n", f"127.0.0.1:{recorder.port},format={fmt}") as probe:
            first = at.link.index("b0")
            at.send(1)
            at.remove()
            at.is_free()
            at.make()
            at.captured()
            second = at.link.index("b0")
            wait_for(lambda: told_of(recorder.messages, second, "b0"), 2, "the new index is told")
            at.inside("set", "b0", "name", "c0")
            wait_for(lambda: told_of(recorder.messages, second, "c0"), 2, "the new name is told")
            at.send(2)
            probe.end()
        messages = list(recorder.finish())
    at.inside("set", "c0", "name", "b0")
    received(case, probe, 3)
    case.equal([told_of(messages, first, "b0"), told_of(messages, second, "b0")], [2, 2], "announcements of each, in two rows")
    case.none(wire.open_session(fmt).feed_all(messages).errors, "messages")


def last_packets(case, at):
    """What comes right before the interface goes is counted; each time."""
    with start(at.link) as probe:
        for _ in range(5):
            send_and_remove(at.link, 50)
            at.is_free()
            at.make()
            at.captured()
        probe.end()
    received(case, probe, 250)


def again_and_again(case, at):
    """Made anew at once, eight times: it ends as it began.  After ten of a kind lines are held back."""
    with start(at.link) as probe:
        files = len(os.listdir(f"/proc/{probe.pid}/fd"))
        for _ in range(8):
            at.remove()
            at.make()
            at.captured()
        at.send(5)
        case.equal(len(os.listdir(f"/proc/{probe.pid}/fd")), files, "open files")
        probe.end()
    received(case, probe, 5)
    said(case, probe, *([GONE % ("b0", "it"), AGAIN] * 8))


def renamed_down(case, at, capture, seal):
    """It has another name when it is up again, and after that goes down as any other."""
    with start(at.link, "--capture=" + capture, "--seal=" + seal) as probe:
        at.send(3)
        at.inside("set", "b0", "down")
        at.inside("set", "b0", "name", "c0")
        at.up("c0")
        time.sleep(0.5)
        at.send(4)
        at.inside("set", "c0", "down")
        time.sleep(0.8)
        rests(case, probe)
        at.up("c0")
        time.sleep(0.5)
        at.send(5)
        at.inside("set", "c0", "down")
        at.inside("set", "c0", "name", "b0")
        at.up()
        time.sleep(0.5)
        at.send(6)
        probe.end()
    received(case, probe, 18)
    said(case, probe, RENAMED, DOWN.replace("b0", "c0"), GOES_ON % "c0", r"c0: the interface is called b0 now: capture follows it")


def renamed(case, at):
    with start(at.link) as probe:
        first = at.link.index("b0")
        at.send(3)
        at.inside("set", "b0", "name", "c0")
        time.sleep(0.3)
        at.send(4)
        at.remove("c0")
        at.is_free()
        at.make()
        at.captured()
        at.send(5)
        probe.end()
    received(case, probe, 12)
    said(case, probe, RENAMED, GONE % ("c0", "b0"), AGAIN)
    case.equal(summary(probe.records(), "ingressInterface", "packetDeltaCount"),
               [(first, 7), (at.link.index("b0"), 5)], "records")


def one_of_two(case, at):
    """The other interface goes on meanwhile."""
    with Probe(at.link, "-i", "b0", "-i", "b1", "-o", "json", "--stats=json", interfaces=("b0", "b1")) as probe:
        at.send(1)
        at.remove()
        time.sleep(0.5)
        send(at.link.sending, "a1", frames_of(6))
        at.make()
        at.captured()
        at.send(2)
        send(at.link.sending, "a1", frames_of(7))
        probe.end()
    received(case, probe, 16)
    said(case, probe, GONE % ("b0", "it"), AGAIN)


def ends_while_away(case, at):
    with start(at.link) as probe:
        at.send(2)
        at.remove()
        at.is_free()
        seconds = probe.end()
    at.make()
    received(case, probe, 2)
    said(case, probe, GONE % ("b0", "it"))
    case.true(seconds < 2, f"it took {seconds:.1f} s to end")


# --- how it is left ---------------------------------------------------------

def promiscuity(at):
    return int(re.search(r"promiscuity (\d+)", netns.run(at.link.capturing, "ip", "-d", "link", "show", "b0")).group(1))


def promiscuous(case, at, number, before):
    """As it was found, however the program ends."""
    at.inside("set", "b0", "promisc", "on" if before else "off")
    with start(at.link) as probe:
        case.equal(promiscuity(at), before + 1, "while it is captured")
        probe.end(number)
    case.equal(promiscuity(at), before, "afterwards")
    at.inside("set", "b0", "promisc", "off")


# --- offloads ---------------------------------------------------------------

WARNED = r"b0: GRO on: packets of a connection may be merged .*: --offloads=off, or `ethtool -K b0 gro off`"


OFF_AGAIN = r"b0: GRO had been turned on: off again: packets may have been merged meanwhile"


def has_gro(at):
    listed = netns.run(at.link.capturing, "ethtool", "-k", "b0")
    return re.search(r"generic-receive-offload: (\w+)", listed).group(1) == "on"


def set_gro(at, on):
    netns.run(at.link.capturing, "ethtool", "-K", "b0", "gro", "on" if on else "off")


def offloads(case, at, choice, number, *lines):
    """What is on while it is captured, and that it is as before then, however it ends short of being killed."""
    set_gro(at, True)
    with start(at.link, f"--offloads={choice}") as probe:
        case.equal(has_gro(at), choice != "off", "while it is captured")
        probe.end(number)
    case.equal(has_gro(at), True, "afterwards")
    set_gro(at, False)
    said(case, probe, *lines)


def offloads_made_anew(case, at):
    """The new interface's are turned off, too, and put back."""
    set_gro(at, True)
    with start(at.link, "--offloads=off") as probe:
        at.remove()
        at.is_free()
        netns.run(None, "ip", "link", "add", "a0", "netns", at.link.sending, "type", "veth", "peer", "name", "b0",
                  "netns", at.link.capturing)
        set_gro(at, True)
        at.there("set", "a0", "up")
        at.up()
        at.captured()
        case.equal(has_gro(at), False, "while it is captured")
        probe.end()
    case.equal(has_gro(at), True, "afterwards")
    set_gro(at, False)
    said(case, probe, GONE % ("b0", "it"), AGAIN)


def offloads_turned_on(case, at, choice, *lines):
    """By somebody else, while it is captured."""
    set_gro(at, False)
    with start(at.link, f"--offloads={choice}") as probe:
        set_gro(at, True)
        if choice == "off":
            wait_for(lambda: not has_gro(at), 5, "it is off again")
        at.send(3)
        time.sleep(1)                   # it is looked at twice a second at most
        probe.end()
    case.equal(has_gro(at), True, "afterwards")
    set_gro(at, False)
    received(case, probe, 3)
    said(case, probe, *lines)


def offloads_fight(case, at):
    """Another program turns it on whenever it is turned off: nobody is flooded, and in the end it is off."""
    set_gro(at, False)
    with start(at.link, "--offloads=off") as probe:
        until, times = time.monotonic() + 3, 0
        while time.monotonic() < until:
            if not has_gro(at):
                set_gro(at, True)
                times += 1
        wait_for(lambda: not has_gro(at), 5, "it is off again")
        probe.end()
    case.true(2 <= times <= 10, f"turned on {times} times")
    case.equal(has_gro(at), True, "afterwards")
    set_gro(at, False)
    lines = [line.removeprefix("spanflow: ") for line in probe.lines()]
    case.true(lines and all(re.fullmatch(OFF_AGAIN, line) for line in lines), f"lines: {lines}")


def offloads_of_two(case, at):
    """One puts back what it turned off, and the other needs it off."""
    set_gro(at, True)
    with start(at.link, "--offloads=off") as first:
        with start(at.link, "--offloads=off") as second:
            first.end()
            wait_for(lambda: not has_gro(at), 5, "it is off again")
            time.sleep(0.3)
            case.equal(has_gro(at), False, "the second one has it off")
            second.end()
    case.equal(has_gro(at), True, "afterwards")
    set_gro(at, False)
    said(case, second, OFF_AGAIN)


def offloads_failed_start(case, at):
    set_gro(at, True)
    with Probe(at.link, "-i", "b0", "-i", "nosuch0", "--offloads=off", interfaces=()) as probe:
        probe.end(None)
    case.equal((probe.status, has_gro(at)), (1, True), "exit status, GRO afterwards")
    set_gro(at, False)


def two_signals(case, at):
    """The second one ends it at once; what was changed is put back first."""
    set_gro(at, True)
    with start(at.link, "--offloads=off") as probe:
        probe.child.send_signal(signal.SIGINT)
        probe.end(signal.SIGTERM)
    case.equal(probe.status, 128 + signal.SIGTERM, "exit status")
    case.equal(has_gro(at), True, "afterwards")
    set_gro(at, False)


def no_permission(case, at):
    """CAP_NET_RAW captures, but changes no interface."""
    if nobody.unusable() or missing("setpriv"):
        raise Skip(nobody.unusable() or missing("setpriv"))
    set_gro(at, True)
    keep = "-all,+net_raw"
    with start(at.link, "--offloads=off",
               program=("setpriv", f"--bounding-set={keep}", f"--inh-caps={keep}")) as probe:
        case.equal(has_gro(at), True, "while it is captured")
        probe.end()
    set_gro(at, False)
    good_end(case, probe)
    said(case, probe, r"b0: GRO stays on: no permission to turn it off: .*CAP_NET_ADMIN, or `ethtool -K b0 gro off`")


def transfer(at, size):
    """So many octets by TCP from a0 to b0, in segments of the usual size."""
    netns.run(at.link.sending, "ethtool", "-K", "a0", "tso", "off", "gso", "off")
    with netns.entered(at.link.capturing):
        server = socket.create_server(("192.0.2.1", 5555))
    with netns.entered(at.link.sending):
        client = socket.create_connection(("192.0.2.1", 5555), timeout=10)
    sender = threading.Thread(target=lambda: (client.sendall(bytes(size)), client.close()))
    with server, server.accept()[0] as taker:
        sender.start()
        while taker.recv(1 << 16):
            pass
        sender.join(10)


def merged(case, at):
    """Why it is asked for: what GRO merges is counted as one, without the headers in between."""
    counted = []
    at.link.addresses()
    for choice in ("on", "off"):
        set_gro(at, True)
        with start(at.link, f"--offloads={choice}", "--direction=in", "tcp", "dst", "port", "5555") as probe:
            transfer(at, 1_000_000)
            probe.end()
        good_end(case, probe)
        counted.append((probe.stats()["packets"]["received"], probe.stats()["octets"]["metered"]))
    set_gro(at, False)
    for name, interface in ((at.link.sending, "a0"), (at.link.capturing, "b0")):
        netns.run(name, "ip", "address", "flush", "dev", interface)
    (packets, octets), (all_packets, all_octets) = counted
    case.true(packets * 2 < all_packets and octets < all_octets, f"with and without GRO: {counted}")
    case.true(1_000_000 / 1448 <= all_packets < 1_000_000 / 1400 + 20, f"{all_packets} packets")


def offload_cases(tap, at):
    tap.test("GRO is warned of", offloads, at, "keep", signal.SIGTERM, WARNED)
    tap.test("GRO is as it should be", offloads, at, "on", signal.SIGTERM)
    tap.test("GRO is turned off until SIGTERM", offloads, at, "off", signal.SIGTERM)
    tap.test("GRO is turned off until SIGINT", offloads, at, "off", signal.SIGINT)
    tap.test("GRO is turned off until two signals", two_signals, at)
    tap.test("GRO of an interface that is made anew", offloads_made_anew, at)
    tap.test("GRO is turned on meanwhile", offloads_turned_on, at, "off", OFF_AGAIN)
    tap.test("GRO is turned on meanwhile, and is kept", offloads_turned_on, at, "keep", WARNED)
    tap.test("two turn off GRO", offloads_of_two, at)
    tap.test("somebody insists on GRO", offloads_fight, at)
    tap.test("GRO after a start that failed", offloads_failed_start, at)
    tap.test("no permission for GRO", no_permission, at)
    tap.test("what GRO does to the counts", merged, at)


# --- waiting at the start ---------------------------------------------------

def waits(case, at, *arguments):
    at.remove()
    with start(at.link, "--wait", *arguments, interfaces=()) as probe:
        time.sleep(1)
        rests(case, probe)
        at.make()
        at.captured(sockets=1 + ("--workers=2" in arguments))
        at.send(5)
        probe.end()
    received(case, probe, 5)
    said(case, probe, NOT_YET, BEGINS)


def waits_for_up(case, at):
    at.inside("set", "b0", "down")
    with start(at.link, "--wait", interfaces=()) as probe:
        time.sleep(1)
        at.up()
        at.captured()
        at.send(5)
        probe.end()
    received(case, probe, 5)
    said(case, probe, DOWN_YET, BEGINS)


def waits_in_vain(case, at, *arguments):
    at.remove()
    with start(at.link, "--wait", *arguments, interfaces=()) as probe:
        time.sleep(0.5)
        probe.end(None if arguments else signal.SIGTERM)
    at.make()
    received(case, probe, 0)
    said(case, probe, NOT_YET)


def does_not_wait(case, at):
    at.inside("set", "b0", "down")
    with start(at.link, interfaces=()) as probe:
        probe.end(None)
    at.up()
    case.equal(probe.status, 1, "exit status")
    said(case, probe, r"b0: the interface is down: `ip link set b0 up` starts it")


def cases(tap, at):
    tap.test("down and up", down_and_up, at)
    tap.test("down and up at once", short_pause, at)
    tap.test("without a carrier for a time", carrier, at)
    tap.test("removed and made anew", made_anew, at)
    tap.test("the index that was asked for stays", made_anew, at, "77:b0", 77)
    tap.test("two workers", made_anew, at, "b0", None, "--workers=2")
    for fmt in ("ipfix", "9"):
        tap.test(f"a collector is told of the new interface: {fmt}", collector_is_told, at, fmt)
    tap.test("the last packets before it goes", last_packets, at)
    tap.test("made anew again and again", again_and_again, at)
    tap.test("renamed, and removed by its new name", renamed, at)
    for seal in ("on", "off"):
        for capture in ("pcap", "packet"):
            tap.test(f"renamed while it is down: {capture}, seal={seal}", renamed_down, at, capture, seal)
    tap.test("one of two", one_of_two, at)
    tap.test("the end while it is away", ends_while_away, at)
    tap.test("promiscuous until SIGTERM", promiscuous, at, signal.SIGTERM, 0)
    tap.test("promiscuous until it is killed", promiscuous, at, signal.SIGKILL, 0)
    tap.test("promiscuous before and after", promiscuous, at, signal.SIGTERM, 1)
    if missing("ethtool"):
        tap.skip("offloads", missing("ethtool"))
    else:
        offload_cases(tap, at)
    tap.test("waiting for an interface", waits, at)
    tap.test("two workers wait", waits, at, "--workers=2")
    tap.test("waiting for it to be up", waits_for_up, at)
    tap.test("waiting in vain until a signal", waits_in_vain, at)
    tap.test("waiting in vain for so long", waits_in_vain, at, "--duration=1s")
    tap.test("down, and not to be waited for", does_not_wait, at)


def in_namespaces(tap):
    with netns.Link(2) as link:
        cases(tap, At(link))


if __name__ == "__main__":
    sys.exit(live.main("interfaces that come and go", in_namespaces))
