#!/usr/bin/env python3
"""Seeds for fuzz_source: tests/fuzz/make-source-corpus.py writes one small file of each format and
compression to tests/fuzz/corpus/source, by the digest of its octets. zstd(1) must be there."""
import gzip
import hashlib
import lzma
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import pcapgen as gen                                           # noqa: E402

SECTION = 0x0a0d0d0a
PACKETS = [gen.udp4(gen.EPOCH + n * gen.MS, size=n) for n in range(4)]


def written(writer, **options):
    with tempfile.NamedTemporaryFile() as out:
        writer(out.name, PACKETS, **options)
        return out.read()


def options_block(order):
    """An interface with a clock in powers of 2, an offset and a name."""
    body = struct.pack(order + "HHI", 101, 0, 40) + struct.pack(order + "HHB3x", 9, 1, 0x8a)
    body += struct.pack(order + "HHq", 14, 8, 1700000000) + struct.pack(order + "HH4s", 2, 3, b"en0")
    return gen.block(order, 1, body + bytes(4))


def every_block(order):
    """Two sections of different byte order with every kind of block."""
    other = ">" if order == "<" else "<"
    made = gen.block(order, SECTION, struct.pack(order + "IHHq", 0x1a2b3c4d, 1, 0, -1))
    made += options_block(order) + gen.block(order, 5, bytes(12)) + gen.block(order, 0xbad, b"abcd" * 5)
    made += gen.packet_block(order, PACKETS[0], 0, 6, False) + gen.packet_block(order, PACKETS[1], 40, 6, True)
    made += gen.block(order, 2, struct.pack(order + "HHIIII", 0, 7, 0, 9, 20, 60) + bytes(20))
    made += gen.block(other, SECTION, struct.pack(other + "IHHq", 0x1a2b3c4d, 1, 2, 0))
    made += gen.interface_block(other, 1, 0, 9) + gen.interface_block(other, 147, 0, None)
    made += gen.packet_block(other, PACKETS[2]._replace(ifid=1), 0, 6, False)
    return made + gen.packet_block(other, PACKETS[3], 0, 9, False)


def erf_record(kind, packet):
    head = struct.pack("<II", 1 << 31, packet.ts // gen.SECOND)
    return head + struct.pack(">BBHHH", kind, 4, 16 + len(packet.data), 0, packet.wire - 2) + packet.data


def files():
    yield b"".join(erf_record(kind, p) for kind, p in zip((2, 22, 0x82, 27), PACKETS))
    for order in "<>":
        for nano in (True, False):
            yield written(gen.write_pcap, nano=nano, order=order)
        yield written(gen.write_pcapng, order=order)
        yield every_block(order)
    plain = written(gen.write_pcap)
    for whole in (plain, every_block("<")):
        yield gzip.compress(whole[:100], mtime=0) + gzip.compress(whole[100:], mtime=0)
        yield lzma.compress(whole)
        yield subprocess.run(["zstd", "-q", "-c"], input=whole, stdout=subprocess.PIPE, check=True).stdout
    yield plain[:24]
    yield plain[:-7]


def main():
    os.makedirs(os.path.join(HERE, "corpus", "source"), exist_ok=True)
    for seed in files():
        name = hashlib.sha256(seed).hexdigest()[:16]
        with open(os.path.join(HERE, "corpus", "source", name), "wb") as out:
            out.write(seed)


main()
