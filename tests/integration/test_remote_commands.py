"""`peal publish`, `ticket`, `tail` and `info` against a running server."""

import json
import re
import subprocess

import pytest

from support import tls
from support.api import KEY, WITH_KEY, publish, tell
from support.patience import seconds, wait_until
from support.program import run_peal
from support.server import clean_environment, find_program
from support.tokens import WITH_AUTH

WITH_BOTH = {**WITH_AUTH, **WITH_KEY}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(WITH_BOTH)


def flags_for(server):
    url = f"{tls.HTTP}://127.0.0.1:{server.port}"
    if not tls.ENABLED:
        return ["--url", url]
    return ["--url", url, "--ca", str(tls.common_certificates() / "ca.pem")]


def run(server, command, *args, key=KEY, code=0):
    done = run_peal(command, *flags_for(server), *args,
                    env={"PEAL_API_KEY": key} if key else {})
    assert done.returncode == code, done.stderr
    if code:
        assert done.stdout == ""
        assert re.fullmatch(rf"peal {command}: .*\n", done.stderr)
    return done


class Tail:
    """A running `peal tail`."""

    def __init__(self, server, *args, key=KEY):
        env = {**clean_environment(), **({"PEAL_API_KEY": key} if key else {})}
        self.process = subprocess.Popen(
            [find_program(), "tail", *flags_for(server), *args], env=env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, wait=False):
        if not wait:
            self.process.terminate()
        out, err = self.process.communicate(timeout=seconds(10))
        return [json.loads(line) for line in out.splitlines()], err


def wait_for_listener(server, channel):
    wait_until(lambda: channel in tell(server, "/api/channels")["channels"],
               what="the tail to subscribe")


@pytest.mark.parametrize("command", ["publish", "ticket", "tail", "client",
                                     "history", "presence",
                                     "info", "hash-key"])
