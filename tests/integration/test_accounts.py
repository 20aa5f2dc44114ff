"""Accounts over HTTP: sign-up, sign-in, and the rights of users and
backends."""

import pytest

from support import accounts
from support.accounts import KEY, PASSWORD, ask, member, sign_in, sign_up, tell
from support.websocket import Refused


@pytest.fixture(scope="module", name="server")
def one_server(start_shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("accounts")
    return start_shared(accounts.sqlite(folder))


def test_sign_up(server):
    user = sign_up(server, "Up@Example.COM", "Üp")
    assert user.pop("id") and user.pop("created_at").endswith("Z")
    assert user == {"email": "Up@example.com", "name": "Üp", "is_active": True}


def test_email_is_taken(server):
    sign_up(server, "taken@example.com")
    answer = ask(server, "/users", {"email": "taken@EXAMPLE.com", "name": "B",
                                    "password": PASSWORD})
    assert (answer.status, answer.json) == (
        400, {"error": "Email already registered"})


@pytest.mark.parametrize("field, value", [
    ("email", "no address"), ("email", "@example.com"), ("email", "a@"),
    ("email", "a b@example.com"), ("email", "a@example.com\n"), ("email", 5),
    ("email", "a\u0000@example.com"), ("email", None), ("email", "a" * 300),
    ("name", ""), ("name", " "), ("name", "a\nb"), ("name", "a" * 201),
    ("name", None), ("password", "seven77"), ("password", "a" * 1025),
    ("password", "Password1"), ("password", "iloveyou"), ("password", None)])
def test_fields_are_checked(server, field, value):
    body = {"email": "checked@example.com", "name": "C", "password": PASSWORD,
            field: value}
    answer = ask(server, "/users", body)
    assert (answer.status, answer.json["field"]) == (400, field), answer.body


@pytest.mark.parametrize("password", ["eight888x", "a" * 1024, "pässwört",
                                      "a\"b\\c' --;"])
def test_passwords(server, password):
    email = f"{len(password)}{password[0]}@example.com"
    sign_up(server, email, password=password)
    assert sign_in(server, email, password)["expires_in"] == 900
    answer = ask(server, "/login", {"email": email, "password": password + "x"
                                    if len(password) < 1024 else "other one"})
    assert answer.status == 401


def test_sign_in(server):
    user = member(server, "in@example.com", name="Ina")
    assert user["token_type"] == "bearer"
    assert tell(server, "/me", token=user["access_token"])["name"] == "Ina"


@pytest.mark.parametrize("email, password", [
    ("in2@example.com", "wrong password"), ("nobody@example.com", PASSWORD)])
def test_all_wrong_logins_get_the_same_response(server, email, password):
    ask(server, "/users", {"email": "in2@example.com", "name": "I",
                           "password": PASSWORD})
    answer = ask(server, "/login", {"email": email, "password": password})
    assert (answer.status, answer.json) == (
        401, {"error": "Incorrect email or password"})


@pytest.mark.parametrize("path, method", [
    ("/users", "GET"), ("/users/5", "GET"), ("/users/5", "DELETE"),
    ("/me", "GET")])
def test_authorization_is_required(server, path, method):
    answer = ask(server, path, method=method)
    assert (answer.status, answer.json) == (
        401, {"error": "Authorization header required"})
    answer = ask(server, path, method=method, token="nonsense")
    assert (answer.status, answer.json) == (401, {"error": "Invalid token"})


def test_user_changes_itself(server):
    user = member(server, "self@example.com")
    path, token = f"/users/{user['id']}", user["access_token"]
    assert tell(server, path, token=token)["email"] == "self@example.com"
    changed = tell(server, path, {"name": "New"}, method="PATCH", token=token)
    assert changed["name"] == "New"
    assert tell(server, "/me", token=token) == changed
    for body in ({"is_active": False}, {"is_active": True}):
        assert ask(server, path, body, method="PATCH",
                   token=token).status == 403
    assert ask(server, path, method="DELETE", token=token).status == 204
    assert ask(server, path, token=token).status == 401
    assert ask(server, "/login", {"email": "self@example.com",
                                  "password": PASSWORD}).status == 401


def test_other_users_are_hidden(server):
    first = member(server, "first@example.com")
    second = sign_up(server, "second@example.com")
    for method, body in (("GET", None), ("DELETE", None),
                         ("PATCH", {"name": "x"})):
        assert ask(server, f"/users/{second['id']}", body, method=method,
                   token=first["access_token"]).status == 403
    assert ask(server, "/users", token=first["access_token"]).status == 403


def test_backend_changes_users(server):
    user = sign_up(server, "backend@example.com")
    path = f"/users/{user['id']}"
    assert tell(server, path, token=KEY) == user
    changed = tell(server, path, {"is_active": False}, method="PATCH",
                   token=KEY)
    assert changed == {**user, "is_active": False}
    answer = ask(server, "/login", {"email": user["email"],
                                    "password": PASSWORD})
    assert (answer.status, answer.json) == (
        403, {"error": "The account is disabled"})
    tell(server, path, {"is_active": True}, method="PATCH", token=KEY)
    sign_in(server, user["email"])
    assert ask(server, path, method="DELETE", token=KEY).status == 204
    answer = ask(server, path, token=KEY)
    assert (answer.status, answer.json) == (404, {"error": "User not found"})
    server.wait_log("action=update_user")
    server.wait_log("action=delete_user")


def test_backend_sets_a_password(server):
    """For forgotten passwords; a signed-in user needs the old one."""
    user = member(server, "forgot@example.com")
    path = f"/users/{user['id']}/password"
    body = {"new_password": "another password"}
    client = server.join(user["id"], token=user["access_token"])
    assert ask(server, path, body).status == 401
    assert ask(server, path, body, token=user["access_token"]).status == 403
    bad = ask(server, path, {"new_password": "iloveyou"}, token=KEY)
    assert (bad.status, bad.json["field"]) == (400, "new_password")
    assert ask(server, "/users/nobody/password", body, token=KEY).status == 404
    assert ask(server, path, method="GET", token=KEY).status == 405
    assert ask(server, path, body, token=KEY).status == 204
    assert client.wait_close() == 4403
    assert ask(server, "/token", {"refresh_token": user["refresh_token"]}
               ).status == 401
    sign_in(server, "forgot@example.com", "another password")


@pytest.mark.parametrize("user_id", ["nobody", "a" * 36, "%27", "5",
                                     "1' OR '1'='1"])
def test_unknown_user(server, user_id):
    path = "/users/" + user_id.replace(" ", "%20").replace("'", "%27")
    for method, body in (("GET", None), ("DELETE", None),
                         ("PATCH", {"name": "x"})):
        assert ask(server, path, body, method=method, token=KEY).status == 404


def test_key_needs_the_scope(peal, tmp_path):
    import hashlib
    key = "k" * 20
    entry = {"name": "chat", "scopes": ["publish"],
             "hash": "sha256:" + hashlib.sha256(key.encode()).hexdigest()}
    config = accounts.sqlite(tmp_path)
    config["api"]["keys"] = [entry, {
        **entry, "name": "people", "scopes": ["users"],
        "hash": "sha256:" + hashlib.sha256(b"p" * 20).hexdigest()}]
    server = peal(config)
    assert ask(server, "/users", token=key).status == 403
    assert tell(server, "/users", token="p" * 20) == []
    assert ask(server, "/me", token="p" * 20).status == 403


def test_list(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path))
    users = [sign_up(server, f"{i}@example.com", token=KEY)
             for i in range(12)]
    assert tell(server, "/users", token=KEY) == users[:10]
    assert tell(server, "/users?skip=10", token=KEY) == users[10:]
    assert tell(server, "/users?skip=1&limit=2", token=KEY) == users[1:3]
    assert tell(server, "/users?skip=99", token=KEY) == []
    for query in ("limit=0", "limit=101", "limit=x", "skip=-1", "skip=x"):
        assert ask(server, f"/users?{query}", token=KEY).status == 400, query


