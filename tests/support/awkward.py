"""The register of awkward captures, and those about time; see pcapgen.py."""
from collections import namedtuple

from packets import *                   # noqa: F403

Capture = namedtuple("Capture", "make summary options")
CAPTURES = {}


def awkward(*options):
    """Register a maker of packets, files or a Capture file; `options` are runs worth making."""
    def register(function):
        name = function.__name__
        CAPTURES[name] = Capture(function, (function.__doc__ or "").split("\n")[0], options or ({},))
        return function
    return register


class File:
    """Packets and how they are written, where it is not a plain nanosecond Ethernet file."""

    def __init__(self, packets, writer=write_pcap, **how):
        self.packets, self.writer, self.how = packets, writer, how

    def write(self, path):
        self.writer(path, self.packets, **self.how)


T = EPOCH


@awkward()
def no_packets():
    """a file header and nothing more"""
    return []


@awkward({}, {"end": "0"}, {"end": "100ms"}, {"end": "1h", "idle": "2h"})
def linger_reuse():
    """a tuple used again while its FIN lingers"""
    return [tcp4(T, SYN), tcp4(T + 10 * MS, ACK), tcp4(T + 20 * MS, FIN | ACK),
            tcp4(T + 30 * MS, ACK), tcp4(T + 200 * MS, SYN), tcp4(T + 300 * MS, SYN | ACK),
            tcp4(T + 400 * MS, RST), tcp4(T + 500 * MS, SYN), tcp4(T + 600 * MS, SYN),
            tcp4(T + 1400 * MS, ACK, size=7), tcp4(T + 1410 * MS, ACK, size=8)]


@awkward({}, {"end": "0"})
def second_fin():
    """a second FIN does not prolong the linger"""
    return [tcp4(T, SYN), tcp4(T + SECOND, FIN | ACK), tcp4(T + 1900 * MS, FIN | ACK),
            tcp4(T + 2 * SECOND - 1, ACK, size=3), tcp4(T + 2 * SECOND, ACK, size=4),
            tcp4(T + 2100 * MS, ACK, size=5)]


@awkward({}, {"end": "0"})
def rst_after_fin():
    """RST after FIN joins and keeps the first deadline; FIN after RST too"""
    out = [tcp4(T, ACK), tcp4(T + MS, FIN), tcp4(T + 500 * MS, RST), tcp4(T + 1001 * MS, RST, size=1)]
    return out + [tcp4(T + 2100 * MS, RST, sport=2), tcp4(T + 2200 * MS, FIN | ACK, sport=2),
                  tcp4(T + 3100 * MS - 1, ACK, sport=2), tcp4(T + 3100 * MS, ACK, sport=2)]


@awkward({}, {"end": "0"})
def syn_fin():
    """SYN with FIN or RST starts a linger, and joins one"""
    return [tcp4(T, SYN | FIN), tcp4(T + MS, SYN | FIN), tcp4(T + 2 * MS, SYN | RST),
            tcp4(T + 3 * MS, ACK), tcp4(T + 4 * MS, SYN), tcp4(T + 5 * MS, SYN | FIN | RST),
            tcp4(T + 6 * MS, SYN), tcp4(T + 1005 * MS, ACK)]


@awkward({}, {"idle": "2s"}, {"idle": "1ms"})
def deadline_idle():
    """idle met to the nanosecond: one before joins, at it splits"""
    out = []
    for port, step in ((1, 15 * SECOND - 1), (2, 15 * SECOND), (3, 15 * SECOND + 1),
                       (4, 2 * SECOND - 1), (5, 2 * SECOND), (6, MS - 1), (7, MS)):
        out += [udp4(T + i * step, sport=port) for i in range(4)]
    return sorted(out, key=lambda p: p.ts)


