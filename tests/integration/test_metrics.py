#!/usr/bin/env python3
"""--metrics, live on a veth pair: what Prometheus reads, and what clients that behave badly can do.

Promises: the metrics are the ledger's counters, at the end and by its equations meanwhile; Prometheus' own
parser takes them; asking each 10 ms costs no packet; slow, silent, many or wrong clients keep nobody else
from an answer for long and leave nothing behind; /healthz tells when capture ends.  Needs root.

usage: test_metrics.py [WORD...]    only cases with such a word in their name
"""

import json
import os
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
from collectors import Recorder, free_port, wait_for
from harness import PROGRAM, Skip, ledger_faults, run
from live import Probe, frames_of, good_end, send

CONTROL = os.path.join(os.path.dirname(PROGRAM), "spanflowctl")
PORT = 9469
PATIENCE = 10               # seconds that a connection may take
CONNECTIONS = 16            # that are served at a time
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\d+(?:\.\d+)?)$')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


# --- a client ---------------------------------------------------------------

def connect(link, host="127.0.0.1"):
    with netns.entered(link.capturing):
        client = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    client.settimeout(20)
    client.connect((host, PORT))
    return client


def to_end(client):
    answer = b""
    try:
        while True:
            piece = client.recv(65536)
            if not piece:
                return answer
            answer += piece
    except ConnectionResetError:
        return answer


def ask(link, path="/metrics", method="GET", more="", body=b"", host="127.0.0.1"):
    """(status, headers, body)."""
    with connect(link, host) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: probe\r\n{more}\r\n".encode() + body)
        head, _, text = to_end(client).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    return int((lines[0].split() + ["0", "0"])[1]), headers, text.decode()


def metrics(link):
    """{name: {labels as a frozenset: value}}; no sample may be there twice."""
    status, _, text = ask(link)
    assert status == 200, f"status {status}: {text}"
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        row = SAMPLE.match(line)
        assert row, f"no sample: {line}"
        labels = frozenset(LABEL.findall(row[2] or ""))
        samples = found.setdefault(row[1], {})
        assert labels not in samples, f"twice: {line}"
        samples[labels] = float(row[3]) if "." in row[3] else int(row[3])
    return found


def one(found, name):
    return found[name][frozenset()]


def by_label(found, name, label, of=frozenset()):
    """{value of the label: sample} where the other labels are those."""
    return {dict(labels)[label]: value for labels, value in found[name].items()
            if {pair for pair in labels if pair[0] != label} == set(of)}


def not_zero(counters):
    return {name: value for name, value in counters.items() if value}


# --- what is told -----------------------------------------------------------

def ledger_of(found):
    """The ledger's JSON, made from metrics alone."""
    def failures(name, label, of):
        return not_zero(by_label(found, name, label, of))

    collectors = []
    for of, records in found["spanflow_collector_records"].items():
        labels = dict(of)
        collectors.append({
            "url": labels["collector"], **({"group": labels["group"]} if labels["group"] else {}),
            "format": labels["format"], "records": records,
            "sent": found["spanflow_collector_records_sent_total"][of],
            "queued": found["spanflow_collector_records_queued"][of],
            "not_expressible": failures("spanflow_collector_records_not_expressible_total", "reason", of),
            "dropped": failures("spanflow_collector_records_dropped_total", "reason", of),
            "wire_records": found["spanflow_collector_wire_records_total"][of],
            "messages": found["spanflow_collector_messages_total"][of],
            "bytes": found["spanflow_collector_bytes_total"][of],
            "errors": failures("spanflow_collector_errors_total", "error", of)})
    dropped = by_label(found, "spanflow_packets_dropped_total", "by")
    ended = by_label(found, "spanflow_records_ended_total", "reason")
    interfaces = []
    for of, received in found["spanflow_interface_packets_received_total"].items():
        lost = by_label(found, "spanflow_interface_packets_dropped_total", "by", of)
        interfaces.append({"name": dict(of)["interface"], "received": received,
                           "dropped_kernel": lost["kernel"], "dropped_interface": lost["interface"]})
    ignored = by_label(found, "spanflow_packets_ignored_total", "reason")
    return {
        "packets": {"received": one(found, "spanflow_packets_received_total"),
                    "metered": one(found, "spanflow_packets_metered_total"),
                    "not_sampled": one(found, "spanflow_packets_not_sampled_total"),
                    "ignored": {name: n for name, n in ignored.items()
                                if n or name in ("non_ip", "malformed", "truncated")},
                    "dropped_kernel": dropped["kernel"], "dropped_interface": dropped["interface"]},
        "interfaces": interfaces,
        "octets": {"metered": one(found, "spanflow_metered_bytes_total")},
        "notes": not_zero(by_label(found, "spanflow_notes_total", "note")),
        "flows": {name: one(found, f"spanflow_flows_{metric}") for name, metric in
                  (("created", "created_total"), ("active", "active"), ("peak", "peak"))},
        "records": {"total": sum(ended.values()), "packets": one(found, "spanflow_records_packets_total"),
                    "octets": one(found, "spanflow_records_bytes_total"), "ended": ended,
                    "handed": one(found, "spanflow_records_handed_total"),
                    "ring_dropped": one(found, "spanflow_records_ring_dropped_total")},
        "collectors": collectors}


