"""Hooks that ask the application for permission."""

import concurrent.futures
import threading
import time

import pytest

from support import patience
from support.tls import OWN_PAGE
from support.api import WITH_KEY, publish, tell
from support.application import ALLOW, hooks, slowly
from support.raw import request_text
from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused, handshake_headers

TIMEOUT_MS = int(patience.seconds(1000))


def start(peal, application, *questions, config=None, **options):
    return peal({"drain_seconds": 1, **(config or {}),
                 "hooks": hooks(application, **{
                     "questions": list(questions), "timeout_ms": TIMEOUT_MS,
                     **options})})


def refusal(server, client="alice", **options):
    with pytest.raises(Refused) as caught:
        server.connect(client, protocol="broadcast", **options)
    return caught.value.response


# --- connect


def test_connect_has_the_client_and_its_address(peal, application):
    server = start(peal, application, "connect",
                   connect_headers=["cookie", "user-agent"])
    server.join("alice", "room", "other", headers=[
        ("Origin", OWN_PAGE), ("Cookie", "session=1"),
        ("User-Agent", "a test"), ("X-Other", "no")])
    question, = application.asked()
    assert question.pop("id").startswith(question.pop("instance") + "-q")
    assert abs(question.pop("time") / 1000 - time.time()) < 60
    assert question == {
        "hook": "connect", "client": "alice", "address": "127.0.0.1",
        "protocol": "broadcast", "channels": ["room", "other"],
        "origin": OWN_PAGE, "cookie": "session=1",
        "user-agent": "a test"}


def test_only_configured_headers_are_included(peal, application):
    server = start(peal, application, "connect")
    server.connect("alice", headers=[("Cookie", "session=1")])
    assert "cookie" not in application.asked()[0]


@pytest.mark.parametrize("answer, status, text", [
    ({"allow": False}, 403, "Refused by the application"),
    ({"allow": False, "status": 402, "reason": "Pay first"}, 402,
     "Pay first"),
    ({"allow": False, "status": 200, "reason": "ünï\n"}, 403, "ünï\n"),
    ({"allow": False, "reason": "é" * 500}, 403, "é" * 61),
    ({"allow": False, "reason": 7, "status": "x"}, 403,
     "Refused by the application"),
])
def test_connect_may_be_refused(peal, application, answer, status, text):
    application.answer = lambda question: answer
    server = start(peal, application, "connect")
    response = refusal(server)
    assert response.status == status
    assert response.json == {"error": text}
    server.wait_metric(
        'peal_hook_calls_total{hook="connect",result="refused"}', 1)
    assert server.metric_sum("peal_handshakes_refused_total") == 1
    assert server.metric("peal_connections") == 0


def test_questions_per_address_are_limited(peal, application):
    """The application's refusals count, those of bad tokens do not."""
    application.answer = lambda question: {
        "allow": question["client"] != "eve"}
    server = start(peal, application, "connect", config={
        **WITH_AUTH, "limits": {"refusals_per_second": 3}})
    statuses = [refusal(server, token="bad").status for _ in range(20)]
    assert set(statuses) == {401, 429}
    server.connect("alice", token=make_token("alice"))
    statuses = [refusal(server, "eve", token=make_token("eve")).status
                for _ in range(20)]
    assert set(statuses) == {403, 429}
    assert len(application.asked()) == 1 + statuses.count(403)


def test_a_refusal_is_explained_to_browsers(peal, application):
    application.answer = lambda question: {"allow": False, "reason": "banned"}
    server = start(peal, application, "connect",
                   config={"explain_refusals": True})
    closed = server.connect("alice").wait_closed()
    assert (closed.code, closed.reason) == (4403, "banned")


def test_the_answer_may_contain_caps(peal, application):
    application.answer = lambda question: {
        "allow": True, "caps": [{"channels": ["room"], "allow": ["sub"]}],
        "expires": int(time.time() + patience.seconds(2))}
    server = start(peal, application, "connect")
    alice = server.join("alice", "room")
    assert alice.ask({"type": "broadcast", "channel": "room",
                      "payload": 1})["code"] == "forbidden"
    assert alice.wait_close(patience.seconds(5)) == 4401


