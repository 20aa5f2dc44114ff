"""Requests that once hung, crashed or confused libwebsockets: the server must
answer or close, and keep running."""

import time

import pytest

from support.patience import seconds
from support.raw import request_text
from support.websocket import frame_bytes, handshake_headers

GET = request_text("/health")
POST = request_text("/health", "POST", [("Content-Length", "5")]) + b"hello"


def is_calm(server):
    """Whether an idle server uses almost no processor time."""
    before = server.cpu_seconds()
    time.sleep(0.5)
    return server.cpu_seconds() - before < 0.25 * max(1, seconds(1))


def check_all_workers(server):
    """Checks that every worker answers; connections spread over them."""
    for _ in range(16):
        assert server.is_alive()
    assert is_calm(server)


@pytest.mark.parametrize("second, status", [
    (POST, 405),
    (request_text("/health", "PUT", [("Content-Length", "5")]) + b"hello",
     405),
    (request_text("/health", "GET", [("Content-Length", "5")]) + b"hello",
     200),
    (request_text("/health", "POST", [("Transfer-Encoding", "chunked")]) +
     b"5\r\nhello\r\n0\r\n\r\n", 405),
    (request_text("/health", "PATCH", [("Content-Length", "0")]), 405),
])
def test_a_pipelined_request_with_a_body_is_answered_in_order(
        peal, second, status):
    server = peal()
    for _ in range(8):
        raw = server.socket()
        raw.send(GET + second + GET)
        assert raw.response().status == 200
        assert raw.response().status == status
        assert raw.response().status == 200
    check_all_workers(server)


def test_a_missing_body_ends_the_connection(peal):
    server = peal(config={"limits": {"handshake_seconds": 1}})
    raw = server.socket()
    raw.send(GET + request_text("/none", "POST",
                                [("Content-Length", "100000")]) + b"hello")
    assert raw.response().status == 200
    assert raw.response().status == 404
    assert raw.is_ended()
    check_all_workers(server)


def test_a_body_on_a_kept_connection_is_dropped(peal):
    server = peal()
    raw = server.socket()
    raw.send(GET)
    assert raw.response().status == 200
    raw.send(POST)
    assert raw.response().status == 405
    raw.send(GET)
    assert raw.response().status == 200
    check_all_workers(server)


@pytest.mark.parametrize("upgrade", ["unknown", "h2c", "TLS/1.0", "x, y",
                                     "websocketx"])
def test_an_unknown_upgrade_on_a_kept_connection_is_harmless(peal, upgrade):
    """CVE-2025-11677: use of freed headers. A server may ignore an unknown
    upgrade (RFC 9110 section 7.8)."""
    server = peal()
    for pipelined in (True, False):
        for _ in range(8):
            raw = server.socket()
            second = request_text("/health", headers=[
                ("Connection", "Upgrade"), ("Upgrade", upgrade)])
            if pipelined:
                raw.send(GET + second)
                assert raw.response().status == 200
            else:
                raw.send(GET)
                assert raw.response().status == 200
                raw.send(second)
            assert raw.response().status == 200
            raw.send(GET)
            assert raw.response().status == 200
    check_all_workers(server)


@pytest.mark.parametrize("upgrade", ["unknown", "h2c", ""])
@pytest.mark.parametrize("path, status", [("/health", 200),
                                          ("/ws/alice", 426)])
def test_an_unknown_upgrade_is_not_granted(shared, upgrade, path, status):
    raw = shared.socket()
    raw.send(request_text(path, headers=handshake_headers(headers=[
        ("Upgrade", upgrade), ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")
    ])))
    assert raw.response().status == status
    assert shared.is_alive()


def test_http_2_with_prior_knowledge_is_not_supported(shared):
    raw = shared.socket()
    raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
    assert b" 101 " not in raw.rest()
    assert shared.is_alive()


def test_another_transfer_coding_is_refused(shared):
    raw = shared.socket()
    raw.send(request_text("/health", "POST",
                          [("Transfer-Encoding", "gzip, chunked")]) +
             b"5\r\nhello\r\n0\r\n\r\n")
    response = raw.response()
    assert response.status_line == "HTTP/1.1 501 Not Implemented"
    assert "Transfer-Encoding" in response.json["error"]
    assert raw.is_ended()


SMUGGLED = request_text("/metrics")


