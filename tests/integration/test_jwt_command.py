"""The command line of `peal token`. test_jwt_libraries checks the tokens."""

import base64
import json
import subprocess
import time

import pytest

from support.server import clean_environment, find_program

SECRET = "a secret of the tests, long enough for all"
DONE, BAD_USAGE = 0, 2


def run(*args, **environment):
    return subprocess.run([find_program(), "token", *map(str, args)],
                          env={**clean_environment(), **environment},
                          capture_output=True, text=True, timeout=30)


def with_secret(*args):
    return run(*args, PEAL_AUTH_SECRET=SECRET)


def claims_of(result):
    assert result.returncode == DONE, result.stderr
    assert result.stderr == ""
    token, = result.stdout.splitlines()
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_the_minimum_configuration():
    claims = claims_of(with_secret("--sub", "alice"))
    assert claims["sub"] == "alice"
    assert abs(claims["iat"] - time.time()) < 60
    assert claims["exp"] == claims["iat"] + 3600
    assert set(claims) == {"sub", "iat", "exp"}


@pytest.mark.parametrize("ttl, seconds", [
    ("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604800),
    ("3650d", 315360000)])
def test_ttl(ttl, seconds):
    claims = claims_of(with_secret("--sub=alice", f"--ttl={ttl}"))
    assert claims["exp"] - claims["iat"] == seconds


def test_secret_audience_and_issuer_come_from_the_config(tmp_path):
    file = tmp_path / "peal.json"
    file.write_text(json.dumps({"auth": {
        "secret": SECRET, "audience": 'the "peal" here', "issuer": "us"}}))
    claims = claims_of(run("--sub", "alice", "--config", file))
    assert (claims["aud"], claims["iss"]) == ('the "peal" here', "us")


def test_info():
    info = {"name": "Älice"}
    claims = claims_of(with_secret("--sub", "a", "--info", json.dumps(info)))
    assert claims["info"] == info


def test_caps():
    caps = [{"channels": ["chat:*"], "allow": ["sub", "pub"]}]
    claims = claims_of(with_secret("--sub", "a", "--caps", json.dumps(caps)))
    assert claims["caps"] == caps


@pytest.mark.parametrize("args, words", [
    ([], "--sub is missing"),
    (["--sub"], "--sub ID: the value is missing"),
    (["--sub="], "--sub ID: the value is missing"),
    (["--sub", "a\nb"], "characters; found U+000A at character 2"),
    (["--sub", "a" * 129], "--sub: it must be 1 to 128 bytes of UTF-8"),
    (["--sub", "a", "--ttl", "5y"], "--ttl: expected"),
    (["--sub", "a", "--ttl", "0"], "--ttl: expected"),
    (["--sub", "a", "--ttl", "-1"], "--ttl: expected"),
    (["--sub", "a", "--ttl", "1.5h"], "--ttl: expected"),
    (["--sub", "a", "--ttl", "3651d"], "--ttl: expected"),
    (["--sub", "a", "--ttl", "9" * 40 + "d"], "--ttl: expected"),
    (["--sub", "a", "--info", "[]"], "--info: it must be a JSON object"),
    (["--sub", "a", "--caps", "[}"], "--caps: "),
    (["--sub", "a", "--caps", "{}"], "--caps: expected a list of rules"),
    (["--sub", "a", "--caps", '[{"channels":["\t"],"allow":["sub"]}]'],
     "control character"),
    (["--sub", "a", "--key", "no-such-file"], "--key: no-such-file: cannot"),
    (["--sub", "a", "--config", "no-such-file"], "no-such-file"),
    (["--sbu", "a"], "did you mean --sub?"),
    (["--sub", "a", "--caps", '[{"channels":["a"],"allow":[],"evnts":["x"]}]'],
     '--caps: rule 1: unknown "evnts"; did you mean "events"?'),
    (["--help=1"], "--help: takes no value"),
    (["alice"], 'unexpected "alice"'),
])
def test_incorrect_usage_is_named(args, words):
    result = with_secret(*args)
    assert (result.returncode, result.stdout) == (BAD_USAGE, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("peal token: ")
    assert words in result.stderr


@pytest.mark.parametrize("environment, words", [
    ({}, "auth.secret is not set"),
    ({"PEAL_AUTH_SECRET": "short"}, "auth.secret: "),
    ({"PEAL_AUTH_SECRET": SECRET, "PEAL_AUTH_ALGORITHMS": "RS256"},
     "auth.algorithms: none matches"),
])
def test_a_config_that_cannot_sign_is_named(environment, words):
    result = run("--sub", "alice", **environment)
    assert (result.returncode, result.stdout) == (BAD_USAGE, "")
    assert words in result.stderr
    assert "short" not in result.stderr


def test_the_algorithm_follows_the_config():
    token = run("--sub", "alice", PEAL_AUTH_SECRET=SECRET + SECRET,
                PEAL_AUTH_ALGORITHMS="RS256,HS512").stdout
    header = token.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {
        "alg": "HS512", "typ": "JWT"}


def test_help_fits_a_terminal():
    result = run("--help")
    assert (result.returncode, result.stderr) == (DONE, "")
    for word in ("--sub ID", "--ttl TIME", "--caps JSON", "--config FILE",
                 "--key FILE"):
        assert word in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
