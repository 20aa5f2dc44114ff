"""The wall clock jumps while the server runs. Only tokens and history use
it."""

import time

import pytest

from support.api import KEY, tell
from support.tokens import SECRET, make_token
from support.websocket import Refused

DAY = 86400
WITH_PINGS = {"ping_seconds": 2, "pong_seconds": 1}


def publish(sender, reader, number):
    sender.send({"type": "broadcast", "channel": "room", "payload": number})
    got = reader.receive_type("broadcast")
    assert got["payload"] == number
    sender.receive_type("broadcastResult")
    return got


@pytest.mark.parametrize("jump", [DAY, -DAY, 40 * 365 * DAY],
                         ids=["forth", "back", "far"])
def test_connected_clients_stay(faulty, faults, jump):
    server = faulty(config=WITH_PINGS)
    sender, reader = server.join("a", "room"), server.join("b", "room")
    before = publish(sender, reader, 1)
    faults.jump(jump)
    after = publish(sender, reader, 2)
    assert after["offset"] == before["offset"] + 1
    assert abs(after["time"] - before["time"] - jump * 1000) < 60000
    end = time.monotonic() + WITH_PINGS["ping_seconds"] * 2.5
    while time.monotonic() < end:  # pings are answered meanwhile
        publish(sender, reader, 3)
        time.sleep(0.1)
    assert server.metric("peal_connections") == 2
    assert server.request("/health").status == 200


def test_a_clock_set_back_keeps_the_history(faulty, faults):
    server = faulty()
    sender, reader = server.join("a", "room"), server.join("b", "room")
    position = publish(sender, reader, 1)
    faults.jump(-DAY)
    for number in (2, 3):
        publish(sender, reader, number)
    late = server.connect("c", [""], protocol="broadcast")
    answer = late.ask({"type": "subscribe", "channel": "room",
                       "since": {"epoch": sender.subscribed[0]["epoch"],
                                 "offset": position["offset"]}})
    assert answer["recovered"] is True
    assert [m["payload"] for m in answer["messages"]] == [2, 3]


def test_a_token_expires_by_the_wall_clock(faulty, faults):
    """At the latest at the next ping, when each connection is checked."""
    server = faulty(config={"auth": {"secret": SECRET}, **WITH_PINGS})
    client = server.connect("alice", token=make_token("alice", ttl=3600))
    faults.jump(DAY)
    assert client.wait_close(timeout=10) == 4401
    with pytest.raises(Refused) as refused:
        server.connect("alice", token=make_token("alice", ttl=3600))
    assert refused.value.response.status == 401
    faults.jump(0)
    server.connect("alice", token=make_token("alice", ttl=3600))


def test_a_ticket_does_not_outlive_a_jump(faulty, faults):
    server = faulty(config={"auth": {"secret": SECRET},
                            "api": {"key": KEY}})
    ticket = tell(server, "/api/tickets", {"client": "alice"})["ticket"]
    faults.jump(DAY)
    with pytest.raises(Refused) as refused:
        server.connect("alice", query={"ticket": ticket})
    assert refused.value.response.status == 401
