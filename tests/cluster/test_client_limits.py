"""single_connection and limits.connections_per_client across instances."""

import concurrent.futures
import json
import random
import signal
import threading
import time

import pytest

from support import patience
from support.websocket import Closed, Refused

from cluster import LEASE
from test_instance_fails import wait_presence

SINGLE = {"single_connection": True}
TWO = {"limits": {"connections_per_client": 2}}


def opened(server, client="alice"):
    return server.connect(client, ["room"], protocol="broadcast")


def lives(client):
    if hasattr(client, "ended"):
        return False
    try:
        return client.ask({"type": "ping"})["type"] == "pong"
    except Closed as closed:
        client.ended = closed
        return False
    except OSError:
        return False


def end_of(client):
    """The close code, whether the frame was read before or not."""
    closed = getattr(client, "ended", None) or client.wait_closed()
    return closed.code, closed.reason


def lives_on(client, seconds=0.3):
    """Whether the connection works and is not closed shortly after."""
    end = time.monotonic() + patience.seconds(seconds)
    while time.monotonic() < end:
        if not lives(client):
            return False
        time.sleep(0.02)
    return True


def open_at_once(servers, client):
    """Opens a connection on each server at the same time, with threads."""
    barrier = threading.Barrier(len(servers))

    def run(server):
        barrier.wait()
        return opened(server, client)

    with concurrent.futures.ThreadPoolExecutor(len(servers)) as pool:
        return list(pool.map(run, servers))


def client_keys(redis):
    return [key for key in redis.keys() if "client" in key]


def count(redis, client="alice"):
    """The connections of a client according to Redis."""
    values = redis.call("HVALS", f"peal:{{client:{client}}}:connections")
    return sum(int(value.split()[0]) for value in values)


def wait_count(redis, number, client="alice", timeout=5):
    patience.wait_until(lambda: count(redis, client) == number, timeout,
                        what=f"{number} connections counted")


def wait_claim(redis, before):
    """Waits for a claim newer than `before`; returns its number."""
    def newest():
        values = redis.call("HVALS", "peal:{client:alice}:connections")
        number = max((int(value.split()[1]) for value in values), default=0)
        return number > before and number
    return patience.wait_until(newest, 5, what="a claim")


def wait_connections(instances, number):
    patience.wait_until(
        lambda: instances.metric("peal_connections") == number, 10,
        what=f"{number} connections to be left")


def survivors(clients, number):
    """Waits until `number` connections are left; returns them and the close
    codes of the others."""
    def alive():
        return [client for client in clients if lives(client)]

    patience.wait_until(lambda: len(alive()) <= number, 5,
                        what=f"{number} of {len(clients)} to be left")
    time.sleep(0.05)
    left = alive()
    return left, [end_of(client)[0] for client in clients
                  if client not in left]


# ---- the newest connection wins


def test_a_newer_connection_elsewhere_replaces(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3, **SINGLE)
    bob = opened(instances[0], "bob")
    last, number = opened(instances[0]), 0
    for each in [1, 2, 0, 0, 2]:
        number = wait_claim(server, number)
        newer = opened(instances[each])
        assert end_of(last) == (4409, "replaced by a newer connection")
        assert lives(newer)
        last = newer
    assert lives_on(last) and lives(bob)
    wait_presence(bob, "room", {"alice": 1, "bob": 1})
    wait_count(server, 1)
    assert instances.metric('peal_closes_total{reason="replaced"}') == 5


def test_of_two_concurrent_connections_exactly_one_stays(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, **SINGLE)
    for i in range(60):
        pair = open_at_once(instances.instances, f"alice{i}")
        left, codes = survivors(pair, 1)
        assert (len(left), codes) == (1, [4409]), f"round {i}"
        wait_count(server, 1, f"alice{i}")
    wait_connections(instances, 60)


def test_of_many_concurrent_connections_exactly_one_stays(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3, **SINGLE)
    for i in range(15):
        crowd = open_at_once(instances.instances * 4, f"alice{i}")
        left, codes = survivors(crowd, 1)
        assert (len(left), codes) == (1, [4409] * 11), f"round {i}"
        wait_count(server, 1, f"alice{i}")
    wait_connections(instances, 15)


