"""A running spanflow's control socket: spanflowctl, raw requests, and what may be said of live ledgers."""
import json
import os
import socket
import subprocess
import time

from harness import ROOT, ledger_faults

CONTROL = os.environ.get("SPANFLOWCTL") or os.path.join(ROOT, "spanflowctl")

# More do not fit into a message that is being filled.
MESSAGE_RECORDS = 500


class Answer:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return self.out.splitlines()

    def records(self):
        return [json.loads(line) for line in self.lines()]


def ctl(path, *words, timeout=60, **options):
    """Runs spanflowctl."""
    return Answer(subprocess.run([CONTROL, "-s", path, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 stdin=subprocess.DEVNULL, timeout=timeout, check=False, **options))


def connect(path, timeout=30):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(path)            # waits while the queue is full, which a socket with a timeout does not
    client.settimeout(timeout)
    return client


def read_all(client):
    """To the end; ConnectionResetError where the answer broke off, if more than a request was sent."""
    parts = []
    while True:
        part = client.recv(1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def ask(path, request, timeout=30):
    """The whole answer to the octets of a request."""
    with connect(path, timeout) as client:
        try:
            client.sendall(request)
        except BrokenPipeError:
            pass
        return read_all(client)


def live_faults(stats):
    """
    What must hold at any moment. A worker gives its part out as of one moment, so the equations of packets, flows
    and records hold. Each collector's part is as of one moment, too: what it got has been sent, waits, is not
    expressible, was dropped, or stands in the message that is being filled, which is counted once it waits. Between
    these parts there is a fraction of a second: a collector's records are not yet those handed (order_faults()).
    """
    faults = ledger_faults(dict(stats, collectors=[]), exited=False)
    for c in stats["collectors"]:
        accounted = c["sent"] + c["queued"] + sum(c["not_expressible"].values()) + sum(c["dropped"].values())
        if not 0 <= c["records"] - accounted <= MESSAGE_RECORDS:
            faults.append("%s: %d records, %d are accounted for" % (c["url"], c["records"], accounted))
    return faults


def order_faults(before, after):
    """Counters do not go back, and a collector has been told of no more than was handed by the time of the next look."""
    faults = []
    for path in (("packets", "received"), ("packets", "metered"), ("octets", "metered"), ("flows", "created"),
                 ("records", "total"), ("records", "handed")):
        old, new = before[path[0]][path[1]], after[path[0]][path[1]]
        if new < old:
            faults.append("%s.%s went back from %d to %d" % (*path, old, new))
    for old, new in zip(before["collectors"], after["collectors"]):
        if new["records"] < old["records"]:
            faults.append("%s went back" % old["url"])
        if old["records"] > after["records"]["handed"]:
            faults.append("%s: %d records, %d were handed" % (old["url"], old["records"], after["records"]["handed"]))
    return faults


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def until(condition, seconds=5, pause=0.05):
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
