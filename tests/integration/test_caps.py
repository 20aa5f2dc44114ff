"""caps: a token's rights apply to every operation."""

import pytest

from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused

CAPABILITIES = ["sub", "pub", "prs", "hst", "dir"]
OPERATIONS = {
    "sub": {"type": "subscribe", "channel": "chat:new"},
    "pub": {"type": "broadcast", "channel": "chat:new", "payload": 1},
    "prs": {"type": "presence", "channel": "chat:new"},
    "hst": {"type": "history", "channel": "chat:new"},
    "dir": {"type": "direct", "to": "chat:new", "payload": 1},
}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(config=WITH_AUTH)


def open_with(server, caps, channels=("",)):
    return server.connect("alice", channels, protocol="broadcast",
                          token=make_token("alice", caps=caps))


@pytest.mark.parametrize("allowed", CAPABILITIES)
def test_one_capability_allows_one_operation(server, allowed):
    client = open_with(server, [{"channels": ["chat:*"],
                                 "allow": [allowed]}])
    for needed, operation in OPERATIONS.items():
        answer = client.ask(operation)
        if needed == allowed:
            assert answer["type"] != "error", needed
        else:
            assert answer["code"] == "forbidden", needed
            assert answer["message"] == "the token does not allow this"


@pytest.mark.parametrize("pattern, name, fits", [
    ("chat:*", "chat:a", True),
    ("chat:*", "chat:", True),
    ("chat:*", "chat", False),
    ("chat:*", "Chat:a", False),
    ("chat", "chat", True),
    ("chat", "chat:a", False),
    ("*", "anything", True),
    ("*:a", "chat:a", False),
])
def test_a_pattern_is_a_name_or_a_prefix_and_a_star(server, pattern, name,
                                                    fits):
    client = open_with(server, [{"channels": [pattern], "allow": ["pub"]}])
    answer = client.ask({"type": "broadcast", "channel": name, "payload": 1})
    assert (answer["type"] == "broadcastResult") is fits


def test_rules_add_up(server):
    client = open_with(server, [
        {"channels": ["a", "b"], "allow": ["pub"]},
        {"channels": ["b"], "allow": ["sub", "hst"]}])
    for kind, channel, fits in (
            ("broadcast", "a", True), ("subscribe", "a", False),
            ("broadcast", "b", True), ("subscribe", "b", True),
            ("history", "b", True), ("presence", "b", False)):
        answer = client.ask({"type": kind, "channel": channel, "payload": 1})
        assert (answer["type"] != "error") is fits, (kind, channel)


def test_empty_caps_allow_nothing(server):
    client = open_with(server, [])
    for operation in OPERATIONS.values():
        assert client.ask(operation)["code"] == "forbidden"
    assert client.ask({"type": "ping"})["type"] == "pong"
    assert client.ask({"type": "echo"})["type"] == "echo"


def test_a_forbidden_channel_of_the_url_is_reported(server):
    client = open_with(server, [{"channels": ["a"], "allow": ["sub"]}],
                       ["a", "b"])
    got = {message["type"]: message for message in client.receive_many(2)}
    assert got["subscribed"]["channel"] == "a"
    assert got["error"]["code"] == "forbidden"


def test_without_caps_in_the_token_the_defaults_apply(peal):
    server = peal(config={**WITH_AUTH, "default_caps": [
        {"channels": ["chat:*"], "allow": ["sub"]}]})
    client = server.connect("alice", [""], protocol="broadcast",
                            token=make_token("alice"))
    for needed, operation in OPERATIONS.items():
        assert (client.ask(operation)["type"] == "error") is (needed != "sub")


def test_without_auth_the_defaults_apply(peal):
    server = peal(config={"default_caps": []})
    client = server.connect("alice", [""], protocol="broadcast")
    assert client.ask(OPERATIONS["pub"])["code"] == "forbidden"


@pytest.mark.parametrize("caps", [
    {}, "sub", [1], [{}], [{"channels": ["a"]}], [{"allow": ["sub"]}],
    [{"channels": "a", "allow": ["sub"]}],
    [{"channels": ["a"], "allow": ["everything"]}],
    [{"channels": [1], "allow": ["sub"]}]])
def test_a_token_with_broken_caps_is_refused(server, caps):
    with pytest.raises(Refused) as refused:
        server.connect(token=make_token("alice", caps=caps))
    assert refused.value.response.status == 401


def test_forbidden_operations_do_not_end_the_connection(server):
    client = open_with(server, [])
    for _ in range(30):
        assert client.ask(OPERATIONS["pub"])["code"] == "forbidden"


HIDDEN = [{"channels": ["*"], "allow": ["sub", "prs", "hid"]}]


def members(client, channel):
    answer = client.ask({"type": "presence", "channel": channel})
    return {row["client"] for row in answer["clients"]}


def test_a_hidden_client_is_not_a_member(peal):
    server = peal({**WITH_AUTH, "channels": [
        {"match": "*", "join_leave": True}]})
    bob = server.connect("bob", ["room"], protocol="broadcast",
                         token=make_token("bob"))
    bob.receive_type("subscribed")
    alice = open_with(server, HIDDEN, ["room"])
    alice.receive_type("subscribed")
    assert members(alice, "room") == members(bob, "room") == {"bob"}
    # shown and hidden again, independent of the current token
    plain = make_token("alice", caps=[{**HIDDEN[0], "allow": ["sub", "prs"]}])
    alice.ask({"type": "refresh", "token": plain})
    for _ in range(2):
        assert alice.ask({"type": "unsubscribe", "channel": "room"})[
            "type"] == "unsubscribed"
        assert members(bob, "room") == {"bob"}
        alice.send({"type": "subscribe", "channel": "room"})
        alice.receive_type("subscribed")
        assert members(bob, "room") == {"alice", "bob"}
    alice.ask({"type": "refresh", "token": make_token("alice", caps=HIDDEN)})
    assert members(bob, "room") == {"alice", "bob"}
    alice.drop()
    server.wait_metric("peal_subscriptions", 1)
    assert members(bob, "room") == {"bob"}


def test_default_rights_hide_nobody(shared):
    alice = shared.join("alice", "shown")
    assert members(alice, "shown") == {"alice"}
