"""conf/cluster/compose.yml and its additions with Docker Compose: two
instances, their Redis, with Sentinels or as a cluster, and HAProxy."""

import collections
import resource

import pytest

from support.patience import wait_until
from support.ports import free_port
from support.raw import Ended, RawSocket, request_text
from support.websocket import Client, Closed, ws_path

CLIENTS = 10
ROOMS = [f"room{i}" for i in range(8)]  # in slots of all three masters

# The file added to compose.yml, and a command that checks whether another
# server has replaced the stopped `redis`.
PLAIN = (None, None)
SENTINEL = ("compose.sentinel.yml", [
    "sentinel-1", "sh", "-c", "redis-cli -p 26379 sentinel "
    "get-master-addr-by-name mymaster | grep -qx 172.28.6.12"])
REDIS_CLUSTER = ("compose.cluster.yml", [
    "redis-2", "sh", "-c", "redis-cli cluster nodes | grep -q master,fail && "
    "redis-cli cluster info | grep -q cluster_state:ok"])

# one port of this machine, as many descriptors as it allows, and builds with
# the host's network, because a container without it may have no access
HERE = """
services:
  one: &here
    build: {{network: host}}
    ulimits: {{nofile: {descriptors}}}
  two: *here
  proxy:
    ports: !override ["127.0.0.1:{port}:8080"]
"""


class Cluster:
    def __init__(self, engine, source, folder, variant):
        self.engine = engine
        self.addition, self.has_failed_over = variant
        self.port = free_port()
        here = folder / "here.yml"
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        here.write_text(HERE.format(port=self.port,
                                    descriptors=min(allowed, 101024)))
        files = ["compose.yml", *filter(None, [self.addition])]
        self.files = [word for each in files
                      for word in ("-f", source / "conf/cluster" / each)]
        self.files += ["-f", here]

    def run(self, *words):
        return self.engine.run("compose", *self.files, *words)

    def succeeds(self, *words):
        return self.engine.try_run("compose", *self.files,
                                   *words).returncode == 0

    def ready(self):
        try:
            raw = RawSocket(self.port)
            raw.send(request_text("/ready", headers=[("Connection", "close")]))
            return raw.response().status
        except (OSError, Ended):  # the proxy has no instance yet
            return None

    def wait_ready(self, wanted=200):
        wait_until(lambda: self.ready() == wanted, 30, step=0.2,
                   what=f"/ready to answer {wanted}")

    def join(self, name, rooms=("room",)):
        client = Client(self.port, ws_path(name, rooms), protocol="broadcast")
        for _ in rooms:
            client.receive_type("subscribed")
        return client


@pytest.fixture(scope="module", params=[PLAIN, SENTINEL, REDIS_CLUSTER],
                ids=["plain", "sentinel", "cluster"])
def cluster(engine, source, tmp_path_factory, request):
    made = Cluster(engine, source, tmp_path_factory.mktemp("compose"),
                   request.param)
    try:
        made.run("up", "--build", "--detach")
        made.wait_ready()
        yield made
    finally:
        made.run("down", "--volumes")


@pytest.fixture
def clients(cluster):
    made = [cluster.join(f"client-{i}") for i in range(CLIENTS)]
    yield made
    for each in made:
        each.drop()


def send_round(clients):
    """Each client sends a message; returns those that each received."""
    for i, client in enumerate(clients):
        client.send({"type": "broadcast", "channel": "room", "payload": i})
    return [sorted(client.receive_type("broadcast")["payload"]
                   for _ in clients) for client in clients]


def test_messages_reach_all_clients_of_two_instances(cluster, clients):
    assert send_round(clients) == [list(range(CLIENTS))] * CLIENTS
    for name in ("one", "two"):
        told = cluster.run("exec", name, "peal", "info")
        assert f"connections  {CLIENTS // 2}\n" in told, name


def test_clients_of_a_stopped_instance_move_to_the_other(cluster, clients):
    cluster.run("stop", "one")
    ends = collections.Counter()
    for i, client in enumerate(clients):
        try:
            client.ask({"type": "ping"})
        except Closed as closed:
            ends[closed.code] += 1
            clients[i] = cluster.join(f"again-{i}")
    assert ends == {1012: CLIENTS // 2}
    assert send_round(clients) == [list(range(CLIENTS))] * CLIENTS
    cluster.run("start", "one")
    cluster.wait_ready()


def publish_everywhere(client):
    """Sends a message to each room and waits for it."""
    for room in ROOMS:
        client.send({"type": "broadcast", "channel": room, "payload": room})
    heard = sorted(client.receive_type("broadcast")["payload"] for _ in ROOMS)
    assert heard == ROOMS


def test_the_first_redis_stops_and_returns(cluster):
    """Without a replica, the service waits for it; otherwise a replica takes
    over."""
    alice = cluster.join("alice", ROOMS)
    publish_everywhere(alice)
    cluster.run("stop", "redis")
    if cluster.has_failed_over:
        wait_until(lambda: cluster.succeeds("exec", *cluster.has_failed_over),
                   60, step=0.5, what="a replica to take over")
    else:
        cluster.wait_ready(503)
        cluster.run("start", "redis")
    cluster.wait_ready()
    publish_everywhere(alice)
    cluster.run("start", "redis")
    cluster.wait_ready()
    publish_everywhere(alice)
    alice.drop()
