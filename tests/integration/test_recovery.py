"""Recovery: a returning client gets all missed messages once and in order, or
is told that this is not possible."""

import time


def publish(client, count, first=0, channel="room"):
    for i in range(first, first + count):
        client.ask({"type": "broadcast", "channel": channel, "payload": i})


def subscribe(client, epoch, offset, channel="room"):
    return client.ask({"type": "subscribe", "channel": channel,
                       "since": {"epoch": epoch, "offset": offset}})


def fresh(server, client="bob"):
    return server.connect(client, [""], protocol="broadcast")


def payloads(answer):
    return [message["payload"] for message in answer["messages"]]


def test_missed_messages_arrive_in_order(peal):
    server = peal()
    alice = server.join("alice", "room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 10)
    answer = subscribe(fresh(server), epoch, 4)
    assert answer["recovered"] is True
    assert answer["offset"] == 10
    assert payloads(answer) == [4, 5, 6, 7, 8, 9]
    assert [m["offset"] for m in answer["messages"]] == [5, 6, 7, 8, 9, 10]
    assert {m["type"] for m in answer["messages"]} == {"broadcast"}
    assert {m["from"] for m in answer["messages"]} == {"alice"}


def test_recovery_without_missed_messages(peal):
    server = peal()
    alice = server.join("alice", "room")
    publish(alice, 3)
    answer = subscribe(fresh(server), alice.subscribed[0]["epoch"], 3)
    assert (answer["recovered"], answer["messages"]) == (True, [])


def test_later_messages_arrive_live_and_once(peal):
    server = peal()
    alice = server.join("alice", "room")
    publish(alice, 3)
    bob = fresh(server)
    answer = subscribe(bob, alice.subscribed[0]["epoch"], 1)
    assert payloads(answer) == [1, 2]
    publish(alice, 2, first=3)
    assert [m["payload"] for m in bob.receive_many(2)] == [3, 4]
    assert bob.is_silent()


def test_another_epoch_is_not_recovered(peal):
    server = peal()
    alice = server.join("alice", "room")
    publish(alice, 3)
    epoch = alice.subscribed[0]["epoch"]
    other = ("1" if epoch[0] == "0" else "0") + epoch[1:]
    for strange in (other, "", "xyz", "0" * 16, epoch + "0",
                    epoch[:15], " " + epoch[1:]):
        answer = subscribe(fresh(server), strange, 1)
        assert answer["type"] == "subscribed", strange
        assert (answer["recovered"], answer["messages"]) == (False, [])
        assert (answer["epoch"], answer["offset"]) == (epoch, 3)


def test_an_unknown_offset_is_not_recovered(peal):
    server = peal()
    alice = server.join("alice", "room")
    publish(alice, 3)
    for offset in (4, 2 ** 64 - 1):
        answer = subscribe(fresh(server), alice.subscribed[0]["epoch"],
                           offset)
        assert (answer["recovered"], answer["messages"]) == (False, [])


def test_a_too_short_history_recovers_nothing(peal):
    server = peal(config={"channels": [{"match": "*", "history_size": 5}]})
    alice = server.join("alice", "room")
    publish(alice, 10)
    epoch = alice.subscribed[0]["epoch"]
    answer = subscribe(fresh(server), epoch, 4)
    assert (answer["recovered"], answer["messages"]) == (False, [])
    assert answer["offset"] == 10
    answer = subscribe(fresh(server), epoch, 5)
    assert answer["recovered"] is True
    assert payloads(answer) == [5, 6, 7, 8, 9]


def test_an_expired_history_is_not_recovered(peal):
    server = peal(config={"channels": [{"match": "*", "history_seconds": 1}]})
    alice = server.join("alice", "room")
    publish(alice, 2)
    time.sleep(1.2)
    publish(alice, 2, first=2)
    epoch = alice.subscribed[0]["epoch"]
    answer = subscribe(fresh(server), epoch, 1)
    assert (answer["recovered"], answer["messages"]) == (False, [])
    answer = subscribe(fresh(server), epoch, 2)
    assert (answer["recovered"], payloads(answer)) == (True, [2, 3])


def test_without_history_only_up_to_date_clients_recover(peal):
    server = peal(config={"channels": [{"match": "*", "history_size": 0}]})
    alice = server.join("alice", "room")
    publish(alice, 2)
    epoch = alice.subscribed[0]["epoch"]
    assert subscribe(fresh(server), epoch, 2)["recovered"] is True
    assert subscribe(fresh(server), epoch, 1)["recovered"] is False


def test_without_since_nothing_is_recovered(peal):
    server = peal()
    alice = server.join("alice", "room")
    publish(alice, 2)
    bob = server.join("bob", "room")
    answer = bob.subscribed[0]
    assert (answer["recovered"], answer["messages"]) == (False, [])
    assert answer["offset"] == 2


def test_the_epoch_stays_without_subscribers(peal):
    server = peal()
    alice = server.join("alice", "room")
    epoch = alice.subscribed[0]["epoch"]
    publish(alice, 2)
    alice.end()
    answer = subscribe(fresh(server), epoch, 0)
    assert (answer["recovered"], payloads(answer)) == (True, [0, 1])


def test_another_server_has_another_epoch(peal):
    epochs = {peal().join("alice", "room").subscribed[0]["epoch"]
              for _ in range(2)}
    assert len(epochs) == 2


def test_nothing_is_lost_or_duplicated_while_messages_flow(peal):
    """bob reconnects while alice publishes."""
    server = peal(config={
        "limits": {"messages_per_second": 0},
        "channels": [{"match": "*", "history_size": 10000}]})
    alice = server.join("alice", "room")
    position = {"epoch": alice.subscribed[0]["epoch"], "offset": 0}
    got = []
    sent = 0
    rounds = 20
    for _ in range(rounds):
        bob = fresh(server)
        for _ in range(20):
            alice.send({"type": "broadcast", "payload": sent})
            sent += 1
        bob.send({"type": "subscribe", "channel": "room", "since": position})
        for _ in range(20):
            alice.send({"type": "broadcast", "payload": sent})
            sent += 1
        answer = bob.receive_type("subscribed")
        assert answer["recovered"] is True
        missed = answer["messages"]
        for _ in range(5):  # at least these arrive live
            alice.send({"type": "broadcast", "payload": sent})
            sent += 1
        missed += [bob.receive() for _ in range(5)]
        got += [message["payload"] for message in missed]
        position["offset"] = missed[-1]["offset"]
        bob.drop()
    assert got == list(range(len(got)))
    assert len(got) > rounds * 20
