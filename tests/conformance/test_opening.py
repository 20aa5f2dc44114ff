"""RFC 6455 section 4: the opening handshake, header by header."""

import base64
import hashlib
import os

import pytest

from support.raw import Ended, request_text

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GOOD = [("Upgrade", "websocket"), ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")]


def fields(*changes):
    """Valid headers with changes; None removes a header."""
    found = dict(GOOD)
    found.update(changes)
    return [(name, value) for name, value in found.items()
            if value is not None]


def ask(server, data, step=None):
    """The response, or None if there is none."""
    raw = server.socket()
    for start in range(0, len(data), step or len(data)):
        raw.send(data[start:start + (step or len(data))])
    try:
        return raw.response()
    except Ended:
        return None
    finally:
        raw.close()


def status_of(server, *changes, path="/ws/alice", method="GET"):
    response = ask(server, request_text(path, method, fields(*changes)))
    return response.status if response else None


# ---- 4.2.2: the answer ---------------------------------------------------------

def test_4_2_2_the_answer(echo):
    response = ask(echo, request_text("/ws/alice", headers=GOOD))
    assert response.status_line == "HTTP/1.1 101 Switching Protocols"
    assert response.headers["upgrade"].lower() == "websocket"
    assert response.headers["connection"].lower() == "upgrade"
    assert response.headers["sec-websocket-accept"] == \
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # the example of the RFC
    assert "sec-websocket-extensions" not in response.headers
    assert "sec-websocket-protocol" not in response.headers


def test_4_2_2_the_accept_value_of_any_key(echo):
    for _ in range(50):
        key = base64.b64encode(os.urandom(16)).decode()
        response = ask(echo, request_text(
            "/ws/alice", headers=fields(("Sec-WebSocket-Key", key))))
        expected = hashlib.sha1((key + GUID).encode()).digest()
        assert response.headers["sec-websocket-accept"] == \
            base64.b64encode(expected).decode()


@pytest.mark.parametrize("step", [1, 2, 7, 50])
def test_4_2_1_a_request_in_pieces(echo, step):
    assert ask(echo, request_text("/ws/alice", headers=GOOD), step).status == \
        101


# ---- 4.2.1: what a request must have ---------------------------------------------

@pytest.mark.parametrize("changes", [
    [("Upgrade", "WebSocket")], [("Upgrade", "WEBSOCKET")],
    [("Connection", "upgrade")], [("Connection", "keep-alive, Upgrade")],
    [("Connection", "Upgrade, keep-alive")], [("Connection", "UPGRADE")],
    [("Upgrade", None), ("uPgRaDe", "websocket")],
    [("Sec-WebSocket-Key", None), ("SEC-WEBSOCKET-KEY", KEY)],
    [("X-Unknown", "whatever; really, \"it is\"")],
    [("Pragma", "no-cache"), ("Cache-Control", "no-cache"),
     ("Accept-Encoding", "gzip, deflate, br"), ("User-Agent", "a/1 (b; c)")],
    [("Sec-WebSocket-Extensions", "permessage-deflate")],
    [("Sec-WebSocket-Extensions", "x-unknown; a=1, y")],
    [("Sec-WebSocket-Extensions", "permessage-deflate; "
      "client_max_window_bits; server_no_context_takeover")],
    [("Cookie", "a=b; c=d")], [("Content-Length", "0")],
], ids=str)
def test_4_2_1_valid_requests(echo, changes):
    response = ask(echo, request_text("/ws/alice", headers=fields(*changes)))
    assert response and response.status == 101
    assert "sec-websocket-extensions" not in response.headers


@pytest.mark.parametrize("changes, statuses", [
    ([("Upgrade", None)], (426,)),
    ([("Upgrade", "")], (400, 404, 426, None)),
    ([("Upgrade", "h2c")], (400, 404, 426)),
    ([("Upgrade", "websockets")], (426,)),
    ([("Connection", None)], (400, 426, None)),
    ([("Connection", "keep-alive")], (400, 426, None)),
    ([("Connection", "upgraded")], (400, 426, None)),
    ([("Sec-WebSocket-Key", None)], (400,)),
    ([("Sec-WebSocket-Key", "")], (400,)),
    ([("Sec-WebSocket-Key", "short")], (400,)),
    ([("Sec-WebSocket-Key", KEY[:-1])], (400,)),
    ([("Sec-WebSocket-Key", KEY + "=")], (400,)),
    ([("Sec-WebSocket-Key", "A" * 24)], (400,)),
    ([("Sec-WebSocket-Key", "!" * 22 + "==")], (400,)),
    ([("Sec-WebSocket-Key", base64.b64encode(b"x" * 15).decode())], (400,)),
    ([("Sec-WebSocket-Key", base64.b64encode(b"x" * 17).decode())], (400,)),
    ([("Sec-WebSocket-Key", KEY + ", " + KEY)], (400,)),
    ([("Sec-WebSocket-Version", None)], (426,)),
    ([("Sec-WebSocket-Version", "")], (426,)),
    ([("Sec-WebSocket-Version", "0")], (426,)),
    ([("Sec-WebSocket-Version", "8")], (426,)),
    ([("Sec-WebSocket-Version", "12")], (426,)),
    ([("Sec-WebSocket-Version", "14")], (426,)),
    ([("Sec-WebSocket-Version", "013")], (426,)),
    ([("Sec-WebSocket-Version", "13, 8")], (426,)),
    ([("Sec-WebSocket-Version", "1 3")], (426,)),
    ([("Sec-WebSocket-Version", "x")], (426,)),
    ([("Sec-WebSocket-Version", "13x")], (426,)),
], ids=str)
def test_4_2_1_invalid_requests(echo, changes, statuses):
    assert status_of(echo, *changes) in statuses
    assert echo.is_alive()


def test_4_4_a_refusal_names_the_supported_version(echo):
    response = ask(echo, request_text(
        "/ws/alice", headers=fields(("Sec-WebSocket-Version", "8"))))
    assert response.status == 426
    assert response.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "OPTIONS", "PATCH",
                                    "DELETE", "TRACE", "get", "G"])
