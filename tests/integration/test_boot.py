"""A machine that has just booted: the monotonic clock is near zero, so earlier
times computed from it would be negative."""

import ctypes
import os
import subprocess
import time

import pytest

from support.raw import request_text
from support.websocket import handshake_headers

CLONE_NEWTIME = 0x80
UPTIME = 3  # seconds


def enter_young_time():
    """Run by the server's process before it becomes the program."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWTIME):
        raise OSError(ctypes.get_errno(), "unshare")
    with open("/proc/self/timens_offsets", "w", encoding="ascii") as offsets:
        offsets.write(f"monotonic {UPTIME - int(time.monotonic())} 0\n")
    inside = os.open("/proc/self/ns/time_for_children", os.O_RDONLY)
    if libc.setns(inside, CLONE_NEWTIME):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(inside)


@pytest.fixture
def young(peal):
    if subprocess.run(["unshare", "-T", "true"], check=False).returncode:
        pytest.skip("cannot create a time namespace here")
    return peal({"limits": {"handshake_seconds": 3600}},
                before_start=enter_young_time)


def test_a_kept_alive_connection_stays_open(young):
    raw = young.socket()
    for _ in range(3):
        raw.send(request_text("/health"))
        assert raw.response().status == 200
        time.sleep(1.2)


def test_a_slow_request_has_its_time(young):
    raw = young.socket()
    text = request_text("/ws/alice", headers=handshake_headers())
    raw.send(text[:20])
    time.sleep(3)
    raw.send(text[20:])
    assert raw.response().status == 101


def test_a_client_stays_and_is_pinged(young):
    client = young.connect()
    time.sleep(2.5)
    client.send("still here")
    assert client.receive_data() == "Echo: still here"
