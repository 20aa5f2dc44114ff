"""The handshake: accepted and refused clients. Every refusal is a complete
HTTP/1.1 response with a JSON body, sent before the upgrade."""

import base64
import json
import time

import pytest

from support.names import RULE
from support.raw import request_text
from support.tokens import SECRET, WITH_AUTH, base64url, encode, make_token, \
    sign
from support.websocket import Client, handshake_headers, ws_path

ORIGIN = "https://app.example.com"


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config={**WITH_AUTH, "origins": [ORIGIN]})


def ask(server, path="/ws/alice", method="GET", **options):
    """The response to a handshake; options as for handshake_headers."""
    raw = server.socket()
    raw.send(request_text(path, method, handshake_headers(**options)))
    response = raw.response()
    if response.status != 101:
        assert raw.is_ended(), "a refused connection is closed"
    raw.close()
    return response


def refused(response, status_line, error, reason=None):
    body = {"error": error, **({"reason": reason} if reason else {})}
    assert response.status_line == "HTTP/1.1 " + status_line
    assert response.body == json.dumps(body, separators=(",", ":")).encode()
    assert response.headers["content-type"] == "application/json"
    assert response.headers["connection"] == "close"
    assert "upgrade" not in response.headers or response.status == 426
    return True


def good():
    return make_token("alice")


# --- access

def test_a_good_handshake_is_granted(server):
    response = ask(server, token=good(), key="dGhlIHNhbXBsZSBub25jZQ==")
    assert response.status_line == "HTTP/1.1 101 Switching Protocols"
    assert response.headers["upgrade"].lower() == "websocket"
    assert response.headers["connection"].lower() == "upgrade"
    # the example of RFC 6455, section 1.3
    assert response.headers["sec-websocket-accept"] == \
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert "sec-websocket-protocol" not in response.headers
    assert "sec-websocket-extensions" not in response.headers


def test_compression_is_declined(server):
    response = ask(server, token=good(), headers=[
        ("Sec-WebSocket-Extensions", "permessage-deflate")])
    assert response.status == 101
    assert "sec-websocket-extensions" not in response.headers


@pytest.mark.parametrize("connection", [
    "upgrade", "Upgrade, keep-alive", "keep-alive, Upgrade"])
def test_the_connection_header_may_have_more_options(server, connection):
    response = ask(server, token=good(), headers=[("Connection", connection)])
    assert response.status == 101


@pytest.mark.parametrize("client", [
    "a", "x" * 128, "Alice.B_c~d:e@f=h-9", "user@example.com"])
def test_every_allowed_client_id_is_accepted(server, client):
    assert ask(server, "/ws/" + client,
               token=make_token(client)).status == 101


def test_the_client_id_is_percent_decoded(server):
    assert ask(server, "/ws/%61lice", token=good()).status == 101
    assert ask(server, "/ws/a%40b", token=make_token("a@b")).status == 101
    assert ask(server, "/ws/a%2Bb", token=make_token("a+b")).status == 101


def test_a_plus_is_not_decoded(server):
    assert ask(server, "/ws/a+b", token=make_token("a+b")).status == 101
    # a space elsewhere is different
    assert ask(server, "/ws/a+b?channel=x%20y",
               token=make_token("a+b")).status == 101


@pytest.mark.parametrize("code", ["00", "01", "0A", "0D", "7F"])
def test_control_characters_are_refused(server, code):
    raw = server.socket()
    raw.send(request_text(f"/ws/al%{code}ice",
                          headers=handshake_headers(token=good())))
    assert b" 101 " not in raw.rest()
    assert server.is_alive()


# --- which protocol

@pytest.mark.parametrize("offer, chosen", [
    ("broadcast", "broadcast"),
    ("echo", "echo"),
    ("broadcast, echo", "broadcast"),
    ("echo, broadcast", "echo"),
    ("unknown, broadcast", "broadcast"),
    ("http, broadcast", "broadcast"),
    ("unknown,broadcast,echo", "broadcast"),
])
def test_the_first_known_offer_is_chosen(server, offer, chosen):
    response = ask(server, token=good(), protocol=offer)
    assert response.status == 101
    assert response.headers["sec-websocket-protocol"] == chosen


