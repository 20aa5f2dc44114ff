"""Two instances with a Redis that restarts from time to time, for the given
duration: connecting and disconnecting clients (peal-bench), fan-out, readers
that do not read, and publishers and listeners whose messages are all checked
(tests/cluster/checker.py). At the end, no message may be lost, the number of
descriptors must be unchanged, and memory must not have grown in the second
half.

    soak.py SECONDS PEAL_BENCH
"""

import itertools
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "integration"), str(TESTS / "cluster")]

from checker import Load  # noqa: E402
from cluster import Cluster  # noqa: E402
from redis_server import LASTING, RedisServer  # noqa: E402
from support import patience  # noqa: E402
from support.websocket import Closed, Refused  # noqa: E402
from support.raw import Ended  # noqa: E402

MEGABYTE = 1 << 20
LOST = (OSError, Closed, Refused, Ended, AssertionError)
GROWTH = 0.10            # of memory, from the second quarter to the last,
SLACK = 3 * MEGABYTE     # plus this
REDIS_EVERY = 45         # seconds
SAMPLE_EVERY = 2


def status(server, field):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith(field))
    return int(line.split()[1])


def memory_of(server):
    return status(server, "VmRSS:") * 1024


def descriptors_of(server):
    return len(list(pathlib.Path(f"/proc/{server.process.pid}/fd").iterdir()))


class Trouble:
    """A thread that repeats one action."""

    def __init__(self, name, act):
        self.name = name
        self.act = act
        self.is_over = threading.Event()
        self.times = 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_over.is_set():
            try:
                self.act(self)
                self.times += 1
            except LOST as error:
                print(f"{self.name}: {error!r:.100}", flush=True)
                time.sleep(0.5)

    def sleep(self, seconds):
        self.is_over.wait(seconds)

    def end(self):
        self.is_over.set()
        self.thread.join(patience.seconds(60))
        print(f"{self.name}: {self.times} times", flush=True)


class Bench(Trouble):
    """Repeated runs of peal-bench. It reports publishes refused during outages
    as failures, so its results are ignored."""

    def __init__(self, program, instances, scenario, *options):
        self.program = program
        self.instances = instances
        self.command = [scenario, *options]
        super().__init__(scenario, Bench.once)

    def once(self):
        port = random.choice(self.instances.ports())
        subprocess.run([self.program, self.command[0], "--preset", "peal",
                        "--url", f"ws://127.0.0.1:{port}", "--quiet",
                        *self.command[1:]], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120, check=False)


def restart_redis(redis):
    def act(trouble):
        trouble.sleep(REDIS_EVERY)
        if not trouble.is_over.is_set():
            random.choice([redis.stop, redis.kill])()
            time.sleep(0.5)
            redis.start()
    return act


def flood_who_does_not_read(instances):
    """A channel with large messages; some of its subscribers never read."""
    numbers = itertools.count(1)

    def act(trouble):
        server = random.choice(instances.instances)
        number = next(numbers)
        slow = [server.connect(f"slow{number}-{i}", ["big"],
                               protocol="broadcast", receive_buffer=4096)
                for i in range(5)]
        sender = server.connect("flooder", [""], protocol="broadcast")
        try:
            for _ in range(80):
                sender.ask({"type": "broadcast", "channel": "big",
                            "payload": "x" * 8000})
                trouble.sleep(0.05)
        finally:
            for client in [*slow, sender]:
                client.drop()
            server.clients.clear()
    return act


def move_listeners(load):
    def act(trouble):
        load.move_some(1)
        trouble.sleep(2)
    return act


