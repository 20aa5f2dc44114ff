"""A server out of descriptors or sockets: it still serves operators (/health,
/ready, /metrics), answers 503 to others, uses its full limit, does not
busy-loop or flood its log, and recovers."""

import ctypes
import os
import re
import resource
import time

import pytest

from support.patience import seconds, wait_until
from support.raw import request_text
from support.server import WORKERS
from support.upgrade import upgrade
from support.websocket import Refused, handshake_headers

SHORT = 'peal_limit_reached_total{limit="descriptors"}'
FULL = 'peal_limit_reached_total{limit="connections"}'
SLOW = {"limits": {"handshake_seconds": 60}}


def open_many(server, count):
    """Opens silent TCP connections; the kernel accepts them."""
    return [server.socket(timeout=5, context=False) for _ in range(count)]


def get(server, path="/health", headers=(), before=b"", timeout=3):
    """The response to a request, or None if none arrives in time."""
    try:
        raw = server.socket(timeout=timeout)
    except OSError:  # over TLS: closed before the handshake
        return None
    try:
        raw.send(before)
        raw.send(request_text(path, headers=headers))
        return raw.response()
    except (OSError, AssertionError):
        return None
    finally:
        raw.close()


def status(server, path, **options):
    response = get(server, path, **options)
    return response and response.status


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def check_full(server, reason):
    """While full: alive, low CPU use, few log lines. Waits first until each
    thread has rejected its excess connections."""
    server.wait_all_accepted()
    wait_until(lambda: status(server, "/ready") == 503, 10)
    assert [status(server, "/health") for _ in range(5)] == [200] * 5
    ready = get(server, "/ready")
    assert ready.status == 503 and reason.encode() in ready.body
    assert int(ready.headers["retry-after"]) > 0
    assert ready.headers["connection"] == "close"
    assert status(server, "/metrics") == 200
    for path, headers in (("/api.html", ()), ("/api/channels", ()),
                          ("/ws/late", handshake_headers())):
        refused = get(server, path, headers)
        assert refused.status == 503, path
        assert refused.body == b'{"error":"Full"}'
        assert int(refused.headers["retry-after"]) > 0
    check_calm(server)


def check_calm(server):
    before = server.cpu_seconds()
    lines = len(server.log_lines())
    time.sleep(1)
    assert server.cpu_seconds() - before < 0.3 * max(1, seconds(1))
    assert len(server.log_lines()) - lines < 10


def check_recovered(server, raws):
    for raw in raws:
        raw.close()
    wait_until(lambda: status(server, "/ready") == 200, 10,
               what="free descriptors")
    assert server.connect().handshake.status == 101


