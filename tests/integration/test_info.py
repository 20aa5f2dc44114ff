"""Public client info from a token, a ticket or the application, in presence,
joins and messages."""

import json

import pytest

from support.api import WITH_KEY, ask, tell
from support.application import hooks
from support.events import Stream
from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused

INFO = {"name": "Alice", "avatar": "a|b;c.png"}
GATED = {**WITH_AUTH, **WITH_KEY, "channels": [
    {"match": "seen:*", "message_info": True, "join_leave": True},
    {"match": "*", "join_leave": True}]}


@pytest.fixture(scope="module")
def gated(start_shared):
    return start_shared(GATED)


def join(server, channel, client="alice", **claims):
    connection = server.connect(client, [channel], protocol="broadcast",
                                token=make_token(client, **claims))
    connection.receive_type("subscribed")
    return connection


def presence(client, channel):
    answer = client.ask({"type": "presence", "channel": channel})
    return {member["client"]: member.get("info")
            for member in answer["clients"]}


def test_presence_and_join_contain_info(gated):
    bob = join(gated, "shown", "bob")
    join(gated, "shown", info=INFO)
    assert bob.receive_type("join") == {
        "type": "join", "channel": "shown", "client": "alice", "info": INFO}
    assert presence(bob, "shown") == {"alice": INFO, "bob": None}
    answer = tell(gated, "/api/channels/shown/presence")
    assert {m["client"]: m.get("info") for m in answer["clients"]} == \
        {"alice": INFO, "bob": None}


def test_a_leave_contains_no_info(gated):
    bob = join(gated, "left", "bob")
    alice = join(gated, "left", info=INFO)
    bob.receive_type("join")
    alice.end()
    assert bob.receive_type("leave") == {
        "type": "leave", "channel": "left", "client": "alice"}


def test_messages_contain_info_if_configured(gated):
    for channel, shown in (("seen:1", INFO), ("unseen", None)):
        alice = join(gated, channel, info=INFO)
        alice.ask({"type": "broadcast", "event": "e", "payload": 1})
        message = alice.receive_type("broadcast")
        assert message.get("info") == shown
        history = alice.ask({"type": "history", "channel": channel})
        assert history["messages"][0].get("info") == shown
        answer = tell(gated, f"/api/channels/{channel}/history")
        assert answer["messages"][0].get("info") == shown
    bob = join(gated, "seen:2", "bob")
    bob.ask({"type": "broadcast", "payload": 1})
    assert "info" not in bob.receive_type("broadcast")


def test_a_stream_contains_info(gated):
    stream = Stream(gated, "bob", ["seen:sse"],
                    headers=[("Authorization",
                              f"Bearer {make_token('bob')}")]).join()
    alice = join(gated, "seen:sse", info=INFO)
    assert stream.receive("join").data["info"] == INFO
    alice.ask({"type": "broadcast", "payload": 1})
    assert stream.receive("broadcast").data["info"] == INFO


def test_the_info_of_the_first_connection_is_used(gated):
    bob = join(gated, "first", "bob")
    first = join(gated, "first", info={"n": 1})
    join(gated, "first", info={"n": 2})
    assert presence(bob, "first")["alice"] == {"n": 1}
    first.end()
    bob.receive_type("join")
    assert bob.is_silent()
    assert presence(bob, "first")["alice"] == {"n": 1}


def test_a_ticket_may_have_info(gated):
    ticket = tell(gated, "/api/tickets", {"client": "alice",
                                          "info": INFO})["ticket"]
    alice = gated.connect("alice", ["ticket"], protocol="broadcast",
                          query={"ticket": ticket})
    alice.receive_type("subscribed")
    assert presence(alice, "ticket") == {"alice": INFO}


@pytest.mark.parametrize("info, flaw", [
    ([], "must be a JSON object: expected an object at byte 1"),
    ("x", "must be a JSON object: expected an object at byte 1"),
    ({"a": "x" * 1017}, "must be at most 1024 bytes; it has 1025"),
])
def test_a_ticket_with_invalid_info_is_refused(gated, info, flaw):
    response = ask(gated, "/api/tickets", {"client": "alice", "info": info})
    assert (response.status, response.json) == (
        400, {"error": "info " + flaw, "field": "info"})


