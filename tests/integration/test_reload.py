#!/usr/bin/env python3
"""Settings read again while spanflow captures, by SIGHUP and by spanflowctl reload.

No packet and no record is lost on the way: the sums are exact over all exporters that there were.
Needs root: two network namespaces are made.

usage: test_reload.py [WORD...]    only cases with such a word in their name
"""
import contextlib
import json
import os
import pty
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
import pcapgen as gen
from collectors import Recorder, missing, wait_for
from harness import Skip, ledger_faults
from live import Probe, frames_of, send

BASE = """
interface = {interface}
control = {control}
output lines {{
    style = json
    file = {lines}
}}
"""


def ask(control, words):
    """The answer to a request, its first line included."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(15)
        stream.connect(control)
        stream.sendall(words.encode() + b"\n")
        parts = []
        while part := stream.recv(65536):
            parts.append(part)
    return b"".join(parts).decode()


class Run:
    """A probe with a configuration file that can be changed."""

    def __init__(self, link, tap, name, more="", workers=1, interface="b0"):
        self.link, self.name = link, name
        self.lines, self.control = tap.path(name + ".json"), tap.path(name + ".sock")
        self.conf = tap.path(name + ".conf")
        self.base = BASE.format(interface=interface, control=self.control, lines=self.lines)
        self.write(more)
        self.probe = Probe(link, "-f", self.conf, "--stats=json", f"--workers={workers}",
                           interfaces=(interface,))

    def write(self, more):
        with open(self.conf, "w", encoding="utf-8") as out:
            out.write(self.base + more)

    def ask(self, words):
        return ask(self.control, words)

    def reload(self, case, wanted="ok\n"):
        case.equal(self.ask("text reload")[:len(wanted)], wanted, "answer to reload")

    def stop(self):
        self.ask("text stop")
        self.probe.end(0)

    def records(self):
        with open(self.lines, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def address_of(recorder):
    return f"127.0.0.1:{recorder.port}"


def packets_of(records):
    return sum(record["packetDeltaCount"] for record in records)


def faults_of(stats):
    """Those of the ledger, but that collectors which were not there all the time got fewer records."""
    return [fault for fault in ledger_faults(stats)
            if not re.match(r"(udp://|others).* is not records.handed", fault)]


def good_end(case, run, packets):
    """All packets that were sent stand in the ledger and in the lines."""
    case.equal(run.probe.status, 0, f"exit status ({run.probe.stderr.decode()[:600]})")
    stats = run.probe.stats()
    case.none(faults_of(stats), "ledger")
    case.equal(stats["packets"]["received"], packets, "packets received")
    case.equal(packets_of(run.records()), stats["packets"]["metered"], "packets in lines")
    return stats


def timeouts_case(case, link, tap):
    """A shorter idle timeout is that of flows that are there already."""
    run = Run(link, tap, "timeouts", 'timeout = "idle=1h"\n')
    with run.probe:
        send(link.sending, "a0", frames_of(3))
        run.write('timeout = "idle=1s"\n')
        run.reload(case)
        wait_for(lambda: os.path.getsize(run.lines) > 0, 5, "the flow ends")
        case.equal(run.records()[0]["flowEndReason"], 1, "reason")
        run.write('timeout = "idle=1h"\n')
        run.reload(case)
        send(link.sending, "a0", frames_of(2))
        time.sleep(2.5)
        case.equal(len(run.records()), 1, "records while idle is an hour")
        run.stop()
    good_end(case, run, 5)


def filter_case(case, link, tap):
    run = Run(link, tap, "filter", 'filter = "udp port 53"\n')
    with run.probe:
        send(link.sending, "a0", frames_of(4) + frames_of(2, sport=9))
        run.write('filter = "udp src port 9"\n')
        run.reload(case)
        send(link.sending, "a0", frames_of(4) + frames_of(3, sport=9))
        run.write("")
        run.reload(case)
        send(link.sending, "a0", frames_of(1, sport=7))
        run.stop()
    good_end(case, run, 6 + 3 + 1)


def flood_until(link, is_over, sport):
    """Frames of this port as fast as they go, from an interface that has just been made, until it is over."""
    frame, sent = frames_of(1, sport=sport)[0], 0
    sender = netns.frame_sender(link.sending, "a0")
    with sender:
        until = time.monotonic() + 10
        while time.monotonic() < until and not (sent % 50 == 0 and is_over()):
            with contextlib.suppress(OSError):      # it has no carrier yet
                sender.send(frame)
            sent += 1


def returns_case(case, link, tap, seal):
    """An interface that comes back is captured with the filter of now, from its first packet on."""
    run = Run(link, tap, "returns-" + seal, "seal = %s\n" % seal)
    with run.probe:
        send(link.sending, "a0", frames_of(4))
        for _ in range(3):
            run.write("seal = %s\nfilter = \"udp src port 9\"\n" % seal)
            run.reload(case)
            netns.run(link.capturing, "ip", "link", "del", "b0")
            wait_for(lambda: not netns.capturing(link.capturing), 5, "nothing is captured")
            link.pair(0)
            flood_until(link, lambda: netns.capturing(link.capturing), 53)
            send(link.sending, "a0", frames_of(500, sport=53))
            time.sleep(0.3)
            send(link.sending, "a0", frames_of(2, sport=9))
        run.stop()
    good_end(case, run, 4 + 3 * 2)


def sampling_case(case, link, tap):
    """Records of the former rate leave before the new one is told."""
    with Recorder(namespace=link.capturing) as recorder:
        collector = 'collector c {\n host = "%s"\n}\n' % address_of(recorder)
        run = Run(link, tap, "sampling", collector)
        with run.probe:
            send(link.sending, "a0", frames_of(30))
            run.write(collector + "sample = 10\n")
            run.reload(case)
            send(link.sending, "a0", frames_of(40))
            run.stop()
        stats = good_end(case, run, 70)
    case.equal(stats["packets"]["not_sampled"], 36, "not sampled")
    case.equal([r["packetDeltaCount"] for r in run.records()], [30, 4], "packets of the records")
    case.equal([r["flowEndReason"] for r in run.records()], [4, 4], "reasons")


def collectors_case(case, link, tap):
    """A collector joins, another one leaves; who stays gets every record once."""
    with Recorder(namespace=link.capturing) as first, Recorder(namespace=link.capturing) as second:
        one = 'collector one {\n host = "%s"\n}\n' % address_of(first)
        two = 'collector two {\n host = "%s"\n format = 9\n}\n' % address_of(second)
        run = Run(link, tap, "collectors", one)
        with run.probe:
            send(link.sending, "a0", frames_of(3, sport=1))
            case.equal(run.ask("text flush"), "ok\n", "flush")
            run.write(one + two)
            run.reload(case)
            send(link.sending, "a0", frames_of(3, sport=2))
            case.equal(run.ask("text flush"), "ok\n", "flush")
            run.write(two)
            run.reload(case)
            send(link.sending, "a0", frames_of(3, sport=3))
            run.stop()
        stats = good_end(case, run, 9)
    by_url = {c["url"]: c for c in stats["collectors"]}
    case.equal(by_url["udp://" + address_of(first)]["sent"], 2, "records of the first")
    case.equal(by_url["udp://" + address_of(second)]["sent"], 2, "records of the second")
    case.equal(by_url["file:" + run.lines]["sent"], 3, "lines")


def alike_case(case, link, tap):
    """Of two collectors that are alike each has its own counters, which go on over reloads."""
    with Recorder(namespace=link.capturing) as recorder:
        both = "".join('collector d%d {\n host = "%s"\n domain = %d\n}\n' % (domain, address_of(recorder), domain)
                       for domain in (1, 2))
        run = Run(link, tap, "alike", both)
        with run.probe:
            for rate in (1, 2, 1):
                run.write(both + f"sample = {rate}\n")
                run.reload(case)
                time.sleep(0.5)
                send(link.sending, "a0", frames_of(4))
                case.equal(run.ask("text flush"), "ok\n", "flush")
            run.stop()
        stats = good_end(case, run, 12)
    case.equal([c["sent"] for c in stats["collectors"] if c["url"].startswith("udp")], [3, 3], "records of both")


def stalled_pipe(tap):
    """A path that nobody reads, and what to close at the end."""
    pipe = tap.path("stalled.fifo")
    os.mkfifo(pipe)
    return pipe, (os.open(pipe, os.O_RDWR),)


def stalled_terminal(_):
    ours, theirs = pty.openpty()
    return os.ttyname(theirs), (ours, theirs)


def stalled_case(case, link, tap, stalled):
    """A reload takes out an output that nobody reads: what it lost is told then, and the end is a good one."""
    pipe, open_ones = stalled(tap)
    try:
        run = Run(link, tap, stalled.__name__, 'output pipe {\n style = json\n file = "%s"\n}\n' % pipe)
        with run.probe:
            send(link.sending, "a0", [frame for port in range(1000) for frame in frames_of(1, sport=1000 + port)])
            case.equal(run.ask("text flush"), "ok\n", "flush")
            run.write("")
            run.reload(case)
            time.sleep(13)
            run.stop()
    finally:
        for number in open_ones:
            os.close(number)
    stats = good_end(case, run, 1000)
    lost = [c["dropped"].get("shutdown", 0) for c in stats["collectors"] if c["url"] == "file:" + pipe]
    case.true(lost and lost[0] > 0, f"nothing was lost: {stats['collectors']}")
    case.true(any("did not take them in time" in line for line in run.probe.lines()), f"lines: {run.probe.lines()}")


def unread_case(case, link, tap):
    """Pipes take the places of an output and of the settings: a reload waits for nobody at the other end."""
    for seal in ("on", "off"):
        run = Run(link, tap, "unread-" + seal, f"seal = {seal}\n")
        with run.probe:
            send(link.sending, "a0", frames_of(2))
            kept = run.lines + ".1"
            os.rename(run.lines, kept)
            os.mkfifo(run.lines)
            run.reload(case)
            os.unlink(run.conf)
            os.mkfifo(run.conf)
            answer = run.ask("text reload")
            case.true("no regular file" in answer, f"the answer: {answer!r}")
            send(link.sending, "a0", frames_of(1))
            run.stop()
        run.lines = kept
        good_end(case, run, 3)


def formers_case(case, link, tap):
    """More collectors come and go than the ledger has places for: none gets what another one got."""
    def named(port):
        return f'collector it {{\n host = "127.0.0.1:{port}"\n}}\n'

    run = Run(link, tap, "formers", named(9000))
    with run.probe:
        for number in range(1, 41):
            send(link.sending, "a0", frames_of(1))
            case.equal(run.ask("text flush"), "ok\n", "flush")
            run.write(named(9000 + number))
            run.reload(case)
        run.stop()
    stats = good_end(case, run, 40)
    got = {c["url"]: c["records"] for c in stats["collectors"] if not c["url"].startswith("file:")}
    case.equal(sum(got.values()), 40, "records of all")
    case.equal(got.pop("udp://127.0.0.1:9040"), 0, "records of the last")
    case.equal(got.pop("others"), 40 - 30, "records of those without a place of their own")
    case.equal(set(got.values()), {1}, "records of each that has one")
    case.equal(len(got), 30, "collectors")


def replaced_case(case, link, tap):
    """The only output is stalled, is replaced, and breaks then: that does not end the program."""
    pipe = tap.path("replaced.fifo")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)
    run = Run(link, tap, "replaced")
    after = run.base
    run.base = after.replace(run.lines, pipe)
    run.write("")
    with run.probe:
        send(link.sending, "a0", [frame for port in range(1000) for frame in frames_of(1, sport=1000 + port)])
        case.equal(run.ask("text flush"), "ok\n", "flush")
        run.base = after
        run.write("")
        run.reload(case)
        os.close(reader)
        time.sleep(1)
        send(link.sending, "a0", frames_of(2))
        run.stop()
    case.equal(run.probe.status, 1, f"exit status: {run.probe.lines()}")
    case.equal(packets_of(run.records()), 2, "packets in the lines")


def broken_case(case, link, tap):
    """What is wrong, or cannot be had, changes nothing; what needs a restart is told."""
    run = Run(link, tap, "broken", 'timeout = "idle=1h"\n')
    with run.probe:
        send(link.sending, "a0", frames_of(2))
        refused = "error: reload: nothing has changed"
        for wrong, why in (("rubbish = 1\n", "'rubbish' is not a setting"), ('timeout = "idle=x"\n', "idle=x"),
                           ("sample\n", ".conf"),
                           ('max-flows = 10\noutput more {\n style = csv\n file = "/nonexistent/x"\n}\n', "/nonexistent/x"),
                           ("records = full\n", "elements")):
            run.write(wrong)
            answer = run.ask("text reload")
            case.true(answer.startswith(refused + ": ") and why in answer, f"the answer to {wrong!r}: {answer!r}")
            case.equal((answer.count("reload:"), "restart" in answer), (1, why == "elements"), f"the answer to {wrong!r}")
        os.unlink(run.conf)
        run.reload(case, refused)
        for make, remove in ((os.mkfifo, os.unlink), (os.mkdir, os.rmdir)):
            make(run.conf)
            answer = run.ask("text reload")
            case.true("no regular file" in answer, f"the answer to {make.__name__}: {answer!r}")
            remove(run.conf)
        run.write('timeout = "idle=1h"\nmax-flows = 10\nworkers = 2\n')
        answer = run.ask("text reload")
        case.true(answer.startswith("ok\n") and "max-flows: '10' needs a restart" in answer, f"the answer: {answer!r}")
        send(link.sending, "a0", frames_of(2))
        run.stop()
    good_end(case, run, 4)
    case.equal(len(run.records()), 1, "records: the flow went on")
    said = "\n".join(run.probe.lines())
    for words in ("'rubbish'", "idle=x", "/nonexistent/x", "max-flows: '10' needs a restart",
                  "elements", ".conf"):
        case.true(words in said, f"said of {words}: {said}")
    case.equal(said.count("reload: nothing has changed"), 8, "refusals told")
    case.true("reload: nothing else differs" in said and "nothing differs" not in said, f"said of what needs a restart: {said}")


def no_file_case(case, link, tap):
    """Without a configuration file that is said, and files of output are let go of none the less."""
    control, lines = tap.path("no-file.sock"), tap.path("no-file.json")
    with Probe(link, "-i", "b0", "-o", "json:" + lines, "--control", control) as probe:
        case.equal(ask(control, "text reload"),
                   "ok\nreload: started without --config: there is no file to read again\n", "answer")
        os.rename(lines, lines + ".1")
        case.equal(ask(control, "text reload"), "ok\n", "answer where a file was moved")
        case.true(os.path.exists(lines), "the next file is there")
        probe.end(signal.SIGTERM)
    case.equal(probe.status, 0, "exit status")


def no_use_case(case, link, tap):
    """What only the workers find to be of no use: nothing has changed, and the end comes."""
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")
    for words in (["tuntap", "add", "dev", "t0", "mode", "tun"], ["link", "set", "t0", "up"]):
        netns.run(link.capturing, "ip", *words)
    for number, more in enumerate(('class = "3 ether host 00:11:22:33:44:55"\n',
                                   'filter = "ether host 00:11:22:33:44:55"\n')):
        run = Run(link, tap, f"no-use-{number}", 'timeout = "idle=1h"\n', interface="t0")
        with run.probe:
            run.write(more)
            run.reload(case, "error: reload: nothing has changed")
            run.stop()
        good_end(case, run, 0)
        said = [line for line in run.probe.lines() if "ethernet addresses supported only" in line]
        case.equal(len(said), 1, f"why: {run.probe.lines()}")


def many_case(case, link, tap, workers):
    """A hundred reloads, each other than the one before, while packets come at full speed."""
    why = missing("tcpreplay")
    if why:
        raise Skip(why)
    capture = tap.path("many.pcap")
    packets = [gen.pkt(gen.EPOCH + n * 1000, gen.eth(gen.ipv4(
        f"10.1.{n % 1000 // 250}.{n % 250 + 1}", "198.51.100.9", gen.UDP,
        gen.udp(1024 + n % 1000, 53, bytes(18))))) for n in range(20000)]
    gen.write_pcap(capture, packets, nano=False)
    with Recorder(namespace=link.capturing) as recorder:
        variants = ["sample = 1\n", "sample = random:3\n", 'timeout = "idle=2s"\n',
                    'collector c {\n host = "%s"\n}\n' % address_of(recorder), 'filter = "ip"\n']
        run = Run(link, tap, f"many-{workers}", variants[0], workers)
        with run.probe:
            replay = subprocess.Popen(
                netns.inside(link.sending, ["tcpreplay", "-q", "-i", "a0", "-K", "--loop=100",
                                            "--pps=200000", capture]),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            memory = []
            for number in range(100):
                run.write(variants[number % len(variants)])
                run.reload(case)
                if number % 10 == 9:
                    memory.append(resident(run.probe.pid))
            replay.wait(60)
            time.sleep(0.5)
            run.stop()
        stats = run.probe.stats()
    case.equal(run.probe.status, 0, f"exit status ({run.probe.stderr.decode()[-600:]})")
    case.none(faults_of(stats), "ledger")
    case.equal(stats["packets"]["received"] + stats["packets"]["dropped_kernel"], 2_000_000,
               "packets received and dropped")
    case.equal(stats["packets"]["dropped_kernel"], 0, "packets dropped by the kernel")
    case.equal(packets_of(run.records()), stats["packets"]["metered"], "packets in lines")
    case.true(memory[-1] < max(memory[:5]) * 1.1 + 4096, f"memory grows: {memory} kB")


def resident(pid):
    """Private kB of the process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(next(line.split()[1] for line in status if line.startswith("RssAnon")))


