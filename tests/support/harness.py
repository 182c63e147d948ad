"""Runs spanflow beside UDP sinks and checks its books.

Promises: every subprocess has a timeout; a sink keeps each datagram in order or says how
many the kernel dropped; ledger_faults() holds every equation of SPEC.md section 6 against
the numbers of --stats=json; Tap prints one `ok` or `not ok` a case and remembers failures.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import contextmanager

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("SPANFLOW") or os.path.join(ROOT, "spanflow")
LONG = bool(os.environ.get("SPANFLOW_TEST_LONG"))      # make check-long: all of what takes minutes
WANTED_BUFFER = 64 << 20
ENOUGH_BUFFER = 8 << 20
SO_RCVBUFFORCE = 33
HOSTS = {"127.0.0.1": socket.AF_INET, "::1": socket.AF_INET6}


class Sink:
    """A UDP collector in a thread; `datagrams` is complete after stop()."""

    def __init__(self, host="127.0.0.1"):
        self.host, self.datagrams, self.arrived = host, [], []
        self.socket = socket.socket(HOSTS[host], socket.SOCK_DGRAM)
        self.buffer = self.widen()
        self.socket.bind((host, 0))
        self.socket.settimeout(0.05)
        self.port = self.socket.getsockname()[1]
        self.ending, self.lost = False, 0
        self.thread = threading.Thread(target=self.receive, daemon=True)
        self.thread.start()

    def widen(self):
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, option, WANTED_BUFFER)
                break
            except OSError:
                continue
        return self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    @property
    def fast(self):
        """Can it take what an unpaced exporter sends?"""
        return self.buffer >= ENOUGH_BUFFER

    def receive(self):
        while True:
            try:
                datagram = self.socket.recv(65536)
            except socket.timeout:
                if self.ending:
                    return
                continue
            self.datagrams.append(datagram)
            self.arrived.append(time.monotonic())

    def drops(self):
        """What the kernel threw away because the buffer was full."""
        table = "/proc/net/udp6" if self.host == "::1" else "/proc/net/udp"
        try:
            with open(table) as lines:
                rows = [line.split() for line in lines]
        except OSError:
            return 0
        mine = [row for row in rows if row[1].endswith(":%04X" % self.port)]
        return int(mine[0][-1]) if mine else 0

    def stop(self):
        self.ending = True
        self.thread.join()
        self.lost = self.drops()
        self.socket.close()
        return self.datagrams

    def url(self, **keys):
        """The collector's URL, unpaced where the sink can take it; rate=None leaves the key out."""
        host = "[%s]" % self.host if ":" in self.host else self.host
        if self.fast:
            keys.setdefault("rate", 0)
        told = ["%s=%s" % (name.replace("_", "-"), value) for name, value in keys.items() if value is not None]
        return ",".join(["%s:%d" % (host, self.port)] + told)


def last_object(text):
    """The JSON object on a text's last line, or None."""
    lines = text.splitlines()
    try:
        value = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class Result:
    """What a run left behind; `stats` is the last line of stderr if it is a JSON object."""

    def __init__(self, arguments, status, stdout, stderr, seconds):
        self.arguments, self.status, self.seconds = arguments, status, seconds
        self.stdout, self.stderr = stdout, stderr.decode("utf-8", "replace")
        self.stats = last_object(self.stderr)

    def records(self):
        """The JSON lines of standard output."""
        return [json.loads(line) for line in self.stdout.decode().splitlines()]


def run(arguments, stdin=None, timeout=60):
    """Run the program; `stdin` is a path or None. A timeout is status None."""
    begin = time.monotonic()
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    try:
        done = subprocess.run([PROGRAM] + list(arguments), stdin=source, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout)
        status, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        status, out, err = None, late.stdout or b"", late.stderr or b""
    finally:
        if stdin:
            source.close()
    return Result(arguments, status, out, err, time.monotonic() - begin)


def arguments(options):
    """The command line for options under the reference's names (idle, lengths, sample ...)."""
    out = []
    for name, value in options.items():
        out += ["-t", "%s=%s" % (name, value)] if name in ("idle", "active", "end") else ["--%s=%s" % (name, value)]
    return out


