"""API keys: scopes, rates, and refusals."""

import hashlib
import json
import re
import time

import pytest

from support.api import KEY, WITH_KEY, ask, publish
from support.patience import seconds
from support.program import run_peal
from support.server import ROOT
from support.tokens import WITH_AUTH, make_token

GOOD = {"channel": "room", "payload": 1}


def key_of(name, *scopes, **more):
    """A key for the config; its plain text is key-of-<name>."""
    digest = hashlib.sha256(f"key-of-{name}".encode()).hexdigest()
    return {"name": name, "hash": "sha256:" + digest,
            "scopes": list(scopes), **more}


REQUESTS = {
    "publish": [("/api/publish", GOOD),
                ("/api/broadcast", {"channels": ["a"], "payload": 1})],
    "send": [("/api/send", {"client": "bob", "payload": 1})],
    "disconnect": [("/api/disconnect", {"client": "bob"}),
                   ("/api/unsubscribe", {"client": "bob", "channel": "a"})],
    "presence": [("/api/channels/room/presence", None)],
    "history": [("/api/channels/room/history", None)],
    "channels": [("/api/channels", None)],
    "tickets": [("/api/tickets", {"client": "bob"})],
    "bans": [("/api/ban", {"address": "192.0.2.1"}),
             ("/api/unban", {"address": "192.0.2.1"}), ("/api/bans", None)],
    "clients": [("/api/clients/bob", None), ("/api/refusals", None)],
}


# admin only; checked per command, see below
UNTRIED = {"/api/dashboard", "/api/batch"}


def test_every_route_is_tried():
    doc = json.loads((ROOT / "web" / "openapi.json").read_text())
    tried = {path for requests in REQUESTS.values() for path, _ in requests}
    paths = {path for path in doc["paths"] if path.startswith("/api/")}
    for pattern in paths - UNTRIED:
        known = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern))
        assert any(re.fullmatch(known, path) for path in tried), pattern


@pytest.fixture(scope="module")
def api(start_shared):
    keys = [key_of(scope, scope) for scope in REQUESTS]
    return start_shared({"api": {"keys": keys + [
        key_of("boss", "admin"), key_of("two", "publish", "history")]}})


@pytest.mark.parametrize("scope", REQUESTS)
def test_a_key_may_do_exactly_what_its_scopes_allow(api, scope):
    for other, requests in REQUESTS.items():
        for path, body in requests:
            response = ask(api, path, body, key=f"key-of-{scope}")
            assert response.status == (200 if other == scope else 403), path
            if other != scope:
                assert response.json == {
                    "error": "The key does not allow this"}


def test_admin_may_do_everything(api):
    for requests in REQUESTS.values():
        for path, body in requests:
            assert ask(api, path, body, key="key-of-boss").status == 200


def test_a_batch_is_checked_per_command(api):
    commands = [{"command": "publish", **GOOD},
                {"command": "send", "client": "bob", "payload": 1},
                {"command": "history", "channel": "room"}]
    results = ask(api, "/api/batch", {"commands": commands},
                  key="key-of-two").json["results"]
    assert [result.get("status", 200) for result in results] == [200, 403, 200]


@pytest.mark.parametrize("value, words", [
    (None, "required"), ("", "required"), ("Bearer", "required"),
    ("Bearer ", "required"), ("Basic a2V5LW9mLWJvc3M=", "required"),
    ("key-of-boss", "required"), ("Bearer key-of-bos", "Unknown"),
    ("Bearer key-of-boss2", "Unknown"), ("Bearer KEY-OF-BOSS", "Unknown"),
    ("Bearer " + "x" * 5000, "Unknown"),
])
def test_without_a_valid_key_it_is_401(api, value, words):
    response = ask(api, "/api/publish", GOOD,
                   headers=[("Authorization", value)])
    assert response.status == 401
    assert words in response.json["error"]
    assert response.headers["www-authenticate"] == "Bearer"


