"""channels[].leave_seconds across instances: a client that reconnects in time,
to any instance, has not left. Leaves are reported even if instances die."""

import time

from support import patience
from support.application import hooks

from cluster import LEASE
from test_hooks_across import OF_CHANNELS, settle, told
from test_instance_fails import events, wait_events, wait_presence

WAIT = 2
RULES = [{"match": "*", "join_leave": True, "leave_seconds": WAIT}]


def start(cluster, redis, count=2, application=None, wait=WAIT, **options):
    if application:
        options["hooks"] = hooks(application, events=OF_CHANNELS, batch_ms=10,
                                 retry_ms=50)
    return cluster(redis.url, count, channels=[{**RULES[0],
                                                "leave_seconds": wait}],
                   **options)


def join_watched(instances, index=0):
    """A client and an observer on the first instance."""
    watcher = instances[0].join("watcher", "room")
    alice = instances[index].join("alice", "room")
    wait_events(watcher, "room", [("join", "alice")])
    return watcher, alice


def test_a_client_that_moves_has_not_left(redis, cluster, application):
    instances = start(cluster, redis(), 2, application)
    watcher, alice = join_watched(instances, 1)
    for index in (0, 1, 0, 1):
        alice.drop()
        wait_presence(watcher, "room", {"watcher": 1, "alice": 0})
        alice = instances[index].join("alice", "room")
        wait_presence(watcher, "room", {"watcher": 1, "alice": 1})
    time.sleep(patience.seconds(WAIT + 2))
    assert events(watcher, "room") == []
    # events of different instances have no order
    assert sorted(told(application.events()), key=str) == [
        ("channel_occupied", None), ("member_added", "alice"),
        ("member_added", "watcher")]


def test_a_client_that_stays_away_leaves_once(redis, cluster, application):
    server = redis()
    instances = start(cluster, server, 2, application)
    watcher, alice = join_watched(instances, 1)
    gone = time.monotonic()
    alice.end()
    wait_presence(watcher, "room", {"watcher": 1, "alice": 0})
    wait_events(watcher, "room", [("leave", "alice")], timeout=10)
    assert time.monotonic() - gone >= WAIT
    wait_presence(watcher, "room", {"watcher": 1})
    watcher.end()
    assert settle_slowly(application, 6)[3:] == [
        ("member_removed", "alice"), ("member_removed", "watcher"),
        ("channel_vacated", None)]
    assert server.call("KEYS", "peal:{room}:[pn]") == []
    patience.wait_until(
        lambda: server.call("KEYS", "peal:{instance:*}:channels") == [], 20)


def settle_slowly(application, count):
    application.wait_events(count, timeout=10)
    return settle(application, count)


def test_a_connection_on_another_instance_prevents_the_leave(redis, cluster):
    instances = start(cluster, redis())
    watcher, alice = join_watched(instances, 1)
    again = instances[0].join("alice", "room")
    alice.end()
    wait_presence(watcher, "room", {"watcher": 1, "alice": 1})
    time.sleep(patience.seconds(WAIT + 1.5))
    assert events(watcher, "room") == []
    again.end()
    wait_events(watcher, "room", [("leave", "alice")], timeout=10)


def test_a_client_of_a_dead_instance_may_return(redis, cluster, application):
    """One client returns before the death is detected, one during the delay,
    one never."""
    instances = start(cluster, redis(), 2, application, wait=LEASE + 3)
    watcher, _ = join_watched(instances, 1)
    dying = instances[1]
    dying.join("bob", "room")
    dying.join("carol", "room")
    wait_events(watcher, "room", [("join", "bob"), ("join", "carol")])
    application.wait_events(5)
    instances.kill(dying)
    instances[0].join("alice", "room")
    wait_presence(watcher, "room", {"watcher": 1, "alice": 1, "bob": 0,
                                    "carol": 0}, timeout=LEASE * 4)
    instances[0].join("bob", "room")
    wait_presence(watcher, "room", {"watcher": 1, "alice": 1, "bob": 1,
                                    "carol": 0})
    assert events(watcher, "room") == []
    wait_events(watcher, "room", [("leave", "carol")], timeout=LEASE + 8)
    assert settle_slowly(application, 6)[5:] == [("member_removed", "carol")]


def test_a_leave_from_an_instance_that_dies_is_reported(redis, cluster,
                                                        application):
    """No client is left in the channel, on the dead instance or another."""
    instances = start(cluster, redis(), 2, application)
    dying = instances[1]
    dying.join("alice", "lonely").end()
    dying.wait_metric("peal_connections", 0)
    application.wait_events(2)
    instances.kill(dying)
    patience.wait_until(lambda: len(application.events()) >= 4,
                        LEASE * 4 + WAIT)
    assert settle(application, 4)[2:] == [("member_removed", "alice"),
                                          ("channel_vacated", None)]


def test_a_leave_from_an_instance_that_stops_is_reported(redis, cluster,
                                                         application):
    server = redis()
    instances = start(cluster, server, 2, application, drain_seconds=0)
    watcher, alice = join_watched(instances, 1)
    ending = instances[1]
    bob = ending.join("bob", "room")
    wait_events(watcher, "room", [("join", "bob")])
    alice.end()
    wait_presence(watcher, "room", {"watcher": 1, "alice": 0, "bob": 1})
    ending.signal()
    bob.wait_closed()
    ending.wait_exit()
    instances[0].join("bob", "room")
    wait_events(watcher, "room", [("leave", "alice")], timeout=LEASE * 4 + WAIT)
    wait_presence(watcher, "room", {"watcher": 1, "bob": 1})
    assert settle_slowly(application, 5)[4:] == [("member_removed", "alice")]
    assert "Failed instance removed" not in instances[0].log()
    patience.wait_until(
        lambda: len(server.call("ZRANGE", "peal:instances", 0, -1)) == 1, 10)


def test_the_next_instance_reports_leaves_of_the_last(redis, cluster,
                                                      application):
    server = redis()
    instances = start(cluster, server, 1, application, drain_seconds=0)
    alice = instances[0].join("alice", "room")
    application.wait_events(2)
    instances[0].signal()
    alice.wait_closed()
    instances[0].wait_exit()
    instances.ended.append(instances.instances.pop())
    instances.add_many(1)
    patience.wait_until(lambda: len(application.events()) >= 4,
                        LEASE * 4 + WAIT)
    assert settle(application, 4)[2:] == [("member_removed", "alice"),
                                          ("channel_vacated", None)]
    assert server.call("KEYS", "peal:{room}:[pn]") == []


def test_a_client_that_left_before_an_outage_is_removed(redis, cluster):
    """The leave event itself may be lost, like any other."""
    server = redis("--save", "")
    instances = start(cluster, server)
    watcher, alice = join_watched(instances, 1)
    alice.end()
    wait_presence(watcher, "room", {"watcher": 1, "alice": 0})
    server.pause()
    instances.wait_not_ready()
    time.sleep(patience.seconds(WAIT))
    server.resume()
    instances.wait_ready()
    wait_presence(watcher, "room", {"watcher": 1}, timeout=10)
    assert set(events(watcher, "room")) <= {("leave", "alice")}
