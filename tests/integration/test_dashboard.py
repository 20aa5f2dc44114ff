"""The dashboard's feed: access, content and cost."""

import re
import threading
import time

import pytest

import test_api_keys as keys
from support.tls import OWN_PAGE
from support.api import WITH_KEY, ask, tell
from support.patience import seconds, wait_until
from support.program import run_peal
from support.raw import request_text
from support.server import ROOT, WORKERS
from support.tokens import WITH_AUTH, make_token
from support.websocket import Closed, Refused

ROWS = {"channels": {"limit": 100}, "connections": {"limit": 100}}


WISH = {"client": "dashboard-1"}


def ticket_of(server, client="dashboard-1"):
    return tell(server, "/api/dashboard", {"client": client})["ticket"]


def open_feed(server, ticket=None, client="dashboard-1", **options):
    ticket = ticket or ticket_of(server, client)
    return server.connect(client, protocol="dashboard",
                          query={"ticket": ticket}, **options)


def feed_of(server, **options):
    feed = open_feed(server, **options)
    assert feed.receive()["type"] == "hello"
    return feed


def refusal(server, **options):
    with pytest.raises(Refused) as caught:
        open_feed(server, **options)
    return caught.value.response


def look(feed, **wishes):
    feed.send({"type": "look", **wishes})
    answer = feed.receive()
    assert answer["type"] == "look", answer
    return answer


def look_until(feed, is_wanted, timeout=5, **wishes):
    """Polls every half second until a snapshot meets the condition."""
    end = time.monotonic() + seconds(timeout)
    looks = 0
    while True:
        answer = look(feed, **{**ROWS, **wishes})
        looks += 1
        if is_wanted(answer):
            return answer
        assert time.monotonic() < end, (
            f"after {looks} looks, the last after {answer['worker_ms']} ms: "
            f"{answer['channels'][:2]} {answer['connections'][:2]}")
        time.sleep(0.5)


def row_of(rows, **what):
    name, value = what.popitem()
    found = [row for row in rows if row[name] == value]
    return found[0] if found else None


@pytest.fixture(scope="module")
def server(start_shared):
    """Access follows the dashboard's rule, not the one for open servers."""
    return start_shared({**WITH_KEY, "web_root": str(ROOT / "web")},
                        args=["--insecure"])


@pytest.fixture(autouse=True)
def leave(request):
    """Closes the clients of a test, so that they do not count in the next."""
    yield
    if "server" in request.fixturenames:
        shared = request.getfixturevalue("server")
        shared.drop_clients()
        shared.wait_metric("peal_connections", 0)


# --- access

def test_the_ticket_is_for_a_key_with_the_scope_admin(peal):
    every = ["publish", "send", "presence", "history", "channels",
             "disconnect", "tickets"]
    server = peal({"api": {"keys": [keys.key_of("boss", "admin"),
                                    keys.key_of("most", *every)]}})
    for key, status in (("key-of-boss", 200), ("key-of-most", 403),
                        ("key-of-nobody", 401), (None, 401)):
        assert ask(server, "/api/dashboard", WISH, key=key).status == status
    answer = tell(server, "/api/dashboard", WISH, key="key-of-boss")
    assert re.fullmatch("[0-9a-f]{32}", answer["ticket"])


def test_a_ticket_opens_one_feed(server):
    ticket = ticket_of(server)
    feed = open_feed(server, ticket)
    hello = feed.receive()
    assert hello["type"] == "hello"
    server.wait_log(f"version={hello['version']}")
    assert hello["workers"] == WORKERS
    assert refusal(server, ticket=ticket).status == 401


@pytest.mark.parametrize("config", [{}, WITH_AUTH])
def test_nothing_else_opens_the_feed(peal, config):
    server = peal({**config, **WITH_KEY})
    token = make_token("alice")
    for query, options in (({}, {}), ({}, {"token": token}),
                           ({"ticket": "0" * 32}, {}),
                           ({"ticket": "x"}, {"token": token})):
        with pytest.raises(Refused) as caught:
            server.connect("alice", protocol="dashboard", query=query,
                           **options)
        assert caught.value.response.status == 401
    ordinary = tell(server, "/api/tickets", {"client": "alice"})["ticket"]
    response = refusal(server, ticket=ordinary, client="alice")
    assert (response.status, response.json) == (
        403, {"error": "Ticket is for another client"})