def test_the_hash_is_not_a_key(api):
    digest = hashlib.sha256(b"key-of-boss").hexdigest()
    for key in (digest, "sha256:" + digest):
        assert ask(api, "/api/publish", GOOD, key=key).status == 401


def test_the_scheme_may_be_lower_case(api):
    assert ask(api, "/api/publish", GOOD, headers=[
        ("Authorization", "bearer key-of-boss")]).status == 200


def test_the_plain_key_works_with_the_others(peal):
    server = peal({"api": {"keys": [key_of("one", "send")]}},
                  env={"PEAL_API_KEY": KEY})
    assert publish(server, "room", 1)["offset"] == 1
    assert ask(server, "/api/publish", GOOD, key="key-of-one").status == 403


def test_without_a_key_the_api_is_off_and_explains_how_to_enable_it(shared):
    for key in (None, KEY, ""):
        response = ask(shared, "/api/publish", GOOD, key=key)
        assert response.status == 401
        assert "PEAL_API_KEY" in response.json["error"]


def test_a_clients_token_is_not_a_key(peal):
    server = peal({**WITH_AUTH, **WITH_KEY})
    assert ask(server, "/api/publish", GOOD, key=make_token()).status == 401


@pytest.mark.parametrize("config, key", [
    ({"keys": [key_of("slow", "publish", requests_per_second=5)]},
     "key-of-slow"),
    ({"key": KEY, "requests_per_second": 5}, KEY)])
def test_a_key_has_its_rate(peal, config, key):
    server = peal({"api": config})
    statuses = [ask(server, "/api/publish", GOOD, key=key).status
                for _ in range(100)]
    assert statuses[:5] == [200] * 5
    assert 429 in statuses and set(statuses) == {200, 429}
    while ask(server, "/api/publish", GOOD, key=key).status == 200:
        pass
    response = ask(server, "/api/publish", GOOD, key=key)
    assert response.status in (200, 429)
    if response.status == 429:
        assert response.headers["retry-after"] == "1"
        assert response.json == {"error": "Too many requests with this key"}
    name = 'peal_limit_reached_total{limit="api_requests_per_second"}'
    assert server.metric(name) >= statuses.count(429)
    time.sleep(seconds(1.1))
    assert ask(server, "/api/publish", GOOD, key=key).status == 200


@pytest.mark.parametrize("keys, words", [
    ([{}], "key 1: name is missing"),
    ([{"name": "a", "hash": "sha256:12", "scopes": ["publish"]}],
     "key 1: hash: expected sha256: and 64"),
    ([{**key_of("a", "publish"), "hash": None}], "key 1: hash is missing"),
    ([key_of("a")], "key 1: scopes: expected a list of publish"),
    ([key_of("a", "publsh")],
     "key 1: scopes: entry 1: expected one of publish"),
    ([{**key_of("a", "publish"), "scope": []}], "key 1: scope: unknown key; did you mean scopes?"),
    ([key_of("a", "publish"), key_of("a", "send")], "key 2: its name or hash"),
    ([key_of("a", "publish"), {**key_of("a", "send"), "name": "b"}],
     "key 2: its name or hash"),
    ({}, "expected a list of keys"),
])
def test_an_invalid_key_in_the_config_prevents_the_start(tmp_path, keys,
                                                         words):
    file = tmp_path / "peal.json"
    file.write_text(json.dumps({"api": {"keys": keys}}))
    done = run_peal("--config", str(file), "--check-config")
    assert done.returncode == 2
    assert "api.keys: " in done.stderr and words in done.stderr


@pytest.mark.parametrize("key", ["short", "x" * 257, "with a blank in it, long"])
def test_a_weak_key_prevents_the_start_and_is_not_shown(key):
    done = run_peal("--check-config", env={"PEAL_API_KEY": key})
    assert done.returncode == 2
    assert "PEAL_API_KEY: expected 16 to 256" in done.stderr
    assert key not in done.stderr


def test_the_key_is_masked_when_the_config_is_printed():
    done = run_peal("--print-config", env={"PEAL_API_KEY": KEY})
    assert KEY not in done.stdout
    assert '"key": "***"' in done.stdout
