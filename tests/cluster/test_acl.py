"""The rights of Peal's Redis user in conf/README.md: sufficient for everything
Peal does, without unused ones."""

import re
import shlex

from support import patience
from support.api import WITH_KEY, publish, tell
from support.server import ROOT

from test_instance_fails import wait_presence
from test_keys import use_everything

# for a hung link, an instance that loses the input lease, and a publish
# repeated after a lost link
RARE = {"client|kill", "punsubscribe", "llen"}
PASSWORD = "p4ss/of:the@tests"


def rules():
    text = (ROOT / "conf/README.md").read_text()
    line = re.search(r"ACL SETUSER peal ([^\n]*)", text)[1]
    return [word.replace("PASSWORD", PASSWORD) for word in shlex.split(line)]


def url_of(server):
    return server.url.replace("//", "//peal:p4ss%2Fof%3Athe%40tests@")


def use_the_rest(server, instances):
    alice = use_everything(server, instances)
    carol = instances[1].join("carol", "room", "other")
    server.call("PUBLISH", "peal:in:room", '"straight"')
    alice.take(lambda message: message.get("payload") == "straight")
    for request in ({"type": "history", "limit": 5}, {"type": "presence"},
                    {"type": "direct", "to": "carol", "payload": 1}):
        assert alice.ask({"channel": "room", **request})["type"] != "error"
    carol.receive_type("direct")
    tell(instances[0], "/api/unsubscribe", {"client": "carol",
                                            "channel": "other"})
    carol.receive_type("unsubscribed")
    ticket = tell(instances[0], "/api/tickets", {"client": "dave"})["ticket"]
    instances[1].connect("dave", path=f"/ws/dave?ticket={ticket}").drop()
    publish(instances[0], "room", 2, idempotency_key="once")  # repeated
    assert "room" in str(tell(instances[0], "/api/channels"))
    tell(instances[0], "/api/disconnect", {"client": "carol"})
    carol.wait_closed()
    return alice


def denied(server):
    """The refusals of Redis: command, key or channel, and the object."""
    entries = [dict(zip(entry[::2], entry[1::2]))
               for entry in server.call("ACL", "LOG")]
    return [(entry["reason"], entry["object"]) for entry in entries]


def commands_used(server):
    """Names as counted by Redis: "client|setname"."""
    lines = server.call("INFO", "commandstats").split()
    return {re.match(r"cmdstat_([^:]*):", line)[1] for line in lines
            if line.startswith("cmdstat_")}


def test_the_documented_rights_are_exactly_those_needed(redis, cluster):
    server = redis()
    server.call("ACL", "SETUSER", "peal", *rules())
    instances = cluster(url_of(server), 2, single_connection=True, **WITH_KEY)
    alice = use_the_rest(server, instances)
    instances.kill(instances[1])  # the other instance cleans up
    erin = instances[0].join("erin", "room")
    assert denied(server) == []
    wait_presence(erin, "room", {"alice": 1, "erin": 1})
    assert denied(server) == []
    alice.drop()
    erin.drop()
    given = {word[1:] for word in rules() if word.startswith("+")}
    patience.wait_until(
        lambda: given - RARE <= commands_used(server), 10,
        what="each command to be used")
    assert denied(server) == []
