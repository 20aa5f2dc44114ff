"""Upgrades in place: the process that takes over is no child of ours, and yet
has to be waited for and judged."""

import ctypes
import os
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


class Successor:
    """The new process, as if it were a subprocess.Popen."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        """It becomes our child when the old process has ended."""
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
    """A process whose parent ends becomes ours."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(server):
    """Asks for an upgrade; the old process."""
    adopt_orphans()
    server.signal(signal.SIGUSR2)
    return server.process


def upgrade(server, timeout=15):
    """A whole upgrade; the old process, which may still drain. `server` is
    the new one from here on."""
    old = start(server)
    line = server.wait_log(f"Upgrade completed\" from={old.pid}", timeout)
    server.process = Successor(int(line.rsplit("pid=", 1)[1].split()[0]))
    return old
