#!/usr/bin/env python3
"""Bad input, wrong usage and early ends: the message, the exit status, what is still done.

Every message is one line, `spanflow: SUBJECT: what is wrong[: what to do]`.  Status 2 is
wrong usage, 1 something that failed, 0 all went well.

usage: test_input.py [WORD...]    only cases with such a word in their name
"""

import bz2
import gzip
import itertools
import json
import lzma
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import nobody
import pcapgen as gen
from collectors import Process, bounded, free_port
from harness import PROGRAM, ROOT, Sink, Skip, Tap, last_object, ledger_faults, need_program, run

ENC = 109
USER0 = 147
USB = 189
CUT_AT = 24 + 3 * (16 + 62) + 16 + 10       # in the fourth packet's data
DEMO = os.path.join(ROOT, "pcaps", "demo.pcap")


# --- What a message must be -------------------------------------------------

def message(case, done, status, *parts):
    """One line on stderr in the promised form that has all the parts, and the status."""
    case.equal(done.status, status, "exit status")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    case.equal(len(lines), 1, f"lines of message in {done.stderr[:500]!r}")
    for line in lines[:1]:
        case.true(re.match(r"spanflow: \S.*: \S", line), f"form: {line!r}")
        for part in parts:
            case.true(re.search(part, line, re.I), f"{part!r} is not in {line!r}")


def packets_out(done):
    """(records, packets) that were printed as JSON."""
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return len(records), sum(record["packetDeltaCount"] for record in records)


# --- The files --------------------------------------------------------------

def good_file(path, src, count=3, linktype=gen.ETHERNET):
    gen.write_pcap(path, [gen.udp4(gen.EPOCH + n * gen.MS, src=src) for n in range(count)],
                   linktype=linktype)
    return path


def write(path, data):
    with open(path, "wb") as out:
        out.write(data)
    return path


class Files:
    """Every kind of file, made once."""

    def __init__(self, tap):
        self.good = good_file(tap.path("good.pcap"), "10.0.0.1")
        self.other = good_file(tap.path("other.pcap"), "10.0.0.3", 4)
        self.empty = write(tap.path("empty.pcap"), b"")
        self.text = write(tap.path("notes.txt"), b"These are only notes about packets.\n" * 9)
        self.user0 = good_file(tap.path("user0.pcap"), "10.0.0.1", linktype=USER0)
        self.whole = good_file(tap.path("whole.pcap"), "10.0.0.9", 6)
        with open(self.whole, "rb") as whole:
            self.bytes = whole.read()
        self.cut = write(tap.path("cut.pcap"), self.bytes[:CUT_AT])
        self.cut_head = write(tap.path("cut-head.pcap"), self.bytes[:24 + 3 * 78 + 7])
        self.cut_file_head = write(tap.path("cut-file-head.pcap"), self.bytes[:13])
        self.pcapng = tap.path("good.pcapng")
        gen.write_pcapng(self.pcapng, [gen.udp4(gen.EPOCH + n * gen.MS, sport=n) for n in range(9)])
        self.missing = tap.path("missing.pcap")
        self.directory = tap.path("directory.pcap")
        os.mkdir(self.directory)


# --- Files that cannot be read ----------------------------------------------

def bad_file(case, path, *parts):
    done = run(["-r", path, "-o", "json"])
    message(case, done, 1, re.escape(path), *parts)
    case.equal(done.stdout, b"", "standard output")


def cut_file(case, path, place):
    """All that came before the cut is exported; the message says where it is."""
    done = run(["-r", path, "-o", "json", "--stats=json"])
    message(case, done, 1, re.escape(path), r"\b4\b", *place)
    case.equal(packets_out(done), (1, 3), "records, packets")
    case.none(ledger_faults(done.stats), "ledger")


def cut_stdin(case, files):
    done = run(["-r", "-", "-o", "json"], stdin=files.cut)
    message(case, done, 1, r"\b4\b")
    case.equal(packets_out(done), (1, 3), "records, packets")


def good_around_bad(case, files, bad):
    done = run(["-r", files.good, "-r", bad, "-r", files.other, "-o", "json", "--stats=json"])
    message(case, done, 1, re.escape(bad))
    case.equal(packets_out(done), (2, 7), "records, packets")
    case.none(ledger_faults(done.stats), "ledger")


# --- pcapng files with interfaces of several link types ----------------------

ETHERNET, RAW = gen.ETHERNET, 101


def write_interfaces(path, linktypes, packets):
    """A pcapng file with these interfaces, and (interface, packet) of each packet."""
    with open(path, "wb") as out:
        out.write(gen.block("<", 0x0a0d0d0a, b"\x4d\x3c\x2b\x1a\1\0\0\0" + b"\xff" * 8))
        for linktype in linktypes:
            out.write(gen.interface_block("<", linktype, 0, 9))
        for interface, packet in packets:
            out.write(gen.packet_block("<", packet._replace(ifid=interface), 0, 9, False))
    return path


def udp_on(linktype, n):
    packet = gen.udp4(gen.EPOCH + n * gen.MS)
    return packet if linktype == ETHERNET else packet._replace(data=packet.data[14:], wire=packet.wire - 14)


def by_ingress(done):
    """{ingress: packets} of the records."""
    totals = {}
    for record in done.records():
        ingress = record["ingressInterface"]
        totals[ingress] = totals.get(ingress, 0) + record["packetDeltaCount"]
    return totals


