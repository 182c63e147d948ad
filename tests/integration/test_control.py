#!/usr/bin/env python3
"""The control socket of a spanflow that captures, and spanflowctl.

Promises: every command tells the truth, as text and as JSON, about what was sent; clients that are wrong, silent,
too many, too slow or gone do no harm to each other, to the totals or to capture; the socket is whose it shall be,
and nobody else's is taken.
"""
import fcntl
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import netns                                                                       # noqa: E402
import pcapgen as gen                                                              # noqa: E402
from collectors import Process                                                     # noqa: E402
from control import (CONTROL, ask, connect, ctl, descriptors, live_faults, order_faults, read_all,  # noqa: E402
                     until)
from harness import PROGRAM, Skip                                                  # noqa: E402
from live import Probe, frames_of, good_end, main, send, small_disk                            # noqa: E402

PATIENCE = 15
# Flows that differ in which is the largest by octets, packets and duration: (port, packets, payload).
SIZES = [(5001, 3, 1000), (5002, 30, 10), (5003, 1, 1400), (5004, 5, 100), (5005, 7, 50)]


def frames(port, count, size, proto=gen.UDP, src="192.0.2.10", vlans=()):
    body = gen.udp(port, 53, bytes(size)) if proto == gen.UDP else gen.tcp(port, 53, gen.ACK, bytes(size))
    return [gen.eth(gen.ipv4(src, "198.51.100.1", proto, body), vlans=vlans)] * count


def octets(count, size, proto=gen.UDP):
    return count * (20 + (8 if proto == gen.UDP else 20) + size)


class Station:
    """A link, and spanflow at it with a socket."""

    def __init__(self, tap, link):
        self.tap, self.link, self.number = tap, link, 0

    def path(self):
        self.number += 1
        return self.tap.path("control%d" % self.number)

    def probe(self, *arguments, path=None, **keys):
        path = path or self.path()
        probe = Probe(self.link, "-i", "b0", "--control", path, "--stats=json", *arguments, **keys)
        probe.path = path
        return probe

    def send(self, some, interface="a0"):
        send(self.link.sending, interface, some)


