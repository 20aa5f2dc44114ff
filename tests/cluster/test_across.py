"""Messages and presence between clients of different instances."""

import time

import pytest

from support import patience

from cluster import LEASE
from test_instance_fails import (events, presence, wait_events,
                                 wait_presence)


def publish(client, count, channel="room", first=0):
    for i in range(first, first + count):
        client.ask({"type": "broadcast", "channel": channel, "payload": i})


def fresh(server, client="bob"):
    return server.connect(client, [""], protocol="broadcast")


def subscribe(client, channel, epoch, offset):
    return client.ask({"type": "subscribe", "channel": channel,
                       "since": {"epoch": epoch, "offset": offset}})


def test_recovery_from_any_instance(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 10)
    for server in instances.instances:
        answer = subscribe(fresh(server), "room", epoch, 4)
        assert (answer["recovered"], answer["offset"]) == (True, 10)
        assert [m["payload"] for m in answer["messages"]] == list(range(4, 10))
        assert [m["offset"] for m in answer["messages"]] == list(range(5, 11))


def test_messages_during_a_recovery_are_recovered(redis, cluster, proxy):
    """The stream's answer is older than messages delivered meanwhile."""
    server = redis()
    between = proxy(server)
    instances = cluster(server.url, 1)
    slow = instances.add(url=between.url)
    instances.wait_ready()
    alice = instances[0].join("alice", "room")
    bob = slow.join("bob", "room")
    publish(alice, 5)
    assert [bob.receive_type("broadcast")["payload"] for _ in range(5)] == \
        list(range(5))
    between.holds_answers = True
    carol = fresh(slow, "carol")
    carol.send({"type": "subscribe", "channel": "room", "id": 1, "since": {
        "epoch": alice.subscribed[0]["epoch"], "offset": 2}})
    patience.wait_until(lambda: between.held, 5)
    publish(alice, 5, first=5)
    assert [bob.receive_type("broadcast")["payload"] for _ in range(5)] == \
        list(range(5, 10))
    between.holds_answers = False
    answer = carol.receive_type("subscribed")
    assert (answer["recovered"], answer["offset"]) == (True, 10)
    assert [m["payload"] for m in answer["messages"]] == list(range(2, 10))
    publish(alice, 1, first=10)
    assert carol.receive_type("broadcast")["payload"] == 10


@pytest.fixture
def lagging(redis, cluster, proxy):
    """lagging(channel) returns a client of a fast instance, a slow instance,
    and the proxy between the slow one and Redis."""
    def start(channel):
        server = redis()
        between = proxy(server)
        instances = cluster(server.url, 1)
        slow = instances.add(url=between.url)
        instances.wait_ready()
        slow.join("bob", channel)
        return instances[0].join("alice", channel), slow, between

    return start


def send_subscribe(client, channel, epoch, offset):
    client.send({"type": "subscribe", "channel": channel, "id": 1,
                 "since": {"epoch": epoch, "offset": offset}})


@pytest.mark.parametrize("channel, since, missed", [
    ("room", 5, []), ("room", 3, [3, 4]), ("plain-room", 5, [])])
def test_recovery_from_a_slow_instance(lagging, channel, since, missed):
    """The client has newer messages than the instance it moves to."""
    alice, slow, between = lagging(channel)
    epoch = alice.subscribed[0]["epoch"]
    between.holds_pushes = True
    publish(alice, since, channel)
    carol = fresh(slow, "carol")
    send_subscribe(carol, channel, epoch, since)
    assert carol.is_silent(0.3)
    publish(alice, 5 - since, channel, first=since)
    between.holds_pushes = False
    answer = carol.receive_type("subscribed")
    assert answer["recovered"] and answer["offset"] >= since
    got = [m["payload"] for m in answer["messages"]]
    while len(got) < len(missed):
        got.append(carol.receive_type("broadcast")["payload"])
    assert got == missed
    publish(alice, 1, channel, first=5)
    assert carol.receive_type("broadcast")["offset"] == 6