@awkward({"active": "60s"}, {"active": "10s"}, {"active": "60s", "idle": "10s"})
def deadline_active():
    """active met to the nanosecond while packets keep coming"""
    out = [udp4(T + i * 10 * SECOND, sport=1) for i in range(20)]
    out += [udp4(T + i * 5 * SECOND - (1 if i == 12 else 0), sport=2) for i in range(14)]
    out += [udp4(T + i * 5 * SECOND + (1 if i == 12 else 0), sport=3) for i in range(14)]
    return sorted(out, key=lambda p: p.ts)


@awkward({}, {"end": "5s"}, {"end": "1ms"})
def deadline_end():
    """end met to the nanosecond"""
    out = []
    for port, step in ((1, SECOND - 1), (2, SECOND), (3, SECOND + 1), (4, 5 * SECOND - 1),
                       (5, 5 * SECOND), (6, MS - 1), (7, MS)):
        out += [tcp4(T, SYN, sport=port), tcp4(T + 7, FIN | ACK, sport=port),
                tcp4(T + 7 + step, ACK, sport=port), tcp4(T + 8 + step, ACK, sport=port)]
    return sorted(out, key=lambda p: p.ts)


@awkward({"idle": "5s", "active": "5s", "end": "5s"}, {"idle": "5s", "end": "5s"},
         {"active": "5s", "end": "5s"}, {"idle": "5s", "active": "10s"},
         {"idle": "10s", "active": "10s", "end": "5s"})
def deadline_ties():
    """deadlines that fall on the same nanosecond: the lowest reason wins"""
    out = [tcp4(T, SYN | FIN, sport=1), tcp4(T, SYN, sport=2), tcp4(T, FIN, sport=3),
           tcp4(T + 5 * SECOND, ACK, sport=1), tcp4(T + 5 * SECOND, ACK, sport=2),
           tcp4(T + 5 * SECOND, FIN, sport=4), tcp4(T + 5 * SECOND, FIN, sport=3),
           tcp4(T + 10 * SECOND, ACK, sport=1), tcp4(T + 10 * SECOND, ACK, sport=2),
           tcp4(T + 10 * SECOND, ACK, sport=4), udp4(T + 10 * SECOND, sport=9),
           tcp4(T + 15 * SECOND, ACK, sport=2), arp_at(T + 20 * SECOND)]
    return out


@awkward({}, {"active": "10s"}, {"active": "14s", "idle": "15s"}, {"end": "20s", "active": "12s"})
def deadlines_passed():
    """several deadlines passed at once: the earliest names the reason"""
    out = [udp4(T, sport=1), udp4(T + 9 * SECOND, sport=1), tcp4(T, SYN, sport=2),
           tcp4(T + 9 * SECOND, FIN, sport=2), tcp4(T + 9500 * MS, ACK, sport=2), udp4(T, sport=3),
           tcp4(T + 9900 * MS, FIN, sport=5)]
    late = T + 7200 * SECOND
    return out + [udp4(late, sport=1), tcp4(late, ACK, sport=2), tcp4(late, SYN, sport=5),
                  udp4(late + 5, sport=4)]


@awkward({}, {"idle": "14s"}, {"active": "14s"})
def final_clock():
    """at the end of input a packet that is not metered has moved the clock"""
    return [udp4(T, sport=1), udp4(T + SECOND, sport=2), tcp4(T + 14 * SECOND, FIN, sport=3),
            tcp4(T + 14 * SECOND + 1, FIN, sport=4), arp_at(T + 15 * SECOND)]


@awkward()
def ecn_and_dscp():
    """ECN bits flip within a flow, DSCP makes another flow; ToS is the first packet's"""
    out = [tcp4(T + i * MS, ACK, tos=tos) for i, tos in enumerate((2, 0, 3, 1, 0xb8, 0xbb, 0x04, 0xfc, 0xff))]
    for i, tos in enumerate((3, 0, 0x28, 0x2a)):
        out.append(pkt(T + (20 + i) * MS, eth(ipv6("::1", "::2", UDP, udp(1, 2), tos), 0x86dd)))
    return out