def test_its_ticket_opens_nothing_else(server):
    ticket = ticket_of(server, "alice")
    with pytest.raises(Refused) as caught:
        server.connect("alice", protocol="broadcast", query={"ticket": ticket})
    assert caught.value.response.status == 403
    assert refusal(server, ticket=ticket_of(server, "alice"),
                   client="bob").status == 403


def test_a_foreign_page_cannot_open_the_feed(server):
    response = refusal(server, headers=[("Origin", "https://evil.example")])
    assert response.status == 403
    own = [("Origin", OWN_PAGE), ("Host", "127.0.0.1")]
    assert open_feed(server, headers=own[:1]).receive()["type"] == "hello"


def test_the_protocol_is_never_the_default():
    run = run_peal("--default_protocol", "dashboard", "--check-config")
    assert run.returncode == 2
    assert "default_protocol" in run.stderr


# --- from where

PATHS = ("/dashboard", "/dashboard/index.html", "/dashboard/main.js")


def statuses(server, headers=()):
    """The statuses of the pages and of a ticket request."""
    found = {server.request(path, headers=headers).status for path in PATHS}
    return found | {ask(server, "/api/dashboard", WISH, headers=headers).status}


def test_on_loopback_it_is_served(server):
    assert statuses(server) == {200}
    page = server.request("/dashboard")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_a_trailing_slash_is_removed(peal, server):
    answer = server.request("/dashboard/")
    assert (answer.status, answer.headers["location"], answer.body) == (
        308, "../dashboard", b"")
    hidden = peal({"dashboard": "off", "web_root": str(ROOT / "web")})
    assert hidden.request("/dashboard/").status == 404


def page_status(server, host="127.0.0.1", headers=()):
    raw = server.socket()
    raw.send(request_text("/dashboard", host=host, headers=headers))
    return raw.response().status


@pytest.mark.parametrize("host, status", [
    ("localhost", 200), ("LOCALHOST:8080", 200), ("127.0.0.1:1", 200),
    ("[::1]:8080", 200), ("[::1]", 200), ("peal.example", 404),
    ("localhost.example", 404), ("192.0.2.1", 404), ("127.0.0.1.example", 404)])
def test_only_by_a_name_of_this_machine(server, host, status):
    assert page_status(server, host) == status


@pytest.mark.parametrize("header", [
    ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"),
    ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "localhost"),
    ("X-Real-IP", "127.0.0.1"), ("Via", "1.1 localhost")])
def test_an_untrusted_proxy_does_not_open_it(server, header):
    headers = [header]
    assert statuses(server, headers) == {404}
    assert refusal(server, headers=headers).status == 404


def test_behind_a_trusted_proxy_the_clients_address_counts(peal):
    server = peal({**WITH_KEY, "web_root": str(ROOT / "web"),
                   "trusted_proxies": ["127.0.0.1"]})
    away = [("X-Forwarded-For", "192.0.2.9")]
    here = [("X-Forwarded-For", "127.0.0.1")]
    assert statuses(server, away) == {404}
    assert statuses(server, here) == {200}
    ticket = ticket_of(server)
    assert refusal(server, ticket=ticket, headers=away).status == 404
    assert open_feed(server, ticket, headers=here).receive()  # not used yet


@pytest.mark.parametrize("value, expected", [("off", {404}), ("on", {200})])
def test_the_key_decides(peal, value, expected):
    server = peal({**WITH_KEY, "web_root": str(ROOT / "web"),
                   "dashboard": value}, args=["--insecure"])
    assert statuses(server) == expected
    assert {page_status(server, "peal.example",
                        [("X-Forwarded-For", "192.0.2.9")])} == expected
    if value == "off":
        assert refusal(server, ticket="0" * 32).status == 404
    else:
        assert feed_of(server)


# --- content

