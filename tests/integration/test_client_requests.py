"""Requests without a WebSocket: POST /client/<client_id>."""

import concurrent.futures
import json
import signal
from urllib.parse import quote

import jsonschema
import pytest

from support.api import WITH_KEY, publish, tell
from support.application import ALLOW, hooks, slowly
from support.events import Stream
from support.raw import request_text
from support.server import ROOT
from support.tokens import WITH_AUTH, make_token

PAGE = "https://app.example.com"


def request(body, client="alice", headers=(), query="", **fields):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content_Type": "application/json",
             "Content_Length": str(len(data)), **fields}
    path = "/client/" + quote(client, safe="") + query
    return request_text(path, "POST", [
        *((name.replace("_", "-"), value) for name, value in lines.items()
          if value is not None), *headers]) + data


def post(server, body, *args, **options):
    """Sends a request on a new connection."""
    raw = server.socket()
    raw.send(request(body, *args, **options))
    response = raw.response()
    raw.close()
    return response


def bearer(*args, **claims):
    return [("Authorization", f"Bearer {make_token(*args, **claims)}")]


def message(channel="room", payload=1, **more):
    return {"type": "broadcast", "channel": channel, "payload": payload,
            **more}


# ---- requests

def test_a_message_is_published_in_the_clients_name(shared):
    bob = shared.join("bob", "pub")
    stream = Stream(shared, "al ice/1", ["pub"]).join()
    response = post(shared, message("pub", {"a": 1.50}, event="e", id="x-1"),
                    "al ice/1")
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    answer = response.json
    assert answer == {"type": "broadcastResult", "payload": {"a": 1.5},
                      "listenerCount": 2, "channel": "pub", "id": "x-1",
                      "offset": bob.subscribed[0]["offset"] + 1}
    got = bob.receive_type("broadcast")
    assert (got["from"], got["event"], got["offset"]) == (
        "al ice/1", "e", answer["offset"])
    assert stream.receive("broadcast").data == got  # including its own


def test_a_list_is_answered_with_a_list(shared):
    bob = shared.join("bob", "list")
    asked = [message("list", i, id=i) for i in range(20)]
    asked += [{"type": "ping", "id": "p"}, {"type": "nonsense", "id": "n"}, 7]
    response = post(shared, asked)
    assert response.status == 200
    answers = {answer.get("id"): answer for answer in response.json}
    assert len(response.json) == 23
    assert answers["p"] == {"type": "pong", "id": "p"}
    assert answers["n"]["code"] == "unknown_type"
    assert answers[None]["code"] == "bad_request"
    payloads = [bob.receive_type("broadcast")["payload"] for _ in range(20)]
    assert payloads == list(range(20))
    assert post(shared, []).json == []


def test_queries_and_direct_messages(shared):
    bob = shared.join("bob-q", "ask")
    post(shared, message("ask", "old"))
    history = post(shared, {"type": "history", "channel": "ask", "limit": 1})
    assert [one["payload"] for one in history.json["messages"]] == ["old"]
    members = post(shared, {"type": "presence", "channel": "ask"}).json
    assert members["clients"] == [{"client": "bob-q", "connections": 1}]
    sent = post(shared, {"type": "direct", "to": "bob-q", "payload": 7})
    assert sent.json == {"type": "directResult", "to": "bob-q",
                         "connectionCount": 1}
    assert bob.receive_type("direct")["from"] == "alice"


def test_one_connection_serves_several_requests(shared):
    raw = shared.socket()
    both = request(message("kept", 1)) + request(message("kept", 2))
    raw.send(both)
    offsets = [raw.response().json["offset"] for _ in range(2)]
    assert offsets[1] == offsets[0] + 1
    raw.send(request(message("kept", 3), headers=[("Connection", "close")]))
    assert raw.response().status == 200
    assert raw.is_ended()


def test_a_body_may_arrive_in_pieces_and_chunks(shared):
    raw = shared.socket()
    head, body = request(message("piece")).split(b"\r\n\r\n")
    raw.send(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert raw.take_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
    for byte in body:
        raw.send(bytes([byte]))
    assert raw.response().status == 200
    raw.send(request(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body),
                     Content_Length=None, Transfer_Encoding="chunked"))
    assert raw.response().json["type"] == "broadcastResult"


