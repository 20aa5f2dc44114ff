"""A client of Pusher's protocol, and the application that authorizes its
channels."""

import hashlib
import hmac
import json
import time

from support import patience
from support.application import Application

APP = {"id": "1", "key": "app-key", "secret": "app-secret",
       "client_events": True}
WITH_APP = {"pusher": {"apps": [APP]}}


def sign(text, secret=APP["secret"]):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Pusher:
    """An established connection; decodes the JSON text in `data`."""

    def __init__(self, server, app=None, version="7"):
        self.app = app or APP
        query = f"?protocol={version}&client=test" if version else ""
        self.websocket = server.connect(
            path=f"/app/{self.app['key']}{query}")
        established = self.receive("pusher:connection_established")["data"]
        self.socket_id = established["socket_id"]
        self.activity_timeout = established["activity_timeout"]

    def send(self, event, data=None, channel=None):
        message = {"event": event, "data": {} if data is None else data}
        if channel:
            message["channel"] = channel
        self.websocket.send(json.dumps(message))

    def is_silent(self):
        return self.websocket.is_silent()

    def hear(self):
        message = json.loads(self.websocket.receive_data())
        if isinstance(message.get("data"), str):
            try:
                message["data"] = json.loads(message["data"])
            except ValueError:
                pass
        return message

    def receive(self, event):
        message = self.hear()
        assert message["event"] == event, message
        return message

    def auth(self, channel, data=None):
        text = f"{self.socket_id}:{channel}"
        if data is not None:
            text += f":{data}"
        return f"{self.app['key']}:{sign(text, self.app['secret'])}"

    def signin(self, user, **more):
        data = json.dumps({"id": user, **more})
        signature = sign(f"{self.socket_id}::user::{data}",
                         self.app["secret"])
        self.send("pusher:signin", {
            "auth": f"{self.app['key']}:{signature}", "user_data": data})
        message = self.receive("pusher:signin_success")
        assert message["data"] == {"user_data": data}

    def subscribe(self, channel, user=None, auth=None):
        """Subscribes; `user`: (id, info) for a presence channel."""
        message = {"channel": channel}
        data = None
        if user is not None:
            data = json.dumps({"user_id": user[0], "user_info": user[1]})
            message["channel_data"] = data
        if channel.startswith(("private-", "presence-")):
            message["auth"] = auth or self.auth(channel, data)
        self.send("pusher:subscribe", message)

    def join(self, channel, user=None):
        self.subscribe(channel, user)
        message = self.receive("pusher_internal:subscription_succeeded")
        assert message["channel"] == channel
        return message["data"]


ALL_WEBHOOKS = ["channel_occupied", "channel_vacated", "member_added",
                "member_removed", "client_event", "cache_miss",
                "subscription_count"]


class Webhook(Application):
    """Receives the webhooks of an app and checks every signature."""

    def app(self, events=None, **options):
        return {**APP, "webhook_url": self.url,
                "webhook_events": events or ALL_WEBHOOKS, **options}

    def take(self, handler, body):
        headers = handler.headers
        if headers.get("X-Pusher-Key") != APP["key"] or \
                headers.get("X-Pusher-Signature") != sign(body.decode()):
            self.problems.append(f"bad signature: {dict(headers)}")
        if headers.get("Content-Type") != "application/json":
            self.problems.append("no JSON")
        batch = json.loads(body)
        if set(batch) != {"time_ms", "events"} or \
                abs(batch["time_ms"] / 1000 - time.time()) > 60:
            self.problems.append(f"bad batch: {batch}")
        self.take_batch(handler, batch)

    def wait(self, *expected):
        """Waits until exactly these events were received, in any order."""
        found = self.all_events
        patience.wait_until(lambda: len(found()) >= len(expected), 10,
                            what=f"{expected}, not {found()}")
        key = lambda event: json.dumps(event, sort_keys=True)
        assert sorted(found(), key=key) == sorted(expected, key=key)
        with self.lock:
            self.batches.clear()
