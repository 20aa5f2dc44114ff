"""An address moves to another Redis while the old one still runs; a
subscription is connected but receives nothing. If a server without the
subscribers acknowledges a publish, a gap reports it. /ready and the metrics
show the state."""

import ctypes
import json
import os
import subprocess
import time

import pytest

from support import patience
from support.patience import seconds

from cluster import QUICK_REDIS
from reply_proxy import KINDS

BOUND = QUICK_REDIS["timeout_ms"] / 1000 + seconds(1)


def links(server):
    """The number of instance connections of a Redis."""
    return sum("cmd=client" not in line
               for line in server.call("CLIENT", "LIST").splitlines())


def wait_moved(old, new, count):
    patience.wait_until(lambda: links(new) >= count and not links(old), 15,
                        what="all links to reach the new server")


@pytest.fixture
def two(redis):
    """Two independent Redis servers."""
    return redis(), redis()


def check(work, instances):
    instances.wait_ready()
    work.wait_acknowledged(200)
    work.finish()
    print(work.summary())
    work.prove(gaps=True)


@pytest.mark.parametrize("kind", [*KINDS, None])
def test_the_address_moves(two, cluster, load, proxy, kind):
    """One link, or none, is cut; all links move."""
    old, new = two
    between = proxy(old)
    instances = cluster(between.url, 2)
    work = load(instances, ["room", "plain-room"], publishers=3, listeners=4,
                rate=40)
    work.wait_acknowledged(100)
    between.move(new)
    if kind:
        between.cut(kind)
    wait_moved(old, new, 6)
    check(work, instances)
    for server in instances.instances:
        assert server.metric("peal_redis_moved_total") >= 1
    assert work.summary()["gap"] >= 8  # one per listener and channel


class Hosts:
    """A hosts file visible only to the processes of a test."""

    NEWNS, BIND, REC, PRIVATE = 0x20000, 4096, 16384, 1 << 18

    def __init__(self, file):
        self.file = file
        self.libc = ctypes.CDLL(None, use_errno=True)

    def point(self, address):
        """Writes in place, because the file is mounted."""
        self.file.write_text(f"127.0.0.1 localhost\n{address} redis.test\n")

    def enter(self):
        """Runs in the child process before it executes the server."""
        libc, file = self.libc, os.fsencode(self.file)
        if (libc.unshare(self.NEWNS) or
                libc.mount(b"none", b"/", None, self.REC | self.PRIVATE, None)
                or libc.mount(file, b"/etc/hosts", None, self.BIND, None)):
            raise OSError(ctypes.get_errno(), "no hosts file of its own")


def test_the_host_name_resolves_to_another_server(two, cluster, load,
                                                  tmp_path):
    """Same port, another address, and both servers run."""
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("cannot create a mount namespace here")
    old, new = two
    new.stop()
    new.host, new.port = "127.0.0.2", old.port
    new.start()
    hosts = Hosts(tmp_path / "hosts")
    hosts.point("127.0.0.1")
    instances = cluster(f"redis://redis.test:{old.port}", 0)
    for _ in range(2):
        instances.add(before_start=hosts.enter)
    instances.wait_ready()
    work = load(instances, ["room", "plain-room"], publishers=2, listeners=4,
                rate=40)
    work.wait_acknowledged(100)
    hosts.point("127.0.0.2")
    wait_moved(old, new, 6)
    check(work, instances)


def test_one_instance_moves_first(two, cluster, load, proxy):
    """The other instance acknowledges messages that the first does not
    receive; the first one's subscribers get a gap."""
    old, new = two
    first, second = proxy(old), proxy(old)
    instances = cluster(first.url, 1)
    instances.add(url=second.url)
    instances.wait_ready()
    work = load(instances, ["room", "plain-room"], publishers=4, listeners=6,
                rate=40)
    work.wait_acknowledged(100)
    first.move(new)
    first.cut()
    patience.wait_until(lambda: links(new) >= 3, 10, what="one to move")
    work.wait_acknowledged(100)
    second.move(new)
    wait_moved(old, new, 6)
    check(work, instances)
    assert instances[1].metric("peal_redis_lost_total") >= 1


