"""The Information Elements that the tests know: a table of their own, typed in from IANA's registry.

Promises: nothing here comes from src/.  TABLE maps an element's number to its name, its data type
(RFC 7011 section 6.1) and the largest length that makes sense; value() reads octets as that type.

    unsigned    a number; a shorter field is reduced-size encoding (RFC 7011 section 6.2)
    address     octets in network order, shown as text
    mac         six octets, shown with colons
    s ms        dates: seconds in 4 octets, milliseconds in 8
    us ns       dates in NTP format: 32 bits of seconds since 1900, 32 of their fraction
    uptime      milliseconds since the SysUptime origin, NetFlow v9 only
    float64     IEEE 754
    string      UTF-8, filled with zeros
    octets      a label stack entry, shown as a number
"""
import ipaddress
import struct
from collections import namedtuple

Element = namedtuple("Element", "name kind size v9", defaults=(True,))
SECONDS_TO_1970 = 2208988800            # from 1900, where NTP counts from (RFC 5905)

TABLE = {
    1: Element("octetDeltaCount", "unsigned", 8),
    2: Element("packetDeltaCount", "unsigned", 8),
    4: Element("protocolIdentifier", "unsigned", 1),
    5: Element("ipClassOfService", "unsigned", 1),
    6: Element("tcpControlBits", "unsigned", 2),
    7: Element("sourceTransportPort", "unsigned", 2),
    8: Element("sourceIPv4Address", "address", 4),
    10: Element("ingressInterface", "unsigned", 4),
    11: Element("destinationTransportPort", "unsigned", 2),
    12: Element("destinationIPv4Address", "address", 4),
    14: Element("egressInterface", "unsigned", 4),
    21: Element("flowEndSysUpTime", "uptime", 4),
    22: Element("flowStartSysUpTime", "uptime", 4),
    25: Element("minimumIpTotalLength", "unsigned", 8),
    26: Element("maximumIpTotalLength", "unsigned", 8),
    27: Element("sourceIPv6Address", "address", 16),
    28: Element("destinationIPv6Address", "address", 16),
    31: Element("flowLabelIPv6", "unsigned", 4),
    32: Element("icmpTypeCodeIPv4", "unsigned", 2),
    34: Element("samplingInterval", "unsigned", 4),
    35: Element("samplingAlgorithm", "unsigned", 1),
    40: Element("exportedOctetTotalCount", "unsigned", 8),
    41: Element("exportedMessageTotalCount", "unsigned", 8),
    42: Element("exportedFlowRecordTotalCount", "unsigned", 8),
    48: Element("samplerId", "unsigned", 1),
    49: Element("samplerMode", "unsigned", 1),
    50: Element("samplerRandomInterval", "unsigned", 4),
    52: Element("minimumTTL", "unsigned", 1),
    53: Element("maximumTTL", "unsigned", 1),
    56: Element("sourceMacAddress", "mac", 6),
    58: Element("vlanId", "unsigned", 2),
    60: Element("ipVersion", "unsigned", 1),
    61: Element("flowDirection", "unsigned", 1),
    70: Element("mplsTopLabelStackSection", "octets", 3),
    71: Element("mplsLabelStackSection2", "octets", 3),
    72: Element("mplsLabelStackSection3", "octets", 3),
    80: Element("destinationMacAddress", "mac", 6),
    82: Element("interfaceName", "string", 64),
    83: Element("interfaceDescription", "string", 255),
    130: Element("exporterIPv4Address", "address", 4, False),
    131: Element("exporterIPv6Address", "address", 16, False),
    136: Element("flowEndReason", "unsigned", 1, False),
    138: Element("observationPointId", "unsigned", 8, False),
    139: Element("icmpTypeCodeIPv6", "unsigned", 2),
    143: Element("meteringProcessId", "unsigned", 4, False),
    144: Element("exportingProcessId", "unsigned", 4, False),
    145: Element("templateId", "unsigned", 2, False),
    149: Element("observationDomainId", "unsigned", 4, False),
    150: Element("flowStartSeconds", "s", 4, False),
    151: Element("flowEndSeconds", "s", 4, False),
    152: Element("flowStartMilliseconds", "ms", 8, False),
    153: Element("flowEndMilliseconds", "ms", 8, False),
    154: Element("flowStartMicroseconds", "us", 8, False),
    155: Element("flowEndMicroseconds", "us", 8, False),
    156: Element("flowStartNanoseconds", "ns", 8, False),
    157: Element("flowEndNanoseconds", "ns", 8, False),
    164: Element("ignoredPacketTotalCount", "unsigned", 8, False),
    165: Element("ignoredOctetTotalCount", "unsigned", 8, False),
    166: Element("notSentFlowTotalCount", "unsigned", 8, False),
    167: Element("notSentPacketTotalCount", "unsigned", 8, False),
    168: Element("notSentOctetTotalCount", "unsigned", 8, False),
    173: Element("flowKeyIndicator", "unsigned", 8, False),
    176: Element("icmpTypeIPv4", "unsigned", 1, False),
    177: Element("icmpCodeIPv4", "unsigned", 1, False),
    178: Element("icmpTypeIPv6", "unsigned", 1, False),
    179: Element("icmpCodeIPv6", "unsigned", 1, False),
    184: Element("tcpSequenceNumber", "unsigned", 4, False),
    186: Element("tcpWindowSize", "unsigned", 2, False),
    197: Element("fragmentFlags", "unsigned", 1, False),
    243: Element("dot1qVlanId", "unsigned", 2, False),
    245: Element("dot1qCustomerVlanId", "unsigned", 2, False),
    302: Element("selectorId", "unsigned", 8, False),
    304: Element("selectorAlgorithm", "unsigned", 2, False),
    305: Element("samplingPacketInterval", "unsigned", 4, False),
    306: Element("samplingPacketSpace", "unsigned", 4, False),
    309: Element("samplingSize", "unsigned", 4, False),
    310: Element("samplingPopulation", "unsigned", 4, False),
    311: Element("samplingProbability", "float64", 8, False),
    322: Element("observationTimeSeconds", "s", 4, False),
    323: Element("observationTimeMilliseconds", "ms", 8, False),
    324: Element("observationTimeMicroseconds", "us", 8, False),
    325: Element("observationTimeNanoseconds", "ns", 8, False),
    327: Element("hashIPPayloadOffset", "unsigned", 8, False),
    328: Element("hashIPPayloadSize", "unsigned", 8, False),
    329: Element("hashOutputRangeMin", "unsigned", 8, False),
    330: Element("hashOutputRangeMax", "unsigned", 8, False),
    331: Element("hashSelectedRangeMin", "unsigned", 8, False),
    332: Element("hashSelectedRangeMax", "unsigned", 8, False),
    333: Element("hashDigestOutput", "unsigned", 1, False),
    334: Element("hashInitialiserValue", "unsigned", 8, False),
    351: Element("layer2SegmentId", "unsigned", 8, False),
    390: Element("flowSelectorAlgorithm", "unsigned", 2, False),
}
NUMBERS = {element.name: number for number, element in TABLE.items()}
FIXED = {"address": None, "mac": 6, "octets": 3, "s": 4, "ms": 8, "us": 8, "ns": 8, "uptime": 4}


