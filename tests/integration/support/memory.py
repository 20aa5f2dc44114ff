"""How much memory a server holds."""

import os
import pathlib

from support.program import is_sanitized

MEGABYTE = 1 << 20
# for a server whose memory is measured: a sanitizer must not keep what was
# freed
FRUGAL = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "detect_leaks=1") +
          ":quarantine_size_mb=4:thread_local_quarantine_size_kb=64"}


def memory_of(server):
    """Resident bytes."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines()
                if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def allowed(megabytes):
    """So many bytes; more where a sanitizer keeps its notes about each."""
    return megabytes * MEGABYTE * (4 if is_sanitized() else 1)