def test_a_refresh_does_not_replace_the_answer(peal, application):
    end = int(time.time() + 1000)
    application.answer = lambda question: {
        "allow": True, "expires": end,
        "caps": [{"channels": ["room"], "allow": ["sub"]}]}
    server = start(peal, application, "connect", config=WITH_AUTH)
    alice = server.join("alice", "room", token=make_token())
    answer = alice.ask({"type": "refresh", "token": make_token(ttl=5000)})
    assert answer["expires"] == end
    assert alice.ask({"type": "broadcast", "channel": "room",
                      "payload": 1})["code"] == "forbidden"
    application.answer = lambda question: ALLOW
    bob = server.join("bob", "room", token=make_token("bob"))
    answer = bob.ask({"type": "refresh", "token": make_token("bob", ttl=5000)})
    assert answer["expires"] > end


def test_dashboards_are_not_asked_about(peal, application):
    application.answer = lambda question: {"allow": False}
    server = start(peal, application, "connect",
                   config=WITH_KEY,
                   events=["connected", "disconnected"])
    ticket = tell(server, "/api/dashboard", {"client": "operator"})["ticket"]
    server.connect("operator", protocol="dashboard",
                   query={"ticket": ticket}).end()
    assert refusal(server, "alice").status == 403
    assert [question["client"] for question in application.asked()] == [
        "alice"]
    assert application.events() == []


def test_a_bad_token_is_not_asked_about(peal, application):
    server = start(peal, application, "connect", config=WITH_AUTH)
    assert refusal(server).status == 401
    assert application.asked() == []
    server.connect("alice", token=make_token())
    assert len(application.asked()) == 1


def test_a_ticket_is_redeemed_first(peal, application):
    server = start(peal, application, "connect",
                   config={**WITH_AUTH, **WITH_KEY})
    ticket = tell(server, "/api/tickets", {"client": "alice"})["ticket"]
    assert refusal(server, query={"ticket": "0" * 32}).status == 401
    assert application.asked() == []
    server.connect("alice", query={"ticket": ticket})
    assert [question["client"] for question in application.asked()] == [
        "alice"]


def test_messages_after_the_handshake_wait(peal, application):
    application.answer = lambda question: slowly(0.3, ALLOW)
    server = start(peal, application, "connect")
    client = server.connect("alice", protocol="broadcast")
    assert client.ask({"type": "ping"})["type"] == "pong"


def test_a_client_that_leaves_meanwhile_is_harmless(peal, application):
    asked = threading.Semaphore(0)
    go_on = threading.Event()

    def answer(question):
        asked.release()
        return lambda handler: (go_on.wait(10), handler.respond(
            200, b'{"allow":true}'))

    application.answer = answer
    server = start(peal, application, "connect", timeout_ms=30000)
    for number in range(5):
        raw = server.socket()
        raw.send(request_text(f"/ws/c{number}", headers=handshake_headers()))
        assert asked.acquire(timeout=10)
        raw.close()
    go_on.set()
    server.wait_metric(
        'peal_hook_calls_total{hook="connect",result="allowed"}', 5)
    server.wait_metric("peal_connections", 0)
    server.connect("alice")


# --- subscribe


def test_subscribe_is_asked_about_and_may_be_refused(peal, application):
    application.answer = lambda question: (
        ALLOW if question["channel"] == "room"
        else {"allow": False, "reason": "members only"})
    server = start(peal, application, "subscribe")
    alice = server.join("alice", "room")
    answer = alice.ask({"type": "subscribe", "channel": "closed"})
    assert answer["type"] == "error"
    assert (answer["code"], answer["message"]) == ("refused", "members only")
    first, second = application.asked()
    assert (first["hook"], first["client"], first["channel"]) == (
        "subscribe", "alice", "room")
    assert first["connection"] == second["connection"]
    # nothing is left of it
    assert alice.ask({"type": "unsubscribe", "channel": "closed"})["code"] \
        == "not_subscribed"
    application.answer = lambda question: ALLOW
    assert alice.ask({"type": "subscribe", "channel": "closed"})["type"] == \
        "subscribed"


