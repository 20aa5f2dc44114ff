"""Byte streams: peers that close early, do not read, or send more than is
read."""

import socket
import struct
import threading
import time

import pytest

from support import patience, tls
from support.api import WITH_KEY, api_request, publish
from support.application import Application, hooks
from support.memory import FRUGAL, allowed, memory_of
from support.raw import request_text
from support.tls_records import record_socket
from support.websocket import (BINARY, CLOSE, TEXT, frame_bytes,
                               handshake_headers)

PAYLOAD = "x" * 60000
MESSAGES = 100
SMALL = 4096  # bytes the kernel takes for a client that does not read
CONFIG = {**WITH_KEY, "echo_prefix": "",
          "limits": {"messages_per_second": 0, "message_bytes": 65536},
          "channels": [{"match": "big", "history_size": MESSAGES},
                       {"match": "middle", "history_size": 3},
                       {"match": "*"}]}
HISTORY = api_request(f"/api/channels/big/history?limit={MESSAGES}")
HEALTH = request_text("/health")
PUBLISH = api_request("/api/publish", {"channel": "room", "payload": 1})


@pytest.fixture(scope="module")
def stocked(start_shared):
    """A server whose channel `big` has a history of six megabytes."""
    server = start_shared(CONFIG, env=FRUGAL)
    for _ in range(MESSAGES):
        publish(server, "big", PAYLOAD)
    for _ in range(3):
        publish(server, "middle", PAYLOAD)
    return server


def wait_alone(server):
    """Waits until the only socket is the one that asks."""
    server.wait_metric("peal_sockets", 1, timeout=10)


def expect_history(response):
    assert response.status == 200, response
    assert len(response.json["messages"]) == MESSAGES


# --- responses that do not fit into the kernel


@pytest.mark.parametrize("headers", [(), [("Connection", "close")]],
                         ids=["kept", "closed"])
@pytest.mark.parametrize("half_closes", [False, True])
@pytest.mark.parametrize("receive_buffer", [SMALL, None],
                         ids=["slow", "quick"])
def test_a_large_response_arrives_whole(stocked, headers, half_closes,
                                        receive_buffer):
    raw = stocked.socket(receive_buffer=receive_buffer)
    raw.send(api_request(f"/api/channels/big/history?limit={MESSAGES}",
                         headers=headers))
    if half_closes:
        raw.end_sending()
    if receive_buffer:
        time.sleep(0.3)  # the response waits for the reader
    expect_history(raw.response())
    if headers or half_closes:
        assert raw.is_ended()
    else:
        raw.send(HEALTH)
        assert raw.response().status == 200
    raw.close()


