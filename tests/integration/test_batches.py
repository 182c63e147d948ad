#!/usr/bin/env python3
"""Messages that leave several at a time arrive each by itself, in order, whatever is in their way.

On the loopback of a namespace of its own: as it is; with an MTU below the messages' size, where
runs of them are refused; and with a queue that is shorter than a run.
"""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import netns
import pcapgen
from harness import PROGRAM, Sink, Tap, last_object, ledger_faults, need_program

FORMATS = ("5", "9", "ipfix")
WAYS = (("MTU of 1000", ("ip", "link", "set", "lo", "mtu", "1000"), ("ip", "link", "set", "lo", "mtu", "65536")),
        ("queue of 20,000 octets", ("tc", "qdisc", "add", "dev", "lo", "root", "bfifo", "limit", "20000"),
         ("tc", "qdisc", "del", "dev", "lo", "root")))


def export(name, paths, rate):
    """The datagrams of each format, and the ledger."""
    with netns.entered(name):
        sinks = {fmt: Sink() for fmt in FORMATS}
    command = [PROGRAM, "-q", "--stats=json"] + [word for path in paths for word in ("-r", path)]
    for fmt, sink in sinks.items():
        command += ["-n", sink.url(format=fmt, rate=rate)]
    done = subprocess.run(netns.inside(name, command), stderr=subprocess.PIPE, timeout=60, check=False, text=True)
    for sink in sinks.values():
        sink.ending = True
    return {fmt: sink.stop() for fmt, sink in sinks.items()}, last_object(done.stderr)


def same(case, name, paths, wanted):
    """What arrives unpaced is what arrived one by one, and the ledger knows of no failure."""
    got, ledger = export(name, paths, 0)
    case.none(ledger_faults(ledger), "ledger")
    for fmt, collector in zip(FORMATS, ledger["collectors"]):
        case.true(got[fmt] == wanted[fmt], f"{fmt}: {len(got[fmt])} datagrams for {len(wanted[fmt])}, or others")
        case.equal((collector["messages"], collector["dropped"], collector["errors"]), (len(wanted[fmt]), {}, {}), fmt)


def hindered(case, name, way, paths, wanted):
    _, begin, end = way
    netns.run(name, *begin)
    try:
        same(case, name, paths, wanted)
    finally:
        netns.run(name, *end)


def in_namespace(tap, name):
    made = {"of many sizes": pcapgen.make("mixed", tap.path("mixed"), 7),
            "of one size": pcapgen.many(tap.path("many"), flows=20_000, packets=24_000)}
    for sizes, paths in made.items():
        wanted, _ = export(name, paths, 4000)
        tap.test(f"messages {sizes}: in batches and one by one the same", same, name, paths, wanted)
        for way in WAYS:
            if shutil.which(way[1][0]):
                tap.test(f"messages {sizes}: {way[0]}", hindered, name, way, paths, wanted)
            else:
                tap.skip(way[0], f"not installed: {way[1][0]}")


def main():
    need_program()
    tap, why = Tap(), netns.unusable()
    name = f"sf-batch-{os.getpid()}"
    if why:
        tap.skip("messages in batches", why)
        return tap.status()
    netns.run(None, "ip", "netns", "add", name)
    try:
        netns.run(name, "ip", "link", "set", "lo", "up")
        in_namespace(tap, name)
    finally:
        netns.delete(name)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
