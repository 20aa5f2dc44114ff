"""Redis with Sentinels: Peal finds the master, follows every kind of failover,
and never uses a server that only considers itself the master. An acknowledged
message is lost only where a gap reports it."""

import json
import contextlib
import re
import signal
import time

import pytest

from redis_server import LASTING, RedisError
from support import patience, tls
from support.patience import seconds
from support.pause import pause
from support.ports import free_port
from support.server import ROOT

DOWN_MS = int(seconds(1000))
NAME = "mymaster"
PASSWORDS = {"redis": "redis/p@ss", "sentinel": "sentinel-p4ss"}


class Service:
    """A master, replicas, and three Sentinels."""

    def __init__(self, redis, sentinel, replicas=1, options=(), secure=False,
                 keys=None):
        self.secret = PASSWORDS["redis"] if secure else None
        self.keys = keys  # with keys, all connections use TLS
        self.with_tls = [
            "tls-cert-file", keys / "server.pem", "tls-key-file",
            keys / "server.key", "tls-ca-cert-file", keys / "ca.pem",
            "tls-auth-clients", "no", "tls-replication", "yes"] if keys else []
        if secure:
            options = (*options, "--requirepass", self.secret,
                       "--masterauth", self.secret)
        self.servers = [self.start(redis, options)
                        for _ in range(replicas + 1)]
        first = self.servers[0]
        for other in self.servers[1:]:
            other.call("REPLICAOF", "127.0.0.1", first.named_port)
            patience.wait_until(
                lambda o=other: "master_link_status:up" in
                o.call("INFO", "replication"), 20, what="a replica")
        lines = [f"sentinel monitor {NAME} 127.0.0.1 {first.named_port} 2",
                 f"sentinel down-after-milliseconds {NAME} {DOWN_MS}",
                 f"sentinel failover-timeout {NAME} {4 * DOWN_MS}"]
        if secure:
            lines += [f'sentinel auth-pass {NAME} "{self.secret}"',
                      f"requirepass {PASSWORDS['sentinel']}",
                      f"sentinel sentinel-pass {PASSWORDS['sentinel']}"]
        self.sentinels = [self.start_sentinel(sentinel, lines)
                          for _ in range(3)]
        for each in self.sentinels:
            if secure:
                each.password = PASSWORDS["sentinel"]
            patience.wait_until(lambda s=each: self.knows_all(s), 30,
                                what="the Sentinels to find each other")

    def start(self, redis, options):
        port = free_port()
        options = (*options, "--repl-diskless-sync-delay", "0")
        tls_options = [f"--{text}" if str(text).startswith("tls-") else
                       str(text) for text in self.with_tls]
        if self.keys:
            options = (*options, "--tls-port", str(port), *tls_options)
        server = redis(*options)
        server.password = self.secret
        server.named_port = port if self.keys else server.port
        return server

    def start_sentinel(self, sentinel, lines):
        port = free_port()
        if self.keys:
            pairs = zip(self.with_tls[::2], self.with_tls[1::2])
            lines = [f"tls-port {port}",
                     *(f"{name} {value}" for name, value in pairs), *lines]
        server = sentinel(*lines)
        server.named_port = port if self.keys else server.port
        return server

    def knows_all(self, sentinel):
        try:
            return (len(sentinel.call("SENTINEL", "SENTINELS", NAME)) == 2 and
                    len(sentinel.call("SENTINEL", "REPLICAS", NAME)) ==
                    len(self.servers) - 1)
        except RedisError:
            return False

    @property
    def url(self):
        hosts = ",".join(f"127.0.0.1:{each.named_port}"
                         for each in self.sentinels)
        user = ":redis%2Fp%40ss@" if self.secret else ""
        scheme = "rediss" if self.keys else "redis"
        return f"{scheme}+sentinel://{user}{hosts}/{NAME}"

    def named(self):
        """The server named by the Sentinels."""
        ports = [self.ask(each) for each in self.sentinels if each.process]
        found = max(set(ports), key=ports.count)
        return next(each for each in self.servers if each.named_port == found)

    @staticmethod
    def ask(sentinel):
        return int(sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME",
                                 NAME)[1])

    def wait_other(self, than):
        patience.wait_until(lambda: self.named() is not than, 40, 0.1,
                            what="another master")
        return self.named()


@pytest.fixture
def service(redis, sentinel):
    def start(**options):
        return Service(redis, sentinel, **options)

    return start


@pytest.fixture
def loaded(service, cluster, load):
    """Sentinels, two instances, and running load."""
    def start(channels=("room", "plain-room"), **options):
        made = service(**options)
        instances = cluster(made.url, 2, redis={"backlog_seconds": 60})
        work = load(instances, list(channels), publishers=3, listeners=4,
                    rate=30)
        work.wait_acknowledged(100)
        return made, instances, work

    return start


