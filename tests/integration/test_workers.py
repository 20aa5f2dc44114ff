"""Many connections over all workers: one order, nothing lost or duplicated.

Results must not depend on a client's worker, so these tests start four workers
regardless of PEAL_TEST_WORKERS."""

import asyncio
import collections
import json

import pytest
import websockets

from support import tls
from support.patience import seconds
from support.server import listening_sockets

FAST = {"workers": 4, "limits": {"messages_per_second": 0}}


@pytest.mark.parametrize("workers", [1, 4])
def test_all_clients_see_the_same_order_and_consecutive_offsets(peal, workers):
    publishers, subscribers, each = 8, 24, 50
    server = peal(config={**FAST, "workers": workers})
    listening = [server.join(f"s{i}", "room") for i in range(subscribers)]
    speaking = [server.connect(f"p{i}", [""], protocol="broadcast")
                for i in range(publishers)]
    for i in range(each):
        for speaker in speaking:
            speaker.send({"type": "broadcast", "channel": "room",
                          "payload": i})
    total = publishers * each
    seen = [[listener.receive() for _ in range(total)]
            for listener in listening]
    for messages in seen:
        assert [m["offset"] for m in messages] == list(range(1, total + 1))
        assert messages == seen[0]
        by_sender = collections.defaultdict(list)
        for message in messages:
            by_sender[message["from"]].append(message["payload"])
        assert set(map(tuple, by_sender.values())) == {tuple(range(each))}
        assert len(by_sender) == publishers
    for speaker in speaking:
        results = speaker.receive_many(each)
        assert {m["type"] for m in results} == {"broadcastResult"}
        offsets = [m["offset"] for m in results]
        assert offsets == sorted(offsets)


def test_the_sender_gets_its_own_messages_in_the_same_order(peal):
    server = peal(config=FAST)
    clients = [server.join(f"c{i}", "room") for i in range(12)]
    for i in range(40):
        for client in clients:
            client.send({"type": "broadcast", "payload": i})
    expected = None
    for client in clients:
        got = []
        while len(got) < 12 * 40:
            message = client.receive()
            if message["type"] == "broadcast":
                got.append((message["offset"], message["from"],
                            message["payload"]))
        expected = expected or got
        assert got == expected


def test_many_channels_keep_their_own_order(peal):
    server = peal(config=FAST)
    names = [f"room{i}" for i in range(20)]
    listening = [server.join(f"s{i}", *names) for i in range(6)]
    speaking = [server.connect(f"p{i}", [""], protocol="broadcast")
                for i in range(4)]
    for i in range(10):
        for speaker in speaking:
            for name in names:
                speaker.send({"type": "broadcast", "channel": name,
                              "payload": i})
    for listener in listening:
        offsets = collections.defaultdict(list)
        for _ in range(10 * 4 * 20):
            message = listener.receive()
            offsets[message["channel"]].append(message["offset"])
        assert dict(offsets) == {name: list(range(1, 41)) for name in names}


def test_a_late_subscriber_misses_nothing_after_its_position(peal):
    server = peal(config=FAST)
    speaker = server.connect("speaker", [""], protocol="broadcast")
    joined = []
    for i in range(40):
        for _ in range(5):
            speaker.send({"type": "broadcast", "channel": "room",
                          "payload": i})
        joined.append(server.connect(f"s{i}", ["room"],
                                     protocol="broadcast"))
    for client in joined:
        first = client.receive_type("subscribed")["offset"]
        assert not client.backlog
        offsets = [client.receive()["offset"] for _ in range(200 - first)]
        assert offsets == list(range(first + 1, 201))


async def open_and_join(server, number):
    client = await websockets.connect(
        f"{tls.WS}://127.0.0.1:{server.port}/ws/c{number}?channel=room",
        subprotocols=["broadcast"], compression=None, max_queue=None,
        open_timeout=seconds(20), **tls.library_options())
    joined = json.loads(await client.recv())
    assert joined["type"] == "subscribed"
    return client


