"""Limits: each closes or refuses as documented, and is counted."""

import pytest

from support.patience import wait_until
from support.raw import Ended
from support.websocket import (BINARY, CONTINUATION, TEXT, Refused,
                               frame_bytes)


def limited(**limits):
    return {"limits": limits}


def reached(server, limit):
    return server.metric('peal_limit_reached_total{limit="%s"}' % limit)


def refusal(server, **options):
    with pytest.raises(Refused) as refused:
        server.connect(**options)
    return refused.value.response


def wait_until_let_in(server, client):
    """Retries until the server has noticed the free slot."""
    def is_let_in():
        try:
            return server.connect(client)
        except Refused:
            return False
    assert wait_until(is_let_in)


# --- the size of a message

@pytest.mark.parametrize("size", [1, 999, 1000])
def test_a_message_up_to_the_limit_passes(peal, size):
    client = peal(config=limited(message_bytes=1000)).connect()
    client.send(b"x" * size)
    assert client.receive_data() == b"x" * size
    client.send_frame(BINARY, b"y" * (size - 1), is_final=False)
    client.send_frame(CONTINUATION, b"y")
    assert client.receive_data() == b"y" * size


@pytest.mark.parametrize("size", [1001, 5000, 200000])
def test_a_bigger_message_closes_1009(peal, size):
    server = peal(config=limited(message_bytes=1000))
    client = server.connect()
    try:
        client.send(b"x" * size)
    except OSError:
        pass
    closed = client.wait_closed()
    assert (closed.code, closed.reason) == (1009, "message too big")
    assert not client.backlog
    assert reached(server, "message_bytes") == 1


def test_fragments_are_limited_together(peal):
    server = peal(config=limited(message_bytes=1000))
    client = server.connect()
    client.send_frame(TEXT, "x" * 600, is_final=False)
    client.send_frame(CONTINUATION, "x" * 401)
    assert client.wait_close() == 1009


def test_endless_fragments_end(peal):
    server = peal(config=limited(message_bytes=1000))
    client = server.connect()
    client.send_frame(TEXT, "x", is_final=False)
    with pytest.raises((OSError, AssertionError)):
        for _ in range(20000):
            client.send_frame(CONTINUATION, "x" * 100, is_final=False)
        assert client.wait_close() != 1009
    assert server.is_alive()


def test_an_announced_size_is_sufficient_to_close(peal):
    """No buffer is filled for a frame that will be too big."""
    client = peal(config=limited(message_bytes=1000)).connect()
    client.raw.send(frame_bytes(BINARY, b"x" * 70000)[:100])
    assert client.wait_close() == 1009


def test_the_default_limit_is_64_kib(shared):
    client = shared.connect()
    client.send(b"x" * 65536)
    assert client.receive_data() == b"x" * 65536
    client.send(b"x" * 65537)
    assert client.wait_close() == 1009


def test_megabytes_pass_if_allowed(peal):
    server = peal(config={"limits": {"message_bytes": 5000000,
                                     "outbox_bytes": 10000000}})
    client = server.connect()
    data = bytes(range(256)) * 16384
    client.send(data)
    assert client.receive_data() == data


# --- messages a second

def test_too_many_messages_a_second_close_4529(peal):
    server = peal(config=limited(messages_per_second=10))
    client = server.connect()
    for i in range(30):
        client.send(str(i))
    closed = client.wait_closed()
    assert (closed.code, closed.reason) == (4529, "rate limit")
    assert 10 <= len(client.backlog) <= 13
    assert reached(server, "messages_per_second") == 1


def test_a_burst_of_a_second_passes(peal):
    client = peal(config=limited(messages_per_second=50)).connect()
    for i in range(50):
        client.send(str(i))
    assert [client.receive_data() for i in range(50)][-1] == "Echo: 49"


def test_the_default_is_a_hundred_a_second(shared):
    client = shared.connect()
    for i in range(300):
        client.send(str(i))
    assert client.wait_close() == 4529


# --- channels of a connection

def test_channels_of_a_connection_are_limited(peal):
    server = peal(config=limited(channels_per_connection=2))
    client = server.join("alice", "a", "b")
    answer = client.ask({"type": "subscribe", "channel": "c"})
    assert (answer["type"], answer["code"]) == ("error", "too_many_channels")
    client.ask({"type": "unsubscribe", "channel": "a"})
    answer = client.ask({"type": "subscribe", "channel": "c"})
    assert answer["type"] == "subscribed"
    assert reached(server, "channels_per_connection") == 1


