"""Raw TCP and HTTP/1.1: sends and returns exactly the given bytes."""

import json
import socket
import ssl

from support import tls
from support.patience import seconds


class Ended(Exception):
    """The peer closed the connection too early."""


class Response:
    """An HTTP response as received."""

    def __init__(self, head, body):
        self.head = head
        self.body = body
        lines = head.decode("latin-1").split("\r\n")
        self.status_line = lines[0]
        self.status = int(lines[0].split(" ")[1])
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        self.headers = {name.lower(): value for name, value in self.fields}

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status_line}: {self.body[:200]!r}>"


class RawSocket:
    """A connection to the server with a read buffer. `port`: a number, or the
    path of a Unix socket. `context`: a TLS context; False: no TLS, even with
    PEAL_TEST_TLS=1."""

    def __init__(self, port, timeout=10, receive_buffer=None, context=None):
        is_path = isinstance(port, str)
        self.socket = socket.socket(
            socket.AF_UNIX if is_path else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.settimeout(seconds(timeout))
        self.socket.connect(port if is_path else ("127.0.0.1", port))
        if not is_path:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if context is None and tls.ENABLED:
            context = tls.common_context()
        if context:
            self.socket = context.wrap_socket(self.socket)

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def set_timeout(self, timeout):
        self.socket.settimeout(seconds(timeout))

    def fill(self):
        """Reads once more; raises Ended at the end."""
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError,
                ssl.SSLError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise Ended("reset") from error
        if not data:
            raise Ended("end of stream")
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def take_until(self, mark):
        while mark not in self.buffer:
            self.fill()
        taken, self.buffer = self.buffer.split(mark, 1)
        return taken

    def response(self, method="GET"):
        """The next response, with a body of Content-Length bytes."""
        head = self.take_until(b"\r\n\r\n")
        bare = Response(head, b"")
        if method == "HEAD" or bare.status in (101, 204, 304):
            return bare
        if bare.headers.get("transfer-encoding") == "chunked":
            return Response(head, self.chunks())
        return Response(head, self.take(int(bare.headers["content-length"])))

    def chunks(self):
        """A complete chunked body."""
        body = b""
        while True:
            size = int(self.take_until(b"\r\n"), 16)
            body += self.take(size)
            assert self.take(2) == b"\r\n"
            if not size:
                return body

    def is_ended(self):
        """Whether the server closes within the time-out; discards the rest."""
        try:
            while True:
                self.fill()
        except Ended:
            return True
        except socket.timeout:
            return False

    def rest(self):
        """Everything up to the end."""
        try:
            while True:
                self.fill()
        except Ended:
            return self.buffer

    def end_sending(self):
        # closes only the TCP side, without TLS close_notify
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def close(self):
        self.socket.close()


def request_text(path, method="GET", headers=(), host="127.0.0.1"):
    """A request without a body as bytes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
