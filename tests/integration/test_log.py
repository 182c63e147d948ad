#!/usr/bin/env python3
"""Messages: what reads them can break, their form is as asked for, and the work does not suffer."""
import fcntl
import json
import os
import pty
import re
import socket
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
from collectors import bounded
from harness import PROGRAM, ROOT, Skip, Tap, need_program, run

DEMO = os.path.join(ROOT, "pcaps", "demo.pcap")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def spanflow(arguments, stderr, **more):
    """Runs it with that standard error; (status, standard output, what the pipe had)."""
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=stderr, timeout=30, check=False, **more)
    return done.returncode, done.stdout, done.stderr


# Names of files that are not there, as octets, and how their message names them.
HOSTILE = [
    (b"/nowhere/line\nspanflow: forged: message", "/nowhere/line\\nspanflow"),
    (b'/nowhere/"quoted\\', '/nowhere/"quoted\\'),
    (b"/nowhere/caf\xe9 \xff\xfe", "/nowhere/caf\\xe9 \\xff\\xfe"),
    (b"/nowhere/\x1b[31mred\x07\x7f", "/nowhere/\\x1b[31mred\\x07\\x7f"),
    ("/nowhere/日本 é".encode(), "/nowhere/日本 é"),
    (b"/nowhere/" + b"\xff" * 400, "/nowhere/" + "\\xff" * 400),
]


def json_lines(case):
    """Each is an object of its own, whatever the name holds, with four members."""
    for name, shown in HOSTILE:
        status, _, said = spanflow(["--log-format=json", "-r", name], subprocess.PIPE)
        case.equal(status, 1, "exit status")
        case.equal(said.count(b"\n"), 1, f"lines in {said[:300]!r}")
        value = json.loads(said)
        case.equal(list(value), ["time", "level", "subject", "message"], "members")
        case.true(TIME.match(value["time"]), f"time {value['time']}")
        case.equal(value["level"], "error", "level")
        told = value["subject"] + ": " + value["message"]
        case.true(told.startswith(shown), f"{told[:300]!r} does not begin with {shown[:300]!r}")


def text_lines(case):
    """A message is one line, of which nothing reaches the terminal but text."""
    for name, shown in HOSTILE:
        _, _, said = spanflow(["-r", name], subprocess.PIPE)
        text = said.decode()
        case.true(text.startswith("spanflow: " + shown), f"{text[:300]!r}")
        case.none([c for c in text[:-1] if ord(c) < 32 or ord(c) == 127], "control characters")
        case.equal(text.count("\n"), 1, "lines")


def wanted_records():
    return run(["-r", DEMO, "-o", "json"]).stdout


def full_disk(case):
    """The records, and but for the ledger the exit status, are those of a run that says nothing."""
    with open("/dev/full", "wb") as full:
        for arguments, wanted in (([], 0), (["--stats"], 1), (["-r", "/nowhere/file"], 1)):
            status, out, _ = spanflow(["-r", DEMO, "-o", "json", "-n", "127.0.0.1:9", *arguments], full)
            case.equal(status, wanted, f"exit status with {arguments}")
            case.equal(out, wanted_records(), f"records with {arguments}")


def closed_pipe(case):
    """The reader has gone: no signal ends the program, neither at the start nor in the middle."""
    for arguments, wanted in ((["-n", "127.0.0.1:9"], 0), (["-r", "/nowhere/file"], 1), (["--stats"], 1)):
        reader, writer = os.pipe()
        os.close(reader)
        status, out, _ = spanflow(["-r", DEMO, "-o", "json", *arguments], writer)
        os.close(writer)
        case.equal(status, wanted, f"exit status with {arguments}")
        case.equal(out, wanted_records(), f"records with {arguments}")
    reader, writer = os.pipe()
    os.close(reader)
    case.equal(spanflow(["--nonsense"], writer)[0], 2, "exit status of wrong usage")
    os.close(writer)


def stuck_pipe(case):
    """Nobody reads: a thousand messages do not find room, and the work is done all the same."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    begin = time.monotonic()
    missing = [word for n in range(1000) for word in ("-r", f"/nowhere/{n}")]
    status, out, _ = spanflow([*missing, "-r", DEMO, "-o", "json"], writer)
    seconds = time.monotonic() - begin
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    os.close(reader)
    os.close(writer)
    case.equal(status, 1, "exit status")
    case.equal(out, wanted_records(), "records")
    case.true(seconds < 10, f"it took {seconds:.1f} s")
    case.true(not flags & os.O_NONBLOCK, "the pipe was altered for all who write to it")


def stuck_ledger(case):
    """Nobody reads the ledger: the run ends all the same, and says by its status that something is missing."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    status, out, _ = spanflow(["-r", DEMO, "-o", "json", "--stats"], writer)
    os.close(writer)
    os.close(reader)
    case.equal(status, 1, "exit status")
    case.equal(out, wanted_records(), "records")


