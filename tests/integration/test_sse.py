"""Server-Sent Events: a second transport for the broadcast protocol."""

import json
import signal
import subprocess
import time

import pytest

from support.tls import OWN_PAGE
from support.api import WITH_KEY, publish, tell
from support.application import hooks
from support.events import Stream
from support.tokens import WITH_AUTH, make_token

PAGE = "https://app.example.com"
WITH_ORIGIN = {"origins": [PAGE]}


def bearer(token):
    return [("Authorization", f"Bearer {token}")]


def positions(event):
    """An event id as {channel: offset}."""
    entries = (entry.split("*") for entry in event.id.split("~"))
    return {name: int(position.split(".")[1]) for name, position in entries}


# ---- the response

def test_the_head_identifies_a_stream(shared):
    stream = Stream(shared, "alice", ["head"]).join()
    headers = stream.response.headers
    assert headers["content-type"] == "text/event-stream"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert headers["connection"] == "close"
    assert "content-length" not in headers
    assert "transfer-encoding" not in headers
    assert "access-control-allow-origin" not in headers
    stream.close()


def test_the_retry_time_is_sent_and_randomized(shared):
    waits = set()
    for i in range(5):
        stream = Stream(shared, f"w{i}", [""])
        wait = int(stream.opening.fields["retry"])
        assert 1000 <= wait < 3000
        waits.add(wait)
        stream.close()
    assert len(waits) > 1


def test_http_1_0_gets_a_stream_too(shared):
    raw = shared.socket()
    raw.send("GET /sse/alice?channel=old HTTP/1.0\r\n\r\n")
    assert raw.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert b"event: subscribed" in raw.take_until(b"\n\n") + raw.take_until(
        b"\n\n")


def test_curl_shows_events_as_they_arrive(peal):
    server = peal(config=WITH_KEY, plain=True)
    curl = subprocess.Popen(
        ["curl", "-sN", f"http://127.0.0.1:{server.port}/sse/alice"
         "?channel=news"], stdout=subprocess.PIPE, text=True)
    try:
        lines = iter(curl.stdout.readline, "")
        assert next(line for line in lines if line.startswith("event:")) == (
            "event: subscribed\n")
        publish(server, "news", {"a": 1})
        data = next(line for line in lines if '"payload"' in line)
        assert json.loads(data.removeprefix("data: "))["payload"] == {"a": 1}
    finally:
        curl.kill()
        curl.wait()


# ---- events

def test_data_equals_that_of_a_websocket(shared):
    stream = Stream(shared, "alice", ["same"]).join()
    bob = shared.join("bob", "same")
    bob.send('{"type":"broadcast","channel":"same","payload":{"a":\n[1,\r2]}}')
    event = stream.receive()
    assert event.event == "broadcast"
    assert event.data == bob.receive_type("broadcast")
    assert list(event.fields) == ["event", "data", "id"]


def test_direct_messages_arrive(shared):
    stream = Stream(shared, "direct-alice", [""])
    bob = shared.connect("bob", [""], protocol="broadcast")
    bob.ask({"type": "direct", "to": "direct-alice", "payload": 7})
    event = stream.receive()
    assert (event.event, event.data["payload"]) == ("direct", 7)
    assert event.id is None  # no position


def test_presence_join_and_leave_include_streams(peal):
    server = peal(config={"channels": [
        {"match": "*", "presence": True, "join_leave": True}]})
    bob = server.join("bob", "room")
    stream = Stream(server, "alice", ["room"]).join()
    assert bob.receive_type("join")["client"] == "alice"
    clients = bob.ask({"type": "presence"})["clients"]
    assert {"client": "alice", "connections": 1} in clients
    server.join("carol", "room")
    event = stream.receive("join")
    while event.data["client"] == "alice":
        event = stream.receive("join")
    assert event.data == {"type": "join", "channel": "room", "client": "carol"}
    stream.close()
    assert bob.receive_type("leave")["client"] == "alice"


def test_the_default_channel_is_joined_when_none_is_named(shared):
    assert Stream(shared, "alice").join().joined[0].data["channel"] == "lobby"


