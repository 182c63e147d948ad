#!/usr/bin/env python3
"""Packets and capture files for the tests, out of nothing but a name and a seed.

Promises: the same name and seed give the same bytes everywhere; a builder writes
whatever it is told, lies included (lengths, versions, cut headers); captured and
original length of a packet are independent.  Times are integers in nanoseconds.

    pcapgen.py NAME OUT [SEED]     write one capture (several files: OUT, OUT.1, ...)
    pcapgen.py --list              the names, one a line, with what they are for

As a module: eth(), ipv4(), tcp() ... build bytes; write_pcap() and write_pcapng()
write files; mixed(), many() and the captures in CAPTURES make whole files.  They live in
packets.py, traffic.py, awkward.py (time) and awkward_frames.py (all else).
"""
import sys

from awkward import CAPTURES, Capture, File, awkward            # noqa: F401
from awkward_frames import *            # noqa: F403
from packets import *                   # noqa: F403
from traffic import Traffic, many, mixed                        # noqa: F401


def make(name, path, seed=1):
    """Write the capture `name`; returns the paths of its files, in the order to read them."""
    if name == "mixed":
        return mixed(path, seed)
    if name == "many":
        return many(path, seed=seed)
    made = CAPTURES[name].make()
    files = made if made and isinstance(made[0], File) else [File(made)]
    paths = [path + (".%d" % i if i else "") for i in range(len(files))]
    for each, where in zip(files, paths):
        each.write(where)
    return paths


# --- command line ----------------------------------------------------------------

def main(argv):
    if argv == ["--list"]:
        print("mixed: some thousand flows in two hours\nmany: 100,000 flows, 200,000 packets")
        for name, capture in CAPTURES.items():
            print("%s: %s" % (name, capture.summary))
        return 0
    if len(argv) not in (2, 3) or argv[0] not in set(CAPTURES) | {"mixed", "many"}:
        sys.stderr.write(__doc__)
        return 2
    for path in make(argv[0], argv[1], int(argv[2]) if len(argv) == 3 else 1):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