@awkward({}, {"idle": "90s"}, {"idle": "70s", "active": "100s"}, {"idle": "70s", "active": "20s"})
def clock_back_small():
    """steps back of up to exactly 60 s leave the clock where it is; deadlines look at the clock"""
    out = [udp4(T + 100 * SECOND, sport=1), udp4(T + 99 * SECOND, sport=1),
           udp4(T + 40 * SECOND, sport=1), udp4(T + 40 * SECOND + 1, sport=2),
           tcp4(T + 41 * SECOND, FIN, sport=7), tcp4(T + 42 * SECOND, ACK, sport=7),
           tcp4(T + 101 * SECOND - 1, ACK, sport=7), tcp4(T + 101 * SECOND, ACK, sport=7),
           udp4(T + 115 * SECOND - 1, sport=1), udp4(T + 60 * SECOND, sport=3),
           udp4(T + 115 * SECOND, sport=3), udp4(T + 114 * SECOND, sport=2)]
    return out + [udp4(T + 130 * SECOND, sport=3), udp4(T + 70 * SECOND, sport=4)]


@awkward({}, {"active": "20s"})
def clock_not_timestamp():
    """a late packet's flow is judged by the clock that it meets, not by its own time"""
    return [udp4(T, sport=1), arp_at(T + 10 * SECOND), udp4(T + SECOND, sport=2), arp_at(T + 14 * SECOND),
            udp4(T + 11 * SECOND, sport=1), udp4(T + 11 * SECOND, sport=2), udp4(T + 29 * SECOND - 1, sport=1),
            udp4(T + 29 * SECOND - 1, sport=2), udp4(T + 29 * SECOND, sport=3), udp4(T + 30 * SECOND, sport=2)]


@awkward({}, {"idle": "2m"}, {"idle": "10m", "end": "5m"})
def clock_back_large():
    """a step back of more than 60 s ends all flows and restarts the clock"""
    out = [udp4(T, sport=1), tcp4(T + 90 * SECOND, FIN, sport=2), udp4(T + 100 * SECOND, sport=1),
           udp4(T + 40 * SECOND - 1, sport=1), udp4(T + 41 * SECOND, sport=1),
           tcp4(T + 42 * SECOND, ACK, sport=2), udp4(T + 300 * SECOND, sport=3)]
    return out + [arp_at(T + 200 * SECOND), udp4(T + 200 * SECOND + 5, sport=3),
                  udp4(T + 100 * SECOND, sport=4)]


@awkward()
def clock_jumps_far():
    """a file that jumps over years, back and forth; SysUptime cannot keep one origin"""
    day = 86400 * SECOND
    stamps = (T, T + 30 * day, T + 49 * day, T + 50 * day, T + 100 * day, T - 3000 * day,
              T + 40 * day, 5 * SECOND, 6 * SECOND + 123_456_789, 4294967290 * SECOND)
    return [udp4(ts, sport=10 + i % 3, size=i) for i, ts in enumerate(stamps)]


@awkward({}, {"idle": "10h"})
def time_zero_first():
    """packets without a time before any with one"""
    return [udp4(0, sport=1), udp4(0, sport=1), udp4(0, sport=2), udp4(T, sport=1), udp4(T + 5, sport=2)]


@awkward({}, {"idle": "1s"})
def time_zero_later():
    """packets without a time take the clock, also after a step back"""
    return [udp4(T, sport=1), udp4(0, sport=1), udp4(T + 2 * SECOND, sport=2), udp4(0, sport=1),
            udp4(T + SECOND, sport=3), udp4(0, sport=3), udp4(T - 100 * SECOND, sport=4), udp4(0, sport=4)]


@awkward({}, {"idle": "1s"})
def time_all_zero():
    """no packet has a time"""
    return [udp4(0, sport=1), udp4(0, sport=2), udp4(0, sport=1), tcp4(0, FIN)]
