"""A hidden client is not a member on any instance."""

from support.api import WITH_KEY, tell
from support.tokens import WITH_AUTH, make_token

CAPS = [{"channels": ["*"], "allow": ["sub", "prs", "hid"]}]


def test_a_hidden_client_is_not_a_member_on_any_instance(redis, cluster):
    pair = cluster(redis().url, **WITH_KEY, **WITH_AUTH)
    hidden = pair[0].connect("eve", ["room"], protocol="broadcast",
                             token=make_token("eve", caps=CAPS))
    hidden.receive_type("subscribed")
    for each in pair.instances:
        assert tell(each, "/api/channels/room/presence")["clients"] == []
    alice = pair[1].connect("alice", ["room"], protocol="broadcast",
                            token=make_token("alice"))
    alice.receive_type("subscribed")
    hidden.drop()
    pair[0].wait_metric("peal_subscriptions", 0)
    for each in pair.instances:
        clients = tell(each, "/api/channels/room/presence")["clients"]
        assert [row["client"] for row in clients] == ["alice"]
