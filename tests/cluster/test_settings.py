"""Ways to reach Redis, and separation of services."""

import contextlib
import re
import subprocess

import pytest

from redis_server import CLI
from support import patience


def hello(sender, receiver, channel="room", payload="hello"):
    sender.send({"type": "broadcast", "channel": channel, "payload": payload})
    assert receiver.receive_type("broadcast")["payload"] == payload


def test_prefixes_are_separate(redis, cluster):
    server = redis()
    one = cluster(server.url, 2, redis={"prefix": "one:"})
    two = cluster(server.url, 1, redis={"prefix": "two:"})
    alice = one[0].join("alice", "room")
    bob = one[1].join("bob", "room")
    eve = two[0].join("eve", "room")
    hello(alice, bob)
    alice.send({"type": "direct", "to": "eve", "payload": "psst"})
    server.call("XADD", "one:in", "*", "channel", "room", "payload", "5")
    assert bob.receive_type("broadcast")["payload"] == 5
    assert eve.is_silent(1)
    answer = eve.ask({"type": "presence", "channel": "room"})
    assert answer["clients"] == [{"client": "eve", "connections": 1}]
    answer = eve.ask({"type": "history", "channel": "room", "limit": 5})
    assert (answer["offset"], answer["messages"]) == (0, [])
    assert {key.split(":")[0] for key in server.keys()} == {"one", "two"}


def test_sharded_pubsub(redis, cluster, load):
    server = redis()
    instances = cluster(server.url, 2, redis={"sharded": True})
    work = load(instances, ["room", "plain-room"], publishers=3, listeners=4,
                rate=40)
    work.wait_acknowledged(200)
    assert set(server.call("PUBSUB", "SHARDCHANNELS", "*")) == \
        {"peal:{room}:c", "peal:{plain-room}:c"}
    assert not server.call("PUBSUB", "CHANNELS", "peal:{*")
    server.call("CLIENT", "KILL", "TYPE", "pubsub")
    work.wait_acknowledged(100)
    work.finish()
    work.prove(gaps=True)
    room = [item for each in work.listeners for item in each.heard["room"]]
    assert {item.what for item in room if hasattr(item, "what")} == {"joined"}


