"""The log: one event per line, each close logged once, and no tokens."""

import json
import os
import re
import signal

import pytest

from support.patience import wait_until
from support.tokens import SECRET, make_token
from support.websocket import Refused, ws_path

FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')

# otherwise a low limit of open files logs a warning
FEW = {"limits": {"connections": 100}}


def fields(line):
    """The fields of a line key=value."""
    return {name: json.loads(value) if value.startswith('"') else value
            for name, value in FIELD.findall(line)}


def end_of(server, client):
    return fields(server.wait_log(f"Client {client} disconnected"))


def test_a_close_is_logged_once_with_code_reason_and_duration(peal):
    server = peal()
    server.connect("alice").end(1000)
    line = end_of(server, "alice")
    assert line["message"] == "Client alice disconnected"
    assert line["client"] == "alice"
    assert line["code"] == "1000"
    assert line["reason"] == "by_client"
    assert line["protocol"] == "echo"
    assert 0 <= int(line["duration_ms"]) < 60000
    server.signal()
    assert server.wait_exit() == 0
    server.wait_log_count("Client alice disconnected", 1)


def test_the_clients_own_code_is_logged(peal):
    server = peal()
    server.connect("alice").end(1001)
    assert end_of(server, "alice")["code"] == "1001"
    server.connect("bob").end(4321, "my reason")
    assert end_of(server, "bob")["code"] == "4321"


def test_a_lost_connection_is_logged_as_1006(peal):
    server = peal()
    server.connect("alice").drop()
    line = end_of(server, "alice")
    assert (line["code"], line["reason"]) == ("1006", "connection_lost")


def test_a_close_by_the_server_is_logged(peal):
    server = peal(config={"limits": {"message_bytes": 10,
                                     "bad_messages": 1}})
    client = server.connect("big")
    client.send("x" * 11)
    client.wait_close()
    line = end_of(server, "big")
    assert (line["code"], line["reason"]) == ("1009", "too_big")
    client = server.join("bad", "room")
    client.send("x")
    client.wait_close()
    line = end_of(server, "bad")
    assert (line["code"], line["reason"]) == ("4400", "bad_messages")


def test_invalid_utf8_is_logged_as_1007(peal):
    server = peal()
    client = server.connect("alice")
    client.send_frame(1, b"\xff")
    client.wait_close()
    line = end_of(server, "alice")
    assert (line["code"], line["reason"]) == ("1007", "bad_utf8")
    server.wait_metric('peal_closes_total{reason="bad_utf8"}', 1)


def test_invalid_frames_are_logged_as_1002(peal):
    server = peal()
    client = server.connect("alice")
    client.send_frame(3, b"x")
    client.wait_close()
    line = end_of(server, "alice")
    assert (line["code"], line["reason"]) == ("1002", "protocol_error")


def test_every_line_is_an_event_with_time_level_and_message(peal):
    server = peal()
    server.connect("alice").end()
    end_of(server, "alice")
    server.signal()
    server.wait_exit()
    lines = server.log_lines()
    assert len(lines) >= 3
    for line in lines:
        found = fields(line)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                            found["time"])
        assert found["level"] in ("info", "warn", "error", "debug")
        assert found["message"]


def test_json_is_one_object_per_line(peal):
    server = peal(config={"log": {"format": "json"}, **FEW})
    server.connect("a@b+c").drop()
    server.wait_log("disconnected")
    server.signal()
    server.wait_exit()
    events = [json.loads(line) for line in server.log_lines()]
    ends = [event for event in events if "duration_ms" in event]
    assert len(ends) == 1
    assert ends[0]["client"] == "a@b+c"
    assert ends[0]["code"] == 1006
    assert ends[0]["level"] == "info"
    assert events[0]["message"] == "Listening"
    assert events[0]["port"] == server.port


def test_the_level_is_configured(peal):
    server = peal(config={"log": {"level": "warn"}, **FEW},
                  is_quiet=True)
    server.connect("alice").end()
    server.signal()
    assert server.wait_exit() == 0
    assert server.log_lines() == []


def test_closes_by_a_limit_are_warnings_and_never_suppressed(peal):
    """They have a separate rate limit and level WARN."""
    server = peal(config={"log": {"level": "warn"}, **FEW}, is_quiet=True)
    client = server.connect("loud", protocol="broadcast")
    for _ in range(200):
        client.send({"type": "ping"})
    assert client.wait_close() == 4529
    line = end_of(server, "loud")
    assert line["level"] == "warn" and line["reason"] == "rate_limit"
    server.connect("quiet").end()
    server.wait_metric("peal_connections", 0)
    assert not server.log_lines("quiet")


