"""The end of a user's access holds on every instance."""

import pytest

from support import accounts
from support.accounts import KEY, PASSWORD, ask, member, sign_in
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
def test_the_end_of_an_account_holds_everywhere(pair, method, body):
    user = member(pair[0])
    client = pair[1].join(user["id"], token=user["access_token"])
    assert ask(pair[0], f"/users/{user['id']}", body, method=method,
               token=KEY).status < 300
    client.wait_close()
    assert refused(pair[1], user, user["access_token"]) == 401
