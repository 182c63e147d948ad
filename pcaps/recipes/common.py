"""What the recipes share: the conversation that most captures carry, and the files.

A recipe is a function that returns frames; capture() gives it a name, a link type and the
sentence that says what it shows.  Everything is fixed: addresses (RFC 5737, RFC 3849,
RFC 7042), identifiers, times.  The times have nanoseconds, and the last frame of a file is
earlier than its first, so that a record's start and end are not those of the file's order.
"""

import logging
import struct

logging.getLogger("scapy").setLevel(logging.CRITICAL)
# pylint: disable=wrong-import-position
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6
from scapy.packet import Raw

START_NS = 1_773_133_200_000_000_000    # 2026-03-10 09:00:00 UTC
STEP_NS = 10_000_999                    # cutting and rounding to milliseconds differ

A, B = "192.0.2.1", "198.51.100.2"
A6, B6 = "2001:db8::1", "2001:db8:ffff::2"
OUTER_A, OUTER_B = "203.0.113.1", "203.0.113.2"
OUTER_A6, OUTER_B6 = "2001:db8:a::1", "2001:db8:b::2"
MAC_A, MAC_B = bytes.fromhex("00005e005301"), bytes.fromhex("00005e005302")
INNER_MAC_A, INNER_MAC_B = bytes.fromhex("00005e0053a1"), bytes.fromhex("00005e0053b2")

IPV4, IPV6, ARP = 0x0800, 0x86dd, 0x0806
ARP_REQUEST = bytes.fromhex("0001080006040001") + MAC_A + bytes([192, 0, 2, 1]) + \
    bytes(6) + bytes([198, 51, 100, 2])

RECIPES = {}


class Recipe:
    def __init__(self, linktype, shows, make):
        self.linktype, self.shows, self.make = linktype, shows, make


def capture(name, linktype, shows):
    """Registers the function below as the recipe of NAME.pcap."""
    def register(make):
        RECIPES[name] = Recipe(linktype, shows, make)
        return make
    return register


# --- what is said -----------------------------------------------------------------

def talk():
    """Nine IP packets: two directions of TCP over IPv4 and UDP over IPv6, and both echoes."""
    packets = [
        IP(src=A, dst=B, tos=0xb8, id=1) / TCP(sport=40001, dport=443, flags="S", seq=1),
        IP(src=B, dst=A, tos=0x02, id=1) / TCP(sport=443, dport=40001, flags="SAE", seq=9, ack=2),
        IP(src=A, dst=B, tos=0xb8, id=2) / TCP(sport=40001, dport=443, flags="PA", seq=2, ack=10) / Raw(b"request"),
        IPv6(src=A6, dst=B6, tc=0x28, fl=0x12345) / UDP(sport=40002, dport=53) / Raw(b"query"),
        IPv6(src=B6, dst=A6, fl=0x54321) / UDP(sport=53, dport=40002) / Raw(b"an answer"),
        IPv6(src=A6, dst=B6, tc=0x28, fl=0x12345) / UDP(sport=40002, dport=53) / Raw(b"another query"),
        IP(src=A, dst=B, id=3) / ICMP(type=8, id=7, seq=1) / Raw(b"echo"),
        IPv6(src=B6, dst=A6) / ICMPv6EchoReply(id=7, seq=1, data=b"reply"),
        IP(src=A, dst=B, tos=0xb8, id=4) / TCP(sport=40001, dport=443, flags="FA", seq=9, ack=10),
    ]
    return [bytes(packet) for packet in packets]


def version(packet):
    return packet[0] >> 4


def ethertype(packet):
    return IPV6 if version(packet) == 6 else IPV4


def said(wrap, other=None, among=4):
    """The conversation, each packet in wrap(packet, number); a frame without IP among them."""
    frames = [wrap(packet, number) for number, packet in enumerate(talk())]
    return frames if other is None else frames[:among] + [other] + frames[among:]


def talk4():
    return [packet for packet in talk() if version(packet) == 4]


def talk6():
    return [packet for packet in talk() if version(packet) == 6]


# --- Ethernet -----------------------------------------------------------------------

def macs(number, a=MAC_A, b=MAC_B):
    """Destination and source: the directions alternate."""
    return a + b if number % 2 else b + a


def ether(payload, kind, number=0, pad=True):
    """An Ethernet frame; short ones are padded with something that is no data."""
    frame = macs(number) + struct.pack("!H", kind) + payload
    return frame.ljust(60, b"\xee") if pad else frame


def inner_ether(packet, number=0):
    """A frame inside of something: not padded, addresses of its own."""
    return macs(number, INNER_MAC_A, INNER_MAC_B) + struct.pack("!H", ethertype(packet)) + packet


def snap(packet, kind=None):
    """LLC and SNAP (RFC 1042)."""
    return b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", kind or ethertype(packet)) + packet


ARP_FRAME = ether(ARP_REQUEST, ARP)


# --- files ----------------------------------------------------------------------------

class Frame:
    """Octets as captured, how many there were on the wire, and when."""

    def __init__(self, data, wire=None, ts_ns=None):
        self.data, self.wire, self.ts_ns = data, len(data) if wire is None else wire, ts_ns


def timed(frames):
    """Frames with times: in steps, and the last one before the first."""
    out = []
    for number, frame in enumerate(frames):
        frame = frame if isinstance(frame, Frame) else Frame(frame)
        if frame.ts_ns is None:
            late = len(frames) > 1 and number == len(frames) - 1
            frame.ts_ns = START_NS - STEP_NS // 2 if late else START_NS + number * STEP_NS
        out.append(frame)
    return out


def pcap(linktype, frames):
    """A pcap file with nanoseconds."""
    out = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, linktype)]
    for frame in timed(frames):
        out.append(struct.pack("<IIII", frame.ts_ns // 10**9, frame.ts_ns % 10**9, len(frame.data), frame.wire))
        out.append(frame.data)
    return b"".join(out)
