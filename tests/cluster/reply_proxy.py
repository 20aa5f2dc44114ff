"""A TCP proxy in front of Redis that can lose the answers, or hold them back:
what an instance sends arrives, and what Redis answers does not, or later."""

import selectors
import socket
import threading


class ReplyProxy:
    """Copies bytes both ways in a thread of its own."""

    def __init__(self, port):
        self.target = port
        self.drops_replies = False
        self.dropped = 0
        self.holds_answers = False  # but not what is pushed to subscribers
        self.held = []
        self.refuses = False  # every connection ends at once
        self.subscribers = set()
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
                self.release()

    def release(self):
        while self.held:
            target, data = self.held.pop(0)
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
            if b"SUBSCRIBE" in data and not is_reply:
                self.subscribers.add(target)
            if data and is_reply and self.drops_replies:
                self.dropped += 1
            elif data and is_reply and (self.held or self.holds_answers) \
                    and source not in self.subscribers:
                self.held.append((target, data))
            elif data:
                target.sendall(data)
        except OSError:
            data = b""
        if not data:
            self.cut_pair(source)

    def cut_pair(self, source):
        with self.lock:
            target, _ = self.pairs.pop(source, (None, False))
            self.pairs.pop(target, None)
        for end in (source, target):
            if end:
                self.selector.unregister(end)
                end.close()

    def cut(self):
        """Every connection ends; new ones are made as before."""
        with self.lock:
            ends = list(self.pairs)
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
