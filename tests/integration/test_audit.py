"""The audit log: a line for each administrative action of any origin."""

import json

import pytest

from support import tls
from support.api import KEY, WITH_KEY, ask, tell
from support.program import run_peal
from support.server import ROOT
from test_api_keys import key_of
from test_log import fields
from test_reload import reload


# action -> the object in its log line
CHANGES = {
    "disconnect": ("/api/disconnect", {"client": "eve", "reason": "enough"},
                   {"client": "eve", "reason": "enough"}),
    "unsubscribe": ("/api/unsubscribe", {"client": "eve", "channel": "a"},
                    {"client": "eve", "channel": "a"}),
    "tickets": ("/api/tickets", {"client": "eve"}, {"client": "eve"}),
    "ban": ("/api/ban", {"client": "eve", "reason": "spam"},
            {"client": "eve", "reason": "spam"}),
    "unban": ("/api/unban", {"address": "192.0.2.0/24"},
              {"target": "192.0.2.0/24"}),
    "dashboard": ("/api/dashboard", {"client": "op"}, {"client": "op"}),
}
OTHERS = {
    "publish": ("/api/publish", {"channel": "a", "payload": 1},
                {"channel": "a"}),
    "send": ("/api/send", {"client": "eve", "payload": 1},
             {"client": "eve"}),
    "channels": ("/api/channels", None, {}),
    "presence": ("/api/channels/a/presence", None, {"channel": "a"}),
    "bans": ("/api/bans", None, {}),
    "refusals": ("/api/refusals", None, {}),
    "client": ("/api/clients/eve", None, {"client": "eve"}),
    "history": ("/api/channels/a/history", None, {"channel": "a"}),
}
# each of these commands has a line
LISTS = {"/api/batch", "/api/broadcast"}
ALL = {**CHANGES, **OTHERS}
WITH_CHANNELS = {"channels": [
    {"match": "*", "history_size": 5, "presence": True}]}


def audited(server):
    return [fields(line) for line in server.log_lines("kind=audit")]


def wait_audit(server, action):
    return fields(server.wait_log(f"action={action} "))


def is_action(line, action, key="api.key", status=200, **more):
    outcome = ("ok" if status < 400 else
               "refused" if status < 500 else "failed")
    told = {name: line[name] for name in line if name not in ("time", "level")}
    assert told == {
        "message": "Administrative action", "kind": "audit",
        "action": action, "key": key, "address": "127.0.0.1",
        "status": str(status), "outcome": outcome, **more}
    assert line["level"] == "info"


def test_every_route_of_the_api_is_in_these_tests():
    paths = json.loads((ROOT / "web/openapi.json").read_text())["paths"]
    routes = {path.replace("{channel}", "a").replace("{client}", "eve") for path in paths
              if path.startswith("/api/")}
    assert routes == {path for path, _, _ in ALL.values()} | LISTS


@pytest.mark.parametrize("action", CHANGES)
def test_a_change_is_audited_at_every_level(peal, action):
    server = peal(config={**WITH_KEY, "log": {"level": "error"}},
                  is_quiet=True)
    path, body, more = CHANGES[action]
    tell(server, path, body)
    is_action(wait_audit(server, action), action, **more)
    assert len(audited(server)) == 1


@pytest.mark.parametrize("action", OTHERS)
def test_messages_and_queries_are_audited_at_level_all(peal, action):
    path, body, more = OTHERS[action]
    quiet = peal(config={**WITH_KEY, **WITH_CHANNELS})
    tell(quiet, path, body)
    tell(quiet, "/api/disconnect", {"client": "last"})
    wait_audit(quiet, "disconnect")
    assert len(audited(quiet)) == 1
    server = peal(config={**WITH_KEY, **WITH_CHANNELS,
                          "log": {"audit": "all"}})
    tell(server, path, body)
    is_action(wait_audit(server, action), action, **more)


def test_a_reload_turns_it_on_and_off(peal):
    server = peal(config={**WITH_KEY, "log": {"audit": "off"}})
    tell(server, "/api/disconnect", {"client": "one"})
    reload(server, {**WITH_KEY, "log.audit": "changes"})
    tell(server, "/api/disconnect", {"client": "two"})
    assert wait_audit(server, "disconnect")["client"] == "two"
    assert len(audited(server)) == 1


def test_each_command_of_a_batch_has_its_own_line(peal):
    server = peal(config={"api": {"keys": [
        key_of("ops", "disconnect", "publish")]}, "log": {"audit": "all"}})
    tell(server, "/api/batch", key="key-of-ops", body={"commands": [
        {"command": "disconnect", "client": "a"},
        {"command": "disconnect", "client": "b", "reason": 'so "so"\n'},
        {"command": "tickets", "client": "c"},
        {"command": "disconnect", "client": "d\x7f"},
        {"command": "publish", "channel": "e", "payload": 1},
    ]})
    tell(server, "/api/broadcast", key="key-of-ops",
         body={"channels": ["f", "g"], "payload": 1})
    server.wait_log("channel=g")
    lines = audited(server)
    is_action(lines[0], "disconnect", key="ops", client="a")
    is_action(lines[1], "disconnect", key="ops", client="b",
              reason='so "so"\n')
    is_action(lines[2], "tickets", key="ops", status=403, client="c")
    is_action(lines[3], "disconnect", key="ops", status=400, client="d\x7f")
    is_action(lines[4], "publish", key="ops", channel="e")
    is_action(lines[5], "publish", key="ops", channel="f")
    is_action(lines[6], "publish", key="ops", channel="g")
    assert len(lines) == 7


