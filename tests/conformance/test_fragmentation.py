"""RFC 6455 section 5.4: fragmented messages."""

import itertools
import os

import pytest

from peer import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_body,
                  frame)


def pieces_of(opcode, pieces):
    """The frames of one message."""
    last = len(pieces) - 1
    return [frame(opcode if i == 0 else CONTINUATION, piece, fin=i == last)
            for i, piece in enumerate(pieces)]


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("pieces", [
    [b"", b""], [b"a", b""], [b"", b"a"], [b"a", b"b"], [b"", b"", b""],
    [b"", b"middle", b""], [b"a"] * 200, [b"x" * 125, b"y" * 126],
    [b"x" * 65535, b"y" * 65536], [b"x" * 270, b"y", b"z" * 300]],
    ids=lambda pieces: "+".join(str(len(p)) for p in pieces[:4]))
@pytest.mark.parametrize("step", [None, 1, 7])
def test_5_4_pieces_are_joined(open_peer, opcode, pieces, step):
    if step and sum(map(len, pieces)) > 1000:
        step = 1009
    peer = open_peer()
    peer.send(b"".join(pieces_of(opcode, pieces)), step)
    peer.assert_echo(opcode, b"".join(pieces))
    peer.assert_lives()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_5_4_control_frames_between_the_pieces(open_peer, opcode):
    """Control frames MAY be injected in the middle of a fragmented message,
    and are answered there."""
    peer = open_peer()
    frames = pieces_of(opcode, [b"one ", b"", b"two ", b"three"])
    for i, piece in enumerate(frames):
        for payload in (b"", b"ping %d" % i, b"\xff" * 125):
            peer.send_frame(PING, payload)
            peer.assert_echo(PONG, payload)
        peer.send_frame(PONG, b"nobody asked")
        peer.send(piece)
    peer.assert_echo(opcode, b"one two three")
    peer.assert_lives()


@pytest.mark.parametrize("step", [None, 1])
def test_5_4_a_ping_between_pieces_in_one_packet(open_peer, step):
    peer = open_peer()
    first, last = pieces_of(TEXT, [b"one ", b"two"])
    peer.send(first + frame(PING, b"now") + last, step)
    got = [peer.receive(), peer.receive()]
    assert sorted(got) == [(TEXT, b"one two"), (PONG, b"now")]


@pytest.mark.parametrize("frames", [
    [(CONTINUATION, True)],
    [(CONTINUATION, False)],
    [(TEXT, True), (CONTINUATION, True)],
    [(TEXT, False), (CONTINUATION, True), (CONTINUATION, True)],
    [(TEXT, False), (CONTINUATION, True), (CONTINUATION, False)],
    [(TEXT, False), (TEXT, True)],
    [(TEXT, False), (TEXT, False)],
    [(TEXT, False), (BINARY, True)],
    [(BINARY, False), (TEXT, True)],
    [(BINARY, False), (BINARY, False)],
    [(TEXT, False), (CONTINUATION, False), (TEXT, True)],
    [(BINARY, False), (CONTINUATION, False), (BINARY, False)],
    [(TEXT, False), (PING, True), (TEXT, True)],
])
@pytest.mark.parametrize("payload", [b"", b"x"])
def test_5_4_pieces_out_of_order_are_1002(open_peer, frames, payload):
    peer = open_peer()
    peer.send(b"".join(frame(opcode, payload, fin=fin)
                       for opcode, fin in frames))
    while True:
        opcode, body = peer.receive()
        if opcode == CLOSE:
            break
        assert opcode in (TEXT, PONG)
    assert body[:2] == close_body(1002)
    peer.send_quietly(frame(CLOSE, body[:2]))
    assert peer.raw.rest() == b""


def test_5_4_every_way_to_split_a_short_message(open_peer):
    peer = open_peer()
    text = "aé€😀".encode()
    for count in range(0, 4):
        for cuts in itertools.combinations(range(len(text) + 1), count):
            ends = [*cuts, len(text)]
            starts = [0, *cuts]
            peer.send(b"".join(pieces_of(TEXT, [
                text[start:end] for start, end in zip(starts, ends)])))
            peer.assert_echo(TEXT, text)


def test_5_4_a_close_between_pieces_ends_the_message(open_peer):
    peer = open_peer()
    peer.send_frame(TEXT, b"never finished", fin=False)
    peer.send_frame(CLOSE, close_body(1000))
    peer.assert_closes(1000, answer=False)


def test_5_4_a_message_in_very_many_pieces(open_peer):
    peer = open_peer()
    payload = os.urandom(20000)
    peer.send(b"".join(pieces_of(BINARY, [payload[i:i + 1]
                                          for i in range(len(payload))])))
    peer.assert_echo(BINARY, payload)


@pytest.mark.parametrize("pieces", [[200000, 1], [1, 200000], [100000] * 3,
                                    [199999, 1, 0, 1]])
def test_10_4_all_fragments_share_the_limit(open_peer, pieces):
    peer = open_peer()
    for i, length in enumerate(pieces):
        peer.send_quietly(frame(CONTINUATION if i else BINARY, b"x" * length,
                                fin=False))
    peer.assert_closes(1009)


@pytest.mark.parametrize("length", [199999, 200000])
def test_10_4_messages_up_to_the_limit_are_accepted(open_peer, length):
    peer = open_peer()
    payload = os.urandom(length)
    peer.send_frame(BINARY, payload)
    peer.assert_echo(BINARY, payload)
    peer.send(b"".join(pieces_of(BINARY, [payload[:7], payload[7:]])))
    peer.assert_echo(BINARY, payload)


def test_10_4_one_byte_beyond_the_limit_is_1009(open_peer):
    peer = open_peer()
    peer.send_quietly(frame(BINARY, b"x" * 200001))
    peer.assert_closes(1009)
