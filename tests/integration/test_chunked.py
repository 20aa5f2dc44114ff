"""Chunked bodies of the HTTP API (RFC 9112 section 7.1)."""

import http.client
import json
import time

import pytest

from support import tls
from support.api import KEY, WITH_KEY, api_request
from support.patience import seconds
from support.raw import request_text

BODY = b'{"channel":"room","payload":"hello"}'
LIMIT = 200000


@pytest.fixture(scope="module")
def api(start_shared):
    return start_shared({**WITH_KEY, "limits": {
        "body_bytes": LIMIT, "message_bytes": LIMIT, "handshake_seconds": 2}})


def head(path="/api/publish", method="POST", key=KEY, fields=()):
    return request_text(path, method, [
        ("Authorization", f"Bearer {key}"),
        ("Content-Type", "application/json"),
        ("Transfer-Encoding", "chunked"), *fields])


def chunks(body, size=7):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                    for part in [*parts, b""])


POST = head() + chunks(BODY)
PLAIN = api_request("/api/publish", BODY)
GET = request_text("/health")


def offset(response):
    assert response.status == 200, response
    return response.json["offset"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("step", [1, 3, 50, 10000])
def test_a_body_may_be_split_anywhere(api, size, step):
    raw = api.socket()
    text = head() + chunks(BODY, size)
    for i in range(0, len(text), step):
        raw.send(text[i:i + step])
    response = raw.response()
    offset(response)
    assert response.headers["connection"] == "keep-alive"
    raw.send(GET)
    assert raw.response().status == 200


def test_the_message_is_unchanged(api):
    client = api.join("alice", "exact")
    payload = {"text": "ä" * 50000, "n": [1.50, None]}
    body = json.dumps({"channel": "exact", "payload": payload},
                      ensure_ascii=False).encode()
    raw = api.socket()
    raw.send(head() + chunks(body, 4999))
    offset(raw.response())
    assert client.receive_type("broadcast")["payload"] == payload


METRICS = request_text("/metrics")


@pytest.mark.parametrize("first", [b"", PLAIN, GET, GET + PLAIN])
@pytest.mark.parametrize("second", [POST, PLAIN, METRICS])
def test_requests_before_and_after_are_answered_in_order(api, first, second):
    client = api.join("alice", "room")
    text = first + POST
    for cut in (0, 1, len(first), len(text) - 1, len(text), len(text) + 5):
        raw = api.socket()
        raw.send((text + second)[:cut])
        if cut:
            time.sleep(0.02)
        raw.send((text + second)[cut:])
        before = first.count(b"HTTP/1.1\r\n")
        for _ in range(before):
            assert raw.response().status == 200
        response = raw.response()
        offset(response)
        assert raw.response().status == 200
        for _ in range((text + second).count(b"POST")):
            assert client.receive_type("broadcast")["payload"] == "hello"
    assert client.is_silent()


def test_extensions_and_trailers_are_ignored(api):
    raw = api.socket()
    raw.send(head() + b"%x;a=b;c=\"d\"\r\n%s\r\n0;e\r\nX-Sum: 1\r\n"
             b"Content-Length: 5\r\nHost: y\r\n\r\n" % (len(BODY), BODY))
    offset(raw.response())
    raw.send(GET)
    assert raw.response().status == 200


BAD = {
    "no size": b"\r\n",
    "a word": b"size\r\n",
    "negative": b"-1\r\n",
    "plus": b"+5\r\nhello\r\n",
    "hex": b"0x5\r\nhello\r\n",
    "a blank before": b" 5\r\nhello\r\n",
    "a blank behind": b"5 \r\nhello\r\n",
    "bare line feed": b"5\nhello\n0\n\n",
    "bare return": b"5\rhello",
    "too long": b"3\r\nhello\r\n0\r\n\r\n",
    "too short": b"9\r\nhello\r\n0\r\n\r\n",
    "overflow": b"ffffffffffffffff\r\nhello\r\n",
    "overflow to 5": b"10000000000000005\r\nhello\r\n",
    "zero byte": b"5\0\r\nhello\r\n",
    "list": b"5,5\r\nhello\r\n",
    "a line feed in an extension": b"5;a\nb\r\nhello\r\n",
    "a request for a trailer": b"0\r\nGET /metrics HTTP/1.1\r\n\r\n",
    "a folded trailer": b"0\r\nX: a\r\n b\r\n\r\n",
    "a blank before a colon": b"0\r\nX : a\r\n\r\n",
    "long extensions": b"5;" + b"x" * 9000 + b"\r\nhello\r\n",
    "long trailers": b"0\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("key", [KEY, "unknown"])
def test_invalid_chunks_are_refused_and_end_the_connection(api, name, key):
    """No bytes after them may count as a request."""
    raw = api.socket()
    raw.send(head(key=key) + BAD[name] + request_text("/metrics"))
    answer = raw.rest()
    assert b"peal_sockets" not in answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 " if key == KEY
                             else b"HTTP/1.1 401 ")
    assert api.is_alive()


def test_invalid_chunks_after_a_valid_request(api):
    raw = api.socket()
    raw.send(PLAIN + head() + b"x\r\n" + GET)
    offset(raw.response())
    assert raw.response().status == 400
    assert raw.is_ended()


@pytest.mark.parametrize("fields", [
    [("Content-Length", "5")], [("Content-Length", "0")],
    [("Transfer-Encoding", "chunked")], [("Transfer-Encoding", "gzip")]])
def test_only_one_length_is_allowed(api, fields):
    raw = api.socket()
    raw.send(head(fields=fields) + chunks(BODY) + GET)
    answer = raw.rest()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/api/channels", 200), ("PUT", "/api/publish", 405),
    ("DELETE", "/api/publish", 405), ("POST", "/health", 405),
    ("GET", "/health", 200), ("OPTIONS", "/api/publish", 204)])
