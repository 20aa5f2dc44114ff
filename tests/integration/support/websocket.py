"""A WebSocket client for tests: strict with received frames, unrestricted in
sending. It answers pings only while it waits for something."""

import base64
import collections
import hashlib
import json
import os
import socket
import struct
import time
import urllib.parse

from support.patience import seconds
from support.raw import Ended, RawSocket, request_text

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Frame = collections.namedtuple("Frame", "opcode payload is_final")


class Refused(Exception):
    """The response to the handshake was not 101."""

    def __init__(self, response):
        super().__init__(repr(response))
        self.response = response


class Closed(Exception):
    """The server sent a close frame, or ended without one (code None)."""

    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


def handshake_headers(key=None, protocol=None, token=None, headers=()):
    """The headers of a browser, then those of the caller; the value None
    removes a header."""
    fields = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key or "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    if protocol:
        fields["Sec-WebSocket-Protocol"] = protocol
    if token:
        fields["Authorization"] = "Bearer " + token
    fields.update(dict(headers))
    return [(name, value) for name, value in fields.items()
            if value is not None]


def frame_bytes(opcode, payload=b"", is_final=True, rsv=0):
    """A masked frame."""
    if isinstance(payload, str):
        payload = payload.encode()
    first = (0x80 if is_final else 0) | rsv << 4 | opcode
    if len(payload) < 126:
        head = struct.pack("!BB", first, 0x80 | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(payload))
    mask = os.urandom(4)
    repeated = mask * (len(payload) // 4 + 1)
    masked = (int.from_bytes(payload, "big") ^
              int.from_bytes(repeated[:len(payload)], "big"))
    return head + mask + masked.to_bytes(len(payload), "big")


class Client:
    """One open WebSocket."""

    def __init__(self, port, path="/ws/alice", protocol=None, token=None,
                 headers=(), timeout=10, receive_buffer=None, context=None):
        self.raw = RawSocket(port, timeout, receive_buffer, context)
        self.backlog = collections.deque()
        self.pings = 0
        self.answers_pings = True
        self.subscribed = None
        self.last_id = 0
        try:
            self.handshake = self.shake_hands(path, protocol, token, headers)
        except BaseException:
            self.raw.close()
            raise

    def shake_hands(self, path, protocol, token, headers):
        key = base64.b64encode(os.urandom(16)).decode()
        self.raw.send(request_text(path, headers=handshake_headers(
            key, protocol, token, headers)))
        response = self.raw.response()
        if response.status != 101:
            raise Refused(response)
        accept = hashlib.sha1((key + MAGIC).encode()).digest()
        assert (response.headers["sec-websocket-accept"] ==
                base64.b64encode(accept).decode())
        return response

    # --- frames

    def send_frame(self, opcode, payload=b"", is_final=True, rsv=0):
        self.raw.send(frame_bytes(opcode, payload, is_final, rsv))

    def receive_frame(self):
        """The next frame of any type."""
        first, second = self.raw.take(2)
        assert first & 0x70 == 0, "a reserved bit is set"
        assert second & 0x80 == 0, "a server does not mask"
        length = second & 0x7f
        if length == 126:
            length, = struct.unpack("!H", self.raw.take(2))
            assert length > 125, "not the shortest length"
        elif length == 127:
            length, = struct.unpack("!Q", self.raw.take(8))
            assert length > 65535, "not the shortest length"
        return Frame(first & 0x0f, self.raw.take(length), bool(first & 0x80))

    def next_data(self):
        """The next data frame; answers pings, raises on a close frame."""
        end = time.monotonic() + self.raw.socket.gettimeout()
        while True:
            if time.monotonic() > end:  # pings must not extend the wait
                raise TimeoutError("no message came, but pings did")
            try:
                frame = self.receive_frame()
            except Ended as error:
                raise Closed(None, str(error)) from error
            if frame.opcode == PING:
                self.pings += 1
                if self.answers_pings:
                    self.send_frame(PONG, frame.payload)
            elif frame.opcode == CLOSE:
                self.take_close(frame)
            elif frame.opcode != PONG:
                return frame if frame.is_final else self.join(frame)

    def join(self, first):
        """A fragmented message, with control frames between its frames."""
        assert first.opcode != CONTINUATION
        parts = [first.payload]
        while True:
            frame = self.receive_frame()
            if frame.opcode == PING:
                self.pings += 1
                if self.answers_pings:
                    self.send_frame(PONG, frame.payload)
            elif frame.opcode == CLOSE:
                self.take_close(frame)
            elif frame.opcode != PONG:
                assert frame.opcode == CONTINUATION, frame.opcode
                parts.append(frame.payload)
                if frame.is_final:
                    return Frame(first.opcode, b"".join(parts), True)

    def take_close(self, frame):
        code, reason = 1005, ""
        if frame.payload:
            code, = struct.unpack("!H", frame.payload[:2])
            reason = frame.payload[2:].decode()
        try:
            self.send_frame(CLOSE, frame.payload[:2])
        except OSError:
            pass
        raise Closed(code, reason)

    # --- messages

    def send(self, message):
        """Sends text, bytes, or another value as JSON."""
        if isinstance(message, bytes):
            self.send_frame(BINARY, message)
        elif isinstance(message, str):
            self.send_frame(TEXT, message)
        else:
            self.send_frame(TEXT, json.dumps(message))

    def receive_data(self):
        """The next message: str or bytes."""
        if self.backlog:
            return self.backlog.popleft()
        frame = self.next_data()
        if frame.opcode == TEXT:
            return frame.payload.decode()
        return frame.payload

    def receive(self):
        """The next message as JSON."""
        return json.loads(self.receive_data())

    def receive_many(self, count):
        return [self.receive() for _ in range(count)]

    def receive_type(self, kind):
        """The next message of this type; others are kept."""
        return self.take(lambda message: message["type"] == kind)

    def take(self, is_wanted):
        passed = []
        while True:
            text = self.receive_data()
            message = json.loads(text)
            if is_wanted(message):
                self.backlog.extendleft(reversed(passed))
                return message
            passed.append(text)

    def ask(self, message):
        """Sends with a new id and returns the answer."""
        self.last_id += 1
        number = self.last_id
        self.send({**message, "id": number})
        return self.take(lambda answer: answer.get("id") == number)

    def is_silent(self, timeout=0.15):
        """Whether no message arrives for a while on a live connection.

        A pong shows that everything sent before it has been received.
        """
        self.send_frame(PING, b"all?")
        end = time.monotonic() + seconds(timeout)
        while not self.backlog:
            frame = self.receive_frame()
            if frame.opcode == PONG:
                break
            if frame.opcode != PING:
                return False
        self.raw.socket.settimeout(max(end - time.monotonic(), 0.01))
        try:
            frame = None if self.backlog else self.receive_frame()
        except socket.timeout:
            return True
        finally:
            self.raw.set_timeout(10)
        return frame is not None and frame.opcode == PING

    # --- the end

    def wait_close(self, timeout=10):
        """Reads to the end; returns the close code, or None without one."""
        return self.wait_closed(timeout).code

    def wait_closed(self, timeout=10):
        self.raw.set_timeout(timeout)
        end = time.monotonic() + seconds(timeout)
        try:
            while time.monotonic() < end:
                self.backlog.append(self.next_data().payload.decode("latin-1"))
        except Closed as closed:
            return closed
        raise AssertionError("was not closed in time")

    def end(self, code=1000, reason=""):
        """Closes with a closing handshake."""
        self.send_frame(CLOSE, struct.pack("!H", code) + reason.encode())
        closed = self.wait_closed()
        self.raw.close()
        return closed

    def drop(self):
        """Closes the socket without a close frame."""
        self.raw.close()


def ws_path(client, channels=None, **query):
    """The path for a client id and its channels."""
    pairs = [("channel", name) for name in channels or ()]
    pairs += list(query.items())
    path = "/ws/" + urllib.parse.quote(client, safe="")
    return path + ("?" + urllib.parse.urlencode(pairs) if pairs else "")