def mixed_frames():
    arp = gen.arp_at(gen.EPOCH).data
    return [frame for n in range(40) for frame in
            frames_of(5, src=f"192.0.2.{n + 1}", sport=1000 + n) +
            [gen.eth(gen.ipv6(f"fd00::{n}", "fd00::1:1", gen.UDP, gen.udp(9, 9, b"x")), 0x86dd), arp]]


def is_quiet(found):
    created = one(found, "spanflow_flows_created_total")
    return (one(found, "spanflow_flows_active") == 0 and
            set(found["spanflow_collector_records"].values()) == {created} and
            set(found["spanflow_collector_records_queued"].values()) == {0})


def last_values(case, link, tap):
    path, silent = tap.path("control"), free_port(link.capturing)
    with Recorder(namespace=link.capturing) as recorder:
        with Probe(link, "-i", "b0", "-n", f"127.0.0.1:{recorder.port}", "-n", f"127.0.0.1:{silent}",
                   "-n", f"127.0.0.1:{recorder.port},format=5", "-o", f"json:{tap.path('records')}",
                   "--sample", "random:2", "--metrics", f"--control={path}", "--stats=json") as probe:
            frames = mixed_frames()
            send(link.sending, "a0", frames)
            wait_for(lambda: one(metrics(link), "spanflow_packets_received_total") == len(frames), 10, "all have come")
            done = subprocess.run([CONTROL, "-s", path, "flush"], capture_output=True, timeout=20, check=False)
            case.equal(done.returncode, 0, f"flush ({done.stderr})")
            wait_for(lambda: is_quiet(metrics(link)), 10, "no flow is held, and nothing is queued")
            time.sleep(0.7)             # counters are given out four times a second
            found = metrics(link)
            states = {labels for labels, n in found["spanflow_collector_state"].items() if n}
            probe.end()
    good_end(case, probe)
    got, wanted = ledger_of(found), probe.stats()
    for before, after in zip(got["collectors"], wanted["collectors"]):
        if after["format"] == "ipfix":  # its last word, in a message of its own, comes at the end
            case.equal(before["messages"] + 1, after["messages"], "messages")
            case.true(before.pop("bytes") < after.pop("bytes"), "bytes")
            before["messages"] += 1
    case.equal(got, wanted, "the ledger from metrics")
    case.true(probe.stats()["packets"]["not_sampled"] and probe.stats()["packets"]["ignored"].get("arp"),
              f"not all kinds of packets came: {probe.stats()['packets']}")
    case.true(sum(c["errors"].get("ECONNREFUSED", 0) for c in probe.stats()["collectors"]), "no collector refused")
    case.equal(len(states), 4, "collectors in one state")
    case.equal({dict(s)["state"] for s in states}, {"ok", "refused"}, "states")
    case.equal(by_label(found, "spanflow_sampling_interval", "method", {("selector", "1")}), {"random": 2}, "sampling")
    case.true(abs(one(found, "process_start_time_seconds") - time.time()) < 60, "when it started")
    case.true(one(found, "process_resident_memory_bytes") > 1 << 20, "memory")


READS = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as parse
json.dump([[f.name, f.type, f.documentation, [[s.name, s.labels, s.value] for s in f.samples]]
           for f in parse(sys.stdin.read())], sys.stdout)
"""


def families(text):
    """What Prometheus' own parser makes of it: [name, type, help, samples]."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", "import prometheus_client.parser"], check=False,
                                                     stderr=subprocess.DEVNULL, timeout=30).returncode == 0:
            done = subprocess.run([python, "-c", READS], input=text, text=True, timeout=30, check=True,
                                  stdout=subprocess.PIPE)
            return json.loads(done.stdout)
    raise Skip("python3-prometheus-client is not there")


