"""Where a handshake may carry a token, and that tokens are never logged."""

import base64
import json

import pytest

from support.tls import OWN_PAGE
from support.raw import Ended, request_text
from support.tokens import SECRET, make_token
from support.websocket import Closed, Refused, handshake_headers

CONFIG = {"auth": {"secret": SECRET}, "origins": ["https://example.com"],
          "log": {"level": "debug"}}
PAGE = ("Origin", "https://example.com")


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config=CONFIG)


def assert_open(client):
    client.send("hello")
    assert client.receive_data() == "Echo: hello"
    client.end()


def refusal(server, client="alice", **options):
    """Status and error of a refused handshake."""
    with pytest.raises(Refused) as refused:
        server.connect(client, **options)
    response = refused.value.response
    assert response.headers["content-type"] == "application/json"
    assert ("www-authenticate" in response.headers) == (response.status == 401)
    return response.status, response.json["error"]


MISSING = (401, "Authorization header required")
INVALID = (401, "Invalid token")


# --- the places


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_authorization(server, scheme):
    assert_open(server.connect(headers=[
        ("Authorization", f"{scheme} {make_token()}")]))


@pytest.mark.parametrize("offer", ["echo, bearer.{}", "bearer.{}, echo",
                                   "chess,echo,bearer.{}"])
def test_subprotocol(server, offer):
    client = server.connect(protocol=offer.format(make_token()))
    assert client.handshake.headers["sec-websocket-protocol"] == "echo"
    assert_open(client)


@pytest.mark.parametrize("cookie", ["peal_token={}", "a=b; peal_token={}",
                                    "peal_token={}; c=d",
                                    'peal_token="{}"'])
def test_cookie_of_an_allowed_origin(server, cookie):
    assert_open(server.connect(headers=[
        PAGE, ("Cookie", cookie.format(make_token()))]))


def test_cookies_in_several_headers(server):
    raw = server.socket()
    raw.send(request_text("/ws/alice", headers=handshake_headers() + [
        PAGE, ("Cookie", "a=b"), ("Cookie", f"peal_token={make_token()}"),
        ("Cookie", "c=d")]))
    assert raw.response().status == 101


def test_same_origin_may_use_the_cookie(server):
    assert_open(server.connect(headers=[
        ("Origin", OWN_PAGE),  # the host of all requests
        ("Cookie", f"peal_token={make_token()}")]))


def test_a_cookie_without_origin_is_ignored(server):
    cookie = ("Cookie", f"peal_token={make_token()}")
    assert refusal(server, headers=[cookie]) == MISSING


def test_a_query_token_is_ignored(server):
    assert refusal(server, query={"token": make_token()}) == MISSING


def test_a_query_token_may_be_allowed(peal):
    server = peal(config={"auth": {"secret": SECRET, "query_token": True}})
    assert_open(server.connect(query={"token": make_token()}))
    assert refusal(server, query={"token": "rubbish"}) == INVALID


def test_the_first_source_wins(server):
    good = make_token()
    assert refusal(server, protocol=f"echo, bearer.{good}",
                   token="rubbish") == INVALID
    assert refusal(server, protocol="echo, bearer.rubbish", headers=[
        PAGE, ("Cookie", f"peal_token={good}")]) == INVALID
    assert_open(server.connect(protocol="echo, bearer.rubbish", token=good))


def test_another_scheme_is_ignored(server):
    basic = ("Authorization", "Basic " +
             base64.b64encode(b"user:password").decode())
    assert refusal(server, headers=[basic]) == MISSING
    assert_open(server.connect(headers=[
        basic, PAGE, ("Cookie", f"peal_token={make_token()}")]))


# --- error texts


def test_no_token(server):
    assert refusal(server) == MISSING


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "." * 100, "ä.ö.ü",
                                   make_token(secret="another" * 9)],
                         ids=range(6))
def test_an_invalid_token(server, token):
    header = ("Authorization", "Bearer " + token.encode().decode("latin-1"))
    assert refusal(server, headers=[header]) == INVALID


def test_another_clients_token(server):
    assert refusal(server, "bob", token=make_token("alice")) == (
        403, "Token is for another client")


def test_a_client_id_is_percent_decoded_first(server):
    token = make_token("a:b@c+d")
    client = server.connect(path="/ws/a%3Ab%40c%2Bd", token=token)
    assert_open(client)


@pytest.mark.parametrize("origin, is_allowed", [
    ("https://example.com", True), ("https://EXAMPLE.com:443", True),
    ("https://example.com.evil.org", False), ("http://example.com", False),
    ("https://example.com:8443", False), ("null", False)])
def test_origin(server, origin, is_allowed):
    options = {"token": make_token(), "headers": [("Origin", origin)]}
    if is_allowed:
        assert_open(server.connect(**options))
    else:
        assert refusal(server, **options) == (403, "Origin not allowed")


def large_token():
    rules = [{"channels": [f"channel-{i:03}:*" for i in range(60)],
              "allow": ["sub", "pub"]}] * 3
    token = make_token(caps=rules)
    assert 4000 < len(token) < 8192
    return token


def test_a_large_token_is_accepted(server):
    assert_open(server.connect(token=large_token()))
    assert_open(server.connect(headers=[
        PAGE, ("Cookie", f"peal_token={large_token()}")]))


def test_a_large_token_is_accepted_as_a_subprotocol(server):
    assert_open(server.connect(protocol=f"echo, bearer.{large_token()}"))


def test_a_refusal_is_explained_on_request(peal):
    server = peal(config={**CONFIG, "explain_refusals": True})
    for options, code, reason in (
            ({}, 4401, "Authorization header required"),
            ({"token": "x"}, 4401, "malformed"),
            ({"token": make_token(ttl=-60)}, 4401, "expired"),
            ({"token": make_token("bob")}, 4403,
             "Token is for another client")):
        with pytest.raises(Closed) as closed:
            server.connect(**options).receive_data()
        assert (closed.value.code, closed.value.reason) == (code, reason)


# --- the log


def test_no_token_reaches_the_log(peal):
    server = peal(config={**CONFIG,
                          "auth": {"secret": SECRET, "query_token": True}})
    tokens = [make_token(), make_token(ttl=-99), make_token("bob"),
              make_token(secret="another" * 9), make_token() + "x"]
    for token in tokens:
        for options in ({"token": token},
                        {"protocol": f"echo, bearer.{token}"},
                        {"protocol": f"bearer.{token}"},
                        {"headers": [PAGE, ("Cookie",
                                            f"peal_token={token}")]},
                        {"query": {"token": token}},
                        {"path": f"/ws/{token}"},
                        {"path": f"/{token}"}):
            try:
                server.connect(**options).end()
            except (Refused, Ended):
                pass
    log = server.log()
    assert "Listening" in log
    assert SECRET not in log
    for token in tokens:
        header, claims, signature = token.split(".")
        assert signature not in log
        assert claims not in log


def test_a_reason_is_only_returned_on_request(server):
    with pytest.raises(Refused) as refused:
        server.connect(token=make_token(ttl=-60))
    assert json.loads(refused.value.response.body) == {
        "error": "Invalid token"}
