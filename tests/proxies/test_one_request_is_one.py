"""The proxy and the server agree on where a request ends and who sent it: no
client can remove the proxy's own fields or receive another client's
response."""

import pathlib

import pytest

from front import KEY, OUTSIDE

LIST = pathlib.Path(__file__).parents[1] / "conformance" / "header_names.txt"
SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
READY = b'{"status":"ready"}'
NAMES = ["X-A", "x-auth", "X", "User", "T", "Forwarde", "X-Forwarded",
         "X-Forwarded-Fo", "Content-Lengt", "Hos", "C", "Sec-WebSocket-Key1",
         "Proxy-Auth", "Authorizatio"]
# fields with a special meaning for the proxy or the server
ACTIVE = {"authorization", "connection", "content-length", "content-type",
          "cookie", "expect", "host", "http2-settings", "if-none-match",
          "keep-alive", "origin", "te", "trailer", "transfer-encoding",
          "upgrade", "x-forwarded-for"}


def head(request_line, *lines):
    return "\r\n".join([request_line, *lines, "", ""]).encode()


def starts_of_names():
    known = [line for line in LIST.read_text().splitlines()
             if not line.startswith("#")]
    return sorted({name[:length] for name in known
                   for length in range(1, len(name) + 1)} - ACTIVE)


def test_the_proxy_passes_all_but_metrics(proxy):
    assert proxy.ask(head("GET /metrics HTTP/1.1", "Host: a")).status == 403
    assert proxy.ask(head("GET /ready HTTP/1.1", "Host: a")).body == READY


# ---- X-Forwarded-For, which the proxy writes ------------------------------------

def test_no_field_name_removes_the_proxys_field(proxy):
    """The proxy's own loopback address may read the page."""
    names = starts_of_names()
    raw = proxy.connect()
    for name in names:
        raw.send(head("GET /dashboard HTTP/1.1", "Host: localhost",
                      f"{name}: 1"))
        response = raw.response()
        assert response.status == 404, (name, response.head)
    raw.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_field_in_the_body_is_ignored(proxy, name):
    body = b"\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"
    response = proxy.ask(
        head("POST /api/publish HTTP/1.1", "Host: a",
             f"Authorization: Bearer {KEY}", "Content-Type: application/json",
             f"Content-Length: {len(body)}", f"{name}: 1") + body)
    assert response.status == 400, response  # the body is not JSON
    response = proxy.ask(
        head("GET /dashboard HTTP/1.1", "Host: localhost",
             f"Content-Length: {len(body)}", f"{name}: 1") + body)
    assert response.status == 404, response


@pytest.mark.parametrize("name", NAMES)
def test_a_websocket_has_the_clients_address(proxy, backend, name):
    client = f"client-{proxy.port}-{name}"
    raw = proxy.connect()
    raw.send(head(f"GET /ws/{client} HTTP/1.1", "Host: a",
                  "Connection: Upgrade", "Upgrade: websocket",
                  "Sec-WebSocket-Version: 13",
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                  f"{name}: 1"))
    assert raw.response().status == 101
    raw.close()
    line = backend.wait_log(f"Client {client} disconnected")
    assert f"address={OUTSIDE}" in line


# ---- responses go to the right client ----------------------------------------

@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method, path, status", [
    ("GET", "/health", 200), ("GET", "/api/channels", 200),
    ("POST", "/api/publish", 400)])
def test_other_clients_get_their_own_responses(proxy, method, path, status,
                                               name):
    """The proxy reuses a connection for the next client."""
    others = [proxy.connect(f"198.51.100.{i}") for i in range(3)]
    for _ in range(4):
        attack = proxy.ask(
            head(f"{method} {path} HTTP/1.1", f"{name}: 1",
                 f"Content-Length: {len(SMUGGLED)}", "Host: a",
                 "Content-Type: application/json",
                 f"Authorization: Bearer {KEY}") + SMUGGLED)
        assert attack.status == status, attack
        for other in others:
            other.send(head("GET /ready HTTP/1.1", "Host: a"))
            assert other.response().body == READY
    for other in others:
        other.close()
