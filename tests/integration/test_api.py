"""The HTTP API for backends: effects and errors of each command."""

import json

import pytest

from support.api import WITH_KEY, api_request, ask, publish, tell

GOOD = {"channel": "room", "payload": 1}


@pytest.fixture(scope="module")
def api(start_shared):
    return start_shared({**WITH_KEY, "limits": {
        "message_bytes": 1000, "body_bytes": 20000, "batch_commands": 5},
        "channels": [{"match": "bare*", "history_size": 0,
                      "presence": False}]})


# --- publish


def test_a_publish_reaches_subscribers_and_returns_its_position(api):
    client = api.join("alice", "place")
    answer = publish(api, "place", {"text": "hällo \U0001f600"})
    assert answer.keys() == {"channel", "epoch", "offset"}
    assert (answer["channel"], answer["offset"]) == ("place", 1)
    message = client.receive_type("broadcast")
    assert message["payload"] == {"text": "hällo \U0001f600"}
    assert (message["channel"], message["offset"]) == ("place", 1)
    assert "from" not in message
    assert publish(api, "place", 2)["offset"] == 2
    assert publish(api, "place", 3)["epoch"] == answer["epoch"]


def test_a_payload_is_forwarded_unchanged(api):
    client = api.join("alice", "bytes")
    text = b'{"payload": {"n" : 12345678901234567890.0e1 ,"s":"\\u00e9\\/"}'
    response = ask(api, "/api/publish", text + b', "channel":"bytes" }')
    assert response.status == 200
    data = client.receive_data()
    assert '"payload":{"n" : 12345678901234567890.0e1 ,"s":"\\u00e9\\/"}' in data


@pytest.mark.parametrize("body, field, words", [
    ({"payload": 1}, "channel", "missing"),
    ({"channel": "room"}, "payload", "missing"),
    ({"channel": "no room", "payload": 1}, "channel", "1 to 164"),
    ({"channel": "", "payload": 1}, "channel", "1 to 164"),
    ({"channel": "x" * 165, "payload": 1}, "channel", "1 to 164"),
    ({"channel": 5, "payload": 1}, "channel", "1 to 164"),
    ({"channel": None, "payload": 1}, "channel", "missing"),
    ({**GOOD, "idempotency_key": ""}, "idempotency_key", "1 to 128"),
    ({**GOOD, "idempotency_key": "a b"}, "idempotency_key", "printable"),
    ({**GOOD, "idempotency_key": "x" * 129}, "idempotency_key", "1 to 128"),
    ({**GOOD, "idempotency_key": 7}, "idempotency_key", "1 to 128"),
])
def test_an_invalid_field_is_named(api, body, field, words):
    response = ask(api, "/api/publish", body)
    assert response.status == 400
    assert response.json["field"] == field
    assert response.json["error"].startswith(field + " ")
    assert words in response.json["error"]


@pytest.mark.parametrize("body", [
    b"", b"[]", b"1", b"{", b'{"channel":"room"', b'{"a":1}}', b"\xff",
    b'{"channel":"room","payload":' + b"[" * 100 + b"]" * 100 + b"}",
    b'{"channel":"room","payload":"\xc3"}', b'{"channel":"room","payload":01}',
    b'{"channel":"room","payload":"\xed\xa0\x80"}',
])
def test_a_body_other_than_a_json_object_is_refused(api, body):
    response = ask(api, "/api/publish", body)
    assert response.status == 400
    assert response.json["error"].startswith("The body is not a JSON object: ")


def test_a_too_long_payload_is_413(api):
    assert publish(api, "room", "x" * 998)
    response = ask(api, "/api/publish",
                   {"channel": "room", "payload": "x" * 999})
    assert response.status == 413
    assert response.json == {
        "error": "payload is longer than limits.message_bytes (1000)",
        "field": "payload"}


def test_a_key_publishes_once(api):
    client = api.join("alice", "once")
    first = publish(api, "once", "a", idempotency_key="k1")
    again = publish(api, "once", "b", idempotency_key="k1")
    assert again == first
    assert publish(api, "once", "c", idempotency_key="k2")["offset"] == 2
    assert publish(api, "other", "d", idempotency_key="k1")["offset"] == 1
    assert [client.receive()["payload"] for _ in range(2)] == ["a", "c"]
    assert client.is_silent()


def test_keys_beyond_the_limit_are_forgotten_and_counted(peal):
    server = peal({**WITH_KEY, "limits": {"idempotency_keys": 2}})
    for number in range(40):
        publish(server, "room", 1, idempotency_key=f"k{number}")
    last = publish(server, "room", 1)["offset"]
    again = publish(server, "room", 1, idempotency_key="k39")
    assert again["offset"] == last - 1
    name = 'peal_limit_reached_total{limit="idempotency_keys"}'
    assert server.metric(name) == 38


# --- broadcast and batch


def test_a_broadcast_goes_to_each_channel(api):
    clients = [api.join(f"c{i}", f"several{i}") for i in range(3)]
    results = tell(api, "/api/broadcast", {
        "channels": ["several0", "several1", "no channel", "several2"],
        "payload": "x"})["results"]
    assert [result.get("channel") for result in results] == [
        "several0", "several1", None, "several2"]
    assert results[2]["status"] == 400
    assert results[2]["field"] == "channel"
    for client in clients:
        assert client.receive_type("broadcast")["payload"] == "x"