@pytest.mark.parametrize("offer", ["unknown", "http", "Broadcast", "a, b",
                                   "broad cast"])
def test_unknown_offers_are_refused(server, offer):
    assert refused(ask(server, token=good(), protocol=offer),
                   "400 Bad Request", "Unknown protocol")


def test_the_offer_takes_precedence_over_the_query(server):
    client = Client(server.port, ws_path("alice", protocol="echo"),
                    protocol="broadcast", token=good())
    assert client.receive()["type"] == "subscribed"
    client.drop()


def test_the_query_may_name_the_protocol(server):
    client = Client(server.port, ws_path("alice", protocol="broadcast"),
                    token=good())
    assert client.receive()["type"] == "subscribed"
    client.drop()


def test_an_unknown_protocol_of_the_query_is_refused(server):
    assert refused(ask(server, "/ws/alice?protocol=unknown", token=good()),
                   "400 Bad Request", "Unknown protocol")


def test_the_default_protocol_is_configured(peal):
    server = peal(config={"default_protocol": "broadcast"})
    assert server.connect().receive()["type"] == "subscribed"


# --- refusals

@pytest.mark.parametrize("path, flaw", [
    ("/ws/", "it is empty"), ("/ws/a%00b", "found U+0000 at character 2"),
    ("/ws/%C3", "not UTF-8 at character 1"),
    ("/ws/" + "x" * 129, "it has 129 bytes")])
def test_a_bad_client_id_is_refused(server, path, flaw):
    """With the reason; test_client_ids.py has more cases."""
    assert refused(ask(server, path, token=good()), "400 Bad Request",
                   "Invalid client id", f"client id must be {RULE}; {flaw}")


def test_without_a_token_the_error_asks_for_one(server):
    response = ask(server)
    assert refused(response, "401 Unauthorized",
                   "Authorization header required")
    assert response.headers["www-authenticate"] == "Bearer"


def bad_tokens():
    token = good()
    head, claims, signature = token.split(".")
    now = int(time.time())
    return {
        "nothing": "",
        "a word": "x",
        "two parts": head + "." + claims,
        "four parts": token + ".x",
        "empty signature": f"{head}.{claims}.",
        "another signature": f"{head}.{claims}.{'A' * len(signature)}",
        "a cut signature": token[:-1],
        "padding": token + "=",
        "another secret": make_token(secret="b" * 40),
        "expired": make_token(ttl=-60),
        "no end": make_token(exp=None),
        "an end that is no number": make_token(exp="tomorrow"),
        "not yet": make_token(nbf=now + 600),
        "no subject": make_token(sub=None),
        "a subject that is no text": make_token(sub=-7),
        "no algorithm": sign({"typ": "JWT"}, {"sub": "alice",
                                              "exp": now + 60}),
        "algorithm none": encode({"alg": "none"}) + "." + claims + ".",
        "algorithm None, signed": sign({"alg": "None"},
                                       {"sub": "alice", "exp": now + 60}),
        "algorithm that does not fit the key": sign(
            {"alg": "RS256"}, {"sub": "alice", "exp": now + 60}),
        "claims that are no object": head + "." + encode([1]) + "." +
                                     signature,
        "claims that are no JSON": head + "." + base64url(b"{") + "." +
                                   signature,
        "very long": make_token(extra="x" * 20000)[:7000],
    }


@pytest.mark.parametrize("name", sorted(bad_tokens()))
def test_a_bad_token_is_refused_without_a_reason(server, name):
    response = ask(server, token=bad_tokens()[name] or " ")
    if name == "nothing":
        assert response.status == 401
        return
    assert refused(response, "401 Unauthorized", "Invalid token")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_token_of_another_client_is_refused(server):
    assert refused(ask(server, token=make_token("bob")),
                   "403 Forbidden", "Token is for another client")


