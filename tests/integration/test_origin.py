"""Pages that may connect: those on the list and the server's own."""

import pytest

from support.tls import OWN_PAGE
from support.websocket import Refused

LIST = ["https://app.example.com", "https://*.example.org",
        "http://localhost:3000"]


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config={"origins": LIST})


def is_let_in(server, origin, host=None):
    headers = [("Origin", origin)]
    if host:
        headers.append(("Host", host))
    try:
        server.connect(headers=headers).drop()
        return True
    except Refused as refused:
        assert refused.response.status_line == "HTTP/1.1 403 Forbidden"
        assert refused.response.body == b'{"error":"Origin not allowed"}'
        return False


@pytest.mark.parametrize("origin", [
    "https://app.example.com", "https://APP.example.com",
    "https://app.example.com:443", "https://a.example.org",
    "https://a.b.example.org", "http://localhost:3000"])
def test_listed_origins_are_accepted(server, origin):
    assert is_let_in(server, origin)


@pytest.mark.parametrize("origin", [
    "http://app.example.com", "https://app.example.com:8443",
    "https://app.example.com.evil.net", "https://evil-app.example.com",
    "https://example.org", "https://evilexample.org", "http://a.example.org",
    "http://localhost", "http://localhost:30000", "null", "x",
    "https://app.example.com/", "https://app.example.com@evil.net",
    "file://"])
def test_all_others_are_refused(server, origin):
    assert not is_let_in(server, origin)


def test_own_pages_are_always_accepted(shared):
    assert is_let_in(shared, OWN_PAGE)
    assert is_let_in(shared, f"{OWN_PAGE}:{shared.port}") is False


def test_clients_without_origin_are_accepted(server):
    server.connect().drop()


def test_without_a_list_foreign_pages_are_refused(shared):
    assert not is_let_in(shared, "https://app.example.com")


@pytest.mark.parametrize("origin, allowed", [
    ("http://localhost:5173", True), ("http://127.0.0.1:3000", True),
    ("http://[::1]:5173", True), ("http://evil.example:5173", False),
    ("null", False)])
def test_with_dev_local_pages_may_connect(start_shared, origin, allowed):
    """Pages of a development server on another port."""
    server = start_shared(args=["--dev"], config={"explain_refusals": False})
    assert is_let_in(server, origin) == allowed


def test_without_dev_local_pages_may_not_connect(server):
    assert not is_let_in(server, "http://localhost:5173")


def test_custom_schemes_and_any_port_can_be_listed(peal):
    server = peal(config={"origins": ["file://", "http://localhost:*"]})
    assert is_let_in(server, "file://")
    assert is_let_in(server, "http://localhost:5173")
    assert not is_let_in(server, "null")
    assert not is_let_in(server, "http://localhost.evil.example:5173")


def test_all_origins_can_be_allowed_with_a_warning(peal):
    server = peal(config={"origins": ["*"]})
    for origin in ("https://anything.example", "null", "file://"):
        assert is_let_in(server, origin)
    server.wait_log_count("pages of any site", 1)