def test_chunks_of_other_requests_are_read_and_dropped(
        api, method, path, status):
    raw = api.socket()
    raw.send(head(path, method) + chunks(b"GET /metrics HTTP/1.1\r\n"
                                         b"Host: localhost\r\n\r\n") +
             GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert raw.response().status == status
    assert raw.response().status == 200
    assert raw.rest() == b""


def test_http_1_0_has_no_chunks(api):
    raw = api.socket()
    raw.send(POST.replace(b"HTTP/1.1", b"HTTP/1.0") + GET)
    answer = raw.rest()
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert b" 200 " not in answer.split(b"\r\n")[0]


def long_body(size):
    start = b'{"channel":"room","payload":"'
    return start + b"x" * (size - len(start) - 2) + b'"}'


def test_a_body_of_the_maximum_length(api):
    raw = api.socket()
    raw.send(head() + chunks(long_body(LIMIT), 50000))
    offset(raw.response())


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + 500000])
@pytest.mark.parametrize("chunk", [999, 10 ** 6])
def test_a_too_long_body_is_413(api, size, chunk):
    refused = 'peal_limit_reached_total{limit="body_bytes"}'
    before = api.metric(refused)
    raw = api.socket()
    raw.send(head() + chunks(long_body(size), chunk) + GET)
    response = raw.response()
    assert response.status == 413
    assert response.headers["connection"] == "close"
    assert raw.rest() == b""
    assert api.metric(refused) == before + 1


@pytest.mark.parametrize("key, status", [(KEY, 413), ("unknown", 401)])
def test_an_endless_body_is_closed(api, key, status):
    raw = api.socket()
    raw.send(head(key=key))
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with pytest.raises(OSError):
        for _ in range(1000):
            raw.socket.sendall(piece)
    assert api.is_alive()
    raw = api.socket()
    raw.send(head(key=key) + piece * 4)
    assert raw.response().status == status


def test_an_empty_body_is_not_json(api):
    raw = api.socket()
    raw.send(head() + b"0\r\n\r\n")
    assert raw.response().status == 400


def test_a_refused_body_is_dropped(api):
    raw = api.socket()
    raw.send(head(key="unknown") + chunks(BODY) + GET)
    assert raw.response().status == 401
    assert raw.response().status == 200


def test_a_body_that_never_ends_is_closed(api):
    started = time.monotonic()
    raw = api.socket()
    raw.send(head() + b"5\r\nhel")
    raw.set_timeout(10)
    assert raw.response().status == 408
    assert raw.is_ended()
    assert time.monotonic() - started < seconds(6)


def test_expect_100_continue(api):
    raw = api.socket()
    raw.send(head(fields=[("Expect", "100-continue")]))
    assert raw.take_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
    raw.send(chunks(BODY))
    offset(raw.response())


def test_a_half_close_after_the_body(api):
    raw = api.socket()
    raw.send(POST)
    raw.end_sending()
    assert raw.rest().startswith(b"HTTP/1.1 200 ")


def test_a_client_library(api):
    connection = http.client.HTTPSConnection(
        "127.0.0.1", api.port, context=tls.common_context()) \
        if tls.ENABLED else http.client.HTTPConnection("127.0.0.1", api.port)
    for _ in range(3):
        connection.request("POST", "/api/publish", iter([BODY[:9], BODY[9:]]),
                           {"Authorization": f"Bearer {KEY}",
                            "Content-Type": "application/json"},
                           encode_chunked=True)
        response = connection.getresponse()
        assert response.status == 200 and json.load(response)["offset"]
    connection.close()