def interfaces_differ(case, tap):
    """Each interface's packets are decoded by its own link type and told apart."""
    path = write_interfaces(tap.path("differ.pcapng"), [ETHERNET, RAW, USER0], [
        (n % 2, udp_on((ETHERNET, RAW)[n % 2], n)) for n in range(7)])
    done = run(["-r", path, "-o", "json", "--stats=json"])
    case.equal((done.status, by_ingress(done)), (0, {1: 4, 2: 3}), "status, packets by ingress")
    done = run(["-r", path, "-o", "json", "--ingress=9"])
    case.equal((done.status, by_ingress(done)), (0, {9: 7}), "status, packets by ingress")
    done = run(["-r", "-", "-o", "json", "udp", "port", "53"], stdin=path)
    case.equal((done.status, by_ingress(done)), (0, {1: 4, 2: 3}), "status, packets by ingress")


def undecodable_interface(case, tap):
    """Its packets have a counter and a message; the others are metered."""
    path = write_interfaces(tap.path("user0.pcapng"), [USER0, ETHERNET], [
        (n % 2, udp_on(ETHERNET, n)) for n in range(7)])
    for options in ([], ["udp"], ["--class", "1 udp"], ["--dedup", "--dedup-window=same=0ms"], ["--time=now"]):
        done = run(["-r", path, "-o", "json", "--stats=json", *options])
        message(case, done, 1, re.escape(path), "packet 1, at offset 92: interface 0: link type 147", "not decoded")
        case.equal(by_ingress(done), {2: 3}, f"packets by ingress, {options}")
        case.equal(done.stats["packets"]["ignored"].get("link_type"), 4, f"ignored: link_type, {options}")
        case.none(ledger_faults(done.stats), "ledger")
    path = write_interfaces(tap.path("usb.pcapng"), [ETHERNET, USB], [
        (n > 2, udp_on(ETHERNET, n)) for n in range(6)])
    for options in ([], ["udp"], ["--class", "1 udp"]):
        message(case, run(["-r", path, *options]), 1, "packet 4, at offset 380: interface 1: link type 189", "not decoded")


def all_undecodable(case, tap):
    path = write_interfaces(tap.path("all-user0.pcapng"), [USER0], [(0, udp_on(ETHERNET, 0))])
    bad_file(case, path, r"\b147\b")


def undecodable_pcap(case, tap):
    """Whatever else may not fit: that it is not decoded is said, and where."""
    for linktype in (USER0, USB):
        path = good_file(tap.path("undecodable.pcap"), "10.0.0.1", linktype=linktype)
        for options in ([], ["udp"], ["link[0]", "=", "3"], ["--class", "1 udp"], ["--class", "1 udp", "udp"]):
            done = run(["-r", path, *options])
            message(case, done, 1, re.escape(path), f"packet 1, at offset 24: link type {linktype}", "not decoded")
    with open(path, "rb") as plain:
        packed = write(tap.path("undecodable.gz"), gzip.compress(plain.read()))
    done = run(["-r", packed])
    built_without(done)
    message(case, done, 1, "packet 1, at offset 24 of what is unpacked: link type")


def filter_for_one_interface(case, tap):
    path = write_interfaces(tap.path("filtered.pcapng"), [ETHERNET, RAW], [
        (n % 2, udp_on((ETHERNET, RAW)[n % 2], n)) for n in range(7)])
    done = run(["-r", path, "-o", "json", "--stats=json", "not", "ether", "host", "1:2:3:4:5:6"])
    message(case, done, 1, re.escape(path), "interface 1", "filter")
    case.equal(by_ingress(done), {1: 4}, "packets by ingress")
    case.none(ledger_faults(done.stats), "ledger")
    done = run(["-r", path, "-o", "json", "--class", "1 vlan 5"])
    message(case, done, 1, re.escape(path), "interface 1", "class 'vlan 5'")
    case.equal(by_ingress(done), {1: 4, 2: 3}, "packets by ingress")


def class_for_one_file(case, tap, files):
    """A class that makes no sense for a file loses none of its packets: they go by the other rules."""
    raw = tap.path("raw.pcap")
    gen.write_pcap(raw, [udp_on(RAW, n) for n in range(6)], linktype=RAW)
    for paths, received, not_sampled in (((raw,), 6, 4), ((files.good, raw), 9, 6), ((raw, files.good), 9, 6)):
        reads = [word for path in paths for word in ("-r", path)]
        done = run([*reads, "-o", "json", "--stats=json", "-s", "3", "--class", "1 vlan 5"])
        message(case, done, 1, re.escape(raw), "class 'vlan 5'")
        packets = done.stats["packets"]
        case.equal((packets["received"], packets["not_sampled"]), (received, not_sampled), "received, not sampled")
        case.none(ledger_faults(done.stats), "ledger")


def filter_for_a_rare_link_type(case, tap):
    """What makes sense for one link type alone is no wrong usage, as a filter and as a class."""
    packets = []
    for n in range(6):
        udp = gen.udp4(gen.EPOCH + n * gen.MS)
        toward = b"\x08\x01\0\0" if n % 3 else b"\x08\x02\0\0"
        frame = toward + bytes.fromhex("020000000001020000000002020000000003") + bytes(2) + b"\xaa\xaa\3\0\0\0\x08\0"
        packets.append(udp._replace(data=frame + udp.data[14:], wire=len(frame) + udp.wire - 14))
    path = tap.path("wlan.pcap")
    gen.write_pcap(path, packets, linktype=105)
    for expression, count in (("wlan type data", 6), ("dir tods", 4), ("wlan addr1 2:0:0:0:0:1 and dir fromds", 2)):
        done = run(["-r", path, "-o", "json", *expression.split()])
        case.equal((done.status, done.stderr, packets_out(done)[1]), (0, "", count), expression)
        done = run(["-r", path, "-o", "json", "-s", "100", f"--class=1 {expression}"])
        case.equal((done.status, done.stderr, packets_out(done)[1]), (0, "", count), f"class '{expression}'")
    done = run(["-r", path, "-o", "json", "wlan", "type", "dat"])
    message(case, done, 2, "--filter", "pcap-filter")


