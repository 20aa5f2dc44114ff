"""An application that hangs, resets, sends garbage, dies and returns."""

import os
import pathlib
import socket
import subprocess
import sys
import time

import pytest

from support import patience, tls
from support.application import (ALLOW, SECRET, Application, context_of, hooks,
                                 slowly, with_status)
from support.websocket import Refused

HERE = pathlib.Path(__file__).parent
TIMEOUT_MS = int(patience.seconds(700))


def answered(body):
    return with_status(200, body)


def reset(handler):
    handler.reset()


def headers_without_end(handler):
    line = b"X-More: " + b"x" * 1000 + b"\r\n"
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100000):
            handler.wfile.write(line)
    except OSError:
        handler.close_connection = True


def a_body_without_end(handler):
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100000):
            handler.wfile.write(b"{" * 10000)
    except OSError:
        pass
    handler.close_connection = True


def drops(handler):
    """Sends single bytes forever."""
    handler.close_connection = True
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(200):
            handler.wfile.write(b" ")
            time.sleep(0.05)
    except OSError:
        pass


NO_ANSWERS = {
    "hangs": slowly(patience.seconds(1.5), ALLOW),
    "drops": drops,
    "resets": reset,
    "is empty": answered(b""),
    "rubbish": answered(b"\0\xff{}"),
    "no object": answered(b"true"),
    "no allow": answered(b'{"allowed":true}'),
    "allow is no bool": answered(b'{"allow":"true"}'),
    "two values": answered(b'{"allow":true} {"allow":false}'),
    "bad caps": answered(b'{"allow":true,"caps":[{"channels":"x"}]}'),
    "bad expires": answered(b'{"allow":true,"expires":-1}'),
    "deep": answered(b'{"allow":true,"x":' + b"[" * 100000),
    "500": with_status(500, b'{"allow":true}'),
    "404": with_status(404, b'{"allow":true}'),
    "204": with_status(204),
    "redirect": lambda handler: with_status(307, b'{"allow":true}', [
        ("Location", handler.server.application.url)])(handler),
    "megabytes": answered(b'{"allow":true,"x":"' + b"x" * 3000000 + b'"}'),
    "no end": a_body_without_end,
    "headers without end": headers_without_end,
}


@pytest.mark.parametrize("policy", ["refuse", "allow"])
@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_invalid_answers(peal, application, kind, policy):
    application.answer = lambda question: NO_ANSWERS[kind]
    server = peal({"hooks": hooks(
        application, questions=["connect"], on_failure=policy,
        timeout_ms=TIMEOUT_MS)})
    if policy == "allow":
        client = server.connect("alice")
        client.send("hello")
        assert client.receive_data() == "Echo: hello"
    else:
        with pytest.raises(Refused) as caught:
            server.connect("alice")
        assert caught.value.response.status == 503
        assert caught.value.response.json == {"error": "Unavailable"}
    assert server.metric(
        'peal_hook_calls_total{hook="connect",result="failed"}') == 1
    server.wait_log("Webhook unanswered")
    # curl retries only on a reused connection that was closed
    assert len(application.asked()) == 1
    application.answer = lambda question: ALLOW
    server.connect("bob")


@pytest.mark.parametrize("body", [
    b'{"allow":true,"payload":"' + b"x" * 2000 + b'"}',
    b'{"allow":true,"payload":}', b'{"allow":true,"payload":"\xff"}'])
def test_an_unusable_payload(peal, application, body):
    application.answer = lambda question: answered(body)
    server = peal({"hooks": hooks(application, questions=["publish"]),
                   "limits": {"message_bytes": 1000}})
    alice = server.join("alice", "room")
    assert alice.ask({"type": "broadcast", "payload": 1})["code"] == \
        "unavailable"
    assert alice.is_silent()


def test_a_closed_port(peal):
    application = Application()
    application.end()
    server = peal({"hooks": hooks(application, questions=["subscribe"],
                                  timeout_ms=TIMEOUT_MS)})
    alice = server.connect("alice", ["room"], protocol="broadcast")
    assert alice.receive()["code"] == "unavailable"
    assert alice.ask({"type": "ping"})["type"] == "pong"


