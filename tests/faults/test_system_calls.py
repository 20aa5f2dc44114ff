"""Each system call of the hot path fails once or often. At most one connection
is lost; the server and the other connections continue."""

import errno
import os
import signal
import time

import pytest

from faults import EVER
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
def test_accept_fails_and_recovers(faulty, faults, error):
    server = faulty()
    inside = server.connect("inside")
    faults.set("accept", error, times=5)
    assert can_connect(server)
    wait_until(lambda: can_connect(server) and faults.failed() >= 1)
    echo(inside)


@pytest.mark.parametrize("error", FULL, ids=names(FULL))
def test_accept_pauses_without_free_descriptors(faulty, faults, error):
    server = faulty()
    inside = server.connect("inside")
    faults.set("accept", error, times=4)
    wait_until(lambda: can_connect(server), what="an accept that succeeds")
    assert faults.clear() >= 1
    assert server.metric(WORD % "descriptors") >= 1
    server.wait_log("Out of file descriptors")
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
def test_recv_is_repeated(faulty, faults, error):
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
def test_a_send_that_would_block_loses_nothing(faulty, faults, error):
    # without the shim, io_uring would combine several sends
    server = faulty(config={"limits": {"messages_per_second": 0},
                            "io_uring": False})
    reader = server.join("reader", "room")
    writer = server.join("writer", "room")
    faults.set("send", error, times=40, after=3)
    for first in range(0, 100, 5):  # at least one send per five messages
        for i in range(first, first + 5):
            writer.send({"type": "broadcast", "channel": "room", "payload": i})
        for i in range(first, first + 5):
            assert reader.receive_type("broadcast")["payload"] == i
    assert faults.clear() > 10


def test_send_that_takes_one_byte_at_a_time(faulty, faults):
    server = faulty(config={"limits": {"messages_per_second": 0},
                            "io_uring": False})
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

def test_an_interrupted_wait_continues(faulty, faults):
    server = faulty()
    client = server.connect("alice")
    faults.set("epoll_wait", errno.EINTR, times=200)
    for i in range(20):
        echo(client, str(i))
    assert faults.clear() > 20


def watches_by_ring(server):
    """From 1.45 on, libuv may change what it watches through an io_uring of
    its own, which cannot be disabled and aborts if the kernel refuses.
    `server` has no other io_uring."""
    folder = f"/proc/{server.process.pid}/fd"
    links = [os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder)]
    return any("io_uring" in link for link in links)


def need_epoll_calls(peal):
    if watches_by_ring(peal(config={"io_uring": False})):
        pytest.skip("this libuv does not call epoll_ctl, but uses io_uring")


SHORT = [errno.ENOMEM, errno.ENOSPC]


@pytest.mark.parametrize("error", SHORT + [errno.EPERM],
                         ids=names(SHORT + [errno.EPERM]))
def test_a_connection_that_cannot_be_watched_is_lost(faulty, faults, peal,
                                                     error):
    """libuv first tries to add each descriptor; that call may fail, because
    libuv adds it again."""
    need_epoll_calls(peal)
    server = faulty()
    inside = server.connect("inside")
    outcomes = []
    for after in range(3):
        faults.set("epoll_ctl", error, after=after)
        outcomes.append(can_connect(server))
        wait_until(lambda: faults.failed() == 1 or can_connect(server))
        faults.clear()
        assert can_connect(server)
    assert outcomes[0] and not all(outcomes)
    assert server.metric(WORD % "descriptors") >= 1
    wait_until(lambda: server.log_lines("Descriptor watch failed"))
    echo(inside)


def test_a_slow_reader_that_cannot_be_watched_is_lost(faulty, faults, peal):
    """While its socket is full, it must be watched for writing."""
    need_epoll_calls(peal)
    server = faulty(config={"limits": {"messages_per_second": 0,
                                       "outbox_bytes": 100000000}})
    slow = server.join("slow", "room", receive_buffer=4096)
    quick = server.join("quick", "room")
    writer = server.join("writer", "other")
    faults.set("epoll_ctl", errno.ENOMEM)
    for i in range(100):
        writer.ask({"type": "broadcast", "channel": "room",
                    "payload": [i, "x" * 10000]})
    assert [quick.receive_type("broadcast")["payload"][0]
            for i in range(100)] == list(range(100))
    assert faults.clear() == 1
    server.wait_metric(LOST, 1)
    assert slow.wait_close() is None


def test_watched_connections_work_while_no_more_can_be_watched(faulty, faults,
                                                               peal):
    need_epoll_calls(peal)
    server = faulty()
    inside = [server.connect(f"inside-{i}") for i in range(5)]
    faults.set("epoll_ctl", errno.ENOSPC, times=EVER)
    for _ in range(30):
        assert not can_connect(server)
        for client in inside:
            echo(client)
    assert faults.clear() >= 30
    wait_until(lambda: can_connect(server))
    for client in inside:
        echo(client)


def has_ended(server):
    return server.process.poll() is not None


def starts_serving(server):
    """A thread that starts later may still end the process, but not later than
    a client can connect."""
    wait_until(lambda: has_ended(server) or can_connect(server))
    time.sleep(0.1)
    return not has_ended(server)


def test_a_start_while_nothing_can_be_watched(faulty, faults):
    """The server starts serving shortly after. If its threads cannot be woken,
    it exits with a message."""
    served = 0
    for after in range(6):
        faults.set("epoll_ctl", errno.ENOSPC, after=after)
        try:
            server = faulty(config={"io_uring": False})
        except AssertionError as died:
            assert "panic at" in str(died) and faults.clear() == 1
            continue
        if watches_by_ring(server) and not faults.failed():
            break  # the other calls go through io_uring
        wait_until(lambda: has_ended(server) or faults.failed())
        faults.clear()
        if starts_serving(server):
            served += 1
        else:
            server.expect_panic()
            server.wait_log("panic at")
    assert served >= 3


@pytest.mark.parametrize("error", [errno.EBADF, errno.EINVAL, errno.EFAULT])
def test_a_failing_wait_ends_the_process(faulty, faults, error):
    """This is not a shortage but a bug in the process: libuv aborts, and the
    supervisor restarts the server."""
    server = faulty()
    client = server.connect("alice")
    server.exit_code = -signal.SIGABRT
    faults.set("epoll_wait", error)
    assert client.wait_close() is None
    assert server.wait_exit() == -signal.SIGABRT


def test_log_lines_that_cannot_be_written_are_dropped(faulty, faults):
    server = faulty()
    faults.set("write", errno.ENOSPC, times=1000000)
    for _ in range(20):
        client = server.connect("alice")
        echo(client)
        client.end()
    faults.clear()
    assert server.is_alive()
