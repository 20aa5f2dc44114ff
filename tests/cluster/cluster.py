"""Several server instances with one Redis."""

import itertools
import json
import signal

from support import patience
from support.server import Server

# short enough for tests, long enough for a busy machine
QUICK_REDIS = {
    "prefix": "peal:",
    "connect_ms": int(patience.seconds(1000)),
    "timeout_ms": int(patience.seconds(1000)),
    "backoff_ms": 50,
    "backoff_max_ms": 400,
    "lease_seconds": int(patience.seconds(2)),
    "ready_grace_seconds": 0,  # /ready reports changes at once
}
LEASE = QUICK_REDIS["lease_seconds"]

CHANNELS = [
    {"match": "plain-*", "history_size": 0},
    {"match": "short-*", "history_size": 5},
    {"match": "told-*", "history_size": 10000, "join_leave": True},
    {"match": "*", "history_size": 20000},
]


class Cluster:
    """Instances by number; a new instance replaces a killed one."""

    def __init__(self, folder, url, redis=None, channels=None, limits=None,
                 **config):
        self.folder = folder
        self.config = {
            "channels": channels or CHANNELS,
            "limits": {"messages_per_second": 0, "outbox_messages": 100000,
                       "outbox_bytes": 64 << 20, **(limits or {})},
            # a test's client answers pings only while it waits
            "ping_seconds": 600, "pong_seconds": 300,
            "redis": {**QUICK_REDIS, "url": url, **(redis or {})},
            **config,
        }
        self.instances = []
        self.numbers = itertools.count(1)
        self.ended = []

    def add(self, before_start=None, **changes):
        """Starts another instance; see is_ready."""
        folder = self.folder / f"instance-{next(self.numbers)}"
        folder.mkdir()
        config = json.loads(json.dumps(self.config))
        config["redis"].update(changes)
        server = Server(folder, config, before_start=before_start)
        self.instances.append(server)
        return server

    def add_many(self, count):
        for _ in range(count):
            self.add()
        self.wait_ready()

    def __getitem__(self, index):
        return self.instances[index]

    def ports(self):
        return [server.port for server in self.instances]

    def kill(self, server):
        """Kills an instance with SIGKILL."""
        self.instances.remove(server)
        server.exit_code = -signal.SIGKILL
        server.process.kill()
        server.process.wait()
        self.ended.append(server)

    def wait_ready(self, timeout=15):
        for server in self.instances:
            patience.wait_until(
                lambda: server.request("/ready").status == 200, timeout,
                what="an instance to be ready")

    def wait_not_ready(self, timeout=10):
        for server in self.instances:
            patience.wait_until(
                lambda: server.request("/ready").status == 503, timeout,
                what="an instance to report the outage")

    def metric(self, name):
        return sum(server.metric(name) for server in self.instances)

    def stop(self):
        """Stops all instances; returns their problems."""
        everyone = self.instances + self.ended
        for server in self.instances:
            server.drop_clients()
            if server.process.poll() is None:
                server.signal()
        return [text for text in map(Server.stop, everyone) if text]
