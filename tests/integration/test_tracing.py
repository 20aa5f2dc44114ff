"""A traceparent (W3C Trace Context) from a publish to subscribers and log."""

import pytest

from support.api import WITH_KEY, api_request, ask, publish, tell

ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACE = f"00-{ID}-{PARENT}-01"
OTHER = TRACE.replace("4bf9", "aaaa")
LINE = "Message delivered"


def header(*values):
    return [("traceparent", value) for value in values]


@pytest.fixture
def server(peal):
    return peal(WITH_KEY)


def hear(client):
    return client.receive_type("broadcast").get("traceparent")


def test_a_header_travels_with_the_message(server):
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    publish_traced = {"channel": "room", "payload": 1}
    tell(server, "/api/publish", publish_traced, headers=header(TRACE))
    assert hear(alice) == hear(bob) == TRACE
    line = server.wait_log(LINE)
    for text in ("level=info", f"trace_id={ID}", f"parent_id={PARENT}",
                 "channel=room", "offset=1", "connections=2"):
        assert text in line
    # later subscribers and backends find it in the history
    assert alice.ask({"type": "history"})["messages"][0]["traceparent"] == TRACE
    kept = tell(server, "/api/channels/room/history")["messages"]
    assert kept[0]["traceparent"] == TRACE


def test_an_untraced_message_has_no_log_line_and_no_member(server):
    alice = server.join("alice", "room")
    publish(server, "room", 1)
    assert "traceparent" not in alice.receive_type("broadcast")
    alice.ask({"type": "broadcast", "payload": 2})
    assert "traceparent" not in alice.receive_type("broadcast")
    assert server.log_lines(LINE) == []


def test_a_client_may_trace_its_message(server):
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    alice.ask({"type": "broadcast", "payload": 1, "traceparent": TRACE})
    assert hear(bob) == TRACE
    alice.ask({"type": "direct", "to": "bob", "payload": 2,
               "traceparent": OTHER})
    assert bob.receive_type("direct")["traceparent"] == OTHER
    server.wait_log(OTHER.split("-")[1])
    server.wait_log_count(LINE, 2)


def test_a_command_of_a_batch_may_have_its_own_header(server):
    alice = server.join("alice", "a", "b")
    tell(server, "/api/batch", {"commands": [
        {"command": "publish", "channel": "a", "payload": 1},
        {"command": "publish", "channel": "b", "payload": 2,
         "traceparent": OTHER},
        {"command": "send", "client": "alice", "payload": 3}]},
        headers=header(TRACE))
    got = [alice.take(lambda m: m["type"] in ("broadcast", "direct"))
           for _ in range(3)]
    assert {m["payload"]: m["traceparent"] for m in got} == {
        1: TRACE, 2: OTHER, 3: TRACE}


def test_an_unsampled_trace_is_passed_on_without_a_log_line(server):
    alice = server.join("alice", "room")
    tell(server, "/api/publish", {"channel": "room", "payload": 1},
         headers=header(TRACE[:-1] + "0"))
    assert hear(alice) == TRACE[:-1] + "0"
    assert server.log_lines(LINE) == []


@pytest.mark.parametrize("bad", [
    "00", TRACE.upper(), TRACE + "-", "ff" + TRACE[2:],
    f"00-{'0' * 32}-{PARENT}-01", f"00-{ID}-{'0' * 16}-01", TRACE + ", " + TRACE])
def test_an_invalid_header_is_ignored(server, bad):
    alice = server.join("alice", "room")
    tell(server, "/api/publish", {"channel": "room", "payload": 1},
         headers=header(bad))
    assert hear(alice) is None
    answer = alice.ask({"type": "broadcast", "payload": 2, "traceparent": bad})
    assert answer["type"] == "broadcastResult"
    assert hear(alice) is None


def test_repeated_headers_are_ignored(server):
    alice = server.join("alice", "room")
    raw = server.socket()
    body = b'{"channel":"room","payload":1}'
    raw.send(b"POST /api/publish HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             b"Authorization: Bearer " + WITH_KEY["api"]["key"].encode() +
             b"\r\nContent-Type: application/json\r\n"
             b"Content-Length: %d\r\ntraceparent: %s\r\nTraceParent: %s\r\n\r\n"
             % (len(body), TRACE.encode(), OTHER.encode()) + body)
    assert raw.response("POST").status == 200
    assert hear(alice) is None


def test_each_request_of_a_connection_has_its_own_header(server):
    """Even if it has none."""
    alice = server.join("alice", "room")
    raw = server.socket()
    for number, fields in enumerate([header(TRACE), [], header(OTHER)]):
        raw.send(api_request(
            "/api/publish", {"channel": "room", "payload": number},
            headers=fields))
        assert raw.response("POST").status == 200
    assert [hear(alice) for _ in range(3)] == [TRACE, None, OTHER]


def test_spaces_around_the_header_are_ignored(server):
    alice = server.join("alice", "room")
    assert ask(server, "/api/publish", {"channel": "room", "payload": 1},
               headers=[("TraceParent", f"  {TRACE} ")]).status == 200
    assert hear(alice) == TRACE
