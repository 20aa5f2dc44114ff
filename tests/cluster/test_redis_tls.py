"""TLS to Redis (rediss://)."""

import json

import pytest

from redis_server import LASTING
from support import tls
from support.ports import free_port
from support.program import run_peal


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Certificates of Redis and the instances, and of an unrelated CA."""
    folder = tmp_path_factory.mktemp("redis-tls")
    tls.make_certificates(folder / "ours", "peal")
    tls.make_certificates(folder / "other", "peal")
    return folder


@pytest.fixture
def secure(redis, keys):
    """secure(*options, host=...) starts a Redis with TLS and returns its
    URL."""
    def start(*options, host="localhost", clients="no", pair="ours"):
        port = free_port()
        folder = keys / pair
        server = redis(*LASTING, "--tls-port", str(port),
                       "--tls-cert-file", str(folder / "server.pem"),
                       "--tls-key-file", str(folder / "server.key"),
                       "--tls-ca-cert-file", str(keys / "ours" / "ca.pem"),
                       "--tls-auth-clients", clients, *options)
        return server, f"rediss://{host}:{port}/0"

    return start


@pytest.fixture
def start(cluster, keys):
    """start(url, count, **redis) starts instances that trust the test CA."""
    def start_trusting(url, count=2, **options):
        options = {"tls_ca": str(keys / "ours" / "ca.pem"), **options}
        if not options["tls_ca"]:
            del options["tls_ca"]
        return cluster(url, count, redis=options)

    return start_trusting


def refusal(folder, **redis):
    """The error of a server that does not start with this config."""
    file = folder / "refused.json"
    file.write_text(json.dumps({"port": 0, "redis": redis}))
    result = run_peal("--config", str(file))
    assert result.returncode != 0
    return result.stderr + result.stdout


def log_of_refused(secure_redis, start, *texts, **options):
    """Checks that an instance with an untrusted Redis waits and logs one of
    these texts."""
    _, url = secure_redis
    instances = start(url, 0, **options)
    one = instances.add()
    line = one.wait_log("Redis connection lost")
    assert any(text in line for text in texts), line
    assert one.request("/ready").status == 503
    assert one.request("/health").status == 200
    assert one.is_alive()


def is_spoken_to(server):
    """Whether all clients of Redis use TLS."""
    clients = server.call("CLIENT", "LIST").splitlines()
    others = [line for line in clients if "cmd=client" not in line]
    return others and all(
        f"laddr=127.0.0.1:{server.port} " not in line for line in others)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_it_works(secure, start, host):
    server, url = secure(host=host)
    instances = start(url)
    alice = instances[0].join("alice", "room")
    bob = instances[1].join("bob", "room")
    for size in (1, 20000, 60000):  # one record and several
        alice.send({"type": "broadcast", "channel": "room",
                    "payload": "x" * size})
        assert bob.receive_type("broadcast")["payload"] == "x" * size
    assert is_spoken_to(server)


def test_load_and_a_killed_redis(secure, start, load):
    server, url = secure()
    instances = start(url)
    work = load(instances, ["room", "other"], publishers=3, listeners=4,
                rate=40)
    work.wait_acknowledged(100)
    for _ in range(3):
        server.kill()
        instances.wait_not_ready()
        server.start()
        instances.wait_ready()
        work.wait_acknowledged(50)
    work.wait_acknowledged(200)
    work.finish()
    work.prove()
    assert work.count("refused") == 0


def test_an_untrusted_redis_is_refused_until_it_is_replaced(secure, start,
                                                            keys):
    """A Redis with a certificate of another CA is not used."""
    server, url = secure(pair="other")
    instances = start(url, 0)
    one = instances.add()
    line = one.wait_log("Redis connection lost")
    assert "certificate verification failed" in line
    assert one.request("/ready").status == 503
    options = list(server.options)
    server.stop()
    server.options = [text.replace(str(keys / "other"), str(keys / "ours"))
                      for text in options]
    server.start()
    instances.wait_ready()
    assert one.wait_log("Redis connected")
    one.wait_log_count("Redis connection lost", 3)  # one per link


def test_the_systems_cas_do_not_include_the_test_ca(secure, start):
    log_of_refused(secure(), start, "certificate verification failed", tls_ca=None)


def test_the_certificate_must_contain_the_host_name(secure, start):
    log_of_refused(secure("--bind", "127.0.0.1", "127.0.0.2",
                          host="127.0.0.2"), start, "mismatch")


def test_a_port_without_tls(redis, start):
    server = redis()
    log_of_refused((server, f"rediss://localhost:{server.port}"), start,
                   "TLS: ")


def test_redis_may_require_a_client_certificate(secure, start, keys):
    ours = keys / "ours"
    _, url = secure(clients="yes")
    instances = start(url, 2, tls_cert=str(ours / "peal.pem"),
                      tls_key=str(ours / "peal.key"))
    alice = instances[0].join("alice", "room")
    alice.send({"type": "broadcast", "channel": "room", "payload": 1})
    assert alice.receive_type("broadcast")["payload"] == 1


def test_without_a_client_certificate_peal_waits(secure, start):
    # with TLS 1.3, Redis may reset the connection before the alert is read
    log_of_refused(secure(clients="yes"), start, "certificate required",
                   "Connection reset by peer")


@pytest.mark.parametrize("changes, expected", [
    ({"tls_ca": "/nowhere"}, "redis.tls_ca: /nowhere: expected PEM"),
    ({"tls_cert": "peal.key", "tls_key": "peal.key"},
     "redis.tls_cert: peal.key: expected a PEM certificate"),
    ({"tls_cert": "peal.pem", "tls_key": "server.key"},
     "redis.tls_key: server.key: expected the PEM private key"),
])
def test_invalid_files_prevent_the_start(keys, tmp_path, changes, expected,
                                         monkeypatch):
    monkeypatch.chdir(keys / "ours")
    text = refusal(tmp_path, url="rediss://localhost", **changes)
    assert expected in text


@pytest.mark.parametrize("url, changes, expected", [
    ("redis://h", {"tls_ca": "x"},
     "redis.tls_ca: must be set together with a redis.url that begins"),
    ("unix:///x", {"tls_cert": "x", "tls_key": "x"},
     "redis.tls_cert: must be set together with a redis.url that begins"),
    ("rediss://h", {"tls_cert": "x"},
     "redis.tls_cert: must be set together with redis.tls_key"),
    ("rediss://h", {"tls_key": "x"},
     "redis.tls_key: must be set together with redis.tls_cert"),
])
def test_incomplete_key_pairs_prevent_the_start(tmp_path, url, changes,
                                                expected):
    assert expected in refusal(tmp_path, url=url, **changes)
