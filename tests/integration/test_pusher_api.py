"""Pusher's HTTP API for backends."""

import hashlib
import json
import time
import urllib.parse

import pytest

from support.api import WITH_KEY
from support.pusher import APP, Pusher, sign
from support.raw import request_text

OTHER = {"id": "2", "key": "other-key", "secret": "other-secret"}
CONFIG = {**WITH_KEY, "pusher": {"apps": [APP, OTHER]}}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(CONFIG)


def ask(server, path, body, app=None, method="POST", **changes):
    """A signed request; `changes` of its parameters, None: left out."""
    app = app or APP
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    query = {"auth_key": app["key"], "auth_timestamp": str(int(time.time())),
             "auth_version": "1.0",
             "body_md5": hashlib.md5(data).hexdigest()}
    query.update(changes)
    query = {name: value for name, value in query.items()
             if value is not None}
    signature = query.pop("auth_signature", None)
    full = f"/apps/{app['id']}/{path}"
    text = "&".join(f"{name}={query[name]}" for name in sorted(query))
    query["auth_signature"] = signature or sign(
        f"{method}\n{full}\n{text}", app["secret"])
    raw = server.socket()
    raw.send(request_text(
        full + "?" + urllib.parse.urlencode(query), method, [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(data)))]) + data)
    response = raw.response(method)
    raw.close()
    return response


def trigger(server, channels, name="said", data='{"a":1}', **more):
    response = ask(server, "events", {"name": name, "channels": channels,
                                      "data": data, **more})
    assert (response.status, response.body) == (200, b"{}"), response


def test_events_reach_their_channels(server):
    client = Pusher(server)
    client.join("one")
    client.join("private-two")
    trigger(server, ["one", "private-two", "nobody"], "App\\Events\\Said")
    heard = [client.hear() for _ in range(2)]
    assert [m["channel"] for m in heard] == ["one", "private-two"]
    assert {m["event"] for m in heard} == {"App\\Events\\Said"}
    assert all(m["data"] == {"a": 1} for m in heard)
    response = ask(server, "events", {"name": "x", "channel": "one",
                                      "data": "plain text"})
    assert response.body == b"{}"
    assert client.receive("x")["data"] == "plain text"


def test_who_published_does_not_hear_it(server):
    clients = [Pusher(server) for _ in range(2)]
    for client in clients:
        client.join("excluded")
    trigger(server, ["excluded"], socket_id=clients[0].socket_id)
    assert clients[1].receive("said")["data"] == {"a": 1}
    assert clients[0].websocket.is_silent()


def test_a_batch(server):
    client = Pusher(server)
    client.join("batch")
    response = ask(server, "batch_events", {"batch": [
        {"name": f"e{n}", "channel": "batch", "data": str(n)}
        for n in range(10)]})
    assert (response.status, response.body) == (200, b"{}")
    assert [client.hear()["event"] for _ in range(10)] == \
        [f"e{n}" for n in range(10)]


def test_apps_do_not_reach_each_other(server):
    client = Pusher(server)
    client.join("apart")
    response = ask(server, "events", {"name": "x", "channel": "apart",
                                      "data": "1"}, OTHER)
    assert response.status == 200
    assert client.websocket.is_silent()


GOOD = {"name": "x", "channel": "c", "data": "1"}


@pytest.mark.parametrize("changes, words", [
    ({"auth_signature": "0" * 64}, "signature"),
    ({"auth_signature": "x"}, "signature"),
    ({"auth_key": "other-key"}, "auth_key"),
    ({"auth_key": None}, "auth_key"),
    ({"auth_version": "2.0"}, "auth_version"),
    ({"auth_timestamp": None}, "auth_timestamp"),
    ({"auth_timestamp": "x"}, "auth_timestamp"),
    ({"auth_timestamp": str(int(time.time()) - 700)}, "600 seconds"),
    ({"auth_timestamp": str(int(time.time()) + 2000)}, "600 seconds"),
    ({"body_md5": "0" * 32}, "body_md5"),
    ({"body_md5": None}, "body_md5"),
])
def test_a_request_must_be_signed(server, changes, words):
    response = ask(server, "events", GOOD, **changes)
    assert response.status == 401
    assert response.headers["content-type"].startswith("text/plain")
    assert words in response.body.decode()


def test_what_is_signed_is_all_of_it(server):
    assert ask(server, "events", GOOD, Zeta="1").status == 401
    assert ask(server, "events", GOOD, zeta="a,b").status == 200
    assert ask(server, "events", GOOD, {**APP, "id": "9"}).status == 404
    assert ask(server, "events", GOOD, {**APP, "id": "2"}).status == 401
    assert ask(server, "events", GOOD, **{f"p{n}": "1" for n in range(20)}
               ).status == 400


@pytest.mark.parametrize("body, status, words", [
    (b"{", 400, "JSON object"),
    ({}, 400, "channels must be"),
    ({**GOOD, "channel": "a b"}, 400, "channel name"),
    ({**GOOD, "channel": "2:x"}, 400, "channel name"),
    ({"name": "x", "data": "1", "channels": []}, 400, "1 to 100"),
    ({"name": "x", "data": "1", "channels": ["c"] * 101}, 400, "1 to 100"),
    ({**GOOD, "name": ""}, 400, "name must be"),
    ({**GOOD, "name": "x" * 201}, 400, "name must be"),
    ({**GOOD, "data": {"a": 1}}, 400, "data must be"),
    ({**GOOD, "data": "x" * 10241}, 413, "content of this event"),
    ({**GOOD, "socket_id": "x"}, 400, "socket_id"),
    ({**GOOD, "socket_id": "1.2.3"}, 400, "socket_id"),
    ({**GOOD, "info": "user_count"}, 400, "info"),
])
def test_a_bad_event_is_refused_in_plain_text(server, body, status, words):
    response = ask(server, "events", body)
    assert response.status == status, response.body
    assert response.headers["content-type"].startswith("text/plain")
    assert words in response.body.decode()


def test_limits_of_an_event(server):
    client = Pusher(server)
    client.join("limits")
    trigger(server, ["limits"] + [f"c{n}" for n in range(99)], "x" * 200,
            "y" * 10240)
    message = client.hear()
    assert (message["event"], message["data"]) == ("x" * 200, "y" * 10240)


@pytest.mark.parametrize("batch, words", [
    ([GOOD] * 11, "Batch too large"), ([], "batch must be"),
    ([7], "JSON object"), ([{**GOOD, "channel": ""}], "channel name")])
def test_a_bad_batch_is_refused(server, batch, words):
    response = ask(server, "batch_events", {"batch": batch})
    assert response.status == 400
    assert words in response.body.decode()


def test_without_apps_there_is_none(peal):
    assert ask(peal(), "events", GOOD).status == 404
