"""Accounts in a real PostgreSQL: two instances, and a database that is
unavailable, frozen, read-only or empty."""

import os
import re
import signal
import threading
import time

import pytest

from support import accounts, patience
from support.accounts import KEY, PASSWORD, ask, member, sign_in, sign_up, tell
from support.postgres import Postgres
from support.server import ROOT
from test_account_faults import HOSTILE, names, only_one_gets_the_email


@pytest.fixture(scope="module", name="postgres")
def one_postgres():
    made = Postgres()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def no_users(postgres):
    """Each test begins with an empty database."""
    postgres.sql("DROP TABLE IF EXISTS logins, users, peal_schema")


@pytest.fixture(name="start")
def starter(peal, postgres, tmp_path):
    def start(**more):
        return peal({**accounts.config(
            postgres.url, key_file=str(tmp_path / "keys.json"), **more)})
    return start


def create(server, email="b@example.com"):
    return ask(server, "/users", {"email": email, "name": "B",
                                  "password": PASSWORD}, token=KEY)


def test_life_of_a_user(start):
    server = start()
    user = member(server, "Life@Example.com", name="Zoë")
    path = f"/users/{user['id']}"
    assert tell(server, path, token=KEY)["email"] == "Life@example.com"
    changed = tell(server, path, {"name": "Z"}, method="PATCH",
                   token=user["access_token"])
    assert changed["name"] == "Z" and changed["is_active"] is True
    fresh = tell(server, "/token", {"refresh_token": user["refresh_token"]})
    assert ask(server, "/token",
               {"refresh_token": user["refresh_token"]}).status == 401
    assert ask(server, "/token",
               {"refresh_token": fresh["refresh_token"]}).status == 401
    again = sign_in(server, "Life@example.com")
    client = server.join(user["id"], token=again["access_token"])
    assert ask(server, "/me/password",
               {"password": PASSWORD, "new_password": "another password"},
               token=again["access_token"]).status == 204
    client.wait_close()
    sign_in(server, "Life@example.com", "another password")
    off = tell(server, path, {"is_active": False}, method="PATCH", token=KEY)
    assert off["is_active"] is False
    assert ask(server, path, method="DELETE", token=KEY).status == 204
    assert ask(server, path, token=KEY).status == 404


@pytest.mark.parametrize("text", HOSTILE)
def test_sql_in_every_field(start, text):
    server = start()
    user = sign_up(server, "'--@exa'mple.com", text, text + "12345678")
    assert user["name"] == text
    assert tell(server, "/users", token=KEY) == [user]
    sign_in(server, "'--@exa'mple.com", text + "12345678")


def test_two_instances(start):
    both = [start(), start()]
    only_one_gets_the_email(both, rounds=5)
    user = member(both[0], "both@example.com")
    assert tell(both[1], "/me", token=user["access_token"])["id"] == user["id"]
    tell(both[1], "/token", {"refresh_token": user["refresh_token"]})


def test_two_instances_create_the_tables_concurrently(peal, postgres,
                                                      tmp_path):
    found = []

    def start():
        found.append(peal(accounts.config(
            postgres.url, key_file=str(tmp_path / "keys.json"))))
    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert postgres.sql("SELECT version FROM peal_schema") == "1"
    sign_up(found[0])
    assert len(names(found[1])) == 1


def test_the_database_restarts(start, postgres):
    server = start()
    user = member(server)
    client = server.join(user["id"], token=user["access_token"])
    postgres.stop()
    answer = create(server)
    assert answer.status == 503 and answer.headers["retry-after"]
    assert client.ask({"type": "broadcast", "payload": 1})["type"] == (
        "broadcastResult")
    postgres.start()
    assert create(server).status == 201
    tell(server, "/token", {"refresh_token": user["refresh_token"]})


def test_the_database_starts_after_the_server(start, postgres):
    postgres.stop()
    try:
        server = start()
        assert create(server).status == 503
    finally:
        postgres.start()
    assert create(server).status == 201


def test_frozen_database(start, postgres):
    server = start(timeout_ms=300)
    user = member(server)
    client = server.join(user["id"], token=user["access_token"])
    postgres.freeze()
    try:
        assert create(server).status == 503
        assert client.ask({"type": "broadcast", "payload": 1})["type"] == (
            "broadcastResult")
    finally:
        postgres.thaw()
    assert patience.wait_until(
        lambda: create(server, "c@example.com").status == 201, 10,
        what="a user in the thawed database")


def test_read_only_database(start, postgres):
    server = start()
    user = sign_up(server)
    postgres.sql("ALTER DATABASE chat SET default_transaction_read_only = on",
                 database="postgres")
    postgres.stop()
    postgres.start()
    try:
        assert create(server).status == 503
        assert tell(server, "/users", token=KEY) == [user]
    finally:
        postgres.sql("ALTER DATABASE chat RESET default_transaction_read_only",
                     database="postgres")


