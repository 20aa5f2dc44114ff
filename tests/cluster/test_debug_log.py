"""The log at level debug: useful lines and no secrets."""

import hashlib
import json

import pytest

from support.api import ask, tell
from support.application import SECRET as HOOK_SECRET
from support.application import hooks
from support.fixtures import peal  # noqa: F401
from support.patience import wait_until
from support.tokens import SECRET, make_token
from support.websocket import Refused

REDIS_PASSWORD = "hush-redis-password"
API_KEY = "hush-the-plain-api-key"
OTHER_KEY = "hush-another-api-key"
WRONG = "hush-what-nobody-may-see"


def refused(server, **options):
    with pytest.raises(Refused):
        server.connect("alice", protocol="broadcast", **options)


def test_the_debug_log_contains_no_secrets(redis, peal, application):  # noqa: F811
    store = redis()
    store.call("CONFIG", "SET", "requirepass", REDIS_PASSWORD)
    digest = hashlib.sha256(OTHER_KEY.encode()).hexdigest()
    server = peal({
        "log": {"level": "debug", "audit": "all"}, "auth": {
            "secret": SECRET, "query_token": True},
        "redis": {"url": f"redis://:{REDIS_PASSWORD}@127.0.0.1:{store.port}"},
        "api": {"key": API_KEY, "keys": [{
            "name": "other", "hash": "sha256:" + digest,
            "scopes": ["publish"]}]},
        "hooks": hooks(application, questions=["connect", "publish"],
                       events=["connected"], connect_headers=["cookie"])})
    wait_until(lambda: server.request("/ready").status == 200, what="ready")
    told = []

    def token(*args, **options):
        told.append(make_token(*args, **options))
        return told[-1]

    # accepted requests of each kind
    client = server.connect("alice", ["room"], protocol="broadcast",
                            token=token("alice"))
    client.receive_type("subscribed")
    server.connect("alice", protocol="broadcast", query={
        "token": token("alice", ttl=700)})
    ticket = tell(server, "/api/tickets", {"client": "bob"},
                  key=API_KEY)["ticket"]
    told.append(ticket)
    server.connect("bob", protocol="broadcast", query={"ticket": ticket},
                   headers=[("Cookie", f"session={WRONG}")])
    client.ask({"type": "refresh", "token": token("alice", ttl=800)})
    # refused requests
    refused(server, token=token("alice", ttl=-1000))
    refused(server, token=token("bob"))
    refused(server, token=token("alice", secret=WRONG * 2))
    refused(server, query={"ticket": ticket})
    refused(server, query={"token": WRONG})
    refused(server, headers=[("Authorization", f"Basic {WRONG}")])
    client.ask({"type": "refresh", "token": WRONG})
    client.ask({"type": "broadcast", "channel": "room", "payload": WRONG})
    for key in (API_KEY, OTHER_KEY, WRONG):
        for path, body in (("/api/publish", {"channel": "r", "payload": WRONG}),
                           ("/api/ban", {"client": "x"}),
                           ("/api/channels", None)):
            ask(server, path, body, key=key)
    server.wait_log("Events sent")
    text = server.log()
    for secret in (REDIS_PASSWORD, API_KEY, OTHER_KEY, WRONG, SECRET,
                   HOOK_SECRET, digest, *told,
                   *(part for jwt in told for part in jwt.split(".")[2:])):
        assert secret not in text
    # the useful lines
    line = server.log_lines("Handshake accepted")[0]
    assert "level=debug" in line and "client=alice" in line
    assert "protocol=broadcast" in line and "address=127.0.0.1" in line
    assert "hook=connect" in server.log_lines("Webhook answered")[0]
    assert "status=200" in server.log_lines("Webhook answered")[0]


def test_an_unknown_redis_command_reveals_no_password(redis, peal):  # noqa: F811
    store = redis("--rename-command", "AUTH", "AUTH2")
    server = peal({"log": {"level": "debug"}, "redis": {
        "url": f"redis://:{REDIS_PASSWORD}@127.0.0.1:{store.port}"}})
    line = server.wait_log("Redis command failed")
    assert "command=AUTH" in line and "unknown command" in line
    server.wait_log("Redis connection lost")
    assert REDIS_PASSWORD not in server.log()


def test_level_info_has_no_debug_lines(redis, peal, application):  # noqa: F811
    server = peal({"hooks": hooks(application, questions=["connect"])})
    server.join("alice", "room")
    assert application.asked()
    assert "level=debug" not in server.log()
    assert json.dumps(WRONG) not in server.log()