class Export:
    """One run with a sink for each of `formats`, and records on standard output.

    keys: collector keys for all; per_format: {format: keys}; output None gives no -o."""

    def __init__(self, files, options=None, formats=("5", "9", "ipfix"), output="json", extra=(), keys=None,
                 host="127.0.0.1", stdin=None, timeout=60):
        sinks = {fmt: Sink(host) for fmt in formats}
        command = [a for path in files for a in ("-r", path)] + arguments(options or {})
        for fmt, sink in sinks.items():
            command += ["-n", sink.url(format=fmt, **(keys or {}))]
        command += ["-o", output] if output else []
        self.result = run(command + ["--stats=json"] + list(extra), stdin, timeout)
        for sink in sinks.values():
            sink.ending = True              # all of them at once, as each waits for silence
        self.datagrams = {fmt: sink.stop() for fmt, sink in sinks.items()}
        self.lost = {fmt: sink.lost for fmt, sink in sinks.items() if sink.lost}
        self.arrived = {fmt: sink.arrived for fmt, sink in sinks.items()}
        self.ports = {fmt: sink.port for fmt, sink in sinks.items()}

    @property
    def stats(self):
        return self.result.stats

    def collector(self, fmt):
        """The ledger's entry of that format's sink."""
        port = ":%d" % self.ports[fmt]
        mine = [c for c in self.stats["collectors"] if c["url"].split(",")[0].endswith(port)]
        if len(mine) != 1:
            raise AssertionError("%d collectors with %s in the ledger" % (len(mine), port))
        return mine[0]

    def delivery_faults(self):
        """What the ledger says of each sink against what arrived there."""
        faults = ["the sink lost %d datagrams of %s" % (n, fmt) for fmt, n in self.lost.items()]
        for fmt, datagrams in self.datagrams.items():
            entry = self.collector(fmt)
            for name, seen in (("messages", len(datagrams)), ("bytes", sum(map(len, datagrams)))):
                if entry[name] != seen:
                    faults.append("%s: ledger has %s %d, %d arrived" % (fmt, name, entry[name], seen))
        return faults


# --- the ledger --------------------------------------------------------------------

SHAPE = {
    "packets": {"received": 0, "metered": 0, "not_sampled": 0,
                "ignored": {"non_ip": 0, "malformed": 0, "truncated": 0}, "dropped_kernel": 0, "dropped_interface": 0},
    "octets": {"metered": 0}, "notes": {},
    "flows": {"created": 0, "active": 0, "peak": 0},
    "records": {"total": 0, "packets": 0, "octets": 0, "handed": 0, "ring_dropped": 0,
                "ended": {"idle": 0, "active": 0, "end_of_flow": 0, "forced": 0, "no_resources": 0}},
}
OPTIONAL = ("group",)
INTERFACE_SHAPE = {"name": "", "received": 0, "dropped_kernel": 0, "dropped_interface": 0}     # live
COLLECTOR_SHAPE = {"url": "", "format": "", "group": "", "records": 0, "sent": 0, "queued": 0, "not_expressible": {}, "dropped": {},
                   "wire_records": 0, "messages": 0, "bytes": 0, "errors": {}}


def shape_faults(value, shape, path="ledger"):
    """Members that lack, and values that are no counters; empty objects may lack members."""
    if isinstance(shape, str):
        return [] if isinstance(value, str) else ["%s is no string" % path]
    if isinstance(shape, int):
        good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        return [] if good else ["%s is %r, no counter" % (path, value)]
    if not isinstance(value, dict):
        return ["%s is %r, no object" % (path, value)]
    faults = []
    for name in set(shape) | set(value):
        if name in value:
            faults += shape_faults(value[name], shape.get(name, 0 if not isinstance(value[name], dict) else {}),
                                   path + "." + name)
        elif value and name not in OPTIONAL:
            faults.append("%s.%s is missing" % (path, name))
    return faults


def ledger_faults(stats, exited=True):
    """Every equation of SPEC.md section 6; `exited`: nothing may be active or queued any more."""
    if stats is None:
        return ["no JSON object on the last line of stderr"]
    shape = shape_faults({k: v for k, v in stats.items() if k not in ("interfaces", "collectors")}, SHAPE)
    shape += [f for i, row in enumerate(stats.get("interfaces", []))
              for f in shape_faults(row, INTERFACE_SHAPE, "interfaces[%d]" % i)]
    shape += [f for i, c in enumerate(stats.get("collectors", [{}]))
              for f in shape_faults(c, COLLECTOR_SHAPE, "collectors[%d]" % i)]
    if shape:
        return shape
    packets, flows, records = stats["packets"], stats["flows"], stats["records"]
    sums = [
        ("packets.received", packets["received"], "metered + not_sampled + ignored",
         packets["metered"] + packets["not_sampled"] + sum(packets["ignored"].values())),
        ("flows.created", flows["created"], "records.total + flows.active", records["total"] + flows["active"]),
        ("records.total", records["total"], "the sum of ended", sum(records["ended"].values())),
        ("records.total", records["total"], "handed + ring_dropped", records["handed"] + records["ring_dropped"]),
    ]
    if "interfaces" in stats:
        sums += [("packets." + name, packets[name], "the sum of interfaces", sum(row[name] for row in stats["interfaces"]))
                 for name in ("received", "dropped_kernel", "dropped_interface")]
    if exited:
        sums += [("flows.active", flows["active"], "at exit", 0),
                 ("packets.metered", packets["metered"], "records.packets", records["packets"]),
                 ("octets.metered", stats["octets"]["metered"], "records.octets", records["octets"])]
    for c in stats["collectors"]:
        sums += collector_sums(c, records["handed"], exited)
    for name in sorted({c["group"] for c in stats["collectors"] if "group" in c}):
        sums += group_sums(name, [c for c in stats["collectors"] if c.get("group") == name], records["handed"])
    faults = ["%s %d is not %s %d" % (name, left, what, right) for name, left, what, right in sums if left != right]
    if packets["metered"] < records["packets"] or stats["octets"]["metered"] < records["octets"]:
        faults.append("the records hold more than was metered")
    if not flows["active"] <= flows["peak"] <= flows["created"]:
        faults.append("flows: %s" % flows)
    return faults