def test_a_long_response_is_chunked(peal):
    server = peal(config={
        "limits": {"messages_per_second": 0},
        "channels": [{"match": "*", "history_size": 1000}]})
    for i in range(10):
        answers = post(server, [message("long", "x" * 500)] * 100).json
        assert len(answers) == 100
    raw = server.socket(receive_buffer=4096)
    ask = {"type": "history", "channel": "long", "limit": 1000}
    raw.send(request([ask, {"type": "ping"}]) + request(ask))
    first, second = raw.response(), raw.response()
    assert first.headers["transfer-encoding"] == "chunked"
    kinds = {answer["type"]: answer for answer in first.json}
    assert kinds.keys() == {"history", "pong"}
    for answer in kinds["history"], second.json:
        assert [one["offset"] for one in answer["messages"]] == list(
            range(1, 1001))
    raw.send(b"POST /client/a HTTP/1.0\r\nContent-Type: application/json\r\n"
             b"Content-Length: %d\r\n\r\n" % len(json.dumps(ask)) +
             json.dumps(ask).encode())
    head, body = raw.rest().split(b"\r\n\r\n")
    assert b"chunked" not in head and len(json.loads(body)["messages"]) == 1000


def test_a_key_publishes_once(shared):
    first = post(shared, message("once", 1, idempotency_key="k")).json
    again = post(shared, message("once", 2, idempotency_key="k")).json
    assert again["offset"] == first["offset"]
    # over a WebSocket too, and for no other client
    alice = shared.join("alice", "once")
    alice.send(message("once", 3, idempotency_key="k", id=1))
    assert alice.receive_type("broadcastResult")["offset"] == first["offset"]
    other = post(shared, message("once", 4, idempotency_key="k"), "bob").json
    assert other["offset"] == first["offset"] + 1
    assert post(shared, message("once", 5)).json["offset"] == (
        first["offset"] + 2)


# ---- refusals

@pytest.mark.parametrize("body, status, code", [
    (b"", 400, "bad_request"),
    (b"[", 400, "bad_request"),
    (b'[{"type":"ping"},', 400, "bad_request"),
    (b'{"type":"ping","id":"\xff"}', 400, "bad_request"),
    ({"type": "nonsense"}, 400, "unknown_type"),
    ({"type": "subscribe", "channel": "a"}, 400, "unknown_type"),
    ({"type": "unsubscribe", "channel": "a"}, 400, "unknown_type"),
    ({"type": "refresh", "token": "a"}, 400, "unknown_type"),
    ({"type": "broadcast"}, 400, "no_channel"),
    (message("no way"), 400, "bad_channel"),
    (message(event=""), 400, "bad_event"),
    (message(idempotency_key=""), 400, "bad_request"),
    (message(idempotency_key="a b"), 400, "bad_request"),
    (message(idempotency_key="x" * 129), 400, "bad_request"),
    ({"type": "direct", "to": ""}, 400, "bad_client"),
    ({"type": "history", "channel": "none:a"}, 404, "no_history"),
    ({"type": "presence", "channel": "none:a"}, 404, "no_presence"),
])
def test_an_error_has_a_name_and_a_status(start_shared, body, status, code):
    server = start_shared({"channels": [{"match": "none:*", "history_size": 0,
                                         "presence": False}, {
        "match": "*", "history_size": 5, "presence": True}]})
    response = post(server, body)
    assert (response.status, response.json["type"], response.json["code"]) == (
        status, "error", code)
    assert response.headers["connection"] == "keep-alive"


def test_an_invalid_request_is_refused(peal):
    server = peal(config={"limits": {"message_bytes": 1024}})
    for status, data in (
            (405, request_text("/client/alice", "GET")),
            (411, request(b"", Content_Length=None)),
            (415, request(b"{}", Content_Type=None)),
            (415, request(b"{}", Content_Type="text/plain")),
            (413, request(b"x" * 1025)),
            (413, request(b"401\r\n" + b"x" * 1025, Content_Length=None,
                          Transfer_Encoding="chunked")),
            (400, request(b"x\r\n", Content_Length=None,
                          Transfer_Encoding="chunked")),
            (400, request({}, query="/a")),
            (400, request({}, "")),
            (400, request({}, query="?protocol=echo"))):
        raw = server.socket()
        raw.send(data)
        response = raw.response()
        assert (response.status, "error" in response.json) == (status, True)
        assert raw.is_ended()
    assert post(server, {"type": "ping"}).status == 200


