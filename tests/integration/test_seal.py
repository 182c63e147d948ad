#!/usr/bin/env python3
"""A live spanflow gives up its rights, and goes on with the help of a process that keeps them.

What a sealed process cannot do, test_seal.c tries; here it is the program, and what it still can:
interfaces that come back, other settings, names with other addresses, other files.
Needs root: two network namespaces are made.

usage: test_seal.py [WORD...]    only cases with such a word in their name
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import control
import live
import netns
import nobody
from collectors import Recorder, missing, wait_for
from harness import PROGRAM, Skip
from live import Probe, frames_of, good_end, send

SEALED = ("--seal=on", "--user=nobody")
JSON = ("-o", "json", "--stats=json")


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as text:
        return dict(line.rstrip("\n").split(":\t", 1) for line in text if ":\t" in line)


def start(link, *arguments, interface="b0", **more):
    return Probe(link, "-i", interface, *SEALED, *arguments, **more)


def operates(probe):
    """Its calls are limited; that comes after all that a start does."""
    wait_for(lambda: probe.pid != probe.child.pid and status_of(probe.pid)["Seccomp"] == "2", 5, "it is sealed")


def gone(pid):
    try:
        return status_of(pid)["State"].startswith("Z")
    except OSError:
        return True


def link_anew(link):
    netns.run(link.capturing, "ip", "link", "del", "b0")
    time.sleep(0.5)
    link.pair(0)


def send_across(link):
    """Three packets, and four more when the interface has been made anew and is captured again."""
    send(link.sending, "a0", frames_of(3))
    link_anew(link)
    wait_for(lambda: link.index("b0") in netns.capturing(link.capturing), 10, "it is captured again")
    time.sleep(0.3)
    send(link.sending, "a0", frames_of(4))


# --- who it is -----------------------------------------------------------------

def rights(case, link, workers):
    with start(link, *JSON, f"--workers={workers}") as probe:
        operates(probe)
        for task in os.listdir(f"/proc/{probe.pid}/task"):
            status = status_of(f"{probe.pid}/task/{task}")
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                case.equal(int(status[name], 16), 0, name)
            case.equal(status["Uid"].split(), [str(nobody.USER)] * 4, "user")
            case.equal((status["Groups"].strip(), status["NoNewPrivs"], status["Seccomp"]), ("", "1", "2"),
                       "groups, no_new_privs, seccomp")
        case.equal(status_of(probe.child.pid)["Uid"].split()[0], "0", "the helper's user")
        probe.end()
    good_end(case, probe)


def unsealed(case, link):
    with Probe(link, "-i", "b0", "--seal=off", *JSON) as probe:
        case.equal(probe.pid, probe.child.pid, "the process")
        case.equal(status_of(probe.pid)["Seccomp"], "0", "seccomp")
        probe.end()
    good_end(case, probe)


def root_stays(case, link):
    with Probe(link, "-i", "b0", "--seal=on", "--user=root", *JSON) as probe:
        operates(probe)
        status = status_of(probe.pid)
        case.equal((status["Uid"].split()[0], int(status["CapEff"], 16)), ("0", 0), "user, capabilities")
        probe.end()
    good_end(case, probe)


def by_capability(case, link):
    """Without root: a copy of the program has one capability, and gives it up."""
    why = nobody.unusable() or missing("setcap")
    if why:
        raise Skip(why)
    with nobody.copies(PROGRAM) as (program,):
        done = subprocess.run(["setcap", "cap_net_raw+ep", program], stderr=subprocess.PIPE, check=False, text=True)
        if done.returncode:
            raise Skip(f"no file capabilities here: {done.stderr.strip()}")
        probe = Probe(link)
        probe.argv = [*nobody.AS_NOBODY, program, "-i", "b0", "--seal=on", *JSON]
        with probe:
            operates(probe)
            case.equal(int(status_of(probe.pid)["CapPrm"], 16), 0, "capabilities")
            send_across(link)
            probe.end()
    good_end(case, probe)
    case.equal(probe.stats()["packets"]["received"], 7, "packets")


# --- what goes on --------------------------------------------------------------

def comes_back(case, link, workers):
    with start(link, *JSON, f"--workers={workers}") as probe:
        operates(probe)
        send(link.sending, "a0", frames_of(3))
        link_anew(link)
        index = link.index("b0")
        wait_for(lambda: netns.capturing(link.capturing).count(index) == workers, 10, "it is captured again")
        time.sleep(0.3)
        for port in range(20):
            send(link.sending, "a0", frames_of(1, sport=4000 + port))
        probe.end()
    good_end(case, probe)
    case.equal(probe.stats()["packets"]["received"], 23, "packets")


def not_by_libpcap(case, link):
    """It cannot be had from another process, which is said once."""
    with start(link, *JSON, "--capture=pcap") as probe:
        operates(probe)
        link_anew(link)
        time.sleep(4)
        probe.end()
    case.equal(sum("--seal=off" in line for line in probe.lines()), 1, f"advice in {probe.lines()}")


def settings(case, link, tap):
    """Neither the settings nor the new file's directory are the user's."""
    conf, old, new = tap.path("sealed.conf"), tap.path("sealed-old.json"), tap.path("sealed-new.json")
    text = "interface = b0\noutput {0} {{ style = json\n file = {1}\n }}\n"
    with open(conf, "w", encoding="ascii") as out:
        out.write(text.format("old", old))
    os.chmod(conf, 0o600)
    with Probe(link, "-f", conf, *SEALED, "--stats=json") as probe:
        operates(probe)
        send(link.sending, "a0", frames_of(2))
        with open(conf, "w", encoding="ascii") as out:
            out.write(text.format("new", new))
        os.kill(probe.child.pid, signal.SIGHUP)
        wait_for(lambda: os.path.exists(new), 5, "the new file")
        time.sleep(0.5)
        send(link.sending, "a0", frames_of(4))
        os.kill(probe.pid, signal.SIGTERM)
        probe.end(0)
    case.equal(probe.status, 0, f"exit status: {probe.lines()}")
    with open(old, encoding="ascii") as before, open(new, encoding="ascii") as after:
        lines = before.read() + after.read()
    case.equal(sum(map(int, re.findall(r'"packetDeltaCount":\s*"?(\d+)', lines))), 6, f"packets in {lines}")
    with open(new, encoding="ascii") as after:
        case.true(after.read(), "the new file is empty")


def names(case, link):
    """A name that gets another address, in the hosts file of the capturing namespace."""
    directory = f"/etc/netns/{link.capturing}"
    os.makedirs(directory)
    hosts = f"{directory}/hosts"

    def point(address):
        with open(hosts, "w", encoding="ascii") as out:
            out.write(f"{address} collector.test\n")

    try:
        point("127.0.0.2")
        with Recorder(namespace=link.capturing, address="127.0.0.3") as sink:
            with start(link, "-n", f"collector.test:{sink.port},resolve=1s", "--stats=json") as probe:
                operates(probe)
                point("127.0.0.3")
                time.sleep(2.5)
                send(link.sending, "a0", frames_of(2))
                probe.end()
            case.true(sink.messages, f"nothing came: {probe.lines()}")
        case.true(any("127.0.0.3 now" in line for line in probe.lines()), f"lines: {probe.lines()}")
    finally:
        shutil.rmtree(directory)


def filters(case, link, tap, workers):
    """Names in them take files that the sealed process cannot read: services, protocols, hosts."""
    conf, sock = tap.path("filters.conf"), tap.path("filters.sock")
    directory = f"/etc/netns/{link.capturing}"
    base = f"interface = b0\ncontrol = {sock}\nworkers = {workers}\n"

    def ask(more, wanted="ok\n"):
        with open(conf, "w", encoding="ascii") as out:
            out.write(base + more)
        case.equal(control.ask(sock, b"text reload\n").decode()[:len(wanted)], wanted, f"the answer with {more!r}")

    with open(conf, "w", encoding="ascii") as out:
        out.write(base + 'filter = "udp port domain"\nclass = {"2 port ntp", "1 port domain"}\n')
    os.makedirs(directory)
    try:
        with open(f"{directory}/hosts", "w", encoding="ascii") as out:
            out.write("198.51.100.77 filtered.test\n")
        with Probe(link, "-f", conf, *SEALED, *JSON) as probe:
            wait_for(lambda: os.path.exists(sock), 5, "it runs")
            time.sleep(0.5)
            unchanged = 'class = {"2 port ntp", "1 port domain"}\n'
            ask('filter = "udp port domain"\ntimeout = "idle=1h"\n' + unchanged)
            send(link.sending, "a0", frames_of(3))
            ask('filter = "udp port ntp"\n' + unchanged)
            send(link.sending, "a0", frames_of(4))
            ask('filter = "not host filtered.test"\nclass = "1 ip proto \\\\udp and port syslog"\n')
            send(link.sending, "a0", frames_of(2))
            ask('filter = "port nosuchservice"\n', "error: reload: nothing has changed")
            ask('filter = "porrt 5"\n', "error: reload: nothing has changed")
            send(link.sending, "a0", frames_of(1))
            control.ask(sock, b"text stop\n")
            probe.end(0)
    finally:
        shutil.rmtree(directory)
    case.equal(probe.status, 0, f"exit status: {probe.lines()}")
    case.equal(probe.stats()["packets"]["received"], 3 + 2 + 1, f"packets: {probe.lines()}")
    for why in ("unknown port 'nosuchservice'", "'porrt 5': can't parse filter expression: syntax error"):
        case.true(any(why in line for line in probe.lines()), f"no {why!r}: {probe.lines()}")


def silent_names(case, link, tap):
    """A reload brings a name whose server answers nobody: it is refused in seconds, and all goes on."""
    conf, sock = tap.path("silent.conf"), tap.path("silent.sock")
    directory = f"/etc/netns/{link.capturing}"
    base = f"interface = b0\ncontrol = {sock}\n"

    def put(more):
        with open(conf, "w", encoding="ascii") as out:
            out.write(base + more)

    os.makedirs(directory)
    try:
        with open(f"{directory}/resolv.conf", "w", encoding="ascii") as out:
            out.write("nameserver 127.0.0.1\noptions timeout:20 attempts:2\n")
        put("")
        with netns.udp_socket(link.capturing) as server:
            server.bind(("127.0.0.1", 53))
            with Probe(link, "-f", conf, *SEALED, *JSON) as probe:
                wait_for(lambda: os.path.exists(sock), 5, "it runs")
                put('filter = "not host silent.test"\n')
                begin = time.monotonic()
                answer = control.ask(sock, b"text reload\n").decode()
                seconds = time.monotonic() - begin
                case.true("nothing has changed" in answer and "in time" in answer, f"the answer: {answer!r}")
                case.true(4 < seconds < 8, f"it took {seconds:.1f} s")
                send(link.sending, "a0", frames_of(3))
                # The helper hears signals while the program waits for it.
                waiting = threading.Thread(target=control.ask, args=(sock, b"text reload\n"))
                waiting.start()
                time.sleep(0.5)
                os.kill(probe.child.pid, signal.SIGTERM)
                seconds = probe.end(0)
                waiting.join()
                case.true(seconds < 8, f"the end took {seconds:.1f} s")
    finally:
        shutil.rmtree(directory)
    case.equal(probe.status, 0, f"exit status: {probe.lines()}")
    case.equal(probe.stats()["packets"]["received"], 3, "packets")


# --- two processes -------------------------------------------------------------

def gro(link, on=None):
    if on is not None:
        netns.run(link.capturing, "ethtool", "-K", "b0", "gro", "on" if on else "off")
    return "generic-receive-offload: on" in netns.run(link.capturing, "ethtool", "-k", "b0")


def child_killed(case, link, tap):
    """The helper says so and puts in order what is left."""
    control = tap.path("sealed.sock")
    gro(link, True)
    with start(link, *JSON, "--offloads=off", f"--control={control}") as probe:
        operates(probe)
        case.equal((gro(link), os.path.exists(control)), (False, True), "GRO and the socket while it runs")
        os.kill(probe.pid, signal.SIGKILL)
        probe.end(0)
    case.equal(probe.status, 128 + signal.SIGKILL, "exit status")
    case.equal((gro(link), os.path.exists(control)), (True, False), "GRO and the socket afterwards")
    case.equal(sum("signal 9" in line for line in probe.lines()), 1, f"lines: {probe.lines()}")
    gro(link, False)


def ended(case, link, tap, number):
    control = tap.path("sealed.sock")
    gro(link, True)
    with start(link, *JSON, "--offloads=off", f"--control={control}") as probe:
        operates(probe)
        send(link.sending, "a0", frames_of(3))
        probe.end(number)
    good_end(case, probe)
    case.equal(probe.lines(), [], "lines")
    case.equal(probe.stats()["packets"]["received"], 3, "packets")
    case.equal((gro(link), os.path.exists(control)), (True, False), "GRO and the socket afterwards")
    gro(link, False)


def aborted(case, link, tap, number):
    """By a service manager's watchdog, or at a terminal: the child ends at once, the helper puts in order what is left."""
    control = tap.path("sealed.sock")
    gro(link, True)
    signal.signal(number, signal.SIG_DFL)       # a shell's background jobs ignore some
    with start(link, *JSON, "--offloads=off", f"--control={control}") as probe:
        operates(probe)
        case.equal((gro(link), os.path.exists(control)), (False, True), "GRO and the socket while it runs")
        os.kill(probe.pid, signal.SIGSTOP)      # it stands still
        probe.end(number)
    case.equal(probe.status, 128 + number, "exit status")
    case.equal(probe.lines(), [], "lines")
    case.equal((gro(link), os.path.exists(control)), (True, False), "GRO and the socket afterwards")
    gro(link, False)


