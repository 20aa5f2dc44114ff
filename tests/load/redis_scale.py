#!/usr/bin/env python3
"""Measures Redis behind Peal: not a test, it prints figures.

    PEAL_BINARY=build-release/peal tests/load/redis_scale.py WHAT...

  resubscribe   100,000 channels whose subscriptions are made again: after a
                cut connection, and after each master of a cluster handed over
                to its replica
  masters       messages over 1, 2 and 3 masters: the processor time of Redis
                for each, and how evenly the masters share it
  fan_out       the same over one Redis, to 1, 2, 4 and 8 instances
  memory        bytes that a channel takes in Redis
  instances     5 to 30 instances on one cluster: connections, commands and
                bytes of each master while nobody publishes

It starts its own Redis servers and instances on free ports, in a folder that
it removes. Redis' processor time is what its own INFO says. Nothing else should
run meanwhile; processor time per message depends on that less than messages a
second do.
"""

import contextlib
import json
import os
import pathlib
import re
import select
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("PEAL_TEST_SLOWNESS", "4")
sys.path.insert(0, str(HERE.parent / "integration"))
sys.path.insert(0, str(HERE.parent / "cluster"))

from support import patience  # noqa: E402
from support.websocket import TEXT, frame_bytes  # noqa: E402

from cluster import Cluster  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from redis_server import RedisServer  # noqa: E402

CHANNELS, LIST = 100000, 1000


class Place:
    """A folder with servers, which all end with it."""

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
    """{command: (calls, microseconds)} summed over all servers."""
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


def info(server, section):
    return dict(line.split(":", 1) for line in
                server.call("INFO", section).splitlines() if ":" in line)


def cpu_seconds(servers):
    """The CPU time used by the servers' processes."""
    found = [info(server, "cpu") for server in servers]
    return sum(float(each["used_cpu_user"]) + float(each["used_cpu_sys"])
               for each in found)


def subscribe(server, count):
    """A client subscribed to this many channels."""
    client = server.connect("listener", [""], protocol="broadcast",
                            timeout=60)
    for first in range(0, count, LIST):
        client.send({"type": "subscribe", "id": first, "channels": [
            f"plain-{number}" for number in range(first, first + LIST)]})
        for message in client.receive_many(LIST):
            assert message["type"] == "subscribed", message
    return client


def watch(name, peal, servers, cut):
    """Cuts the connections; waits until every channel has been subscribed and
    read again."""
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


# ---- masters ----------------------------------------------------------------

MESSAGES, ROOMS = 30000, 60
PUBLISH_RULES = {
    "without history": [{"match": "*", "history_size": 0}],
    "with a history of 100": [{"match": "*", "history_size": 100}],
}


class Counter:
    """Counts the messages that a client receives."""

    MARK = b'"type":"broadcast"'

    def __init__(self, client):
        self.socket = client.raw.socket
        self.rest = client.raw.buffer
        self.count = self.rest.count(self.MARK)

    def read(self):
        data = self.rest + self.socket.recv(1 << 20)
        self.count += data.count(self.MARK)
        keep = len(self.MARK) - 1
        # a mark must be counted only once
        at = data.rfind(self.MARK)
        self.rest = data[max(len(data) - keep, at + len(self.MARK)
                             if at >= 0 else 0):]


def publish_all(client, rooms, count):
    text = "x" * 100
    frames = [frame_bytes(TEXT, json.dumps({
        "type": "broadcast", "channel": room, "payload": text}))
        for room in rooms]
    client.raw.socket.settimeout(60)
    for first in range(0, count, len(frames)):
        client.raw.socket.sendall(b"".join(frames[:count - first]))


def spread(peal, servers, name):
    rooms = [f"room-{number}" for number in range(ROOMS)]
    listeners = [Counter(server.join("listener", *rooms))
                 for server in peal.instances]
    publishers = [server.connect("publisher", [""], protocol="broadcast")
                  for server in peal.instances[:2]]
    each_sends = MESSAGES // len(publishers)
    before = [cpu_seconds([server]) for server in servers]
    peal_before = sum(server.cpu_seconds() for server in peal.instances)
    began = time.monotonic()
    threads = [threading.Thread(target=publish_all, args=(each, rooms, each_sends))
               for each in publishers]
    for thread in threads:
        thread.start()
    while any(each.count < MESSAGES for each in listeners):
        ready, _, _ = select.select([each.socket for each in listeners
                                     if each.count < MESSAGES], [], [], 30)
        assert ready, [each.count for each in listeners]
        for each in listeners:
            if each.socket in ready:
                each.read()
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    used = [cpu_seconds([server]) - was
            for server, was in zip(servers, before)]
    peal_used = sum(server.cpu_seconds()
                    for server in peal.instances) - peal_before
    share = ", ".join(f"{part / sum(used):.0%}" for part in used)
    print(f"{len(servers)} masters, {name}: {MESSAGES / took:.0f} messages/s, "
          f"{len(listeners) * MESSAGES / took:.0f} deliveries/s; for each message Redis "
          f"{sum(used) / MESSAGES * 1e6:.1f} us ({share}), the busiest master "
          f"{max(used) / MESSAGES * 1e6:.1f} us, Peal "
          f"{peal_used / MESSAGES * 1e6:.1f} us", flush=True)


