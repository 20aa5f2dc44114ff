"""conf/cluster/compose.yml, with Docker Compose: two instances, their Redis
and HAProxy."""

import collections
import resource

import pytest

from support.patience import wait_until
from support.ports import free_port
from support.raw import Ended, RawSocket, request_text
from support.websocket import Client, Closed, ws_path

CLIENTS = 10

# one port of this machine, no more descriptors than it grants, and images that
# can be built where a container without the host's network reaches nobody
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
    def __init__(self, engine, source, folder):
        self.engine = engine
        self.port = free_port()
        here = folder / "here.yml"
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        here.write_text(HERE.format(port=self.port,
                                    descriptors=min(allowed, 101024)))
        self.files = ["-f", source / "conf/cluster/compose.yml", "-f", here]

    def run(self, *words):
        return self.engine.run("compose", *self.files, *words)

    def ready(self):
        try:
            raw = RawSocket(self.port)
            raw.send(request_text("/ready", headers=[("Connection", "close")]))
            return raw.response().status
        except (OSError, Ended):  # nobody is behind the proxy yet
            return None

    def wait_ready(self, wanted=200):
        wait_until(lambda: self.ready() == wanted, 30, step=0.2,
                   what=f"/ready to answer {wanted}")

    def join(self, name):
        client = Client(self.port, ws_path(name, ["room"]),
                        protocol="broadcast")
        client.receive_type("subscribed")
        return client


@pytest.fixture(scope="module")
def cluster(engine, source, tmp_path_factory):
    made = Cluster(engine, source, tmp_path_factory.mktemp("compose"))
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
    """One message from each; how many each hears, its own too."""
    for i, client in enumerate(clients):
        client.send({"type": "broadcast", "channel": "room", "payload": i})
    return [sorted(client.receive_type("broadcast")["payload"]
                   for _ in clients) for client in clients]


def test_everybody_hears_everybody_across_two_instances(cluster, clients):
    assert send_round(clients) == [list(range(CLIENTS))] * CLIENTS
    for name in ("one", "two"):
        told = cluster.run("exec", name, "peal", "info")
        assert f"connections  {CLIENTS // 2}\n" in told, name


def test_stopping_one_sends_its_clients_to_the_other(cluster, clients):
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


def test_without_redis_it_is_not_ready_and_then_again(cluster):
    cluster.run("stop", "redis")
    cluster.wait_ready(503)
    cluster.run("start", "redis")
    cluster.wait_ready()
    alice = cluster.join("alice")
    assert send_round([alice]) == [[0]]
    alice.drop()