def test_4_1_another_method_is_refused(echo, method):
    assert status_of(echo, method=method) != 101
    assert echo.is_alive()


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0",
                                     "HTTP/1", "http/1.1", "HTTP/11", ""])
def test_4_1_another_version_of_http_is_refused(echo, version):
    text = request_text("/ws/alice", headers=GOOD)
    response = ask(echo, text.replace(b"HTTP/1.1", version.encode(), 1))
    assert response is None or response.status != 101


def test_4_1_a_request_without_host_is_refused(echo):
    text = request_text("/ws/alice", headers=GOOD)
    response = ask(echo, text.replace(b"Host: 127.0.0.1\r\n", b""))
    assert response is None or response.status == 400


def test_4_2_1_the_same_header_twice(echo):
    text = request_text("/ws/alice", headers=GOOD)
    twice = text.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Key: " +
                         KEY.encode() + b"\r\n\r\n")
    response = ask(echo, twice)
    assert response is None or response.status == 400
    twice = text.replace(b"\r\n\r\n",
                         b"\r\nSec-WebSocket-Version: 8\r\n\r\n")
    response = ask(echo, twice)
    assert response is None or response.status in (400, 426)


# ---- 4.2.2, 11.3.4: subprotocols --------------------------------------------------

@pytest.mark.parametrize("offered, chosen", [
    ("echo", "echo"), ("broadcast", "broadcast"),
    ("broadcast, echo", "broadcast"), ("echo,broadcast", "echo"),
    ("x, y, echo", "echo"), ("x , echo", "echo"),
    ("x" * 300 + ", echo", "echo")])
def test_4_2_2_one_of_the_offered_subprotocols_is_chosen(echo, offered,
                                                        chosen):
    response = ask(echo, request_text(
        "/ws/alice", headers=fields(("Sec-WebSocket-Protocol", offered))))
    assert response.status == 101
    assert response.headers["sec-websocket-protocol"] == chosen


@pytest.mark.parametrize("offered", ["x", "ECHO", "echo2", "ech", "x, y",
                                     "echo;v=1"])
def test_4_2_2_no_subprotocol_is_invented(echo, offered):
    response = ask(echo, request_text(
        "/ws/alice", headers=fields(("Sec-WebSocket-Protocol", offered))))
    assert response is None or response.status == 400


def test_4_1_subprotocols_in_several_headers(echo):
    text = request_text("/ws/alice", headers=GOOD + [
        ("Sec-WebSocket-Protocol", "x"), ("Sec-WebSocket-Protocol", "echo")])
    response = ask(echo, text)
    assert response.status == 101
    assert response.headers["sec-websocket-protocol"] == "echo"