def test_directory(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path, directory=True))
    user = member(server, name="Ann")
    other = sign_up(server, "ben@example.com", "Ben")
    token = user["access_token"]
    short = {"id": other["id"], "name": "Ben"}
    assert tell(server, "/users", token=token) == [
        {"id": user["id"], "name": "Ann"}, short]
    path = f"/users/{other['id']}"
    assert tell(server, path, token=token) == short
    assert tell(server, f"/users/{user['id']}", token=token)["email"]
    for method, body in (("DELETE", None), ("PATCH", {"name": "x"})):
        assert ask(server, path, body, method=method,
                   token=token).status == 403
    assert ask(server, path).status == 401


def test_sign_up_is_closed(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path, sign_up=False))
    body = {"email": "a@example.com", "name": "A", "password": PASSWORD}
    assert ask(server, "/users", body).status == 401
    tell(server, "/users", body, status=201, token=KEY)


# --- refresh tokens


def test_refresh(server):
    user = member(server, "refresh@example.com")
    fresh = tell(server, "/token", {"refresh_token": user["refresh_token"]})
    assert fresh["refresh_token"] != user["refresh_token"]
    assert tell(server, "/me", token=fresh["access_token"])["id"] == user["id"]


def test_reuse_ends_the_login(server):
    user = member(server, "reuse@example.com")
    other = sign_in(server, "reuse@example.com")
    fresh = tell(server, "/token", {"refresh_token": user["refresh_token"]})
    for token in (user["refresh_token"], fresh["refresh_token"]):
        answer = ask(server, "/token", {"refresh_token": token})
        assert (answer.status, answer.json) == (
            401, {"error": "Invalid refresh token"})
    tell(server, "/token", {"refresh_token": other["refresh_token"]})
    server.wait_log("Refresh token reused")


