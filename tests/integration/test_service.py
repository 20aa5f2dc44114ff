"""The server as a service: notifications to systemd, the unit, and the build
flags."""

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess

import pytest

from support.patience import seconds
from support.program import is_sanitized
from support.server import ROOT, clean_environment, find_program

UNIT = ROOT / "conf" / "peal.service"


class Manager:
    """A socket in place of systemd's."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(seconds(5))
        self.name = path.replace("\0", "@", 1)

    def next(self, *ignored):
        while True:
            state = self.socket.recv(4096).decode()
            if state not in ignored:
                return state

    def hears(self, state, timeout):
        self.socket.settimeout(seconds(timeout))
        try:
            while self.socket.recv(4096).decode() != state:
                pass
            return True
        except socket.timeout:
            return False


@pytest.fixture
def manager(tmp_path):
    return Manager(str(tmp_path / "notify"))


@pytest.mark.parametrize("path", ["{folder}/life", "\0peal-test-{pid}"])
def test_each_state_is_reported_to_systemd(peal, tmp_path, path):
    manager = Manager(path.format(folder=tmp_path, pid=os.getpid()))
    server = peal(env={"NOTIFY_SOCKET": manager.name})
    assert (manager.next() ==
            f"READY=1\nSTATUS=Listening on port {server.port}")
    assert server.is_alive()
    server.signal(signal.SIGHUP)
    state = manager.next()
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", state)
    assert manager.next() == "READY=1\nSTATUS=Config reloaded"
    (server.folder / "peal.json").write_text('{"a": "\\n",')
    server.signal(signal.SIGHUP)
    assert manager.next().startswith("RELOADING=1")
    state = manager.next()
    assert state.startswith("READY=1\nSTATUS=Config not reloaded: ")
    assert "peal.json" in state and state.count("\n") == 1
    server.signal()
    assert manager.next() == "STOPPING=1\nSTATUS=Draining"
    assert server.wait_exit() == 0


def test_the_watchdog_is_notified_every_second(peal, manager):
    server = peal(env={"NOTIFY_SOCKET": manager.name,
                       "WATCHDOG_USEC": "3000000"})
    assert manager.next().startswith("READY=1\n")
    for _ in range(3):
        assert manager.next() == "WATCHDOG=1"


@contextlib.contextmanager
def held_threads(pid):
    """Stops all threads except the main one, as if they hung."""
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt, detach, wait_all = 0x4206, 0x4207, 17, 0x40000000
    threads = set(map(int, os.listdir(f"/proc/{pid}/task"))) - {pid}
    for thread in threads:
        for request in (seize, interrupt):
            if libc.ptrace(request, thread, None, None) < 0:
                raise OSError(ctypes.get_errno(), "ptrace")
    yield
    for thread in threads:
        os.waitpid(thread, wait_all)  # until it has stopped
        libc.ptrace(detach, thread, None, None)


def test_the_watchdog_is_not_notified_if_a_worker_hangs(peal, manager):
    """Although the main thread, which notifies it, still runs."""
    server = peal(env={"NOTIFY_SOCKET": manager.name,
                       "WATCHDOG_USEC": "3000000"})
    with held_threads(server.process.pid):
        heard = [manager.hears("WATCHDOG=1", 1.5) for _ in range(8)]
    assert not all(heard)
    assert manager.hears("WATCHDOG=1", 5)
    assert server.is_alive()


@pytest.mark.parametrize("env", [
    {}, {"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}])
def test_without_a_manager_nothing_is_sent(peal, manager, env):
    peal(env={"NOTIFY_SOCKET": manager.name, **env})
    assert manager.next().startswith("READY=1\n")
    assert not manager.hears("WATCHDOG=1", 2.5)


@pytest.mark.parametrize("path", ["/nowhere/notify", "", "@",
                                  "/" + "x" * 200])
def test_a_missing_manager_is_harmless(peal, path):
    assert peal(env={"NOTIFY_SOCKET": path}).is_alive()


# --- the unit

@pytest.fixture
def unit(tmp_path):
    """The unit with the path of the tested program."""
    made = tmp_path / "peal.service"
    made.write_text(UNIT.read_text().replace("/usr/local/bin/peal",
                                             find_program()))
    return made


def analyze(*args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True,
                          text=True, check=False)


def test_the_unit_is_valid(unit):
    result = analyze("verify", "--man=no", unit)  # it may not be installed
    assert result.returncode == 0 and not result.stderr, result.stderr


def test_the_unit_is_sandboxed(unit):
    """Exposure on systemd's scale, where 10 is unprotected."""
    result = analyze("security", "--offline=true", "--threshold=20",
                     "--no-pager", unit)
    assert result.returncode == 0, result.stdout[-200:]


def test_the_unit_allows_the_files_of_the_default_limits():
    limit = int(re.search(r"^LimitNOFILE=(\d+)$", UNIT.read_text(),
                          re.M)[1])
    printed = subprocess.run([find_program(), "--print-config"], check=True,
                             env=clean_environment(), capture_output=True,
                             text=True).stdout
    assert limit >= 1024 + int(re.search(r'"connections": (\d+)',
                                         printed)[1])


# --- the program

def readelf(*args):
    return subprocess.run(["readelf", "-W", *args, find_program()],
                          check=True, capture_output=True, text=True).stdout


def test_the_program_is_position_independent_with_read_only_tables():
    assert re.search(r"Type:\s+DYN", readelf("-h"))
    segments = readelf("-l")
    assert "GNU_RELRO" in segments
    stack = re.search(r"GNU_STACK.*", segments)[0]
    assert " RW " in stack and " RWE " not in stack
    dynamic = readelf("-d")
    assert "NOW" in dynamic and "PIE" in dynamic
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic


def test_stack_and_buffers_are_guarded():
    """Except with sanitizers, which have their own guards."""
    symbols = readelf("--dyn-syms")
    if is_sanitized():
        assert re.search(r"__(asan|tsan)_init", symbols)
        return
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(snprintf|memcpy|read|recv)_chk", symbols)
