"""Waiting: bounded, and longer where the build is slow.

PEAL_TEST_SLOWNESS scales every time-out; a build with sanitizers wants 4.
"""

import os
import time

SLOWNESS = float(os.environ.get("PEAL_TEST_SLOWNESS", "1"))


def seconds(number):
    """That many seconds on a quick machine."""
    return number * SLOWNESS


def wait_until(condition, timeout=5, step=0.02, what="the condition"):
    """Waits until condition() is true, and returns what it gave."""
    end = time.monotonic() + seconds(timeout)
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds(timeout)} s for {what}")
        time.sleep(step)