def may_open(count):
    """Runs in the child process before it executes peal: peal may not raise
    the limit."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
        drop, cap_sys_resource = 24, 24  # PR_CAPBSET_DROP
        ctypes.CDLL(None).prctl(drop, cap_sys_resource, 0, 0, 0)
    return limit


def test_a_limit_lowered_at_run_time(peal):
    """Even the spare descriptors are in use then."""
    server = peal(config=SLOW)
    client = server.connect("early", protocol="broadcast")
    # in Debian 13 the libraries hold two more for each thread
    limit = open_files(server) + 18
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    raws = open_many(server, 60)
    check_full(server, "No file descriptors are left")
    assert client.ask({"type": "ping"})["type"] == "pong"
    assert 1 <= len(server.log_lines("Out of file descriptors")) <= 30
    check_recovered(server, raws)
    assert server.metric(SHORT) > 0


def connect_until_full(server):
    """The number of WebSockets accepted."""
    for count in range(1000):
        try:
            server.connect(f"c{count}")
        except (Refused, OSError):
            return count
    raise AssertionError("it never was full")


# each thread has its own loops, rings and spare descriptors
SMALL = 256 + 40 * (WORKERS - 1)


def test_nearly_all_of_a_small_limit_is_used(peal):
    server = peal(config=SLOW, before_start=may_open(SMALL))
    line = server.wait_log("Open file limit too low")
    told = int(re.search(r"connections=(\d+)", line)[1])
    assert re.search(rf"wanted=100000 allowed={SMALL}\b", line)
    assert told >= 0.65 * SMALL  # at the size of this limit
    count = connect_until_full(server)
    assert told <= count + 2 and count - told < 12
    assert open_files(server) > 0.85 * SMALL
    check_full(server, "No file descriptors are left")
    server.wait_log("Out of file descriptors")
    assert server.metric(SHORT) > 0 and server.metric(FULL) == 0
    while server.clients:
        server.clients.pop().drop()
    check_recovered(server, [])


def test_reusable_sockets_are_released_for_new_ones(peal):
    """Each thread keeps closed sockets for reuse. Without descriptors, all
    threads release them."""
    server = peal(config=SLOW, before_start=may_open(SMALL), plain=True)
    told = int(re.search(r"connections=(\d+)",
                         server.wait_log("Open file limit too low"))[1])
    raws = open_many(server, told // 2)
    for raw in raws:
        raw.send(request_text("/health", headers=[("Connection", "close")]))
    for raw in raws:
        assert raw.response().status == 200
        raw.close()
    first = connect_until_full(server)
    def all_fit():
        try:
            server.connect("again")
        except (Refused, OSError):
            pass
        return len(server.clients) >= told - 2
    wait_until(all_fit, what=f"room for {told}, not {first}")


@pytest.mark.parametrize("silent", [True, False])
def test_refused_connections_do_not_hide_the_shortage(peal, silent):
    """Each excess connection makes room for the next one."""
    server = peal(config=SLOW, before_start=may_open(SMALL))
    connect_until_full(server)
    began = time.monotonic()
    for i in range(30):
        others = open_many(server, 10)
        for raw in [] if silent else others:
            raw.send(b"GET /he")
        assert status(server, "/health") == 200, i
        for raw in others:
            raw.close()
    assert time.monotonic() - began < seconds(10)


def test_a_silent_excess_connection_is_closed_soon(peal):
    server = peal(config=SLOW, before_start=may_open(SMALL), plain=True)
    connect_until_full(server)
    raw = server.socket(timeout=seconds(10))
    began = time.monotonic()
    assert raw.rest().startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert 1 < time.monotonic() - began < seconds(5)


def test_a_request_in_pieces_is_answered_too(peal):
    server = peal(config=SLOW, before_start=may_open(SMALL))
    connect_until_full(server)
    raw = server.socket()
    for piece in (b"GET /hea", b"lth HTTP/1.1\r\n", b"Host: localhost\r\n\r\n"):
        raw.send(piece)
        time.sleep(0.1)
    response = raw.response()
    assert response.status == 200 and response.headers["connection"] == "close"
    assert raw.is_ended()


def test_with_a_proxy_header(peal):
    server = peal(config={**SLOW, "proxy_protocol": True},
                  before_start=may_open(SMALL), plain=True)
    word = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
    raws = open_many(server, SMALL)
    for raw in raws:
        raw.send(word)
    wait_until(lambda: status(server, "/ready", before=word) == 503, 10)
    assert [status(server, "/health", before=word)
            for _ in range(5)] == [200] * 5
    assert status(server, "/api.html", before=word) == 503
    for raw in raws:
        raw.close()
    wait_until(lambda: status(server, "/ready", before=word) == 200, 10)


# ---- limits.connections, and sockets beside these


def test_at_the_limit_of_connections_it_is_not_ready(peal):
    server = peal(config={"limits": {"connections": 2}})
    first = server.connect("first")
    assert status(server, "/ready") == 200
    server.connect("second")
    ready = get(server, "/ready")
    assert ready.status == 503
    assert ready.body == b'{"error":"limits.connections is reached"}'
    assert int(ready.headers["retry-after"]) > 0
    assert status(server, "/health") == 200
    first.drop()
    wait_until(lambda: status(server, "/ready") == 200,
               what="free descriptors")


def test_more_sockets_than_connections_and_requests_need(peal):
    """768 sockets are for plain HTTP; silent connections may use all of
    them."""
    server = peal(config={"limits": {"handshake_seconds": 60,
                                     "connections": 1}})
    raws = open_many(server, 769)
    check_full(server, "Too many sockets are open")
    assert server.metric(FULL) > 0 and server.metric(SHORT) == 0
    check_recovered(server, raws)


def test_a_new_process_accepts_clients_regardless_of_the_old_one(peal):
    """During an in-place upgrade the full old process accepts none."""
    server = peal(config={"limits": {"connections": 1}, "drain_seconds": 3})
    server.connect("first")
    assert status(server, "/ready") == 503
    old = upgrade(server)
    assert [status(server, "/ready") for _ in range(20)] == [200] * 20
    assert old.wait(seconds(20)) == 0
