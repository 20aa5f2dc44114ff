"""An instance is killed with SIGKILL under load."""

import time

from support import patience

from cluster import LEASE


def test_clients_move_and_recover(lasting_redis, cluster, load):
    instances = cluster(lasting_redis.url, 3)
    work = load(instances, ["room"], publishers=4, listeners=6, rate=40)
    work.wait_acknowledged(100)
    for _ in range(2):
        instances.kill(instances[0])
        work.wait_acknowledged(150)
    work.finish()
    print(work.summary())
    work.prove(unanswered=True)


def presence(client, channel):
    answer = client.ask({"type": "presence", "channel": channel})
    return {entry["client"]: entry["connections"]
            for entry in answer["clients"]}


def wait_presence(client, channel, expected, timeout=10):
    patience.wait_until(
        lambda: presence(client, channel) == expected, timeout,
        what=f"presence {expected} in {channel}")


def events(client, channel):
    """The events received so far."""
    client.ask({"type": "presence", "channel": channel})
    found = []
    while client.backlog:
        message = client.receive()
        if message["type"] in ("join", "leave"):
            found.append((message["type"], message["client"]))
    return found


def wait_events(client, channel, expected, timeout=5):
    """Waits for exactly these events; the order among clients is free."""
    found = []

    def are_there():
        found.extend(events(client, channel))
        return len(found) >= len(expected)

    patience.wait_until(are_there, timeout, what=f"events {expected}")
    assert sorted(found) == sorted(expected)


def test_members_leave_once_within_the_lease(redis, cluster):
    """Even if the instance dies right after its start: it registers in Redis
    before it serves clients."""
    server = redis()
    instances = cluster(server.url, 3)
    watchers = [instances[i].join(f"watcher{i}", "told-room")
                for i in (0, 1)]
    for name in ("carol", "dave"):
        instances[2].join(name, "told-room")
    instances[2].join("both", "told-room")
    instances[0].join("both", "told-room")
    expected = {"watcher0": 1, "watcher1": 1, "carol": 1, "dave": 1,
                "both": 2}
    wait_presence(watchers[0], "told-room", expected)
    time.sleep(patience.seconds(0.2))
    for watcher in watchers:
        events(watcher, "told-room")
    identity = server.call("ZRANGE", "peal:instances", 0, -1)
    instances.kill(instances[2])
    killed = time.monotonic()
    left = {"watcher0": 1, "watcher1": 1, "both": 1}
    wait_presence(watchers[0], "told-room", left, timeout=15)
    assert time.monotonic() - killed < LEASE + patience.seconds(1)
    for watcher in watchers:
        wait_events(watcher, "told-room",
                    [("leave", "carol"), ("leave", "dave")])
    time.sleep(LEASE)
    for watcher in watchers:
        assert events(watcher, "told-room") == []
    patience.wait_until(
        lambda: len(server.call("ZRANGE", "peal:instances", 0, -1)) == 2)
    remaining = server.call("ZRANGE", "peal:instances", 0, -1)
    gone = set(identity) - set(remaining)
    assert len(gone) == 1
    assert_nothing_names(server, gone.pop())


def assert_nothing_names(server, name):
    """No key contains the instance in its name or value."""
    for key in server.keys():
        assert name not in key
        kind = server.call("TYPE", key)
        if kind == "hash":
            assert name not in str(server.call("HGETALL", key))
        elif kind == "zset":
            assert name not in str(server.call("ZRANGE", key, 0, -1))
        elif kind == "set":
            assert name not in str(server.call("SMEMBERS", key))