def test_a_storm_of_reconnects_leaves_one(redis, cluster):
    """A client reconnects before its previous attempt has finished."""
    server = redis()
    instances = cluster(server.url, 3, **SINGLE)

    def reconnect(number):
        chance = random.Random(number)
        for _ in range(25):
            try:
                made = opened(chance.choice(instances.instances))
            except (Closed, Refused, OSError):
                continue
            if chance.random() < 0.3:
                made.drop()

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(reconnect, range(6)))
    patience.wait_until(
        lambda: instances.metric("peal_connections") <= 1, 10)
    last = opened(instances[0])
    wait_connections(instances, 1)
    wait_count(server, 1)
    assert lives_on(last)


# ---- so many and no more


def test_connections_are_counted_across_instances(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3, **TWO)
    first, second = opened(instances[0]), opened(instances[1])
    assert lives_on(first, 0.1) and lives_on(second, 0.1)
    third = opened(instances[2])
    assert end_of(third) == (4529, "too many connections of this client")
    assert lives(first) and lives(second)
    name = 'peal_limit_reached_total{limit="connections_per_client"}'
    assert instances.metric(name) == 1
    assert lives_on(opened(instances[2], "bob"))
    first.end()
    wait_count(server, 1)
    third = opened(instances[2])
    assert lives_on(third) and lives(second)
    wait_count(server, 2)


def test_a_known_excess_is_refused_at_the_handshake(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, **TWO)
    both = [opened(instances[0]) for _ in range(2)]
    wait_count(server, 2)
    with pytest.raises(Refused) as refused:
        opened(instances[0])
    assert refused.value.response.status == 429
    assert opened(instances[1]).wait_close() == 4529
    assert all(map(lives, both))


def test_concurrent_connections_fill_the_limit_exactly(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3, **TWO)
    for i in range(15):
        crowd = open_at_once(instances.instances * 2, f"alice{i}")
        left, codes = survivors(crowd, 2)
        assert (len(left), codes) == (2, [4529] * 4), f"round {i}"
        wait_count(server, 2, f"alice{i}")
    wait_connections(instances, 30)


def test_no_data_of_disconnected_clients_is_kept(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, **TWO)
    everybody = [opened(each, f"client{i}") for i in range(20)
                 for each in instances.instances]
    patience.wait_until(lambda: len(client_keys(server)) == 22, 5,
                        what="the keys of 20 clients and 2 instances")
    for client in everybody:
        client.drop()
    patience.wait_until(lambda: not client_keys(server), 5,
                        what="the keys to be deleted")


def test_a_channel_may_have_the_name_of_a_client(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, **TWO)
    both = [each.join("alice", "client:alice", "instance:alice")
            for each in instances.instances]
    wait_count(server, 2)
    for channel in ("client:alice", "instance:alice"):
        wait_presence(both[0], channel, {"alice": 2})
    assert opened(instances[0]).wait_close() == 4529
    assert all(map(lives_on, both))


