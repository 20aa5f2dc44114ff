"""Keys restricted to some channels and clients: no command changes or shows
others."""

import json

import pytest

from support.api import ask, tell
from support.program import run_peal
from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused
from test_api_keys import key_of
from test_api_pages import commands_of_the_program, routes_of_the_program
from test_reload import reload

SCOPES = ("publish", "send", "presence", "history", "channels", "disconnect",
          "tickets", "clients", "bans")
ACME = {"channels": ["acme:*", "news"], "clients": ["acme-*"]}
CONFIG = {"api": {"keys": [
    key_of("acme", *SCOPES, **ACME), key_of("chief", "admin", **ACME),
    key_of("channels-only", *SCOPES, channels=["acme:*"]),
    key_of("clients-only", *SCOPES, clients=["acme-*"]),
    key_of("nothing", *SCOPES, channels=[], clients=[]),
    key_of("boss", "admin")]}}
REACH = "The key has no access to this channel or client"


def caps(*channels, allow=("sub",), clients=()):
    return [{"channels": list(channels), "clients": list(clients),
             "allow": list(allow)}]


IN, OUT = "acme:1", "evil:1"
ME, YOU = "acme-bob", "alice"

# For each command: a body that acme's key may send, and one that it may not.
INSIDE = {
    "publish": [{"channel": IN, "payload": 1},
                {"channel": "news", "payload": 1}],
    "send": [{"client": ME, "payload": 1}],
    "disconnect": [{"client": "acme-gone"}],
    "unsubscribe": [{"client": "acme-gone", "channel": IN}],
    "tickets": [{"client": ME, "caps": caps(IN, "acme:a*")},
                {"client": ME, "caps": caps("acme-x", allow=["dir"],
                                            clients=[ME])},
                {"client": ME, "caps": []}],
    "presence": [{"channel": IN}],
    "history": [{"channel": IN}],
    "channels": [{}],
    "client": [{"client": ME}],
    "refusals": [{"client": ME}],
    "ban": [{"client": "acme-eve"}],
    "unban": [{"client": "acme-eve"}],
    "bans": [{}],
    "dashboard": [],
}
OUTSIDE = {
    "publish": [{"channel": OUT, "payload": 1},
                {"channel": "acme", "payload": 1},
                {"channel": "news2", "payload": 1}],
    "send": [{"client": YOU, "payload": 1}, {"client": "acme", "payload": 1}],
    "disconnect": [{"client": YOU}, {"address": "127.0.0.1"}],
    "unsubscribe": [{"client": YOU, "channel": IN},
                    {"client": ME, "channel": OUT}],
    "tickets": [{"client": YOU, "caps": caps(IN)}, {"client": ME},
                {"client": ME, "caps": None},
                {"client": ME, "caps": caps(IN, OUT)},
                {"client": ME, "caps": caps("*")},
                {"client": ME, "caps": caps("acme*")},
                {"client": ME, "caps": caps(IN, allow=["sub", "dir"])},
                {"client": ME, "caps": caps(allow=["dir"], clients=[YOU])}],
    "presence": [{"channel": OUT}],
    "history": [{"channel": OUT}],
    "channels": [],
    "client": [{"client": YOU}],
    "refusals": [{}, {"client": YOU}, {"address": "127.0.0.1"},
                 {"client": ME, "address": "127.0.0.1"}],
    "ban": [{"client": YOU}, {"address": "127.0.0.1"}],
    "unban": [{"client": YOU}, {"address": "127.0.0.1"}],
    "bans": [],
    "dashboard": [{"client": "acme-x"}, {"client": "x"}],
}
GETS = {"presence": "/api/channels/{channel}/presence",
        "history": "/api/channels/{channel}/history",
        "client": "/api/clients/{client}", "channels": "/api/channels",
        "refusals": "/api/refusals", "bans": "/api/bans"}


def as_request(command, body):
    """The path and body of the command's own route."""
    if command not in GETS:
        return f"/api/{command}", body
    path = GETS[command].format(**body)
    if command == "refusals" and body:
        path += "?" + "&".join(f"{k}={v}" for k, v in body.items())
    return path, None


def single(server, command, body, key):
    path, sent = as_request(command, body)
    response = ask(server, path, sent, key=f"key-of-{key}")
    return response.status, response.json


def in_batch(server, command, body, key):
    result, = tell(server, "/api/batch", {
        "commands": [{"command": command, **body}]},
        key=f"key-of-{key}")["results"]
    return result.get("status", 200), result


