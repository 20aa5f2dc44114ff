"""auth.jwks_url: keys are fetched, replaced, and kept while their source is
down."""

import contextlib
import http.server
import json
import signal
import socket
import ssl
import threading

import pytest

from support import tls
from support.patience import wait_until
from support.program import run_peal
from support.tokens import SECRET, base64url, encode, make_token, sign
from support.websocket import Refused

OTHER = "another secret of the tests, long enough too"


def key_set(**secrets):
    """A set with a key for each name."""
    return json.dumps({"keys": [
        {"kty": "oct", "kid": kid, "k": base64url(secret.encode())}
        for kid, secret in secrets.items()]}).encode()


def token_by(kid, secret, **claims):
    claims = {"sub": "alice", "exp": 4102444800, **claims}
    return sign({"alg": "HS256", "kid": kid}, claims, secret)


class Source:
    """A web server with a key set."""

    def __init__(self, body, keys=None):
        self.body = body
        self.status = 200
        self.asked = 0
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                source.asked += 1
                self.send_response(source.status)
                self.send_header("Content-Length", str(len(source.body)))
                self.end_headers()
                self.wfile.write(source.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        if keys:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(keys["cert"], keys["key"])
            self.server.socket = context.wrap_socket(self.server.socket,
                                                     server_side=True)
        self.port = self.server.server_port
        self.url = f"{'https' if keys else 'http'}://127.0.0.1:{self.port}/keys"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def end(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.thread.join()
            self.server = None


@contextlib.contextmanager
def serving(body, keys=None):
    source = Source(body, keys)
    try:
        yield source
    finally:
        source.end()


def start(peal, url, **auth):
    return peal(config={"auth": {"jwks_url": url, **auth}})


def is_let_in(server, token=None):
    try:
        server.connect(token=token).drop()
        return True
    except Refused:
        return False


def test_keys_are_available_from_the_start(peal):
    with serving(key_set(one=SECRET)) as source:
        server = start(peal, source.url)
        assert is_let_in(server, token_by("one", SECRET))
        assert not is_let_in(server, token_by("one", OTHER))
        assert not is_let_in(server)
        assert server.request("/ready").status == 200
        server.wait_log_count("Key set loaded", 1)


def test_an_unusable_key_is_named_once(peal):
    def set_of(*kids):
        keys = json.loads(key_set(**{kid: SECRET for kid in kids}))["keys"]
        return json.dumps({"keys": [
            {"kty": "RSA", "kid": "for-enc", "use": "enc", "n": "AQAB",
             "e": "AQAB"}, *keys]}).encode()

    with serving(set_of("one")) as source:
        server = start(peal, source.url)
        assert is_let_in(server, token_by("one", SECRET))
        line = server.wait_log("Key set entry rejected")
        assert "for-enc" in line and "does not allow verifying" in line
        source.body = set_of("one", "two")
        new = token_by("two", SECRET)
        wait_until(lambda: is_let_in(server, new), 15, what="the new key")
        assert len(server.log_lines("Key set entry rejected")) == 1


def test_an_unknown_key_causes_a_fetch(peal):
    with serving(key_set(one=SECRET)) as source:
        server = start(peal, source.url)
        new = token_by("two", OTHER)
        assert not is_let_in(server, new)
        source.body = key_set(two=OTHER)
        wait_until(lambda: is_let_in(server, new), 15, what="the new key")
        assert not is_let_in(server, token_by("one", SECRET))


def test_unknown_keys_do_not_flood_the_source(peal):
    with serving(key_set(one=SECRET)) as source:
        server = peal(config={"auth": {"jwks_url": source.url},
                              "limits": {"refusals_per_second": 0}})
        for i in range(200):
            assert not is_let_in(server, token_by(f"none-{i}", SECRET))
        assert source.asked <= 3


def test_keys_stay_while_their_source_is_down(peal):
    with serving(key_set(one=SECRET)) as source:
        server = start(peal, source.url)
        source.end()
        assert not is_let_in(server, token_by("unknown", SECRET))
        server.wait_log("Key set fetch failed", timeout=15)
        assert is_let_in(server, token_by("one", SECRET))
        assert server.request("/ready").status == 200


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"keys":[]}', b"[]",
                                  b'{"keys":[{"kty":"oct","k":"eA"}]}',
                                  b" " * (2 << 20)],
                         ids=["empty", "html", "no keys", "no set", "short",
                              "long"])
def test_an_invalid_key_set_replaces_none(peal, body):
    with serving(key_set(one=SECRET)) as source:
        server = start(peal, source.url)
        source.body = body
        assert not is_let_in(server, token_by("unknown", SECRET))
        server.wait_log("Key set fetch failed", timeout=15)
        assert is_let_in(server, token_by("one", SECRET))


def test_without_any_key_clients_are_refused(peal):
    """Once the source is available, valid tokens are accepted."""
    with serving(key_set(one=SECRET)) as source:
        source.status = 503
        server = start(peal, source.url)
        good = token_by("one", SECRET)
        for token in (None, good, make_token(), encode({"alg": "none"})):
            assert not is_let_in(server, token)
        ready = server.request("/ready")
        assert ready.status == 503 and b"auth.jwks_url" in ready.body
        assert server.request("/health").status == 200
        assert "status 503" in server.wait_log("Key set fetch failed")
        source.status = 200
        wait_until(lambda: is_let_in(server, good), 15, what="the key")
        assert server.request("/ready").status == 200


def test_the_certificate_of_the_source_is_verified(peal):
    folder = tls.common_certificates()
    good = token_by("one", SECRET)
    with serving(key_set(one=SECRET), tls.server_keys()) as source:
        trusting = start(peal, source.url, jwks_ca=str(folder / "ca.pem"))
        assert is_let_in(trusting, good)
        strict = start(peal, source.url)
        strict.wait_log("Key set fetch failed")
        assert not is_let_in(strict, good)


def test_a_reload_keeps_what_was_fetched(peal):
    with serving(key_set(one=SECRET)) as source:
        server = start(peal, source.url)
        source.end()
        server.signal(signal.SIGHUP)
        server.wait_log("Config reloaded")
        assert is_let_in(server, token_by("one", SECRET))
        assert not is_let_in(server)


def test_the_shutdown_does_not_wait_for_a_hanging_source(peal):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = start(peal,
                       f"http://127.0.0.1:{silent.getsockname()[1]}/keys")
        assert not is_let_in(server, token_by("one", SECRET))
        server.signal()
        assert server.wait_exit(4) == 0


@pytest.mark.parametrize("auth, words", [
    ({"jwks_url": "http://example.com/keys"}, "expected https://"),
    ({"jwks_url": "ftp://example.com/keys"}, "expected https://"),
    ({"jwks_url": "https://u:p@example.com/"}, "without user"),
    ({"jwks_url": "keys.json"}, "expected https://"),
    ({"jwks_url": "http://localhost.example.com/"}, "expected https://"),
    ({"jwks_ca": "/x.pem"}, "must be set together with auth.jwks_url"),
])
def test_invalid_urls_prevent_the_start(tmp_path, auth, words):
    file = tmp_path / "peal.json"
    file.write_text(json.dumps({"auth": auth}))
    done = run_peal("--config", str(file), "--check-config")
    assert done.returncode == 2
    assert words in done.stderr