async def flood(server, count, each):
    clients = await asyncio.gather(*(open_and_join(server, i)
                                     for i in range(count)))
    for i in range(each):
        await clients[i * 7 % count].send(json.dumps(
            {"type": "broadcast", "payload": i}))

    async def read(client):
        got = []
        while len(got) < each:
            message = json.loads(await client.recv())
            if message["type"] == "broadcast":
                got.append(message["offset"])
        return got

    seen = await asyncio.wait_for(asyncio.gather(*map(read, clients)),
                                  seconds(30))
    await asyncio.gather(*(client.close() for client in clients))
    assert all(client.close_code == 1000 for client in clients)
    return seen


def test_300_connections_on_four_workers_get_everything(peal):
    server = peal(config=FAST)
    seen = asyncio.run(flood(server, 300, 20))
    assert len(seen) == 300
    assert all(offsets == list(range(1, 21)) for offsets in seen)
    server.wait_metric("peal_connections", 0)
    server.wait_log_count("disconnected", 300)


def test_presence_and_direct_work_across_workers(peal):
    server = peal(config=FAST)
    tabs = [server.join("alice", "room") for _ in range(12)]
    bob = server.join("bob", "room")
    answer = bob.ask({"type": "presence"})
    assert {entry["client"]: entry["connections"]
            for entry in answer["clients"]} == {"alice": 12, "bob": 1}
    answer = bob.ask({"type": "direct", "to": "alice", "payload": "hi"})
    assert answer["connectionCount"] == 12
    assert [tab.receive()["payload"] for tab in tabs] == ["hi"] * 12


def test_a_client_is_replaced_across_workers(peal):
    server = peal(config={**FAST, "single_connection": True})
    previous = server.join("alice", "room")
    for _ in range(20):
        newer = server.join("alice", "room")
        assert previous.wait_close() == 4409
        previous = newer
    assert previous.ask({"type": "ping"})["type"] == "pong"


def test_limits_apply_across_workers(peal):
    server = peal(config={**FAST, "limits": {"connections": 10}})
    clients = [server.connect(f"c{i}") for i in range(10)]
    for i in range(20):
        with pytest.raises(Exception, match="503"):
            server.connect(f"late{i}")
    assert len(clients) == 10


def test_churn_leaks_nothing(peal):
    server = peal(config={**FAST, "channels": [
        {"match": "*", "join_leave": True}]})
    watcher = server.join("watcher", "room")
    for i in range(100):
        client = server.connect(f"c{i % 10}", ["room", "other"],
                                protocol="broadcast")
        if i % 3 == 0:
            client.end()
        else:
            client.drop()
    server.wait_metric("peal_connections", 1)
    answer = watcher.ask({"type": "presence"})
    assert answer["clients"] == [{"client": "watcher", "connections": 1}]
    answer = watcher.ask({"type": "broadcast", "channel": "room",
                          "payload": 1})
    assert answer["listenerCount"] == 1
    counts = collections.Counter()
    for text in watcher.backlog:
        message = json.loads(text)
        if message["type"] in ("join", "leave"):
            counts[message["client"]] += 1 if message["type"] == "join" else -1
            assert counts[message["client"]] in (0, 1)
    assert set(counts.values()) <= {0}


def test_every_worker_listens(peal):
    server = peal(config=FAST)
    sockets = listening_sockets(server.process.pid)
    assert sockets == [("0100007F", server.port)] * 4


def test_metrics_are_summed_across_workers(peal):
    server = peal(config=FAST)
    clients = [server.connect(f"c{i}") for i in range(20)]
    for client in clients:
        client.send("x")
        client.receive_data()
    metrics = server.metrics()
    assert metrics["peal_connections"] == 20
    assert metrics["peal_messages_received_total"] == 20
    assert metrics["peal_messages_sent_total"] == 20
