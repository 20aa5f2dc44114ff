"""Half a minute of random failovers: masters killed, paused, replaced and
restarted empty, Sentinels killed and started, instances killed, clients
moving. An acknowledged message is lost only where a gap reports it, and none
is received twice.

PEAL_TEST_SEED repeats a run, PEAL_TEST_SECONDS makes it longer or shorter.
"""

import os
import random
import time

from redis_server import RedisError
from support import patience
from support.patience import seconds
from test_sentinel import NAME, serves, service  # noqa: F401

SECONDS = float(os.environ.get("PEAL_TEST_SECONDS", "30"))


class Failovers:
    """The possible events with their weights."""

    def __init__(self, dice, made, instances, work):
        self.dice = dice
        self.made = made
        self.instances = instances
        self.work = work
        self.events = [(self.kill_master, 3), (self.pause_master, 3),
                       (self.order_failover, 3), (self.kill_replica, 1),
                       (self.kill_sentinel, 2), (self.kill_instance, 2),
                       (self.cut, 2), (self.move_clients, 4)]

    def step(self):
        names, weights = zip(*self.events)
        event = self.dice.choices(names, weights)[0]
        print(f"{time.monotonic():.2f} {event.__name__}", flush=True)
        event()
        time.sleep(self.dice.uniform(0.1, 1.5))
        self.work.check_alive()

    def wait_elected(self, than):
        """Waits for another master, if one can be elected."""
        end = time.monotonic() + seconds(8)
        while time.monotonic() < end and self.made.named() is than:
            time.sleep(0.1)

    def kill_master(self):
        """Restarts it empty, before or after its failure is detected."""
        master = self.made.named()
        master.kill()
        if self.dice.random() < 0.6:
            self.wait_elected(master)
        master.start()

    def pause_master(self):
        master = self.made.named()
        master.pause()
        if self.dice.random() < 0.6:
            self.wait_elected(master)
        else:
            time.sleep(self.dice.uniform(0.1, seconds(1)))
        master.resume()

    def order_failover(self):
        try:
            self.made.sentinels[0].call("SENTINEL", "FAILOVER", NAME)
        except RedisError:
            pass  # no suitable replica, or a failover is running

    def kill_replica(self):
        master = self.made.named()
        replica = next(each for each in self.made.servers
                       if each is not master)
        replica.kill()
        time.sleep(self.dice.uniform(0, 1))
        replica.start()

    def kill_sentinel(self):
        sentinel = self.dice.choice(self.made.sentinels[1:])
        sentinel.kill()
        time.sleep(self.dice.uniform(0, 1))
        sentinel.start()

    def kill_instance(self):
        """Kills an instance once all follow the master: only the instances can
        detect what the new master lacks (conf/README.md)."""
        self.instances.add()
        patience.wait_until(
            lambda: serves(self.made.named(), self.instances), 30, 0.1,
            what="the instances to follow")
        self.instances.kill(self.instances[0])

    def cut(self):
        self.made.named().call("CLIENT", "KILL", "TYPE",
                               self.dice.choice(["normal", "pubsub"]))

    def move_clients(self):
        self.work.move_some(self.dice.randint(1, 2))


def test_random_failovers(service, cluster, load):  # noqa: F811
    seed = int(os.environ.get("PEAL_TEST_SEED", random.randrange(1 << 32)))
    print(f"PEAL_TEST_SEED={seed}", flush=True)
    made = service(replicas=2)
    instances = cluster(made.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ["room", "plain-room", "told-room"], publishers=2,
                listeners=4, rate=20)
    failovers = Failovers(random.Random(seed), made, instances, work)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        failovers.step()
    instances.wait_ready(60)
    work.wait_acknowledged(100, 60)
    work.finish(60)
    print(work.summary(), flush=True)
    work.prove(gaps=True, unanswered=True)
    patience.wait_until(lambda: all(
        each.metric("peal_redis_sentinels") == 3
        for each in instances.instances), 20)