def test_an_invalid_channel_is_reported_with_its_name(peal):
    server = peal(config=WITH_AUTH)
    token = make_token(caps=[{"channels": ["mine"], "allow": ["sub"]}])
    stream = Stream(server, "alice", ["mine", "other"], bearer(token))
    error = stream.receive("error")
    assert (error.data["code"], error.data["channel"]) == ("forbidden",
                                                           "other")
    assert stream.receive("subscribed").data["channel"] == "mine"


# ---- positions and recovery

def test_an_id_has_the_position_in_every_channel(shared):
    stream = Stream(shared, "alice", ["va", "vb"]).join(2)
    assert positions(stream.joined[1]) == {"va": 0, "vb": 0}
    bob = shared.connect("bob", [""], protocol="broadcast")
    for channel in ("va", "vb", "va"):
        bob.ask({"type": "broadcast", "channel": channel, "payload": 1})
    seen = [positions(event) for event in stream.receive_many(3)]
    # one of two channels may be ahead of the other
    assert sum(seen[0].values()) == 1 and sum(seen[1].values()) == 2
    assert seen[2] == {"va": 2, "vb": 1}


@pytest.mark.parametrize("is_header", [True, False])
def test_all_channels_are_recovered(shared, is_header):
    names = [f"r{is_header}a", f"r{is_header}b"]
    stream = Stream(shared, "alice", names).join(2)
    bob = shared.connect("bob", [""], protocol="broadcast")
    say = lambda channel, payload: bob.ask(
        {"type": "broadcast", "channel": channel, "payload": payload})
    say(names[0], 1)
    last = stream.receive("broadcast").id
    stream.close()
    for i in (2, 3):
        say(names[0], i)
        say(names[1], i)
    headers = [("Last-Event-ID", last)] if is_header else ()
    back = Stream(shared, "alice", names, headers,
                  last_event_id=None if is_header else last)
    told = {}
    missed = {name: [] for name in names}
    for _ in range(6):
        event = back.receive()
        channel = event.data["channel"]
        if event.event == "subscribed":
            told[channel] = event.data["recovered"]
            assert event.data["messages"] == []
        else:
            missed[channel].append(event.data["payload"])
    assert told == {names[0]: True, names[1]: True}
    assert missed == {names[0]: [2, 3], names[1]: [2, 3]}
    assert positions(event) == {names[0]: 3, names[1]: 2}
    say(names[0], 4)  # and on, once
    assert back.receive().data["payload"] == 4


def test_an_interrupted_recovery_continues(shared):
    stream = Stream(shared, "alice", ["broken"]).join()
    bob = shared.connect("bob", [""], protocol="broadcast")
    first = stream.joined[0].id
    stream.close()
    for i in range(4):
        bob.ask({"type": "broadcast", "channel": "broken", "payload": i})
    last = first
    got = []
    for _ in range(4):  # one message per attempt
        back = Stream(shared, "alice", ["broken"], [("Last-Event-ID", last)])
        joined = back.receive("subscribed")
        assert joined.data["recovered"] is True
        assert joined.id == last
        event = back.receive("broadcast")
        got.append(event.data["payload"])
        last = event.id
        back.close()
    assert got == [0, 1, 2, 3]


def test_each_channel_reports_whether_it_was_recovered(shared):
    stream = Stream(shared, "alice", ["known"]).join()
    back = Stream(shared, "alice", ["known", "new"],
                  [("Last-Event-ID", stream.joined[0].id)]).join(2)
    told = {event.data["channel"]: event.data["recovered"]
            for event in back.joined}
    assert told == {"known": True, "new": False}


@pytest.mark.parametrize("last", [
    "x", "~~~", "odd*1.2", "odd*0123456789abcdef.x", "odd*zz", "*", "odd*",
    "odd*0123456789abcdef.99999999999999999999999", "ü", "a" * 8000])
def test_an_invalid_id_recovers_nothing(shared, last):
    stream = Stream(shared, "alice", ["odd"], [("Last-Event-ID", last)]).join()
    assert stream.joined[0].data["recovered"] is False