WAYS = pytest.mark.parametrize("way", [single, in_batch])
INSIDE_ROWS = [(c, b) for c, bodies in INSIDE.items() for b in bodies]
OUTSIDE_ROWS = [(c, b) for c, bodies in OUTSIDE.items() for b in bodies]


@pytest.fixture(scope="module")
def server(start_shared):
    server = start_shared(CONFIG)
    server.both = [server.join(ME, IN, OUT), server.join(YOU, OUT, IN)]
    return server


def test_the_tables_have_every_command_and_route():
    commands = set(commands_of_the_program())
    assert set(INSIDE) == set(OUTSIDE) == commands
    # routes that serve several commands are listed below
    paths = {as_request(command, {"channel": "{channel}",
                                  "client": "{client}"})[0].split("?")[0]
             for command in commands}
    assert paths | {"/api/broadcast", "/api/batch"} == {
        path for path, _ in routes_of_the_program()}
    assert all(INSIDE[c] or OUTSIDE[c] for c in commands)


@WAYS
@pytest.mark.parametrize("command, body", INSIDE_ROWS)
def test_commands_within_the_limits_are_allowed(server, way, command, body):
    for key in ("acme", "chief", "boss"):
        status, answer = way(server, command, body, key)
        assert status == 200, answer


@WAYS
@pytest.mark.parametrize("command, body", OUTSIDE_ROWS)
def test_commands_outside_the_limits_are_forbidden(server, way, command, body):
    for key in ("chief",) if command == "dashboard" else (
            "chief", "acme", "nothing"):
        status, answer = way(server, command, body, key)
        assert (status, answer["error"]) == (403, REACH), key
        assert answer["field"] in ("channel", "client", "address", "caps",
                                   "command")
    for client in server.both:
        assert client.ask({"type": "ping"})["type"] == "pong"


def test_a_key_without_limits_may_do_everything(server):
    for command, body in OUTSIDE_ROWS:
        if command not in ("disconnect", "unsubscribe", "ban", "send"):
            status, answer = single(server, command, body, "boss")
            assert status == 200, (command, answer)


def test_a_broadcast_is_checked_for_each_channel(server):
    results = tell(server, "/api/broadcast", {
        "channels": [IN, OUT, "news"], "payload": 1},
        key="key-of-acme")["results"]
    assert [r.get("status", 200) for r in results] == [200, 403, 200]
    assert results[1] == {"status": 403, "error": REACH, "field": "channel"}


def test_a_key_may_reach_only_channels_or_only_clients(server):
    for key, may in (("channels-only", "publish"), ("clients-only", "send")):
        for command in ("publish", "send"):
            status, _ = single(server, command, INSIDE[command][0], key)
            assert status == (200 if command == may else 403), (key, command)


# --- lists


@pytest.fixture
def alone(peal):
    return peal(CONFIG)


def of_acme(server, path):
    return tell(server, path, key="key-of-acme")


def test_the_channel_list_shows_only_allowed_channels(alone):
    for i in range(20):
        alone.join(f"c-{i}", f"aaa:{i}", f"acme:{i}")
    assert of_acme(alone, "/api/channels") == {
        "channels": sorted(f"acme:{i}" for i in range(20)), "more": False}
    some = of_acme(alone, "/api/channels?limit=5")
    assert len(some["channels"]) == 5 and some["more"]
    assert all(name.startswith("acme:") for name in some["channels"])
    assert not of_acme(alone, "/api/channels?limit=20")["more"]
    assert len(tell(alone, "/api/channels",
                    key="key-of-boss")["channels"]) == 40


def test_the_ban_list_shows_only_allowed_clients(alone):
    for target in ({"client": YOU}, {"client": "acme-eve"},
                   {"address": "192.0.2.1"}):
        tell(alone, "/api/ban", target, key="key-of-boss")
    answer = of_acme(alone, "/api/bans?limit=1")
    assert [ban["client"] for ban in answer["bans"]] == ["acme-eve"]
    assert answer["more"] is False
    assert len(tell(alone, "/api/bans", key="key-of-boss")["bans"]) == 3


def test_other_channels_of_a_client_are_not_shown(alone):
    alone.join(ME, IN, OUT, "news", "acme")
    row, = of_acme(alone, f"/api/clients/{ME}")["connections"]
    assert (sorted(row["channels"]), row["channelCount"]) == ([IN, "news"], 2)
    row, = tell(alone, f"/api/clients/{ME}", key="key-of-boss")["connections"]
    assert row["channelCount"] == 4
    result, = tell(alone, "/api/batch", {"commands": [
        {"command": "client", "client": ME}]}, key="key-of-acme")["results"]
    assert result["connections"][0]["channelCount"] == 2


