"""Pings: the server detects clients that vanished without a close."""

import time

from support.patience import seconds
from support.websocket import PING, PONG

QUICK = {"ping_seconds": 2, "pong_seconds": 1}


def test_only_clients_that_answer_pings_stay(peal):
    server = peal(config=QUICK)
    start = time.monotonic()
    mute, alive = server.connect("mute"), server.connect("alive")
    mute.answers_pings = False
    for _ in range(2):
        frame = alive.receive_frame()
        assert (frame.opcode, frame.payload) == (PING, b"peal")
        alive.send_frame(PONG, frame.payload)
    alive.send("still here")
    assert alive.receive_data() == "Echo: still here"
    closed = mute.wait_closed()
    assert (closed.code, closed.reason) == (4508, "no pong")
    assert time.monotonic() - start <= seconds(6)
    server.wait_metric('peal_closes_total{reason="no_pong"}', 1)


def test_any_frame_is_a_sign_of_life(peal):
    client = peal(config=QUICK).connect()
    client.answers_pings = False
    end = None
    while end is None or time.monotonic() < end:
        client.send("not a pong")
        assert client.receive_data() == "Echo: not a pong"
        if client.pings and end is None:
            end = time.monotonic() + 1.5  # otherwise closed after 1 s
        time.sleep(0.1)


def test_a_clients_ping_is_answered(shared):
    client = shared.connect()
    for payload in (b"", b"mine", b"x" * 125):
        client.send_frame(PING, payload)
        frame = client.receive_frame()
        assert (frame.opcode, frame.payload) == (PONG, payload)


def test_an_unsolicited_pong_is_accepted(shared):
    client = shared.connect()
    client.send_frame(PONG, b"here I am")
    client.send_frame(PONG)
    client.send("x")
    assert client.receive_data() == "Echo: x"


def test_a_connection_ends_at_its_maximum_age_and_may_return(peal):
    server = peal(config={"max_connection_age": 2, "ping_seconds": 2,
                          "pong_seconds": 1})
    client = server.join("alice", "room")
    started = time.monotonic()
    closed = client.wait_closed()
    assert (closed.code, closed.reason) == (1012, "maximum connection age reached")
    assert 1.5 < time.monotonic() - started < seconds(6)
    assert server.connect("alice").handshake.status == 101
    server.wait_metric('peal_closes_total{reason="max_age"}', 1)
