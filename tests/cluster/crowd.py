"""Thousands of silent clients in one thread that reconnect like real ones:
after a close, they wait a random part of `backoff`; each failure doubles it.
Records what they observe."""

import collections
import errno
import heapq
import itertools
import os
import random
import select
import socket
import struct
import threading
import time

from support.raw import request_text
from support.websocket import CLOSE, PING, PONG, frame_bytes, handshake_headers

UNDER_WAY = 100  # concurrent handshakes at the start


class Member:
    """One client."""

    def __init__(self, number):
        self.number = number
        self.socket = None
        self.seen = b""
        self.port = 0
        self.is_greeting = False
        self.is_open = False
        self.failures = 0


class Crowd:
    """`closes` and `returns`: times with the close code or the port;
    `failures`: results of handshakes other than 101."""

    def __init__(self, count, port, home, backoff=0.5):
        self.members = [Member(i) for i in range(count)]
        self.port = port  # initial port
        self.home = home  # port after a close
        self.backoff = backoff
        self.closes = []
        self.returns = []
        self.failures = collections.Counter()
        self.open_count = 0
        self.to_open = collections.deque(self.members)
        self.waiting = []  # (time, tie-breaker, member)
        self.ties = itertools.count()
        self.under_way = 0
        self.poll = select.epoll()
        self.by_fd = {}
        self.is_over = False
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        for member in list(self.by_fd.values()):
            member.socket.close()
        self.poll.close()

    def run(self):
        while not self.is_over:
            while self.to_open and self.under_way < UNDER_WAY:
                self.connect(self.to_open.popleft(), self.port)
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                self.connect(heapq.heappop(self.waiting)[2], self.home)
            for fd, _ in self.poll.poll(0.005):
                self.serve(self.by_fd[fd])

    def connect(self, member, port):
        made = socket.socket()
        made.setblocking(False)
        member.socket, member.seen, member.port = made, b"", port
        member.is_greeting = False
        code = made.connect_ex(("127.0.0.1", port))
        assert code in (0, errno.EINPROGRESS), os.strerror(code)
        self.by_fd[made.fileno()] = member
        self.poll.register(made, select.EPOLLOUT)
        self.under_way += 1

    def serve(self, member):
        try:
            if not member.is_greeting:
                self.greet(member)
            data = member.socket.recv(4096)
            if not data:
                raise OSError("end of stream")
            self.take(member, data)
        except BlockingIOError:
            pass
        except OSError as error:
            self.lose(member, str(error))

    def greet(self, member):
        code = member.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        member.is_greeting = True
        member.socket.send(request_text(f"/ws/crowd-{member.number}",
                                        headers=handshake_headers()))
        self.poll.modify(member.socket, select.EPOLLIN)

    def take(self, member, data):
        member.seen += data
        if not member.is_open:
            if b"\r\n\r\n" not in member.seen:
                return
            head, member.seen = member.seen.split(b"\r\n\r\n", 1)
            if b" 101 " not in head:
                raise OSError(head.split(b"\r\n")[0].decode())
            self.become_open(member)
        while len(member.seen) >= 2 and len(
                member.seen) >= 2 + member.seen[1]:
            length = member.seen[1]
            opcode, payload = member.seen[0] & 15, member.seen[2:2 + length]
            member.seen = member.seen[2 + length:]
            if opcode == PING:
                member.socket.send(frame_bytes(PONG, payload))
            elif opcode == CLOSE:
                member.socket.send(frame_bytes(CLOSE, payload[:2]))
                self.be_closed(member, struct.unpack("!H", payload[:2])[0])
                return

    def become_open(self, member):
        member.is_open = True
        member.failures = 0
        self.under_way -= 1
        self.open_count += 1
        self.returns.append((time.monotonic(), member.port))

    def leave(self, member):
        """Handles any end of a connection; the member reconnects later."""
        self.poll.unregister(member.socket)
        del self.by_fd[member.socket.fileno()]
        member.socket.close()
        if member.is_open:
            self.open_count -= 1
        else:
            self.under_way -= 1
        member.is_open = False
        wait = random.random() * self.backoff * 2 ** member.failures
        heapq.heappush(self.waiting, (time.monotonic() + wait,
                                      next(self.ties), member))

    def be_closed(self, member, code):
        self.closes.append((time.monotonic(), code))
        self.leave(member)

    def lose(self, member, why):
        self.failures[why] += 1
        member.failures += 1
        self.leave(member)


def each_second(moments, begun, count):
    """The number of moments in each of `count` seconds."""
    seconds = [0] * count
    for moment in moments:
        index = int(moment - begun)
        if 0 <= index < count:
            seconds[index] += 1
    return seconds