def test_clocks_may_differ_by_the_leeway(peal):
    server = peal(config={"auth": {"secret": SECRET, "leeway_seconds": 60}})
    assert ask(server, token=make_token(ttl=-30)).status == 101
    assert ask(server, token=make_token(nbf=time.time() + 30)).status == 101
    assert ask(server, token=make_token(ttl=-90)).status == 401


def test_audience_and_issuer_are_checked_if_configured(peal):
    server = peal(config={"auth": {"secret": SECRET, "audience": "peal",
                                   "issuer": "tests"}})
    for claims, status in (
            ({"aud": "peal", "iss": "tests"}, 101),
            ({"aud": ["other", "peal"], "iss": "tests"}, 101),
            ({"aud": "other", "iss": "tests"}, 401),
            ({"aud": "peal", "iss": "other"}, 401),
            ({"aud": "peal"}, 401), ({"iss": "tests"}, 401), ({}, 401)):
        assert ask(server, token=make_token(**claims)).status == status


@pytest.mark.parametrize("path", ["/", "/ws", "/wsx/alice", "/other/alice",
                                  "/health", "/WS/alice"])
def test_another_path_is_not_found(server, path):
    assert refused(ask(server, path, token=good()),
                   "404 Not Found", "Not found")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD",
                                    "OPTIONS"])
def test_another_method_is_refused(server, method):
    raw = server.socket()
    raw.send(request_text("/ws/alice", method,
                          handshake_headers(token=good())))
    response = raw.response(method)
    assert response.status == 405
    assert response.headers["allow"] == "GET"
    raw.close()


@pytest.mark.parametrize("version", ["12", "8", "14", "013", "x"])
def test_another_version_gets_the_supported_one(server, version):
    response = ask(server, token=good(),
                   headers=[("Sec-WebSocket-Version", version)])
    assert refused(response, "426 Upgrade Required", "Upgrade required")
    assert response.headers["sec-websocket-version"] == "13"
    assert response.headers["upgrade"] == "websocket"


@pytest.mark.parametrize("key", ["x", "A" * 24, "A" * 21 + "===",
                                 "*" * 22 + "==", "A" * 23 + "=="])
def test_a_bad_key_is_refused(server, key):
    assert refused(ask(server, token=good(), key=key),
                   "400 Bad Request", "Bad handshake")


@pytest.mark.parametrize("missing", ["Sec-WebSocket-Key", "Upgrade",
                                     "Connection", "Sec-WebSocket-Version"])
def test_all_headers_are_required_for_an_upgrade(server, missing):
    raw = server.socket()
    raw.send(request_text("/ws/alice", headers=handshake_headers(
        token=good(), headers=[(missing, None)])))
    answer = raw.rest()
    assert b" 101 " not in answer
    assert server.is_alive()


def test_get_without_upgrade_is_426(server):
    response = server.request("/ws/alice")
    assert response.status_line == "HTTP/1.1 426 Upgrade Required"
    assert response.json == {"error": "Upgrade to WebSocket required"}
    assert response.headers["upgrade"] == "websocket"


def test_refused_handshakes_are_counted(peal):
    server = peal(config=WITH_AUTH)
    for _ in range(3):
        ask(server)
    assert server.metric_sum("peal_handshakes_refused_total") == 3


REFUSED_WITH = 'peal_handshakes_refused_total{reason="%s"}'


@pytest.mark.parametrize("reason, detail, path, token, status", [
    ("token_missing", '"Authorization header required"', "/ws/alice", None, 401),
    ("token_expired", "expired", "/ws/alice", make_token(exp=1), 401),
    ("token_invalid", "malformed", "/ws/alice", "a.b", 401),
    ("token_invalid", '"bad signature"', "/ws/alice",
     make_token(secret="x" * 32), 401),
    ("token_client", None, "/ws/alice", make_token("bob"), 403),
    ("client_id", None, "/ws/", make_token(), 400),
    ("protocol", '"Unknown protocol"', "/ws/alice?protocol=chess", make_token(), 400),
], ids=["missing", "expired", "malformed", "forged", "another's", "no id",
        "no protocol"])
