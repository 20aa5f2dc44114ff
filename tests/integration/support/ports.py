"""Ports for servers started by a test."""

import fcntl
import os
import pathlib
import random
import socket
import tempfile

# Below the kernel's ephemeral ports: an outgoing connection could otherwise
# take the port of a server that is briefly stopped.
FIRST, END = 20000, 32000

locks = open(pathlib.Path(tempfile.gettempdir(),
                          f"peal-test-ports-{os.getuid()}"), "ab")
ours = set()


def take(port):
    """Reserves the port for the lifetime of this process, against other test
    runs and against other servers of this one that are not bound yet."""
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
    """The first of `count` consecutive free ports."""
    while True:
        first = random.randrange(FIRST, END - count)
        row = range(first, first + count)
        if all(map(take, row)) and all(map(is_free, row)):
            return first
