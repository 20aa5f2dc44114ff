"""Listening: on loopback by default; a port in use is a clear error."""

import json
import socket
import subprocess

import pytest

from support.patience import seconds
from support.server import clean_environment, find_program, listening_sockets
from support.tokens import SECRET

LOOPBACK, EVERYWHERE = "0100007F", "00000000"


def start(*args, **env):
    """Runs peal until it exits."""
    return subprocess.run(
        [find_program(), *args], env={**clean_environment(), **env},
        capture_output=True, text=True, timeout=seconds(10))


def test_by_default_it_listens_on_loopback_only(peal):
    server = peal()
    found = listening_sockets(server.process.pid)
    assert set(found) == {(LOOPBACK, server.port)}


def test_it_listens_on_the_configured_address(peal):
    server = peal(config={"host": "0.0.0.0", "auth": {"secret": SECRET}})
    found = listening_sockets(server.process.pid)
    assert set(found) == {(EVERYWHERE, server.port)}


def test_beyond_loopback_auth_is_required():
    for host in ("0.0.0.0", "::"):
        result = start("--host", host, "--port", "0")
        assert result.returncode != 0
        assert "auth" in result.stderr and "--insecure" in result.stderr


def test_insecure_overrides_that(peal):
    server = peal(config={"host": "0.0.0.0"}, args=["--insecure"])
    found = listening_sockets(server.process.pid)
    assert set(found) == {(EVERYWHERE, server.port)}


def test_ipv6_works_too(peal):
    server = peal(config={"host": "::1"}, plain=True)
    raw = socket.create_connection(("::1", server.port), seconds(5))
    raw.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                b"\r\n")
    answer = b""
    while data := raw.recv(4096):
        answer += data
    raw.close()
    assert answer.endswith(b'{"status":"healthy"}')


def test_with_a_json_log_a_failed_start_is_an_object():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = start("--port", str(port), "--log.format", "json")
    assert result.returncode == 1
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert events[-1]["level"] == "error"
    assert events[-1]["message"] == "Cannot start"
    assert f"cannot listen on 127.0.0.1 port {port}" in events[-1]["reason"]


@pytest.mark.parametrize("workers", ["1", "4"])
def test_a_port_in_use_is_a_clear_error(workers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = start("--port", port, "--workers", workers)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"peal: cannot listen on 127.0.0.1 port {port}: "
        "Address already in use")


def test_the_port_of_another_peal_is_in_use(peal):
    """Although each process shares the port among its threads."""
    server = peal()
    result = start("--port", str(server.port), "--workers", "2")
    assert result.returncode == 1
    assert "Address already in use" in result.stderr
    assert server.is_alive()


def test_an_unknown_host_is_a_clear_error():
    result = start("--host", "127.0.0.300", "--port", "0",
                   PEAL_AUTH_SECRET=SECRET)
    assert result.returncode == 1
    assert "127.0.0.300" in result.stderr


def test_environment_and_flags_reach_the_server(peal):
    server = peal(env={"PEAL_ECHO_PREFIX": "env> "})
    client = server.connect()
    client.send("x")
    assert client.receive_data() == "env> x"
    server = peal(env={"PEAL_ECHO_PREFIX": "env> "},
                  args=["--echo_prefix", "flag> "])
    client = server.connect()
    client.send("x")
    assert client.receive_data() == "flag> x"
