"""The command line: output, errors and exit codes."""

import json
import os
import pathlib
import subprocess
import tempfile

import pytest

from support.program import run_peal

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "conf" / "peal.json"

SECRET = "correct horse battery staple stands"
DONE, CANNOT_START, BAD_USAGE = 0, 1, 2


def find_program():
    """The program to test: $PEAL_BINARY, or the newest build."""
    if "PEAL_BINARY" in os.environ:
        return os.path.abspath(os.environ["PEAL_BINARY"])
    built = list(ROOT.glob("build*/peal"))
    if not built:
        pytest.exit("no build*/peal to test; build it or set PEAL_BINARY")
    return str(max(built, key=os.path.getmtime))


@pytest.fixture
def peal(tmp_path):
    """Runs peal in an empty folder, with no PEAL_ variable but those given."""
    program = find_program()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PEAL_")}

    def run(*args, **variables):
        return subprocess.run([program, *args], env={**clean, **variables},
                              cwd=tmp_path, capture_output=True, text=True,
                              timeout=30)

    return run


def refused(result, *words):
    """One line on stderr with these words, nothing on stdout, exit code 2."""
    assert result.returncode == BAD_USAGE
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("peal: ")
    for word in words:
        assert word in result.stderr
    return True


def test_version(peal):
    result = peal("--version")
    assert result.returncode == DONE
    assert result.stdout.startswith("peal 0.2.0\n")
    assert result.stderr == ""


def test_help_lists_commands_options_and_keys(peal):
    result = peal("--help")
    assert result.returncode == DONE
    for word in ("token", "--config FILE", "--dev", "--check-config",
                 "--limits.connections_per_ip NUMBER", "PEAL_AUTH_SECRET"):
        assert word in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_check_config_says_ok(peal):
    result = peal("--check-config")
    assert (result.returncode, result.stdout) == (DONE, "Configuration ok\n")


def test_the_example_is_valid(peal):
    assert peal("--check-config", "--config", str(EXAMPLE)).returncode == DONE


def test_later_sources_win(peal, tmp_path):
    file = tmp_path / "peal.json"
    file.write_text('{"port": 1, /* two */ "drain_seconds": 2, "workers": 3}')
    result = peal("--print-config", "--config", "peal.json", "--port=4",
                  PEAL_PORT="5", PEAL_DRAIN_SECONDS="6")
    config = json.loads(result.stdout)
    assert config["port"] == 4
    assert config["drain_seconds"] == 6
    assert config["workers"] == 3


def test_the_printed_config_loads_to_the_same(peal, tmp_path):
    first = peal("--print-config", "--echo_prefix", '"\\', "--log.level=warn")
    (tmp_path / "again.json").write_text(first.stdout)
    second = peal("--print-config", "--config=again.json")
    assert second.returncode == DONE
    assert second.stdout == first.stdout


def test_a_printed_secret_is_masked_and_not_taken_for_one(peal, tmp_path):
    printed = peal("--print-config", PEAL_AUTH_SECRET=SECRET)
    assert "horse" not in printed.stdout + printed.stderr
    assert json.loads(printed.stdout)["auth"]["secret"] == "***"
    (tmp_path / "x.json").write_text(printed.stdout)
    assert refused(peal("--check-config", "--config", "x.json"),
                   "auth.secret", "PEAL_AUTH_SECRET")
    assert peal("--check-config", "--config", "x.json",
                PEAL_AUTH_SECRET=SECRET).returncode == DONE


@pytest.mark.parametrize("text, words", [
    ('{"limits": {"conections": 1}}',
     ["x.json: limits.conections: unknown key; did you mean "
      "limits.connections?"]),
    ('{"port": "abc"}',
     ['x.json: port: expected a whole number from 0 to 65535, got "abc"']),
    ('{"port": 70000}', ["x.json: port:", "got 70000"]),
    ('{"log": {"level": "loud"}}', ["one of debug, info, warn, error"]),
    ('{\n\n "port": }', ["x.json: line 3:"]),
    ('{"port": 1, "port": 2}', ["x.json: port: given twice"]),
    ('{"auth": {"secret": 471100}}', ["x.json: auth.secret: expected a non-empty string"]),
])
def test_an_invalid_file_is_refused(peal, tmp_path, text, words):
    (tmp_path / "x.json").write_text(text)
    result = peal("--config", "x.json")
    assert refused(result, *words)
    assert "471100" not in result.stderr