@pytest.mark.parametrize("headers, query, status, error", [
    ((), "", 401, "Authorization header required"),
    ((), "?token=" + make_token(), 401, "Authorization header required"),
    (bearer(ttl=-60), "", 401, "Invalid token"),
    (bearer("bob"), "", 403, "Token is for another client"),
    ((), "?ticket=" + "0" * 32, 401, "Invalid ticket"),
    ([*bearer(), ("Origin", "https://evil.example")], "", 403,
     "Origin not allowed"),
    ([("Cookie", f"peal_token={make_token()}")], "", 401,
     "Authorization header required"),
    (bearer(), "", 200, None),
    ([("Cookie", f"peal_token={make_token()}"), ("Origin", PAGE)], "", 200,
     None),
], ids=range(9))
def test_the_token_is_that_of_a_handshake(start_shared, headers, query,
                                          status, error):
    server = start_shared({**WITH_AUTH, "origins": [PAGE],
                           "explain_refusals": True})
    response = post(server, {"type": "ping"}, headers=headers, query=query)
    assert response.status == status
    assert response.json.get("error") == error


def test_a_ticket_is_good_for_one_request(peal):
    server = peal(config={**WITH_AUTH, **WITH_KEY})
    caps = [{"channels": ["room"], "allow": ["pub"]}]
    ticket = tell(server, "/api/tickets", {"client": "alice", "caps": caps})
    query = "?ticket=" + ticket["ticket"]
    assert post(server, message(), query=query).status == 200
    assert post(server, message(), query=query).status == 401


def test_a_token_in_the_address_if_allowed(peal):
    server = peal(config={"auth": {**WITH_AUTH["auth"], "query_token": True}})
    assert post(server, message(),
                query=f"?token={make_token()}").status == 200


def test_caps_apply(peal):
    server = peal(config=WITH_AUTH)
    headers = bearer(caps=[{"channels": ["room"], "allow": ["pub", "hst"]}])
    assert post(server, message(), headers=headers).status == 200
    for asked in (message("other"), {"type": "presence", "channel": "room"},
                  {"type": "direct", "to": "bob"}):
        response = post(server, asked, headers=headers)
        assert (response.status, response.json["code"]) == (403, "forbidden")
    refused = server.metric_sum("peal_operations_refused_total")
    assert refused == 3


def test_pages_of_allowed_origins_may_send_requests(peal):
    server = peal(config={**WITH_AUTH, "origins": [PAGE]})
    asked = server.request("/client/alice", "OPTIONS", [("Origin", PAGE)])
    assert asked.status == 204
    assert asked.headers["access-control-allow-origin"] == PAGE
    assert asked.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert asked.headers["access-control-allow-headers"] == (
        "Authorization, Content-Type")
    for headers, status in ((bearer(), 200), ((), 401)):
        got = post(server, message(), headers=[("Origin", PAGE), *headers])
        assert got.status == status
        assert got.headers["access-control-allow-origin"] == PAGE
        assert got.headers["access-control-allow-credentials"] == "true"
    other = server.request("/client/alice", "OPTIONS",
                           [("Origin", "https://evil.example")])
    assert "access-control-allow-methods" not in other.headers


def test_all_workers_share_the_rate_and_a_list_passes_completely(peal):
    server = peal(config={"workers": 4, "limits": {"messages_per_second": 10}})
    bob = server.join("bob", "rate")
    response = post(server, [message("rate")] * 11)
    assert (response.status, response.json) == (429, {
        "type": "close", "code": 4529, "reason": "rate limit"})
    assert response.headers["retry-after"] == "1"
    assert post(server, [message("rate", "first")] * 10, "carol").status == 200
    assert bob.receive_type("broadcast")["payload"] == "first"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(
            lambda _: post(server, message("rate"), "dave").status,
            range(40)))
    assert 10 <= statuses.count(200) < 30
    assert set(statuses) == {200, 429}
    assert server.metric('peal_limit_reached_total{limit="messages_per_second"}') == (
        1 + statuses.count(429))


# ---- differences to a connection

