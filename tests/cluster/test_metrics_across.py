"""Redis metrics in /metrics."""

from support import patience

LINKS = ("commands", "subscriptions", "input")


def connects(server):
    metrics = server.metrics()
    return [metrics[f'peal_redis_connects_total{{link="{link}"}}']
            for link in LINKS]


def test_round_trips_and_deliveries_are_timed(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    for number in range(20):
        alice.ask({"type": "broadcast", "payload": number})
        assert bob.receive_type("broadcast")["payload"] == number
    assert instances[0].metric("peal_redis_round_trip_seconds_count") > 20
    for server in instances.instances:
        server.wait_metric("peal_redis_delivery_seconds_count", 20)
        now = server.metrics()
        # all on one machine, so one clock
        assert now["peal_redis_delivery_seconds_sum"] < 20 * patience.seconds(1)
        assert 0 < now["peal_redis_round_trip_seconds_sum"]
        assert now["peal_fan_out_seconds_count"] >= 1
        server.wait_metric("peal_channels", 1)
        names = [name for name in now
                 if name == 'peal_thread_cpu_seconds_total{thread="bus"}']
        assert names


def test_a_slow_redis_is_visible_in_the_metrics(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    server.pause()
    alice.send({"type": "broadcast", "payload": 1, "id": 1})
    patience.wait_until(
        lambda: instances[0].metric("peal_redis_in_flight") >= 1,
        what="a request in flight")
    server.resume()
    alice.receive_type("broadcastResult")
    instances[0].wait_metric("peal_redis_in_flight", 0)
    slow = instances[0].metrics()
    late = (slow["peal_redis_round_trip_seconds_count"] -
            slow['peal_redis_round_trip_seconds_bucket{le="0.1"}'])
    assert late >= 1
    assert slow["peal_redis_delivery_seconds_sum"] > 0.1


def test_reconnects_are_counted(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1)
    server = instances[0]
    assert connects(server) == [1, 1, 1]
    lasting_redis.stop()
    instances.wait_not_ready()
    lasting_redis.start()
    instances.wait_ready()
    # a Redis that is still loading may need more than one
    patience.wait_until(lambda: min(connects(server)) >= 2, 15,
                        what="three new connections")
    patience.wait_until(lambda: connects(server) == [
        len(server.log_lines(f'Redis connected" link={link}'))
        for link in LINKS], what="a log line for each connection")
