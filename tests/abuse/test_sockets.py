"""Attacks before the handshake: silence, slow sending, storms, guessing."""

import concurrent.futures
import os
import resource
import threading
import time

import pytest

from support.api import KEY
from support.memory import MEGABYTE, memory_of
from support.patience import SLOWNESS, wait_until
from support.raw import Ended, request_text
from support.server import ROOT
from support.tokens import SECRET, make_token
from support.websocket import Refused, handshake_headers

WORD = 'peal_limit_reached_total{limit="%s"}'
IMPATIENT = {"limits": {"handshake_seconds": 1}}


def drip(raws, data, is_over):
    """Each connection sends one byte in turn until `is_over`."""
    at = 0
    while not is_over():
        for raw in raws:
            try:
                raw.send(data[at % len(data):][:1])
            except OSError:
                pass
        at += 1
        time.sleep(0.05)


def test_idle_sockets_are_closed(peal, bystander):
    server = peal(config=IMPATIENT)
    bystander(server)
    before = memory_of(server)
    for _ in range(500):
        server.socket()
    assert memory_of(server) - before < 20 * MEGABYTE * SLOWNESS
    server.wait_metric(WORD % "handshake_seconds", 500, timeout=10)
    server.wait_metric("peal_sockets", 3)


def test_slow_headers_are_closed(peal, bystander):
    server = peal(config=IMPATIENT)
    bystander(server)
    raws = [server.socket() for _ in range(200)]
    drip(raws, b"GET /ws/alice HTTP/1.1\r\nHost: x\r\n" + b"X-Y: z\r\n" * 1000,
         lambda: server.metric(WORD % "handshake_seconds") >= 200)
    server.wait_metric("peal_sockets", 3)


def test_slow_bodies_are_closed(peal, bystander):
    """The request ends, whether it is refused at its head or read."""
    server = peal(config=IMPATIENT)
    bystander(server)
    raws = [server.socket() for _ in range(100)]
    for raw in raws:
        raw.send(request_text("/health", "POST",
                              [("Content-Length", "60000")]))
    end = time.monotonic() + 20 * SLOWNESS
    drip(raws, b"x", lambda: server.metric("peal_sockets") <= 3 or
         time.monotonic() > end)
    assert server.metric("peal_sockets") <= 3


def test_a_storm_of_connections(peal, bystander):
    server = peal()
    bystander(server)
    before = memory_of(server)
    for _ in range(10):
        clients = [server.connect(f"c{i}", [""], protocol="broadcast")
                   for i in range(150)]
        for client in clients:
            client.drop()
    server.wait_metric("peal_connections", 2)
    server.wait_metric("peal_sockets", 3)
    assert memory_of(server) - before < 20 * MEGABYTE * SLOWNESS
    assert server.metric("peal_connections_opened_total") == 1502


def test_guessed_tokens_are_refused(peal, bystander):
    server = peal(config={"auth": {"secret": SECRET},
                          "limits": {"refusals_per_second": 0}})
    good = make_token("alice")
    token = make_token("bystander-a")
    with pytest.raises(Refused):  # the token is for another client
        server.connect("bystander-b", token=token)
    watcher = server.connect("alice", token=good)
    for i in range(400):
        guess = good[:-6] + f"{i:06d}"
        with pytest.raises(Refused) as refused:
            server.connect("alice", token=guess)
        assert refused.value.response.status == 401
    assert server.metric_sum("peal_handshakes_refused_total") == 401
    assert "eyJ" not in server.log()
    watcher.send("still there")
    assert watcher.receive_data() == "Echo: still there"


def guess(server, address, number):
    """The status of a request from `address` with a wrong token."""
    token = make_token("alice")[:-6] + f"{number:06d}"
    with pytest.raises(Refused) as refused:
        server.connect("alice", token=token,
                       headers=[("X-Forwarded-For", address)])
    response = refused.value.response
    assert response.status == 401 or response.headers["retry-after"]
    return response.status


def can_enter(server, address):
    try:
        server.connect("alice", token=make_token("alice"),
                       headers=[("X-Forwarded-For", address)])
    except Refused:
        return False
    return True


@pytest.mark.parametrize("addresses, other", [
    (["192.0.2.7"], "192.0.2.8"),
    ([f"2001:db8::{i:x}" for i in range(9)], "2001:db8:0:1::1"),
], ids=["IPv4", "IPv6"])
def test_guessing_is_limited_by_address(peal, addresses, other):
    """Invalid tokens beyond the limit get 429; valid ones always pass."""
    server = peal(config={"auth": {"secret": SECRET},
                          "trusted_proxies": ["127.0.0.1"],
                          "limits": {"refusals_per_second": 5}})
    statuses = [guess(server, addresses[i % len(addresses)], i)
                for i in range(60)]
    assert statuses[:5] == [401] * 5
    assert set(statuses) == {401, 429}
    assert server.metric(WORD % "refusals_per_second") == statuses.count(429)
    assert can_enter(server, other)
    assert all(can_enter(server, address) for address in addresses)


