"""The dashboard of one of several instances."""

import pytest

from cluster import LEASE
from support import patience
from support.api import WITH_KEY, tell
from support.websocket import Refused


def feed_of(server, ticket_from=None):
    ticket = tell(ticket_from or server, "/api/dashboard",
                  {"client": "dashboard-1"})["ticket"]
    feed = server.connect("dashboard-1", protocol="dashboard",
                          query={"ticket": ticket})
    feed.hello = feed.receive_type("hello")
    return feed


def listed(feed):
    """The reports of the instances by name."""
    feed.send({"type": "instances"})
    rows = feed.receive_type("instances")["instances"]
    return {row["instance"]: row for row in rows}


def test_a_ticket_of_one_instance_opens_the_dashboard_of_another(redis,
                                                                 cluster):
    pair = cluster(redis().url, **WITH_KEY)
    feed = feed_of(pair[1], ticket_from=pair[0])
    assert feed.hello["redis"] is True
    assert feed.hello["instance"].endswith(f":{pair[1].port}")
    ordinary = tell(pair[0], "/api/tickets", {"client": "alice"})["ticket"]
    with pytest.raises(Refused) as caught:
        pair[1].connect("alice", protocol="dashboard",
                        query={"ticket": ordinary})
    assert caught.value.response.status == 403


def test_it_lists_the_instances_with_their_figures(redis, cluster):
    pair = cluster(redis().url, **WITH_KEY)
    for i in range(3):
        pair[1].join(f"client-{i}", f"room-{i}")
    feed = feed_of(pair[0])

    def seen():
        rows = listed(feed)
        other = [row for name, row in rows.items()
                 if name.endswith(f":{pair[1].port}")]
        return len(rows) == 2 and other and (
            other[0]["connections"], other[0]["channels"]) == (3, 3)

    patience.wait_until(seen, LEASE + 3)


def test_stopped_and_dead_instances_are_not_listed(redis, cluster):
    three = cluster(redis().url, 3, **WITH_KEY)
    feed = feed_of(three[0])
    patience.wait_until(lambda: len(listed(feed)) == 3, LEASE + 3)
    three.kill(three[2])
    patience.wait_until(lambda: len(listed(feed)) == 2, 3 * LEASE + 5)
    three[1].signal()
    three[1].wait_exit()
    patience.wait_until(lambda: len(listed(feed)) == 1, LEASE + 3)


def test_without_redis_it_continues_and_reports_the_outage(redis, cluster):
    server = redis()
    one = cluster(server.url, 1, redis={"backlog_seconds": 1}, **WITH_KEY)[0]
    feed = feed_of(one)
    server.kill()
    feed.send({"type": "instances"})
    assert feed.receive_type("error")["code"] == "unavailable"
    feed.send({"type": "look"})
    assert feed.receive_type("look")["metrics"]["peal_redis_ready"] == 0
