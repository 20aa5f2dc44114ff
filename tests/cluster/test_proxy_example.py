"""conf/cluster/run.sh does what it says, with each proxy."""

import contextlib
import os
import re
import shutil
import signal
import subprocess

import pytest

from redis_server import KIND, PROGRAM
from support import patience
from support.ports import free_ports, is_free
from support.raw import RawSocket, request_text
from support.server import ROOT, find_program
from support.websocket import Client, ws_path


PORTS = 15


def hear_interrupts():
    """Restores SIGINT: background processes of a script start with it ignored,
    and a shell cannot trap a signal that was ignored at its start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def example(first, log, *words):
    ours = {name: value for name, value in os.environ.items()
            if not name.startswith("PEAL_TEST_")}
    environment = {**ours, "PEAL_BINARY": find_program(),
                   "REDIS": KIND, "FIRST_PORT": str(first)}
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [ROOT / "conf" / "cluster" / "run.sh", *words], env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True, preexec_fn=hear_interrupts)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(patience.seconds(30))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


def get(port, path):
    raw = RawSocket(port)
    raw.send(request_text(path, headers=[("Connection", "close")]))
    response = raw.response()
    raw.close()
    return response


@pytest.mark.parametrize("proxy", ["nginx", "haproxy"])
def test_the_example_with(proxy, tmp_path):
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    assert shutil.which(proxy, path=path), \
        f"{proxy} is missing: apt-get install {proxy}"
    first = free_ports(PORTS)
    log = tmp_path / "run.log"
    with example(first, log, proxy) as process:
        def is_there():
            assert process.poll() is None, log.read_text()
            return f"http://127.0.0.1:{first}/" in log.read_text()
        patience.wait_until(is_there, 30, what="the example to start")
        talk(first)
        assert get(first, "/").status == 200
        assert get(first, "/ready").status == 200
    ports = range(first, first + PORTS)
    patience.wait_until(lambda: all(map(is_free, ports)), 5)
    assert process.returncode == 0


def test_an_instance_waits_for_haproxy_before_it_drains():
    folder = ROOT / "conf" / "cluster"
    every, fall = re.search(r"inter (\d+)s fall (\d+)",
                            (folder / "haproxy.cfg").read_text()).groups()
    for name in ("peal.json", "compose.yml"):
        delay = re.search(r'drain_delay_seconds"?: "?(\d+)',
                          (folder / name).read_text(), re.I)[1]
        assert int(delay) > int(every) * int(fall), name


@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_the_example_with_replicas(kind, tmp_path):
    """A master is killed; the service continues with its replica."""
    first = free_ports(PORTS)
    log = tmp_path / "run.log"
    with example(first, log, "haproxy", kind) as process:
        patience.wait_until(
            lambda: f"http://127.0.0.1:{first}/" in log.read_text() or
            process.poll() is not None, 30, what="the example to start")
        assert process.poll() is None, log.read_text()
        talk(first)
        found = subprocess.run(
            ["pgrep", "-f", f"{PROGRAM} 127.0.0.1:{first + 3}"],
            capture_output=True, text=True, check=True)
        os.kill(int(found.stdout), signal.SIGKILL)
        ports = (first + 1, first + 2)
        patience.wait_until(
            lambda: not all(map(has_redis, ports)), 10,
            what="the failure to be detected")
        patience.wait_until(
            lambda: all(map(has_redis, ports)), 40, 0.1,
            what="the replica to take over")
        patience.wait_until(lambda: both_are_used(first), 20, 0.2,
                            what="the proxy to use both instances again")
        talk(first)
        assert process.poll() is None, log.read_text()
    patience.wait_until(
        lambda: all(map(is_free, range(first, first + PORTS))), 5)


def has_redis(port):
    """/ready tolerates short outages."""
    return b"\npeal_redis_ready 1\n" in get(port, "/metrics").body


def both_are_used(front):
    if get(front, "/ready").status != 200:
        return False  # the proxy knows no instance yet
    clients = [Client(front, ws_path(f"probe{i}", [""]), protocol="broadcast",
                      headers=[("Origin", "http://127.0.0.1")])
               for i in range(2)]
    used = all(connections(port) > 0 for port in (front + 1, front + 2))
    for client in clients:
        client.end()
    return used


def talk(front):
    """Clients on both instances through the proxy, like a page it serves."""
    origin = [("Origin", "http://127.0.0.1")]  # same as Host
    clients = [Client(front, ws_path(f"client{i}", ["room"]),
                      protocol="broadcast", headers=origin)
               for i in range(4)]
    for client in clients:
        client.receive_type("subscribed")
    clients[0].send({"type": "broadcast", "channel": "room", "payload": 7})
    for client in clients:
        assert client.receive_type("broadcast")["payload"] == 7
    assert all(connections(port) > 0 for port in (front + 1, front + 2))
    for client in clients:
        client.end()


def connections(port):
    text = get(port, "/metrics").body.decode()
    return next(float(line.split()[1]) for line in text.splitlines()
                if line.startswith("peal_connections "))
