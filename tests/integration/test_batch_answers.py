"""Queries in a batch: answers are complete, read in pages one after the other,
and limited to four megabytes in total."""

import json

from support.api import WITH_KEY, api_request
from support.memory import FRUGAL, allowed, memory_of

PAYLOAD = "x" * 12000
COUNT = 70


def batch(server, commands):
    raw = server.socket(timeout=30)
    raw.send(api_request("/api/batch", {"commands": commands}))
    response = raw.response()
    assert response.status == 200
    return response.json["results"]


def filled(peal):
    server = peal({**WITH_KEY, "channels": [
        {"match": "*", "history_size": 1000, "presence": True}]}, env=FRUGAL)
    batch(server, [{"command": "publish", "channel": "room",
                    "payload": [i, PAYLOAD]} for i in range(COUNT)])
    return server


def test_a_long_history_in_a_batch_is_whole(peal):
    """Read in pages while later commands wait."""
    server = filled(peal)
    published = {"command": "publish", "channel": "room", "payload": "later"}
    asked = {"command": "history", "channel": "room", "limit": COUNT}
    results = batch(server, [asked, published, {**asked, "limit": 1}, asked])
    whole = results[0]["messages"]
    assert [message["payload"][0] for message in whole] == list(range(COUNT))
    assert results[1]["offset"] == COUNT + 1
    assert [message["payload"] for message in results[2]["messages"]] == [
        "later"]
    assert results[3]["messages"][0]["offset"] == 2


def test_beyond_four_megabytes_a_batch_stops(peal):
    """But its changes are made and reported."""
    server = filled(peal)
    asked = {"command": "history", "channel": "room", "limit": COUNT}
    fitting = 4 * 1024 * 1024 // (COUNT * len(PAYLOAD))
    before = memory_of(server)
    results = batch(server, [asked] * (fitting + 5) + [
        {"command": "publish", "channel": "other", "payload": 1},
        {"command": "presence", "channel": "room"}])
    statuses = [result.get("status", 200) for result in results]
    first = statuses.index(503)
    assert fitting - 1 <= first <= fitting
    assert statuses[first:-2] == [503] * (len(statuses) - first - 2)
    assert statuses[-2:] == [200, 503]
    assert results[-1]["error"] == "the result is too long for a batch; send this command alone"
    assert results[-2]["offset"] == 1
    assert memory_of(server) - before < allowed(24)
    server.wait_metric("peal_waiting_bytes", 0)


def test_a_history_too_large_for_a_batch_costs_no_more(peal):
    """It is rejected before it is read."""
    server = peal({**WITH_KEY, "channels": [
        {"match": "*", "history_size": 10000}]}, env=FRUGAL)
    for _ in range(20):
        assert {result["channel"] for result in batch(server, [
            {"command": "publish", "channel": "room", "payload": PAYLOAD}
        ] * 80)} == {"room"}
    before = memory_of(server)
    results = batch(server, [{"command": "history", "channel": "room",
                              "limit": 10000}] * 20)
    assert {result["status"] for result in results} == {503}
    assert memory_of(server) - before < allowed(16)
    server.wait_metric("peal_waiting_bytes", 0)


def test_many_bans_do_not_make_a_batch_long(peal):
    server = peal(WITH_KEY)
    for first in range(0, 10000, 1000):
        batch(server, [{"command": "ban", "client": f"{i:0128}"}
                       for i in range(first, first + 1000)])
    results = batch(server, [{"command": "bans", "limit": 10000}] * 50)
    statuses = [result.get("status", 200) for result in results]
    assert statuses[0] == 200 and statuses[-1] == 503
    assert len(json.dumps(results)) < 5 * 1024 * 1024
