"""Ports for servers that a test starts."""

import fcntl
import os
import pathlib
import random
import socket
import tempfile

# Below those that the kernel gives to connections: one of these could take
# the port of a server that is stopped for a moment.
FIRST, END = 20000, 32000

locks = open(pathlib.Path(tempfile.gettempdir(),
                          f"peal-test-ports-{os.getuid()}"), "ab")
ours = set()


def take(port):
    """Nobody else gets it as long as this process lives: neither another run
    of tests nor a second server of this one, which may not be bound yet."""
    if port in ours:
        return False
    try:
        fcntl.lockf(locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    ours.add(port)
    return True


def is_free(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port():
    while True:
        port = random.randrange(FIRST, END)
        if take(port) and is_free(port):
            return port


def free_ports(count):
    """The first of so many in a row."""
    while True:
        first = random.randrange(FIRST, END - count)
        row = range(first, first + count)
        if all(map(take, row)) and all(map(is_free, row)):
            return first
