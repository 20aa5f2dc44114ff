"""GET /metrics: Prometheus' text format and correct values."""

import pathlib
import re
import time

from support import patience
from support.server import WORKERS

LABEL = r'[a-z_]+="[^"\\\n]*"'
SAMPLE = re.compile(
    rf'[a-z_]+(\{{{LABEL}(,{LABEL})*\}})? \d+(\.\d+)?')


def test_it_is_prometheus_text(shared):
    response = shared.request("/metrics")
    assert response.headers["content-type"] == \
        "text/plain; version=0.0.4; charset=utf-8"
    text = response.body.decode()
    assert text.endswith("\n")
    typed = {}
    names = []
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in typed, "a type is told once"
            typed[name] = kind
        elif line.startswith("# HELP "):
            assert len(line.split(" ", 3)[3]) > 5
        else:
            assert SAMPLE.fullmatch(line), line
            names.append(line.rsplit(" ", 1)[0])
    assert len(set(names)) == len(names)
    for name in names:
        bare = name.split("{")[0]
        assert bare.startswith("peal_")
        family = re.sub("_(bucket|sum|count)$", "", bare)
        if typed.get(family) == "histogram":
            continue
        assert typed[bare] == ("counter" if bare.endswith("_total")
                               else "gauge")


def test_every_limit_and_every_end_has_a_counter(shared):
    names = shared.metrics()
    for limit in ("connections", "connections_per_ip",
                  "connections_per_client", "descriptors",
                  "handshake_seconds", "message_bytes",
                  "messages_per_second", "channels_per_connection",
                  "channels", "bad_messages", "outbox", "inbox",
                  "stalled_seconds", "memory_bytes"):
        assert 'peal_limit_reached_total{limit="%s"}' % limit in names
    for reason in ("by_client", "connection_lost", "bad_utf8", "too_big",
                   "restart", "bad_messages", "token_expired", "forbidden",
                   "replaced", "no_pong", "too_slow", "rate_limit"):
        assert 'peal_closes_total{reason="%s"}' % reason in names


def test_what_happens_is_counted(peal):
    server = peal()
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    before = server.metrics()
    alice.ask({"type": "broadcast", "payload": "hello"})
    bob.receive()
    bob.send("nonsense")
    bob.receive()
    # each worker has its own counters, read by the one that answers
    errors = 'peal_errors_sent_total{code="bad_request"}'
    server.wait_metric(errors, before[errors] + 1)
    after = server.metrics()

    def grown(name):
        return after[name] - before[name]

    assert grown("peal_published_total") == 1
    assert grown("peal_messages_received_total") == 2
    assert grown("peal_messages_sent_total") == 4
    assert grown(errors) == 1
    assert grown('peal_errors_sent_total{code="forbidden"}') == 0
    assert grown("peal_http_requests_total") >= 1
    assert grown("peal_received_bytes_total") == 8 + len(
        '{"type": "broadcast", "payload": "hello", "id": 1}')
    assert grown("peal_sent_bytes_total") > 200
    assert after["peal_connections"] == 2
    assert after["peal_connections_opened_total"] == 2


def test_gauges_return_to_zero(peal):
    server = peal()
    clients = [server.connect(f"c{i}") for i in range(5)]
    server.wait_metric("peal_connections", 5)
    server.wait_metric("peal_sockets", 6)
    for client in clients:
        client.end()
    server.wait_metric("peal_connections", 0)
    server.wait_metric("peal_sockets", 1)
    server.wait_metric('peal_closes_total{reason="by_client"}', 5)


def test_the_limit_of_channels_is_counted(peal):
    server = peal(config={"limits": {"channels": 1}})
    client = server.join("alice", "a")
    client.ask({"type": "subscribe", "channel": "b"})
    assert server.metric('peal_limit_reached_total{limit="channels"}') == 1


def test_channels_and_their_stored_data_are_shown(peal):
    server = peal(config={"channels": [{"match": "*", "history_size": 2}]})
    alice = server.join("alice", "a")
    server.join("bob", "a", "b")
    for number in range(3):
        alice.ask({"type": "broadcast", "payload": number})
    server.wait_metric("peal_channels", 2)
    server.wait_metric("peal_history_messages", 2)
    assert server.metric("peal_history_bytes") > 50
    assert server.metric("peal_subscriptions") == 3
    alice.end()
    server.wait_metric("peal_subscriptions", 2)


def test_a_fan_out_is_timed(peal):
    server = peal()
    alice = server.join("alice", "room")
    bob = server.join("bob", "room")
    begun = time.monotonic()
    alice.ask({"type": "broadcast", "payload": "hello"})
    bob.receive()
    took = time.monotonic() - begun
    # one per worker with subscribers
    patience.wait_until(
        lambda: server.metric("peal_fan_out_seconds_count") >= 1)
    workers = server.metric("peal_fan_out_seconds_count")
    assert 1 <= workers <= 2
    assert 0 < server.metric("peal_fan_out_seconds_sum") < took * workers + 1


def test_each_thread_reports_its_cpu_time_and_lag(peal):
    server = peal()
    names = [name for name in server.metrics()
             if name.startswith("peal_thread_cpu_seconds_total")]
    assert len(names) == WORKERS

    def all_told():
        now = server.metrics()
        return (now["peal_loop_lag_seconds_count"] >= WORKERS and
                all(now[name] > 0 for name in names))

    patience.wait_until(all_told, what="each thread's first second")
    assert server.metric("peal_cpu_seconds_total") > 0


def test_open_files_and_the_config_are_reported(peal):
    first, other, same = peal(), peal({"drain_seconds": 3}), peal()
    hashes = [each.metric("peal_config_hash") for each in (first, other, same)]
    assert hashes[0] == hashes[2] != hashes[1] and hashes[0] > 0
    before = first.metric("peal_descriptors")
    sockets = [first.connect(f"c-{i}") for i in range(20)]
    now = first.metric("peal_descriptors")
    assert 20 <= now - before <= 22
    found = len(list(pathlib.Path(f"/proc/{first.process.pid}/fd").iterdir()))
    assert abs(now - found) <= 2 and sockets
