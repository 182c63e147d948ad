"""Real collectors for the tests: nfcapd and nfdump, nfacctd, ipfixDump, tshark.

Each collector is a context manager: it is started on a free port of loopback (in a
network namespace, if one is named), is ready when its socket is bound, reads all that
waits in that socket before it is asked to end, and is killed with its children when the
block is left, however that happens.  Nothing here knows spanflow.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import netns

SO_RCVBUFFORCE = 33
LOOPBACK = "127.0.0.1"
# A program built with AddressSanitizer that is sealed cannot look for leaks at its end.
NO_TIMEZONE = {"ASAN_OPTIONS": "detect_leaks=0", **os.environ, "TZ": "UTC", "LC_ALL": "C"}


def missing(*programs):
    """The names of the programs that are not installed, as a reason to skip; or ''."""
    absent = [name for name in programs if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def wait_for(condition, seconds, what):
    """Polls until the condition is true; its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def bounded(seconds):
    """The test itself ends after so long, or when asked to, by way of its `finally`s."""
    def leave(number, _):
        print(f"Bail out! ended by {signal.Signals(number).name}", flush=True)
        sys.exit(1)
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    signal.alarm(seconds)


def free_port(namespace=None):
    with netns.udp_socket(namespace) as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


class Process:
    """A program in a session of its own, without a terminal, all of which is gone when the block is left."""

    def __init__(self, argv, namespace=None, log=None, **options):
        self.argv, self.namespace, self.log, self.options = argv, namespace, log, options
        self.child = None

    def __enter__(self):
        if self.log:
            with open(self.log, "wb") as log:
                self._start(stdout=log, stderr=subprocess.STDOUT)
        else:
            self._start()
        return self

    def _start(self, **more):
        self.child = subprocess.Popen(netns.inside(self.namespace, self.argv),
                                      start_new_session=True, env=NO_TIMEZONE,
                                      stdin=subprocess.DEVNULL, **self.options, **more)

    def __exit__(self, *_):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.child.wait(10)
        for stream in (self.child.stdout, self.child.stderr):
            if stream:
                stream.close()

    def messages(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self, number, seconds=20):
        """Sends the signal; the exit status."""
        self.child.send_signal(number)
        return self.child.wait(seconds)


