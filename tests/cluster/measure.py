#!/usr/bin/env python3
"""Measures several instances with one Redis. Not a test; it prints figures.

    PEAL_BINARY=build-release/peal tests/cluster/measure.py [peal-bench]

Measures the latency from publish to a subscriber at 1,000 messages per second,
a burst of 50,000 publishes and, if peal-bench is given, deliveries per second.
"""

import json
import os
import pathlib
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from support.server import Server  # noqa: E402
from support.websocket import TEXT, Client, frame_bytes, ws_path  # noqa: E402

from cluster import Cluster  # noqa: E402
from redis_server import RedisServer  # noqa: E402

RATE, SECONDS, BURST, PUBLISHERS = 1000, 8, 50000, 10


def client(server, name, *channels):
    made = Client(server.port, ws_path(name, channels or [""]),
                  protocol="broadcast", timeout=60)
    for _ in channels:
        made.receive_type("subscribed")
    return made


class Frames:
    """Reads complete messages from a socket."""

    def __init__(self, from_client):
        self.socket = from_client.raw.socket
        self.buffer = from_client.raw.buffer
        self.socket.setblocking(False)

    def read(self):
        try:
            self.buffer += self.socket.recv(1 << 20)
        except BlockingIOError:
            pass
        found, at, data = [], 0, self.buffer
        while len(data) - at >= 2:
            size, head = data[at + 1] & 127, 2
            if size == 126:
                size, head = int.from_bytes(data[at + 2:at + 4], "big"), 4
            if len(data) - at < head + size:
                break
            if data[at] & 15 == TEXT:
                found.append(json.loads(data[at + head:at + head + size]))
            at += head + size
        self.buffer = data[at:]
        return found


def latency(publisher, subscriber):
    """Median and 99th percentile in microseconds."""
    frames = Frames(subscriber)
    late = []
    publisher.raw.socket.setblocking(True)
    begin = time.perf_counter_ns()
    sent, total = 0, RATE * SECONDS
    while len(late) < total:
        now = time.perf_counter_ns()
        due = begin + sent * 1_000_000_000 // RATE
        if sent < total and now >= due:
            payload = json.dumps({"type": "broadcast", "channel": "room",
                                  "payload": [time.perf_counter_ns(),
                                              "x" * 100]})
            publisher.raw.socket.sendall(frame_bytes(TEXT, payload))
            sent += 1
            continue
        wait = max(0, due - now) / 1e9 if sent < total else 1
        if select.select([frames.socket], [], [], wait)[0]:
            heard = frames.read()
            now = time.perf_counter_ns()
            late += [now - message["payload"][0] for message in heard
                     if message["type"] == "broadcast"]
        assert now - begin < (SECONDS + 30) * 1_000_000_000
    late = sorted(late[RATE:])  # the first second is warm-up
    return statistics.median(late) / 1000, late[len(late) * 99 // 100] / 1000


def measure_latency(alone, both):
    for name, first, second in (
            ("one instance without Redis", alone, alone),
            ("two instances, the same one", both[0], both[0]),
            ("two instances, the other one", both[0], both[1])):
        median, p99 = latency(client(first, "publisher"),
                              client(second, "subscriber", "room"))
        print(f"latency, {name}: median {median:.0f} us, "
              f"99 % {p99:.0f} us", flush=True)


def measure_burst(both):
    """Each publish is acknowledged or refused; acknowledged ones arrive on
    both instances."""
    publishers = [client(both[0], f"publisher{i}") for i in range(PUBLISHERS)]
    listeners = [Frames(client(server, "listener", "burst"))
                 for server in both.instances]
    answers = [Frames(each) for each in publishers]
    waiting = [b"".join(frame_bytes(TEXT, json.dumps({
        "type": "broadcast", "channel": "burst", "id": number,
        "payload": number})) for number in range(
            i * BURST // PUBLISHERS, (i + 1) * BURST // PUBLISHERS))
               for i in range(PUBLISHERS)]
    acknowledged, refused = set(), set()
    heard = [[] for _ in listeners]
    begin = quiet = time.monotonic()
    while time.monotonic() - quiet < 3:
        sockets = [each.socket for each in answers + listeners]
        writers = [each.socket for each, rest in zip(answers, waiting) if rest]
        select.select(sockets, writers, [], 0.1)
        for i, rest in enumerate(waiting):
            try:
                waiting[i] = rest[answers[i].socket.send(rest):] if rest \
                    else rest
            except BlockingIOError:
                pass
        for each in answers:
            for message in each.read():
                quiet = time.monotonic()
                (acknowledged if message["type"] == "broadcastResult"
                 else refused).add(message["id"])
        for each, log in zip(listeners, heard):
            for message in each.read():
                quiet = time.monotonic()
                log.append((message["offset"], message["payload"]))
    print(f"burst of {BURST}: {len(acknowledged)} acknowledged, "
          f"{len(refused)} refused, in {quiet - begin:.2f} s; heard "
          f"{[len(log) for log in heard]}", flush=True)
    assert len(acknowledged) + len(refused) == BURST
    assert not acknowledged & refused
    for log in heard:
        assert {payload for _, payload in log} == acknowledged
        assert [offset for offset, _ in log] == list(range(1, len(log) + 1))


def bench(program, servers, *options):
    """Deliveries per second as counted by peal-bench."""
    command = [program, "fanout", "--preset", "peal", "--connections", "200",
               "--duration", "6", *options]
    for server in servers:
        command += ["--url", f"ws://127.0.0.1:{server.port}", "--server-pid",
                    str(server.process.pid)]
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("PEAL_")}
    done = subprocess.run(command, capture_output=True, text=True,
                          env=environment, timeout=120, check=False)
    lines = [line for line in done.stdout.splitlines()
             if re.search(r"deliver|lost|order|doubl", line, re.I)]
    return "\n    ".join(lines or [done.stdout, done.stderr])


def measure_deliveries(program, alone, both):
    for name, servers in (("one instance without Redis", [alone]),
                          ("two instances with Redis", both.instances)):
        for window in ("1", "16"):
            print(f"{name}, 200 connections, window {window}:\n    "
                  f"{bench(program, servers, '--window', window)}", flush=True)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("redis", "alone", "cluster"):
            (folder / part).mkdir()
        redis = RedisServer(folder / "redis")
        alone = None
        both = Cluster(folder / "cluster", redis.url)
        try:
            both.add_many(2)
            config = {**both.config}
            del config["redis"]
            alone = Server(folder / "alone", config)
            measure_latency(alone, both)
            measure_burst(both)
            if len(sys.argv) > 1:
                measure_deliveries(sys.argv[1], alone, both)
        finally:
            both.stop()
            if alone:
                alone.stop()
            redis.end()


if __name__ == "__main__":
    main()
