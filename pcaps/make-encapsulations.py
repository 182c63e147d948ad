#!/usr/bin/env python3
"""Writes a small capture of each encapsulation into a directory, and a table of them.

scapy builds the packets inside, and some of the headers around them (VLAN, LLC, cooked, MPLS, GRE, ERSPAN,
VXLAN, Geneve); the others are written octet by octet after their standards, and test_decoding.py
has tshark read all of them.  The files are the same byte for byte whenever they are made (by one
version of scapy and zstd).  What each shows is said in pcaps/recipes/, and in the table, README.md.

usage: make-encapsulations.py [DIRECTORY]      (default: encapsulations beside this script)
"""

import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
# pylint: disable=wrong-import-position
try:
    from recipes.common import RECIPES, pcap
except ModuleNotFoundError as missing:
    sys.exit("make-encapsulations.py: %s: not there: on Debian it is in python3-scapy" % missing.name)

SECTIONS = (("links", "Link types"), ("below", "Between Ethernet and IP"), ("tunnels", "Tunnels"),
            ("network", "IP and above"), ("files", "Files"))

INTRODUCTION = """# A capture of each encapsulation

Made by `pcaps/make-encapsulations.py`, which also writes this table. Most of them carry the same
nine packets: TCP over IPv4 in both directions, with flags, UDP over IPv6 in both directions, and
an echo of each version's ICMP; times have nanoseconds, and the last frame is earlier than the
first. `tests/integration/test_decoding.py` compares what spanflow makes of each with an independent
decoder.
"""


def write(directory, name, data):
    with open(os.path.join(directory, name), "wb") as out:
        out.write(data)


def write_section(directory, module):
    """Writes a section's captures; the rows of its table."""
    recipes = importlib.import_module("recipes." + module)
    rows = []
    for name, recipe in RECIPES.items():
        write(directory, name + ".pcap", pcap(recipe.linktype, recipe.make()))
        rows.append((name + ".pcap", recipe.shows))
    RECIPES.clear()
    for name, (shows, make) in getattr(recipes, "FILES", {}).items():
        write(directory, name, make())
        rows.append((name, shows))
    return rows


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "encapsulations")
    os.makedirs(directory, exist_ok=True)
    text = [INTRODUCTION]
    for module, title in SECTIONS:
        rows = write_section(directory, module)
        text.append("## %s\n\n| capture | what it shows |\n| --- | --- |\n%s\n" %
                    (title, "\n".join("| `%s` | %s |" % row for row in rows)))
    write(directory, "README.md", "\n".join(text).encode())


main()
