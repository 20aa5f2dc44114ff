"""Container environments: variables set by the platform, secrets in files, and
their line endings."""

import json
import signal

from support.program import run_peal
from support.tokens import SECRET, base64url, make_token
from support.websocket import Refused

KUBERNETES = {
    "PEAL_PORT": "tcp://10.96.12.7:8080",
    "PEAL_SERVICE_HOST": "10.96.12.7",
    "PEAL_SERVICE_PORT_HTTP": "8080",
    "PEAL_PORT_8080_TCP_ADDR": "10.96.12.7",
    "PEAL_REDIS_PORT": "tcp://10.96.3.1:6379",
}


def is_let_in(server, token):
    try:
        server.connect(token=token).drop()
        return True
    except Refused:
        return False


def test_variables_of_kubernetes_are_ignored_and_listed_once(peal):
    server = peal(env=KUBERNETES)
    assert server.request("/health").status == 200
    line, = [line for line in server.log().splitlines() if "Kubernetes" in line]
    assert "level=info" in line
    assert "names=" + ",".join(KUBERNETES) in line


def test_a_secret_in_a_file_is_read_again_on_reload(peal, tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    server = peal(env={"PEAL_AUTH_SECRET_FILE": str(file)})
    assert is_let_in(server, make_token())
    file.write_text("another-secret-0123456789abcdef0123456789\n")
    server.signal(signal.SIGHUP)
    server.wait_log("Config reloaded")
    assert not is_let_in(server, make_token())


def test_an_api_key_in_a_file_serves_the_commands_too(peal, tmp_path):
    file = tmp_path / "key"
    file.write_text("the-key-of-the-tests-0123456789\n")
    env = {"PEAL_API_KEY_FILE": str(file)}
    server = peal(env=env, plain=True)
    done = run_peal("publish", "--url", f"http://127.0.0.1:{server.port}",
                    "--channel", "x", "1", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["channel"] == "x"


def test_a_quoted_secret_is_warned_about(peal):
    env = {"PEAL_AUTH_SECRET": f'"{SECRET}"'}
    checked = run_peal("--check-config", env=env)
    assert checked.returncode == 0
    assert "auth.secret" in checked.stderr and "quotes" in checked.stderr
    assert SECRET not in checked.stderr
    server = peal(env=env)
    assert server.log().count("enclosed in quotes") == 1


def test_a_key_that_cannot_be_used_is_warned_about(peal, tmp_path):
    keys = {"keys": [{"kty": "oct", "kid": "short", "k": "c2hvcnQ"},
                     {"kty": "oct", "kid": "good",
                      "k": base64url(SECRET.encode())}]}
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(keys))
    server = peal(config={"auth": {"jwks_file": str(file)}})
    assert is_let_in(server, make_token())
    line, = server.log_lines("skipped")
    assert "level=warn" in line and "key 1" in line and "short" in line