def prometheus_reads(case, link):
    with Probe(link, "-i", "b0", "-n", "127.0.0.1:9", "-n", "127.0.0.1:9,domain=2", "-n", "[2001:db8::1]:9",
               "-q", "--metrics") as probe:
        status, headers, text = ask(link)
        probe.end()
    case.equal(status, 200, "status")
    case.equal(headers.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8", "Content-Type")
    rows = families(text)
    samples = [(name, frozenset(labels.items())) for row in rows for name, labels, _ in row[3]]
    case.equal(len(samples), len([line for line in text.splitlines() if line[0] != "#"]), "samples")
    case.equal(len(set(samples)), len(samples), "samples of their own name and labels")
    for name, kind, explained, found in rows:
        case.true(explained and kind in ("counter", "gauge"), f"{name}: {kind}")
        case.equal(kind == "counter", all(row[0].endswith("_total") for row in found), f"{name}: _total")


def equations(case, link, tap):
    """In the middle of it, too: what one thread counts is of one moment."""
    capture = tap.path("mixed.pcap")
    gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n * 100_000, f) for n, f in enumerate(mixed_frames())])
    with Probe(link, "-i", "b0", "-o", f"text:{tap.path('out')}", "-s2", "-t", "idle=1ms", "--metrics", "-q") as probe:
        argv = netns.inside(link.sending, ["tcpreplay", "-q", "-i", "a0", "--pps=5000", "--loop=40", capture])
        moments = []
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            while sender.poll() is None:
                moments.append(ledger_of(metrics(link)))
                time.sleep(0.1)
        probe.end()
    case.true(len(moments) > 5, "there are moments")
    case.true(len({m["packets"]["received"] for m in moments}) > 3, "it goes on")
    for m in moments:
        collectors, m["collectors"] = m["collectors"], []
        case.none(ledger_faults(m, exited=False))
        for c in collectors:
            case.equal(c["records"], c["sent"] + c["queued"] + sum(c["dropped"].values()), "the collector's records")
    for before, after in zip(moments, moments[1:]):
        case.true(before["packets"]["received"] <= after["packets"]["received"], "a counter went back")


def each_10_ms(case, link, tap):
    """100,000 packets a second for three seconds."""
    capture = tap.path("many.pcap")
    gen.write_pcap(capture, [gen.pkt(gen.EPOCH + n * 10_000, frames_of(1, sport=1000 + n % 3000)[0])
                             for n in range(30_000)])
    times = []
    with Probe(link, "-i", "b0", "-n", "127.0.0.1:9", "-q", "--metrics", "--stats=json") as probe:
        argv = netns.inside(link.sending, ["tcpreplay", "-q", "-i", "a0", "-K", "--pps=100000", "--loop=10", capture])
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            while sender.poll() is None:
                begin = time.monotonic()
                ask(link)
                times.append(time.monotonic() - begin)
                time.sleep(max(0, 0.01 - times[-1]))
        probe.end()
    good_end(case, probe)
    packets = probe.stats()["packets"]
    print(f"# {len(times)} answers, {sorted(times)[len(times) // 2] * 1000:.1f} ms each (median)", flush=True)
    case.true(len(times) > 50, f"only {len(times)} answers")
    case.equal(packets["received"], 300_000, "packets received")
    case.equal(packets["dropped_kernel"], 0, "packets dropped")


def after_reload(case, link, tap):
    path, settings = tap.path("control-3"), tap.path("spanflow.conf")

    def write(*lines):
        with open(settings, "w", encoding="utf-8") as out:
            out.write("\n".join(("interface = b0", "metrics = on", f"control = {path}", *lines)) + "\n")

    def reload():
        done = subprocess.run([CONTROL, "-s", path, "reload"], capture_output=True, timeout=20, check=False)
        case.equal(done.returncode, 0, f"reload ({done.stderr})")

    write('collector "a" { host = "127.0.0.1:9" }', "sample = 2")
    with Probe(link, "-q", "-f", settings) as probe:
        write('collector "a" { host = "127.0.0.1:9"', "format = 5 }", 'collector "b" { host = "127.0.0.1:10" }',
              'sample = "hash:3"')
        reload()
        wait_for(lambda: len(metrics(link)["spanflow_collector_records"]) == 3, 5, "the former collector is told of")
        found = metrics(link)
        probe.end()
    states = {(dict(labels)["collector"], dict(labels)["format"], dict(labels)["state"])
              for labels, n in found["spanflow_collector_state"].items() if n}
    case.equal(states, {("udp://127.0.0.1:9", "5", "ok"), ("udp://127.0.0.1:10", "ipfix", "ok"),
                        ("udp://127.0.0.1:9", "ipfix", "former")}, "states")
    case.equal(by_label(found, "spanflow_sampling_interval", "method", {("selector", "1")}), {"hash": 3}, "sampling")
    case.equal(probe.status, 0, "exit status")


