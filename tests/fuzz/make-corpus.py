#!/usr/bin/env python3
"""Seeds for fuzz_decode: tests/fuzz/make-corpus.py [CAPTURE...] adds up to 40 different packets of
each pcap file to tests/fuzz/corpus, by the digest of their octets."""
import glob
import hashlib
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
LINKTYPES = [1, 113, 276, 101, 0, 108, 228, 229]   # in fuzz_decode's order


def packets(path):
    """(link type, captured octets, original length) of a little-endian pcap file."""
    data = open(path, "rb").read()
    if data[:4] not in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"):
        return
    linktype, at = struct.unpack_from("<I", data, 20)[0] & 0xffff, 24
    while at + 16 <= len(data):
        captured, original = struct.unpack_from("<II", data, at + 8)
        yield linktype, data[at + 16:at + 16 + captured], original
        at += 16 + captured


def main():
    for path in sys.argv[1:]:
        seen = set()
        for linktype, octets, original in packets(path):
            shape = (len(octets), octets[12:14], octets[23:24])
            if linktype not in LINKTYPES or shape in seen or len(octets) > 400 or len(seen) == 40:
                continue
            seen.add(shape)
            seed = bytes([LINKTYPES.index(linktype), min(255, original - len(octets))]) + octets
            name = hashlib.sha256(seed).hexdigest()[:16]
            open(os.path.join(HERE, "corpus", name), "wb").write(seed)


main()
