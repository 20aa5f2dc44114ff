"""A log that is unread, closed or missing delays nothing."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess

import pytest

from support.patience import seconds, wait_until
from support.raw import Ended, RawSocket, request_text
from support.server import (clean_environment, find_program,
                            listening_sockets)
from support.websocket import Client, ws_path

F_SETPIPE_SZ = 1031


@contextlib.contextmanager
def running(command, **options):
    """Runs a server, yields its port, and checks that it stops gracefully."""
    process = subprocess.Popen(command, env=clean_environment(), **options)
    try:
        socket = wait_until(lambda: listening_sockets(process.pid), 10,
                            what="a listening socket")
        yield process, socket[0][1]
        process.send_signal(signal.SIGTERM)
        assert process.wait(seconds(8)) == 0
    finally:
        process.kill()
        process.wait()


def command(*more):
    return [find_program(), "--port", "0", "--workers", "1",
            "--drain_seconds", "0", *more]


def request(port, path):
    raw = RawSocket(port, context=False)
    raw.send(request_text(path, headers=[("Connection", "close")]))
    response = raw.response("GET")
    raw.close()
    return response


def use(port, times=60):
    """Each closed connection writes a log line."""
    for i in range(times):
        client = Client(port, ws_path(f"c{i}"), context=False)
        client.send("hello")
        assert client.receive_data() == "Echo: hello"
        client.end()
    assert request(port, "/health").status == 200


def lines_lost(port):
    body = request(port, "/metrics").body.decode()
    return int(next(line.split()[1] for line in body.splitlines()
                    if line.startswith("peal_log_lines_lost_total ")))


def test_an_unread_pipe(peal):
    read_end, write_end = os.pipe()
    fcntl.fcntl(read_end, F_SETPIPE_SZ, 4096)
    with running(command(), stderr=write_end) as (_, port):
        os.close(write_end)
        use(port)
    os.close(read_end)


def test_a_pipe_without_reader(peal):
    read_end, write_end = os.pipe()
    with running(command(), stderr=write_end) as (_, port):
        os.close(write_end)
        os.close(read_end)
        use(port)
        wait_until(lambda: lines_lost(port) > 0, 5, what="lost lines")


def test_a_full_disk(peal):
    with open("/dev/full", "wb") as full, \
            running(command(), stderr=full) as (_, port):
        use(port)
        wait_until(lambda: lines_lost(port) > 0, 5, what="lost lines")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_descriptors_that_were_closed_at_the_start(closed):
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    with running(shell + command("--dev")) as (process, port):
        use(port, 5)
        for fd in range(3):
            os.stat(f"/proc/{process.pid}/fd/{fd}")


def test_arbitrary_paths_give_valid_lines(peal):
    server = peal(config={"log": {"format": "json"},
                          "api": {"key": "a-key-of-the-tests"}})
    for path in ("/api/channels/%ff%9b%00%1b%0a/presence",
                 "/api/channels/" + "%22%5c" * 800 + "/history",
                 "/api/channels/" + "%f0%9f%98%80" * 500 + "/history",
                 "/ws/%ff%9b"):
        with contextlib.suppress(Ended):  # longer than the limit of a head
            server.request(path)
    server.signal()
    server.wait_exit()
    lines = server.log_file.read_bytes().splitlines()
    for line in lines:
        json.loads(line.decode("utf-8", "strict"))
    assert any(b"/api/channels/" in line for line in lines)
