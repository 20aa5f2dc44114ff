"""Client ids are UTF-8 without control characters; no id is mistaken for
another one or for a pattern."""

import base64
import json
import re
import subprocess
from collections import Counter
from urllib.parse import quote

import pytest

from support import patience
from support.api import KEY, WITH_KEY, ask, tell
from support.application import hooks
from support.events import Stream
from support.names import IDS, NOT_IDS, RULE
from support.server import clean_environment, find_program
from support.tokens import SECRET, WITH_AUTH, make_token
from support.websocket import Refused
from test_dashboard import ROWS, feed_of, look
from test_log import fields
from test_remote_commands import flags_for

MANY = {"limits": {"messages_per_second": 0, "connections": 500}}


@pytest.fixture(scope="module")
def open_server(start_shared):
    return start_shared({**MANY, **WITH_KEY})


@pytest.fixture(scope="module")
def gated(start_shared):
    return start_shared({**MANY, **WITH_AUTH, **WITH_KEY})


@pytest.mark.parametrize("client", IDS)
def test_an_id_is_the_same_everywhere(gated, client):
    """With tokens and tickets, as sender, receiver and member, and in the
    API."""
    caps = [{"channels": ["room"], "allow": ["sub", "pub", "prs", "hst"]},
            {"clients": [client], "allow": ["dir"]}]
    alice = gated.join(client, "room",
                       token=make_token(client, caps=caps))
    ticket = tell(gated, "/api/tickets", {"client": client})["ticket"]
    again = gated.connect(client, ["room"], {"ticket": ticket},
                          protocol="broadcast")
    again.receive_type("subscribed")
    assert alice.ask({"type": "presence", "channel": "room"})["clients"] == [
        {"client": client, "connections": 2}]
    assert tell(gated, "/api/channels/room/presence")["clients"] == [
        {"client": client, "connections": 2}]

    alice.send({"type": "broadcast", "channel": "room", "payload": 1})
    assert again.receive_type("broadcast")["from"] == client
    assert alice.ask({"type": "history", "channel": "room"})[
        "messages"][-1]["from"] == client
    answer = alice.ask({"type": "direct", "to": client, "payload": 2})
    assert (answer["to"], answer["connectionCount"]) == (client, 2)
    assert again.receive_type("direct")["from"] == client
    assert tell(gated, "/api/send", {"client": client, "payload": 3}) == {
        "client": client, "connectionCount": 2}
    assert again.receive_type("direct")["payload"] == 3

    assert tell(gated, "/api/unsubscribe", {
        "client": client, "channel": "room"})["connectionCount"] == 2
    assert again.receive_type("unsubscribed")["channel"] == "room"
    assert tell(gated, "/api/disconnect", {"client": client}) == {
        "client": client, "connectionCount": 2, "instances": 1}
    assert [each.wait_close() for each in (alice, again)] == [4403] * 2


@pytest.mark.parametrize("client", IDS)
def test_an_id_has_a_stream(open_server, client):
    stream = Stream(open_server, client, ["room"])
    stream.join()
    assert tell(open_server, "/api/send", {"client": client, "payload": 7})[
        "connectionCount"] == 1
    assert stream.receive("direct").data["payload"] == 7
    stream.close()
    open_server.wait_metric("peal_connections", 0)


def test_ids_are_compared_as_bytes(open_server):
    """All are connected at once; each gets only its own message."""
    clients = {client: open_server.connect(client, [""], protocol="broadcast")
               for client in IDS}
    for number, client in enumerate(IDS):
        assert tell(open_server, "/api/send", {
            "client": client, "payload": number})["connectionCount"] == 1
    for number, client in enumerate(IDS):
        assert clients[client].receive()["payload"] == number
    for client in clients.values():
        client.end()
    open_server.wait_metric("peal_connections", 0)


@pytest.mark.parametrize("endpoint", ["ws", "sse"])
@pytest.mark.parametrize("encoded", NOT_IDS)
def test_an_invalid_id_is_refused_with_its_position(open_server, endpoint,
                                                    encoded):
    path = f"/{endpoint}/{encoded}"
    if endpoint == "ws":
        with pytest.raises(Refused) as caught:
            open_server.connect(path=path)
        response = caught.value.response
    else:
        response = open_server.request(path)
    assert response.status == 400
    assert response.json == {
        "error": "Invalid client id",
        "reason": f"client id must be {RULE}; {NOT_IDS[encoded]}"}


@pytest.mark.parametrize("path", ["/ws/a/b", "/ws/alice/", "/ws//",
                                  "/ws/https://orcid.org/1", "/ws/a%2F/b"])
def test_a_slash_is_encoded(open_server, path):
    with pytest.raises(Refused) as caught:
        open_server.connect(path=path)
    assert caught.value.response.json == {
        "error": "Invalid client id",
        "reason": "write a / in a client id as %2F"}


