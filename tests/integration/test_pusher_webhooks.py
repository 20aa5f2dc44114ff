"""Webhooks of an app in Pusher's format."""

import json
import signal

import pytest

from support.application import hooks, with_status
from support.program import run_peal
from support.pusher import APP, Pusher, Webhook

from test_reload import reload

QUICK = {"batch_ms": 20, "retry_ms": 20, "retry_max_ms": 100}


def start(peal, webhook, events=None, **more):
    return peal({"hooks": QUICK, "pusher": {"apps": [webhook.app(events)]},
                 **more})


def named(name, channel, **more):
    return {"name": name, "channel": channel, **more}


def test_channels_and_members(peal, webhook):
    server = start(peal, webhook)
    one, two = Pusher(server), Pusher(server)
    one.join("news")
    two.join("news")
    webhook.wait(named("channel_occupied", "news"))
    one.join("presence-room", (10, {"name": "Ann"}))
    two.join("presence-room", ("bob", {}))
    again = Pusher(server)
    again.join("presence-room", ("bob", {}))
    webhook.wait(named("channel_occupied", "presence-room"),
                 named("member_added", "presence-room", user_id="10"),
                 named("member_added", "presence-room", user_id="bob"))
    two.websocket.end()
    again.send("pusher:unsubscribe", {"channel": "presence-room"})
    webhook.wait(named("member_removed", "presence-room", user_id="bob"))
    one.websocket.end()
    webhook.wait(named("channel_vacated", "news"),
                 named("member_removed", "presence-room", user_id="10"),
                 named("channel_vacated", "presence-room"))


def test_client_events_and_misses(peal, webhook):
    server = start(peal, webhook, ["client_event", "cache_miss"])
    one = Pusher(server)
    one.join("presence-room", (10, {}))
    one.join("private-room")
    one.send("client-typing", {"on": True}, "presence-room")
    one.send("client-text", "words", "private-room")
    one.send("client-x", {}, "private-else")
    one.receive("pusher:error")
    one.join("private-cache-x")
    one.receive("pusher:cache_miss")
    socket = {"socket_id": one.socket_id}
    webhook.wait(
        named("client_event", "presence-room", event="client-typing",
              data='{"on": true}', user_id="10", **socket),
        named("client_event", "private-room", event="client-text",
              data="words", **socket),
        named("cache_miss", "private-cache-x"))


def test_subscription_counts(peal, webhook):
    server = peal({"pusher": {"apps": [
        webhook.app(["subscription_count"], subscription_counts=True)]},
        "hooks": QUICK})
    Pusher(server).join("news")
    webhook.wait(named("subscription_count", "news", subscription_count=1))


def test_events_are_retried_until_accepted(peal, webhook, application):
    """In addition to the application's hooks, which have their own format."""
    answers = [with_status(500), with_status(503)]

    def take(handler, batch):
        if answers:
            webhook.batches.clear()
            answers.pop()(handler)
        else:
            handler.respond(200)
    webhook.take_events = take
    server = start(peal, webhook, ["member_added", "channel_vacated"],
                   hooks=hooks(application, events=["member_added"], **QUICK))
    client = Pusher(server)
    client.join("presence-room", (1, {}))
    webhook.wait(named("member_added", "presence-room", user_id="1"))
    assert not answers
    event = application.wait_events(1)[0]
    assert (event["channel"], event["client"]) == ("pusher:1:presence-room",
                                                   "1")
    server.process.send_signal(signal.SIGTERM)
    webhook.wait(named("channel_vacated", "presence-room"))


@pytest.mark.parametrize("changes, words", [
    ({"webhook_events": []}, "webhook_events must be set together"),
    ({"webhook_url": None}, "webhook_events must be set together"),
    ({"webhook_url": "ftp://x/"}, "webhook_url: expected http"),
    ({"webhook_events": ["x"]}, "webhook_events"),
])
def test_an_invalid_webhook_is_refused(webhook, changes, words):
    app = {**webhook.app(), **changes}
    app = {name: value for name, value in app.items() if value is not None}
    done = run_peal("--check-config", env={
        "PEAL_PUSHER_APPS": json.dumps([app])})
    assert done.returncode == 2
    assert words in done.stderr


def test_a_new_webhook_after_a_reload(peal, webhook):
    server = start(peal, webhook, ["member_added"])
    client = Pusher(server)
    client.join("presence-one", (1, {}))
    webhook.wait(named("member_added", "presence-one", user_id="1"))
    second = Webhook()
    reload(server, {"pusher.apps": [second.app(["member_added"])]})
    client.join("presence-two", (1, {}))
    second.wait(named("member_added", "presence-two", user_id="1"))
    reload(server, {"pusher.apps": [APP]})
    client.join("presence-three", (1, {}))
    assert client.is_silent()
    second.end()
    assert not second.problems + second.all_events() + webhook.all_events()