def capture_of(path, flows, first=0x0a000000):
    """A capture file of so many UDP packets, each of a flow of its own, made without haste for each."""
    frame = bytearray(gen.eth(gen.ipv4("10.0.0.0", "198.51.100.1", gen.UDP, gen.udp(7000, 53, bytes(14)))))
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n in range(flows):
            struct.pack_into(">I", frame, 26, first + n)
            out.write(struct.pack("<IIII", n // 1000000, n % 1000000, len(frame), len(frame)))
            out.write(frame)
    return path


class Replay(Process):
    """tcpreplay in the background."""

    def __init__(self, link, capture, *how):
        if shutil.which("tcpreplay") is None:
            raise Skip("not installed: tcpreplay")
        super().__init__(["tcpreplay", "-q", "-i", "a0", "-K", *how, capture], link.sending,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def finish(self, seconds=60):
        out, _ = self.child.communicate(timeout=seconds)
        assert self.child.returncode == 0, out.decode()[-400:]


# --- what is answered --------------------------------------------------------------

def answers(case, station):
    with station.probe("-n", "127.0.0.1:9,format=9", "-o", "json") as probe:
        station.send(frames(5000, 10, 22))
        until(lambda: ctl(probe.path, "-j", "status").json()["received"] == 10)
        status = ctl(probe.path, "status")
        case.equal(status.status, 0, status.err)
        for text in ("spanflow ", "  up 0:00:0", "1 worker\n", "10  received", "10  metered", "1  active", "collectors",
                     "udp://127.0.0.1:9 (9)"):
            case.true(text in status.out, "status has %r:\n%s" % (text, status.out))
        case.true(all(len(line) <= 80 for line in status.lines()), "80 columns:\n" + status.out)
        got = ctl(probe.path, "-j", "status").json()
        for name, value in (("received", 10), ("metered", 10), ("ignored", 0), ("dropped", 0), ("workers", 1),
                            ("flowsActive", 1), ("flowsPeak", 1), ("flowsMax", 1048576), ("recordsEnded", 0)):
            case.equal(got[name], value, name)
        case.true(0 < got["upSeconds"] < 60 and abs(got["startedMilliseconds"] / 1000 + got["upSeconds"] - time.time()) < 5,
                  "up since")
        stats = ctl(probe.path, "-j", "stats").json()
        case.none(live_faults(stats), "stats")
        case.equal(stats["octets"]["metered"], octets(10, 22), "octets")
        case.true("  received                             10\n" in ctl(probe.path, "stats").out, "stats as text")
        collectors = ctl(probe.path, "--json", "collectors").json()
        case.equal([(c["format"], c["state"]) for c in collectors], [("9", "refused"), ("json", "ok")], "collectors")
        case.equal(collectors[0]["url"], "udp://127.0.0.1:9", "the first one")
        case.equal(len(ctl(probe.path, "collectors").lines()), 3, "a headline and two collectors")
        probe.end()
        good_end(case, probe)


def no_way(case, station):
    """What a collector lacks is told by its name; nothing of it was lost as anything else."""
    lacking = {"203.0.113.9": "no route", "no.such.name.invalid": "no address", "127.0.0.1:9,source=203.0.113.1": "no socket"}
    options = [word for url in lacking for word in ("-n", url)]
    with station.probe(*options, "-t", "idle=100ms") as probe:
        station.send(frames(5000, 10, 22))

        def collectors():
            return ctl(probe.path, "-j", "collectors").json()

        case.true(until(lambda: all(c["dropped"] for c in collectors())), "nothing was dropped: %s" % collectors())
        case.equal([c["state"] for c in collectors()], list(lacking.values()), "states")
        stats = ctl(probe.path, "-j", "stats").json()
        case.equal([c["dropped"] for c in stats["collectors"]], [{"no_session": 1}] * 3, "dropped")
        probe.end()
    case.true("203.0.113.9:4739: Network is unreachable: no route leads there: trying again" in probe.stderr.decode(), probe.stderr.decode())


def way_vanishes(case, station):
    """A session that was well, and cannot be reached any more: the state says so, as errors and drops do."""
    def route(*words):
        netns.run(station.link.capturing, "ip", "route", *words)

    def collector():
        return ctl(probe.path, "-j", "collectors").json()[0]

    def comes_to(state):
        station.send(frames(5000, 10, 22))
        case.true(until(lambda: collector()["state"] == state), "%s: %s" % (state, collector()))

    route("add", "203.0.113.0/24", "dev", "lo")
    with station.probe("-n", "203.0.113.9", "-t", "idle=100ms") as probe:
        station.send(frames(5000, 10, 22))
        case.true(until(lambda: collector()["sent"]), "nothing was sent: %s" % collector())
        case.equal(collector()["state"], "ok", "state")
        route("del", "203.0.113.0/24")
        comes_to("no route")
        route("add", "unreachable", "203.0.113.0/24")
        comes_to("unreachable")
        route("del", "unreachable", "203.0.113.0/24")
        probe.end()


def disk_is_full(case, station):
    """An output that waits for room is not well; what its queue has no place for is told with the reason."""
    def state():
        return ctl(probe.path, "-j", "collectors").json()[0]["state"]

    with small_disk(station.tap) as disk:
        with station.probe("-o", "json:" + os.path.join(disk, "lines"), "-t", "idle=100ms") as probe:
            station.send([frame for port in range(5000) for frame in frames(1024 + port, 1, 22)])
            case.true(until(lambda: state() == "full"), "state: %s" % state())
            case.true(until(lambda: ctl(probe.path, "-j", "collectors").json()[0]["dropped"]), "its queue has no end")
            subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
            case.true(until(lambda: state() == "ok"), "state: %s" % state())
            probe.end()
    good_end(case, probe)
    told = [line for line in probe.lines() if "records dropped" in line]
    case.true(told and all(": it had no room: the disk was full" in line for line in told), "told: %s" % told)


def not_to_be_opened(case, station):
    """Sealed, libpcap cannot capture an interface anew: its state says so as long as it is there."""
    def is_in(state):
        return until(lambda: [row["state"] for row in ctl(probe.path, "-j", "interfaces").json()] == [state])

    with station.probe("--capture=pcap", "--seal=on") as probe:
        case.true(is_in("ok"), "at first")
        netns.run(station.link.capturing, "ip", "link", "del", "b0")
        case.true(is_in("gone"), "it has gone")
        station.link.pair(0)
        case.true(is_in("failed"), "it is there")
        netns.run(station.link.capturing, "ip", "link", "del", "b0")
        case.true(is_in("gone"), "it has gone again")
        station.link.pair(0)
        case.true(is_in("failed"), "it is there again")
        probe.end()


def interfaces(case, station):
    """As it is, and as it was once it is gone."""
    def state():
        return [row["state"] for row in ctl(probe.path, "-j", "interfaces").json()]
    with station.probe("-i", "77:none", "--wait") as probe:
        row, none = ctl(probe.path, "-j", "interfaces").json()
        index = station.link.index("b0")
        with netns.entered(station.link.capturing):
            mac = fcntl_mac("b0")
        case.equal((row["name"], row["state"], row["index"], row["mac"], row["mtu"]), ("b0", "ok", index, mac, 1500), "b0")
        case.equal((none["name"], none["state"], none["index"]), ("none", "waiting", 77), "one that is awaited")
        case.equal(len(ctl(probe.path, "interfaces").lines()), 3, "a headline and two interfaces")
        netns.run(station.link.capturing, "ip", "link", "set", "b0", "down")
        case.true(until(lambda: state() == ["down", "waiting"]), "down: %s" % state())
        netns.run(station.link.capturing, "ip", "link", "set", "b0", "up")
        case.true(until(lambda: state() == ["ok", "waiting"]), "up again: %s" % state())
        probe.end()


def fcntl_mac(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        answer = fcntl.ioctl(asked, 0x8927, struct.pack("256s", name.encode()))     # SIOCGIFHWADDR
    return answer[18:24].hex(":")


def rates(case, station):
    """What is sent evenly has a rate that is about right."""
    with station.probe("-n", "127.0.0.1:9") as probe:
        capture = capture_of(station.tap.path("even.pcap"), 1000)
        seen = []
        with Replay(station.link, capture, "--pps=2000", "--loop=10") as replay:
            time.sleep(2.5)
            while replay.child.poll() is None and len(seen) < 8:
                seen.append(ctl(probe.path, "-j", "status").json()["rates"]["packets"])
                time.sleep(0.2)
        case.true(len(seen) > 3 and all(1800 < rate < 2200 for rate in seen), "2000 packets a second: %s" % seen)
        case.true(until(lambda: ctl(probe.path, "-j", "status").json()["rates"]["packets"] == 0, 4, 0.2),
                  "none a second, asked again and again")
        probe.end()


def flows(case, station):
    with station.probe("-o", "json") as probe:
        for port, count, size in SIZES:
            station.send(frames(port, count, size))
        station.send(frames(6001, 2, 10, gen.TCP, src="192.0.2.20", vlans=((0x8100, 7),)))
        time.sleep(1)
        station.send(frames(5004, 5, 100))      # the longest
        until(lambda: ctl(probe.path, "-j", "status").json()["received"] == 53)

        def ports(*words):
            got = ctl(probe.path, "-j", "flows", *words)
            case.equal(got.status, 0, got.err)
            return [record["sourceTransportPort"] for record in got.records()]
        everything = sorted([size[0] for size in SIZES] + [6001])
        case.equal(sorted(ports()), everything, "all")
        case.equal(ports("top"), [5001, 5003, 5004, 5002, 5005, 6001], "by octets")
        case.equal(ports("top", "2"), [5001, 5003], "the two largest")
        case.equal(ports("top", "3", "by", "packets"), [5002, 5004, 5005], "by packets")
        case.equal(ports("top", "1", "by", "duration"), [5004], "by duration")
        case.equal(ports("tcp"), [6001], "tcp")
        case.equal(ports("vlan", "7"), [6001], "vlan")
        case.equal(ports("src", "192.0.2.20"), [6001], "src")
        case.equal(sorted(ports("not", "tcp")), everything[:-1], "not tcp")
        case.equal(sorted(ports("net", "192.0.2.0/24", "and", "port", "53")), everything, "net and port")
        case.equal(ports("dst", "192.0.2.10"), [], "none")
        case.equal(ports("ip6"), [], "ip6")
        case.equal(sorted(ports("interface", str(station.link.index("b0")))), everything, "interface")
        case.equal(ports("top", "1", "by", "packets", "not", "port", "5002"), [5004], "all together")
        record = ctl(probe.path, "-j", "flows", "port", "5001").records()[0]
        case.equal((record["packetDeltaCount"], record["octetDeltaCount"], record["flowEndReason"]),
                   (3, octets(3, 1000), 0), "a flow as it stands")
        text = ctl(probe.path, "flows", "top", "1")
        case.true("192.0.2.10:5001 -> 198.51.100.1:53" in text.lines()[1], "as text: %s" % text.out)
        lines = ctl(probe.path, "flows").lines()
        total = sum(octets(n, size) for _, n, size in SIZES) + octets(5, 100) + octets(2, 10, gen.TCP)
        case.equal((len(lines), lines[-1]), (8, "flows: 6, packets: 53, octets: %d" % total), "lines of text")
        case.equal(ctl(probe.path, "flows", "top", "1", "tcp").lines()[-1], "flows: 1, packets: 2, octets: 100", "a sum")
        case.equal(ctl(probe.path, "flows", "ip6").lines(), ["flows: 0, packets: 0, octets: 0"], "none as text")
        case.true(not ctl(probe.path, "-j", "stats").json()["records"]["total"], "listing ends no flow")
        probe.end()
        good_end(case, probe)


def flush(case, station):
    with station.probe("-o", "json") as probe:
        for port, count, size in SIZES:
            station.send(frames(port, count, size))
        until(lambda: ctl(probe.path, "-j", "status").json()["received"] == 46)
        got = ctl(probe.path, "flush")
        case.equal((got.status, got.out, got.err), (0, "", ""), "flush")
        case.true(until(lambda: ctl(probe.path, "-j", "status").json()["flowsActive"] == 0, 1), "none is active")
        case.equal(ctl(probe.path, "-j", "flows").out, "", "none is listed")
        case.equal(ctl(probe.path, "flush").status, 0, "flush of nothing")
        station.send(frames(5001, 4, 1000))
        until(lambda: ctl(probe.path, "-j", "status").json()["received"] == 50)
        probe.end()
        good_end(case, probe)
        records = [(r["sourceTransportPort"], r["packetDeltaCount"], r["octetDeltaCount"], r["flowEndReason"])
                   for r in probe.records()]
        case.equal(sorted(records), sorted([(p, n, octets(n, size), 4) for p, n, size in SIZES] +
                                           [(5001, 4, octets(4, 1000), 4)]), "records")


def stop(case, station):
    with station.probe("-o", "json") as probe:
        station.send(frames(5000, 3, 10))
        got = ctl(probe.path, "stop")
        case.equal((got.status, got.out, got.err), (0, "", ""), "stop")
        probe.end(None)
        good_end(case, probe)
        case.equal(len(probe.records()), 1, "what was held is exported")
        case.true(not os.path.exists(probe.path), "the socket is gone")
        case.true("control: asked to stop" in probe.stderr.decode(), "it is said")
        got = ctl(probe.path, "status")
        case.equal((got.status, got.out), (1, ""), "afterwards")
        case.true("does spanflow run" in got.err, got.err)


def after_the_end(case, station):
    """The worker has ended by itself, the exporter still sends: what is asked is answered, nothing waits."""
    pipe = station.path()
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    with station.probe("-o", "json:" + pipe, "--count=2000") as probe:
        station.send([frame for n in range(2000) for frame in frames_of(1, sport=10000 + n)])
        time.sleep(1)
        case.equal(probe.child.poll(), None, "the exporter waits for who reads its pipe")
        begin = time.monotonic()
        for words in (("flows",), ("flush",), ("flows", "top"), ("status",), ("stop",), ("stop",)):
            got = ctl(probe.path, *words)
            if probe.child.poll() is None:
                case.equal(got.status, 0, "%s: %s" % (words, got.err))
        case.true(time.monotonic() - begin < 2, "at once")
        probe.end(None)
        case.true(probe.status in (0, 1), "%s: %s" % (probe.status, probe.stderr.decode()))
        case.none(live_faults(probe.stats()), "ledger")
    os.close(reader)


# --- whose socket it is ------------------------------------------------------------

def ownership(case, station):
    user, group = pwd.getpwall()[1], grp.getgrall()[2]
    for keys, wanted in (("", (0o600, os.geteuid(), os.getegid())), (",mode=660", (0o660, os.geteuid(), os.getegid())),
                         (",owner=%s" % user.pw_name, (0o600, user.pw_uid, os.getegid())),
                         (",mode=0666,group=%s,owner=%s" % (group.gr_name, user.pw_name),
                          (0o666, user.pw_uid, group.gr_gid))):
        path = station.path()
        with station.probe("-o", "json", path=path + keys) as probe:
            found = os.stat(path)
            case.true(stat.S_ISSOCK(found.st_mode), "a socket")
            case.equal((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), wanted, keys or "default")
            reached = subprocess.run([sys.executable, "-c", "import os, socket\nos.setgid(65534); os.setuid(65534)\n"
                                      "socket.socket(socket.AF_UNIX).connect(%r)" % path], stderr=subprocess.PIPE,
                                     timeout=20, check=False)
            if os.stat(station.tap.directory).st_mode & 0o001:
                case.equal(reached.returncode == 0, wanted[0] == 0o666, "nobody may connect")
            probe.end()


def started(station, path, *arguments):
    """What a spanflow says that should not start."""
    done = subprocess.run(netns.inside(station.link.capturing, [PROGRAM, "-i", "b0", "-o", "json", "--control", path,
                                                               *arguments]),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20, check=False)
    return done.returncode, done.stderr.decode()


def places(case, station):
    for name, path, why in (("a file", station.path(), "no socket"), ("a directory", station.path(), "no socket"),
                            ("too long", station.path() + "x" * 200, "too long"),
                            ("no directory", station.path() + "/x", "no such directory"),
                            ("not allowed", "/proc/self/control", "")):
        if name == "a file":
            with open(path, "w") as out:
                out.write("mine")
        elif name == "a directory":
            os.mkdir(path)
        status, said = started(station, path)
        case.equal(status, 1, name)
        case.true(said.startswith("spanflow: --control: " + path[:100]) and said.count("\n") == 1 and why in said,
                  "%s: %s" % (name, said))
        if name == "a file":
            with open(path) as kept:
                case.equal(kept.read(), "mine", "the file stays")
    link = station.path()
    os.symlink("/nonexistent/x", link)
    case.equal(started(station, link)[0], 1, "a symbolic link")


def in_use(case, station):
    with station.probe("-o", "json") as probe:
        status, said = started(station, probe.path)
        case.equal(status, 1, "a second one")
        case.true("another program listens there" in said, said)
        case.equal(ctl(probe.path, "status").status, 0, "the first one is still asked")
        # Killed, it leaves its socket.
        probe.end(signal.SIGKILL)
        case.true(os.path.exists(probe.path), "a socket is left")
        got = ctl(probe.path, "status")
        case.true(got.status == 1 and "does spanflow run" in got.err, got.err)
        with station.probe("-o", "json", path=probe.path) as next_one:
            case.equal(ctl(probe.path, "status").status, 0, "the next one takes its place")
            # And another one the path, once somebody has removed it: that one's stays.
            os.unlink(probe.path)
            with station.probe("-o", "json", path=probe.path) as last:
                next_one.end()
                case.equal(ctl(probe.path, "status").status, 0, "the last one's socket is not removed")
                last.end()


def backlog(case, station):
    """Somebody listens there and is too busy to accept."""
    path = station.path()
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(path)
        busy.listen(0)
        clients = [connect(path)]
        status, said = started(station, path)
        case.true(status == 1 and "another program listens there" in said, said)
        for client in clients:
            client.close()


# --- wrong requests ----------------------------------------------------------------

WRONG = [
    (b"\n", "a request is one line"), (b"text\n", "a request is one line"), (b"status\n", "a request is one line"),
    (b"xml status\n", "begins with text or json"), (b"text nonsense\n", "nonsense: no such command"),
    (b"text STATUS\n", "no such command"), (b"text status now\n", "status: takes nothing: 'now'"),
    (b"json stats x\n", "takes nothing"), (b"text collectors x\n", "takes nothing"), (b"text flush x\n", "takes nothing"),
    (b"text stop x\n", "takes nothing"), (b"text flows top 0\n", "N from 1 to 100000"),
    (b"text flows top 100001\n", "N from 1"), (b"text flows top 5x\n", "N from 1"),
    (b"text flows top 99999999999999999999999\n", "N from 1"), (b"text flows top 5 by\n", "by octets, packets or duration"),
    (b"text flows top by size\n", "by octets, packets or duration"), (b"text flows by octets\n", "not understood: 'by'"),
    (b"text flows host\n", "missing behind 'host'"), (b"text flows top top\n", "not understood: 'top'"),
    (b"text rows\n", "COLUMNS"), (b"text rows top\n", "COLUMNS"), (b"text rows 0\n", "COLUMNS"), (b"text rows 1001\n", "COLUMNS"),
    (b"text rows 80 top 0\n", "N from 1 to 100000"), (b"json rows 80 nonsense\n", "not understood: 'nonsense'"),
    (b"text screen\n", "ROWS and COLUMNS"), (b"text screen 24\n", "ROWS and COLUMNS"),
    (b"text screen 0 80\n", "ROWS and COLUMNS"), (b"text screen 24 1001\n", "ROWS and COLUMNS"),
    (b"text screen -1 80\n", "ROWS and COLUMNS"), (b"text screen 24 80 by size\n", "by octets, packets or duration"),
    (b"text screen 24 80 nonsense\n", "not understood: 'nonsense'"),
    (b"text flows " + b"not src port 99 and " * 16 + b"vlan 5\n", "too many"),
    (b"text flows " + b"a " * 200 + b"\n", "too many words"), (b"text " + b"x" * 4000 + b"\n", "no such command"),
    (b"text " + b"x" * 5000 + b"\n", "too long"), (b"text status" + b" " * 8000 + b"\n", "too long"),
    (b"y" * 3000000, "too long"), (b"text status\0\n", "is text"), (b"text status\0 and more\n", "is text"),
    (b"\0" * 100 + b"\n", "is text"), (bytes(range(128, 256)) + b"\n", "one line"),
    (b"text \xff\xfe\n", "no such command"), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", ""),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "begins with text or json"),
]
RIGHT = [b"text status\n", b"text status\r\n", b"  text \t status  \n", b"json status\n", b"text status\njson stats\n",
         b"text status\n" + b"z" * 100000, b"text screen 1 1\n", b"text screen 1000 1000\n", b"text screen 24 80 by packets tcp\n",
         b"text rows 1\n", b"text rows 1000 top 5 by packets tcp\n"]


def wrong_requests(case, station):
    with station.probe("-o", "json") as probe:
        before = descriptors(probe.pid)
        for request, why in WRONG:
            got = ask(probe.path, request)
            case.true(got.startswith(b"error: ") and got.endswith(b"\n") and got.count(b"\n") == 1 and why.encode() in got,
                      "%r: %r" % (request[:60], got[:200]))
        for request in RIGHT:
            got = ask(probe.path, request)
            case.true(got.startswith(b"ok\n") and len(got) > 3, "%r: %r" % (request[:60], got[:200]))
        # Who shuts down his half at once, with a newline or without.
        for request in (b"text status\n", b"json status"):
            with connect(probe.path) as client:
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                got = read_all(client)
                case.true(got.startswith(b"ok\n") and len(got) > 3, "half closed %r: %r" % (request, got[:100]))
        for request in (b"", b"text", b"text status"):
            with connect(probe.path) as client:
                client.sendall(request)
        # An octet at a time.
        with connect(probe.path) as client:
            for octet in b"text status\n":
                client.sendall(bytes([octet]))
                time.sleep(0.005)
            case.true(read_all(client).startswith(b"ok\n"), "an octet at a time")
        case.true(until(lambda: descriptors(probe.pid) == before), "descriptors are left: %d, were %d" %
                  (descriptors(probe.pid), before))
        probe.end()
        good_end(case, probe)


def usage(case, station):
    with station.probe("-o", "json") as probe:
        def check(words, status, out="", err=""):
            got = subprocess.run([CONTROL, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30,
                                 stdin=subprocess.DEVNULL, check=False)
            case.true(got.returncode == status and out in got.stdout.decode() and err in got.stderr.decode() and
                      (status == 0) == (not got.stderr) and (status == 0 or not got.stdout),
                      "%s: %d %r %r" % (words, got.returncode, got.stdout[:200], got.stderr[:200]))
        at = ["-s", probe.path]
        check([], 2, err="a command is missing")
        check(at, 2, err="a command is missing")
        check(["-x"], 2, err="invalid option")
        check(["--nonsense", "status"], 2, err="nonsense")
        check(["-s"], 2, err="requires an argument")
        check(["-h"], 0, out="usage: spanflowctl")
        check(["--help"], 0, out="usage: spanflowctl")
        check(["-V"], 0, out="spanflowctl ")
        check(at + ["nonsense"], 1, err="spanflowctl: nonsense: no such command")
        check(at + ["status", "-j"], 1, err="takes nothing")
        check(at + ["flows", "x" * 5000], 2, err="not understood")
        check(at + ["flows", "tcp\nstop"], 2, err="not understood")
        check(at + ["flows", ""], 0)
        check(at + ["top"], 2, err="no terminal")
        check(["-s", "/nonexistent", "status"], 1, err="/nonexistent: No such file or directory: does spanflow run")
        check(["-s", "x" * 200, "status"], 1, err="too long")
        check(["-s", "/dev/null", "status"], 1, err="does spanflow run")
        check(at + ["-j", "status"], 0, out='{"version"')
        with open("/dev/full", "w") as full:
            got = subprocess.run([CONTROL, *at, "status"], stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
            case.true(got.returncode == 1 and b"standard output" in got.stderr, "a full disk: %r" % got.stderr)
        probe.end()


# --- clients that stand still, are many, or leave ----------------------------------

def closed_after(client, begin):
    try:
        client.recv(100)
    except ConnectionError:
        pass
    return time.monotonic() - begin


def trickle(client, stopped):
    """An octet now and then, which must not keep the connection for ever."""
    try:
        while not stopped.wait(4):
            client.sendall(b"x")
    except OSError:
        pass


def silent(case, station):
    with station.probe("-o", "json") as probe:
        begin, stopped = time.monotonic(), threading.Event()
        quiet, slow = connect(probe.path, 60), connect(probe.path, 60)
        thread = threading.Thread(target=trickle, args=(slow, stopped))
        thread.start()
        for _ in range(5):
            case.equal(ctl(probe.path, "status").status, 0, "others are served")
        case.true(PATIENCE - 1 < closed_after(quiet, begin) < PATIENCE + 3, "a silent client is closed")
        case.true(closed_after(slow, begin) < 2 * PATIENCE + 3, "a slow one, too")
        stopped.set()
        thread.join()
        # As many as are let in: those behind them are served once they have gone.
        begin = time.monotonic()
        crowd = [connect(probe.path) for _ in range(16)]
        case.equal(ctl(probe.path, "status").status, 0, "behind a crowd")
        case.true(time.monotonic() - begin < PATIENCE + 3, "in time")
        for client in crowd:
            client.close()
        probe.end()
        good_end(case, probe)


def many_at_once(case, station):
    with station.probe("-o", "json") as probe:
        station.send(frames(5000, 10, 22))
        before, failed = descriptors(probe.pid), []

        def one(number):
            words = (b"json status\n", b"json flows\n", b"text screen 24 80\n", b"text flush\n", b"json flows top 5\n")
            try:
                got = ask(probe.path, words[number % len(words)], 60)
                if not got.startswith(b"ok\n"):
                    failed.append(got)
            except OSError as why:
                failed.append(why)
        threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        case.equal(failed, [], "200 clients at once")
        case.true(until(lambda: descriptors(probe.pid) == before), "descriptors are left")
        probe.end()
        good_end(case, probe)


def without_descriptors(case, station):
    """Clients for which there are none wait, are told of some times, and are served when others have left."""
    with station.probe("-o", "json") as probe:
        usual = descriptors(probe.pid)
        probe.end()
    with station.probe("-o", "json", "--metrics", program=("prlimit", f"--nofile={usual + 5}")) as probe:
        clients = [connect(probe.path) for _ in range(8)]
        with netns.entered(station.link.capturing):
            scraper = socket.socket()
        scraper.settimeout(20)
        scraper.connect(("127.0.0.1", 9469))
        scraper.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        time.sleep(4)
        for client in clients:
            client.close()
        case.true(scraper.recv(1000).startswith(b"HTTP/1.0 200"), "the scraper is not answered")
        scraper.close()
        case.equal(ctl(probe.path, "status").status, 0, "afterwards")
        probe.end()
    case.equal(probe.status, 0, "exit status")
    case.true(1 <= len(probe.lines()) <= 20 and all("a client waits" in line for line in probe.lines()),
              f"{len(probe.lines())} lines: {probe.lines()[:3]}")


def large(station, count):
    """Sends so many flows; a skip where it cannot."""
    capture = capture_of(station.tap.path("flows%d.pcap" % count), count)
    with Replay(station.link, capture, "--pps=100000") as replay:
        replay.finish()


def holds(probe, count):
    return until(lambda: ctl(probe.path, "-j", "status").json()["received"] >= count, 20, 0.2)


def readers_that_leave(case, station):
    written = station.path()
    with station.probe("-o", "json:" + written, "--buffer=256M") as probe:
        large(station, 20000)
        case.true(holds(probe, 20000), "20000 flows")
        before = descriptors(probe.pid)
        clients = [connect(probe.path) for _ in range(8)]
        for number, client in enumerate(clients):
            client.sendall(b"json flows\n" if number % 2 else b"json flows top 20000\n")
        case.equal(clients[0].recv(3), b"ok\n", "an answer begins")
        for client in clients[:4]:
            client.close()
        for _ in range(3):
            case.equal(len(ctl(probe.path, "-j", "flows", "top", "5").records()), 5, "others are served")
        # Those that never read are closed, and know by the end that there was more.
        clients[4].sendall(b"\n")
        time.sleep(PATIENCE + 2)
        case.true(until(lambda: descriptors(probe.pid) == before), "they are closed")
        try:
            case.fail("an end after %d octets looks like all" % len(read_all(clients[4])))
        except ConnectionResetError:
            pass
        for client in clients[4:]:
            client.close()
        for _ in range(20):     # asked, and away before the answer
            with connect(probe.path) as client:
                client.sendall(b"text flush\n")
            with connect(probe.path) as client:
                client.sendall(b"json flows\n")
        case.true(until(lambda: descriptors(probe.pid) == before), "descriptors are left")
        case.equal(ctl(probe.path, "flush").status, 0, "afterwards")
        probe.end(seconds=60)
        good_end(case, probe)
        with open(written) as records:
            case.equal(sum(json.loads(line)["packetDeltaCount"] for line in records), 20000, "packets")


def unread(case, station):
    """What clients have asked for and do not read is bounded over all of them, and given back."""
    with station.probe("-n", "127.0.0.1:9,rate=0", "--buffer=256M", "--max-flows=20000", "-t", "idle=300s") as probe:
        large(station, 15000)
        case.true(holds(probe, 15000), "15000 flows")
        time.sleep(1.5)
        clients = [connect(probe.path) for _ in range(4)]
        for client in clients[:2]:
            client.sendall(b"json flows\n")
            case.equal(client.recv(3), b"ok\n", "an answer begins")
        refused = ctl(probe.path, "-j", "flows")
        case.equal((refused.status, "busy" in refused.err), (1, True), f"a third one: {refused.err}")
        case.equal(len(ctl(probe.path, "-j", "flows", "top", "5").records()), 5, "few are given")
        case.equal(ctl(probe.path, "-j", "status").status, 0, "status")
        clients[0].close()
        case.true(until(lambda: len(ctl(probe.path, "-j", "flows").lines()) == 15000), "once one has left")
        for client in clients[1:]:
            client.close()
        probe.end(seconds=60)
        good_end(case, probe)


def broken_off(case, station):
    """spanflowctl behind a pager that stands still, and spanflow ends: that was not all."""
    with station.probe("-n", "127.0.0.1:9,rate=0", "--buffer=256M") as probe:
        large(station, 20000)
        case.true(holds(probe, 20000), "20000 flows")
        with subprocess.Popen([CONTROL, "-s", probe.path, "-j", "flows"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as child:
            time.sleep(0.5)
            probe.end(seconds=30)
            out, err = child.communicate(timeout=30)
            case.true(out.count(b"\n") < 20000, "not all came")
            case.equal(child.returncode, 1, "exit status")
            case.true(b"broke off" in err, "it is said: %r" % err)


# --- while packets come ------------------------------------------------------------

def under_load(station, asking):
    """200,000 packets at 100,000 a second, while `asking` runs; the ledger, and what asking found."""
    capture, found = capture_of(station.tap.path("load.pcap"), 1000), []
    with station.probe("-n", "127.0.0.1:9,rate=0", "--buffer=256M") as probe:
        with Replay(station.link, capture, "--pps=100000", "--loop=300") as replay:
            ending = threading.Event()
            threads = [threading.Thread(target=asking, args=(probe.path, ending, found)) for _ in range(2)]
            for thread in threads:
                thread.start()
            replay.finish()
            ending.set()
            for thread in threads:
                thread.join()
        until(lambda: sum(ctl(probe.path, "-j", "status").json()[name] for name in ("received", "dropped")) >= 300000, 20)
        probe.end()
    return probe, found


def nothing(_path, ending, _found):
    ending.wait()


def everything(path, ending, found):
    before = None
    while not ending.is_set():
        for request in (b"json stats\n", b"json flows\n", b"text screen 50 132\n", b"json flows top 1000 by packets\n",
                        b"text flush\n", b"nonsense\n"):
            got = ask(path, request, 30)
            if request == b"json stats\n":
                stats = json.loads(got[3:])
                found += live_faults(stats) + (order_faults(before, stats) if before else [])
                before = stats
            elif not got.startswith(b"error: " if request == b"nonsense\n" else b"ok\n"):
                found.append((request, got[:100]))


def load(case, station):
    alone, _ = under_load(station, nothing)
    asked, found = under_load(station, everything)
    case.none(found, "while packets come")
    for name, probe in (("alone", alone), ("asked", asked)):
        good_end(case, probe)
        packets = probe.stats()["packets"]
        case.equal(packets["received"] + packets["dropped_kernel"], 300000, name + ": each packet is accounted for")
    drops = [probe.stats()["packets"]["dropped_kernel"] for probe in (alone, asked)]
    case.true(drops[1] <= drops[0] + 300, "dropped by the kernel: %d, %d while asked" % tuple(drops))
    case.true(asked.stats()["records"]["ended"]["forced"] > 1000, "it was flushed meanwhile")


def many_flows(case, station, workers):
    """All of them are listed once, and what comes meanwhile is captured."""
    count = 300000
    with station.probe("-n", "127.0.0.1:9,rate=0", "--buffer=256M", "-t", "idle=300s", "--workers=%d" % workers) as probe:
        large(station, count)
        case.true(holds(probe, count), "%d flows" % count)
        first = ctl(probe.path, "-j", "stats").json()["packets"]
        capture = capture_of(station.tap.path("meanwhile.pcap"), 1000, 0x0b000000)
        with Replay(station.link, capture, "--pps=20000", "--loop=100") as replay:
            begin = time.monotonic()
            got = ctl(probe.path, "-j", "flows", "src", "10.0.0.0/8")
            took = time.monotonic() - begin
            top = ctl(probe.path, "-j", "flows", "top", "100000", "src", "10.0.0.0/8")
            replay.finish()
        lines = got.lines()
        case.equal(len(lines), count - first["dropped_kernel"], "flows listed (%s)" % got.err)
        case.equal(len({json.loads(line)["sourceIPv4Address"] for line in lines}), len(lines), "each once")
        case.equal(len(top.lines()), min(100000, len(lines)), "the largest")
        case.true(took < 30, "in %.1f s" % took)
        time.sleep(0.5)
        case.equal(ctl(probe.path, "flush").status, 0, "flush")
        case.equal(ctl(probe.path, "-j", "flows").out, "", "no flow is left")
        probe.end(seconds=60)
        case.equal(probe.status, 0, probe.stderr.decode()[:300])
        stats = probe.stats()
        case.none(live_faults(stats), "ledger")
        packets = stats["packets"]
        case.equal(packets["received"] + packets["dropped_kernel"], count + 100000, "each packet is accounted for")
        case.true(packets["dropped_kernel"] - first["dropped_kernel"] < 1000, "dropped meanwhile: %s" % packets)


def two_workers(case, station):
    with station.probe("-o", "json", "--workers=2", "--buffer=64M") as probe:
        station.send([frame for n in range(200) for frame in frames_of(n % 7 + 1, sport=10000 + n)])
        total = sum(n % 7 + 1 for n in range(200))
        until(lambda: ctl(probe.path, "-j", "status").json()["received"] == total)
        case.true("2 workers" in ctl(probe.path, "status").out, "status")
        stats = ctl(probe.path, "-j", "stats").json()
        case.none(live_faults(stats), "stats")
        case.equal((stats["packets"]["received"], stats["flows"]["active"]), (total, 200), "of both")
        listed = ctl(probe.path, "-j", "flows").records()
        case.equal(sorted(r["sourceTransportPort"] for r in listed), list(range(10000, 10200)), "flows")
        top = [r["packetDeltaCount"] for r in ctl(probe.path, "-j", "flows", "top", "50", "by", "packets").records()]
        case.equal(top, sorted((n % 7 + 1 for n in range(200)), reverse=True)[:50], "the largest of both")
        case.equal(ctl(probe.path, "flush").status, 0, "flush")
        case.equal(ctl(probe.path, "-j", "stats").json()["flows"]["active"], 0, "none is left")
        probe.end()
        good_end(case, probe)
        case.equal(sorted((r["sourceTransportPort"], r["flowEndReason"]) for r in probe.records()),
                   [(10000 + n, 4) for n in range(200)], "records")


# --- top ---------------------------------------------------------------------------

class Terminal:
    """A shell in tmux, 80 columns and 24 rows."""

    def __init__(self, tap):
        if shutil.which("tmux") is None:
            raise Skip("not installed: tmux")
        self.socket = tap.path("tmux")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-f", "/dev/null", "-S", self.socket, *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=20, check=False)
        return done.stdout.decode()

    def __enter__(self):
        self.tmux("new-session", "-d", "-x", "80", "-y", "24", "env", "PS1=prompt:", "sh")
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def type(self, text):
        self.tmux("send-keys", text, "Enter")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, *texts, seconds=5):
        return until(lambda: all(text in self.screen() for text in texts), seconds)


def top(case, station):
    with station.probe("-o", "json") as probe, Terminal(station.tap) as terminal:
        station.send(frames(5001, 3, 1000))
        command = "%s -s %s top; echo status=$? $(stty -a | grep -ow -e -echo -e -icanon)" % (CONTROL, probe.path)
        terminal.type(command)
        case.true(terminal.shows("spanflow ", "packets ", "proto  source", "192.0.2.10:5001", "198.51.100.1:53"),
                  "status and flows:\n" + terminal.screen())
        case.true("prompt:" not in terminal.screen(), "a screen of its own")
        station.send(frames(5009, 100, 1000))
        case.true(terminal.shows("192.0.2.10:5009"), "it is drawn anew:\n" + terminal.screen())
        terminal.tmux("send-keys", "q")
        case.true(terminal.shows("status=0", "prompt:"), "q ends it:\n" + terminal.screen())
        case.true("-echo" not in terminal.screen().split("status=0")[-1], "the terminal is as it was")
        terminal.type("clear")
        terminal.type("%s -s %s top by packets port 5001; echo status=$?" % (CONTROL, probe.path))
        case.true(terminal.shows("192.0.2.10:5001") and "5009" not in terminal.screen(), "a filter")
        terminal.tmux("send-keys", "C-c")
        case.true(terminal.shows("prompt:"), "an interrupt ends it:\n" + terminal.screen())
        terminal.type("clear; stty -a | grep -ow -e -echo -e -icanon; echo looked")
        case.true(terminal.shows("looked\n") and "-echo\n" not in terminal.screen(), "restored")
        terminal.type("clear; %s -s %s top by nonsense; echo status=$?" % (CONTROL, probe.path))
        case.true(terminal.shows("status=1", "top: by octets, packets or duration"), "wrong:\n" + terminal.screen())
        terminal.type("clear; " + command)
        case.true(terminal.shows("proto  source"), "again")
        probe.end()
        case.true(terminal.shows("status=1", "spanflowctl: " + probe.path), "spanflow ends:\n" + terminal.screen())
        good_end(case, probe)


def narrow(case, station):
    """On a terminal of 80 columns a flow of IPv4 is one row; elsewhere it is a line of text."""
    with station.probe("-o", "json") as probe, Terminal(station.tap) as terminal:
        station.send([frame for port in range(5001, 5201) for frame in frames(port, 1, 1000)])
        until(lambda: ctl(probe.path, "-j", "status").json()["received"] == 200)
        terminal.type("%s -s %s flows top 12" % (CONTROL, probe.path))
        case.true(terminal.shows("proto  source", "flows: 200, packets: 200"), "flows:\n" + terminal.screen())
        rows = [line for line in terminal.screen().splitlines() if "192.0.2.10:5" in line]
        case.equal((len(rows), {len(row) for row in rows}), (12, {79}), "rows and their lengths:\n" + terminal.screen())
        terminal.type("clear; %s -s %s flows | tail -n 3" % (CONTROL, probe.path))
        case.true(terminal.shows(" -> "), "lines of text in a pipe:\n" + terminal.screen())
        lines = ask(probe.path, b"text rows 80\n").decode().splitlines()
        case.equal(len(lines), 1 + 1 + 200 + 1, "lines of all rows")
        case.equal(len({line.split()[1] for line in lines[2:-1]}), 200, "different flows")
        case.equal(sorted(ask(probe.path, b"json rows 80\n").splitlines()), sorted(ask(probe.path, b"json flows\n").splitlines()), "JSON")
        probe.end()
        good_end(case, probe)


def cases(tap):
    with netns.Link() as link:
        station = Station(tap, link)
        for name, function, *arguments in (
                ("answers: status, stats and collectors", answers),
                ("a collector that there is no way to", no_way),
                ("a way that vanishes", way_vanishes),
                ("an output whose disk is full", disk_is_full),
                ("interfaces", interfaces),
                ("an interface that cannot be captured anew", not_to_be_opened), ("rates are about right", rates),
                ("flows: filter and order", flows), ("flush", flush), ("stop", stop),
                ("asked after the worker's end", after_the_end), ("mode, owner and group", ownership),
                ("places where no socket can be", places), ("a socket in use, and one that is left", in_use),
                ("a socket whose program is busy", backlog), ("wrong requests", wrong_requests),
                ("spanflowctl: usage and exit status", usage), ("silent and slow clients", silent),
                ("200 clients at once", many_at_once), ("no descriptors are left", without_descriptors),
                ("clients that leave, and that never read", readers_that_leave),
                ("listings that nobody reads", unread),
                ("an answer that breaks off", broken_off), ("requests while 100,000 packets a second come", load),
                ("300,000 flows", many_flows, 1), ("300,000 flows of two workers", many_flows, 2),
                ("two workers", two_workers), ("top", top), ("flows on a narrow terminal", narrow)):
            tap.test(name, function, station, *arguments)


if __name__ == "__main__":
    sys.exit(main("the control socket", cases, 900))
