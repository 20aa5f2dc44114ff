"""TLS with control over each record: many records can arrive in one packet,
which ordinary clients cannot do."""

import ssl

from support import tls
from support.raw import Ended, RawSocket


class MemoryTls:
    """Has a socket's interface; OpenSSL runs in memory on a plain socket."""

    def __init__(self, plain, context):
        self.plain = plain
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.run(self.tls.do_handshake)
        self.flush()

    def flush(self):
        self.plain.sendall(self.outgoing.read())

    def run(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65536)
                if not data:
                    raise Ended("end of stream")
                self.incoming.write(data)

    def recv(self, size):
        try:
            return self.run(lambda: self.tls.read(size))
        except (Ended, ssl.SSLZeroReturnError):
            return b""

    def sendall(self, data):
        self.send_records([data])

    def send_records(self, parts, says_goodbye=False):
        """Sends one record per part in one write, then maybe close_notify."""
        for part in parts:
            self.tls.write(part)
        if says_goodbye:
            try:
                self.tls.unwrap()
            except ssl.SSLWantReadError:
                pass
        self.flush()

    def __getattr__(self, name):
        return getattr(self.plain, name)


def record_socket(server, **options):
    """A RawSocket over TLS whose `socket` has send_records."""
    raw = RawSocket(server.port, context=False, **options)
    raw.socket = MemoryTls(raw.socket, tls.common_context())
    server.sockets.append(raw)
    return raw
