"""A client of Server-Sent Events (HTML Standard, section 9.2)."""

import json
from urllib.parse import quote, urlencode

from support.raw import Ended, Response, request_text


def sse_path(client="alice", channels=None, **query):
    pairs = [("channel", name) for name in channels or ()]
    pairs += [(name, value) for name, value in query.items()
              if value is not None]
    return f"/sse/{quote(client, safe='')}" + (
        "?" + urlencode(pairs) if pairs else "")


class Event:
    """An event, a comment, or a block of other fields."""

    def __init__(self, block):
        self.block = block
        self.fields = {}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            assert name not in self.fields, block
            self.fields[name] = value

    @property
    def event(self):
        return self.fields.get("event")

    @property
    def id(self):
        return self.fields.get("id")

    @property
    def data(self):
        return json.loads(self.fields["data"])

    @property
    def is_comment(self):
        return self.block == ":"

    def __repr__(self):
        return f"<{self.block!r}>"


class Stream:
    """A stream over a raw socket. `response` is the refusal, if any."""

    def __init__(self, server, client="alice", channels=None, headers=(),
                 method="GET", path=None, socket=None, **query):
        self.raw = server.socket(**(socket or {}))
        self.raw.send(request_text(path or sse_path(client, channels, **query),
                                   method, headers))
        head = Response(self.raw.take_until(b"\r\n\r\n"), b"")
        self.response = head
        if head.status != 200:
            length = int(head.headers.get("content-length", 0))
            self.response = Response(head.head, self.raw.take(length))
            return
        self.opening = self.block()

    def block(self):
        return Event(self.raw.take_until(b"\n\n").decode())

    def receive(self, event=None):
        """The next event, or the next of this type; skips comments."""
        while True:
            got = self.block()
            if not got.is_comment and event in (None, got.event):
                return got

    def receive_many(self, count, event="broadcast"):
        return [self.receive(event) for _ in range(count)]

    def join(self, count=1):
        """Waits until this many channels are joined."""
        self.joined = self.receive_many(count, "subscribed")
        return self

    def receive_to_end(self):
        got = []
        try:
            while True:
                got.append(self.block())
        except Ended:
            assert self.raw.buffer == b""
            return got

    def close(self):
        self.raw.close()
