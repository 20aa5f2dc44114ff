"""The echo protocol: text returns with a prefix, binary unchanged."""

import pytest

from support.websocket import TEXT, CONTINUATION, PING, PONG


def test_text_is_returned_after_the_prefix(shared):
    client = shared.connect()
    client.send("hello")
    assert client.receive_data() == "Echo: hello"


def test_binary_is_returned_unchanged(shared):
    client = shared.connect()
    every_byte = bytes(range(256)) * 3
    client.send(every_byte)
    assert client.receive_data() == every_byte


def test_the_prefix_is_configured(peal):
    client = peal(config={"echo_prefix": "> "}).connect()
    client.send("hello")
    assert client.receive_data() == "> hello"


def test_an_empty_prefix_returns_the_text(peal):
    client = peal(config={"echo_prefix": ""}).connect()
    client.send("hello")
    assert client.receive_data() == "hello"


def test_an_empty_message_is_returned(peal):
    client = peal(config={"echo_prefix": ""}).connect()
    client.send("")
    client.send(b"")
    assert client.receive_data() == ""
    assert client.receive_data() == b""


@pytest.mark.parametrize("size", [1, 125, 126, 127, 512, 528, 529, 4096,
                                  65500])
def test_every_length_is_returned_completely(shared, size):
    client = shared.connect()
    text = ("äöü0123456789" * size)[:size // 2]
    client.send(text)
    assert client.receive_data() == "Echo: " + text
    client.send(b"x" * size)
    assert client.receive_data() == b"x" * size


def test_messages_are_returned_in_order(peal):
    client = peal(config={"limits": {"messages_per_second": 0}}).connect()
    for i in range(1000):
        client.send(str(i))
    assert [client.receive_data() for i in range(1000)] == \
        [f"Echo: {i}" for i in range(1000)]


def test_a_fragmented_message_is_joined(shared):
    client = shared.connect()
    client.send_frame(TEXT, "one ", is_final=False)
    client.send_frame(CONTINUATION, "two ", is_final=False)
    client.send_frame(CONTINUATION, "three")
    assert client.receive_data() == "Echo: one two three"


def test_a_ping_between_fragments_is_answered_at_once(shared):
    client = shared.connect()
    client.send_frame(TEXT, "one ", is_final=False)
    client.send_frame(PING, "now")
    frame = client.receive_frame()
    assert (frame.opcode, frame.payload) == (PONG, b"now")
    client.send_frame(CONTINUATION, "two")
    assert client.receive_data() == "Echo: one two"


def test_a_character_split_between_fragments_is_joined(shared):
    client = shared.connect()
    whole = "€".encode()
    client.send_frame(TEXT, whole[:1], is_final=False)
    client.send_frame(CONTINUATION, whole[1:])
    assert client.receive_data() == "Echo: €"