@pytest.mark.parametrize("status, options", [
    (403, {"key": "key-of-reader"}),
    (400, {"key": "key-of-ops", "body": b"no JSON"}),
    (413, {"key": "key-of-ops", "body": b"x" * 2000}),
    (415, {"key": "key-of-ops", "headers": [("Content-Type", "text/plain")]}),
])
def test_refusals_of_a_known_key_are_audited(peal, status, options):
    server = peal(config={"api": {"keys": [
        key_of("ops", "disconnect"), key_of("reader", "history")]},
        "limits": {"body_bytes": 1000}})
    options = {"body": {"client": "eve"}, **options}
    assert ask(server, "/api/disconnect", **options).status == status
    line = wait_audit(server, "disconnect")
    is_action(line, "disconnect", key=options["key"][len("key-of-"):],
              status=status)


def test_a_too_long_chunked_body_is_audited(peal):
    server = peal(config={**WITH_KEY, "limits": {"body_bytes": 100}})
    raw = server.socket()
    raw.send(b"POST /api/disconnect HTTP/1.1\r\nHost: 127.0.0.1\r\n"
             b"Content-Type: application/json\r\n"
             b"Authorization: Bearer " + KEY.encode() + b"\r\n"
             b"Transfer-Encoding: chunked\r\n\r\n"
             b"c8\r\n" + b"x" * 200 + b"\r\n0\r\n\r\n")
    assert raw.response().status == 413
    is_action(wait_audit(server, "disconnect"), "disconnect", status=413)


def test_a_key_beyond_its_rate_is_audited(peal):
    server = peal(config={"api": {"keys": [
        key_of("ops", "disconnect", requests_per_second=1)]}})
    statuses = [ask(server, "/api/disconnect", {"client": "a"},
                    key="key-of-ops").status for _ in range(3)]
    assert 429 in statuses
    server.wait_log("status=429 outcome=refused")


def test_requests_without_a_key_are_not_audited(peal):
    server = peal(config={**WITH_KEY, "log": {"audit": "all"}})
    for key in (None, "not-the-key-of-the-tests"):
        assert ask(server, "/api/disconnect", {"client": "a"},
                   key=key).status == 401
    server.wait_log("API request refused")
    assert not audited(server)


def test_it_contains_the_address_of_the_request(peal):
    server = peal(config={**WITH_KEY, "trusted_proxies": ["127.0.0.0/8"]})
    ask(server, "/api/disconnect", {"client": "eve"},
        headers=[("X-Forwarded-For", "203.0.113.7")])
    assert wait_audit(server, "disconnect")["address"] == "203.0.113.7"


def test_with_a_json_log_a_line_is_an_object_with_its_kind(peal):
    server = peal(config={**WITH_KEY, "log": {"format": "json"}})
    tell(server, "/api/disconnect", {"client": "eve", "reason": "ä"})
    line = json.loads(server.wait_log('"kind":"audit"'))
    assert (line["action"], line["key"], line["client"], line["reason"],
            line["status"], line["outcome"]) == (
        "disconnect", "api.key", "eve", "ä", 200, "ok")


def test_never_a_key_or_a_ticket(peal):
    server = peal(config={**WITH_KEY, "log": {"audit": "all"}})
    ticket = tell(server, "/api/tickets", {"client": "eve"})["ticket"]
    wait_audit(server, "tickets")
    assert ticket not in server.log() and KEY not in server.log()


def test_requests_of_the_program_are_audited_too(peal):
    server = peal(config={**WITH_KEY, "log": {"audit": "all"}})
    flags = ["--url", f"{tls.HTTP}://127.0.0.1:{server.port}"]
    if tls.ENABLED:
        flags += ["--ca", str(tls.common_certificates() / "ca.pem")]
    for command, *args in (["publish", "--channel", "a", "1"],
                           ["ticket", "--client", "eve"]):
        assert run_peal(command, *flags, *args,
                        env={"PEAL_API_KEY": KEY}).returncode == 0
    is_action(wait_audit(server, "publish"), "publish", channel="a")
    is_action(wait_audit(server, "tickets"), "tickets", client="eve")


def test_a_dashboard_that_is_opened_has_a_line(peal):
    server = peal(config=WITH_KEY)
    ticket = tell(server, "/api/dashboard", {"client": "op"})["ticket"]
    feed = server.connect("op", protocol="dashboard",
                          query={"ticket": ticket})
    assert feed.receive()["type"] == "hello"
    is_action(wait_audit(server, "dashboard_open"), "dashboard_open",
              key="ticket", status=101, client="op")
