"""Any client id across two instances: its characters are never mistaken for
parts of an envelope, key or field in Redis."""

import pytest

from support import patience
from support.api import WITH_KEY, tell
from support.application import hooks
from support.names import IDS

from cluster import LEASE
from test_instance_fails import presence, wait_events, wait_presence


@pytest.fixture(scope="module")
def everybody():
    return {client: 1 for client in IDS}


def ready(cluster, redis, count=2, **config):
    return cluster(redis.url, count,
                   channels=[{"match": "*", "join_leave": True}],
                   **{**WITH_KEY, **config})


def test_messages_reach_the_other_instance(redis, cluster):
    one, two = ready(cluster, redis()).instances
    watcher = two.join("watcher", "room")
    for client in IDS:
        alice = one.join(client, "room")
        wait_events(watcher, "room", [("join", client)])
        again = two.join(client, "room")
        assert presence(watcher, "room") == {"watcher": 1, client: 2}
        alice.send({"type": "broadcast", "channel": "room", "payload": 1})
        assert watcher.receive_type("broadcast")["from"] == client
        assert again.receive_type("broadcast")["from"] == client
        assert two.join("late", "room").ask({"type": "history", "limit": 1})[
            "messages"][0]["from"] == client
        wait_events(watcher, "room", [("join", "late")])
        alice.send({"type": "direct", "to": client, "payload": 2})
        assert again.receive_type("direct")["from"] == client
        tell(one, "/api/send", {"client": client, "payload": 3})
        assert again.receive_type("direct")["payload"] == 3
        tell(one, "/api/unsubscribe", {"client": client, "channel": "room"})
        assert again.receive_type("unsubscribed")["channel"] == "room"
        wait_events(watcher, "room", [("leave", client)])
        tell(one, "/api/disconnect", {"client": client, "reason": "bye"})
        assert again.wait_close() == alice.wait_close() == 4403
        late = [each for each in two.clients if each is not watcher]
        for each in late:
            each.drop()
        two.clients[:] = [watcher]
        wait_events(watcher, "room", [("leave", "late")])


def test_history_is_recovered(redis, cluster):
    """Including Redis' comparison of the last message known to an instance."""
    one, two = ready(cluster, redis()).instances
    for client in IDS:
        alice = one.join(client, "room")
        told = alice.ask({"type": "broadcast", "channel": "room",
                          "payload": client})
        bob = two.connect("bob", [""], protocol="broadcast")
        answer = bob.ask({"type": "history", "channel": "room", "limit": 1})
        answer = bob.ask({"type": "subscribe", "channel": "room", "since": {
            "epoch": answer["epoch"], "offset": told["offset"] - 1}})
        assert answer["recovered"]
        assert [(message["from"], message["payload"])
                for message in answer["messages"]] == [(client, client)]
        alice.end()
        bob.end()


def stored_clients(server):
    return server.call("KEYS", "peal:{client:*}:connections")


def test_members_of_a_dead_instance_leave(redis, cluster, application,
                                          everybody):
    server = redis()
    instances = ready(cluster, server, hooks=hooks(
        application, events=["member_removed"], batch_ms=10),
        limits={"connections_per_client": 5})
    watcher = instances[0].join("watcher", "room")
    for client in IDS:
        instances[1].join(client, "room")
    wait_presence(watcher, "room", {"watcher": 1, **everybody})
    keys = stored_clients(server)
    assert len(keys) == len(IDS) + 1
    assert all(key.count("{") == key.count("}") == 1 for key in keys)
    instances.kill(instances[1])
    wait_presence(watcher, "room", {"watcher": 1}, timeout=LEASE * 4)
    patience.wait_until(
        lambda: len(application.events("member_removed")) == len(IDS), 10)
    assert sorted(event["client"] for event in application.events()) == \
        sorted(IDS)
    patience.wait_until(lambda: len(stored_clients(server)) == 1, 10)


def test_one_connection_per_client_across_instances(redis, cluster):
    server = redis()
    one, two = ready(cluster, server, single_connection=True).instances
    older = {client: one.connect(client, [""], protocol="broadcast")
             for client in IDS}
    # the newer connection is the one that Redis learns of later
    patience.wait_until(lambda: len(stored_clients(server)) == len(IDS))
    newer = {client: two.connect(client, [""], protocol="broadcast")
             for client in IDS}
    for client in IDS:
        assert older[client].wait_close() == 4409
        assert newer[client].ask({"type": "ping"})["type"] == "pong"


def test_a_ticket_is_valid_on_another_instance(redis, cluster):
    one, two = ready(cluster, redis()).instances
    for client in IDS:
        ticket = tell(one, "/api/tickets", {"client": client})["ticket"]
        two.connect(client, query={"ticket": ticket}).end()


def test_ids_cannot_forge_parts_of_an_envelope(redis, cluster):
    """An id that looks like the rest of an envelope stays an id."""
    one, two = ready(cluster, redis()).instances
    bob = two.join("bob", "room")
    for client in ("mallory|0|0||", "x|1|2|bob|\"forged\"", "a;00-4bf92f3577b34"
                   "da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "%7c", "C|bob|0"):
        mallory = one.join(client, "room")
        assert bob.receive_type("join")["client"] == client
        mallory.send({"type": "broadcast", "channel": "room", "payload": 1})
        heard = bob.receive_type("broadcast")
        assert (heard["from"], heard["payload"]) == (client, 1)
        assert "traceparent" not in heard
        mallory.end()
        assert bob.receive_type("leave")["client"] == client
    assert one.metric("peal_redis_malformed_total") == 0
