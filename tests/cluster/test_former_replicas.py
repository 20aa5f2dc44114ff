"""A master that was temporarily a replica: the same process and address, but
with the data of its replacement. A paused instance sees neither failover."""

import fcntl
import signal
import sys
import termios
import time

import pytest

from redis_cluster import RedisCluster
from support import patience
from support.api import WITH_KEY, publish
from support.pause import pause as pause_process
from test_partition import is_master
from test_redis_cluster import ROOMS, move_slot

CUT = pytest.mark.parametrize("are_cut", [False, True], ids=["kept", "cut"])
ONCE = "once" * 1000  # larger than all other data sent meanwhile
BOTH = pytest.mark.parametrize("which", ["home", "other"])


def run_id(node):
    return node.call("INFO", "server").split("run_id:")[1][:40]


def follows(replica):
    return "master_link_status:up" in replica.call("INFO", "replication")


def offset(node):
    """How far the replication stream of a node has come."""
    return node.call("INFO", "replication").split(
        "\nmaster_repl_offset:")[1].split()[0]


class Pair:
    """A master, its replica, and a channel stored there."""

    def __init__(self, masters, which, prefix="room"):
        home = masters.owner("peal:{peal}:in")
        self.channel, self.master = next(
            (channel, owner) for channel, owner in (
                (f"{prefix}-{number}",
                 masters.owner(f"peal:{{{prefix}-{number}}}:c"))
                for number in range(100))
            if (owner is home) == (which == "home"))
        self.masters = masters
        self.replica = masters.replicas[masters.masters.index(self.master)]
        self.run_id = run_id(self.master)

    def leave_behind(self):
        """Stops replication: later writes exist only on the master."""
        patience.wait_until(
            lambda: offset(self.replica) == offset(self.master), 20,
            what="all earlier writes to be replicated")
        # the master has no password and refuses any
        self.replica.call("CONFIG", "SET", "masterauth", "wrong")
        self.master.call("CLIENT", "KILL", "TYPE", "replica")
        patience.wait_until(lambda: not follows(self.replica), 20,
                            what="replication to stop")

    @staticmethod
    def promote(replica, how):
        """Retries, because masters that voted recently may refuse another
        vote, and the replica then gives up."""
        for _ in range(6):
            replica.call("CLUSTER", "FAILOVER", *how)
            end = time.monotonic() + patience.seconds(6)
            while time.monotonic() < end:
                if is_master(replica):
                    return
                time.sleep(0.05)
        raise AssertionError("the replica did not take over")

    def swap(self, master, replica, how):
        self.promote(replica, how)
        replica.call("CONFIG", "SET", "masterauth", "")
        patience.wait_until(
            lambda: not is_master(master) and follows(master), 60,
            what="the former master to follow")

    def there_and_back(self, how):
        """The replica takes over, then the old master takes over again."""
        self.swap(self.master, self.replica, how)
        self.swap(self.replica, self.master, how)
        self.masters.wait_ok()
        for node in self.masters.nodes:
            patience.wait_until(lambda n=node: self.is_named_by(n), 20,
                                what="all nodes to know the master")
        assert run_id(self.master) == self.run_id

    def is_named_by(self, node):
        slot = self.masters.slot(f"peal:{{{self.channel}}}:c")
        return any(first <= slot <= last and master[1] == self.master.port
                   for first, last, master, *_ in node.call("CLUSTER",
                                                            "SLOTS"))

    def cut(self):
        for kind in ("normal", "pubsub"):
            self.master.call("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


@pytest.fixture
def masters(redis):
    return RedisCluster(redis, replicas=1)


@pytest.fixture
def paused():
    """paused(instance) pauses it until `resume`, at the latest at the end."""
    stopped = []

    def pause(server):
        pause_process(server.process)
        stopped.append(server)

    def resume():
        while stopped:
            stopped.pop().process.send_signal(signal.SIGCONT)

    pause.resume = resume
    yield pause
    resume()


@BOTH
@pytest.mark.parametrize("prefix", ["room", "plain"])
@CUT
def test_a_loss_known_only_to_the_publisher_is_reported(masters, cluster,
                                                        paused, which, prefix,
                                                        are_cut):
    """No subscriber received the message, and its master lost it. Only the
    instance that got the acknowledgement can report the loss."""
    pair = Pair(masters, which, prefix)
    instances = cluster(masters.url, 2, **WITH_KEY)
    publisher, listener = instances.instances
    bob = listener.join("bob", pair.channel)
    since = publish(publisher, pair.channel, "heard")
    assert bob.receive_type("broadcast")["payload"] == "heard"
    bob.drop()
    instances.kill(listener)
    pair.leave_behind()
    lost = publish(publisher, pair.channel, "lost")
    assert lost["offset"] == since["offset"] + 1
    paused(publisher)
    if are_cut:
        pair.cut()
    pair.there_and_back(["TAKEOVER"])
    paused.resume()
    patience.wait_until(
        lambda: publisher.metric("peal_redis_lost_total") == 1, 15,
        what="the instance to look for its publish")
    late = instances.add()
    instances.wait_ready()
    answer = late.connect("bob", [""], protocol="broadcast").ask(
        {"type": "subscribe", "channel": pair.channel,
         "since": {"epoch": since["epoch"], "offset": since["offset"]}})
    assert answer["recovered"] is False, answer


def has_arrived(connection):
    """Whether the last data sent is in the receiver's queue."""
    left = fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4))
    return not int.from_bytes(left, sys.byteorder)


LOCAL, REMOTE = 1, 2


