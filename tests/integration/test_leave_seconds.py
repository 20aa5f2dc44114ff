"""channels[].leave_seconds: a client that returns in time has not left."""

import signal
import time

from support import patience
from support.api import WITH_KEY, tell
from support.application import hooks

from test_presence import presence

WAIT = 2
RULES = [{"match": "told", "join_leave": True, "leave_seconds": WAIT},
         {"match": "at-once", "join_leave": True},
         {"match": "*", "leave_seconds": WAIT}]
CONFIG = {"channels": RULES, "limits": {"messages_per_second": 0}}

OF_CHANNELS = ["channel_occupied", "channel_vacated", "member_added",
               "member_removed"]


def start(peal, application=None, **more):
    config = {**CONFIG, **more}
    if application:
        config["hooks"] = hooks(application, events=OF_CHANNELS, batch_ms=10)
    return peal(config=config)


def told(events):
    return [(event["event"], event.get("client")) for event in events]


def news(client):
    """The joins and leaves received so far."""
    client.ask({"type": "ping"})
    found = []
    while client.backlog:
        message = client.receive()
        if message["type"] in ("join", "leave"):
            found.append((message["type"], message["client"]))
    return found


def wait_news(client, expected, timeout=10):
    found = []

    def are_there():
        found.extend(news(client))
        return found == expected

    patience.wait_until(are_there, timeout, what=f"{expected}, not {found}")


def test_a_page_that_reloads_never_left(peal, application):
    server = start(peal, application)
    bob = server.join("bob", "told")
    alice = server.join("alice", "told")
    wait_news(bob, [("join", "alice")])
    for _ in range(3):
        alice.drop()
        server.wait_metric("peal_connections", 1)
        alice = server.join("alice", "told")
    time.sleep(patience.seconds(WAIT + 1.5))
    assert news(bob) == []
    assert presence(bob, "told") == {"alice": 1, "bob": 1}
    assert told(application.events()) == [
        ("channel_occupied", None), ("member_added", "bob"),
        ("member_added", "alice")]


def test_a_client_that_stays_away_leaves_once(peal, application):
    server = start(peal, application)
    bob = server.join("bob", "told")
    alice = server.join("alice", "told")
    tab = server.join("alice", "told")
    wait_news(bob, [("join", "alice")])
    tab.end()
    alice.end()
    gone = time.monotonic()
    server.wait_metric("peal_connections", 1)
    assert presence(bob, "told") == {"alice": 0, "bob": 1}
    wait_news(bob, [("leave", "alice")])
    assert time.monotonic() - gone >= WAIT - 0.05
    assert presence(bob, "told") == {"bob": 1}
    bob.end()
    application.wait_events(6)
    assert told(application.events())[3:] == [
        ("member_removed", "alice"), ("member_removed", "bob"),
        ("channel_vacated", None)]
    carol = server.join("carol", "told")
    application.wait_events(8)
    assert told(application.events())[6:] == [
        ("channel_occupied", None), ("member_added", "carol")]
    carol.end()


def test_leaving_a_channel_waits_too(peal):
    server = start(peal)
    bob = server.join("bob", "told")
    alice = server.join("alice", "told")
    wait_news(bob, [("join", "alice")])
    for _ in range(2):
        alice.ask({"type": "unsubscribe", "channel": "told"})
        alice.ask({"type": "subscribe", "channel": "told"})
    time.sleep(patience.seconds(WAIT + 1.5))
    assert news(bob) == []
    alice.ask({"type": "unsubscribe", "channel": "told"})
    wait_news(bob, [("leave", "alice")])


def test_other_channels_are_notified_at_once(peal):
    server = start(peal)
    bob = server.join("bob", "at-once")
    alice = server.join("alice", "at-once")
    wait_news(bob, [("join", "alice")])
    alice.end()
    wait_news(bob, [("leave", "alice")], timeout=1.5)


def test_the_api_lists_clients_that_may_return(peal):
    server = start(peal, **WITH_KEY)
    server.join("alice", "room").end()
    server.wait_metric("peal_connections", 0)
    path = "/api/channels/room/presence"
    assert tell(server, path)["clients"] == [
        {"client": "alice", "connections": 0}]
    patience.wait_until(lambda: tell(server, path)["clients"] == [], 10)


def test_a_shutdown_does_not_wait_for_returning_clients(peal, application):
    """Clients return to another process, which reports them."""
    server = start(peal, application, drain_seconds=0)
    server.join("alice", "room").end()
    server.wait_metric("peal_connections", 0)
    bob = server.join("bob", "room")
    application.wait_events(3)
    server.signal(signal.SIGTERM)
    bob.wait_closed()
    server.wait_exit()
    assert told(application.events())[3:] == [
        ("member_removed", "alice"), ("member_removed", "bob"),
        ("channel_vacated", None)]
