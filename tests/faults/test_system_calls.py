"""Each system call of the hot path fails once or often: one connection may be
lost by it, the others and the server may not."""

import errno

import pytest

from support.patience import wait_until
from support.raw import Ended
from support.websocket import Closed, Refused

WORD = 'peal_limit_reached_total{limit="%s"}'
LOST = 'peal_closes_total{reason="connection_lost"}'


def names(numbers):
    return [errno.errorcode[number] for number in numbers]


def echo(client, text="hello"):
    client.send(text)
    assert client.receive_data() == "Echo: " + text


def can_connect(server):
    try:
        client = server.connect("new")
        echo(client)
        client.drop()
        return True
    except (OSError, Ended, Refused, Closed):
        return False


# ---- accept --------------------------------------------------------------------

PASSING = [errno.ECONNABORTED, errno.EINTR, errno.EAGAIN, errno.EPROTO,
           errno.EPERM, errno.ENETDOWN]
FULL = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM]


@pytest.mark.parametrize("error", PASSING, ids=names(PASSING))
def test_accept_fails_and_goes_on(faulty, faults, error):
    server = faulty()
    inside = server.connect("inside")
    faults.set("accept", error, times=5)
    assert can_connect(server)
    wait_until(lambda: can_connect(server) and faults.failed() >= 1)
    echo(inside)


@pytest.mark.parametrize("error", FULL, ids=names(FULL))
def test_accept_finds_no_room_and_pauses(faulty, faults, error):
    server = faulty()
    inside = server.connect("inside")
    faults.set("accept", error, times=4)
    wait_until(lambda: can_connect(server), what="an accept that goes well")
    assert faults.clear() >= 1
    assert server.metric(WORD % "descriptors") >= 1
    assert server.log_lines("Out of file descriptors")
    echo(inside)


# ---- recv ------------------------------------------------------------------------

DEADLY = [errno.ECONNRESET, errno.ETIMEDOUT, errno.EIO, errno.ENOTCONN,
          errno.ENOMEM, errno.EHOSTUNREACH]
AGAIN = [errno.EAGAIN, errno.EINTR]


def lose_one_by(call, error, faulty, faults):
    """The connection whose call fails is lost, and no other."""
    server = faulty()
    inside = server.connect("inside")
    victim = server.connect("victim")
    faults.set(call, error)
    victim.send("hello")
    assert victim.wait_close() is None
    assert faults.clear() == 1
    echo(inside)
    assert server.metric(LOST) == 1


@pytest.mark.parametrize("error", DEADLY, ids=names(DEADLY))
def test_recv_fails_and_the_connection_is_lost(faulty, faults, error):
    lose_one_by("recv", error, faulty, faults)


@pytest.mark.parametrize("error", AGAIN, ids=names(AGAIN))
def test_recv_is_asked_again(faulty, faults, error):
    server = faulty()
    client = server.connect("alice")
    faults.set("recv", error, times=20)
    for i in range(30):
        echo(client, str(i))
    assert faults.clear() == 20


# ---- send -------------------------------------------------------------------------

BROKEN = [errno.EPIPE, errno.ECONNRESET, errno.EIO, errno.ENOBUFS]


@pytest.mark.parametrize("error", BROKEN, ids=names(BROKEN))
def test_send_fails_and_the_connection_is_lost(faulty, faults, error):
    lose_one_by("send", error, faulty, faults)


@pytest.mark.parametrize("error", AGAIN, ids=names(AGAIN))
def test_send_that_would_block_is_repeated_and_nothing_is_lost(faulty, faults,
                                                               error):
    server = faulty(config={"limits": {"messages_per_second": 0}})
    reader = server.join("reader", "room")
    writer = server.join("writer", "room")
    faults.set("send", error, times=40, after=3)
    for i in range(100):
        writer.send({"type": "broadcast", "channel": "room", "payload": i})
    got = [reader.receive_type("broadcast")["payload"] for _ in range(100)]
    assert got == list(range(100))
    assert faults.clear() > 10


def test_send_that_takes_one_byte_at_a_time(faulty, faults):
    server = faulty(config={"limits": {"messages_per_second": 0}})
    reader = server.join("reader", "room")
    writer = server.join("writer", "room")
    faults.set("send", times=1500)
    for i in range(50):
        writer.send({"type": "broadcast", "channel": "room", "payload": i})
    got = [reader.receive_type("broadcast")["payload"] for _ in range(50)]
    assert got == list(range(50))
    assert faults.clear() > 1000


def test_a_handshake_whose_answer_cannot_be_sent(faulty, faults):
    server = faulty()
    inside = server.connect("inside")
    for error in BROKEN:
        faults.set("send", error)
        with pytest.raises((Ended, OSError)):
            server.connect("victim")
        assert faults.clear() == 1
    echo(inside)
    server.wait_metric("peal_connections", 1)


# ---- the loop -------------------------------------------------------------------------

def test_a_wait_that_is_interrupted_goes_on(faulty, faults):
    server = faulty()
    client = server.connect("alice")
    faults.set("epoll_wait", errno.EINTR, times=200)
    for i in range(20):
        echo(client, str(i))
    assert faults.clear() > 20


def test_a_log_that_cannot_be_written_is_left_out(faulty, faults):
    server = faulty()
    faults.set("write", errno.ENOSPC, times=1000000)
    for _ in range(20):
        client = server.connect("alice")
        echo(client)
        client.end()
    faults.clear()
    assert server.is_alive()
