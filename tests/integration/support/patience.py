"""Bounded waiting, scaled for slow builds.

PEAL_TEST_SLOWNESS scales every time-out; use 4 for a build with sanitizers.
PEAL_TEST_PATIENCE scales only the time-outs of conditions, which cost nothing
if the condition becomes true.
"""

import os
import time

SLOWNESS = float(os.environ.get("PEAL_TEST_SLOWNESS", "1"))
PATIENCE = float(os.environ.get("PEAL_TEST_PATIENCE", "1"))


def seconds(number):
    """Scales a time-out in seconds."""
    return number * SLOWNESS


def wait_until(condition, timeout=5, step=0.02, what="the condition"):
    """Waits until condition() is true and returns its result."""
    limit = seconds(timeout) * PATIENCE
    end = time.monotonic() + limit
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s for {what}")
        time.sleep(step)