def test_a_missing_file_is_refused(peal):
    assert refused(peal("--config", "no.json"), "no.json: cannot be read")


@pytest.mark.parametrize("variables, words", [
    ({"PEAL_PROT": "1"},
     ["PEAL_PROT: unknown key; did you mean PEAL_PORT?"]),
    ({"PEAL_PORT": "abc"}, ["PEAL_PORT: expected", 'got "abc"']),
    ({"PEAL_AUTH_SECRET": ""}, ["PEAL_AUTH_SECRET: expected"]),
])
def test_invalid_variables_are_refused(peal, variables, words):
    assert refused(peal("--check-config", **variables), *words)


@pytest.mark.parametrize("args, words", [
    (["--prot", "1"], ["--prot: unknown flag; did you mean --port?"]),
    (["--port"], ["--port: expected", "got nothing"]),
    (["--port=1.5"], ["--port: expected", 'got "1.5"']),
    (["--config"], ["--config: expected a FILE"]),
    (["sreve"], ["sreve: unknown argument"]),
    (["--pong_seconds", "25"], ["pong_seconds: expected less than"]),
])
def test_invalid_flags_are_refused(peal, args, words):
    assert refused(peal(*args), *words)


@pytest.mark.parametrize("args", [["--auth.secret", "hush"],
                                  ["--auth.secret=hush"],
                                  ["--auth.secrets=hush"]])
def test_a_secret_on_the_command_line_is_refused(peal, args):
    result = peal(*args)
    assert refused(result, "--auth.secret")
    assert "hush" not in result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_without_auth_it_does_not_listen_beyond_loopback(peal, host):
    assert refused(peal("--host", host), "without auth", "PEAL_AUTH_SECRET",
                   "--insecure")
    check = ["--check-config", "--host", host]
    assert peal(*check, "--insecure").returncode == DONE
    assert peal(*check, PEAL_AUTH_SECRET=SECRET).returncode == DONE


@pytest.mark.parametrize("variables, words", [
    ({"PEAL_AUTH_SECRET": "short"}, ["auth.secret: expected at least 32"]),
    ({"PEAL_AUTH_KEY_FILE": "/dev/null"}, ["auth.key_file: /dev/null"]),
    ({"PEAL_AUTH_JWKS_FILE": "/nowhere"}, ["auth.jwks_file: /nowhere"]),
    ({"PEAL_DEFAULT_PROTOCOL": "chat"}, ['default_protocol: unknown "chat"']),
    ({"PEAL_WEB_ROOT": "/nowhere"}, ["web_root: /nowhere"]),
])
def test_check_config_finds_all_errors_of_a_start(peal, variables, words):
    assert refused(peal("--check-config", **variables), *words)
    assert refused(peal("--port=0", **variables), *words)


@pytest.mark.parametrize("word", ["show", "refusals", "ban", "unban", "bans"])
def test_an_action_on_a_client_suggests_its_command(peal, word):
    assert refused(peal(word), f"did you mean peal client {word}?")


@pytest.mark.parametrize("args, variables, file", [
    (["--log.format", "json", "--port", "x"], {}, None),
    (["--log.format=json", "--auth.key_file", "/none"], {}, None),
    (["--port=0"], {"PEAL_LOG_FORMAT": "json", "PEAL_WORKERS": "x"}, None),
    (["--prot=0"], {"PEAL_LOG_FORMAT": "json"}, None),
    ([], {}, '{"log": {"format": "json"}, "port": "x"}'),
    (["--log.format=json", "--host=192.0.2.1", "--insecure"], {}, None),
])
def test_with_a_json_log_a_failed_start_is_logged_as_json(peal, tmp_path, args,
                                                          variables, file):
    if file:
        (tmp_path / "x.json").write_text(file)
        args = ["--config", "x.json"]
    result = peal(*args, **variables)
    assert result.returncode == (CANNOT_START if "--insecure" in args
                                 else BAD_USAGE)
    line = [json.loads(text) for text in result.stderr.splitlines()][-1]
    assert (line["level"], line["message"]) == ("error", "Cannot start")
    assert line["reason"]