def hangup_case(case, link, tap):
    run = Run(link, tap, "hangup", 'filter = "udp port 9"\n')
    with run.probe:
        run.write("")
        os.kill(run.probe.child.pid, signal.SIGHUP)
        time.sleep(0.5)
        send(link.sending, "a0", frames_of(2))
        run.stop()
    good_end(case, run, 2)


def heading_and_lines(path):
    with open(path, encoding="utf-8", newline="") as text:
        lines = text.read().split("\r\n")
    return sum("sourceAddress" in line for line in lines), len(lines) - 1


def heading_case(case, link, tap):
    """Lines behind a heading that a former exporter has written."""
    csv = tap.path("heading.csv")
    output = f'output table {{ style = csv\n file = {csv}\n }}\n'
    run = Run(link, tap, "heading", output + 'timeout = "idle=1s"\n')
    with run.probe:
        send(link.sending, "a0", frames_of(3))
        wait_for(lambda: os.path.getsize(run.lines) > 0, 5, "the flow ends")
        run.write(output + "collector c { host = 127.0.0.1:9 }\n")
        run.reload(case)
        send(link.sending, "a0", frames_of(4))
        run.stop()
    stats = good_end(case, run, 7)
    case.equal([c["dropped"] for c in stats["collectors"] if "csv" in c["url"]], [{}], "lines dropped")
    case.equal(heading_and_lines(csv), (1, 3), "headings and lines")