def expressions_in_either_byte_order(case, tap):
    """Of some link types the header has a number in the byte order of whoever captured; of OpenBSD's loopback not."""
    ips = [gen.ipv4("10.0.0.1", "10.0.0.2", gen.UDP, gen.udp(5000, 53))] * 4
    ips += [gen.ipv6("::1", "::2", gen.TCP, gen.tcp(3, 4, gen.SYN))] * 3
    heads = {gen.NULL: 4, gen.LOOP: 4, ENC: 12}
    for linktype, order, writer in itertools.product(heads, "<>", (gen.write_pcap, gen.write_pcapng)):
        frames = [gen.null(bytes(heads[linktype] - 4) + ip, 2 if ip[0] >> 4 == 4 else 24,
                           ">" if linktype == gen.LOOP else order) for ip in ips]
        path = tap.path(f"{linktype}{order}")
        writer(path, [gen.pkt(gen.EPOCH + n, frame) for n, frame in enumerate(frames)], order=order, linktype=linktype)
        for expression, count in (("udp port 53", 4), ("ip6", 3), ("host 10.0.0.2 or tcp", 7), ("udp port 5", 0)):
            for options in (expression.split(), ["-s", "100", f"--class=1 {expression}"]):
                done = run(["-r", path, "-o", "json", *options])
                case.equal((done.status, done.stderr, packets_out(done)[1]), (0, "", count),
                           f"{writer.__name__}, link type {linktype}, order {order}, {options}: status, messages, packets")


# --- ERF files ----------------------------------------------------------------

def erf_record(kind, ts, data, wire):
    """Its time is in 2^-32 s."""
    seconds, fraction = ts // gen.SECOND, (ts % gen.SECOND << 32) // gen.SECOND
    return struct.pack("<II", fraction, seconds) + struct.pack(">BBHHH", kind, 4, 16 + len(data), 0, wire) + data


def erf(case, tap):
    """Ethernet, IPv4, and PPP with something else than IP; one that is cut."""
    packets = [gen.udp4(gen.EPOCH + n * gen.MS) for n in range(5)]
    data = b"".join(erf_record(2, p.ts, bytes(2) + p.data, p.wire + 4) for p in packets)
    data += erf_record(22, packets[-1].ts, packets[-1].data[14:], packets[-1].wire - 14)
    path = write(tap.path("whole.erf"), data)
    done = run(["-r", path, "-o", "json", "--stats=json"])
    case.equal((done.status, packets_out(done)), (0, (1, 6)), "status, records and packets")
    path = write(tap.path("other.erf"), data + erf_record(1, packets[-1].ts, bytes(40), 40))
    done = run(["-r", path, "-o", "json", "--stats=json"])
    case.equal((done.status, packets_out(done)), (0, (1, 6)), "status, records and packets")
    case.equal(done.stats["packets"]["ignored"].get("ppp_other"), 1, "ignored: ppp_other")
    case.none(ledger_faults(done.stats), "ledger")
    path = write(tap.path("cut.erf"), data[:-1])
    done = run(["-r", path, "-o", "json"])
    message(case, done, 1, re.escape(path), "packet 6", "cut")
    case.equal(packets_out(done), (1, 5), "records, packets")


# --- Compressed files -------------------------------------------------------

def xz(data):
    return lzma.compress(data, preset=0)


def zstd(data):
    if not shutil.which("zstd"):
        raise Skip("no zstd(1) to compress with")
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, timeout=20,
                          check=True).stdout


COMPRESSIONS = {"gzip": gzip.compress, "xz": xz, "zstd": zstd}


def built_without(done):
    found = re.search(r"built without \w+", done.stderr)
    if found:
        raise Skip(found.group())


def compressed(case, tap, files, name):
    """As a file and from standard input, pcap and pcapng, in one piece and in two; shifted to now."""
    pack = COMPRESSIONS[name]
    with open(files.pcapng, "rb") as source:
        pcapng = source.read()
    for data in (files.bytes, pcapng):
        want = run(["-r", write(tap.path("plain"), data), "-o", "csv"])
        for packed in (pack(data), pack(data[:100]) + pack(data[100:])):
            path = write(tap.path("compressed"), packed)
            done = run(["-r", path, "-o", "csv"])
            built_without(done)
            case.equal((done.status, done.stdout), (0, want.stdout), "status, records")
            done = run(["-r", "-", "-o", "csv"], stdin=path)
            case.equal((done.status, done.stdout), (0, want.stdout), "status, records")
    done = run(["-r", path, "-o", "json", "--time=now"])
    late = time.time() - max(r["flowEndMilliseconds"] for r in done.records()) / 1000
    case.true(0 <= late < 20, f"the latest packet was {late:.1f} s ago")


def compressed_in_parallel(case, tap, files):
    """pzstd tells the size of each piece in a frame before it."""
    if not shutil.which("pzstd"):
        raise Skip("no pzstd(1) to compress with")
    path = tap.path("parallel")
    subprocess.run(["pzstd", "-q", "-f", files.whole, "-o", path], timeout=20, check=True)
    done = run(["-r", path, "-o", "csv"])
    built_without(done)
    case.equal((done.status, done.stdout), (0, run(["-r", files.whole, "-o", "csv"]).stdout), "status, records")


def cut_compressed(case, tap, files, name):
    """What came before the cut is exported; the message says where that is, unpacked."""
    pack = COMPRESSIONS[name]
    path = write(tap.path("compressed-cut"), pack(files.bytes[:24 + 3 * 78]) + pack(files.bytes[24 + 3 * 78:])[:-9])
    done = run(["-r", path, "-o", "json", "--stats=json"])
    built_without(done)
    message(case, done, 1, re.escape(path), r"packet \d", r"offset \d+ of what is unpacked", "cut")
    case.true(packets_out(done)[1] >= 3, f"packets: {packets_out(done)[1]}")
    case.none(ledger_faults(done.stats), "ledger")