def test_suppressed_lines_are_counted(peal):
    server = peal(config={"auth": {"secret": SECRET},
                          "limits": {"refusals_per_second": 0}})
    for _ in range(200):
        assert is_refused(server)
    left_out = server.metric("peal_log_lines_suppressed_total")
    assert 0 < left_out < 200
    wait_until(lambda: len(server.log_lines("Handshake refused")) ==
               200 - left_out, what="all lines")
    line = fields(server.wait_log("Log lines suppressed", timeout=15))
    assert line["level"] == "warn" and line["seconds"] == "10"
    assert 0 < int(line["count"]) <= left_out
    assert len(server.log_lines("Log lines suppressed")) <= 2


def is_refused(server):
    try:
        server.connect("alice")
        return False
    except Refused:
        return True


def journal_lines(peal, stream_of, **config):
    """The output of a server to a pipe that it may take for the journal."""
    reader, writer = os.pipe()
    status = os.fstat(writer)
    server = peal(config={**FEW, **config}, is_quiet=True,
                  env={"JOURNAL_STREAM": stream_of(status)},
                  before_start=lambda: os.dup2(writer, 2))
    os.close(writer)
    server.connect("alice").end()
    (server.folder / "peal.json").write_text("{")
    server.signal(signal.SIGHUP)
    server.wait_metric("peal_config_last_reload_successful", 0)
    server.signal()
    assert server.wait_exit() == 0
    with open(reader, encoding="utf-8") as file:
        return file.read().splitlines()


@pytest.mark.parametrize("form", ["text", "json"])
def test_in_the_journal_a_line_starts_with_its_priority(peal, form):
    lines = journal_lines(peal, lambda status:
                          f"{status.st_dev}:{status.st_ino}",
                          log={"format": form})
    assert len(lines) >= 4
    for line in lines:
        priority, text = re.fullmatch(r"<(\d)>(.*)", line).groups()
        level = (json.loads(text) if form == "json" else fields(text))["level"]
        assert priority == {"info": "6", "warn": "4", "error": "3"}[level]
        assert text.startswith(("time=", '{"time":'))
    assert any(line.startswith("<3>") for line in lines)


@pytest.mark.parametrize("stream", ["1:1", "", "journal", "1"])
def test_elsewhere_it_does_not(peal, stream):
    lines = journal_lines(peal, lambda _: stream)
    assert lines and all(line.startswith("time=") for line in lines)


def test_thousands_of_closes_do_not_flood_the_log(peal):
    server = peal()
    for i in range(20):
        server.connect(f"c{i}").drop()
    server.wait_metric("peal_connections", 0)
    wait_until(lambda: len(server.log_lines("disconnected")) == 20,
               what="all lines")  # the log is written asynchronously


def test_refusals_do_not_flood_the_log(peal):
    server = peal(config={"auth": {"secret": SECRET}})
    for _ in range(200):
        try:
            server.connect(token="x")
        except Refused:
            pass
    raw_lines = server.log_lines()
    assert len(raw_lines) < 30


def test_broken_requests_do_not_flood_the_log(peal):
    server = peal()
    for _ in range(100):
        raw = server.socket()
        raw.send(b"\0\1\2\r\n\r\n")
        raw.rest()
        raw.close()
    assert len(server.log_lines()) < 30


def token_uses(token, origin):
    """Every way to send a token: path and headers."""
    return [
        ("/ws/alice", [("Authorization", "Bearer " + token)]),
        ("/ws/alice", [("Authorization", token)]),
        ("/ws/alice", [("Sec-WebSocket-Protocol", "echo, bearer." + token)]),
        ("/ws/alice", [("Sec-WebSocket-Protocol", "bearer." + token)]),
        ("/ws/alice", [("Sec-WebSocket-Protocol", token)]),
        ("/ws/alice", [("Cookie", "peal_token=" + token),
                       ("Origin", origin)]),
        ("/ws/alice", [("Cookie", "peal_token=" + token)]),
        (ws_path("alice", token=token), []),
        (ws_path("alice", channels=[token]), []),
        (ws_path("alice", protocol=token), []),
        ("/ws/" + token, []),
        ("/ws/alice/" + token, []),
        ("/" + token, []),
        ("/ws/alice", [("Authorization", "Bearer " + token + "\0")]),
    ]


def test_a_token_is_never_logged(peal):
    origin = "https://app.example.com"
    tokens = [make_token("alice"), make_token("alice", ttl=-100),
              make_token("bob"), make_token("alice", secret="b" * 40),
              make_token("alice", filler="x" * 300)]
    for query_token in (True, False):
        server = peal(config={
            "auth": {"secret": SECRET, "query_token": query_token},
            "origins": [origin], "log": {"level": "debug"}})
        for token in tokens:
            for path, headers in token_uses(token, origin):
                try:
                    server.connect(path=path, headers=headers).drop()
                except Exception:  # refused in any way
                    pass
        client = server.join("alice", "room", token=tokens[0])
        for token in tokens:
            client.ask({"type": "refresh", "token": token})
        client.end()
        end_of(server, "alice")
        server.signal()
        assert server.wait_exit() == 0
        log = server.log()
        assert SECRET not in log
        for token in tokens:
            for part in token.split(".")[1:]:
                assert part not in log
