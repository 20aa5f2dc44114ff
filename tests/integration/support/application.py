"""The application: a small HTTP server called by hooks. It checks every
signature and responds as the test specifies."""

import hashlib
import hmac
import http.server
import json
import socket
import socketserver
import ssl
import struct
import threading
import time

from support import patience

SECRET = "a secret of the tests, for hooks"


def sign(timestamp, body, secret=SECRET):
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body,
                    hashlib.sha256).hexdigest()


def hooks(application, **options):
    """The config of a server that calls this application."""
    return {"url": application.url, "secret": SECRET, **options}


ALLOW = {"allow": True}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.application.take(self, body)

    def respond(self, status, body=b"", headers=()):
        try:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def reset(self):
        """Closes the connection without a response."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.connection.close()


class HttpServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # the client may have disconnected


class Application:
    """`answer(question)` returns the response: an object, or a function that
    is called with the handler. `take_events(handler, batch)`, if set, handles
    a batch instead of the default status 200."""

    def __init__(self, answer=None, port=0, context=None,
                 host="127.0.0.1"):
        self.answer = answer or (lambda question: ALLOW)
        self.take_events = None
        self.secret = SECRET
        self.lock = threading.Lock()
        self.questions = []
        self.traces = []
        self.batches = []
        self.problems = []
        self.server = HttpServer((host, port), Handler)
        self.server.application = self
        scheme = "http"
        if context:
            scheme = "https"
            self.server.socket = context.wrap_socket(self.server.socket,
                                                     server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{scheme}://{host}:{self.port}/peal"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()

    # --- requests

    def check(self, handler, body):
        headers = handler.headers
        stamp = headers.get("Peal-Timestamp", "")
        good = "v1=" + sign(stamp, body, self.secret)
        if good not in headers.get("Peal-Signature", "").split(","):
            self.problems.append(f"bad signature: {dict(headers)}")
        if abs(int(stamp or 0) - time.time()) > 60:
            self.problems.append(f"bad time: {stamp}")
        if headers.get("Content-Type") != "application/json":
            self.problems.append("no JSON")
        if handler.path != "/peal":
            self.problems.append(f"called at {handler.path}")

    def take(self, handler, body):
        self.check(handler, body)
        told = json.loads(body)
        kind = handler.headers.get("Peal-Hook")
        if kind == "events":
            self.take_batch(handler, told)
            return
        if told.get("hook") != kind:
            self.problems.append(f"{kind} for {told}")
        with self.lock:
            self.questions.append(told)
            self.traces.append(handler.headers.get("traceparent"))
        answer = self.answer(told)
        if callable(answer):
            answer(handler)
        else:
            handler.respond(200, json.dumps(answer).encode())

    def take_batch(self, handler, batch):
        with self.lock:
            self.batches.append(batch)
        if self.take_events:
            self.take_events(handler, batch)
        else:
            handler.respond(200)

    # --- results

    def asked(self, hook=None):
        with self.lock:
            return [question for question in self.questions
                    if not hook or question["hook"] == hook]

    def all_events(self):
        """All events in the order received, including duplicates."""
        with self.lock:
            return [event for batch in self.batches
                    for event in batch["events"]]

    def events(self, *names):
        """Without duplicates, in the order first received."""
        found = {}
        for event in self.all_events():
            found.setdefault(event["id"], event)
        return [event for event in found.values()
                if not names or event["event"] in names]

    def wait_events(self, count, *names, timeout=10):
        patience.wait_until(lambda: len(self.events(*names)) >= count,
                            timeout, what=f"{count} events {names}, not "
                            f"{self.events(*names)[-5:]}")
        return self.events(*names)

    def wait_asked(self, count, hook=None, timeout=10):
        patience.wait_until(lambda: len(self.asked(hook)) >= count, timeout,
                            what=f"{count} questions {hook}")
        return self.asked(hook)


def slowly(delay, answer):
    """A response after a delay."""
    def respond(handler):
        time.sleep(delay)
        handler.respond(200, json.dumps(answer).encode())
    return respond


def with_status(status, body=b"", headers=()):
    return lambda handler: handler.respond(status, body, headers)


def context_of(folder):
    """A TLS context with a server certificate made by support.tls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context
