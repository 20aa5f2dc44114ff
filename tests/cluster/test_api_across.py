"""The HTTP API across instances, with Redis available or not."""

import pytest

from support import patience
from support.api import WITH_KEY, api_request, ask, publish, tell

GOOD = {"channel": "room", "payload": 1}
PAYLOAD = "x" * 12000


@pytest.fixture
def pair(redis, cluster):
    return cluster(redis().url, **WITH_KEY)


def test_a_publish_is_seen_on_the_other_instance(pair):
    alice = pair[0].join("alice", "room")
    bob = pair[1].join("bob", "room")
    first = publish(pair[0], "room", {"n": 1})
    second = publish(pair[1], "room", {"n": 2})
    assert (first["offset"], second["offset"]) == (1, 2)
    assert first["epoch"] == second["epoch"]
    for client in (alice, bob):
        messages = client.receive_many(2)
        assert [m["payload"]["n"] for m in messages] == [1, 2]
        assert [m["offset"] for m in messages] == [1, 2]


def test_an_idempotency_key_applies_on_every_instance(pair):
    alice = pair[0].join("alice", "room")
    first = publish(pair[0], "room", "a", idempotency_key="k/1{x}")
    assert publish(pair[1], "room", "b", idempotency_key="k/1{x}") == first
    assert publish(pair[1], "room", "c")["offset"] == 2
    assert publish(pair[0], "room", "d", idempotency_key="k/1{x}") == first
    assert publish(pair[0], "hall", "e", idempotency_key="k/1{x}")[
        "offset"] == 1
    assert publish(pair[0], "room", "f")["offset"] == 3
    assert [m["payload"] for m in alice.receive_many(3)] == ["a", "c", "f"]
    assert alice.is_silent()


def test_a_clients_idempotency_key_applies_on_every_instance(pair):
    def offset(server, client="%7Bal%20ice%7D", **more):
        asked = {"type": "broadcast", "channel": "own", "payload": 1, **more}
        return tell(server, f"/client/{client}", asked, key=None)["offset"]
    key = {"idempotency_key": "k"}
    assert [offset(pair[0], **key), offset(pair[1], **key)] == [1, 1]
    assert offset(pair[1], "ice", **key) == 2
    assert publish(pair[1], "own", 1, **key)["offset"] == 3
    assert [offset(pair[0], **key), offset(pair[0])] == [1, 4]


def test_a_batch_keeps_its_order(pair):
    bob = pair[1].join("bob", "room")
    commands = [{"command": "publish", "channel": "room", "payload": n,
                 "idempotency_key": f"k{n}"} for n in range(300)]
    results = tell(pair[0], "/api/batch", {"commands": commands})["results"]
    assert [r["offset"] for r in results] == list(range(1, 301))
    again = tell(pair[1], "/api/batch", {"commands": commands})["results"]
    assert again == results
    assert [m["payload"] for m in bob.receive_many(300)] == list(range(300))


def test_queries_cover_all_instances(pair):
    pair[0].join("alice", "room", "hall")
    pair[1].join("bob", "room")
    pair[1].join("bob", "yard")
    for server in pair.instances:
        presence = tell(server, "/api/channels/room/presence")
        assert sorted(c["client"] for c in presence["clients"]) == [
            "alice", "bob"]
        assert tell(server, "/api/channels") == {
            "channels": ["hall", "room", "yard"], "more": False}
    publish(pair[0], "room", 1)
    publish(pair[1], "room", 2)
    history = tell(pair[0], "/api/channels/room/history")
    assert [m["payload"] for m in history["messages"]] == [1, 2]
    assert history["offset"] == 2


def test_queries_in_a_batch_are_complete_and_in_order(redis, cluster):
    """Redis is asked for a page at a time."""
    pair = cluster(redis().url, **WITH_KEY,
                   channels=[{"match": "*", "history_size": 100}])
    write = [{"command": "publish", "channel": "room", "payload": [n, PAYLOAD]}
             for n in range(60)]
    read = {"command": "history", "channel": "room", "limit": 100}
    results = tell(pair[0], "/api/batch",
                   {"commands": [*write, read, write[0], read]})["results"]
    numbers = [[m["payload"][0] for m in results[place]["messages"]]
               for place in (60, 62)]
    assert numbers == [list(range(60)), [*range(60), 0]]
    statuses = [result.get("status", 200) for result in tell(
        pair[1], "/api/batch", {"commands": [read] * 8 + write[:1]})["results"]]
    assert statuses == [200] * 5 + [503] * 3 + [200]


