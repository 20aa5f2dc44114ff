"""Bad input gets an error; too much of it closes the connection."""

import pytest

from support.websocket import (BINARY, CLOSE, CONTINUATION, TEXT,
                               frame_bytes)

BAD = [
    ("", "bad_request"),
    ("hello", "bad_request"),
    ("[]", "bad_request"),
    ("1", "bad_request"),
    ("null", "bad_request"),
    ('"text"', "bad_request"),
    ("{", "bad_request"),
    ('{"type":"ping"', "bad_request"),
    ('{"type":"ping"}}', "bad_request"),
    ('{"type":"ping"} x', "bad_request"),
    ('{"type":"ping",}', "bad_request"),
    ("{'type':'ping'}", "bad_request"),
    ('{"type":"ping","a":01}', "bad_request"),
    ('{"type":"ping","a":+1}', "bad_request"),
    ('{"type":"ping","a":.5}', "bad_request"),
    ('{"type":"ping","a":NaN}', "bad_request"),
    ('{"type":"ping","a":"\t"}', "bad_request"),
    ('{"type":"ping","a":"\\x"}', "bad_request"),
    ('{"type":"ping","a":"\\u12"}', "bad_request"),
    ('{"type":"ping","a":"\0"}', "bad_request"),
    ('{"type":"ping" /* comment */}', "bad_request"),
    ('{"type":"ping","a":' + "[" * 2000 + "]" * 2000 + "}", "bad_request"),
    ("{}", "unknown_type"),
    ('{"type":null}', "unknown_type"),
    ('{"type":1}', "unknown_type"),
    ('{"type":"Ping"}', "unknown_type"),
    ('{"type":"' + "p" * 100 + '"}', "unknown_type"),
    ('{"type":"subscribe"}', "bad_channel"),
    ('{"type":"subscribe","channel":""}', "bad_channel"),
    ('{"type":"subscribe","channel":7}', "bad_channel"),
    ('{"type":"subscribe","channel":"a b"}', "bad_channel"),
    ('{"type":"subscribe","channel":"a*"}', "bad_channel"),
    ('{"type":"subscribe","channel":"\\u0000"}', "bad_channel"),
    ('{"type":"subscribe","channel":"' + "c" * 165 + '"}', "bad_channel"),
    ('{"type":"broadcast","channel":"ä","payload":1}', "bad_channel"),
    ('{"type":"subscribe","channel":"b","since":7}', "bad_since"),
    ('{"type":"subscribe","channel":"b","since":{}}', "bad_since"),
    ('{"type":"subscribe","channel":"b","since":{"epoch":"x"}}', "bad_since"),
    ('{"type":"subscribe","channel":"b","since":{"epoch":"x","offset":-1}}',
     "bad_since"),
    ('{"type":"subscribe","channel":"b","since":{"epoch":"x","offset":1.5}}',
     "bad_since"),
    ('{"type":"direct","payload":1}', "bad_client"),
    ('{"type":"direct","to":"","payload":1}', "bad_client"),
    ('{"type":"direct","to":"a\\u0000","payload":1}', "bad_client"),
    ('{"type":"direct","to":"' + "c" * 129 + '"}', "bad_client"),
    ('{"type":"history","limit":-1}', "bad_request"),
    ('{"type":"history","limit":"5"}', "bad_request"),
    ('{"type":"refresh"}', "bad_token"),
    ('{"type":"refresh","token":7}', "bad_token"),
]
DEEP = "[" * 70 + "]" * 70
WITH_ID = [
    ('{"id":7,"type":"broadcast","payload":%s}' % DEEP, 7),
    ('{"type":"broadcast","payload":%s,"id":"a\\"b"}' % DEEP, 'a"b'),
    ('{"payload":{"id":1,"x":["}",%s]}, "id" : 2 }' % DEEP, 2),
    ('{"id":-1.5e2,"payload":' + "[" * 70, -150),
    ('{"type":"ping","id":3', 3),
    ('{"type":"ping","a":01,"id":4}', 4),
    ('{"type":"ping","id":5,}', 5),
    ('{"id":01}', None),
    ('{"id":1,"id":2,"a":%s}' % DEEP, None),
    ('{"id":{"id":1},"a":%s}' % DEEP, None),
    ('{"a":"id","b":["id",1],"c":%s}' % DEEP, None),
    ('{"id":null,"a":%s}' % DEEP, None),
    ('{"id":"' + "x" * 63 + '","a":%s}' % DEEP, None),
    ('{"id":"\\ud8","a":1}', None),
    ('{"id":"', None),
    ('["id",%s]' % DEEP, None),
]
NOT_BAD = [
    ('{"type":"subscribe","channel":"room"}', "already_subscribed"),
    ('{"type":"unsubscribe","channel":"other"}', "not_subscribed"),
]


