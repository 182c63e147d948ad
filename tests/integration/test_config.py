#!/usr/bin/env python3
"""The configuration file as its users meet it: -f, -T, the example, the errors, who wins.

usage: test_config.py [WORD...]    only cases with such a word in their name
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import nobody
import pcapgen as gen
from collectors import bounded
from harness import PROGRAM, ROOT, Sink, Skip, Tap, ledger_faults, need_program, run

EXAMPLE = os.path.join(ROOT, "contrib", "spanflow.conf")


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


def message(case, done, *parts):
    """Wrong usage: status 2, nothing printed, one line that has all the parts."""
    case.equal(done.status, 2, "exit status")
    case.equal(done.stdout, b"", "standard output")
    case.equal(len(done.stderr.splitlines()), 1, f"lines of message in {done.stderr[:500]!r}")
    for part in parts:
        case.true(part in done.stderr, f"{part!r} is not in {done.stderr!r}")


def checked(case, arguments):
    """What -T prints for the arguments."""
    done = run(arguments + ["-T"])
    case.equal(done.status, 0, f"exit status of -T: {done.stderr}")
    case.equal(done.stderr, "", "messages of -T")
    return done.stdout.decode()


# --- What a file says is what happens ------------------------------------------

def file_is_command_line(case, tap, capture):
    """The same run, once from options and once from a file."""
    options = run(["-r", capture, "-t", "idle=5ms", "-m", "1000", "-o", "json", "-q", "udp port 53"])
    path = write(tap.path("same.conf"), f"""
        read = "{capture}"          # the capture
        timeout = {{"idle=5ms"}}
        max-flows = 1000
        filter = "udp port 53"
        quiet = on
        output "lines" {{ style = json }}
    """)
    done = run(["-f", path])
    case.equal(done.status, 0, f"exit status: {done.stderr}")
    case.equal(done.stdout, options.stdout, "records")
    case.true(len(done.records()) > 1, "records were made")


def file_feeds_collectors(case, tap, capture):
    """Two sections are two collectors, each with its format; the ledger's sums hold."""
    sinks = {"9": Sink(), "5": Sink()}
    sections = "".join('collector "as %s" { host = "127.0.0.1:%d" format = %s rate = 0 }\n' %
                       (form, sink.port, form) for form, sink in sinks.items())
    path = write(tap.path("collectors.conf"), sections + "stats = json\n")
    done = run(["-f", path, "-r", capture])
    for form, sink in sinks.items():
        datagrams = sink.stop()
        case.true(datagrams, f"format {form} arrived")
        case.equal({d[:2] for d in datagrams}, {bytes((0, int(form)))}, f"version of format {form}")
    case.equal(done.status, 0, f"exit status: {done.stderr}")
    case.none(ledger_faults(done.stats))


def line_wins(case, tap, capture):
    """-r replaces the file's interface, -o its output, --stats=off its ledger."""
    wanted = tap.path("not-written.csv")
    path = write(tap.path("wins.conf"), f"""
        interface = no-such-interface
        stats = json
        output a {{ style = csv file = "{wanted}" }}
    """)
    done = run(["-f", path, "-r", capture, "-o", "json", "--stats=off"])
    case.equal(done.status, 0, f"exit status: {done.stderr}")
    case.equal(done.stderr, "", "messages")
    case.true(done.records(), "records on standard output")
    case.true(not os.path.exists(wanted), "the file's output was replaced")


# --- -T ------------------------------------------------------------------------

def printed_is_read_back(case, tap, arguments):
    once = checked(case, arguments)
    again = checked(case, ["-f", write(tap.path("again.conf"), once)])
    case.equal(again, once, "what -T prints for its own output")


def nothing_is_started(case, tap, capture):
    """-T opens neither input nor output."""
    out = tap.path("untouched.csv")
    checked(case, ["-r", capture, "-o", "csv:" + out])
    case.true(not os.path.exists(out), "an output was made")
    checked(case, ["-i", "no-such-interface", "-n", "no-such-host.invalid"])


def example(case, tap):
    """The example is refused until both lines that say so are filled in, and valid then, also with all that it suggests."""
    with open(EXAMPLE, encoding="utf-8") as lines:
        text = lines.read()
    for name, value in (("interface", "eth1"), ("host", "192.0.2.10")):
        number = 1 + text[:text.index('"CHANGE-ME')].count("\n")
        path = write(tap.path(name + ".conf"), text)
        for more in ([], ["-r", path, "-o", "csv"]):
            message(case, run(["-f", path, "-T", *more]), f"{path}:{number}: {name}: 'CHANGE-ME")
        text = re.sub('"CHANGE-ME[^"]*"', value, text, count=1)
    case.true("CHANGE-ME" not in text, "more than two lines")
    filled = write(tap.path("filled.conf"), text)
    case.true("interface = {eth1}" in checked(case, ["-f", filled]), "what was put in")
    printed_is_read_back(case, tap, ["-f", filled])
    whole = re.sub(r"(?m)^#(?=[a-z}\t])", "", text)
    text = checked(case, ["-f", write(tap.path("whole.conf"), whole)])
    case.true(text.count("\ncollector ") >= 3, f"collectors: {text}")


