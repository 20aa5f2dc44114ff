"""User sign-in with Pusher's protocol."""

import pytest

from support.api import WITH_KEY
from support.pusher import APP, Pusher, sign

from test_pusher_api import OTHER, ask, get, told, trigger

CONFIG = {**WITH_KEY, "pusher": {"apps": [APP, OTHER]}}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(CONFIG)


def terminate(server, user, app=None):
    response = ask(server, f"users/{user}/terminate_connections", {}, app)
    assert (response.status, response.body) == (200, b"{}"), response


def test_a_user_receives_events_of_the_backend(server):
    clients = [Pusher(server) for _ in range(3)]
    for client, user in zip(clients, ["ann", "ann", "bob"]):
        client.signin(user)
        client.join(f"#server-to-user-{user}")
    trigger(server, ["#server-to-user-ann"], "hi")
    for client in clients[:2]:
        message = client.receive("hi")
        assert message["channel"] == "#server-to-user-ann"
        assert message["data"] == {"a": 1}
    assert clients[2].is_silent()


def test_other_clients_cannot_send_to_users(server):
    client = Pusher(server)
    for _ in range(2):
        client.subscribe("#server-to-user-ann")
        error = client.receive("pusher:subscription_error")
        assert (error["data"]["type"], error["data"]["status"]) == (
            "AuthError", 401)
        client.signin("bob")
    client.send("pusher:signin", {"auth": "x", "user_data": "{}"})
    assert client.receive("pusher:error")["data"]["code"] == 4009


@pytest.mark.parametrize("data, words", [
    ('{"id":""}', "user id must be"), ('{"id":"a b"}', "user id must be"),
    ('{"name":"x"}', "user id must be"), ("x", "user id must be"),
    ('{"id":"%s"}' % ("x" * 200), "user id must be")])
def test_an_invalid_user_ends_the_connection(server, data, words):
    client = Pusher(server)
    signature = sign(f"{client.socket_id}::user::{data}")
    client.send("pusher:signin", {"auth": f"{APP['key']}:{signature}",
                                  "user_data": data})
    error = client.receive("pusher:error")["data"]
    assert error["code"] == 4009 and words in error["message"]
    assert client.websocket.wait_closed().code == 4009


def test_a_signature_is_for_one_connection(server):
    one, two = Pusher(server), Pusher(server)
    data = '{"id":"ann"}'
    signature = sign(f"{one.socket_id}::user::{data}")
    two.send("pusher:signin", {"auth": f"{APP['key']}:{signature}",
                               "user_data": data})
    assert two.receive("pusher:error")["data"]["code"] == 4009
    one.signin(12)
    one.signin(12, more="data")
    one.send("pusher:signin", {
        "auth": f"{APP['key']}:{signature}", "user_data": data})
    error = one.receive("pusher:error")["data"]
    assert (error["code"], error["message"]) == (None,
                                                 "Already signed in as another user")
    one.join("#server-to-user-12")


def test_all_connections_of_a_user_are_closed(server):
    gone = [Pusher(server) for _ in range(2)]
    other, stranger = Pusher(server), Pusher(server, OTHER)
    for client, user in zip(gone + [other, stranger], ["x", "x", "y", "x"]):
        client.signin(user)
    terminate(server, "x")
    for client in gone:
        assert client.websocket.wait_closed().code == 4009
    terminate(server, "nobody")
    assert other.is_silent() and stranger.is_silent()
    response = ask(server, "users/a%20b/terminate_connections", {})
    assert response.status == 400
    assert get(server, "users/x/terminate_connections").status == 405


# ---- watchlists

WATCHING = {"pusher": {"apps": [{**APP, "watchlists": True}]}}


def changes(client):
    """The member events a client received, in order."""
    events = client.receive("pusher_internal:watchlist_events")["data"]
    return [(event["name"], user) for event in events["events"]
            for user in event["user_ids"]]


def test_watchlist_events(peal):
    server = peal({**WITH_KEY, **WATCHING})
    ann, bob = Pusher(server), Pusher(server)
    bob.signin("bob", watchlist=["carl"])
    assert changes(bob) == [("offline", "carl")]
    ann.signin("ann", watchlist=["bob", "carl", "ann", 7, "a b"])
    assert sorted(changes(ann) + changes(ann)) == [("offline", "carl"),
                                                   ("online", "bob")]
    carl = [Pusher(server) for _ in range(2)]
    for client in carl:
        client.signin("carl")
    assert changes(ann) == changes(bob) == [("online", "carl")]
    carl[0].websocket.end()
    assert ann.is_silent()
    carl[1].websocket.end()
    assert changes(ann) == changes(bob) == [("offline", "carl")]
    for name in "#watch-bob", "#watch-ann":
        ann.subscribe(name)
        ann.receive("pusher:error")
    assert told(server, "channels") == {"channels": {}}


def test_a_watchlist_is_limited(peal):
    server = peal(WATCHING)
    client = Pusher(server)
    client.signin("ann", watchlist=[f"u{n}" for n in range(101)])
    error = client.receive("pusher:error")["data"]
    assert error["code"] == 4302
    client.join("news")
