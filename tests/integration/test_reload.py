"""SIGHUP: rereads the config and applies changes to open connections."""

import json
import re
import shutil
import signal
import threading
import time

import pytest

from support import tls
from support.api import api_request, ask
from support.patience import seconds, wait_until
from support.tokens import SECRET, WITH_AUTH, make_token
from support.websocket import Refused

OTHER_SECRET = "another-secret-of-more-than-32-bytes"


def reload(server, changes=None, text=None, expect="Config reloaded"):
    """Writes a changed config and waits for the expected log line."""
    file = server.folder / "peal.json"
    config = json.loads(file.read_text()) if text is None else None
    for key, value in (changes or {}).items():
        section, _, name = key.rpartition(".")
        (config.setdefault(section, {}) if section else config)[name] = value
    file.write_text(json.dumps(config) if text is None else text)
    before = len(server.log_lines(expect))
    server.signal(signal.SIGHUP)
    return wait_until(lambda: server.log_lines(expect)[before:],
                      what=expect)[0]


def is_let_in(server, *args, **options):
    try:
        server.connect(*args, **options).drop()
        return True
    except Refused:
        return False


def test_without_a_change_nothing_happens(peal):
    server = peal()
    client = server.join("alice", "room")
    assert "changed" not in reload(server)
    assert client.ask({"type": "ping"})["type"] == "pong"
    assert not server.log_lines("Restart needed")


def test_a_new_secret_applies_to_handshakes_and_refreshes(peal):
    server = peal(config=WITH_AUTH)
    old, new = make_token("alice"), make_token("alice", secret=OTHER_SECRET)
    client = server.join("alice", "room", token=old)
    assert not is_let_in(server, token=new)
    line = reload(server, {"auth.secret": OTHER_SECRET})
    assert "changed=auth.secret" in line
    assert SECRET not in server.log() and OTHER_SECRET not in server.log()
    assert not is_let_in(server, token=old)
    assert is_let_in(server, token=new)
    assert client.ask({"type": "refresh", "token": new})["type"] != "error"
    assert client.ask({"type": "refresh", "token": old})["type"] == "error"


def test_a_key_set_is_read_again(peal, tmp_path):
    from support.tokens import base64url
    file = tmp_path / "keys.json"

    def write(secret):
        file.write_text(json.dumps({"keys": [
            {"kty": "oct", "k": base64url(secret.encode())}]}))

    write(SECRET)
    server = peal(config={"auth": {"jwks_file": str(file)}})
    new = make_token("alice", secret=OTHER_SECRET)
    assert is_let_in(server, token=make_token("alice"))
    assert not is_let_in(server, token=new)
    write(OTHER_SECRET)
    reload(server)
    assert is_let_in(server, token=new)
    assert not is_let_in(server, token=make_token("alice"))


def test_origins_change_for_sockets_and_for_pages(peal):
    server = peal(config={"origins": ["https://one.example"]})
    one, two = [[("Origin", f"https://{name}.example")]
                for name in ("one", "two")]
    assert is_let_in(server, headers=one) and not is_let_in(server,
                                                            headers=two)
    reload(server, {"origins": ["https://two.example"]})
    assert is_let_in(server, headers=two) and not is_let_in(server,
                                                            headers=one)
    answer = server.request("/health", headers=two)
    assert answer.headers["access-control-allow-origin"] == \
        "https://two.example"


def test_limits_change_for_open_connections(peal):
    server = peal()
    client = server.connect(protocol="echo")
    client.send("x" * 1000)
    assert len(client.receive_data()) > 1000
    line = reload(server, {"limits.message_bytes": 500,
                           "limits.connections_per_client": 1})
    assert ("changed=limits.message_bytes,limits.connections_per_client"
            in line)
    assert not is_let_in(server)
    client.send("x" * 500)
    assert len(client.receive_data()) > 500
    client.send("x" * 501)
    assert client.wait_close() == 1009


