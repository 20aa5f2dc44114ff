"""RFC 6455 section 5: masks, lengths, reserved bits and opcodes."""

import os

import pytest

from peer import (BINARY, CLOSE, CONTINUATION, OPCODES, PING, PONG, TEXT,
                  ZERO_KEY, close_body, frame)
from support.raw import request_text
from support.websocket import handshake_headers

LENGTHS = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 271, 272, 273, 1000,
           65535, 65536, 65537, 131072]
KEYS = [ZERO_KEY, b"\xff\xff\xff\xff", b"\x00\x00\x00\x01", b"\x80\x7f\x00\xaa"]


# ---- 5.2: lengths ------------------------------------------------------------

@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", ["text", "binary"])
def test_5_2_every_length_is_echoed(open_peer, kind, length):
    peer = open_peer()
    payload = os.urandom(length)
    if kind == "text":
        payload = payload.hex().encode()[:length]
    for key in KEYS:
        peer.send_frame(OPCODES[kind], payload, key=key)
        peer.assert_echo(OPCODES[kind], payload)


@pytest.mark.parametrize("length, step", [
    (0, 1), (1, 1), (125, 1), (126, 1), (127, 1), (300, 1), (300, 7),
    (65535, 997), (65536, 997), (65537, 4096)])
def test_5_2_the_bytes_may_arrive_in_any_pieces(open_peer, length, step):
    peer = open_peer()
    payload = os.urandom(length)
    peer.send(frame(BINARY, payload), step)
    peer.assert_echo(BINARY, payload)


def test_5_2_many_frames_in_one_piece(open_peer):
    peer = open_peer()
    payloads = [os.urandom(n) for n in (0, 1, 125, 126, 300, 0, 0, 127)] * 20
    peer.send(b"".join(frame(BINARY, payload) for payload in payloads))
    for payload in payloads:
        peer.assert_echo(BINARY, payload)


@pytest.mark.parametrize("cut", range(1, 15))
def test_5_2_a_header_split_anywhere(open_peer, cut):
    peer = open_peer()
    data = b"".join(frame(BINARY, b"x" * length)
                    for length in (5, 200, 70000))
    starts = [0, 11, 11 + 208]
    for first, last in zip([0] + [start + cut for start in starts],
                           [start + cut for start in starts] + [len(data)]):
        peer.send(data[first:last])
    for length in (5, 200, 70000):
        peer.assert_echo(BINARY, b"x" * length)


@pytest.mark.parametrize("form, length", [
    (16, 0), (16, 1), (16, 125), (64, 0), (64, 125), (64, 126), (64, 65535)])
@pytest.mark.parametrize("kind", ["text", "binary"])
def test_5_2_a_length_in_a_longer_form_is_1002(open_peer, kind, form, length):
    """The minimal number of bytes MUST be used."""
    peer = open_peer()
    peer.send_frame(OPCODES[kind], b"x" * length, form=form)
    peer.assert_closes(1002)


@pytest.mark.parametrize("length", [1 << 63, (1 << 64) - 1, (1 << 63) + 5])
def test_5_2_the_top_bit_of_a_length_is_1002(open_peer, length):
    """The most significant bit MUST be 0."""
    peer = open_peer()
    peer.send_frame(BINARY, b"hello", form=64, length=length)
    peer.assert_closes(1002)


@pytest.mark.parametrize("length", [200001, 1 << 31, 1 << 32, (1 << 63) - 1])
def test_10_4_a_length_beyond_the_limit_is_1009_at_once(open_peer, length):
    peer = open_peer()
    peer.send_frame(BINARY, b"hello", form=64, length=length)
    peer.assert_closes(1009)


# ---- 5.1: masks --------------------------------------------------------------

@pytest.mark.parametrize("kind", OPCODES)
@pytest.mark.parametrize("length", [0, 2, 125, 126, 65536])
def test_5_1_an_unmasked_frame_is_1002(open_peer, kind, length):
    """The server MUST close the connection upon receiving a frame that is not
    masked."""
    if OPCODES[kind] >= CLOSE and length > 125:
        length = 5
    payload = close_body(1000, b"x" * (length - 2)) if kind == "close" and \
        length else b"x" * length
    peer = open_peer()
    if kind == "continuation":
        peer.send_frame(TEXT, b"a", fin=False)
    peer.send_frame(OPCODES[kind], payload, key=None)
    peer.assert_closes(1002)