def test_unsent_responses_of_many_arrive_whole(stocked):
    """The server closes each connection while some bytes are unsent."""
    request = api_request(f"/api/channels/big/history?limit={MESSAGES}",
                          headers=[("Connection", "close")])
    readers = [stocked.socket(receive_buffer=SMALL) for _ in range(8)]
    for raw in readers:
        raw.send(request)
    results = []

    def read(raw):
        results.append(len(raw.response().json["messages"]))
        results.append(raw.is_ended())

    threads = [threading.Thread(target=read, args=[raw]) for raw in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [True] * 8 + [MESSAGES] * 8


def test_pipelined_responses_wait_for_a_slow_reader(stocked):
    """Responses keep their order, and waiting requests are not held in
    memory."""
    raw = stocked.socket(receive_buffer=SMALL, timeout=30)
    before = memory_of(stocked)
    requests = 1000
    text = b"".join(
        api_request("/api/publish", {"channel": "order", "payload": i}) +
        (HISTORY if i % 250 == 0 else HEALTH) for i in range(requests))
    sending = threading.Thread(target=raw.send, args=[text])
    if tls.ENABLED:
        raw.send(text)  # Python's TLS sockets are not thread-safe
    else:
        sending.start()
    time.sleep(0.5)
    assert memory_of(stocked) - before < allowed(20)
    offsets = []
    for i in range(requests):
        offsets.append(raw.response().json["offset"])
        answer = raw.response()
        if i % 250 == 0:
            expect_history(answer)
        else:
            assert answer.status == 200
    if not tls.ENABLED:
        sending.join()
    assert offsets == list(range(offsets[0], offsets[0] + requests))
    raw.close()


def test_all_responses_arrive_after_a_half_close(stocked):
    """Whichever response the kernel accepts only in part."""
    for requests in range(50, 60):
        raw = stocked.socket(receive_buffer=SMALL * 16)
        raw.send(api_request("/api/channels/middle/history?limit=3") *
                 requests)
        raw.end_sending()
        for _ in range(requests):
            assert len(raw.response().json["messages"]) == 3
        assert raw.is_ended()
        raw.close()


# --- peers that end

UPGRADE = request_text("/ws/alice", headers=handshake_headers())
# data sent before the connection ends
STATES = {
    "nothing": b"",
    "part of a head": HEALTH[:20],
    "a head without its body": PUBLISH[:-3],
    "a response on its way": HISTORY,
    "a request and a half": HEALTH + HEALTH[:9],
    "an upgrade": UPGRADE,
    "part of a frame": UPGRADE + frame_bytes(TEXT, "hello")[:7],
    "part of a message": UPGRADE + frame_bytes(TEXT, "he", is_final=False),
    "an echo": UPGRADE + frame_bytes(BINARY, b"x" * 60000) * 50,
    "a close frame": UPGRADE + frame_bytes(CLOSE, struct.pack("!H", 1000)),
}


@pytest.mark.parametrize("state", STATES)
def test_a_half_closed_connection_is_closed(stocked, state):
    wait_alone(stocked)
    raw = stocked.socket()
    if STATES[state]:
        raw.send(STATES[state])
    raw.end_sending()
    assert raw.is_ended()
    raw.close()
    wait_alone(stocked)
    assert stocked.metric("peal_connections") == 0


@pytest.mark.parametrize("delay", [0, 0.05])
@pytest.mark.parametrize("state", STATES)
def test_a_reset_connection_is_closed(stocked, state, delay):
    wait_alone(stocked)
    for _ in range(5):
        raw = stocked.socket()
        if STATES[state]:
            raw.send(STATES[state])
        time.sleep(delay)
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
        raw.close()
    wait_alone(stocked)
    assert stocked.metric("peal_connections") == 0


@pytest.mark.parametrize("request_bytes", [HEALTH, PUBLISH, HISTORY],
                         ids=["health", "publish", "history"])
def test_a_request_before_a_half_close_is_answered(stocked, request_bytes):
    raw = stocked.socket()
    raw.send(request_bytes)
    raw.end_sending()
    assert raw.response().status == 200
    assert raw.is_ended()
    raw.close()


def test_a_close_frame_before_a_half_close_is_answered(stocked):
    raw = stocked.socket()
    raw.send(UPGRADE)
    assert raw.response().status == 101
    raw.send(frame_bytes(TEXT, "hello") +
             frame_bytes(CLOSE, struct.pack("!H", 1000)))
    raw.end_sending()
    assert raw.rest() == b"\x81\x05hello\x88\x02\x03\xe8"


# --- the closing handshake


def test_nothing_follows_a_close_frame(peal):
    """Even if the server closes at the same time."""
    server = peal({"echo_prefix": "", "limits": {"messages_per_second": 1}})
    raw = server.socket()
    raw.send(UPGRADE)
    raw.response()
    raw.send(frame_bytes(TEXT, "a") * 5 +
             frame_bytes(CLOSE, struct.pack("!H", 1000)))
    rest = raw.rest()
    assert rest.count(b"\x88") == 1, rest


# --- pipelined data over TLS


@pytest.fixture(scope="module")
def secure(start_shared, gate):
    """Its hook asks the application, which answers when the gate is open."""
    return start_shared({
        **CONFIG, "tls": tls.server_keys(),
        "limits": {**CONFIG["limits"], "body_bytes": 65536},
        "hooks": hooks(gate, questions=["connect"],
                       timeout_ms=int(patience.seconds(5000)))}, env=FRUGAL)


@pytest.fixture(scope="module")
def gate():
    made = Application()
    made.is_open = threading.Event()

    def answer(question):
        made.is_open.wait(patience.seconds(4))
        return {"allow": True}

    made.answer = answer
    yield made
    made.end()
    assert not made.problems


BURST = 400


def greeted(server):
    """A socket that has had one response; OpenSSL now reads ahead."""
    raw = record_socket(server)
    raw.send(HEALTH)
    assert raw.response().status == 200
    return raw


def test_a_burst_of_records_while_paused_loses_nothing(secure, gate):
    gate.is_open.clear()
    raw = record_socket(secure)
    frames = [frame_bytes(TEXT, f"{i:06d}") for i in range(BURST)]
    raw.socket.send_records([UPGRADE, *frames])
    time.sleep(0.3)
    before = secure.cpu_seconds()
    time.sleep(1)
    assert secure.cpu_seconds() - before < 0.2 * patience.SLOWNESS
    gate.is_open.set()
    assert raw.response().status == 101
    for i in range(BURST):
        assert raw.take(8) == b"\x81\x06%06d" % i
    raw.send(frame_bytes(TEXT, "more"))
    assert raw.take(6) == b"\x81\x04more"
    raw.close()


def test_a_burst_of_requests_in_records_is_answered_in_order(secure, gate):
    raw = record_socket(secure)
    raw.socket.send_records(
        [api_request("/api/publish", {"channel": "records", "payload": i})
         for i in range(BURST)])
    offsets = [raw.response().json["offset"] for _ in range(BURST)]
    assert offsets == list(range(offsets[0], offsets[0] + BURST))
    raw.close()


def test_a_request_before_close_notify_is_answered(secure, gate):
    """close_notify ends one direction (RFC 8446 section 6.1)."""
    for request in (HEALTH, PUBLISH):
        raw = greeted(secure)
        raw.socket.send_records([request], says_goodbye=True)
        assert raw.response().status == 200
        assert raw.is_ended()
        raw.close()


@pytest.mark.parametrize("first", [UPGRADE, PUBLISH],
                         ids=["hook", "publish"])
def test_a_flood_while_paused_is_not_kept(secure, gate, first):
    gate.is_open.clear()
    raw = greeted(secure)
    raw.set_timeout(0.5)
    before = memory_of(secure)
    record = b"x" * 16384
    sent = 0
    end = time.monotonic() + patience.seconds(1)
    try:
        raw.socket.send_records([first, *[record] * 64])
        while time.monotonic() < end:
            raw.socket.send_records([record] * 64)
            sent += 1
    except OSError:
        pass  # the server stops reading or closes
    held = memory_of(secure) - before
    gate.is_open.set()
    raw.close()
    assert held < allowed(8), (held, sent)


def test_a_flood_does_not_starve_other_clients(secure, gate):
    """A sender that always has data ready does not monopolize the worker."""
    gate.is_open.set()
    raw = record_socket(secure)
    raw.send(UPGRADE)
    assert raw.response().status == 101
    is_over = threading.Event()
    record = frame_bytes(BINARY, b"x" * 16000)

    def flood():
        raw.set_timeout(0.2)
        try:
            while not is_over.is_set():
                raw.socket.send_records([record] * 64)
        except OSError:
            pass

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        slowest = 0
        for _ in range(20):
            start = time.monotonic()
            other = record_socket(secure)
            other.send(HEALTH)
            assert other.response().status == 200
            other.close()
            slowest = max(slowest, time.monotonic() - start)
    finally:
        is_over.set()
        thread.join()
    assert slowest < patience.seconds(1)
    raw.close()


def test_an_idle_tls_connection_is_not_timed_out(peal):
    """A connection outlives the TLS handshake timeout, which is ten seconds
    longer than the timeout for a request."""
    server = peal({**CONFIG, "tls": tls.server_keys(),
                   "limits": {"handshake_seconds": 1}})
    upgraded, kept = greeted(server), greeted(server)
    upgraded.send(UPGRADE)
    assert upgraded.response().status == 101
    time.sleep(13)
    upgraded.send(frame_bytes(TEXT, "hello"))
    assert upgraded.take(7) == b"\x81\x05hello"
    kept.send(HEALTH)
    assert kept.response().status == 200
