"""Named events: in every way to publish and receive them, and in caps."""

import json

import pytest

from support.api import WITH_KEY, ask, publish, tell
from support.application import hooks
from support.events import Stream
from support.tokens import WITH_AUTH, make_token

EVENT = "Chat.typing_2:on-off"


@pytest.fixture(scope="module")
def api(start_shared):
    return start_shared(WITH_KEY)


def test_a_message_has_its_event(api):
    bob = api.join("bob", "ws")
    alice = api.join("alice", "ws")
    alice.send('{"type":"broadcast","event":"typing","payload":1,"id":1}')
    text = bob.receive_data()
    assert text.startswith('{"type":"broadcast","channel":"ws","from":"alice",'
                           '"event":"typing","payload":1,"offset":1,')
    answer = alice.receive_type("broadcastResult")
    assert answer["id"] == 1


def test_without_event_there_is_none(api):
    alice = api.join("alice", "none")
    for event in ("", ',"event":null'):
        alice.send('{"type":"broadcast","payload":1' + event + '}')
        assert "event" not in alice.receive_type("broadcast")


def test_history_and_recovery_keep_the_event(api):
    alice = api.join("alice", "kept")
    epoch = alice.subscribed[0]["epoch"]
    for event in (EVENT, None, "b"):
        alice.ask({"type": "broadcast", "event": event, "payload": 1})
    answer = alice.ask({"type": "history", "channel": "kept"})
    expected = [EVENT, None, "b"]
    assert [m.get("event") for m in answer["messages"]] == expected
    bob = api.connect("bob", [""], protocol="broadcast")
    answer = bob.ask({"type": "subscribe", "channel": "kept",
                      "since": {"epoch": epoch, "offset": 0}})
    assert [m.get("event") for m in answer["messages"]] == expected
    answer = tell(api, "/api/channels/kept/history")
    assert [m.get("event") for m in answer["messages"]] == expected


def test_direct_messages_have_it(api):
    bob = api.join("bob", "direct")
    alice = api.join("alice", "direct")
    alice.ask({"type": "direct", "to": "bob", "event": EVENT, "payload": 1})
    assert bob.receive_type("direct") == {
        "type": "direct", "from": "alice", "event": EVENT, "payload": 1}
    tell(api, "/api/send", {"client": "bob", "event": EVENT, "payload": 2})
    assert bob.receive_type("direct") == {
        "type": "direct", "event": EVENT, "payload": 2}


def test_backends_publish_it(api):
    bob = api.join("bob", "backend", "backend2")
    stream = Stream(api, "carol", ["backend"]).join()
    publish(api, "backend", 1, event="one")
    tell(api, "/api/broadcast", {"channels": ["backend", "backend2"],
                                 "event": "two", "payload": 2})
    tell(api, "/api/batch", {"commands": [
        {"command": "publish", "channel": "backend", "event": "three",
         "payload": 3},
        {"command": "publish", "channel": "backend", "payload": 4}]})
    heard = [bob.receive_type("broadcast") for _ in range(5)]
    assert [m.get("event") for m in heard if m["channel"] == "backend"] == \
        ["one", "two", "three", None]
    assert [m.get("event") for m in heard if m["channel"] == "backend2"] == \
        ["two"]
    assert [e.data.get("event") for e in stream.receive_many(4)] == \
        ["one", "two", "three", None]


@pytest.mark.parametrize("event, flaw", [
    ("", "it is empty"),
    ("a b", "found U+0020 at character 2"),
    ("a|b", "found U+007C at character 2"),
    ("é", "found U+00E9 at character 1"),
    ("e" * 65, "it has 65 bytes"),
    (7, "it is not a string"),
    (["a"], "it is not a string"),
])
def test_an_invalid_event_is_an_error(api, event, flaw):
    text = f"event must be 1 to 64 of A-Z a-z 0-9 _ . : -; {flaw}"
    alice = api.join("alice", "bad")
    for message in ({"type": "broadcast"}, {"type": "direct", "to": "bob"}):
        answer = alice.ask({**message, "event": event, "payload": 1})
        assert (answer["type"], answer["code"]) == ("error", "bad_event")
        assert answer["message"] == text
    for path, body in (("/api/publish", {"channel": "bad"}),
                       ("/api/send", {"client": "bob"})):
        response = ask(api, path, {**body, "event": event, "payload": 1})
        assert response.status == 400
        assert response.json["error"] == text
        assert response.json["field"] == "event"
    assert alice.is_silent()


def test_the_longest_value_is_valid(api):
    alice = api.join("alice", "long")
    alice.ask({"type": "broadcast", "event": "e" * 64, "payload": 1})
    assert alice.receive_type("broadcast")["event"] == "e" * 64


def test_caps_may_allow_some_events_only(peal):
    server = peal(config=WITH_AUTH)
    token = make_token("alice", caps=[
        {"channels": ["room"], "allow": ["sub"]},
        {"channels": ["room", "bob"], "allow": ["pub", "dir"],
         "events": ["typing", "client-*"]}])
    alice = server.connect("alice", ["room"], protocol="broadcast",
                           token=token)
    alice.receive_type("subscribed")
    for event, kind in (("typing", "broadcastResult"), ("client-x",
                        "broadcastResult"), ("other", "error"),
                        (None, "error"), ("typing2", "error")):
        answer = alice.ask({"type": "broadcast", "event": event,
                            "payload": 1})
        assert answer["type"] == kind, event
        kind = kind.replace("broadcastResult", "directResult")
        answer = alice.ask({"type": "direct", "to": "bob", "event": event,
                            "payload": 1})
        assert answer["type"] == kind, event
        assert answer.get("code", "forbidden") == "forbidden"


def test_the_application_is_asked_about_it(peal, application):
    application.answer = lambda question: {"allow": True, "payload": 2}
    server = peal({"hooks": hooks(application, questions=["publish"])})
    alice = server.join("alice", "room")
    alice.ask({"type": "broadcast", "event": EVENT, "payload": 1})
    message = alice.receive_type("broadcast")
    assert (message["event"], message["payload"]) == (EVENT, 2)
    alice.ask({"type": "broadcast", "payload": 1})
    assert [q.get("event") for q in application.asked("publish")] == \
        [EVENT, None]


def test_it_keeps_its_order_with_other_members(api):
    """Existing members keep their positions."""
    alice = api.join("alice", "order")
    alice.send(json.dumps({
        "type": "broadcast", "event": "e", "payload": 1,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-"
                       "00f067aa0ba902b7-01"}))
    assert list(alice.receive_type("broadcast")) == [
        "type", "channel", "from", "event", "payload", "offset", "time",
        "traceparent"]