@pytest.mark.parametrize("path, field", [("/api/broadcast", "channels"),
                                         ("/api/batch", "commands")])
@pytest.mark.parametrize("value, status", [
    (None, 400), ([], 400), ({}, 400), ("room", 400), (["a"] * 6, 413)])
def test_a_list_must_have_one_entry_up_to_the_limit(api, path, field, value,
                                                    status):
    body = {"payload": 1} if value is None else {field: value, "payload": 1}
    response = ask(api, path, body)
    assert response.status == status
    assert response.json["field"] == field
    assert "limits.batch_commands" in response.json["error"]


def test_a_batch_is_answered_in_order(api):
    client = api.join("batch-bob", "batch")
    results = tell(api, "/api/batch", {"commands": [
        {"command": "publish", "channel": "batch", "payload": "a"},
        {"command": "send", "client": "batch-bob", "payload": "b"},
        {"command": "presence", "channel": "batch"},
        {"command": "history", "channel": "batch", "limit": 1},
        {"command": "publish", "channel": "batch", "payload": "c"}]})
    published, sent, presence, history, last = results["results"]
    assert (published["offset"], last["offset"]) == (1, 2)
    assert sent == {"client": "batch-bob", "connectionCount": 1}
    assert presence["clients"] == [{"client": "batch-bob", "connections": 1}]
    assert [message["payload"] for message in history["messages"]] == ["a"]
    got = client.receive_many(3)
    assert sorted(message["payload"] for message in got) == ["a", "b", "c"]


def test_an_invalid_command_does_not_affect_the_others(api):
    results = tell(api, "/api/batch", {"commands": [
        {"command": "zip"}, {"command": "batch", "commands": []}, 5,
        {"channel": "mixed", "payload": 1},
        {"command": "publish", "channel": "mixed", "payload": 1}]})["results"]
    assert [result.get("status", 200) for result in results] == [
        400, 400, 400, 400, 200]
    assert [result.get("field") for result in results] == [
        "command", "command", "commands", "command", None]


# --- to one client


def test_send_reaches_all_connections_of_a_client(api):
    clients = [api.join("carol", "x"), api.join("carol", "y")]
    answer = tell(api, "/api/send", {"client": "carol", "payload": [1]})
    assert answer == {"client": "carol", "connectionCount": 2}
    for client in clients:
        assert client.receive() == {"type": "direct", "payload": [1]}
    assert tell(api, "/api/send", {"client": "nobody", "payload": 1}) == {
        "client": "nobody", "connectionCount": 0}


def test_disconnect_closes_all_connections_of_a_client(api):
    clients = [api.join("dave", "x"), api.join("dave", "y")]
    other = api.join("erin", "x")
    answer = tell(api, "/api/disconnect",
                  {"client": "dave", "reason": "räus"})
    assert answer == {"client": "dave", "instances": 1, "connectionCount": 2}
    for client in clients:
        closed = client.wait_closed()
        assert (closed.code, closed.reason) == (4403, "räus")
    assert other.is_silent()


def test_unsubscribe_removes_a_client_from_a_channel(api):
    client = api.join("frank", "gone", "kept")
    tell(api, "/api/unsubscribe", {"client": "frank", "channel": "gone"})
    assert client.receive_type("unsubscribed")["channel"] == "gone"
    publish(api, "gone", 1)
    publish(api, "kept", 2)
    assert client.receive_type("broadcast")["payload"] == 2


@pytest.mark.parametrize("path, body, field", [
    ("/api/send", {"payload": 1}, "client"),
    ("/api/send", {"client": "a\n", "payload": 1}, "client"),
    ("/api/send", {"client": "bob"}, "payload"),
    ("/api/disconnect", {}, "client"),
    ("/api/disconnect", {"client": "bob", "reason": 5}, "reason"),
    ("/api/disconnect", {"client": "bob", "reason": "x" * 124}, "reason"),
    ("/api/unsubscribe", {"client": "bob"}, "channel"),
    ("/api/unsubscribe", {"channel": "room"}, "client"),
])
def test_invalid_fields_about_a_client_are_named(api, path, body, field):
    response = ask(api, path, body)
    assert (response.status, response.json["field"]) == (400, field)


# --- questions


def test_presence_and_history_of_a_channel(api):
    api.join("gina", "asked:a/b,c")
    for number in range(3):
        publish(api, "asked:a/b,c", number)
    assert tell(api, "/api/channels/asked:a%2Fb,c/presence") == {
        "channel": "asked:a/b,c", "count": 1,
        "clients": [{"client": "gina", "connections": 1}]}
    history = tell(api, "/api/channels/asked:a/b,c/history?limit=2")
    assert [message["payload"] for message in history["messages"]] == [1, 2]
    assert history["offset"] == 3
    assert history["messages"][0].keys() == {"payload", "offset", "time"}
    assert tell(api, "/api/channels/asked:a/b,c/history?limit=0")[
        "messages"] == []


