"""Requests with bodies: fragmented, pipelined, half-closed or aborted. The
server answers each once and never busy-loops."""

import contextlib
import select
import ssl
import threading
import time

import pytest

from support.api import KEY, WITH_KEY, api_request, ask, publish
from support.patience import seconds, wait_until
from support.raw import Ended, request_text
from support.websocket import handshake_headers
from test_http_guards import check_all_workers, is_calm

GOOD = {"channel": "room", "payload": 1}
POST = api_request("/api/publish", GOOD)
GET = request_text("/health")
LIST = api_request("/api/channels")
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@pytest.fixture(scope="module")
def api(start_shared):
    return start_shared(WITH_KEY)


def test_the_connection_serves_many_requests(api):
    raw = api.socket()
    for request in (POST, GET, POST, LIST, POST, POST):
        raw.send(request)
        response = raw.response()
        assert response.status == 200
        assert response.headers["connection"] == "keep-alive"


def test_null_equals_a_missing_field(api):
    """Go, Java and .NET write unset fields as null. For the required payload,
    null is a value."""
    answer = ask(api, "/api/publish", {
        "channel": "nulls", "payload": None, "idempotency_key": None,
        "traceparent": None, "limit": None})
    assert answer.status == 200, answer
    history, = ask(api, "/api/batch", {"commands": [
        {"command": "history", "channel": "nulls",
         "limit": None}]}).json["results"]
    assert [m["payload"] for m in history["messages"]] == [None]
    for path, body in (
            ("/api/disconnect", {"client": "nobody", "reason": None}),
            ("/api/tickets", {"client": "x", "caps": None, "ttl": None})):
        assert ask(api, path, body).status == 200, path
    assert ask(api, "/api/publish",
               {"channel": None, "payload": 1}).status == 400


def test_whole_numbers_may_be_written_with_a_fraction_or_exponent(api):
    for number, status in ((b"50.0", 200), (b"1e1", 200), (b"1.5", 400)):
        body = (b'{"commands":[{"command":"channels","limit":' + number +
                b"}]}")
        answer, = ask(api, "/api/batch", body).json["results"]
        assert ("channels" in answer) == (status == 200), number
        body = b'{"client":"x","ttl":' + number + b"}"
        assert ask(api, "/api/tickets", body).status == status, number


def test_connection_close_is_respected(api):
    raw = api.socket()
    raw.send(api_request("/api/publish", GOOD,
                         headers=[("Connection", "close")]))
    assert raw.response().headers["connection"] == "close"
    assert raw.is_ended()


@pytest.mark.parametrize("order", [
    [POST, POST], [GET, POST], [POST, GET], [LIST, POST], [POST, LIST],
    [GET, POST, LIST, POST, GET, POST], [POST] * 50,
])
def test_pipelined_requests_are_answered_in_order(peal, order):
    server = peal(WITH_KEY)
    for _ in range(4):
        raw = server.socket()
        raw.send(b"".join(order))
        bodies = [raw.response().json for _ in order]
        offsets = [body["offset"] for body in bodies if "offset" in body]
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
        assert [("status" in b, "channels" in b) for b in bodies] == [
            (request is GET, request is LIST) for request in order]
    check_all_workers(server)


@pytest.mark.parametrize("size", [1, 7, 50, len(POST) - 1, len(POST) + 1])
def test_requests_may_arrive_in_pieces(api, size):
    raw = api.socket()
    text = POST * 3
    for start in range(0, len(text), size):
        raw.send(text[start:start + size])
        time.sleep(0.0005)
    first = raw.response().json["offset"]
    assert [raw.response().json["offset"] for _ in range(2)] == [
        first + 1, first + 2]


def test_a_body_of_many_reads_arrives_completely(peal):
    server = peal({**WITH_KEY, "limits": {"message_bytes": 3000000,
                                          "body_bytes": 4000000,
                                          "outbox_bytes": 10000000}})
    client = server.join("alice", "room")
    payload = "0123456789" * 200000
    raw = server.socket()
    for _ in range(2):
        raw.send(api_request("/api/publish",
                             {"channel": "room", "payload": payload}))
        assert raw.response().status == 200
        assert client.receive_type("broadcast")["payload"] == payload


