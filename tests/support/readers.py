"""What six collectors of other projects make of the same messages, under IPFIX's names.

Promises: each reader takes channels (export sessions, each a format and its messages), hands them
to its collector, every channel from an address of its own so that one process keeps them apart,
and gives a list of records for each channel: {element name: value}, with numbers as int and addresses
as text.  Dates, whatever element brought them, are flowStart and flowEnd in ns since 1970, as fine as
RESOLUTION says.  A reader only renames and converts; it judges nothing.  FORMATS tells which formats
a collector reads.  absent() says why one cannot be asked here.
"""
import datetime
import ipaddress
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from collections import namedtuple

import collectors
import netns
import pcapgen as gen
from collectors import LOOPBACK, NO_TIMEZONE, Collector, Nfacctd, Nfcapd, nfdump, wait_for

MS, US = 1_000_000, 1_000
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(HERE, "..", "..", "build")
NODE_PACKAGE, NODE_VERSION = "node-netflowv9", "0.2.16"
PORT = 2055                             # of messages in a capture for tshark
UTC = datetime.timezone.utc

Channel = namedtuple("Channel", "fmt layout messages")
FORMATS = {"nfdump": ("1", "5", "7", "9", "ipfix"), "nfacctd": ("5", "9", "ipfix"),
           "tshark": ("1", "5", "7", "9", "ipfix"), "ipfixDump": ("ipfix",),
           "python3-ipfix": ("9", "ipfix"), "node-netflowv9": ("1", "5", "9")}
# How fine a collector's dates are, in ns.  python3-ipfix has some as floating-point seconds.
RESOLUTION = {"nfdump": MS, "nfacctd": US, "tshark": 1, "ipfixDump": 1, "python3-ipfix": MS, "node-netflowv9": MS}


def source(index):
    """The address that the channel with this index is sent from."""
    return f"127.0.1.{index + 1}"


def send(channels, port):
    """Sends all channels to a port of loopback, one after the other, no faster than they are read."""
    def read():
        state = netns.udp_state(port)
        assert state, "the collector closed its socket: did it crash?"
        return state[0] < 65536
    for index, channel in enumerate(channels):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((source(index), 0))
            for message in channel.messages:
                out.sendto(message, (LOOPBACK, port))
                wait_for(read, 30, "the collector reads its socket")


def sorted_out(channels, rows):
    """Lists for each channel out of (address, record)."""
    records = {source(index): [] for index in range(len(channels))}
    for address, record in rows:
        records[address].append(record)
    return list(records.values())


def renamed(row, names):
    """The fields of a collector's row that have a name here; a name may bring a conversion."""
    out = {}
    for theirs, (ours, convert) in names.items():
        if theirs in row:
            out[ours] = convert(row[theirs])
    return out


def by_version(record):
    """Addresses and ICMP types under their version's names."""
    version = "6" if ":" in record.get("sourceAddress", "") + record.get("destinationAddress", "") else "4"
    for short, long in (("sourceAddress", f"sourceIPv{version}Address"),
                        ("destinationAddress", f"destinationIPv{version}Address"),
                        ("icmpTypeCode", f"icmpTypeCodeIPv{version}")):
        if short in record:
            record[long] = record.pop(short)
    return record


def number(text):
    return int(str(text).split()[0], 0)


def same(value):
    return value


def ms(text):
    return number(text) * MS


def date(text):
    """'2026-01-01 00:00:00.035' in ns."""
    whole, _, fraction = text.partition(".")
    moment = datetime.datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000 * MS + int(fraction.ljust(9, "0"))


def point(text):
    """'1767225600.035000' in ns."""
    seconds, _, fraction = text.partition(".")
    return int(seconds) * 1000 * MS + int(fraction.ljust(9, "0")[:9])


# --- nfcapd and nfdump ------------------------------------------------------------

def type_code(text):
    kind, code = text.split()[0].split(".")
    return int(kind) << 8 | int(code)


NFDUMP_NAMES = {
    "src addr": ("sourceAddress", same), "dst addr": ("destinationAddress", same),
    "src port": ("sourceTransportPort", number), "dst port": ("destinationTransportPort", number),
    "ICMP": ("icmpTypeCode", type_code), "proto": ("protocolIdentifier", number),
    "src tos": ("ipClassOfService", number), "tcp flags": ("tcpControlBits", number),
    "in packets": ("packetDeltaCount", number), "in bytes": ("octetDeltaCount", number),
    "first": ("flowStart", ms), "last": ("flowEnd", ms),
    "end reason": ("flowEndReason", number), "input": ("ingressInterface", number),
    "output": ("egressInterface", number), "src vlan": ("vlanId", number),
    "direction": ("flowDirection", number), "in src mac": ("sourceMacAddress", same),
    "in dst mac": ("destinationMacAddress", same), "ip exporter": ("exporter", same),
}