class Collector(Process):
    """A process that reads UDP from self.port."""

    def __enter__(self):
        super().__enter__()
        try:
            wait_for(self.ready, 15, f"{self.argv[0]} is bound: {self.messages()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def ready(self):
        if self.child.poll() is not None:
            raise AssertionError(f"{self.argv[0]} ended at once: {self.messages()}")
        return netns.udp_state(self.port, self.namespace)

    def address(self):
        return f"{LOOPBACK}:{self.port}"

    def drain(self):
        """Waits until it has read what its socket holds; how many datagrams it lost."""
        def empty():
            waiting, _ = netns.udp_state(self.port, self.namespace) or (0, 0)
            return waiting == 0
        wait_for(empty, 30, f"{self.argv[0]} reads its socket empty")
        time.sleep(0.3)                 # for the datagram that it has just taken out
        return netns.udp_state(self.port, self.namespace)[1]


class Nfcapd(Collector):
    """nfcapd into a directory; on its defaults unless more options are given."""

    def __init__(self, directory, *options, namespace=None):
        os.makedirs(directory)
        self.directory, self.port = directory, free_port(namespace)
        argv = ["nfcapd", "-b", LOOPBACK, "-p", str(self.port), "-w", directory, *options]
        super().__init__(argv, namespace, directory + ".log")

    def finish(self):
        """Ends it in good order; the number of datagrams that its socket dropped."""
        lost = self.drain()
        self.stop(signal.SIGTERM)
        return lost

    def sequence_errors(self):
        """The sum over its reports (one each five minutes, and one at its end)."""
        return sum(int(n) for n in re.findall(r"Sequence Errors: (\d+)", self.messages()))

    def complaints(self):
        return [line for line in self.messages().splitlines()
                if re.search(r"error|corrupt|unknown|bad |skip|invalid", line, re.I)
                and "Bad Packets: 0" not in line]


def nfdump(directory, *arguments):
    done = subprocess.run(["nfdump", "-R", directory, *arguments], env=NO_TIMEZONE, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 0, f"nfdump: {done.stderr.strip()}"
    return done.stdout


def nfdump_totals(directory):
    """What nfdump reads back: {"flows": n, "packets": n, "octets": n}."""
    report = nfdump(directory, "-I")
    names = (("flows", "Flows"), ("packets", "Packets"), ("octets", "Bytes"))
    totals = {name: int(re.search(rf"^{label}: (\d+)$", report, re.M)[1]) for name, label in names}
    return totals


def nfdump_records(directory, *arguments):
    """The records as nfdump's JSON has them."""
    text = nfdump(directory, "-o", "json", *arguments)
    start = text.find("[")
    return json.loads(text[start:]) if start >= 0 else []


NFACCTD_CONFIG = """\
daemonize: false
nfacctd_ip: {address}
nfacctd_port: {port}
nfacctd_disable_checks: false
nfacctd_pipe_size: 4000000
plugins: print[p]
aggregate[p]: {aggregate}
print_refresh_time[p]: 3600
print_output[p]: json
print_output_file[p]: {directory}/records.json
plugin_buffer_size: 10240
plugin_pipe_size: 10240000
print_num_protos[p]: true
timestamps_since_epoch: true
"""


class Nfacctd(Collector):
    """pmacct's nfacctd, with its check of sequence numbers switched on.

    `aggregate` is what tells its records apart, `primitives` defines ones of our own."""

    def __init__(self, directory, aggregate="proto", primitives=""):
        os.makedirs(directory)
        self.directory, self.port = directory, free_port()
        config = os.path.join(directory, "nfacctd.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write(NFACCTD_CONFIG.format(address=LOOPBACK, port=self.port, directory=directory,
                                            aggregate=aggregate))
            if primitives:
                out.write(f"aggregate_primitives: {directory}/primitives\n")
        with open(os.path.join(directory, "primitives"), "w", encoding="ascii") as out:
            out.write(primitives)
        super().__init__(["nfacctd", "-f", config], log=os.path.join(directory, "log"))

    def finish(self):
        lost = self.drain()
        time.sleep(1)                   # its core process hands over to the plugin
        self.stop(signal.SIGINT)
        return lost

    def gaps(self):
        return [line for line in self.messages().splitlines() if "expecting flow" in line]

    def complaints(self):
        return [line for line in self.messages().splitlines() if re.search(r"WARN|ERROR", line)]

    def rows(self):
        """What its plugin added up, row by row."""
        path = os.path.join(self.directory, "records.json")
        wait_for(lambda: os.path.exists(path), 10, "nfacctd writes its records")
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]

    def totals(self):
        """The sums: {"packets": n, "octets": n}."""
        rows = self.rows()
        return {"packets": sum(row["packets"] for row in rows),
                "octets": sum(row["bytes"] for row in rows)}


class Recorder:
    """A UDP sink: keeps each message and hands it on to another collector's port.

    Unlike harness.Sink it forwards, and can sit in a namespace.
    """

    def __init__(self, forward_to=None, namespace=None, address=LOOPBACK):
        self.forward_to, self.messages = forward_to, []
        self.socket = netns.udp_socket(namespace)
        self._widen()
        self.socket.bind((address, 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.onward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _widen(self):
        for option in (SO_RCVBUFFORCE, socket.SO_RCVBUF):
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, 32 << 20)
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join(5)
        self.socket.close()
        self.onward.close()

    def _run(self):
        while True:
            try:
                message = self.socket.recv(65535)
            except socket.timeout:
                if self.ending.is_set():
                    return
                continue
            self.messages.append(message)
            if self.forward_to:
                self.onward.sendto(message, (LOOPBACK, self.forward_to))

    def finish(self):
        """Waits until nothing comes any more; the messages."""
        def quiet():
            seen = len(self.messages)
            time.sleep(0.3)
            return len(self.messages) == seen
        wait_for(quiet, 30, "the recorder sees the end")
        return self.messages


def ipfixdump(messages, directory):
    """Reads the messages as a file of IPFIX; (statistics, warnings)."""
    path = os.path.join(directory, "messages.ipfix")
    with open(path, "wb") as out:
        out.write(b"".join(messages))
    done = subprocess.run(["ipfixDump", "-s", "-i", path], env=NO_TIMEZONE, timeout=120, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    complaint = "" if done.returncode == 0 else f"exit status {done.returncode}\n"
    return done.stdout, (complaint + done.stderr).strip()


def tshark(capture, port, *arguments):
    """tshark on a capture of export messages; its output."""
    done = subprocess.run(["tshark", "-n", "-r", capture, "-d", f"udp.port=={port},cflow", *arguments],
                          env=NO_TIMEZONE, timeout=240, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 0, f"tshark: {done.stderr.strip()}"
    return done.stdout