def test_a_too_long_body_is_413_and_soon_closed(peal):
    server = peal({**WITH_KEY, "limits": {"body_bytes": 100,
                                          "handshake_seconds": 1}})
    raw = server.socket()
    raw.send(api_request("/api/publish", b"x" * 101))
    response = raw.response()
    assert response.status == 413
    assert response.json == {
        "error": "The body is longer than limits.body_bytes"}
    raw.send(POST)  # the announced body was skipped
    assert raw.response().status == 200
    raw = server.socket()
    raw.send(api_request("/api/publish", b"", headers=[
        ("Content-Length", "9000000000")]) + b"x" * 100000)
    assert raw.response().status == 413
    assert raw.is_ended()
    assert server.metric('peal_limit_reached_total{limit="body_bytes"}') == 2


def test_a_refusal_reaches_a_client_that_is_still_sending(peal):
    """Closing with unread bytes would make TCP discard the answer."""
    server = peal({**WITH_KEY, "limits": {"body_bytes": 100}})
    body = b"x" * 5000000
    for _ in range(5):
        raw = server.socket()
        send_and_listen(raw, api_request("/api/publish", body))
        assert raw.response().status == 413
    check_all_workers(server)


def send_and_listen(raw, data):
    """Sends until an answer begins or everything is sent. Uses one thread,
    because two must not use a TLS connection at once."""
    connection = raw.socket
    connection.setblocking(False)
    end = time.monotonic() + seconds(10)
    while data and not raw.buffer and time.monotonic() < end:
        select.select([connection], [connection], [], 0.01)
        with contextlib.suppress(*NOT_NOW):
            data = data[connection.send(data[:65536]):]
        with contextlib.suppress(*NOT_NOW):
            raw.buffer += connection.recv(65536)
    raw.set_timeout(10)


def test_a_missing_body_ends_the_connection(peal):
    server = peal({**WITH_KEY, "limits": {"handshake_seconds": 1}})
    raw = server.socket()
    raw.send(POST)
    assert raw.response().status == 200
    raw.send(POST[:-1])
    assert raw.is_ended()
    server.wait_metric('peal_limit_reached_total{limit="handshake_seconds"}',
                       1)


def test_a_slow_body_ends_the_connection(peal):
    server = peal({**WITH_KEY, "limits": {"handshake_seconds": 1}})
    raw = server.socket()
    raw.send(POST[:-15])
    started = time.monotonic()
    with pytest.raises((Ended, OSError)):
        for byte in POST[-15:-1] * 100:
            raw.send(bytes([byte]))
            time.sleep(0.1)
            raw.socket.settimeout(0.001)
            try:
                raw.fill()
            except TimeoutError:
                pass
    assert time.monotonic() - started < seconds(5)


def test_expect_100_continue(api):
    raw = api.socket()
    body = b'{"channel":"room","payload":1}'
    head = api_request("/api/publish", body,
                       headers=[("Expect", "100-continue")])[:-len(body)]
    raw.send(head)
    assert raw.take_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
    raw.send(body)
    assert raw.response().status == 200


def test_a_refusal_is_sent_instead_of_100_continue(api):
    raw = api.socket()
    raw.send(api_request("/api/publish", b"", key="unknown", headers=[
        ("Expect", "100-continue"), ("Content-Length", "1000000")]))
    assert raw.response().status == 401


@pytest.mark.parametrize("headers, status", [
    ([("Content-Length", None)], 411),
    ([("Content-Length", "x")], 400),
    ([("Content-Length", "-1")], 400),
    ([("Content-Length", "+5")], 400),
    ([("Content-Length", "5, 5")], 400),
    ([("Content-Length", "0x10")], 400),
    ([("Content-Length", "99999999999999999999")], 400),
    ([("Content-Length", None), ("Transfer-Encoding", "gzip")], 501),
    ([("Content-Length", None), ("Transfer-Encoding", "gzip, chunked")], 501),
    ([("Content-Length", None), ("Transfer-Encoding", "chunked, chunked")],
     501),
    ([("Content-Length", None), ("Transfer-Encoding", "chunked")], 400),
    ([("Transfer-Encoding", "chunked")], 400),  # plus a Content-Length
    ([("Transfer-Encoding", "identity")], 400),
])
def test_an_ambiguous_length_is_refused_and_ends_the_connection(api, headers,
                                                                status):
    """No bytes after it may count as a request."""
    raw = api.socket()
    raw.send(api_request("/api/publish", GOOD, headers=headers) + LIST)
    response = raw.response()
    assert response.status == status
    assert response.json["error"]
    assert raw.rest() == b""


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("body", [b"", b"hello"])
def test_other_methods_may_have_a_body(api, method, body):
    raw = api.socket()
    raw.send(api_request("/api/publish", body, method=method) + POST)
    assert raw.response().status == 405
    assert raw.response().status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_other_methods_without_a_length_end_the_connection(api, method):
    raw = api.socket()
    raw.send(request_text("/api/publish", method) + POST)
    assert raw.response().status == 405
    assert raw.is_ended()


