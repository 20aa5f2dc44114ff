"""A minute of random faults: instances killed and started, Redis paused,
killed and stopped (with persistence), connections cut, clients moving.

PEAL_TEST_SEED repeats a run, PEAL_TEST_SECONDS makes it longer or shorter.
"""

import os
import random
import time

from support import patience
from support.websocket import Closed, Refused

from test_client_limits import count, lives

LIMIT = 8  # more than the load needs, including connections of dead instances
SECONDS = float(os.environ.get("PEAL_TEST_SECONDS", "60"))


class Hoppers:
    """Clients with several connections that move between instances."""

    def __init__(self, dice, instances):
        self.dice = dice
        self.instances = instances
        self.open = {f"hopper{i}": [] for i in range(4)}

    def hop(self):
        for name, connections in self.open.items():
            if connections and self.dice.random() < 0.4:
                connections.pop(self.dice.randrange(len(connections))).drop()
            for _ in range(self.dice.randint(1, 4)):
                self.add(name)

    def add(self, name):
        server = self.dice.choice(self.instances.instances)
        try:
            made = server.connect(name, [""], protocol="broadcast")
            self.open[name].append(made)
        except (Refused, Closed, OSError):
            pass  # at its limit, or the instance was killed

    def prove(self, redis):
        """No client exceeds the limit, Redis has the right counts, and each
        client can reach the limit."""
        for name, connections in self.open.items():
            def is_right():
                left = sum(map(lives, connections))
                return left <= LIMIT and count(redis, name) == left

            def is_full():
                self.add(name)
                return sum(map(lives, connections)) == LIMIT

            patience.wait_until(is_right, 30, what=f"{name} to be counted")
            patience.wait_until(is_full, 30, 0.1, what=f"{name} to connect")
            patience.wait_until(is_right, 30, what=f"{name} to be counted")


class Chaos:
    """The possible events with their weights."""

    def __init__(self, dice, server, instances, work, hoppers):
        self.dice = dice
        self.server = server
        self.instances = instances
        self.work = work
        self.events = [(self.kill_instance, 3), (self.add_instance, 2),
                       (self.pause_redis, 3), (self.kill_redis, 2),
                       (self.stop_redis, 1), (self.cut, 2),
                       (self.forget_scripts, 1), (self.read_only, 1),
                       (self.move_clients, 4), (hoppers.hop, 6)]

    def step(self):
        names, weights = zip(*self.events)
        event = self.dice.choices(names, weights)[0]
        print(f"{time.monotonic():.2f} {event.__name__}", flush=True)
        event()
        time.sleep(self.dice.uniform(0.05, 1.0))
        self.work.check_alive()

    def kill_instance(self):
        if len(self.instances.instances) < 2:
            self.instances.add()
        self.instances.kill(self.dice.choice(self.instances.instances))

    def add_instance(self):
        if len(self.instances.instances) < 3:
            self.instances.add()

    def pause_redis(self):
        self.server.pause()
        time.sleep(self.dice.uniform(0.05, patience.seconds(2.5)))
        self.server.resume()

    def kill_redis(self):
        self.server.kill()
        time.sleep(self.dice.uniform(0, 1))
        self.server.start()

    def stop_redis(self):
        self.server.stop()
        time.sleep(self.dice.uniform(0, 1))
        self.server.start()

    def cut(self):
        self.server.call("CLIENT", "KILL", "TYPE",
                         self.dice.choice(["normal", "pubsub"]))

    def forget_scripts(self):
        self.server.call("SCRIPT", "FLUSH")

    def read_only(self):
        self.server.call("REPLICAOF", "127.0.0.1", "1")
        time.sleep(self.dice.uniform(0.05, 0.8))
        self.server.call("REPLICAOF", "NO", "ONE")

    def move_clients(self):
        self.work.move_some(self.dice.randint(1, 3))


def test_random_run(lasting_redis, cluster, load):
    seed = int(os.environ.get("PEAL_TEST_SEED", random.randrange(1 << 32)))
    print(f"PEAL_TEST_SEED={seed}", flush=True)
    dice = random.Random(seed)
    instances = cluster(lasting_redis.url, 2, redis={"backlog_seconds": 30},
                        limits={"connections_per_client": LIMIT})
    hoppers = Hoppers(dice, instances)
    work = load(instances, ["room", "other", "told-room"], publishers=2,
                listeners=5, rate=20)
    chaos = Chaos(dice, lasting_redis, instances, work, hoppers)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        chaos.step()
    instances.wait_ready(30)
    work.wait_acknowledged(100)
    work.finish(60)
    print(work.summary(), flush=True)
    work.prove(unanswered=True)
    check_presence(instances)
    hoppers.prove(lasting_redis)


def check_presence(instances):
    """Dead clients are removed; present ones are counted once."""
    alice = instances[0].join("alice", "told-room")

    def members():
        answer = alice.ask({"type": "presence", "channel": "told-room"})
        return {each["client"]: each["connections"]
                for each in answer["clients"]}

    patience.wait_until(lambda: members() == {"alice": 1}, 30,
                        what="correct presence")
