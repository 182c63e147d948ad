"""Files: what pcapng can say, byte orders, time resolutions, compression."""

import gzip
import lzma
import struct
import subprocess

from .common import ARP_FRAME, START_NS, STEP_NS, Frame, ether, ethertype, pcap, said, talk, timed
from .links import erf_records

FILES = {}


def file(name, shows):
    """Registers the function below, which returns a whole file's octets."""
    def register(make):
        FILES[name] = (shows, make)
        return make
    return register


class Section:
    """A pcapng section in one byte order."""

    def __init__(self, order="<"):
        self.order, self.out = order, b""
        self.block(0x0a0d0d0a, self.pack("IHHq", 0x1a2b3c4d, 1, 0, -1))

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def block(self, kind, body):
        body += bytes(-len(body) % 4)
        size = self.pack("I", 12 + len(body))
        self.out += self.pack("I", kind) + size + body + size

    def options(self, options):
        out = b"".join(self.pack("HH", code, len(value)) + value + bytes(-len(value) % 4) for code, value in options)
        return out + self.pack("HH", 0, 0) if options else b""

    def interface(self, linktype, snaplen=0, resolution=None, offset=None, name=None):
        options = [(2, name)] if name else []
        options += [(9, bytes([resolution]))] if resolution is not None else []
        options += [(14, self.pack("q", offset))] if offset is not None else []
        self.block(1, self.pack("HHI", linktype, 0, snaplen) + self.options(options))

    def packet(self, data, ts_units, interface=0, wire=None, options=()):
        head = self.pack("IIIII", interface, ts_units >> 32, ts_units & 0xffffffff, len(data), wire or len(data))
        self.block(6, head + data + bytes(-len(data) % 4) + self.options(options))

    def simple(self, data, wire=None):
        self.block(3, self.pack("I", wire or len(data)) + data)


def ethernet_frames():
    return timed(said(lambda packet, n: ether(packet, ethertype(packet), n), ARP_FRAME))


@file("pcapng-interfaces.pcapng", "interfaces that differ in link type, snapshot length and resolution: Ethernet in ns, raw IP cut in microseconds, cooked in 1/1024 s from an offset; names, statistics and a custom block")
def interfaces():
    section = Section()
    section.interface(1, 65535, 9, name=b"eth0")
    section.interface(101, 44, 6, name=b"tun0")
    section.interface(113, 0, 0x8a, START_NS // 10**9 - 100)
    for n, packet in enumerate(talk()):
        now = START_NS + n * STEP_NS
        if n % 3 == 0:
            section.packet(ether(packet, ethertype(packet), n), now, 0, options=[(1, b"a comment")])
        elif n % 3 == 1:
            section.packet(packet[:44], now // 1000, 1, len(packet))
        else:
            cooked = struct.pack("!HHH8sH", 0, 1, 6, b"\0\0\x5e\0\x53\1", ethertype(packet)) + packet
            section.packet(cooked, (now - (START_NS // 10**9 - 100) * 10**9) * 1024 // 10**9, 2)
        if n == 4:
            section.block(0xbad, section.pack("I", 32473) + b"something")
    section.block(5, section.pack("III", 0, 0, 0) + section.options([(4, section.pack("Q", 3))]))
    return section.out


@file("pcapng-sections.pcapng", "two sections, little-endian and big-endian, whose interface 0 is not the same")
def sections():
    first, second = Section("<"), Section(">")
    first.interface(1, 65535, 6)
    second.interface(101, 65535, 9)
    for n, packet in enumerate(talk()):
        now = START_NS + n * STEP_NS
        if n < 5:
            first.packet(ether(packet, ethertype(packet), n), now // 1000)
        else:
            second.packet(packet, now)
    return first.out + second.out


@file("pcapng-big-endian.pcapng", "a big-endian section, resolution not told: microseconds")
def big_endian():
    section = Section(">")
    section.interface(1)
    for frame in ethernet_frames():
        section.packet(frame.data, frame.ts_ns // 1000)
    return section.out


@file("pcapng-simple.pcapng", "simple packets, which have no time, among others; cut by the interface's snapshot length")
def simple():
    section = Section()
    section.interface(1, 68, 9)
    for n, frame in enumerate(ethernet_frames()):
        if n in (1, 2, 6):
            section.simple(frame.data[:68], len(frame.data))
        else:
            section.packet(frame.data[:68], frame.ts_ns, 0, len(frame.data))
    return section.out


@file("pcap-big-endian.pcap", "pcap, big-endian, microseconds")
def pcap_big_endian():
    out = [struct.pack(">IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    for frame in ethernet_frames():
        out.append(struct.pack(">IIII", frame.ts_ns // 10**9, frame.ts_ns % 10**9 // 1000, len(frame.data), frame.wire))
        out.append(frame.data)
    return b"".join(out)


@file("erf-file.erf", "a file of ERF records")
def erf_file():
    return b"".join(frame.data for frame in erf_records())


def plain():
    return pcap(1, [Frame(frame.data) for frame in ethernet_frames()])


@file("compressed.pcap.gz", "ethernet.pcap, gzip")
def compressed_gz():
    return gzip.compress(plain(), mtime=0)


@file("compressed.pcap.xz", "ethernet.pcap, xz")
def compressed_xz():
    return lzma.compress(plain())


@file("compressed.pcap.zst", "ethernet.pcap, Zstandard")
def compressed_zst():
    return subprocess.run(["zstd", "-q", "-c", "--no-check"], input=plain(), stdout=subprocess.PIPE, check=True).stdout