def test_an_empty_body_is_refused_and_the_connection_kept(api):
    raw = api.socket()
    raw.send(api_request("/api/publish", b"") + POST)
    assert raw.response().status == 400
    assert raw.response().status == 200


@pytest.mark.parametrize("text", [POST, POST + b"xyz", POST[:-3], LIST,
                                  POST + POST[:40], POST + GET])
def test_a_client_that_half_closes_does_not_keep_the_thread_busy(peal, text):
    server = peal({**WITH_KEY, "limits": {"handshake_seconds": 2}})
    raws = []
    for _ in range(8):
        raw = server.socket()
        raw.send(text)
        raw.end_sending()
        raws.append(raw)
    assert is_calm(server)
    assert all(raw.is_ended() for raw in raws)
    check_all_workers(server)


def test_more_bytes_than_announced_do_not_keep_the_thread_busy(peal):
    server = peal(WITH_KEY)
    for _ in range(8):
        raw = server.socket()
        raw.send(POST + b"xyz")
        assert raw.response().status == 200
    check_all_workers(server)


def test_closing_in_every_state_is_harmless(peal):
    server = peal(WITH_KEY)
    whole = POST + LIST + POST
    for length in range(0, len(whole), 9):
        raw = server.socket()
        raw.send(whole[:length])
        raw.close()
    check_all_workers(server)
    wait_until(lambda: server.metric("peal_sockets") == 1,
               what="all sockets to be closed")


def test_clients_that_leave_before_their_response_are_harmless(peal):
    server = peal(WITH_KEY)
    for _ in range(50):
        raw = server.socket()
        raw.send(POST * 20)
        raw.close()
    check_all_workers(server)


def test_a_websocket_may_follow_on_the_same_connection(api):
    raw = api.socket()
    raw.send(POST)
    assert raw.response().status == 200
    raw.send(request_text("/ws/alice", headers=handshake_headers()))
    assert raw.response().status == 101


def test_an_upgrade_on_the_api_is_refused(api):
    """An unknown upgrade is ignored (RFC 9110 section 7.8)."""
    raw = api.socket()
    raw.send(api_request("/api/publish", GOOD, headers=[
        ("Connection", "Upgrade"), ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")]))
    assert raw.response().status == 200
    raw = api.socket()
    raw.send(api_request("/api/publish", GOOD, headers=[
        ("Connection", "Upgrade"), ("Upgrade", "websocket")]))
    assert b" 200 " not in raw.rest()
    assert api.is_alive()


def test_many_connections_at_once_are_all_answered(peal):
    server = peal(WITH_KEY)
    offsets = []

    def work():
        raw = server.socket()
        for _ in range(100):
            raw.send(POST)
            offsets.append(raw.response().json["offset"])

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(offsets) == list(range(1, 1601))
    assert publish(server, "room", 1)["offset"] == 1601


def test_while_draining_requests_are_answered_and_then_closed(peal):
    server = peal({**WITH_KEY, "drain_seconds": 2})
    for number in range(32):  # enough to reach every worker
        server.join(f"c{number}", "room")
    raw = server.socket()
    raw.send(POST)
    assert raw.response().headers["connection"] == "keep-alive"
    server.signal()
    server.wait_log("Draining")
    raw.send(POST)
    response = raw.response()
    assert (response.status, response.headers["connection"]) == (200, "close")
    assert raw.is_ended()


def test_the_key_is_never_logged(peal):
    server = peal({**WITH_KEY, "log": {"level": "debug"}})
    ask(server, "/api/publish", GOOD)
    ask(server, "/api/publish", GOOD, key="another-key-of-the-tests")
    assert KEY not in server.log()
    assert "another-key" not in server.log()