def test_it_shows_the_metrics(server):
    feed = feed_of(server)
    told = look(feed)["metrics"]
    scraped = server.metrics()
    assert set(scraped) - set(told) <= {
        name for name in scraped if "api_requests" in name}
    assert told["peal_connections"] == scraped["peal_connections"]
    assert told["peal_resident_bytes"] > 1e6
    assert 'peal_closes_total{reason="by_client"}' in told


def test_a_noisy_client_and_its_channel_come_first_within_five_seconds(peal):
    server = peal({**WITH_KEY, "ping_seconds": 600,
                   "limits": {"messages_per_second": 0}})
    quiet = [server.join(f"quiet-{i}", f"room-{i % 50}") for i in range(300)]
    listener = server.join("listener", "noise")
    noisy = server.join("noisy", "noise")
    feed = feed_of(server)
    look(feed, **ROWS)
    is_over = threading.Event()

    def make_noise():
        while not is_over.wait(0.005):
            noisy.send({"type": "broadcast", "channel": "noise",
                        "payload": "x" * 100})

    thread = threading.Thread(target=make_noise)
    begun = time.monotonic()
    thread.start()
    try:
        seen = look_until(feed, lambda answer: (
            answer["connections"][0]["client"] == "noisy" and
            answer["connections"][0]["in"] > 20 and
            answer["channels"][0]["channel"] == "noise" and
            answer["channels"][0]["in"] > 20))
        assert time.monotonic() - begun < seconds(5)
    finally:
        is_over.set()
        thread.join()
    first = seen["connections"][0]
    assert first["address"] == "127.0.0.1"
    assert first["protocol"] == "broadcast"
    assert (first["channels"], first["channel_count"]) == (["noise"], 1)
    assert first["bytes_in"] > 100 * first["in"]
    loud = seen["channels"][0]
    assert loud["subscribers"] == 2
    # both counts cover about the same second
    assert loud["in"] * 1.5 < loud["out"] < loud["in"] * 2.5
    heard = row_of(seen["connections"], client="listener")
    if heard:
        assert heard["in"] == 0
    assert all(row["in"] == 0 for row in seen["connections"]
               if row["client"].startswith("quiet-"))
    assert seen["connections_matched"] == 303
    assert len(seen["connections"]) == 100 and quiet and listener


def test_slow_readers_are_visible_by_their_waiting_bytes(peal):
    server = peal({**WITH_KEY, "limits": {"outbox_messages": 1000000,
                                          "outbox_bytes": 100000000,
                                          "messages_per_second": 0}})
    slow = server.join("slow", "flood", receive_buffer=4096)
    source = server.join("source", "other")
    for _ in range(300):
        source.ask({"type": "broadcast", "channel": "flood",
                    "payload": "x" * 60000})
    feed = feed_of(server)
    seen = look_until(feed, lambda answer: (
        answer["connections"][0]["queued"] > 1000000),
        connections={"order": "queued"})
    assert seen["connections"][0]["client"] == "slow" and slow


def test_search_finds_clients_addresses_and_channels(server):
    server.join("search-anna", "search:one")
    server.join("search-bert", "search:one", "search:two")
    feed = feed_of(server)

    def found(search):
        answer = look(feed, connections={"search": search})
        assert answer["connections_matched"] >= len(answer["connections"])
        return {row["client"] for row in answer["connections"]}

    assert found("search-a") == {"search-anna"}
    assert found("search:two") == {"search-bert"}
    assert found("search:") == {"search-anna", "search-bert"}
    assert found("no such thing") == set()
    assert {"search-anna", "search-bert"} <= found("127.0.0")
    rows = look(feed, channels={"search": "search:",
                                "order": "subscribers"})["channels"]
    assert [(row["channel"], row["subscribers"]) for row in rows] == [
        ("search:one", 2), ("search:two", 1)]


def test_a_channel_of_many_workers_is_listed_once(server):
    for i in range(12):
        server.join(f"once-{i}", "once")
    rows = look(feed_of(server), channels={"search": "once"})["channels"]
    assert [(row["channel"], row["subscribers"]) for row in rows] == [
        ("once", 12)]


