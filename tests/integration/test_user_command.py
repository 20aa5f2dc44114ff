"""`peal user`: on the database directly, and through a running server."""

import json
import subprocess

import pytest

from support import accounts, patience
from support.accounts import KEY, PASSWORD, ask, member, sign_in, sign_up, tell
from support.program import run_peal
from support.server import clean_environment, find_program


@pytest.fixture(name="user")
def command(tmp_path):
    """user("add", ..., stdin=...) runs the command on the database of
    `folder`."""
    def run(*words, stdin="", code=0, env=None):
        url = accounts.sqlite(tmp_path)["accounts"]["url"]
        done = subprocess.run(
            [find_program(), "user", *words], input=stdin, text=True,
            capture_output=True, check=False, cwd=tmp_path,
            env={**clean_environment(), "PEAL_ACCOUNTS_URL": url,
                 "PEAL_ACCOUNTS_HASH_MEMORY_KIB": "19456",
                 "PEAL_ACCOUNTS_HASH_PASSES": "2", **(env or {})})
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stderr if code else done.stdout
    return run


def test_life_of_a_user_in_the_database(peal, user, tmp_path):
    made = user("add", "Ann@Example.com", "--name", "Ann",
                stdin=PASSWORD + "\n").strip()
    server = peal(accounts.sqlite(tmp_path))
    tokens = sign_in(server, "Ann@example.com")
    assert tell(server, "/me", token=tokens["access_token"])["id"] == made
    assert user("list") == f"{made} Ann@example.com Ann\n"
    shown = json.loads(user("show", "Ann@example.com"))
    assert shown == tell(server, f"/users/{made}", token=KEY)
    assert json.loads(user("export")) == shown
    user("disable", made)
    assert user("list").endswith("Ann (disabled)\n")
    assert ask(server, "/token", {"refresh_token": tokens["refresh_token"]}
               ).status == 401
    user("enable", "Ann@example.com")
    user("passwd", made, stdin="another password")
    sign_in(server, "Ann@example.com", "another password")
    user("delete", made)
    assert user("list") == ""


def test_invalid_commands_are_refused(user):
    taken = ("add", "ann@example.com", "--name", "Ann")
    user(*taken, stdin=PASSWORD)
    assert "registered already" in user(*taken, stdin=PASSWORD, code=1)
    new = ("add", "b@example.com", "--name", "B")
    assert "8 to 1024" in user(*new, stdin="short", code=1)
    assert "too common" in user(*new, stdin="password1", code=1)
    assert "no password" in user(*new, code=1)
    assert "--name" in user("add", "b@example.com", stdin=PASSWORD, code=1)
    assert "an address" in user("add", "b", "--name", "B", code=1)
    assert "no such user" in user("show", "nobody", code=1)
    assert "is missing" in user("show", code=2)
    assert "expected add" in user("sing", code=2)
    assert "PEAL_ACCOUNTS_URL" in user("list", code=2,
                                       env={"PEAL_ACCOUNTS_URL": ""})


def test_over_a_running_server(peal, user, tmp_path):
    server = peal(accounts.sqlite(tmp_path), plain=True)
    url = ("--url", f"http://127.0.0.1:{server.port}")
    env = {"PEAL_API_KEY": KEY, "PEAL_ACCOUNTS_URL": ""}
    made = user("add", "ann@example.com", "--name", "Änn", *url, env=env,
                stdin=PASSWORD).strip()
    tokens = sign_in(server)
    client = server.join(made, token=tokens["access_token"])
    assert json.loads(user("show", made, *url, env=env)) == tell(
        server, f"/users/{made}", token=KEY)
    assert user("list", *url, env=env) == f"{made} ann@example.com Änn\n"
    user("disable", made, *url, env=env)
    client.wait_close()
    user("enable", made, *url, env=env)
    sign_in(server)
    again = server.join(made, token=sign_in(server)["access_token"])
    user("passwd", made, *url, env=env, stdin="another password")
    again.wait_close()
    sign_in(server, password="another password")
    assert "too common" in user("passwd", made, *url, env=env, code=1,
                                     stdin="password1")
    assert "by id" in user("show", "ann@example.com", *url, env=env,
                               code=1)
    user("delete", made, *url, env=env)
    assert "404" in user("show", made, *url, env=env, code=1)
    assert "401" in user("list", *url, code=1)


def test_all_pages_are_listed(peal, user, tmp_path):
    for i in range(3):
        user("add", f"{i}@example.com", "--name", str(i), stdin=PASSWORD)
    server = peal(accounts.sqlite(tmp_path), plain=True)
    for i in range(3, 105):
        sign_up(server, f"{i}@example.com", str(i), token=KEY)
    emails = [json.loads(line)["email"]
              for line in user("export").splitlines()]
    assert emails == [f"{i}@example.com" for i in range(105)]
    over = user("export", "--url", f"http://127.0.0.1:{server.port}",
                env={"PEAL_API_KEY": KEY})
    assert over == user("export")


def test_rotated_key(peal, user, tmp_path):
    """Old tokens stay valid, and other servers notice the new key."""
    server = peal(accounts.sqlite(tmp_path))
    before = member(server)
    user("rotate-key")
    assert patience.wait_until(
        lambda: len(tell(server, "/.well-known/jwks.json")["keys"]) == 2,
        what="the new key")
    after = sign_in(server)
    for tokens in (before, after):
        assert tell(server, "/me", token=tokens["access_token"])
        server.join(before["id"], token=tokens["access_token"])
    for _ in range(3):
        user("rotate-key")
    patience.wait_until(lambda: ask(server, "/me", token=before["access_token"]
                                    ).status == 401, what="its expiry")


def test_key_of_a_secret(user):
    assert "auth.secret signs" in user(
        "rotate-key", code=1, env={"PEAL_AUTH_SECRET": "s" * 32})


def test_help():
    done = run_peal("user", "--help")
    assert done.returncode == 0 and "rotate-key" in done.stdout
