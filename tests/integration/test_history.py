"""History: the last messages of a channel, by number, age and rule."""

import time

RULES = [
    {"match": "short:*", "history_size": 3},
    {"match": "none", "history_size": 0},
    {"match": "brief:*", "history_seconds": 1},
    {"match": "short:long", "history_size": 50},
]


def fill(client, channel, count):
    for i in range(count):
        client.ask({"type": "broadcast", "channel": channel, "payload": i})


def payloads(answer):
    return [message["payload"] for message in answer["messages"]]


def test_history_is_exactly_as_documented(peal):
    alice = peal().join("alice", "room")
    epoch = alice.subscribed[0]["epoch"]
    alice.send('{"type":"broadcast","payload":{"a": 1}}')
    sent = next(text for text in (alice.receive_data(), alice.receive_data())
                if '"broadcast",' in text)
    alice.send('{"type":"history","id":9}')
    assert alice.receive_data() == (
        '{"type":"history","channel":"room","epoch":"%s","offset":1,'
        '"messages":[%s],"id":9}' % (epoch, sent))


def test_an_empty_history(peal):
    alice = peal().join("alice", "room")
    answer = alice.ask({"type": "history"})
    assert (answer["offset"], answer["messages"]) == (0, [])


def test_with_a_limit_the_newest_are_returned(peal):
    alice = peal(config={"limits": {"messages_per_second": 0}}).join(
        "alice", "room")
    fill(alice, "room", 60)
    for limit, expected in ((None, 50), (2, 2), (0, 0), (60, 60),
                            (10 ** 18, 60)):
        question = {"type": "history", "channel": "room"}
        if limit is not None:
            question["limit"] = limit
        answer = alice.ask(question)
        assert payloads(answer) == list(range(60))[60 - expected:]
        assert answer["offset"] == 60


def test_a_hundred_messages_are_kept_by_default(peal):
    alice = peal(config={"limits": {"messages_per_second": 0}}).join(
        "alice", "room")
    fill(alice, "room", 120)
    answer = alice.ask({"type": "history", "limit": 1000})
    assert payloads(answer) == list(range(20, 120))


def test_the_first_matching_rule_applies(peal):
    alice = peal(config={"channels": RULES}).connect(
        "alice", [""], protocol="broadcast")
    for channel, kept in (("short:a", 3), ("short:long", 3), ("other", 5)):
        fill(alice, channel, 5)
        answer = alice.ask({"type": "history", "channel": channel})
        assert len(answer["messages"]) == kept, channel


def test_a_channel_without_history_reports_it(peal):
    alice = peal(config={"channels": RULES}).join("alice", "none")
    fill(alice, "none", 2)
    answer = alice.ask({"type": "history"})
    assert (answer["type"], answer["code"]) == ("error", "no_history")


def test_old_messages_expire(peal):
    alice = peal(config={"channels": RULES}).join("alice", "brief:a")
    fill(alice, "brief:a", 2)
    assert len(alice.ask({"type": "history"})["messages"]) == 2
    time.sleep(1.1)
    answer = alice.ask({"type": "history"})
    assert (answer["messages"], answer["offset"]) == ([], 2)


def test_all_histories_share_a_limit(peal):
    server = peal(config={"limits": {"history_bytes": 20000}})
    alice = server.connect("alice", [""], protocol="broadcast")
    for i in range(10):
        for channel in ("a", "b"):
            alice.ask({"type": "broadcast", "channel": channel,
                       "payload": str(i) * 2000})
    kept = [alice.ask({"type": "history", "channel": channel})["messages"]
            for channel in ("a", "b")]
    assert 2 <= len(kept[0]) + len(kept[1]) <= 9
    assert kept[1][-1]["payload"] == "9" * 2000


def test_history_needs_no_subscription(peal):
    server = peal()
    alice = server.join("alice", "room")
    fill(alice, "room", 2)
    bob = server.connect("bob", [""], protocol="broadcast")
    answer = bob.ask({"type": "history", "channel": "room"})
    assert payloads(answer) == [0, 1]
