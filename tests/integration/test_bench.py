#!/usr/bin/env python3
"""make bench and make bench-stages: the figures add up. No time is judged.

A few thousand packets go through both. What the CSV files say of packets, flows and records must be
what spanflow itself says of the same capture; what is derived must follow from what it is derived from;
and what goes wrong is told: datagrams that are lost, a program that fails, no room for a capture.
"""
import csv
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
from collectors import bounded
from harness import PROGRAM, ROOT, Skip, Tap, last_object, need_program

TOOLS = os.path.join(ROOT, "build", "tests", "bench")
SCRIPTS = os.path.join(ROOT, "tests", "bench")
PACKETS = 20_000
# As in workloads.sh: packets a second of capture time.
RATE = 30_000
STAGES = {"read": "packet", "intake": "packet", "decode": "packet", "table": "packet", "expiry": "packet",
          "end": "record", "encode": "record", "send": "message"}


def script(path):
    with open(path, "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(path, 0o755)
    return open(path, "a")


class Bench:
    """One run of a script: exit status, what it said, and the rows of its CSV file."""

    def __init__(self, tap, name, arguments, tools=TOOLS, path=None, **settings):
        if not os.access(os.path.join(TOOLS, "stages"), os.X_OK):
            raise Skip("make check builds the tools")
        home = tap.path(name.replace(".", "-") + str(len(os.listdir(tap.directory))))
        os.mkdir(home)
        self.home, out = home, os.path.join(home, "figures.csv")
        environment = dict(os.environ, TMPDIR=home, BENCH_CSV=out, BENCH_PEERS="no", BENCH_PACKETS=str(PACKETS),
                           BENCH_ROUNDS="1", BENCH_WORKLOADS="few mix", **settings)
        if path:
            environment["PATH"] = path + ":" + environment["PATH"]
        done = subprocess.run([os.path.join(SCRIPTS, name), tools, *arguments], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        self.status, self.table, self.said = done.returncode, done.stdout, done.stderr
        self.rows = []
        if os.path.exists(out):
            with open(out, newline="") as file:
                self.rows = list(csv.DictReader(file, strict=True))

    def row(self, **wanted):
        rows = [row for row in self.rows if all(row[key] == value for key, value in wanted.items())]
        if len(rows) != 1:
            raise AssertionError("%d rows of %s: %s" % (len(rows), wanted, self.said[-500:]))
        return rows[0]


def spanflow_says(tap, mode):
    """The ledger of a run over the capture that the scripts make."""
    capture = tap.path(mode + ".pcap")
    subprocess.run([os.path.join(TOOLS, "mktraffic"), "-m", mode, "-n", str(PACKETS), "-r", str(RATE), capture],
                   check=True, timeout=60, stdout=subprocess.DEVNULL)
    done = subprocess.run([PROGRAM, "-q", "-r", capture, "-o", "csv:/dev/null", "--stats=json"], timeout=60,
                          stderr=subprocess.PIPE, text=True, check=True)
    return last_object(done.stderr)


def near(case, got, wanted, what):
    case.true(abs(got - wanted) <= 0.01 * abs(wanted) + 0.01, "%s: got %g, wanted about %g" % (what, got, wanted))


def sums_of(case, row, base):
    """What is derived follows from seconds, packets and records."""
    seconds, packets = float(row["seconds"]), int(row["packets"])
    near(case, float(row["packets_per_second"]), packets / seconds, "packets_per_second")
    near(case, float(row["ns_per_packet"]), seconds / packets * 1e9, "ns_per_packet")
    near(case, float(row["times_pcap_loop"]), seconds / float(base["seconds"]), "times_pcap_loop")
    case.true(float(row["cpu_ns_per_packet"]) > 0, "no processor time")
    near(case, float(row["cpu_times_pcap_loop"]), float(row["cpu_ns_per_packet"]) / float(base["cpu_ns_per_packet"]),
         "cpu_times_pcap_loop")
    # A process of some ms may be gone before anyone looks.
    case.true(0 <= int(row["own_bytes"]) <= int(row["rss_bytes"]) > 0, "own %(own_bytes)s of %(rss_bytes)s" % row)
    case.equal((row["packets"], row["rounds"], row["status"]), (str(PACKETS), "1", "ok"), row["program"])
    if row["records"]:
        near(case, float(row["records_per_second"]), int(row["records"]) / seconds, "records_per_second")


class Tests:
    def __init__(self, tap):
        self.tap = tap
        self.stats = {}

    def wanted(self, mode):
        if mode not in self.stats:
            self.stats[mode] = spanflow_says(self.tap, mode)
        return self.stats[mode]

    def figures(self, case):
        bench = Bench(self.tap, "run.sh", [PROGRAM])
        case.equal(bench.status, 0, "exit status (%s)" % bench.said[-500:])
        case.equal(len(bench.rows), 6, "rows")
        for mode in ("few", "mix"):
            base, stats = bench.row(workload=mode, program="pcap_loop"), self.wanted(mode)
            for program in ("pcap_loop", "spanflow", "spanflow_dedup"):
                row = bench.row(workload=mode, program=program)
                sums_of(case, row, base)
                if program == "pcap_loop":
                    continue
                seen = (int(row["records"]), int(row["flows_peak"]))
                wanted = (stats["records"]["total"], stats["flows"]["peak"])
                case.equal(seen, wanted, "%s, %s: records, peak" % (mode, program))
                case.true(int(row["datagrams"]) > 0, "no datagram")
                case.equal(row["lost_elsewhere"], "0", "datagrams lost on the way")
                if "udpsink: receive buffer: only" not in bench.said:
                    case.equal(row["lost_at_sink"], "0", "datagrams lost at the sink")
            case.true("\n%s: %d packets" % (mode, PACKETS) in bench.table, "no table of " + mode)
        case.equal(os.listdir(bench.home), ["figures.csv"], "what is left in TMPDIR")

    def settings(self, case):
        """A program alone, in another format, with packets of other sizes, slowly: flows end before it does."""
        bench = Bench(self.tap, "run.sh", [PROGRAM], BENCH_PROGRAMS="spanflow", BENCH_FORMAT="9", BENCH_SIZE="tail",
                      BENCH_RATE="1000", BENCH_FLOWS="50")
        row = bench.row(workload="mix", program="spanflow")
        case.equal((bench.status, len(bench.rows), row["status"]), (0, 2, "ok"), "exit status, rows, status")
        case.equal(row["times_pcap_loop"], "", "times what was not run")
        case.true(int(row["flows_peak"]) < int(row["records"]), "no flow is over before the end")

    def workers(self, case):
        bench = Bench(self.tap, "run.sh", [PROGRAM], BENCH_PROGRAMS="spanflow_workers")
        row = bench.row(workload="mix", program="spanflow_workers")
        case.equal((bench.status, row["status"], row["lost_elsewhere"]), (0, "ok", "0"), "exit status, status, lost")
        case.equal(int(row["records"]), self.wanted("mix")["records"]["total"], "records")

    def stages(self, case):
        bench = Bench(self.tap, "stages.sh", [])
        case.equal(bench.status, 0, "exit status (%s)" % bench.said[-500:])
        case.equal(len(bench.rows), 2 * len(STAGES), "rows")
        for mode in ("few", "mix"):
            records = self.wanted(mode)["records"]
            units = {"read": PACKETS, "intake": PACKETS, "decode": PACKETS, "table": PACKETS, "expiry": PACKETS,
                     "end": records["ended"]["forced"], "encode": records["total"]}
            for stage, unit in STAGES.items():
                row = bench.row(workload=mode, stage=stage)
                case.equal(row["unit"], unit, stage)
                case.equal(int(row["units"]), units.get(stage, int(row["units"])), "%s, %s: units" % (mode, stage))
                case.true(float(row["ns_per_unit"]) > 0, "%s, %s: no time" % (mode, stage))
                calls = [row["batch_ns"], row["batch_ns_999"], row["batch_ns_longest"]]
                if stage in ("table", "expiry"):
                    case.equal(sorted(calls, key=float), calls, "%s, %s: calls" % (mode, stage))
                else:
                    case.equal(calls, [""] * 3, "%s, %s: calls" % (mode, stage))
            case.true(0 < int(bench.row(workload=mode, stage="send")["units"]) <= records["total"] + 100, "messages")

    def peers_fail(self, case):
        """A peer that fails is a row that says so, and the others run."""
        path = self.tap.path("failing")
        os.mkdir(path)
        for name in ("softflowd", "nfpcapd", "pmacctd"):
            with script(os.path.join(path, name)) as file:
                file.write("echo it is broken >&2\nexit 3\n")
        bench = Bench(self.tap, "run.sh", [PROGRAM], path=path, BENCH_PROGRAMS="spanflow softflowd nfpcapd pmacctd")
        case.equal(bench.status, 0, "exit status (%s)" % bench.said[-500:])
        for name in ("softflowd", "nfpcapd", "pmacctd"):
            row = bench.row(workload="mix", program=name)
            case.equal((row["rounds"], row["seconds"], row["status"]), ("0", "", "3"), name)
            case.true("%s: exit status 3" % name in bench.said, "%s: nothing was said" % name)
        case.true("it is broken" in bench.said, "what it said itself is not told")
        case.equal(bench.row(workload="mix", program="spanflow")["status"], "ok", "spanflow")

    def losses(self, case):
        """A sink that loses datagrams is told of, in words and in the row."""
        tools = self.tap.path("tools")
        os.mkdir(tools)
        for name in ("mktraffic", "pcaploop", "measure"):
            os.symlink(os.path.join(TOOLS, name), os.path.join(tools, name))
        with script(os.path.join(tools, "udpsink")) as file:
            file.write("trap 'echo datagrams 7 bytes 7 dropped 5; exit' TERM\necho port 9\n"
                       "while :; do sleep 0.05; done\n")
        bench = Bench(self.tap, "run.sh", [PROGRAM], tools=tools, BENCH_PROGRAMS="spanflow")
        row = bench.row(workload="mix", program="spanflow")
        case.equal((row["datagrams"], row["lost_at_sink"]), ("7", "5"), "datagrams")
        case.true(row["lost_elsewhere"] != "0", "nothing was lost elsewhere")
        case.true("the sink's socket dropped 5 datagrams" in bench.said, bench.said)
        case.true("spanflow: datagrams lost: 5 at the sink" in bench.table, bench.table)

    def no_room(self, case):
        path = self.tap.path("full")
        os.mkdir(path)
        with script(os.path.join(path, "df")) as file:
            file.write("echo Filesystem 1048576-blocks Used Available\necho disk 100 99 1\n")
        for name, arguments in (("run.sh", [PROGRAM]), ("stages.sh", [])):
            bench = Bench(self.tap, name, arguments, path=path)
            case.equal((bench.status, bench.rows), (1, []), name)
            case.true("its capture takes 2 MiB" in bench.said and "set TMPDIR" in bench.said, bench.said)

    def mistakes(self, case):
        for name, arguments in (("run.sh", [PROGRAM]), ("stages.sh", [])):
            environment = dict(os.environ, BENCH_WORKLOADS="few none")
            done = subprocess.run([os.path.join(SCRIPTS, name), TOOLS, *arguments], env=environment, timeout=60,
                                  check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            case.equal((done.returncode, done.stdout), (2, ""), name)
            case.true("none: no such workload: there are few mix million" in done.stderr, done.stderr)

    def limit(self, case):
        result = self.tap.path("measured")
        subprocess.run([os.path.join(TOOLS, "measure"), "-l", "0.2", result, "sleep", "60"], check=True, timeout=30)
        with open(result) as file:
            status, seconds, cpu, rss, _ = file.read().split()
        case.equal(status, "124", "status")
        case.true(0.2 <= float(seconds) < 30 and 0 <= float(cpu) <= float(seconds) and int(rss) > 0, "its figures")


def main():
    need_program()
    bounded(300)
    tap = Tap()
    tests = Tests(tap)
    try:
        tap.test("make bench: the figures of two workloads add up", tests.figures)
        tap.test("make bench: settings", tests.settings)
        tap.test("make bench: several workers", tests.workers)
        tap.test("make bench: a peer that fails", tests.peers_fail)
        tap.test("make bench: lost datagrams are told of", tests.losses)
        tap.test("make bench-stages: the stages' units add up", tests.stages)
        tap.test("no room for a capture", tests.no_room)
        tap.test("an unknown workload", tests.mistakes)
        tap.test("measure ends what takes too long", tests.limit)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