def test_a_host_that_accepts_no_connection(peal):
    """Its backlog is full: connecting hangs."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        others = []
        for _ in range(3):
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(("127.0.0.1", port))
            others.append(other)
        server = peal({"hooks": {
            "url": f"http://127.0.0.1:{port}/", "secret": SECRET,
            "questions": ["connect"], "timeout_ms": TIMEOUT_MS}})
        started = time.monotonic()
        with pytest.raises(Refused):
            server.connect("alice")
        took = time.monotonic() - started
        assert TIMEOUT_MS / 1000 - 0.1 < took < TIMEOUT_MS / 1000 * 3
        for other in others:
            other.close()


def test_a_hanging_application_delays_no_others(peal, application):
    """Operations without a hook continue, even on the same connection."""
    application.answer = lambda question: slowly(TIMEOUT_MS / 1000, ALLOW)
    server = peal({"hooks": hooks(application, questions=["publish"],
                                  publish_channels=["asked"],
                                  timeout_ms=60000)})
    alice = server.join("alice", "asked", "free")
    bob = server.join("bob", "free")
    started = time.monotonic()
    for number in range(10):
        alice.send({"type": "broadcast", "channel": "asked",
                    "payload": number})
        answer = alice.ask({"type": "broadcast", "channel": "free",
                            "payload": number})
        assert answer["type"] == "broadcastResult"
        assert bob.receive()["payload"] == number
    assert time.monotonic() - started < TIMEOUT_MS / 1000
    assert [alice.take(lambda message: message.get("channel") == "asked" and
                       message["type"] == "broadcast")["payload"]
            for _ in range(10)] == list(range(10))


def test_waiting_for_a_connection_counts_towards_the_timeout(peal,
                                                             application):
    application.answer = lambda question: slowly(TIMEOUT_MS / 1000 * 0.7,
                                                 ALLOW)
    server = peal({"hooks": hooks(application, questions=["publish"],
                                  connections=1, timeout_ms=TIMEOUT_MS)})
    alice = server.join("alice", "room")
    for number in range(4):
        alice.send({"type": "broadcast", "payload": number, "id": number})
    answers = {}
    while len(answers) < 4:
        answer = alice.receive()
        if "id" in answer:
            answers[answer["id"]] = answer["type"]
    assert answers[0] == "broadcastResult"
    assert answers[2] == answers[3] == "error"


def start_process(port):
    process = subprocess.Popen(
        [sys.executable, "-m", "support.application_process", str(port)],
        cwd=HERE, env={**os.environ, "PYTHONPATH": str(HERE)})

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    patience.wait_until(listens, 10, what="the application to listen")
    return process


def test_the_application_is_killed_and_restarted(peal):
    """Events are queued; none is lost."""
    first = Application()
    first.end()
    process = start_process(first.port)
    try:
        server = peal({"hooks": hooks(
            first, questions=["connect"], events=["connected"],
            on_failure="allow", timeout_ms=TIMEOUT_MS, batch_ms=10,
            retry_ms=50, retry_max_ms=200)})
        server.connect("before")
        server.wait_metric('peal_hook_events_total{result="sent"}', 1)
    finally:
        process.kill()
        process.wait()
    for number in range(5):
        server.connect(f"during{number}")
    server.wait_log("Event delivery failed")
    back = Application(port=first.port)
    try:
        events = back.wait_events(5)
        # each from its own worker: they may overtake each other
        assert sorted(event["client"] for event in events) == [
            f"during{number}" for number in range(5)]
        server.connect("after")
        assert [question["client"] for question in back.asked()] == ["after"]
        back.wait_events(6)
        assert not back.problems
    finally:
        back.end()
    assert server.metric('peal_hook_events_total{result="dropped"}') == 0


# --- TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    tls.make_certificates(folder)
    return folder


@pytest.fixture
def secure(certificates):
    made = Application(context=context_of(certificates))
    yield made
    made.end()
    assert not made.problems


def test_its_certificate_is_verified(peal, secure, certificates):
    server = peal({"hooks": hooks(secure, questions=["connect"],
                                  ca=str(certificates / "ca.pem"))})
    server.connect("alice")
    assert len(secure.asked()) == 1


def test_an_untrusted_certificate_is_refused(peal, secure):
    server = peal({"hooks": hooks(secure, questions=["connect"],
                                  timeout_ms=3000)})
    with pytest.raises(Refused):
        server.connect("alice")
    assert secure.asked() == []
    assert "certificate" in server.wait_log("Webhook unanswered")


def test_a_certificate_for_another_host_is_refused(peal, certificates):
    """It names 127.0.0.1."""
    other = Application(context=context_of(certificates), host="127.0.0.2")
    server = peal({"hooks": hooks(other, questions=["connect"],
                                  timeout_ms=TIMEOUT_MS,
                                  ca=str(certificates / "ca.pem"))})
    with pytest.raises(Refused):
        server.connect("alice")
    assert other.asked() == []
    other.end()
