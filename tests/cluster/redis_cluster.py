"""A Redis Cluster for tests."""

from redis_server import RedisError
from support import patience
from support.ports import free_port

SLOTS = 16384


class RedisCluster:
    """Masters with replicas each; `start` starts a server."""

    def __init__(self, start, masters=3, replicas=0, options=(),
                 timeout_ms=2000):
        self.start = start
        self.options = (
            "--cluster-enabled", "yes", "--cluster-node-timeout",
            str(int(patience.seconds(timeout_ms))),
            "--repl-diskless-sync-delay", "0",
            # a master stays a master when it loses its last slot
            "--cluster-allow-replica-migration", "no", *options)
        self.masters = [self.add() for _ in range(masters)]
        self.replicas = []
        step = SLOTS / masters
        for index, node in enumerate(self.masters):
            node.call("CLUSTER", "ADDSLOTSRANGE", round(index * step),
                      round((index + 1) * step) - 1)
            node.call("CLUSTER", "SET-CONFIG-EPOCH", index + 1)
        self.meet(self.masters)
        self.wait_ok()
        for master in self.masters:
            for _ in range(replicas):
                self.add_replica(master)
        self.wait_ok()  # only a node that knows all others can be elected

    def add(self):
        return self.start(*self.options, "--cluster-port", str(free_port()))

    @property
    def nodes(self):
        return self.masters + self.replicas

    def meet(self, nodes):
        for node in nodes:
            bus = node.call("CONFIG", "GET", "cluster-port")[1]
            for other in self.nodes:
                if other is not node:
                    other.call("CLUSTER", "MEET", node.host, node.port, bus)

    def add_replica(self, master):
        replica = self.add()
        self.replicas.append(replica)
        self.meet([replica])

        def is_told():
            try:
                replica.call("CLUSTER", "REPLICATE", self.id_of(master))
            except RedisError:
                return False  # does not know the master yet
            return True

        patience.wait_until(is_told, 20, 0.1, what="a replica")
        patience.wait_until(
            lambda: "master_link_status:up" in replica.call(
                "INFO", "replication"), 20, 0.1, what="a replica to follow")
        return replica

    @staticmethod
    def id_of(node):
        return node.call("CLUSTER", "MYID")

    def wait_ok(self, timeout=20):
        def is_ok(node):
            info = node.call("CLUSTER", "INFO")
            return ("cluster_state:ok" in info and
                    f"cluster_size:{len(self.masters)}" in info and
                    f"cluster_known_nodes:{len(self.nodes)}" in info)
        for node in self.nodes:
            patience.wait_until(lambda n=node: is_ok(n), timeout, 0.1,
                                what="a healthy cluster")

    @property
    def url(self):
        hosts = ",".join(f"{node.host}:{node.port}" for node in self.nodes)
        return f"redis+cluster://{hosts}"

    def slot(self, key):
        return self.masters[0].call("CLUSTER", "KEYSLOT", key)

    def owner(self, key):
        slot = self.slot(key)
        for first, last, master, *_ in self.masters[0].call(
                "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes
                            if node.port == master[1])
        raise AssertionError("no node has the slot")
