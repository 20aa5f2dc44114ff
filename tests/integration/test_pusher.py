"""Pusher's protocol over WebSocket."""

import json
import re
import signal

import pytest

from support import patience
from support.api import WITH_KEY, publish, tell
from support.events import Stream
from support.pusher import APP, WITH_APP, Pusher, sign
from support.websocket import Refused

from test_reload import reload

OTHER = {"id": "2", "key": "other-key", "secret": "other-secret"}
CONFIG = {**WITH_KEY, "pusher": {"apps": [APP, OTHER]}}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(CONFIG)


def is_silent(client):
    return client.websocket.is_silent()


# ---- connecting


def test_a_connection_receives_its_socket_id(server):
    clients = [Pusher(server, version=version) for version in "567"]
    for client in clients:
        assert re.fullmatch(r"\d+\.\d+", client.socket_id)
        assert client.activity_timeout == 120
    assert len({client.socket_id for client in clients}) == 3


def refusal(server, path):
    websocket = server.connect(path=path)
    error = json.loads(websocket.receive_data())
    assert error["event"] == "pusher:error"
    closed = websocket.wait_closed()
    assert error["data"] == {"code": closed.code, "message": closed.reason}
    return closed.code


@pytest.mark.parametrize("path, code", [
    ("/app/nobody?protocol=7", 4001),
    ("/app/?protocol=7", 4005),
    (f"/app/{APP['key']}?protocol=x", 4006),
    (f"/app/{APP['key']}?protocol=4", 4007),
    (f"/app/{APP['key']}?protocol=8", 4007),
    (f"/app/{APP['key']}", 4008),
    (f"/app/{APP['key']}/more?protocol=7", 4001),
])
def test_a_refused_client_gets_the_reason_and_does_not_reconnect(server, path,
                                                                 code):
    assert refusal(server, path) == code


def test_without_apps_it_is_off(peal):
    with pytest.raises(Refused) as caught:
        peal().connect(path=f"/app/{APP['key']}?protocol=7")
    assert caught.value.response.status == 404


def test_pings_are_answered(server):
    client = Pusher(server)
    client.send("pusher:ping")
    assert client.hear() == {"event": "pusher:pong", "data": {}}
    client.send("pusher:pong")
    assert is_silent(client)


@pytest.mark.parametrize("text, message", [
    ("{", "Invalid message"), ("[]", "Invalid message"),
    ("{}", "Invalid message"), ('{"event":7}', "Invalid message"),
    ('{"event":"pusher:nonsense","data":{}}', "Unknown event"),
    ('{"event":"pusher:subscribe","data":{"channel":"a b"}}',
     "Invalid channel, auth or channel_data"),
    ('{"event":"pusher:subscribe","data":7}',
     "Invalid channel, auth or channel_data"),
    ('{"event":"pusher:subscribe"}', "Invalid channel, auth or channel_data"),
    ('{"event":"client-x","channel":"a b","data":{}}',
     "Invalid channel or event"),
])
def test_an_invalid_message_is_an_error(server, text, message):
    client = Pusher(server)
    client.websocket.send(text)
    data = client.receive("pusher:error")["data"]
    assert data["message"] == message
    client.send("pusher:ping")
    client.receive("pusher:pong")


# ---- channels


def test_a_public_channel(server):
    client = Pusher(server)
    assert client.join("public") == {}
    publish(server, "pusher:1:public", {"a": 1}, event="said")
    assert client.hear() == {"event": "said", "channel": "public",
                             "data": {"a": 1}}
    client.send("pusher:unsubscribe", {"channel": "public"})
    client.send("pusher:ping")
    client.receive("pusher:pong")
    publish(server, "pusher:1:public", {"a": 1}, event="said")
    assert is_silent(client)
    client.join("public")


def test_data_is_a_json_text(server):
    client = Pusher(server)
    client.join("data")
    for payload, text in (({"a": [1, "x"]}, '{"a":[1,"x"]}'),
                          ("plain", "plain"), ("7", '"7"'), (7, "7"),
                          ("{}", '"{}"'), (None, "null")):
        body = json.dumps({"channel": "pusher:1:data", "event": "e",
                           "payload": payload},
                          separators=(",", ":")).encode()
        tell(server, "/api/publish", body)
        message = json.loads(client.websocket.receive_data())
        assert message == {"event": "e", "channel": "data", "data": text}


def test_subscribing_twice_is_an_error(server):
    client = Pusher(server)
    client.join("twice")
    client.subscribe("twice")
    error = client.receive("pusher:error")["data"]
    assert error["message"] == "Existing subscription to this channel"