def serves(server, instances):
    """Whether all links use this server and the instances are ready."""
    subscribed = re.findall(r" sub=([1-9]\d*) ", server.call("CLIENT", "LIST"))
    return len(subscribed) >= len(instances.instances) and all(
        each.request("/ready").status == 200 for each in instances.instances)


def check(work, instances, server):
    patience.wait_until(lambda: serves(server, instances), 30, 0.1,
                        what="the instances to follow")
    work.wait_acknowledged(150, 40)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)


def test_the_master_is_found_and_killed(loaded):
    made, instances, work = loaded()
    master = made.named()
    began = time.monotonic()
    master.kill()
    other = made.wait_other(master)
    elected = time.monotonic()
    instances.wait_ready()
    print(f"elected after {elected - began:.2f} s, "
          f"ready {time.monotonic() - elected:.2f} s later")
    assert time.monotonic() - elected < seconds(3)
    check(work, instances, other)
    for each in instances.instances:
        assert each.metric("peal_redis_failovers_total") == 1
        assert each.metric("peal_redis_sentinels") == 3
        each.wait_log("Redis master found")


def test_the_old_master_returns_empty(loaded):
    """It restarts before or after the Sentinels consider it dead. It considers
    itself the master until they reconfigure it."""
    made, instances, work = loaded()
    master = made.named()
    master.kill()
    other = made.wait_other(master)
    master.start()
    assert "role:master" in master.call("INFO", "replication")
    for _ in range(20):
        published = master.keys("peal:{*}:s")
        if "role:master" in master.call("INFO", "replication"):
            assert not published
        time.sleep(0.05)
    check(work, instances, other)


def peal_clients(server):
    """Connections subscribed to Peal's channels."""
    with contextlib.suppress(RedisError):
        return server.call("PUBSUB", "CHANNELS", "peal:control")
    return []


def test_the_master_restarts_empty_at_once(loaded):
    """No failover: the Sentinels never considered it dead."""
    made, instances, work = loaded()
    master = made.named()
    master.kill()
    master.start()
    check(work, instances, made.named())
    assert work.summary()["gap"] >= 8


def test_a_planned_failover(loaded):
    made, instances, work = loaded()
    master = made.named()
    made.sentinels[0].call("SENTINEL", "FAILOVER", NAME)
    other = made.wait_other(master)
    check(work, instances, other)


def test_a_paused_master_that_wakes_up(loaded):
    """It was replaced meanwhile, but accepts writes until reconfigured."""
    made, instances, work = loaded()
    master = made.named()
    master.pause()
    other = made.wait_other(master)
    instances.wait_ready()
    work.wait_acknowledged(50)
    master.resume()
    check(work, instances, other)


def test_a_master_lost_only_by_the_sentinels(service, cluster, load):
    """The Sentinels can no longer log in to it and elect another one. It still
    acts as a master and is reachable, but instances follow the Sentinels."""
    made = service(secure=True)
    instances = cluster(made.url, 2, redis={
        "sentinel_password": PASSWORDS["sentinel"], "backlog_seconds": 60})
    work = load(instances, ["room", "plain-room"], publishers=3, listeners=4,
                rate=30)
    work.wait_acknowledged(100)
    master = made.named()
    for each in made.servers:
        if each is not master:  # accepts a second password
            each.call("ACL", "SETUSER", "default", ">other")
    for each in made.sentinels:
        each.call("SENTINEL", "SET", NAME, "auth-pass", "other")
    other = made.wait_other(master)
    assert "role:master" in master.call("INFO", "replication")
    check(work, instances, other)
    assert not peal_clients(master)


def test_a_quorum_lost_and_restored(loaded):
    made, instances, work = loaded()
    master = made.named()
    for each in made.sentinels[:2]:
        each.kill()
    patience.wait_until(
        lambda: all(each.metric("peal_redis_sentinels") == 1
                    for each in instances.instances), 10)
    work.wait_acknowledged(100)  # the master still serves
    instances.wait_ready()
    master.kill()
    instances.wait_not_ready()
    assert b"too few Sentinels" in instances[0].request("/ready").body
    master.start()  # empty; only one Sentinel names it
    time.sleep(seconds(1))
    assert all(each.request("/ready").status == 503
               for each in instances.instances)
    for each in made.sentinels[:2]:
        each.start()
    instances.wait_ready(40)
    check(work, instances, made.named())


