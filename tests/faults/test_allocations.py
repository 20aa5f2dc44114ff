"""Out of memory: if an allocation of the server fails, the process ends with a
message; a library may handle the failure. The server neither hangs nor
continues with invalid data."""

import errno
import signal

import pytest

from support.raw import Ended
from support.websocket import Closed, Refused

STEPS = range(0, 130)


def use(server):
    """A client's lifetime: handshake, subscribe, publish, large message,
    request."""
    try:
        client = server.join("alice", "room")
        client.send({"type": "broadcast", "channel": "room",
                     "payload": "x" * 3000})
        client.receive_type("broadcast")
        client.ask({"type": "presence"})
        server.request("/metrics")
        client.end()
    except (Ended, Closed, Refused, OSError, AssertionError, IndexError):
        pass  # the server may have ended


@pytest.mark.parametrize("after", STEPS)
def test_an_allocation_fails(faulty, faults, after):
    server = faulty()
    faults.set("allocate", errno.ENOMEM, after=after)
    use(server)
    judge(server, faults, is_enough=after > 50)


def judge(server, faults, is_enough):
    """The server is alive, or has ended with the message."""
    if not faults.clear():
        assert is_enough, "hardly anything was allocated"
        return  # fewer allocations were made
    if server.process.poll() is None:
        try:
            alive = server.is_alive()
        except (Ended, OSError):
            alive = False
        if alive:
            return
    assert server.wait_exit() == -signal.SIGABRT
    server.exit_code = -signal.SIGABRT
    assert "out of memory" in server.log().lower()
