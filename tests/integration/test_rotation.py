"""Secrets are replaced step by step as in conf/README.md, from files reread by
a reload; no step refuses a client."""

import base64
import hashlib
import json
import signal

import pytest

from support.api import ask
from support.application import hooks
from support.patience import wait_until
from support.program import run_peal
from support.tokens import make_token
from support.websocket import Refused

OLD = "the-former-secret-of-more-than-32-bytes"
NEW = "the-coming-secret-of-more-than-32-bytes"


def reload(server, name=None, value=None):
    """Writes the value to the named file, if any, and reloads."""
    if name:
        (server.folder / name).write_text(value + "\n")
    count = len(server.log_lines("Config reloaded"))
    server.signal(signal.SIGHUP)
    wait_until(lambda: len(server.log_lines("Config reloaded")) > count)


def configure(server, section, **values):
    """Changes the config without a reload."""
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    config.setdefault(section, {}).update(values)
    file.write_text(json.dumps(config))


@pytest.fixture
def start(peal, tmp_path):
    """A server with its secrets in files."""
    def begin(key, config):
        name = key.rpartition(".")[2]
        (tmp_path / name).write_text(OLD)
        variable = "PEAL_" + key.upper().replace(".", "_") + "_FILE"
        server = peal(config=config, env={variable: str(tmp_path / name)})
        server.folder, folder = tmp_path, server.folder
        (tmp_path / "peal.json").symlink_to(folder / "peal.json")
        return server
    return begin


# --- tokens

def lets_in(server, secret):
    try:
        server.connect("alice", token=make_token("alice", secret=secret)).end()
        return True
    except Refused:
        return False


def key_set(*secrets):
    return json.dumps({"keys": [
        {"kty": "oct", "alg": "HS256", "k": base64.urlsafe_b64encode(
            secret.encode()).rstrip(b"=").decode()} for secret in secrets]})


def test_the_secret_of_tokens(start, tmp_path):
    server = start("auth.secret", {})
    steps = [lets_in(server, OLD)]
    # 1. add the new one
    (tmp_path / "keys.json").write_text(key_set(NEW))
    configure(server, "auth", jwks_file=str(tmp_path / "keys.json"))
    reload(server)
    steps += [lets_in(server, OLD), lets_in(server, NEW)]
    # 2. the issuer signs with the new one; 3. remove the old one
    configure(server, "auth", jwks_file=None)
    reload(server, "secret", NEW)
    steps += [lets_in(server, NEW)]
    assert steps == [True] * 4
    assert not lets_in(server, OLD)
    assert not server.log_lines("Restart needed")


# --- the API

def test_the_key_of_backends(start):
    server = start("api.key", {})
    channels = "/api/channels"
    steps = [ask(server, channels, key=OLD).status]
    # 1. add the new one
    digest = hashlib.sha256(NEW.encode()).hexdigest()
    configure(server, "api", keys=[{"name": "next", "scopes": ["admin"],
                                    "hash": "sha256:" + digest}])
    reload(server)
    steps += [ask(server, channels, key=key).status for key in (OLD, NEW)]
    # 2. backends use the new one; 3. remove the old one
    configure(server, "api", keys=[])
    reload(server, "key", NEW)
    steps += [ask(server, channels, key=NEW).status]
    assert steps == [200] * 4
    assert ask(server, channels, key=OLD).status == 401


# --- the application

def test_the_secret_of_hooks(start, application):
    """Calls have two signatures; the application needs one of the secrets."""
    application.secret = OLD
    server = start("hooks.secret", {"hooks": {
        **hooks(application, questions=["connect"], events=["connected"]),
        "secret": None}})
    server.connect("a").end()
    # 1. sign calls with both; 2. the application uses the new one
    configure(server, "hooks", old_secret=OLD)
    reload(server, "secret", NEW)
    server.connect("b").end()
    application.secret = NEW
    server.connect("c").end()
    # 3. remove the old one
    configure(server, "hooks", old_secret=None)
    reload(server)
    server.connect("d").end()
    application.wait_events(4)
    assert application.problems == []
    assert OLD not in server.log() and NEW not in server.log()


def test_a_removed_secret_signs_nothing(start, application):
    server = start("hooks.secret", {"hooks": {
        **hooks(application, questions=["connect"]), "secret": None}})
    application.secret = OLD
    reload(server, "secret", NEW)
    server.connect("a").end()
    assert "bad signature" in application.problems.pop()
    application.problems.clear()
    application.secret = NEW
    server.connect("b").end()
    assert application.problems == []


def test_an_old_secret_alone_is_refused():
    result = run_peal("--check-config", env={
        "PEAL_HOOKS_OLD_SECRET": OLD,
        "PEAL_HOOKS_URL": "http://127.0.0.1:1/", "PEAL_HOOKS_EVENTS":
        "connected"})
    assert result.returncode == 2
    assert "hooks.secret" in result.stderr