def nfdump_raw(directory):
    """The rows of nfdump's raw format: {name: text}."""
    for part in nfdump(directory, "-o", "raw").split("\nFlow Record:")[1:]:
        yield dict((name.strip(), value.strip()) for name, value in
                   (line.split("=", 1) for line in part.splitlines() if "=" in line))


def read_nfdump(channels, directory):
    with Nfcapd(os.path.join(directory, "nfcapd")) as nfcapd:
        send(channels, nfcapd.port)
        lost = nfcapd.finish()
    if lost or nfcapd.complaints():
        raise AssertionError(f"nfcapd lost {lost}: {nfcapd.complaints()}")
    rows = [by_version(renamed(row, NFDUMP_NAMES)) for row in nfdump_raw(nfcapd.directory)]
    return sorted_out(channels, [(row.pop("exporter"), row) for row in rows])


# --- nfacctd ----------------------------------------------------------------------

NFACCTD_NAMES = {
    "ip_src": ("sourceAddress", same), "ip_dst": ("destinationAddress", same),
    "port_src": ("sourceTransportPort", int), "port_dst": ("destinationTransportPort", int),
    "ip_proto": ("protocolIdentifier", int), "tos": ("ipClassOfService", int),
    "tcp_flags": ("tcpControlBits", int), "packets": ("packetDeltaCount", int), "bytes": ("octetDeltaCount", int),
    "timestamp_start": ("flowStart", point), "timestamp_end": ("flowEnd", point),
    "iface_in": ("ingressInterface", int), "iface_out": ("egressInterface", int), "vlan": ("vlanId", int),
    "mac_src": ("sourceMacAddress", same), "mac_dst": ("destinationMacAddress", same),
    "sampling_rate": ("sampling rate", int), "peer_ip_src": ("exporter", same),
    # Primitives of our own, by element.
    "icmp4": ("icmpTypeCodeIPv4", int), "icmp6": ("icmpTypeCodeIPv6", int), "reason": ("flowEndReason", int),
    "inner": ("dot1qCustomerVlanId", int), "ttl_min": ("minimumTTL", int), "ttl_max": ("maximumTTL", int),
    "direction": ("flowDirection", int), "version": ("ipVersion", int),
}
NFACCTD_OWN = {"icmp4": (32, 2), "icmp6": (139, 2), "reason": (136, 1), "inner": (245, 2), "ttl_min": (52, 1),
               "ttl_max": (53, 1), "direction": (61, 1), "version": (60, 1)}
NFACCTD_AGGREGATE = ("peer_src_ip,src_host,dst_host,src_port,dst_port,proto,tos,tcpflags,vlan,src_mac,dst_mac,in_iface,"
                     "out_iface,timestamp_start,timestamp_end,sampling_rate," + ",".join(NFACCTD_OWN))


def read_nfacctd(channels, directory):
    home = os.path.join(directory, "nfacctd")
    primitives = "".join(f"name={name} field_type={element} len={size} semantics=u_int\n"
                         for name, (element, size) in NFACCTD_OWN.items())
    with Nfacctd(home, NFACCTD_AGGREGATE, primitives) as nfacctd:
        send(channels, nfacctd.port)
        lost = nfacctd.finish()
    if lost or nfacctd.complaints():
        raise AssertionError(f"nfacctd lost {lost}: {nfacctd.complaints()[:3]}")
    rows = [by_version(renamed(row, NFACCTD_NAMES)) for row in nfacctd.rows()]
    return sorted_out(channels, [(row.pop("exporter"), row) for row in rows])


# --- tshark -----------------------------------------------------------------------

