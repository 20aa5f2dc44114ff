"""Upgrades in place: a new process takes over the port under load, and clients
move gradually. If the new process cannot start, nothing changes."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from support import patience
from support.patience import seconds
from support.raw import request_text
from support.server import WORKERS, clean_environment, find_program
from support.upgrade import start, upgrade
from support.websocket import Closed


KEY = "the-key-of-a-backend"


class Storm:
    """Threads that connect repeatedly and record errors."""

    def __init__(self, server):
        self.server = server
        self.is_over = False
        self.errors = []
        self.connected = 0
        self.requests = 0
        self.threads = [threading.Thread(target=self.repeat, args=[work, i])
                        for i in range(3)
                        for work in (self.connect_once, self.request_some)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join()

    def repeat(self, work, number):
        while not self.is_over:
            try:
                work(number)
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(repr(error))

    def connect_once(self, number):
        """Handshakes must succeed; a regular close may follow immediately."""
        client = self.server.connect(f"storm-{number}")
        self.connected += 1
        try:
            client.send_frame(1, "here")
            assert client.next_data().payload == b"Echo: here"
        except Closed as closed:
            assert closed.code == 1012
        except BrokenPipeError:
            pass  # its close frame may be under way
        finally:
            client.raw.close()
            self.server.clients.remove(client)

    def request_some(self, number):
        """Like a backend: sends requests over a kept-alive connection until
        the server announces its end."""
        raw = self.server.socket()
        body = b'{"channel":"room","payload":1}'
        publish = request_text("/api/publish", "POST", [
            ("Authorization", "Bearer " + KEY),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body)))]) + body
        try:
            for _ in range(20):
                raw.send(publish if number else request_text("/health"))
                response = raw.response()
                assert response.status == 200, response
                self.requests += 1
                if response.headers.get("connection") == "close":
                    break
        finally:
            raw.close()
            self.server.sockets.remove(raw)

    def wait_connected(self, more):
        before = self.connected
        patience.wait_until(lambda: self.connected >= before + more, 20,
                            what=f"{more} connections")


def test_nobody_is_refused_while_processes_come_and_go(peal):
    server = peal(config={"drain_seconds": 1, "api": {
        "key": KEY, "requests_per_second": 0}})
    olds = []
    with Storm(server) as storm:
        for _ in range(4):
            storm.wait_connected(50)
            olds.append(upgrade(server))
        storm.wait_connected(50)
    assert storm.errors == []
    assert storm.connected > 250 and storm.requests > 250
    for old in olds:
        assert old.wait(seconds(15)) == 0
    assert server.is_alive()


def test_the_number_of_workers_may_change(peal):
    server = peal(config={"drain_seconds": 0, "api": {
        "key": KEY, "requests_per_second": 0}})
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    with Storm(server) as storm:
        for workers in (3, 1, 2):
            file.write_text(json.dumps({**config, "workers": workers}))
            old = upgrade(server)
            storm.wait_connected(100)
            assert old.wait(seconds(15)) == 0
    assert storm.errors == []
    assert [f" workers={count} " in line for count, line in zip(
        (WORKERS, 3, 1, 2), server.log_lines("Listening"))] == [True] * 4


def test_clients_move_gradually_within_drain_seconds(peal):
    server = peal(config={"drain_seconds": 2})
    clients = [server.join(f"c{i}", "room") for i in range(40)]
    begun = time.monotonic()
    old = upgrade(server)
    times = []
    for client in clients:
        assert client.wait_close() == 1012
        times.append(time.monotonic() - begun)
        server.join("again", "room").end()
    assert old.wait(seconds(10)) == 0
    assert times[-1] > 1.5


def test_requests_accepted_before_the_upgrade_are_served(peal):
    """A handshake and a request that are incomplete when the upgrade
    starts."""
    server = peal(config={"drain_seconds": 5})
    sockets = [server.socket() for _ in range(20)]
    head = request_text("/health")
    for raw in sockets:
        raw.send(head[:20])
    server.wait_metric("peal_sockets", 21)
    old = upgrade(server)
    server.wait_log("Draining")
    time.sleep(0.3)
    for raw in sockets:
        raw.send(head[20:])
        assert raw.response().status == 200
    for raw in sockets:
        raw.close()
    assert old.wait(seconds(10)) == 0


def test_readiness_never_fails_during_an_upgrade(peal):
    """The old process answers one more request on each kept-alive
    connection."""
    server = peal(config={"drain_seconds": 5})
    kept = [server.socket() for _ in range(2)]
    for raw in kept:
        raw.send(request_text("/ready"))
        assert raw.response().status == 200
    old = upgrade(server)
    server.wait_log("Draining")
    for raw, path in zip(kept, ("/ready", "/metrics")):
        raw.send(request_text(path))
        response = raw.response()
        assert response.status == 200
        assert response.headers["connection"] == "close"
        raw.close()
    assert server.request("/ready").status == 200
    assert old.wait(seconds(10)) == 0


def test_new_connections_to_the_old_process_are_closed_properly(peal):
    server = peal(config={"drain_seconds": 1})
    raw = server.socket()
    server.wait_metric("peal_sockets", 2)
    old = upgrade(server)
    server.wait_log("Draining")
    raw.send(
        "GET /ws/late HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    assert raw.response().status == 101
    assert raw.take(4)[2:] == b"\x03\xf4"  # 1012
    raw.close()
    assert old.wait(seconds(10)) == 0


def test_without_redis_clients_learn_that_messages_may_be_lost(peal):
    server = peal(config={"drain_seconds": 0,
                          "channels": [{"match": "*", "history_size": 10}]})
    client = server.join("alice", "room")
    sent = client.ask({"type": "broadcast", "channel": "room", "payload": 1})
    upgrade(server)
    assert client.wait_close() == 1012
    epoch = client.subscribed[0]["epoch"]
    client = server.connect("alice", [""], protocol="broadcast")
    answer = client.ask({"type": "subscribe", "channel": "room", "since": {
        "epoch": epoch, "offset": sent["offset"]}})
    assert answer["type"] == "subscribed" and answer["recovered"] is False


# --- upgrades that fail

def expect_failure(server, reason):
    client = server.join("alice", "room")
    pid = server.process.pid
    start(server)
    assert reason in server.wait_log("Upgrade failed")
    assert server.process.pid == pid and server.process.poll() is None
    assert client.ask({"type": "broadcast",
                       "payload": 1})["type"] == "broadcastResult"
    assert server.metric("peal_failed_upgrades_total") == 1
    assert server.is_alive()


def test_an_invalid_config_changes_nothing(peal):
    server = peal()
    (server.folder / "peal.json").write_text('{"workers": "many"}')
    expect_failure(server, "exited with code 2")
    assert "workers" in server.wait_log("peal: ")


def test_an_unreadable_key_changes_nothing(peal):
    server = peal()
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(
        {**config, "auth": {"key_file": "/nowhere.pem"}}))
    expect_failure(server, "exited with code")


@pytest.fixture
def replaceable(peal, tmp_path, monkeypatch):
    """A server whose program file can be replaced, and that file."""
    program = tmp_path / "peal"
    shutil.copy(find_program(), program)
    monkeypatch.setenv("PEAL_BINARY", str(program))
    return peal(config={"drain_seconds": 0}), program


def replace(program, text):
    new = program.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o755)
    new.rename(program)


def test_a_program_that_fails_changes_nothing(replaceable):
    server, program = replaceable
    replace(program, "#!/bin/sh\nexit 7\n")
    expect_failure(server, "exited with code 7")


def test_a_program_that_is_killed_changes_nothing(replaceable):
    server, program = replaceable
    replace(program, "#!/bin/sh\nkill -9 $$\n")
    expect_failure(server, "killed by signal 9")


def test_a_missing_program_changes_nothing(replaceable):
    server, program = replaceable
    program.unlink()
    expect_failure(server, "No such file")


def test_after_a_failure_the_next_one_succeeds(replaceable):
    server, program = replaceable
    program.unlink()
    expect_failure(server, "No such file")
    shutil.copy("/proc/%d/exe" % server.process.pid, program)
    old = upgrade(server)
    assert old.wait(seconds(10)) == 0
    assert server.is_alive()


def test_a_new_program_at_the_same_path_is_run(replaceable):
    server, program = replaceable
    real = program.with_suffix(".real")
    shutil.copy(find_program(), real)
    replace(program, f"#!/bin/sh\necho a new one, $#\nexec {real} \"$@\"\n")
    old = upgrade(server)
    assert old.wait(seconds(10)) == 0
    server.wait_log("a new one, 4")
    assert server.is_alive()


def test_a_signal_during_the_upgrade_stops_both_processes(replaceable):
    server, program = replaceable
    replace(program, "#!/bin/sh\necho its number is $$\nexec sleep 600\n")
    client = server.connect()
    start(server)
    number = int(server.wait_log("its number").rsplit(" ", 1)[1])
    server.signal()
    assert client.wait_close() == 1012
    assert server.wait_exit() == 0
    patience.wait_until(lambda: not is_running(number), 5,
                        what="the new process to end")


def is_running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"


def count_descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_nothing_else_is_inherited(peal):
    """Neither client sockets nor files."""
    server = peal(config={"drain_seconds": 30})
    clients = [server.connect(f"c{i}") for i in range(10)]
    count = count_descriptors(server)
    old = upgrade(server)
    # except what both processes hold while they communicate
    patience.wait_until(
        lambda: count_descriptors(server) <= count - 10,
        what="only listening sockets and the like")
    old.send_signal(signal.SIGTERM)
    assert old.wait(seconds(10)) == 0
    assert clients


# --- systemd

def test_systemd_learns_the_new_main_process(peal, tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(seconds(5))

    def hear():
        """Receives notifications with their senders."""
        state, ancillary, _, _ = manager.recvmsg(4096, 1024)
        pid = int.from_bytes(ancillary[0][2][:4], "little")
        return pid, state.decode().partition("\nSTATUS=")[0]

    server = peal(env={"NOTIFY_SOCKET": str(tmp_path / "notify"),
                       "WATCHDOG_USEC": "3000000"},
                  config={"drain_seconds": 2})
    first = server.process.pid
    assert hear() == (first, "READY=1")
    staying = server.connect()
    old = upgrade(server)
    second = server.process.pid
    heard = [hear()]
    while heard[-1][0] == first:
        heard.append(hear())
    words = [word for pid, word in heard if pid == first]
    assert words[-1] == f"MAINPID={second}\nWATCHDOG=1"
    assert heard[-1] == (second, "READY=1")
    assert old.wait(seconds(10)) == 0
    assert staying.wait_close() == 1012
    # the old process sends nothing that would stop the service
    for _ in range(3):
        assert hear() == (second, "WATCHDOG=1")


def activate(folder, sockets, *arguments):
    """Starts the server as systemd does for a socket unit."""
    log = folder / "activated.log"
    passed = [each.fileno() for each in sockets]
    script = "".join(f"exec {3 + i}<&{fd}; " for i, fd in enumerate(
        [os.dup2(fd, 200 + i) for i, fd in enumerate(passed)]))
    with open(log, "wb") as out:
        process = subprocess.Popen(
            ["bash", "-c", script + 'LISTEN_PID=$$ exec "$0" "$@"',
             find_program(), "--drain_seconds", "0", *arguments],
            env={**clean_environment(), "LISTEN_FDS": str(len(sockets))},
            pass_fds=[200 + i for i in range(len(passed))],
            stdout=out, stderr=out)
    return process, log


def listening(address="127.0.0.1", family=socket.AF_INET):
    made = socket.socket(family)
    made.bind((address, 0))
    made.listen(100)
    return made


def test_sockets_of_systemd_are_used(tmp_path):
    ours = listening()
    process, log = activate(tmp_path, [ours], "--workers", "3")
    port = ours.getsockname()[1]
    try:
        patience.wait_until(lambda: f" port={port}" in log.read_text(), 10)
        for _ in range(20):
            raw = socket.create_connection(ours.getsockname())
            raw.settimeout(seconds(5))
            raw.sendall(request_text("/health"))
            assert raw.recv(4096).startswith(b"HTTP/1.1 200")
            raw.close()
    finally:
        process.terminate()
        assert process.wait(seconds(10)) == 0
    # systemd keeps the socket open for the next process
    socket.create_connection(ours.getsockname()).close()


def test_an_inherited_socket_beyond_loopback_requires_auth(tmp_path):
    process, log = activate(tmp_path, [listening("0.0.0.0")])
    assert process.wait(seconds(10)) == 1
    assert "is reachable from other machines" in log.read_text()


@pytest.mark.parametrize("made", [
    lambda: socket.socket(socket.AF_UNIX),
    lambda: socket.socket(socket.AF_INET),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)])
def test_an_inherited_descriptor_that_does_not_listen_is_refused(tmp_path,
                                                                 made):
    process, log = activate(tmp_path, [made()])
    assert process.wait(seconds(10)) == 1
    assert "not a listening TCP socket" in log.read_text()


def test_descriptors_for_another_process_are_ignored(peal):
    server = peal(env={"LISTEN_FDS": "1", "LISTEN_PID": "1",
                       "LISTEN_FROM_PID": "1"})
    assert server.is_alive()