def test_channels_whose_ids_would_not_fit_are_refused(peal):
    server = peal(config={"limits": {"channels_per_connection": 1000}})
    names = [f"{i}-{'x' * 150}" for i in range(60)]
    stream = Stream(server, "alice", names)
    event = stream.receive()
    assert (event.event, event.data["code"]) == ("close", 4400)
    assert event.data["reason"] == "too many channels for one stream"


# ---- refusals

@pytest.mark.parametrize("method, path, status, error", [
    ("POST", "/sse/alice", 405, "Method not allowed"),
    ("DELETE", "/sse/alice", 405, "Method not allowed"),
    ("GET", "/sse/", 400, "Invalid client id"),
    ("GET", "/sse/a%0Ab", 400, "Invalid client id"),
    ("GET", "/sse/a/b", 400, "Invalid client id"),
    ("GET", "/sse/alice?protocol=echo", 400, "Unknown protocol"),
    ("GET", "/sse", 404, "Not found"),
    ("GET", "/SSE/alice", 404, "Not found"),
])
def test_invalid_streams_are_refused(shared, method, path, status, error):
    response = shared.request(path, method, [("Content-Length", "0")]
                              if method == "POST" else ())
    assert response.status == status
    assert response.json["error"] == error
    if status == 405:
        assert response.headers["allow"] == "GET"