def test_slow_database(start, postgres):
    """A query slower than usual but within timeout_ms succeeds and delays no
    message."""
    server = start()
    user = member(server)
    client = server.join(user["id"], token=user["access_token"])
    answers = []
    postgres.sql("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
                 "'BEGIN PERFORM pg_sleep(0.7); RETURN NEW; END'")
    postgres.sql("CREATE TRIGGER slow BEFORE INSERT ON users "
                 "FOR EACH ROW EXECUTE FUNCTION wait()")
    thread = threading.Thread(target=lambda: answers.append(create(server)))
    began = time.monotonic()
    thread.start()
    while thread.is_alive():
        asked = time.monotonic()
        client.ask({"type": "broadcast", "payload": 1})
        assert time.monotonic() - asked < patience.seconds(0.5)
        time.sleep(0.02)  # or the limit of messages closes it, if it takes long
    assert time.monotonic() - began >= 0.7
    assert answers[0].status == 201
    postgres.sql("DROP TRIGGER slow ON users; DROP FUNCTION wait")


def test_full_database(start, postgres):
    """PostgreSQL's error without disk space."""
    server = start()
    user = sign_up(server)
    postgres.sql("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql "
                 "AS 'BEGIN RAISE SQLSTATE ''53100'' USING MESSAGE = "
                 "''No space left on device''; END'")
    postgres.sql("CREATE TRIGGER is_full BEFORE INSERT ON users "
                 "FOR EACH ROW EXECUTE FUNCTION full_disk()")
    answer = create(server)
    assert answer.status == 503 and answer.headers["retry-after"]
    assert "No space left" in server.wait_log("Account store failed")
    assert tell(server, "/users", token=KEY) == [user]
    postgres.sql("DROP TRIGGER is_full ON users; DROP FUNCTION full_disk")
    assert create(server).status == 201


@pytest.mark.parametrize("name", ["李小龍", "👩‍👩‍👧", "a\u0301", "\u202ename"])
def test_unicode(start, name):
    server = start()
    user = sign_up(server, "josé@Bücher.Example", name)
    assert (user["name"], user["email"]) == (name, "josé@bücher.example")
    assert create(server, "josé@BüCHER.example").status == 400
    sign_in(server, "josé@Bücher.example")


def test_answered_users_survive_kill_9_of_the_database(start, postgres):
    server = start()
    answered = []

    def add(part):
        for i in range(500):
            name = f"{part}-{i}"
            if create(server, f"{name}@example.com").status != 201:
                return
            answered.append(f"{name}@example.com")
    threads = [threading.Thread(target=add, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    patience.wait_until(lambda: len(answered) >= 10, 30, what="sign-ups")
    for pid in postgres.pids():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    postgres.process.wait(30)
    for thread in threads:
        thread.join()
    postgres.start()
    kept = set(postgres.sql("SELECT email FROM users").splitlines())
    assert set(answered) <= kept


def test_ten_thousand_users(start, postgres):
    server = start()
    postgres.sql("""
        INSERT INTO users (id, email, name, password, is_active, generation,
                           created_at)
        SELECT lpad(i::text, 36, '0'), i || '@example.com', 'n' || i,
               '$argon2id$', 1, 1, i FROM generate_series(0, 9999) AS i""")
    assert names(server) == [f"n{i}" for i in range(10000)]


def queries():
    """The queries in the C code, by name."""
    code = (ROOT / "server/accounts/account_schema.c").read_text()
    user = re.search(r'#define USER (".*")', code)[1]
    table = re.search(r"account_queries\[ACCOUNT_QUERIES\] = \{(.*?)^\};",
                      code, re.M | re.S)[1].replace("USER", user)
    table = re.sub(r"/\*.*?\*/", "", table, flags=re.S)
    return {name: "".join(re.findall(r'"([^"]*)"', text))
            for name, text in re.findall(
                r"\[QUERY_(\w+)\] =(.*?)(?=\[QUERY_|\Z)", table, re.S)}


def test_each_query_uses_an_index(start, postgres):
    """Checks PostgreSQL's plans."""
    start()
    asked = queries()
    assert "SELECT" not in asked.pop("CREATE")
    assert len(asked) > 10
    for query in asked.values():
        places = ["NULL"] * len(set(re.findall(r"\$\d", query)))
        plan = postgres.sql(
            "SET enable_seqscan = off; SET plan_cache_mode = "
            f"force_generic_plan; PREPARE asked AS {query}; "
            f"EXPLAIN EXECUTE asked({', '.join(places)})")
        assert "Index" in plan and "Seq Scan" not in plan, plan


def test_a_newer_schema_prevents_the_start(start, postgres):
    start().stop()
    postgres.sql("INSERT INTO peal_schema VALUES (99)")
    with pytest.raises(AssertionError, match="created by a later release"):
        start()


def test_a_key_file_is_required(peal, postgres):
    with pytest.raises(AssertionError, match="accounts.key_file"):
        peal(accounts.config(postgres.url))


def test_the_password_is_never_logged(start, postgres):
    server = start()
    postgres.stop()
    create(server)
    postgres.start()
    assert "slashes" not in server.log()