def fan_out():
    rules = PUBLISH_RULES["without history"]
    for count in (1, 2, 4, 8):
        with place() as here:
            server = here.redis()
            peal = here.peal(server.url, count, channels=rules)
            spread(peal, [server], f"{count} instances")


def masters():
    for name, rules in PUBLISH_RULES.items():
        for count in (1, 2, 3):
            with place() as here:
                made = here.masters(count)
                peal = here.peal(made.url, 2, channels=rules)
                spread(peal, made.masters, name)


# ---- memory -----------------------------------------------------------------

KEPT = 20000
MEMORY_RULES = [
    {"match": "here-*", "history_size": 0},
    {"match": "kept-*", "history_size": 10, "presence": False},
    {"match": "*", "history_size": 0, "presence": False},
]


def used_memory(server):
    """Without the current memory of connections."""
    found = info(server, "memory")
    return int(found["used_memory"]) - int(found["mem_clients_normal"])


def note_memory(what, server, before):
    time.sleep(1.5)
    now = used_memory(server)
    print(f"{what}: {(now - before) / KEPT:.0f} bytes a channel", flush=True)
    return now


def subscribe_to(client, kind):
    for first in range(0, KEPT, LIST):
        client.send({"type": "subscribe", "id": first, "channels": [
            f"{kind}-{number}" for number in range(first, first + LIST)]})
        client.receive_many(LIST)


def publish_to(client, kind, times):
    for number in range(KEPT):
        for _ in range(times):
            client.send({"type": "broadcast", "channel": f"{kind}-{number}",
                         "payload": "x" * 100})
    client.ask({"type": "broadcast", "channel": "last", "payload": 1})


def memory():
    limits = {"channels_per_connection": 4 * KEPT}
    with place() as here:
        server = here.redis()
        peal = here.peal(server.url, 2, limits=limits, channels=MEMORY_RULES)
        client, talker = [peal[0].connect(name, [""], protocol="broadcast",
                                          timeout=60)
                          for name in ("listener", "talker")]
        other = peal[1].connect("other", [""], protocol="broadcast",
                                timeout=60)
        before = used_memory(server)
        subscribe_to(client, "bare")
        before = note_memory("subscribed to by one instance", server, before)
        subscribe_to(other, "bare")
        before = note_memory("by one more instance", server, before)
        publish_to(talker, "bare", 1)
        before = note_memory("a message was published, no history", server,
                             before)
        publish_to(talker, "kept", 10)
        before = note_memory("10 messages of 100 bytes kept", server, before)
        subscribe_to(client, "here")
        note_memory("subscribed to, with a member", server, before)


# ---- instances --------------------------------------------------------------

FIELDS = {"commands": ("stats", "total_commands_processed"),
          "bytes in": ("stats", "total_net_input_bytes"),
          "bytes out": ("stats", "total_net_output_bytes")}
SECONDS = 10


def counts(server):
    found = {name: int(info(server, section)[field])
             for name, (section, field) in FIELDS.items()}
    sent = re.search(r"cluster_stats_messages_sent:(\d+)",
                     server.call("CLUSTER", "INFO"))
    return {**found, "to other nodes": int(sent[1]),
            "us of a processor": int(cpu_seconds([server]) * 1e6)}


def rest(peal, nodes, what):
    """The load of the nodes when nothing is published."""
    time.sleep(2)
    before = [counts(node) for node in nodes]
    began = time.monotonic()
    time.sleep(SECONDS)
    took = time.monotonic() - began
    number = len(peal.instances)
    clients = [int(info(node, "clients")["connected_clients"]) - 1
               for node in nodes]
    after = [counts(node) for node in nodes]
    print(f"{number} instances, {what}: connections {clients}, for each "
          f"instance {max(clients) / number:.1f} at most")
    for name in before[0]:
        rates = [(now[name] - was[name]) / took
                 for now, was in zip(after, before)]
        print(f"  {name} a second: {[round(rate) for rate in rates]}, for "
              f"each instance {sum(rates) / number:.1f}", flush=True)


def instances():
    with place() as here:
        made = here.masters(3)
        peal = here.peal(made.url, 5, redis={
            "lease_seconds": 15, "prefix": "peal:"})
        for count in (5, 10, 20, 30):
            peal.add_many(count - len(peal.instances))
            rest(peal, made.masters, "idle")
        for number, server in enumerate(peal.instances):
            server.join(f"client-{number}", "plain-room")
        rest(peal, made.masters, "one member of one channel on each")
        asker = peal[0].join("asker", "plain-room")
        began = time.monotonic()
        for _ in range(100):
            found = asker.ask({"type": "presence", "channel": "plain-room"})
        print(f"presence of {len(found['clients'])} members on as many "
              f"instances: {(time.monotonic() - began) * 10:.2f} ms")


TASKS = {"resubscribe": resubscribe, "masters": masters, "fan_out": fan_out,
         "memory": memory, "instances": instances}


def main():
    wanted = sys.argv[1:]
    if not wanted or any(name not in TASKS for name in wanted):
        sys.exit(__doc__)
    for name in wanted:
        TASKS[name]()


if __name__ == "__main__":
    main()