def unread(end, port):
    """The unread bytes of each connection with this port at this end."""
    for line in open("/proc/net/tcp", encoding="ascii").readlines()[1:]:
        words = line.split()
        if int(words[end].split(":")[1], 16) == port:
            yield int(words[4].split(":")[1], 16)


def is_answered(port):
    """Whether a response from this port is unread: it is longer than the end
    of a connection and shorter than a pushed message."""
    return any(1 < size < len(ONCE) for size in unread(REMOTE, port))


def publish_unanswered(pair, instances, client, paused):
    """The master executes the publish of a paused instance, but closes the
    connection before it responds. Sometimes it responds first: then again.
    Returns the number of the publish."""
    master, instance = pair.master, instances[0]
    for number in range(1, 20):
        instances.wait_ready()
        instance.wait_metric("peal_redis_in_flight", 0)
        killer = master.connect()
        master.pause()
        client.send({"type": "broadcast", "payload": ONCE, "id": number})
        patience.wait_until(
            lambda: max(unread(LOCAL, master.port)) > len(ONCE),
            what="the publish to arrive")
        paused(instance)
        killer.socket.sendall(b"CLIENT KILL TYPE normal SKIPME yes\r\n")
        patience.wait_until(lambda k=killer: has_arrived(k.socket),
                            what="the command to arrive")
        master.resume()
        assert killer.read() > 0
        if not is_answered(master.port):
            return number
        paused.resume()
        client.take(lambda m, n=number: m.get("id") == n)
    raise AssertionError("the master always responded")


@BOTH
@CUT
def test_an_unanswered_publish_is_not_repeated(masters, cluster, paused,
                                               which, are_cut):
    """The master executed the publish, but lost the record of it."""
    pair = Pair(masters, which)
    instances = cluster(masters.url, 2, redis={
        "timeout_ms": int(patience.seconds(10000)), "backlog_seconds": 60})
    alice = instances[0].join("alice", pair.channel)
    bob = instances[1].join("bob", pair.channel)
    alice.ask({"type": "broadcast", "payload": "before"})
    assert bob.receive_type("broadcast")["payload"] == "before"
    pair.leave_behind()
    number = publish_unanswered(pair, instances, alice, paused)
    for _ in range(number):
        assert bob.receive_type("broadcast")["payload"] == ONCE
    if are_cut:
        pair.cut()
    pair.there_and_back(["TAKEOVER"])
    paused.resume()
    answer = alice.take(lambda m: m.get("id") == number)
    assert answer.get("code") == "unavailable", answer
    instances.wait_ready()
    alice.ask({"type": "broadcast", "payload": "then"})
    heard = bob.take(lambda m: m["type"] == "broadcast")
    assert heard["payload"] == "then"


@BOTH
def test_failover_and_back_under_load(masters, cluster, load, paused, which):
    """Planned ones are in test_redis_cluster.py: Redis often gives up a second
    one that follows at once."""
    pair = Pair(masters, which)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:6], publishers=1, listeners=4, rate=30)
    for server in instances.instances:
        work.wait_acknowledged(100, 30)
        pair.leave_behind()
        work.wait_acknowledged(20, 30)
        paused(server)
        pair.there_and_back(["TAKEOVER"])
        paused.resume()
        instances.wait_ready(30)
    work.wait_acknowledged(200, 30)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)


def test_a_server_without_a_cluster(redis, cluster, paused):
    """Connections stay open, and it never refuses a write."""
    server, other = redis(), redis("--repl-diskless-sync-delay", "0")
    instances = cluster(server.url, 1, **WITH_KEY)
    since = publish(instances[0], "room", "heard")
    other.call("REPLICAOF", server.host, server.port)
    patience.wait_until(lambda: follows(other), 20, what="the replica")
    other.call("REPLICAOF", "NO", "ONE")
    publish(instances[0], "room", "lost")
    paused(instances[0])
    server.call("REPLICAOF", other.host, other.port)
    patience.wait_until(lambda: follows(server), 20, what="the former master")
    server.call("REPLICAOF", "NO", "ONE")
    paused.resume()
    instances[0].wait_metric("peal_redis_lost_total", 1, 15)
    answer = instances[0].connect("bob", [""], protocol="broadcast").ask(
        {"type": "subscribe", "channel": "room",
         "since": {"epoch": since["epoch"], "offset": since["offset"]}})
    assert answer["recovered"] is False, answer


def echoes(node):
    return [name for name in node.call("PUBSUB", "SHARDCHANNELS")
            if "echo:" in name]


@BOTH
def test_the_slot_of_an_echo_moves_away_and_back(redis, cluster, paused,
                                                 which):
    """The subscription is lost although the slot table is unchanged."""
    masters = RedisCluster(redis)
    instances = cluster(masters.url, 1)
    home = masters.owner("peal:{peal}:in")
    node = next(each for each in masters.masters
                if (each is home) == (which == "home"))
    target = next(each for each in masters.masters if each is not node)
    alice = instances[0].join("alice", *ROOMS)
    echo, = echoes(node)
    slot = masters.slot(echo)
    paused(instances[0])
    move_slot(masters, slot, node, target)
    move_slot(masters, slot, target, node)
    assert echo not in echoes(node)
    paused.resume()
    patience.wait_until(lambda: echo in echoes(node), 15,
                        what="the echo to be resubscribed")
    instances.wait_ready()
    for room in ROOMS:
        alice.ask({"type": "broadcast", "channel": room, "payload": room})
        alice.take(lambda m, r=room: m.get("payload") == r)