def test_the_reason_of_a_refusal_is_counted_and_logged(
        peal, reason, detail, path, token, status):
    server = peal(config=WITH_AUTH)
    assert ask(server, path, token=token).status == status
    assert server.metric(REFUSED_WITH % reason) == 1
    assert server.metric_sum("peal_handshakes_refused_total") == 1
    line = server.wait_log("Handshake refused")
    assert " address=127.0.0.1 " in line
    assert f" reason={reason} " in line
    assert f" status={status}" in line
    assert (" client=alice " in line) == (path != "/ws/")
    assert detail is None or f" detail={detail} " in line
    assert not token or token not in server.log()


def test_refused_refreshes_are_counted_and_logged(peal):
    server = peal(config=WITH_AUTH)
    stale = make_token(exp=1)
    alice = server.connect("alice", token=good(), protocol="broadcast")
    answer = alice.ask({"type": "refresh", "token": stale})
    assert answer["code"] == "bad_token"
    assert server.metric(
        'peal_refreshes_refused_total{reason="token_expired"}') == 1
    line = server.wait_log("Token refresh refused")
    assert " address=127.0.0.1 client=alice reason=token_expired " in line
    assert stale not in server.log()


# --- where the token may be

def test_the_token_may_come_in_the_subprotocol(server):
    response = ask(server, protocol="broadcast, bearer." + good())
    assert response.status == 101
    assert response.headers["sec-websocket-protocol"] == "broadcast"
    response = ask(server, protocol=f"bearer.{good()}, echo")
    assert response.headers["sec-websocket-protocol"] == "echo"


def test_a_token_alone_is_not_a_subprotocol(server):
    response = ask(server, protocol="bearer." + good())
    assert refused(response, "400 Bad Request", "Unknown protocol")


@pytest.mark.parametrize("cookie", [
    "peal_token={}", 'a=b; peal_token="{}"; c=d', "peal_token={}; a=b"])
def test_the_token_may_come_in_a_cookie_with_an_origin(server, cookie):
    headers = [("Cookie", cookie.format(good())), ("Origin", ORIGIN)]
    assert ask(server, headers=headers).status == 101


def test_a_cookie_without_an_origin_is_ignored(server):
    response = ask(server, headers=[("Cookie", "peal_token=" + good())])
    assert refused(response, "401 Unauthorized",
                   "Authorization header required")


def test_a_cookie_with_a_foreign_origin_is_refused(server):
    response = ask(server, headers=[("Cookie", "peal_token=" + good()),
                                    ("Origin", "https://evil.example")])
    assert refused(response, "403 Forbidden", "Origin not allowed")


def test_a_token_in_the_query_is_ignored_unless_configured(server, peal):
    path = "/ws/alice?token=" + good()
    assert refused(ask(server, path), "401 Unauthorized",
                   "Authorization header required")
    willing = peal(config={"auth": {"secret": SECRET, "query_token": True}})
    assert ask(willing, path).status == 101
    assert ask(willing, "/ws/alice?tokens=" + good()).status == 401


def test_the_first_source_with_a_token_wins(server):
    bad = make_token(secret="b" * 40)
    cookie = ("Cookie", "peal_token=" + good())
    origin = ("Origin", ORIGIN)
    assert ask(server, token=bad, protocol="echo, bearer." + good(),
               headers=[cookie, origin]).status == 401
    assert ask(server, token=good(), protocol="echo, bearer." + bad,
               headers=[cookie, origin]).status == 101
    assert ask(server, protocol="echo, bearer." + bad,
               headers=[cookie, origin]).status == 401


def test_another_authorization_scheme_is_ignored(server):
    basic = "Basic " + base64.b64encode(b"a:b").decode()
    assert refused(ask(server, headers=[("Authorization", basic)]),
                   "401 Unauthorized", "Authorization header required")
    assert ask(server, protocol="echo, bearer." + good(),
               headers=[("Authorization", basic)]).status == 101


def test_the_scheme_is_read_without_regard_to_case(server):
    assert ask(server, headers=[
        ("Authorization", "bearer " + good())]).status == 101


def test_without_auth_a_token_is_neither_required_nor_checked(shared):
    assert ask(shared).status == 101
    assert ask(shared, token="x").status == 101
