"""RFC 6455 sections 5.5.1 and 7: closing."""

import pytest

from peer import (BINARY, CLOSE, CONTINUATION, PING, TEXT, close_body, frame)

GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
              1013, 1014, 3000, 3999, 4000, 4001, 4999]
BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999,
             5000, 65535]


@pytest.mark.parametrize("code", GOOD_CODES)
@pytest.mark.parametrize("reason", [b"", b"bye", "ä€😀".encode(), b"x" * 123])
def test_5_5_1_a_valid_code_is_echoed(open_peer, code, reason):
    peer = open_peer()
    peer.send_frame(CLOSE, close_body(code, reason))
    peer.assert_closes(code, answer=False)


@pytest.mark.parametrize("code", BAD_CODES)
def test_7_4_a_code_that_must_not_be_sent_is_answered_with_1002(open_peer,
                                                                code):
    peer = open_peer()
    peer.send_frame(CLOSE, close_body(code))
    peer.assert_closes(1002, answer=False)


def test_5_5_1_a_close_without_a_body_is_answered_by_the_same(open_peer):
    peer = open_peer()
    peer.send_frame(CLOSE)
    peer.assert_closes(None, answer=False)


@pytest.mark.parametrize("body", [b"\x03", b"\x00", b"\xff"])
def test_5_5_1_a_body_of_one_byte_is_1002(open_peer, body):
    peer = open_peer()
    peer.send_frame(CLOSE, body)
    peer.assert_closes(1002)


@pytest.mark.parametrize("reason", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80",
                                    b"ab\xe2\x82", b"\xf0\x9f\x98",
                                    b"x" * 120 + b"\xce\xba\xe1"])
def test_5_5_1_a_reason_that_is_not_utf8_is_1007(open_peer, reason):
    peer = open_peer()
    peer.send_frame(CLOSE, close_body(1000, reason))
    peer.assert_closes(1007, answer=False)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_5_5_1_a_close_in_pieces_of_tcp(open_peer, step):
    peer = open_peer()
    peer.send(frame(CLOSE, close_body(4000, b"in pieces")), step)
    peer.assert_closes(4000, answer=False)


def test_7_1_1_the_server_ends_tcp_first(open_peer):
    peer = open_peer()
    peer.raw.set_timeout(2)  # far below any time-out of the server
    peer.send_frame(CLOSE, close_body(1000))
    peer.assert_closes(1000, answer=False)


@pytest.mark.parametrize("behind", [
    frame(TEXT, b"too late"), frame(PING, b"too late"),
    frame(CLOSE, close_body(1001)), b"\xff" * 100, frame(TEXT, b"", key=None),
    frame(TEXT, b"x" * 5000)])
@pytest.mark.parametrize("is_apart", [False, True])
def test_5_5_1_data_after_a_close_is_ignored(open_peer, behind, is_apart):
    peer = open_peer()
    if is_apart:
        peer.send_frame(CLOSE, close_body(1000))
        peer.send_quietly(behind)
    else:
        peer.send(frame(CLOSE, close_body(1000)) + behind)
    opcode, body = peer.receive()
    assert (opcode, body[:2]) == (CLOSE, close_body(1000))
    assert peer.raw.rest() == b""


def test_7_1_2_messages_before_a_close_are_answered(open_peer):
    peer = open_peer()
    peer.send(frame(TEXT, b"one") + frame(BINARY, b"two") +
              frame(CLOSE, close_body(1000)))
    peer.assert_echo(TEXT, b"one")
    peer.assert_echo(BINARY, b"two")
    peer.assert_closes(1000, answer=False)


def test_7_1_2_a_close_within_a_message(open_peer):
    peer = open_peer()
    peer.send(frame(TEXT, b"half", fin=False) +
              frame(CONTINUATION, b"more", fin=False) +
              frame(CLOSE, close_body(1001)))
    peer.assert_closes(1001, answer=False)


def test_7_1_2_a_peer_that_closes_and_stops_sending_gets_its_answer(open_peer):
    peer = open_peer()
    peer.send(frame(TEXT, b"one") + frame(CLOSE, close_body(1000)))
    peer.raw.end_sending()
    peer.assert_echo(TEXT, b"one")
    peer.assert_closes(1000, answer=False)


@pytest.mark.parametrize("before", [b"", frame(TEXT, b"x")[:1],
                                    frame(TEXT, b"xyz")[:7],
                                    frame(TEXT, b"x", fin=False)])
def test_7_1_5_a_peer_that_stops_sending_without_a_close(open_peer, before):
    """No answer is required: the connection is lost (1006)."""
    peer = open_peer()
    peer.send(before)
    peer.raw.end_sending()
    peer.raw.set_timeout(5)
    peer.assert_gone()


def test_7_1_3_a_close_by_the_server_ends_with_the_answer(open_peer):
    peer = open_peer()
    peer.raw.set_timeout(2)
    peer.send_quietly(frame(BINARY, b"x" * 200001))
    peer.assert_closes(1009)


def test_7_1_3_a_peer_that_does_not_answer_a_close_is_disconnected(open_peer):
    peer = open_peer()
    peer.send_frame(3)
    peer.raw.set_timeout(15)
    peer.assert_closes(1002, answer=False)
