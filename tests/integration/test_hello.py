"""`hello`: the information sent when a connection opens."""

import re

from support.api import WITH_KEY, tell
from support.application import hooks
from support.events import Stream
from support.tokens import WITH_AUTH, make_token

HELLO = {"type": "hello", "protocol_version": 1, "ping_seconds": 25,
         "limits": {"message_bytes": 65536, "messages_per_second": 100,
                    "burst": 100, "opening_burst": 384, "channels": 128}}


def connect(server, query="hello=1", client="alice", **options):
    return server.connect(path=f"/ws/{client}?{query}", protocol="broadcast",
                          **options)


def without_connection(hello):
    assert re.fullmatch(r"\d+-[0-9a-f]+", hello["connection"])
    return {name: value for name, value in hello.items()
            if name != "connection"}


def test_hello_comes_first(shared):
    client = connect(shared, "channel=a&hello=1&channel=b")
    assert without_connection(client.receive()) == HELLO
    assert [m["type"] for m in client.receive_many(2)] == ["subscribed"] * 2
    assert client.is_silent()


def test_hello_is_only_sent_on_request(shared):
    for query in ("channel=", "channel=&hello=0", "channel=&hello=",
                  "channel=&hello=11", "channel=&hello=true",
                  "channel=&Hello=1", "channel=hello&x=hello=1"):
        client = connect(shared, query)
        if query.startswith("channel=hello"):
            assert client.receive()["type"] == "subscribed"
        assert client.is_silent(timeout=0.05), query


def test_echo_has_no_hello(shared):
    client = shared.connect(path="/ws/alice?hello=1")
    client.send("first")
    assert client.receive_data() == "Echo: first"


def test_hello_has_the_current_limits(peal):
    server = peal(config={
        "ping_seconds": 7, "pong_seconds": 3,
        "limits": {"message_bytes": 1000, "messages_per_second": 0,
                   "channels_per_connection": 2}})
    hello = connect(server).receive()
    assert hello["ping_seconds"] == 7
    assert hello["limits"] == {
        "message_bytes": 1000, "messages_per_second": 0, "burst": 0,
        "opening_burst": 6, "channels": 2}


def test_each_connection_has_another_id(peal, application):
    server = peal(config={"hooks": hooks(application, events=["connected"],
                                         batch_ms=20)})
    ids = {connect(server).receive()["connection"] for _ in range(4)}
    assert len(ids) == 4
    events = application.wait_events(4)
    assert {event["connection"] for event in events} == ids


def test_hello_comes_after_a_valid_token(peal):
    server = peal(config=WITH_AUTH)
    client = connect(server, token=make_token(sub="alice"))
    assert client.receive()["type"] == "hello"


def test_hello_comes_after_a_slow_hook(peal, application):
    """It follows the application's answer and the redeemed ticket."""
    server = peal(config={**WITH_AUTH, **WITH_KEY, "hooks": hooks(
        application, questions=["connect"])})
    ticket = tell(server, "/api/tickets", {"client": "alice"})["ticket"]
    client = connect(server, f"hello=1&channel=a&ticket={ticket}")
    assert without_connection(client.receive()) == HELLO
    assert client.receive()["type"] == "subscribed"
    assert len(application.asked("connect")) == 1


def test_a_stream_has_hello_too(shared):
    stream = Stream(shared, "alice", ["a"], hello="1")
    first = stream.receive()
    assert (first.event, first.id) == ("hello", None)
    assert without_connection(first.data) == HELLO
    assert stream.receive().event == "subscribed"
    stream.close()


def test_a_returning_stream_keeps_its_position(peal):
    server = peal(config={"limits": {"messages_per_second": 0}})
    talker = server.join("talker", "a")
    stream = Stream(server, "alice", ["a"]).join()
    last = stream.joined[0].id
    stream.close()
    talker.ask({"type": "broadcast", "payload": 1})
    again = Stream(server, "alice", ["a"], hello="1", last_event_id=last)
    hello = again.receive()
    assert (hello.event, hello.id) == ("hello", last)
    assert again.receive("subscribed").data["recovered"] is True
    assert again.receive("broadcast").data["payload"] == 1
    again.close()
