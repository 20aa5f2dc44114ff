"""Revoking a user's access applies on every instance."""

import pytest

from support import accounts
from support.accounts import KEY, PASSWORD, ask, member, sign_in, tell
from support.websocket import Refused


def refused(server, user, token):
    with pytest.raises(Refused) as caught:
        server.connect(user["id"], token=token)
    return caught.value.response.status


@pytest.fixture(name="pair")
def two_instances(redis, cluster, tmp_path):
    return cluster(redis().url, **accounts.sqlite(tmp_path))


def test_a_new_password_ends_access_everywhere(pair):
    user = member(pair[0])
    token = user["access_token"]
    clients = [each.join(user["id"], token=token) for each in pair.instances]
    assert ask(pair[0], "/me/password",
               {"password": PASSWORD, "new_password": "another password"},
               token=token).status == 204
    for client in clients:
        assert client.wait_close() == 4403
    for each in pair.instances:
        assert refused(each, user, token) == 401
        assert ask(each, "/me", token=token).status == 401
    again = sign_in(pair[1], password="another password")
    for each in pair.instances:
        each.join(user["id"], token=again["access_token"])


@pytest.mark.parametrize("method, body", [("PATCH", {"is_active": False}),
                                          ("DELETE", None)])
def test_deleting_an_account_applies_everywhere(pair, method, body):
    user = member(pair[0])
    client = pair[1].join(user["id"], token=user["access_token"])
    assert ask(pair[0], f"/users/{user['id']}", body, method=method,
               token=KEY).status < 300
    client.wait_close()
    wait_refused(pair[1], user)


def wait_refused(server, user):
    """A quick client may be accepted before the other instance is notified,
    but is then closed."""
    try:
        server.connect(user["id"], token=user["access_token"]).wait_close()
    except Refused:
        pass
    assert refused(server, user, user["access_token"]) == 401


def test_a_client_that_reconnected_too_early_is_closed(redis, cluster,
                                                       tmp_path):
    """Another instance ended an account, and this one has not read it yet when
    the client connects. Other clients stay."""
    store = redis()
    server = cluster(store.url, 1, **accounts.sqlite(tmp_path))[0]
    user = member(server)
    other = member(server, "ben@example.com")
    client = server.join(user["id"], token=user["access_token"])
    stays = server.join(other["id"], token=other["access_token"])
    store.call("HSET", "peal:bans", f"tokens:{user['id']}", "9999999999999 2")
    tell(server, "/api/ban", {"client": "eve", "ttl": 60}, token=KEY)
    assert client.wait_close() == 4403
    assert refused(server, user, user["access_token"]) == 401
    assert stays.ask({"type": "ping"})["type"] == "pong"
