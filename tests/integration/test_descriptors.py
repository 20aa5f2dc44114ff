"""Out of descriptors: a full server says 503, does not spin, does not flood
its log, and recovers. Over TLS it just closes: see test_tls.py."""

import ctypes
import resource
import socket
import time

from support.patience import seconds, wait_until


def open_many(server, count):
    """Silent TCP connections; the kernel completes them by itself."""
    made = []
    for _ in range(count):
        raw = server.socket(timeout=5)
        made.append(raw)
    return made


def answer_of(server):
    """The response to a request now, or b'' when none comes in time."""
    raw = server.socket(timeout=3)
    raw.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    try:
        return raw.rest()
    except socket.timeout:
        return b""
    finally:
        raw.close()


def check_full(server, is_full):
    """While full: 503, calm, quiet."""
    wait_until(lambda: is_full(answer_of(server)))  # all have come in
    answers = [answer_of(server) for _ in range(5)]
    assert all(is_full(answer) for answer in answers), answers
    before = server.cpu_seconds()
    lines = len(server.log_lines())
    time.sleep(1)
    assert server.cpu_seconds() - before < 0.3 * max(1, seconds(1))
    assert len(server.log_lines()) - lines < 10


def is_503(answer):
    return (answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n") and
            b"Retry-After: " in answer and
            answer.endswith(b'\r\n\r\n{"error":"Full"}'))


def check_recovered(server, raws):
    for raw in raws:
        raw.close()
    end = time.monotonic() + seconds(5)
    while b" 200 OK" not in answer_of(server):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert server.connect().handshake.status == 101


def test_a_server_without_descriptors_says_503_and_recovers(peal):
    server = peal(config={"limits": {"handshake_seconds": 60}}, plain=True)
    client = server.connect("early", protocol="broadcast")
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (60, 60))
    raws = open_many(server, 60)
    check_full(server, is_503)
    assert client.ask({"type": "ping"})["type"] == "pong"
    assert 1 <= len(server.log_lines("Out of file descriptors")) <= 15
    check_recovered(server, raws)
    assert server.metric('peal_limit_reached_total{limit="descriptors"}') > 0


def may_not_raise_its_limit():
    """In the new process, before it becomes peal."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))
    drop, cap_sys_resource = 24, 24  # PR_CAPBSET_DROP
    ctypes.CDLL(None).prctl(drop, cap_sys_resource, 0, 0, 0)


def test_a_small_limit_of_open_files_is_kept_clear_of(peal):
    """With fewer files allowed than connections, 256 stay for other uses."""
    server = peal(config={"limits": {"handshake_seconds": 60}},
                  before_start=may_not_raise_its_limit, plain=True)
    assert server.log_lines("Fewer open files are allowed than connections")
    raws = open_many(server, 60)
    check_full(server, is_503)
    assert not server.log_lines("Out of file descriptors")
    check_recovered(server, raws)
    assert server.metric('peal_limit_reached_total{limit="connections"}') > 0