def rotation_case(case, link, tap):
    """A file that was moved is let go of, and the next one is whole in itself, also when it is opened once more."""
    csv, moved = tap.path("rotated.csv"), tap.path("rotated.csv.1")
    run = Run(link, tap, "rotated", f'output table {{ style = csv\n file = {csv}\n }}\ntimeout = "idle=1s"\n')
    with run.probe:
        send(link.sending, "a0", frames_of(3, sport=5001))
        wait_for(lambda: os.path.getsize(run.lines) > 0, 5, "the flow ends")
        run.reload(case)
        os.rename(csv, moved)
        run.reload(case)
        case.true(os.path.exists(csv), "the next file is there after the reload")
        os.rename(run.lines, run.lines + ".1")
        run.reload(case)
        send(link.sending, "a0", frames_of(4, sport=5002))
        wait_for(lambda: os.path.getsize(csv) > 200, 5, "the next flow ends")
        run.stop()
    with open(run.lines, "a", encoding="utf-8") as out:
        out.write(text_of(run.lines + ".1"))
    good_end(case, run, 7)
    said = [line for line in run.probe.lines() if "reload" in line]
    case.true("nothing differs" in said[0] and "done" in said[1], f"said: {said}")
    case.equal((heading_and_lines(moved), heading_and_lines(csv)), ((1, 2), (1, 2)), "headings and lines")


