"""Processes that stand still."""

import os
import pathlib
import signal

from support.patience import wait_until


def states(process):
    """Of its threads: T for one that is stopped."""
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        yield (task / "stat").read_text().rpartition(")")[2].split()[0]


def pause(process):
    """Returns when all threads stand still: on a busy machine one may yet
    take what arrives after the signal."""
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: set(states(process)) == {"T"},
               what="the process to stand still")