def test_a_private_channel_requires_a_signature(server):
    client = Pusher(server)
    other = Pusher(server)
    name = "private-room"
    good = client.auth(name)
    for bad in ("", "x", good[:-1], good[:-1] + "g", good.upper(),
                other.auth(name), client.auth("private-other"),
                good.replace(APP["key"], OTHER["key"]),
                APP["key"] + ":" + sign(f"{client.socket_id}:{name}", "x")):
        client.subscribe(name, auth=bad or " ")
        error = client.receive("pusher:subscription_error")
        assert error == {
            "event": "pusher:subscription_error", "channel": name,
            "data": {"type": "AuthError", "error": "Invalid signature",
                     "status": 401}}
    assert client.join(name) == {}


def test_channel_data_of_a_private_channel_is_signed_too(server):
    client = Pusher(server)
    name = "private-data"
    for data, auth in (('{"a":1}', client.auth(name)),
                       ('{"a":1}', client.auth(name, '{"a":1}'))):
        client.send("pusher:subscribe", {"channel": name, "auth": auth,
                                         "channel_data": data})
        message = client.hear()
    assert message["event"] == "pusher_internal:subscription_succeeded"


def test_apps_are_separate(server):
    one, two = Pusher(server), Pusher(server, OTHER)
    one.join("shared")
    two.join("shared")
    publish(server, "pusher:2:shared", 1, event="e")
    assert two.receive("e")["data"] == 1
    assert is_silent(one)
    two.send("client-x", {}, "shared")
    assert "not enabled" in two.receive("pusher:error")["data"]["message"]


def test_a_name_may_not_leave_the_app(server):
    client = Pusher(server)
    for name in ("a:b", "2:x", "a/b", "a$", "#a", "#server-to-user-", "",
                 "x" * 156):
        client.subscribe(name)
        assert client.hear()["event"] == "pusher:error"
    client.join("x" * 155)


# ---- presence


def test_presence_lists_all_members_with_their_types(server):
    name = "presence-types"
    one = Pusher(server)
    assert one.join(name, (10, {"name": "Ann"})) == {"presence": {
        "ids": [10], "hash": {"10": {"name": "Ann"}}, "count": 1}}
    two = Pusher(server)
    presence = two.join(name, ("bob", {"name": "Bob"}))["presence"]
    assert sorted(presence["ids"], key=str) == [10, "bob"]
    assert presence["hash"] == {"10": {"name": "Ann"}, "bob": {"name": "Bob"}}
    assert presence["count"] == 2
    assert one.hear() == {
        "event": "pusher_internal:member_added", "channel": name,
        "data": {"user_id": "bob", "user_info": {"name": "Bob"}}}
    three = Pusher(server)
    three.join(name, ("11", {}))  # a string that looks like a number
    for client in (one, two):
        assert client.receive("pusher_internal:member_added")["data"] == {
            "user_id": "11", "user_info": {}}
    three.websocket.end()
    for client in (one, two):
        assert client.hear() == {
            "event": "pusher_internal:member_removed", "channel": name,
            "data": {"user_id": "11"}}


def test_a_user_with_two_connections_is_one_member(server):
    name = "presence-tabs"
    watcher = Pusher(server)
    watcher.join(name, ("w", {}))
    tabs = [Pusher(server) for _ in range(2)]
    for tab in tabs:
        assert tab.join(name, (7, {}))["presence"]["count"] == 2
    watcher.receive("pusher_internal:member_added")
    assert is_silent(watcher)
    tabs[0].send("pusher:unsubscribe", {"channel": name})
    assert is_silent(watcher)
    tabs[1].websocket.drop()
    assert watcher.receive("pusher_internal:member_removed")["data"] == {
        "user_id": "7"}


def test_a_socket_may_have_another_user_in_each_channel(server):
    client = Pusher(server)
    for user in ("a", "b"):
        presence = client.join(f"presence-{user}", (user, {"n": user}))
        assert presence["presence"]["hash"] == {user: {"n": user}}
    client.send("pusher:unsubscribe", {"channel": "presence-a"})
    presence = client.join("presence-a", ("c", {}))["presence"]
    assert presence["hash"] == {"c": {}}


@pytest.mark.parametrize("data", [
    "x", "[]", "{}", '{"user_id":""}', '{"user_id":null}',
    '{"user_id":["a"]}', '{"user_id":"a","user_info":"x"}',
    json.dumps({"user_id": "a" * 129}),
    json.dumps({"user_id": "a", "user_info": {"a": "x" * 1100}}),
])
def test_invalid_channel_data_is_refused(server, data):
    client = Pusher(server)
    name = "presence-bad"
    client.send("pusher:subscribe", {
        "channel": name, "channel_data": data,
        "auth": client.auth(name, data)})
    error = client.receive("pusher:subscription_error")
    assert error["data"]["status"] == 400
    client.join(name, ("a", {}))