@pytest.mark.parametrize("token", ["", "x", "a" * 97, "0" * 32 + "." + "0" * 64,
                                   "' OR 1=1 --"])
def test_bad_refresh_tokens(server, token):
    assert ask(server, "/token", {"refresh_token": token}).status == 401


def test_logout(server):
    user = member(server, "out@example.com")
    body = {"refresh_token": user["refresh_token"]}
    answer = ask(server, "/logout", body)
    assert (answer.status, answer.body) == (204, b"")
    assert ask(server, "/token", body).status == 401
    assert ask(server, "/logout", body).status == 204


# --- connections


def refused(server, client, token):
    with pytest.raises(Refused) as caught:
        server.connect(client, token=token)
    return caught.value.response.status


def test_token_opens_a_connection(server):
    user = member(server, "socket@example.com")
    client = server.join(user["id"], token=user["access_token"])
    assert client.ask({"type": "broadcast", "payload": 1})["type"] == (
        "broadcastResult")
    assert refused(server, "somebody", user["access_token"]) == 403


def change_password(server, user, **body):
    return ask(server, "/me/password", {"password": PASSWORD,
                                        "new_password": "another password",
                                        **body}, token=user["access_token"])


def test_new_password_ends_access(server):
    user = member(server, "new@example.com")
    client = server.join(user["id"], token=user["access_token"])
    answer = change_password(server, user, password="not this one")
    assert (answer.status, answer.json) == (400, {"error": "Incorrect password"})
    assert change_password(server, user, new_password="short").status == 400
    assert change_password(server, user, new_password="qwertyuiop").status == 400
    assert change_password(server, user).status == 204
    assert client.wait_close() == 4403
    assert refused(server, user["id"], user["access_token"]) == 401
    assert ask(server, "/me", token=user["access_token"]).status == 401
    assert ask(server, "/token",
               {"refresh_token": user["refresh_token"]}).status == 401
    again = sign_in(server, "new@example.com", "another password")
    server.join(user["id"], token=again["access_token"])


@pytest.mark.parametrize("method, body, status", [
    ("PATCH", {"is_active": False}, 200), ("DELETE", None, 204)])
def test_deleting_an_account_ends_access(server, method, body, status):
    user = member(server, f"{method}-end@example.com")
    client = server.join(user["id"], token=user["access_token"])
    assert ask(server, f"/users/{user['id']}", body, method=method,
               token=KEY).status == status
    client.wait_close()
    assert refused(server, user["id"], user["access_token"]) == 401
    assert ask(server, "/token",
               {"refresh_token": user["refresh_token"]}).status == 401


def test_fresh_token_that_was_revoked(server):
    """Sent over a connection opened with another token."""
    user = member(server, "fresh@example.com")
    assert change_password(server, user).status == 204
    again = sign_in(server, "fresh@example.com", "another password")
    client = server.join(user["id"], token=again["access_token"])
    answer = client.ask({"type": "refresh", "token": user["access_token"],
                         "id": 1})
    assert answer["type"] == "error", answer