def test_a_move_back_and_forth(two, cluster, load, proxy):
    old, new = two
    between = proxy(old)
    instances = cluster(between.url, 2)
    work = load(instances, ["room", "plain-room"], publishers=3, listeners=4,
                rate=40)
    for server in (new, old, new):
        work.wait_acknowledged(50)
        between.move(server)
        between.cut("subscriptions")
        patience.wait_until(lambda: links(server) >= 6, 15,
                            what="all links to move")
        instances.wait_ready()
    wait_moved(old, new, 6)
    check(work, instances)


def test_messages_missing_on_a_replica_are_reported(redis, cluster, load,
                                                    proxy):
    """A replica without the last messages takes over, and may have assigned
    their offsets to other messages."""
    old, new = redis("--repl-diskless-sync-delay", "0"), redis()
    between = proxy(old)
    new.call("REPLICAOF", "127.0.0.1", old.port)
    instances = cluster(between.url, 2)
    work = load(instances, ["room", "plain-room"], publishers=3, listeners=4,
                rate=40)
    patience.wait_until(
        lambda: "master_link_status:up" in new.call("INFO", "replication"),
        20)
    work.wait_acknowledged(100)
    new.call("REPLICAOF", "NO", "ONE")
    work.wait_acknowledged(100)  # the old master continues alone
    between.move(new)
    between.cut()
    wait_moved(old, new, 6)
    check(work, instances)
    assert work.summary()["gap"] >= 8


def test_a_former_replica_has_no_record_of_the_publish(redis, cluster, proxy):
    """The same process with the data of another: a publish that it executed,
    and whose answer was lost, is not repeated."""
    server, other = redis(), redis("--repl-diskless-sync-delay", "0")
    between = proxy(server)
    instances = cluster(between.url, 1)
    alice = instances[0].join("alice", "room")
    bob = instances[0].join("bob", "room")
    between.holds_answers = True
    alice.send({"type": "broadcast", "channel": "room", "payload": "once",
                "id": 7})
    assert bob.receive_type("broadcast")["payload"] == "once"
    between.refuses = True
    between.cut()
    server.call("REPLICAOF", "127.0.0.1", other.port)
    patience.wait_until(
        lambda: "master_link_status:up" in server.call("INFO", "replication"),
        20)
    server.call("REPLICAOF", "NO", "ONE")
    between.holds_answers = between.refuses = False
    answer = alice.take(lambda m: m.get("id") == 7)
    assert answer["type"] == "error" and answer["code"] == "unavailable", answer
    instances.wait_ready()
    alice.ask({"type": "broadcast", "channel": "room", "payload": "then"})
    heard = bob.take(lambda m: m.get("payload"))
    assert heard["payload"] == "then"


def hear_by(bob, payload, until):
    heard = bob.take(lambda m: m.get("payload") == payload or
                     m["type"] == "gap")
    assert time.monotonic() < until
    return heard


@pytest.mark.parametrize("channel", ["room", "plain-room"])
def test_a_deaf_subscription_is_repaired(redis, cluster, proxy, channel):
    server = redis()
    between = proxy(server)
    instances = cluster(server.url, 1)
    deaf = instances.add(url=between.url)
    instances.wait_ready()
    alice = instances[0].join("alice", channel)
    bob = deaf.join("bob", channel)
    for number in range(3):
        alice.ask({"type": "broadcast", "channel": channel,
                   "payload": number})
        assert bob.receive_type("broadcast")["payload"] == number
    between.deafen()
    until = time.monotonic() + BOUND
    alice.ask({"type": "broadcast", "channel": channel, "payload": "missed"})
    heard = hear_by(bob, "missed", until)
    assert heard["type"] == ("broadcast" if channel == "room" else "gap")
    instances.wait_ready()
    assert deaf.metric("peal_redis_deaf_total") == 1
    assert instances[0].metric("peal_redis_deaf_total") == 0
    assert "do not come back" in deaf.wait_log("Redis connection lost")
    alice.ask({"type": "broadcast", "channel": channel, "payload": "after"})
    assert bob.take(lambda m: m.get("payload") == "after")


