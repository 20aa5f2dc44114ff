"""Every key in Redis is in the table in conf/README.md, with the right
lifetime."""

import re

from support import patience
from support.api import WITH_KEY, publish, tell
from support.server import ROOT

from test_instance_fails import wait_presence


def rows():
    """Key pattern, type and lifetime of each row of the table."""
    page = (ROOT / "conf" / "README.md").read_text()
    table = page.split("### Keys in Redis")[1].split("| pub/sub channel |")[0]
    for key, kind, _, lives in re.findall(
            r"^\| `([^`]+)` \| ([a-z ]+) \| (.*) \| (.*) \|$", table, re.M):
        pattern = re.sub(r"<[a-z]+>", "[^{}]+", key.replace("{", "\\{")
                         .replace("}", "\\}"))
        yield key, "peal:" + pattern, kind, lives


def has_an_end(lives):
    """Whether the lifetime is a time rather than an event."""
    return not lives.startswith(("until its", "until the", "until it ends",
                                 "the same", "a member", "an entry",
                                 "the last 1000"))


TYPES = {"hash": "hash", "stream": "stream", "list": "list", "set": "set",
         "string": "string", "sorted set": "zset"}


def use_everything(server, instances):
    alice = instances[0].join("alice", "room")
    instances[1].join("bob", "room")
    wait_presence(alice, "room", {"alice": 1, "bob": 1})
    alice.ask({"type": "broadcast", "payload": 1})
    publish(instances[1], "room", 2, idempotency_key="once")
    tell(instances[0], "/api/tickets", {"client": "carol"})
    tell(instances[0], "/api/ban", {"client": "eve"})
    server.call("XADD", "peal:in", "*", "channel", "room", "payload", "3")
    server.call("XADD", "peal:in", "*", "channel", "room", "payload", "{")
    patience.wait_until(lambda: server.call("EXISTS", "peal:in:bad"), 5)
    patience.wait_until(lambda: server.call("EXISTS", "peal:in:lease"), 5)
    return alice


def test_all_keys_are_documented(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, single_connection=True,
                        **WITH_KEY)
    use_everything(server, instances)
    seen = set()
    for name in server.keys():
        found = [row for row in rows() if re.fullmatch(row[1], name)]
        assert len(found) == 1, f"{name}: {found}"
        key, _, kind, lives = found[0]
        assert server.call("TYPE", name) == TYPES[kind], name
        assert (server.call("TTL", name) > 0) == has_an_end(lives), name
        seen.add(key)
    assert seen == {row[0] for row in rows()}


def test_keys_left_by_the_last_instance_expire(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2, single_connection=True, **WITH_KEY)
    use_everything(server, instances)
    for each in instances.instances:
        each.drop_clients()
        each.signal()
        each.process.wait(patience.seconds(10))
    forever = [name for name in server.keys() if server.call("TTL", name) < 0]
    assert forever == ["peal:in", "peal:in:bad"]
