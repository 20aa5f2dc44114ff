"""Plain HTTP: health, readiness, methods, and connections kept open."""

import time

import pytest

from support.raw import request_text
from support.websocket import handshake_headers


def test_health_is_exactly_as_documented(shared):
    response = shared.request("/health")
    assert response.status_line == "HTTP/1.1 200 OK"
    assert response.body == b'{"status":"healthy"}'
    assert response.headers["content-type"] == "application/json"


def test_ready(shared):
    response = shared.request("/ready")
    assert (response.status, response.body) == (200, b'{"status":"ready"}')


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/none"])
def test_head_is_get_without_the_body(shared, path):
    raw = shared.socket()
    raw.send(request_text(path, "HEAD"))
    raw.send(request_text(path, headers=[("Connection", "close")]))
    head = raw.response("HEAD")
    get = raw.response()
    assert head.status_line == get.status_line
    if path != "/metrics":
        assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == get.headers["content-type"]
    assert raw.rest() == b""


@pytest.mark.parametrize("path", ["/none", "/health/", "/Health", "/healthx",
                                  "/api", "/index.html", "/%00x",
                                  "/ws"])
def test_an_unknown_path_is_404_as_json(shared, path):
    raw = shared.socket()
    raw.send(request_text(path, headers=[("Connection", "close")]))
    if path == "/%00x":  # libwebsockets ends the connection
        assert b" 200 " not in raw.rest()
        return
    response = raw.response()
    assert response.status_line == "HTTP/1.1 404 Not Found"
    assert response.body == b'{"error":"Not found"}'
    assert response.headers["content-type"] == "application/json"


def test_the_root_is_404_without_files(shared):
    assert shared.request("/").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_405_as_json(shared, method):
    raw = shared.socket()
    raw.send(request_text("/health", method, [("Content-Length", "0")]))
    response = raw.response()
    assert response.status_line == "HTTP/1.1 405 Method Not Allowed"
    assert response.json == {"error": "Method not allowed"}
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


def test_post_with_a_body_is_405_as_json(shared):
    raw = shared.socket()
    raw.send(request_text("/health", "POST", [("Content-Length", "5")]) +
             b"hello")
    response = raw.response()
    assert response.status_line == "HTTP/1.1 405 Method Not Allowed"
    raw.send(request_text("/health"))
    assert raw.response().status == 200


@pytest.mark.parametrize("method", ["BREW", "TRACE", "GETS"])
def test_an_unknown_method_is_405(shared, method):
    raw = shared.socket()
    raw.send(request_text("/health", method) + request_text("/health"))
    response = raw.response()
    assert response.status == 405
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert raw.response().status == 200


def test_a_query_does_not_matter(shared):
    assert shared.request("/health?a=b&c").status == 200


def test_connections_are_kept_for_more_requests(shared):
    raw = shared.socket()
    for path, status in (("/health", 200), ("/none", 404), ("/ready", 200),
                         ("/health", 200)):
        raw.send(request_text(path))
        response = raw.response()
        assert response.status == status
        assert response.headers["connection"] == "keep-alive"


def test_a_connection_is_kept_for_longer_than_libwebsockets_would(shared):
    """libwebsockets would close it after 5 s, when a client may reuse it."""
    raw = shared.socket()
    raw.send(request_text("/health"))
    assert raw.response().status == 200
    time.sleep(6.5)
    raw.send(request_text("/health"))
    assert raw.response().status == 200


def test_pipelined_gets_are_answered_in_order(shared):
    raw = shared.socket()
    raw.send(request_text("/health") + request_text("/none") +
             request_text("/ready"))
    assert [raw.response().status for _ in range(3)] == [200, 404, 200]


def test_connection_close_is_respected(shared):
    raw = shared.socket()
    raw.send(request_text("/health", headers=[("Connection", "close")]))
    assert raw.response().headers["connection"] == "close"
    assert raw.is_ended()


def test_http_1_0_is_closed(shared):
    raw = shared.socket()
    raw.send("GET /health HTTP/1.0\r\n\r\n")
    assert raw.response().status == 200
    assert raw.is_ended()


def test_a_websocket_may_be_opened_on_a_kept_connection(shared):
    raw = shared.socket()
    raw.send(request_text("/health"))
    assert raw.response().status == 200
    raw.send(request_text("/ws/alice", headers=handshake_headers()))
    assert raw.response().status == 101


@pytest.mark.parametrize("path", ["/health", "/none"])
def test_every_response_is_safe_for_browsers(shared, path):
    headers = shared.request(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_request_in_many_small_pieces_is_answered(shared):
    raw = shared.socket()
    for byte in request_text("/health"):
        raw.send(bytes([byte]))
    assert raw.response().status == 200


def test_a_client_that_ends_sending_is_answered(shared):
    raw = shared.socket()
    raw.send(request_text("/health"))
    raw.end_sending()
    assert raw.response().status == 200
    assert raw.is_ended()
