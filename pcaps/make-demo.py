#!/usr/bin/env python3
"""Writes demo.pcap: half a minute of an imaginary small office's SPAN port.

The capture is the same byte for byte whenever it is made.  All addresses are of
the documentation ranges (RFC 5737, RFC 3849, RFC 7042), all checksums are right.

usage: make-demo.py [FILE]      (default: demo.pcap beside this script)
"""

import ipaddress
import os
import struct
import sys

START = 1_773_133_200_000_000          # 2026-03-10 09:00:00 UTC, in microseconds
MS = 1000

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

# The cast: IPv4 address, IPv6 address.
ALICE, BOB, CAROL = "192.0.2.10", "192.0.2.11", "192.0.2.12"
ALICE6 = "2001:db8:1::10"
RESOLVER, TIMESERVER, GATEWAY = "192.0.2.53", "192.0.2.123", "192.0.2.1"
WEB, SHOP, SHELL, PHONE = "198.51.100.80", "198.51.100.43", "198.51.100.22", "192.0.2.60"
WEB6 = "2001:db8:2::80"
SCANNER = "203.0.113.66"


# --- Bytes: from the inside out ---------------------------------------------

def checksum(data):
    """RFC 1071's Internet checksum."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo_header(src, dst, proto, length):
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if src.version == 4:
        return src.packed + dst.packed + struct.pack("!BBH", 0, proto, length)
    return src.packed + dst.packed + struct.pack("!IxxxB", length, proto)


def with_checksum(src, dst, proto, segment, offset):
    total = checksum(pseudo_header(src, dst, proto, len(segment)) + segment)
    if proto == 17 and total == 0:
        total = 0xffff                  # RFC 768: 0 would mean "no checksum"
    return segment[:offset] + struct.pack("!H", total) + segment[offset + 2:]


def ip(src, dst, proto, payload, tos=0, ident=0):
    if ipaddress.ip_address(src).version == 6:
        return ip6(src, dst, proto, payload, tos)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, tos, 20 + len(payload), ident, 0x4000,
                       64, proto, 0, ipaddress.ip_address(src).packed,
                       ipaddress.ip_address(dst).packed)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(src, dst, proto, payload, traffic_class):
    return struct.pack("!IHBB16s16s", 6 << 28 | traffic_class << 20, len(payload), proto, 64,
                       ipaddress.ip_address(src).packed,
                       ipaddress.ip_address(dst).packed) + payload


def tcp(src, dst, sport, dport, seq, ack, flags, data=b"", tos=0):
    options = bytes.fromhex("020405b4") if flags & SYN else b""
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack if flags & ACK else 0,
                          (5 + len(options) // 4) << 4, flags, 64240, 0, 0) + options + data
    return ip(src, dst, 6, with_checksum(src, dst, 6, segment, 16), tos, seq & 0xffff)


def udp(src, dst, sport, dport, data, tos=0):
    datagram = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    return ip(src, dst, 17, with_checksum(src, dst, 17, datagram, 6), tos)


def echo(src, dst, is_reply, ident, seq):
    data = bytes(range(56))
    if ipaddress.ip_address(src).version == 4:
        message = struct.pack("!BBHHH", 0 if is_reply else 8, 0, 0, ident, seq) + data
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        return ip(src, dst, 1, message)
    message = struct.pack("!BBHHH", 129 if is_reply else 128, 0, 0, ident, seq) + data
    return ip(src, dst, 58, with_checksum(src, dst, 58, message, 2))


def mac(address):
    """A documentation MAC address (00-00-5E-00-53-xx) for a host."""
    return bytes.fromhex("00005e0053") + ipaddress.ip_address(address).packed[-1:]


def frame(packet, tags=()):
    """The Ethernet frame of an IP packet; tags are (TPID, VLAN ID), outermost first."""
    version = packet[0] >> 4
    ends = (packet[12:16], packet[16:20]) if version == 4 else (packet[8:24], packet[24:40])
    src, dst = (mac(ipaddress.ip_address(end)) for end in ends)
    shim = b"".join(struct.pack("!HH", tpid, vid) for tpid, vid in tags)
    return dst + src + shim + (b"\x08\x00" if version == 4 else b"\x86\xdd") + packet


# --- The capture ------------------------------------------------------------

class Capture:
    """Frames with their times; conversations may overlap, the file is in order."""

    def __init__(self):
        self.frames = []

    def add(self, at, data):
        """One frame at that many microseconds from the start, padded as on a wire."""
        self.frames.append((START + at, len(self.frames), data.ljust(60, b"\0")))

    def packet(self, at, packet, tags=()):
        self.add(at, frame(packet, tags))

    def write(self, path):
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for when, _, data in sorted(self.frames):
                out.write(struct.pack("<IIII", when // 1_000_000, when % 1_000_000,
                                      len(data), len(data)) + data)


class Session:
    """A TCP connection: keeps the sequence numbers, one packet every `step`."""

    def __init__(self, capture, at, client, server, sport, dport, step=4 * MS, tags=(), tos=0):
        self.capture, self.at, self.step, self.tags, self.tos = capture, at, step, tags, tos
        self.ends = [(client, sport, 1000 * sport), (server, dport, 7000 * dport)]

    def send(self, who, flags, data=b""):
        """One segment of the client (who=0) or the server (1)."""
        (src, sport, seq), (dst, dport, ack) = self.ends[who], self.ends[1 - who]
        self.capture.packet(self.at, tcp(src, dst, sport, dport, seq, ack, flags, data, self.tos),
                            self.tags)
        self.ends[who] = (src, sport, seq + len(data) + (1 if flags & (SYN | FIN) else 0))
        self.at += self.step

    def handshake(self):
        self.send(0, SYN)
        self.send(1, SYN | ACK)
        self.send(0, ACK)

    def exchange(self, request, reply, size=1448):
        """A request and its reply of so many bytes, acknowledged every two segments."""
        self.send(0, PSH | ACK, request)
        parts = [reply[i:i + size] for i in range(0, len(reply), size)]
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            self.send(1, (PSH if last else 0) | ACK, part)
            if number % 2 or last:
                self.send(0, ACK)

    def finish(self):
        self.send(0, FIN | ACK)
        self.send(1, FIN | ACK)
        self.send(0, ACK)


def filler(size, seed):
    """Bytes that look like nothing (encrypted data), the same every time."""
    state, out = seed, bytearray()
    while len(out) < size:
        state = (state * 1103515245 + 12345) & 0x7fffffff
        out.append(state >> 16 & 0xff)
    return bytes(out)


def tls(size, seed):
    """A record of TLS application data."""
    return struct.pack("!BHH", 23, 0x0303, size) + filler(size, seed)


def dns_message(ident, name, answer=None):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    kind = 28 if answer and ":" in answer else 1
    head = struct.pack("!HHHHHH", ident, 0x8180 if answer else 0x0100, 1, 1 if answer else 0, 0, 0)
    message = head + labels + struct.pack("!HH", kind, 1)
    if answer:
        data = ipaddress.ip_address(answer).packed
        message += struct.pack("!HHHIH", 0xc00c, kind, 1, 300, len(data)) + data
    return message


# --- The scenes -------------------------------------------------------------

def lookups(cap):
    names = [("www.example.com", WEB), ("shop.example.net", SHOP), ("shell.example.org", SHELL),
             ("mail.example.com", "198.51.100.25"), ("time.example.net", TIMESERVER),
             ("cdn.example.com", "198.51.100.81")]
    for n, (name, answer) in enumerate(names):
        client, port, at = (ALICE, BOB, CAROL)[n % 3], 40000 + 17 * n, n * 900 * MS
        cap.packet(at, udp(client, RESOLVER, port, 53, dns_message(n, name)))
        cap.packet(at + 11 * MS, udp(RESOLVER, client, 53, port, dns_message(n, name, answer)))


def web(cap):
    request = b"GET / HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: demo\r\n\r\n"
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    for n in range(3):
        body = b"<p>Nothing to see here.</p>\n" * (60 + 90 * n)
        session = Session(cap, 200 * MS + n * 2500 * MS, ALICE, WEB, 50100 + n, 80)
        session.handshake()
        session.exchange(request, page % len(body) + body)
        session.finish()


def shop(cap):
    for n in range(2):
        session = Session(cap, 1300 * MS + n * 4000 * MS, BOB, SHOP, 51200 + n, 443, step=6 * MS)
        session.handshake()
        session.exchange(tls(384, 1 + n), tls(3700, 2 + n))
        session.exchange(tls(384, 3 + n), tls(16000, 4 + n))
        session.finish()


def shell(cap):
    """Typing over ssh, with the DSCP of interactive traffic, for half a minute."""
    session = Session(cap, 2600 * MS, CAROL, SHELL, 52300, 22, step=15 * MS, tos=0x48)
    session.handshake()
    session.exchange(b"SSH-2.0-demo\r\n", b"SSH-2.0-demo\r\n" + filler(1000, 9))
    for n in range(10):
        session.at += 2300 * MS
        session.exchange(filler(36, n), filler(36 + 20 * n, 50 + n))
    session.finish()


def refused_upload(cap):
    """A connection that the server resets in the middle."""
    session = Session(cap, 9100 * MS, BOB, WEB, 53400, 80)
    session.handshake()
    session.send(0, PSH | ACK, b"POST /upload HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    session.send(0, ACK, filler(1448, 77))
    session.send(1, RST | ACK)


def web6(cap):
    session = Session(cap, 3900 * MS, ALICE6, WEB6, 54500, 443, step=5 * MS)
    session.handshake()
    session.exchange(tls(512, 21), tls(4100, 22), size=1428)
    session.exchange(tls(256, 23), tls(7200, 24), size=1428)
    session.finish()


def pings(cap):
    for n in range(5):
        at = 5000 * MS + n * 1000 * MS
        cap.packet(at, echo(ALICE, GATEWAY, False, 7, n))
        cap.packet(at + 1 * MS, echo(GATEWAY, ALICE, True, 7, n))
        cap.packet(at + 300 * MS, echo(ALICE6, WEB6, False, 8, n))
        cap.packet(at + 318 * MS, echo(WEB6, ALICE6, True, 8, n))


def phone(cap):
    """A call on the voice VLAN (20), marked EF."""
    for n in range(12):
        at = 6200 * MS + n * 20 * MS
        cap.packet(at, udp(PHONE, "198.51.100.60", 16384, 16390, filler(172, n), 0xb8),
                   [(0x8100, 20)])
        cap.packet(at + 7 * MS, udp("198.51.100.60", PHONE, 16390, 16384, filler(172, 90 + n),
                                    0xb8), [(0x8100, 20)])


def branch_office(cap):
    """A customer's VLAN 30 inside the provider's 100 (802.1ad)."""
    session = Session(cap, 7700 * MS, "192.0.2.200", "198.51.100.5", 55600, 5432,
                      tags=[(0x88a8, 100), (0x8100, 30)])
    session.handshake()
    session.exchange(b"Q\0\0\0\x0eSELECT 1;\0", filler(90, 31))
    session.finish()


def scan(cap):
    """SYNs to thirty ports; all closed but two."""
    for n, port in enumerate([21, 22, 23, 25, 53, 80, 88, 110, 111, 135, 139, 143, 161, 389, 443,
                              445, 465, 514, 587, 631, 993, 995, 1433, 1521, 3306, 3389, 5432,
                              5900, 8080, 8443]):
        session = Session(cap, 11000 * MS + n * 8 * MS, SCANNER, ALICE, 61000, port, step=1 * MS)
        session.send(0, SYN)
        session.send(1, SYN | ACK if port in (22, 80) else RST | ACK)
        if port in (22, 80):
            session.send(0, RST)


def clock(cap):
    question = b"\x23" + bytes(47)
    answer = b"\x24\x02\x06\xe9" + bytes(8) + b"DEMO" + bytes(32)
    cap.packet(12500 * MS, udp(CAROL, TIMESERVER, 123, 123, question))
    cap.packet(12503 * MS, udp(TIMESERVER, CAROL, 123, 123, answer))


def not_ip(cap):
    """ARP, LLDP and spanning tree: seen, counted, no flows."""
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac(ALICE) + bytes([192, 0, 2, 10])
    cap.add(100 * MS, b"\xff" * 6 + mac(ALICE) + b"\x08\x06" + arp + bytes(6) + bytes([192, 0, 2, 1]))
    reply = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + mac(GATEWAY) + bytes([192, 0, 2, 1])
    cap.add(101 * MS, mac(ALICE) + mac(GATEWAY) + b"\x08\x06" + reply + mac(ALICE)
            + bytes([192, 0, 2, 10]))
    lldp = b"\x02\x07\x04" + mac(GATEWAY) + b"\x04\x05\x05port" + b"\x06\x02\x00\x78" + b"\0\0"
    cap.add(4000 * MS, bytes.fromhex("0180c200000e") + mac(GATEWAY) + b"\x88\xcc" + lldp)
    bridge = b"\x80\0" + mac(GATEWAY)
    bpdu = b"\x42\x42\x03" + bytes(5) + bridge + bytes(4) + bridge \
        + struct.pack("!HHHHH", 0x8001, 0, 20 << 8, 2 << 8, 15 << 8)
    for n in range(3):
        cap.add(1000 * MS + n * 2000 * MS, bytes.fromhex("0180c2000000") + mac(GATEWAY)
                + struct.pack("!H", len(bpdu)) + bpdu)


SCENES = [lookups, web, shop, shell, refused_upload, web6, pings, phone, branch_office, scan,
          clock, not_ip]


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "demo.pcap")
    capture = Capture()
    for scene in SCENES:
        scene(capture)
    capture.write(path)
    print(f"{path}: {len(capture.frames)} packets")


if __name__ == "__main__":
    main()