def test_the_longest_value_is_valid(gated):
    info = {"a": "x" * 1016}
    alice = join(gated, "long", info=info)
    assert presence(alice, "long") == {"alice": info}


@pytest.mark.parametrize("info", [[], 7, "x", {"a": "x" * 1017}])
def test_a_token_with_invalid_info_is_refused(gated, info):
    with pytest.raises(Refused) as caught:
        join(gated, "refused", info=info)
    assert caught.value.response.status == 401


def test_the_application_may_provide_info(peal, application):
    application.answer = lambda question: {"allow": True, "info": INFO}
    server = peal({**GATED, "hooks": hooks(
        application, questions=["connect"], events=["member_added"])})
    alice = join(server, "room", info={"of": "token"})
    assert presence(alice, "room") == {"alice": INFO}
    event, = application.wait_events(1, "member_added")
    assert event["info"] == INFO
    # a new token does not change info set by the application
    alice.ask({"type": "refresh", "token": make_token("alice", info={})})
    alice.ask({"type": "subscribe", "channel": "later"})
    assert presence(alice, "later") == {"alice": INFO}


def test_the_application_may_not_provide_invalid_info(peal, application):
    application.answer = lambda question: {"allow": True, "info": "x"}
    server = peal({"hooks": hooks(application, questions=["connect"])})
    with pytest.raises(Refused) as caught:
        server.connect("alice", protocol="broadcast")
    assert caught.value.response.status == 503
    assert "info: it must be a JSON object" in server.wait_log("must be a JSON object")


def test_a_fresh_token_changes_info_for_later_channels(gated):
    alice = join(gated, "refresh1", info={"n": 1})
    alice.ask({"type": "refresh", "token": make_token("alice",
                                                      info={"n": 2})})
    alice.ask({"type": "subscribe", "channel": "refresh2"})
    assert presence(alice, "refresh1") == {"alice": {"n": 1}}
    assert presence(alice, "refresh2") == {"alice": {"n": 2}}
    alice.ask({"type": "refresh", "token": make_token("alice")})
    alice.ask({"type": "subscribe", "channel": "refresh3"})
    assert presence(alice, "refresh3") == {"alice": None}


# ---- counts and limits

def test_the_count_alone(gated):
    crowd = [join(gated, "crowd", f"c{n}", info=INFO) for n in range(5)]
    for limit in (0, 2, 5, 9):
        answer = crowd[0].ask({"type": "presence", "channel": "crowd",
                               "limit": limit})
        assert answer["count"] == 5
        assert len(answer["clients"]) == min(limit, 5)
        answer = tell(gated, f"/api/channels/crowd/presence?limit={limit}")
        assert answer["count"] == 5
        assert len(answer["clients"]) == min(limit, 5)
    answer = crowd[0].ask({"type": "presence", "channel": "crowd",
                           "limit": "x"})
    assert answer["code"] == "bad_request"
    answer = crowd[0].ask({"type": "presence", "channel": "nowhere",
                           "limit": 0})
    assert (answer["count"], answer["clients"]) == (0, [])


def test_a_long_list_with_infos_is_complete(gated):
    info = {"a": "x" * 900}
    crowd = {f"c{n}": join(gated, "many", f"c{n}", info=info)
             for n in range(300)}
    bob = join(gated, "other", "bob")
    bob.send(json.dumps({"type": "presence", "channel": "many", "id": 1}))
    answer = bob.receive_type("presence")
    assert answer["count"] == 300
    assert {m["client"] for m in answer["clients"]} == set(crowd)
    assert all(m["info"] == info for m in answer["clients"])
    answer = tell(gated, "/api/channels/many/presence?limit=250")
    assert answer["count"] == 300
    names = [m["client"] for m in answer["clients"]]
    assert len(set(names)) == len(names) == 250