# --- HTTP -------------------------------------------------------------------

def answers(case, link):
    rows = [("/metrics", "GET", 200), ("/metrics?x=1", "GET", 200), ("/", "GET", 200), ("/healthz", "GET", 200),
            ("/metrics/", "GET", 404), ("/Metrics", "GET", 404),
            ("/../metrics", "GET", 404), ("/x", "GET", 404), ("/metrics", "POST", 405), ("/healthz", "HEAD", 405),
            ("/", "DELETE", 405), ("/metrics", "OPTIONS", 405), ("/metrics", "BREW", 405)]
    with Probe(link, "-i", "b0", "-q", "--metrics") as probe:
        for path, method, wanted in rows:
            status, headers, text = ask(link, path, method)
            case.equal(status, wanted, f"{method} {path}")
            case.equal(headers.get("Allow"), "GET" if wanted == 405 else None, f"{method} {path}: Allow")
            case.equal(headers.get("Connection"), "close", f"{method} {path}: Connection")
            case.equal(text.startswith("# HELP "), wanted == 200 and "metrics" in path, f"{method} {path}: {text[:60]}")
        case.equal(ask(link, "/healthz")[2], "ok\n", "healthz")
        case.equal(ask(link, more="X: " + "a" * 9000 + "\r\n")[0], 400, "a large header")
        case.equal(ask(link, more="Content-Length: 9000\r\n", method="POST", body=b"x" * 9000)[0], 413, "a large body")
        with connect(link) as client:
            client.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
            case.true(not to_end(client).startswith(b"HTTP/1.1 200"), "what is not HTTP")
        with connect(link) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            case.true(b"spanflow_build_info" in to_end(client), "HTTP/1.0")
        probe.end()
    case.equal(probe.status, 0, "exit status")
    case.equal(probe.lines(), [], "messages")


def addresses(case, link):
    netns.run(link.capturing, "sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6")
    link.addresses()
    for address, there, not_there in (("", "127.0.0.1", "192.0.2.1"), ("[::1]:9469", "::1", "127.0.0.1"),
                                      ("192.0.2.1:9469", "192.0.2.1", "127.0.0.1")):
        with Probe(link, "-i", "b0", "-q", "--metrics" + (address and "=" + address)) as probe:
            case.equal(ask(link, "/healthz", host=there)[0], 200, address)
            try:
                connect(link, not_there).close()
                case.fail(f"{address}: {not_there} answers, too")
            except ConnectionRefusedError:
                pass
            probe.end()


def in_use(case, link, tap):
    path = tap.path("control-2")
    with Probe(link, "-i", "b0", "-q", "--metrics") as first:
        with Probe(link, "-i", "b0", "--metrics", f"--control={path}") as second:
            second.end(number=None)
        case.equal(second.status, 1, "exit status of the second")
        case.equal([line for line in second.lines() if line.startswith("spanflow: ")],
                   ["spanflow: --metrics: 127.0.0.1:9469: Address already in use: another program has this port: "
                    "choose one of your own"], "what it says")
        case.true(not os.path.exists(path), "its control socket is left")
        case.equal(ask(link)[0], 200, "the first still answers")
        first.end()
    with Probe(link, "-i", "b0", "--metrics=203.0.113.9:9469") as third:
        third.end(number=None)
    case.equal(third.status, 1, "exit status with another machine's address")
    case.true("this machine has no such address" in "".join(third.lines()), third.lines())


def descriptors(probe):
    return len(os.listdir(f"/proc/{probe.pid}/fd"))


def bad_clients(case, link):
    """More than there are places for: silent ones, one that asks a letter a second, some that do not read."""
    with Probe(link, "-i", "b0", "-q", "--metrics", "--stats=json") as probe:
        before = descriptors(probe)
        clients = [connect(link) for _ in range(2 * CONNECTIONS)]
        for client in clients[:4]:
            client.sendall(b"GET /metrics HTTP/1.1\r\n")
        for client in clients[4:8]:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1)
        case.true(descriptors(probe) <= before + CONNECTIONS, f"{descriptors(probe) - before} connections at a time")
        begin, dripped = time.monotonic(), 0
        clients[0].settimeout(0)
        while time.monotonic() - begin < PATIENCE + 2:
            time.sleep(1)
            try:
                clients[0].send(b"X")
                dripped += 1
            except OSError:
                break
        case.true(dripped < PATIENCE + 2, "a slow client is never sent away")
        begin = time.monotonic()
        case.equal(ask(link)[0], 200, "then others are answered")
        case.true(time.monotonic() - begin < PATIENCE + 3, "others wait too long")
        for client in clients:
            client.close()
        wait_for(lambda: descriptors(probe) == before, PATIENCE + 3, "all connections are closed")
        send(link.sending, "a0", frames_of(5))
        probe.end()
    good_end(case, probe)
    case.equal(probe.stats()["packets"]["received"], 5, "packets received")


