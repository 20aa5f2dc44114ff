"""log.file: a file instead of stderr, reopened on SIGHUP."""

import os
import signal

import pytest

from support.patience import wait_until
from support.program import run_peal
from test_reload import reload


def lines(path, text):
    return [line for line in path.read_text().splitlines() if text in line]


def hang_up(server, path, text):
    before = len(lines(path, text)) if path.exists() else 0
    server.signal(signal.SIGHUP)
    wait_until(lambda: path.exists() and len(lines(path, text)) > before, what=text)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "peal.log.1"


@pytest.fixture
def start(peal, file):
    def start(**more):
        server = peal({"log": {"file": str(file), **more}}, is_quiet=True)
        wait_until(lambda: file.exists() and lines(file, "Listening"), what="lines")
        return server
    return start


def test_lines_only_go_to_the_file(start, file):
    server = start()
    assert server.log() == ""
    assert oct(file.stat().st_mode & 0o777) in ("0o640", "0o600")
    server.signal()
    assert server.wait_exit() == 0
    assert lines(file, "message=Draining") and server.log() == ""


def test_after_a_rotation_sighup_reopens_the_file(start, file):
    server = start()
    old = file.rename(file.with_suffix(".old"))
    hang_up(server, file, "Config reloaded")
    assert not lines(old, "Config reloaded")
    # even if the reload fails
    newer = file.rename(file.with_suffix(".new"))
    (server.folder / "peal.json").write_text("{")
    hang_up(server, file, "Config reload failed")
    assert not lines(newer, "Config reload failed")


def test_a_reload_changes_the_file_and_goes_back_to_stderr(start, file,
                                                           tmp_path):
    server = start()
    other = tmp_path / "other.log"
    config = (server.folder / "peal.json").read_text()
    (server.folder / "peal.json").write_text(
        config.replace(str(file), str(other)))
    hang_up(server, other, "changed=log.file")
    size = file.stat().st_size
    (server.folder / "peal.json").write_text(
        config.replace(str(file), "/no/such/folder/x"))
    hang_up(server, other, "No such file or directory")
    (server.folder / "peal.json").write_text(config.replace(
        f'"{file}"', "null"))
    server.signal(signal.SIGHUP)
    server.wait_log("changed=log.file")
    assert file.stat().st_size == size
    assert "changed=log.level" in reload(server, {"log.level": "debug"})


def test_a_file_that_cannot_be_opened_prevents_the_start(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/no/such/folder/x", str(tmp_path), str(tmp_path / "pipe")):
        done = run_peal("--port", "0", "--log.file", path)
        assert done.returncode == 1
        assert f"log.file: {path} cannot be opened" in done.stderr

