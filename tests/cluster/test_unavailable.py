"""Without Redis, publishes wait, then fail with `unavailable`; connections
stay open; /ready and the metrics report the outage."""

import time

from support import patience
from support.patience import seconds


def publish(client, number, channel="room"):
    client.send({"type": "broadcast", "channel": channel, "payload": number,
                 "id": number})


def answers(client, count):
    return [client.take(lambda m: "id" in m) for _ in range(count)]


def test_ready_and_metrics_report_the_outage(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1)
    one = instances[0]
    assert one.request("/ready").json == {"status": "ready"}
    assert one.metric("peal_redis_ready") == 1
    lasting_redis.stop()
    instances.wait_not_ready()
    response = one.request("/ready")
    assert response.status == 503
    assert response.json["error"].startswith("Redis is unavailable: ")
    patience.wait_until(lambda: b"refused" in one.request("/ready").body,
                        what="the newest reason")  # not that the connection ended
    assert one.metric("peal_redis_ready") == 0
    assert one.request("/health").status == 200
    lasting_redis.start()
    instances.wait_ready()
    assert one.metric("peal_redis_ready") == 1
    one.wait_log_count("Redis connection lost", 3)  # one per link
    assert one.wait_log("Redis connected")


def test_ready_tolerates_a_restart_of_redis(lasting_redis, cluster):
    """New clients are accepted and served when Redis is available again."""
    instances = cluster(lasting_redis.url, 1,
                        redis={"ready_grace_seconds": 600})
    one = instances[0]
    lasting_redis.stop()
    one.wait_metric("peal_redis_ready", 0, 10)
    assert one.request("/ready").status == 200
    alice = one.connect("alice", protocol="broadcast")
    lasting_redis.start()
    assert alice.receive_type("subscribed")
    assert one.request("/ready").status == 200


def test_ready_does_not_tolerate_a_long_outage(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1, redis={"ready_grace_seconds": 2})
    one = instances[0]
    lasting_redis.stop()
    one.wait_metric("peal_redis_ready", 0, 10)
    assert one.request("/ready").status == 200
    instances.wait_not_ready()


def test_ready_requires_redis_at_the_start(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 0)
    lasting_redis.stop()
    one = instances.add(ready_grace_seconds=600)
    assert one.request("/ready").status == 503
    lasting_redis.start()
    instances.wait_ready()


def test_publishes_wait_and_then_succeed(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 2)
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    lasting_redis.stop()
    instances.wait_not_ready()
    for number in range(1, 51):
        publish(alice, number)
    time.sleep(0.5)
    lasting_redis.start()
    got = answers(alice, 50)
    assert [m["type"] for m in got] == ["broadcastResult"] * 50
    assert [m["offset"] for m in got] == list(range(1, 51))
    heard = [bob.receive_type("broadcast")["payload"] for _ in range(50)]
    assert heard == list(range(1, 51))
    assert bob.is_silent()


def test_publishes_fail_after_a_while(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1, redis={"backlog_seconds": 1})
    alice = instances[0].join("alice", "room")
    lasting_redis.stop()
    instances.wait_not_ready()
    began = time.monotonic()
    publish(alice, 1)
    got = answers(alice, 1)[0]
    assert (got["type"], got["code"]) == ("error", "unavailable")
    assert 0.9 < time.monotonic() - began < seconds(4)
    assert instances[0].metric("peal_redis_unavailable_total") == 1
    lasting_redis.start()
    instances.wait_ready()
    publish(alice, 2)
    assert answers(alice, 1)[0]["offset"] == 1


def test_the_number_of_waiting_publishes_is_limited(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1, redis={
        "backlog_messages": 10, "backlog_seconds": 30})
    alice = instances[0].join("alice", "room")
    lasting_redis.stop()
    instances.wait_not_ready()
    for number in range(1, 16):
        publish(alice, number)
    refused = answers(alice, 5)
    assert {m["code"] for m in refused} == {"unavailable"}
    assert [m["id"] for m in refused] == list(range(11, 16))
    lasting_redis.start()
    got = answers(alice, 10)
    assert [m["offset"] for m in got] == list(range(1, 11))


def test_subscribes_and_queries_wait_too(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1)
    alice = instances[0].join("alice", "room")
    lasting_redis.stop()
    instances.wait_not_ready()
    alice.send({"type": "subscribe", "channel": "other", "id": 1})
    alice.send({"type": "history", "channel": "room", "limit": 5, "id": 2})
    alice.send({"type": "presence", "channel": "room", "id": 3})
    alice.send({"type": "direct", "to": "alice", "payload": 7, "id": 4})
    lasting_redis.start()
    got = {m["id"]: m["type"] for m in answers(alice, 4)}
    assert got == {1: "subscribed", 2: "history", 3: "presence",
                   4: "directResult"}
    assert alice.receive_type("direct")["payload"] == 7


def test_it_starts_without_redis(redis, cluster, tmp_path):
    server = redis()
    server.stop()
    instances = cluster(server.url, 0)
    one = instances.add()
    assert one.request("/ready").status == 503
    assert one.request("/health").status == 200
    alice = one.connect("alice", ["room"], protocol="broadcast")
    server.start()
    instances.wait_ready()
    assert alice.receive_type("subscribed")["offset"] == 0


def test_a_lost_answer_causes_no_duplicate(lasting_redis, cluster, proxy):
    between = proxy(lasting_redis)
    instances = cluster(lasting_redis.url, 1)
    two = instances.add(url=between.url)
    instances.wait_ready()
    alice = two.join("alice", "room")
    bob = instances[0].join("bob", "room")
    total = 0
    for _ in range(5):
        between.drops_replies = True
        for _ in range(20):
            total += 1
            publish(alice, total)
        bob_heard = [bob.receive_type("broadcast")["payload"]
                     for _ in range(20)]  # they did arrive
        assert bob_heard == list(range(total - 19, total + 1))
        between.cut()
        between.drops_replies = False
        got = answers(alice, 20)
        assert [m["offset"] for m in got] == list(range(total - 19,
                                                        total + 1))
    assert between.dropped
    assert bob.is_silent()
    heard = [alice.receive_type("broadcast")["payload"]
             for _ in range(total)]
    assert heard == list(range(1, total + 1))


def test_a_cut_connection_loses_nothing(lasting_redis, cluster, load, proxy):
    between = proxy(lasting_redis)
    instances = cluster(between.url, 2)
    work = load(instances, ["room"], publishers=4, listeners=4, rate=50)
    for i in range(12):
        between.drops_replies = i % 2 == 0
        time.sleep(0.15)
        between.drops_replies = False
        between.cut()
        patience.wait_until(lambda: work.count("acknowledged") > i * 10, 10)
    instances.wait_ready()
    work.wait_acknowledged(200)
    work.finish()
    work.prove()
    assert work.count("refused") == 0


def test_subscribers_are_notified_of_a_long_outage(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1, redis={"backlog_seconds": 1})
    alice = instances[0].join("alice", "room")
    lasting_redis.stop()
    instances.wait_not_ready()
    answer = alice.ask({"type": "subscribe", "channel": "other"})
    assert (answer["type"], answer["code"]) == ("error", "unavailable")
    lasting_redis.start()
    instances.wait_ready()
    answer = alice.ask({"type": "subscribe", "channel": "other"})
    assert answer["type"] == "subscribed"