def fill(ballast):
    with open(ballast, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while out.write(bytes(100)):
            pass


@contextlib.contextmanager
def run_on_full_disk(link, tap, name):
    """A probe with lines on a disk that nothing goes to, and the path of the ballast there."""
    with live.small_disk(tap) as disk:
        ballast = os.path.join(disk, "ballast")
        fill(ballast)
        run = Run(link, tap, name)
        run.base = run.base.replace(run.lines, os.path.join(disk, "lines"))
        run.lines = os.path.join(disk, "lines")
        run.write("")
        with run.probe:
            yield run, ballast


def move_while_full(case, run, number):
    """A record waits for room when its file is moved."""
    send(run.link.sending, "a0", frames_of(1, sport=5000 + number))
    case.equal(run.ask("text flush"), "ok\n", "flush")
    time.sleep(0.2)
    os.rename(run.lines, f"{run.lines}.{number}")
    run.reload(case)


def text_of(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def lines_in(path):
    return [json.loads(line)["sourceTransportPort"] for line in text_of(path).splitlines()]


def full_disk_case(case, link, tap):
    """What waits for room when its file is moved goes there when there is some, of the last eight."""
    with run_on_full_disk(link, tap, "full") as (run, ballast):
        for number in range(10):
            move_while_full(case, run, number)
        time.sleep(3.5)
        os.unlink(ballast)
        wait_for(lambda: os.path.getsize(run.lines + ".9") > 0, 5, "there is room again")
        wait_for(lambda: os.path.getsize(run.lines + ".2") > 0, 5, "for all of them")
        send(link.sending, "a0", frames_of(1, sport=6000))
        run.stop()
        got = [lines_in(f"{run.lines}.{number}") for number in range(10)]
        case.equal(got, [[], []] + [[5000 + number] for number in range(2, 10)], "lines of those that were moved")
        case.equal(lines_in(run.lines), [6000], "lines of the last")
    collector = run.probe.stats()["collectors"][0]
    case.equal((collector["sent"], collector["dropped"]), (9, {"ENOSPC": 2}), "records sent, and dropped")
    case.none(faults_of(run.probe.stats()), "ledger")


def full_disk_end_case(case, link, tap):
    """The program's end does not wait for room as a reload does."""
    with run_on_full_disk(link, tap, "full-end") as (run, _):
        move_while_full(case, run, 0)
        begin = time.monotonic()
        run.stop()
        took = time.monotonic() - begin
    case.true(took < 5, f"it took {took:.1f} s")
    case.equal(run.probe.stats()["collectors"][0]["dropped"], {"ENOSPC": 1}, "dropped")


def full_within_a_line_case(case, link, tap):
    """Of two exporters, before and since a reload, the one that is within a line ends it before the other one writes."""
    def send_flows(count, sport):
        send(link.sending, "a0", [frame for n in range(count) for frame in frames_of(1, sport=sport + n)])

    def flushed_until(condition, what):
        wait_for(lambda: run.ask("text flush") and condition(text_of(run.lines)), 5, what)

    with run_on_full_disk(link, tap, "full-within") as (run, ballast):
        os.unlink(ballast)
        send_flows(3, 5000)
        flushed_until(lambda text: text.count("\n") == 3, "the first lines")
        fill(ballast)
        send_flows(60, 6000)
        flushed_until(lambda text: not text.endswith("\n"), "a piece of a line")
        run.write(f'output more {{ style = csv\n file = {tap.path("full-within.csv")}\n }}\n')
        run.reload(case)
        time.sleep(3)
        send_flows(2, 7000)
        time.sleep(0.5)
        os.unlink(ballast)
        flushed_until(lambda text: text.count("\n") == 65, "all lines")
        run.stop()
        ports = sorted(lines_in(run.lines))
        case.equal(ports, [5000 + n for n in range(3)] + [6000 + n for n in range(60)] + [7000, 7001], "lines")
    sent = {c["url"]: (c["sent"], c["dropped"]) for c in run.probe.stats()["collectors"]}
    case.equal(sent[f"file:{run.lines}"], (65, {}), "records sent, and dropped")


def restart_case(case, link, tap):
    """What was recorded before stays: as a file that a killed probe has left in the middle of a line."""
    csv = tap.path("kept.csv")
    for number in (1, 2):
        run = Run(link, tap, "kept", f'output table {{ style = csv\n file = {csv}\n }}\n')
        with run.probe:
            send(link.sending, "a0", frames_of(number, sport=5000 + number))
            run.stop()
        case.equal(run.probe.status, 0, f"exit status {number}: {run.probe.stats()}")
        if number == 1:
            with open(run.lines, "a", encoding="utf-8") as lines:
                lines.write('{"half":')
    case.equal(heading_and_lines(csv), (1, 3), "heading and lines")
    with open(run.lines, encoding="utf-8") as text:
        lines = text.read().splitlines()
    case.equal(lines.pop(1), '{"half":', "the piece of a line stands for itself")
    case.equal([json.loads(line)["packetDeltaCount"] for line in lines], [1, 2], "packets")


def run_cases(tap):
    with netns.Link() as link:
        for name, call in (("timeouts", timeouts_case), ("filter", filter_case),
                           ("sampling", sampling_case), ("collectors", collectors_case),
                           ("alike", alike_case), ("pipes instead of files", unread_case), ("forty collectors, one by one", formers_case),
                           ("the only output", replaced_case),
                           ("what is broken", broken_case), ("of no use", no_use_case),
                           ("without a file", no_file_case),
                           ("SIGHUP", hangup_case), ("a heading", heading_case),
                           ("a file that was moved", rotation_case),
                           ("a file that is moved while its disk is full", full_disk_case),
                           ("the end while a disk is full", full_disk_end_case),
                           ("a reload while a full disk has a piece of a line", full_within_a_line_case),
                           ("a restart", restart_case)):
            tap.test("reload: " + name, call, link, tap)
        for stalled in (stalled_pipe, stalled_terminal):
            tap.test("reload: " + stalled.__name__.replace("_", " "), stalled_case, link, tap, stalled)
        for seal in ("on", "off"):
            tap.test("reload: an interface that comes back, seal=" + seal, returns_case, link, tap, seal)
        for workers in (1, 2):
            tap.test(f"reload: a hundred times under load, {workers} workers", many_case, link,
                     tap, workers)


if __name__ == "__main__":
    sys.exit(live.main("reload while capturing", run_cases))
