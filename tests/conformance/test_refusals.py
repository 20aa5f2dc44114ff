"""RFC 9110 section 15, RFC 9112: every request gets a complete response, and a
refusal has a reason. No connection is closed without a response."""

import json
import re
import time

import pytest

from support.raw import request_text

KEY = "the-key-of-these-tests-0123456789abcdef"
API = [("Authorization", f"Bearer {KEY}")]
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket"),
           ("Sec-WebSocket-Version", "13"),
           ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
HEAD_BYTES = 16384  # limits.head_bytes
BODY = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
NEXT = b"GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
READY = b'{"status":"ready"}'


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config={"api": {"key": KEY},
                                "limits": {"refusals_per_second": 0}})


@pytest.fixture(scope="module")
def hasty(start_shared):
    return start_shared(config={"limits": {"handshake_seconds": 1}})


def exchange(server, data, step=None, method="GET"):
    """The first response; later data stays in the socket."""
    raw = server.socket()
    for start in range(0, len(data), step or len(data)):
        raw.send(data[start:start + (step or len(data))])
    response = raw.response(method)
    assert re.fullmatch(r"HTTP/1\.1 \d{3} [ -~]+", response.status_line)
    return raw, response


def ask(server, data, step=None, method="GET"):
    raw, response = exchange(server, data, step, method)
    raw.close()
    return response


def check_refusal(response, *statuses):
    """A JSON body with a readable text."""
    assert response.status in statuses, response
    assert response.headers["content-type"] == "application/json"
    why = json.loads(response.body)["error"]
    assert len(why.split()) > 1, why


def check_last(server, data, *statuses, step=None):
    """A refusal; no later data is treated as a request."""
    raw, response = exchange(server, data, step)
    check_refusal(response, *statuses)
    assert raw.rest() == b""
    raw.close()


# ---- methods and targets ---------------------------------------------------------

@pytest.mark.parametrize("path", ["/health", "/api/channels", "/ws/alice",
                                  "/", "/none"])
@pytest.mark.parametrize("method", ["BREW", "TRACE", "PROPFIND", "GETS", "G",
                                    "PUTX", "M-SEARCH", "X" * 30])
def test_9110_9_1_an_unknown_method_is_answered(server, method, path):
    response = ask(server, request_text(path, method,
                                        API + [("Connection", "close")]))
    check_refusal(response, 404, 405, 426, 501)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_9110_15_5_6_another_method_is_405_with_allow(server, method):
    response = ask(server, request_text("/health", method,
                                        [("Content-Length", "0")]))
    check_refusal(response, 405)
    assert "GET" in response.headers["allow"]


def test_9110_9_3_7_options_of_the_server(server):
    raw, response = exchange(server, request_text("*", "OPTIONS"))
    assert response.status in (200, 204)
    assert "GET" in response.headers["allow"]
    raw.send(NEXT)
    assert raw.response().body == READY
    raw.close()


def test_9110_9_3_6_connect_is_refused(server):
    check_last(server, b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n" + NEXT,
               400, 405, 501)


def test_9113_3_4_the_preface_of_http_2_is_refused(server):
    check_last(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
               b"\0\0\0\4\0\0\0\0\0", 400, 505)


@pytest.mark.parametrize("step", [None, 1])
@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/3", "HTTP/0.9",
                                     "HTTP/1.2", "http/1.1", "HTTP/1.1 "])
def test_9112_2_3_another_version_is_refused(server, version, step):
    check_last(server, b"GET /ready %s\r\nHost: x\r\n\r\n" % version.encode(),
               400, 505, step=step)


# ---- unexpected bodies -----------------------------------------------------------

def get_with(method, path, *framing):
    return request_text(path, method, API + list(framing))


def check_body_is_no_request(server, data, method, status):
    raw, response = exchange(server, data + NEXT, method=method)
    assert response.status == status, response
    rest = raw.rest()
    raw.close()
    assert rest == b"" or (rest.count(b"HTTP/1.1 ") == 1 and READY in rest)


