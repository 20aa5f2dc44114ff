"""Every subscriber on every instance receives the same order."""

import pytest


@pytest.mark.parametrize("channel", ["room", "plain-room"])
def test_every_subscriber_receives_the_same_order(lasting_redis, cluster, load,
                                                  channel):
    both = cluster(lasting_redis.url, 2)
    work = load(both, [channel], publishers=6, listeners=6, rate=60)
    work.wait_acknowledged(700)
    work.finish()
    work.prove()
    assert work.count("refused") == 0


def test_the_sender_receives_its_own_messages_in_order(redis, cluster):
    both = cluster(redis().url, 2)
    alice = both[0].join("alice", "room")
    bob = both[1].join("bob", "room")
    for i in range(20):
        for client in (alice, bob):
            client.send({"type": "broadcast", "channel": "room",
                         "payload": [client is alice, i]})
    heard = [[client.receive_type("broadcast") for _ in range(40)]
             for client in (alice, bob)]
    assert heard[0] == heard[1]
    assert [message["offset"] for message in heard[0]] == \
        list(range(1, 41))


def test_channels_do_not_wait_for_each_other(redis, cluster, load):
    both = cluster(redis().url, 2)
    work = load(both, [f"room{i}" for i in range(8)], publishers=2,
                listeners=2, rate=20)
    work.wait_acknowledged(400)
    work.finish()
    work.prove()