def test_no_sentinel_is_available_at_the_start(service, cluster):
    made = service()
    for each in made.sentinels:
        each.kill()
    instances = cluster(made.url, 0)
    one = instances.add()
    time.sleep(seconds(1))
    assert one.request("/ready").status == 503
    assert b"too few Sentinels" in one.request("/ready").body
    alice = one.connect("alice", ["room"], protocol="broadcast")
    for each in made.sentinels:
        each.start()
    instances.wait_ready()
    assert alice.receive_type("subscribed")


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_passwords_and_tls_of_both(service, cluster, load, tmp_path,
                                   is_encrypted):
    options = {"sentinel_password": PASSWORDS["sentinel"]}
    keys = None
    if is_encrypted:
        keys = tmp_path / "keys"
        tls.make_certificates(keys, "peal")
        options |= {"sentinel_tls": True, "tls_ca": str(keys / "ca.pem")}
    made = service(secure=True, keys=keys)
    instances = cluster(made.url, 2, redis=options)
    work = load(instances, ["room"], publishers=2, listeners=3, rate=30)
    work.wait_acknowledged(50)
    master = made.named()
    master.kill()
    other = made.wait_other(master)
    patience.wait_until(lambda: serves(other, instances), 30, 0.1)
    work.wait_acknowledged(50)
    work.finish()
    work.prove(gaps=True)
    log = instances[0].log()
    assert not any(word in log for word in PASSWORDS.values())


def test_a_sentinel_that_is_not_trusted(service, cluster,
                                                    tmp_path):
    keys = tmp_path / "keys"
    tls.make_certificates(keys, "peal")
    made = service(keys=keys)
    other = tmp_path / "other"
    tls.make_certificates(other, "peal")
    instances = cluster(made.url, 0, redis={
        "sentinel_tls": True, "tls_ca": str(other / "ca.pem")})
    one = instances.add()
    assert "certificate verification failed" in one.wait_log("Redis connection lost")
    assert one.request("/ready").status == 503


RIGHTS = ["-@all", "+info", "+ping", "+client|id",
          "+sentinel|get-master-addr-by-name"]


def test_a_sentinel_user_needs_few_rights(service, cluster):
    """The rights in conf/README.md are sufficient."""
    page = (ROOT / "conf/README.md").read_text()
    assert " ".join(["resetkeys", "resetchannels", *RIGHTS]) in page
    made = service()
    for each in made.sentinels:
        each.call("ACL", "SETUSER", "peal-sentinel", "on", ">p4ss", "resetkeys",
                  "resetchannels", *RIGHTS)
    instances = cluster(made.url, 1, redis={
        "sentinel_user": "peal-sentinel", "sentinel_password": "p4ss"})
    assert instances[0].metric("peal_redis_sentinels") == 3
    assert not any(each.call("ACL", "LOG") for each in made.sentinels)


def test_a_wrong_sentinel_password_is_quoted(service, cluster):
    made = service(secure=True)
    instances = cluster(made.url, 0, redis={"sentinel_password": "wrong"})
    line = instances.add().wait_log("Redis connection lost")
    assert "WRONGPASS" in line and "sentinel" in line


def test_a_master_unknown_to_the_sentinels(service, cluster):
    made = service()
    instances = cluster(made.url.replace(NAME, "another"), 0)
    one = instances.add()
    assert "unknown master name" in one.wait_log("Redis connection lost")
    assert one.request("/ready").status == 503


def test_a_redis_in_place_of_a_sentinel(redis, cluster):
    server = redis()
    instances = cluster(f"redis+sentinel://127.0.0.1:{server.port}/m", 0)
    one = instances.add()
    assert "expected a Sentinel" in one.wait_log("Redis server unusable")


def test_without_enough_replicas_nothing_is_acknowledged(loaded):
    """min-replicas-to-write prevents any loss."""
    made, instances, work = loaded(
        channels=["room"], options=(
            *LASTING, "--min-replicas-to-write", "1",
            "--min-replicas-max-lag", "2"))
    replica = next(each for each in made.servers if each is not made.named())
    pause(replica.process)
    instances.wait_not_ready(15)
    line = instances[0].wait_log("NOREPLICAS")
    assert "Redis connection lost" in line
    replica.process.send_signal(signal.SIGCONT)
    check(work, instances, made.named())
    assert work.count("refused") == 0


def test_the_password_of_the_sentinels_is_replaced(service, cluster):
    """By a reload, while both passwords are valid."""
    made = service(secure=True)
    instances = cluster(made.url, 1, redis={
        "sentinel_password": PASSWORDS["sentinel"]})
    one = instances[0]
    for each in made.sentinels:
        each.call("ACL", "SETUSER", "default", ">new")
    file = one.folder / "peal.json"
    config = json.loads(file.read_text())
    config["redis"]["sentinel_password"] = "new"
    file.write_text(json.dumps(config))
    one.signal(signal.SIGHUP)
    assert "redis.sentinel_password" in one.wait_log("Config reloaded")
    for each in made.sentinels:
        each.password = "new"
        each.call("ACL", "SETUSER", "default", f"<{PASSWORDS['sentinel']}")
        each.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    one.wait_log("Redis connection lost")
    one.wait_metric("peal_redis_sentinels", 3, 10)
    assert "WRONGPASS" not in one.log()
