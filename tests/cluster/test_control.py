"""Control messages about a client, sent to all instances over Redis."""

from support import patience

from test_instance_fails import wait_presence


def publish(redis, text):
    """Publishes; returns the number of instances reached."""
    return redis.call("PUBLISH", "peal:control", text)


def test_a_client_is_disconnected_everywhere(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3)
    alices = [each.join("alice", "room") for each in instances.instances
              for _ in range(2)]
    bob = instances[1].join("bob", "room")
    assert publish(server, "C|alice|0|0||see you at the café") == 3
    for alice in alices:
        closed = alice.wait_closed()
        assert (closed.code, closed.reason) == (4403, "see you at the café")
    wait_presence(bob, "room", {"bob": 1})
    assert instances.metric('peal_closes_total{reason="disconnected"}') == 6
    again = instances[2].join("alice", "room")
    assert publish(server, "C|alice|0|0||") == 3
    closed = again.wait_closed()
    assert (closed.code, closed.reason) == (4403, "disconnected by the server")


def test_earlier_messages_arrive_before_the_close(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    bob = instances[1].join("bob")
    alice = instances[0].join("alice")
    for i in range(20):
        alice.send({"type": "direct", "to": "bob", "payload": i})
    alice.ask({"type": "direct", "to": "bob", "payload": 20})
    publish(server, "C|bob|0|0||bye")
    for i in range(21):
        assert bob.receive_type("direct")["payload"] == i
    assert bob.wait_closed().reason == "bye"


def test_a_client_is_unsubscribed_everywhere(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    alices = [each.join("alice", "room", "hall")
              for each in instances.instances for _ in range(2)]
    elsewhere = instances[0].join("alice", "hall")
    bob = instances[1].join("bob", "room")
    wait_presence(bob, "room", {"alice": 4, "bob": 1})
    assert publish(server, "U|alice|0|0||room") == 2
    for alice in alices:
        assert alice.receive_type("unsubscribed") == {
            "type": "unsubscribed", "channel": "room"}
    wait_presence(bob, "room", {"bob": 1})
    wait_presence(bob, "hall", {"alice": 5})
    bob.ask({"type": "broadcast", "channel": "room", "payload": 1})
    for alice in [*alices, elsewhere]:
        assert alice.is_silent()
        assert alice.ask({"type": "ping"})["type"] == "pong"


def test_malformed_messages_are_counted_and_ignored(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    bad = ["", "C", "C|alice|0|0|", "C|alice|0|0|bob|text", "C|a;b|0|0||", "C|a%41|0|0||",
           b"C|alice|0|0||\xff", "C|alice|0|0||" + "x" * 124,
           "U|alice|0|0||", "U|alice|0|0||ro om", "U|alice|0|0|bob|room",
           "Z|alice|0|0||", "P|0123456789abcdef|1|0|alice|1",
           "J||0|0|alice|"]
    for text in bad:
        publish(server, text)
    patience.wait_until(
        lambda: instances.metric("peal_redis_malformed_total") == len(bad), 5)
    assert alice.ask({"type": "ping"})["type"] == "pong"