def test_a_body_is_refused(shared):
    raw = shared.socket()
    raw.send("GET /sse/alice HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    assert raw.response().status == 400


@pytest.mark.parametrize("headers, status, error", [
    ((), 401, "Authorization header required"),
    (bearer("x.y.z"), 401, "Invalid token"),
    (bearer(make_token(ttl=-60)), 401, "Invalid token"),
    (bearer(make_token("bob")), 403, "Token is for another client"),
    ((*bearer(make_token()), ("Origin", "https://evil.example")), 403,
     "Origin not allowed"),
])
def test_unauthorized_streams_are_refused(peal, headers, status, error):
    server = peal(config={**WITH_AUTH, **WITH_ORIGIN})
    stream = Stream(server, "alice", headers=headers)
    assert stream.response.status == status
    assert stream.response.json["error"] == error
    assert server.metric_sum("peal_handshakes_refused_total") == 1


def test_refusals_are_plain_http_responses(peal):
    server = peal(config={**WITH_AUTH, "explain_refusals": True})
    stream = Stream(server, "alice")
    assert stream.response.status == 401


def test_a_token_in_the_address_only_if_allowed(peal):
    config = {"auth": {**WITH_AUTH["auth"], "query_token": True}}
    token = make_token()
    assert Stream(peal(config=config), "alice",
                  token=token).response.status == 200
    assert Stream(peal(config=WITH_AUTH), "alice",
                  token=token).response.status == 401


@pytest.mark.parametrize("extra, status", [
    ([("Origin", PAGE)], 200),
    ([("Sec-Fetch-Site", "same-origin")], 200),
    ([("Sec-Fetch-Site", "same-site")], 401),
    ([("Sec-Fetch-Site", "cross-site")], 401),
    ([("Sec-Fetch-Site", "none")], 401),
    ([("Sec-Fetch-Site", "")], 401),
    ([("Sec-Fetch-Site", "same-origin, cross-site")], 401),
    ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
     401),
    # it never makes an Origin acceptable
    ([("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
     403),
    ([("Origin", "null"), ("Sec-Fetch-Site", "same-origin")], 403),
    ([], 401),
])
def test_a_cookie_is_accepted_from_an_allowed_origin(peal, extra, status):
    server = peal(config={**WITH_AUTH, **WITH_ORIGIN})
    headers = [("Cookie", f"peal_token={make_token()}"), *extra]
    assert Stream(server, "alice", headers=headers).response.status == status


def test_a_ticket_is_accepted_once(peal):
    server = peal(config={**WITH_AUTH, **WITH_KEY, **WITH_ORIGIN})
    ticket = tell(server, "/api/tickets", {"client": "alice"})["ticket"]
    page = [("Origin", PAGE)]
    stream = Stream(server, "alice", ["room"], page, ticket=ticket).join()
    assert stream.response.headers["access-control-allow-origin"] == PAGE
    again = Stream(server, "alice", ["room"], page, ticket=ticket)
    assert again.response.status == 401
    assert again.response.json["error"] == "Invalid ticket"
    assert again.response.headers["access-control-allow-origin"] == PAGE


def test_the_application_is_asked(peal, application):
    server = peal(config={"hooks": hooks(application,
                                         questions=["connect"])})
    Stream(server, "alice", ["room"]).join()
    question, = application.asked()
    assert (question["hook"], question["client"], question["protocol"],
            question["channels"]) == ("connect", "alice", "broadcast",
                                      ["room"])
    application.answer = lambda question: {"allow": False, "status": 402,
                                           "reason": "Pay first"}
    refused = Stream(server, "bob", headers=[("Origin", OWN_PAGE)])
    assert refused.response.status == 402
    assert refused.response.json["error"] == "Pay first"
    assert "access-control-allow-origin" in refused.response.headers


# ---- CORS

def test_allowed_origins_may_read_with_credentials(peal):
    server = peal(config={**WITH_AUTH, **WITH_ORIGIN})
    for headers, status in (((), 401), (bearer(make_token()), 200)):
        stream = Stream(server, "alice",
                        headers=[("Origin", PAGE), *headers])
        got = stream.response.headers
        assert stream.response.status == status
        assert got["access-control-allow-origin"] == PAGE
        assert got["access-control-allow-credentials"] == "true"
        assert got["vary"] == "Origin"


def test_a_page_may_send_a_preflight(peal):
    server = peal(config={**WITH_AUTH, **WITH_ORIGIN})
    response = server.request("/sse/alice", "OPTIONS", [("Origin", PAGE)])
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == PAGE
    assert "Authorization" in response.headers["access-control-allow-headers"]
    other = server.request("/sse/alice", "OPTIONS",
                           [("Origin", "https://evil.example")])
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-headers" not in other.headers


# ---- ends

def test_a_disconnected_client_stays_away(peal):
    server = peal(config=WITH_KEY)
    stream = Stream(server, "alice", ["room"]).join()
    tell(server, "/api/disconnect", {"client": "alice"})
    event = stream.receive("close")
    assert event.data == {"type": "close", "code": 4403,
                          "reason": "disconnected by the server"}
    assert "retry" not in event.fields
    assert stream.raw.is_ended()
    server.wait_metric('peal_closes_total{reason="disconnected"}', 1)
    back = Stream(server, "alice", ["room"], [("Last-Event-ID", event.id)])
    assert back.response.status == 204
    # the page itself may retry and resume
    again = Stream(server, "alice", ["room"], last_event_id=event.id).join()
    assert again.joined[0].data["recovered"] is True


def test_an_expired_token_ends_the_stream(peal):
    server = peal(config={"auth": {**WITH_AUTH["auth"], "leeway_seconds": 0}})
    stream = Stream(server, "alice", ["room"], bearer(make_token(ttl=1)))
    assert stream.receive("close").data["code"] == 4401


def test_a_newer_connection_replaces_a_stream(peal):
    server = peal(config={"single_connection": True})
    stream = Stream(server, "alice", ["room"]).join()
    server.join("alice", "room")
    assert stream.receive("close").data["code"] == 4409


def test_a_drain_sends_a_retry_time(peal):
    server = peal()
    streams = [Stream(server, f"c{i}", ["room"]).join() for i in range(6)]
    server.signal(signal.SIGTERM)
    waits = set()
    for stream in streams:
        event = stream.receive_to_end()[-1]
        assert event.data["code"] == 1012
        assert event.id is None  # the last id stays valid
        waits.add(int(event.fields["retry"]))
    assert server.wait_exit() == 0
    assert len(waits) > 1 and all(1000 <= wait < 6000 for wait in waits)


def test_a_stream_lives_as_long_as_any_connection(peal):
    server = peal(config={"max_connection_age": 2, "ping_seconds": 2,
                          "pong_seconds": 1})
    stream = Stream(server, "alice", ["room"]).join()
    assert stream.receive("close").data["code"] == 1012


def test_a_comment_is_the_heartbeat(peal):
    server = peal(config={"ping_seconds": 2, "pong_seconds": 1})
    stream = Stream(server, "alice", ["room"]).join()
    for _ in range(3):  # no pong is expected
        assert stream.block().is_comment


def test_a_lost_client_is_noticed(shared):
    before = shared.metric("peal_connections")
    stream = Stream(shared, "gone", ["room"]).join()
    shared.wait_metric("peal_connections", before + 1)
    stream.close()
    shared.wait_metric("peal_connections", before)


def test_further_data_of_a_client_is_limited(peal):
    server = peal(config={"limits": {"messages_per_second": 5}})
    stream = Stream(server, "alice", ["room"]).join()
    for _ in range(20):
        stream.raw.send("x")
        time.sleep(0.005)
    assert stream.receive("close").data["code"] == 4529


# ---- limits

def test_connections_are_counted_by_transport(peal):
    server = peal()
    Stream(server, "alice", ["room"]).join()
    Stream(server, "bob", ["room"]).join()
    server.join("carol", "room")
    metrics = server.metrics()
    assert metrics["peal_connections"] == 3
    assert metrics['peal_transport_connections{transport="sse"}'] == 2
    assert metrics['peal_transport_connections{transport="websocket"}'] == 1
    assert metrics["peal_connections_opened_total"] == 3


@pytest.mark.parametrize("limits, status, error", [
    ({"connections": 1}, 503, "Full"),
    ({"connections_per_ip": 1}, 429, "Too many connections"),
    ({"connections_per_client": 1}, 429, "Too many connections"),
])
def test_limits_apply_to_streams(peal, limits, status, error):
    server = peal(config={"limits": limits})
    Stream(server, "alice", ["room"]).join()
    second = Stream(server, "alice", ["room"])
    assert second.response.status == status
    assert second.response.json["error"] == error
    assert second.response.headers["retry-after"] == "5"


def test_a_slow_reader_is_closed_after_a_complete_event(peal):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "outbox_bytes": 200000}})
    stream = Stream(server, "slow", ["room"], socket={"receive_buffer": 4096})
    sender = server.connect("sender", [""], protocol="broadcast")
    sent = 0
    # the kernel first buffers an unknown number of megabytes
    while server.metric('peal_limit_reached_total{limit="outbox"}') != 1:
        assert sent < 2000
        for i in range(sent, sent + 50):
            sender.ask({"type": "broadcast", "channel": "room",
                        "payload": [i, "x" * 8000]})
        sent += 50
    got = [event for event in stream.receive_to_end()
           if event.event == "broadcast"]
    assert [event.data["payload"][0] for event in got] == list(range(len(got)))
    assert 0 < len(got) < sent
    server.wait_metric('peal_closes_total{reason="too_slow"}', 1)


