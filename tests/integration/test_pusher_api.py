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
    """A signed request; `changes` replaces parameters, None removes one."""
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


def get(server, path, app=None, **parameters):
    """A signed GET request about channels."""
    return ask(server, path, b"", app, "GET", body_md5=None, **parameters)


def told(server, path, **parameters):
    response = get(server, path, **parameters)
    assert response.status == 200, response
    return json.loads(response.body)


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


def test_the_sender_can_be_excluded(server):
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


def test_apps_cannot_reach_each_other(server):
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
    ({"body_md5": "0" * 32}, "body_md5"),
    ({"body_md5": None}, "body_md5"),
])
def test_a_request_must_be_signed(server, changes, words):
    response = ask(server, "events", GOOD, **changes)
    assert response.status == 401
    assert response.headers["content-type"].startswith("text/plain")
    assert words in response.body.decode()


@pytest.mark.parametrize("seconds", [-700, 700])
def test_a_request_must_be_recent(server, seconds):
    timestamp = str(int(time.time()) + seconds)
    response = ask(server, "events", GOOD, auth_timestamp=timestamp)
    assert response.status == 401
    assert "600 seconds" in response.body.decode()


def test_all_parts_of_a_request_are_signed(server):
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
    ({**GOOD, "info": "nonsense"}, 400, "Invalid info"),
    ({**GOOD, "info": 7}, 400, "Invalid info"),
])
def test_an_invalid_event_is_refused_in_plain_text(server, body, status,
                                                   words):
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
def test_an_invalid_batch_is_refused(server, batch, words):
    response = ask(server, "batch_events", {"batch": batch})
    assert response.status == 400
    assert words in response.body.decode()


# ---- channel information


def test_occupied_channels_are_listed(server):
    for channels in (["list-a", "list-b"], ["list-b"]):
        client = Pusher(server)
        for channel in channels:
            client.join(channel)
    client.join("presence-list", (1, {}))
    assert told(server, "channels", filter_by_prefix="list-") == {
        "channels": {"list-a": {}, "list-b": {}}}
    assert told(server, "channels", filter_by_prefix="list-",
                info="subscription_count") == {"channels": {
                    "list-a": {"subscription_count": 1},
                    "list-b": {"subscription_count": 2}}}
    assert told(server, "channels", filter_by_prefix="presence-l",
                info="user_count") == {
                    "channels": {"presence-list": {"user_count": 1}}}
    assert {"list-a", "presence-list"} <= set(
        told(server, "channels")["channels"])
    assert json.loads(get(server, "channels", OTHER).body) == {"channels": {}}


def test_information_about_a_channel(server):
    name = "presence-one"
    clients = [Pusher(server) for _ in range(3)]
    for client, user in zip(clients, [1, 1, "two"]):
        client.join(name, (user, {}))
    everything = "user_count,subscription_count"
    assert told(server, f"channels/{name}", info=everything) == {
        "occupied": True, "user_count": 2, "subscription_count": 3}
    assert told(server, f"channels/{name}") == {"occupied": True}
    assert told(server, "channels/nobody", info="subscription_count") == {
        "occupied": False, "subscription_count": 0}
    users = told(server, f"channels/{name}/users")["users"]
    assert sorted(user["id"] for user in users) == ["1", "two"]
    assert told(server, "channels/presence-nobody/users") == {"users": []}
    # names that also occur in other routes
    Pusher(server).join("events")
    assert told(server, "channels/events") == {"occupied": True}


def test_the_answer_to_an_event_has_channel_information(server):
    client = Pusher(server)
    client.join("presence-told", (1, {}))
    client.join("told")
    response = ask(server, "events", {
        "name": "x", "data": "1", "info": "user_count,subscription_count",
        "channels": ["presence-told", "told", "untold", "told"]})
    assert json.loads(response.body) == {"channels": {
        "presence-told": {"user_count": 1, "subscription_count": 1},
        "told": {"subscription_count": 1},
        "untold": {"subscription_count": 0}}}
    response = ask(server, "batch_events", {"batch": [
        {"name": "x", "data": "1", "channel": "told", "info": "user_count"},
        {"name": "x", "data": "1", "channel": "told"},
        {"name": "x", "data": "1", "channel": "presence-told",
         "info": "user_count,subscription_count"}]})
    assert json.loads(response.body) == {"batch": [
        {}, {}, {"user_count": 1, "subscription_count": 1}]}


@pytest.mark.parametrize("path, parameters, words", [
    ("channels", {"info": "user_count"}, "presence-"),
    ("channels", {"info": "user_count", "filter_by_prefix": "private-"},
     "presence-"),
    ("channels", {"info": "colour"}, "Invalid info"),
    ("channels", {"filter_by_prefix": 'a"b'}, "filter_by_prefix"),
    ("channels", {"filter_by_prefix": "x" * 200}, "filter_by_prefix"),
    ("channels/news", {"info": "user_count"}, "presence channels"),
    ("channels/a:b", {}, "channel name"),
    ("channels/news/users", {}, "presence channels"),
])
def test_an_invalid_query_is_refused(server, path, parameters, words):
    response = get(server, path, **parameters)
    assert response.status == 400, response
    assert words in response.body.decode()


def test_queries_are_signed_too(server):
    response = get(server, "channels", auth_signature="0" * 64)
    assert response.status == 401
    assert ask(server, "channels", GOOD).status == 405
    assert get(server, "channels/a/b/c").status == 404


def test_without_apps_the_api_is_off(peal):
    assert ask(peal(), "events", GOOD).status == 404
