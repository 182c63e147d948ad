#!/usr/bin/env python3
"""No message exceeds max-payload, whatever the layout; a record that does not fit alone is refused.

For each format and layout the least max-payload that is taken is found, below which the program says
at start what does not fit, and the sum is right; from there to 1400 wire.py reads every message, and
no record is missing.  `make check-long` tries every value, `make check` the first and some of the rest.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
# pylint: disable=wrong-import-position
import elements
import kinds
import wire
from harness import LONG, Sink, Tap, ledger_faults, need_program, run

SMALLEST, LARGEST = 64, 1400
TOGETHER = 30                           # collectors in a run
MOST = ",".join(e.name for number, e in sorted(elements.TABLE.items())
                if number <= 8 or 10 <= number <= 14 or number in (27, 28) or 52 <= number <= 61 or 70 <= number <= 72)
LISTS = ("packetDeltaCount", "sourceIPv6Address,destinationIPv6Address,sourceIPv4Address,octetDeltaCount", MOST)
CASES = [(fmt, "default") for fmt in ("1", "5", "7")] + [
    (fmt, layout) for fmt in ("9", "ipfix") for layout in ("default", "minimal", "full") + LISTS]


def keys(fmt, layout, limit):
    out = {"format": fmt, "max-payload": limit, "rate": 0}
    if layout != "default":
        out["records"] = layout
    return out


def url(port, settings):
    return ",".join(["127.0.0.1:%d" % port] + ["%s=%s" % item for item in settings.items()])


def refusal(capture, fmt, layout, limit):
    """What the program says at start, or '' where it runs."""
    done = run(["-q", "-r", capture, "-n", url(9, keys(fmt, layout, limit))])
    return done.stderr if done.status == 2 else ""


def least(capture, fmt, layout):
    """The smallest max-payload that is taken: refused below, taken from there on."""
    low, high = SMALLEST - 1, LARGEST
    while high - low > 1:
        middle = (low + high) // 2
        if refusal(capture, fmt, layout, middle):
            low = middle
        else:
            high = middle
    return high


def judge_refusal(case, text, limit, what):
    """One message; its numbers add up to more than the limit."""
    case.equal(len(text.splitlines()), 1, f"{what}: messages ({text.strip()[:300]})")
    if limit < SMALLEST:
        case.true(f"from {SMALLEST} " in text, f"{what}: {text.strip()}")
        return
    sums = re.search(r"max-payload=(\d+): .*?((?:[a-z ]+\d+ \+ )+[a-z ]+\d+) = (\d+) octets", text) or \
        re.search(r"max-payload=(\d+): .*?takes (?=(\d+) octets)(\d+) octets", text)
    if not sums:
        return case.fail(f"{what}: no arithmetic in: {text.strip()}")
    case.equal(int(sums[1]), limit, f"{what}: the limit")
    case.true(int(sums[3]) > limit, f"{what}: {sums[3]} octets would fit")
    if "+" in sums[2]:
        case.equal(sum(map(int, re.findall(r"\d+", sums[2]))), int(sums[3]), f"{what}: the sum")


def limits(first):
    """The values of max-payload to try."""
    if LONG:
        return list(range(first, LARGEST + 1))
    return sorted(set(range(first, first + 12)) | set(range(first, LARGEST, 83)) | {LARGEST})


def session(fmt, layout, limit):
    named = {"max_payload": limit}
    if fmt in ("9", "ipfix"):
        named["layout"] = set(layout.split(",")) if "," in layout or layout in LISTS else \
            "default" if layout == "default" else None
        if fmt == "9" and named["layout"] not in ("default", None):
            named["layout"] |= {"flowStartSysUpTime", "flowEndSysUpTime"}
    return wire.open_session(fmt, **named)


def try_together(case, capture, fmt, layout, some):
    """One run with a collector for each limit."""
    sinks = [Sink() for _ in some]
    arguments = ["-q", "-r", capture, "--stats=json"]
    for sink, limit in zip(sinks, some):
        arguments += ["-n", url(sink.port, keys(fmt, layout, limit))]
    done = run(arguments, timeout=120)
    largest = []
    for sink in sinks:
        sink.ending = True
    case.equal(done.status, 0, f"{some}: exit status ({done.stderr.strip()[:200]})")
    case.none(ledger_faults(done.stats), f"{some}: ledger")
    for sink, limit in zip(sinks, some):
        judge = session(fmt, layout, limit).feed_all(sink.stop())
        case.none(judge.errors, f"max-payload={limit}", 3)
        case.equal(sink.lost, 0, f"max-payload={limit}: datagrams that the sink lost")
        wanted = next(c for c in done.stats["collectors"] if c["url"].split(",")[0].endswith(":%d" % sink.port))
        case.equal(judge.counts["records"], wanted["wire_records"], f"max-payload={limit}: records")
        case.true(judge.counts["records"] > 0, f"max-payload={limit}: no record")
        largest.append((limit - judge.largest, limit))
    return largest


def every_size(case, capture, fmt, layout):
    first = least(capture, fmt, layout)
    for limit in sorted({0, SMALLEST - 1, SMALLEST, (SMALLEST + first) // 2, first - 1}):
        if limit < first:
            judge_refusal(case, refusal(capture, fmt, layout, limit), limit, f"max-payload={limit}")
    values, room = limits(first), []
    for at in range(0, len(values), TOGETHER):
        room += try_together(case, capture, fmt, layout, values[at:at + TOGETHER])
    print("# %s %s: from %d octets; %d values" % (fmt, layout[:40], first, len(values)))
    # The limit is used, not merely kept: a full datagram leaves no room for one record more.
    case.true(min(room)[0] < 200, f"room left: {min(room)}")


def main():
    need_program()
    tap = Tap()
    capture = kinds.write_few(tap.path("few.pcap"))
    for fmt, layout in CASES:
        tap.test(f"{fmt}, records={layout[:60]}: no message above max-payload", every_size, capture, fmt, layout)
    return tap.status()


if __name__ == "__main__":
    sys.exit(main())
