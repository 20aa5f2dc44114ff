"""Half a minute of random faults on a Redis Cluster: masters killed and
paused, planned failovers, moving slots, cut connections, killed instances,
moving clients. An acknowledged message is lost only where a gap reports it.

PEAL_TEST_SEED repeats a run, PEAL_TEST_SECONDS makes it longer or shorter.
"""

import os
import random
import time

from redis_cluster import RedisCluster
from redis_server import RedisError
from support import patience
from support.patience import seconds
from test_redis_cluster import ROOMS, move_slot

SECONDS = float(os.environ.get("PEAL_TEST_SECONDS", "30"))


class Chaos:
    """The possible events with their weights."""

    def __init__(self, dice, masters, instances, work):
        self.dice = dice
        self.masters = masters
        self.instances = instances
        self.work = work
        self.events = [(self.kill, 2), (self.pause, 2), (self.fail_over, 3),
                       (self.move_a_slot, 4), (self.cut, 2),
                       (self.kill_instance, 1), (self.move_clients, 3)]

    def step(self):
        names, weights = zip(*self.events)
        event = self.dice.choices(names, weights)[0]
        print(f"{time.monotonic():.2f} {event.__name__}", flush=True)
        try:
            event()
        except (RedisError, OSError) as error:
            print(f"  {error}", flush=True)
        time.sleep(self.dice.uniform(0.1, 1.5))
        self.work.check_alive()

    def active(self):
        """The current masters."""
        return [node for node in self.masters.nodes
                if "role:master" in node.call("INFO", "replication")]

    def wait_well(self):
        patience.wait_until(
            lambda: all("cluster_state:ok" in node.call("CLUSTER", "INFO")
                        for node in self.masters.nodes) and
            len(self.active()) == 3 and all(
                "master_link_status:down" not in
                node.call("INFO", "replication")
                for node in self.masters.nodes), 40, 0.1,
            what="the cluster to recover")

    def kill(self):
        victim = self.dice.choice(self.active())
        victim.kill()
        time.sleep(self.dice.uniform(0, seconds(4)))
        victim.start()
        self.wait_well()

    def pause(self):
        victim = self.dice.choice(self.active())
        victim.pause()
        time.sleep(self.dice.uniform(0.1, seconds(4)))
        victim.resume()
        self.wait_well()

    def fail_over(self):
        replica = self.dice.choice([node for node in self.masters.nodes
                                    if node not in self.active()])
        replica.call("CLUSTER", "FAILOVER")
        # it may be given up, but moving a slot meanwhile breaks the cluster
        end = time.monotonic() + seconds(6)
        while replica not in self.active() and time.monotonic() < end:
            time.sleep(0.05)

    def move_a_slot(self):
        self.wait_well()
        key = f"peal:{{{self.dice.choice(ROOMS[:4])}}}:c"
        source = self.masters.owner(key)
        target = self.dice.choice(
            [node for node in self.active() if node is not source])
        move_slot(self.masters, self.masters.slot(key), source, target)

    def cut(self):
        self.dice.choice(self.active()).call(
            "CLIENT", "KILL", "TYPE", self.dice.choice(["normal", "pubsub"]))

    def kill_instance(self):
        """Kills an instance once all serve: only the instances can detect what
        a new master lacks (conf/README.md)."""
        self.instances.add()
        self.wait_well()
        self.instances.wait_ready(30)
        self.instances.kill(self.instances[0])

    def move_clients(self):
        self.work.move_some(self.dice.randint(1, 2))


def test_random_cluster(redis, cluster, load):
    seed = int(os.environ.get("PEAL_TEST_SEED", random.randrange(1 << 32)))
    print(f"PEAL_TEST_SEED={seed}", flush=True)
    masters = RedisCluster(redis, replicas=1)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:4], publishers=1, listeners=4, rate=20)
    chaos = Chaos(random.Random(seed), masters, instances, work)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        chaos.step()
    chaos.wait_well()
    instances.wait_ready(60)
    work.wait_acknowledged(100, 60)
    work.finish(60)
    print(work.summary(), flush=True)
    work.prove(gaps=True, unanswered=True)
