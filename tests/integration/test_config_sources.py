"""A config in several files: conf.d next to the config file, in name order;
and `peal config`, which shows the origin of each value."""

import json
import signal

import pytest

from support.program import run_peal


@pytest.fixture
def folder(tmp_path):
    """write(name, config) puts a file there; main is peal.json."""
    (tmp_path / "conf.d").mkdir()

    def write(name, config):
        text = config if isinstance(config, str) else json.dumps(config)
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)
    return write


def origins(*args, env=None):
    """key: (value, origin)"""
    done = run_peal("config", *args, env=env or {})
    assert done.returncode == 0, done.stderr
    rows = [line.split(None, 1) for line in done.stdout.splitlines()]
    return {name: tuple(rest.rsplit("  # ", 1)) for name, rest in rows}


def test_later_files_win_key_by_key(folder):
    main = folder("peal.json", {"port": 1, "limits": {
        "channels": 1, "connections": 1}, "origins": ["https://a.example"]})
    folder("conf.d/20-b.json", {"limits": {"channels": 20}})
    folder("conf.d/10-a.json", {"limits": {"channels": 10, "tickets": 10},
                                "port": 10,
                                "origins": ["https://b.example"]})
    found = origins("--config", main)
    ten, twenty = (main.replace("peal.json", f"conf.d/{name}.json")
                   for name in ("10-a", "20-b"))
    assert found["limits.channels"] == ("20", twenty)
    assert found["limits.tickets"] == ("10", ten)
    assert found["limits.connections"] == ("1", main)
    assert found["port"] == ("10", ten)
    # a list is one value
    assert found["origins"] == ('["https://b.example"]', ten)
    assert found["pong_seconds"] == ("10", "default")


def test_null_keeps_the_earlier_value(folder):
    main = folder("peal.json", {"port": 1})
    folder("conf.d/a.json", {"port": None})
    assert origins("--config", main)["port"] == ("1", main)


def test_environment_and_flags_take_precedence_and_are_named(folder, tmp_path):
    main = folder("peal.json", {"workers": 1})
    folder("conf.d/a.json", {"port": 1, "host": "127.0.0.2"})
    secret = folder("secret", "a secret of more than 32 characters")
    found = origins("--config", main, "--port", "3", env={
        "PEAL_PORT": "2", "PEAL_HOST": "127.0.0.3",
        "PEAL_AUTH_SECRET_FILE": secret})
    assert found["port"] == ("3", "--port")
    assert found["host"] == ('"127.0.0.3"', "PEAL_HOST")
    assert found["auth.secret"][1] == "PEAL_AUTH_SECRET_FILE"
    assert "more than" not in str(found)


@pytest.mark.parametrize("name", [
    "a.json.dpkg-old", "a.json~", ".a.json", "a.conf", ".json", "README"])
def test_other_files_are_ignored(folder, name):
    main = folder("peal.json", {"port": 1})
    folder(f"conf.d/{name}", "no JSON")
    assert origins("--config", main)["port"] == ("1", main)


@pytest.mark.parametrize("text, why", [
    ("{", "line 1"), ('{"prot": 1}', "prot: unknown key; did you mean port?"),
    ('{"limits": {"channels": "x"}}', "limits.channels: expected a whole")])
def test_an_error_names_the_file(folder, text, why):
    main = folder("peal.json", {})
    bad = folder("conf.d/50-bad.json", text)
    done = run_peal("--config", main, "--check-config")
    assert done.returncode == 2
    assert done.stderr.startswith(f"peal: {bad}: ") and why in done.stderr


def test_a_missing_folder_is_not_an_error(tmp_path):
    (tmp_path / "peal.json").write_text('{"port": 1}')
    found = origins("--config", str(tmp_path / "peal.json"))
    assert found["port"][0] == "1"


def test_settings_of_dev_are_named():
    assert origins("--dev")["explain_refusals"] == ("true", "--dev")


def test_a_reload_reads_the_folder_again(peal):
    server = peal()
    (server.folder / "conf.d").mkdir()
    (server.folder / "conf.d/a.json").write_text('{"log": {"level": "debug"}}')
    server.signal(signal.SIGHUP)
    line = server.wait_log("Config reloaded")
    assert "changed=log.level" in line
    (server.folder / "conf.d/a.json").write_text('{"log": {"level": "loud"}}')
    server.signal(signal.SIGHUP)
    line = server.wait_log("Config reload failed")
    assert "conf.d/a.json: log.level" in line


def test_each_key_has_one_line():
    found = run_peal("config").stdout.splitlines()
    printed = json.loads(run_peal("--print-config").stdout)
    keys = sum(len(value) if isinstance(value, dict) else 1
               for value in printed.values())
    assert len(found) == keys