def test_each_has_help_with_an_example(command):
    done = run_peal(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: peal {command}")
    assert f"peal {command} " in done.stdout.split("Usage", 1)[1].split(
        "\n", 1)[1]
    assert f"  {command} " in run_peal("--help").stdout


def test_publish_prints_the_position(server):
    client = server.connect("alice", ["told"], query={
        "protocol": "broadcast", "ticket": tell(
            server, "/api/tickets", {"client": "alice"})["ticket"]})
    client.receive_type("subscribed")
    done = run(server, "publish", "--channel", "told",
               '{"text": "hällo", "n": 12345678901234567890}')
    assert json.loads(done.stdout)["offset"] == 1
    assert '"payload":{"text": "hällo", "n": 12345678901234567890}' in (
        client.receive_data())


def test_publish_and_ticket_take_event_and_info(server):
    ticket = run(server, "ticket", "--client", "alice", "--info",
                 '{"name": "Alice"}').stdout.strip()
    client = server.connect("alice", ["events"], query={
        "protocol": "broadcast", "ticket": ticket})
    client.receive_type("subscribed")
    run(server, "publish", "--channel", "events", "--event", "a.b", "1")
    assert client.receive_type("broadcast")["event"] == "a.b"
    answer = tell(server, "/api/channels/events/presence")
    assert answer["clients"] == [{"client": "alice", "connections": 1,
                                  "info": {"name": "Alice"}}]
    run(server, "ticket", "--client", "a", "--info", "[]", code=1)


def test_publish_with_a_key_counts_once(server):
    lines = {run(server, "publish", "--channel=once", "--idempotency-key=k",
                 "1").stdout for _ in range(3)}
    assert len(lines) == 1


@pytest.mark.parametrize("args, words", [
    ((), "--channel is missing"),
    (("--channel", "x"), "the payload is missing"),
    (("--channel", "x", "hello"), "not JSON"),
    (("--channel", "x", "1", "2"), 'unexpected "2"'),
    (("--channel", "x", "--event", "a b", "1"), "--event: it must be 1 to 64"),
    (("--chanel", "x", "1"), "did you mean --channel?"),
    (("--channel",), "the value is missing"),
])
def test_invalid_arguments_of_publish(server, args, words):
    assert words in run(server, "publish", *args, code=2).stderr


@pytest.mark.parametrize("args, words", [
    (("--channel", "no channel", "1"), "400: channel must be 1 to 164"),
    (("--channel", "x", '"' + "x" * 70000 + '"'), "413: payload is longer"),
])
def test_refusals_of_the_server_are_reported(server, args, words):
    assert words in run(server, "publish", *args, code=1).stderr


def test_without_the_right_key_the_error_names_the_setting(server):
    for key in (None, "not-the-key-of-the-tests"):
        done = run(server, "publish", "--channel", "x", "1", key=key, code=1)
        assert "401" in done.stderr and "(PEAL_API_KEY)" in done.stderr


@pytest.mark.parametrize("url, code, words", [
    ("ftp://127.0.0.1", 1, "expected http://..., https://... or unix:/..."),
    ("http://", 1, "expected a host"),
    ("http://127.0.0.1:1", 1, "cannot be reached"),
    ("http://no.such.host.invalid", 1, "cannot be reached"),
    ("http://127.0.0.1/a?b", 1, "expected a host"),
])
def test_a_server_that_is_down_is_reported(url, code, words):
    done = run_peal("publish", "--url", url, "--channel", "x", "1")
    assert done.returncode == code
    assert words in done.stderr and len(done.stderr.splitlines()) == 1


def test_ticket_prints_a_valid_ticket(server):
    done = run(server, "ticket", "--client", "bob", "--ttl", "60", "--caps",
               '[{"channels":["a"],"allow":["sub"]}]')
    ticket = done.stdout.strip()
    client = server.connect("bob", ["a"], query={"protocol": "broadcast",
                                                 "ticket": ticket})
    assert client.receive_type("subscribed")["channel"] == "a"
    assert client.ask({"type": "broadcast", "payload": 1})["code"] == (
        "forbidden")


@pytest.mark.parametrize("args, code, words", [
    ((), 2, "--client is missing"),
    (("--client", "a", "--ttl", "1h"), 2, "--ttl: expected"),
    (("--client", "a", "--caps", "x"), 2, "--caps: not JSON"),
    (("--client", "a", "--ttl", "9999"), 1, "400: ttl must be"),
    (("--client", "a\x7f"), 1, "400: client must be"),
])
def test_invalid_arguments_of_ticket(server, args, code, words):
    assert words in run(server, "ticket", *args, code=code).stderr


def test_tail_prints_messages_as_they_arrive(server):
    tail = Tail(server, "--channel", "room:#1/a", "--count", "3")
    wait_for_listener(server, "room:#1/a")
    publish(server, "room:#1/a", "x" * 200)
    publish(server, "room:#1/a", "y" * 60000)
    publish(server, "room:#1/a", {"n": 1})
    lines, err = tail.end(wait=True)
    assert [line["payload"] for line in lines] == [
        "x" * 200, "y" * 60000, {"n": 1}]
    assert err == "" and tail.process.returncode == 0


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_tail_shows_the_trace_of_a_message(server):
    tail = Tail(server, "--channel", "traced", "--count", "1")
    wait_for_listener(server, "traced")
    run(server, "publish", "--channel", "traced", "--traceparent", TRACE, "1")
    (line,), _ = tail.end(wait=True)
    assert line["traceparent"] == TRACE
    assert f"trace_id={TRACE.split('-')[1]}" in server.wait_log(
        "Message delivered")


def test_tail_answers_pings_and_reports_its_end(start_shared):
    server = start_shared({**WITH_BOTH, "ping_seconds": 2, "pong_seconds": 1})
    tail = Tail(server, "--channel", "quiet")
    wait_for_listener(server, "quiet")
    with pytest.raises(subprocess.TimeoutExpired):
        tail.process.wait(seconds(6))
    publish(server, "quiet", 1)
    tell(server, "/api/disconnect",
         {"address": "127.0.0.1", "reason": "enough"})
    lines, err = tail.end(wait=True)
    assert [line["payload"] for line in lines] == [1]
    assert "4403 enough" in err and tail.process.returncode == 1


def test_tail_needs_no_key_if_clients_need_no_token(start_shared):
    server = start_shared(WITH_KEY)
    tail = Tail(server, "--channel", "open", "--count", "1", key=None)
    wait_for_listener(server, "open")
    publish(server, "open", "seen")
    lines, _ = tail.end(wait=True)
    assert lines[0]["payload"] == "seen"


def test_tail_without_a_key_explains_what_it_needs(server):
    done = run(server, "tail", "--channel", "x", key=None, code=1)
    assert "401 (PEAL_API_KEY)" in done.stderr


def test_tail_is_not_a_member_and_not_announced(peal):
    server = peal({**WITH_KEY, "channels": [
        {"match": "*", "join_leave": True}]})
    alice = server.join("alice", "seen")
    tail = Tail(server, "--channel", "seen", "--count", "1")
    wait_until(lambda: server.metric("peal_subscriptions") == 2,
               what="the tail to subscribe")
    assert tell(server, "/api/channels/seen/presence")["clients"] == [
        {"client": "alice", "connections": 1}]
    publish(server, "seen", 1)
    assert len(tail.end(wait=True)[0]) == 1
    server.wait_metric("peal_subscriptions", 1)
    publish(server, "seen", 2)
    frames = [json.loads(alice.receive_data()) for _ in range(2)]
    assert [frame["type"] for frame in frames] == ["broadcast", "broadcast"]


def test_info_prints_the_state_of_the_server(peal):
    server = peal(WITH_KEY)
    server.join("alice", "lobby", "news")
    lines = run(server, "info").stdout.splitlines()
    assert lines[0] == "ready        yes"
    assert "connections  1" in lines
    assert lines[-2:] == ["channels     lobby", "             news"]
    assert "channels" not in run(server, "info", key=None).stdout
    server.drop_clients()
    server.wait_metric("peal_connections", 0)
    assert run(server, "info").stdout.endswith("channels     none\n")
    assert "redis" not in run(server, "info").stdout


def test_history_and_presence_of_a_channel(peal):
    server = peal(WITH_KEY)
    server.join("alice", "room/#1")
    server.join("alice", "room/#1")
    server.join("zoé \u00fc", "room/#1")
    for i in range(3):
        publish(server, "room/#1", {"n": i})
    lines = run(server, "history", "--channel", "room/#1").stdout.splitlines()
    assert [json.loads(line)["payload"]["n"] for line in lines] == [0, 1, 2]
    some = run(server, "history", "--channel", "room/#1", "--limit=1").stdout
    assert json.loads(some)["offset"] == 3
    lines = run(server, "presence", "--channel", "room/#1").stdout.splitlines()
    assert sorted(line.split(None, 1) for line in lines) == [
        ["1", "zoé \u00fc"], ["2", "alice"]]


@pytest.mark.parametrize("command, args, code, words", [
    ("history", (), 2, "--channel is missing"),
    ("presence", (), 2, "--channel is missing"),
    ("history", ("--channel", "a", "--limit", "x"), 2, "--limit: expected"),
    ("presence", ("--channel", "a", "--limit", "1"), 2, "--limit"),
    ("history", ("--channel", "a b"), 1, "400: channel must be"),
])
def test_invalid_arguments_about_a_channel(server, command, args, code, words):
    assert words in run(server, command, *args, code=code).stderr


def test_info_shows_a_configured_redis(peal):
    server = peal(config={"redis": {"url": "redis://127.0.0.1:1/0"}})
    lines = run(server, "info", key=None).stdout.splitlines()
    assert lines[0].startswith("ready        no: ")
    assert lines[-1] == "redis ready  0"


@pytest.mark.parametrize("args, words", [
    (("--ca", str(tls.common_certificates() / "ca.pem")), None),
    ((), "certificate verify failed"),
    (("--ca", "/no/such/file"), "--ca: /no/such/file"),
])
def test_the_servers_certificate_is_verified(peal, args, words):
    server = peal({**WITH_KEY, "tls": tls.server_keys()})
    server.context = tls.common_context()
    done = run_peal("publish", "--url", f"https://127.0.0.1:{server.port}",
                    *args, "--channel", "x", "1", env={"PEAL_API_KEY": KEY})
    assert done.returncode == (1 if words else 0), done.stderr
    assert (words or "") in done.stderr


def test_a_client_certificate_is_requested_and_sent(peal, tmp_path):
    folder = tls.make_certificates(tmp_path / "certs", "alice")
    server = peal({**WITH_KEY, "tls": {
        **tls.server_keys(folder), "client_ca": str(folder / "ca.pem")}})
    server.context = tls.client_context(folder, "alice")
    flags = ["--url", f"https://127.0.0.1:{server.port}",
             "--ca", str(folder / "ca.pem")]
    done = run_peal("info", *flags)
    assert done.returncode == 1
    assert "requires a client certificate (tls.client_ca)" in done.stderr
    done = run_peal("info", *flags, "--cert", str(folder / "alice.pem"),
                    "--cert-key", str(folder / "alice.key"))
    assert done.returncode == 0 and "ready        yes" in done.stdout
    for args in (["--cert", "x"], ["--cert-key", "x"],
                 ["--cert", "/none", "--cert-key", "/none"]):
        done = run_peal("info", *flags, *args)
        assert done.returncode == 1 and "--cert" in done.stderr


@pytest.mark.parametrize("scheme, words", [
    ("http", "with proxy_protocol, it accepts connections only through its proxy"),
    ("https", "does it speak http:// only?")])
def test_a_server_that_does_not_answer_is_explained(start_shared, scheme,
                                                    words):
    if tls.ENABLED:
        pytest.skip("plain servers only")
    server = start_shared({"proxy_protocol": True, "insecure": True}
                          if scheme == "http" else {})
    done = run_peal("info", "--url", f"{scheme}://127.0.0.1:{server.port}")
    assert done.returncode == 1 and words in done.stderr