@pytest.mark.parametrize("headers, body", [
    ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
     b"0\r\n\r\n" + SMUGGLED),
    ([("Content-Length", "0"), ("Content-Length", "%d" % len(SMUGGLED))],
     SMUGGLED),
    ([("Content-Length", "-1")], SMUGGLED),
    ([("Content-Length", "0x10")], SMUGGLED),
    ([("Content-Length", "99999999999999999999")], SMUGGLED),
    ([("Content-Length", "5"), ("Content-Length", "5")], b"hello" + SMUGGLED),
    ([("Transfer-Encoding", "identity")], SMUGGLED),
    ([("Transfer-Encoding", "xchunked"), ("Content-Length", "4")],
     b"hell" + SMUGGLED),
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_is_smuggled_after_an_ambiguous_length(shared, method, headers,
                                                       body):
    """A request with a body gets one answer; then the connection closes."""
    raw = shared.socket()
    raw.send(request_text("/health", method, headers) + body)
    answer = raw.rest()
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b"peal_sockets" not in answer
    assert shared.is_alive()


@pytest.mark.parametrize("text", [
    b"GET /health HTTP/1.1\nHost: localhost\n\n",
    b"GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /health\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /health HTTP/1.1\r\n folded: x\r\nHost: localhost\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n",
    b"GET http://127.0.0.1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\0" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100,
    b"%" * 5000,
    b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /" + b"%2e%2e/" * 100 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET " + b"/" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /?" + b"a=b&" * 1500 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
])
def test_unusual_requests_are_harmless(shared, text):
    raw = shared.socket()
    raw.send(text)
    raw.end_sending()
    answer = raw.rest()
    assert answer == b"" or answer.startswith(b"HTTP/1.")
    assert shared.is_alive()


@pytest.mark.parametrize("size", [8000, 9000, 20000, 200000])
@pytest.mark.parametrize("shape", ["one header", "many headers", "the path",
                                   "the query", "a cookie"])
def test_too_long_headers_end_the_connection(shared, size, shape):
    filler = "x" * size
    headers = {"one header": [("X-Long", filler)],
               "many headers": [(f"X-{i}", "x" * 90)
                                for i in range(size // 100)],
               "a cookie": [("Cookie", "peal_token=" + filler)]}
    path = {"the path": "/ws/" + filler,
            "the query": "/ws/alice?channel=" + filler}.get(shape, "/ws/alice")
    raw = shared.socket()
    try:
        raw.send(request_text(path, headers=handshake_headers(
            headers=headers.get(shape, ()))))
        raw.end_sending()
    except OSError:
        pass
    answer = raw.rest()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
    assert shared.is_alive()


@pytest.mark.parametrize("request_bytes", [
    GET, POST, request_text("/ws/alice"),
    request_text("/health", "POST", [("Content-Length", "1000")]) + b"half",
])
def test_a_client_that_half_closes_does_not_keep_the_thread_busy(
        peal, request_bytes):
    server = peal()
    raws = []
    for _ in range(8):
        raw = server.socket()
        raw.send(request_bytes)
        raw.end_sending()
        raws.append(raw)
    for raw in raws:
        assert raw.response().status in (200, 405, 426)
    assert is_calm(server)
    assert all(raw.is_ended() for raw in raws)


def test_a_half_closed_websocket_is_ended_without_spinning(peal):
    server = peal()
    clients = [server.join(f"c{i}", "room") for i in range(8)]
    for client in clients:
        client.raw.end_sending()
    server.wait_metric("peal_connections", 0)
    assert is_calm(server)


def test_more_bytes_than_announced_do_not_keep_the_thread_busy(peal):
    server = peal()
    for _ in range(8):
        raw = server.socket()
        raw.send(request_text("/health", "POST", [("Content-Length", "1")]) +
                 b"x\0\0")
        assert raw.response().status == 405
        assert raw.response().status == 400
        assert raw.is_ended()
    check_all_workers(server)


def test_frames_sent_with_the_handshake_are_not_lost(shared):
    raw = shared.socket()
    raw.send(request_text("/ws/alice", headers=handshake_headers()) +
             frame_bytes(1, "early") + frame_bytes(1, "birds"))
    assert raw.response().status == 101
    assert raw.take(13) == b"\x81\x0bEcho: early"
    assert raw.take(13) == b"\x81\x0bEcho: birds"


def test_frames_after_a_refused_handshake_are_ignored(shared):
    raw = shared.socket()
    raw.send(request_text("/other", headers=handshake_headers()) +
             frame_bytes(1, "early"))
    assert raw.response().status == 404
    assert raw.rest() == b""


def test_closing_in_every_state_is_harmless(peal):
    server = peal()
    whole = (GET + request_text("/ws/alice?protocol=broadcast",
                                headers=handshake_headers()) +
             frame_bytes(1, '{"type":"broadcast","payload":1}'))
    for length in range(0, len(whole), 7):
        raw = server.socket()
        raw.send(whole[:length])
        raw.close()
    check_all_workers(server)
    server.wait_metric("peal_connections", 0)