def guard_killed(case, link):
    """Nobody is left to help: what is held is exported."""
    with start(link, *JSON) as probe:
        operates(probe)
        child = probe.pid
        send(link.sending, "a0", frames_of(3))
        os.kill(probe.child.pid, signal.SIGKILL)
        probe.end(0)
        wait_for(lambda: gone(child), 5, "the child has ended")
    case.equal([r["packetDeltaCount"] for r in probe.records()], [3], "records")
    case.equal(sum("helper process has ended" in line for line in probe.lines()), 1, f"lines: {probe.lines()}")


def to_both(case, link):
    """What `pkill spanflow` sends to each process is one signal, not a second one that ends it at once."""
    with start(link, *JSON) as probe:
        operates(probe)
        child = probe.pid
        send(link.sending, "a0", frames_of(3))
        os.kill(child, signal.SIGTERM)
        probe.end()
    good_end(case, probe)
    case.equal([r["packetDeltaCount"] for r in probe.records()], [3], "records")


def failed_start(case, link):
    with Probe(link, "-i", "nosuch0", "--seal=on", *JSON, interfaces=()) as probe:
        probe.end(0)
    case.equal(probe.status, 1, f"exit status: {probe.lines()}")
    case.equal(len(probe.lines()), 1, f"lines: {probe.lines()}")


