"""The memory use of a server."""

import os
import pathlib

from support.program import is_sanitized

MEGABYTE = 1 << 20
# environment of a server whose memory is measured: limits the sanitizer's
# quarantine of freed memory
FRUGAL = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1") +
          ":quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}


def memory_of(server):
    """Resident bytes."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines()
                if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def allowed(megabytes):
    """The limit in bytes; higher with a sanitizer, which needs memory too."""
    return megabytes * MEGABYTE * (4 if is_sanitized() else 1)