@pytest.mark.parametrize("path, status", [("/api/channels", 200),
                                          ("/health", 200), ("/none", 404)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_9110_9_3_1_a_get_with_a_body_is_answered(server, method, path,
                                                  status):
    length = ("Content-Length", len(BODY))
    check_body_is_no_request(server, get_with(method, path, length) + BODY,
                             method, status)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("body", [BODY, b" ", b"{}"])
def test_9112_7_1_a_get_with_chunks_is_answered(server, method, body):
    coding = ("Transfer-Encoding", "chunked")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    check_body_is_no_request(
        server, get_with(method, "/api/channels", coding) + chunks, method,
        200)


# ---- long heads ------------------------------------------------------------------

def head_of(size, name="Cookie", path="/ready"):
    """A request whose head has exactly this many bytes."""
    bare = request_text(path, headers=[(name, "")])
    return request_text(path, headers=[(name, "a" * (size - len(bare)))])


def many_fields(size):
    """The same, in fields of 100 bytes."""
    bare = request_text("/ready")
    lines, rest = divmod(size - len(bare), 100)
    fields = [("X-More", "a" * 90)] * (lines - 1) + [("X-More",
                                                      "a" * (90 + rest))]
    return request_text("/ready", headers=fields)


@pytest.mark.parametrize("step", [None, 1000])
@pytest.mark.parametrize("size", [4095, 4096, 4097, 8191, 8192, 8193, 12000,
                                  HEAD_BYTES - 1, HEAD_BYTES])
@pytest.mark.parametrize("name", ["Cookie", "X-Other", "User-Agent"])
def test_heads_up_to_the_limit_are_read(server, name, size, step):
    data = head_of(size, name)
    assert len(data) == size
    assert ask(server, data, step).body == READY


@pytest.mark.parametrize("size", [5000, 10000])
def test_heads_of_many_fields_are_read(server, size):
    data = many_fields(size)
    assert len(data) == size
    assert ask(server, data).body == READY


@pytest.mark.parametrize("step", [None, 1000])
@pytest.mark.parametrize("make, size", [
    (head_of, HEAD_BYTES + 1), (head_of, HEAD_BYTES + 2),
    (head_of, HEAD_BYTES + 500), (many_fields, HEAD_BYTES + 500),
    (head_of, 30000)])
def test_6585_5_a_longer_head_is_431(server, make, size, step):
    check_last(server, make(size), 431, step=step)


def test_the_limit_can_be_set(start_shared):
    server = start_shared(config={"limits": {"head_bytes": 10000}})
    assert ask(server, head_of(10000)).body == READY
    check_last(server, head_of(10001), 431)


@pytest.mark.parametrize("step", [None, 1000])
@pytest.mark.parametrize("path", ["/" + "a" * HEAD_BYTES,
                                  "/ready?" + "a" * HEAD_BYTES,
                                  "/" + "%41" * HEAD_BYTES])
def test_9110_15_5_15_a_longer_target_is_414(server, path, step):
    check_last(server, request_text(path), 414, step=step)


def test_a_long_query_is_read(server):
    assert ask(server, request_text("/ready?" + "a" * 12000)).body == READY


def test_a_handshake_may_have_a_long_head(server):
    for name in ("Cookie", "X-Other", "Sec-WebSocket-Extensions"):
        assert ask(server, request_text(
            "/ws/alice", headers=UPGRADE + [(name, "a" * 14000)])).status == 101


@pytest.mark.parametrize("length", [253, 254, 255, 256, 300, 4000])
def test_6455_9_1_many_extensions_are_accepted(server, length):
    offer = "x-unknown; " + "a" * (length - 11)
    response = ask(server, request_text(
        "/ws/alice", headers=UPGRADE + [("Sec-WebSocket-Extensions", offer)]))
    assert response.status == 101
    assert "sec-websocket-extensions" not in response.headers


# ---- slow and malformed heads ----------------------------------------------------

@pytest.mark.parametrize("start", [
    b"G", b"GET /", b"GET /ready HTTP/1.1\r\n",
    b"GET /ready HTTP/1.1\r\nHost: x\r\nX", b"GET /ready HTTP/1.1\r\nHost: x"
    b"\r\n\r", request_text("/ws/alice", headers=UPGRADE)[:-2]])
def test_9110_15_5_9_a_slow_head_is_408(hasty, start):
    started = time.monotonic()
    raw, response = exchange(hasty, start)
    check_refusal(response, 408)
    assert time.monotonic() - started > 0.9
    assert raw.rest() == b""
    raw.close()


def test_9110_15_5_9_a_dripping_head_is_408(hasty):
    """Each byte arrives in time, but not the whole head."""
    raw = hasty.socket()
    raw.set_timeout(0.2)
    raw.send(b"GET /ready HTTP/1.1\r\nHost: x\r\n")
    for _ in range(50):
        try:
            raw.send(b"X: y\r\n")
            raw.fill()
            break
        except TimeoutError:
            pass
    raw.set_timeout(5)
    check_refusal(raw.response(), 408)
    raw.close()


GET = b"GET /ready HTTP/1.1\r\n"
MALFORMED = {
    "no host": GET,
    "two hosts": GET + b"Host: x\r\nHost: x\r\n",
    "two lengths": GET + b"Host: x\r\nContent-Length: 1\r\n"
                         b"Content-Length: 2\r\n",
    "length and chunks": GET + b"Host: x\r\nContent-Length: 1\r\n"
                               b"Transfer-Encoding: chunked\r\n",
    "no number": GET + b"Host: x\r\nContent-Length: ten\r\n",
    "a blank before the colon": GET + b"Host: x\r\nX-A : 1\r\n",
    "a folded line": GET + b"Host: x\r\nX-A: 1\r\n 2\r\n",
    "no name": GET + b"Host: x\r\n: 1\r\n",
    "no colon": GET + b"Host: x\r\nX-A\r\n",
    "a bare carriage return": GET + b"Host: x\r\nX-A: 1\r2\r\n",
    "a zero byte": GET + b"Host: x\r\nX-A: \0\r\n",
    "no version": b"GET /ready\r\nHost: x\r\n",
    "no target": b"GET\r\nHost: x\r\n",
    "a bad escape": b"GET /%zz HTTP/1.1\r\nHost: x\r\n",
    "a fragment": b"GET /ready#a HTTP/1.1\r\nHost: x\r\n",
    "no path": b"GET ready HTTP/1.1\r\nHost: x\r\n",
    "no request": b"\x80\x81\x82\r\n",
}


@pytest.mark.parametrize("step", [None, 1])
@pytest.mark.parametrize("name", MALFORMED)
def test_9112_2_2_a_malformed_head_is_400(server, name, step):
    check_last(server, MALFORMED[name] + b"\r\n", 400, step=step)


def test_9110_15_5_1_each_error_has_its_own_reason(server):
    reasons = {name: ask(server, data + b"\r\n").json["error"]
               for name, data in MALFORMED.items()}
    assert len(set(reasons.values())) > len(reasons) * 2 // 3, reasons


# ---- RFC 9110 section 7.8: upgrades ----------------------------------------------

def upgrade(*changes, version=b"HTTP/1.1"):
    fields = [field for field in UPGRADE
              if field[0] not in [name for name, _ in changes]]
    fields += [(name, value) for name, value in changes if value is not None]
    return request_text("/ws/alice", headers=fields).replace(
        b"HTTP/1.1", version, 1)


@pytest.mark.parametrize("values", [
    ["websocket, h2c"], ["h2c, websocket"], ["h2c,websocket"],
    ["h2c", "websocket"], ["websocket", "h2c"], ["WebSocket,foo/2"],
    [", websocket"], ["websocket ,"]])
def test_9110_7_8_websocket_is_one_of_several(server, values):
    response = ask(server, upgrade(*[("Upgrade", one) for one in values]))
    assert response.status == 101
    assert response.headers["upgrade"].lower() == "websocket"


@pytest.mark.parametrize("values", [
    ["h2c"], ["h2c", "foo"], ["websockets"], ["web, socket"],
    ["web", "socket"], ["xwebsocket, h2c"], [""]])
def test_9110_7_8_other_protocols_are_426(server, values):
    response = ask(server, upgrade(*[("Upgrade", one) for one in values]))
    check_refusal(response, 426)
    assert response.headers["upgrade"] == "websocket"


@pytest.mark.parametrize("connection", [None, "keep-alive", "upgraded", ""])
def test_9110_7_8_an_upgrade_without_connection_is_426(server, connection):
    response = ask(server, upgrade(("Connection", connection)))
    check_refusal(response, 426)
    assert response.headers["upgrade"] == "websocket"


def test_9110_7_8_several_connection_lines_are_a_list(server):
    assert ask(server, upgrade(("Connection", "keep-alive"),
                               ("Connection", "Upgrade"))).status == 101


def test_9110_7_8_http_1_0_has_no_upgrade(server):
    response = ask(server, upgrade(version=b"HTTP/1.0"))
    check_refusal(response, 400, 426)


@pytest.mark.parametrize("path", ["/health", "/api/channels"])
def test_9110_7_8_other_paths_ignore_upgrades(server, path):
    response = ask(server, request_text(path, headers=API + [
        ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__")]))
    assert response.status == 200
