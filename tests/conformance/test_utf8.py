"""RFC 6455 section 8.1: text that is not UTF-8 (RFC 3629) fails the
connection, however it is split."""

import pytest

from peer import (BINARY, CONTINUATION, PING, PONG, TEXT, frame)

GOOD = [
    "κόσμε", "\0", "\x7f", "\x80", "\u07ff", "\u0800", "\ufffd", "\uffff",
    "\ufffe", "\ufeff", "\ud7ff", "\ue000", "\U00010000", "\U0010ffff",
    "\U0010fffe", "\U0001f600", "Hello-µ@ßöäüàá-UTF-8!!", "日本語", "a\u0301",
]
BAD = {
    "a lone continuation": b"\x80", "two": b"\xbf\xbf",
    "never used c0": b"\xc0", "c1": b"\xc1\x80", "f5": b"\xf5\x80\x80\x80",
    "fe": b"\xfe", "ff": b"\xff",
    "overlong 2": b"\xc0\xaf", "overlong 3": b"\xe0\x80\xaf",
    "overlong 3, the longest": b"\xe0\x9f\xbf",
    "overlong 4": b"\xf0\x80\x80\xaf",
    "overlong 4, the longest": b"\xf0\x8f\xbf\xbf",
    "overlong zero": b"\xc0\x80",
    "surrogate first": b"\xed\xa0\x80", "surrogate last": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond 10ffff": b"\xf4\x90\x80\x80", "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "lead, then ascii": b"\xc3a", "lead, then lead": b"\xe2\x82\xc3\xa4",
    "three of four": b"\xf0\x9f\x98a",
    "behind good text": "κόσμε".encode() + b"\xed\xa0\x80edited",
}
CUT_OFF = {"2": b"\xc3", "3": b"\xe2\x82", "3, first": b"\xe2",
           "4": b"\xf0\x9f\x98", "4, second": b"\xf0\x9f", "4, first": b"\xf4",
           "behind text": "ä€😀".encode()[:-1]}


@pytest.mark.parametrize("text", GOOD, ids=ascii)
def test_8_1_valid_text_is_echoed_however_it_is_split(open_peer, text):
    peer = open_peer()
    data = text.encode()
    peer.send_frame(TEXT, data)
    peer.assert_echo(TEXT, data)
    for cut in range(len(data) + 1):
        peer.send(frame(TEXT, data[:cut], fin=False) +
                  frame(CONTINUATION, data[cut:]))
        peer.assert_echo(TEXT, data)
    peer.send(frame(TEXT, data), step=1)
    peer.assert_echo(TEXT, data)


@pytest.mark.parametrize("name", BAD)
def test_8_1_invalid_text_is_1007(open_peer, name):
    peer = open_peer()
    peer.send_frame(TEXT, BAD[name])
    peer.assert_closes(1007)


@pytest.mark.parametrize("name", BAD)
def test_8_1_invalid_text_is_1007_however_it_is_split(open_peer, name):
    data = BAD[name]
    for cut in range(1, len(data)):
        peer = open_peer()
        peer.send_quietly(frame(TEXT, data[:cut], fin=False) +
                          frame(CONTINUATION, data[cut:]))
        peer.assert_closes(1007)
    peer = open_peer()
    for byte in frame(TEXT, data):
        peer.send_quietly(bytes([byte]))
    peer.assert_closes(1007)


@pytest.mark.parametrize("name", CUT_OFF)
@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_8_1_text_that_ends_within_a_character_is_1007(open_peer, name,
                                                       pieces):
    peer = open_peer()
    data = CUT_OFF[name]
    if pieces == 1:
        peer.send_frame(TEXT, data)
    elif pieces == 2:
        peer.send(frame(TEXT, data[:1], fin=False) +
                  frame(CONTINUATION, data[1:]))
    else:
        peer.send(frame(TEXT, data, fin=False) +
                  frame(CONTINUATION, b"", fin=False) +
                  frame(CONTINUATION, b""))
    peer.assert_closes(1007)


@pytest.mark.parametrize("name", BAD)
def test_8_1_invalid_text_is_refused_before_the_message_ends(open_peer, name):
    """In the first of several frames, and in the first part of one."""
    peer = open_peer()
    peer.send_frame(TEXT, b"good " + BAD[name] + b"a", fin=False)
    peer.assert_closes(1007)
    peer = open_peer()
    peer.send(frame(TEXT, b"good " + BAD[name] + b"a" + b"x" * 500)[:40])
    peer.assert_closes(1007)


def test_8_1_every_lead_byte_with_boundary_second_bytes(open_peer):
    """Compared with Python's own decoder."""
    seconds = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff]
    good = open_peer()
    for lead in range(0x80, 0x100):
        for second in seconds:
            tail = 2 if lead >= 0xf0 else 1 if lead >= 0xe0 else 0
            data = bytes([lead, second]) + b"\x80" * tail
            try:
                data.decode()
            except UnicodeDecodeError:
                if second in (0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf):
                    bad = open_peer()
                    bad.send_frame(TEXT, data)
                    bad.assert_closes(1007)
                    bad.drop()
                continue
            good.send_frame(TEXT, data)
            good.assert_echo(TEXT, data)


def test_5_6_binary_is_not_checked(open_peer):
    peer = open_peer()
    for data in [*BAD.values(), *CUT_OFF.values()]:
        peer.send_frame(BINARY, data)
        peer.assert_echo(BINARY, data)
        peer.send(frame(BINARY, data[:1], fin=False) +
                  frame(CONTINUATION, data[1:]))
        peer.assert_echo(BINARY, data)


def test_5_5_2_pings_are_not_checked_and_do_not_interfere(open_peer):
    """Not even between the bytes of a character."""
    peer = open_peer()
    euro = "€".encode()
    peer.send_frame(TEXT, euro[:1], fin=False)
    for data in BAD.values():
        peer.send_frame(PING, data)
        peer.assert_echo(PONG, data)
        peer.send_frame(PONG, data)
    peer.send_frame(CONTINUATION, euro[1:])
    peer.assert_echo(TEXT, euro)
    peer.send_frame(BINARY, b"\xff")
    peer.assert_echo(BINARY, b"\xff")
    peer.send_frame(TEXT, euro)
    peer.assert_echo(TEXT, euro)