def tshark_date(text):
    """'Jan  1, 2026 00:00:00.012000000 UTC' in ns."""
    moment = datetime.datetime.strptime(text.split(".")[0], "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC)
    return point("%d.%s" % (moment.timestamp(), text.split(".")[1].split()[0]))


TSHARK_NAMES = {
    "srcaddr": ("sourceIPv4Address", same), "dstaddr": ("destinationIPv4Address", same),
    "srcaddrv6": ("sourceIPv6Address", same), "dstaddrv6": ("destinationIPv6Address", same),
    "srcport": ("sourceTransportPort", number), "dstport": ("destinationTransportPort", number),
    "protocol": ("protocolIdentifier", number), "tos": ("ipClassOfService", number),
    "tcpflags": ("tcpControlBits", number), "packets": ("packetDeltaCount", number),
    "octets": ("octetDeltaCount", number), "abstimestart": ("flowStart", tshark_date),
    "abstimeend": ("flowEnd", tshark_date), "timestart": ("start uptime", point),
    "timeend": ("end uptime", point), "flow_end_reason": ("flowEndReason", number),
    "inputint": ("ingressInterface", number), "outputint": ("egressInterface", number),
    "vlanid": ("vlanId", number), "dot1q_customer_vlan_id": ("dot1qCustomerVlanId", number),
    "dot1q_vlan_id": ("dot1qVlanId", number),
    "icmp_type": ("icmpTypeCodeIPv4", number), "icmp_type_code_ipv6": ("icmpTypeCodeIPv6", number),
    "icmp_ipv4_type": ("icmpTypeIPv4", number), "icmp_ipv4_code": ("icmpCodeIPv4", number),
    "icmp_ipv6_type": ("icmpTypeIPv6", number), "icmp_ipv6_code": ("icmpCodeIPv6", number),
    "srcmac": ("sourceMacAddress", same), "dstmac": ("destinationMacAddress", same),
    "ttl_min": ("minimumTTL", number), "ttl_max": ("maximumTTL", number),
    "length_min": ("minimumIpTotalLength", number), "length_max": ("maximumIpTotalLength", number),
    "direction": ("flowDirection", number), "ip_version": ("ipVersion", number),
    "ipv6flowlabel": ("flowLabelIPv6", number), "selector_id": ("selectorId", number),
    "tcp_seq_num": ("tcpSequenceNumber", number), "tcp_windows_size": ("tcpWindowSize", number),
    "ip_fragment_flags": ("fragmentFlags", number), "sampler_id": ("samplerId", number), "od_id": ("observationDomainId", number),
    "observation_point_id": ("observationPointId", number), "exporter_addr": ("exporterIPv4Address", same),
    "exporter_addr_v6": ("exporterIPv6Address", same),
}


def leaves(pairs, out=None):
    """The fields below a list of (name, value), the first of each name."""
    out = {} if out is None else out
    for name, value in pairs:
        if isinstance(value, list):
            leaves([pair for pair in value if isinstance(pair, list)], out)
        elif isinstance(value, str) and name.startswith("cflow."):
            out.setdefault(name[6:], value)
    return out


def flow_nodes(pairs):
    """The nodes of single records below a dissection."""
    for name, value in pairs:
        if isinstance(value, list) and value and isinstance(value[0], list):
            if re.match(r"(Flow|pdu) \d", name):
                yield value
            else:
                yield from flow_nodes(value)


def tshark_messages(channels, directory):
    """(address, its cflow dissection as nested pairs) of each message."""
    path = os.path.join(directory, "messages.pcap")
    gen.write_pcap(path, (gen.pkt(gen.EPOCH, gen.ipv4(source(index), LOOPBACK, gen.UDP, gen.udp(40000, PORT, message)))
                          for index, channel in enumerate(channels) for message in channel.messages),
                   linktype=gen.RAW)
    text = collectors.tshark(path, PORT, "-T", "json", "-J", "ip cflow")
    pairs = json.loads(text, object_pairs_hook=lambda items: [list(item) for item in items])
    for packet in pairs:
        layers = dict(map(tuple, dict(map(tuple, packet))["_source"]))["layers"]
        by_name = {}
        for name, value in layers:
            by_name.setdefault(name, value)
        yield dict((n, v) for n, v in by_name["ip"] if isinstance(v, str))["ip.src"], by_name["cflow"]


def since_origin(record, origin):
    """Turns SysUptimes into dates."""
    for ours, theirs in (("flowStart", "start uptime"), ("flowEnd", "end uptime")):
        if theirs in record:
            record[ours] = origin + record.pop(theirs)


def tshark_record(node, head):
    fields = leaves(node)
    record = renamed(fields, TSHARK_NAMES)
    if "sysuptime" in head and "unix_secs" in head:
        since_origin(record, point(head["unix_secs"]) - point(head["sysuptime"]))
    return record


def read_tshark(channels, directory):
    rows = []
    for address, cflow in tshark_messages(channels, directory):
        head = leaves([pair for pair in cflow if not re.match(r"(Flow)?[Ss]et |pdu ", pair[0])])
        for node in flow_nodes(cflow):
            record = tshark_record(node, head)
            if "packetDeltaCount" in record or "octetDeltaCount" in record:
                rows.append((address, record))
    return sorted_out(channels, rows)


# --- ipfixDump --------------------------------------------------------------------

def from_text(name, text):
    """(name, value) as ipfixDump prints it."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", text):
        return general(name), date(text)
    if "IPv6Address" in name:
        return name, str(ipaddress.ip_address(text))
    return name, int(text, 0) if re.fullmatch(r"0x[0-9a-f]+|\d+", text) else text


def general(name):
    """flowStart of flowStartMilliseconds and the like."""
    return re.sub(r"^(flowStart|flowEnd)(Seconds|(Milli|Micro|Nano)seconds|SysUpTime)$", r"\1", name)


def read_ipfixdump(channels, directory):
    return [read_ipfixdump_file(channel, directory) for channel in channels]


def read_ipfixdump_file(channel, directory):
    path = os.path.join(directory, "messages.ipfix")
    with open(path, "wb") as out:
        out.write(b"".join(channel.messages))
    done = subprocess.run(["ipfixDump", "-d", "-i", path], env=NO_TIMEZONE, timeout=120, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode or done.stderr.strip():
        raise AssertionError(f"ipfixDump: {done.stderr.strip()[:300]}")
    records = []
    for part in done.stdout.split("--- data record ")[1:]:
        if "(S)" in part:               # options data
            continue
        fields = re.findall(r"^\s+\((?:\d+/)?\d+\)\s+(\w+) : (.*)$", part, re.M)
        records.append(dict(from_text(name, text.strip()) for name, text in fields))
    return records


# --- python3-ipfix ----------------------------------------------------------------

def python_with_ipfix():
    """An interpreter that has Debian's module, or None."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run(
                [python, "-c", "import ipfix.v9pdu"], stderr=subprocess.DEVNULL, check=False, timeout=30).returncode == 0:
            return python
    return None


