#!/usr/bin/env python3
"""Measures Redis behind Peal: not a test, it prints figures.

    PEAL_BINARY=build-release/peal tests/load/redis_scale.py WHAT...

  resubscribe   100,000 channels whose subscriptions are made again: after a
                cut connection, and after each master of a cluster handed over
                to its replica

It starts its own Redis servers and instances on free ports, in a folder that
it removes. Redis' processor time is what its own INFO says.
"""

import contextlib
import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("PEAL_TEST_SLOWNESS", "4")
sys.path.insert(0, str(HERE.parent / "integration"))
sys.path.insert(0, str(HERE.parent / "cluster"))

from support import patience  # noqa: E402

from cluster import Cluster  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from redis_server import RedisServer  # noqa: E402

CHANNELS, LIST = 100000, 1000


class Place:
    """A folder with servers in it; all end with it."""

    def __init__(self, stack):
        self.stack = stack
        self.folder = pathlib.Path(
            stack.enter_context(tempfile.TemporaryDirectory()))
        self.count = 0

    def new_folder(self, name):
        self.count += 1
        folder = self.folder / f"{name}-{self.count}"
        folder.mkdir()
        return folder

    def redis(self, *options):
        server = RedisServer(self.new_folder("redis"), *options)
        self.stack.callback(server.end)
        return server

    def masters(self, count, replicas=0, **options):
        return RedisCluster(self.redis, count, replicas, **options)

    def peal(self, url, count=1, **config):
        made = Cluster(self.new_folder("peal"), url, **config)
        self.stack.callback(made.stop)
        made.add_many(count)
        return made


@contextlib.contextmanager
def place():
    with contextlib.ExitStack() as stack:
        yield Place(stack)


def calls(servers):
    """{command: (calls, microseconds)} over all servers."""
    found = {}
    for server in servers:
        for line in server.call("INFO", "commandstats").splitlines():
            if not line.startswith("cmdstat_"):
                continue
            name, values = line[len("cmdstat_"):].split(":")
            fields = dict(each.split("=") for each in values.split(","))
            count, usec = found.get(name, (0, 0))
            found[name] = (count + int(fields["calls"]),
                           usec + int(fields["usec"]))
    return found


def cpu_seconds(servers):
    """What the servers' processes have used."""
    total = 0
    for server in servers:
        fields = dict(line.split(":") for line in
                      server.call("INFO", "cpu").splitlines() if ":" in line)
        total += (float(fields["used_cpu_user"]) +
                  float(fields["used_cpu_sys"]))
    return total


def subscribe(server, count):
    """One client in that many channels."""
    client = server.connect("listener", [""], protocol="broadcast",
                            timeout=60)
    for first in range(0, count, LIST):
        client.send({"type": "subscribe", "id": first, "channels": [
            f"plain-{number}" for number in range(first, first + LIST)]})
        for message in client.receive_many(LIST):
            assert message["type"] == "subscribed", message
    return client


def watch(name, peal, servers, cut):
    """Cuts, and waits until every channel was subscribed to and read again."""
    before, cpu = calls(servers), cpu_seconds(servers)
    peal_cpu = peal[0].cpu_seconds()
    deaf = peal.metric("peal_redis_deaf_total")
    links = peal[0].metric_sum("peal_redis_connects_total")
    began = time.monotonic()
    cut()

    def made(command):
        now = calls(servers)
        return {key: [now.get(key, (0, 0))[at] - before.get(key, (0, 0))[at]
                      for at in (0, 1)] for key in command}
    try:
        patience.wait_until(
            lambda: made(["evalsha"])["evalsha"][0] >= CHANNELS, 60, 0.05,
            what="all channels to be read")
    except AssertionError as error:
        print(error)
    peal.wait_ready(60)
    took = time.monotonic() - began
    print(f"{name}: {took:.2f} s; Redis {cpu_seconds(servers) - cpu:.2f} s "
          f"and Peal {peal[0].cpu_seconds() - peal_cpu:.2f} s of a "
          "processor; found deaf "
          f"{peal.metric('peal_redis_deaf_total') - deaf:.0f} times, "
          f"{peal[0].metric_sum('peal_redis_connects_total') - links:.0f} "
          "connects", flush=True)
    for command, (count, usec) in made(
            ["subscribe", "ssubscribe", "evalsha"]).items():
        if count:
            print(f"  {command}: {count} commands, {usec / 1e6:.2f} s",
                  flush=True)


def resubscribe():
    limits = {"channels_per_connection": CHANNELS, "channels": CHANNELS}
    with place() as here:
        server = here.redis()
        peal = here.peal(server.url, limits=limits)
        subscribe(peal[0], CHANNELS)
        watch("one Redis, connection cut", peal, [server],
              lambda: server.call("CLIENT", "KILL", "TYPE", "pubsub"))
    with place() as here:
        masters = here.masters(3, 1)
        peal = here.peal(masters.url, limits=limits)
        subscribe(peal[0], CHANNELS)
        watch("3 masters, connections cut", peal, masters.nodes, lambda: [
            each.call("CLIENT", "KILL", "TYPE", "pubsub")
            for each in masters.masters])
        watch("3 masters, handed over to replicas", peal, masters.nodes,
              lambda: [each.call("CLUSTER", "FAILOVER")
                       for each in masters.replicas])


TASKS = {"resubscribe": resubscribe}


def main():
    wanted = sys.argv[1:]
    if not wanted or any(name not in TASKS for name in wanted):
        sys.exit(__doc__)
    for name in wanted:
        TASKS[name]()


if __name__ == "__main__":
    main()