def test_keys_of_a_channel_share_a_slot(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    hello(alice, alice)
    keys = [key for key in server.keys() if "room" in key]
    assert len(keys) >= 4
    assert all(key.startswith("peal:{room}:") for key in keys)


def test_a_unix_socket(redis, cluster):
    server = redis()
    instances = cluster(f"unix://{server.socket_path}", 2)
    hello(instances[0].join("alice", "room"), instances[1].join("bob", "room"))


def test_another_database(redis, cluster):
    server = redis()
    instances = cluster(f"redis://127.0.0.1:{server.port}/5", 2)
    hello(instances[0].join("alice", "room"), instances[1].join("bob", "room"))
    assert server.keys() == []


def test_a_password(redis, cluster):
    server = redis()
    server.call("CONFIG", "SET", "requirepass", "secret")
    server.password = "secret"
    instances = cluster(f"redis://:secret@127.0.0.1:{server.port}", 2)
    hello(instances[0].join("alice", "room"), instances[1].join("bob", "room"))


AWKWARD = "p@ss/w:rd%25"


@pytest.mark.parametrize("userinfo", [
    "peal:p%40ss%2Fw%3Ard%2525",     # as encoded by URL libraries
    "p%65al:p%40ss%2fw%3ard%2525",   # the user too, in lower case
    "default-password%21",           # a single word is the password
    "default:default-password!",
])
def test_a_url_is_read_as_redis_cli_reads_it(redis, cluster, userinfo):
    server = redis()
    server.call("ACL", "SETUSER", "peal", "on", f">{AWKWARD}", "~*", "&*",
                "+@all")
    server.call("CONFIG", "SET", "requirepass", "default-password!")
    server.password = "default-password!"
    url = f"redis://{userinfo}@127.0.0.1:{server.port}/0"
    told = subprocess.run([CLI, "-u", url, "PING"], check=False,
                          capture_output=True, text=True,
                          timeout=patience.seconds(10))
    assert told.stdout == "PONG\n", told
    instances = cluster(url, 1)
    hello(instances[0].join("alice", "room"), instances[0].join("bob", "room"))
    assert not instances[0].log_lines("percent-encoded")


def test_a_password_that_is_not_encoded_works_with_a_warning(redis, cluster):
    server = redis()
    server.call("ACL", "SETUSER", "peal", "on", ">p@ss/w:rd%", "~*", "&*",
                "+@all")
    url = f"redis://peal:p@ss/w:rd%@127.0.0.1:{server.port}/0"
    instances = cluster(url, 1)
    instances[0].wait_log_count("must be percent-encoded", 1)
    assert "p@ss" not in instances[0].log()


RIGHTS = ("on", ">word", "~acl:*", "&acl:*", "+@all", "-@admin", "-@dangerous",
          "-@keyspace", "+del", "+expire", "+pexpire")


def test_a_user_with_few_rights(redis, cluster):
    server = redis()
    server.call("ACL", "SETUSER", "peal", *RIGHTS)
    instances = cluster(f"redis://peal:word@127.0.0.1:{server.port}", 2,
                        redis={"prefix": "acl:"})
    hello(instances[0].join("alice", "room"), instances[1].join("bob", "room"))
    server.call("CLIENT", "KILL", "TYPE", "normal")
    instances.wait_ready()
    hello(instances[0].join("carol", "room"), instances[1].join("dave", "room"))


def test_a_wrong_password_is_reported_and_retried(redis, cluster):
    server = redis()
    server.call("ACL", "SETUSER", "peal", *RIGHTS)
    url = f"redis://peal:wrong-secret@127.0.0.1:{server.port}"
    instances = cluster(url, 0, redis={"prefix": "acl:"})
    one = instances.add()
    line = one.wait_log("Redis connection lost")
    assert "WRONGPASS" in line
    response = one.request("/ready")
    assert response.status == 503
    assert b"Redis is unavailable: WRONGPASS" in response.body
    assert b"wrong-secret" not in response.body
    patience.wait_until(
        lambda: int(re.search(r"total_connections_received:(\d+)",
                              server.call("INFO", "stats"))[1]) > 15, 10)
    one.wait_log_count("Redis connection lost", 3)  # once per link
    server.call("ACL", "SETUSER", "peal", ">wrong-secret")
    instances.wait_ready()
    assert "wrong-secret" not in one.log()


def test_the_error_of_a_redis_with_too_many_clients_is_quoted(redis, cluster):
    server = redis()
    with contextlib.closing(server.connect()) as only:
        only.call("CONFIG", "SET", "maxclients", 1)
        instances = cluster(server.url, 0)
        line = instances.add().wait_log("Redis connection lost")
        assert "max number of clients reached" in line
        only.call("CONFIG", "SET", "maxclients", 100)
        instances.wait_ready()


def test_a_broken_key_affects_only_its_channel(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    server.call("SET", "peal:{broken}:m", "not a hash")
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    for i in range(20):
        alice.send({"type": "broadcast", "channel": "broken", "payload": i,
                    "id": i})
        alice.send({"type": "broadcast", "channel": "room", "payload": i})
    refused = [alice.take(lambda m: "id" in m) for _ in range(20)]
    assert {m["code"] for m in refused} == {"unavailable"}
    assert [bob.receive_type("broadcast")["payload"]
            for _ in range(20)] == list(range(20))
    assert not instances[0].log_lines("Redis connection lost")


def test_invalid_pubsub_messages_are_counted(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    for text in ("", "P", "P|x|1|1|a|1", "P|0123456789abcdef|9|1|a|{",
                 "J||0|1||", "X", "\x00\xff" * 100):
        server.call("PUBLISH", "peal:{room}:c", text)
    server.call("PUBLISH", "peal:control", "D|alice|0|1|a|{")
    server.call("PUBLISH", "peal:control", "rubbish")
    patience.wait_until(
        lambda: instances.metric("peal_redis_malformed_total") == 9, 5)
    hello(alice, alice)