def at_once(case, link):
    """A place is free as soon as its answer is read."""
    with Probe(link, "-i", "b0", "-q", "--metrics") as probe:
        begin = time.monotonic()
        for _ in range(200):
            case.equal(ask(link, "/healthz")[0], 200, "status")
        seconds = time.monotonic() - begin
        case.true(seconds < 4, f"200 answers took {seconds:.1f} s")
        with connect(link) as client:   # the program ends while one is open
            client.sendall(b"GET /met")
            time.sleep(0.1)
            case.true(probe.end() < 3, "an open connection holds up the end")
    case.equal(probe.status, 0, "exit status")


def silent_after_many(case, link):
    """However many answers there were before, silent clients are sent away when their time is over."""
    with Probe(link, "-i", "b0", "-q", "--metrics") as probe:
        for _ in range(60):
            ask(link, "/healthz")
        clients = [connect(link) for _ in range(CONNECTIONS)]
        begin = time.monotonic()
        case.equal(ask(link)[0], 200, "status")
        case.true(time.monotonic() - begin < PATIENCE + 3, "others wait too long")
        for client in clients:
            client.close()
        probe.end()
    case.equal(probe.status, 0, "exit status")


def health(case, link):
    """While nobody reads the last records the program still answers, and says that it ends."""
    with Probe(link, "-i", "b0", "-q", "-o", "json", "--metrics") as probe:
        send(link.sending, "a0", [f for n in range(1000) for f in frames_of(1, sport=1000 + n)])
        case.equal(ask(link, "/healthz")[::2], (200, "ok\n"), "while it captures")
        probe.child.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        case.equal(ask(link, "/healthz")[::2], (503, "the program ends\n"), "while it ends")
        case.equal(ask(link)[0], 200, "metrics while it ends")
        probe.end(number=None)
    case.equal((probe.status, len(probe.records())), (0, 1000), "exit status and records")


def no_interface(case, link):
    with Probe(link, "-i", "b0", "-q", "-o", "json", "--metrics") as probe:
        netns.run(link.capturing, "ip", "link", "delete", "b0")
        wait_for(lambda: ask(link, "/healthz")[::2] == (503, "no interface is captured\n"), 5, "it is told")
        link.pair(0)
        wait_for(lambda: ask(link, "/healthz")[0] == 200, 10, "capture goes on")
        probe.end()
    case.equal(probe.status, 0, "exit status")


def with_files(case, tap):
    """A service's settings serve for a capture, too; who asks for metrics of one is told."""
    capture, settings = tap.path("one.pcap"), tap.path("service.conf")
    gen.write_pcap(capture, [gen.pkt(gen.EPOCH, frames_of(1)[0])])
    with open(settings, "w", encoding="utf-8") as out:
        out.write(f'interface = eth1\nmetrics = "203.0.113.9:1"\ncontrol = "{tap.path("socket")}"\n')
    got = run(["-f", settings, "-r", capture, "-o", "json"])
    case.equal((got.status, len(got.records()), got.stderr), (0, 1, ""), "exit status, records, messages")
    case.true(not os.path.exists(tap.path("socket")), "a socket was made")
    got = run(["-r", capture, "-o", "json", "--metrics=203.0.113.9:1"])
    case.equal((got.status, got.stdout), (2, b""), "exit status and records")
    case.true("--metrics: not with --read" in got.stderr, got.stderr)


def cases(tap):
    tap.test("with files it is not opened", with_files, tap)
    for name, function, more in (
            ("the last values are the ledger's", last_values, (tap,)),
            ("Prometheus' parser takes them", prometheus_reads, ()),
            ("equations hold meanwhile", equations, (tap,)),
            ("asking each 10 ms costs no packet", each_10_ms, (tap,)),
            ("after a reload", after_reload, (tap,)),
            ("answers", answers, ()),
            ("addresses", addresses, ()),
            ("a port in use", in_use, (tap,)),
            ("clients that behave badly", bad_clients, ()),
            ("one answer after the other", at_once, ()),
            ("silent clients after many answers", silent_after_many, ()),
            ("healthz", health, ()),
            ("healthz without an interface", no_interface, ())):
        if tap.wants(name):
            with netns.Link() as link:
                tap.test(name, function, link, *more)


if __name__ == "__main__":
    sys.exit(live.main("metrics", cases))