def test_recovery_when_the_instance_missed_what_the_client_has(lagging):
    """No later message reveals the loss."""
    alice, slow, between = lagging("room")
    between.loses_messages = True
    publish(alice, 5)
    answer = subscribe(fresh(slow, "carol"), "room",
                       alice.subscribed[0]["epoch"], 5)
    assert (answer["recovered"], answer["offset"]) == (True, 5)


def test_not_recovered_from_an_unknown_offset(redis, cluster):
    instances = cluster(redis().url, 1)
    alice = instances[0].join("alice", "room")
    publish(alice, 5)
    answer = subscribe(fresh(instances[0]), "room",
                       alice.subscribed[0]["epoch"], 6)
    assert (answer["recovered"], answer["offset"]) == (False, 5)


def test_not_recovered_when_the_stream_is_trimmed(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "short-room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 20, "short-room")
    answer = subscribe(fresh(instances[1]), "short-room", epoch, 14)
    assert (answer["recovered"], answer["messages"]) == (False, [])
    assert (answer["epoch"], answer["offset"]) == (epoch, 20)
    answer = subscribe(fresh(instances[1]), "short-room", epoch, 15)
    assert answer["recovered"] is True
    assert [m["offset"] for m in answer["messages"]] == list(range(16, 21))


def test_not_recovered_without_history(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "plain-room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 3, "plain-room")
    answer = subscribe(fresh(instances[1]), "plain-room", epoch, 1)
    assert (answer["recovered"], answer["messages"]) == (False, [])
    answer = subscribe(fresh(instances[1]), "plain-room", epoch, 3)
    assert (answer["recovered"], answer["messages"]) == (True, [])


def test_not_recovered_in_another_epoch(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 5)
    server.kill()
    instances.wait_not_ready()
    server.start()
    instances.wait_ready()
    assert alice.receive_type("gap")["channel"] == "room"
    publish(alice, 5)
    answer = subscribe(fresh(instances[1]), "room", epoch, 2)
    assert (answer["recovered"], answer["messages"]) == (False, [])
    assert (answer["epoch"] != epoch, answer["offset"]) == (True, 5)


def test_history_from_any_instance(redis, cluster):
    instances = cluster(redis().url, 2)
    publish(instances[0].join("alice", "room"), 10)
    answer = fresh(instances[1]).ask({"type": "history", "channel": "room",
                                      "limit": 3})
    assert answer["offset"] == 10
    assert [m["payload"] for m in answer["messages"]] == [7, 8, 9]


def test_direct_reaches_every_connection(redis, cluster):
    instances = cluster(redis().url, 2)
    bobs = [server.connect("bob", [""], protocol="broadcast")
            for server in instances.instances for _ in range(2)]
    alice = fresh(instances[0], "alice")
    for i in range(10):
        alice.send({"type": "direct", "to": "bob", "payload": i})
    for bob in bobs:
        got = [bob.receive_type("direct") for _ in range(10)]
        assert [m["payload"] for m in got] == list(range(10))
        assert {m["from"] for m in got} == {"alice"}
        assert bob.is_silent()


def test_presence_counts_across_instances(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "room")
    also = instances[1].join("alice", "room")
    bob = instances[1].join("bob", "room")
    for client in (alice, bob):
        wait_presence(client, "room", {"alice": 2, "bob": 1})
    also.end()
    wait_presence(alice, "room", {"alice": 1, "bob": 1})
    bob.drop()
    wait_presence(alice, "room", {"alice": 1})


def test_join_and_leave_are_reported_once(redis, cluster):
    instances = cluster(redis().url, 3)
    watchers = [server.join(f"watcher{i}", "told-room")
                for i, server in enumerate(instances.instances)]
    everybody = {f"watcher{i}": 1 for i in range(3)}
    wait_presence(watchers[0], "told-room", everybody)
    time.sleep(patience.seconds(0.2))
    for watcher in watchers:
        events(watcher, "told-room")
    tabs = [server.join("alice", "told-room")
            for server in instances.instances for _ in range(2)]
    wait_presence(watchers[2], "told-room", {**everybody, "alice": 6})
    for watcher in watchers:
        wait_events(watcher, "told-room", [("join", "alice")])
    for tab in tabs[:5]:
        tab.end()
    wait_presence(watchers[0], "told-room", {**everybody, "alice": 1})
    for watcher in watchers:
        assert events(watcher, "told-room") == []
    tabs[5].end()
    wait_presence(watchers[0], "told-room", everybody)
    for watcher in watchers:
        wait_events(watcher, "told-room", [("leave", "alice")])


def test_a_client_that_left_during_an_outage_is_gone(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 2)
    alice = instances[0].join("alice", "told-room")
    bob = instances[1].join("bob", "told-room")
    carol = instances[1].join("carol", "told-room")
    wait_presence(alice, "told-room", {"alice": 1, "bob": 1, "carol": 1})
    time.sleep(patience.seconds(0.2))
    events(alice, "told-room")
    lasting_redis.stop()
    instances.wait_not_ready()
    bob.drop()
    time.sleep(patience.seconds(0.3))
    lasting_redis.start()
    instances.wait_ready()
    wait_presence(alice, "told-room", {"alice": 1, "carol": 1})
    # at most once: her instance may not have resubscribed yet
    assert events(alice, "told-room") in ([], [("leave", "bob")])
    assert presence(carol, "told-room") == {"alice": 1, "carol": 1}


def test_no_leaves_are_reported_in_a_long_outage(lasting_redis, cluster,
                                                 proxy):
    """Even if one instance reconnects later than the other."""
    between = proxy(lasting_redis)
    instances = cluster(lasting_redis.url, 1)
    instances.add(url=between.url)
    instances.wait_ready()
    alice = instances[0].join("alice", "told-room")
    instances[1].join("bob", "told-room")
    wait_presence(alice, "told-room", {"alice": 1, "bob": 1})
    time.sleep(patience.seconds(0.2))
    events(alice, "told-room")
    lasting_redis.stop()
    between.refuses = True
    time.sleep(LEASE * 1.3)
    lasting_redis.start()
    patience.wait_until(
        lambda: instances[0].request("/ready").status == 200, 5)
    time.sleep(LEASE * 0.4)
    between.refuses = False
    instances.wait_ready()
    end = time.monotonic() + LEASE
    while time.monotonic() < end:
        assert presence(alice, "told-room").keys() == {"alice", "bob"}
        time.sleep(0.05)
    assert events(alice, "told-room") == []


def test_presence_survives_an_empty_redis(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "room")
    instances[1].join("bob", "room")
    server.kill()
    instances.wait_not_ready()
    server.start()
    instances.wait_ready()
    wait_presence(alice, "room", {"alice": 1, "bob": 1})


def test_presence_survives_a_flush(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "room")
    instances[1].join("bob", "room")
    server.call("FLUSHALL")
    wait_presence(alice, "room", {"alice": 1, "bob": 1})


def test_a_graceful_shutdown_removes_the_instance(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "told-room")
    instances[1].join("bob", "told-room")
    wait_presence(alice, "told-room", {"alice": 1, "bob": 1})
    gone = instances.instances.pop()
    instances.ended.append(gone)
    gone.signal()
    gone.wait_exit()
    assert presence(alice, "told-room") == {"alice": 1}
    assert len(server.call("ZRANGE", "peal:instances", 0, -1)) == 1
    assert sum("instance:" in key for key in server.keys()) == 1


def channels(server):
    return set(server.call("PUBSUB", "CHANNELS", "peal:{*"))


def test_first_in_last_out(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    clients = [fresh(each) for each in instances.instances]
    assert channels(server) == set()
    for number, client in enumerate(clients, 1):
        client.ask({"type": "subscribe", "channel": "room"})
        assert channels(server) == {"peal:{room}:c"}
        assert server.call("PUBSUB", "NUMSUB", "peal:{room}:c") == \
            ["peal:{room}:c", number]
    second = fresh(instances[0], "carol")
    second.ask({"type": "subscribe", "channel": "room"})
    assert server.call("PUBSUB", "NUMSUB", "peal:{room}:c")[1] == 2
    clients[0].ask({"type": "unsubscribe", "channel": "room"})
    time.sleep(patience.seconds(0.2))
    assert server.call("PUBSUB", "NUMSUB", "peal:{room}:c")[1] == 2
    for client in (clients[1], second):
        client.ask({"type": "unsubscribe", "channel": "room"})
    patience.wait_until(lambda: channels(server) == set(), 8)


def test_reconnecting_in_time_avoids_churn(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    for _ in range(20):
        alice.ask({"type": "unsubscribe", "channel": "room"})
        alice.ask({"type": "subscribe", "channel": "room"})
    stats = server.call("INFO", "commandstats")
    assert "cmdstat_unsubscribe:" not in stats
    publish(alice, 3)
    assert [alice.receive_type("broadcast")["payload"]
            for _ in range(3)] == [0, 1, 2]


def publish_as_another(server, epoch, offsets):
    """Another instance reconnected first and published as many again."""
    other = server.connect()
    other.call("MULTI")
    other.call("HSET", "peal:{room}:m", "offset", offsets[-1])
    for offset in offsets:
        other.call("XADD", "peal:{room}:s", f"{offset}-0", "e",
                   f"P|{epoch}|{offset}|1|eve|{offset}")
    other.call("EXEC")
    other.close()


def test_offsets_lost_by_redis_are_not_reused(redis, cluster):
    """A snapshot is older than delivered messages; others published since."""
    server = redis("--dbfilename", "dump.rdb")
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room", "plain-room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 3)
    server.call("SAVE")
    publish(alice, 3)
    server.kill()
    instances.wait_not_ready()
    server.start()
    publish_as_another(server, epoch, range(4, 8))
    patience.wait_until(lambda: server.call("HGET", "peal:{room}:m",
                                            "epoch") != epoch, 10)
    assert alice.receive_type("gap")["channel"] == "room"
    answer = subscribe(fresh(instances[0]), "room", epoch, 6)
    assert answer["recovered"] is False


def test_a_loss_found_while_unsubscribed_is_reported_once(redis, cluster):
    """Another instance found it; this one was not subscribed just then."""
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    publish(alice, 1)
    alice.receive_type("broadcast")
    acknowledged_ms = int(time.time() * 1000)
    server.call("HSET", "peal:{room}:m", "lost", acknowledged_ms)
    for _ in range(2):
        resubscribed = instances[0].metric("peal_redis_resubscriptions_total")
        server.call("CLIENT", "KILL", "TYPE", "pubsub")
        instances[0].wait_metric("peal_redis_resubscriptions_total",
                                 resubscribed + 1)
        instances.wait_ready()
        # it has read the position before it publishes again
        publish(alice, 1)
        alice.take(lambda message: message["type"] == "broadcast")
        assert instances[0].metric("peal_redis_gaps_total") == 1


def test_a_position_without_own_messages_is_checked_too(redis, cluster):
    """The same for an instance that has only read the position."""
    server = redis("--dbfilename", "dump.rdb")
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 3)
    server.call("SAVE")
    publish(alice, 3)
    bob = instances[1].join("bob", "room")
    assert bob.subscribed[0]["offset"] == 6
    alice.drop()
    instances.kill(instances[0])
    server.kill()
    instances.wait_not_ready()
    server.start()
    publish_as_another(server, epoch, range(4, 8))
    assert bob.receive_type("gap")["channel"] == "room"
