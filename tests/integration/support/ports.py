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

taken = open(pathlib.Path(tempfile.gettempdir(),
                          f"peal-test-ports-{os.getuid()}"), "ab")


def take(port):
    """No other run of tests gets it as long as this process lives."""
    try:
        fcntl.lockf(taken, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def free_port():
    while True:
        port = random.randrange(FIRST, END)
        with socket.socket() as probe:
            if take(port) and probe.connect_ex(("127.0.0.1", port)):
                return port