@pytest.mark.parametrize("path, status, field", [
    ("/api/channels/no%20room/history", 400, "channel"),
    ("/api/channels/room/history?limit=-1", 400, "limit"),
    ("/api/channels/room/history?limit=ten", 400, "limit"),
    ("/api/channels/bare/history", 404, None),
    ("/api/channels/bare/presence", 404, None),
    ("/api/channels//presence", 404, None),
    ("/api/channels/%ff/presence", 400, None),
])
def test_a_query_that_cannot_be_answered_has_a_reason(api, path, status,
                                                      field):
    response = ask(api, path)
    assert (response.status, response.json.get("field")) == (status, field)
    assert response.json["error"]


def test_channels_with_subscribers_are_listed(peal):
    server = peal(WITH_KEY)
    assert tell(server, "/api/channels") == {"channels": [], "more": False}
    server.join("alice", "b", "a")
    bob = server.join("bob", "c", "a")
    publish(server, "nobody-here", 1)
    assert tell(server, "/api/channels") == {
        "channels": ["a", "b", "c"], "more": False}
    cut = tell(server, "/api/channels?limit=2")
    assert len(cut["channels"]) == 2 and cut["more"]
    bob.end()
    server.wait_metric("peal_connections", 1)
    assert tell(server, "/api/channels")["channels"] == ["a", "b"]


# --- what all have in common


@pytest.mark.parametrize("path, method, allow", [
    ("/api/publish", "GET", "POST, OPTIONS"),
    ("/api/publish", "PUT", "POST, OPTIONS"),
    ("/api/channels", "POST", "GET, HEAD, OPTIONS"),
    ("/api/channels/a/history", "DELETE", "GET, HEAD, OPTIONS"),
])
def test_another_method_is_405(api, path, method, allow):
    body = {} if method in ("POST", "PUT") else None
    response = ask(api, path, body, method=method)
    assert response.status == 405
    assert response.headers["allow"] == allow


@pytest.mark.parametrize("path", ["/api/", "/api/none", "/api/publish/x",
                                  "/api/channels/a", "/api/channels/a/none"])
def test_another_path_is_404_as_json(api, path):
    response = ask(api, path, {})
    assert (response.status, response.json) == (404, {"error": "Not found"})


@pytest.mark.parametrize("kind", [
    None, "text/plain", "application/x-www-form-urlencoded",
    "application/jsonp", "multipart/form-data; boundary=x"])
def test_another_media_type_is_415(api, kind):
    response = ask(api, "/api/publish", GOOD,
                   headers=[("Content-Type", kind)])
    assert response.status == 415
    assert "application/json" in response.json["error"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8",
                                  "Application/JSON"])
def test_json_may_be_written_in_other_ways(api, kind):
    assert ask(api, "/api/publish", GOOD,
               headers=[("Content-Type", kind)]).status == 200


def test_pages_may_not_use_the_api(api):
    """No CORS: pages must not use an API key."""
    origin = [("Origin", f"http://127.0.0.1:{api.port}"),
              ("Access-Control-Request-Method", "POST")]
    for response in (ask(api, "/api/publish", GOOD, headers=origin),
                     ask(api, "/api/publish", method="OPTIONS", key=None,
                         headers=origin)):
        assert response.status in (200, 204)
        assert not [name for name in response.headers
                    if name.startswith("access-control-")]


def test_head_returns_no_body(api):
    raw = api.socket()
    raw.send(api_request("/api/channels", method="HEAD"))
    assert raw.response("HEAD").status == 200
    raw.send(api_request("/api/channels"))
    assert raw.response().status == 200


def test_requests_are_counted_by_route_and_status(peal):
    server = peal(WITH_KEY)
    for body in (GOOD, GOOD, {}):
        ask(server, "/api/publish", body)
    ask(server, "/api/channels/a/history")
    ask(server, "/api/channels", key=None)
    ask(server, "/api/none", {})
    samples = server.metrics()
    found = {name: value for name, value in samples.items()
             if name.startswith("peal_api_requests_total")}
    name = 'peal_api_requests_total{route="%s",status="%d"}'
    assert found == {name % ("/api/publish", 200): 2,
                     name % ("/api/publish", 400): 1,
                     name % ("/api/channels/*/history", 200): 1,
                     name % ("/api/channels", 401): 1,
                     name % ("other", 404): 1}
    assert samples["peal_api_published_total"] == 2


def test_large_responses_arrive_completely(peal):
    """Larger than one write, for a slow reader."""
    server = peal({**WITH_KEY, "channels": [
        {"match": "*", "history_size": 1000}],
        "limits": {"body_bytes": 10000000}})
    commands = [{"command": "publish", "channel": "big",
                 "payload": "x" * 20000}] * 200
    tell(server, "/api/batch", {"commands": commands})
    raw = server.socket(receive_buffer=4096)
    for _ in range(2):
        raw.send(api_request("/api/channels/big/history?limit=200"))
        messages = raw.response().json["messages"]
        assert len(messages) == 200
        assert all(len(m["payload"]) == 20000 for m in messages)
    assert json.dumps(messages[-1]["offset"]) == "200"