@pytest.mark.parametrize("text, number", WITH_ID)
def test_the_id_is_returned_if_it_can_be_found(shared, text, number):
    client = shared.join("alice", "room")
    client.send(text)
    answer = client.receive()
    assert (answer["type"], answer["code"]) == ("error", "bad_request")
    assert answer.get("id") == number


@pytest.mark.parametrize("text, code", BAD + NOT_BAD)
def test_the_error_identifies_the_mistake(shared, text, code):
    client = shared.join("alice", "room")
    client.send(text)
    answer = client.receive()
    assert (answer["type"], answer["code"]) == ("error", code)
    assert answer["message"]
    client.send('{"type":"ping"}')
    assert client.receive() == {"type": "pong"}


def test_an_error_contains_the_id(shared):
    client = shared.join("alice", "room")
    client.send('{"type":"nonsense","id":42}')
    assert client.receive_data() == (
        '{"type":"error","code":"unknown_type",'
        '"message":"unknown message type","id":42}')


def test_binary_is_answered_with_an_error(shared):
    client = shared.join("alice", "room")
    client.send(b'{"type":"ping"}')
    assert client.receive_data() == (
        '{"type":"error","code":"binary",'
        '"message":"this protocol accepts only text messages"}')


def test_fragmented_binary_is_binary_too(shared):
    client = shared.join("alice", "room")
    client.send_frame(BINARY, '{"type":', is_final=False)
    client.send_frame(CONTINUATION, '"ping"}')
    assert client.receive()["code"] == "binary"


def test_too_many_bad_messages_close_4400(peal):
    server = peal(config={"limits": {"bad_messages": 3}})
    client = server.join("alice", "room")
    for _ in range(3):
        client.send("nonsense")
    assert [client.receive()["code"] for _ in range(3)] == ["bad_request"] * 3
    closed = client.wait_closed()
    assert (closed.code, closed.reason) == (4400, "too many bad messages")
    assert server.metric(
        'peal_limit_reached_total{limit="bad_messages"}') == 1
    server.wait_metric('peal_closes_total{reason="bad_messages"}', 1)


def test_messages_after_the_last_bad_one_are_not_answered(peal):
    client = peal(config={"limits": {"bad_messages": 1}}).join("alice", "room")
    client.raw.socket.setsockopt(6, 3, 1)  # TCP_CORK: one packet
    client.send("nonsense")
    client.send('{"type":"ping"}')
    client.raw.socket.setsockopt(6, 3, 0)
    assert client.receive()["code"] == "bad_request"
    assert client.wait_close() == 4400
    assert not client.backlog


def test_refused_operations_do_not_count_as_bad_messages(peal):
    client = peal(config={"limits": {"bad_messages": 2}}).join("alice", "room")
    for _ in range(5):
        client.send('{"type":"unsubscribe","channel":"other"}')
    assert [client.receive()["code"] for _ in range(5)] == \
        ["not_subscribed"] * 5


def test_bad_utf8_closes_1007(shared):
    for text in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"abc\xe2\x82",
                 b"\xf4\x90\x80\x80"):
        client = shared.connect()
        client.send_frame(TEXT, text)
        assert client.wait_close() == 1007, text
        assert not client.backlog
    assert shared.is_alive()


def test_bad_utf8_in_a_later_fragment_closes_1007(shared):
    client = shared.join("alice", "room")
    client.send_frame(TEXT, '{"type":"ping"', is_final=False)
    client.send_frame(CONTINUATION, b'\xff}')
    assert client.wait_close() == 1007


@pytest.mark.parametrize("text", [b"\xff", None])
def test_nothing_follows_the_close_frame(peal, text):
    """Not even messages published before the client answers it."""
    server = peal(config={"limits": {"messages_per_second": 0}})
    sender = server.connect("bob", [""], protocol="broadcast")
    publish = frame_bytes(
        TEXT, '{"type":"broadcast","channel":"room","payload":1}')
    bad = frame_bytes(TEXT, text) if text else frame_bytes(3, b"x")
    for _ in range(20):
        client = server.join("alice", "room")
        sender.raw.send(publish * 50)
        client.raw.send(bad)
        for _ in range(20):
            sender.raw.send(publish * 5)
        while client.receive_frame().opcode != CLOSE:
            pass
        assert client.raw.rest() == b""


@pytest.mark.parametrize("opcode, payload, is_final, rsv", [
    (TEXT, b"x", True, 4),
    (TEXT, b"x", True, 1),
    (3, b"x", True, 0),
    (11, b"x", True, 0),
    (CONTINUATION, b"x", True, 0),
    (9, b"x", False, 0),
    (9, b"x" * 126, True, 0),
    (8, b"x", True, 0),
])
def test_invalid_frames_end_the_connection(shared, opcode, payload, is_final,
                                           rsv):
    client = shared.connect()
    client.send_frame(opcode, payload, is_final, rsv)
    assert client.wait_close() in (1002, None)
    assert not client.backlog
    assert shared.is_alive()