def test_the_api_explains_an_invalid_name(open_server):
    for raw, flaw in [('"a\\u0000"', "found U+0000 at character 2"),
                      ('"\\n"', "found U+000A at character 1"),
                      ('"\u0085"', "found U+0085 at character 1"),
                      ('""', "it is empty"), ("7", "it is not a string"),
                      (json.dumps("x" * 500), "it has 500 bytes")]:
        for path, more in [("send", ',"payload":1'), ("disconnect", ""),
                           ("tickets", ""), ("dashboard", "")]:
            body = f'{{"client":{raw}{more}}}'.encode()
            response = ask(open_server, f"/api/{path}", body)
            assert (response.status, response.json) == (400, {
                "error": f"client must be {RULE}; {flaw}", "field": "client"})
    response = ask(open_server, "/api/publish",
                   {"channel": "caf\u00e9", "payload": 1})
    assert response.json["error"].endswith("; found U+00E9 at character 4")


def test_an_invalid_channel_is_refused_with_its_position(open_server):
    alice = open_server.connect("alice", ["b\u00fc"], protocol="broadcast")
    answer = alice.receive()
    assert answer["code"] == "bad_channel"
    assert answer["message"].endswith("; found U+00FC at character 2")
    for kind in ("subscribe", "unsubscribe", "broadcast", "history",
                 "presence"):
        answer = alice.ask({"type": kind, "channel": "a b"})
        assert answer["code"] == "bad_channel"
        assert answer["message"].endswith("; found U+0020 at character 2")
    alice.end()
    stream = Stream(open_server, "alice", ["a!"])
    assert stream.receive("error").data["message"].endswith(
        "; found U+0021 at character 2")
    stream.close()


# --- caps

def may_write_to(server, caps, sub="alice"):
    alice = server.connect(sub, [""], protocol="broadcast",
                           token=make_token(sub, caps=caps))

    def may(to):
        answer = alice.ask({"type": "direct", "to": to, "payload": 1})
        return answer["type"] == "directResult"

    return may


def test_a_star_in_an_id_is_not_a_pattern(gated):
    may = may_write_to(gated, [{"clients": ["b*", "*"], "allow": ["dir"]}])
    assert may("b*") and may("*")
    assert not may("bob") and not may("alice")
    may = may_write_to(gated, [{"channels": ["bob"], "allow": ["dir"]}])
    assert may("bob")
    assert not may("bob*") and not may("*")


def test_a_client_named_star_has_no_more_rights(gated):
    """With any prefix that its application adds."""
    for sub in ("*", "a*"):
        caps = [{"channels": [f"inbox:{sub}", "news:*"], "allow": ["sub"]},
                {"channels": [sub], "allow": ["dir"]}]
        ticket = tell(gated, "/api/tickets", {"client": sub, "caps": caps})
        for options in ({"token": make_token(sub, caps=caps)},
                        {"query": ticket}):
            client = gated.connect(sub, [""], protocol="broadcast", **options)
            answer = client.ask({"type": "subscribe", "channel": "inbox:alice"})
            assert answer["code"] == "forbidden"
            answer = client.ask({"type": "direct", "to": "alice", "payload": 1})
            assert answer["code"] == "forbidden"
            assert client.ask({"type": "direct", "to": sub, "payload": 1})[
                "type"] == "directResult"


# --- tickets

def test_a_ticket_of_a_client_opens_no_dashboard(open_server):
    """An id may look like the marker of another kind of ticket."""
    for client in ("*alice", "dalice", "d", "alice []", "alice\u00a0[]"):
        ticket = tell(open_server, "/api/tickets", {"client": client})["ticket"]
        for name in (client[1:] or "x", client, "alice"):
            with pytest.raises(Refused):
                open_server.connect(name, protocol="dashboard",
                                    query={"ticket": ticket})


def test_a_ticket_is_for_the_whole_id(gated):
    for client, other in [("alice [1]", "alice"), ("a b", "a"), ("a", "a b")]:
        ticket = tell(gated, "/api/tickets", {"client": client})["ticket"]
        with pytest.raises(Refused) as caught:
            gated.connect(other, query={"ticket": ticket})
        assert caught.value.response.status == 403


# --- tokens

def test_a_number_may_be_the_subject(gated):
    for number, client in [(42, "42"), (0, "0"), (10**30, str(10**30))]:
        gated.connect(client, token=make_token(number)).end()
        with pytest.raises(Refused) as caught:
            gated.connect("alice", token=make_token(number))
        assert caught.value.response.status == 403


@pytest.mark.parametrize("sub", [-1, 1.5, True, None, [], "a\nb", "",
                                 "x" * 129])