def test_channels_of_the_url_are_limited_too(peal):
    server = peal(config=limited(channels_per_connection=2))
    client = server.connect("alice", ["a", "b", "c", "d"],
                            protocol="broadcast")
    got = client.receive_many(2)
    assert {message["channel"] for message in got} == {"a", "b"}
    answer = client.ask({"type": "subscribe", "channel": "e"})
    assert answer["code"] == "too_many_channels"


def test_channels_of_the_instance_are_limited(peal):
    server = peal(config=limited(channels=3))
    client = server.join("alice", "a", "b", "c")
    for kind in ("subscribe", "broadcast", "history"):
        answer = client.ask({"type": kind, "channel": "d", "payload": 1})
        assert answer["code"] == "too_many_channels", kind
    answer = client.ask({"type": "broadcast", "channel": "a", "payload": 1})
    assert answer["type"] == "broadcastResult"


# --- connections

def test_a_full_server_answers_503(peal):
    server = peal(config=limited(connections=3))
    clients = [server.connect(f"c{i}") for i in range(3)]
    response = refusal(server)
    assert response.status_line == "HTTP/1.1 503 Service Unavailable"
    assert response.body == b'{"error":"Full"}'
    assert int(response.headers["retry-after"]) > 0
    assert server.is_alive()
    assert reached(server, "connections") == 1
    clients[0].end()
    wait_until_let_in(server, "c9")


def test_connections_of_an_address_are_limited(peal):
    server = peal(config=limited(connections_per_ip=3))
    clients = [server.connect(f"c{i}") for i in range(3)]
    response = refusal(server)
    assert response.status_line == "HTTP/1.1 429 Too Many Requests"
    assert response.body == b'{"error":"Too many connections"}'
    assert int(response.headers["retry-after"]) > 0
    assert reached(server, "connections_per_ip") == 1
    clients[0].end()
    wait_until_let_in(server, "c9")


def test_connections_of_a_client_are_limited(peal):
    server = peal(config=limited(connections_per_client=2))
    first = server.connect("alice")
    server.connect("alice")
    response = refusal(server)
    assert response.status_line == "HTTP/1.1 429 Too Many Requests"
    assert response.body == b'{"error":"Too many connections"}'
    assert int(response.headers["retry-after"]) > 0
    assert reached(server, "connections_per_client") == 1
    assert server.connect("bob").handshake.status == 101
    first.end()
    wait_until_let_in(server, "alice")


def test_refused_connections_do_not_count(peal):
    server = peal(config=limited(connections=2, connections_per_client=1))
    server.connect("alice")
    for _ in range(5):
        assert refusal(server).status == 429
    assert server.connect("bob").handshake.status == 101


def test_a_newer_connection_replaces_the_older_4409(peal):
    server = peal(config={"single_connection": True})
    for i in range(3):
        older = server.join("alice", "room")
        other = server.join("bob", "room") if i == 0 else other
        newer = server.join("alice", "room")
        closed = older.wait_closed()
        assert (closed.code, closed.reason) == \
            (4409, "replaced by a newer connection")
        assert newer.ask({"type": "ping"})["type"] == "pong"
        newer.end()
    assert other.ask({"type": "ping"})["type"] == "pong"


# --- the time for a handshake

def test_a_silent_connection_is_closed(peal):
    server = peal(config=limited(handshake_seconds=1))
    raws = []
    for said in (b"", b"G", b"GET /ws/alice HTTP/1.1\r\nHost: x\r\n"):
        raws.append(server.socket(timeout=8))
        raws[-1].send(said)
    assert raws[0].rest() == b""
    assert [raw.response().status for raw in raws[1:]] == [408, 408]
    assert [raw.rest() for raw in raws[1:]] == [b"", b""]
    # counted after the close, and possibly by another worker
    server.wait_metric('peal_limit_reached_total{limit="handshake_seconds"}', 3)
    server.wait_metric("peal_sockets", 1)


def test_slow_headers_close_the_connection(peal):
    server = peal(config=limited(handshake_seconds=1))
    raw = server.socket(timeout=0.1)
    raw.send("GET /ws/alice HTTP/1.1\r\nHost: x\r\nX-Drip: ")
    with pytest.raises((OSError, Ended)):
        for _ in range(80):
            try:
                raw.send("x")
                raw.fill()
            except TimeoutError:
                pass
    assert reached(server, "handshake_seconds") == 1
