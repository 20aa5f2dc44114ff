"""Shutdown: graceful, spread over the drain time, exit code 0."""

import signal
import time

import pytest

from support.patience import seconds, wait_until
from support.raw import Ended, request_text
from support.upgrade import upgrade
from support.websocket import Closed, Refused, handshake_headers


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_clients_get_1012_and_the_exit_code_is_0(peal, number):
    server = peal()
    clients = [server.join(f"c{i}", "room") for i in range(10)]
    clients += [server.connect(f"e{i}") for i in range(5)]
    server.signal(number)
    for client in clients:
        closed = client.wait_closed()
        assert (closed.code, closed.reason) == (1012, "restart")
    assert server.wait_exit() == 0


def test_closes_are_spread_over_the_time(peal):
    server = peal(config={"drain_seconds": 3})
    clients = [server.connect(f"c{i}") for i in range(160)]
    start = time.monotonic()
    server.signal()
    times = []
    for client in clients:
        assert client.wait_close() == 1012
        times.append(time.monotonic() - start)
    assert server.wait_exit() == 0
    times.sort()
    assert times[0] < seconds(1)
    assert times[-1] > 1.5
    for second in range(2):  # every second has its share
        share = [at for at in times if second <= at < second + 1]
        assert len(share) >= 3, times


def test_without_connections_a_drain_ends_at_once(peal):
    server = peal(config={"drain_seconds": 30})
    start = time.monotonic()
    server.signal()
    assert server.wait_exit() == 0
    assert time.monotonic() - start < seconds(2)


def test_a_drain_ends_when_the_last_client_has_left(peal):
    server = peal(config={"drain_seconds": 30})
    client = server.connect()
    server.signal()
    server.wait_log("Draining")
    client.end()
    start = time.monotonic()
    assert server.wait_exit() == 0
    assert time.monotonic() - start < seconds(2)


def test_while_draining_it_is_not_ready_and_accepts_no_clients(peal):
    server = peal(config={"drain_seconds": 30})
    staying = [server.connect(f"c{i}") for i in range(40)]
    kept = [server.socket() for _ in range(4)]
    for raw in kept:
        raw.send(request_text("/ready"))
        assert raw.response().status == 200
    server.signal()
    server.wait_log("Draining")
    kept[0].send(request_text("/ready"))
    response = kept[0].response()
    assert response.status_line == "HTTP/1.1 503 Service Unavailable"
    assert response.body == b'{"error":"Draining"}'
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["connection"] == "close"
    kept[1].send(request_text("/health"))
    assert kept[1].response().status == 200
    kept[2].send(request_text("/ws/late", headers=handshake_headers()))
    response = kept[2].response()
    assert response.status_line == "HTTP/1.1 503 Service Unavailable"
    assert response.body == b'{"error":"Draining"}'
    with pytest.raises((OSError, Ended, Refused)):
        for _ in range(50):
            server.connect("late").drop()
            time.sleep(0.05)
    assert server.process.poll() is None
    server.signal()
    assert server.wait_exit() == 0
    assert staying


def test_remaining_clients_are_served_while_draining(peal):
    server = peal(config={"drain_seconds": 5})
    clients = [server.join(f"c{i}", "room") for i in range(20)]
    server.signal()
    server.wait_log("Draining")
    answered = 0
    for client in clients:
        try:
            answer = client.ask({"type": "broadcast", "payload": 1})
            answered += answer["type"] == "broadcastResult"
        except Closed as closed:
            assert closed.code == 1012
    assert answered > 0
    server.signal()
    assert server.wait_exit() == 0


def test_waiting_messages_are_sent_before_the_close(peal):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "outbox_bytes": 10000000},
                          "drain_seconds": 1})
    slow = server.join("slow", "room", receive_buffer=4096)
    sender = server.connect("sender", [""], protocol="broadcast")
    for i in range(200):
        sender.ask({"type": "broadcast", "channel": "room",
                    "payload": [i, "x" * 8000]})
    sender.end()
    server.signal()
    server.wait_log("Draining")
    got = []
    with pytest.raises(Closed) as closed:
        while True:
            got.append(slow.receive()["payload"][0])
    assert got == list(range(200))
    assert closed.value.code == 1012
    assert server.wait_exit() == 0


