"""Hooks with several instances: one instance reports each event of a channel
or member for the whole service."""

import time

from support import patience
from support.application import hooks

from cluster import LEASE

OF_CHANNELS = ["channel_occupied", "channel_vacated", "member_added",
               "member_removed"]


def start(cluster, redis, application, count=2, **options):
    return cluster(redis.url, count, hooks=hooks(application, **{
        "events": OF_CHANNELS, "batch_ms": 10, "retry_ms": 50, **options}))


def told(events):
    return [(event["event"], event.get("client")) for event in events]


def settle(application, count):
    """Waits for exactly `count` events, checked again after a while."""
    application.wait_events(count)
    time.sleep(patience.seconds(0.5))
    return told(application.events())


def test_channel_occupied_is_reported_once(redis, cluster, application):
    one, two = start(cluster, redis(), application).instances
    alice = one.join("alice", "room")
    application.wait_events(2)
    again = two.join("alice", "room")
    bob = two.join("bob", "room")
    application.wait_events(3)
    alice.end()
    bob.end()
    application.wait_events(4)
    again.end()
    assert settle(application, 6) == [
        ("channel_occupied", None), ("member_added", "alice"),
        ("member_added", "bob"), ("member_removed", "bob"),
        ("member_removed", "alice"), ("channel_vacated", None)]
    assert {event["channel"] for event in application.events()} == {"room"}


def test_members_of_a_dead_instance_are_reported(redis, cluster, application):
    instances = start(cluster, redis(), application, 3)
    dying = instances[0]
    dying.join("alice", "room")
    dying.join("bob", "lonely")
    instances[1].join("carol", "room")
    application.wait_events(5)
    instances.kill(dying)
    patience.wait_until(lambda: len(application.events()) >= 8, LEASE * 4)
    assert sorted(settle(application, 8)[5:], key=str) == sorted([
        ("member_removed", "alice"), ("member_removed", "bob"),
        ("channel_vacated", None)], key=str)
    vacated, = application.events("channel_vacated")
    assert vacated["channel"] == "lonely"


def test_no_leaves_are_reported_in_an_outage(redis, cluster, application):
    server = redis("--save", "")
    instances = start(cluster, server, application)
    alice = instances[0].join("alice", "room")
    application.wait_events(2)
    instances[1].join("bob", "room")
    application.wait_events(3)
    server.pause()
    instances.wait_not_ready()
    alice.drop()
    instances[0].wait_metric("peal_connections", 0)
    server.resume()
    instances.wait_ready()
    assert settle(application, 4) == [
        ("channel_occupied", None), ("member_added", "alice"),
        ("member_added", "bob"), ("member_removed", "alice")]


def test_the_shutdown_of_an_instance_is_reported(redis, cluster, application):
    instances = start(cluster, redis(), application)
    one, two = instances.instances
    one.join("alice", "room")
    application.wait_events(2)
    two.join("bob", "room")
    application.wait_events(3)
    one.signal()
    one.wait_exit()
    assert settle(application, 4)[3:] == [("member_removed", "alice")]


def test_a_publish_waits_for_its_hook_and_for_redis(redis, cluster, application):
    """Messages keep their order on every instance."""
    application.answer = lambda question: {
        "allow": True, "payload": question.get("payload", 0) * 10}
    one, two = start(cluster, redis(), application,
                     publishes_max=100,
                     questions=["connect", "subscribe", "publish"]).instances
    alice = one.join("alice", "room")
    bob = two.join("bob", "room")
    for number in range(50):
        alice.send({"type": "broadcast", "payload": number})
    assert [bob.receive_type("broadcast")["payload"] for _ in range(50)] == [
        number * 10 for number in range(50)]