def test_a_new_connection_receives_the_new_limits(peal):
    server = peal()

    def announced():
        return server.connect(path="/ws/alice?hello=1", protocol="broadcast"
                              ).receive()["limits"]["messages_per_second"]
    assert announced() == 100
    reload(server, {"limits.messages_per_second": 70})
    assert announced() == 70


def test_the_log_changes_level_and_format(peal):
    server = peal(config={"log": {"level": "error"}}, is_quiet=True)
    reload(server, {"log.level": "info", "log.format": "json"},
           expect='"message":"Config reloaded"')
    server.connect().drop()
    assert server.wait_log('"message":"Client alice disconnected"')


@pytest.mark.parametrize("text, reason", [
    ("{", "peal.json"),
    ('{"limits": {"message_bytes": 0}}', "limits.message_bytes"),
    ('{"limts": {}}', "limts"),
    ('{"auth": {"key_file": "/nowhere.pem"}}', "auth.key_file"),
])
def test_an_invalid_config_changes_nothing_and_is_explained(peal, text,
                                                            reason):
    server = peal(config={**WITH_AUTH, "limits": {"message_bytes": 100}})
    client = server.connect(protocol="echo", token=make_token("alice"))
    line = reload(server, text=text, expect="Config reload failed")
    assert "level=error" in line and reason in line
    client.send("x" * 101)
    assert client.wait_close() == 1009
    assert is_let_in(server, token=make_token("alice"))
    assert not is_let_in(server)


RELOADED = "peal_config_last_reload_successful"
SINCE = "peal_config_last_reload_success_timestamp_seconds"


def test_metrics_show_the_last_reload(peal):
    server = peal()
    good = (server.folder / "peal.json").read_text()
    start = server.metric(SINCE)
    assert server.metric(RELOADED) == 1
    assert abs(start - time.time()) < seconds(10)
    time.sleep(1.1)
    reload(server, text="{", expect="Config reload failed")
    server.wait_metric(RELOADED, 0)
    assert server.metric(SINCE) == start
    reload(server, text=good.replace("{", '{"origins": ["*"], ', 1))
    server.wait_metric(RELOADED, 1)
    assert server.metric(SINCE) > start


def test_settings_that_need_a_restart_are_named_and_kept(peal):
    server = peal()
    line = reload(server, {"port": 1, "ping_seconds": 60,
                           "limits.connections": 7, "redis.url":
                           "redis://:secret@127.0.0.1:1"},
                  expect="Restart needed for some changes")
    assert "keys=ping_seconds,limits.connections,redis.url" in line
    assert "secret" not in server.log()
    assert server.is_alive()
    # ignored changes are logged each time, applied ones once
    reload(server, {"limits.channels": 5})
    assert "changed" not in reload(server)
    server.wait_log_count("Restart needed for some changes", 3)


def test_auth_cannot_be_removed_beyond_loopback(peal):
    server = peal(config={**WITH_AUTH, "host": "0.0.0.0"})
    line = reload(server, text=json.dumps({"host": "127.0.0.1"}),
                  expect="Config reload failed")
    assert "is reachable from other machines" in line
    assert not is_let_in(server)


def test_certificates_are_read_again(peal, tmp_path):
    first = tls.make_certificates(tmp_path / "first")
    second = tmp_path / "second"
    second.mkdir()
    shutil.copy(first / "ca.pem", second)
    shutil.copy(first / "ca.key", second)
    tls.make_certificates(second)
    server = peal(config={"tls": tls.server_keys(first)})
    server.context = tls.client_context(first)
    client = server.join("alice", "room")

    def serial():
        return server.socket().socket.getpeercert()["serialNumber"]

    old = serial()
    changes = {f"tls.{name}": path
               for name, path in tls.server_keys(second).items()}
    assert "changed=tls.cert,tls.key" in reload(server, changes)
    new = serial()
    assert new != old
    assert client.ask({"type": "ping"})["type"] == "pong"
    # an invalid pair prevents all changes, including the new secret
    line = reload(server, {"tls.key": str(first / "server.key"),
                           "limits.message_bytes": 1},
                  expect="Config reload failed")
    assert "tls.key" in line
    assert serial() == new
    assert client.ask({"type": "ping"})["type"] == "pong"


