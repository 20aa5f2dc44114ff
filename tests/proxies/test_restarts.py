"""Two instances with long-lived WebSockets behind the unmodified proxies of
conf/cluster. While an instance restarts, drains, is full or is attacked, the
other one accepts the clients, so no handshake fails unnecessarily."""

import selectors
import threading
import time

import pytest

import front
from support.patience import seconds, wait_until
from support.raw import Ended, RawSocket
from support.server import ROOT
from support.websocket import PING, PONG, Client, Refused

CLUSTER = ROOT / "conf" / "cluster"
PROXIES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
RATE = 40  # handshakes per second


class Crowd(threading.Thread):
    """Clients that connect at a steady rate and stay until closed."""

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.failures = []  # (time, reason)
        self.opened = 0
        self.closed = 0
        self.is_over = threading.Event()
        self.selector = selectors.DefaultSelector()

    def open_one(self):
        try:
            client = Client(self.port, f"/ws/c{self.opened}", context=False,
                            timeout=10)
        except (Refused, Ended, OSError) as error:
            self.failures.append((time.monotonic(), repr(error)))
            return
        self.opened += 1
        self.selector.register(client.raw.socket, selectors.EVENT_READ, client)

    def read(self, client):
        """Without requests, echo sends only pings and the close frame."""
        try:
            frame = client.receive_frame()
            if frame.opcode == PING:
                client.send_frame(PONG, frame.payload)
                return
        except (Ended, OSError):
            pass
        self.selector.unregister(client.raw.socket)
        client.drop()
        self.closed += 1

    def serve_until(self, end):
        while time.monotonic() < end:
            left = max(0, end - time.monotonic())
            for key, _ in self.selector.select(left):
                self.read(key.data)

    def run(self):
        due = time.monotonic()
        while not self.is_over.is_set():
            self.open_one()
            due = max(due + 1 / RATE, time.monotonic() - 1)
            self.serve_until(due)
        for key in list(self.selector.get_map().values()):
            key.data.drop()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def go_on(self, duration):
        time.sleep(seconds(duration))

    def has_grown_by(self, count):
        before = self.opened
        wait_until(lambda: self.opened >= before + count, 20,
                   what=f"{count} more clients")


class Instances:
    """Two instances; a restart keeps their ports."""

    def __init__(self, start):
        self.start = start
        self.ports = [front.free_port(), front.free_port()]
        self.servers = [None, None]

    def begin(self, index, **config):
        self.servers[index] = self.start(
            config={"drain_seconds": 1, **config}, plain=True,
            args=["--port", str(self.ports[index])])

    def end(self, index):
        server = self.servers[index]
        server.signal()
        wait_until(lambda: server.process.poll() is not None, 20)

    def connections(self, index):
        return self.servers[index].metric("peal_connections")


@pytest.fixture(name="instances")
def make_instances(peal):
    made = Instances(peal)
    for index in (0, 1):
        made.begin(index)
    return made


@pytest.fixture(name="port", params=PROXIES)
def start_proxy(request, instances, tmp_path):
    port = front.free_port()
    ports = {"8080": port, "8081": instances.ports[0],
             "8082": instances.ports[1]}
    text = (CLUSTER / PROXIES[request.param]).read_text()
    command = front.recommended_command(request.param, text, tmp_path, ports)
    with front.running(command, tmp_path, port):
        wait_until(lambda: is_served(port), 10, what="an instance")
        yield port


def is_served(port):
    try:
        Client(port, "/ws/first", context=False).drop()
        return True
    except (Refused, Ended, OSError):
        return False


def test_a_rolling_restart_refuses_no_client(instances, port):
    with Crowd(port) as crowd:
        crowd.has_grown_by(RATE)
        for index in (0, 1):
            instances.end(index)
            crowd.has_grown_by(RATE // 2)  # served by the other instance
            instances.begin(index)
            crowd.go_on(3)
            wait_until(lambda index=index: instances.connections(index) > 5,
                       10, what="clients of the new instance")
    assert not crowd.failures
    assert crowd.closed > RATE / 2 and crowd.opened > 4 * RATE


def test_a_slow_drain_refuses_no_client(peal, instances, port):
    instances.end(0)
    instances.begin(0, drain_seconds=4)
    with Crowd(port) as crowd:
        wait_until(lambda: instances.connections(0) > RATE / 2, 20)
        instances.end(0)
        crowd.has_grown_by(RATE // 2)
    assert not crowd.failures and crowd.closed > RATE / 4


def test_clients_are_served_again_after_both_were_down(instances, port):
    with Crowd(port) as crowd:
        crowd.has_grown_by(RATE)
        for index in (0, 1):
            instances.servers[index].signal()
        for index in (0, 1):
            instances.end(index)
        crowd.go_on(3)
        assert crowd.failures  # proves that the test can fail
        for index in (0, 1):
            instances.begin(index)
        up = time.monotonic()
        crowd.go_on(4)
        late = [why for when, why in crowd.failures
                if when > up + seconds(2)]
        assert not late
        for index in (0, 1):
            assert instances.connections(index) > 5


def test_a_full_instance_refuses_no_client(instances, port):
    instances.end(0)
    instances.begin(0, limits={"connections": 3})
    with Crowd(port) as crowd:
        wait_until(lambda: instances.connections(0) == 3, 20)
        crowd.has_grown_by(2 * RATE)
        assert instances.connections(0) == 3
    assert not crowd.failures


ATTACKS = [
    "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + 20000 * "x" + "\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n" + 60 * ("X-Field: " + 300 * "x" + "\r\n") +
    "\r\n",
    "GET /" + 7000 * "x" + " HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /ws/a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 99\r\n\r\n",
    "POST /ws/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "GET /ws/a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nContent-Length: 3\r\n\r\nabc",
]


def test_malicious_requests_take_no_instance_out_of_service(instances, port):
    with Crowd(port) as crowd:
        crowd.has_grown_by(RATE // 2)
        for _ in range(5):
            for attack in ATTACKS:
                raw = RawSocket(port, 5, context=False)
                raw.send(attack)
                assert raw.response().status < 502, attack[:60]
                raw.close()
        crowd.has_grown_by(RATE)
        for index in (0, 1):
            assert instances.connections(index) > 5
    assert not crowd.failures