def slope_of(samples):
    """The growth per hour in the second half, by least squares."""
    half = samples[len(samples) // 2:]
    if len(half) < 2:
        return 0.0
    line = statistics.linear_regression(range(len(half)), half)
    return line.slope * 3600 / SAMPLE_EVERY


class Record:
    """Memory and descriptors of each instance over time."""

    def __init__(self, instances):
        self.servers = list(instances.instances)
        self.before = [descriptors_of(server) for server in self.servers]
        self.samples = [[] for _ in self.servers]
        self.descriptors = [[] for _ in self.servers]

    def sample(self):
        for server, samples, descriptors in zip(
                self.servers, self.samples, self.descriptors):
            assert server.process.poll() is None, server.log()[-3000:]
            samples.append(memory_of(server))
            descriptors.append(descriptors_of(server))

    def problems(self):
        for index, samples in enumerate(self.samples):
            quarter = len(samples) // 4
            early = statistics.median(samples[quarter:2 * quarter])
            late = statistics.median(samples[-quarter:])
            after = descriptors_of(self.servers[index])
            print(f"instance {index}: memory {early / MEGABYTE:.1f} MiB in the "
                  f"second quarter, {late / MEGABYTE:.1f} in the last, "
                  f"{max(samples) / MEGABYTE:.1f} at the most; descriptors "
                  f"{self.before[index]} before, {after} after; slopes in "
                  "the second half, each hour: "
                  f"{slope_of(samples) / MEGABYTE:+.2f} MiB, "
                  f"{slope_of(self.descriptors[index]):+.1f} descriptors",
                  flush=True)
            if late > early * (1 + GROWTH) + SLACK:
                yield f"instance {index}: memory grows"
            if after > self.before[index] + 2:
                yield f"instance {index}: descriptors are left"


def wait_empty(instances):
    patience.wait_until(lambda: instances.metric("peal_connections") == 0, 30,
                        what="all connections to be gone")
    time.sleep(3)


CHANNELS = [{"match": "big", "history_size": 10},
            {"match": "*", "history_size": 100000, "history_seconds": 86400}]
# time-outs of a real service instead of the short ones for tests
REDIS = {"backlog_seconds": 30, "connect_ms": 2000, "timeout_ms": 3000,
         "lease_seconds": 15, "backoff_max_ms": 3000}
LIMITS = {"outbox_messages": 5000, "outbox_bytes": 200000}


def make_trouble(program, redis, instances, load):
    return [
        Bench(program, instances, "churn", "--connections", "10", "--base",
              "30", "--open-rate", "50", "--hold", "0.2", "--duration", "15"),
        Bench(program, instances, "fanout", "--connections", "40", "--rate",
              "10", "--duration", "15"),
        Trouble("Redis restarted", restart_redis(redis)),
        Trouble("slow readers", flood_who_does_not_read(instances)),
        Trouble("listeners moved", move_listeners(load)),
    ]


def watch(seconds, record, load):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(SAMPLE_EVERY)
        record.sample()
        load.check_alive()


def closes(instances):
    return {name: instances.metric(f'peal_closes_total{{reason="{name}"}}')
            for name in ("too_slow", "connection_lost", "by_client")}


def soak(seconds, program, redis, instances):
    """Returns the problems found."""
    record = Record(instances)
    load = Load(instances, ["room", "other"], publishers=2, listeners=4,
                rate=10)
    load.start()
    troubles = make_trouble(program, redis, instances, load)
    try:
        watch(seconds, record, load)
    finally:
        for trouble in troubles:
            trouble.end()
    instances.wait_ready(30)
    load.finish(60)
    print(load.summary(), closes(instances), flush=True)
    load.prove(unanswered=True)
    wait_empty(instances)
    return list(record.problems())


def run(folder):
    redis = RedisServer(folder, *LASTING)
    instances = Cluster(folder, redis.url, limits=LIMITS, channels=CHANNELS,
                        redis=REDIS)
    try:
        instances.add_many(2)
        problems = soak(float(sys.argv[1]), sys.argv[2], redis, instances)
    finally:
        complaints = instances.stop()
        redis.end()
    return problems + complaints


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="soak-"))
    print(f"logs in {folder}", flush=True)
    problems = run(folder)
    shutil.rmtree(folder)
    for problem in problems:
        print(problem)
    print("0 passed, 1 failed" if problems else "1 passed, 0 failed")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
