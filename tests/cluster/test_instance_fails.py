"""An instance is killed with -9 under load."""

import time

from support import patience

from cluster import LEASE


def test_clients_move_and_recover(lasting_redis, cluster, load):
    instances = cluster(lasting_redis.url, 3)
    work = load(instances, ["room"], publishers=4, listeners=6, rate=40)
    work.wait_acknowledged(100)
    for _ in range(2):
        instances.kill(instances[0])
        work.wait_acknowledged(150)
    work.finish()
    print(work.summary())
    work.prove(unanswered=True)


def presence(client, channel):
    answer = client.ask({"type": "presence", "channel": channel})
    return {entry["client"]: entry["connections"]
            for entry in answer["clients"]}


def wait_presence(client, channel, expected, timeout=10):
    patience.wait_until(
        lambda: presence(client, channel) == expected, timeout,
        what=f"presence {expected} in {channel}")


def events(client, channel):
    """What was told so far."""
    client.ask({"type": "presence", "channel": channel})
    found = []
    while client.backlog:
        message = client.receive()
        if message["type"] in ("join", "leave"):
            found.append((message["type"], message["client"]))
    return found