def manual_example(case, tap):
    """The example of spanflow.conf(5) is valid."""
    with open(os.path.join(ROOT, "man", "spanflow.conf.5"), encoding="utf-8") as lines:
        page = lines.read()
    text = re.search(r"\.Sh EXAMPLES.*?\.Bd [^\n]*\n(.*?)\.Ed", page, re.S).group(1)
    case.true("collector" in text, "found it")
    checked(case, ["-f", write(tap.path("manual.conf"), text)])


# --- Errors --------------------------------------------------------------------

WRONG = [
    ("an unknown setting", "# one\n\nformt = 9\n", ":3: ", "did you mean 'format'?"),
    ("a wrong value", "/* one\n*/ max-flows = many\n", ":2: ", "max-flows: 'many'", "1 to 1000000000"),
    ("an unknown key", "collector a {\n host = h\n colour = red\n}\n", ":3: ", "'colour'", "host, format"),
    ("a wrong key value", "collector a {\n host = h # x\n rate = fast\n}\n", ":3: ", "rate: 'fast'"),
    ("two collectors of one name", "collector a { host = h }\n\ncollector a { host = i }\n", ":3: ", "name of its own"),
    ("an open string", "read = x\nfilter = \"tcp\n\n", ":2: ", "closing quote"),
    ("an open brace", "\ncollector a {\n host = h\n", ":2: ", "brace"),
    ("a filter that does not compile", "\nfilter = \"tcp and\"\n", ":2: ", "'tcp and'", "pcap-filter(7)"),
    ("a binary file", "\177ELF\1\1\1\0\0", ":1: ", "control character"),
]


def wrong_file(case, tap, text, *parts):
    path = write(tap.path("wrong.conf"), text)
    message(case, run(["-f", path, "-r", tap.path("none.pcap")]), f"spanflow: {path}{parts[0]}", *parts[1:])
    message(case, run(["-f", path, "-T"]), f"spanflow: {path}{parts[0]}", *parts[1:])


def settings_do_not_fit(case, tap, capture):
    """What is wrong only together is found by -T, too."""
    path = write(tap.path("together.conf"), "sample = 16384\ncollector a { host = h format = 5 }\n")
    message(case, run(["-f", path, "-r", capture, "-T"]), "16384", "16383")
    message(case, run(["-f", write(tap.path("empty.conf"), ""), "-T"]), "no input")


def unreadable(case, tap):
    message(case, run(["-f", tap.path("missing.conf")]), "missing.conf: No such file")
    message(case, run(["-f", tap.directory]), tap.directory + ": Is a directory")
    message(case, run(["-f", EXAMPLE, "-f", EXAMPLE]), "--config: given twice")
    message(case, run(["-f"]), "--config: a value is missing")


def forbidden(case, tap):
    """A file that the user may not read."""
    why = nobody.unusable()
    if why:
        raise Skip(why)
    with nobody.copies(PROGRAM, write(tap.path("secret.conf"), "quiet = on\n")) as (program, path):
        os.chmod(path, 0o600)
        done = subprocess.run(nobody.AS_NOBODY + [program, "-f", path], capture_output=True,
                              timeout=30, check=False)
    case.equal(done.returncode, 2, "exit status")
    case.true(done.stderr.decode().startswith(f"spanflow: {path}: Permission denied: "), done.stderr)


def cannot_print(case):
    """-T into a full disk has failed."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "-T", "-i", "eth1"], stdout=full, stderr=subprocess.PIPE,
                              timeout=30, check=False)
    case.equal(done.returncode, 1, "exit status")
    said = done.stderr.decode()
    case.true(said.startswith("spanflow: standard output: ") and said.count("\n") == 1, f"message: {said}")


def main():
    need_program()
    bounded(200)
    tap = Tap()
    try:
        capture = tap.path("some.pcap")
        gen.write_pcap(capture, [gen.udp4(gen.EPOCH + n * 4 * gen.MS, dport=53 + n % 2) for n in range(40)])
        tap.test("a file is a command line", file_is_command_line, tap, capture)
        tap.test("a file feeds collectors", file_feeds_collectors, tap, capture)
        tap.test("the command line wins", line_wins, tap, capture)
        for arguments in (["-r", "x"], ["-i", "7:eth0", "-i", "any", "-n", "h", "-n", "[::1]:9,format=5,rate=0"],
                          ["-r", "a b", "-o", "csv:/tmp/a,b", "-o", "json", "-s", "random:7", "--stats=json"],
                          ["-r", "x", "-t", "idle=1s", "-m", "5", "-q", "tcp[13] & 2 != 0"],
                          ["-r", "x", "--class=2 udp or\r\nsctp", "tcp\nor udp"]):
            tap.test("-T " + " ".join(" ".join(arguments).split()), printed_is_read_back, tap, arguments)
        tap.test("-T starts nothing", nothing_is_started, tap, capture)
        tap.test("-T that cannot print", cannot_print)
        tap.test("the example", example, tap)
        tap.test("the manual's example", manual_example, tap)
        for name, text, *parts in WRONG:
            tap.test("wrong: " + name, wrong_file, tap, text, *parts)
        tap.test("wrong: settings that do not fit together", settings_do_not_fit, tap, capture)
        tap.test("wrong: files that are none", unreadable, tap)
        tap.test("wrong: a file that may not be read", forbidden, tap)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
