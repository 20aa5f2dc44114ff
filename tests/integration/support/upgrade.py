"""Upgrades in place: the new process is not a child of the test, but must be
waited for and checked."""

import ctypes
import os
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


class Successor:
    """The new process, with the interface of subprocess.Popen."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        """The new process becomes our child when the old one has ended."""
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        end = time.monotonic() + (timeout or 60)
        while self.poll() is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("peal", timeout)
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def adopt_orphans():
    """Makes orphaned descendants children of this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(server):
    """Requests an upgrade; returns the old process."""
    adopt_orphans()
    server.signal(signal.SIGUSR2)
    return server.process


def upgrade(server, timeout=15):
    """Performs an upgrade; returns the old process, which may still drain.
    `server` then stands for the new process."""
    old = start(server)
    line = server.wait_log(f"Upgrade completed\" from={old.pid}", timeout)
    server.process = Successor(int(line.rsplit("pid=", 1)[1].split()[0]))
    return old