def test_only_some_channels_are_asked_about(peal, application):
    server = start(peal, application, "subscribe", "publish",
                   subscribe_channels=["private-*"],
                   publish_channels=["mod", "chat:*"])
    alice = server.join("alice", "private-1", "chat:1", "open")
    for channel in ("private-1", "chat:1", "open"):
        alice.ask({"type": "broadcast", "channel": channel, "payload": 1})
    assert [(question["hook"], question["channel"])
            for question in application.asked()] == [
        ("subscribe", "private-1"), ("publish", "chat:1")]


def test_an_unsubscribe_cancels_a_pending_subscribe(peal, application):
    application.answer = lambda question: slowly(0.3, ALLOW)
    server = start(peal, application, "subscribe")
    alice = server.connect("alice", query={"channel": ""},
                           protocol="broadcast")
    alice.send({"type": "subscribe", "channel": "room", "id": 1})
    alice.send({"type": "unsubscribe", "channel": "room", "id": 2})
    assert alice.receive() == {"type": "unsubscribed", "channel": "room",
                               "id": 2}
    answer = alice.receive()
    assert (answer["code"], answer["id"]) == ("cancelled", 1)
    assert alice.ask({"type": "subscribe", "channel": "room"})["type"] == \
        "subscribed"


def test_a_client_leaves_while_its_subscribe_waits(peal, application):
    application.answer = lambda question: slowly(0.3, ALLOW)
    server = start(peal, application, "subscribe")
    for number in range(5):
        alice = server.connect("alice", ["room"], protocol="broadcast")
        application.wait_asked(number + 1)
        alice.drop()
    server.wait_metric(
        'peal_hook_calls_total{hook="subscribe",result="allowed"}', 5)
    bob = server.join("bob", "room")
    clients = bob.ask({"type": "presence", "channel": "room"})["clients"]
    assert clients == [{"client": "bob", "connections": 1}]


# --- publish


def test_publish_may_be_refused_or_changed(peal, application):
    def answer(question):
        if question["payload"] == "rude":
            return {"allow": False, "reason": "be nice"}
        if question["payload"] == "secret":
            return lambda handler: handler.respond(
                200, b'{"allow":true,"payload":{"n":12345678901234567890}}')
        return ALLOW

    application.answer = answer
    server = start(peal, application, "publish")
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    refused = alice.ask({"type": "broadcast", "payload": "rude"})
    assert (refused["code"], refused["message"]) == ("refused", "be nice")
    changed = alice.ask({"type": "broadcast", "payload": "secret"})
    assert changed["type"] == "broadcastResult"
    assert changed["payload"] == {"n": 12345678901234567890}
    assert alice.ask({"type": "broadcast", "payload": "hi"})["offset"] == 2
    assert [bob.receive()["payload"] for _ in range(2)] == [
        {"n": 12345678901234567890}, "hi"]
    question = application.asked()[0]
    assert (question["hook"], question["client"], question["channel"],
            question["payload"]) == ("publish", "alice", "room", "rude")
    assert server.metric("peal_published_total") == 2


def test_a_trace_is_included(peal, application):
    """As a header to the application, and kept with a changed payload."""
    application.answer = lambda question: {"allow": True, "payload": "new"}
    server = start(peal, application, "publish")
    alice = server.join("alice", "room")
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    alice.send({"type": "broadcast", "payload": 1, "traceparent": trace})
    message = alice.receive_type("broadcast")
    assert (message["payload"], message["traceparent"]) == ("new", trace)
    alice.ask({"type": "broadcast", "payload": 1})
    assert application.traces == [trace, None]


