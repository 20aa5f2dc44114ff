"""The location of a client: GET /api/clients/<id> and `peal client`."""

import re
import time

import pytest

from support import tls
from support.api import KEY, WITH_KEY, ask, tell
from support.program import run_peal
from support.server import WORKERS
from test_api_keys import key_of


@pytest.fixture
def server(peal):
    return peal(WITH_KEY)


def show(server, client):
    return tell(server, f"/api/clients/{client}")


def run(server, *args, key=KEY, code=0):
    flags = ["--url", f"{tls.HTTP}://127.0.0.1:{server.port}"]
    if tls.ENABLED:
        flags += ["--ca", str(tls.common_certificates() / "ca.pem")]
    done = run_peal("client", *args, *flags,
                    env={"PEAL_API_KEY": key} if key else {})
    assert done.returncode == code, done
    return done


def test_an_absent_client_has_no_connections(server):
    assert show(server, "nobody") == {
        "client": "nobody", "connectionCount": 0, "connections": [],
        "instances": 1, "answered": 1}


def test_each_connection_has_a_row(server):
    before = time.time() * 1000
    server.join("alice", "room", "hall")
    server.connect("alice", protocol="echo")
    server.join("bob", "room")
    answer = show(server, "alice")
    assert (answer["client"], answer["connectionCount"]) == ("alice", 2)
    first, second = sorted(answer["connections"],
                           key=lambda row: row["protocol"])
    assert (first["protocol"], first["channels"]) == (
        "broadcast", ["room", "hall"])
    assert (second["protocol"], second["channels"]) == ("echo", [])
    assert first["id"] != second["id"]
    for row, count in ((first, 2), (second, 0)):
        assert re.fullmatch("[0-9]+-[0-9a-f]+", row["id"])
        assert row["address"] == "127.0.0.1"
        assert row["instance"].endswith(f":{server.port}")
        assert row["queueBytes"] == 0
        assert row["channelCount"] == count
        assert before - 1000 < row["since"] < time.time() * 1000 + 1000


def test_the_connections_of_all_workers_are_found(server):
    for _ in range(8 * WORKERS):
        server.connect("alice", protocol="echo")
    rows = show(server, "alice")["connections"]
    assert len(rows) == len({row["id"] for row in rows}) == 8 * WORKERS


def test_a_slow_readers_queue_is_shown(peal):
    server = peal({**WITH_KEY, "limits": {"outbox_bytes": 32 << 20,
                                          "message_bytes": 1 << 20,
                                          "outbox_messages": 1000}})
    alice = server.join("alice", "room")
    for _ in range(20):
        tell(server, "/api/publish", {"channel": "room",
                                      "payload": "x" * 900000})
    row = show(server, "alice")["connections"][0]
    assert 1 << 20 < row["queueBytes"] < 32 << 20
    alice.drop()


def test_rows_and_channels_are_limited(peal):
    server = peal({**WITH_KEY, "ping_seconds": 600,
                   "limits": {"channels_per_connection": 100}})
    server.join("carol", *(f"room-{i}" for i in range(60)))
    row = show(server, "carol")["connections"][0]
    assert (row["channelCount"], len(row["channels"])) == (60, 50)
    for _ in range(120):
        server.connect("alice", protocol="echo")
    answer = show(server, "alice")
    assert answer["connectionCount"] == 120
    assert 100 // WORKERS <= len(answer["connections"]) <= 100
    shown = run(server, "show", "alice").stdout
    assert f"and {120 - len(answer['connections'])} more" in shown
    assert "and 10 more" in run(server, "show", "carol").stdout


def test_every_id_can_be_queried(server):
    for client in ("a.b_c~d:e@f+g=h-", "x" * 128, "a b/c?d%e|f"):
        server.connect(client, protocol="echo")
        encoded = "".join(c if c.isalnum() else f"%{ord(c):02X}"
                          for c in client)
        assert show(server, encoded)["connectionCount"] == 1
        assert re.search("^connections +1$",
                         run(server, "show", client).stdout, re.M)


@pytest.mark.parametrize("path, status, words", [
    ("/api/clients/" + "x" * 129, 400, "client must be 1 to 128"),
    ("/api/clients/a%7F", 400, "client must be 1 to 128"),
    ("/api/clients/%FF", 400, "UTF-8"),
    ("/api/clients/", 404, "Not found"),
    ("/api/clients", 404, "Not found"),
])
def test_other_names_are_refused(server, path, status, words):
    response = ask(server, path)
    assert response.status == status and words in response.json["error"]


def test_it_needs_the_scope_clients(peal):
    server = peal({"api": {"keys": [
        key_of("support", "clients"), key_of("boss", "admin"),
        key_of("rest", "publish", "send", "presence", "history", "channels",
               "disconnect", "tickets")]}})
    for key, status in (("support", 200), ("boss", 200), ("rest", 403)):
        assert ask(server, "/api/clients/alice",
                   key=f"key-of-{key}").status == status
    batch = {"commands": [{"command": "client", "client": "alice"}]}
    for key, status in (("support", None), ("rest", 403)):
        result, = tell(server, "/api/batch", batch,
                       key=f"key-of-{key}")["results"]
        assert result.get("status") == status


def test_post_is_not_allowed(server):
    assert ask(server, "/api/clients/alice", {}).status == 405


def test_the_program_shows_a_client(server):
    server.join("alice", "room", "hall")
    lines = run(server, "show", "alice").stdout.splitlines()
    assert lines[0] == "connections  1"
    assert re.fullmatch(r"connection   [0-9]+-[0-9a-f]+", lines[1])
    assert lines[2].endswith(f":{server.port}")
    assert lines[3:5] == ["  address    127.0.0.1", "  protocol   broadcast"]
    assert re.fullmatch(r"  since +20..-..-..T..:..:..\....Z", lines[5])
    assert lines[6:] == ["  queue      0 bytes", "  channels   room",
                         "             hall"]


def test_the_program_disconnects_a_client(server):
    alice = server.join("alice", "room")
    done = run(server, "disconnect", "alice", "--reason", "so \"so\"")
    assert '"connectionCount":1' in done.stdout
    closed = alice.wait_closed()
    assert (closed.code, closed.reason) == (4403, 'so "so"')


@pytest.mark.parametrize("args, code, words", [
    ((), 2, "expected show, refusals, disconnect, ban"),
    (("sow", "a"), 2, "expected show, refusals, disconnect, ban"),
    (("ban",), 2, "the client's id, or --address, is missing"),
    (("ban", "a", "--ttl", "1h"), 2, "--ttl: expected"),
    (("ban", "a", "--address", "::1"), 1, "client or address is required"),
    (("show",), 2, "the client's id is missing"),
    (("show", "a", "b"), 2, 'unexpected "b"'),
    (("show", "--resaon", "b"), 2, "did you mean --reason?"),
    (("show", "a\x7f"), 1, "400: client must be"),
    (("disconnect", "a", "--reason", "x" * 200), 1, "400: reason must be"),
])
def test_wrong_arguments(server, args, code, words):
    done = run(server, *args, code=code)
    assert words in done.stderr and done.stderr.startswith("peal client: ")
    assert done.stdout == ""


def test_without_a_key_the_error_names_the_setting(server):
    assert "401" in run(server, "show", "a", key=None, code=1).stderr