def fault(number, size, v9=False):
    """What is wrong with a field of that element and length, or None."""
    if number not in TABLE:
        return "element %s is not known" % (number,)
    element = TABLE[number]
    if v9 and not element.v9:
        return "%s (%d) is not one of NetFlow v9's" % (element.name, number)
    wanted = element.size if element.kind == "address" else FIXED.get(element.kind)
    if wanted is not None and size != wanted:
        return "%s (%d) has %d octets, not %d" % (element.name, number, size, wanted)
    if element.kind == "float64" and size not in (4, 8):
        return "%s (%d) is a number of %d octets" % (element.name, number, size)
    if not 1 <= size <= element.size:
        return "%s (%d) has %d octets, at most %d" % (element.name, number, size, element.size)
    return None


def ntp_ns(raw):
    """A date in NTP format as ns since 1970."""
    seconds, fraction = struct.unpack("!II", raw)
    return (seconds - SECONDS_TO_1970) * 1_000_000_000 + (fraction * 1_000_000_000 + (1 << 31) >> 32)


def value(number, raw):
    """Octets as the element's type; dates in the unit of its name."""
    kind = TABLE[number].kind
    if kind == "address":
        return str(ipaddress.ip_address(raw))
    if kind == "mac":
        return ":".join("%02x" % octet for octet in raw)
    if kind == "ns":
        return ntp_ns(raw)
    if kind == "us":
        return ntp_ns(raw) // 1000
    if kind == "float64":
        return struct.unpack("!f" if len(raw) == 4 else "!d", raw)[0]
    if kind == "string":
        return raw.rstrip(b"\0").decode("utf-8", "replace")
    return int.from_bytes(raw, "big")
