"""Waiting: bounded, and longer where the build is slow.

PEAL_TEST_SLOWNESS scales every time-out; a build with sanitizers wants 4.
PEAL_TEST_PATIENCE only scales how long a condition is waited for, which costs
nothing where it comes true.
"""

import os
import time

SLOWNESS = float(os.environ.get("PEAL_TEST_SLOWNESS", "1"))
PATIENCE = float(os.environ.get("PEAL_TEST_PATIENCE", "1"))


def seconds(number):
    """That many seconds on a quick machine."""
    return number * SLOWNESS


def wait_until(condition, timeout=5, step=0.02, what="the condition"):
    """Waits until condition() is true, and returns what it gave."""
    limit = seconds(timeout) * PATIENCE
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s for {what}")
        time.sleep(step)