def other_root(case, link, folder):
    """The one that meters sees an empty directory; the helper opens what is outside of it."""
    lines = os.path.join(folder, "lines.json")
    root = os.path.join(folder, "empty")
    os.mkdir(root, 0o755)
    with start(link, f"--chroot={root}", f"--output=json:{lines}", "--stats=json") as probe:
        operates(probe)
        case.equal((os.readlink(f"/proc/{probe.pid}/root"), os.readlink(f"/proc/{probe.pid}/cwd")), (root, root),
                   "root and directory")
        case.equal(os.readlink(f"/proc/{probe.child.pid}/root"), "/", "the helper's root")
        send_across(link)
        probe.end()
    good_end(case, probe)
    case.equal(probe.stats()["packets"]["received"], 7, "packets")
    case.equal(os.listdir(root), [], "the directory")


def no_such_root(case, link):
    with Probe(link, "-i", "b0", "--seal=on", "--chroot=/nonexistent/spanflow", interfaces=()) as probe:
        probe.end(0)
    case.equal(probe.status, 1, f"exit status: {probe.lines()}")
    case.equal(len(probe.lines()), 1, f"lines: {probe.lines()}")


def no_such_user(case, link):
    with Probe(link, "-i", "b0", "--seal=on", "--user=nobody-of-that-name", interfaces=()) as probe:
        probe.end(0)
    case.equal(probe.status, 2, f"exit status: {probe.lines()}")