def test_redis_is_not_used_without_a_limit(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    for each in instances.instances:
        wait_presence(opened(each), "room", {"alice": each is instances[1] and
                                             2 or 1})
    assert client_keys(server) == []


def change_limit(server, limit):
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    config["limits"]["connections_per_client"] = limit
    file.write_text(json.dumps(config))
    server.process.send_signal(signal.SIGHUP)


def test_a_limit_is_set_and_removed_by_a_reload(redis, cluster):
    """By SIGHUP: Redis stores the clients only while there is a limit.
    Connected clients stay."""
    server = redis()
    instances = cluster(server.url, 2)
    both = [opened(each) for each in instances.instances]

    def change(limit):
        for each in instances.instances:
            change_limit(each, limit)

    change(2)
    wait_count(server, 2)
    assert opened(instances[0]).wait_close() == 4529
    assert all(map(lives, both))
    change(0)
    patience.wait_until(lambda: not client_keys(server), 5)
    third = opened(instances[0])
    assert lives_on(third)
    third.drop()
    patience.wait_until(lambda: instances.metric("peal_connections") == 2, 5)
    change(1)
    wait_count(server, 2)
    assert opened(instances[0], "bob") and all(map(lives_on, both))
    both[0].end()
    wait_count(server, 1)
    assert opened(instances[0]).wait_close() == 4529
    assert lives_on(both[1])


def test_a_lower_limit_closes_nobody(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, limits={"connections_per_client": 4})
    stay = [opened(each) for each in instances.instances for _ in range(2)]
    wait_count(server, 4)
    for each in instances.instances:
        change_limit(each, 2)
    assert instances[1].wait_log("connections_per_client")
    stay.pop().end()
    wait_count(server, 3)
    assert opened(instances[1]).wait_close() == 4529
    assert all(map(lives_on, stay))


# ---- who dies


@pytest.mark.parametrize("limit", [SINGLE, TWO], ids=["single", "two"])
def test_connections_of_a_dead_instance_expire_with_its_lease(redis, cluster,
                                                              limit):
    server = redis()
    instances = cluster(server.url, 2, **limit)
    for i in range(30):
        opened(instances[0], f"client{i}")
        if limit is TWO:
            opened(instances[0], f"client{i}")
    patience.wait_until(lambda: len(client_keys(server)) == 31, 5)
    killed = time.monotonic()
    instances.kill(instances[0])
    if limit is TWO:
        assert opened(instances[0], "client7").wait_close() == 4529
    patience.wait_until(lambda: not client_keys(server), LEASE * 2,
                        what="dead connections to be removed")
    assert time.monotonic() - killed < LEASE + patience.seconds(1)
    again = [opened(instances[0], f"client{i}") for i in range(30)]
    time.sleep(patience.seconds(0.2))
    assert all(map(lives, again))


def test_a_graceful_shutdown_removes_the_counts(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, **TWO)
    for each in [instances[0], instances[0], instances[1]]:
        opened(each, "bob" if each is instances[1] else "alice")
    wait_count(server, 2)
    instances[0].signal()
    instances[0].process.wait(patience.seconds(10))
    assert count(server) == 0
    assert lives_on(opened(instances[1]))


# ---- Redis goes away


def test_without_redis_each_instance_counts_separately(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 2, **TWO)
    first = opened(instances[0])
    wait_count(lasting_redis, 1)
    lasting_redis.stop()
    instances.wait_not_ready()
    second = opened(instances[0])
    with pytest.raises(Refused):
        opened(instances[0])
    others = [opened(instances[1]) for _ in range(2)]
    time.sleep(patience.seconds(0.3))
    lasting_redis.start()
    instances.wait_ready()
    wait_connections(instances, 2)
    wait_count(lasting_redis, 2)
    name = 'peal_closes_total{reason="too_many_connections"}'
    assert instances.metric(name) == 2
    # the instance that reconnects first keeps its connections; within an
    # instance, the oldest connection is closed last
    alive = [c in (first, others[0]) for c in (first, second, *others)
             if lives(c)]
    assert len(alive) == 2 and alive[0]


@pytest.mark.parametrize("is_empty", [False, True], ids=["kept", "empty"])
def test_a_single_connection_after_an_outage(lasting_redis, cluster,
                                             is_empty):
    """The connection opened meanwhile is the newest on any instance."""
    instances = cluster(lasting_redis.url, 3, **SINGLE)
    for newest in (1, 0, 2):
        client = f"alice{newest}"
        old = opened(instances[(newest + 1) % 3], client)
        wait_count(lasting_redis, 1, client)
        lasting_redis.stop()
        instances.wait_not_ready()
        new = opened(instances[newest], client)
        time.sleep(patience.seconds(0.2))
        assert lives(old) and lives(new)
        if is_empty:
            lasting_redis.forget_everything()
        lasting_redis.start()
        instances.wait_ready()
        assert old.wait_close() == 4409
        assert lives_on(new)
        wait_count(lasting_redis, 1, client)


def test_of_many_connections_opened_in_an_outage_one_stays(lasting_redis,
                                                           cluster):
    instances = cluster(lasting_redis.url, 3, **SINGLE)
    lasting_redis.kill()
    instances.wait_not_ready()
    for i in range(20):
        for each in instances.instances:
            opened(each, f"alice{i}")
    lasting_redis.start()
    instances.wait_ready()
    wait_connections(instances, 20)
    time.sleep(patience.seconds(0.3))
    assert instances.metric("peal_connections") == 20
    assert all(count(lasting_redis, f"alice{i}") == 1 for i in range(20))


def test_claims_missed_by_a_cut_link_are_read_later(redis, cluster, proxy):
    """A connection was replaced while its instance was disconnected."""
    server = redis()
    between = proxy(server)
    instances = cluster(server.url, 1, **SINGLE)
    cut = instances.add(url=between.url)
    instances.wait_ready()
    old = opened(cut)
    wait_count(server, 1)
    between.refuses = True
    between.cut()
    patience.wait_until(lambda: cut.request("/ready").status == 503, 5)
    new = opened(instances[0])
    wait_count(server, 2)
    assert lives_on(old, 0.2)
    between.refuses = False
    assert old.wait_close() == 4409
    assert lives_on(new)
    wait_count(server, 1)


def test_a_claim_with_a_late_answer(redis, cluster, proxy):
    """The newer claim arrives before the older claim's number is known."""
    server = redis()
    between = proxy(server)
    instances = cluster(server.url, 1, **SINGLE)
    slow = instances.add(url=between.url)
    instances.wait_ready()
    between.holds_answers = True
    old = opened(slow)
    number = wait_claim(server, 0)
    new = opened(instances[0])
    wait_claim(server, number)
    assert lives_on(new, 0.1) and lives(old)
    newest = opened(slow)  # its claim comes last
    assert end_of(old)[0] == 4409
    assert new.wait_close() == 4409
    between.holds_answers = False
    assert lives_on(newest)
    wait_count(server, 1)


def test_only_pub_sub_was_cut(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, **SINGLE)
    number = 0
    for i in range(10):
        old = opened(instances[i % 2])
        number = wait_claim(server, number)
        server.call("CLIENT", "KILL", "TYPE", "pubsub")
        new = opened(instances[1 - i % 2])
        assert old.wait_close() == 4409
        number = wait_claim(server, number)
        instances.wait_ready()
        assert lives_on(new, 0.1)


@pytest.mark.parametrize("limit", [SINGLE, TWO], ids=["single", "two"])
def test_a_flush_is_noticed(redis, cluster, limit):
    server = redis()
    instances = cluster(server.url, 2, **limit)
    stays = [opened(instances[0])]
    if limit is TWO:
        stays.append(opened(instances[1]))
    wait_count(server, len(stays))
    server.call("FLUSHALL")
    wait_count(server, len(stays), timeout=LEASE * 2)
    assert all(lives_on(client, 0.1) for client in stays)
    newest = opened(instances[1], "alice") if limit is SINGLE else None
    if newest:
        assert stays[0].wait_close() == 4409
        assert lives_on(newest, 0.1)


def test_invalid_values_in_redis_are_ignored(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1, **TWO)
    key = "peal:{client:alice}:connections"
    server.call("HSET", key, "x", "rubbish", "y", "5", "z", "-1 0 aa")
    first = opened(instances[0])
    patience.wait_until(lambda: len(server.call("HKEYS", key)) == 1, 5)
    assert lives_on(first)
    first.end()
    patience.wait_until(lambda: not client_keys(server), 5)
    server.call("SET", key, "no hash")
    assert lives_on(opened(instances[0]))
    assert instances[0].wait_log("Redis command refused")


def test_a_claim_for_nobody_is_ignored(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1, **SINGLE)
    alice = opened(instances[0])
    wait_count(server, 1)
    for text in ("X|bob|9|0|ff|", "X|alice|0|0|ff|", "X|alice|1|0|ff|"):
        server.call("PUBLISH", "peal:control", text)
    assert lives_on(alice)
    server.call("PUBLISH", "peal:control", f"X|alice|{2 ** 62}|0|ff|")
    assert alice.wait_close() == 4409