def test_enabling_tls_needs_a_restart(peal):
    server = peal(plain=True)
    changes = {f"tls.{name}": path
               for name, path in tls.server_keys().items()}
    line = reload(server, changes, expect="Restart needed for some changes")
    assert "keys=tls.cert,tls.key" in line
    assert server.is_alive()


def test_a_reload_under_load_is_safe(peal):
    """For the race detector: handshakes, refreshes and limits on all workers
    during repeated reloads."""
    server = peal(config={**WITH_AUTH, "limits": {"messages_per_second": 0}})
    is_over = threading.Event()
    failures = []

    def use(name):
        try:
            token = make_token(name)
            client = server.join(name, "room", token=token)
            while not is_over.is_set():
                answer = client.ask({"type": "refresh", "token": token})
                assert answer["type"] != "error", answer
                server.connect(name, token=token).drop()
        except Exception as error:  # reported by the test's main thread
            failures.append(error)

    users = [threading.Thread(target=use, args=(f"user{i}",))
             for i in range(4)]
    for user in users:
        user.start()
    for i in range(15):
        reload(server, {"limits.message_bytes": 10000 + i})
    is_over.set()
    for user in users:
        user.join(seconds(10))
    assert not failures


def test_sighup_while_draining_is_not_a_second_signal(peal):
    server = peal(config={"drain_seconds": 1})
    client = server.connect(protocol="broadcast")
    server.signal(signal.SIGTERM)
    server.wait_log("Draining")
    server.signal(signal.SIGHUP)
    assert client.wait_close() == 1012
    assert not server.log_lines("stopping immediately")


def test_api_keys_and_limits_are_read_again(peal):
    import test_api_keys as keys
    good = {"channel": "room", "payload": 1}

    def status(key, body=None):
        return ask(server, "/api/publish", body or good, key=key).status

    server = peal({"api": {"keys": [keys.key_of("old", "publish")]}})
    raw = server.socket()  # a connection kept during the change
    raw.send(api_request("/api/publish", good, key="key-of-old"))
    assert raw.response().status == 200
    assert status("key-of-new") == 401
    line = reload(server, {"api.keys": [keys.key_of("new", "publish")],
                           "limits.body_bytes": 100})
    assert "api.keys" in line and "limits.body_bytes" in line
    assert not server.log_lines("Restart needed")
    assert status("key-of-new") == 200
    assert status("key-of-new", {**good, "payload": "x" * 100}) == 413
    raw.send(api_request("/api/publish", good, key="key-of-old"))
    assert raw.response().status == 401
    line = reload(server, text='{"api": {"keys": [{"name": "x"}]}}',
                  expect="Config reload failed")
    assert "hash is missing" in line
    assert status("key-of-new") == 200


def test_api_keys_change_under_load(peal):
    import test_api_keys as keys
    both = [keys.key_of("a", "publish"), keys.key_of("b", "publish")]
    server = peal({"api": {"keys": both},
                   "limits": {"refusals_per_second": 0}})
    seen = set()
    ends = threading.Event()

    def work():
        raw = server.socket()
        while not ends.is_set():
            raw.send(api_request("/api/publish",
                                 {"channel": "room", "payload": 1},
                                 key="key-of-a"))
            seen.add(raw.response().status)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        reload(server, {"api.keys": both if number % 2 else both[1:]})
    ends.set()
    for thread in threads:
        thread.join()
    assert seen <= {200, 401} and 200 in seen


def test_the_key_of_dev_stays_the_same(peal):
    server = peal(args=["--dev"])
    key = re.search(r"peal_[0-9a-f]{32}", server.log())[0]
    good = {"channel": "room", "payload": 1}
    assert ask(server, "/api/publish", good, key=key).status == 200
    assert "changed" not in reload(server)
    assert not server.log_lines("Restart needed")
    assert ask(server, "/api/publish", good, key=key).status == 200