def test_a_presence_channel_may_be_full(peal):
    server = peal({"pusher": {"apps": [{**APP, "presence_members": 2}]}})
    name = "presence-full"
    clients = [Pusher(server) for _ in range(3)]
    for index in range(2):
        clients[index].join(name, (index, {}))
    clients[2].subscribe(name, (2, {}))
    error = clients[2].receive("pusher:subscription_error")["data"]
    assert error["type"] == "LimitReached"
    clients[1].send("pusher:unsubscribe", {"channel": name})
    clients[1].send("pusher:ping")
    while clients[1].hear()["event"] != "pusher:pong":
        pass
    presence = clients[2].join(name, (2, {}))["presence"]
    assert presence["count"] == 2


def test_a_long_list_is_complete(peal):
    server = peal({"pusher": {"apps": [{**APP, "presence_members": 0}]},
                   "limits": {"connections_per_ip": 0}})
    name = "presence-many"
    crowd = [Pusher(server) for _ in range(150)]
    for index, client in enumerate(crowd):
        client.subscribe(name, (index, {"text": "x" * 900}))
    last = Pusher(server)
    client = crowd[0]
    patience.wait_until(lambda: server.metric("peal_subscriptions") == 150,
                        20, what="all to be there")
    presence = last.join(name, ("last", {}))["presence"]
    assert presence["count"] == 151
    assert len(presence["ids"]) == len(presence["hash"]) == 151
    assert client


# ---- events of clients


def test_client_events_reach_all_others(server):
    clients = [Pusher(server) for _ in range(3)]
    for client in clients:
        client.join("private-chat")
    clients[0].send("client-typing", {"is": True}, "private-chat")
    for client in clients[1:]:
        assert client.hear() == {"event": "client-typing",
                                 "channel": "private-chat",
                                 "data": {"is": True}}
    assert is_silent(clients[0])
    clients[1].send("client-typing", "text", "private-chat")
    for client in (clients[0], clients[2]):
        assert client.receive("client-typing")["data"] == "text"


def test_client_events_of_presence_channels_have_a_user(server):
    name = "presence-chat"
    watcher = Pusher(server)
    watcher.join(name, ("w", {}))
    for user in (7, "seven"):
        client = Pusher(server)
        client.join(name, (user, {"n": 1}))
        watcher.receive("pusher_internal:member_added")
        client.send("client-x", {}, name)
        assert watcher.hear() == {"event": "client-x", "channel": name,
                                  "data": {}, "user_id": user}
        client.websocket.end()
        watcher.receive("pusher_internal:member_removed")


def test_client_events_need_a_subscribed_private_channel(server):
    client = Pusher(server)
    client.join("public-events")
    client.subscribe("private-encrypted-x")
    client.receive("pusher_internal:subscription_succeeded")
    for channel, words in (("public-events", "private and presence"),
                           ("private-encrypted-x", "private and presence"),
                           ("private-nobody", "Not subscribed")):
        client.send("client-x", {}, channel)
        error = client.receive("pusher:error")["data"]
        assert error["code"] == 4301 and words in error["message"]


def test_client_events_have_a_rate(peal):
    server = peal({"pusher": {"apps": [{**APP,
                                        "client_events_per_second": 2}]}})
    client = Pusher(server)
    client.join("private-fast")
    for _ in range(20):
        client.send("client-x", {}, "private-fast")
    error = client.receive("pusher:error")["data"]
    assert error == {"code": 4301, "message": "Too many client events"}
    client.send("pusher:ping")  # the connection stays open
    while client.hear()["event"] != "pusher:pong":
        pass


# ---- one house


def test_protocols_exchange_messages(server):
    client = Pusher(server)
    client.join("private-house")
    bob = server.join("bob", "pusher:1:private-house")
    stream = Stream(server, "carol", ["pusher:1:private-house"]).join()
    bob.ask({"type": "broadcast", "event": "from-bob", "payload": {"a": 1}})
    assert client.hear() == {"event": "from-bob", "channel": "private-house",
                             "data": {"a": 1}}
    assert bob.receive_type("broadcast")["event"] == "from-bob"
    client.send("client-hi", {"b": 2}, "private-house")
    message = bob.receive_type("broadcast")
    assert message["event"] == "client-hi" and message["payload"] == {"b": 2}
    assert message["from"] == f"pusher:1:{client.socket_id}"
    assert [e.data["event"] for e in stream.receive_many(2)] == \
        ["from-bob", "client-hi"]
    bob.ask({"type": "broadcast", "payload": 1})
    assert client.receive("message")["data"] == 1