def collector_sums(c, handed, exited):
    """A collector's equations; a group's members' are in group_sums()."""
    accounted = c["sent"] + c["queued"] + sum(c["not_expressible"].values()) + sum(c["dropped"].values())
    sums = [(c["url"] + " records", c["records"], "sent + queued + not_expressible + dropped", accounted)]
    if "group" not in c:
        sums.append((c["url"] + " records", c["records"], "records.handed", handed))
    if exited:
        sums.append((c["url"] + " queued", c["queued"], "at exit", 0))
    if c["format"] not in ("1", "5", "7"):
        sums.append((c["url"] + " wire_records", c["wire_records"], "sent", c["sent"]))
    elif c["wire_records"] < c["sent"]:
        sums.append((c["url"] + " wire_records", c["wire_records"], "at least sent", c["sent"]))
    return sums


def group_sums(name, members, handed):
    """Replicate: each member gets all; balance and failover: they share them."""
    if all(c["records"] == handed for c in members):
        return []
    return [("group " + name, sum(c["records"] for c in members), "records.handed", handed)]


def check_ledger(stats, exited=True):
    faults = ledger_faults(stats, exited)
    assert not faults, "; ".join(faults)


# --- test output -------------------------------------------------------------------

class Skip(Exception):
    """Raised in a case that cannot run here; the argument says why."""


class Case:
    """What one test finds out; every check goes on, so that all faults are told at once."""

    def __init__(self):
        self.why = []

    def fail(self, why):
        self.why.append(str(why))

    def true(self, condition, why):
        if not condition:
            self.fail(why)

    def equal(self, got, wanted, what):
        if got != wanted:
            self.fail("%s: got %r, wanted %r" % (what, got, wanted))

    def none(self, faults, what="", most=8):
        """A list of faults must be empty."""
        for fault in faults[:most]:
            self.fail("%s%s" % (what and what + ": ", fault))
        if len(faults) > most:
            self.fail("%s ... and %d more" % (what, len(faults) - most))

    def same(self, got, wanted, what, most=3):
        """Two Counters must be equal; shows some of what is missing and of what is too much."""
        for name, extra in (("unexpected", got - wanted), ("missing", wanted - got)):
            if extra:
                self.fail("%s: %d %s" % (what, sum(extra.values()), name))
                for value in sorted(extra, key=repr)[:most]:
                    self.fail("  %s %d x %s" % (name, extra[value], value))


class Tap:
    """ok and not ok lines; exit(tap.status()) at the end.  Words on the command line pick cases."""

    def __init__(self, words=None):
        self.failed = self.done = 0
        self.words = sys.argv[1:] if words is None else words
        self.directory = tempfile.mkdtemp(prefix="spanflow-test-")

    def path(self, name):
        return os.path.join(self.directory, name)

    def wants(self, name):
        return not self.words or any(word in name for word in self.words)

    @contextmanager
    def case(self, name):
        case, skipped = Case(), ""
        try:
            yield case
        except Skip as why:
            skipped = " # SKIP %s" % why
        except Exception:
            case.fail(traceback.format_exc())
        self.done += 1
        self.failed += bool(case.why)
        print("%s - %s%s" % ("not ok" if case.why else "ok", name, skipped))
        for why in case.why:
            print("\n".join("# " + line for line in why.splitlines()))
        sys.stdout.flush()

    def test(self, name, function, *arguments):
        """Run function(case, *arguments) as the case `name`, if it is asked for."""
        if self.wants(name):
            with self.case(name) as case:
                function(case, *arguments)

    def skip(self, name, why):
        """The case `name` cannot be run, for the reason `why`."""
        if self.wants(name):
            with self.case(name):
                raise Skip(why)

    def status(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        print("1..%d" % self.done)
        return 1 if self.failed else 0


def need_program():
    """Without the program no test can say anything: fail at once."""
    if not os.access(PROGRAM, os.X_OK):
        print("Bail out! %s is not there: run make, or set SPANFLOW" % PROGRAM)
        sys.exit(1)