def run_read_ipfix(fmt, messages, directory):
    path = os.path.join(directory, "messages." + fmt)
    with open(path, "wb") as out:
        out.write(b"".join(messages))
    return subprocess.run([python_with_ipfix(), os.path.join(HERE, "read_ipfix.py"), fmt, path], env=NO_TIMEZONE,
                          timeout=120, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def without_options(messages):
    """NetFlow v9 without options templates and options data, which python3-ipfix cannot read.

    It takes the two lengths in octets of RFC 3954's options template for IPFIX's two counts of fields
    (template.py, decode_template_from), so that it reads as many fields as the scopes have octets:
    right only where those are one scope and three other fields.  Padding then is a template 0 to it."""
    options, out = set(), []
    for message in messages:
        at, kept = 20, message[:20]
        while at + 4 <= len(message):
            number, size = struct.unpack_from("!HH", message, at)
            if number == 1:
                options.add(struct.unpack_from("!H", message, at + 4)[0])
            elif number not in options:
                kept += message[at:at + size]
            at += size
        if len(kept) > 20:
            out.append(kept)
    return out


def read_python(channels, directory):
    out = []
    for channel in channels:
        messages = without_options(channel.messages) if channel.fmt == "9" else channel.messages
        done = run_read_ipfix(channel.fmt, messages, directory)
        if done.returncode or done.stderr.strip():
            raise AssertionError(f"python3-ipfix: {done.stderr.strip()[-300:]}")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        out.append([{general(name): value for name, value in row.items()} for row in rows
                    if "packetDeltaCount" in row or "octetDeltaCount" in row])
    return out


# --- node-netflowv9 ---------------------------------------------------------------

def node_modules():
    """Where the package is; installed there if it is not yet.  Raises OSError with the reason."""
    prefix = os.path.join(BUILD, "npm")
    modules = os.path.join(prefix, "node_modules")
    manifest = os.path.join(modules, NODE_PACKAGE, "package.json")
    if not os.path.exists(manifest):
        os.makedirs(prefix, exist_ok=True)
        try:
            done = subprocess.run(["npm", "install", "--prefix", prefix, "--no-audit", "--no-fund", "--fetch-retries=0",
                                   "--fetch-timeout=20000", f"{NODE_PACKAGE}@{NODE_VERSION}"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=90, check=False, text=True)
        except subprocess.TimeoutExpired as late:
            raise OSError("npm did not end in 90 s") from late
        if done.returncode or not os.path.exists(manifest):
            raise OSError(f"npm could not install it: {done.stdout.strip().splitlines()[-1:]}")
    return modules


class NodeCollector(Collector):
    """collect.js on a free port."""

    def __init__(self, directory):
        self.port, self.out = collectors.free_port(), os.path.join(directory, "node.json")
        super().__init__(["node", os.path.join(HERE, "collect.js"), node_modules(), str(self.port), self.out],
                         log=os.path.join(directory, "node.log"))


def hex_address(text):
    return str(ipaddress.ip_address(bytes.fromhex(text)))


def hex_mac(text):
    return ":".join(text[at:at + 2] for at in range(0, 12, 2))


NODE_NAMES = {
    "ipv4_src_addr": ("sourceIPv4Address", same), "ipv4_dst_addr": ("destinationIPv4Address", same),
    "ipv6_src_addr": ("sourceIPv6Address", hex_address),
    "ipv6_dst_addr": ("destinationIPv6Address", hex_address),
    "l4_src_port": ("sourceTransportPort", same), "l4_dst_port": ("destinationTransportPort", same),
    "ipv4_src_port": ("sourceTransportPort", same), "ipv4_dst_port": ("destinationTransportPort", same),
    "protocol": ("protocolIdentifier", same), "src_tos": ("ipClassOfService", same),
    "tcp_flags": ("tcpControlBits", same), "in_pkts": ("packetDeltaCount", same), "in_bytes": ("octetDeltaCount", same),
    "first_switched": ("start uptime", ms), "last_switched": ("end uptime", ms),
    "input_snmp": ("ingressInterface", same), "output_snmp": ("egressInterface", same), "src_vlan": ("vlanId", same),
    "icmp_type": ("icmpTypeCodeIPv4", same), "icmpTypeCodeIPv6": ("icmpTypeCodeIPv6", same),
    "min_ttl": ("minimumTTL", same), "max_ttl": ("maximumTTL", same), "direction": ("flowDirection", same),
    "in_src_mac": ("sourceMacAddress", hex_mac),
    "in_dst_mac": ("destinationMacAddress", hex_mac),
    "ip_protocol_version": ("ipVersion", same), "ipv6_flow_label": ("flowLabelIPv6", same),
    "min_pkt_lngth": ("minimumIpTotalLength", same), "max_pkt_lngth": ("maximumIpTotalLength", same),
    "mpls_label_1": ("mplsTopLabelStackSection", same), "mpls_label_2": ("mplsLabelStackSection2", same),
    "mpls_label_3": ("mplsLabelStackSection3", same),
}


def node_record(line):
    record, head = renamed(line["flow"], NODE_NAMES), line["header"]
    since_origin(record, head["seconds"] * 1000 * MS - ms(head["uptime"]))
    return record


def read_node(channels, directory):
    with NodeCollector(directory) as node:
        send(channels, node.port)
        node.drain()
        status = node.stop(signal.SIGTERM)
    if status:
        raise AssertionError(f"node-netflowv9: exit status {status}: {node.messages()[-300:]}")
    with open(node.out, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return sorted_out(channels, [(row["from"], node_record(row)) for row in rows if not row["flow"].get("isOption")])


# --- all --------------------------------------------------------------------------

READERS = {"nfdump": read_nfdump, "nfacctd": read_nfacctd, "tshark": read_tshark, "ipfixDump": read_ipfixdump,
           "python3-ipfix": read_python, "node-netflowv9": read_node}
PROGRAMS = {"nfdump": ("nfcapd", "nfdump"), "nfacctd": ("nfacctd",), "tshark": ("tshark",), "ipfixDump": ("ipfixDump",),
            "python3-ipfix": (), "node-netflowv9": ("node", "npm")}


def absent(name):
    """Why this collector cannot be asked here, or ''."""
    why = collectors.missing(*PROGRAMS[name])
    if not why and name == "python3-ipfix" and not python_with_ipfix():
        why = "not installed: python3-ipfix"
    if not why and name == "node-netflowv9":
        try:
            node_modules()
        except OSError as error:
            why = str(error)
    return why