def test_check_config_prints_plain_text(peal):
    assert refused(peal("--check-config", "--port=x", PEAL_LOG_FORMAT="json"))


@pytest.mark.parametrize("key, value", [
    ("trusted_proxies", "10.0.0.0/8"), ("origins", "https://a.example"),
    ("proxy_protocol", "true")])
def test_remote_clients_without_auth_cause_a_warning(peal, key, value):
    check = ["--check-config", f"--{key}={value}"]
    result = peal(*check)
    assert result.returncode == DONE
    assert f"peal: warning: {key}: clients from other machines" in result.stderr
    assert peal(*check, "--insecure").stderr == ""
    assert peal(*check, PEAL_AUTH_SECRET=SECRET).stderr == ""
    assert peal(*check, PEAL_HOOKS_SECRET=SECRET, PEAL_HOOKS_QUESTIONS="connect",
                PEAL_HOOKS_URL="http://127.0.0.1:1/").stderr == ""


@pytest.fixture
def open_folder():
    """A folder readable by other users, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


def test_files_must_be_readable_by_the_services_user(peal, open_folder):
    if os.geteuid() != 0:
        pytest.skip("only root can look as somebody else")
    config, key = open_folder / "x.json", open_folder / "keys.json"
    key.write_text(json.dumps({"keys": [{"kty": "oct", "k": "A" * 64}]}))
    config.write_text(json.dumps({"auth": {"jwks_file": str(key)}}))
    check = ["--check-config", "--config", str(config), "--user"]
    for private in (key, config):
        private.chmod(0o600)
        result = peal(*check, "nobody")
        assert refused(result, str(private), "cannot be read by the user nobody")
        assert ("auth.jwks_file: " in result.stderr) == (private == key)
        assert peal(*check, "root").returncode == DONE
        private.chmod(0o644)
        assert peal(*check, "nobody").returncode == DONE
    assert refused(peal(*check, "no-such-user"), "there is no user")


def test_dev_serves_the_demo_and_explains_refusals(peal):
    config = json.loads(peal("--dev", "--print-config").stdout)
    assert config["host"] == "127.0.0.1"
    assert config["explain_refusals"] is True
    assert (pathlib.Path(config["web_root"]) / "peal.js").is_file()


def test_listening_on_a_foreign_address_fails(peal):
    result = peal("--host", "192.0.2.1", "--insecure", "--workers=1")
    assert result.returncode == CANNOT_START
    assert "192.0.2.1" in result.stderr


def test_a_new_app_is_valid_in_the_config(tmp_path):
    done = run_peal("pusher-app", "new")
    assert done.returncode == 0, done.stderr
    app = json.loads(done.stdout)
    assert app["id"].isdigit() and len(app["secret"]) == 64
    file = tmp_path / "peal.json"
    file.write_text(json.dumps({"pusher": {"apps": [app]}}))
    printed = run_peal("--config", str(file), "--print-config")
    assert printed.returncode == 0, printed.stderr
    assert app["key"] in printed.stdout
    assert app["secret"] not in printed.stdout
    assert run_peal("pusher-app").returncode == 2


def test_the_secret_of_an_app_may_be_in_a_file(tmp_path):
    secret = tmp_path / "secret"
    config = tmp_path / "peal.json"
    app = {"id": "1", "key": "k", "secret_file": str(secret)}
    config.write_text(json.dumps({"pusher": {"apps": [app]}}))
    check = ("--config", str(config), "--check-config")
    for text, code in ((None, 2), ("\n", 2), ("a secret\n", 0)):
        if text is not None:
            secret.write_text(text)
        assert run_peal(*check).returncode == code, text
    for wrong in ({"id": "1", "key": "k"}, {**app, "secret": "x"},
                  {**app, "id": "a:b"}, {**app, "key": "a b"}):
        config.write_text(json.dumps({"pusher": {"apps": [wrong]}}))
        assert run_peal(*check).returncode == 2, wrong
    config.write_text(json.dumps({"pusher": {"apps": [app, app]}}))
    assert "is used by an earlier" in run_peal(*check).stderr
