"""explain_refusals: a refused browser is accepted, gets the reason, and is
closed."""

import pytest

from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused

EXPLAIN = {**WITH_AUTH, "explain_refusals": True}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config=EXPLAIN)


@pytest.mark.parametrize("options, code, reason", [
    ({}, 4401, "Authorization header required"),
    ({"token": make_token(ttl=-100)}, 4401, "expired"),
    ({"token": make_token("bob")}, 4403, "Token is for another client"),
    ({"token": make_token(),
      "headers": [("Origin", "https://evil.example")]}, 4403,
     "Origin not allowed"),
])
@pytest.mark.parametrize("protocol", [None, "echo", "broadcast"])
def test_the_close_frame_says_why(server, options, code, reason, protocol):
    client = server.connect(protocol=protocol, **options)
    closed = client.wait_closed()
    assert (closed.code, closed.reason) == (code, reason)
    assert not client.backlog


@pytest.mark.parametrize("offer", ["broadcast, bearer.", "echo, bearer."])
def test_a_browsers_token_is_explained_too(server, offer):
    """The token is a long subprotocol."""
    client = server.connect(protocol=offer + make_token(ttl=-100))
    assert client.handshake.headers["sec-websocket-protocol"] == \
        offer.split(",")[0]
    assert client.wait_close() == 4401


def test_a_bad_signature_is_explained(server):
    closed = server.connect(token=make_token(secret="b" * 40)).wait_closed()
    assert closed.code == 4401
    assert closed.reason


def test_its_messages_are_ignored(server):
    client = server.connect(protocol="broadcast")
    try:
        for _ in range(10):
            client.send({"type": "broadcast", "payload": 1})
    except OSError:
        pass
    assert client.wait_close() in (4401, None)
    assert not client.backlog


@pytest.mark.parametrize("path, protocol", [
    ("/other", None), ("/ws/a%0Ab", None), ("/ws/alice", "unknown")])
def test_errors_that_no_browser_makes_are_refused(server, path, protocol):
    with pytest.raises(Refused) as refused:
        server.connect(path=path, protocol=protocol, token=make_token())
    assert refused.value.response.status in (400, 404)


def test_explained_connections_do_not_count(server):
    for _ in range(5):
        server.connect().wait_closed()
    server.wait_metric("peal_connections", 0)


def test_without_it_the_body_gives_no_reason(peal):
    with pytest.raises(Refused) as refused:
        peal(config=WITH_AUTH).connect(token=make_token(ttl=-100))
    assert refused.value.response.body == b'{"error":"Invalid token"}'


def test_dev_turns_it_on(peal):
    server = peal(config=WITH_AUTH, args=["--dev"])
    assert server.connect().wait_close() == 4401
