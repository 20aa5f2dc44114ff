"""A private network in which servers can be separated from each other.

The test moves into a network namespace together with everything it starts. A
server in a `Place` has its own namespace, connected to the test's by a bridge.
The namespaces disappear when the processes have ended."""

import ctypes
import os
import subprocess

from support import patience

CLONE_NEWNET = 0x40000000
HERE = "10.0.0.1"


def call_libc(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


class Network:
    """While it exists, this thread is in the network, with the threads and
    processes it starts."""

    def __init__(self):
        self.before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.places = []
        call_libc("unshare", CLONE_NEWNET)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "name", "hub", "type", "bridge")
        run("ip", "address", "add", f"{HERE}/24", "dev", "hub")
        run("ip", "link", "set", "hub", "up")

    def add(self):
        self.places.append(Place(len(self.places) + 2))
        return self.places[-1]

    def end(self):
        call_libc("setns", self.before, CLONE_NEWNET)
        os.close(self.before)
        for place in self.places:
            place.end()


class Place:
    """The network namespace of a server with its own address."""

    def __init__(self, number):
        self.address = f"10.0.0.{number}"
        outside = f"place{number}"
        self.holder = subprocess.Popen(["unshare", "--net", "sleep",
                                        "infinity"])
        self.enter = ("nsenter", "-t", str(self.holder.pid), "-n")
        patience.wait_until(self.is_apart, what="a network namespace")
        run("ip", "link", "add", "name", outside, "type", "veth", "peer",
            "name", "eth0", "netns", str(self.holder.pid))
        run("ip", "link", "set", outside, "master", "hub", "up")
        run(*self.enter, "ip", "link", "set", "lo", "up")
        run(*self.enter, "ip", "address", "add", f"{self.address}/24", "dev",
            "eth0")
        run(*self.enter, "ip", "link", "set", "eth0", "up")

    def is_apart(self):
        here, there = (os.readlink(f"/proc/{who}/ns/net")
                       for who in ("thread-self", self.holder.pid))
        return here != there

    def leave(self, other):
        """Drops everything sent to the other place, so connections stall in
        both directions."""
        run(*self.enter, "ip", "route", "add", "blackhole", other.address)

    def meet(self, other):
        run(*self.enter, "ip", "route", "del", "blackhole", other.address)

    def end(self):
        self.holder.kill()
        self.holder.wait()