def compressed_text(case, tap, name):
    path = write(tap.path("notes"), COMPRESSIONS[name](b"These are only notes about packets.\n"))
    built_without(run(["-r", path]))
    bad_file(case, path, "not a capture file", "text")


def compression_cases(tap, files):
    for name in COMPRESSIONS:
        tap.test(f"compressed by {name}", compressed, tap, files, name)
        tap.test(f"compressed by {name}: cut", cut_compressed, tap, files, name)
        tap.test(f"compressed by {name}: text", compressed_text, tap, name)
    tap.test("compressed by pzstd", compressed_in_parallel, tap, files)
    tap.test("compressed by bzip2", bad_file, write(tap.path("b"), bz2.compress(files.bytes)), "bzip2", "bzcat")


def interface_cases(tap, files):
    tap.test("pcap: a class that does not fit the link type", class_for_one_file, tap, files)
    tap.test("pcap: an expression that fits a rare link type alone", filter_for_a_rare_link_type, tap)
    tap.test("expressions for files in either byte order", expressions_in_either_byte_order, tap)
    tap.test("pcap: a link type that is not decoded", undecodable_pcap, tap)
    tap.test("pcapng: interfaces of different link types", interfaces_differ, tap)
    tap.test("pcapng: an interface that is not decoded", undecodable_interface, tap)
    tap.test("pcapng: only an interface that is not decoded", all_undecodable, tap)
    tap.test("pcapng: expressions that do not fit an interface", filter_for_one_interface, tap)


def as_nobody(case, path, *parts):
    if nobody.unusable():
        raise Skip(nobody.unusable())
    with nobody.copies(PROGRAM, path) as (program, secret):
        os.chmod(secret, 0o600)
        done = command([*nobody.AS_NOBODY, program, "-r", secret])
    message(case, done, 1, *parts)


class Done:
    """What a command left behind, for those that harness.run() cannot start."""

    def __init__(self, status, stdout, stderr):
        self.status, self.stdout, self.stderr = status, stdout, stderr.decode(errors="replace")


def command(argv, stdout=subprocess.PIPE):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                          timeout=20, check=False)
    return Done(done.returncode, done.stdout or b"", done.stderr)


# --- Wrong usage ------------------------------------------------------------

LETTERS = {"-v": "--format", "-o": "--output", "-s": "--sample", "-t": "--timeout",
           "-m": "--max-flows"}

# Arguments, and what the message must have besides the option's name and the value.
BAD_VALUES = [
    ("-v", "6", r"\b5\b", "ipfix"),
    ("--format", "netflow", r"\b5\b", "ipfix"),
    ("-o", "xml", "json", "csv", "text"),
    ("-s", "0", ""),
    ("-s", "-3", ""),
    ("-s", "sometimes:4", "deterministic", "random"),
    ("-s", "random:", ""),
    ("-s", "deterministic:1x", ""),
    ("-s", "99999999999999999999", ""),
    ("-t", "idle", "="),
    ("-t", "idle=", ""),
    ("-t", "idle=15", "unit|ms|s m h"),
    ("-t", "idle=fast", ""),
    ("-t", "idle=-1s", ""),
    ("-t", "idle=99999999999999999999s", ""),
    ("-t", "active=25h", "24 ?h"),
    ("-t", "lunch=1h", "idle", "active", "end"),
    ("-m", "0", ""),
    ("-m", "many", ""),
    ("-m", "-1", ""),
    ("--count", "0x", ""),
    ("--count", "-1", ""),
    ("--duration", "soon", ""),
    ("--duration", "5", "unit|ms|s m h"),
    ("--direction", "up", "in", "out", "both"),
    ("--ingress", "-1", ""),
    ("--ingress", "4294967296", "4294967295"),
    ("--ingress", "eth0", ""),
    ("--seed", "dice", ""),
    ("--lengths", "longest", "header"),
    ("--stats", "yaml", "json"),
]

BAD_COLLECTORS = [
    ("127.0.0.1:0", r"65535"),
    ("127.0.0.1:65536", r"65535"),
    ("127.0.0.1:99999999999", r"65535"),
    ("127.0.0.1:http", r"port"),
    ("127.0.0.1:", r"port"),
    ("", "host|address|empty"),
    (":2055", "host|address"),
    ("[::1", r"\]|bracket|IPv6"),
    ("[::1]2055", r"\]|:|port"),
    ("carrier-pigeon://127.0.0.1:2055", "udp"),
    ("127.0.0.1:2055,format=6", "format", "ipfix"),
    ("127.0.0.1:2055,rate=fast", "rate"),
    ("127.0.0.1:2055,max-payload=63", "max-payload", "64"),
    ("127.0.0.1:2055,max-payload=65508", "max-payload", "65507"),
    ("127.0.0.1:2055,domain=x", "domain"),
    ("127.0.0.1:2055,template-refresh=often", "template-refresh"),
    ("127.0.0.1:2055,colour=red", "colour"),
    ("127.0.0.1:2055,rate", "rate", "="),
]


def bad_value(case, files, option, value, *parts):
    """Names the option, the value and what is allowed."""
    arguments = [option, value] if option in LETTERS else [f"{option}={value}"]
    name = f"{option}\\b|{LETTERS[option]}" if option in LETTERS else option
    done = run(["-r", files.good, *arguments])
    message(case, done, 2, name, re.escape(value), *parts)
    case.equal(done.stdout, b"", "standard output")


