"""broadcast: messages to subscribers and the sender's result."""

import json
import time

import pytest

BIG = 123456789012345678901234567890
PAYLOADS = [
    '1',
    str(BIG),
    '-0.10000000000000000000000000001e+300',
    '"plain"',
    '"\\u00e4 \\n \\" \\\\ \\/ \\ud83d\\ude00"',
    '"äöü 你好 😀"',
    '  { "b" : [ 1 , { } , [ ] , null ] , "a" : true , "a" : false }  ',
    '[[[[[[[[[["deep"]]]]]]]]]]',
    'null',
    'false',
]


def test_every_subscriber_including_the_sender_gets_it(peal):
    server = peal()
    clients = [server.join(f"client{i}", "room") for i in range(5)]
    clients[2].send({"type": "broadcast", "channel": "room", "payload": "hi"})
    for client in clients:
        message = client.receive_type("broadcast")
        assert message["from"] == "client2"
        assert message["payload"] == "hi"
    assert clients[4].is_silent()


def test_a_message_is_exactly_as_documented(peal):
    server = peal()
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    before = int(time.time() * 1000)
    alice.send({"type": "broadcast", "channel": "room", "payload": {"a": 1},
                "id": 7})
    text = bob.receive_data()
    message = json.loads(text)
    assert list(message) == ["type", "channel", "from", "payload", "offset",
                             "time"]
    assert before - 1000 <= message["time"] <= before + 60000
    assert text == ('{"type":"broadcast","channel":"room","from":"alice",'
                    '"payload":{"a": 1},"offset":1,"time":%d}'
                    % message["time"])


def test_the_result_is_exactly_as_documented(peal):
    server = peal()
    alice = server.join("alice", "room")
    server.join("bob", "room")
    alice.send('{"type":"broadcast","channel":"room","payload":"x","id":7}')
    texts = [alice.receive_data(), alice.receive_data()]
    assert ('{"type":"broadcastResult","payload":"x","listenerCount":2,'
            '"channel":"room","offset":1,"id":7}') in texts


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_kept_byte_for_byte(shared, payload):
    room = f"payload-{PAYLOADS.index(payload)}"
    alice = shared.join("alice", room)
    bob = shared.join("bob", room)
    alice.send('{"type":"broadcast","payload":%s}' % payload)
    assert f'"payload":{payload.strip()},"offset":1' in bob.receive_data()
    result = [alice.receive_data(), alice.receive_data()]
    assert any('"type":"broadcastResult","payload":%s,' % payload.strip()
               in text for text in result)
    bob.send('{"type":"history"}')
    assert f'"payload":{payload.strip()},"offset":1' in bob.receive_data()


def test_echo_answers_the_payload(shared):
    client = shared.join("alice", "room")
    client.send('{"type":"echo","payload":{"big":%d}}' % BIG)
    assert client.receive_data() == \
        '{"type":"echo","payload":{"big":%d}}' % BIG


def test_echo_without_a_payload_answers_null(shared):
    client = shared.join("alice", "room")
    client.send('{"type":"echo"}')
    assert client.receive_data() == '{"type":"echo","payload":null}'


def test_ping_answers_pong(shared):
    client = shared.join("alice", "room")
    client.send('{"type":"ping"}')
    assert client.receive_data() == '{"type":"pong"}'


@pytest.mark.parametrize("number", ["0", "7", "-1", "1.50", str(BIG),
                                    '"a-1"', '"\\u00e4"', "true"])
def test_an_id_is_returned_unchanged(shared, number):
    client = shared.join("alice", "room")
    client.send('{"type":"ping","id":%s}' % number)
    assert client.receive_data() == '{"type":"pong","id":%s}' % number


def test_a_null_id_equals_no_id(shared):
    client = shared.join("alice", "room")
    client.send('{"type":"ping","id":null}')
    assert client.receive_data() == '{"type":"pong"}'


@pytest.mark.parametrize("number", ["{}", "[1]", '"' + "x" * 63 + '"'])
def test_a_too_large_id_is_refused(shared, number):
    client = shared.join("alice", "room")
    client.send('{"type":"ping","id":%s}' % number)
    answer = client.receive()
    assert (answer["type"], answer["code"]) == ("error", "bad_request")
    assert "id" not in answer


def test_members_may_have_any_order_and_white_space(shared):
    client = shared.join("alice", "room")
    client.send(' \r\n\t{ "id" : 1 , "extra" : [ { "id" : 9 } ] , '
                '"ty\\u0070e" : "pi\\u006eg" } \n')
    assert client.receive_data() == '{"type":"pong","id":1}'


def test_publishing_without_a_subscription(peal):
    server = peal()
    outside = server.connect("outside", query={"channel": ""},
                             protocol="broadcast")
    inside = server.join("inside", "room")
    answer = outside.ask({"type": "broadcast", "channel": "room",
                          "payload": 1})
    assert answer["listenerCount"] == 1
    assert inside.receive()["from"] == "outside"
    assert outside.is_silent()


def test_publishing_to_an_empty_channel_has_no_listeners(shared):
    client = shared.join("alice", "room")
    answer = client.ask({"type": "broadcast", "channel": "empty",
                         "payload": 1})
    assert (answer["listenerCount"], answer["offset"]) == (0, 1)


def test_the_shootout_benchmark_is_answered_as_it_expects(shared):
    client = shared.join("alice")
    client.send('{"type":"echo","payload":{"sendTime":"1"}}')
    assert client.receive() == {"type": "echo", "payload": {"sendTime": "1"}}
    client.send('{"type":"broadcast","payload":{"sendTime":"2"}}')
    got = {message["type"]: message for message in client.receive_many(2)}
    assert got["broadcast"]["payload"] == {"sendTime": "2"}
    assert got["broadcastResult"]["payload"] == {"sendTime": "2"}
    assert got["broadcastResult"]["listenerCount"] == 1


def test_messages_of_one_connection_arrive_in_order(peal):
    server = peal(config={"limits": {"messages_per_second": 0}})
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    for i in range(500):
        alice.send({"type": "broadcast", "payload": i})
    got = bob.receive_many(500)
    assert [message["payload"] for message in got] == list(range(500))
    assert [message["offset"] for message in got] == list(range(1, 501))