def test_the_oldest_connection_comes_first_by_age(peal):
    server = peal(WITH_KEY)
    server.connect("older")
    time.sleep(1.1)
    server.connect("younger")
    rows = look(feed_of(server), connections={"order": "age"})["connections"]
    names = [row["client"] for row in rows]
    assert names.index("older") < names.index("younger")
    assert row_of(rows, client="older")["seconds"] >= 1


# --- limits

def test_rows_are_limited(server):
    for i in range(8):
        server.join(f"limit-{i}", f"limit:{i}")
    answer = look(feed_of(server),
                  channels={"search": "limit:", "limit": 5},
                  connections={"search": "limit-", "limit": 3})
    assert len(answer["channels"]) == 5
    assert len(answer["connections"]) == 3
    assert answer["connections_matched"] == 8


@pytest.mark.parametrize("text", [
    "", "[]", "nothing", '{"type":"look","channels":[]}',
    '{"type":"look","channels":{"limit":0}}',
    '{"type":"look","channels":{"limit":101}}',
    '{"type":"look","channels":{"order":"age"}}',
    '{"type":"look","connections":{"order":1}}',
    '{"type":"look","connections":{"search":"%s"}}' % ("x" * 165)])
def test_an_invalid_query_is_answered(server, text):
    feed = feed_of(server)
    feed.send(text)
    assert feed.receive()["code"] == "bad_request"
    assert look(feed)


def test_other_messages_are_answered_too(server):
    feed = feed_of(server)
    feed.send({"type": "ping"})
    assert feed.receive() == {"type": "pong"}
    feed.send({"type": "broadcast", "channel": "x"})
    assert feed.receive()["code"] == "unknown_type"
    feed.send(b"look")
    assert feed.receive()["code"] == "binary"


def test_one_snapshot_at_a_time(server):
    feed = feed_of(server)
    for _ in range(20):
        feed.send({"type": "look"})
    kinds = [feed.receive() for _ in range(20)]
    looks = [answer for answer in kinds if answer["type"] == "look"]
    refused = [answer for answer in kinds if answer["type"] == "error"]
    assert looks and {answer["code"] for answer in refused} <= {"unavailable"}
    assert look(feed)


def test_there_are_at_most_sixteen_dashboards(peal):
    server = peal(WITH_KEY)
    feeds = [feed_of(server, client=f"d-{i}") for i in range(16)]
    late = open_feed(server, client="d-late")
    closed = late.wait_closed()
    assert (closed.code, closed.reason) == (4529, "the limit of 16 open dashboards is reached")
    feeds.pop().end()
    wait_until(lambda: server.metric("peal_connections") == 15, 5)
    assert feed_of(server, client="d-next")


def test_leaving_during_a_snapshot_is_harmless(server):
    for i in range(20):
        feed = open_feed(server)
        feed.send({"type": "look", **ROWS})
        feed.drop()
    # requests of closed connections count for a second
    feed = feed_of(server)

    def answered():
        feed.send({"type": "look"})
        return feed.receive()["type"] == "look"

    wait_until(answered, step=0.2)


def test_a_feed_is_closed_like_any_other_connection(peal):
    server = peal(WITH_KEY)
    feed = feed_of(server, client="d-1")
    tell(server, "/api/disconnect", {"client": "d-1", "reason": "enough"})
    with pytest.raises(Closed) as closed:
        feed.receive()
    assert (closed.value.code, closed.value.reason) == (4403, "enough")
    server.wait_log("action=dashboard_open")


def test_a_single_instance_lists_itself(server):
    feed = open_feed(server)
    hello = feed.receive()
    assert hello["instance"].endswith(f":{server.port}")
    assert hello["redis"] is False
    feed.send({"type": "instances"})
    answer = feed.receive()
    assert answer["type"] == "instances"
    row, = answer["instances"]
    assert row["instance"] == hello["instance"]
    assert row["connections"] == 1
    assert abs(row["time"] / 1000 - time.time()) < 10
    assert row["started"] * 1000 <= row["time"]
