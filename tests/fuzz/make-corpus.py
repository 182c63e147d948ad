#!/usr/bin/env python3
"""Seeds for the fuzzers, small and different, named by the digest of their octets.

    make-corpus.py decode CAPTURE...     up to 40 packets of each pcap file
    make-corpus.py pipeline CAPTURE...   its packets in runs of a dozen, and made-up connections whose
                                         packets come just at their flows' deadlines
    make-corpus.py config                what the example file and the options' rows have
"""
import hashlib
import os
import random
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
RUN = 12            # packets in a seed of the pipeline
INTO_TUNNELS, WITHOUT_COPIES = 4, 8     # its switches
OCTETS_MAX = 255    # of a packet there: its length is one octet


def linktypes(target):
    """The link types of a fuzzer, in the order of its table."""
    source = open(os.path.join(HERE, "fuzz_%s.c" % target)).read()
    names = re.search(r"linktypes\[\] = \{([^}]*)\}", source).group(1)
    numbers = dict(re.findall(r"#define (DLT_\w+)\s+(\d+)", open("/usr/include/pcap/dlt.h").read()))
    return [int(numbers.get(name.strip(), -1)) for name in names.split(",") if name.strip()]


def packets(path):
    """(link type, time in ms, captured octets, original length) of a little-endian pcap file."""
    data = open(path, "rb").read()
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return
    linktype, at = struct.unpack_from("<I", data, 20)[0] & 0xffff, 24
    per_ms = 1000 if data[:1] == b"\xd4" else 1000000
    while at + 16 <= len(data):
        seconds, fraction, captured, original = struct.unpack_from("<IIII", data, at)
        octets = data[at + 16:at + 16 + captured]
        yield 12 if linktype == 101 else linktype, seconds * 1000 + fraction // per_ms, octets, original
        at += 16 + captured


def keep(target, seed):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, hashlib.sha256(seed).hexdigest()[:16]), "wb").write(seed)


def decode(paths):
    known = linktypes("decode")
    for path in paths:
        seen = set()
        for linktype, _, octets, original in packets(path):
            shape = (len(octets), octets[12:14], octets[23:24])
            if linktype not in known or shape in seen or len(octets) > 400 or len(seen) == 40:
                continue
            seen.add(shape)
            keep("decode", bytes([known.index(linktype), min(255, original - len(octets))]) + octets)


def tcp(version, flow, flags):
    """A packet of one of a few connections, from the IP header on; they differ in the last octets."""
    header = struct.pack(">HHIIBBHHH", 1000, 80, 0, 0, 0x50, flags, 0, 0, 0)
    ends = bytes(15) + bytes([1 + flow]), bytes(15) + bytes([101 + flow % 2])
    if version == 6:
        return struct.pack(">IHBB", 0x60000000, len(header), 6, 64) + ends[0] + ends[1] + header
    return struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + ends[0][-4:] + ends[1][-4:] + header


def frame(version, flow, flags):
    """The same on Ethernet; odd flows are in VLANs of their own."""
    tag = struct.pack(">HH", 0x8100, 10 + flow // 2) if flow % 2 else b""
    packet = tcp(version, 0 if tag else flow, flags)
    return bytes(12) + tag + (b"\x86\xdd" if version == 6 else b"\x08\x00") + packet


def connections(known, seed):
    """Steps of a tenth of a second meet deadlines exactly; flags open and close at any time."""
    random.seed(seed)
    raw = seed % 3 == 0
    text = bytes([known.index(12 if raw else 1), seed % 4, random.randrange(4), random.randrange(8),
                  random.randrange(6)])
    for _ in range(60):
        step = random.choice([0, 0, 1, 100, 100, 200, 300, 0xff01, 0xff7f if seed % 8 == 0 else 50])
        make = tcp if raw else frame
        packet = make(random.choice([4, 6]), random.randrange(6),
                      random.choice([2, 16, 16, 17, 4, 18, 24, 0]))
        text += struct.pack(">HB", step, len(packet)) + packet
    return text if len(text) <= 4096 else text[:4096]


def pipeline(paths):
    known = linktypes("pipeline")
    for seed in range(24):
        keep("pipeline", connections(known, seed))
    for path in paths:
        all_packets = [p for p in packets(path) if p[0] in known]
        for first in range(0, min(len(all_packets), 8 * RUN), RUN):
            run = all_packets[first:first + RUN]
            switches = INTO_TUNNELS | WITHOUT_COPIES if first % (2 * RUN) else INTO_TUNNELS
            seed, last = bytes([known.index(run[0][0]), switches, 20, 200, 5]), run[0][1]
            for _, ms, octets, _ in run:
                octets = octets[:OCTETS_MAX]
                step, last = max(0, min(0xfeff, ms - last)), ms
                seed += struct.pack(">HB", step, len(octets)) + octets
            keep("pipeline", seed)


def config(_):
    example = open(os.path.join(TOP, "contrib", "spanflow.conf")).read()
    text = re.sub(r"^#\s?", "", example, flags=re.M)
    for part in [example] + re.split(r"\n\s*\n", example) + re.split(r"\n\s*\n", text):
        keep("config", b"\1" + part.encode())
    source = open(os.path.join(TOP, "src", "conf", "options.c")).read()
    keep("config", b"\0-r\n-\n-n\nudp://[2001:db8::1]:4739,format=9,rate=0,domain=7,records=full")
    for name, fallback in re.findall(r'^\t\{"([a-z-]+)".*?(?:"([^"]*)"|NULL), OPTION', source, re.M | re.S):
        keep("config", b"\0-r\n-\n--" + name.encode() + b"=" + fallback.encode())


if __name__ == "__main__":
    targets = {"decode": decode, "pipeline": pipeline, "config": config}
    if len(sys.argv) < 2 or sys.argv[1] not in targets:
        sys.exit(__doc__)
    targets[sys.argv[1]](sys.argv[2:])
