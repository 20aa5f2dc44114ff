"""Many channels, while nodes and clients are added and removed."""

import binascii
import itertools
import re
import subprocess

import pytest

from redis_cluster import SLOTS, RedisCluster
from redis_server import LASTING
from support import patience, redis_samples
from test_instance_fails import wait_presence

MANY = [f"many-{number}" for number in range(1000)]
ROOM_FOR_ALL = {"channels_per_connection": len(MANY)}


def subscribe_all(instance, name):
    client = instance.connect(name, [""], protocol="broadcast")
    client.send({"type": "subscribe", "id": 1, "channels": MANY})
    return client, {message["type"] for message in
                    client.receive_many(len(MANY))}


def count_calls(servers, command):
    lines = [line for server in servers for line in
             server.call("INFO", "commandstats").splitlines()
             if line.startswith(f"cmdstat_{command}:")]
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in lines)


def slot(channel):
    return binascii.crc_hqx(channel.encode(), 0) % SLOTS


def cut_subscriptions(instances, servers, channels):
    before = instances.metric("peal_redis_resubscriptions_total")
    for server in servers:
        server.call("CONFIG", "RESETSTAT")
        server.call("CLIENT", "KILL", "TYPE", "pubsub")
    patience.wait_until(
        lambda: instances.metric("peal_redis_resubscriptions_total") >=
        before + len(channels), 10, what="subscriptions to be made again")
    instances.wait_ready()


def hear_some(instances, listener, channels):
    talker = instances[1].connect("talker", [""], protocol="broadcast")
    for channel in channels[::len(channels) // 10]:
        talker.ask({"type": "broadcast", "channel": channel, "payload": 1})
        heard = listener.receive_type("broadcast")
        assert (heard["channel"], heard["payload"]) == (channel, 1)


@pytest.mark.parametrize("sharded", (False, True))
def test_one_command_for_many_channels(redis, cluster, sharded):
    server = redis()
    instances = cluster(server.url, 2, limits=ROOM_FOR_ALL,
                        redis={"sharded": sharded})
    listener, kinds = subscribe_all(instances[0], "alice")
    assert kinds == {"subscribed"}
    command = "ssubscribe" if sharded else "subscribe"
    assert count_calls([server], command) < 40
    cut_subscriptions(instances, [server], MANY)
    hear_some(instances, listener, MANY)
    assert count_calls([server], command) < 20
    listener.drop()
    patience.wait_until(
        lambda: instances.metric("peal_channels") == 0, 10,
        what="the channels to be freed")
    unsubscribe = command.replace("sub", "unsub")
    patience.wait_until(lambda: count_calls([server], unsubscribe),
                        what="the unsubscribe")
    subscribe_all(instances[0], "bob")
    assert count_calls([server], unsubscribe) < 20


def test_one_command_for_the_channels_of_a_slot(redis, cluster):
    masters = RedisCluster(redis)
    instances = cluster(masters.url, 2)
    names = (f"many-{number}" for number in itertools.count())
    shared = list(itertools.islice(
        (name for name in names if slot(name) == slot("many-0")), 30))
    assert masters.slot(f"peal:{{{shared[1]}}}:c") == slot("many-0")
    listener = instances[0].join("alice", *shared)
    cut_subscriptions(instances, masters.masters, shared)
    hear_some(instances, listener, shared)
    assert count_calls(masters.masters, "ssubscribe") < 15
    # PUBLISH goes to every node, echoes must not
    for node in masters.masters:
        assert "publish_sent" not in node.call("CLUSTER", "INFO")


def test_a_refused_subscription_is_retried(redis, cluster):
    """CLUSTERDOWN does not name the affected channels."""
    masters = RedisCluster(redis)
    server = cluster(masters.url, 1, channels=[
        {"match": "*", "presence": False}])[0]
    owner = masters.owner("peal:{many-1}:c")
    owner.call("CLUSTER", "DELSLOTS", slot("many-1"))
    client = server.connect("alice", ["many-1"], protocol="broadcast")
    patience.wait_until(
        lambda: "ssubscribe" in owner.call("INFO", "commandstats") and
        "CLUSTERDOWN" in owner.call("INFO", "errorstats"))
    owner.call("CLUSTER", "ADDSLOTS", slot("many-1"))
    assert client.receive_type("subscribed")["channel"] == "many-1"


def promtool(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text,
                          capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


def wait_sample(server, name, value):
    """Waits for a sample that may not exist at first."""
    patience.wait_until(lambda: server.metrics().get(name) == value, 5,
                        what=f"{name} to be {value}")


def test_metrics_of_each_node(redis, cluster):
    masters = RedisCluster(redis, masters=2)
    server = cluster(masters.url, 1)[0]
    names = [f"127.0.0.1:{node.port}" for node in masters.masters]
    for name in names:
        node = f'{{node="{name}"}}'
        wait_sample(server, f"peal_redis_node_slots{node}", 8192)
        wait_sample(server, f"peal_redis_node_replicas{node}", 0)
        mean = (server.metric(f"peal_redis_node_round_trip_seconds_sum{node}") /
                server.metric(
                    f"peal_redis_node_round_trip_seconds_count{node}"))
        assert 0 < mean < 1
    home = masters.masters.index(masters.owner("peal:{peal}:in"))
    roles = ["home", "master"] if home == 0 else ["master", "home"]
    for name, role in zip(names, roles):
        up = f'peal_redis_node_up{{node="{name}",role="{role}"}}'
        wait_sample(server, up, 1)
    assert promtool(server.request("/metrics").body) == (0, b"")
    found = {}
    for sample in server.metrics():
        name, _, labels = sample.partition("{")
        if name in redis_samples.SAMPLES:
            found[name] = set(re.findall(r'(\w+)="', labels))
    assert found == redis_samples.SAMPLES
    masters.masters[1 - home].pause()
    wait_sample(server, f'peal_redis_node_up{{node="{names[1 - home]}",'
                       'role="master"}', 0)


def test_metrics_of_sentinels_and_of_one_server(redis, cluster, sentinel):
    server = redis()
    alone = cluster(server.url, 1)[0]
    wait_sample(
        alone, f'peal_redis_node_up{{node="127.0.0.1:{server.port}",role="server"}}',
        1)
    watchers = [sentinel(f"sentinel monitor main 127.0.0.1 {server.port} 2")
                for _ in range(3)]
    hosts = ",".join(f"127.0.0.1:{each.port}" for each in watchers)
    named = cluster(f"redis+sentinel://{hosts}/main", 1)[0]
    for port, role in [(server.port, "master"),
                       *((each.port, "sentinel") for each in watchers)]:
        wait_sample(
            named, f'peal_redis_node_up{{node="127.0.0.1:{port}",role="{role}"}}', 1)


def test_unsubscribing_while_the_node_is_down(redis, cluster):
    masters = RedisCluster(redis, options=LASTING)
    instances = cluster(masters.url, 2, redis={"lease_seconds": 60})
    home = masters.owner("peal:{peal}:in")
    room = next(room for room in MANY
                if masters.owner(f"peal:{{{room}}}:c") is not home)
    owner = masters.owner(f"peal:{{{room}}}:c")
    instances[0].join("alice", room)
    bob = instances[0].join("bob", room)
    owner.kill()
    instances.wait_not_ready()
    bob.drop()
    instances[0].wait_metric("peal_connections", 1)
    owner.start()
    instances.wait_ready(30)
    asker = instances[1].join("asker", room)
    wait_presence(asker, room, {"alice": 1, "asker": 1})