def bad_collector(case, files, value, *parts):
    done = run(["-r", files.good, "-n", value])
    message(case, done, 2, re.escape(value.split(",")[0]) if value else "", *parts)


def usage(case, arguments, *parts):
    done = run(arguments)
    message(case, done, 2, *parts)
    case.equal(done.stdout, b"", "standard output")


def bad_sampling_for_v5(case, files):
    """A rate beyond 14 bits does not fit version 5: an error at start, no truncated number."""
    done = run(["-r", files.good, "-s", "16384", "-n", f"127.0.0.1:{free_port()}", "-v", "5"])
    message(case, done, 2, "16384|16383")


def bad_filter(case, files):
    done = run(["-r", files.good, "port", "of", "call"])
    case.true(done.status in (1, 2), f"exit status {done.status}")
    message(case, done, done.status, "filter|syntax", "pcap-filter")


# --- Collectors -------------------------------------------------------------

def unresolvable(case, files):
    done = run(["-r", files.good, "-n", "no-such-host.invalid:2055"])
    message(case, done, 1, r"no-such-host\.invalid")


def ipv6_collector(case, files):
    """[ADDRESS]:PORT reaches a collector on IPv6."""
    try:
        sink = Sink("::1")
    except OSError as why:
        raise Skip(f"no IPv6 on loopback: {why}") from why
    done = run(["-r", files.good, "-n", f"[::1]:{sink.port}", "-v", "9", "--stats=json"])
    case.equal(done.status, 0, f"exit status ({done.stderr.strip()[:200]})")
    case.true(len(sink.stop()) > 0, "nothing arrived")
    case.none(ledger_faults(done.stats), "ledger")


def nobody_listens(case, files, fmt):
    """ECONNREFUSED is counted; all that could be done was done, so the status is 0."""
    done = run(["-r", files.whole, "-r", DEMO, "-v", fmt, "-n", f"127.0.0.1:{free_port()}",
                "--stats=json"])
    case.equal(done.status, 0, f"exit status ({done.stderr.strip()[:300]})")
    case.none(ledger_faults(done.stats), "ledger")
    if done.stats:
        errors = done.stats["collectors"][0]["errors"]
        case.true(sum(errors.values()) > 0, f"errors: {errors}")


def one_deaf_collector(case, files):
    """The other collector gets everything."""
    sink = Sink()
    done = run(["-r", DEMO, "-r", files.good, "-n", f"127.0.0.1:{free_port()}", "-n",
                sink.url(), "-v", "ipfix", "--stats=json"])
    got = sink.stop()
    case.equal(done.status, 0, "exit status")
    case.none(ledger_faults(done.stats), "ledger")
    if done.stats:
        first, second = done.stats["collectors"]
        case.equal(second["sent"], done.stats["records"]["handed"], "records sent to the other")
        case.equal(len(got), second["messages"], "messages that arrived there")
        case.true(first["errors"] != {}, "no errors of the deaf one")


# --- Outputs ----------------------------------------------------------------

def unwritable(case, files, output, *parts):
    done = run(["-r", files.good, "-o", output])
    message(case, done, 1, *parts)


def same_place(case, files, path):
    """Two outputs would write over each other, one over the capture that is read."""
    shutil.copy(files.good, path)
    with open(path, "rb") as capture:
        before = capture.read()
    other, link = os.path.join(os.path.dirname(path), ".", os.path.basename(path)), path + ".link"
    os.symlink(path, link)
    for options, what in ((["-r", path, "-o", "csv:" + other], "a capture to read"),
                          (["-r", path, "-o", "csv:" + link], "a capture to read"),
                          (["-r", files.good, "-o", "csv:" + path, "-o", "json:" + path], "given twice"),
                          (["-r", files.good, "-o", "csv:" + path, "-o", "json:" + other], "given twice"),
                          (["-r", files.good, "-o", "csv:" + path, "-o", "json:" + link], "given twice"),
                          (["-r", files.good, "-o", "csv:" + path + ".new", "-o", f"json:{other}.new"], "given twice"),
                          (["-r", files.good, "-o", "csv", "-o", "json"], "standard output. is given twice")):
        message(case, run(options), 2, "--output", what)
        with open(path, "rb") as capture:
            case.true(capture.read() == before, f"{options} wrote to it")
    message(case, run(["-r", "-", "-o", "csv:" + path], stdin=path), 2, "--output", "a capture to read")
    with open(path, "r+b") as both:
        message(case, command([PROGRAM, "-r", files.good, "-o", "csv", "-o", "json:/dev/stdout"], both), 2,
                "--output", "given twice")
        case.true(both.read() == before, "it was written to")
    done = run(["-r", files.good, "-o", "csv:/dev/null", "-o", "json:/dev/null"])
    case.equal((done.status, done.stderr), (0, ""), "two to a device: status, messages")


def full_stdout(case):
    with open("/dev/full", "wb") as full:
        done = command([PROGRAM, "-r", DEMO, "-o", "json"], full)
    message(case, done, 1, "no space|full")


def limited_file(case, many, path):
    """A file that may not become longer is full, and no end by SIGXFSZ; it has whole lines, those that count as sent."""
    done = command(["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", PROGRAM, "-r", many, "-o", "csv:" + path, "--stats=json"])
    message(case, done, 1, "file too large")
    stats = last_object(done.stderr)
    case.none(ledger_faults(stats), "ledger")
    case.true(stats["collectors"][0]["dropped"].get("EFBIG", 0) > 0, "no records dropped as EFBIG")
    with open(path, "rb") as lines:
        text = lines.read()
    case.true(100 * 512 - 4096 < len(text) <= 100 * 512, f"{len(text)} octets in the file")
    case.true(text.endswith(b"\n"), f"the file ends in {text[-60:]}")
    case.equal(text.count(b"\n") - 1, stats["collectors"][0]["sent"], "lines behind the header are those that were sent")


