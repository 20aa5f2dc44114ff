"""Paused processes."""

import os
import pathlib
import signal

from support.patience import wait_until


def states(process):
    """The states of its threads; T is stopped."""
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        yield (task / "stat").read_text().rpartition(")")[2].split()[0]


def pause(process):
    """Returns once all threads are stopped: on a busy machine, a thread may
    still handle input that arrives after the signal."""
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: set(states(process)) == {"T"},
               what="the process to stand still")