def test_guessing_keys_is_limited_by_address(peal):
    server = peal(config={"api": {"key": "k" * 32},
                          "limits": {"refusals_per_second": 5}})
    def ask(key):
        return server.request("/api/channels", headers=[
            ("Authorization", f"Bearer {key}")]).status
    statuses = [ask(f"guess-{i:026d}") for i in range(60)]
    assert statuses[:5] == [401] * 5
    assert set(statuses) == {401, 429}
    assert ask("k" * 32) == 200
    refused = 'peal_api_refused_total{reason="%s"}'
    assert server.metric(refused % "key_unknown") == statuses.count(401)
    assert server.metric(refused % "refusals_per_second") == \
        statuses.count(429)


def test_good_tokens_pass_among_bad_ones(peal):
    """Users in an office, or behind a local backend, share one address."""
    server = peal(config={"auth": {"secret": SECRET}, "api": {"key": "k" * 32},
                          "limits": {"refusals_per_second": 5}})
    bad = make_token("alice")[:-6] + "AAAAAA"
    over = threading.Event()
    tried = []

    def flood():
        while not over.is_set():
            with pytest.raises(Refused):
                server.connect("alice", token=bad)
            tried.append(1)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        floods = [pool.submit(flood) for _ in range(2)]
        wait_until(lambda: len(tried) > 50, what="a flood")
        for i in range(50):
            server.connect(f"c{i}", token=make_token(f"c{i}")).drop()
            assert server.request("/api/channels", headers=[
                ("Authorization", "Bearer " + "k" * 32)]).status == 200
        over.set()
        for one in floods:
            one.result()
    assert server.metric(WORD % "refusals_per_second") > 0


def test_a_foreign_page_cannot_use_the_cookie(peal):
    server = peal(config={"auth": {"secret": SECRET},
                          "origins": ["https://good.example"]})
    cookie = ("Cookie", "peal_token=" + make_token("alice"))
    foreign = ["https://evil.example", "https://good.example.evil.example",
               "https://evilgood.example", "http://good.example",
               "https://good.example:444", "https://good.example@evil.example",
               "file://", "https://127.0.0.1.evil.example"]
    for origin in foreign:
        with pytest.raises(Refused) as refused:
            server.connect("alice", headers=[cookie, ("Origin", origin)])
        assert refused.value.response.status == 403, origin
    for origin in ("null", None):  # no page: the cookie is ignored
        with pytest.raises(Refused) as refused:
            server.connect("alice", headers=[cookie, ("Origin", origin)])
        assert refused.value.response.status in (401, 403), origin
    assert server.metric_sum("peal_handshakes_refused_total") == len(foreign) + 2
    server.connect("alice", headers=[cookie, ("Origin",
                                              "https://good.example")])


def ask_as(server, host, *headers, token=None):
    """The status of a handshake with this Host."""
    raw = server.socket()
    raw.send(request_text("/ws/alice", host=host, headers=handshake_headers(
        token=token, headers=headers)))
    return raw.response().status


REBOUND = ("Origin", "http://evil.example:8080")


@pytest.mark.parametrize("arguments, config", [
    ([], {}), (["--dev"], {}), (["--dev"], {"auth": {"secret": SECRET}}),
], ids=["without auth", "dev", "dev with auth"])
def test_dns_rebinding_cannot_connect(peal, arguments, config):
    """DNS rebinding: the page's name is in both Host and Origin."""
    server = peal(args=arguments, config=config)
    token = make_token("alice")
    reason = 'peal_handshakes_refused_total{reason="host"}'
    assert ask_as(server, "evil.example:8080", REBOUND, token=token) == 403 or \
        arguments  # --dev accepts it in order to explain the refusal
    assert server.metric(reason) == 1
    for name in ("localhost", "127.0.0.1:1", "[::1]:8080"):
        assert ask_as(server, name, token=token) == 101
    assert server.metric(reason) == 1


PLAIN = ["/", "/peal.js", "/metrics", "/dashboard", "/none",
         "/api/channels"]


def get_as(server, host, path, headers=(), method="GET"):
    raw = server.socket()
    raw.send(request_text(path, method, host=host, headers=headers))
    return raw.response()