def test_5_1_a_zero_key_is_a_mask(open_peer):
    peer = open_peer()
    peer.send_frame(TEXT, b"plain to see", key=ZERO_KEY)
    peer.assert_echo(TEXT, b"plain to see")


# ---- 5.2: reserved bits and opcodes -------------------------------------------

@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("kind", OPCODES)
def test_5_2_a_reserved_bit_is_1002(open_peer, kind, rsv):
    """MUST be 0 unless an extension is negotiated."""
    peer = open_peer()
    if kind == "continuation":
        peer.send_frame(TEXT, b"a", fin=False)
    peer.send_frame(OPCODES[kind], b"", rsv=rsv)
    peer.assert_closes(1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("fin", [True, False])
@pytest.mark.parametrize("payload", [b"", b"hello"])
def test_5_2_a_reserved_opcode_is_1002(open_peer, opcode, fin, payload):
    peer = open_peer()
    peer.send_frame(opcode, payload, fin=fin)
    peer.assert_closes(1002)


# ---- 5.5: control frames -------------------------------------------------------

@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
@pytest.mark.parametrize("length", [0, 2, 125])
def test_5_5_a_fragmented_control_frame_is_1002(open_peer, opcode, length):
    peer = open_peer()
    peer.send_frame(opcode, b"\x03\xe8" + b"x" * (length - 2) if length
                    else b"", fin=False)
    peer.assert_closes(1002)


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
@pytest.mark.parametrize("length, form", [(126, 16), (127, 16), (65535, 16),
                                          (65536, 64), (5, 16), (5, 64)])
def test_5_5_a_control_frame_beyond_125_bytes_is_1002(open_peer, opcode,
                                                      length, form):
    peer = open_peer()
    peer.send_frame(opcode, b"\x03\xe8" + b"x" * (length - 2), form=form)
    peer.assert_closes(1002)


# ---- messages before and after a bad frame -------------------------------------

BAD = {
    "unmasked": frame(TEXT, b"x", key=None),
    "reserved bit": frame(TEXT, b"x", rsv=4),
    "reserved opcode": frame(3, b"x"),
    "long length": frame(TEXT, b"x", form=16),
    "top bit": frame(TEXT, b"x", form=64, length=1 << 63),
    "fragmented ping": frame(PING, b"x", fin=False),
    "long ping": frame(PING, b"x" * 126),
    "lone continuation": frame(CONTINUATION, b"x"),
}


@pytest.mark.parametrize("bad", BAD)
def test_7_1_7_only_messages_before_a_bad_frame_are_answered(open_peer, bad):
    peer = open_peer()
    peer.send(frame(TEXT, b"before") + BAD[bad] + frame(TEXT, b"behind"))
    peer.assert_echo(TEXT, b"before")
    peer.assert_closes(1002)


@pytest.mark.parametrize("bad", BAD)
def test_7_1_7_a_bad_frame_byte_by_byte(open_peer, bad):
    peer = open_peer()
    peer.send(frame(TEXT, b"before") + BAD[bad][:20], step=1)
    peer.assert_echo(TEXT, b"before")
    peer.assert_closes(1002)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("cut", [1, 2, 3, 9, 1000])
def test_4_2_2_a_bad_frame_after_the_handshake(echo, bad, cut):
    """In the same packet as the request, completely or in part."""
    raw = echo.socket()
    request = request_text("/ws/alice", headers=handshake_headers())
    raw.send(request + (frame(TEXT, b"before") + BAD[bad])[:12 + cut])
    assert raw.response().status == 101
    assert raw.take(8) == b"\x81\x06before"
    raw.send(BAD[bad][cut:])
    assert raw.take(4)[:1] == b"\x88"
    raw.end_sending()
    raw.rest()


@pytest.mark.parametrize("bad", BAD)
def test_7_1_7_other_connections_are_unaffected(open_peer, bad):
    other = open_peer()
    peer = open_peer()
    peer.send(BAD[bad])
    peer.assert_closes(1002)
    other.assert_lives()
