"""Secrets are not on the command line, not in core files, and not visible to
other processes."""

import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile

import pytest

from support.program import is_sanitized
from support.server import clean_environment, find_program

AUTH = "the-secret-of-tokens-0123456789abcdef"
API = "the-key-of-backends-0123456789abcdef"
FILED = "the-secret-in-a-file-0123456789abcdef"
PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern")


def allow_core_files():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def crash(peal, **config):
    """Aborts a running server; returns its core files."""
    server = peal(config={**config, "core_dumps": config.get(
        "core_dumps", False), "api": {"key": FILED}},
        env={"PEAL_AUTH_SECRET": AUTH,
             "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
             ":disable_coredump=0:use_madv_dontdump=1"},
        before_start=allow_core_files)
    assert server.request("/api/channels", headers=[
        ("Authorization", "Bearer " + FILED)]).status == 200
    server.exit_code = -signal.SIGABRT
    server.signal(signal.SIGABRT)
    assert server.wait_exit() == -signal.SIGABRT
    return sorted(server.folder.glob("core*"))


def holds(file, text):
    found = subprocess.run(["grep", "-c", "-a", "-F", text, file],
                           capture_output=True, check=False)
    return found.returncode == 0


def need_core_files_here():
    """Skips if the kernel pipes core files to a program or a limit prevents
    them."""
    if PATTERN.read_text().startswith("|") or \
            not resource.getrlimit(resource.RLIMIT_CORE)[1]:
        pytest.skip("no core files here: " + PATTERN.read_text().strip())


def test_a_crash_leaves_nothing(peal):
    need_core_files_here()
    assert crash(peal) == []


def test_if_allowed_a_crash_leaves_a_core_file_with_secrets(peal):
    """Proves that the previous test can find a secret."""
    need_core_files_here()
    if is_sanitized():
        pytest.skip("the shadow memory would make a file of terabytes")
    file, = crash(peal, core_dumps=True)
    assert holds(file, AUTH) and holds(file, FILED)
    file.unlink()


def copy_for_all(folder):
    os.chmod(folder, 0o755)
    program = shutil.copy(find_program(), folder)
    os.chmod(program, 0o755)
    return program


def test_other_processes_of_the_user_cannot_read_memory(peal):
    """Files in /proc owned by root are readable only by root."""
    closed = peal(config={"core_dumps": False}).process.pid
    assert os.stat(f"/proc/{closed}/environ").st_uid == 0
    if os.getuid():
        with pytest.raises(PermissionError):
            pathlib.Path(f"/proc/{closed}/environ").read_bytes()
        return
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(
            [*nobody, copy_for_all(folder), "--port", "0"],
            stderr=subprocess.PIPE, cwd="/",
            env={**clean_environment(), "PEAL_AUTH_SECRET": AUTH}) as server:
        while b"Listening" not in server.stderr.readline():
            assert server.poll() is None
        seen = subprocess.run([*nobody, "cat", f"/proc/{server.pid}/environ"],
                              capture_output=True, check=False)
        server.terminate()
        assert seen.returncode != 0 and seen.stdout == b""


# --- the command line

def test_no_secret_has_a_flag():
    """Secrets are keys masked by --print-config or with a suspicious name."""
    run = [find_program(), "--print-config"]
    secrets = {"PEAL_AUTH_SECRET": AUTH, "PEAL_API_KEY": API,
               "PEAL_REDIS_URL": "redis://user:word@127.0.0.1:1"}
    printed = subprocess.run(run, check=True, capture_output=True, text=True,
                             env={**clean_environment(), **secrets}).stdout
    assert AUTH not in printed and API not in printed
    assert "word@" not in printed
    flags = subprocess.run([find_program(), "--help"], check=True,
                           capture_output=True, text=True).stdout
    for name in ("auth.secret", "api.key", "redis.url", "hooks.secret"):
        refused = subprocess.run([find_program(), f"--{name}", AUTH],
                                 capture_output=True, text=True, check=False)
        assert refused.returncode == 2 and AUTH not in refused.stderr
        assert not re.search(rf"--{re.escape(name)}\b(?!s)", flags)
    assert not re.findall(r"--[\w.]*(?:secret|password)\b", flags)


@pytest.mark.parametrize("command", ["token", "publish", "tail", "ticket",
                                     "info", "hash-key"])
def test_no_command_accepts_a_secret_argument(command):
    told = subprocess.run([find_program(), command, "--help"],
                          capture_output=True, text=True, check=False,
                          env=clean_environment())
    flags = re.findall(r"--[\w-]+(?: [A-Z]+)?", told.stdout + told.stderr)
    assert flags
    assert not [flag for flag in flags if not flag.endswith(" FILE") and
                re.search(r"^--(secret|key|api-key|password|token)\b", flag)]
