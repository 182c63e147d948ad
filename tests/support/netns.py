"""Network namespaces that a test makes for itself, and what it does inside them.

A namespace is named by a string; None stands for the one that the test runs in.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 0x0003
_libc = ctypes.CDLL(None, use_errno=True)


def unusable():
    """Why no namespace can be made here, or ''."""
    if shutil.which("ip") is None:
        return "not installed: iproute2"
    if os.geteuid() != 0:
        return "needs root"
    name = f"sf-probe-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], stderr=subprocess.PIPE, timeout=20,
                           check=False, text=True)
    if tried.returncode == 0:
        tried = subprocess.run(inside(name, ["true"]), stderr=subprocess.PIPE, timeout=20,
                               check=False, text=True)
        delete(name)
    return f"no network namespaces: {tried.stderr.strip()}" if tried.returncode != 0 else ""


def delete(name):
    subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, timeout=20, check=False)


def run(name, *argv):
    """A short command inside; its output."""
    done = subprocess.run(inside(name, argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=20, check=False, text=True)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr.strip()}"
    return done.stdout


def inside(name, argv):
    """The command line that runs argv inside; `ip` execs it, so its PID is the program's."""
    return ["ip", "netns", "exec", name, *argv] if name else list(argv)


def _set(path):
    with open(path, "rb") as handle:
        if _libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")


@contextlib.contextmanager
def entered(name):
    """This thread is inside for the length of the block."""
    if not name:
        yield
        return
    with open("/proc/thread-self/ns/net", "rb") as home:
        _set(f"/run/netns/{name}")
        try:
            yield
        finally:
            _libc.setns(home.fileno(), CLONE_NEWNET)


def udp_socket(name=None):
    with entered(name):
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def frame_sender(name, interface):
    """A socket that sends whole Ethernet frames out of an interface inside."""
    with entered(name):
        sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sender.bind((interface, 0))
        return sender


def _proc_net(name, table):
    with entered(name):
        with open(f"/proc/thread-self/net/{table}", encoding="ascii") as rows:
            return [row.split() for row in rows][1:]


def udp_state(port, name=None):
    """(bytes waiting, datagrams dropped) of the sockets bound to a port, or None."""
    rows = [row for table in ("udp", "udp6") for row in _proc_net(name, table)
            if int(row[1].rpartition(":")[2], 16) == port]
    if not rows:
        return None
    return sum(int(row[4].partition(":")[2], 16) for row in rows), sum(int(row[-1]) for row in rows)


def capturing(name):
    """The ifIndexes that packet sockets for all protocols are bound to (0: any)."""
    return [int(row[4]) for row in _proc_net(name, "packet")
            if int(row[3], 16) == ETH_P_ALL and row[5] == "1"]


class Link:
    """Two namespaces and `count` veth pairs between them, without IPv6 and addresses.

    Interfaces are called a0, a1, ... in the sending namespace and b0, b1, ... in the
    capturing one, which is where the probe runs.
    """

    def __init__(self, count=1):
        self.count = count
        self.sending, self.capturing = (f"sf-{side}-{os.getpid()}" for side in "ab")

    def __enter__(self):
        try:
            for name in (self.sending, self.capturing):
                run(None, "ip", "netns", "add", name)
                for scope in ("all", "default"):
                    self._no_ipv6(name, scope)
                run(name, "ip", "link", "set", "lo", "up")
            for number in range(self.count):
                self.pair(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in (self.sending, self.capturing):
            delete(name)

    @staticmethod
    def _no_ipv6(name, scope):
        path = f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"
        if os.path.exists(path):
            run(name, "sh", "-c", f"echo 1 >{path}")

    def pair(self, number):
        """Makes pair `number`, also anew."""
        run(None, "ip", "link", "add", f"a{number}", "netns", self.sending, "type", "veth",
            "peer", "name", f"b{number}", "netns", self.capturing)
        for name, interface in ((self.sending, f"a{number}"), (self.capturing, f"b{number}")):
            run(name, "ip", "link", "set", interface, "up")

    def index(self, interface):
        """ifIndex of an interface in the capturing namespace."""
        with entered(self.capturing):
            return socket.if_nametoindex(interface)

    def addresses(self, here="192.0.2.1", there="192.0.2.2"):
        """IPv4 addresses on both ends of the first pair."""
        run(self.capturing, "ip", "address", "add", f"{here}/24", "dev", "b0")
        run(self.sending, "ip", "address", "add", f"{there}/24", "dev", "a0")


class Hosts:
    """A namespace with loopback and its own /etc/hosts, in which collector.test is one address."""

    def __init__(self, address="127.0.0.2"):
        self.name, self.first = f"sf-hosts-{os.getpid()}", address
        self.directory = f"/etc/netns/{self.name}"

    def __enter__(self):
        try:
            os.makedirs(self.directory)
            self.point(self.first)
            run(None, "ip", "netns", "add", self.name)
            run(self.name, "ip", "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        delete(self.name)
        shutil.rmtree(self.directory, ignore_errors=True)

    def point(self, address):
        """In place: the file that is mounted is this one."""
        with open(f"{self.directory}/hosts", "w", encoding="ascii") as hosts:
            hosts.write(f"{address} collector.test\n")

    def works(self):
        """Whether programs inside see this file rather than the machine's."""
        ask = "import socket; print(socket.getaddrinfo('collector.test', 9))"
        done = subprocess.run(inside(self.name, [sys.executable, "-c", ask]), stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=20, text=True, check=False)
        return self.first in done.stdout