def test_a_slow_answer_is_not_overtaken(peal, application):
    """Later publishes get faster answers."""
    count = 20
    application.answer = lambda question: slowly(
        (count - question["payload"]) * 0.02, ALLOW
        if question["payload"] % 5 else {"allow": False})
    server = start(peal, application, "publish")
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    for number in range(count):
        alice.send({"type": "broadcast", "payload": number})
    expected = [number for number in range(count) if number % 5]
    assert [bob.receive()["payload"] for _ in expected] == expected
    # all calls ran concurrently
    assert len(application.asked()) == count


def test_messages_sent_before_leaving_are_published(peal, application):
    application.answer = lambda question: slowly(0.3, ALLOW)
    server = start(peal, application, "publish")
    bob = server.join("bob", "room")
    alice = server.join("alice", "room")
    for number in range(3):
        alice.send({"type": "broadcast", "payload": number})
    application.wait_asked(1)
    alice.drop()
    assert [bob.receive()["payload"] for _ in range(3)] == [0, 1, 2]


def test_publishes_of_one_connection_are_limited(peal, application):
    go_on = threading.Event()
    application.answer = lambda question: lambda handler: (
        go_on.wait(10), handler.respond(200, b'{"allow":true}'))
    server = start(peal, application, "publish", publishes_max=3)
    alice = server.join("alice", "room")
    for number in range(5):
        alice.send({"type": "broadcast", "payload": number, "id": number})
    errors = [alice.receive_type("error") for _ in range(2)]
    assert [(error["code"], error["id"]) for error in errors] == [
        ("unavailable", 3), ("unavailable", 4)]
    go_on.set()
    assert [alice.receive_type("broadcast")["payload"] for _ in range(3)] == [
        0, 1, 2]
    assert server.metric(
        'peal_limit_reached_total{limit="hook_publishes"}') == 2


def test_a_backend_is_not_asked_about(peal, application):
    application.answer = lambda question: {"allow": False}
    server = start(peal, application, "publish", config=WITH_KEY)
    bob = server.join("bob", "room")
    publish(server, "room", "from a backend")
    assert bob.receive()["payload"] == "from a backend"
    assert application.asked() == []


# --- unanswered questions


@pytest.mark.parametrize("policy", ["refuse", "allow"])
def test_questions_beyond_the_queue_are_refused(peal, application, policy):
    go_on = threading.Event()
    application.answer = lambda question: lambda handler: (
        go_on.wait(10), handler.respond(200, b'{"allow":true}'))
    server = start(peal, application, "publish", questions_max=2,
                   on_failure=policy)
    clients = [server.join(f"c{number}", f"room{number}")
               for number in range(5)]
    for client in clients[:2]:
        client.send({"type": "broadcast", "payload": 1})
    application.wait_asked(2)
    for client in clients[2:]:
        answer = client.ask({"type": "broadcast", "payload": 1})
        if policy == "refuse":
            assert answer["code"] == "unavailable"
        else:
            assert answer["type"] == "broadcastResult"
    go_on.set()
    for client in clients[:2]:
        assert client.receive_type("broadcast")["payload"] == 1
    assert server.metric('peal_hook_calls_total{hook="publish",'
                         'result="not_asked"}') == 3
    assert len(application.asked()) == 2


def test_without_a_free_connection_questions_wait(peal, application):
    application.answer = lambda question: slowly(0.05, ALLOW)
    server = start(peal, application, "connect", connections=2,
                   timeout_ms=30000)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda number: server.connect(f"c{number}"),
                      range(20)))
    assert len(application.asked()) == 20


def test_the_server_stops_while_questions_wait(peal, application):
    go_on = threading.Event()
    application.answer = lambda question: lambda handler: (
        go_on.wait(20), handler.respond(200, b'{"allow":true}'))
    server = start(peal, application, "publish", "subscribe", timeout_ms=60000)
    alice = server.connect("alice", ["room"], protocol="broadcast")
    alice.send({"type": "broadcast", "channel": "other", "payload": 1})
    application.wait_asked(2)
    server.signal()
    server.wait_exit()
    go_on.set()