def read_as_head(arguments, ignores=False):
    """The first line of standard output, whose reader then goes away, and what became of the run."""
    def start():
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    with Process([PROGRAM, *arguments], preexec_fn=start if ignores else None, restore_signals=not ignores,
                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) as probe:
        first = probe.child.stdout.readline()
        probe.child.stdout.close()
        probe.child.stdout = None
        stderr = probe.child.stderr.read()
        return first, Done(probe.child.wait(20), b"", stderr)


def gone_reader(case, many):
    """Nothing else is wanted: SIGPIPE ends it without a word, unless who started it ignores that."""
    first, done = read_as_head(["-r", many, "-o", "csv"])
    case.true(first.startswith(b"sourceAddress,"), f"first line: {first!r}")
    case.equal((done.status, done.stderr), (-signal.SIGPIPE, ""), "status, messages")
    message(case, read_as_head(["-r", many, "-o", "csv"], ignores=True)[1], 1, "standard output: broken pipe")


def gone_reader_told(case, many):
    """Whoever wants the ledger is told of the loss there, too."""
    done = read_as_head(["-r", many, "-o", "csv", "--stats=json"])[1]
    message(case, done, 1, "standard output: broken pipe")
    stats = last_object(done.stderr)
    case.none(ledger_faults(stats), "ledger")
    case.true(stats["collectors"][0]["dropped"].get("EPIPE", 0) > 0, "no records dropped as EPIPE")


def gone_reader_of_two(case, many, path):
    """The other output gets everything."""
    done = read_as_head(["-r", many, "-o", "csv", "-o", "json:" + path])[1]
    message(case, done, 1, "standard output: broken pipe")
    with open(path, encoding="utf-8") as lines:
        case.equal(sum(1 for _ in lines), 20000, "records of the other output")


def closed_stdout(case, files):
    """Started with no standard output at all."""
    done = command(["sh", "-c", '"$@" >&-', "sh", PROGRAM, "-r", files.good, "-o", "json"])
    message(case, done, 1, "stdout|standard output")


# --- Signals ----------------------------------------------------------------