def run_cases(tap):
    with netns.Link() as link:
        for workers in (1, 2):
            tap.test(f"rights, {workers} workers", rights, link, workers)
            tap.test(f"an interface is made anew, {workers} workers", comes_back, link, workers)
        tap.test("seal off", unsealed, link)
        tap.test("root stays", root_stays, link)
        tap.test("one capability instead of root", by_capability, link)
        tap.test("libpcap again", not_by_libpcap, link)
        tap.test("settings and files", settings, link, tap)
        tap.test("names", names, link)
        for workers in (1, 2):
            tap.test(f"names in filters, {workers} workers", filters, link, tap, workers)
        tap.test("names in filters that nobody answers for", silent_names, link, tap)
        if missing("ethtool"):
            tap.skip("what is left behind", missing("ethtool"))
        else:
            tap.test("the child is killed", child_killed, link, tap)
            for number in (signal.SIGTERM, signal.SIGINT):
                tap.test(f"{number.name} is passed on", ended, link, tap, number)
            for number in (signal.SIGABRT, signal.SIGQUIT):
                tap.test(f"{number.name} is passed on", aborted, link, tap, number)
        tap.test("the helper is killed", guard_killed, link)
        tap.test("a signal to both", to_both, link)
        tap.test("a start that fails", failed_start, link)
        tap.test("no such user", no_such_user, link)
        with tempfile.TemporaryDirectory() as folder:
            tap.test("another root", other_root, link, folder)
        tap.test("no such root", no_such_root, link)


if __name__ == "__main__":
    sys.exit(live.main("privileges while capturing", run_cases))