def test_a_client_is_reached_on_any_instance(pair):
    bobs = [server.join("bob", "room") for server in pair.instances]
    tell(pair[0], "/api/send", {"client": "bob", "payload": "hello"})
    for bob in bobs:
        assert bob.receive() == {"type": "direct", "payload": "hello"}
    answer = tell(pair[1], "/api/unsubscribe",
                  {"client": "bob", "channel": "room"})
    assert answer["instances"] == 2
    for bob in bobs:
        assert bob.receive()["type"] == "unsubscribed"
    answer = tell(pair[0], "/api/disconnect", {"client": "bob"})
    assert answer == {"client": "bob", "instances": 2, "connectionCount": 1}
    assert [bob.wait_close() for bob in bobs] == [4403, 4403]


def is_calm(server):
    before = server.cpu_seconds()
    patience.time.sleep(0.5)
    return server.cpu_seconds() - before < 0.25 * max(1, patience.SLOWNESS)


WAITING = [
    api_request("/api/publish", GOOD),
    api_request("/api/channels/room/history"),
    api_request("/api/publish", GOOD) * 3,
    api_request("/api/channels") * 3,
    api_request("/api/publish", GOOD) + b"POST /api/pub",
]


@pytest.mark.parametrize("half_close", [False, True])
@pytest.mark.parametrize("text", WAITING)
def test_a_request_waiting_for_redis_uses_no_cpu(redis, cluster, text,
                                                 half_close):
    """libwebsockets would busy-loop here: see exchange.c."""
    server = redis()
    instances = cluster(server.url, 1, **WITH_KEY)
    instance = instances[0]
    server.pause()
    raws = []
    for _ in range(6):
        raw = instance.socket()
        raw.send(text)
        if half_close:
            raw.end_sending()
        raws.append(raw)
    gone = instance.socket()
    gone.send(text)
    gone.close()
    assert is_calm(instance)
    server.resume()
    for raw in raws:
        for _ in range(1 if half_close else text.count(b"HTTP/1.1")):
            assert raw.response().status == 200
    instances.wait_ready()
    assert publish(instance, "after", 1)["offset"] == 1
    assert is_calm(instance)


def test_without_redis_requests_end_with_503(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1, redis={"backlog_seconds": 1},
                        **WITH_KEY)
    server.end()
    instances.wait_not_ready()
    for request in (("/api/publish", GOOD), ("/api/channels/a/history", None),
                    ("/api/send", {"client": "bob", "payload": 1})):
        response = ask(instances[0], *request)
        assert response.status == 503
        assert response.headers["retry-after"] == "1"
        assert "try again" in response.json["error"]
    results = tell(instances[0], "/api/batch", {
        "commands": [{"command": "publish", **GOOD}] * 2})["results"]
    assert [r["status"] for r in results] == [503, 503]


def drain_while_asked(redis, cluster, seconds):
    """Returns a paused Redis, a draining instance, and the connection with a
    request from before."""
    server = redis()
    instance = cluster(server.url, 1, drain_seconds=seconds, **WITH_KEY)[0]
    server.pause()
    raw = instance.socket()
    raw.send(api_request("/api/publish", GOOD))
    patience.time.sleep(0.2)
    instance.signal()
    instance.wait_log("Draining")
    return server, instance, raw


def test_a_drain_waits_for_open_requests(redis, cluster):
    server, _, raw = drain_while_asked(redis, cluster, 3)
    server.resume()
    response = raw.response()
    assert response.status == 200
    assert response.headers["connection"] == "close"


def test_an_immediate_exit_does_not_wait_for_requests(redis, cluster):
    """No request waits when the instance is told to exit at once."""
    server, instance, raw = drain_while_asked(redis, cluster, 30)
    instance.signal()
    assert instance.wait_exit() == 0
    assert raw.is_ended()
    server.resume()