def on_open_pipe(case, data, wanted):
    """SIGINT while standard input stays open and silent: everything so far, within 3 s."""
    source, feed = os.pipe()
    try:
        os.write(feed, data)
        child = subprocess.Popen([PROGRAM, "-r", "-", "-o", "json", "--stats=json"], stdin=source,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            time.sleep(0.6)
            seconds, out, err = interrupt(child)
        finally:
            child.kill()
            child.wait(10)
    finally:
        os.close(source)
        os.close(feed)
    done = Done(child.returncode, out, err)
    case.true(seconds < 3, f"it ended only after {seconds:.1f} s")
    case.equal(packets_out(done), wanted, "records, packets")
    if wanted[0]:
        case.equal(done.status, 0, f"exit status ({done.stderr[:300]})")


def enough_on_open_pipe(case, files):
    """--count has what it wants: a pipe is not waited for, and --duration ends with the packet that is past it."""
    with open(files.pcapng, "rb") as pcapng:
        kinds = {6: files.bytes, 9: pcapng.read()}
    for count, data in kinds.items():
        for options, packets in ((["--count", str(count)], count), (["--count", str(count), "--dedup", "--dedup-window=same=0ms"], count),
                                 (["--count", str(count), "udp"], count), ([f"--duration={count - 2}ms"], count - 2)):
            source, feed = os.pipe()
            os.write(feed, data)
            try:
                done = subprocess.run([PROGRAM, "-r", "-", "-o", "json", *options], stdin=source, timeout=3, check=False,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                case.equal((done.returncode, done.stderr, packets_out(done)[1]), (0, b"", packets), f"{options}")
            except subprocess.TimeoutExpired:
                case.true(False, f"{options}: it waits for a packet behind the {count} that came")
            finally:
                os.close(source)
                os.close(feed)


def damage_behind_the_last(case, tap, files):
    """What is behind the last packet that --count asks for is not looked at."""
    with open(files.pcapng, "rb") as pcapng:
        kinds = {"pcap": (files.bytes[:-5], 5), "pcapng": (pcapng.read()[:-5], 8)}
    for data, count in kinds.values():
        path = write(tap.path("damaged"), data)
        for options in ([], ["--dedup", "--dedup-window=same=0ms"], ["udp"]):
            done = run(["-r", path, "-o", "json", "--count", str(count), *options])
            case.equal((done.status, done.stderr, packets_out(done)[1]), (0, "", count), f"--count={count} {options}")
            done = run(["-r", path, "-o", "json", "--count", str(count + 1), *options])
            message(case, done, 1, re.escape(path), f"packet {count + 1}")


def on_bytes(data):
    """What is said of a file of these bytes."""
    return subprocess.run([PROGRAM, "-r", "-"], input=data, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          timeout=20, check=False).stderr


def interrupt(child, number=signal.SIGINT):
    begin = time.monotonic()
    child.send_signal(number)
    out, err = child.communicate(timeout=20)
    return time.monotonic() - begin, out, err


def slow_export(many, sink, before=()):
    """An export of one datagram a second, of a hundred or so; `before` is a command that runs it."""
    child = subprocess.Popen([*before, PROGRAM, "-r", many, "-n", f"127.0.0.1:{sink.port},rate=1", "--stats=json"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.7)
    return child


def paced_interrupt(case, many):
    """One SIGINT: what is left after 2 s goes out unpaced, and nothing is lost."""
    sink = Sink()
    child = slow_export(many, sink)
    try:
        case.true(child.poll() is None, "it was not paced")
        seconds, _, err = interrupt(child)
    finally:
        child.kill()
        child.wait(10)
        arrived = sink.stop()
    lines = err.decode(errors="replace").splitlines()
    stats = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
    case.equal(child.returncode, 0, "exit status")
    case.true(1.5 < seconds < 4, f"it ended after {seconds:.1f} s")
    case.none(ledger_faults(stats), "ledger")
    if stats:
        case.equal(stats["collectors"][0]["sent"], stats["records"]["total"], "records sent")
        case.equal(len(arrived), stats["collectors"][0]["messages"], "messages that arrived")


def hangup(case, many):
    """The terminal is closed: all that is held leaves; unless that was to be ignored (nohup)."""
    for before, ends in (((), True), (("sh", "-c", 'trap "" HUP; exec "$@"', "sh"), False)):
        sink = Sink()
        child = slow_export(many, sink, before)
        try:
            child.send_signal(signal.SIGHUP)
            time.sleep(3)
            case.equal(child.poll() is not None, ends, "has it ended")
            _, _, err = interrupt(child)
        finally:
            child.kill()
            child.wait(10)
            sink.stop()
        case.equal(child.returncode, 0, "exit status")
        case.none(ledger_faults(json.loads(err.splitlines()[-1])), "ledger")


def second_interrupt(case, many):
    sink = Sink()
    child = slow_export(many, sink)
    try:
        case.true(child.poll() is None, "it was not paced")
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
        seconds, _, _ = interrupt(child)
    finally:
        child.kill()
        child.wait(10)
        sink.stop()
    case.true(seconds < 1.5, f"the second signal ended it after {seconds:.1f} s")
    case.true(child.returncode != 0, "exit status 0, although records were left")


# --- -h, -V, -q -------------------------------------------------------------

def help_text(case):
    done = run(["-h"])
    lines = done.stdout.decode().splitlines()
    case.equal((done.status, done.stderr), (0, ""), "exit status, stderr")
    case.true(0 < len(lines) <= 23, f"{len(lines)} lines: the last row of a screen is the prompt's")
    case.none([line for line in lines if len(line) > 80], "longer than 80 columns")
    case.true("man spanflow" in done.stdout.decode() or "spanflow(8)" in done.stdout.decode()
              or "spanflow(1)" in done.stdout.decode(), "it does not name the manual")
    case.true(any("--decap" in line and "vxlan" in line for line in lines), "--decap names no tunnels")
    case.equal(run(["--help"]).stdout, done.stdout, "--help")


def version(case):
    done = run(["-V"])
    case.equal((done.status, done.stderr), (0, ""), "exit status, stderr")
    case.true(re.match(r"spanflow \d+\.\d+\S*\n", done.stdout.decode()), f"{done.stdout!r}")
    case.equal(run(["--version"]).stdout, done.stdout, "--version")


def quiet(case, files):
    """-q leaves the records and the ledger, and an error's exit status."""
    loud, done = run(["-r", files.good, "-o", "json"]), run(["-q", "-r", files.good, "-o", "json", "--stats=json"])
    case.equal(done.stdout, loud.stdout, "records")
    case.equal((done.status, len(done.stderr.splitlines())), (0, 1), "exit status, lines of stderr")
    case.none(ledger_faults(done.stats), "ledger")
    case.equal(run(["-q", "-r", files.missing]).status, 1, "exit status of a missing file")


def stats_text(case, files):
    """The ledger for a person: on stderr, not JSON."""
    done = run(["-r", files.good, "-o", "json", "--stats"])
    case.equal(done.status, 0, "exit status")
    case.true("received" in done.stderr.lower() and done.stats is None, f"{done.stderr[:300]!r}")


# --- All of it --------------------------------------------------------------

def file_cases(tap, files):
    tap.test("file: missing", bad_file, files.missing, "no such file")
    tap.test("file: a directory", bad_file, files.directory, "directory")
    tap.test("file: empty", bad_file, files.empty, "empty|no capture|not a capture|truncated|too short")
    tap.test("file: text", bad_file, files.text, "not a capture|no capture|not a pcap|unknown")
    tap.test("file: the file header is cut", bad_file, files.cut_file_head, "cut|truncated|short|no capture|not a")
    tap.test("file: unknown link type", bad_file, files.user0, "147|USER0")
    tap.test("file: cut in a packet", cut_file, files.cut, [r"\b(258|274|284)\b"])
    tap.test("file: cut in a packet header", cut_file, files.cut_head, [r"\b(258|265)\b"])
    tap.test("file: cut, from standard input", cut_stdin, files)
    tap.test("file: large, of long packets", read_by_two, long_packets(tap.path("long.pcap")))
    tap.test("file: no permission", as_nobody, files.good, r"good\.pcap", "permission")
    for name in ("missing", "text", "empty", "user0", "directory"):
        tap.test(f"file: good ones around one that is bad ({name})", good_around_bad, files, getattr(files, name))


def long_packets(path):
    """80 MB of full-size packets, one of them longer than the snapshot length, the last one cut."""
    udp = struct.pack("!4H", 1000, 53, 1480, 0)
    ipv4 = struct.pack("!2B3H2BH4s4s", 0x45, 0, 1500, 0, 0, 64, 17, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    frame = bytes(12) + b"\x08\x00" + ipv4 + udp + bytes(1472)
    with open(path, "wb") as out:
        out.write(struct.pack("<I2H4I", 0xa1b2c3d4, 2, 4, 0, 0, len(frame), 1))
        for n in range(53000):
            extra = bytes(3 if n == 40000 else 0)
            out.write(struct.pack("<4I", 1700000000 + n // 1000, n % 1000, len(frame + extra), len(frame + extra)))
            out.write(frame[:34] + struct.pack("!H", n % 5000) + frame[36:] + extra)
        out.truncate(out.tell() - 700)
    return path


def read_by_two(case, path):
    """A large file of long packets is read by two threads, a pipe by one: the same records and message."""
    by_two = run(["-r", path, "-o", "json"])
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
        by_one = subprocess.run([PROGRAM, "-r", "-", "-o", "json"], stdin=cat.stdout, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=60, check=False)
    case.equal((by_two.status, by_one.returncode), (1, 1), "exit status")
    case.equal(packets_out(by_two)[1], 52999, "packets")
    case.true(sorted(by_two.stdout.splitlines()) == sorted(by_one.stdout.splitlines()), "the records differ")
    case.equal(by_two.stderr.replace(path, "standard input"), by_one.stderr.decode(), "messages")


def usage_cases(tap, files):
    tap.test("usage: unknown long option", usage, ["-r", files.good, "--colour=red"], "--colour")
    tap.test("usage: unknown letter", usage, ["-r", files.good, "-Z"], "-Z")
    tap.test("usage: an option without its value", usage, ["-r"], r"-r|--read", "")
    tap.test("usage: a long option without its value", usage, ["--read"], "--read")
    tap.test("usage: a value for an option that takes none", usage, ["-r", files.good, "--test-config=yes"], "test-config")
    tap.test("usage: no input named", usage, [], "-i", "-r")
    tap.test("usage: no input, a collector", usage, ["-n", "127.0.0.1:2055"], "-i", "-r")
    tap.test("usage: -i and -r at once", usage, ["-i", "lo", "-r", files.good], "-i|interface", "-r|read")
    tap.test("usage: a filter that does not compile", bad_filter, files)
    tap.test("usage: a file without -r", usage, [files.good], "filter", "put -r before it")
    tap.test("usage: a second file without -r", usage, ["-r", files.good, files.good, "udp"], "filter", "put -r before it")
    tap.test("usage: a sampling rate that NetFlow v5 cannot tell", bad_sampling_for_v5, files)
    for option, value, *parts in BAD_VALUES:
        tap.test(f"usage: {option} {value}", bad_value, files, option, value, *parts)
    for value, *parts in BAD_COLLECTORS:
        tap.test(f"usage: -n '{value}'", bad_collector, files, value, *parts)


def export_cases(tap, files, many):
    tap.test("collector: a name that does not resolve", unresolvable, files)
    tap.test("collector: an IPv6 address in brackets", ipv6_collector, files)
    for fmt in ("5", "9", "ipfix"):
        tap.test(f"collector: nobody listens ({fmt})", nobody_listens, files, fmt)
    tap.test("collector: one that nobody listens at does not harm another", one_deaf_collector, files)
    tap.test("output: a directory that is not there", unwritable, files, "json:/nonexistent/x",
             "/nonexistent/x", "no such file")
    tap.test("output: /dev/full", unwritable, files, "csv:/dev/full", "/dev/full", "no space|full")
    tap.test("output: the same place twice, or the capture", same_place, files, tap.path("same.pcap"))
    tap.test("output: standard output is full", full_stdout)
    tap.test("output: a file that may not become longer", limited_file, many, tap.path("limited.csv"))
    tap.test("output: the reader goes away, as head does", gone_reader, many)
    tap.test("output: the reader goes away, with --stats", gone_reader_told, many)
    tap.test("output: the reader goes away, with a file beside", gone_reader_of_two, many, tap.path("beside.json"))
    tap.test("output: standard output is closed", closed_stdout, files)


def signal_cases(tap, files, many):
    tap.test("signal: SIGINT on a pipe that stays open", on_open_pipe, files.bytes, (1, 6))
    tap.test("signal: SIGINT on a pipe that stays open in a packet", on_open_pipe, files.bytes[:CUT_AT], (1, 3))
    tap.test("signal: SIGINT on a pipe before any byte", on_open_pipe, b"", (0, 0))
    with open(files.pcapng, "rb") as pcapng:
        data = pcapng.read()
    tap.test("signal: SIGINT on a pipe with pcapng that stays open", on_open_pipe, data, (9, 9))
    tap.test("signal: SIGINT on a pipe with pcapng that stays open in a block", on_open_pipe, data[:-50], (8, 8))
    if b"without" not in on_bytes(gzip.compress(b"")):
        packed = zlib.compressobj(wbits=31)
        half = packed.compress(files.bytes) + packed.flush(zlib.Z_SYNC_FLUSH)
        tap.test("signal: SIGINT on a pipe with gzip that stays open", on_open_pipe, half, (1, 6))
    tap.test("end: --count on a pipe that stays open", enough_on_open_pipe, files)
    tap.test("end: --count before damage", damage_behind_the_last, tap, files)
    tap.test("signal: SIGINT in a paced export", paced_interrupt, many)
    tap.test("signal: SIGHUP ends, unless it is ignored", hangup, many)
    tap.test("signal: a second SIGINT ends at once", second_interrupt, many)


def main():
    need_program()
    bounded(400)
    tap = Tap()
    try:
        files, many = Files(tap), tap.path("many.pcap")
        gen.write_pcap(many, [gen.udp4(gen.EPOCH + n * 1000, sport=1 + n) for n in range(20000)])
        file_cases(tap, files)
        interface_cases(tap, files)
        tap.test("erf: records of several types", erf, tap)
        compression_cases(tap, files)
        usage_cases(tap, files)
        export_cases(tap, files, many)
        signal_cases(tap, files, many)
        tap.test("-h fits on one screen and names the manual", help_text)
        tap.test("-V", version)
        tap.test("-q", quiet, files)
        tap.test("--stats for a person", stats_text, files)
    finally:
        status = tap.status()
    return status


if __name__ == "__main__":
    sys.exit(main())
