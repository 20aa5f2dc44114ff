"""Every instance that delivers a message logs its trace."""

import json

from support.api import WITH_KEY, tell

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = f"00-{ID}-00f067aa0ba902b7-01"


def test_both_instances_log_the_same_trace(redis, cluster):
    instances = cluster(redis().url, 3, **WITH_KEY)
    clients = [instances[i].join("bob", "room") for i in range(2)]
    tell(instances[2], "/api/publish", {"channel": "room", "payload": 1},
         headers=[("traceparent", TRACE)])
    for client in clients:
        message = client.receive_type("broadcast")
        assert (message["payload"], message["traceparent"]) == (1, TRACE)
        assert "from" not in message
    for server in (instances[0], instances[1]):
        line = server.wait_log("Message delivered")
        assert f"trace_id={ID}" in line and "channel=room" in line
        server.wait_log_count(ID, 1)
    assert instances[2].log_lines(ID) == []  # no subscribers there


def test_the_trace_is_stored_and_recovered(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "room")
    for trace in (None, TRACE, None):
        alice.ask({"type": "broadcast", "payload": 1, "traceparent": trace})
    bob = instances[1].connect("bob", [""], protocol="broadcast")
    since = {"epoch": alice.subscribed[0]["epoch"], "offset": 0}
    answer = bob.ask({"type": "subscribe", "channel": "room", "since": since})
    assert answer["recovered"]
    assert [m.get("traceparent") for m in answer["messages"]] == \
        [None, TRACE, None]
    assert {m["from"] for m in answer["messages"]} == {"alice"}


def test_direct_messages_have_a_trace(redis, cluster):
    instances = cluster(redis().url, 2)
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    alice.ask({"type": "direct", "to": "bob", "payload": 1,
               "traceparent": TRACE})
    assert bob.receive_type("direct") == {
        "type": "direct", "from": "alice", "payload": 1, "traceparent": TRACE}
    assert ID in instances[1].wait_log("Message delivered")
    assert instances[0].log_lines(ID) == []


def test_an_entry_of_the_input_stream_may_have_a_trace(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    bob = instances[0].join("bob", "room")
    connection = server.connect()
    for trace in (TRACE, "nonsense"):
        connection.call("XADD", "peal:in", "*", "channel", "room", "payload",
                        json.dumps(1), "traceparent", trace)
    got = [bob.receive_type("broadcast").get("traceparent") for _ in range(2)]
    assert sorted(got, key=str) == [TRACE, None]
    assert ID in instances[0].wait_log("Message delivered")


def test_an_up_to_date_reader_sees_no_gap(redis, cluster):
    """The mark that identifies the reader's last message contains the whole
    sender."""
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    alice.ask({"type": "broadcast", "payload": 1, "traceparent": TRACE})
    alice.receive_type("broadcast")
    server.connect().call("CLIENT", "KILL", "TYPE", "pubsub")
    instances[0].wait_log("Redis connection lost")
    instances.wait_ready()
    alice.ask({"type": "broadcast", "payload": 2})
    assert alice.receive_type("broadcast")["payload"] == 2
    assert instances.metric("peal_redis_gaps_total") == 0
