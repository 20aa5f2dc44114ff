"""Out of memory: where we allocate the process ends with a message, where a
library does it may find a way. It neither hangs nor goes on with nonsense."""

import errno
import signal

import pytest

from support.raw import Ended
from support.websocket import Closed, Refused

STEPS = range(0, 130)


def use(server):
    """A client's life: handshake, subscribe, publish, big message, request."""
    try:
        client = server.join("alice", "room")
        client.send({"type": "broadcast", "channel": "room",
                     "payload": "x" * 3000})
        client.receive_type("broadcast")
        client.ask({"type": "presence"})
        server.request("/metrics")
        client.end()
    except (Ended, Closed, Refused, OSError, AssertionError, IndexError):
        pass  # it may be gone


@pytest.mark.parametrize("after", STEPS)
def test_an_allocation_fails(faulty, faults, after):
    server = faulty()
    faults.set("allocate", errno.ENOMEM, after=after)
    use(server)
    judge(server, faults, is_enough=after > 50)


def judge(server, faults, is_enough):
    """It lives, or has ended with the message."""
    if not faults.clear():
        assert is_enough, "hardly anything was allocated"
        return  # a life has fewer
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
