"""Paged answers with the history in Redis."""

import threading

import pytest

from support.patience import wait_until

PAYLOAD = "x" * 12000
COUNT = 60
SMALL = 4096  # receive buffer of a client that does not read


def publish(client, count, first=0):
    for i in range(first, first + count):
        client.ask({"type": "broadcast", "channel": "room",
                    "payload": [i, PAYLOAD]})


def fresh(server, client="bob", **options):
    return server.connect(client, [""], protocol="broadcast", **options)


def numbers(messages):
    return [message["payload"][0] for message in messages]


def recover(client, epoch, offset=0):
    client.send({"type": "subscribe", "channel": "room",
                 "since": {"epoch": epoch, "offset": offset}})


def collect(client, count):
    answer = client.receive_type("subscribed")
    assert answer["recovered"] is True
    got = numbers(answer["messages"])
    assert answer["offset"] == len(got)
    while len(got) < count:
        got += numbers([client.receive_type("broadcast")])
    return got


@pytest.fixture
def filled(redis, cluster):
    """Two instances and the epoch of a channel with a long history."""
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "room")
    publish(alice, COUNT)
    return instances, alice, alice.subscribed[0]["epoch"]


def test_a_long_recovery_on_another_instance_keeps_its_position(filled):
    instances, alice, epoch = filled
    more = 40
    clients = [fresh(server, f"bob{i}", receive_buffer=size)
               for i, server in enumerate(instances.instances)
               for size in (SMALL, None)]
    alice.end()
    sender = fresh(instances[0], "sender")
    sending = threading.Thread(target=publish, args=[sender, more, COUNT])
    sending.start()
    for client in clients:
        recover(client, epoch)
    for client in clients:
        assert collect(client, COUNT + more) == list(range(COUNT + more))
    sending.join()
    for client in clients:
        assert client.is_silent()


def test_a_long_history_is_complete(filled):
    instances, _, epoch = filled
    for server in instances.instances:
        client = fresh(server, receive_buffer=SMALL)
        for limit in (COUNT, 7):
            answer = client.ask({"type": "history", "channel": "room",
                                 "limit": limit})
            assert (answer["epoch"], answer["offset"]) == (epoch, COUNT)
            assert numbers(answer["messages"]) == \
                list(range(COUNT - limit, COUNT))


def test_a_client_that_leaves_while_recovering_can_return(filled):
    instances, _, epoch = filled
    server = instances[1]
    client = fresh(server, receive_buffer=SMALL)
    recover(client, epoch)
    wait_until(lambda: server.metric("peal_outbox_connections") == 1)
    client.send({"type": "unsubscribe", "channel": "room"})
    client.receive_type("unsubscribed")
    client.backlog.clear()
    recover(client, epoch)
    assert collect(client, COUNT) == list(range(COUNT))
