"""A Redis for tests on a free port, in a separate folder. It can be stopped,
killed, paused and restarted. Includes the parts of its protocol that the tests
need."""

import itertools
import os
import pathlib
import shutil
import signal
import socket
import subprocess

from support import patience
from support.pause import pause
from support.ports import free_port

# prefix of the program names: "redis" or "valkey"
KIND = os.environ.get("PEAL_TEST_REDIS") or "redis"
PROGRAM = f"{KIND}-server"
CLI = f"{KIND}-cli"
# every write is on disk before Redis answers
LASTING = ("--appendonly", "yes", "--appendfsync", "always")


class RedisError(Exception):
    """An error answered by Redis."""


def encode(words):
    parts = [word if isinstance(word, bytes) else str(word).encode()
             for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(
        b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class RedisConnection:
    """One connection for sequential commands."""

    def __init__(self, port, timeout=5, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port),
                                               patience.seconds(timeout))
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        self.socket.sendall(encode(words))
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("Redis hung up")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self.read_text(int(rest))
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        return rest.decode()

    def read_text(self, size):
        if size < 0:
            return None
        return self.file.read(size + 2)[:-2].decode()

    def close(self):
        self.file.close()
        self.socket.close()


class RedisServer:
    """The server as a process."""

    host = "127.0.0.1"

    def __init__(self, folder, *options):
        if not shutil.which(PROGRAM):
            raise AssertionError(f"{PROGRAM} is missing: "
                                 f"apt-get install {PROGRAM}")
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.socket_path = self.folder / "redis.sock"
        self.options = options
        self.password = None
        self.is_paused = False
        self.starts = itertools.count(1)
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://{self.host}:{self.port}/0"

    def command(self):
        return [PROGRAM, "--port", str(self.port), "--bind", self.host,
                "--unixsocket", str(self.socket_path), "--dir",
                str(self.folder), "--save", "", "--daemonize", "no",
                *self.options]

    def start(self, *more):
        log = self.folder / f"redis-{next(self.starts)}.log"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [*self.command(), *more],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)

        def answers():
            assert self.process.poll() is None, log.read_text()
            return self.answers()
        patience.wait_until(answers, 10, what="Redis to answer")

    def connect(self):
        connection = RedisConnection(self.port, host=self.host)
        if self.password:
            connection.call("AUTH", self.password)
        return connection

    def call(self, *words):
        """Sends a command on a new connection."""
        connection = self.connect()
        try:
            return connection.call(*words)
        finally:
            connection.close()

    def answers(self):
        try:
            return self.call("PING") == "PONG"
        except RedisError as error:
            return not str(error).startswith("LOADING")
        except OSError:
            return False

    def keys(self, pattern="*"):
        return sorted(self.call("KEYS", pattern))

    def wait_end(self):
        self.process.wait(patience.seconds(10))
        self.process = None

    def stop(self):
        """Stops gracefully, as a reboot does."""
        self.process.send_signal(signal.SIGTERM)
        self.wait_end()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.is_paused = False
        self.wait_end()

    def pause(self):
        pause(self.process)
        self.is_paused = True

    def resume(self):
        self.process.send_signal(signal.SIGCONT)
        self.is_paused = False

    def forget_everything(self):
        """Deletes the data on disk; call only while stopped."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    def end(self):
        if self.process:
            self.kill()


class PlacedRedis(RedisServer):
    """A Redis in a place of the test network: see network.py."""

    def __init__(self, folder, place, *options):
        self.place = place
        self.host = place.address
        super().__init__(folder, "--protected-mode", "no", *options)

    def command(self):
        return [*self.place.enter, *super().command()]


class Sentinel(RedisServer):
    """A Sentinel; `lines` start its config file, which it rewrites."""

    def __init__(self, folder, *lines):
        self.config = pathlib.Path(folder) / "sentinel.conf"
        self.lines = lines
        super().__init__(folder)

    def command(self):
        if not self.config.exists():
            self.config.write_text("\n".join(
                (f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}",
                 *self.lines, "")))
        return [PROGRAM, str(self.config), "--sentinel"]
