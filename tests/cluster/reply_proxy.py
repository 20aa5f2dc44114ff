"""A TCP proxy in front of Redis that can drop or delay answers while commands
still arrive. It can also act as an address that moves: new connections go to
another Redis, while open connections stay."""

import selectors
import socket
import threading


# a command that identifies each kind of connection
KINDS = {"commands": b"EVALSHA", "subscriptions": b"SUBSCRIBE",
         "input": b"XREADGROUP"}


class ReplyProxy:
    """Copies bytes in both directions in a separate thread."""

    def __init__(self, port):
        self.target = port
        self.drops_replies = False
        self.dropped = 0
        self.holds_answers = False  # but not pub/sub messages
        self.held = []
        self.holds_pushes = False
        self.held_pushes = []
        self.loses_messages = False  # drops pub/sub messages only
        self.refuses = False  # closes every connection at once
        self.subscribers = set()
        self.deaf = set()  # subscribers that receive nothing
        self.kinds = {}  # kind of each connection from an instance
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.pairs = {}
        self.lock = threading.Lock()
        self.is_ending = False
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def run(self):
        while not self.is_ending:
            for key, _ in self.selector.select(0.05):
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.copy(key.fileobj)
            if not self.holds_answers:
                self.release(self.held)
            if not self.holds_pushes:
                self.release(self.held_pushes)

    @staticmethod
    def release(held):
        while held:
            target, data = held.pop(0)
            try:
                target.sendall(data)
            except OSError:
                pass

    def accept(self):
        client, _ = self.listener.accept()
        if self.refuses:
            client.close()
            return
        try:
            redis = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        for one, other, is_reply in ((client, redis, False),
                                     (redis, client, True)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.pairs[one] = (other, is_reply)
            self.selector.register(one, selectors.EVENT_READ)

    def copy(self, source):
        with self.lock:
            target, is_reply = self.pairs.get(source, (None, False))
        if not target:
            return
        try:
            data = source.recv(65536)
            if source in self.deaf and data:
                return
            if not is_reply:
                self.note_kind(source, data)
            if b"SUBSCRIBE" in data and not is_reply:
                self.subscribers.add(target)
            if data and is_reply and self.drops_replies:
                self.dropped += 1
            elif data and is_reply and (self.held or self.holds_answers) \
                    and source not in self.subscribers:
                self.held.append((target, data))
            elif data and is_reply and self.keeps_push(source, data):
                if not self.loses_messages:
                    self.held_pushes.append((target, data))
            elif data:
                target.sendall(data)
        except OSError:
            data = b""
        if not data:
            self.cut_pair(source)

    def note_kind(self, source, data):
        for kind, word in KINDS.items():
            if word in data:
                self.kinds[source] = kind

    def keeps_push(self, source, data):
        if source not in self.subscribers:
            return False
        if self.loses_messages:
            return b"message" in data
        return self.holds_pushes or self.held_pushes

    def cut_pair(self, source):
        with self.lock:
            target, _ = self.pairs.pop(source, (None, False))
            self.pairs.pop(target, None)
        for end in (source, target):
            if end:
                self.selector.unregister(end)
                end.close()

    def deafen(self):
        """Current subscribers stay connected but receive nothing more."""
        self.deaf = set(self.subscribers)

    def move(self, server):
        """Sends new connections to another Redis."""
        self.target = server.port

    def cut(self, kind=None):
        """Closes all connections, or those of a kind; new ones are still
        accepted."""
        with self.lock:
            ends = [end for end in self.pairs
                    if not kind or self.kinds.get(end) == kind]
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def end(self):
        self.is_ending = True
        self.thread.join()
        for end in list(self.pairs):
            end.close()
        self.listener.close()
        self.selector.close()
