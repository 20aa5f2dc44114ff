"""CORS: pages of allowed origins may read responses; preflight gets 204."""

import pytest

from support.tls import OWN_PAGE

LISTED = "https://app.example.com"
FOREIGN = "https://evil.example"


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config={"origins": [LISTED]})


def preflight(server, origin, path="/health"):
    return server.request(path, "OPTIONS", [
        ("Origin", origin), ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "authorization")])


def test_preflight_of_a_listed_origin_is_granted(server):
    response = preflight(server, LISTED)
    assert response.status_line == "HTTP/1.1 204 No Content"
    headers = response.headers
    assert headers["access-control-allow-origin"] == LISTED
    assert headers["access-control-allow-credentials"] == "true"
    assert "GET" in headers["access-control-allow-methods"]
    assert "Authorization" in headers["access-control-allow-headers"]
    assert int(headers["access-control-max-age"]) > 0
    assert headers["vary"] == "Origin"
    assert "content-length" not in headers


def test_preflight_of_a_foreign_origin_grants_nothing(server):
    response = preflight(server, FOREIGN)
    assert response.status == 204
    assert not [name for name in response.headers
                if name.startswith("access-control-")]
    assert response.headers["vary"] == "Origin"


def test_a_listed_origin_may_read_the_answer(server):
    headers = server.request("/health", headers=[("Origin", LISTED)]).headers
    assert headers["access-control-allow-origin"] == LISTED
    assert headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", [
    FOREIGN, "null", LISTED + ".evil.net", "http://app.example.com", "*"])
def test_a_foreign_origin_may_not_read_the_answer(server, origin):
    response = server.request("/health", headers=[("Origin", origin)])
    assert response.status == 200
    assert "access-control-allow-origin" not in response.headers


def test_own_pages_may_read_the_answer(server):
    origin = OWN_PAGE
    headers = server.request("/health", headers=[("Origin", origin)]).headers
    assert headers["access-control-allow-origin"] == origin


def test_errors_may_be_read_too(server):
    response = server.request("/none", headers=[("Origin", LISTED)])
    assert response.status == 404
    assert response.headers["access-control-allow-origin"] == LISTED


def test_without_an_origin_there_are_no_cors_headers(server):
    headers = server.request("/health").headers
    assert not [name for name in headers if name.startswith("access-control")]


def test_an_origin_cannot_inject_headers(server):
    raw = server.socket()
    raw.send("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
             "Origin: https://app.example.com\rX-Evil: 1\r\n\r\n")
    assert b"\r\nX-Evil" not in raw.rest().split(b"\r\n\r\n")[0]


def test_options_of_an_unknown_path_is_404(server):
    assert preflight(server, LISTED, "/none").status == 404
