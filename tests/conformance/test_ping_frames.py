"""RFC 6455 sections 5.5.2 and 5.5.3: pings and pongs."""

import os

import pytest

from peer import BINARY, PING, PONG, TEXT, frame
from support.raw import request_text
from support.websocket import handshake_headers


@pytest.mark.parametrize("length", [0, 1, 2, 60, 124, 125])
@pytest.mark.parametrize("step", [None, 1, 3])
def test_5_5_3_a_ping_is_answered_with_its_payload(open_peer, length, step):
    peer = open_peer()
    payload = os.urandom(length)
    peer.send(frame(PING, payload), step)
    peer.assert_echo(PONG, payload)
    peer.assert_lives()


def test_5_5_3_each_ping_of_a_burst_is_answered(open_peer):
    """Only the last one MUST be answered, but clients that measure want all
    answers."""
    peer = open_peer()
    payloads = [b"%d" % i for i in range(10)]
    peer.send(b"".join(frame(PING, payload) for payload in payloads))
    for payload in payloads:
        peer.assert_echo(PONG, payload)
    peer.assert_lives()


@pytest.mark.parametrize("step", [1, 5, 8])
def test_5_5_3_a_burst_in_small_pieces(open_peer, step):
    peer = open_peer()
    payloads = [b"%d" % i for i in range(10)]
    peer.send(b"".join(frame(PING, payload) for payload in payloads), step)
    for payload in payloads:
        peer.assert_echo(PONG, payload)


def test_5_5_3_pings_between_messages(open_peer):
    peer = open_peer()
    peer.send(b"".join(frame(PING, b"%d" % i) + frame(TEXT, b"%d" % i)
                       for i in range(50)))
    got = [peer.receive() for _ in range(100)]
    for opcode in (PONG, TEXT):
        assert [payload for kind, payload in got if kind == opcode] == \
            [b"%d" % i for i in range(50)]


@pytest.mark.parametrize("payload", [b"", b"x", b"\xff\xfe", b"x" * 125])
def test_5_5_3_an_unsolicited_pong_is_ignored(open_peer, payload):
    peer = open_peer()
    peer.send(frame(PONG, payload) * 3)
    peer.assert_lives()
    peer.send(frame(PONG, payload), step=1)
    peer.assert_lives()


def test_5_5_2_a_ping_after_the_handshake(echo):
    raw = echo.socket()
    raw.send(request_text("/ws/alice", headers=handshake_headers()) +
             frame(PING, b"early") + frame(BINARY, b"bird!"))
    assert raw.response().status == 101
    assert sorted([raw.take(7), raw.take(7)]) == [b"\x82\x05bird!",
                                                  b"\x8a\x05early"]
