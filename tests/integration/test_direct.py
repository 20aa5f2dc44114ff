"""direct: a message for one client, on all of its connections."""

from support.api import WITH_KEY, tell
from support.tokens import WITH_AUTH, make_token


def test_exactly_the_connections_of_the_client_get_it(peal):
    server = peal()
    tabs = [server.join("bob", f"room{i}") for i in range(4)]
    alice = server.join("alice", "room1")
    carol = server.join("carol", "room1")
    alice.send('{"type":"direct","to":"bob","payload":{"a": 1}}')
    for tab in tabs:
        assert tab.receive_data() == \
            '{"type":"direct","from":"alice","payload":{"a": 1}}'
    assert carol.is_silent() and alice.is_silent()


def test_with_an_id_the_sender_gets_the_number_of_receivers(peal):
    server = peal()
    server.join("bob", "room")
    server.join("bob", "room")
    alice = server.join("alice", "room")
    alice.send('{"type":"direct","to":"bob","payload":1,"id":4}')
    assert alice.receive_data() == \
        '{"type":"directResult","to":"bob","connectionCount":2,"id":4}'
    answer = alice.ask({"type": "direct", "to": "nobody", "payload": 1})
    assert answer["connectionCount"] == 0


def test_only_connections_that_could_receive_count(peal):
    """Connections of protocols without such messages do not count."""
    server = peal(config=WITH_KEY)
    bob = server.join("bob", "room")
    server.connect("bob", protocol="echo")
    server.connect("carol", protocol="echo")
    alice = server.join("alice", "room")
    def direct(to):
        return alice.ask({"type": "direct", "to": to, "payload": 1})
    assert direct("bob")["connectionCount"] == 1
    assert direct("carol")["connectionCount"] == 0
    for name, count in (("bob", 1), ("carol", 0)):
        assert tell(server, "/api/send", {"client": name, "payload": 2}) == {
            "client": name, "connectionCount": count}
        assert tell(server, "/api/unsubscribe", {
            "client": name, "channel": "other"})["connectionCount"] == count
    assert tell(server, "/api/disconnect", {
        "client": "bob"})["connectionCount"] == 2
    assert [bob.receive()["payload"] for _ in range(2)] == [1, 2]


def test_a_client_without_channels_gets_it_too(peal):
    server = peal()
    bob = server.connect("bob", [""], protocol="broadcast")
    alice = server.connect("alice", [""], protocol="broadcast")
    alice.ask({"type": "direct", "to": "bob", "payload": "hi"})
    assert bob.receive()["payload"] == "hi"


def test_clients_may_write_to_themselves(peal):
    server = peal()
    tabs = [server.join("alice", "room") for _ in range(2)]
    tabs[0].send({"type": "direct", "to": "alice", "payload": "note"})
    assert [tab.receive()["payload"] for tab in tabs] == ["note", "note"]


def test_direct_messages_arrive_in_order(peal):
    server = peal(config={"limits": {"messages_per_second": 0}})
    bob = server.join("bob", "room")
    alice = server.join("alice", "room")
    for i in range(300):
        alice.send({"type": "direct", "to": "bob", "payload": i})
    assert [m["payload"] for m in bob.receive_many(300)] == list(range(300))


def test_echo_connections_get_no_direct_messages(peal):
    server = peal()
    echo = server.connect("bob", protocol="echo")
    alice = server.join("alice", "room")
    alice.ask({"type": "direct", "to": "bob", "payload": 1})
    assert echo.is_silent()


def test_the_right_to_write_depends_on_the_client_id(peal):
    server = peal(config=WITH_AUTH)
    caps = [{"channels": ["b*"], "allow": ["dir"]}]
    bob = server.connect("bob", [""], protocol="broadcast",
                         token=make_token("bob"))
    alice = server.connect("alice", [""], protocol="broadcast",
                           token=make_token("alice", caps=caps))
    alice.send({"type": "direct", "to": "bob", "payload": 1})
    assert bob.receive()["from"] == "alice"
    answer = alice.ask({"type": "direct", "to": "carol", "payload": 1})
    assert (answer["type"], answer["code"]) == ("error", "forbidden")