def test_refusals_in_other_channels_are_not_shown(peal):
    server = peal({**CONFIG, **WITH_AUTH})
    client = server.connect(ME, protocol="broadcast", token=make_token(
        ME, caps=caps("nothing")))
    for channel in (IN, OUT):
        assert client.ask({"type": "subscribe", "channel": channel})[
            "code"] == "forbidden"
    answer = of_acme(server, f"/api/refusals?client={ME}")
    assert [r["channel"] for r in answer["refusals"]] == [IN]
    assert answer["more"] is False
    everything = tell(server, f"/api/refusals?client={ME}", key="key-of-boss")
    assert [r["channel"] for r in everything["refusals"]] == [
        OUT, IN, "lobby"]


# --- logs and metrics


def test_refusals_are_counted_logged_and_audited(alone):
    status, _ = single(alone, "ban", {"client": YOU}, "acme")
    assert status == 403
    assert alone.metric(
        'peal_api_refused_total{reason="key_reach"}') == 1
    line = alone.wait_log("API request refused")
    assert "reason=key_reach" in line and "path=/api/ban" in line
    line = alone.wait_log("kind=audit")
    assert "key=acme" in line and "client=alice" in line and "403" in line
    in_batch(alone, "dashboard", {"client": "x"}, "acme")
    assert alone.metric(
        'peal_api_refused_total{reason="key_scope"}') == 1


def requests(server, key, status):
    return server.metric(f'peal_api_key_requests_total{{key="{key}",'
                         f'status="{status}"}}')


def test_request_counts_of_a_key_survive_a_reload(alone):
    for _ in range(3):
        single(alone, "publish", INSIDE["publish"][0], "acme")
    single(alone, "publish", OUTSIDE["publish"][0], "acme")
    single(alone, "dashboard", {"client": "x"}, "acme")
    ask(alone, "/api/publish", b"", key="key-of-acme",
        headers=[("Content-Length", "99999999")])
    assert requests(alone, "acme", 200) == 3
    assert requests(alone, "acme", 403) == 2
    assert requests(alone, "acme", 413) == 1
    assert "changed=api.keys" in reload(alone, {"api.keys": [
        {**CONFIG["api"]["keys"][0], "channels": ["evil:*"]}]})
    assert single(alone, "publish", OUTSIDE["publish"][0], "acme")[0] == 200
    assert single(alone, "publish", INSIDE["publish"][0], "acme")[0] == 403
    assert requests(alone, "acme", 200) == 4
    assert requests(alone, "acme", 403) >= 3
    assert single(alone, "bans", {}, "boss")[0] == 401


def test_a_ticket_grants_no_more_than_its_key_allows(peal):
    server = peal({**CONFIG, **WITH_AUTH})
    ticket = tell(server, "/api/tickets", INSIDE["tickets"][0],
                  key="key-of-acme")["ticket"]
    client = server.connect(ME, protocol="broadcast", query={"ticket": ticket})
    assert client.ask({"type": "subscribe", "channel": IN})[
        "type"] == "subscribed"
    assert client.ask({"type": "subscribe", "channel": OUT})[
        "code"] == "forbidden"
    with pytest.raises(Refused):
        server.connect(YOU, protocol="broadcast", query={"ticket": ticket})


@pytest.mark.parametrize("more, words", [
    ({"channels": ["a b"]}, "channels: entry 1: expected a channel name"),
    ({"channels": ["a**"]}, "channels: entry 1: expected a channel name"),
    ({"channels": "acme:*"}, "channels: expected"),
    ({"clients": ["a", "\x7f"]}, "clients: entry 2: expected a client id"),
    ({"client": ["a"]}, "client: unknown key; did you mean clients?"),
])
def test_an_invalid_pattern_prevents_the_start(tmp_path, more, words):
    file = tmp_path / "peal.json"
    file.write_text(json.dumps({"api": {"keys": [
        key_of("a", "publish", **more)]}}))
    done = run_peal("--config", str(file), "--check-config")
    assert done.returncode == 2 and words in done.stderr


def test_the_printed_config_can_be_read_again(tmp_path):
    file = tmp_path / "peal.json"
    file.write_text(json.dumps(CONFIG))
    printed = run_peal("--config", str(file), "--print-config").stdout
    keys = {key["name"]: key for key in json.loads(printed)["api"]["keys"]}
    assert keys["acme"]["channels"] == ["acme:*", "news"]
    assert keys["channels-only"]["clients"] == []
    assert keys["boss"]["channels"] == keys["boss"]["clients"] == ["*"]
    file.write_text(printed)
    assert run_peal("--config", str(file), "--print-config").stdout == printed