@pytest.mark.parametrize("arguments", [[], ["--dev"]], ids=["open", "dev"])
def test_dns_rebinding_cannot_read_pages_and_metrics(peal, arguments):
    """The browser would let a page of the same origin read the responses."""
    server = peal(args=arguments, config={
        "api": {"key": KEY}, "web_root": str(ROOT / "web")})
    key = ("Authorization", f"Bearer {KEY}")
    for path in PLAIN:
        for host in ("evil.example", "127.0.0.1.evil.example:80", "10.0.0.1"):
            response = get_as(server, host, path, headers=[key])
            assert response.status == 403, (path, host)
            assert response.json == {"error": "Host not allowed"}
        for host in ("localhost:1", "chat.localhost", "127.0.0.1", "[::1]"):
            assert get_as(server, host, path, [key]).status != 403, path
    assert get_as(server, "evil.example", "/api/publish",
                  [key, ("Content-Length", "0")], "POST").status == 403
    assert server.metric('peal_api_refused_total{reason="host"}') == 4
    assert 'reason="Host not allowed"' in server.wait_log("Request refused")
    for path in ("/health", "/ready"):  # sent by health checks of proxies
        assert get_as(server, "peal", path).status == 200
    raw = server.socket()  # HTTP/1.0 does not require Host
    raw.send(b"GET /metrics HTTP/1.0\r\n\r\n")
    assert raw.response().status == 200


def test_with_auth_or_insecure_any_host_is_accepted(peal):
    name = "evil.example:8080"
    server = peal(config={"auth": {"secret": SECRET}})
    assert ask_as(server, name, REBOUND, token=make_token("alice")) == 101
    assert get_as(server, name, "/metrics").status == 200
    server = peal(args=["--insecure"])
    assert ask_as(server, name, REBOUND) == 101
    assert get_as(server, name, "/metrics").status == 200


BY_FORWARDED = {"trusted_proxies": ["127.0.0.1"],
                "forwarded_header": "forwarded"}


@pytest.mark.parametrize("config, over_tls", [
    ({"trusted_proxies": ["127.0.0.1"]}, ("X-Forwarded-Proto", "https")),
    (BY_FORWARDED, ("Forwarded", "for=192.0.2.1;proto=https")),
    (BY_FORWARDED, ("Forwarded", 'proto="HTTPS";for=unknown')),
    # the header only makes the check stricter, so no trust is required
    ({}, ("X-Forwarded-Proto", "https")),
    ({}, ("Forwarded", "for=192.0.2.1;proto=https")),
], ids=str)
def test_behind_tls_an_http_origin_of_the_same_host_is_foreign(peal, config,
                                                               over_tls):
    server = peal(config={"auth": {"secret": SECRET}, **config})
    cookie = ("Cookie", "peal_token=" + make_token("alice"))
    plain = ("Origin", "http://chat.example")
    assert ask_as(server, "chat.example", cookie, plain) == 101
    assert ask_as(server, "chat.example", cookie, plain, over_tls) == 403
    assert ask_as(server, "chat.example", cookie, over_tls,
                  ("Origin", "https://chat.example")) == 101


def test_without_free_descriptors_open_connections_stay(peal, bystander):
    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))
    server = peal(before_start=few_descriptors)
    bystander(server)
    inside = server.connect("inside")
    for _ in range(200):
        try:
            server.socket(timeout=1)
        except OSError:
            pass  # over TLS, excess connections are closed
    inside.send("hello")
    assert inside.receive_data() == "Echo: hello"
    for raw in server.sockets:
        raw.close()
    wait_until(lambda: can_connect(server), 10, what="free descriptors")
    limits = (server.metric(WORD % "descriptors") +
              server.metric(WORD % "connections"))
    assert limits > 0


def can_connect(server):
    try:
        server.connect("again").drop()
        return True
    except (Refused, Ended, OSError):
        return False


def test_a_full_log_disk_does_not_stop_the_server(peal, bystander):
    """Log lines that cannot be written are dropped."""
    def full_disk():
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
    server = peal(before_start=full_disk, is_quiet=True)
    bystander(server)
    for _ in range(100):
        client = server.connect("alice")
        client.send("hello")
        assert client.receive_data() == "Echo: hello"
        client.end()
    assert server.is_alive()


@pytest.mark.parametrize("data", [
    request_text("/ws/alice", headers=handshake_headers()),
    request_text("/health"), b"\r\n" * 50, os.urandom(300)],
    ids=["upgrade", "health", "nothing", "rubbish"])
def test_clients_that_send_and_leave(peal, bystander, data):
    server = peal()
    bystander(server)
    for length in range(0, len(data), max(1, len(data) // 60)):
        for _ in range(5):
            raw = server.socket()
            raw.send(data[:length])
            raw.close()
    server.wait_metric("peal_connections", 2)
    server.wait_metric("peal_sockets", 3)