def test_a_slow_reader_of_the_latest_gets_the_newest(peal):
    server = peal(config={
        "limits": {"messages_per_second": 0, "outbox_bytes": 200000},
        "channels": [{"match": "*", "slow_reader": "latest"}]})
    stream = Stream(server, "slow", ["room"], socket={"receive_buffer": 4096})
    sender = server.connect("sender", [""], protocol="broadcast")
    for i in range(400):
        sender.ask({"type": "broadcast", "channel": "room",
                    "payload": [i, "x" * 8000]})
    event = stream.receive("broadcast")
    last = -1
    while event.data["payload"][0] < 399:
        assert event.data["payload"][0] > last
        last = event.data["payload"][0]
        assert positions(event) == {"room": last + 1}
        event = stream.receive("broadcast")


def test_messages_of_one_turn_are_separate_events(shared):
    stream = Stream(shared, "alice", ["many"]).join()
    bob = shared.connect("bob", [""], protocol="broadcast")
    for i in range(20):
        bob.send({"type": "broadcast", "channel": "many", "payload": i})
    events = stream.receive_many(20)
    assert [event.data["payload"] for event in events] == list(range(20))
    assert [positions(event)["many"] for event in events] == list(
        range(1, 21))


def test_a_plain_request_for_a_websocket_path_is_426(shared):
    assert shared.request("/ws/alice").status == 426