def test_a_client_that_never_reads_does_not_delay_the_drain(peal):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "outbox_bytes": 10000000}})
    server.join("slow", "room", receive_buffer=4096)
    sender = server.connect("sender", [""], protocol="broadcast")
    for i in range(200):
        sender.ask({"type": "broadcast", "channel": "room",
                    "payload": "x" * 8000})
    start = time.monotonic()
    server.signal()
    assert server.wait_exit() == 0
    assert time.monotonic() - start < seconds(12)


def test_a_second_signal_ends_it_at_once(peal):
    server = peal(config={"drain_seconds": 60})
    clients = [server.join(f"c{i}", "room") for i in range(100)]
    server.signal()
    server.wait_log("Draining")
    start = time.monotonic()
    server.signal()
    assert server.wait_exit() == 0
    assert time.monotonic() - start < seconds(2)
    server.wait_log("stopping immediately")
    assert clients


def test_two_concurrent_signals_end_it_too(peal):
    server = peal(config={"drain_seconds": 60})
    server.connect()
    server.signal(signal.SIGTERM)
    server.signal(signal.SIGINT)
    assert server.wait_exit() == 0


def test_a_signal_during_a_connection_storm(peal):
    server = peal(config={"limits": {"messages_per_second": 0},
                          "drain_seconds": 1})
    clients = [server.join(f"c{i}", f"room{i % 3}") for i in range(30)]
    for i in range(50):
        for client in clients[:5]:
            client.send({"type": "broadcast", "payload": i})
    server.signal()
    for client in clients:
        assert client.wait_close() == 1012
    assert server.wait_exit() == 0


def test_sigpipe_and_sighup_do_not_end_it(peal):
    server = peal()
    server.signal(signal.SIGPIPE)
    time.sleep(0.1)
    assert server.is_alive()


def test_silent_sockets_do_not_delay_the_drain(peal):
    server = peal()
    for _ in range(5):
        server.socket()
    server.wait_metric("peal_sockets", 6)
    server.signal()
    start = time.monotonic()
    assert server.wait_exit() == 0
    assert time.monotonic() - start < seconds(2)


def test_the_port_is_free_again(peal):
    first = peal()
    client = first.connect()
    first.signal()
    assert client.wait_close() == 1012
    assert first.wait_exit() == 0
    second = peal(args=["--port", str(first.port)])
    assert wait_until(second.is_alive)


# --- drain_delay_seconds

def test_load_balancers_have_time_to_notice(peal):
    """/ready returns 503, but new clients are still served."""
    server = peal(config={"drain_delay_seconds": 3})
    staying = server.join("alice", "room")
    start = time.monotonic()
    server.signal()
    wait_until(lambda: server.request("/ready").status == 503)
    assert server.request("/ready").body == b'{"error":"Draining"}'
    assert server.is_alive()
    late = server.join("bob", "room")
    late.send({"type": "broadcast", "channel": "room", "payload": 1})
    assert staying.receive_type("broadcast")["payload"] == 1
    assert not server.log_lines("message=Draining")
    assert staying.wait_close() == late.wait_close() == 1012
    assert time.monotonic() - start >= 3
    assert server.wait_exit() == 0


def test_a_second_signal_ends_this_wait_too(peal):
    server = peal(config={"drain_delay_seconds": 600})
    server.connect()
    server.signal()
    server.wait_log("Readiness withdrawn")
    start = time.monotonic()
    server.signal()
    assert server.wait_exit() == 0
    assert time.monotonic() - start < seconds(3)
    server.wait_log("stopping immediately")


def test_an_upgrade_does_not_wait(peal):
    server = peal(config={"drain_delay_seconds": 600})
    client = server.connect()
    old = upgrade(server)
    assert client.wait_close() == 1012
    assert old.wait(seconds(10)) == 0
    assert server.request("/ready").status == 200
    server.signal()
    server.wait_log("Readiness withdrawn")  # two that wait are one
    server.signal()