# --- limits


def test_attempts_of_an_account(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path, account_attempts=3))
    sign_up(server)
    for email in ("ann@example.com", "nobody@example.com"):
        wrong = {"email": email, "password": "wrong password"}
        assert [ask(server, "/login", wrong).status for _ in range(5)] == [
            401, 401, 401, 429, 429]
    answer = ask(server, "/login", {"email": "ann@example.com",
                                    "password": PASSWORD})
    assert answer.status == 429 and answer.headers["retry-after"]
    assert server.metric('peal_limit_reached_total{limit="account_attempts"}'
                         ) == 5


def test_successful_logins_are_not_counted(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path, account_attempts=2))
    sign_up(server)
    for _ in range(5):
        sign_in(server)


def test_strangers_cannot_lock_out_the_owner(peal, tmp_path):
    server = peal({**accounts.sqlite(tmp_path, account_attempts=2,
                                     strangers_attempts=3),
                   "trusted_proxies": ["127.0.0.1"]})
    sign_up(server)

    def status(address, password):
        return ask(server, "/login",
                   {"email": "ann@example.com", "password": password},
                   headers=[("X-Forwarded-For", address)]).status

    assert status("192.0.2.1", PASSWORD) == 200
    guesses = [status(f"198.51.100.{i // 3}", "wrong password")
               for i in range(9)]
    assert guesses == [401, 401, 429, 401, 429, 429, 429, 429, 429]
    assert status("203.0.113.1", PASSWORD) == 429  # never used there
    assert status("192.0.2.1", PASSWORD) == 200


def test_attempts_of_an_address(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path, address_attempts=3))
    statuses = [ask(server, "/login", {"email": f"{i}@example.com",
                                       "password": "wrong password"}).status
                for i in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


def test_nothing_secret_is_logged(peal, tmp_path):
    server = peal({**accounts.sqlite(tmp_path), "log": {"level": "debug"}})
    user = member(server)
    change_password(server, user, new_password="another secret one")
    ask(server, "/login", {"email": "ann@example.com", "password": "a wrong 1"})
    log = server.log()
    for secret in (PASSWORD, "another secret one", "a wrong 1", "argon2",
                   user["refresh_token"], user["access_token"]):
        assert secret not in log


def test_off_by_default(peal):
    server = peal()
    assert tell(server, "/accounts.json") == {"accounts": False}
    for path in ("/users", "/me", "/login", "/.well-known/jwks.json"):
        assert ask(server, path).status == 404


def test_the_page_can_read_the_settings(peal, tmp_path):
    server = peal(accounts.sqlite(tmp_path, sign_up=False))
    assert tell(server, "/accounts.json") == {
        "accounts": True, "sign_up": False, "directory": False}


def test_dev_has_separate_accounts(peal, tmp_path):
    """Accounts are optional; an account's id requires its token."""
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    server = peal({"explain_refusals": False}, env=env, args=["--dev"])
    assert tell(server, "/accounts.json")["directory"] is True
    user = member(server)
    assert (tmp_path / "state/peal/accounts.db").exists()
    server.join("anybody")
    server.join(user["id"], token=user["access_token"])
    assert refused(server, "anybody", user["access_token"]) == 403


def test_dev_without_a_folder(peal):
    server = peal(env={"HOME": "/proc/none", "XDG_STATE_HOME": ""},
                  args=["--dev"])
    assert tell(server, "/accounts.json") == {"accounts": False}


def test_cors(peal, tmp_path):
    server = peal({**accounts.sqlite(tmp_path),
                   "origins": ["https://example.com"]})
    origin = [("Origin", "https://example.com")]
    answer = ask(server, "/users/5", method="OPTIONS", headers=origin)
    assert answer.status == 204
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    answer = ask(server, "/me", headers=origin)
    assert answer.headers["access-control-allow-origin"] == origin[0][1]
    answer = ask(server, "/login", {"email": "a@example.com",
                                    "password": PASSWORD}, headers=origin)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (
        401, origin[0][1])
    answer = ask(server, "/me", headers=[("Origin", "https://evil.example")])
    assert "access-control-allow-origin" not in answer.headers