def slow_reader(case):
    """A ledger that fills the pipe several times comes whole to one who reads it slowly."""
    collectors = [word for n in range(32) for word in ("-n", f"127.0.0.1:{n + 1},rate=0")]
    with subprocess.Popen([PROGRAM, "-r", DEMO, *collectors, "--stats=json", "-q"], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as child:
        fcntl.fcntl(child.stderr, fcntl.F_SETPIPE_SZ, 4096)
        time.sleep(1)
        case.equal(child.poll(), None, "status while nobody reads")
        told = child.stderr.read()
        case.equal(child.wait(10), 0, "exit status")
    case.true(len(told) > 6000, f"{len(told)} octets do not fill the pipe")
    case.equal(len(json.loads(told.splitlines()[-1])["collectors"]), 32, "collectors")


def stopped_terminal(case):
    """Somebody pressed ^S: the terminal takes nothing, and the work is done all the same."""
    ours, theirs = pty.openpty()
    termios.tcflow(theirs, termios.TCOOFF)
    begin = time.monotonic()
    status, out, _ = spanflow(["-r", "/nowhere/1", "-r", "/nowhere/2", "-r", DEMO, "-o", "json"], theirs)
    seconds = time.monotonic() - begin
    os.close(theirs)
    os.close(ours)
    case.equal(status, 1, "exit status")
    case.equal(out, wanted_records(), "records")
    case.true(seconds < 10, f"it took {seconds:.1f} s")


def every_file_is_named(case):
    """Of a thousand files that are not there none is held back."""
    missing = [word for n in range(1000) for word in ("-r", f"/nowhere/{n}")]
    done = run([*missing, "-r", DEMO, "-o", "json"])
    case.equal(len(done.stderr.splitlines()), 1000, "messages")


def no_memory(case):
    """A start that fails says so."""
    done = subprocess.run(["sh", "-c", 'ulimit -v 24000; exec "$@"', "sh", PROGRAM, "-r", DEMO, "--dedup", "-m", "1000",
                           "-n", "127.0.0.1:9"], capture_output=True, text=True, timeout=30, check=False)
    if "error while loading shared libraries" in done.stderr:
        raise Skip("the program needs more memory for its libraries")
    case.equal((done.returncode, done.stdout), (1, ""), "exit status and output")
    case.true("spanflow: start: " in done.stderr, f"what it says: {done.stderr!r}")


def levels(case):
    refused = ["-r", DEMO, "-n", "localhost:9,format=9", "-r", "/nowhere/file"]
    for options, wanted in (([], {"error", "warning"}), (["--log-level=info"], {"error", "warning", "info"}),
                            (["--log-level=error"], {"error"}), (["-q"], {"error"}),
                            (["-q", "--log-level=info"], {"error"}),
                            (["-q", "--quiet=off", "--log-level=warning"], {"error", "warning"})):
        done = run([*refused, "--log-format=json", *options])
        seen = {json.loads(line)["level"] for line in done.stderr.splitlines()}
        case.equal(seen, wanted, f"levels with {options}")
    for options in (["--log-level=loud"], ["--log-format=xml"]):
        done = run(options)
        case.equal(done.status, 2, f"exit status of {options}")
        case.true("is not allowed: " in done.stderr, done.stderr)


def journal(case):
    """Priorities where they are asked for, or where standard error is the journal."""
    wanted = re.compile(r"<3>/nowhere/file: No such file or directory$")
    done = run(["-r", "/nowhere/file", "--log-format=journal"])
    case.true(wanted.match(done.stderr), f"asked for: {done.stderr!r}")
    for own, pattern in ((True, wanted), (False, re.compile(r"spanflow: /nowhere/file: "))):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            stat = os.fstat(theirs.fileno())
            stream = f"{stat.st_dev}:{stat.st_ino + (not own)}"
            status, _, _ = spanflow(["-r", "/nowhere/file"], theirs.fileno(),
                                    env=dict(os.environ, JOURNAL_STREAM=stream))
            said = ours.recv(4096).decode()
        case.equal(status, 1, "exit status")
        case.true(pattern.match(said), f"JOURNAL_STREAM={stream}: {said!r}")


def main():
    bounded(200)
    need_program()
    tap = Tap()
    tap.test("json: whatever a name holds, each line is an object", json_lines)
    tap.test("text: whatever a name holds, each message is one line", text_lines)
    tap.test("a full disk for messages: same records, same status", full_disk)
    tap.test("a closed pipe for messages: same records, same status", closed_pipe)
    tap.test("a stuck pipe for messages: same records, same status", stuck_pipe)
    tap.test("a stuck pipe for the ledger: same records, told by the status", stuck_ledger)
    tap.test("a slow reader of the ledger gets all of it", slow_reader)
    tap.test("a stopped terminal for messages: same records, same status", stopped_terminal)
    tap.test("a thousand missing files: each is named", every_file_is_named)
    tap.test("a start without memory", no_memory)
    tap.test("levels", levels)
    tap.test("journal: priorities", journal)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