def test_protocols_share_presence(server):
    name = "presence-house"
    client = Pusher(server)
    client.join(name, (10, {"name": "Ann"}))
    bob = server.join("bob", "pusher:1:" + name)
    assert client.receive("pusher_internal:member_added")["data"] == {
        "user_id": "bob", "user_info": {}}
    answer = bob.ask({"type": "presence"})
    assert {m["client"]: m.get("info") for m in answer["clients"]} == {
        "bob": None, "10": {"user_id": 10, "name": "Ann"}}


def test_a_backend_unsubscribes_a_client(server):
    client = Pusher(server)
    client.join("taken")
    tell(server, "/api/unsubscribe", {
        "client": f"pusher:1:{client.socket_id}",
        "channel": "pusher:1:taken"})
    error = client.receive("pusher:subscription_error")
    assert (error["channel"], error["data"]["status"]) == ("taken", 403)
    tell(server, "/api/disconnect", {
        "client": f"pusher:1:{client.socket_id}"})
    assert client.websocket.wait_close() == 4009



# ---- config


def test_apps_are_added_and_removed_by_a_reload(peal):
    server = peal(CONFIG)
    Pusher(server, OTHER)
    fresh = {**OTHER, "secret": "fresh-secret"}
    reload(server, {"pusher.apps": [fresh]})
    client = Pusher(server, fresh)
    client.join("private-fresh")
    assert refusal(server, f"/app/{APP['key']}?protocol=7") == 4001


def test_a_drain_makes_clients_wait(peal):
    server = peal({**CONFIG, "drain_seconds": 1})
    client = Pusher(server)
    server.process.send_signal(signal.SIGTERM)
    assert client.websocket.wait_close() == 4100


def test_subscribers_may_get_the_subscription_count(peal):
    server = peal({"pusher": {"apps": [{**APP, "subscription_counts": True},
                                       OTHER]}})
    one, two, other = Pusher(server), Pusher(server), Pusher(server, OTHER)
    one.join("room")
    assert one.hear() == {"event": "pusher_internal:subscription_count",
                          "channel": "room",
                          "data": {"subscription_count": 1}}
    other.join("room")
    two.join("room")
    for client in one, two:
        assert client.receive("pusher_internal:subscription_count")[
            "data"] == {"subscription_count": 2}
    two.send("pusher:unsubscribe", {"channel": "room"})
    assert one.receive("pusher_internal:subscription_count")[
        "data"] == {"subscription_count": 1}
    assert is_silent(other)


# ---- settings of an app


def test_an_app_has_its_own_origins(peal):
    server = peal({"origins": ["https://all.example"], "pusher": {"apps": [
        {**APP, "origins": ["https://app.example"]}, OTHER]}})

    def path(app):
        return f"/app/{app['key']}?protocol=7"

    def connect(app, origin):
        return server.connect(path=path(app), headers=[("Origin", origin)])

    good = connect(APP, "https://app.example")
    assert "connection_established" in good.receive_data()
    Pusher(server)  # not a browser
    bad = connect(APP, "https://all.example")
    assert json.loads(bad.receive_data())["data"]["code"] == 4009
    assert bad.wait_closed().code == 4009
    assert "established" in connect(
        OTHER, "https://all.example").receive_data()
    with pytest.raises(Refused):
        connect(OTHER, "https://app.example")


def test_the_connections_of_an_app_are_limited(peal):
    server = peal({"pusher": {"apps": [{**APP, "connections": 2}, OTHER]}})
    clients = [Pusher(server) for _ in range(2)]
    assert refusal(server, f"/app/{APP['key']}?protocol=7") == 4004
    assert server.metric('peal_limit_reached_total{limit="pusher.apps"}') == 1
    Pusher(server, OTHER)
    clients[0].websocket.end()
    patience.wait_until(
        lambda: server.metric("peal_connections") == 2, 5, what="two are left")
    Pusher(server)


def test_the_bytes_of_an_event_are_limited(peal):
    server = peal({"pusher": {"apps": [{**APP, "event_bytes": 20}]}})
    one, two = Pusher(server), Pusher(server)
    for client in one, two:
        client.join("private-room")
    one.send("client-x", "x" * 30, "private-room")
    error = one.receive("pusher:error")["data"]
    assert error["code"] == 4301 and "exceeds the limit" in error["message"]
    one.send("client-x", "short", "private-room")
    two.receive("client-x")