def test_a_deaf_subscription_under_load(lasting_redis, cluster, load, proxy):
    between = proxy(lasting_redis)
    instances = cluster(between.url, 2)
    work = load(instances, ["room", "other"], publishers=3, listeners=4,
                rate=40)
    for _ in range(3):
        work.wait_acknowledged(50)
        before = instances.metric("peal_redis_deaf_total")
        between.deafen()
        patience.wait_until(
            lambda: instances.metric("peal_redis_deaf_total") == before + 2,
            10, what="both to notice")
        instances.wait_ready()
    work.wait_acknowledged(100)
    work.finish()
    work.prove()
    assert work.count("refused") == 0


def test_a_deaf_instance_acknowledges_nothing(redis, cluster, proxy):
    server = redis()
    between = proxy(server)
    instances = cluster(between.url, 1, redis={"backlog_seconds": 2})
    alice = instances[0].join("alice", "room")
    between.loses_messages = True
    between.cut()
    instances.wait_not_ready()
    answer = alice.ask({"type": "broadcast", "payload": 1})
    assert (answer["type"], answer["code"]) == ("error", "unavailable")
    assert not server.call("EXISTS", "peal:{room}:s")
    assert instances[0].metric("peal_redis_ready") == 0
    between.loses_messages = False
    instances.wait_ready()
    assert alice.ask({"type": "broadcast", "payload": 2})["offset"] == 1


def test_a_client_with_a_newer_epoch_is_recovered(redis, cluster, proxy):
    """The client comes from an instance that knows the new epoch."""
    server = redis()
    between = proxy(server)
    instances = cluster(server.url, 1)
    late = instances.add(url=between.url)
    instances.wait_ready()
    alice = instances[0].join("alice", "room")
    bob = late.join("bob", "room")
    alice.ask({"type": "broadcast", "channel": "room", "payload": 1})
    assert bob.receive_type("broadcast")["payload"] == 1
    between.holds_pushes = True
    server.call("DEL", "peal:{room}:m")
    new = [alice.ask({"type": "broadcast", "channel": "room", "payload": n})
           for n in (2, 3)]
    assert [each["offset"] for each in new] == [1, 2]
    epoch = server.call("HGET", "peal:{room}:m", "epoch")
    carol = late.connect("carol", [""], protocol="broadcast")
    answer = carol.ask({"type": "subscribe", "channel": "room", "since": {
        "epoch": epoch, "offset": 1}})
    between.holds_pushes = False
    assert answer["recovered"] is True, json.dumps(answer)
    assert (answer["epoch"], answer["offset"]) == (epoch, 2)
    assert [m["payload"] for m in answer["messages"]] == [3]
    assert bob.receive_type("gap")


@pytest.mark.parametrize("channel", ["room", "plain-room"])
def test_an_old_epoch_does_not_return(two, cluster, proxy, channel):
    """After the return to the first server, clients that were away are told
    that they missed messages."""
    old, new = two
    between = proxy(old)
    instances = cluster(between.url, 2)
    alice = instances[0].join("alice", channel)
    bob = instances[1].join("bob", channel)
    since = {"epoch": alice.subscribed[0]["epoch"], "offset": 1}
    for server in (new, old):
        alice.ask({"type": "broadcast", "channel": channel, "payload": "m"})
        assert bob.receive_type("broadcast")["payload"] == "m"
        between.move(server)
        between.cut()
        assert bob.receive_type("gap")
        instances.wait_ready()
    carol = instances[1].connect("carol", [""], protocol="broadcast")
    answer = carol.ask({"type": "subscribe", "channel": channel,
                        "since": since})
    assert answer["recovered"] is False, json.dumps(answer)
    assert answer["epoch"] > since["epoch"]


def test_messages_under_way_are_not_a_gap(redis, cluster, load):
    """A channel without history compares its position with Redis while
    messages arrive. It waits for messages already counted but not yet
    received."""
    server = redis()
    instances = cluster(server.url, 2)
    work = load(instances, ["plain-room"], publishers=6, listeners=4, rate=150)
    connection = server.connect()
    end = time.monotonic() + 4
    while time.monotonic() < end:  # a gap dated 1970 makes them compare
        connection.call("PUBLISH", "peal:{plain-room}:c", "G||0|1||")
        time.sleep(0.003)
    connection.close()
    work.finish()
    work.prove()
    assert instances.metric("peal_redis_gaps_total") == 0
