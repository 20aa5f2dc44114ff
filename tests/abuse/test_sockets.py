"""Attacks before there is a WebSocket: silence, dripping, storms, guessing."""

import os
import resource
import time

import pytest

from bystander import memory_of
from support.patience import SLOWNESS, wait_until
from support.raw import Ended, request_text
from support.tokens import SECRET, make_token
from support.websocket import Refused, handshake_headers

MEGABYTE = 1 << 20
WORD = 'peal_limit_reached_total{limit="%s"}'
IMPATIENT = {"limits": {"handshake_seconds": 1}}


def drip(raws, data, is_over):
    """Each sends one byte in turn until `is_over`."""
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
    """Whether the request is refused at its head or waited for: it ends."""
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
    with pytest.raises(Refused):  # a token is for one client
        server.connect("bystander-b", token=token)
    watcher = server.connect("alice", token=good)
    for i in range(400):
        guess = good[:-6] + f"{i:06d}"
        with pytest.raises(Refused) as refused:
            server.connect("alice", token=guess)
        assert refused.value.response.status == 401
    assert server.metric("peal_handshakes_refused_total") == 401
    assert "eyJ" not in server.log()
    watcher.send("still there")
    assert watcher.receive_data() == "Echo: still there"


def guess(server, address, number):
    """The status that a wrong token gets, coming from `address`."""
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
    """Who guesses is not even judged after a while; others are."""
    server = peal(config={"auth": {"secret": SECRET},
                          "trusted_proxies": ["127.0.0.1"],
                          "limits": {"refusals_per_second": 5}})
    statuses = [guess(server, addresses[i % len(addresses)], i)
                for i in range(60)]
    assert statuses[:5] == [401] * 5
    assert set(statuses) == {401, 429}
    assert server.metric(WORD % "refusals_per_second") == statuses.count(429)
    assert can_enter(server, other)
    wait_until(lambda: can_enter(server, addresses[0]), 5,
               what="the address to be judged again")


def test_guessing_keys_is_limited_by_address(peal):
    server = peal(config={"api": {"key": "k" * 32},
                          "limits": {"refusals_per_second": 5}})
    def ask(key):
        return server.request("/api/channels", headers=[
            ("Authorization", f"Bearer {key}")]).status
    statuses = [ask(f"guess-{i:026d}") for i in range(60)]
    assert statuses[:5] == [401] * 5
    assert set(statuses) == {401, 429}
    wait_until(lambda: ask("k" * 32) == 200, 5,
               what="the address to be judged again")


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
    for origin in ("null", None):  # nobody's page: its cookie does not count
        with pytest.raises(Refused) as refused:
            server.connect("alice", headers=[cookie, ("Origin", origin)])
        assert refused.value.response.status in (401, 403), origin
    assert server.metric("peal_handshakes_refused_total") == len(foreign) + 2
    server.connect("alice", headers=[cookie, ("Origin",
                                              "https://good.example")])


def test_out_of_descriptors_those_inside_stay(peal, bystander):
    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))
    server = peal(before_start=few_descriptors)
    bystander(server)
    inside = server.connect("inside")
    for _ in range(200):
        try:
            server.socket(timeout=1)
        except OSError:
            pass  # over TLS who does not fit in is closed
    inside.send("hello")
    assert inside.receive_data() == "Echo: hello"
    for raw in server.sockets:
        raw.close()
    wait_until(lambda: can_connect(server), 10, what="room again")
    limits = (server.metric(WORD % "descriptors") +
              server.metric(WORD % "connections"))
    assert limits > 0


def can_connect(server):
    try:
        server.connect("again").drop()
        return True
    except (Refused, Ended, OSError):
        return False


def test_out_of_room_for_logs_it_serves(peal, bystander):
    """What cannot be written is left out."""
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
def test_who_says_something_and_leaves(peal, bystander, data):
    server = peal()
    bystander(server)
    for length in range(0, len(data), max(1, len(data) // 60)):
        for _ in range(5):
            raw = server.socket()
            raw.send(data[:length])
            raw.close()
    server.wait_metric("peal_connections", 2)
    server.wait_metric("peal_sockets", 3)
