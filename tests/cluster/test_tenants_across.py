"""A restricted key across instances: lists that several instances fill."""

import hashlib

import pytest

from support.api import tell

KEY = "key-of-acme-inc"


@pytest.fixture
def pair(redis, cluster):
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    return cluster(redis().url, api={"key": "the-key-of-the-boss", "keys": [{
        "name": "acme", "hash": f"sha256:{digest}", "channels": ["acme:*"],
        "clients": ["acme-*"], "scopes": [
            "channels", "clients", "bans", "tickets"]}]})


def test_lists_contain_only_allowed_names(pair):
    for i in range(10):
        pair[i % 2].join(f"c-{i}", f"aaa:{i}", f"acme:{i}")
    pair[1].join("acme-bob", "acme:x", "evil:x")
    for client in ("acme-eve", "alice"):
        tell(pair[1], "/api/ban", {"client": client},
             key="the-key-of-the-boss")
    for each in pair.instances:
        answer = tell(each, "/api/channels?limit=11", key=KEY)
        assert answer == {"channels": sorted(
            [f"acme:{i}" for i in range(10)] + ["acme:x"]), "more": False}
        answer = tell(each, "/api/channels?limit=3", key=KEY)
        assert len(answer["channels"]) == 3 and answer["more"]
        row, = tell(each, "/api/clients/acme-bob", key=KEY)["connections"]
        assert (row["channels"], row["channelCount"]) == (["acme:x"], 1)
        bans = tell(each, "/api/bans", key=KEY)
        assert [ban["client"] for ban in bans["bans"]] == ["acme-eve"]
