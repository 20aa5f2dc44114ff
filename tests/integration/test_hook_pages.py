"""The examples of protocols/webhooks.md work unchanged; invalid hook configs
are rejected."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from support import patience
from support.application import SECRET
from support.ports import free_port
from support.program import run_peal
from support.raw import request_text
from support.server import ROOT
from support.websocket import handshake_headers

KEY = "the secret of the readme"


def blocks(language):
    section = re.search(r"^## Set up a hook.*?(?=^## )",
                        (ROOT / "protocols/webhooks.md").read_text(), re.M | re.S)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.S)


@pytest.fixture
def port(tmp_path):
    """The port of the page's application."""
    number = free_port()
    program, = blocks("python")
    file = tmp_path / "application.py"
    file.write_text(program.replace("9000", str(number)))
    with open(tmp_path / "told", "wb") as out:
        process = subprocess.Popen([sys.executable, str(file)], stdout=out,
                                   env={**os.environ,
                                        "PEAL_HOOKS_SECRET": KEY})

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", number)) == 0

    patience.wait_until(listens, 10, what="the example to listen")
    yield number
    process.kill()
    process.wait()


def test_the_example_of_the_readme(peal, port, tmp_path):
    config, = blocks("json")
    server = peal(json.loads(config.replace("9000", str(port))),
                  env={"PEAL_HOOKS_SECRET": KEY})
    alice = server.join("alice")
    assert alice.ask({"type": "broadcast", "payload": "hello"})["type"] == \
        "broadcastResult"
    refused = alice.ask({"type": "broadcast", "payload": "rude"})
    assert (refused["code"], refused["message"]) == ("refused", "be nice")
    alice.end()
    patience.wait_until(
        lambda: len((tmp_path / "told").read_text().splitlines()) == 4,
        what="the events of alice")
    assert sorted((tmp_path / "told").read_text().splitlines()) == [
        "connected alice", "disconnected alice", "member_added alice",
        "member_removed alice"]


def test_the_example_refuses_a_wrong_secret(peal, port):
    config, = blocks("json")
    server = peal(json.loads(config.replace("9000", str(port))),
                  env={"PEAL_HOOKS_SECRET": "another secret than that"})
    assert server.request("/health").status == 200
    alice = server.socket()
    alice.send(request_text("/ws/alice", headers=handshake_headers()))
    assert alice.response().status == 503
    assert "401" in server.wait_log("Webhook unanswered")


URL = {"url": "http://127.0.0.1:1/", "secret": SECRET, "events": ["connected"]}


@pytest.mark.parametrize("hooks, complaint", [
    ({"url": "ftp://x/"}, "hooks.url: expected http://host/path or https://"),
    ({"url": "127.0.0.1:8000/"}, "hooks.url: expected http://"),
    ({"url": "file:///etc/passwd"}, "hooks.url: expected http://"),
    ({"url": "http://"}, "hooks.url: expected http://"),
    ({"url": "http://a:b@host/"}, "without user"),
    ({"url": "https://host/#x"}, "without user or fragment"),
    ({"url": "http://host:99999/"}, "hooks.url: expected http://"),
    ({"url": ""}, "hooks.url: expected a non-empty string"),
    ({"secret": None}, "hooks.url: must be set together with hooks.secret "
     "(PEAL_HOOKS_SECRET)"),
    ({"secret": "short"}, "hooks.secret: expected 16 characters or more"),
    ({"events": []}, "hooks.questions or hooks.events"),
    ({"events": ["conected"]}, "hooks.events: entry 1: expected one of "
     "connected, "),
    ({"questions": ["Connect"]}, "hooks.questions: entry 1: expected "
     "one of connect, subscribe, publish"),
    ({"url": None}, "hooks.events: must be set together with hooks.url"),
    ({"url": None, "events": [], "questions": ["connect"]},
     "hooks.questions: must be set together with hooks.url"),
    ({"ca": "/nowhere.pem"}, "hooks.ca: /nowhere.pem: expected PEM"),
    ({"publish_channels": ["a b"]}, "hooks.publish_channels: entry 1: "
     "expected a channel name"),
    ({"publish_channels": []}, "hooks.publish_channels: expected a list"),
    ({"subscribe_channels": ["a*b"]}, "hooks.subscribe_channels"),
    ({"connect_headers": ["x-mine"]}, "hooks.connect_headers: entry 1: "
     "expected one of cookie, authorization, user-agent"),
    ({"on_failure": "ignore"}, "hooks.on_failure: expected"),
    ({"retry_ms": 500, "retry_max_ms": 100}, "hooks.retry_max_ms: expected at "
     "least hooks.retry_ms (500), got 100"),
    ({"timeout_ms": 0}, "hooks.timeout_ms: expected"),
    ({"batch": 1}, "batch"),
])
def test_a_mistake_prevents_the_start(tmp_path, hooks, complaint):
    file = tmp_path / "peal.json"
    config = {name: value for name, value in {**URL, **hooks}.items()
              if value is not None}
    file.write_text(json.dumps({"hooks": config}))
    done = run_peal("--config", str(file), "--check-config")
    assert done.returncode == 2, done.stderr
    assert complaint in done.stderr
    assert SECRET not in done.stderr


def test_the_secret_is_masked_and_has_no_flag(tmp_path):
    file = tmp_path / "peal.json"
    file.write_text(json.dumps({"hooks": URL}))
    printed = run_peal("--config", str(file), "--print-config")
    assert printed.returncode == 0
    assert SECRET not in printed.stdout
    assert run_peal("--hooks.secret", SECRET).returncode == 2


def test_a_reload_says_that_hooks_need_a_restart(peal):
    server = peal({"hooks": URL})
    file = server.folder / "peal.json"
    config = json.loads(file.read_text())
    config["hooks"]["batch_ms"] = 777
    file.write_text(json.dumps(config))
    server.signal(signal.SIGHUP)
    line = server.wait_log("Restart needed for some changes")
    assert "hooks.batch_ms" in line
