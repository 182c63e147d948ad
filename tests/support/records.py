"""What spanflow prints of a capture, summed per key, to hold beside another decoder's totals."""
from harness import run
from independent import Key, add

ELEMENTS = ("sourceIPv4Address", "destinationIPv4Address", "sourceIPv6Address", "destinationIPv6Address", "sourceTransportPort",
            "destinationTransportPort", "protocolIdentifier", "ipClassOfService", "vlanId", "tcpControlBits",
            "packetDeltaCount", "octetDeltaCount", "flowStartNanoseconds", "flowEndNanoseconds")
# Which IP header is metered, with which options.
LAYERS = {"outer": (), "inner": ("--decap=all",)}


def meter(path, options=(), timeout=60):
    """Runs spanflow over a capture; the records of the result are for sums()."""
    return run(["-r", path, "-o", "json", "--records=" + ",".join(ELEMENTS), "--stats=json", *options], timeout=timeout)


def key_of(record):
    src = record.get("sourceIPv4Address") or record["sourceIPv6Address"]
    dst = record.get("destinationIPv4Address") or record["destinationIPv6Address"]
    return Key(record["vlanId"], src, dst, record["protocolIdentifier"], record["sourceTransportPort"],
               record["destinationTransportPort"], record["ipClassOfService"] >> 2)


def sums(records):
    """{key: Total} of records."""
    out = {}
    for record in records:
        add(out, key_of(record), record["octetDeltaCount"], record["tcpControlBits"],
            record["flowStartNanoseconds"], record["flowEndNanoseconds"], record["packetDeltaCount"])
    return out


def told(key, total):
    return "vlan %d, %s to %s, protocol %d, ports %d and %d, DSCP %d: " % key + \
        "%d packets, %d octets, flags %#x, %d to %d" % total


def faults(got, wanted):
    """Flow by flow what is missing, too much, or different."""
    out = ["missing: " + told(key, wanted[key]) for key in wanted if key not in got]
    out += ["not expected: " + told(key, got[key]) for key in got if key not in wanted]
    return out + ["got %s; wanted %s" % (told(key, got[key]), told(key, wanted[key]))
                  for key in wanted if key in got and got[key] != wanted[key]]