def test_a_request_is_not_a_connection(peal, application):
    server = peal(config={"single_connection": True, "hooks": hooks(
        application, events=["connected", "disconnected"]),
        "limits": {"connections": 1, "connections_per_client": 1}})
    alice = server.join("alice", "room")
    for _ in range(3):
        assert post(server, message()).json["listenerCount"] == 1
    assert alice.receive_type("broadcast")["from"] == "alice"
    sent = post(server, {"type": "direct", "to": "alice"}).json
    assert sent["connectionCount"] == 1
    assert server.metric("peal_connections_opened_total") == 1
    assert server.metric("peal_client_requests_total") == 4
    assert server.metric("peal_messages_received_total") == 4
    application.wait_events(1)
    assert len(application.all_events()) == 1


def test_the_application_is_asked(peal, application):
    answers = {"connect": {"allow": True, "caps": [
        {"channels": ["room"], "allow": ["sub", "pub"]}]}, "publish": ALLOW}
    application.answer = lambda question: answers[question["hook"]]
    server = peal(config={"hooks": hooks(
        application, questions=["connect", "publish"])})
    bob = server.join("bob", "room")
    assert post(server, message()).status == 200
    assert post(server, message("other")).json["code"] == "forbidden"
    answers["publish"] = {"allow": False, "reason": "no"}
    refused = post(server, message())
    assert (refused.status, refused.json["code"]) == (403, "refused")
    answers["connect"] = {"allow": False, "status": 402, "reason": "Pay first"}
    refused = post(server, message())
    assert (refused.status, refused.json) == (402, {"error": "Pay first"})
    assert bob.receive_type("broadcast")["payload"] == 1


def test_clients_that_leave_before_the_answer_affect_no_others(peal,
                                                               application):
    application.answer = lambda question: slowly(0.3, ALLOW)
    server = peal(config={"drain_seconds": 1, "hooks": hooks(
        application, questions=["publish"])})
    bob = server.join("bob", "room")
    raw = server.socket()
    raw.send(request(message(payload="left")))
    application.wait_asked(1)
    raw.close()
    assert bob.receive_type("broadcast")["payload"] == "left"
    # a waiting request is answered while the server drains
    raw = server.socket()
    raw.send(request(message(payload="stays")))
    application.wait_asked(2)
    server.signal(signal.SIGTERM)
    response = raw.response()
    assert response.json["type"] == "broadcastResult"
    assert response.headers["connection"] == "close"


def test_bans_apply(peal):
    server = peal(config=WITH_KEY)
    tell(server, "/api/ban", {"client": "eve", "seconds": 60})
    assert post(server, message(), "eve").status == 403
    assert publish(server, "room", 1)


def test_each_request_of_a_proxys_connection_has_its_own_client(peal):
    server = peal(config={**WITH_KEY, "trusted_proxies": ["127.0.0.1"],
                          "dashboard": "loopback", "insecure": True,
                          "web_root": str(ROOT / "web")})
    tell(server, "/api/ban", {"address": "192.0.2.1", "seconds": 60})
    raw = server.socket()

    def ask(address, text=None):
        raw.send(text or request(message(), headers=[
            ("X-Forwarded-For", address)]))
        return raw.response().status
    dashboard = request_text("/dashboard", headers=[
        ("X-Forwarded-For", "192.0.2.9")])
    local = request_text("/dashboard")
    assert ask("192.0.2.9") == 200
    assert ask("", local) == 200  # the proxy's own
    assert ask("192.0.2.9") == 200
    assert ask("", dashboard) == 404
    assert ask("192.0.2.1") == 403
    assert raw.is_ended()


def test_openapi_describes_it(shared):
    doc = json.loads((ROOT / "web/openapi.json").read_text())
    operation = doc["paths"]["/client/{client}"]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    for asked, status in ((body["example"], 200), ([body["example"]], 200),
                          ({"type": "x"}, 400)):
        response = post(shared, asked)
        assert response.status == status
        described = operation["responses"][str(status)]["content"][
            "application/json"]
        for schema, value in ((described["schema"], response.json),
                              (described["schema"], described["example"]),
                              (body["schema"], body["example"])):
            jsonschema.Draft202012Validator(
                {**schema, "components": doc["components"]}).validate(value)
