"""Presence: members with their connection counts; join and leave events if the
channel's rule enables them."""

EVENTS = {"channels": [{"match": "*", "join_leave": True}]}


def presence(client, channel="room"):
    answer = client.ask({"type": "presence", "channel": channel})
    return {entry["client"]: entry["connections"]
            for entry in answer["clients"]}


def wait_presence(client, expected):
    for _ in range(200):
        if presence(client) == expected:
            return True
    return False


def test_presence_is_exactly_as_documented(peal):
    alice = peal().join("alice", "room")
    alice.send('{"type":"presence","channel":"room","id":3}')
    assert alice.receive_data() == (
        '{"type":"presence","channel":"room","count":1,'
        '"clients":[{"client":"alice","connections":1}],"id":3}')


def test_connections_of_a_client_are_counted_together(peal):
    server = peal(config={"limits": {"messages_per_second": 0}})
    tabs = [server.join("alice", "room") for _ in range(3)]
    bob = server.join("bob", "room")
    assert presence(bob) == {"alice": 3, "bob": 1}
    tabs[0].end()
    assert wait_presence(bob, {"alice": 2, "bob": 1})
    tabs[1].ask({"type": "unsubscribe", "channel": "room"})
    assert presence(bob) == {"alice": 1, "bob": 1}
    tabs[2].drop()
    assert wait_presence(bob, {"bob": 1})


def test_presence_needs_no_subscription(peal):
    server = peal()
    server.join("alice", "room")
    bob = server.connect("bob", [""], protocol="broadcast")
    assert presence(bob) == {"alice": 1}


def test_an_unknown_channel_has_no_members(peal):
    assert presence(peal().join("alice", "room"), "nowhere") == {}


def test_a_channel_without_presence_reports_it(peal):
    server = peal(config={"channels": [
        {"match": "secret", "presence": False}]})
    alice = server.join("alice", "secret")
    answer = alice.ask({"type": "presence"})
    assert (answer["type"], answer["code"]) == ("error", "no_presence")
    bob = server.join("bob", "room")
    assert presence(bob) == {"bob": 1}


def test_by_default_joins_and_leaves_are_not_sent(peal):
    server = peal()
    alice = server.join("alice", "room")
    server.join("bob", "room").end()
    assert alice.is_silent()


def test_join_and_leave_are_sent_once_per_client(peal):
    server = peal(config=EVENTS)
    alice = server.join("alice", "room")
    first = server.join("bob", "room")
    assert alice.receive_data() == \
        '{"type":"join","channel":"room","client":"bob"}'
    second = server.join("bob", "room")
    assert alice.is_silent()
    first.end()
    assert alice.is_silent()
    second.end()
    assert alice.receive_data() == \
        '{"type":"leave","channel":"room","client":"bob"}'
    assert alice.is_silent()


def test_a_new_member_is_not_notified_of_itself(peal):
    alice = peal(config=EVENTS).join("alice", "room")
    assert alice.is_silent()


def test_unsubscribing_is_leaving(peal):
    server = peal(config=EVENTS)
    alice = server.join("alice", "room")
    bob = server.join("bob", "room", "other")
    assert alice.receive()["type"] == "join"
    bob.ask({"type": "unsubscribe", "channel": "room"})
    assert alice.receive() == {"type": "leave", "channel": "room",
                               "client": "bob"}


def test_a_lost_connection_leaves(peal):
    server = peal(config=EVENTS)
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    assert alice.receive()["type"] == "join"
    bob.drop()
    assert alice.receive()["type"] == "leave"


def test_events_have_no_offset_and_no_history(peal):
    server = peal(config=EVENTS)
    alice = server.join("alice", "room")
    server.join("bob", "room").end()
    alice.receive_type("leave")
    answer = alice.ask({"type": "history"})
    assert (answer["offset"], answer["messages"]) == (0, [])
