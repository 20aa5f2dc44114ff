"""Events and public client info on every instance: in messages, presence and
input from Redis, and after failures of instances and Redis."""

from support import patience
from support.api import WITH_KEY, tell
from support.application import hooks
from support.tokens import WITH_AUTH, make_token

from test_hooks_across import OF_CHANNELS

INFO = {"name": "Alice | é", "avatar": "a;b|c}.png"}
RULES = [{"match": "*", "join_leave": True, "message_info": True}]


def start(cluster, redis, count=2, rules=None, **options):
    return cluster(redis.url, count, channels=rules or RULES, **WITH_AUTH,
                   **WITH_KEY, **options)


def join(server, client, *channels, **claims):
    connection = server.connect(client, channels or ["room"],
                                protocol="broadcast",
                                token=make_token(client, **claims))
    connection.receive_type("subscribed")
    return connection


def presence(client, **more):
    return client.ask({"type": "presence", "channel": "room", **more})


def infos(client):
    return {m["client"]: m.get("info") for m in presence(client)["clients"]}


def test_join_presence_and_messages_contain_info(redis, cluster):
    instances = start(cluster, redis())
    bob = join(instances[1], "bob")
    alice = join(instances[0], "alice", info=INFO)
    assert bob.receive_type("join") == {
        "type": "join", "channel": "room", "client": "alice", "info": INFO}
    for event in ("typing", None):
        alice.ask({"type": "broadcast", "event": event, "payload": {"|": ";"}})
        message = bob.receive_type("broadcast")
        assert message["info"] == INFO
        assert message.get("event") == event
        assert (message["from"], message["payload"]) == ("alice", {"|": ";"})
    bob.ask({"type": "broadcast", "payload": 1})
    assert "info" not in alice.take(
        lambda m: m["type"] == "broadcast" and m["from"] == "bob")
    for client in (alice, bob):
        assert infos(client) == {"alice": INFO, "bob": None}
    alice.end()
    assert bob.receive_type("leave") == {
        "type": "leave", "channel": "room", "client": "alice"}
    assert infos(bob) == {"bob": None}


def test_history_and_recovery_keep_events(redis, cluster):
    instances = start(cluster, redis())
    alice = join(instances[0], "alice", info=INFO)
    position = alice.ask({"type": "history", "channel": "room", "limit": 0})
    since = {"epoch": position["epoch"], "offset": 0}
    for event in ("a", None, "b"):
        alice.ask({"type": "broadcast", "event": event, "payload": 1})
    bob = instances[1].connect("bob", [""], protocol="broadcast",
                               token=make_token("bob"))
    answer = bob.ask({"type": "subscribe", "channel": "room", "since": since})
    assert answer["recovered"]
    assert [m.get("event") for m in answer["messages"]] == ["a", None, "b"]
    assert [m.get("info") for m in answer["messages"]] == [INFO] * 3


def test_the_count_alone(redis, cluster):
    instances = start(cluster, redis())
    bob = join(instances[1], "bob")
    others = [join(instances[n % 2], f"c{n}", info=INFO) for n in range(6)]
    patience.wait_until(lambda: presence(bob, limit=0)["count"] == 7)
    assert presence(bob, limit=0)["clients"] == []
    answer = presence(bob, limit=3)
    assert (answer["count"], len(answer["clients"])) == (7, 3)
    answer = tell(instances[0], "/api/channels/room/presence?limit=0")
    assert answer == {"channel": "room", "count": 7, "clients": []}
    assert others


def test_direct_messages_have_their_event(redis, cluster):
    instances = start(cluster, redis())
    bob = join(instances[1], "bob")
    alice = join(instances[0], "alice")
    alice.ask({"type": "direct", "to": "bob", "event": "psst", "payload": 1})
    assert bob.receive_type("direct") == {
        "type": "direct", "from": "alice", "event": "psst", "payload": 1}


def test_input_from_redis_may_have_an_event(redis, cluster):
    server = redis()
    instances = start(cluster, server)
    bob = join(instances[1], "bob")
    connection = server.connect()
    for event in (["event", "typing"], [], ["event", ""]):
        connection.call("XADD", "peal:in", "*", "channel", "room", "payload",
                        "1", *event)
        assert bob.receive_type("broadcast").get("event") == \
            (event[1] if event and event[1] else None)
    connection.call("XADD", "peal:in", "*", "channel", "room", "payload", "1",
                    "event", "a b")
    patience.wait_until(
        lambda: connection.call("XLEN", "peal:in:bad") == 1, 10,
        what="the entry to be set aside")
    def say(target):
        return connection.call("PUBLISH", f"peal:in:{target}", "7")

    patience.wait_until(lambda: say("room|now"), 10,
                        what="a subscriber")
    message = bob.receive_type("broadcast")
    assert (message["event"], message["payload"]) == ("now", 7)
    for bad in ("room|", "room|a b", "room|a|b"):
        say(bad)
    say("room")
    assert "event" not in bob.receive_type("broadcast")
    assert bob.is_silent()


def test_info_survives_a_dead_instance_and_lost_data(redis, cluster):
    """Instances store their members again after Redis lost them."""
    server = redis()
    instances = start(cluster, server, 3)
    watcher = join(instances[2], "bob")
    join(instances[0], "alice", info=INFO)
    join(instances[1], "alice", info=INFO)
    instances.kill(instances[0])
    assert infos(watcher)["alice"] == INFO
    server.connect().call("FLUSHALL")
    patience.wait_until(lambda: infos(watcher) == {"alice": INFO,
                                                   "bob": None}, 20,
                        what="the members to be stored again")


def test_info_is_kept_during_leave_seconds(redis, cluster):
    rules = [{**RULES[0], "leave_seconds": 3}]
    instances = start(cluster, redis(), 3, rules)
    watcher = join(instances[2], "bob")
    alice = join(instances[0], "alice", info=INFO)
    watcher.receive_type("join")
    alice.drop()
    patience.wait_until(lambda: {
        (m["client"], m["connections"])
        for m in presence(watcher)["clients"]} == {("alice", 0), ("bob", 1)},
        10, what="alice to wait")
    assert infos(watcher)["alice"] == INFO
    alice = join(instances[1], "alice", info=INFO)
    assert infos(watcher)["alice"] == INFO
    instances.kill(instances[1])  # the other one waits for her return
    patience.wait_until(lambda: "alice" not in infos(watcher), 30,
                        what="alice to leave")
    assert watcher.take(lambda m: m["type"] == "leave")["client"] == "alice"
    assert alice


def test_the_application_receives_info_once(redis, cluster, application):
    instances = start(cluster, redis(), 2, hooks=hooks(
        application, events=OF_CHANNELS, batch_ms=10, retry_ms=50))
    join(instances[0], "alice", info=INFO)
    join(instances[1], "alice", info=INFO)
    event, = application.wait_events(1, "member_added")
    assert (event["client"], event["info"]) == ("alice", INFO)