def test_another_subject_is_refused(gated, sub):
    with pytest.raises(Refused) as caught:
        gated.connect("alice", token=make_token(sub))
    assert caught.value.response.status == 401


def test_another_claim_may_name_the_client(peal):
    claim = "https://example.com/user"
    server = peal(config={
        **WITH_AUTH, "auth": {**WITH_AUTH["auth"], "client_claim": claim},
        "explain_refusals": False})
    token = make_token("somebody", **{claim: "auth0|7"})
    server.connect("auth0|7", token=token).end()
    for client, wrong, status in [
            ("somebody", token, 403),
            ("somebody", make_token("somebody"), 401),
            ("auth0|7", make_token("auth0|7", **{claim: ["auth0|7"]}), 401)]:
        with pytest.raises(Refused) as caught:
            server.connect(client, token=wrong)
        assert caught.value.response.status == status
    server.wait_log("auth.client_claim")


@pytest.mark.parametrize("claim", ["exp", "aud", "caps", "x" * 257])
def test_a_claim_that_cannot_name_a_client_is_refused(claim):
    done = subprocess.run(
        [find_program(), "--check-config", "--auth.client_claim", claim],
        env={**clean_environment(), "PEAL_AUTH_SECRET": SECRET},
        capture_output=True, text=True)
    assert done.returncode != 0
    assert "auth.client_claim: " in done.stderr


# --- hooks, logs, the dashboard, commands

def test_the_application_receives_any_id(peal, application):
    server = peal(config={**MANY, "hooks": hooks(
        application, questions=["connect", "subscribe", "publish"],
        events=["connected", "disconnected", "member_added",
                "member_removed"], batch_ms=10)})
    for client in IDS:
        alice = server.join(client, "room")
        alice.ask({"type": "broadcast", "payload": 1})
        alice.end()
    # a client's last event may come after the next client's first
    events = application.wait_events(4 * len(IDS))
    assert Counter(event["client"] for event in events) == \
        dict.fromkeys(IDS, 4)
    assert [question["client"] for question in application.asked("publish")
            ] == IDS


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_log_line_is_one_line(peal, form):
    server = peal(config={**MANY, "log": {"format": form}})
    for client in IDS:
        server.connect(client).end()
        server.wait_metric("peal_connections", 0)
    lines = patience.wait_until(
        lambda: (lambda found: len(found) == len(IDS) and found)(
            server.log_lines("disconnected")))
    read = fields if form == "text" else json.loads
    assert [read(line)["client"] for line in lines] == IDS
    for line in server.log_lines():
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028]", line)


def test_the_dashboard_shows_any_id(open_server):
    clients = [open_server.connect(client, [""], protocol="broadcast")
               for client in IDS]
    feed = feed_of(open_server)
    patience.wait_until(lambda: {
        row["client"] for row in look(feed, **ROWS)["connections"]
    } >= set(IDS))
    found = look(feed, connections={"limit": 100, "search": "orcid.org/"})
    assert [row["client"] for row in found["connections"]] == [
        "https://orcid.org/0000-0002"]
    for client in (*clients, feed):
        client.end()
    open_server.wait_metric("peal_connections", 0)


@pytest.mark.parametrize("client", IDS)
def test_commands_accept_any_id(gated, client):
    url = flags_for(gated)
    env = {**clean_environment(), "PEAL_API_KEY": KEY,
           "PEAL_AUTH_SECRET": SECRET}

    def run(*args):
        done = subprocess.run([find_program(), *args], env=env,
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    gated.connect(client, token=run("token", "--sub", client)).end()
    ticket = run("ticket", *url, "--client", client)
    gated.connect(client, query={"ticket": ticket}).end()
    done = subprocess.run([find_program(), "ticket", *url, "--client",
                           client[:1] + "\x01"], env=env, capture_output=True,
                          text=True)
    assert "found U+0001 at character 2" in done.stderr


def test_a_command_writes_the_claim_of_the_config(gated):
    env = {**clean_environment(), "PEAL_AUTH_SECRET": SECRET,
           "PEAL_AUTH_CLIENT_CLAIM": "email"}
    done = subprocess.run([find_program(), "token", "--sub", "a@b.c"], env=env,
                          capture_output=True, text=True)
    part = done.stdout.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=="))
    assert claims["email"] == "a@b.c" and "sub" not in claims


def test_a_path_may_be_encoded_more_than_necessary(open_server):
    every = "".join(f"%{byte:02X}" for byte in "jos\u00e9 x".encode())
    for path in (f"/ws/{every}", "/ws/" + quote("jos\u00e9 x", safe="")):
        client = open_server.connect(path=path + "?channel=",
                                     protocol="broadcast")
        assert tell(open_server, "/api/send", {
            "client": "jos\u00e9 x", "payload": 1})["connectionCount"] == 1
        client.end()
        open_server.wait_metric("peal_connections", 0)
