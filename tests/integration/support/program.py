"""Runs the program once, as from a shell."""

import functools
import re
import subprocess

from support.patience import seconds
from support.server import clean_environment, find_program


def run_peal(*args, env=None, text=None):
    """PEAL_ variables come only from `env`; `text` is the input."""
    return subprocess.run([find_program(), *args], input=text or "",
                          env={**clean_environment(), **(env or {})},
                          capture_output=True, text=True,
                          timeout=seconds(30), check=False)


@functools.cache
def is_sanitized():
    """Whether the program's version reports a sanitizer."""
    return bool(re.search(r"address|thread|undefined",
                          run_peal("--version").stdout))
