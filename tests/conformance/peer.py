"""A client that can violate every rule of RFC 6455: it builds frames bit by
bit and sends them in pieces of any size."""

import os
import struct
import time

from support.raw import Ended
from support.websocket import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT,
                               Client)

ZERO_KEY = bytes(4)
OPCODES = {"text": TEXT, "binary": BINARY, "continuation": CONTINUATION,
           "close": CLOSE, "ping": PING, "pong": PONG}
ANY_KEY = object()


def connect(server, path="/ws/alice", **options):
    """The only place where the tests of this folder open a WebSocket."""
    made = Peer(server.connect(path=path, **options))
    made.client.answers_pings = False
    return made


def frame(opcode, payload=b"", fin=True, rsv=0, key=ANY_KEY, form=None,
          length=None):
    """The bytes of a frame. With `key` None there is no mask; `form` 7, 16 or
    64 is the size of the length field in bits, by default the shortest;
    `length` replaces the payload's length."""
    length = len(payload) if length is None else length
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    key = os.urandom(4) if key is ANY_KEY else key
    is_masked = 0x80 if key is not None else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if form == 7:
        head += bytes([is_masked | length])
    elif form == 16:
        head += struct.pack("!BH", is_masked | 126, length)
    else:
        head += struct.pack("!BQ", is_masked | 127, length)
    return head + (key or b"") + mask(payload, key or ZERO_KEY)


def mask(payload, key):
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    return (int.from_bytes(payload, "big") ^
            int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")


def close_body(code, reason=b""):
    return struct.pack("!H", code) + reason


class Peer:
    """One open WebSocket."""

    def __init__(self, client):
        self.client = client
        self.raw = client.raw

    def send(self, data, step=None):
        """Sends the bytes, `step` at a time."""
        step = step or len(data) or 1
        for start in range(0, len(data), step):
            self.raw.send(data[start:start + step])
            if step < 3 and len(data) < 300:
                time.sleep(0.0002)  # a separate packet

    def send_frame(self, opcode, payload=b"", **options):
        self.send(frame(opcode, payload, **options))

    def receive(self):
        """The next frame except pings: (opcode, payload)."""
        while True:
            got = self.client.receive_frame()
            if got.opcode != PING:
                assert got.is_final, "the server does not fragment"
                return got.opcode, got.payload

    def assert_echo(self, opcode, payload):
        assert self.receive() == (opcode, payload)

    def assert_lives(self):
        """A message sent now is echoed, and nothing arrives before."""
        self.send_frame(BINARY, b"still there")
        self.assert_echo(BINARY, b"still there")

    def assert_closes(self, code, answer=True):
        """The next frame is a close frame with that code (None: an empty one),
        nothing follows it, and TCP ends once it is answered."""
        opcode, body = self.receive()
        assert opcode == CLOSE, (opcode, body[:80])
        found = struct.unpack("!H", body[:2])[0] if body else None
        assert found == code, body
        body[2:].decode("utf-8")
        if answer:
            self.send_quietly(frame(CLOSE, body[:2]))
        assert self.raw.rest() == b""
        return body[2:]

    def send_quietly(self, data):
        """Sends although the server may have closed."""
        try:
            self.send(data)
        except OSError:
            pass

    def assert_gone(self):
        """TCP ends without another frame except pings."""
        try:
            opcode, body = self.receive()
            raise AssertionError(f"unexpected frame {opcode} {body[:80]}")
        except Ended:
            pass

    def drop(self):
        self.client.drop()
